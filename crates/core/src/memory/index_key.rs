//! Keys of indexes: present values in a form whose equality and order are those of queries.

use std::cmp::Ordering;
use std::ops::Bound;

use crate::query::scalar::Scalar;
use crate::value::{DateTime, Number, Str, Value, compare_numbers, float_as_integer};

/// A present scalar as an index key: equal by the query semantics means equal here, and the order
/// is that of a sort. JSON values are not indexed by content; they share one key.
#[derive(Debug, Clone)]
pub(super) enum Key {
    Boolean(bool),
    Number(Number),
    DateTime(i64),
    String(Str),
    Binary(Box<[u8]>),
    Json,
}

impl Key {
    pub(super) fn of(value: Scalar<'_>) -> Key {
        match value {
            Scalar::Boolean(value) => Key::Boolean(value),
            // One form for equal numbers, so that they hash alike.
            Scalar::Number(Number::Float(float)) => {
                Key::Number(float_as_integer(float).map_or(Number::Float(float), Number::Integer))
            }
            Scalar::Number(number) => Key::Number(number),
            Scalar::DateTime(time) => Key::DateTime(time.micros()),
            Scalar::String(text) => Key::String(text.into()),
            Scalar::Binary(bytes) => Key::Binary(bytes.into()),
            Scalar::Json(_) => Key::Json,
        }
    }

    fn rank(&self) -> u8 {
        match self {
            Key::Boolean(_) => 0,
            Key::Number(_) => 1,
            Key::DateTime(_) => 2,
            Key::String(_) => 3,
            Key::Binary(_) => 4,
            Key::Json => 5,
        }
    }
}

impl Ord for Key {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Key::Boolean(a), Key::Boolean(b)) => a.cmp(b),
            (Key::Number(a), Key::Number(b)) => compare_numbers(*a, *b),
            (Key::DateTime(a), Key::DateTime(b)) => a.cmp(b),
            (Key::String(a), Key::String(b)) => a.cmp(b),
            (Key::Binary(a), Key::Binary(b)) => a.cmp(b),
            (a, b) => a.rank().cmp(&b.rank()),
        }
    }
}

impl PartialOrd for Key {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Key {}

impl std::hash::Hash for Key {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.rank().hash(state);
        match self {
            Key::Boolean(value) => value.hash(state),
            Key::Number(Number::Integer(value)) => value.hash(state),
            Key::Number(Number::Float(value)) => value.to_bits().hash(state),
            Key::DateTime(micros) => micros.hash(state),
            Key::String(text) => text.hash(state),
            Key::Binary(bytes) => bytes.hash(state),
            Key::Json => {}
        }
    }
}

/// The keys that a literal equals: a string may also be a datetime.
pub(super) fn keys_of(literal: &Value) -> impl Iterator<Item = Key> + use<> {
    let as_datetime = literal.as_str().and_then(|text| DateTime::parse(text).ok());
    let key = Scalar::of(literal).map(Key::of);
    key.into_iter().chain(as_datetime.map(|time| Key::DateTime(time.micros())))
}

/// The key ranges that bounds reach, one for each class that both bounds belong to.
pub(super) fn key_ranges(low: &Bound<Value>, high: &Bound<Value>) -> Vec<(Bound<Key>, Bound<Key>)> {
    let literal = |bound: &Bound<Value>| match bound {
        Bound::Included(value) | Bound::Excluded(value) => Some(keys_of(value).collect::<Vec<_>>()),
        Bound::Unbounded => None,
    };
    let (lows, highs) = (literal(low), literal(high));
    let classes = lows.iter().chain(&highs).flatten().map(Key::rank);
    let mut classes: Vec<u8> = classes.collect();
    classes.sort_unstable();
    classes.dedup();
    classes
        .into_iter()
        .filter_map(|class| {
            let side = |keys: &Option<Vec<Key>>, bound: &Bound<Value>, edge: Bound<Key>| match keys {
                None => Some(edge),
                Some(keys) => {
                    let key = keys.iter().find(|key| key.rank() == class)?.clone();
                    Some(if matches!(bound, Bound::Excluded(_)) { Bound::Excluded(key) } else { Bound::Included(key) })
                }
            };
            let (first, last) = class_edges(class);
            Some((side(&lows, low, first)?, side(&highs, high, last)?))
        })
        .collect()
}

/// The first and the last key of a class.
fn class_edges(class: u8) -> (Bound<Key>, Bound<Key>) {
    let first = |class| match class {
        0 => Bound::Included(Key::Boolean(false)),
        1 => Bound::Included(Key::Number(Number::Float(f64::MIN))),
        2 => Bound::Included(Key::DateTime(i64::MIN)),
        3 => Bound::Included(Key::String(Str::default())),
        4 => Bound::Included(Key::Binary(Box::default())),
        5 => Bound::Included(Key::Json),
        _ => Bound::Unbounded,
    };
    let last = match first(class + 1) {
        Bound::Included(next) => Bound::Excluded(next),
        other => other,
    };
    (first(class), last)
}
