//! Conversions between field types, and whole records to and from bytes.
//!
//! `table.rs` holds the rules, one function for each target type; this file adds what an application
//! registers on top of them. `format.rs` is the registry of file formats.

mod format;
mod table;
#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::Arc;

pub use format::{FormatHandler, Formats};

use crate::error::{Error, Result};
use crate::record::{Field, Record};
use crate::value::{FieldType, Str, Value};

/// Converts values from one field type to another and detects types.
///
/// | to | from a string | from other kinds |
/// |---|---|---|
/// | STRING, TEXT | the same text | `true` `false`; decimal digits; the shortest float text that reads back (`1.0`, `1e16`, `1.5e-7`); RFC 3339; compact JSON; padded base64 |
/// | INTEGER | `[+-]?digits` in the 64-bit range | a float without fraction, in range |
/// | FLOAT | `[+-]?digits[.digits][e[+-]digits]`, finite | an integer that a float holds exactly |
/// | BOOLEAN | `true` or `false` | |
/// | DATETIME | RFC 3339, also without offset, or a date alone | |
/// | JSON | the text of an object or array | |
/// | BINARY | padded standard base64 | |
///
/// Null converts to null, a type to itself unchanged; everything else is an error. Nothing is
/// trimmed and nothing is rounded away silently.
///
/// Cloning is cheap. The default holds just this table.
///
/// ```
/// use dataknobs_data_core::{Converters, FieldType, Value};
/// let mut converters = Converters::new();
/// assert_eq!(converters.convert(&Value::from("42"), FieldType::Integer)?, Value::from(42));
/// assert!(converters.convert(&Value::from("yes"), FieldType::Boolean).is_err());
///
/// converters.register(FieldType::Boolean, |value| Ok((value.as_str() == Some("yes")).then(|| true.into())));
/// assert_eq!(converters.convert(&Value::from("yes"), FieldType::Boolean)?, Value::from(true));
/// # Ok::<(), dataknobs_data_core::Error>(())
/// ```
#[derive(Clone, Default)]
pub struct Converters {
    custom: Arc<Custom>,
}

#[derive(Clone, Default)]
struct Custom {
    converters: Vec<(FieldType, Converter)>,
    detectors: Vec<Detector>,
}

type Converter = Arc<dyn Fn(&Value) -> Result<Option<Value>> + Send + Sync>;
type Detector = Arc<dyn Fn(&Value) -> Option<FieldType> + Send + Sync>;

impl Converters {
    /// The built-in table.
    ///
    /// ```
    /// use dataknobs_data_core::{Converters, FieldType, Value};
    /// let converters = Converters::new();
    /// assert_eq!(converters.convert(&Value::from(1.0), FieldType::Integer)?, Value::from(1));
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a converter to this type. It is asked before the table and before converters that were
    /// registered earlier; `None` passes the value on to them. Null is never converted.
    ///
    /// ```
    /// use dataknobs_data_core::{Converters, FieldType, Value};
    /// let mut converters = Converters::new();
    /// converters.register(FieldType::Integer, |value| Ok((value.as_str() == Some("one")).then(|| 1.into())));
    /// assert_eq!(converters.convert(&Value::from("one"), FieldType::Integer)?, Value::from(1));
    /// assert_eq!(converters.convert(&Value::from("2"), FieldType::Integer)?, Value::from(2)); // by the table
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    pub fn register(
        &mut self,
        to: FieldType,
        converter: impl Fn(&Value) -> Result<Option<Value>> + Send + Sync + 'static,
    ) {
        Arc::make_mut(&mut self.custom).converters.push((to, Arc::new(converter)));
    }

    /// Adds a detector. It is asked before the built-in rule and before detectors that were
    /// registered earlier; `None` passes the value on to them.
    ///
    /// ```
    /// use dataknobs_data_core::{Converters, DateTime, FieldType, Value};
    /// let mut converters = Converters::new();
    /// converters.register_detector(|value| {
    ///     value.as_str().is_some_and(|text| DateTime::parse(text).is_ok()).then_some(FieldType::DateTime)
    /// });
    /// assert_eq!(converters.detect(&Value::from("2024-05-01")), FieldType::DateTime);
    /// assert_eq!(converters.detect(&Value::from("May")), FieldType::String);
    /// ```
    pub fn register_detector(&mut self, detector: impl Fn(&Value) -> Option<FieldType> + Send + Sync + 'static) {
        Arc::make_mut(&mut self.custom).detectors.push(Arc::new(detector));
    }

