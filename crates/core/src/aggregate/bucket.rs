//! Histograms: which bucket a value falls in.

use std::fmt;
use std::str::FromStr;

use chrono::Datelike;

use super::function::{find_name, unknown};
use crate::error::{Error, Result};
use crate::query::scalar::Scalar;
use crate::value::{DateTime, Number, Value};

/// How a group key is made of the value at its path.
///
/// ```
/// use dataknobs_data_core::{Aggregation, Bucket, Interval};
/// let spec = Aggregation::new().group_by("city").date_histogram("born", "year");
/// assert_eq!(spec.group_keys()[0].bucket, Bucket::Value);
/// assert_eq!(spec.group_keys()[1].bucket, Bucket::Date(Interval::Year));
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Bucket {
    /// The value itself.
    Value,
    /// The start of the calendar bucket in UTC that a datetime falls in; null for everything else.
    Date(Interval),
    /// `origin + floor((x - origin) / width) * width`: an integer when all three are integers, else
    /// a float; null for everything that is not a number.
    Number {
        /// Positive and finite.
        width: Number,
        /// Finite.
        origin: Number,
    },
}

/// A calendar interval. Buckets are in UTC; weeks start on Monday.
///
/// ```
/// use dataknobs_data_core::{DateTime, Interval};
/// let time = DateTime::parse("2024-05-01T10:20:30Z")?;
/// assert_eq!(Interval::Week.start(time).to_string(), "2024-04-29T00:00:00Z");
/// assert_eq!("Quarter".parse::<Interval>()?, Interval::Quarter);
/// # Ok::<(), dataknobs_data_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[allow(missing_docs)] // the names are the documentation
pub enum Interval {
    Year,
    Quarter,
    Month,
    Week,
    Day,
    Hour,
    Minute,
    Second,
}

const SECOND: i64 = 1_000_000;
const DAY: i64 = 86_400 * SECOND;
/// 1970-01-01 was a Thursday.
const DAYS_FROM_MONDAY: i64 = 3;

impl Interval {
    /// Every interval, the longest first.
    ///
    /// ```
    /// use dataknobs_data_core::Interval;
    /// assert_eq!(Interval::ALL.map(Interval::name)[..3], ["year", "quarter", "month"]);
    /// ```
    pub const ALL: [Interval; 8] = [
        Interval::Year,
        Interval::Quarter,
        Interval::Month,
        Interval::Week,
        Interval::Day,
        Interval::Hour,
        Interval::Minute,
        Interval::Second,
    ];

    /// The name in lower case.
    ///
    /// ```
    /// use dataknobs_data_core::Interval;
    /// assert_eq!(Interval::Week.name(), "week");
    /// ```
    pub fn name(self) -> &'static str {
        match self {
            Interval::Year => "year",
            Interval::Quarter => "quarter",
            Interval::Month => "month",
            Interval::Week => "week",
            Interval::Day => "day",
            Interval::Hour => "hour",
            Interval::Minute => "minute",
            Interval::Second => "second",
        }
    }

    /// The start of the bucket that a time falls in, with offset Z.
    ///
    /// ```
    /// use dataknobs_data_core::{DateTime, Interval};
    /// let time = DateTime::parse("2024-05-01T00:30:00+02:00")?;
    /// assert_eq!(Interval::Month.start(time).to_string(), "2024-04-01T00:00:00Z");
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    pub fn start(self, time: DateTime) -> DateTime {
        let floor = |unit: i64| time.micros().div_euclid(unit) * unit;
        let micros = match self {
            Interval::Second => floor(SECOND),
            Interval::Minute => floor(60 * SECOND),
            Interval::Hour => floor(3_600 * SECOND),
            Interval::Day => floor(DAY),
            Interval::Week => {
                let day = time.micros().div_euclid(DAY);
                (day - (day + DAYS_FROM_MONDAY).rem_euclid(7)) * DAY
            }
            Interval::Month => first_of_month(time, 1),
            Interval::Quarter => first_of_month(time, 3),
            Interval::Year => first_of_month(time, 12),
        };
        // The calendar begins on a Monday, so no bucket starts before it.
        DateTime::with_offset(micros, 0).unwrap_or(DateTime::MIN)
    }
}

/// The first day of the run of so many months that a time falls in.
fn first_of_month(time: DateTime, months: u32) -> i64 {
    let date = chrono::DateTime::from_timestamp_micros(time.micros()).unwrap_or_default().date_naive();
    let month = date.month0() / months * months;
    let first = date.with_day(1).and_then(|date| date.with_month0(month)).unwrap_or(date);
    first.and_time(chrono::NaiveTime::MIN).and_utc().timestamp_micros()
}

