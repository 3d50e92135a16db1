//! Literals in JSON: plain where JSON can say them, tagged where it cannot.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value as Json, json};

use crate::error::{Error, Result};
use crate::record::plain_json;
use crate::value::{DateTime, Value};

/// The deepest nesting of a JSON literal.
const MAX_LITERAL_DEPTH: usize = 128;

/// A value as JSON that says its kind: datetimes are `{"$datetime": "…"}`, bytes
/// `{"$binary": "base64"}`; a JSON object that looks like such a tag is wrapped in `{"$json": …}`.
///
/// ```
/// use dataknobs_data_core::{Value, value_from_tagged, value_to_tagged};
/// let bytes = Value::from(vec![0u8, 255]);
/// assert_eq!(value_to_tagged(&bytes).to_string(), r#"{"$binary":"AP8="}"#);
/// assert_eq!(value_from_tagged(value_to_tagged(&bytes))?, bytes);
/// # Ok::<(), dataknobs_data_core::Error>(())
/// ```
pub fn value_to_tagged(value: &Value) -> Json {
    match value {
        Value::DateTime(time) => json!({"$datetime": time.to_string()}),
        Value::Binary(bytes) => json!({"$binary": STANDARD.encode(bytes)}),
        Value::Json(document) if tag_of(document).is_some() => json!({"$json": document.as_ref()}),
        value => plain_json(value),
    }
}

/// The value that [`value_to_tagged`] wrote.
///
/// ```
/// use dataknobs_data_core::{DateTime, Value, value_from_tagged};
/// let time = value_from_tagged(serde_json::json!({"$datetime": "2024-05-01T00:00:00"}))?;
/// assert_eq!(time, Value::from(DateTime::parse("2024-05-01")?));
/// assert!(value_from_tagged(serde_json::json!({"$binary": "?"})).is_err());
/// # Ok::<(), dataknobs_data_core::Error>(())
/// ```
///
/// # Errors
/// [`InvalidQuery`](crate::ErrorKind::InvalidQuery) for a tag with the wrong content, an integer outside the 64-bit range, and a document nested deeper than 128 levels.
pub fn value_from_tagged(value: Json) -> Result<Value> {
    if nested_deeper(&value, MAX_LITERAL_DEPTH) {
        return Err(Error::invalid_query("a JSON literal must not be nested deeper than 128 levels"));
    }
    let Some(tag) = tag_of(&value) else { return untagged(value) };
    let wrong = |message: &'static str| Err(Error::invalid_query(message));
    match (tag, &value[tag]) {
        ("$datetime", Json::String(text)) => match DateTime::parse(text) {
            Ok(time) => Ok(Value::DateTime(time)),
            Err(_) => wrong("$datetime does not hold an RFC 3339 date-time"),
        },
        ("$datetime", _) => wrong("$datetime holds text"),
        ("$binary", Json::String(text)) => match STANDARD.decode(text) {
            Ok(bytes) => Ok(Value::from(bytes)),
            Err(_) => wrong("$binary does not hold base64 with padding"),
        },
        ("$binary", _) => wrong("$binary holds text"),
        ("$json", document @ (Json::Object(_) | Json::Array(_))) => untagged(document.clone()),
        ("$json", _) => wrong("$json holds an object or an array"),
        ("$text", _) => wrong("$text stands in records only"),
        // Tools that know no tags write such objects too.
        _ => untagged(value),
    }
}

fn untagged(value: Json) -> Result<Value> {
    Value::json(value).map_err(|error| {
        let wide = Error::invalid_query("an integer is outside the 64-bit range");
        match error.context_value("path") {
            Some(path) if !path.is_empty() => wide.with_context("inside", path),
            _ => wide,
        }
    })
}

/// The only key of an object, where it begins with `$`.
fn tag_of(document: &Json) -> Option<&str> {
    let Json::Object(members) = document else { return None };
    let (key, _) = members.iter().next().filter(|_| members.len() == 1)?;
    key.starts_with('$').then_some(key)
}

fn nested_deeper(document: &Json, levels: usize) -> bool {
    match document {
        Json::Array(_) | Json::Object(_) if levels == 0 => true,
        Json::Array(items) => items.iter().any(|item| nested_deeper(item, levels - 1)),
        Json::Object(members) => members.values().any(|item| nested_deeper(item, levels - 1)),
        _ => false,
    }
}
