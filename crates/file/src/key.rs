//! Where a file's ids come from, and what ids it can hold.

use dataknobs_data_core::{DateTime, Error, Field, FieldType, IdOrder, Record, RecordId, Result, Str, Value};

use crate::format::json_record::Assembler;
use crate::format::json_row::Row;

/// Where ids come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum KeySource {
    /// The member or column `_id`, which is ours and no field.
    Own,
    /// A field, which stays one.
    Field(Str),
    /// The number of the row, from 1; the first write makes it an `_id`.
    Ordinal,
}

/// The key of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Key {
    pub(crate) source: KeySource,
    /// The type of every key. STRING stands for "any scalar, by its text form".
    pub(crate) field_type: FieldType,
}

impl Key {
    /// The key of files that we make.
    pub(crate) fn own() -> Self {
        Key { source: KeySource::Own, field_type: FieldType::String }
    }

    pub(crate) fn ordinal() -> Self {
        Key { source: KeySource::Ordinal, field_type: FieldType::Integer }
    }

    pub(crate) fn field(name: Str, field_type: FieldType) -> Self {
        Key { source: KeySource::Field(name), field_type }
    }

    /// The key once the ids are written: ordinals have become an `_id`.
    pub(crate) fn once_written(&self) -> Self {
        match self.source {
            KeySource::Ordinal => Key { source: KeySource::Own, field_type: FieldType::Integer },
            _ => self.clone(),
        }
    }

    /// The field that holds the key, if one does.
    pub(crate) fn field_name(&self) -> Option<&Str> {
        if let KeySource::Field(name) = &self.source { Some(name) } else { None }
    }

    /// The name under which the key stands in the file.
    pub(crate) fn name(&self) -> &str {
        self.field_name().map_or("_id", Str::as_str)
    }

    pub(crate) fn is_integer(&self) -> bool {
        self.field_type == FieldType::Integer
    }

    pub(crate) fn id_order(&self) -> IdOrder {
        if self.is_integer() { IdOrder::Numeric } else { IdOrder::CodePoint }
    }

    fn damage(&self, message: &'static str) -> Error {
        Error::corrupt(message).with_context("field", format!("`{}`", self.name().escape_debug()))
    }

    /// The id that a key's value means.
    pub(crate) fn id_of(&self, value: &Value) -> Result<RecordId> {
        if self.is_integer() && !matches!(value, Value::Integer(_) | Value::Null) {
            return Err(self
                .damage("a key is not an integer, unlike those of the rows before it")
                .with_hint("raise `infer_rows` above this row's number to read all keys as text"));
        }
        match text_form(value) {
            Some(text) => RecordId::new(text)
                .map_err(|error| error.with_context("field", format!("`{}`", self.name().escape_debug()))),
            None if value.is_null() => Err(self.no_key()),
            None => Err(self
                .damage("a key must be a single value, not an array, object or bytes")
                .with_hint("name another field with `id_field`, or set it to nothing to number the rows")),
        }
    }

    /// The error for a row without a key.
    pub(crate) fn no_key(&self) -> Error {
        let error = self.damage("a row has no key");
        match self.source {
            KeySource::Field(_) => {
                error.with_hint("name another field with `id_field`, or set it to nothing to number the rows")
            }
            _ => error,
        }
    }

    /// The error for a key that stands twice.
    pub(crate) fn twice(&self, first: Option<u64>, line: u64) -> Error {
        let lines = match first {
            Some(first) => format!("{first} and {line}"),
            None => line.to_string(),
        };
        let error = self.damage("a key stands twice").with_context("lines", lines);
        match self.source {
            KeySource::Field(_) => {
                error.with_hint("name another field with `id_field`, or set it to nothing to number the rows")
            }
            _ => error,
        }
    }

    /// The key's value for an id; none when the key's type cannot hold it.
    pub(crate) fn value_of(&self, id: &str) -> Option<Value> {
        let value = match self.field_type {
            FieldType::Integer => Value::Integer(id.parse().ok()?),
            FieldType::Float => Value::Float(id.parse().ok().filter(|float: &f64| float.is_finite())?),
            FieldType::Boolean => Value::Boolean(id.parse().ok()?),
            FieldType::DateTime => Value::DateTime(DateTime::parse(id).ok()?),
            _ => return Some(Value::from(id)),
        };
        // `007` is no text form of the integer 7.
        (text_form(&value)? == id).then_some(value)
    }

    /// Whether the key can hold this id.
    pub(crate) fn holds(&self, id: &str) -> bool {
        self.holds_any() || self.value_of(id).is_some()
    }

    /// Whether the key can hold every id.
    fn holds_any(&self) -> bool {
        use FieldType::{Boolean, DateTime, Float, Integer};
        !matches!(self.field_type, Integer | Float | Boolean | DateTime)
    }

    /// The record of a JSON row, with its id.
    pub(crate) fn record_of(&self, mut row: Row, number: u64, assembler: &mut Assembler) -> Result<Record> {
        let own = row.id.take();
        if own.is_some() && self.source != KeySource::Own {
            return Err(Error::corrupt("a row has an `_id`, unlike the first"));
        }
        let mut record = assembler.record(row)?;
        let id = match &self.source {
            KeySource::Own => self.id_of(&own.ok_or_else(|| self.no_key())?)?,
            KeySource::Field(name) => self.id_of(record.get(name).ok_or_else(|| self.no_key())?)?,
            KeySource::Ordinal => ordinal_id(number),
        };
        record.set_id(id);
        Ok(record)
    }

