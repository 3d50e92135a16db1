//! Records out of standard input or a file, which may be compressed.
//!
//! They stand there as in a JSON, JSON lines, CSV or TSV store: `_id` is the id, `_meta` holds what
//! plain values cannot say. JSON values may also be marked: `{"$datetime": "…"}`, `{"$binary": "…"}`,
//! `{"$text": "…"}`, `{"$json": …}`.

use std::fs::File;
use std::io::{Cursor, Read as _};
use std::path::Path;

use dataknobs_data::file::{Compression, FileConfig, Format, RecordReader};
use dataknobs_data::{Error, ErrorKind, Field, FieldType, Record, Result, Value, value_from_tagged};
use serde::de::IgnoredAny;
use serde_json::Value as Json;

/// All records of standard input, or of this file. The format given, else the file's extension, else
/// the text itself says how to read it.
pub(crate) fn records(file: Option<&Path>, format: Option<Format>) -> Result<Vec<Record>> {
    let mut text = Vec::new();
    let mut config = FileConfig::default();
    match file {
        None => {
            std::io::stdin().lock().read_to_end(&mut text)?;
            config.path = "standard input".into();
        }
        Some(path) => {
            let placed = |error: std::io::Error| Error::from(error).with_context("path", path.display());
            File::open(path).map_err(placed)?.read_to_end(&mut text).map_err(placed)?;
            config.path = path.to_owned();
        }
    }
    match Compression::of_content(&text) {
        Compression::None => {}
        // Input without a name cannot say it otherwise.
        found => config.compression = Some(found),
    }
    if config.resolved_compression() != Compression::None {
        let mut expanded = Vec::new();
        let mut reader = config.expand(Cursor::new(text))?;
        reader
            .read_to_end(&mut expanded)
            .map_err(|error| Error::from(error).with_context("path", config.path.display()))?;
        text = expanded;
        config.compression = Some(Compression::None);
    }
    let format = format.or_else(|| file.and_then(Format::of_path));
    let (format, text) = match format {
        Some(format) => (format, text),
        None => guess(text),
    };
    // `id` is a field like others: what it means is for the store to say.
    config.id_field = Some("".into());
    config.format = Some(format);
    let reader = RecordReader::from_input(Cursor::new(text), &config)?;
    let has_ids = !reader.numbers_rows();
    reader
        .enumerate()
        .map(|(index, record)| {
            let mut record = record?;
            if !has_ids {
                record.set_id(None);
            }
            unmark(&mut record).map_err(|error| error.with_context("record", index + 1))?;
            Ok(record)
        })
        .collect()
}

/// One JSON array, objects one a line, or one object over several lines. The last becomes an array
/// of one.
fn guess(text: Vec<u8>) -> (Format, Vec<u8>) {
    let mut lines = text.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii).filter(|line| !line.is_empty());
    let (first, second) = (lines.next().unwrap_or_default(), lines.next().unwrap_or_default());
    if first.starts_with(b"[") {
        return (Format::Json, text);
    }
    let is_cut = serde_json::from_slice::<IgnoredAny>(first).is_err_and(|error| error.is_eof());
    if first.starts_with(b"{") && is_cut && !second.is_empty() && !second.starts_with(b"{") {
        return (Format::Json, [b"[".as_slice(), &text, b"]"].concat());
    }
    (Format::JsonLines, text)
}

/// Replaces marked values by what they mark.
fn unmark(record: &mut Record) -> Result<()> {
    let marked: Vec<Field> =
        record.fields().filter(|field| mark_of(field.value()).is_some()).map(|field| field.to_field()).collect();
    for mut field in marked {
        let name = field.name.clone();
        let document = field.value.as_json().cloned().unwrap_or_default();
        if let Some(text) = document.get("$text") {
            let Json::String(text) = text else { return Err(malformed("$text holds text", &name)) };
            field.value = Value::from(text);
            field.field_type = FieldType::Text;
        } else {
            field.value = value_from_tagged(document).map_err(|error| malformed(error.message(), &name))?;
            field.field_type = field.value.field_type();
        }
        record.set_field(field)?;
    }
    Ok(())
}

/// The mark of a value, one of four.
fn mark_of(value: &Value) -> Option<&str> {
    let Json::Object(members) = value.as_json()? else { return None };
    let (key, _) = members.iter().next().filter(|_| members.len() == 1)?;
    matches!(key.as_str(), "$datetime" | "$binary" | "$text" | "$json").then_some(key)
}

fn malformed(message: &str, field: &str) -> Error {
    Error::new(ErrorKind::InvalidRecord, message.to_owned())
        .with_context("field", format!("`{}`", field.escape_debug()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_says_how_to_read_it() {
        let format = |text: &str| guess(text.as_bytes().to_vec()).0;
        assert_eq!(format(" \n[{}]"), Format::Json);
        assert_eq!(format("{\"a\":1}\n{\"a\":2}\n"), Format::JsonLines);
        assert_eq!(format("{\n  \"a\": 1\n}\n"), Format::Json);
        // Cut texts are cut lines.
        assert_eq!(format("{\"a\":\n"), Format::JsonLines);
        assert_eq!(format("{\"a\":\n{\"a\":2}\n"), Format::JsonLines);
        assert_eq!(format(""), Format::JsonLines);
    }

    #[test]
    fn marks_say_the_kind() {
        let document = serde_json::json!({"$datetime": "2024-05-01"});
        let mut record = Record::from_pairs([("t", Value::json(document).unwrap())]).unwrap();
        unmark(&mut record).unwrap();
        assert_eq!(record["t"].to_owned().kind_name(), "datetime");
        let document = serde_json::json!({"$binary": "?"});
        let mut record = Record::from_pairs([("b", Value::json(document).unwrap())]).unwrap();
        let error = unmark(&mut record).unwrap_err();
        assert_eq!((error.kind(), error.context_value("field")), (ErrorKind::InvalidRecord, Some("`b`")));
    }
}
