//! Values: what a field holds.

mod datetime;
mod field_type;
mod json;
mod json_integers;
mod json_text;
mod number;

pub use datetime::DateTime;
pub use field_type::FieldType;
pub use json::validate_json;
pub(crate) use json::{canonical_json, json_equal, json_number};
pub use json_integers::OddIntegers;
pub use json_text::{JsonFault, parse_json};
pub(crate) use json_text::{compact_json, float_text};
pub use number::{Number, compare_numbers};
pub(crate) use number::{float_as_integer, integer_as_float};

use std::fmt;
use std::sync::Arc;

use smol_str::SmolStr;

/// The string type of values, names and ids: up to 23 bytes inline, longer ones shared.
/// Cloning never copies text.
///
/// ```
/// use dataknobs_data_core::{Str, Value};
/// let name: Str = "Ada".into();
/// assert_eq!(Value::from(name.clone()).as_str(), Some(name.as_str()));
/// ```
pub type Str = SmolStr;

/// One value of a record, in one of the eight kinds of the data model.
///
/// A `Value` is 24 bytes and clones in O(1): long strings, JSON and bytes are shared.
///
/// ```
/// use dataknobs_data_core::Value;
/// let age = Value::from(34);
/// assert_eq!(age.as_integer(), Some(34));
/// assert_eq!(Value::from(None::<i64>), Value::Null);
/// ```
///
/// `==` on values is identity of what is stored (`1` is not `1.0`); queries compare by the rules
/// of the query semantics instead.
#[derive(Clone)]
pub enum Value {
    /// No value. A field may be null and still carry a type.
    Null,
    /// True or false.
    Boolean(bool),
    /// A whole number.
    Integer(i64),
    /// A finite number; a record refuses NaN and infinities.
    Float(f64),
    /// Text, for [`FieldType::String`] and [`FieldType::Text`] alike.
    String(Str),
    /// A point in time, with or without an offset from UTC.
    DateTime(DateTime),
    /// A JSON object or array.
    Json(Arc<serde_json::Value>),
    /// Bytes.
    Binary(Arc<[u8]>),
}

impl Value {
    /// A JSON value. Objects and arrays become [`Value::Json`], scalars their own kind.
    ///
    /// # Errors
    /// [`InvalidRecord`](crate::ErrorKind::InvalidRecord) with the path inside the document when a
    /// number is outside the 64-bit range.
    ///
    /// ```
    /// use dataknobs_data_core::Value;
    /// let tags = Value::json(serde_json::json!(["a", "b"]))?;
    /// assert!(tags.as_json().is_some());
    /// assert_eq!(Value::json(serde_json::json!(3))?, Value::from(3));
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    pub fn json(value: serde_json::Value) -> crate::Result<Self> {
        validate_json(&value)?;
        Ok(match value {
            serde_json::Value::Null => Value::Null,
            serde_json::Value::Bool(value) => Value::Boolean(value),
            serde_json::Value::Number(number) => match number.as_i64() {
                Some(integer) => Value::Integer(integer),
                None => Value::Float(number.as_f64().unwrap_or_default()),
            },
            serde_json::Value::String(text) => Value::String(text.into()),
            document => Value::Json(Arc::new(document)),
        })
    }

    /// Whether there is no value.
    ///
    /// ```
    /// use dataknobs_data_core::Value;
    /// assert!(Value::from(()).is_null());
    /// ```
    pub fn is_null(&self) -> bool {
        matches!(self, Value::Null)
    }

    /// The boolean, if it is one.
    ///
    /// ```
    /// use dataknobs_data_core::Value;
    /// assert_eq!(Value::from(true).as_boolean(), Some(true));
    /// ```
    pub fn as_boolean(&self) -> Option<bool> {
        if let Value::Boolean(value) = self { Some(*value) } else { None }
    }

    /// The integer, if it is one.
    ///
    /// ```
    /// use dataknobs_data_core::Value;
    /// assert_eq!((Value::from(34).as_integer(), Value::from(34.0).as_integer()), (Some(34), None));
    /// ```
    pub fn as_integer(&self) -> Option<i64> {
        if let Value::Integer(value) = self { Some(*value) } else { None }
    }

