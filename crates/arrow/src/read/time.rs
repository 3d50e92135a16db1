//! Dates, timestamps and times of day.

use arrow_array::cast::AsArray;
use arrow_array::timezone::Tz;
use arrow_array::{Array, ArrowPrimitiveType};
use arrow_schema::{DataType, TimeUnit};
use chrono::{Offset as _, TimeZone as _};
use dataknobs_data_core::{DateTime, Result, Value};

use super::place::Place;
use super::values::each;

const OUT_OF_RANGE: &str = "a datetime must lie in the years 0001 to 9999";
const DAY_NANOS: i64 = 86_400_000_000_000;

/// How a column of timestamps says offsets.
#[derive(Clone, Copy)]
pub(crate) enum Zone {
    Naive,
    Offset(i32),
    /// A place with rules, as `Europe/Berlin`: each value gets the offset of its moment.
    Place(Tz),
}

impl Zone {
    /// The zone of this name; UTC where it is not known, since Arrow's values are UTC anyway.
    pub(crate) fn named(name: Option<&str>) -> Self {
        let Some(name) = name else { return Zone::Naive };
        if matches!(name, "UTC" | "Z" | "Etc/UTC") {
            return Zone::Offset(0);
        }
        let Ok(zone) = name.parse::<Tz>() else { return Zone::Offset(0) };
        if name.starts_with(['+', '-']) {
            return Zone::Offset(offset_at(zone, 0).unwrap_or(0));
        }
        Zone::Place(zone)
    }

    fn at(self, micros: i64) -> Option<DateTime> {
        let offset = match self {
            Zone::Naive => {
                let in_range = (DateTime::MIN.micros()..=DateTime::MAX.micros()).contains(&micros);
                return in_range.then(|| DateTime::from_micros(micros));
            }
            Zone::Offset(offset) => offset,
            Zone::Place(zone) => offset_at(zone, micros)?,
        };
        DateTime::with_offset(micros, offset).ok()
    }
}

fn offset_at(zone: Tz, micros: i64) -> Option<i32> {
    let moment = chrono::DateTime::from_timestamp_micros(micros)?.naive_utc();
    Some(zone.offset_from_utc_datetime(&moment).fix().local_minus_utc())
}

/// The one offset from UTC, in seconds, that the values of a column of this type have; none where they
/// have no offset, or one each.
///
/// ```
/// use arrow_schema::{DataType, TimeUnit};
/// use dataknobs_data_arrow::offset_of;
/// let in_zone = |zone: &str| DataType::Timestamp(TimeUnit::Microsecond, Some(zone.into()));
/// assert_eq!((offset_of(&in_zone("UTC")), offset_of(&DataType::Utf8)), (Some(0), None));
/// ```
pub fn offset_of(data_type: &DataType) -> Option<i32> {
    let DataType::Timestamp(_, zone) = data_type else { return None };
    match Zone::named(zone.as_deref()) {
        Zone::Offset(seconds) => Some(seconds),
        _ => None,
    }
}

/// Nanoseconds are cut to microseconds.
pub(super) fn timestamps<T: ArrowPrimitiveType<Native = i64>>(
    array: &dyn Array,
    unit: TimeUnit,
    zone: Zone,
    place: &Place<'_>,
) -> Result<Vec<Value>> {
    each(array.as_primitive::<T>(), |row, value| {
        let micros = match unit {
            TimeUnit::Second => value.checked_mul(1_000_000),
            TimeUnit::Millisecond => value.checked_mul(1_000),
            TimeUnit::Microsecond => Some(value),
            TimeUnit::Nanosecond => Some(value.div_euclid(1_000)),
        };
        let time = micros.and_then(|micros| zone.at(micros));
        time.map(Value::DateTime).ok_or_else(|| place.invalid(row, OUT_OF_RANGE))
    })
}

/// Midnight of each date, without offset.
pub(super) fn dates<T: ArrowPrimitiveType>(array: &dyn Array, micros: i64, place: &Place<'_>) -> Result<Vec<Value>>
where
    T::Native: Into<i64>,
{
    const DAY: i64 = DAY_NANOS / 1_000;
    each(array.as_primitive::<T>(), |row, value| {
        let midnight = value.into().checked_mul(micros).map(|micros| micros.div_euclid(DAY) * DAY);
        let time = midnight.and_then(|micros| Zone::Naive.at(micros));
        time.map(Value::DateTime).ok_or_else(|| place.invalid(row, OUT_OF_RANGE))
    })
}

/// `HH:MM:SS`, with six digits of a second where it has a fraction, nine where six are too few.
pub(super) fn times<T: ArrowPrimitiveType>(array: &dyn Array, nanos: i64, place: &Place<'_>) -> Result<Vec<Value>>
where
    T::Native: Into<i64>,
{
    each(array.as_primitive::<T>(), |row, value| {
        let time = value.into().checked_mul(nanos).filter(|nanos| (0..DAY_NANOS).contains(nanos));
        let Some(nanos) = time else { return Err(place.invalid(row, "a time of day must lie within one day")) };
        let (seconds, fraction) = (nanos / 1_000_000_000, nanos % 1_000_000_000);
        let clock = format!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
        Ok(Value::from(match fraction {
            0 => clock,
            _ if fraction % 1_000 == 0 => format!("{clock}.{:06}", fraction / 1_000),
            _ => format!("{clock}.{fraction:09}"),
        }))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zones_are_seconds() {
        let offset = |zone: &str| offset_of(&DataType::Timestamp(TimeUnit::Microsecond, Some(zone.into()))).unwrap();
        assert_eq!(["UTC", "+00:00", "+05:45", "-03:30"].map(offset), [0, 0, 20_700, -12_600]);
    }
}