    /// Makes a record what is to be stored under this id: with the key in its field.
    ///
    /// # Errors
    /// InvalidRecord when the key cannot hold the id, or the record's key field says another.
    #[inline]
    pub(crate) fn complete(&self, id: &RecordId, record: &mut Record) -> Result<()> {
        match self.source {
            KeySource::Own if self.holds_any() => Ok(()),
            _ => self.complete_field(id, record),
        }
    }

    fn complete_field(&self, id: &RecordId, record: &mut Record) -> Result<()> {
        let Some(value) = self.value_of(id) else {
            return Err(Error::invalid_record("the file's key cannot hold this id")
                .with_context("field", format!("`{}`", self.name().escape_debug()))
                .with_context("type", self.field_type));
        };
        let Some(name) = self.field_name() else { return Ok(()) };
        let disagree = || {
            Error::invalid_record("the id and the key field of the record disagree")
                .with_context("field", format!("`{}`", name.escape_debug()))
        };
        match record.field(name) {
            Some(field) if field.value().is_null() => {
                let mut field = field.to_field();
                field.field_type = value.field_type();
                field.value = value;
                record.set_field(field)?;
            }
            Some(field) => {
                let same_type = self.field_type == FieldType::String || self.field_type.holds(field.value());
                if !same_type || text_form(field.value()).as_deref() != Some(id.as_str()) {
                    return Err(disagree());
                }
            }
            None => {
                let mut fields = vec![Field::new(name.clone(), value)];
                fields.extend(record.fields().map(|field| field.to_field()));
                let mut completed = Record::from_fields(fields)?;
                if !record.metadata().is_empty() {
                    completed.set_metadata(record.metadata().clone())?;
                }
                *record = completed;
            }
        }
        Ok(())
    }

    /// The id that a record without one says in its key field.
    pub(crate) fn id_in(&self, record: &Record) -> Result<Option<RecordId>> {
        match self.field_name().and_then(|name| record.get(name)) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => match text_form(value) {
                Some(text) => RecordId::new(text).map(Some),
                None => Err(Error::invalid_record("a key must be a single value")
                    .with_context("field", format!("`{}`", self.name().escape_debug()))),
            },
        }
    }
}

/// The id of a row by its number.
pub(crate) fn ordinal_id(number: u64) -> RecordId {
    RecordId::new(number.to_string()).unwrap_or_else(|_| RecordId::generate())
}

/// A scalar as an id.
fn text_form(value: &Value) -> Option<Str> {
    use std::fmt::Write as _;
    let mut text = smol(value)?;
    if let Value::Float(float) = value {
        let mut digits = String::new();
        let _ = write!(digits, "{float:?}");
        text = digits.into();
    }
    Some(text)
}

fn smol(value: &Value) -> Option<Str> {
    Some(match value {
        Value::String(text) => text.clone(),
        Value::Integer(number) => number.to_string().into(),
        Value::Boolean(true) => Str::new_static("true"),
        Value::Boolean(false) => Str::new_static("false"),
        Value::DateTime(time) => time.to_string().into(),
        Value::Float(_) => Str::default(),
        Value::Null | Value::Json(_) | Value::Binary(_) => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use dataknobs_data_core::{ErrorKind, record};

    #[test]
    fn ids_and_values_correspond() {
        let integer = Key::field("n".into(), FieldType::Integer);
        assert_eq!(integer.value_of("-7"), Some(Value::from(-7)));
        for id in ["007", "+7", "x", "9223372036854775808", "7.0", "-0"] {
            assert!(!integer.holds(id), "{id}");
        }
        let float = Key::field("n".into(), FieldType::Float);
        assert!(float.holds("1.5") && !float.holds("1.50") && !float.holds("inf"));
        assert!(Key::field("n".into(), FieldType::Boolean).holds("true"));
        assert!(Key::field("n".into(), FieldType::DateTime).holds("2024-01-01T00:00:00Z"));
        assert!(Key::own().holds("007"));
    }

    #[test]
    fn the_key_field_is_filled_in_or_must_agree() {
        let key = Key::field("n".into(), FieldType::Integer);
        let seven = RecordId::new("7").unwrap();
        let completed = |id: &RecordId, record: Result<Record>| {
            let mut record = record?;
            key.complete(id, &mut record).map(|()| record)
        };
        assert_eq!(completed(&seven, record! { "a": 1 }).unwrap(), record! { "n": 7, "a": 1 }.unwrap());
        assert_eq!(completed(&seven, record! { "a": 1, "n": () }).unwrap()["n"], Value::from(7));
        for record in [record! { "n": 8 }, record! { "n": "7" }] {
            assert_eq!(completed(&seven, record).unwrap_err().kind(), ErrorKind::InvalidRecord);
        }
        let other = RecordId::new("x").unwrap();
        assert_eq!(completed(&other, Ok(Record::new())).unwrap_err().kind(), ErrorKind::InvalidRecord);
        assert_eq!(key.id_in(&record! { "n": 7 }.unwrap()).unwrap(), Some(seven));
    }
}
