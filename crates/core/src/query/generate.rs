//! Random queries for tests, the same ones in every run.

use serde_json::json;

use super::{Filter, Operand, Operator, Path, Query, SortOrder, Test};
use crate::value::{DateTime, Value};

/// Xorshift (Marsaglia 2003): small, and good enough to vary shapes.
pub(super) struct Random(u64);

impl Random {
    pub(super) fn new(seed: u64) -> Self {
        Random(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    pub(super) fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap() % end
    }

    pub(super) fn one_of<T: Clone>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len())].clone()
    }

    pub(super) fn path(&mut self) -> Path {
        if self.below(3) == 0 {
            let choices: [&[&str]; 8] = [
                &["a"],
                &["a", "b"],
                &["a.b"],
                &["say \"hi\"", "x.y"],
                &["a", ""],
                &["limit", "not"],
                &["_id"],
                &["`", "1"],
            ];
            return Path::literal(self.one_of(&choices).iter().copied()).unwrap();
        }
        let choices = [
            "a",
            "b",
            "a.b",
            "a.b.0",
            "größe.高さ",
            "two words",
            "two words.x`y",
            "limit",
            "Order.by",
            "not.in",
            "in",
            "exists",
            "null",
            "_id",
            "_metadata.k",
            "e\u{301}",
            "first-name",
            "2024",
            "x.1e5",
        ];
        Path::dotted(self.one_of(&choices)).unwrap()
    }

    pub(super) fn scalar(&mut self) -> Value {
        let numbers = [0.0, -0.0, 1.5, 1e300, -5e-324, 9_007_199_254_740_993.0, f64::MAX];
        let texts = ["", "x", "it's", "''", "a\\nb", "né\n\t😀", " AND b = 1 -- ", "2024-01-31", "\u{0}"];
        let times = ["2024-01-31T10:00:00", "0001-01-01T00:00:00Z", "2024-01-31T10:00:00.25-05:30"];
        match self.below(6) {
            0 => Value::from(self.below(2) == 0),
            1 => Value::from(self.one_of(&[0, 1, -1, 42, i64::MAX, i64::MIN])),
            2 => Value::from(self.one_of(&numbers)),
            3 => Value::from(DateTime::parse(self.one_of(&times)).unwrap()),
            4 => Value::from(self.one_of(&[vec![], vec![0u8, 255], vec![7; 40]])),
            _ => Value::from(self.one_of(&texts)),
        }
    }

    fn document(&mut self) -> Value {
        let choices = [
            json!([]),
            json!({}),
            json!({"$datetime": "x"}),
            json!({"$json": {"$binary": [1, 2.5, null]}}),
            json!([1, "it's", {"k": -0.0}]),
            json!({"a": [true, null], "b": i64::MIN}),
        ];
        Value::json(self.one_of(&choices)).unwrap()
    }

    fn operand(&mut self, operator: Operator) -> Operand {
        match operator {
            Operator::Exists | Operator::NotExists => Operand::None,
            Operator::In | Operator::NotIn => {
                let mut values: Vec<Value> = (0..self.below(4)).map(|_| self.scalar()).collect();
                values.extend((self.below(5) == 0).then_some(Value::Null));
                values.extend((self.below(5) == 0).then(|| self.document()));
                Operand::Many(values)
            }
            Operator::Between | Operator::NotBetween => Operand::Many(vec![self.scalar(), self.scalar()]),
            Operator::Eq | Operator::Neq => Operand::One(match self.below(5) {
                0 => Value::Null,
                1 => self.document(),
                _ => self.scalar(),
            }),
            Operator::Gt | Operator::Gte | Operator::Lt | Operator::Lte | Operator::Contains => {
                Operand::One(self.scalar())
            }
            _ => Operand::One(Value::from(self.one_of(&["", "x", "a%_", "it's", "^\\w+$", "100\\%", "né"]))),
        }
    }

    pub(super) fn filter(&mut self, depth: usize) -> Filter {
        let choices = if depth == 0 { 1 } else { 6 };
        match self.below(choices) {
            1 => Filter::all_of((0..self.below(4)).map(|_| self.filter(depth - 1)).collect::<Vec<_>>()),
            2 => Filter::any_of((0..self.below(4)).map(|_| self.filter(depth - 1)).collect::<Vec<_>>()),
            3 => self.filter(depth - 1).negate(),
            4 => {
                let filter = self.filter(0);
                let Filter::Test(test) = &filter else { unreachable!("depth 0 is a test") };
                let present = Test::new(test.path().clone(), Operator::Exists, Operand::None).unwrap();
                Filter::Test(present).and(filter.negate())
            }
            _ => {
                let operator = self.one_of(&Operator::ALL);
                let operand = self.operand(operator);
                Filter::Test(Test::new(self.path(), operator, operand).unwrap())
            }
        }
    }

    pub(super) fn query(&mut self) -> Query {
        let mut query = Query::new();
        for _ in 0..self.below(3) {
            query = query.with_filter(self.filter(4));
        }
        for _ in 0..self.below(3) {
            query = query.sort(self.path(), self.one_of(&[SortOrder::Ascending, SortOrder::Descending]));
        }
        let limit = self.one_of(&[None, Some(0), Some(10), Some(i64::MAX.unsigned_abs())]);
        query.limit(limit).offset(self.one_of(&[0, 0, 7]))
    }
}
