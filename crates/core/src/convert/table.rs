//! The conversion table: one function for each target type. A new type is one function and one
//! row in [`convert`].

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::error::{Error, Result};
use crate::value::{DateTime, FieldType, Value, float_as_integer, integer_as_float};
use crate::value::{compact_json, float_text, parse_json};

/// Why a value has no form in the target type.
type Refusal = &'static str;

const NO_CONVERSION: Refusal = "there is no conversion between these types";

pub(super) fn convert(value: &Value, to: FieldType) -> Result<Value> {
    let converted = match (value, to) {
        (Value::Null, _) => Ok(Value::Null),
        (Value::Float(float), _) if !float.is_finite() => Err("a float must be finite, not NaN or infinite"),
        (value, to) if to.holds(value) => Ok(value.clone()),
        (value, FieldType::String | FieldType::Text) => Ok(to_text(value)),
        (value, FieldType::Integer) => to_integer(value),
        (value, FieldType::Float) => to_float(value),
        (Value::String(text), FieldType::Boolean) => to_boolean(text),
        (Value::String(text), FieldType::DateTime) => to_datetime(text),
        (Value::String(text), FieldType::Json) => to_json(text),
        (Value::String(text), FieldType::Binary) => to_binary(text),
        _ => Err(NO_CONVERSION),
    };
    converted.map_err(|refusal| {
        Error::invalid_record(refusal).with_context("value", value.kind_name()).with_context("type", to)
    })
}

fn to_text(value: &Value) -> Value {
    match value {
        Value::Null => Value::Null,
        Value::Boolean(value) => Value::from(if *value { "true" } else { "false" }),
        Value::Integer(value) => Value::from(value.to_string()),
        Value::Float(value) => Value::from(float_text(*value)),
        Value::String(text) => Value::String(text.clone()),
        Value::DateTime(time) => Value::from(time.to_string()),
        Value::Json(document) => Value::from(compact_json(document)),
        Value::Binary(bytes) => Value::from(STANDARD.encode(bytes)),
    }
}

fn to_integer(value: &Value) -> Result<Value, Refusal> {
    match value {
        // Rust reads just `[+-]?[0-9]+`.
        Value::String(text) => {
            text.parse::<i64>().map(Value::Integer).map_err(|_| "the text is not a whole number of 64 bits")
        }
        Value::Float(float) => {
            float_as_integer(*float).map(Value::Integer).ok_or("the float is not a whole number of 64 bits")
        }
        _ => Err(NO_CONVERSION),
    }
}

fn to_float(value: &Value) -> Result<Value, Refusal> {
    match value {
        Value::String(text) if is_decimal(text) => match text.parse::<f64>() {
            Ok(float) if float.is_finite() => Ok(Value::Float(float)),
            _ => Err("the number is outside the range of floats"),
        },
        Value::String(_) => Err("the text is not a decimal number"),
        Value::Integer(integer) => {
            integer_as_float(*integer).map(Value::Float).ok_or("no float holds this integer exactly")
        }
        _ => Err(NO_CONVERSION),
    }
}

/// `[+-]?digits[.digits][e[+-]digits]`
fn is_decimal(text: &str) -> bool {
    fn digits(text: &[u8]) -> Option<&[u8]> {
        let length = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
        (length > 0).then(|| &text[length..])
    }
    fn unsigned(text: &[u8]) -> &[u8] {
        text.strip_prefix(b"+").or_else(|| text.strip_prefix(b"-")).unwrap_or(text)
    }
    fn after_number(text: &[u8]) -> Option<&[u8]> {
        let mut rest = digits(unsigned(text))?;
        if let Some(fraction) = rest.strip_prefix(b".") {
            rest = digits(fraction)?;
        }
        if let Some(exponent) = rest.strip_prefix(b"e").or_else(|| rest.strip_prefix(b"E")) {
            rest = digits(unsigned(exponent))?;
        }
        Some(rest)
    }
    after_number(text.as_bytes()).is_some_and(<[u8]>::is_empty)
}

fn to_boolean(text: &str) -> Result<Value, Refusal> {
    match text {
        "true" => Ok(Value::Boolean(true)),
        "false" => Ok(Value::Boolean(false)),
        _ => Err("the text is neither `true` nor `false`"),
    }
}

fn to_datetime(text: &str) -> Result<Value, Refusal> {
    DateTime::parse(text).map(Value::DateTime).map_err(|_| "the text is not an RFC 3339 date-time")
}

fn to_json(text: &str) -> Result<Value, Refusal> {
    match parse_json(text.as_bytes()) {
        Ok(document) if document.is_object() || document.is_array() => Ok(Value::Json(Arc::new(document))),
        Ok(_) => Err("the text is a JSON scalar, not an object or array"),
        Err(_) => Err("the text is not JSON with 64-bit numbers"),
    }
}

fn to_binary(text: &str) -> Result<Value, Refusal> {
    STANDARD.decode(text).map(Value::from).map_err(|_| "the text is not padded standard base64")
}
