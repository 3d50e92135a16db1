//! Records as rows of JSON: `{"_id": …, fields…, "_meta": …}`.

use std::io::Write;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use dataknobs_data_core::{Error, FieldType, Record, Result, Shape, Str, Value};

use super::rows_write::{ByShape, RowEncoder, write_rows};
use crate::key::Key;

/// Writes records as an array, one element a line.
pub(crate) fn write_array<'a>(
    out: &mut (dyn Write + Send),
    mut records: impl Iterator<Item = &'a Record> + Send,
    key: &Key,
    max_record_bytes: usize,
) -> Result<()> {
    let Some(first) = records.next() else { return Ok(out.write_all(b"[]\n")?) };
    let mut row = Vec::new();
    JsonRows::new(b"[\n", b"", key, max_record_bytes).encode(first, &mut row)?;
    out.write_all(&row)?;
    write_rows(out, records, || JsonRows::new(b",\n", b"", key, max_record_bytes))?;
    Ok(out.write_all(b"\n]\n")?)
}

/// Writes records as lines.
pub(crate) fn write_lines<'a>(
    out: &mut (dyn Write + Send),
    records: impl Iterator<Item = &'a Record> + Send,
    key: &Key,
    max_record_bytes: usize,
) -> Result<()> {
    write_rows(out, records, || JsonRows::new(b"", b"\n", key, max_record_bytes)).map(drop)
}

/// Encodes records as rows, with something before and after each.
struct JsonRows<'a, 'k> {
    before: &'static [u8],
    after: &'static [u8],
    key: &'k Key,
    max_record_bytes: usize,
    names: ByShape<'a, Names>,
}

impl<'k> JsonRows<'_, 'k> {
    fn new(before: &'static [u8], after: &'static [u8], key: &'k Key, max_record_bytes: usize) -> Self {
        JsonRows { before, after, key, max_record_bytes, names: ByShape::new() }
    }
}

impl<'a> RowEncoder<'a> for JsonRows<'a, '_> {
    fn encode(&mut self, record: &'a Record, rows: &mut Vec<u8>) -> Result<()> {
        record.check_json_depth()?;
        let names = self.names.of(record.shape(), Names::of)?;
        rows.extend_from_slice(self.before);
        let start = rows.len();
        let name = |rows: &mut Vec<u8>, position: usize| {
            rows.extend_from_slice(&names.0[position]);
            Ok(())
        };
        push_row(rows, record, Some(self.key), name).map_err(not_json)?;
        let bytes = rows.len() - start;
        if bytes > self.max_record_bytes {
            return Err(too_large(bytes, self.max_record_bytes));
        }
        rows.extend_from_slice(self.after);
        Ok(())
    }
}

/// The names of a shape as members begin with them: `"name":`.
struct Names(Vec<Vec<u8>>);

impl Names {
    fn of(shape: &Shape) -> Result<Self> {
        let name = |(name, _): &(Str, FieldType)| -> serde_json::Result<Vec<u8>> {
            let mut text = Vec::new();
            push_name(&mut text, name)?;
            Ok(text)
        };
        shape.fields().iter().map(name).collect::<Result<_, _>>().map(Names).map_err(not_json)
    }
}

fn not_json(error: serde_json::Error) -> Error {
    Error::invalid_record("the record cannot be written as JSON").with_source(error)
}

/// Appends a record as a row without its id, which stands elsewhere.
pub(crate) fn append_row(row: &mut Vec<u8>, record: &Record) -> Result<()> {
    let fields = record.shape().fields();
    push_row(row, record, None, |row, position| push_name(row, &fields[position].0)).map_err(not_json)
}

/// Appends a record as a row, with its id where `key` says that it stands there. `push_name` appends the
/// name of the field at a position.
#[inline]
fn push_row(
    row: &mut Vec<u8>,
    record: &Record,
    key: Option<&Key>,
    push_name: impl Fn(&mut Vec<u8>, usize) -> serde_json::Result<()>,
) -> serde_json::Result<()> {
    row.push(b'{');
    let start = row.len();
    if let Some(key) = key
        && key.field_name().is_none()
        && let Some(id) = record.id()
    {
        row.extend_from_slice(b"\"_id\":");
        match key.is_integer().then(|| key.value_of(id)).flatten() {
            Some(Value::Integer(number)) => serde_json::to_writer(&mut *row, &number)?,
            _ => push_text(row, id)?,
        }
    }
    let mut is_typed = false;
    for (position, ((_, declared), value)) in record.shape().fields().iter().zip(record.values()).enumerate() {
        if row.len() > start {
            row.push(b',');
        }
        push_name(row, position)?;
        push_plain(row, value)?;
        is_typed |= is_typed_beyond(*declared, value);
    }
    if is_typed || record.has_metadata() {
        if row.len() > start {
            row.push(b',');
        }
        row.extend_from_slice(b"\"_meta\":");
        serde_json::to_writer(&mut *row, &record.document_meta().to_json())?;
    }
    row.push(b'}');
    Ok(())
}

