//! Rows of cells from records.

use std::io::Write;
use std::path::Path;

use dataknobs_data_core::{Record, Result, Shape, Value};

use super::meta::{RowMeta, is_ordered};
use super::sidecar::{self, Sidecar};
use super::{CsvLayout, Role, cell, delimiter};
use crate::config::Durability;
use crate::disk::Disk;
use crate::fingerprint::Fingerprint;
use crate::format::rows_write::{ByShape, RowEncoder, write_rows};
use crate::journal::change;
use crate::key::Key;

/// What writing a CSV file takes.
#[derive(Clone, Copy)]
pub(crate) struct CsvWrite<'a> {
    pub(crate) layout: &'a CsvLayout,
    pub(crate) key: &'a Key,
    pub(crate) max_record_bytes: usize,
}

impl CsvWrite<'_> {
    /// Writes header and rows; gives the bytes of the longest row.
    ///
    /// A row may be longer than the limit where its record is not: what was accepted once must not
    /// keep the file from being written because another record brought a column.
    pub(crate) fn write<'a>(
        &self,
        out: &mut (dyn Write + Send),
        records: impl Iterator<Item = &'a Record> + Send,
    ) -> Result<usize> {
        let layout = self.layout;
        if layout.byte_order_mark {
            out.write_all("\u{FEFF}".as_bytes())?;
        }
        if layout.separator_line {
            write!(out, "sep={}{}", char::from(layout.delimiter), layout.line_end())?;
        }
        let mut header = Vec::new();
        for column in &layout.columns {
            // Only between commas a header tells its delimiter by itself.
            if (layout.delimiter != b',' || layout.columns.len() == 1) && delimiter::is_ambiguous(&column.name) {
                push_quoted(&mut header, column.name.as_bytes());
            } else {
                layout.push_cell(&mut header, column.name.as_bytes());
            }
            header.push(layout.delimiter);
        }
        layout.end_line(&mut header, 0);
        out.write_all(&header)?;
        let rows = || CsvRows { write: *self, cells: ByShape::new(), scratch: Vec::new(), longest: 0 };
        let longest = write_rows(out, records, rows)?.into_iter().map(|rows| rows.longest).max();
        Ok(longest.unwrap_or(0).max(header.len()))
    }

    /// Replaces the descriptor beside the file.
    pub(crate) fn write_sidecar(
        &self,
        file: &Path,
        disk: &Disk,
        old: Option<&Fingerprint>,
        durability: Durability,
        longest: usize,
    ) -> Result<Sidecar> {
        let longest = Some(longest).filter(|bytes| *bytes > self.max_record_bytes);
        sidecar::write(file, self.layout, self.key, disk, old, durability, longest)
    }
}

/// Encodes records as rows of cells.
struct CsvRows<'a, 'w> {
    write: CsvWrite<'w>,
    cells: ByShape<'a, Cells>,
    scratch: Vec<u8>,
    longest: usize,
}

/// How the records of a shape fill the columns.
struct Cells {
    /// For each column the position of its field.
    positions: Vec<Option<usize>>,
    /// Whether every row needs metadata.
    differs: bool,
}

impl<'a> RowEncoder<'a> for CsvRows<'a, '_> {
    fn encode(&mut self, record: &'a Record, rows: &mut Vec<u8>) -> Result<()> {
        record.check_json_depth()?;
        let CsvWrite { layout, key, max_record_bytes } = self.write;
        let cells = self.cells.of(record.shape(), |shape| Ok(layout.cells(shape)))?;
        let has_meta = cells.differs || layout.has_more_than_cells(record);
        let start = rows.len();
        for (column, position) in layout.columns.iter().zip(&cells.positions) {
            match column.role {
                Role::Id => layout.push_cell(rows, record.id().map_or("", |id| id.as_str()).as_bytes()),
                Role::Meta if has_meta => {
                    let meta = layout.row_meta(record, &mut self.scratch);
                    debug_assert!(!meta.is_empty(), "only rows that need metadata have it");
                    layout.push_cell(rows, serde_json::Value::Object(meta.to_json()).to_string().as_bytes());
                }
                Role::Meta => {}
                Role::Field => {
                    if let Some(position) = position {
                        layout.push_value(rows, &record.values()[*position], &mut self.scratch);
                    }
                }
            }
            rows.push(layout.delimiter);
        }
        layout.end_line(rows, start);
        let bytes = rows.len() - start;
        if bytes > max_record_bytes {
            change::put(&mut Vec::new(), record, true, key, max_record_bytes)?;
        }
        self.longest = self.longest.max(bytes);
        Ok(())
    }
}

