//! The aggregator against the reference, over random records and descriptions.

use serde_json::json;

use super::cases::near;
use super::run;
use crate::aggregate::{AggregateFunction, Aggregation, Aggregator, Interval, Table, reference_aggregate};
use crate::record::{Field, Record};
use crate::value::{DateTime, Value};

/// Marsaglia's xorshift64.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, end: u64) -> u64 {
        (self.next() >> 11) % end
    }

    fn pick<T: Clone>(&mut self, items: &[T]) -> T {
        items[self.below(items.len() as u64) as usize].clone()
    }

    fn datetime(&mut self) -> DateTime {
        let micros = self.pick(&[0, 1_706_695_200_000_000, -62_135_596_800_000_000, 253_402_300_799_999_999])
            + self.pick(&[0, 1, -1, 3_600_000_000, 86_400_000_000, -35 * 86_400_000_000, 400 * 86_400_000_000]);
        match self.pick(&[None, Some(0), Some(3600), Some(-3600)]) {
            Some(offset) => DateTime::with_offset(micros, offset).unwrap_or(DateTime::MIN),
            None => DateTime::from_micros(micros),
        }
    }

    fn value(&mut self) -> Value {
        const EDGE: i64 = 1 << 53;
        match self.below(12) {
            0 => Value::Null,
            1 => Value::from(self.below(2) == 0),
            2 => Value::from(self.below(7) as i64 - 3),
            3 => Value::from(self.pick(&[i64::MAX, i64::MIN, EDGE, EDGE + 1, EDGE - 1, -EDGE])),
            4 => Value::from(self.below(7) as f64 - 3.0),
            5 => Value::from(self.pick(&[-0.0, 0.0, 0.1, 0.5, 1e300, -1e300, 5e-324, EDGE as f64, 1.7e308, 9.3e18])),
            6 | 7 => Value::from(self.datetime()),
            8 => Value::from(self.pick(&["", "a", "b", "1", "é"])),
            9 => Value::from(self.pick(&[vec![], vec![0u8], vec![1, 2]])),
            _ => {
                let leaf = self.pick(&[json!(null), json!(1), json!(1.0), json!(-0.0), json!("x"), json!(true)]);
                let other = self.pick(&[json!(2), json!([]), json!({"y": 1, "x": 2.0}), json!({"x": 2, "y": 1.0})]);
                let document = match self.below(3) {
                    0 => json!([leaf, other]),
                    1 => json!({"k": leaf, "o": other}),
                    _ => json!({"o": other, "k": leaf}),
                };
                Value::json(document).unwrap()
            }
        }
    }

    fn records(&mut self) -> Vec<Record> {
        let few: Vec<Value> = (0..4).map(|_| self.value()).collect();
        let count = self.below(40);
        (0..count)
            .map(|_| {
                let mut fields = Vec::new();
                for name in ["a", "b", "n", "k"] {
                    match self.below(8) {
                        0 => {}
                        1..=3 => fields.push(Field::new(name, self.pick(&few))),
                        _ if name == "n" => fields.push(Field::new(name, self.below(100) as i64 - 50)),
                        _ => fields.push(Field::new(name, self.value())),
                    }
                }
                Record::from_fields(fields).unwrap()
            })
            .collect()
    }

    fn description(&mut self) -> Aggregation {
        let paths = ["a", "b", "n", "k", "a.k", "b.0", "missing", "a.o.x"];
        let mut spec = Aggregation::new();
        for index in 0..self.below(6).saturating_sub(1) {
            let path = self.pick(&paths);
            spec = match self.below(5) {
                0 => spec.date_histogram(path, self.pick(&Interval::ALL)),
                1 => spec.histogram(path, self.pick(&[1_i64, 7, 1 << 40]), self.pick(&[0, -3])),
                2 => spec.histogram(path, self.pick(&[0.5, 2.0]), self.pick(&[0.0, 0.25])),
                _ => spec.group_by(path),
            }
            .alias(format!("key{index}"));
        }
        for index in 0..=self.below(4) {
            let path = self.pick(&paths);
            spec = match self.pick(&AggregateFunction::ALL) {
                AggregateFunction::Count if self.below(2) == 0 => spec.count(),
                AggregateFunction::Count => spec.count_of(path),
                AggregateFunction::CountDistinct => spec.count_distinct(path),
                AggregateFunction::Min => spec.min(path),
                AggregateFunction::Max => spec.max(path),
                AggregateFunction::Sum => spec.sum(path),
                AggregateFunction::Avg => spec.avg(path),
            }
            .alias(format!("value{index}"));
        }
        spec
    }
}

fn in_parts(records: &[Record], spec: &Aggregation, cut: usize) -> crate::Result<Table> {
    let mut whole = Aggregator::new(spec)?;
    for part in [&records[cut..], &records[..cut]] {
        let mut aggregator = Aggregator::new(spec)?;
        part.iter().try_for_each(|record| aggregator.push(record))?;
        whole.merge(aggregator)?;
    }
    whole.finish()
}

fn assert_same(seed: u64, spec: &Aggregation, expected: &crate::Result<Table>, got: crate::Result<Table>) {
    match (expected, got) {
        (Ok(expected), Ok(got)) => {
            let same = expected.columns() == got.columns()
                && expected.len() == got.len()
                && expected.rows().iter().flatten().zip(got.rows().iter().flatten()).all(|(a, b)| near(a, b));
            assert!(same, "seed {seed}: {}\nexpected {expected:?}\ngot {got:?}", spec.to_json());
        }
        (Err(expected), Err(got)) => assert_eq!(expected.kind(), got.kind(), "seed {seed}"),
        (expected, got) => panic!("seed {seed}: {}\nexpected {expected:?}\ngot {got:?}", spec.to_json()),
    }
}

#[test]
fn aggregator_and_reference_agree() {
    let mut succeeded = 0;
    for seed in 1..=3_000_u64 {
        let mut random = Random(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        let (records, spec) = (random.records(), random.description());
        let expected = reference_aggregate(&records, &spec);
        succeeded += u32::from(expected.is_ok());
        assert_same(seed, &spec, &expected, run(&records, &spec));
        let cut = random.below(records.len() as u64 + 1) as usize;
        assert_same(seed, &spec, &expected, in_parts(&records, &spec, cut));
    }
    assert!(succeeded > 1_500, "only {succeeded} descriptions gave a table");
}
