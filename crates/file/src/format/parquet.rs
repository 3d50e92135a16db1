//! Parquet: columns with types of their own. What a file is made of is `dataknobs-data-arrow`'s;
//! here are ids and limits.

use std::fs::File;
use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use dataknobs_data_arrow::parquet::{
    ColumnRole, IdColumn, ParquetColumn, ParquetFile, ParquetRecords, ParquetScan, ReadAt, write_parquet,
};
use dataknobs_data_arrow::{ScannedColumns, fetch};
use dataknobs_data_core::backend::ColumnRequest;
use dataknobs_data_core::{Condition, Error, FieldType, Record, Result, Value};
use serde_json::Value as Json;

use super::Rows;
use super::csv::own_ids;
use super::json_write::too_large;
use super::rows_write::FETCHED;
use crate::config::FileConfig;
use crate::key::{Key, KeySource, ordinal_id};

/// Where the ids of a file are, as its columns say.
pub(crate) fn discover(file: File, config: &FileConfig) -> Result<Key> {
    key_of_columns(&ParquetFile::open(Arc::new(file))?.columns(), config)
}

/// Where the ids of a file with these columns are.
pub(crate) fn key_of_columns(columns: &[ParquetColumn], config: &FileConfig) -> Result<Key> {
    let typed = |field_type: FieldType| match field_type {
        FieldType::Integer => FieldType::Integer,
        _ => FieldType::String,
    };
    let field = |name: &str| columns.iter().find(|column| column.role == ColumnRole::Field && column.name == name);
    let own = columns.iter().find(|column| column.role == ColumnRole::Id);
    match (config.id_field.as_deref(), own) {
        (None | Some("" | "_id"), Some(column)) => Ok(Key { field_type: typed(column.field_type), ..Key::own() }),
        (Some(wanted), Some(_)) => Err(own_ids(wanted)),
        (None, None) => {
            Ok(field("id").map_or_else(Key::ordinal, |column| Key::field("id".into(), typed(column.field_type))))
        }
        (Some(""), None) => Ok(Key::ordinal()),
        (Some(wanted), None) => match field(wanted) {
            Some(column) => Ok(Key::field(wanted.into(), typed(column.field_type))),
            None => Err(Error::invalid_config("the file has no column of the name that `id_field` gives")
                .with_context("id_field", format!("`{}`", wanted.escape_debug()))),
        },
    }
}

/// The records of a file.
pub(crate) struct ParquetRows {
    records: ParquetRecords,
    key: Key,
    row: u64,
    max_record_bytes: usize,
}

impl ParquetRows {
    pub(crate) fn new(file: Arc<dyn ReadAt>, key: Key, max_record_bytes: usize) -> Result<Self> {
        Ok(Self::of(ParquetFile::open(file)?.records(), key, max_record_bytes))
    }

    pub(crate) fn of(records: ParquetRecords, key: Key, max_record_bytes: usize) -> Self {
        ParquetRows { records, key, row: 0, max_record_bytes }
    }

    fn id(&self, record: &mut Record) -> Result<()> {
        match &self.key.source {
            KeySource::Own if record.id().is_some() => {}
            KeySource::Own => return Err(self.key.no_key()),
            KeySource::Field(name) => {
                let id = self.key.id_of(record.get(name).ok_or_else(|| self.key.no_key())?)?;
                record.set_id(id);
            }
            KeySource::Ordinal => record.set_id(ordinal_id(self.row)),
        }
        Ok(())
    }
}

impl Rows for ParquetRows {
    fn next(&mut self) -> Result<Option<Record>> {
        let Some((row, mut record)) = self.records.next().transpose()? else { return Ok(None) };
        self.row = row;
        self.id(&mut record).map_err(|error| error.with_context("row", row))?;
        if record_bytes(&record) > self.max_record_bytes {
            return Err(Error::corrupt("a record is longer than `max_record_bytes` allows")
                .with_context("row", row)
                .with_context("max_record_bytes", self.max_record_bytes)
                .with_hint("if the file is as it should be, raise `max_record_bytes`"));
        }
        Ok(Some(record))
    }

