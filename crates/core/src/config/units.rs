//! Durations and byte sizes as people write them.
//!
//! The modules [`duration`] and [`byte_size`] go into `#[serde(with = "…")]`, on plain fields and
//! on optional ones (which also need `default`).

use std::fmt::Display;
use std::time::Duration;

use crate::error::{Error, Result};

const DURATIONS: [(&str, f64); 7] =
    [("us", 1e-6), ("ms", 1e-3), ("s", 1.0), ("min", 60.0), ("m", 60.0), ("h", 3_600.0), ("d", 86_400.0)];

const SIZES: [(&str, u64); 9] = [
    ("B", 1),
    ("kB", 1_000),
    ("MB", 1_000_000),
    ("GB", 1_000_000_000),
    ("TB", 1_000_000_000_000),
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
    ("TiB", 1 << 40),
];

const DURATION_EXPECTED: &str = "a duration such as `30s`, `500ms` or `5m`, or a number of seconds";
const SIZE_EXPECTED: &str = "a size such as `256MB` or `64KiB`, or a number of bytes";

fn split_unit(text: &str) -> (&str, &str) {
    let text = text.trim();
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    (&text[..end], text[end..].trim_start())
}

/// Reads `30s`, `500ms`, `250us`, `5m`, `1.5h`, `7d`; without a unit, seconds.
///
/// # Errors
/// [`InvalidConfig`](crate::ErrorKind::InvalidConfig); the text is not in it.
///
/// ```
/// use dataknobs_data_core::config::parse_duration;
/// use std::time::Duration;
/// assert_eq!(parse_duration("500ms")?, Duration::from_millis(500));
/// assert_eq!(parse_duration("2")?, Duration::from_secs(2));
/// assert!(parse_duration("soon").is_err());
/// # Ok::<(), dataknobs_data_core::Error>(())
/// ```
pub fn parse_duration(text: &str) -> Result<Duration> {
    let (number, unit) = split_unit(text);
    let scale = if unit.is_empty() { Some(1.0) } else { unit_of(&DURATIONS, unit) };
    scale
        .zip(number.parse::<f64>().ok())
        .and_then(|(scale, number)| Duration::try_from_secs_f64(number * scale).ok())
        .ok_or_else(|| expected(DURATION_EXPECTED))
}

/// Reads `256MB`, `64KiB`, `1.5GiB`; without a unit, bytes. `k`, `M`, `G`, `T` are powers of 1,000,
/// `Ki`, `Mi`, `Gi`, `Ti` powers of 1,024.
///
/// # Errors
/// [`InvalidConfig`](crate::ErrorKind::InvalidConfig); the text is not in it.
///
/// ```
/// use dataknobs_data_core::config::parse_byte_size;
/// assert_eq!(parse_byte_size("64KiB")?, 65_536);
/// assert_eq!(parse_byte_size("1.5 MB")?, 1_500_000);
/// # Ok::<(), dataknobs_data_core::Error>(())
/// ```
pub fn parse_byte_size(text: &str) -> Result<u64> {
    let (number, unit) = split_unit(text);
    let scale = if unit.is_empty() { Some(1) } else { unit_of(&SIZES, unit) };
    let size = match (scale, number.parse::<u64>()) {
        (Some(scale), Ok(number)) => number.checked_mul(scale),
        (Some(scale), Err(_)) => number
            .parse::<f64>()
            .ok()
            .map(|number| number * scale as f64)
            .filter(|bytes| bytes.fract() == 0.0 && *bytes < u64::MAX as f64)
            .map(|bytes| bytes as u64),
        (None, _) => None,
    };
    size.ok_or_else(|| expected(SIZE_EXPECTED))
}

fn unit_of<T: Copy>(units: &[(&str, T)], unit: &str) -> Option<T> {
    units.iter().find(|(name, _)| name.eq_ignore_ascii_case(unit)).map(|(_, scale)| *scale)
}

fn expected(what: impl Display) -> Error {
    Error::invalid_config(format!("expected {what}"))
}

/// Writes a duration so that [`parse_duration`] reads it back, in the largest unit that is exact.
///
/// ```
/// use dataknobs_data_core::config::format_duration;
/// use std::time::Duration;
/// assert_eq!(format_duration(Duration::from_secs(300)), "5m");
/// assert_eq!(format_duration(Duration::from_millis(1500)), "1500ms");
/// ```
pub fn format_duration(duration: Duration) -> String {
    let micros = duration.as_micros();
    let units = [("d", 86_400_000_000), ("h", 3_600_000_000), ("m", 60_000_000), ("s", 1_000_000), ("ms", 1_000)];
    match units.iter().find(|(_, size)| micros > 0 && micros.is_multiple_of(*size)) {
        Some((unit, size)) => format!("{}{unit}", micros / size),
        None if micros == 0 => "0s".to_owned(),
        None => format!("{micros}us"),
    }
}