    /// The type of a value that comes without one: what a registered detector says, else
    /// [`FieldType::detect`].
    ///
    /// ```
    /// use dataknobs_data_core::{Converters, FieldType, Value};
    /// assert_eq!(Converters::new().detect(&Value::from(1.5)), FieldType::Float);
    /// ```
    pub fn detect(&self, value: &Value) -> FieldType {
        let custom = self.custom.detectors.iter().rev().find_map(|detector| detector(value));
        custom.unwrap_or_else(|| FieldType::detect(value))
    }

    /// The value as this type holds it.
    ///
    /// ```
    /// use dataknobs_data_core::{Converters, FieldType, Value};
    /// let converters = Converters::new();
    /// assert_eq!(converters.convert(&Value::from(1.5), FieldType::String)?, Value::from("1.5"));
    /// assert!(converters.convert(&Value::from(1.5), FieldType::Integer).is_err());
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`InvalidRecord`](crate::ErrorKind::InvalidRecord) that names the value's kind and the
    /// target, never the value; what a registered converter answers when it fails; and when it
    /// gives a value that the type does not hold.
    pub fn convert(&self, value: &Value, to: FieldType) -> Result<Value> {
        if value.is_null() {
            return Ok(Value::Null);
        }
        for (target, converter) in self.custom.converters.iter().rev() {
            if *target != to {
                continue;
            }
            if let Some(converted) = converter(value)? {
                converted.validate()?;
                if !to.holds(&converted) {
                    return Err(Error::invalid_record("a registered converter gave a value of another type")
                        .with_context("value", converted.kind_name())
                        .with_context("type", to));
                }
                return Ok(converted);
            }
        }
        table::convert(value, to)
    }

    /// The value as this type holds it, for the field of this name.
    ///
    /// # Errors
    /// As [`Converters::convert`], with the field's name.
    ///
    /// ```
    /// use dataknobs_data_core::{Converters, FieldType, Value};
    /// let error = Converters::new().convert_field("age", &Value::from("old"), FieldType::Integer).unwrap_err();
    /// assert_eq!(
    ///     error.to_string(),
    ///     "invalid record: the text is not a whole number of 64 bits (value: string, type: INTEGER, field: `age`)"
    /// );
    /// ```
    pub fn convert_field(&self, name: &str, value: &Value, to: FieldType) -> Result<Value> {
        self.convert(value, to).map_err(|error| error.with_context("field", format!("`{}`", name.escape_debug())))
    }

    /// A field of the detected type, its value converted to it.
    ///
    /// ```
    /// use dataknobs_data_core::{Converters, FieldType};
    /// let field = Converters::new().field("age", 36)?;
    /// assert_eq!((field.name.as_str(), field.field_type), ("age", FieldType::Integer));
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Converters::convert_field`], when a registered detector names a type that the value
    /// does not convert to.
    pub fn field(&self, name: impl Into<Str>, value: impl Into<Value>) -> Result<Field> {
        let (name, value) = (name.into(), value.into());
        let field_type = self.detect(&value);
        let value = self.convert_field(&name, &value, field_type)?;
        Ok(Field::new(name, value).with_type(field_type))
    }

    /// Gives a record's field another type and converts its value; it keeps its place and its
    /// metadata. False when there is no such field.
    ///
    /// ```
    /// use dataknobs_data_core::{Converters, FieldType, record};
    /// let mut record = record! { "age": "36" }?;
    /// assert!(Converters::new().convert_in(&mut record, "age", FieldType::Integer)?);
    /// assert_eq!(record["age"].as_integer(), Some(36));
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Converters::convert_field`]; the record then stays as it was.
    pub fn convert_in(&self, record: &mut Record, name: &str, to: FieldType) -> Result<bool> {
        let Some(field) = record.field(name) else { return Ok(false) };
        let mut field = field.to_field();
        field.value = self.convert_field(name, &field.value, to)?;
        field.field_type = to;
        record.set_field(field)?;
        Ok(true)
    }
}

impl Record {
    /// Gives a field another type and converts its value by the table of [`Converters`]; the field
    /// keeps its place and its metadata. False when there is no such field.
    ///
    /// # Errors
    /// [`InvalidRecord`](crate::ErrorKind::InvalidRecord) when the value has no form in that type;
    /// the record then stays as it was.
    ///
    /// ```
    /// use dataknobs_data_core::{FieldType, Value, record};
    /// let mut record = record! { "age": "36", "name": "Ada" }?;
    /// assert!(record.convert_field("age", FieldType::Integer)?);
    /// assert_eq!(record[0], Value::from(36));
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    pub fn convert_field(&mut self, name: &str, to: FieldType) -> Result<bool> {
        Converters::new().convert_in(self, name, to)
    }
}

impl fmt::Debug for Converters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let targets: Vec<_> = self.custom.converters.iter().map(|(to, _)| to).collect();
        f.debug_struct("Converters")
            .field("converters", &targets)
            .field("detectors", &self.custom.detectors.len())
            .finish()
    }
}
