//! Columns that the store scanned, as they are printed: just as records would be.

use std::fmt::Write as _;

use arrow_array::cast::AsArray as _;
use arrow_array::types::{Float64Type, Int64Type, TimestampMicrosecondType};
use arrow_array::{Array, ArrayRef, RecordBatch, RecordBatchReader as _};
use arrow_schema::{DataType, Schema};
use dataknobs_data::{DateTime, Error, Result, Str, Value};
use dataknobs_data_arrow::{ArrowTable, offset_of};

use super::csv::{push_quoted, quoted};
use super::{Out, cell_text};
use crate::exit::Outcome;

/// Text that is handed over at once.
const PIECE: usize = 64 * 1024;

/// The columns of these names that there are, in their order, the ids first; all of them without
/// names.
pub(super) fn chosen(table: ArrowTable, names: Option<&[Str]>) -> Result<ArrowTable> {
    let Some(names) = names else { return Ok(table) };
    let schema = table.schema();
    let mut places: Vec<usize> = names.iter().filter_map(|name| schema.index_of(name).ok()).collect();
    places.sort_by_key(|place| schema.field(*place).name() != "_id");
    let odd = |error| Error::unsupported("the columns cannot be chosen").with_source(error);
    let chosen = schema.project(&places).map_err(odd)?;
    let batches = table.batches().iter().map(|batch| batch.project(&places)).collect::<std::result::Result<_, _>>();
    Ok(ArrowTable::new(chosen.into(), batches.map_err(odd)?))
}

/// Prints comma-separated values.
pub(super) fn print_csv(out: &mut Out, table: ArrowTable, names: Option<&[Str]>) -> Outcome {
    let schema = table.schema();
    let names: Vec<String> = match names {
        Some(names) => names.iter().map(ToString::to_string).collect(),
        None => schema.fields().iter().map(|field| field.name().clone()).collect(),
    };
    if names.is_empty() {
        return Ok(());
    }
    let mut text = names.iter().map(|name| quoted(name)).collect::<Vec<_>>().join(",");
    text.push('\n');
    for batch in table.batches() {
        let columns: Vec<Option<Cells<'_>>> = names.iter().map(|name| Cells::of(batch, &schema, name)).collect();
        for row in 0..batch.num_rows() {
            let start = text.len();
            for (at, column) in columns.iter().enumerate() {
                if at > 0 {
                    text.push(',');
                }
                if let Some(column) = column {
                    column.push(&mut text, row);
                }
            }
            // Readers skip empty lines.
            if columns.len() == 1 && text.len() == start {
                text.push_str("\"\"");
            }
            text.push('\n');
            if text.len() >= PIECE {
                out.print(&text)?;
                text.clear();
            }
        }
    }
    out.print(&text)
}

/// The cells of a column.
struct Cells<'a> {
    array: &'a ArrayRef,
    kind: Kind,
}

enum Kind {
    Boolean,
    Integer,
    Float,
    /// With the offset of the column in seconds.
    Moment(Option<i32>),
    Text,
    LargeText,
    Binary,
    LargeBinary,
}

impl<'a> Cells<'a> {
    /// None where there is no such column.
    fn of(batch: &'a RecordBatch, schema: &Schema, name: &str) -> Option<Self> {
        let array = batch.column(schema.index_of(name).ok()?);
        let kind = match array.data_type() {
            DataType::Boolean => Kind::Boolean,
            DataType::Int64 => Kind::Integer,
            DataType::Float64 => Kind::Float,
            zoned @ DataType::Timestamp(..) => Kind::Moment(offset_of(zoned)),
            DataType::LargeUtf8 => Kind::LargeText,
            DataType::Binary => Kind::Binary,
            DataType::LargeBinary => Kind::LargeBinary,
            _ => Kind::Text,
        };
        Some(Cells { array, kind })
    }

    fn push(&self, text: &mut String, row: usize) {
        if self.array.is_null(row) {
            return;
        }
        match self.kind {
            Kind::Boolean => text.push_str(if self.array.as_boolean().value(row) { "true" } else { "false" }),
            Kind::Integer => {
                let _ = write!(text, "{}", self.array.as_primitive::<Int64Type>().value(row));
            }
            Kind::Float => {
                // As in JSON.
                let float = self.array.as_primitive::<Float64Type>().value(row);
                let mut digits = [0_u8; 32];
                let mut rest = &mut digits[..];
                let _ = serde_json::to_writer(&mut rest, &float);
                let written = 32 - rest.len();
                text.push_str(std::str::from_utf8(&digits[..written]).unwrap_or_default());
            }
            Kind::Moment(offset) => {
                let micros = self.array.as_primitive::<TimestampMicrosecondType>().value(row);
                let time = match offset {
                    Some(seconds) => DateTime::with_offset(micros, seconds),
                    None => Ok(DateTime::from_micros(micros)),
                };
                if let Ok(time) = time {
                    let _ = write!(text, "{time}");
                }
            }
            Kind::Text => push_quoted(text, self.array.as_string::<i32>().value(row)),
            Kind::LargeText => push_quoted(text, self.array.as_string::<i64>().value(row)),
            Kind::Binary => push_quoted(text, &cell_text(&Value::from(self.array.as_binary::<i32>().value(row)))),
            Kind::LargeBinary => push_quoted(text, &cell_text(&Value::from(self.array.as_binary::<i64>().value(row)))),
        }
    }
}
