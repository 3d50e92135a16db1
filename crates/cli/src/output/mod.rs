//! Rows on standard output, in the format that was asked for.

mod columns;
mod csv;
mod json;
mod jsonl;
mod parquet;
mod rows;
mod table;

use std::io::{self, BufWriter, IsTerminal as _, StdoutLock, Write as _};

use clap::ValueEnum;
use dataknobs_data::{Error, Result, Str, Value, plain_json};
use dataknobs_data_arrow::ArrowTable;
use dataknobs_data_arrow::parquet::write_parquet_table;
use serde_json::{Map, Value as Json};

use crate::exit::Outcome;
pub(crate) use rows::{RowOptions, RowPlan};

/// How rows are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// Columns for people
    Table,
    /// One JSON array
    Json,
    /// One JSON object a line
    Jsonl,
    /// Comma-separated values under a header
    Csv,
    /// A Parquet file
    Parquet,
}

impl Format {
    /// Whether every row has the same columns.
    pub(crate) fn is_tabular(self) -> bool {
        matches!(self, Format::Table | Format::Csv | Format::Parquet)
    }
}

/// Names and values in order.
pub(crate) type Row = Vec<(Str, Value)>;

/// Prints rows one after another.
pub(crate) trait RowWriter {
    /// Prints a row, now or when enough of them are known.
    fn write(&mut self, row: Row) -> Outcome;

    /// Prints what is still held back.
    fn finish(&mut self) -> Outcome;
}

/// How a table of rows is to look.
#[derive(Debug, Default, Clone)]
pub(crate) struct Layout {
    /// The columns of tabular formats; without them, those of the first rows.
    pub(crate) columns: Option<Vec<Str>>,
    /// Show cells of a table whole, however wide.
    pub(crate) wide: bool,
}

/// So many rows tell the columns, and in tables their widths, where nothing else does.
const SAMPLE_ROWS: usize = 1_000;

/// Refuses a format that is not for where the output goes.
pub(crate) fn check(format: Format) -> Outcome {
    if format == Format::Parquet && io::stdout().is_terminal() {
        let error = Error::unsupported("a Parquet file is not for a terminal");
        return Err(error.with_hint("write it into a file: dk query … -f parquet > rows.parquet").into());
    }
    Ok(())
}

/// Prints columns that the store scanned; for CSV and Parquet.
pub(crate) fn table(format: Format, layout: &Layout, table: ArrowTable) -> Outcome {
    let mut out = stdout();
    match format {
        Format::Parquet => write_parquet_table(&mut out.0, columns::chosen(table, layout.columns.as_deref())?)?,
        _ => columns::print_csv(&mut out, table, layout.columns.as_deref())?,
    }
    out.flush()
}

fn stdout() -> Out {
    Out(BufWriter::with_capacity(64 * 1024, io::stdout().lock()))
}

/// Begins to print.
pub(crate) fn writer(format: Format, layout: Layout) -> Box<dyn RowWriter> {
    let out = stdout();
    match format {
        Format::Table => Box::new(table::TableWriter::new(out, layout)),
        Format::Json => Box::new(json::JsonWriter::new(out)),
        Format::Jsonl => Box::new(jsonl::JsonLinesWriter::new(out)),
        Format::Csv => Box::new(csv::CsvWriter::new(out, layout.columns)),
        Format::Parquet => Box::new(parquet::ParquetWriter::new(out, layout.columns)),
    }
}

/// Prints one line of text.
pub(crate) fn line(text: impl std::fmt::Display) -> Outcome {
    self::text(&format!("{text}\n"))
}

/// Prints a text as it is.
pub(crate) fn text(text: &str) -> Outcome {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()?;
    Ok(())
}

/// Standard output with a large buffer.
struct Out(BufWriter<StdoutLock<'static>>);

impl Out {
    fn print(&mut self, text: &str) -> Outcome {
        self.0.write_all(text.as_bytes())?;
        Ok(())
    }

    fn flush(&mut self) -> Outcome {
        self.0.flush()?;
        Ok(())
    }
}

/// A row as a JSON object.
pub(crate) fn object_of(row: Row) -> Json {
    Json::Object(row.into_iter().map(|(name, value)| (name.to_string(), plain_json(&value))).collect::<Map<_, _>>())
}

/// The text of a value in a cell: null is empty, strings stand for themselves, all else as in JSON.
fn cell_text(value: &Value) -> String {
    match plain_json(value) {
        Json::Null => String::new(),
        Json::String(text) => text,
        other => other.to_string(),
    }
}

/// The names of all columns of these rows, in the order in which they come. What stands behind the
/// fields of a record stands behind all of them.
fn columns_of(rows: &[Row]) -> Vec<Str> {
    let mut seen = std::collections::HashSet::new();
    let mut names: Vec<Str> = Vec::new();
    for (name, _) in rows.iter().flatten() {
        if seen.insert(name) {
            names.push(name.clone());
        }
    }
    names.sort_by_key(|name| rows::TRAILING.contains(&name.as_str()));
    names
}

/// The values of a row in the order of columns, null where it has none.
fn cells_of(mut row: Row, columns: &[Str]) -> Result<Vec<Value>, Str> {
    if row.len() == columns.len() && row.iter().zip(columns).all(|((name, _), column)| name == column) {
        return Ok(row.into_iter().map(|(_, value)| value).collect());
    }
    let mut cells = Vec::with_capacity(columns.len());
    for column in columns {
        let found = row.iter().position(|(name, _)| name == column);
        cells.push(found.map_or(Value::Null, |at| row.swap_remove(at).1));
    }
    match row.into_iter().next() {
        Some((unknown, _)) => Err(unknown),
        None => Ok(cells),
    }
}
