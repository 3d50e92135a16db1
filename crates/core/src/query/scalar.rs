//! What a path finds: a present value reduced to its comparison class.

use std::cmp::Ordering;

use serde_json::Value as Json;

use super::sort::IdOrder;
use crate::value::{DateTime, Number, Value, compare_numbers, json_equal, json_number};

/// A present value, by class. The order of the variants is the order of classes in a sort.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Scalar<'a> {
    Boolean(bool),
    Number(Number),
    DateTime(DateTime),
    String(&'a str),
    Binary(&'a [u8]),
    Json(&'a Json),
}

impl<'a> Scalar<'a> {
    /// None for null.
    #[inline]
    pub(crate) fn of(value: &'a Value) -> Option<Self> {
        Some(match value {
            Value::Null => return None,
            Value::Boolean(value) => Scalar::Boolean(*value),
            Value::Integer(value) => Scalar::Number(Number::Integer(*value)),
            Value::Float(value) => Scalar::Number(Number::Float(*value)),
            Value::String(text) => Scalar::String(text),
            Value::DateTime(time) => Scalar::DateTime(*time),
            Value::Json(document) => return Scalar::of_json(document),
            Value::Binary(bytes) => Scalar::Binary(bytes),
        })
    }

    /// None for null.
    pub(crate) fn of_json(document: &'a Json) -> Option<Self> {
        Some(match document {
            Json::Null => return None,
            Json::Bool(value) => Scalar::Boolean(*value),
            Json::Number(number) => Scalar::Number(json_number(number)),
            Json::String(text) => Scalar::String(text),
            document => Scalar::Json(document),
        })
    }

    /// An owned value; JSON scalars become their own kind.
    pub(crate) fn to_value(self) -> Value {
        match self {
            Scalar::Boolean(value) => Value::Boolean(value),
            Scalar::Number(Number::Integer(value)) => Value::Integer(value),
            Scalar::Number(Number::Float(value)) => Value::Float(value),
            Scalar::DateTime(time) => Value::DateTime(time),
            Scalar::String(text) => Value::from(text),
            Scalar::Binary(bytes) => Value::from(bytes),
            Scalar::Json(document) => Value::Json(std::sync::Arc::new(document.clone())),
        }
    }

    fn rank(self) -> u8 {
        match self {
            Scalar::Boolean(_) => 0,
            Scalar::Number(_) => 1,
            Scalar::DateTime(_) => 2,
            Scalar::String(_) => 3,
            Scalar::Binary(_) => 4,
            Scalar::Json(_) => 5,
        }
    }

    /// Order within a class; none across classes and within JSON.
    pub(crate) fn compare(self, other: Scalar<'_>) -> Option<Ordering> {
        Some(match (self, other) {
            (Scalar::Boolean(a), Scalar::Boolean(b)) => a.cmp(&b),
            (Scalar::Number(a), Scalar::Number(b)) => compare_numbers(a, b),
            (Scalar::DateTime(a), Scalar::DateTime(b)) => a.micros().cmp(&b.micros()),
            (Scalar::String(a), Scalar::String(b)) => a.cmp(b),
            (Scalar::Binary(a), Scalar::Binary(b)) => a.cmp(b),
            _ => return None,
        })
    }

    /// Equality within a class, deep for JSON.
    pub(crate) fn equals(self, other: Scalar<'_>) -> bool {
        match (self, other) {
            (Scalar::Json(a), Scalar::Json(b)) => json_equal(a, b),
            _ => self.compare(other) == Some(Ordering::Equal),
        }
    }

    /// The order of a sort, total over classes; JSON values tie.
    pub(crate) fn sort_order(self, other: Scalar<'_>) -> Ordering {
        self.compare(other).unwrap_or_else(|| self.rank().cmp(&other.rank()))
    }

    /// The literal as seen by a value: a string against a datetime is read as a datetime.
    pub(crate) fn coerced_to(self, value: Scalar<'_>) -> Self {
        match (self, value) {
            (Scalar::String(text), Scalar::DateTime(_)) => match DateTime::parse(text) {
                Ok(time) => Scalar::DateTime(time),
                Err(_) => self,
            },
            _ => self,
        }
    }
}

/// Sort order of what one path found in two records; what is not present comes last in both
/// directions. `ids` is the store's order of ids where the path asks for the id.
pub(crate) fn order_by_presence(
    a: Option<Scalar<'_>>,
    b: Option<Scalar<'_>>,
    descending: bool,
    ids: Option<IdOrder>,
) -> Ordering {
    let order = |a: Scalar<'_>, b: Scalar<'_>| match (ids, a, b) {
        (Some(ids), Scalar::String(a), Scalar::String(b)) => ids.compare(a, b),
        _ => a.sort_order(b),
    };
    match (a, b) {
        (Some(a), Some(b)) if descending => order(b, a),
        (Some(a), Some(b)) => order(a, b),
        (None, None) => Ordering::Equal,
        (None, Some(_)) => Ordering::Greater,
        (Some(_), None) => Ordering::Less,
    }
}
