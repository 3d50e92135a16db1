//! Records from rows of JSON.

use dataknobs_data_core::{
    DocumentMeta, Error, Field, Metadata, Record, Result, Shape, Str, Value, plain_json, value_from_plain,
};
use serde_json::Value as Json;

use super::json_row::Row;

/// Makes records of rows; remembers the shape of the last one, since most rows are alike.
#[derive(Debug, Default)]
pub(crate) struct Assembler {
    shape: Option<Shape>,
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
                return Record::from_shape(shape, fields.into_iter().map(|(_, value)| value));
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

    fn read(text: &str) -> Result<Record> {
        Assembler::default().record(serde_json::from_str(text).unwrap())
    }

    #[test]
    fn metadata_restores_types() {
        let record = read(r#"{"a": "AQI=", "b": null, "_meta": {"types": {"a": "BINARY", "b": "FLOAT"}}}"#).unwrap();
        assert_eq!(record["a"].as_binary(), Some(&[1, 2][..]));
        assert!(read(r#"{"a": "x", "_meta": {"types": {"a": "INTEGER"}}}"#).is_err());
        assert!(read(r#"{"a": "x", "_meta": 1}"#).is_err());
    }
}
