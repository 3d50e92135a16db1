//! Points in time, to and from `datetime.datetime`.
//!
//! A `datetime.date` becomes its midnight without an offset. A time zone with a name becomes the
//! offset it has at that moment. Losses: none for `datetime`, whose unit is a microsecond too;
//! nanoseconds of a `pandas.Timestamp` are cut.

use dataknobs_data::{DateTime, Error};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDate, PyDateTime, PyDelta, PyTzInfo};

use crate::error::Outcome;

const SECOND: i64 = 1_000_000;
const DAY: i64 = 86_400;

pub(crate) fn from_datetime(object: &Bound<'_, PyDateTime>) -> Outcome<DateTime> {
    let py = object.py();
    let part = |name| -> PyResult<i64> { object.getattr(name)?.extract() };
    let days = days_from_civil(part(intern!(py, "year"))?, part(intern!(py, "month"))?, part(intern!(py, "day"))?);
    let clock = part(intern!(py, "hour"))? * 3_600 + part(intern!(py, "minute"))? * 60 + part(intern!(py, "second"))?;
    let local = (days * DAY + clock) * SECOND + part(intern!(py, "microsecond"))?;
    if object.getattr(intern!(py, "tzinfo"))?.is_none() {
        return Ok(DateTime::from_micros(local));
    }
    let offset = object.call_method0(intern!(py, "utcoffset"))?;
    if offset.is_none() {
        return Ok(DateTime::from_micros(local));
    }
    let whole = |name| -> PyResult<i64> { offset.getattr(name)?.extract() };
    if whole(intern!(py, "microseconds"))? != 0 {
        return Err(Error::invalid_record("an offset from UTC must be in whole seconds").into());
    }
    let seconds = whole(intern!(py, "days"))? * DAY + whole(intern!(py, "seconds"))?;
    let offset = i32::try_from(seconds).unwrap_or(i32::MAX);
    Ok(DateTime::with_offset(local - seconds * SECOND, offset)?)
}

pub(crate) fn from_date(object: &Bound<'_, PyDate>) -> Outcome<DateTime> {
    let py = object.py();
    let part = |name| -> PyResult<i64> { object.getattr(name)?.extract() };
    let days = days_from_civil(part(intern!(py, "year"))?, part(intern!(py, "month"))?, part(intern!(py, "day"))?);
    Ok(DateTime::from_micros(days * DAY * SECOND))
}

pub(crate) fn to_python<'py>(py: Python<'py>, moment: DateTime) -> PyResult<Bound<'py, PyAny>> {
    let offset = moment.offset_seconds();
    let mut local = moment.micros() + i64::from(offset.unwrap_or(0)) * SECOND;
    let mut zone = offset.map(|seconds| time_zone(py, seconds)).transpose()?;
    if local < DateTime::MIN.micros() || local > DateTime::MAX.micros() {
        // Python has no local years 0 and 10000; the same moment in UTC it has.
        local = moment.micros();
        zone = Some(time_zone(py, 0)?);
    }
    let (seconds, micros) = (local.div_euclid(SECOND), local.rem_euclid(SECOND));
    let (days, clock) = (seconds.div_euclid(DAY), seconds.rem_euclid(DAY));
    let (year, month, day) = civil_from_days(days);
    let part = |value: i64| u8::try_from(value).unwrap_or_default();
    let made = PyDateTime::new(
        py,
        i32::try_from(year).unwrap_or_default(),
        part(month),
        part(day),
        part(clock / 3_600),
        part(clock / 60 % 60),
        part(clock % 60),
        u32::try_from(micros).unwrap_or_default(),
        zone.as_ref(),
    )?;
    Ok(made.into_any())
}

/// `datetime.timezone` for an offset in seconds; UTC, which is nearly all of them, is kept.
pub(crate) fn time_zone<'py>(py: Python<'py>, seconds: i32) -> PyResult<Bound<'py, PyTzInfo>> {
    static UTC: PyOnceLock<Py<PyTzInfo>> = PyOnceLock::new();
    if seconds == 0 {
        let utc = UTC.get_or_try_init(py, || PyTzInfo::utc(py).map(|zone| zone.to_owned().unbind()))?;
        return Ok(utc.bind(py).clone());
    }
    PyTzInfo::fixed_offset(py, PyDelta::new(py, 0, seconds, 0, true)?)
}

/// Days since 1970-01-01 of a date in the proleptic Gregorian calendar.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    // The year begins in March, so that the leap day is its last.
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

/// The inverse of [`days_from_civil`].
fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day_of_year - (153 * shifted + 2) / 5 + 1)
}
