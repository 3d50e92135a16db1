//! Points in time with microseconds, with or without an offset from UTC.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};

use chrono::{Datelike, NaiveDate, Timelike};

use crate::error::{Error, Result};

/// A point in time: microseconds since 1970-01-01T00:00:00, and the offset from UTC it was
/// written with, if any.
///
/// The text form is RFC 3339; without an offset the same form without its last part. Offsets may
/// carry seconds (`+01:12:34`), as historical local times do. Years run from 0001 to 9999 after
/// conversion to UTC.
///
/// ```
/// use dataknobs_data_core::DateTime;
/// let time = DateTime::parse("2024-05-01T10:00:00.5+02:00")?;
/// assert_eq!(time.to_string(), "2024-05-01T10:00:00.5+02:00");
/// assert_eq!(time.micros(), DateTime::parse("2024-05-01T08:00:00.5")?.micros());
/// # Ok::<(), dataknobs_data_core::Error>(())
/// ```
///
/// `==` tells `10:00Z` and `12:00+02:00` apart, as a round trip must; queries compare
/// [`DateTime::micros`].
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct DateTime {
    micros: i64,
    /// Seconds east of UTC; `NAIVE` stands for "no offset".
    offset: i32,
}

const NAIVE: i32 = i32::MIN;
const MAX_OFFSET: i32 = 24 * 3600;
/// 0001-01-01T00:00:00 and 9999-12-31T23:59:59.999999, in microseconds.
const MIN_MICROS: i64 = -62_135_596_800_000_000;
const MAX_MICROS: i64 = 253_402_300_799_999_999;

impl DateTime {
    /// The first instant: `0001-01-01T00:00:00`.
    ///
    /// ```
    /// use dataknobs_data_core::DateTime;
    /// assert_eq!(DateTime::MIN.to_string(), "0001-01-01T00:00:00");
    /// ```
    pub const MIN: DateTime = DateTime { micros: MIN_MICROS, offset: NAIVE };
    /// The last instant: `9999-12-31T23:59:59.999999`.
    ///
    /// ```
    /// use dataknobs_data_core::DateTime;
    /// assert_eq!(DateTime::MAX.to_string(), "9999-12-31T23:59:59.999999");
    /// ```
    pub const MAX: DateTime = DateTime { micros: MAX_MICROS, offset: NAIVE };

    /// A time without offset, from microseconds since 1970-01-01T00:00:00, cut to the legal range.
    ///
    /// ```
    /// use dataknobs_data_core::DateTime;
    /// assert_eq!(DateTime::from_micros(1_500_000).to_string(), "1970-01-01T00:00:01.5");
    /// ```
    pub fn from_micros(micros: i64) -> Self {
        DateTime { micros: micros.clamp(MIN_MICROS, MAX_MICROS), offset: NAIVE }
    }

    /// A time with an offset of so many seconds east of UTC, from microseconds since the epoch in
    /// UTC.
    ///
    /// ```
    /// use dataknobs_data_core::DateTime;
    /// assert_eq!(DateTime::with_offset(0, 3600)?.to_string(), "1970-01-01T01:00:00+01:00");
    /// assert!(DateTime::with_offset(0, 86_400).is_err());
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`InvalidRecord`](crate::ErrorKind::InvalidRecord) when the instant is outside the years
    /// 0001 to 9999 or the offset is a day or more.
    pub fn with_offset(utc_micros: i64, offset_seconds: i32) -> Result<Self> {
        if !(MIN_MICROS..=MAX_MICROS).contains(&utc_micros) {
            return Err(Error::invalid_record("a datetime must lie in the years 0001 to 9999 in UTC"));
        }
        if offset_seconds.abs() >= MAX_OFFSET {
            return Err(Error::invalid_record("an offset from UTC must be less than a day"));
        }
        if utc_micros + i64::from(offset_seconds) * 1_000_000 > MAX_MICROS {
            return Err(Error::invalid_record("a datetime's local year must not pass 9999"));
        }
        Ok(DateTime { micros: utc_micros, offset: offset_seconds })
    }

    /// Microseconds since 1970-01-01T00:00:00 UTC; a time without offset counts as UTC.
    ///
    /// ```
    /// use dataknobs_data_core::DateTime;
    /// assert_eq!(DateTime::parse("1970-01-01T01:00:01+01:00")?.micros(), 1_000_000);
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    pub fn micros(self) -> i64 {
        self.micros
    }

    /// Seconds east of UTC, or none for a time without offset.
    ///
    /// ```
    /// use dataknobs_data_core::DateTime;
    /// assert_eq!(DateTime::parse("2024-05-01T10:00:00+02:00")?.offset_seconds(), Some(7200));
    /// assert_eq!(DateTime::parse("2024-05-01T10:00:00")?.offset_seconds(), None);
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    pub fn offset_seconds(self) -> Option<i32> {
        (self.offset != NAIVE).then_some(self.offset)
    }

    /// Orders equal instants for results that keep one of them: without offset first, then by
    /// offset.
    pub(crate) fn representative_order(self, other: Self) -> Ordering {
        self.micros.cmp(&other.micros).then(self.offset.cmp(&other.offset))
    }

    /// Reads RFC 3339, also without offset, and a date alone (its midnight, without offset).
    /// Fraction digits after the sixth are cut; second 60 is the first second of the next minute.
    ///
    /// ```
    /// use dataknobs_data_core::DateTime;
    /// assert_eq!(DateTime::parse("2024-05-01")?.to_string(), "2024-05-01T00:00:00");
    /// assert_eq!(DateTime::parse("2024-05-01T10:00:00.1234567Z")?.to_string(), "2024-05-01T10:00:00.123456Z");
    /// assert!(DateTime::parse("2024-02-30").is_err());
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`InvalidRecord`](crate::ErrorKind::InvalidRecord).
    pub fn parse(text: &str) -> Result<Self> {
        parse(text).ok_or_else(|| {
            Error::invalid_record("not an RFC 3339 date-time")
                .with_hint("write it like 2024-05-01T10:00:00Z, 2024-05-01T10:00:00 or 2024-05-01")
        })
    }
}

