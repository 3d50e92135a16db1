//! The reference: aggregation written for clarity alone, by another road than the aggregator.
//!
//! It keeps every record, compares each with every group, and computes from the collected values.

use super::bucket::{Bucket, Interval, as_float};
use super::function::AggregateFunction;
use super::spec::{Aggregate, Aggregation, GroupKey};
use super::table::Table;
use crate::error::{Error, Result};
use crate::query::Evaluator;
use crate::query::scalar::{Scalar, order_by_presence};
use crate::record::Record;
use crate::value::compact_json;
use crate::value::{DateTime, Number, Value, canonical_json};
use chrono::{NaiveDate, Weekday};
use std::cmp::Ordering;

/// What an aggregation gives over these records. The oracle that every backend is tested against;
/// its time grows with the square of the number of records.
///
/// ```
/// use dataknobs_data_core::{Aggregation, Value, record, reference_aggregate};
/// let records = [record! { "n": 1 }?, record! { "n": 2.5 }?, record! { "n": "x" }?];
/// let table = reference_aggregate(&records, &Aggregation::new().count().avg("n"))?;
/// assert_eq!(table.rows(), [vec![Value::from(3), Value::from(1.75)]]);
/// # Ok::<(), dataknobs_data_core::Error>(())
/// ```
///
/// # Errors
/// [`InvalidQuery`](crate::ErrorKind::InvalidQuery) when the aggregation is invalid, or a sum or
/// a histogram's key is out of range.
pub fn reference_aggregate(records: &[Record], aggregation: &Aggregation) -> Result<Table> {
    aggregation.check()?;
    let evaluator = Evaluator::new(aggregation.to_filter());
    // Each group: the key values of each of its records, and the records.
    let mut groups: Vec<(Vec<Vec<Value>>, Vec<&Record>)> = Vec::new();
    for record in records.iter().filter(|record| evaluator.matches(record)) {
        let keys = aggregation.group_keys().iter().map(|key| key_value(key, record)).collect::<Result<Vec<_>>>()?;
        match groups.iter_mut().find(|(members, _)| members[0].iter().zip(&keys).all(|(a, b)| equal(a, b))) {
            Some((members, records)) => {
                members.push(keys);
                records.push(record);
            }
            None => groups.push((vec![keys], vec![record])),
        }
    }
    if aggregation.group_keys().is_empty() && groups.is_empty() {
        groups.push((Vec::new(), Vec::new()));
    }
    let mut rows = Vec::new();
    for (members, records) in groups {
        let mut row = Vec::new();
        for index in 0..aggregation.group_keys().len() {
            row.push(preferred(members.iter().map(|keys| keys[index].clone()).collect()));
        }
        for aggregate in aggregation.aggregates() {
            let computed = compute(aggregate, &records);
            row.push(computed.map_err(|error| error.with_context("column", format!("`{}`", aggregate.column)))?);
        }
        rows.push(row);
    }
    let keys = aggregation.group_keys().len();
    rows.sort_by(|a, b| {
        (0..keys).map(|index| order(&a[index], &b[index])).find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
    });
    Table::new(aggregation.columns(), rows)
}

fn equal(a: &Value, b: &Value) -> bool {
    match (Scalar::of(a), Scalar::of(b)) {
        (None, None) => true,
        (Some(a), Some(b)) => a.equals(b),
        _ => false,
    }
}

/// Sort order, JSON by canonical text.
fn order(a: &Value, b: &Value) -> Ordering {
    let text = |value: &Value| value.as_json().map(|document| compact_json(&canonical_json(document)));
    order_by_presence(Scalar::of(a), Scalar::of(b), false, None).then_with(|| text(a).cmp(&text(b)))
}

/// Of equal values, the one that stands for all.
fn preferred(values: Vec<Value>) -> Value {
    let rank = |value: &Value| match value {
        Value::Float(_) => (1, 0),
        // No offset is less than every offset.
        Value::DateTime(time) => time.offset_seconds().map_or((0, 0), |offset| (1, i64::from(offset))),
        _ => (0, 0),
    };
    match values.into_iter().min_by_key(rank) {
        None => Value::Null,
        Some(Value::Float(0.0)) => Value::Float(0.0), // also for -0.0
        Some(Value::Json(document)) => Value::Json(std::sync::Arc::new(canonical_json(&document))),
        Some(value) => value,
    }
}

fn key_value(key: &GroupKey, record: &Record) -> Result<Value> {
    let found = key.path.resolve(record);
    Ok(match (&key.bucket, found) {
        (Bucket::Value, found) => found.map_or(Value::Null, Scalar::to_value),
        (Bucket::Date(interval), Some(Scalar::DateTime(time))) => Value::DateTime(calendar_start(*interval, time)),
        (Bucket::Number { width, origin }, Some(Scalar::Number(number))) => number_bucket(number, *width, *origin)
            .ok_or_else(|| {
                Error::invalid_query("a histogram's key is outside the 64-bit range")
                    .with_context("column", format!("`{}`", key.column))
            })?,
        _ => Value::Null,
    })
}

