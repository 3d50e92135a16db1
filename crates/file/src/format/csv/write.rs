//! Rows of cells from records.

use std::io::Write;
use std::path::Path;

use dataknobs_data_core::{FieldType, Record, Result, Shape, Str, Value};
use std::collections::HashMap;

use super::meta::{RowMeta, is_ordered};
use super::sidecar::{self, Sidecar};
use super::{Column, CsvLayout, Role, cell, delimiter};
use crate::config::Durability;
use crate::disk::Disk;
use crate::fingerprint::Fingerprint;
use crate::format::json_write::check_depth;
use crate::journal::change;
use crate::key::{Key, KeySource};

/// The columns for these records: the key's, those that the file has already and a record still
/// fills, new ones in the order in which they first come, and `_meta` where some row needs it.
pub(crate) fn plan<'a, R: Iterator<Item = &'a Record>>(
    old: &CsvLayout,
    key: &Key,
    records: impl Fn() -> R,
) -> Result<CsvLayout> {
    let mut votes = Votes::default();
    let mut columns: Vec<Column> = Vec::new();
    let mut is_empty = true;
    for record in records() {
        is_empty = false;
        votes.count(record);
    }
    if key.source == KeySource::Own {
        columns.push(sidecar::column_of(Str::new_static("_id"), Role::Id, key.field_type));
    }
    if is_empty {
        columns.extend(old.fields().cloned().map(|column| Column { declared: true, ..column }));
    } else {
        let old_names = old.fields().map(|column| column.name.clone());
        let new_names = votes.names.iter().filter(|name| old.fields().all(|column| column.name != **name)).cloned();
        for name in old_names.chain(new_names) {
            if let Some(field_type) = votes.winner(&name) {
                columns.push(sidecar::column_of(name, Role::Field, field_type));
            }
        }
    }
    if let Some(name) = key.field_name()
        && columns.iter().all(|column| column.name != *name)
    {
        columns.insert(0, sidecar::column_of(name.clone(), Role::Field, key.field_type));
    }
    let mut layout = old.clone().with_columns(columns)?;
    let mut scratch = String::new();
    for record in records() {
        if !layout.row_meta(record, &mut scratch).is_empty() {
            layout.columns.push(sidecar::column_of(Str::new_static("_meta"), Role::Meta, FieldType::Json));
            break;
        }
    }
    Ok(layout)
}

/// For each field name, how often each type comes, of values and of nulls.
#[derive(Default)]
struct Votes {
    names: Vec<Str>,
    counts: HashMap<Str, [[u64; 2]; FieldType::ALL.len()]>,
}

impl Votes {
    fn count(&mut self, record: &Record) {
        for ((name, field_type), value) in record.shape().fields().iter().zip(record.values()) {
            let counts = match self.counts.get_mut(name) {
                Some(counts) => counts,
                None => {
                    self.names.push(name.clone());
                    self.counts.entry(name.clone()).or_default()
                }
            };
            if let Some(place) = FieldType::ALL.iter().position(|kind| kind == field_type) {
                counts[place][usize::from(value.is_null())] += 1;
            }
        }
    }