/// Two ASCII digits at `at`, as a number.
fn two_digits(text: &[u8], at: usize) -> Option<u32> {
    match text.get(at..at + 2)? {
        [a @ b'0'..=b'9', b @ b'0'..=b'9'] => Some(u32::from(a - b'0') * 10 + u32::from(b - b'0')),
        _ => None,
    }
}

fn parse(text: &str) -> Option<DateTime> {
    let text = text.as_bytes();
    let year = two_digits(text, 0)? * 100 + two_digits(text, 2)?;
    let (b'-', month, b'-', day) = (*text.get(4)?, two_digits(text, 5)?, *text.get(7)?, two_digits(text, 8)?) else {
        return None;
    };
    let date = NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, month, day)?;
    if year == 0 && text.len() == 10 {
        return None;
    }
    let midnight = date.and_hms_opt(0, 0, 0)?.and_utc().timestamp() * 1_000_000;
    if text.len() == 10 {
        return Some(DateTime { micros: midnight, offset: NAIVE });
    }
    if !matches!(text[10], b'T' | b't' | b' ') {
        return None;
    }
    let (hour, minute, second) = (two_digits(text, 11)?, two_digits(text, 14)?, two_digits(text, 17)?);
    if text[13] != b':' || text[16] != b':' || hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let mut rest = &text[19..];
    let mut fraction = 0i64;
    if let [b'.', digits @ ..] = rest {
        let length = digits.iter().take_while(|digit| digit.is_ascii_digit()).count();
        if length == 0 {
            return None;
        }
        for place in 0..6 {
            fraction = fraction * 10 + digits[..length].get(place).map_or(0, |digit| i64::from(digit - b'0'));
        }
        rest = &digits[length..];
    }
    let seconds = i64::from(hour * 3600 + minute * 60 + second);
    let local = midnight + seconds * 1_000_000 + fraction;
    let offset = parse_offset(rest)?;
    let utc = if offset == NAIVE { local } else { local - i64::from(offset) * 1_000_000 };
    (MIN_MICROS..=MAX_MICROS).contains(&utc).then_some(DateTime { micros: utc, offset })
}

fn parse_offset(text: &[u8]) -> Option<i32> {
    match text {
        [] => Some(NAIVE),
        [b'Z' | b'z'] => Some(0),
        [sign @ (b'+' | b'-'), digits @ ..] => {
            let (hours, minutes) = (two_digits(digits, 0)?, two_digits(digits, 3)?);
            let seconds = match digits.len() {
                5 => 0,
                8 if digits[5] == b':' => two_digits(digits, 6)?,
                _ => return None,
            };
            if digits[2] != b':' || hours > 23 || minutes > 59 || seconds > 59 {
                return None;
            }
            let offset = i32::try_from(hours * 3600 + minutes * 60 + seconds).ok()?;
            Some(if *sign == b'-' { -offset } else { offset })
        }
        _ => None,
    }
}

