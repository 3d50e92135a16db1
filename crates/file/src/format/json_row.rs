//! One row of a JSON file: a flat object whose members are the record's fields, `_id` and `_meta`.

use std::fmt;
use std::sync::Arc;

use dataknobs_data_core::{Error, Result, Str, Value, plain_json};
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
    /// The member `_meta`.
    pub(crate) meta: Option<Json>,
    notes: Notes,
}

/// What is wrong with a row that is JSON nevertheless.
#[derive(Debug, Default)]
pub(super) struct Notes {
    repeated: Option<String>,
    too_large: Option<String>,
    /// A float that is large, or minus zero, may be an integer in the text.
    odd_float: bool,
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
pub(super) struct Path<'a> {
    pub(super) notes: &'a mut Notes,
    pub(super) field: &'a str,
}

impl Path<'_> {
    pub(super) fn note_float(&mut self, float: f64) {
        self.notes.odd_float |= float.abs() >= INTEGER_LIMIT || (float == 0.0 && float.is_sign_negative());
    }

    pub(super) fn note_too_large(&mut self) {
        self.notes.too_large.get_or_insert_with(|| self.field.to_owned());
    }
}

/// A member's value; arrays and objects become JSON documents.
pub(super) struct FieldValue<'a, 'b>(pub(super) &'a mut Path<'b>);

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
pub(super) struct Document<'a, 'b>(pub(super) &'a mut Path<'b>);

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
    let parse = |text: &[u8], notes: &mut Notes| {
        let mut deserializer = serde_json::Deserializer::from_slice(text);
        Document(&mut Path { notes, field })
            .deserialize(&mut deserializer)
            .and_then(|document| deserializer.end().map(|()| document))
            .map_err(|error| Error::corrupt("not JSON").with_source(error))
    };
    let mut notes = Notes::default();
    let document = parse(text.as_bytes(), &mut notes)?;
    match notes.settle(text.as_bytes())? {
        None => Ok(document),
        Some(text) => parse(&text, &mut Notes::default()),
    }
}

impl Notes {
    pub(super) fn is_empty(&self) -> bool {
        self.repeated.is_none() && self.too_large.is_none() && !self.odd_float
    }

    /// Reports what is wrong; `text` is what the row was read from. Gives another text to read
    /// instead where an integer was read as a float.
    fn settle(&self, text: &[u8]) -> Result<Option<Vec<u8>>> {
        let field = |name: &str| format!("`{}`", name.escape_debug());
        let too_large = |name: &str| {
            Error::invalid_record("an integer is outside the 64-bit range").with_context("field", field(name))
        };
        if let Some(name) = &self.repeated {
            return Err(Error::corrupt("a name stands twice in one object").with_context("field", field(name)));
        }
        if let Some(name) = &self.too_large {
            return Err(too_large(name));
        }
        if !self.odd_float {
            return Ok(None);
        }
        let odd = dataknobs_data_core::OddIntegers::find(text);
        if let Some((_, name)) = &odd.too_large {
            return Err(too_large(name));
        }
        Ok(odd.without_negative_zeros(text))
    }
}

impl Row {
    /// The row once more, with its integers as such, or what is wrong with it although it is JSON;
    /// `text` is what it was read from.
    pub(crate) fn settle(self, text: &[u8]) -> Result<Row> {
        match self.notes.settle(text)? {
            None => Ok(self),
            Some(text) => serde_json::from_slice(&text).map_err(|error| Error::corrupt("not JSON").with_source(error)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::json_record::Assembler;
    use dataknobs_data_core::{ErrorKind, Record};

    fn read(text: &str) -> Result<Record> {
        let row: Row = serde_json::from_str(text).unwrap();
        Assembler::default().record(row.settle(text.as_bytes())?)
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
    fn minus_zero_is_an_integer_unless_it_is_written_as_a_float() {
        let record = read(r#"{"a": -0, "b": -0.0, "c": "-0", "d": [-0, -0e0]}"#).unwrap();
        assert_eq!(record["a"], Value::from(0));
        assert_eq!(record["b"], Value::from(-0.0));
        assert_eq!(record["c"], Value::from("-0"));
        assert_eq!(record["d"].as_json().unwrap().to_string(), "[0,-0.0]");
        assert_eq!(parse_document("[-0]", "x").unwrap().to_string(), "[0]");
    }
}