/// Whether plain JSON does not imply the field's type.
fn is_typed_beyond(declared: FieldType, value: &Value) -> bool {
    match value {
        Value::DateTime(_) | Value::Binary(_) => true,
        value => declared != value.field_type(),
    }
}

fn push_name(row: &mut Vec<u8>, name: &str) -> serde_json::Result<()> {
    push_text(row, name)?;
    row.push(b':');
    Ok(())
}

/// Appends a value in plain JSON.
#[inline]
fn push_plain(row: &mut Vec<u8>, value: &Value) -> serde_json::Result<()> {
    match value {
        Value::Null => row.extend_from_slice(b"null"),
        Value::Boolean(true) => row.extend_from_slice(b"true"),
        Value::Boolean(false) => row.extend_from_slice(b"false"),
        Value::Integer(value) => serde_json::to_writer(row, value)?,
        Value::Float(value) => serde_json::to_writer(row, value)?,
        Value::String(text) => push_text(row, text)?,
        Value::DateTime(time) => serde_json::to_writer(row, &format_args!("{time}"))?,
        Value::Json(document) => serde_json::to_writer(row, &**document)?,
        Value::Binary(bytes) => push_text(row, &STANDARD.encode(bytes))?,
    }
    Ok(())
}

/// Appends text in quotes. Most needs no escapes, which one look at all of it shows.
#[inline]
fn push_text(row: &mut Vec<u8>, text: &str) -> serde_json::Result<()> {
    let is_plain = |plain, byte| plain & (byte >= b' ') & (byte != b'"') & (byte != b'\\');
    if !text.bytes().fold(true, is_plain) {
        return serde_json::to_writer(row, text);
    }
    row.reserve(text.len() + 2);
    row.push(b'"');
    row.extend_from_slice(text.as_bytes());
    row.push(b'"');
    Ok(())
}

/// How many bytes the member `_id` adds to a row, which is otherwise empty or not.
pub(crate) fn id_bytes(id: &str, row_is_empty: bool) -> usize {
    let escaped = id.bytes().filter(|byte| matches!(byte, b'"' | b'\\')).count();
    r#""_id":"""#.len() + id.len() + escaped + usize::from(!row_is_empty)
}

