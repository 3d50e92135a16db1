use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::Value;
use crate::error::{Error, Result};

/// The declared type of a field.
///
/// `String` and `Text` hold the same kind of value; `Text` says "long prose: index for full text".
///
/// ```
/// use dataknobs_data_core::{Field, FieldType};
/// let field = Field::new("bio", "…").with_type(FieldType::Text);
/// assert!(field.field_type.holds(&field.value));
/// assert_eq!("INTEGER".parse::<FieldType>()?, FieldType::Integer);
/// # Ok::<(), dataknobs_data_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
#[non_exhaustive]
pub enum FieldType {
    /// Short text.
    String,
    /// Long text.
    Text,
    /// Whole numbers of 64 bits.
    Integer,
    /// Finite double-precision numbers.
    Float,
    /// True or false.
    Boolean,
    /// A point in time, in microseconds.
    DateTime,
    /// A JSON object or array.
    Json,
    /// Bytes.
    Binary,
}

impl FieldType {
    /// Strings longer than this many characters are detected as [`FieldType::Text`].
    ///
    /// ```
    /// use dataknobs_data_core::{FieldType, Value};
    /// let text = "x".repeat(FieldType::TEXT_THRESHOLD);
    /// assert_eq!(Value::from(text.clone()).field_type(), FieldType::String);
    /// assert_eq!(Value::from(text + "x").field_type(), FieldType::Text);
    /// ```
    pub const TEXT_THRESHOLD: usize = 1_000;

    /// Every type, in the order of the conversion table.
    ///
    /// ```
    /// use dataknobs_data_core::{FieldType, Value};
    /// assert!(FieldType::ALL.iter().all(|kind| kind.holds(&Value::Null)));
    /// ```
    pub const ALL: [FieldType; 8] = [
        FieldType::String,
        FieldType::Text,
        FieldType::Integer,
        FieldType::Float,
        FieldType::Boolean,
        FieldType::DateTime,
        FieldType::Json,
        FieldType::Binary,
    ];

    /// The name in the data model: `"STRING"`, `"TEXT"`, …
    ///
    /// ```
    /// use dataknobs_data_core::FieldType;
    /// assert_eq!(FieldType::DateTime.name(), "DATETIME");
    /// assert_eq!("datetime".parse::<FieldType>().unwrap(), FieldType::DateTime);
    /// ```
    pub fn name(self) -> &'static str {
        match self {
            FieldType::String => "STRING",
            FieldType::Text => "TEXT",
            FieldType::Integer => "INTEGER",
            FieldType::Float => "FLOAT",
            FieldType::Boolean => "BOOLEAN",
            FieldType::DateTime => "DATETIME",
            FieldType::Json => "JSON",
            FieldType::Binary => "BINARY",
        }
    }

    /// The type of a value that comes without one; see [`Value::field_type`].
    ///
    /// ```
    /// use dataknobs_data_core::{FieldType, Value};
    /// assert_eq!(FieldType::detect(&Value::from(1.5)), FieldType::Float);
    /// ```
    pub fn detect(value: &Value) -> Self {
        match value {
            Value::Null => FieldType::String,
            Value::Boolean(_) => FieldType::Boolean,
            Value::Integer(_) => FieldType::Integer,
            Value::Float(_) => FieldType::Float,
            Value::String(text) => Self::detect_text(text),
            Value::DateTime(_) => FieldType::DateTime,
            Value::Json(_) => FieldType::Json,
            Value::Binary(_) => FieldType::Binary,
        }
    }

    fn detect_text(text: &str) -> Self {
        // A character has at most four bytes, so most strings are decided by their length alone.
        if text.len() > Self::TEXT_THRESHOLD && text.chars().nth(Self::TEXT_THRESHOLD).is_some() {
            FieldType::Text
        } else {
            FieldType::String
        }
    }

    /// Whether a field of this type can hold this value as it is. Null fits every type.
    ///
    /// ```
    /// use dataknobs_data_core::{FieldType, Value};
    /// assert!(FieldType::Text.holds(&Value::from("x")));
    /// assert!(!FieldType::Integer.holds(&Value::from(1.0)));
    /// ```
    pub fn holds(self, value: &Value) -> bool {
        match value {
            Value::Null => true,
            Value::Boolean(_) => self == FieldType::Boolean,
            Value::Integer(_) => self == FieldType::Integer,
            Value::Float(_) => self == FieldType::Float,
            Value::String(_) => matches!(self, FieldType::String | FieldType::Text),
            Value::DateTime(_) => self == FieldType::DateTime,
            Value::Json(_) => self == FieldType::Json,
            Value::Binary(_) => self == FieldType::Binary,
        }
    }
}

impl fmt::Display for FieldType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for FieldType {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        FieldType::ALL.into_iter().find(|kind| kind.name().eq_ignore_ascii_case(text)).ok_or_else(|| {
            Error::invalid_record("unknown field type")
                .with_context("type", text)
                .with_hint("the types are STRING, TEXT, INTEGER, FLOAT, BOOLEAN, DATETIME, JSON and BINARY")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_parse_back() {
        for kind in FieldType::ALL {
            assert_eq!(kind.name().parse::<FieldType>().unwrap(), kind);
            assert_eq!(serde_json::to_value(kind).unwrap(), serde_json::json!(kind.name()));
        }
        assert!("DECIMALS".parse::<FieldType>().is_err());
    }

    #[test]
    fn text_is_counted_in_characters() {
        assert_eq!(FieldType::detect(&Value::from("é".repeat(1000))), FieldType::String);
        assert_eq!(FieldType::detect(&Value::from("é".repeat(1001))), FieldType::Text);
    }

    #[test]
    fn each_value_fits_the_type_it_is_detected_as() {
        for value in [Value::Null, Value::from(1), Value::from("a"), Value::from(true), Value::from(vec![0u8])] {
            assert!(FieldType::detect(&value).holds(&value));
        }
        assert!(!FieldType::Float.holds(&Value::from(1)));
        assert!(FieldType::Text.holds(&Value::from("short")));
    }
}
