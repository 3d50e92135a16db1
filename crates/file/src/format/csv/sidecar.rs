//! The Table Schema descriptor beside a CSV file, `<file>.schema.json`.
//!
//! Types stand in `dataknobs:type`, and as the nearest Table Schema type for other tools. Without
//! `dataknobs:type` the Table Schema type decides: integer, number, boolean, datetime, object,
//! array and geojson are ours, year is an integer, `string` of format `binary` is binary, and all
//! others (dates, times, durations, any) stay text. Properties that are not ours are kept.
//!
//! The descriptor is replaced just before the file. `dataknobs:previous` holds the old columns and
//! the fingerprint of the file that they belong to, so that a crash between the two leaves a file
//! that is still read by its own types.

use std::path::{Path, PathBuf};

use dataknobs_data_core::{Error, FieldType, Result, Str};
use serde_json::{Map, Value as Json, json};

use super::{Column, CsvLayout, Role};
use crate::config::Durability;
use crate::disk::Disk;
use crate::fingerprint::Fingerprint;
use crate::key::Key;
use crate::replace::Replacement;

const TYPE: &str = "dataknobs:type";
const PREVIOUS: &str = "dataknobs:previous";
/// The bytes of the longest row, where that is more than `max_record_bytes`.
const LONGEST: &str = "dataknobs:longestRow";

/// The largest descriptor that is read.
const MAX_BYTES: u64 = 64 * 1024 * 1024;

/// What a descriptor says about the file that it is read for.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Sidecar {
    /// The whole descriptor but `fields` and `dataknobs:previous`.
    rest: Map<String, Json>,
    fields: Vec<Map<String, Json>>,
}

/// Where the descriptor of a file stands.
pub(crate) fn sidecar_path(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".schema.json");
    name.into()
}

impl Sidecar {
    /// Reads the descriptor for a file with this fingerprint; none when there is no descriptor.
    pub(crate) fn read(file: &Path, fingerprint: Option<&Fingerprint>) -> Result<Option<Self>> {
        let path = sidecar_path(file);
        match std::fs::metadata(&path) {
            Ok(metadata) if metadata.len() > MAX_BYTES => {
                return Err(Error::corrupt("the descriptor is too large").with_context("path", path.display()));
            }
            Ok(_) => {}
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(Error::from(error).with_context("path", path.display())),
        }
        let bytes = std::fs::read(&path).map_err(|error| Error::from(error).with_context("path", path.display()))?;
        Self::parse(&bytes, fingerprint).map_err(|error| error.with_context("path", path.display()))
    }

    fn parse(bytes: &[u8], fingerprint: Option<&Fingerprint>) -> Result<Option<Self>> {
        let wrong = |part: &'static str| {
            Error::corrupt("the file's descriptor is not a Table Schema")
                .with_context("part", part)
                .with_hint("mend the descriptor, or move it away to have the types guessed from the rows")
        };
        let document: Json = serde_json::from_slice(bytes).map_err(|error| wrong("document").with_source(error))?;
        let Json::Object(mut rest) = document else { return Err(wrong("document")) };
        let fields = parse_fields(rest.shift_remove("fields")).ok_or_else(|| wrong("fields"))?;
        let fields = match rest.shift_remove(PREVIOUS) {
            Some(previous) => {
                let belongs =
                    |fingerprint: &Fingerprint| previous.get("file") == serde_json::to_value(fingerprint).ok().as_ref();
                if !fingerprint.is_some_and(belongs) {
                    fields
                } else {
                    match previous.get("fields") {
                        // The file had no descriptor before.
                        None => return Ok(None),
                        old => parse_fields(old.cloned()).ok_or_else(|| wrong(PREVIOUS))?,
                    }
                }
            }
            None => fields,
        };
        let sidecar = Sidecar { rest, fields };
        for field in &sidecar.fields {
            field_type_of(field).map_err(|()| wrong(TYPE))?;
        }
        sidecar.null_markers().ok_or_else(|| wrong("missingValues"))?;
        Ok(Some(sidecar))
    }

    /// The type of a column, if the descriptor says one.
    pub(crate) fn type_of(&self, column: &str) -> Option<FieldType> {
        let field = self.fields.iter().find(|field| name_of(field) == Some(column))?;
        field_type_of(field).ok()
    }

    /// How long a row may be: as long as the option says, or as the file was written.
    pub(crate) fn row_limit(&self, option: usize) -> usize {
        let longest = self.rest.get(LONGEST).and_then(Json::as_u64).and_then(|bytes| usize::try_from(bytes).ok());
        option.max(longest.unwrap_or(0).min(option.saturating_mul(16).saturating_add(1 << 26)))
    }

    /// The texts that stand for null.
    pub(crate) fn null_markers(&self) -> Option<Vec<Str>> {
        match self.rest.get("missingValues") {
            None => Some(Vec::new()),
            Some(markers) => {
                let markers = markers.as_array()?.iter().map(|marker| marker.as_str().map(Str::from));
                Some(markers.collect::<Option<Vec<_>>>()?.into_iter().filter(|marker| !marker.is_empty()).collect())
            }
        }
    }

    /// The descriptor of these columns, with all that this one says besides.
    fn updated(&self, columns: &[Column], key: &Key, longest: Option<usize>) -> Sidecar {
        let mut rest = self.rest.clone();
        rest.entry("missingValues").or_insert_with(|| json!([""]));
        rest.insert("primaryKey".into(), json!(key.name()));
        rest.shift_remove(LONGEST);
        if let Some(bytes) = longest {
            rest.insert(LONGEST.into(), json!(bytes));
        }
        let fields = columns
            .iter()
            .map(|column| {
                let old = self.fields.iter().find(|field| name_of(field) == Some(&column.name));
                let mut field = old.cloned().unwrap_or_default();
                field.entry("name").or_insert_with(|| json!(column.name));
                // What another tool said more precisely than we can stays, as long as it is true.
                if field_type_of(&field) != Ok(column.field_type) || !field.contains_key("type") {
                    let (kind, format) = table_schema_type(column.field_type);
                    field.insert("type".into(), json!(kind));
                    field.shift_remove("format");
                    if let Some(format) = format {
                        field.insert("format".into(), json!(format));
                    }
                }
                field.insert(TYPE.into(), json!(column.field_type));
                field
            })
            .collect();
        Sidecar { rest, fields }
    }

    fn to_json(&self, previous: Option<Json>) -> Json {
        let mut document = Map::new();
        document.insert("fields".into(), json!(self.fields));
        document.extend(self.rest.clone());
        if let Some(previous) = previous {
            document.insert(PREVIOUS.into(), previous);
        }
        Json::Object(document)
    }
}

