//! From `data` and `meta` to a record.

use std::cell::RefCell;
use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use dataknobs_data_core::{
    DateTime, DocumentMeta, Error, Field, FieldType, OddIntegers, Record, Result, Shape, Str, Value,
};
use serde::Deserializer as _;
use serde::de::{DeserializeSeed, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value as Json};

use super::PLACES;
use super::text::decode;

/// Floats from here on may be integers that are too large.
const WIDEST: f64 = 9.2e18;

thread_local! {
    static READER: RefCell<DocumentReader> = RefCell::default();
}

/// Reads one record, when there are no others to read with it.
pub(crate) fn with_reader<T>(read: impl FnOnce(&mut DocumentReader) -> T) -> T {
    READER.with_borrow_mut(read)
}

/// Reads records, and remembers the last shape.
#[derive(Default)]
pub(crate) struct DocumentReader {
    shape: Option<Shape>,
}

impl DocumentReader {
    pub(crate) fn read(&mut self, data: &[u8], meta: Option<&[u8]>, order: Option<&[u8]>) -> Result<Record> {
        let mut pairs = members_of(data)?;
        if let Some(order) = order {
            pairs = in_order(pairs, order);
        }
        let Some(meta) = meta else { return self.plain(pairs) };
        let Json::Object(mut meta) = json_of(meta)? else { return Err(odd("meta")) };
        meta.remove("instants");
        if meta.is_empty() {
            return self.plain(pairs);
        }
        let mut meta = DocumentMeta::from_json(&meta)?;
        if meta.fields.is_empty() {
            let types = std::mem::take(&mut meta.types);
            let mut record = self.typed(pairs, &types)?;
            if !meta.record.is_empty() {
                record.set_metadata(meta.record)?;
            }
            return Ok(record);
        }
        with_metadata(pairs, meta)
    }

    fn plain(&mut self, pairs: Vec<(Str, Value)>) -> Result<Record> {
        self.typed(pairs, &[])
    }

    fn typed(&mut self, pairs: Vec<(Str, Value)>, types: &[(String, FieldType)]) -> Result<Record> {
        let mut names = Vec::with_capacity(pairs.len());
        let mut values = Vec::with_capacity(pairs.len());
        for (name, value) in pairs {
            let (value, field_type) = with_type(&name, value, types)?;
            names.push((name, field_type));
            values.push(value);
        }
        let shape = match &self.shape {
            Some(shape) if shape.fields() == names => shape.clone(),
            _ => self.shape.insert(Shape::new(names)?).clone(),
        };
        Record::with_shape(shape, values)
    }
}

fn with_metadata(pairs: Vec<(Str, Value)>, mut meta: DocumentMeta) -> Result<Record> {
    let mut fields = Vec::with_capacity(pairs.len());
    for (name, value) in pairs {
        let (value, field_type) = with_type(&name, value, &meta.types)?;
        let metadata = match meta.fields.iter().position(|(field, _)| *field == name.as_str()) {
            Some(found) => meta.fields.swap_remove(found).1,
            None => Map::new(),
        };
        fields.push(Field { name, value, field_type, metadata });
    }
    let mut record = Record::from_fields(fields)?;
    if !meta.record.is_empty() {
        record.set_metadata(meta.record)?;
    }
    Ok(record)
}

/// One value out of the database: its JSON text, and its recorded type.
pub(crate) fn value_of(text: &[u8], recorded: Option<&str>) -> Result<Value> {
    let mut wide = false;
    let mut parser = serde_json::Deserializer::from_slice(text);
    let value = Top { wide: &mut wide }
        .deserialize(&mut parser)
        .map_err(|error| odd("data").with_context("column", error.column()))?;
    refuse_wide(text, wide)?;
    let declared = recorded.map(|name| name.parse::<FieldType>().map_err(|_| odd("types"))).transpose()?;
    let types: Vec<(String, FieldType)> = declared.map(|declared| (String::new(), declared)).into_iter().collect();
    Ok(with_type("", value, &types)?.0)
}

fn odd(part: &str) -> Error {
    Error::corrupt("a row is not of the documented form").with_context("part", part)
}

/// The value under its recorded type, or under the one that it shows.
fn with_type(name: &str, value: Value, types: &[(String, FieldType)]) -> Result<(Value, FieldType)> {
    let Some(declared) = types.iter().find(|(field, _)| field == name).map(|(_, declared)| *declared) else {
        let shown = value.field_type();
        return Ok((value, shown));
    };
    let value = match (declared, value) {
        (FieldType::DateTime, Value::String(text)) => DateTime::parse(&text).ok().map(Value::DateTime),
        (FieldType::Binary, Value::String(text)) => STANDARD.decode(&*text).ok().map(Value::from),
        (FieldType::Float, Value::Integer(integer)) => Some(Value::Float(integer as f64)),
        (declared, value) => declared.holds(&value).then_some(value),
    };
    match value {
        Some(value) => Ok((value, declared)),
        None => Err(Error::corrupt("a stored value is not of its recorded type")
            .with_context("field", format!("`{}`", name.escape_debug()))
            .with_context("type", declared)),
    }
}