    /// The float, if it is one.
    ///
    /// ```
    /// use dataknobs_data_core::Value;
    /// assert_eq!((Value::from(1.5).as_float(), Value::from(1).as_float()), (Some(1.5), None));
    /// ```
    pub fn as_float(&self) -> Option<f64> {
        if let Value::Float(value) = self { Some(*value) } else { None }
    }

    /// The text, if it is one.
    ///
    /// ```
    /// use dataknobs_data_core::Value;
    /// assert_eq!(Value::from("Ada").as_str(), Some("Ada"));
    /// ```
    pub fn as_str(&self) -> Option<&str> {
        if let Value::String(value) = self { Some(value) } else { None }
    }

    /// The point in time, if it is one.
    ///
    /// ```
    /// use dataknobs_data_core::{DateTime, Value};
    /// let time = DateTime::parse("2024-05-01")?;
    /// assert_eq!(Value::from(time).as_datetime(), Some(time));
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    pub fn as_datetime(&self) -> Option<DateTime> {
        if let Value::DateTime(value) = self { Some(*value) } else { None }
    }

    /// The JSON object or array, if it is one.
    ///
    /// ```
    /// use dataknobs_data_core::Value;
    /// let tags = Value::json(serde_json::json!(["a", "b"]))?;
    /// assert_eq!(tags.as_json().unwrap()[1], "b");
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    pub fn as_json(&self) -> Option<&serde_json::Value> {
        if let Value::Json(value) = self { Some(value) } else { None }
    }

    /// The bytes, if it is binary.
    ///
    /// ```
    /// use dataknobs_data_core::Value;
    /// assert_eq!(Value::from(vec![0u8, 255]).as_binary(), Some(&[0, 255][..]));
    /// ```
    pub fn as_binary(&self) -> Option<&[u8]> {
        if let Value::Binary(value) = self { Some(value) } else { None }
    }

    /// The kind's name in lower case, for messages: `"null"`, `"integer"`, …
    ///
    /// ```
    /// use dataknobs_data_core::Value;
    /// assert_eq!(Value::from(34).kind_name(), "integer");
    /// ```
    pub fn kind_name(&self) -> &'static str {
        match self {
            Value::Null => "null",
            Value::Boolean(_) => "boolean",
            Value::Integer(_) => "integer",
            Value::Float(_) => "float",
            Value::String(_) => "string",
            Value::DateTime(_) => "datetime",
            Value::Json(_) => "json",
            Value::Binary(_) => "binary",
        }
    }

    /// The field type that this value has when none is given: strings of more than 1,000
    /// characters are [`FieldType::Text`], null counts as [`FieldType::String`].
    ///
    /// ```
    /// use dataknobs_data_core::{FieldType, Value};
    /// assert_eq!(Value::from("short").field_type(), FieldType::String);
    /// assert_eq!(Value::from("x".repeat(1001)).field_type(), FieldType::Text);
    /// ```
    pub fn field_type(&self) -> FieldType {
        FieldType::detect(self)
    }

    /// Refuses what the data model cannot hold: a float that is not finite, a JSON document with
    /// a number outside the 64-bit range.
    pub(crate) fn validate(&self) -> crate::Result<()> {
        match self {
            Value::Float(value) if !value.is_finite() => {
                Err(crate::Error::invalid_record("a float must be finite, not NaN or infinite"))
            }
            Value::Json(document) => {
                if !document.is_object() && !document.is_array() {
                    return Err(crate::Error::invalid_record(
                        "a JSON value is an object or an array; a scalar is stored as its own kind",
                    ));
                }
                validate_json(document)
            }
            _ => Ok(()),
        }
    }
}

impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Value::Null, Value::Null) => true,
            (Value::Boolean(a), Value::Boolean(b)) => a == b,
            (Value::Integer(a), Value::Integer(b)) => a == b,
            (Value::Float(a), Value::Float(b)) => a == b,
            (Value::String(a), Value::String(b)) => a == b,
            (Value::DateTime(a), Value::DateTime(b)) => a == b,
            (Value::Json(a), Value::Json(b)) => a == b,
            (Value::Binary(a), Value::Binary(b)) => a == b,
            _ => false,
        }
    }
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Null => f.write_str("Null"),
            Value::Boolean(value) => write!(f, "{value:?}"),
            Value::Integer(value) => write!(f, "{value:?}"),
            Value::Float(value) => write!(f, "{value:?}"),
            Value::String(value) => write!(f, "{value:?}"),
            Value::DateTime(value) => write!(f, "DateTime({value})"),
            Value::Json(value) => write!(f, "Json({value})"),
            Value::Binary(value) => write!(f, "Binary({} bytes)", value.len()),
        }
    }
}