impl fmt::Display for Interval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Interval {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        find_name(text, &Self::ALL, Self::name)
            .ok_or_else(|| unknown("interval", "interval", text, &Self::ALL, Self::name))
    }
}

/// What names an interval where one is wanted: an [`Interval`], or its name in any letter case.
///
/// ```
/// use dataknobs_data_core::{Interval, IntoInterval};
/// assert_eq!("month".into_interval()?, Interval::Month);
/// assert_eq!(Interval::Day.into_interval()?, Interval::Day);
/// # Ok::<(), dataknobs_data_core::Error>(())
/// ```
pub trait IntoInterval {
    /// The interval.
    ///
    /// ```
    /// use dataknobs_data_core::{ErrorKind, IntoInterval};
    /// assert_eq!("fortnight".into_interval().unwrap_err().kind(), ErrorKind::InvalidQuery);
    /// ```
    ///
    /// # Errors
    /// [`InvalidQuery`](crate::ErrorKind::InvalidQuery) for any other word.
    fn into_interval(self) -> Result<Interval>;
}

impl IntoInterval for Interval {
    fn into_interval(self) -> Result<Interval> {
        Ok(self)
    }
}

impl IntoInterval for &str {
    fn into_interval(self) -> Result<Interval> {
        self.parse()
    }
}

impl Bucket {
    /// Checked number buckets.
    pub(super) fn of_numbers(width: &Value, origin: &Value) -> Result<Self> {
        let number = |name: &'static str, value: &Value| match value {
            Value::Integer(value) => Ok(Number::Integer(*value)),
            Value::Float(value) if value.is_finite() => Ok(Number::Float(*value)),
            _ => Err(Error::invalid_query("width and origin of a histogram are finite numbers")
                .with_context(name, value.kind_name())),
        };
        let (width, origin) = (number("width", width)?, number("origin", origin)?);
        if as_float(width) > 0.0 {
            Ok(Bucket::Number { width, origin })
        } else {
            Err(Error::invalid_query("the width of a histogram must be above zero")
                .with_context("width", Value::from(width).kind_name()))
        }
    }

    /// The group key of a value; none is the group of null.
    ///
    /// # Errors
    /// [`InvalidQuery`](crate::ErrorKind::InvalidQuery) when the key is outside the 64-bit range.
    pub(super) fn key_of<'a>(&self, value: Option<Scalar<'a>>) -> Result<Option<Scalar<'a>>> {
        Ok(match (self, value) {
            (Bucket::Value, value) => value,
            (Bucket::Date(interval), Some(Scalar::DateTime(time))) => Some(Scalar::DateTime(interval.start(time))),
            (Bucket::Number { width, origin }, Some(Scalar::Number(number))) => {
                Some(Scalar::Number(number_key(number, *width, *origin)?))
            }
            _ => None,
        })
    }
}

fn number_key(number: Number, width: Number, origin: Number) -> Result<Number> {
    let outside = || Error::invalid_query("a histogram's key is outside the 64-bit range");
    if let (Number::Integer(x), Number::Integer(width), Number::Integer(origin)) = (number, width, origin) {
        let (x, width, origin) = (i128::from(x), i128::from(width), i128::from(origin));
        let key = origin + (x - origin).div_euclid(width) * width;
        return i64::try_from(key).map(Number::Integer).map_err(|_| outside());
    }
    let (x, width, origin) = (as_float(number), as_float(width), as_float(origin));
    let key = origin + ((x - origin) / width).floor() * width;
    if key.is_finite() { Ok(Number::Float(key)) } else { Err(outside()) }
}

pub(super) fn as_float(number: Number) -> f64 {
    match number {
        Number::Integer(integer) => integer as f64,
        Number::Float(float) => float,
    }
}

impl From<Number> for Value {
    fn from(number: Number) -> Self {
        match number {
            Number::Integer(integer) => Value::Integer(integer),
            Number::Float(float) => Value::Float(float),
        }
    }
}

impl PartialEq for Bucket {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Bucket::Value, Bucket::Value) => true,
            (Bucket::Date(a), Bucket::Date(b)) => a == b,
            (Bucket::Number { width, origin }, Bucket::Number { width: other_width, origin: other_origin }) => {
                Value::from(*width) == Value::from(*other_width) && Value::from(*origin) == Value::from(*other_origin)
            }
            _ => false,
        }
    }
}