impl fmt::Display for DateTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let offset = self.offset_seconds().unwrap_or(0);
        let local = self.micros + i64::from(offset) * 1_000_000;
        // Local time may leave the years 0001 to 9999 by a day, which chrono still holds.
        let time = chrono::DateTime::from_timestamp_micros(local).unwrap_or_default();
        write!(
            f,
            "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}",
            time.year(),
            time.month(),
            time.day(),
            time.hour(),
            time.minute(),
            time.second()
        )?;
        let fraction = local.rem_euclid(1_000_000);
        if fraction != 0 {
            let digits = format!("{fraction:06}");
            write!(f, ".{}", digits.trim_end_matches('0'))?;
        }
        match self.offset_seconds() {
            None => Ok(()),
            Some(0) => f.write_str("Z"),
            Some(offset) => {
                let sign = if offset < 0 { '-' } else { '+' };
                let offset = offset.abs();
                write!(f, "{sign}{:02}:{:02}", offset / 3600, offset / 60 % 60)?;
                if offset % 60 == 0 { Ok(()) } else { write!(f, ":{:02}", offset % 60) }
            }
        }
    }
}

impl fmt::Debug for DateTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Hash for DateTime {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.micros.hash(state);
        self.offset.hash(state);
    }
}

impl std::str::FromStr for DateTime {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        DateTime::parse(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_forms_round_trip() {
        for text in [
            "2024-01-31T10:00:00",
            "2024-01-31T10:00:00Z",
            "2024-01-31T10:00:00.000001+05:30",
            "0001-01-01T00:00:00Z",
            "9999-12-31T23:59:59.999999",
            "1969-12-31T23:59:59.5-11:45",
            "1880-01-01T00:00:00+01:12:34",
            "0000-12-31T23:00:00-01:00",
        ] {
            assert_eq!(DateTime::parse(text).unwrap().to_string(), text);
        }
    }

    #[test]
    fn lenient_forms_are_normalised() {
        let cases = [
            ("2024-01-31", "2024-01-31T00:00:00"),
            ("2024-01-31t10:00:00z", "2024-01-31T10:00:00Z"),
            ("2024-01-31 10:00:00.1234567+00:00", "2024-01-31T10:00:00.123456Z"),
            ("2024-12-31T23:59:60Z", "2025-01-01T00:00:00Z"),
            ("2024-01-31T10:00:00-00:00", "2024-01-31T10:00:00Z"),
        ];
        for (given, expected) in cases {
            assert_eq!(DateTime::parse(given).unwrap().to_string(), expected);
        }
    }

    #[test]
    fn nonsense_is_refused() {
        for text in [
            "",
            "2024",
            "2024-13-01",
            "2024-02-30",
            "2024-1-1",
            "2024-01-01T",
            "2024-01-01T10",
            "2024-01-01T10:00",
            "2024-01-01T24:00:00",
            "2024-01-01T10:60:00",
            "2024-01-01T10:00:61",
            "2024-01-01T10:00:00.",
            "2024-01-01T10:00:00+1",
            "2024-01-01T10:00:00+24:00",
            "2024-01-01T10:00:00+10:60",
            "2024-01-01X10:00:00",
            "2024-01-01T10:00:00Zx",
            "0000-01-01",
            "0001-01-01T00:00:00+01:00",
            "9999-12-31T23:59:59-01:00",
            "2024-01-01T10:00:00+01:00:",
            "２０２４-01-01",
            "2024/01/01",
            "2024-01-01T10-00:00",
            "0000-06-01T00:00:00",
        ] {
            assert!(DateTime::parse(text).is_err(), "{text} was accepted");
        }
    }

    #[test]
    fn same_instant_with_another_offset_is_not_identical() {
        let a: DateTime = "2024-01-01T10:00:00Z".parse().unwrap();
        let b: DateTime = "2024-01-01T12:00:00+02:00".parse().unwrap();
        let naive: DateTime = "2024-01-01T10:00:00".parse().unwrap();
        assert_eq!(a.micros(), b.micros());
        assert_ne!(a, b);
        assert!(naive.representative_order(a).is_lt() && a.representative_order(b).is_lt());
        assert_eq!((naive.offset_seconds(), b.offset_seconds()), (None, Some(7200)));
        let distinct: std::collections::HashSet<_> = [a, b, naive, a].into_iter().collect();
        assert_eq!(distinct.len(), 3);
    }

    #[test]
    fn constructors_keep_the_range() {
        assert_eq!(DateTime::from_micros(i64::MAX), DateTime::MAX);
        assert_eq!(DateTime::from_micros(i64::MIN), DateTime::MIN);
        assert!(DateTime::with_offset(MAX_MICROS + 1, 0).is_err());
        assert!(DateTime::with_offset(0, MAX_OFFSET).is_err());
        assert!(DateTime::with_offset(MAX_MICROS, 60).is_err());
        assert_eq!(format!("{:?}", DateTime::with_offset(0, 3600).unwrap()), "1970-01-01T01:00:00+01:00");
        assert_eq!(DateTime::MIN.to_string(), "0001-01-01T00:00:00");
        assert_eq!(DateTime::MAX.to_string(), "9999-12-31T23:59:59.999999");
    }
}
