//! The document form of a record: `data` in plain JSON that any tool reads, and `meta` for what
//! plain JSON cannot say. Every JSON-based layout is made of these two.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value as Json, json};

use super::{Field, Metadata, Record, RecordId};
use crate::error::{Error, Result};
use crate::value::{DateTime, FieldType, Value};

/// What a record holds beyond plain JSON values: types that plain JSON does not imply, field
/// metadata and record metadata.
///
/// As JSON: `{"types": {name: "DATETIME", …}, "fields": {name: {…}}, "record": {…}}`, each part
/// left out when it is empty.
///
/// ```
/// use dataknobs_data_core::{DateTime, DocumentMeta, FieldType, record};
/// let record = record! { "born": DateTime::parse("1815-12-10")? }?;
/// let meta: DocumentMeta = record.document_meta();
/// assert_eq!(meta.types, [("born".to_owned(), FieldType::DateTime)]);
/// # Ok::<(), dataknobs_data_core::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
pub struct DocumentMeta {
    /// Types that differ from what the plain value implies.
    pub types: Vec<(String, FieldType)>,
    /// Metadata of single fields.
    pub fields: Vec<(String, Metadata)>,
    /// Metadata of the record.
    pub record: Metadata,
}

impl DocumentMeta {
    /// Whether plain JSON says it all.
    ///
    /// ```
    /// use dataknobs_data_core::record;
    /// assert!(record! { "name": "Ada", "age": 36 }?.document_meta().is_empty());
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    pub fn is_empty(&self) -> bool {
        self.types.is_empty() && self.fields.is_empty() && self.record.is_empty()
    }

    /// The JSON form.
    ///
    /// ```
    /// use dataknobs_data_core::record;
    /// let meta = record! { "data": vec![0u8, 255] }?.document_meta();
    /// assert_eq!(meta.to_json()["types"], serde_json::json!({"data": "BINARY"}));
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    pub fn to_json(&self) -> Map<String, Json> {
        let mut meta = Map::new();
        if !self.types.is_empty() {
            let types = self.types.iter().map(|(name, kind)| (name.clone(), json!(kind))).collect();
            meta.insert("types".into(), Json::Object(types));
        }
        if !self.fields.is_empty() {
            let fields = self.fields.iter().map(|(name, map)| (name.clone(), Json::Object(map.clone()))).collect();
            meta.insert("fields".into(), Json::Object(fields));
        }
        if !self.record.is_empty() {
            meta.insert("record".into(), Json::Object(self.record.clone()));
        }
        meta
    }

