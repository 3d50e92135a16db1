//! What one field holds over many records.

use std::cmp::Ordering;
use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};

use dataknobs_data::{FieldType, Number, Value, compare_numbers, plain_json};
use serde_json::Value as Json;

/// So many distinct values are told apart.
const DISTINCT_LIMIT: usize = 10_000;

/// Counts and extremes of a field's values.
#[derive(Default)]
pub(super) struct FieldProfile {
    counts: [u64; FieldType::ALL.len()],
    nulls: u64,
    /// Hashes of the values.
    distinct: HashSet<u64>,
    range: Option<(Value, Value)>,
}

impl FieldProfile {
    pub(super) fn add(&mut self, field_type: FieldType, value: &Value) {
        if value.is_null() {
            self.nulls += 1;
            return;
        }
        if let Some(index) = FieldType::ALL.iter().position(|known| *known == field_type) {
            self.counts[index] += 1;
        }
        // One more than the limit says that there are more.
        if self.distinct.len() <= DISTINCT_LIMIT {
            self.distinct.insert(hash_of(value));
        }
        if matches!(value, Value::Json(_) | Value::Binary(_)) {
            return;
        }
        match &mut self.range {
            None => self.range = Some((value.clone(), value.clone())),
            Some((min, max)) => {
                if order(value, min).is_lt() {
                    *min = value.clone();
                }
                if order(value, max).is_gt() {
                    *max = value.clone();
                }
            }
        }
    }

    /// The types of the values that are present, and how many there are of each, most first.
    pub(super) fn types(&self) -> impl Iterator<Item = (FieldType, u64)> {
        let mut types: Vec<_> = FieldType::ALL.into_iter().zip(self.counts).filter(|(_, count)| *count > 0).collect();
        types.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        types.into_iter()
    }

    pub(super) fn present(&self) -> u64 {
        self.counts.iter().sum()
    }

    pub(super) fn nulls(&self) -> u64 {
        self.nulls
    }

    /// How many values differ; past the limit, only that it is past.
    pub(super) fn distinct(&self) -> Result<u64, u64> {
        match self.distinct.len() {
            count if count <= DISTINCT_LIMIT => Ok(count as u64),
            _ => Err(DISTINCT_LIMIT as u64),
        }
    }

    /// The least and the greatest value, across classes in the order of sorts. JSON and bytes have
    /// none.
    pub(super) fn range(&self) -> (Value, Value) {
        self.range.clone().unwrap_or((Value::Null, Value::Null))
    }
}

fn number(value: &Value) -> Option<Number> {
    match value {
        Value::Integer(value) => Some(Number::Integer(*value)),
        Value::Float(value) => Some(Number::Float(*value)),
        _ => None,
    }
}

/// The order of sorts: boolean, number, datetime, string; within each by value.
fn order(a: &Value, b: &Value) -> Ordering {
    let class = |value: &Value| match value {
        Value::Boolean(_) => 0,
        Value::Integer(_) | Value::Float(_) => 1,
        Value::DateTime(_) => 2,
        _ => 3,
    };
    if let (Some(a), Some(b)) = (number(a), number(b)) {
        return compare_numbers(a, b);
    }
    match (a, b) {
        (Value::Boolean(a), Value::Boolean(b)) => a.cmp(b),
        (Value::DateTime(a), Value::DateTime(b)) => a.micros().cmp(&b.micros()),
        (Value::String(a), Value::String(b)) => a.cmp(b),
        (a, b) => class(a).cmp(&class(b)),
    }
}

/// Equal for values that queries hold equal.
fn hash_of(value: &Value) -> u64 {
    let mut hasher = DefaultHasher::new();
    match value {
        Value::DateTime(time) => (2, time.micros()).hash(&mut hasher),
        Value::Binary(bytes) => (4, bytes).hash(&mut hasher),
        value => hash_json(&plain_json(value), &mut hasher),
    }
    hasher.finish()
}

fn hash_json(document: &Json, hasher: &mut impl Hasher) {
    match document {
        Json::Null => 0.hash(hasher),
        Json::Bool(value) => (1, value).hash(hasher),
        Json::Number(number) => match (number.as_i64(), number.as_f64().unwrap_or_default()) {
            (Some(integer), _) => (3, integer).hash(hasher),
            // A whole float in range is the integer of that value.
            (None, float) if float.fract() == 0.0 && (-9.2e18..9.2e18).contains(&float) => {
                (3, float as i64).hash(hasher);
            }
            (None, float) => (5, float.to_bits()).hash(hasher),
        },
        Json::String(text) => (6, text).hash(hasher),
        Json::Array(items) => {
            (7, items.len()).hash(hasher);
            items.iter().for_each(|item| hash_json(item, hasher));
        }
        Json::Object(members) => {
            let mut sorted: Vec<_> = members.iter().collect();
            sorted.sort_by_key(|(key, _)| *key);
            (8, sorted.len()).hash(hasher);
            for (key, item) in sorted {
                key.hash(hasher);
                hash_json(item, hasher);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_values_count_once() {
        let mut profile = FieldProfile::default();
        for value in
            [Value::from(1), Value::from(1.0), Value::from("1"), Value::from(-0.0), Value::from(0), Value::Null]
        {
            profile.add(value.field_type(), &value);
        }
        assert_eq!(profile.distinct(), Ok(3));
        assert_eq!((profile.present(), profile.nulls()), (5, 1));
        assert_eq!(profile.range(), (Value::from(-0.0), Value::from("1")));
    }

    #[test]
    fn past_the_limit_the_number_is_a_bound() {
        let mut profile = FieldProfile::default();
        for number in 0..10_001 {
            profile.add(FieldType::Integer, &Value::from(number));
        }
        assert_eq!(profile.distinct(), Err(10_000));
    }
}
