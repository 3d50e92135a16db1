//! Filters of every operator.

use dataknobs_data_core::{Filter, Operand, Operator, Path, Value};

use super::{Rng, Vocabulary, text};

impl Vocabulary {
    /// A tree of tests, at most so deep.
    pub fn filter(&self, rng: &mut Rng, depth: usize) -> Filter {
        if depth == 0 {
            return self.test(rng);
        }
        match rng.below(10) {
            0 | 1 => Filter::all_of((0..rng.between(1, 3)).map(|_| self.filter(rng, depth - 1)).collect::<Vec<_>>()),
            2 | 3 => Filter::any_of((0..rng.between(1, 3)).map(|_| self.filter(rng, depth - 1)).collect::<Vec<_>>()),
            4 | 5 => self.filter(rng, depth - 1).negate(),
            6 if rng.percent(10) => {
                rng.pick(&[Filter::All(Vec::new()), Filter::Any(Vec::new())]).cloned().unwrap_or_else(|| self.test(rng))
            }
            _ => self.test(rng),
        }
    }

    /// One test; its literal stands in the contents, or nearly.
    pub fn test(&self, rng: &mut Rng) -> Filter {
        for _ in 0..8 {
            let (path, values) = self.place(rng);
            let sample = rng.pick(values).cloned().unwrap_or_else(|| self.any_value(rng));
            let operator = if rng.percent(70) { fitting(rng, &sample) } else { any_operator(rng) };
            let operand = self.operand(rng, operator, &sample, values);
            if let Ok(filter) = Filter::new(&path, operator, operand) {
                return filter;
            }
        }
        exists(rng)
    }

    fn operand(&self, rng: &mut Rng, operator: Operator, sample: &Value, values: &[Value]) -> Operand {
        let near = |rng: &mut Rng| self.near(rng, values);
        let text_of = |rng: &mut Rng| match sample.as_str() {
            Some(text) if rng.percent(90) => text.to_owned(),
            _ => text::string(rng),
        };
        match operator {
            Operator::Exists | Operator::NotExists => Operand::None,
            Operator::In | Operator::NotIn => {
                // Long lists are looked up another way than short ones.
                let count = if rng.percent(20) { 8 + rng.below(8) } else { rng.below(5) };
                let mut literals: Vec<Value> = (0..count).map(|_| near(rng)).collect();
                if rng.percent(10) {
                    literals.push(Value::Null);
                }
                Operand::Many(literals)
            }
            Operator::Between | Operator::NotBetween => {
                let (low, high) = (scalar(near(rng)), scalar(near(rng)));
                // Bounds the right way round, mostly.
                let swapped = matches!((&low, &high), (Value::Integer(low), Value::Integer(high)) if low > high)
                    || matches!((&low, &high), (Value::String(low), Value::String(high)) if low > high);
                Operand::Many(if swapped && rng.percent(80) { vec![high, low] } else { vec![low, high] })
            }
            Operator::Eq | Operator::Neq => Operand::One(if rng.percent(5) { Value::Null } else { near(rng) }),
            Operator::Contains => Operand::One(match sample {
                Value::Json(document) => match document.as_array().and_then(|items| rng.pick(items)) {
                    Some(item) if rng.percent(80) => scalar(Value::json(item.clone()).unwrap_or(Value::Null)),
                    _ => scalar(near(rng)),
                },
                Value::String(text) if rng.percent(80) => Value::from(text::part(rng, text)),
                _ => scalar(near(rng)),
            }),
            Operator::Like | Operator::NotLike => {
                let text = text_of(rng);
                Operand::One(Value::from(text::like_pattern(rng, &text)))
            }
            Operator::Ilike => {
                let text = text_of(rng);
                let folded = text::refolded(rng, &text);
                Operand::One(Value::from(text::like_pattern(rng, &folded)))
            }
            Operator::StartsWith => {
                let text = text_of(rng);
                Operand::One(Value::from(text::prefix(rng, &text)))
            }
            Operator::Regex => {
                let text = text_of(rng);
                Operand::One(Value::from(text::regex_pattern(rng, &text)))
            }
            Operator::Match => {
                let text = text_of(rng);
                Operand::One(Value::from(text::match_words(rng, &text)))
            }
            _ => Operand::One(scalar(near(rng))),
        }
    }
}

/// The value, where an operator takes scalars only; a text for what is none.
fn scalar(value: Value) -> Value {
    match value {
        Value::Null => Value::from("null"),
        Value::Json(document) => Value::from(document.to_string()),
        value => value,
    }
}

fn any_operator(rng: &mut Rng) -> Operator {
    rng.one_of(&Operator::ALL)
}

/// An operator that may well be true on such a value.
fn fitting(rng: &mut Rng, sample: &Value) -> Operator {
    use Operator::{
        Between, Contains, Eq, Exists, Gt, Gte, Ilike, In, Like, Lt, Lte, Match, Neq, NotBetween, NotExists, NotIn,
        NotLike, Regex, StartsWith,
    };
    match sample {
        Value::String(_) if rng.percent(65) => {
            rng.one_of(&[Like, Like, NotLike, Ilike, Ilike, StartsWith, Regex, Contains, Match])
        }
        Value::Json(_) => rng.one_of(&[Contains, Contains, Eq, Neq, In, NotIn, Exists]),
        Value::Null => rng.one_of(&[Exists, NotExists, Eq, Neq]),
        _ => rng.one_of(&[Eq, Eq, Neq, Gt, Gte, Lt, Lte, In, In, NotIn, Between, Between, NotBetween]),
    }
}

fn exists(rng: &mut Rng) -> Filter {
    let operator = rng.one_of(&[Operator::Exists, Operator::NotExists]);
    match Path::dotted("a").and_then(|path| Filter::new(path, operator, ())) {
        Ok(filter) => filter,
        Err(_) => Filter::All(Vec::new()),
    }
}