macro_rules! value_from {
    ($($source:ty => $variant:expr),* $(,)?) => {$(
        impl From<$source> for Value {
            fn from(value: $source) -> Self {
                $variant(value)
            }
        }
    )*};
}

value_from! {
    bool => Value::Boolean,
    i64 => Value::Integer,
    i32 => |value| Value::Integer(i64::from(value)),
    i16 => |value| Value::Integer(i64::from(value)),
    i8 => |value| Value::Integer(i64::from(value)),
    u32 => |value| Value::Integer(i64::from(value)),
    u16 => |value| Value::Integer(i64::from(value)),
    u8 => |value| Value::Integer(i64::from(value)),
    f64 => Value::Float,
    f32 => |value| Value::Float(f64::from(value)),
    &str => |value| Value::String(Str::new(value)),
    String => |value: String| Value::String(Str::from(value)),
    Str => Value::String,
    DateTime => Value::DateTime,
    Vec<u8> => |value: Vec<u8>| Value::Binary(Arc::from(value)),
    &[u8] => |value: &[u8]| Value::Binary(Arc::from(value)),
}

impl From<&String> for Value {
    fn from(value: &String) -> Self {
        Value::String(Str::new(value))
    }
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Value::Null, Into::into)
    }
}

impl From<()> for Value {
    fn from((): ()) -> Self {
        Value::Null
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_24_bytes() {
        assert_eq!(std::mem::size_of::<Value>(), 24);
    }

    #[test]
    fn accessors_answer_for_their_own_kind_only() {
        let values = [
            Value::Null,
            Value::from(true),
            Value::from(1),
            Value::from(1.5),
            Value::from("x"),
            Value::from(DateTime::from_micros(0)),
            Value::json(serde_json::json!([1])).unwrap(),
            Value::from(vec![1u8]),
        ];
        for (index, value) in values.iter().enumerate() {
            let hits = [
                value.is_null(),
                value.as_boolean().is_some(),
                value.as_integer().is_some(),
                value.as_float().is_some(),
                value.as_str().is_some(),
                value.as_datetime().is_some(),
                value.as_json().is_some(),
                value.as_binary().is_some(),
            ];
            assert_eq!(hits.iter().filter(|hit| **hit).count(), 1);
            assert!(hits[index], "{value:?}");
            for (other, second) in values.iter().enumerate() {
                assert_eq!(value == second, index == other);
            }
        }
        let names: Vec<_> = values.iter().map(Value::kind_name).collect();
        assert_eq!(names, ["null", "boolean", "integer", "float", "string", "datetime", "json", "binary"]);
    }

    #[test]
    fn stored_identity_tells_kinds_apart() {
        assert_eq!(Value::from(0.0), Value::from(-0.0));
        assert_ne!(Value::from(1), Value::from(1.0));
    }

    #[test]
    fn json_scalars_become_their_own_kind() {
        assert_eq!(Value::json(serde_json::json!(null)).unwrap(), Value::Null);
        assert_eq!(Value::json(serde_json::json!(true)).unwrap(), Value::from(true));
        assert_eq!(Value::json(serde_json::json!(2.5)).unwrap(), Value::from(2.5));
        assert_eq!(Value::json(serde_json::json!("s")).unwrap(), Value::from("s"));
        assert!(Value::json(serde_json::json!({"a": [u64::MAX]})).is_err());
    }

    #[test]
    fn debug_shows_each_kind_and_no_bytes() {
        assert_eq!(format!("{:?}", Value::from(vec![1u8, 2])), "Binary(2 bytes)");
        assert_eq!(format!("{:?}", Value::from(1.0)), "1.0");
        assert_eq!(format!("{:?}", Value::from(())), "Null");
        assert_eq!(format!("{:?}", Value::from(true)), "true");
        assert_eq!(format!("{:?}", Value::from("a")), "\"a\"");
        assert_eq!(format!("{:?}", Value::json(serde_json::json!([1])).unwrap()), "Json([1])");
        assert_eq!(format!("{:?}", Value::from(DateTime::from_micros(0))), "DateTime(1970-01-01T00:00:00)");
    }
}