fn push_quoted(line: &mut Vec<u8>, text: &[u8]) {
    line.push(b'"');
    for (index, part) in text.split(|byte| *byte == b'"').enumerate() {
        if index > 0 {
            line.extend_from_slice(b"\"\"");
        }
        line.extend_from_slice(part);
    }
    line.push(b'"');
}

impl CsvLayout {
    fn line_end(&self) -> &'static str {
        if self.crlf { "\r\n" } else { "\n" }
    }

    /// Replaces the delimiter after the last cell. A line that would be blank gets a quoted cell.
    fn end_line(&self, lines: &mut Vec<u8>, start: usize) {
        lines.pop();
        if lines.len() == start {
            lines.extend_from_slice(b"\"\"");
        }
        lines.extend_from_slice(self.line_end().as_bytes());
    }

    /// Whether the delimiter may stand in a number or a truth value.
    fn delimits_numbers(&self) -> bool {
        self.delimiter.is_ascii_alphanumeric() || matches!(self.delimiter, b'+' | b'-' | b'.')
    }

    fn cells(&self, shape: &Shape) -> Cells {
        let positions = self.columns.iter().map(|column| shape.position(&column.name));
        Cells { positions: positions.collect(), differs: self.differs(shape) }
    }

    #[inline]
    fn push_cell(&self, line: &mut Vec<u8>, text: &[u8]) {
        // Of a single column the next reader cannot know that it is not separated by commas.
        let comma = if self.columns.len() == 1 { b',' } else { self.delimiter };
        let is_special = |special, byte: &u8| {
            special | (*byte == self.delimiter) | (*byte == comma) | matches!(*byte, b'"' | b'\n' | b'\r')
        };
        // Without quotes, a byte order mark at the start of the file would vanish.
        if text.iter().fold(false, is_special) || text.starts_with("\u{FEFF}".as_bytes()) {
            return push_quoted(line, text);
        }
        line.extend_from_slice(text);
    }

    #[inline]
    fn push_value(&self, line: &mut Vec<u8>, value: &Value, scratch: &mut Vec<u8>) {
        match value {
            Value::Null => {}
            Value::String(text) => self.push_cell(line, text.as_bytes()),
            Value::Integer(_) | Value::Float(_) | Value::Boolean(_) if !self.delimits_numbers() => {
                cell::write(value, line);
            }
            value => {
                scratch.clear();
                cell::write(value, scratch);
                self.push_cell(line, scratch);
            }
        }
    }

    /// Whether the columns cannot say all of what records of this shape have.
    pub(super) fn differs(&self, shape: &Shape) -> bool {
        let types = self.shape.fields();
        let mut fields = shape.fields().iter();
        let all_typed = fields.all(|(name, kind)| self.shape.position(name).is_some_and(|at| types[at].1 == *kind));
        !all_typed || !is_ordered(&self.shape, shape)
    }

    /// Whether cells cannot say all of what this record has, whatever the columns are.
    pub(super) fn has_more_than_cells(&self, record: &Record) -> bool {
        let mut scratch = Vec::new();
        record.has_metadata() || record.values().iter().any(|value| self.looks_null(value, &mut scratch))
    }

    /// What the cells of this record cannot say.
    fn row_meta(&self, record: &Record, scratch: &mut Vec<u8>) -> RowMeta {
        let mut meta = RowMeta::default();
        let shape: &Shape = &self.shape;
        for field in record.fields() {
            let name = field.name();
            let column_type = shape.position(name).map(|at| shape.fields()[at].1);
            if column_type != Some(field.field_type()) {
                meta.document.types.push((name.to_owned(), field.field_type()));
            }
            if let Some(metadata) = field.metadata() {
                meta.document.fields.push((name.to_owned(), metadata.clone()));
            }
            if self.looks_null(field.value(), scratch) {
                meta.present.push(name.to_owned());
            }
        }
        if !is_ordered(shape, record.shape()) {
            meta.order = record.shape().fields().iter().map(|(name, _)| name.to_string()).collect();
        }
        if !record.metadata().is_empty() {
            meta.document.record = record.metadata().clone();
        }
        meta
    }

    fn looks_null(&self, value: &Value, scratch: &mut Vec<u8>) -> bool {
        match value {
            Value::Null => false,
            Value::String(text) => self.is_null(text),
            Value::Binary(bytes) if bytes.is_empty() => true,
            _ if self.nulls.is_empty() => false,
            value => {
                scratch.clear();
                cell::write(value, scratch);
                self.is_null(scratch)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::plan;
    use super::*;
    use crate::format::rows_write::tests::SIZES;
    use crate::format::rows_write::write_rows_by;
    use dataknobs_data_core::record;

    fn written(records: &[Record]) -> String {
        let key = Key::own();
        let layout = plan(&CsvLayout::new_file(b',', &["NA".into()]), &key, records.iter()).unwrap();
        let mut out = Vec::new();
        let write = CsvWrite { layout: &layout, key: &key, max_record_bytes: 1000 };
        write.write(&mut out, records.iter()).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn plain_records_need_no_metadata() {
        let records = [
            record! { "a": 1, "b": "x, \"y\"\n" }.unwrap().with_id("1").unwrap(),
            record! { "b": "z", "c": 0.1 }.unwrap().with_id("2").unwrap(),
        ];
        assert_eq!(written(&records), "_id,a,b,c\n1,1,\"x, \"\"y\"\"\n\",\n2,,z,0.1\n");
    }

    #[test]
    fn what_cells_cannot_say_stands_in_meta() {
        let records = [
            record! { "a": "", "b": 1 }.unwrap().with_id("1").unwrap(),
            record! { "b": 2.5, "a": "NA" }.unwrap().with_id("2").unwrap(),
            record! { "b": 2 }.unwrap().with_id("3").unwrap(),
        ];
        let expected = "_id,a,b,_meta\n\
            1,,1,\"{\"\"present\"\":[\"\"a\"\"]}\"\n\
            2,NA,2.5,\"{\"\"types\"\":{\"\"b\"\":\"\"FLOAT\"\"},\"\"present\"\":[\"\"a\"\"],\"\"order\"\":[\"\"b\"\",\"\"a\"\"]}\"\n\
            3,,2,\n";
        assert_eq!(written(&records), expected);
    }

    #[test]
    fn all_cores_write_what_one_writes() {
        let record = |n: usize| match n % 3 {
            0 => record! { "n": n as i64, "text": format!("a, \"{n}\""), "half": n as f64 / 2.0 },
            1 => record! { "text": "NA", "n": n as f64 },
            _ => record! { "other": n.is_multiple_of(2), "text": "plain" },
        };
        let all: Vec<Record> =
            (0..*SIZES.last().unwrap()).map(|n| record(n).unwrap().with_id(n.to_string()).unwrap()).collect();
        let key = Key::own();
        for records in SIZES.map(|size| &all[..size]) {
            let layout = plan(&CsvLayout::new_file(b';', &["NA".into()]), &key, records.iter()).unwrap();
            let write = CsvWrite { layout: &layout, key: &key, max_record_bytes: 1000 };
            let rows = || CsvRows { write, cells: ByShape::new(), scratch: Vec::new(), longest: 0 };
            let (mut expected, mut encoder) = (Vec::new(), rows());
            records.iter().for_each(|record| encoder.encode(record, &mut expected).unwrap());
            for threads in [1, 2, 5] {
                let mut out = Vec::new();
                let longest = write_rows_by(threads, &mut out, records.iter(), rows).unwrap();
                assert!(out == expected);
                assert_eq!(longest.iter().map(|rows| rows.longest).max(), Some(encoder.longest));
            }
            let mut out = Vec::new();
            let longest = write.write(&mut out, records.iter()).unwrap();
            assert!(out.ends_with(&expected) && longest >= encoder.longest);
        }
    }

    #[test]
    fn numbers_are_quoted_where_they_hold_the_delimiter() {
        let record = record! { "a": -1, "b": 0.5, "c": true, "d": "-" }.unwrap().with_id("1").unwrap();
        for (delimiter, row) in [
            (b'-', "1-\"-1\"-0.5-true-\"-\"\n"),
            (b'.', "1.-1.\"0.5\".true.-\n"),
            (b't', "1t-1t0.5t\"true\"t-\n"),
            (b'|', "1|-1|0.5|true|-\n"),
        ] {
            let key = Key::own();
            let layout = plan(&CsvLayout::new_file(delimiter, &[]), &key, [&record].into_iter()).unwrap();
            let mut out = Vec::new();
            let write = CsvWrite { layout: &layout, key: &key, max_record_bytes: 1000 };
            write.write(&mut out, [&record].into_iter()).unwrap();
            assert!(String::from_utf8(out).unwrap().ends_with(&format!("\n{row}")));
        }
    }
}
