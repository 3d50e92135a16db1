//! Arrow arrays of any type as values: the one table of what becomes what.

use arrow_array::cast::AsArray;
use arrow_array::types::*;
use arrow_array::{Array, ArrayAccessor};
use arrow_schema::{DataType, IntervalUnit, TimeUnit};
use dataknobs_data_core::{FieldType, Result, Value};

use super::place::Place;
use super::{encoded, nested, number, time};
use crate::FromArrowOptions;

/// The field type that values of an Arrow type get.
pub(crate) fn field_type_of(data_type: &DataType) -> FieldType {
    use DataType as T;
    match data_type {
        T::Boolean => FieldType::Boolean,
        T::Int8 | T::Int16 | T::Int32 | T::Int64 | T::UInt8 | T::UInt16 | T::UInt32 | T::UInt64 => FieldType::Integer,
        T::Float16 | T::Float32 | T::Float64 => FieldType::Float,
        T::Decimal32(_, scale) | T::Decimal64(_, scale) | T::Decimal128(_, scale) | T::Decimal256(_, scale) => {
            if *scale <= 0 { FieldType::Integer } else { FieldType::String }
        }
        T::Date32 | T::Date64 | T::Timestamp(..) => FieldType::DateTime,
        T::Binary | T::LargeBinary | T::FixedSizeBinary(_) | T::BinaryView => FieldType::Binary,
        T::List(_) | T::LargeList(_) | T::FixedSizeList(..) | T::ListView(_) | T::LargeListView(_) => FieldType::Json,
        T::Struct(_) | T::Map(..) => FieldType::Json,
        T::Dictionary(_, values) => field_type_of(values),
        T::RunEndEncoded(_, values) => field_type_of(values.data_type()),
        _ => FieldType::String,
    }
}

/// The values of an array.
pub(crate) fn values(array: &dyn Array, place: &Place<'_>, options: &FromArrowOptions) -> Result<Vec<Value>> {
    use DataType as T;
    match array.data_type() {
        T::Null => Ok(vec![Value::Null; array.len()]),
        T::Boolean => each(array.as_boolean(), |_, value| Ok(Value::Boolean(value))),
        T::Int8 => number::integers::<Int8Type>(array, place),
        T::Int16 => number::integers::<Int16Type>(array, place),
        T::Int32 => number::integers::<Int32Type>(array, place),
        T::Int64 => number::integers::<Int64Type>(array, place),
        T::UInt8 => number::integers::<UInt8Type>(array, place),
        T::UInt16 => number::integers::<UInt16Type>(array, place),
        T::UInt32 => number::integers::<UInt32Type>(array, place),
        T::UInt64 => number::integers::<UInt64Type>(array, place),
        T::Float16 => number::floats::<Float16Type>(array, f64::from, place),
        T::Float32 => number::floats::<Float32Type>(array, f64::from, place),
        T::Float64 => number::floats::<Float64Type>(array, f64::from, place),
        T::Decimal32(_, scale) => number::decimals::<Decimal32Type>(array, *scale, place),
        T::Decimal64(_, scale) => number::decimals::<Decimal64Type>(array, *scale, place),
        T::Decimal128(_, scale) => number::decimals::<Decimal128Type>(array, *scale, place),
        T::Decimal256(_, scale) => number::decimals::<Decimal256Type>(array, *scale, place),
        T::Utf8 => each(array.as_string::<i32>(), |_, text| Ok(Value::from(text))),
        T::LargeUtf8 => each(array.as_string::<i64>(), |_, text| Ok(Value::from(text))),
        T::Utf8View => each(array.as_string_view(), |_, text| Ok(Value::from(text))),
        T::Binary => each(array.as_binary::<i32>(), |_, bytes| Ok(Value::from(bytes))),
        T::LargeBinary => each(array.as_binary::<i64>(), |_, bytes| Ok(Value::from(bytes))),
        T::FixedSizeBinary(_) => each(array.as_fixed_size_binary(), |_, bytes| Ok(Value::from(bytes))),
        T::BinaryView => each(array.as_binary_view(), |_, bytes| Ok(Value::from(bytes))),
        T::Date32 => time::dates::<Date32Type>(array, 86_400_000_000, place),
        T::Date64 => time::dates::<Date64Type>(array, 1_000, place),
        T::Timestamp(unit, zone) => {
            let zone = time::Zone::named(zone.as_deref());
            match unit {
                TimeUnit::Second => time::timestamps::<TimestampSecondType>(array, *unit, zone, place),
                TimeUnit::Millisecond => time::timestamps::<TimestampMillisecondType>(array, *unit, zone, place),
                TimeUnit::Microsecond => time::timestamps::<TimestampMicrosecondType>(array, *unit, zone, place),
                TimeUnit::Nanosecond => time::timestamps::<TimestampNanosecondType>(array, *unit, zone, place),
            }
        }
        T::Time32(TimeUnit::Second) => time::times::<Time32SecondType>(array, 1_000_000_000, place),
        T::Time32(_) => time::times::<Time32MillisecondType>(array, 1_000_000, place),
        T::Time64(TimeUnit::Microsecond) => time::times::<Time64MicrosecondType>(array, 1_000, place),
        T::Time64(_) => time::times::<Time64NanosecondType>(array, 1, place),
        T::Dictionary(..) => encoded::dictionary(array, place, options),
        T::RunEndEncoded(..) => encoded::runs(array, place, options),
        T::List(_) => nested::lists(array.as_list::<i32>(), place, options),
        T::LargeList(_) => nested::lists(array.as_list::<i64>(), place, options),
        T::ListView(_) => nested::lists(array.as_list_view::<i32>(), place, options),
        T::LargeListView(_) => nested::lists(array.as_list_view::<i64>(), place, options),
        T::FixedSizeList(..) => nested::lists(array.as_fixed_size_list(), place, options),
        T::Struct(_) => nested::structs(array.as_struct(), place, options),
        T::Map(..) => nested::maps(array.as_map(), place, options),
        other @ (T::Duration(_)
        | T::Interval(IntervalUnit::YearMonth | IntervalUnit::DayTime | IntervalUnit::MonthDayNano)) => {
            Err(place.unsupported(other, "cast it to an integer of its unit, or to text"))
        }
        other => Err(place.unsupported(other, "cast it to a type that records have")),
    }
}

/// What `read` makes of each value that is not null.
pub(super) fn each<A: ArrayAccessor>(array: A, read: impl Fn(usize, A::Item) -> Result<Value>) -> Result<Vec<Value>> {
    match array.logical_nulls() {
        None => (0..array.len()).map(|row| read(row, array.value(row))).collect(),
        Some(nulls) => (0..array.len())
            .map(|row| if nulls.is_null(row) { Ok(Value::Null) } else { read(row, array.value(row)) })
            .collect(),
    }
}