/// By cutting the text of the time in UTC.
fn calendar_start(interval: Interval, time: DateTime) -> DateTime {
    let text = DateTime::with_offset(time.micros(), 0).unwrap_or(DateTime::MIN).to_string();
    let start = match interval {
        Interval::Year => format!("{}-01-01T00:00:00Z", &text[..4]),
        Interval::Quarter => {
            let month = match &text[5..7] {
                "01" | "02" | "03" => "01",
                "04" | "05" | "06" => "04",
                "07" | "08" | "09" => "07",
                _ => "10",
            };
            format!("{}{month}-01T00:00:00Z", &text[..5])
        }
        Interval::Month => format!("{}-01T00:00:00Z", &text[..7]),
        Interval::Week => {
            let day = NaiveDate::parse_from_str(&text[..10], "%Y-%m-%d").unwrap_or_default();
            format!("{}T00:00:00Z", day.week(Weekday::Mon).first_day())
        }
        Interval::Day => format!("{}T00:00:00Z", &text[..10]),
        Interval::Hour => format!("{}:00:00Z", &text[..13]),
        Interval::Minute => format!("{}:00Z", &text[..16]),
        Interval::Second => format!("{}Z", &text[..19]),
    };
    DateTime::parse(&start).unwrap_or(DateTime::MIN)
}

fn number_bucket(x: Number, width: Number, origin: Number) -> Option<Value> {
    if let (Number::Integer(x), Number::Integer(width), Number::Integer(origin)) = (x, width, origin) {
        let (x, width, origin) = (i128::from(x), i128::from(width), i128::from(origin));
        let into_bucket = ((x - origin) % width + width) % width;
        return i64::try_from(x - into_bucket).ok().map(Value::Integer);
    }
    let (x, width, origin) = (as_float(x), as_float(width), as_float(origin));
    let key = origin + ((x - origin) / width).floor() * width;
    key.is_finite().then_some(Value::Float(key))
}

fn compute(aggregate: &Aggregate, records: &[&Record]) -> Result<Value> {
    let Some(path) = &aggregate.path else { return Ok(Value::Integer(records.len() as i64)) };
    let values: Vec<Value> = records.iter().filter_map(|record| path.resolve(record)).map(Scalar::to_value).collect();
    let extreme = |wanted: Option<&Value>| match wanted {
        Some(wanted) => preferred(values.iter().filter(|value| order(value, wanted).is_eq()).cloned().collect()),
        None => Value::Null,
    };
    Ok(match aggregate.function {
        AggregateFunction::Count => Value::Integer(values.len() as i64),
        AggregateFunction::CountDistinct => {
            let is_first = |(index, value): &(usize, &Value)| !values[..*index].iter().any(|other| equal(other, value));
            Value::Integer(values.iter().enumerate().filter(is_first).count() as i64)
        }
        AggregateFunction::Min => extreme(values.iter().min_by(|a, b| order(a, b))),
        AggregateFunction::Max => extreme(values.iter().max_by(|a, b| order(a, b))),
        AggregateFunction::Sum => sum(&values)?,
        AggregateFunction::Avg => mean(&values),
    })
}

fn integers_of(values: &[Value]) -> Vec<i64> {
    values.iter().filter_map(Value::as_integer).collect()
}

fn floats_of(values: &[Value]) -> Vec<f64> {
    values.iter().filter_map(Value::as_float).collect()
}

fn sum(values: &[Value]) -> Result<Value> {
    let (integers, floats) = (integers_of(values), floats_of(values));
    if integers.is_empty() && floats.is_empty() {
        return Ok(Value::Null);
    }
    if floats.is_empty() {
        return i64::try_from(integers.iter().copied().map(i128::from).sum::<i128>())
            .map(Value::Integer)
            .map_err(|_| Error::invalid_query("an integer sum is outside the 64-bit range"));
    }
    let total = exact_sum(&integers, &floats, 1.0);
    if total.is_finite() {
        Ok(Value::Float(total))
    } else {
        Err(Error::invalid_query("a float sum is outside the range of floats"))
    }
}

fn mean(values: &[Value]) -> Value {
    let (integers, floats) = (integers_of(values), floats_of(values));
    let count = integers.len() + floats.len();
    if count == 0 { Value::Null } else { Value::Float(exact_sum(&integers, &floats, count as f64)) }
}

/// The sum of all by exact partial sums that do not overlap (Shewchuk 1997, as in Python's
/// `math.fsum`), divided. Large floats are added up in a smaller scale, where nothing overflows.
fn exact_sum(integers: &[i64], floats: &[f64], divisor: f64) -> f64 {
    let scale = if floats.iter().any(|float| float.abs() > 1e270) { 2f64.powi(-128) } else { 1.0 };
    let halves = integers.iter().flat_map(|integer| {
        let low = integer & 0xffff_ffff;
        [(integer - low) as f64, low as f64]
    });
    let mut partials: Vec<f64> = Vec::new();
    for mut term in halves.chain(floats.iter().copied()).map(|term| term * scale) {
        let mut kept = Vec::new();
        for mut partial in partials {
            if term.abs() < partial.abs() {
                std::mem::swap(&mut term, &mut partial);
            }
            let high = term + partial;
            let low = partial - (high - term);
            if low != 0.0 {
                kept.push(low);
            }
            term = high;
        }
        kept.push(term);
        partials = kept;
    }
    partials.iter().rev().sum::<f64>() / divisor / scale + 0.0
}
