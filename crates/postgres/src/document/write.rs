//! From a record to `data` and `meta`.

use std::cell::RefCell;
use std::io::Write as _;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use dataknobs_data_core::{DateTime, FieldType, Record, Shape, Str, Value};
use serde_json::{Map, Value as Json};

use super::text::encode;
use super::{PLACES, stored_order};

/// From here on, not every integer is a float, and floats are written in all their digits.
const ALL_DIGITS: f64 = 9_007_199_254_740_992.0;

/// The columns of a record.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Document {
    pub(crate) data: Vec<u8>,
    pub(crate) meta: Option<Vec<u8>>,
    pub(crate) order: Option<Arc<str>>,
}

/// Writes records, and remembers what those of one shape have in common.
#[derive(Default)]
pub(crate) struct DocumentWriter {
    plan: Option<Plan>,
}

struct Plan {
    shape: Shape,
    /// Each name as the beginning of its member: `"name":`.
    keys: Vec<Vec<u8>>,
    order: Option<Arc<str>>,
}

impl Plan {
    fn new(shape: &Shape) -> Self {
        let keys = shape.fields().iter().map(|(name, _)| {
            let mut key = Vec::with_capacity(name.len() + 3);
            write_text(name, &mut key);
            key.push(b':');
            key
        });
        Plan { keys: keys.collect(), order: order_of(shape.fields()), shape: shape.clone() }
    }
}

fn order_of(fields: &[(Str, FieldType)]) -> Option<Arc<str>> {
    if fields.is_sorted_by(|(a, _), (b, _)| stored_order(a, b).is_le()) {
        return None;
    }
    let mut stored: Vec<usize> = (0..fields.len()).collect();
    stored.sort_by(|a, b| stored_order(&fields[*a].0, &fields[*b].0));
    let mut places = vec![0; fields.len()];
    for (place, field) in stored.into_iter().enumerate() {
        places[field] = place;
    }
    let text: String = if fields.len() <= PLACES.len() {
        places.iter().map(|place| char::from(PLACES[*place])).collect()
    } else {
        places.iter().map(usize::to_string).collect::<Vec<_>>().join(" ")
    };
    Some(text.into())
}

thread_local! {
    static WRITER: RefCell<DocumentWriter> = RefCell::default();
}

impl Document {
    /// One record, when there are no others to write with it.
    pub(crate) fn of(record: &Record) -> Self {
        WRITER.with_borrow_mut(|writer| {
            let mut data = Vec::with_capacity(16 + 24 * record.len());
            let (meta, order) = writer.write(record, &mut data);
            Document { data, meta, order }
        })
    }
}

impl DocumentWriter {
    /// Adds `data` to `out`, and gives `meta` and the order of the fields, where there is something to say.
    pub(crate) fn write(&mut self, record: &Record, out: &mut Vec<u8>) -> (Option<Vec<u8>>, Option<Arc<str>>) {
        let plan = match &mut self.plan {
            Some(plan) if plan.shape.address() == record.shape().address() => plan,
            plan => plan.insert(Plan::new(record.shape())),
        };
        out.push(b'{');
        let mut implied = true;
        for (position, value) in record.values().iter().enumerate() {
            if position > 0 {
                out.push(b',');
            }
            out.extend_from_slice(&plan.keys[position]);
            write_value(value, out);
            implied = implied && is_implied(plan.shape.fields()[position].1, value);
        }
        out.push(b'}');
        let meta = if implied && !record.has_metadata() { None } else { meta_of(record) };
        (meta, plan.order.clone())
    }
}

/// Whether plain JSON shows this type of this value.
fn is_implied(field_type: FieldType, value: &Value) -> bool {
    match value {
        Value::DateTime(_) | Value::Binary(_) => false,
        value => field_type == value.field_type(),
    }
}

fn meta_of(record: &Record) -> Option<Vec<u8>> {
    let mut members = record.document_meta().to_json();
    let instants: Map<String, Json> = record
        .fields()
        .filter_map(|field| Some((field.name().to_owned(), field.value().as_datetime().map(DateTime::micros)?.into())))
        .collect();
    if !instants.is_empty() {
        members.insert("instants".to_owned(), Json::Object(instants));
    }
    if members.is_empty() {
        return None;
    }
    let mut meta = Vec::with_capacity(64);
    write_json(&Json::Object(members), &mut meta);
    Some(meta)
}

/// A value as plain JSON.
pub(crate) fn write_value(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::Null => out.extend_from_slice(b"null"),
        Value::Boolean(value) => out.extend_from_slice(if *value { b"true" } else { b"false" }),
        Value::Integer(value) => write_integer(*value, out),
        Value::Float(value) => write_float(*value, out),
        Value::String(text) => write_text(text, out),
        Value::DateTime(time) => {
            let _ = write!(out, "\"{time}\"");
        }
        Value::Json(document) => write_json(document, out),
        Value::Binary(bytes) => {
            out.push(b'"');
            out.extend_from_slice(STANDARD.encode(bytes).as_bytes());
            out.push(b'"');
        }
    }
}

