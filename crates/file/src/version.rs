//! Versions of records: a hash of the content, since a file has no room for anything else.

use std::hash::{BuildHasher, Hash, Hasher};

use dataknobs_data_core::{Record, Value, Version};
use foldhash::quality::FixedState;
use serde_json::Value as Json;

/// The version of a record. Where a missing field reads back as null, nulls do not count.
pub(crate) fn version_of(record: &Record, missing_is_null: bool) -> Version {
    let mut state = FixedState::with_seed(0x6461_7461_6b6e_6f62).build_hasher();
    let has_metadata = record.has_metadata();
    for (position, ((name, field_type), value)) in record.shape().fields().iter().zip(record.values()).enumerate() {
        let metadata = if has_metadata { record.field_at(position).and_then(|field| field.metadata()) } else { None };
        if missing_is_null && value.is_null() && metadata.is_none() {
            continue;
        }
        name.as_str().hash(&mut state);
        state.write_u8(*field_type as u8);
        hash_value(value, &mut state);
        if let Some(metadata) = metadata {
            state.write_u8(8);
            metadata.iter().for_each(|(key, value)| hash_member(key, value, &mut state));
        }
    }
    state.write_u8(9);
    record.metadata().iter().for_each(|(key, value)| hash_member(key, value, &mut state));
    Version::from_number(state.finish())
}

fn hash_value(value: &Value, state: &mut impl Hasher) {
    match value {
        Value::Null => state.write_u8(0),
        Value::Boolean(value) => state.write_u8(1 + u8::from(*value)),
        Value::Integer(value) => state.write_i64(*value),
        Value::Float(value) => state.write_u64(value.to_bits()),
        Value::String(text) => text.hash(state),
        Value::DateTime(time) => time.hash(state),
        Value::Json(document) => hash_json(document, state),
        Value::Binary(bytes) => bytes.hash(state),
    }
}

fn hash_member(key: &str, value: &Json, state: &mut impl Hasher) {
    key.hash(state);
    hash_json(value, state);
}

fn hash_json(value: &Json, state: &mut impl Hasher) {
    match value {
        Json::Null => state.write_u8(0),
        Json::Bool(value) => state.write_u8(1 + u8::from(*value)),
        Json::Number(number) => match number.as_i64() {
            Some(integer) => {
                state.write_u8(3);
                state.write_i64(integer);
            }
            None => {
                state.write_u8(4);
                state.write_u64(number.as_f64().unwrap_or_default().to_bits());
            }
        },
        Json::String(text) => {
            state.write_u8(5);
            text.hash(state);
        }
        Json::Array(items) => {
            state.write_u8(6);
            state.write_usize(items.len());
            items.iter().for_each(|item| hash_json(item, state));
        }
        Json::Object(members) => {
            state.write_u8(7);
            state.write_usize(members.len());
            members.iter().for_each(|(key, value)| hash_member(key, value, state));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dataknobs_data_core::{Field, FieldType, record};
    use serde_json::json;

    #[test]
    fn every_part_of_the_content_counts() {
        let base = record! { "a": 1 }.unwrap();
        let document = |document| record! { "a": Value::json(document).unwrap() }.unwrap();
        let others = [
            record! { "a": 2 }.unwrap(),
            record! { "b": 1 }.unwrap(),
            record! { "a": 1.0 }.unwrap(),
            record! { "a": "1" }.unwrap(),
            record! { "a": 1, "b": () }.unwrap(),
            base.clone().with_metadata("k", 1).unwrap(),
            Record::from_fields([Field::new("a", 1).with_metadata("k", 1)]).unwrap(),
            Record::from_fields([Field::new("a", "1").with_type(FieldType::Text)]).unwrap(),
            document(json!([1, null, true, "x", 1.5])),
            document(json!({"x": [1]})),
            document(json!([[1]])),
        ];
        let mut versions: Vec<_> = others.iter().chain([&base]).map(|record| version_of(record, false)).collect();
        versions.sort_by_key(|version| version.as_number());
        versions.dedup();
        assert_eq!(versions.len(), others.len() + 1);
        assert_eq!(version_of(&base, false), version_of(&base.clone().with_id("x").unwrap(), false));
        assert_eq!(version_of(&base, true), version_of(&others[4], true));
    }
}
