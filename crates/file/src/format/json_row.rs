//! One row of a JSON file: a flat object whose members are the record's fields, `_id` and `_meta`.

use std::fmt;
use std::sync::Arc;

use dataknobs_data_core::{
    DocumentMeta, Error, Field, Metadata, Record, Result, Shape, Str, Value, plain_json, value_from_plain,
};
use serde::de::{Deserialize, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value as Json};

/// Integers from here on are outside the 64-bit range, and serde_json gives them as floats.
const INTEGER_LIMIT: f64 = 9_223_372_036_854_775_808.0;

/// A row as it stands in the file.
#[derive(Debug, Default)]
pub(crate) struct Row {
    /// The member `_id`.
    pub(crate) id: Option<Value>,
    /// All other members but `_meta`.
    pub(crate) fields: Vec<(Str, Value)>,
    meta: Option<Json>,
    notes: Notes,
}

/// What is wrong with a row that is JSON nevertheless.
#[derive(Debug, Default)]
struct Notes {
    repeated: Option<String>,
    too_large: Option<String>,
    /// A float that large may be an integer in the text.
    large_float: bool,
}

impl<'de> Deserialize<'de> for Row {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct RowVisitor;

        impl<'de> Visitor<'de> for RowVisitor {
            type Value = Row;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Row, A::Error> {
                let mut row = Row::default();
                while let Some(name) = members.next_key::<Str>()? {
                    let mut path = Path { notes: &mut row.notes, field: &name };
                    let value = members.next_value_seed(FieldValue(&mut path))?;
                    match name.as_str() {
                        "_id" if row.id.is_none() => row.id = Some(value),
                        "_meta" if row.meta.is_none() => row.meta = Some(plain_json(&value)),
                        "_id" | "_meta" => row.notes.repeated = Some(name.to_string()),
                        _ => row.fields.push((name, value)),
                    }
                }
                Ok(row)
            }
        }

        deserializer.deserialize_map(RowVisitor)
    }
}

/// Where values are read for, to name the field in notes.
struct Path<'a> {
    notes: &'a mut Notes,
    field: &'a str,
}

impl Path<'_> {
    fn note_float(&mut self, float: f64) {
        self.notes.large_float |= float.abs() >= INTEGER_LIMIT;
    }

    fn note_too_large(&mut self) {
        self.notes.too_large.get_or_insert_with(|| self.field.to_owned());
    }
}

/// A member's value; arrays and objects become JSON documents.
struct FieldValue<'a, 'b>(&'a mut Path<'b>);