    /// The type that most values have; without values, most nulls.
    fn winner(&self, name: &str) -> Option<FieldType> {
        let counts = self.counts.get(name)?;
        let best = |null: usize| {
            let ranked = FieldType::ALL.iter().zip(counts).rev().max_by_key(|(_, count)| count[null])?;
            (ranked.1[null] > 0).then_some(*ranked.0)
        };
        best(0).or_else(|| best(1))
    }
}

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
    pub(crate) fn write<'a>(&self, out: &mut dyn Write, records: impl Iterator<Item = &'a Record>) -> Result<usize> {
        let layout = self.layout;
        let line_end = if layout.crlf { "\r\n" } else { "\n" };
        if layout.byte_order_mark {
            out.write_all("\u{FEFF}".as_bytes())?;
        }
        if layout.separator_line {
            write!(out, "sep={}{line_end}", char::from(layout.delimiter))?;
        }
        let mut line = String::new();
        for column in &layout.columns {
            // Only between commas a header tells its delimiter by itself.
            if (layout.delimiter != b',' || layout.columns.len() == 1) && delimiter::is_ambiguous(&column.name) {
                self.quoted_cell(&mut line, &column.name);
            } else {
                self.cell(&mut line, &column.name);
            }
        }
        end_line(&mut line, line_end);
        out.write_all(line.as_bytes())?;
        let header = line.len();
        let mut text = String::new();
        let mut longest = header;
        for record in records {
            check_depth(record)?;
            line.clear();
            let meta = layout.row_meta(record, &mut text);
            for column in &layout.columns {
                text.clear();
                match column.role {
                    Role::Id => text.push_str(record.id().map_or("", |id| id.as_str())),
                    Role::Meta if meta.is_empty() => {}
                    Role::Meta => text.push_str(&serde_json::Value::Object(meta.to_json()).to_string()),
                    Role::Field => cell::write(record.get(&column.name).unwrap_or(&Value::Null), &mut text),
                }
                self.cell(&mut line, &text);
            }
            end_line(&mut line, line_end);
            if line.len() > self.max_record_bytes {
                change::put(&mut Vec::new(), record, true, self.key, self.max_record_bytes)?;
            }
            longest = longest.max(line.len());
            out.write_all(line.as_bytes())?;
        }
        Ok(longest)
    }

    fn cell(&self, line: &mut String, text: &str) {
        // Of a single column the next reader cannot know that it is not separated by commas.
        let comma = if self.layout.columns.len() == 1 { b',' } else { self.layout.delimiter };
        let special = |byte: u8| byte == self.layout.delimiter || byte == comma || matches!(byte, b'"' | b'\n' | b'\r');
        // Without quotes, a byte order mark at the start of the file would vanish.
        if text.bytes().any(special) || text.starts_with('\u{FEFF}') {
            return self.quoted_cell(line, text);
        }
        line.push_str(text);
        line.push(char::from(self.layout.delimiter));
    }

    fn quoted_cell(&self, line: &mut String, text: &str) {
        line.push('"');
        for (index, part) in text.split('"').enumerate() {
            if index > 0 {
                line.push_str("\"\"");
            }
            line.push_str(part);
        }
        line.push('"');
        line.push(char::from(self.layout.delimiter));
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

/// Replaces the delimiter after the last cell. A line that would be blank gets a quoted cell.
fn end_line(line: &mut String, line_end: &str) {
    line.pop();
    if line.is_empty() {
        line.push_str("\"\"");
    }
    line.push_str(line_end);
}

impl CsvLayout {
    /// What the cells of this record cannot say.
    fn row_meta(&self, record: &Record, scratch: &mut String) -> RowMeta {
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
        if !is_ordered(shape, record) {
            meta.order = record.shape().fields().iter().map(|(name, _)| name.to_string()).collect();
        }
        if !record.metadata().is_empty() {
            meta.document.record = record.metadata().clone();
        }
        meta
    }

    fn looks_null(&self, value: &Value, scratch: &mut String) -> bool {
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
    use super::*;
    use dataknobs_data_core::record;

    fn written(records: &[Record]) -> String {
        let key = Key::own();
        let layout = plan(&CsvLayout::new_file(b',', &["NA".into()]), &key, || records.iter()).unwrap();
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
    fn ties_go_to_the_first_type() {
        let mut votes = Votes::default();
        votes.count(&record! { "a": 1, "n": () }.unwrap());
        votes.count(&record! { "a": 1.5, "n": () }.unwrap());
        assert_eq!(votes.winner("a"), Some(FieldType::Integer));
        assert_eq!(votes.winner("n"), Some(FieldType::String));
        assert_eq!(votes.winner("x"), None);
    }
}