/// The fields in the order that was recorded; as they are stored where it does not fit.
fn in_order(pairs: Vec<(Str, Value)>, order: &[u8]) -> Vec<(Str, Value)> {
    let places: Option<Vec<usize>> = if pairs.len() <= PLACES.len() {
        order.iter().map(|place| PLACES.binary_search(place).ok()).collect()
    } else {
        std::str::from_utf8(order).ok().and_then(|order| order.split(' ').map(|place| place.parse().ok()).collect())
    };
    let Some(places) = places.filter(|places| places.len() == pairs.len()) else { return pairs };
    let mut seen = vec![false; pairs.len()];
    for place in &places {
        match seen.get_mut(*place) {
            Some(seen) if !*seen => *seen = true,
            _ => return pairs,
        }
    }
    let mut stored: Vec<Option<(Str, Value)>> = pairs.into_iter().map(Some).collect();
    places.into_iter().filter_map(|place| stored[place].take()).collect()
}

fn members_of(text: &[u8]) -> Result<Vec<(Str, Value)>> {
    let mut wide = false;
    let mut parser = serde_json::Deserializer::from_slice(text);
    let members = parser
        .deserialize_map(Members { wide: &mut wide })
        .map_err(|error| odd("data").with_context("column", error.column()))?;
    refuse_wide(text, wide)?;
    Ok(members)
}

/// A JSON document out of the database.
pub(crate) fn json_of(text: &[u8]) -> Result<Json> {
    let mut wide = false;
    let mut parser = serde_json::Deserializer::from_slice(text);
    let document = Document { wide: &mut wide }
        .deserialize(&mut parser)
        .map_err(|error| odd("meta").with_context("column", error.column()))?;
    refuse_wide(text, wide)?;
    Ok(document)
}

/// Only a number that looks too large makes a second look worth its time.
fn refuse_wide(text: &[u8], wide: bool) -> Result<()> {
    match wide.then(|| OddIntegers::find(text).too_large).flatten() {
        Some((_, member)) => Err(Error::corrupt("a stored integer is outside the 64-bit range")
            .with_context("field", format!("`{}`", member.escape_debug()))),
        None => Ok(()),
    }
}

struct Members<'a> {
    wide: &'a mut bool,
}

impl<'de> Visitor<'de> for Members<'_> {
    type Value = Vec<(Str, Value)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = Vec::with_capacity(8);
        while let Some(name) = map.next_key_seed(Name)? {
            let value = map.next_value_seed(Top { wide: self.wide })?;
            members.push((name, value));
        }
        Ok(members)
    }
}

struct Name;

impl<'de> DeserializeSeed<'de> for Name {
    type Value = Str;

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<Str, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Name {
    type Value = Str;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_str<E>(self, text: &str) -> Result<Str, E> {
        Ok(decode(text).as_ref().into())
    }
}

/// A value at the top of a document.
struct Top<'a> {
    wide: &'a mut bool,
}

impl<'de> DeserializeSeed<'de> for Top<'_> {
    type Value = Value;

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

/// Whether a float may have been an integer.
fn is_wide(float: f64) -> bool {
    float.abs() >= WIDEST
}

impl<'de> Visitor<'de> for Top<'_> {
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
                *self.wide = true;
                Value::Null
            }
        })
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        *self.wide |= is_wide(value);
        Ok(Value::Float(value))
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(Value::String(decode(text).as_ref().into()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Value, A::Error> {
        Document { wide: self.wide }.visit_seq(seq).map(|document| Value::Json(Arc::new(document)))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Value, A::Error> {
        Document { wide: self.wide }.visit_map(map).map(|document| Value::Json(Arc::new(document)))
    }
}

/// A document inside a document.
struct Document<'a> {
    wide: &'a mut bool,
}

impl<'de> DeserializeSeed<'de> for Document<'_> {
    type Value = Json;

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<Json, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Document<'_> {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Json, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Json, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Json, E> {
        *self.wide |= i64::try_from(value).is_err();
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Json, E> {
        *self.wide |= is_wide(value);
        Ok(value.into())
    }

    fn visit_str<E>(self, text: &str) -> Result<Json, E> {
        Ok(decode(text).as_ref().into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Json, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element_seed(Document { wide: self.wide })? {
            items.push(item);
        }
        Ok(Json::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Json, A::Error> {
        let mut members = Map::new();
        while let Some(name) = map.next_key_seed(Name)? {
            members.insert(name.to_string(), map.next_value_seed(Document { wide: self.wide })?);
        }
        Ok(Json::Object(members))
    }
}