fn write_integer(value: i64, out: &mut Vec<u8>) {
    out.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
}

/// A float as a decimal that compares with every other number as the float does: the shortest one
/// below 2^53, where the decimals of two floats are ordered as they are and none of them is an
/// integer that the float is not, and all digits from there on. Always with a fraction, so that it
/// comes back as a float.
pub(crate) fn write_float(value: f64, out: &mut Vec<u8>) {
    // JSONB knows no negative zero, and its text form would lose the sign in any case.
    let value = if value == 0.0 { 0.0 } else { value };
    if value.abs() >= ALL_DIGITS {
        let _ = write!(out, "{value:.1}");
    } else {
        out.extend_from_slice(ryu::Buffer::new().format_finite(value).as_bytes());
    }
}

pub(crate) fn write_json(document: &Json, out: &mut Vec<u8>) {
    match document {
        Json::Null => out.extend_from_slice(b"null"),
        Json::Bool(value) => out.extend_from_slice(if *value { b"true" } else { b"false" }),
        Json::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(integer), _) => write_integer(integer, out),
            (None, Some(float)) => write_float(float, out),
            (None, None) => out.extend_from_slice(b"null"),
        },
        Json::String(text) => write_text(text, out),
        Json::Array(items) => {
            out.push(b'[');
            for (position, item) in items.iter().enumerate() {
                if position > 0 {
                    out.push(b',');
                }
                write_json(item, out);
            }
            out.push(b']');
        }
        Json::Object(members) => {
            out.push(b'{');
            for (position, (key, item)) in members.iter().enumerate() {
                if position > 0 {
                    out.push(b',');
                }
                write_text(key, out);
                out.push(b':');
                write_json(item, out);
            }
            out.push(b'}');
        }
    }
}

/// A JSON string.
pub(crate) fn write_text(text: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    if text.bytes().all(|byte| byte >= 0x20 && byte != b'"' && byte != b'\\') {
        out.extend_from_slice(text.as_bytes());
    } else {
        for byte in encode(text).bytes() {
            match byte {
                b'"' => out.extend_from_slice(b"\\\""),
                b'\\' => out.extend_from_slice(b"\\\\"),
                0..0x20 => {
                    let _ = write!(out, "\\u{byte:04x}");
                }
                byte => out.push(byte),
            }
        }
    }
    out.push(b'"');
}

/// The JSON text of a value, as it stands in `data`.
pub(crate) fn value_text(value: &Value) -> Vec<u8> {
    let mut out = Vec::new();
    write_value(value, &mut out);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use dataknobs_data_core::record;
    use serde_json::json;

    fn written(record: &Record) -> (String, Option<String>, Option<String>) {
        let document = Document::of(record);
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (text(document.data), document.meta.map(text), document.order.map(|order| order.to_string()))
    }

    #[test]
    fn plain_records_need_no_meta() {
        let record = record! { "a": 1, "b": "x\"y\\z", "cc": 1.5, "dd": true }.unwrap();
        assert_eq!(written(&record), (r#"{"a":1,"b":"x\"y\\z","cc":1.5,"dd":true}"#.to_owned(), None, None));
    }

    #[test]
    fn floats_are_written_so_that_decimals_compare_as_they_do() {
        let float = |value| {
            let mut out = Vec::new();
            write_float(value, &mut out);
            String::from_utf8(out).unwrap()
        };
        assert_eq!(float(0.1), "0.1");
        assert_eq!(float(-0.0), "0.0");
        assert_eq!(float(9_007_199_254_740_991.0), "9007199254740991.0");
        assert_eq!(float(1e23), "99999999999999991611392.0");
        assert_eq!(float(-9_223_372_036_854_775_808.0), "-9223372036854775808.0");
        assert_eq!(float(f64::MAX).parse::<f64>(), Ok(f64::MAX));
    }

    #[test]
    fn meta_holds_types_and_instants_and_order_stands_beside_it() {
        let time: DateTime = "1970-01-01T00:00:01Z".parse().unwrap();
        let record = record! { "bb": time, "a": Value::json(json!({"x": "\0"})).unwrap() }.unwrap();
        let (data, meta, order) = written(&record);
        assert_eq!(data, r#"{"bb":"1970-01-01T00:00:01Z","a":{"x":"\u0001\u0002"}}"#);
        let expected = json!({"types": {"bb": "DATETIME"}, "instants": {"bb": 1_000_000}});
        assert_eq!(serde_json::from_str::<Json>(&meta.unwrap()).unwrap(), expected);
        assert_eq!(order.as_deref(), Some("10"));
    }
}
