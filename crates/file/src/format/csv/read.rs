//! Records from rows of cells.

use std::sync::Arc;

use dataknobs_data_core::{Error, Field, FieldType, Metadata, Record, RecordId, Result, Value};

use super::meta::RowMeta;
use super::parse::{Parser, RawRow};
use super::{Column, CsvLayout, Role, cell};
use crate::format::Rows;
use crate::key::{Key, KeySource, ordinal_id};

/// Makes records of rows.
#[derive(Debug, Clone)]
pub(crate) struct RowRecords {
    layout: Arc<CsvLayout>,
    key: Key,
    meta_column: Option<usize>,
}

/// The records of a CSV file. After an error of a single row it can go on.
pub(crate) struct CsvRows {
    parser: Parser,
    row: RawRow,
    number: u64,
    records: RowRecords,
}

impl CsvRows {
    /// Reads past the header and what stands before it.
    pub(crate) fn new(mut parser: Parser, layout: Arc<CsvLayout>, key: Key) -> Result<Self> {
        let mut row = RawRow::default();
        if layout.separator_line {
            parser.skip_separator_line()?;
        }
        parser.read(&mut row)?;
        Ok(CsvRows { parser, row, number: 0, records: RowRecords::new(layout, key) })
    }
}

impl RowRecords {
    pub(crate) fn new(layout: Arc<CsvLayout>, key: Key) -> Self {
        let meta_column = layout.columns.iter().position(|column| column.role == Role::Meta);
        RowRecords { layout, key, meta_column }
    }

    /// The record of the row with this number.
    pub(crate) fn record(&self, row: &RawRow, number: u64) -> Result<Record> {
        let columns = &self.layout.columns;
        if row.len() != columns.len() {
            return Err(ragged(&self.layout, row));
        }
        let meta = match self.meta_column.map(|at| row.cell(at)) {
            None | Some("") => None,
            Some(text) => Some(RowMeta::parse(text).map_err(|error| error.with_context("field", "`_meta`"))?),
        };
        let mut own_id = None;
        let mut values = Vec::with_capacity(self.layout.shape.len());
        for (position, column) in columns.iter().enumerate() {
            let text = row.cell(position);
            match column.role {
                Role::Meta => {}
                Role::Id => own_id = Some(self.id(text, column)?),
                Role::Field => values.push(self.value(text, column, meta.as_ref(), position)?),
            }
        }
        let mut record = match meta {
            None => Record::from_shape(&self.layout.shape, values)?,
            Some(meta) => {
                let fields = self.layout.fields().zip(values).map(|(column, value)| Field {
                    name: column.name.clone(),
                    value,
                    field_type: meta.type_of(&column.name).unwrap_or(column.field_type),
                    metadata: Metadata::new(),
                });
                let fields = fields.collect();
                meta.record(fields)?
            }
        };
        let id = match (&self.key.source, own_id) {
            (KeySource::Own, Some(id)) => id,
            (KeySource::Field(name), _) => self.key.id_of(record.get(name).ok_or_else(|| self.key.no_key())?)?,
            _ => ordinal_id(number),
        };
        record.set_id(id);
        Ok(record)
    }

    fn id(&self, text: &str, column: &Column) -> Result<RecordId> {
        if text.is_empty() {
            return Err(self.key.no_key());
        }
        if column.field_type == FieldType::Integer {
            let Some(number) = cell::integer(text, column.declared) else { return Err(unfit(column, 0)) };
            return self.key.id_of(&Value::Integer(number));
        }
        self.key.id_of(&Value::from(text))
    }

    fn value(&self, text: &str, column: &Column, meta: Option<&RowMeta>, position: usize) -> Result<Value> {
        let name = column.name.as_str();
        if self.layout.is_null(text) && !meta.is_some_and(|meta| meta.is_present(name)) {
            return Ok(Value::Null);
        }
        let (field_type, declared) = match meta.and_then(|meta| meta.type_of(name)) {
            Some(own) => (own, true),
            None => (column.field_type, column.declared),
        };
        let named = |error: Error| error.with_context("field", format!("`{}`", name.escape_debug()));
        match cell::value_of(text, field_type, declared, name).map_err(named)? {
            Some(value) => Ok(value),
            None => Err(unfit(&Column { field_type, declared, ..column.clone() }, position)),
        }
    }
}

/// The error for a row with another number of cells than the header has.
pub(crate) fn ragged(layout: &CsvLayout, row: &RawRow) -> Error {
    Error::corrupt("a row has more or fewer cells than the header")
        .with_context("expected", layout.columns.len())
        .with_context("found", row.len())
        .with_context("delimiter", char::from(layout.delimiter).escape_debug())
        .with_hint("mend the row; if something else separates the cells, say so with `delimiter`")
}

fn unfit(column: &Column, position: usize) -> Error {
    let error = Error::corrupt("a cell does not fit its column's type")
        .with_context("column", position + 1)
        .with_context("field", format!("`{}`", column.name.escape_debug()))
        .with_context("type", column.field_type);
    error.with_hint(if column.declared {
        "mend the cell, or the type in the descriptor beside the file (.schema.json)"
    } else {
        "raise `infer_rows` beyond this row, declare the type in a descriptor beside the file (.schema.json), \
         or name the cell's text in `null_values` if it stands for null"
    })
}

impl Rows for CsvRows {
    fn next(&mut self) -> Result<Option<Record>> {
        let mut row = std::mem::take(&mut self.row);
        let read = self.parser.read(&mut row);
        self.row = row;
        if !read? {
            return Ok(None);
        }
        self.number += 1;
        self.records
            .record(&self.row, self.number)
            .map(Some)
            .map_err(|error| error.with_context("line", self.row.line()))
    }

    fn line(&self) -> u64 {
        self.row.line()
    }
}