    /// Reads the JSON form.
    ///
    /// ```
    /// use dataknobs_data_core::{DocumentMeta, record};
    /// let meta = record! { "data": vec![0u8, 255] }?.document_meta();
    /// assert_eq!(DocumentMeta::from_json(&meta.to_json())?.types, meta.types);
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Corrupt`](crate::ErrorKind::Corrupt) that names the part which is not of this form.
    pub fn from_json(meta: &Map<String, Json>) -> Result<Self> {
        let wrong =
            |part: &str| Error::corrupt("record metadata is not of the documented form").with_context("part", part);
        let object = |part: &'static str, value: &Json| value.as_object().cloned().ok_or_else(|| wrong(part));
        let mut parsed = DocumentMeta::default();
        for (key, value) in meta {
            match key.as_str() {
                "types" => {
                    for (name, kind) in object("types", value)? {
                        let kind = kind.as_str().and_then(|kind| kind.parse().ok()).ok_or_else(|| wrong("types"))?;
                        parsed.types.push((name, kind));
                    }
                }
                "fields" => {
                    for (name, metadata) in object("fields", value)? {
                        parsed.fields.push((name, object("fields", &metadata)?));
                    }
                }
                "record" => parsed.record = object("record", value)?,
                other => return Err(wrong(other)),
            }
        }
        Ok(parsed)
    }

    fn type_of(&self, name: &str) -> Option<FieldType> {
        self.types.iter().find(|(field, _)| field == name).map(|(_, kind)| *kind)
    }
}

/// A value as plain JSON: datetimes as RFC 3339 text, bytes as base64.
///
/// ```
/// use dataknobs_data_core::{Value, plain_json};
/// assert_eq!(plain_json(&Value::from(vec![0u8, 255])), "AP8=");
/// assert_eq!(plain_json(&Value::from(1.5)), 1.5);
/// ```
pub fn plain_json(value: &Value) -> Json {
    match value {
        Value::Null => Json::Null,
        Value::Boolean(value) => Json::Bool(*value),
        Value::Integer(value) => Json::from(*value),
        Value::Float(value) => Json::from(*value),
        Value::String(text) => Json::String(text.to_string()),
        Value::DateTime(time) => Json::String(time.to_string()),
        Value::Json(document) => document.as_ref().clone(),
        Value::Binary(bytes) => Json::String(STANDARD.encode(bytes)),
    }
}

/// A plain JSON value back as a value of this type; without a type, as its own kind.
///
/// ```
/// use dataknobs_data_core::{FieldType, Value, value_from_plain};
/// assert_eq!(value_from_plain("AP8=".into(), Some(FieldType::Binary))?, Value::from(vec![0u8, 255]));
/// assert_eq!(value_from_plain("AP8=".into(), None)?, Value::from("AP8="));
/// # Ok::<(), dataknobs_data_core::Error>(())
/// ```
///
/// # Errors
/// [`Corrupt`](crate::ErrorKind::Corrupt) when the value is not what the type's plain form looks
/// like, [`InvalidRecord`](crate::ErrorKind::InvalidRecord) for numbers outside the 64-bit range.
pub fn value_from_plain(plain: Json, field_type: Option<FieldType>) -> Result<Value> {
    let Some(field_type) = field_type else { return Value::json(plain) };
    let wrong = |plain: &Json| {
        let kind = match plain {
            Json::Null => "null",
            Json::Bool(_) => "boolean",
            Json::Number(_) => "number",
            Json::String(_) => "string",
            Json::Array(_) => "array",
            Json::Object(_) => "object",
        };
        Error::corrupt("a stored value is not of its recorded type")
            .with_context("type", field_type)
            .with_context("found", kind)
    };
    Ok(match (field_type, plain) {
        (_, Json::Null) => Value::Null,
        (FieldType::DateTime, Json::String(text)) => match DateTime::parse(&text) {
            Ok(time) => Value::DateTime(time),
            Err(_) => return Err(wrong(&Json::String(text))),
        },
        (FieldType::Binary, Json::String(text)) => match STANDARD.decode(&text) {
            Ok(bytes) => Value::from(bytes),
            Err(_) => return Err(wrong(&Json::String(text))),
        },
        (FieldType::Float, Json::Number(number)) => match number.as_f64() {
            Some(float) => Value::Float(float),
            None => return Err(wrong(&Json::Number(number))),
        },
        (FieldType::Json, document @ (Json::Object(_) | Json::Array(_))) => {
            crate::value::validate_json(&document)?;
            Value::Json(Arc::new(document))
        }
        (field_type, plain) => {
            let value = Value::json(plain.clone())?;
            if field_type.holds(&value) { value } else { return Err(wrong(&plain)) }
        }
    })
}

/// Levels of JSON inside a record that every store reads back.
const MAX_JSON_DEPTH: usize = 120;

/// The type that a plain JSON value has without further word.
fn implied_type(value: &Value) -> FieldType {
    match value {
        // Both are strings in plain JSON.
        Value::DateTime(_) => FieldType::String,
        Value::Binary(bytes) if bytes.len() > FieldType::TEXT_THRESHOLD / 4 * 3 => FieldType::Text,
        Value::Binary(_) => FieldType::String,
        value => value.field_type(),
    }
}

impl Record {
    /// Refuses JSON so deep that no store that keeps it as text could read it back: more than 120
    /// levels, which leaves room for what a store puts around it.
    ///
    /// ```
    /// use dataknobs_data_core::{Record, Value};
    /// let deep = (0..200).fold(serde_json::json!({}), |inner, _| serde_json::json!([inner]));
    /// let record = Record::from_pairs([("deep", Value::json(deep)?)])?;
    /// assert_eq!(record.check_json_depth().unwrap_err().context_value("field"), Some("`deep`"));
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// InvalidRecord, with the field.
    pub fn check_json_depth(&self) -> Result<()> {
        fn within(value: &Json, left: usize) -> bool {
            match value {
                Json::Array(items) => left > 0 && items.iter().all(|item| within(item, left - 1)),
                Json::Object(members) => left > 0 && members.values().all(|item| within(item, left - 1)),
                _ => true,
            }
        }
        if !self.has_metadata() && self.values().iter().all(|value| value.as_json().is_none()) {
            return Ok(());
        }
        let too_deep = || Error::invalid_record("JSON nested more than 120 levels deep could not be read back");
        for field in self.fields() {
            let named = |error: Error| error.with_context("field", format!("`{}`", field.name().escape_debug()));
            if field.value().as_json().is_some_and(|document| !within(document, MAX_JSON_DEPTH)) {
                return Err(named(too_deep()));
            }
            if field.metadata().is_some_and(|map| map.values().any(|value| !within(value, MAX_JSON_DEPTH))) {
                return Err(named(too_deep()).with_context("part", "metadata"));
            }
        }
        if self.metadata().values().any(|value| !within(value, MAX_JSON_DEPTH)) {
            return Err(too_deep().with_context("part", "metadata"));
        }
        Ok(())
    }

