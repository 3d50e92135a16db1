//! Records as rows of JSON: `{"_id": …, fields…, "_meta": …}`.

use std::io::Write;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use dataknobs_data_core::{Error, FieldRef, Record, Result, Value};
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::Value as Json;

use crate::key::Key;

/// Nesting that readers of JSON, ours included, do not refuse, less what a row adds.
pub(crate) const MAX_DEPTH: usize = 120;

/// Writes records as an array, one element a line.
pub(crate) fn write_array<'a>(
    out: &mut dyn Write,
    records: impl Iterator<Item = &'a Record>,
    key: &Key,
    max_record_bytes: usize,
) -> Result<()> {
    let mut row = Vec::new();
    let mut separator: &[u8] = b"[\n";
    for record in records {
        encode(&mut row, record, key, max_record_bytes)?;
        out.write_all(separator)?;
        out.write_all(&row)?;
        separator = b",\n";
    }
    out.write_all(if separator == b"[\n" { b"[]\n" } else { b"\n]\n" })?;
    Ok(())
}

/// Writes records as lines.
pub(crate) fn write_lines<'a>(
    out: &mut dyn Write,
    records: impl Iterator<Item = &'a Record>,
    key: &Key,
    max_record_bytes: usize,
) -> Result<()> {
    let mut row = Vec::new();
    for record in records {
        encode(&mut row, record, key, max_record_bytes)?;
        row.push(b'\n');
        out.write_all(&row)?;
    }
    Ok(())
}

fn encode(row: &mut Vec<u8>, record: &Record, key: &Key, max_record_bytes: usize) -> Result<()> {
    check_depth(record)?;
    row.clear();
    serde_json::to_writer(&mut *row, &RowOf { record, key: Some(key) })
        .map_err(|error| Error::invalid_record("the record cannot be written as JSON").with_source(error))?;
    if row.len() > max_record_bytes {
        return Err(too_large(row.len(), max_record_bytes));
    }
    Ok(())
}

/// Appends a record as a row without its id, which stands elsewhere.
pub(crate) fn append_row(row: &mut Vec<u8>, record: &Record) -> Result<()> {
    serde_json::to_writer(row, &RowOf { record, key: None })
        .map_err(|error| Error::invalid_record("the record cannot be written as JSON").with_source(error))
}

/// How many bytes the member `_id` adds to a row, which is otherwise empty or not.
pub(crate) fn id_bytes(id: &str, row_is_empty: bool) -> usize {
    let escaped = id.bytes().filter(|byte| matches!(byte, b'"' | b'\\')).count();
    r#""_id":"""#.len() + id.len() + escaped + usize::from(!row_is_empty)
}

/// The error for a record that no reader with the same settings would read back.
pub(crate) fn too_large(bytes: usize, max_record_bytes: usize) -> Error {
    Error::invalid_record("the record is larger than `max_record_bytes` allows")
        .with_context("bytes", bytes)
        .with_context("max_record_bytes", max_record_bytes)
        .with_hint("raise `max_record_bytes`")
}

/// Refuses JSON so deep that it could not be read back.
pub(crate) fn check_depth(record: &Record) -> Result<()> {
    fn within(value: &Json, left: usize) -> bool {
        match value {
            Json::Array(items) => left > 0 && items.iter().all(|item| within(item, left - 1)),
            Json::Object(members) => left > 0 && members.values().all(|item| within(item, left - 1)),
            _ => true,
        }
    }
    let too_deep = || Error::invalid_record("JSON nested more than 120 levels deep cannot be read back from a file");
    for field in record.fields() {
        let named = |error: Error| error.with_context("field", format!("`{}`", field.name().escape_debug()));
        if field.value().as_json().is_some_and(|document| !within(document, MAX_DEPTH)) {
            return Err(named(too_deep()));
        }
        if field.metadata().is_some_and(|map| map.values().any(|value| !within(value, MAX_DEPTH))) {
            return Err(named(too_deep()).with_context("part", "metadata"));
        }
    }
    if record.metadata().values().any(|value| !within(value, MAX_DEPTH)) {
        return Err(too_deep().with_context("part", "metadata"));
    }
    Ok(())
}

struct RowOf<'a> {
    record: &'a Record,
    /// Where the id stands; none for a row without it.
    key: Option<&'a Key>,
}

impl Serialize for RowOf<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut row = serializer.serialize_map(None)?;
        if let Some(key) = self.key
            && key.field_name().is_none()
            && let Some(id) = self.record.id()
        {
            match key.value_of(id) {
                Some(Value::Integer(number)) => row.serialize_entry("_id", &number)?,
                _ => row.serialize_entry("_id", id.as_str())?,
            }
        }
        for field in self.record.fields() {
            row.serialize_entry(field.name(), &Plain(field.value()))?;
        }
        if self.record.has_metadata() || self.record.fields().any(|field| is_typed(&field)) {
            row.serialize_entry("_meta", &self.record.document_meta().to_json())?;
        }
        row.end()
    }
}

/// Whether plain JSON does not imply the field's type.
fn is_typed(field: &FieldRef<'_>) -> bool {
    match field.value() {
        Value::DateTime(_) | Value::Binary(_) => true,
        value => field.field_type() != value.field_type(),
    }
}

/// A value in plain JSON.
pub(crate) struct Plain<'a>(pub(crate) &'a Value);

impl Serialize for Plain<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::Null => serializer.serialize_unit(),
            Value::Boolean(value) => serializer.serialize_bool(*value),
            Value::Integer(value) => serializer.serialize_i64(*value),
            Value::Float(value) => serializer.serialize_f64(*value),
            Value::String(text) => serializer.serialize_str(text),
            Value::DateTime(time) => serializer.collect_str(time),
            Value::Json(document) => document.serialize(serializer),
            Value::Binary(bytes) => serializer.serialize_str(&STANDARD.encode(bytes)),
        }
    }
}
