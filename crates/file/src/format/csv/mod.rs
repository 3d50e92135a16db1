//! CSV and TSV: rows of cells under a header row.
//!
//! The parser is our own, because a damaged file must show: a quoted cell that is never closed, text
//! after a closing quote and a record beyond the size limit are errors with their place here.

pub(crate) mod cell;
mod delimiter;
mod infer;
mod meta;
mod parse;
mod plan;
mod read;
mod sidecar;
mod write;

use dataknobs_data_core::{FieldType, Record, Result, Shape, Str, Value};

pub(crate) use infer::{discover, own_ids};
pub(crate) use parse::{Parser, RawRow};
pub(crate) use plan::plan;
pub(crate) use read::{CsvRows, RowRecords, ragged};
pub(crate) use sidecar::{Sidecar, sidecar_path};
pub(crate) use write::CsvWrite;

/// How a CSV file is laid out.
#[derive(Debug, Clone)]
pub(crate) struct CsvLayout {
    pub(crate) delimiter: u8,
    pub(crate) columns: Vec<Column>,
    /// Texts that stand for null besides the empty one.
    pub(crate) nulls: Vec<Str>,
    /// Whether the file begins with a byte order mark, and its lines end in CR LF; kept by writes.
    pub(crate) byte_order_mark: bool,
    pub(crate) crlf: bool,
    /// Whether a line `sep=;` stands before the header, by which spreadsheets say the delimiter; kept
    /// by writes.
    pub(crate) separator_line: bool,
    /// The descriptor beside the file.
    pub(crate) sidecar: Option<Sidecar>,
    /// The fields of a record whose row says nothing special.
    pub(crate) shape: Shape,
}

/// One column.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Column {
    pub(crate) name: Str,
    pub(crate) role: Role,
    pub(crate) field_type: FieldType,
    /// Whether the sidecar says the type; else it is a guess from the first rows.
    pub(crate) declared: bool,
}

/// What a column is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// The id, which is no field.
    Id,
    /// What the other cells cannot say.
    Meta,
    /// A field.
    Field,
}

impl CsvLayout {
    /// The layout of a file that is yet to be made.
    pub(crate) fn new_file(delimiter: u8, nulls: &[String]) -> Self {
        CsvLayout {
            delimiter,
            columns: Vec::new(),
            nulls: nulls.iter().filter(|text| !text.is_empty()).map(Str::from).collect(),
            byte_order_mark: false,
            crlf: false,
            separator_line: false,
            sidecar: None,
            shape: Shape::empty(),
        }
    }

    /// Sets the columns, and with them the shape of plain rows.
    pub(crate) fn with_columns(mut self, columns: Vec<Column>) -> Result<Self> {
        let fields = columns.iter().filter(|column| column.role == Role::Field);
        self.shape = Shape::new(fields.map(|column| (column.name.clone(), column.field_type)))?;
        self.columns = columns;
        Ok(self)
    }

    /// The columns that hold fields.
    pub(crate) fn fields(&self) -> impl Iterator<Item = &Column> {
        self.columns.iter().filter(|column| column.role == Role::Field)
    }

    /// Whether a cell's text stands for null when nothing else is said.
    pub(crate) fn is_null(&self, text: impl AsRef<[u8]>) -> bool {
        let text = text.as_ref();
        text.is_empty() || self.nulls.iter().any(|null| null.as_bytes() == text)
    }

    /// The record as it would be read from the file: with null in every column that it lacks.
    pub(crate) fn complete(&self, record: Record) -> Record {
        if record.shape().address() == self.shape.address()
            || self.shape.fields().iter().all(|(name, _)| record.shape().position(name).is_some())
        {
            return record;
        }
        let completed = if !record.has_metadata() && record.shape().is_empty() {
            Record::from_shape(&self.shape, vec![Value::Null; self.shape.len()])
        } else {
            meta::complete(&self.shape, &record)
        };
        match completed {
            Ok(mut completed) => {
                completed.set_id(record.id().cloned());
                completed.set_version(record.version().cloned());
                completed
            }
            Err(_) => record,
        }
    }
}
