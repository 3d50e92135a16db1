//! JSON documents inside records: what is legal in them, and when two are equal.

use serde_json::Value as Json;

use super::{Number, compare_numbers};
use crate::error::{Error, Result};

/// Checks that every number of a document is a 64-bit integer or a finite float.
///
/// ```
/// use dataknobs_data_core::validate_json;
/// assert!(validate_json(&serde_json::json!({"n": [1, 2.5]})).is_ok());
/// assert!(validate_json(&serde_json::json!({"n": u64::MAX})).is_err());
/// ```
///
/// # Errors
/// [`InvalidRecord`](crate::ErrorKind::InvalidRecord) with the path of the first offender.
pub fn validate_json(document: &Json) -> Result<()> {
    fn walk(value: &Json, path: &mut Vec<String>) -> Result<()> {
        match value {
            Json::Number(number) if number.is_u64() && number.as_i64().is_none() => {
                Err(Error::invalid_record("an integer inside JSON is outside the 64-bit range")
                    .with_context("path", path.join(".")))
            }
            Json::Array(items) => items.iter().enumerate().try_for_each(|(index, item)| {
                path.push(index.to_string());
                walk(item, path)?;
                path.pop();
                Ok(())
            }),
            Json::Object(members) => members.iter().try_for_each(|(key, item)| {
                path.push(key.clone());
                walk(item, path)?;
                path.pop();
                Ok(())
            }),
            _ => Ok(()),
        }
    }
    walk(document, &mut Vec::new())
}

pub(crate) fn json_number(number: &serde_json::Number) -> Number {
    match number.as_i64() {
        Some(integer) => Number::Integer(integer),
        None => Number::Float(number.as_f64().unwrap_or_default()),
    }
}

/// Deep equality by the query semantics: numbers by value, object keys in any order.
pub(crate) fn json_equal(a: &Json, b: &Json) -> bool {
    match (a, b) {
        (Json::Null, Json::Null) => true,
        (Json::Bool(a), Json::Bool(b)) => a == b,
        (Json::Number(a), Json::Number(b)) => compare_numbers(json_number(a), json_number(b)).is_eq(),
        (Json::String(a), Json::String(b)) => a == b,
        (Json::Array(a), Json::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| json_equal(a, b)),
        (Json::Object(a), Json::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(key, a)| b.get(key).is_some_and(|b| json_equal(a, b)))
        }
        _ => false,
    }
}

/// The one form that all equal documents share: keys sorted, whole floats written as integers.
pub(crate) fn canonical_json(document: &Json) -> Json {
    match document {
        Json::Number(number) => match json_number(number) {
            Number::Float(float) => super::float_as_integer(float).map_or_else(|| document.clone(), Json::from),
            Number::Integer(integer) => Json::from(integer),
        },
        Json::Array(items) => Json::Array(items.iter().map(canonical_json).collect()),
        Json::Object(members) => {
            let mut sorted: Vec<_> = members.iter().collect();
            sorted.sort_by(|a, b| a.0.cmp(b.0));
            Json::Object(sorted.into_iter().map(|(key, value)| (key.clone(), canonical_json(value))).collect())
        }
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn offenders_are_named_by_path() {
        let error = validate_json(&json!({"a": [1, {"b": u64::MAX}]})).unwrap_err();
        assert_eq!(error.context_value("path"), Some("a.1.b"));
        assert!(validate_json(&json!({"a": [i64::MIN, 1.5, null, "x", true]})).is_ok());
    }

    #[test]
    fn equality_ignores_key_order_and_number_kind() {
        assert!(json_equal(&json!({"a": 1, "b": [2.0]}), &json!({"b": [2], "a": 1.0})));
        assert!(!json_equal(&json!([1, 2]), &json!([2, 1])));
        assert!(!json_equal(&json!([1]), &json!([true])));
        assert!(!json_equal(&json!([1]), &json!([1, null])));
        assert!(json_equal(&json!([null, "x", false]), &json!([null, "x", false])));
        assert!(!json_equal(&json!({"a": null}), &json!({"b": null})));
    }

    #[test]
    fn equal_documents_share_one_canonical_form() {
        let form = canonical_json(&json!({"b": [2.0, 0.5, "s"], "a": -0.0})).to_string();
        assert_eq!(form, r#"{"a":0,"b":[2,0.5,"s"]}"#);
        assert_eq!(form, canonical_json(&json!({"a": 0, "b": [2, 0.5, "s"]})).to_string());
    }
}