/// What a field of a config struct may be: the value itself, or an option of it.
pub trait Holds<T>: Sized {
    /// Holds this value.
    fn hold(value: T) -> Self;
    /// Holds none, if it can.
    fn hold_none() -> Option<Self>;
    /// What it holds.
    fn held(&self) -> Option<&T>;
}

impl<T> Holds<T> for T {
    fn hold(value: T) -> Self {
        value
    }

    fn hold_none() -> Option<Self> {
        None
    }

    fn held(&self) -> Option<&T> {
        Some(self)
    }
}

impl<T> Holds<T> for Option<T> {
    fn hold(value: T) -> Self {
        Some(value)
    }

    fn hold_none() -> Option<Self> {
        Some(None)
    }

    fn held(&self) -> Option<&T> {
        self.as_ref()
    }
}

/// One written form: a number of base units, or text with a unit, or `none` on optional fields.
struct Written<T, F> {
    expected: &'static str,
    number: fn(f64) -> Option<T>,
    text: fn(&str) -> Result<T>,
    field: std::marker::PhantomData<F>,
}

impl<'de, T, F: Holds<T>> serde::de::Visitor<'de> for Written<T, F> {
    type Value = F;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.expected)
    }

    fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<F, E> {
        // Through the text form, so that sizes above 2^53 stay exact.
        self.visit_str(&number.to_string())
    }

    fn visit_i64<E: serde::de::Error>(self, number: i64) -> Result<F, E> {
        self.visit_str(&number.to_string())
    }

    fn visit_f64<E: serde::de::Error>(self, number: f64) -> Result<F, E> {
        let value = (self.number)(number);
        value.map(F::hold).ok_or_else(|| E::invalid_type(serde::de::Unexpected::Float(number), &self))
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<F, E> {
        if text == "none" && F::hold_none().is_some() {
            return self.visit_unit();
        }
        let value = (self.text)(text).ok();
        value.map(F::hold).ok_or_else(|| E::invalid_type(serde::de::Unexpected::Str(text), &self))
    }

    fn visit_unit<E: serde::de::Error>(self) -> Result<F, E> {
        F::hold_none().ok_or_else(|| E::invalid_type(serde::de::Unexpected::Unit, &self))
    }
}

/// A [`Duration`] field: `#[serde(with = "dataknobs_data_core::config::duration")]`.
///
/// ```
/// use std::time::Duration;
/// #[derive(serde::Deserialize)]
/// struct Settings {
///     #[serde(default, with = "dataknobs_data_core::config::duration")]
///     timeout: Option<Duration>,
/// }
/// let settings: Settings = serde_json::from_str(r#"{"timeout": "1.5s"}"#)?;
/// assert_eq!(settings.timeout, Some(Duration::from_millis(1500)));
/// # Ok::<(), serde_json::Error>(())
/// ```
pub mod duration {
    use super::{DURATION_EXPECTED, Holds, Written, format_duration, parse_duration};
    use serde::{Deserializer, Serializer};
    use std::marker::PhantomData;
    use std::time::Duration;

    /// Reads a field.
    ///
    /// # Errors
    /// When it is no duration.
    pub fn deserialize<'de, D: Deserializer<'de>, F: Holds<Duration>>(deserializer: D) -> Result<F, D::Error> {
        let number = |seconds| Duration::try_from_secs_f64(seconds).ok();
        deserializer.deserialize_any(Written {
            expected: DURATION_EXPECTED,
            number,
            text: parse_duration,
            field: PhantomData,
        })
    }

    /// Writes a field.
    ///
    /// # Errors
    /// Those of the serializer.
    pub fn serialize<S: Serializer, F: Holds<Duration>>(field: &F, serializer: S) -> Result<S::Ok, S::Error> {
        match field.held() {
            Some(duration) => serializer.serialize_str(&format_duration(*duration)),
            None => serializer.serialize_none(),
        }
    }
}