/// Replaces the descriptor of a file that is about to be replaced. Gives what it then says.
pub(super) fn write(
    file: &Path,
    layout: &CsvLayout,
    key: &Key,
    disk: &Disk,
    old: Option<&Fingerprint>,
    durability: Durability,
    longest: Option<usize>,
) -> Result<Sidecar> {
    let before = layout.sidecar.clone().unwrap_or_default();
    let after = before.updated(&layout.columns, key, longest);
    if layout.sidecar.as_ref() == Some(&after) && sidecar_path(file).exists() {
        return Ok(after);
    }
    let previous = old.map(|fingerprint| match &layout.sidecar {
        Some(before) => json!({"file": fingerprint, "fields": before.fields}),
        None => json!({"file": fingerprint}),
    });
    let text = serde_json::to_string_pretty(&after.to_json(previous)).map_err(|error| {
        Error::new(dataknobs_data_core::ErrorKind::Io, "the descriptor cannot be written").with_source(error)
    })?;
    let target = crate::replace::resolve(&sidecar_path(file))?;
    Replacement::write(&target, disk, durability, |out| Ok(writeln!(out, "{text}")?))?.commit()?;
    Ok(after)
}

fn parse_fields(fields: Option<Json>) -> Option<Vec<Map<String, Json>>> {
    let Json::Array(fields) = fields? else { return None };
    fields
        .into_iter()
        .map(|field| match field {
            Json::Object(field) if name_of(&field).is_some() => Some(field),
            _ => None,
        })
        .collect()
}

fn name_of(field: &Map<String, Json>) -> Option<&str> {
    field.get("name")?.as_str()
}

fn field_type_of(field: &Map<String, Json>) -> Result<FieldType, ()> {
    if let Some(own) = field.get(TYPE) {
        return own.as_str().and_then(|name| name.parse().ok()).ok_or(());
    }
    let text = |key| field.get(key).and_then(Json::as_str);
    Ok(match (text("type"), text("format")) {
        (Some("integer" | "year"), _) => FieldType::Integer,
        (Some("number"), _) => FieldType::Float,
        (Some("boolean"), _) => FieldType::Boolean,
        (Some("datetime"), _) => FieldType::DateTime,
        (Some("object" | "array" | "geojson"), _) => FieldType::Json,
        (Some("string"), Some("binary")) => FieldType::Binary,
        _ => FieldType::String,
    })
}

fn table_schema_type(field_type: FieldType) -> (&'static str, Option<&'static str>) {
    match field_type {
        FieldType::Integer => ("integer", None),
        FieldType::Float => ("number", None),
        FieldType::Boolean => ("boolean", None),
        FieldType::DateTime => ("datetime", Some("any")),
        FieldType::Json => ("any", None),
        FieldType::Binary => ("string", Some("binary")),
        _ => ("string", None),
    }
}

/// A column as the next descriptor will have it.
pub(super) fn column_of(name: Str, role: Role, field_type: FieldType) -> Column {
    Column { name, role, field_type, declared: true }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_descriptors_are_understood() {
        let text = br#"{"title": "t", "missingValues": ["", "-"], "fields": [
            {"name": "a", "type": "integer"}, {"name": "b", "type": "date"},
            {"name": "c", "type": "string", "format": "binary"}, {"name": "d"}]}"#;
        let sidecar = Sidecar::parse(text, None).unwrap().unwrap();
        let types: Vec<_> = ["a", "b", "c", "d", "e"].iter().map(|name| sidecar.type_of(name)).collect();
        use FieldType::{Binary, Integer, String};
        assert_eq!(types, [Some(Integer), Some(String), Some(Binary), Some(String), None]);
        assert_eq!(sidecar.null_markers().unwrap(), ["-"]);
        let updated = sidecar.updated(&[column_of("a".into(), Role::Field, FieldType::Float)], &Key::own(), None);
        assert_eq!(updated.to_json(None)["title"], "t");
        assert_eq!(updated.type_of("a"), Some(FieldType::Float));
    }

    #[test]
    fn broken_descriptors_are_damage() {
        let texts: [&[u8]; 6] = [
            b"",
            b"[]",
            b"{}",
            br#"{"fields": [1]}"#,
            br#"{"fields": [{"name": "a", "dataknobs:type": "NOPE"}]}"#,
            br#"{"fields": [], "missingValues": 1}"#,
        ];
        for text in texts {
            let error = Sidecar::parse(text, None).unwrap_err();
            assert_eq!(error.kind(), dataknobs_data_core::ErrorKind::Corrupt);
            assert!(error.hint().is_some());
        }
    }
}