/// The error for a record that no reader with the same settings would read back.
pub(crate) fn too_large(bytes: usize, max_record_bytes: usize) -> Error {
    Error::invalid_record("the record is larger than `max_record_bytes` allows")
        .with_context("bytes", bytes)
        .with_context("max_record_bytes", max_record_bytes)
        .with_hint("raise `max_record_bytes`")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::rows_write::tests::SIZES;
    use crate::format::rows_write::write_rows_by;
    use dataknobs_data_core::{DateTime, record};
    use serde_json::{Value as Json, json};

    fn numbers() -> impl FnMut() -> u64 {
        let mut bits = 0x9E37_79B9_7F4A_7C15_u64;
        move || {
            bits ^= bits << 13;
            bits ^= bits >> 7;
            bits ^= bits << 17;
            bits
        }
    }

    #[test]
    fn text_is_escaped_as_serde_json_does_it() {
        const PIECES: [&str; 12] = [
            "a",
            " ",
            "\"",
            "\\",
            "/",
            "\n",
            "\u{0}",
            "\u{1f}",
            "\u{7f}",
            "é",
            "\u{2028}",
            "𝄞 long enough for a vector",
        ];
        let mut next = numbers();
        for case in 0..20_000 {
            let (mut text, escapes) = (String::new(), case % 2 == 0);
            for _ in 0..next() % 40 {
                let piece = PIECES[next() as usize % PIECES.len()];
                if escapes || !matches!(piece, "\"" | "\\" | "\n" | "\u{0}" | "\u{1f}") {
                    text.push_str(piece);
                }
            }
            let mut row = Vec::new();
            push_text(&mut row, &text).unwrap();
            assert_eq!(String::from_utf8(row).unwrap(), serde_json::to_string(&text).unwrap());
        }
        for character in (0..0x300_u32).filter_map(char::from_u32) {
            let mut row = Vec::new();
            push_text(&mut row, &character.to_string()).unwrap();
            assert_eq!(row, serde_json::to_vec(&character).unwrap());
        }
    }

    /// Records of several shapes, with values of every type.
    fn mixed(count: usize) -> Vec<Record> {
        let mut next = numbers();
        let record = |n: usize| {
            let float = f64::from_bits(next());
            let float = if float.is_finite() { float } else { 0.5 };
            let record = match n % 4 {
                0 => record! { "name \"x\"\\": format!("text {n}\n"), "n": n as i64, "half": n as f64 / 2.0 },
                1 => record! { "n": -(n as i64), "any": float, "none": () },
                2 => {
                    record! { "document": Value::json(json!({"a": [1, "\u{1}", null]})).unwrap(), "yes": n.is_multiple_of(3) }
                }
                _ => record! { "at": DateTime::parse("2024-05-01T10:00:00.5+02:00").unwrap(), "b": vec![n as u8] },
            };
            let mut record = record.unwrap();
            if n.is_multiple_of(7) {
                let Json::Object(metadata) = json!({"source": n}) else { unreachable!() };
                record.set_metadata(metadata).unwrap();
            }
            record.with_id(format!("id {n}")).unwrap()
        };
        (0..count).map(record).collect()
    }

    #[test]
    fn rows_are_what_serde_json_writes() {
        for record in mixed(200) {
            let mut expected = serde_json::Map::new();
            expected.insert("_id".into(), json!(record.id().unwrap().as_str()));
            for field in record.fields() {
                expected.insert(field.name().into(), dataknobs_data_core::plain_json(field.value()));
            }
            let meta = record.document_meta().to_json();
            let mut row = Vec::new();
            JsonRows::new(b"", b"", &Key::own(), usize::MAX).encode(&record, &mut row).unwrap();
            if record.has_metadata() || record.values().iter().any(|value| is_typed_beyond(value.field_type(), value)) {
                expected.insert("_meta".into(), meta.into());
            }
            if let Some(rest) = row.strip_suffix(b"}").filter(|_| !expected.contains_key("_meta")) {
                // Fields without a value may have a type beyond it.
                let rest = String::from_utf8_lossy(rest).into_owned();
                if let Some((fields, _)) = rest.split_once(",\"_meta\":") {
                    assert!(record.values().iter().any(Value::is_null));
                    row = format!("{fields}}}").into_bytes();
                }
            }
            assert_eq!(String::from_utf8(row).unwrap(), serde_json::to_string(&expected).unwrap());
        }
    }

    #[test]
    fn all_cores_write_what_one_writes() {
        let all = mixed(*SIZES.last().unwrap());
        let key = Key::own();
        for records in SIZES.map(|size| &all[..size]) {
            let rows = || JsonRows::new(b"", b"\n", &key, usize::MAX);
            let (mut expected, mut encoder) = (Vec::new(), rows());
            records.iter().for_each(|record| encoder.encode(record, &mut expected).unwrap());
            for threads in [1, 2, 5] {
                let mut out = Vec::new();
                write_rows_by(threads, &mut out, records.iter(), rows).unwrap();
                assert!(out == expected);
            }
            let (mut lines, mut array) = (Vec::new(), Vec::new());
            write_lines(&mut lines, records.iter(), &key, usize::MAX).unwrap();
            write_array(&mut array, records.iter(), &key, usize::MAX).unwrap();
            assert!(lines == expected);
            let elements = String::from_utf8(expected).unwrap().trim_end().replace("\n", ",\n");
            let expected = if records.is_empty() { "[]\n".to_owned() } else { format!("[\n{elements}\n]\n") };
            assert!(String::from_utf8(array).unwrap() == expected);
        }
    }

    #[test]
    fn the_limit_counts_the_row_alone() {
        let record = record! { "n": 1 }.unwrap().with_id("a").unwrap();
        let key = Key::own();
        let write = |limit| {
            let mut out = Vec::new();
            write_array(&mut out, [&record, &record].into_iter(), &key, limit).map(|()| out.len())
        };
        let bytes = r#"{"_id":"a","n":1}"#.len();
        assert_eq!(write(bytes).unwrap(), 2 * bytes + 7);
        assert_eq!(write(bytes - 1).unwrap_err().context_value("bytes"), Some("17"));
    }
}