/// A `u64` field of bytes: `#[serde(with = "dataknobs_data_core::config::byte_size")]`.
///
/// ```
/// #[derive(serde::Serialize, serde::Deserialize)]
/// struct Settings {
///     #[serde(with = "dataknobs_data_core::config::byte_size")]
///     max_bytes: u64,
/// }
/// let settings: Settings = serde_json::from_str(r#"{"max_bytes": "64KiB"}"#)?;
/// assert_eq!(serde_json::to_string(&settings)?, r#"{"max_bytes":65536}"#);
/// # Ok::<(), serde_json::Error>(())
/// ```
pub mod byte_size {
    use super::{Holds, SIZE_EXPECTED, Written, parse_byte_size};
    use serde::{Deserializer, Serializer};
    use std::marker::PhantomData;

    /// Reads a field.
    ///
    /// # Errors
    /// When it is no size.
    pub fn deserialize<'de, D: Deserializer<'de>, F: Holds<u64>>(deserializer: D) -> Result<F, D::Error> {
        let number = |bytes: f64| parse_byte_size(&bytes.to_string()).ok();
        deserializer.deserialize_any(Written {
            expected: SIZE_EXPECTED,
            number,
            text: parse_byte_size,
            field: PhantomData,
        })
    }

    /// Writes a field, as a number of bytes.
    ///
    /// # Errors
    /// Those of the serializer.
    pub fn serialize<S: Serializer, F: Holds<u64>>(field: &F, serializer: S) -> Result<S::Ok, S::Error> {
        match field.held() {
            Some(bytes) => serializer.serialize_u64(*bytes),
            None => serializer.serialize_none(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::{Deserialize, Serialize};
    use serde_json::json;

    #[test]
    fn durations_are_read_in_every_unit() {
        let cases = [
            ("250us", 250),
            ("500ms", 500_000),
            ("30s", 30_000_000),
            ("30", 30_000_000),
            ("0.5", 500_000),
            ("5m", 300_000_000),
            ("5 min", 300_000_000),
            ("1.5h", 5_400_000_000),
            ("1d", 86_400_000_000),
        ];
        for (text, micros) in cases {
            let duration = parse_duration(text).unwrap();
            assert_eq!(duration.as_micros(), micros, "{text}");
            assert_eq!(parse_duration(&format_duration(duration)).unwrap(), duration);
        }
        assert_eq!(format_duration(Duration::ZERO), "0s");
        for text in ["", "s", "-1s", "1x", "1e400d", "1.2.3s", "99999999999999999999d"] {
            assert!(parse_duration(text).is_err(), "{text}");
        }
    }

    #[test]
    fn sizes_are_read_in_every_unit() {
        for (text, bytes) in [("7", 7), ("7B", 7), ("256MB", 256_000_000), ("2 GiB", 2 << 30), ("0.5kb", 500)] {
            assert_eq!(parse_byte_size(text).unwrap(), bytes, "{text}");
        }
        for text in ["", "MB", "1.5", "-1", "1 XB", "99999999999999999999", "99999999999TiB", "1.00001kB"] {
            assert!(parse_byte_size(text).is_err(), "{text}");
        }
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Both {
        #[serde(with = "duration")]
        wait: Duration,
        #[serde(default, with = "duration")]
        idle: Option<Duration>,
        #[serde(with = "byte_size")]
        size: u64,
        #[serde(default, with = "byte_size")]
        limit: Option<u64>,
    }

    #[test]
    fn fields_take_numbers_text_and_none() {
        let read = |json| serde_json::from_value::<Both>(json);
        let both = read(json!({"wait": 1.5, "idle": "2s", "size": 9007199254740993_u64, "limit": "1kB"})).unwrap();
        assert_eq!(both.wait, Duration::from_millis(1500));
        assert_eq!(both.idle, Some(Duration::from_secs(2)));
        assert_eq!((both.size, both.limit), (9_007_199_254_740_993, Some(1000)));
        assert_eq!(serde_json::to_value(&both).unwrap()["wait"], "1500ms");
        assert_eq!(read(serde_json::to_value(&both).unwrap()).unwrap(), both);

        let none = read(json!({"wait": 0, "idle": "none", "size": 4.0, "limit": null})).unwrap();
        assert_eq!(none, Both { wait: Duration::ZERO, idle: None, size: 4, limit: None });
        assert_eq!(read(serde_json::to_value(&none).unwrap()).unwrap(), none);

        for wrong in [json!(-1), json!(-0.5), json!("none"), json!(null), json!([])] {
            assert!(read(json!({"wait": wrong, "size": 1})).is_err());
            assert!(read(json!({"wait": 1, "size": wrong})).is_err());
        }
    }
}