impl<'de> DeserializeSeed<'de> for FieldValue<'_, '_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for FieldValue<'_, '_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Boolean(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Integer(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(match i64::try_from(value) {
            Ok(value) => Value::Integer(value),
            Err(_) => {
                self.0.note_too_large();
                Value::Null
            }
        })
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        self.0.note_float(value);
        Ok(Value::Float(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<Value, A::Error> {
        Document(self.0).visit_seq(items).map(|document| Value::Json(Arc::new(document)))
    }

    fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<Value, A::Error> {
        Document(self.0).visit_map(members).map(|document| Value::Json(Arc::new(document)))
    }
}

/// A JSON document that notes repeated keys, which serde_json's own would drop.
struct Document<'a, 'b>(&'a mut Path<'b>);

impl<'de> DeserializeSeed<'de> for Document<'_, '_> {
    type Value = Json;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Json, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Document<'_, '_> {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Json, E> {
        Ok(Json::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Json, E> {
        Ok(Json::from(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Json, E> {
        if i64::try_from(value).is_err() {
            self.0.note_too_large();
        }
        Ok(Json::from(value))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Json, E> {
        self.0.note_float(value);
        Ok(Json::from(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Json, E> {
        Ok(Json::from(value))
    }

    fn visit_string<E>(self, value: String) -> Result<Json, E> {
        Ok(Json::from(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Json, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(Document(self.0))? {
            list.push(item);
        }
        Ok(Json::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Json, A::Error> {
        let mut map = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            let value = members.next_value_seed(Document(self.0))?;
            if map.contains_key(&name) {
                self.0.notes.repeated.get_or_insert_with(|| format!("{} … {name}", self.0.field));
            }
            map.insert(name, value);
        }
        Ok(Json::Object(map))
    }
}

/// A JSON document out of a cell, by the same rules.
pub(crate) fn parse_document(text: &str, field: &str) -> Result<Json> {
    let mut notes = Notes::default();
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let mut path = Path { notes: &mut notes, field };
    let document = Document(&mut path)
        .deserialize(&mut deserializer)
        .and_then(|document| deserializer.end().map(|()| document))
        .map_err(|error| Error::corrupt("not JSON").with_source(error))?;
    notes.check(text.as_bytes())?;
    Ok(document)
}

impl Notes {
    /// Reports what is wrong; `text` is what the row was read from.
    fn check(&self, text: &[u8]) -> Result<()> {
        let field = |name: &str| format!("`{}`", name.escape_debug());
        if let Some(name) = &self.repeated {
            return Err(Error::corrupt("a name stands twice in one object").with_context("field", field(name)));
        }
        let too_large = match &self.too_large {
            Some(name) => Some(field(name)),
            None if self.large_float => find_large_integer(text).map(|name| field(&name)),
            None => None,
        };
        match too_large {
            Some(name) => {
                Err(Error::invalid_record("an integer is outside the 64-bit range").with_context("field", name))
            }
            None => Ok(()),
        }
    }
}

/// The member of a row, or of a document, in whose value an integer outside the 64-bit range
/// stands. The text is valid JSON.
fn find_large_integer(text: &[u8]) -> Option<String> {
    let mut depth = 0_usize;
    let mut name = String::new();
    let mut position = 0;
    while position < text.len() {
        match text[position] {
            b'"' => {
                let start = position;
                position += 1;
                while position < text.len() && text[position] != b'"' {
                    position += if text[position] == b'\\' { 2 } else { 1 };
                }
                position += 1;
                let after = text.get(position..).unwrap_or_default();
                let is_name = after.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b':');
                if depth <= 1 && is_name {
                    name = serde_json::from_slice(&text[start..position]).unwrap_or_default();
                }
            }
            b'{' | b'[' => {
                depth += 1;
                position += 1;
            }
            b'}' | b']' => {
                depth = depth.saturating_sub(1);
                position += 1;
            }
            b'-' | b'0'..=b'9' => {
                let length = text[position..]
                    .iter()
                    .take_while(|byte| matches!(byte, b'-' | b'+' | b'.' | b'e' | b'E' | b'0'..=b'9'))
                    .count();
                let number = &text[position..position + length];
                let is_integer = number.iter().all(|byte| matches!(byte, b'-' | b'0'..=b'9'));
                if is_integer && std::str::from_utf8(number).is_ok_and(|number| number.parse::<i64>().is_err()) {
                    return Some(name);
                }
                position += length;
            }
            _ => position += 1,
        }
    }
    None
}

/// Makes records of rows; remembers the shape of the last one, since most rows are alike.
#[derive(Debug, Default)]
pub(crate) struct Assembler {
    shape: Option<Shape>,
}

impl Row {
    /// What is wrong with the row although it is JSON; `text` is what it was read from.
    pub(crate) fn check(&self, text: &[u8]) -> Result<()> {
        self.notes.check(text)
    }
}

impl Assembler {
    /// The record of a row, without its id.
    pub(crate) fn record(&mut self, row: Row) -> Result<Record> {
        match row.meta {
            None => self.plain(row.fields),
            Some(Json::Object(meta)) => with_meta(row.fields, DocumentMeta::from_json(&meta)?),
            Some(_) => Err(Error::corrupt("the member `_meta` is not an object")
                .with_hint("the name is reserved for what plain JSON cannot say about a record")),
        }
    }

    fn plain(&mut self, fields: Vec<(Str, Value)>) -> Result<Record> {
        if let Some(shape) = &self.shape {
            let same = shape.len() == fields.len()
                && shape
                    .fields()
                    .iter()
                    .zip(&fields)
                    .all(|((name, kind), (field, value))| name == field && *kind == value.field_type());
            if same {
                return Record::from_shape(shape, fields.into_iter().map(|(_, value)| value).collect());
            }
        }
        let names: Vec<Str> = fields.iter().map(|(name, _)| name.clone()).collect();
        let record = Record::from_pairs(fields).map_err(|error| repeated_or(error, &names))?;
        self.shape = Some(record.shape().clone());
        Ok(record)
    }
}

fn with_meta(fields: Vec<(Str, Value)>, mut meta: DocumentMeta) -> Result<Record> {
    let names: Vec<Str> = fields.iter().map(|(name, _)| name.clone()).collect();
    let fields = fields
        .into_iter()
        .map(|(name, value)| {
            let declared = meta.types.iter().find(|(field, _)| *field == name).map(|(_, kind)| *kind);
            let value = match declared {
                Some(kind) if !kind.holds(&value) => value_from_plain(plain_json(&value), declared)
                    .map_err(|error| error.with_context("field", format!("`{}`", name.escape_debug())))?,
                _ => value,
            };
            let metadata = match meta.fields.iter().position(|(field, _)| *field == name) {
                Some(found) => meta.fields.swap_remove(found).1,
                None => Metadata::new(),
            };
            Ok(Field { field_type: declared.unwrap_or_else(|| value.field_type()), name, value, metadata })
        })
        .collect::<Result<Vec<_>>>()?;
    let mut record = Record::from_fields(fields).map_err(|error| repeated_or(error, &names))?;
    if !meta.record.is_empty() {
        record.set_metadata(meta.record)?;
    }
    Ok(record)
}

/// A name that stands twice is damage; other mistakes are what the data model does not hold.
fn repeated_or(error: Error, names: &[Str]) -> Error {
    let mut seen = std::collections::HashSet::new();
    match names.iter().find(|name| !seen.insert(name.as_str())) {
        Some(name) => Error::corrupt("a name stands twice in one object")
            .with_context("field", format!("`{}`", name.escape_debug())),
        None => error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dataknobs_data_core::ErrorKind;

    fn read(text: &str) -> Result<Record> {
        let row: Row = serde_json::from_str(text).unwrap();
        row.check(text.as_bytes())?;
        Assembler::default().record(row)
    }

    #[test]
    fn integers_outside_the_range_name_their_field() {
        for (text, field) in [
            (r#"{"a": 1, "b": 9223372036854775808}"#, "`b`"),
            (r#"{"a": -9223372036854775809}"#, "`a`"),
            (r#"{"s": "\"99999999999999999999", "a": {"x": [1e300, 99999999999999999999]}}"#, "`a`"),
            (r#"{"a": [18446744073709551615]}"#, "`a`"),
        ] {
            let error = read(text).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidRecord);
            assert_eq!(error.context_value("field"), Some(field), "{text}");
        }
        assert!(read(r#"{"a": 9223372036854775807, "b": -9223372036854775808, "c": 1e300}"#).is_ok());
    }

    #[test]
    fn repeated_names_are_damage_at_every_depth() {
        for text in [
            r#"{"a": 1, "a": 2}"#,
            r#"{"a": {"b": 1, "b": 2}}"#,
            r#"{"_id": "1", "_id": "2"}"#,
            r#"{"a": 1, "a": 2, "_meta": {}}"#,
        ] {
            assert_eq!(read(text).unwrap_err().kind(), ErrorKind::Corrupt, "{text}");
        }
    }

    #[test]
    fn metadata_restores_types() {
        let record = read(r#"{"a": "AQI=", "b": null, "_meta": {"types": {"a": "BINARY", "b": "FLOAT"}}}"#).unwrap();
        assert_eq!(record["a"].as_binary(), Some(&[1, 2][..]));
        assert!(read(r#"{"a": "x", "_meta": {"types": {"a": "INTEGER"}}}"#).is_err());
        assert!(read(r#"{"a": "x", "_meta": 1}"#).is_err());
    }
}
