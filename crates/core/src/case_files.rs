//! The conformance cases in `crates/testkit/cases`, for unit tests.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value as Json;

use crate::record::{Field, Record};
use crate::value::{DateTime, FieldType, Value};

/// A case file. One that is missing or damaged fails the test that wants it.
pub(crate) fn read(name: &str) -> Json {
    let path = format!("{}/../testkit/cases/{name}.json", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{path}: {error}"))
}

pub(crate) fn cases(file: &Json) -> &[Json] {
    let cases = file["cases"].as_array().unwrap();
    assert!(!cases.is_empty());
    cases
}

/// A value as written in case files, with its type.
pub(crate) fn typed_value(plain: &Json) -> (Value, FieldType) {
    let marker = plain.as_object().filter(|members| members.len() == 1).and_then(|members| members.iter().next());
    let value = match marker.map(|(key, inner)| (key.as_str(), inner)) {
        Some(("$text", text)) => return (Value::from(text.as_str().unwrap()), FieldType::Text),
        Some(("$datetime", text)) => Value::from(DateTime::parse(text.as_str().unwrap()).unwrap()),
        Some(("$binary", text)) => Value::from(STANDARD.decode(text.as_str().unwrap()).unwrap()),
        Some(("$json", document)) => Value::json(document.clone()).unwrap(),
        _ => Value::json(plain.clone()).unwrap(),
    };
    let field_type = value.field_type();
    (value, field_type)
}

pub(crate) fn record(plain: &Json) -> Record {
    let fields = plain["fields"].as_object().unwrap().iter().map(|(name, plain)| {
        let (value, field_type) = typed_value(plain);
        Field::new(name.as_str(), value).with_type(field_type)
    });
    let mut record = Record::from_fields(fields).unwrap().with_id(plain["id"].as_str().unwrap()).unwrap();
    if let Some(metadata) = plain.get("metadata") {
        record.set_metadata(metadata.as_object().unwrap().clone()).unwrap();
    }
    record
}
