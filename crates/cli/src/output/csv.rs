//! Comma-separated values as RFC 4180 writes them, but with plain line feeds. Null is an empty
//! cell, the empty string is `""`.

use dataknobs_data::{Error, Str, Value};

use super::{Out, Row, RowWriter, SAMPLE_ROWS, cell_text, cells_of, columns_of};
use crate::exit::Outcome;

/// Prints rows as they come, once the columns are known.
pub(super) struct CsvWriter {
    out: Out,
    columns: Option<Vec<Str>>,
    /// The header is printed.
    begun: bool,
    /// The rows that tell the columns.
    sample: Vec<Row>,
}

impl CsvWriter {
    pub(super) fn new(out: Out, columns: Option<Vec<Str>>) -> Self {
        CsvWriter { out, columns, begun: false, sample: Vec::new() }
    }

    fn begin(&mut self) -> Outcome {
        self.begun = true;
        let sample = std::mem::take(&mut self.sample);
        let columns = self.columns.get_or_insert_with(|| columns_of(&sample));
        if !columns.is_empty() {
            let header = line_of(columns.iter().map(|name| quoted(name)));
            self.out.print(&header)?;
        }
        sample.into_iter().try_for_each(|row| self.print(row))
    }

    fn print(&mut self, row: Row) -> Outcome {
        let columns = self.columns.as_deref().unwrap_or_default();
        let cells = cells_of(row, columns).map_err(|unknown| {
            Error::invalid_record("a record has a field that no record before it had, and the header is printed")
                .with_context("field", format!("`{}`", unknown.escape_debug()))
                .with_hint("name the columns with --fields, or use --format jsonl")
        })?;
        self.out.print(&line_of(cells.iter().map(cell)))
    }
}

fn line_of(cells: impl ExactSizeIterator<Item = String>) -> String {
    let is_single = cells.len() == 1;
    let mut line = String::new();
    for (index, cell) in cells.enumerate() {
        if index > 0 {
            line.push(',');
        }
        line.push_str(&cell);
    }
    // Readers skip empty lines.
    if is_single && line.is_empty() {
        line.push_str("\"\"");
    }
    line.push('\n');
    line
}

fn cell(value: &Value) -> String {
    if value.is_null() { String::new() } else { quoted(&cell_text(value)) }
}

pub(super) fn quoted(text: &str) -> String {
    let mut cell = String::with_capacity(text.len() + 2);
    push_quoted(&mut cell, text);
    cell
}

/// Adds a cell, in quotes where it must be.
pub(super) fn push_quoted(line: &mut String, text: &str) {
    // The last one begins U+FEFF, for one.
    let is_special = |byte: u8| matches!(byte, b',' | b'"' | b'\n' | b'\r' | 0xEF);
    let is_plain = || !text.contains([',', '"', '\n', '\r', '\u{FEFF}']);
    if !text.is_empty() && (!text.bytes().any(is_special) || is_plain()) {
        return line.push_str(text);
    }
    line.push('"');
    for (at, part) in text.split('"').enumerate() {
        line.push_str(if at > 0 { "\"\"" } else { "" });
        line.push_str(part);
    }
    line.push('"');
}

impl RowWriter for CsvWriter {
    fn write(&mut self, row: Row) -> Outcome {
        if self.begun {
            return self.print(row);
        }
        self.sample.push(row);
        if self.columns.is_some() || self.sample.len() >= SAMPLE_ROWS { self.begin() } else { Ok(()) }
    }

    fn finish(&mut self) -> Outcome {
        if !self.begun {
            self.begin()?;
        }
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_quoted_where_they_must() {
        assert_eq!(cell(&Value::Null), "");
        assert_eq!(cell(&Value::from("")), "\"\"");
        assert_eq!(cell(&Value::from("a\"b")), "\"a\"\"b\"");
        assert_eq!(cell(&Value::from(1.0)), "1.0");
        assert_eq!(line_of([String::new()].into_iter()), "\"\"\n");
        assert_eq!(line_of([String::new(), "x".to_owned()].into_iter()), ",x\n");
    }
}
