//! One cell: a value of a type as text, and back.

use std::io::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use dataknobs_data_core::{DateTime, FieldType, Number, Result, Value, compare_numbers};
use serde_json::Value as Json;

use crate::format::json_row::parse_document;

/// The value that a cell's text means under a type; none when it does not fit.
///
/// Where the type was declared, the text may be what people write (`+5`, `007`, `1` for true, a
/// date alone); where it was guessed, only what the guess rests on.
pub(crate) fn value_of(text: &str, field_type: FieldType, declared: bool, field: &str) -> Result<Option<Value>> {
    Ok(match field_type {
        FieldType::Integer => integer(text, declared).map(Value::Integer),
        FieldType::Float => float(text, declared).map(Value::Float),
        FieldType::Boolean => boolean(text, declared).map(Value::Boolean),
        FieldType::DateTime => datetime(text, declared).map(Value::DateTime),
        FieldType::Json => match parse_document(text, field)? {
            document @ (Json::Object(_) | Json::Array(_)) => Some(Value::json(document)?),
            _ => None,
        },
        FieldType::Binary => STANDARD.decode(text).ok().map(Value::from),
        _ => Some(Value::from(text)),
    })
}

/// Appends the text of a value; [`value_of`] reads it back under the value's type.
pub(super) fn write(value: &Value, out: &mut Vec<u8>) {
    let written: std::io::Result<()> = match value {
        Value::Null => Ok(()),
        Value::Boolean(true) => out.write_all(b"true"),
        Value::Boolean(false) => out.write_all(b"false"),
        Value::Integer(value) => serde_json::to_writer(out, value).map_err(Into::into),
        Value::Float(value) => write_float(*value, out),
        Value::String(text) => out.write_all(text.as_bytes()),
        Value::DateTime(time) => write!(out, "{time}"),
        Value::Json(document) => serde_json::to_writer(out, &**document).map_err(Into::into),
        Value::Binary(bytes) => out.write_all(STANDARD.encode(bytes).as_bytes()),
    };
    debug_assert!(written.is_ok(), "writing to memory cannot fail");
}

/// The shortest text that reads back as the same float, as Rust's `Debug` has it. JSON's writer is faster
/// and gives the same where neither needs an exponent, unless the float lies in the middle between two
/// texts: only a multiple of 2^-22 does, between texts of 16 digits or more.
fn write_float(value: f64, out: &mut Vec<u8>) -> std::io::Result<()> {
    if value == 0.0 || (1e-4..1e16).contains(&value.abs()) {
        let start = out.len();
        serde_json::to_writer(&mut *out, &value)?;
        if out.len() - start <= 16 || (value * f64::from(1 << 22)).fract() != 0.0 {
            return Ok(());
        }
        out.truncate(start);
    }
    write!(out, "{value:?}")
}

/// Digits without leading zeros.
fn is_plain_number(digits: &[u8]) -> bool {
    !digits.is_empty() && digits.iter().all(u8::is_ascii_digit) && (digits.len() == 1 || digits[0] != b'0')
}

pub(crate) fn integer(text: &str, declared: bool) -> Option<i64> {
    // 64-bit integers have at most 20 characters; the check keeps long text cheap.
    if !declared && (text.len() > 20 || !is_integer(text)) {
        return None;
    }
    text.parse().ok()
}

/// Whether it is written as an integer is where nothing is declared, in range or not.
pub(super) fn is_integer(text: &str) -> bool {
    text != "-0" && is_plain_number(text.strip_prefix('-').unwrap_or(text).as_bytes())
}

/// Whether it is written as an integer, in range or not.
fn is_integer_text(text: &str) -> bool {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
}

pub(crate) fn float(text: &str, declared: bool) -> Option<f64> {
    let first = *text.as_bytes().first()?;
    if !matches!(first, b'-' | b'+' | b'.' | b'0'..=b'9') {
        return None;
    }
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    let unsigned = if declared { unsigned.strip_prefix('+').unwrap_or(unsigned) } else { unsigned };
    let whole = unsigned.bytes().take_while(u8::is_ascii_digit).count();
    if !unsigned.starts_with(|first: char| first.is_ascii_digit() || first == '.') {
        return None;
    }
    if !declared && whole > 0 && !is_plain_number(&unsigned.as_bytes()[..whole]) {
        return None;
    }
    let float: f64 = text.parse().ok().filter(|float: &f64| float.is_finite())?;
    if is_integer_text(text) {
        let integer: i64 = text.parse().ok()?;
        if compare_numbers(Number::Integer(integer), Number::Float(float)).is_ne() {
            return None;
        }
    }
    Some(float)
}