    /// The record's fields as plain JSON, in order, and what plain JSON cannot say.
    ///
    /// ```
    /// use dataknobs_data_core::{DateTime, record};
    /// let record = record! { "name": "Ada", "born": DateTime::parse("1815-12-10")? }?;
    /// let (data, meta) = record.to_document();
    /// assert_eq!(serde_json::json!(data), serde_json::json!({"name": "Ada", "born": "1815-12-10T00:00:00"}));
    /// assert_eq!(serde_json::json!(meta.to_json()), serde_json::json!({"types": {"born": "DATETIME"}}));
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    pub fn to_document(&self) -> (Map<String, Json>, DocumentMeta) {
        let data = self.fields().map(|field| (field.name().to_owned(), plain_json(field.value()))).collect();
        (data, self.document_meta())
    }

    /// What plain JSON cannot say of this record; the second half of [`Record::to_document`].
    ///
    /// ```
    /// use dataknobs_data_core::record;
    /// let record = record! { "name": "Ada" }?.with_metadata("source", "import")?;
    /// assert_eq!(record.document_meta().record["source"], "import");
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    pub fn document_meta(&self) -> DocumentMeta {
        let mut meta = DocumentMeta { record: self.metadata().clone(), ..DocumentMeta::default() };
        for field in self.fields() {
            if field.field_type() != implied_type(field.value()) {
                meta.types.push((field.name().to_owned(), field.field_type()));
            }
            if let Some(metadata) = field.metadata() {
                meta.fields.push((field.name().to_owned(), metadata.clone()));
            }
        }
        meta
    }

    /// The record back from its document form.
    ///
    /// ```
    /// use dataknobs_data_core::{Record, record};
    /// let record = record! { "name": "Ada", "photo": vec![0u8, 255] }?;
    /// let (data, meta) = record.to_document();
    /// assert_eq!(Record::from_document(data, meta)?, record);
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Corrupt`](crate::ErrorKind::Corrupt) or [`InvalidRecord`](crate::ErrorKind::InvalidRecord)
    /// that names the field.
    pub fn from_document(data: Map<String, Json>, mut meta: DocumentMeta) -> Result<Record> {
        let mut fields = Vec::with_capacity(data.len());
        for (name, plain) in data {
            let declared = meta.type_of(&name);
            let value = value_from_plain(plain, declared)
                .map_err(|error| error.with_context("field", format!("`{}`", name.escape_debug())))?;
            let metadata = match meta.fields.iter().position(|(field, _)| *field == name) {
                Some(found) => meta.fields.swap_remove(found).1,
                None => Metadata::new(),
            };
            let field_type = declared.unwrap_or_else(|| value.field_type());
            fields.push(Field { name: name.into(), value, field_type, metadata });
        }
        let mut record = Record::from_fields(fields)?;
        if !meta.record.is_empty() {
            record.set_metadata(meta.record)?;
        }
        Ok(record)
    }

    /// The full document: `{"id", "data", "meta"}`, id and meta left out when there are none.
    ///
    /// ```
    /// use dataknobs_data_core::record;
    /// let record = record! { "name": "Ada" }?.with_id("a")?;
    /// assert_eq!(record.to_json(), serde_json::json!({"id": "a", "data": {"name": "Ada"}}));
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    pub fn to_json(&self) -> Json {
        let (data, meta) = self.to_document();
        let mut document = Map::new();
        if let Some(id) = self.id() {
            document.insert("id".into(), Json::String(id.to_string()));
        }
        document.insert("data".into(), Json::Object(data));
        if !meta.is_empty() {
            document.insert("meta".into(), Json::Object(meta.to_json()));
        }
        Json::Object(document)
    }

    /// The record back from [`Record::to_json`].
    ///
    /// ```
    /// use dataknobs_data_core::Record;
    /// let record = Record::from_json(serde_json::json!({"id": "a", "data": {"name": "Ada"}}))?;
    /// assert_eq!((record.id().unwrap().as_str(), record["name"].as_str()), ("a", Some("Ada")));
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Record::from_document`].
    pub fn from_json(document: Json) -> Result<Record> {
        let wrong = |part: &str| Error::corrupt("not a record document").with_context("part", part);
        let Json::Object(mut members) = document else { return Err(wrong("document")) };
        let id = match members.remove("id") {
            None | Some(Json::Null) => None,
            Some(Json::String(id)) => Some(RecordId::new(id)?),
            Some(_) => return Err(wrong("id")),
        };
        let Some(Json::Object(data)) = members.remove("data") else { return Err(wrong("data")) };
        let meta = match members.remove("meta") {
            None | Some(Json::Null) => DocumentMeta::default(),
            Some(Json::Object(meta)) => DocumentMeta::from_json(&meta)?,
            Some(_) => return Err(wrong("meta")),
        };
        if let Some((unknown, _)) = members.into_iter().next() {
            return Err(wrong(&unknown));
        }
        let mut record = Record::from_document(data, meta)?;
        record.set_id(id);
        Ok(record)
    }
}