    fn rows_in_all(&self) -> Option<u64> {
        Some(self.records.rows_in_all())
    }

    fn narrow(&mut self, condition: &Condition) -> Result<()> {
        self.records.narrow(condition)
    }

    fn line(&self) -> u64 {
        self.row
    }
}

/// What a scan finds as columns; none where records have to answer.
pub(crate) fn scan(
    file: File,
    key: &Key,
    request: &ColumnRequest,
    max_record_bytes: usize,
    cancelled: &AtomicBool,
) -> Result<Option<ScannedColumns>> {
    let scan = &request.scan;
    if !scan.sort.is_empty() || scan.after.is_some() {
        return Ok(None);
    }
    // What is wrong with the file is for those who read records to report.
    let Ok(file) = ParquetFile::open(Arc::new(file)) else { return Ok(None) };
    let columns = file.columns();
    let key = match &key.source {
        KeySource::Own => columns.iter().position(|column| column.role == ColumnRole::Id),
        KeySource::Field(name) => columns.iter().position(|column| column.name == *name),
        KeySource::Ordinal => None,
    };
    let wanted = ParquetScan {
        condition: scan.condition.clone(),
        fields: scan.projection.as_deref(),
        key,
        ids: request.ids,
        offset: scan.offset,
        limit: scan.limit,
        max_record_bytes,
    };
    file.scan(&wanted, cancelled)
}

/// Writes records.
pub(crate) fn write<'a>(
    out: &mut dyn Write,
    records: impl Iterator<Item = &'a Record>,
    key: &Key,
    max_record_bytes: usize,
) -> Result<()> {
    let records: Vec<&Record> = records.collect();
    for block in records.chunks(FETCHED) {
        fetch(block);
        for record in block {
            record.check_json_depth()?;
            let bytes = record_bytes(record);
            if bytes > max_record_bytes {
                return Err(too_large(bytes, max_record_bytes));
            }
        }
    }
    let ids = match &key.source {
        KeySource::Field(name) => IdColumn::Field(name.clone(), key.field_type),
        _ if key.is_integer() => IdColumn::Integer,
        _ => IdColumn::Text,
    };
    write_parquet(out, || records.iter().copied(), ids)
}

/// The bytes of a record's id and values before any encoding: what `max_record_bytes` limits, since a row
/// of a Parquet file has no length of its own.
fn record_bytes(record: &Record) -> usize {
    let id = record.id().map_or(0, |id| id.as_str().len());
    let mut bytes = id + record.values().iter().map(value_bytes).sum::<usize>();
    if record.has_metadata() {
        let of_fields = record.fields().filter_map(|field| field.metadata());
        bytes += of_fields.flat_map(|map| map.iter()).map(member_bytes).sum::<usize>();
        bytes += record.metadata().iter().map(member_bytes).sum::<usize>();
    }
    bytes
}

fn value_bytes(value: &Value) -> usize {
    match value {
        Value::Null | Value::Boolean(_) => 1,
        Value::Integer(_) | Value::Float(_) | Value::DateTime(_) => 8,
        Value::String(text) => text.len(),
        Value::Binary(bytes) => bytes.len(),
        Value::Json(document) => json_bytes(document),
    }
}

fn json_bytes(document: &Json) -> usize {
    match document {
        Json::Null | Json::Bool(_) => 1,
        Json::Number(_) => 8,
        Json::String(text) => text.len(),
        Json::Array(items) => 2 + items.iter().map(json_bytes).sum::<usize>(),
        Json::Object(members) => 2 + members.iter().map(member_bytes).sum::<usize>(),
    }
}

fn member_bytes((key, value): (&String, &Json)) -> usize {
    key.len() + json_bytes(value)
}