pub(crate) fn boolean(text: &str, declared: bool) -> Option<bool> {
    match text {
        "true" | "True" | "TRUE" => Some(true),
        "false" | "False" | "FALSE" => Some(false),
        "1" if declared => Some(true),
        "0" if declared => Some(false),
        _ => None,
    }
}

pub(crate) fn datetime(text: &str, declared: bool) -> Option<DateTime> {
    // A date alone is no date-time: it stays text unless someone declares otherwise.
    if !declared && text.len() <= 10 {
        return None;
    }
    match DateTime::parse(text) {
        Ok(time) => Some(time),
        Err(_) => DateTime::parse(&with_minutes(text)?).ok(),
    }
}

/// The text with the minutes that DuckDB and PostgreSQL leave out of an offset of whole hours, as in
/// `10:00:00+02`.
fn with_minutes(text: &str) -> Option<String> {
    let (time, offset) = text.split_at_checked(text.len().checked_sub(3)?)?;
    let is_short = offset.starts_with(['+', '-']) && offset[1..].bytes().all(|byte| byte.is_ascii_digit());
    (is_short && time.contains(':')).then(|| format!("{text}:00"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn guessed_numbers_are_strict() {
        for text in ["0", "-1", "9223372036854775807", "-9223372036854775808"] {
            assert_eq!(integer(text, false).unwrap().to_string(), text);
        }
        for text in ["", "-", "-0", "+1", "007", "1.0", " 1", "1_000", "9223372036854775808", "١"] {
            assert_eq!(integer(text, false), None, "{text}");
        }
        assert_eq!((integer("+007", true), integer("1.0", true)), (Some(7), None));
        for (text, expected) in
            [("1.", 1.0_f64), (".5", 0.5), ("-0", -0.0), ("1e5", 1e5), ("-2.5E-3", -2.5e-3), ("7", 7.0)]
        {
            assert_eq!(float(text, false).map(f64::to_bits), Some(expected.to_bits()), "{text}");
        }
        for text in [
            "",
            ".",
            "nan",
            "inf",
            "-inf",
            "1e400",
            "007.5",
            "+1.5",
            "9007199254740993",
            "1e",
            "0x1",
            "99999999999999999999",
        ] {
            assert_eq!(float(text, false), None, "{text}");
        }
        assert_eq!(float("+07.5", true), Some(7.5));
        assert_eq!(float("9007199254740993", true), None);
    }

    #[test]
    fn other_types() {
        assert_eq!((boolean("True", false), boolean("1", false), boolean("1", true)), (Some(true), None, Some(true)));
        assert!(datetime("2024-01-01", false).is_none() && datetime("2024-01-01", true).is_some());
        assert!(datetime("2024-01-01 10:00:00+02:00", false).is_some());
        assert_eq!(datetime("2024-01-01 10:00:00.5-07", false), DateTime::parse("2024-01-01T10:00:00.5-07:00").ok());
        for text in ["2024-01-01 10:00:00+2", "2024-01-01 10:00:00+ 2", "2024-01-01 10:00+02", "2024-01+02", "é:00"] {
            assert_eq!(datetime(text, true), None, "{text}");
        }
        assert_eq!(value_of("5", FieldType::Json, true, "f").unwrap(), None);
        assert!(value_of("[1,", FieldType::Json, true, "f").is_err());
        assert_eq!(value_of("*", FieldType::Binary, true, "f").unwrap(), None);
    }

    #[test]
    fn floats_are_written_as_debug_writes_them() {
        let mut bits = 0x2545_F491_4F6C_DD1D_u64;
        let mut next = || {
            bits ^= bits << 13;
            bits ^= bits >> 7;
            bits ^= bits << 17;
            bits
        };
        let edges = [0.0, -0.0, 1e-4, 9.999e-5, 1e16, 9_999_999_999_999_998.0, 1e15, 0.1, 5e-324, f64::MAX];
        for _ in 0..20_000 {
            let any = f64::from_bits(next());
            let usual = next() as f64 / 10_f64.powi((next() % 24) as i32);
            let short = (next() % 1_000_000) as f64 / 10_f64.powi((next() % 12) as i32);
            let dyadic = (next() >> (11 + next() % 50)) as f64 / 2_f64.powi((next() % 30) as i32);
            for float in edges.into_iter().chain([any, usual, -short, dyadic]).filter(|float| float.is_finite()) {
                let mut text = Vec::new();
                write(&Value::Float(float), &mut text);
                assert_eq!(String::from_utf8(text).unwrap(), format!("{float:?}"));
            }
        }
    }
}
