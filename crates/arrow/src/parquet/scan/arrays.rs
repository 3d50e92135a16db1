//! Arrays of a file as scans hand them over: one Arrow type for each field type, values as records
//! would have them.

use std::sync::Arc;

use arrow_array::cast::AsArray as _;
use arrow_array::types::*;
use arrow_array::{
    Array, ArrayRef, ArrowPrimitiveType, Float64Array, PrimitiveArray, TimestampMicrosecondArray, new_null_array,
};
use arrow_buffer::{BooleanBuffer, NullBuffer};
use arrow_schema::{DataType, Field, TimeUnit};
use arrow_select::take::take;
use dataknobs_data_core::{DateTime, FieldType};

use crate::marks::Mark;
use crate::read::time::Zone;
use crate::read::values::field_type_of;

/// Longer text is TEXT where nothing else says its type, and longer values count towards the size of
/// a record.
pub(super) const MAX_VALUE_BYTES: usize = 1_000;

const DAY: i64 = 86_400_000_000;

/// The type of a column's values; none where only records can say them.
pub(super) fn field_type(field: &Field) -> Option<FieldType> {
    let natural = field_type_of(field.data_type());
    let declared = match Mark::of(field) {
        None | Some(Mark::Id) => natural,
        Some(Mark::Typed(declared)) if declared == natural => declared,
        Some(Mark::Typed(FieldType::Text)) if natural == FieldType::String => FieldType::Text,
        Some(_) => return None,
    };
    use DataType as T;
    let is_flat = match field.data_type() {
        T::Null | T::Boolean | T::Utf8 | T::LargeUtf8 | T::Utf8View => true,
        T::Int8 | T::Int16 | T::Int32 | T::Int64 | T::UInt8 | T::UInt16 | T::UInt32 | T::UInt64 => true,
        T::Float16 | T::Float32 | T::Float64 | T::Date32 | T::Date64 => true,
        T::Binary | T::LargeBinary | T::BinaryView => true,
        T::Timestamp(_, zone) => !matches!(Zone::named(zone.as_deref()), Zone::Place(_)),
        T::Dictionary(_, values) => matches!(**values, T::Utf8 | T::LargeUtf8 | T::Utf8View),
        _ => false,
    };
    (is_flat && declared != FieldType::Json).then_some(declared)
}

/// Whether records have values for a type, or refuse a file that has such a column.
pub(super) fn has_values(data_type: &DataType) -> bool {
    use DataType as T;
    match data_type {
        T::Duration(_) | T::Interval(_) | T::Union(..) => false,
        T::List(item) | T::LargeList(item) | T::ListView(item) | T::LargeListView(item) | T::Map(item, _) => {
            has_values(item.data_type())
        }
        T::FixedSizeList(item, _) => has_values(item.data_type()),
        T::Struct(members) => members.iter().all(|member| has_values(member.data_type())),
        T::Dictionary(_, values) => has_values(values),
        _ => true,
    }
}

/// The type that the file is asked for, so that arrays need not be converted.
pub(super) fn read_type(data_type: &DataType) -> DataType {
    use DataType as T;
    match data_type {
        T::LargeUtf8 | T::Utf8View => T::Utf8,
        T::Dictionary(_, values) if matches!(**values, T::Utf8 | T::LargeUtf8 | T::Utf8View) => T::Utf8,
        T::LargeBinary | T::BinaryView => T::Binary,
        other => other.clone(),
    }
}

/// The same, with texts in dictionaries.
pub(super) fn encoded_type(data_type: &DataType) -> DataType {
    match read_type(data_type) {
        DataType::Utf8 => DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8)),
        other => other,
    }
}

/// Texts out of their dictionary; other arrays as they are.
pub(super) fn decoded(array: &ArrayRef) -> Option<ArrayRef> {
    match array.as_any_dictionary_opt() {
        Some(dictionary) => take(dictionary.values(), dictionary.keys(), None).ok(),
        None => Some(Arc::clone(array)),
    }
}

/// The array of a column of this field; none where a value has to be looked at by itself.
pub(super) fn converted(array: &ArrayRef, field: &Field) -> Option<ArrayRef> {
    use DataType as T;
    Some(match array.data_type() {
        T::Null => new_null_array(&T::Utf8, array.len()),
        T::Boolean | T::Int64 => Arc::clone(array),
        T::Int8 => integers::<Int8Type>(array),
        T::Int16 => integers::<Int16Type>(array),
        T::Int32 => integers::<Int32Type>(array),
        T::UInt8 => integers::<UInt8Type>(array),
        T::UInt16 => integers::<UInt16Type>(array),
        T::UInt32 => integers::<UInt32Type>(array),
        T::UInt64 => {
            let array = array.as_primitive::<UInt64Type>();
            if array.values().iter().any(|value| i64::try_from(*value).is_err()) {
                return None;
            }
            Arc::new(array.unary::<_, Int64Type>(u64::cast_signed))
        }
        T::Float16 => floats(&array.as_primitive::<Float16Type>().unary::<_, Float64Type>(f64::from))?,
        T::Float32 => floats(&array.as_primitive::<Float32Type>().unary::<_, Float64Type>(f64::from))?,
        T::Float64 => floats(array.as_primitive())?,
        T::Utf8 | T::Dictionary(..) => {
            let dictionary = array.as_any_dictionary_opt();
            let texts = dictionary.map_or(array, |dictionary| dictionary.values()).as_string_opt::<i32>()?;
            let is_declared = Mark::of(field).is_some();
            if !is_declared && longest(texts.value_offsets()) > MAX_VALUE_BYTES {
                return None;
            }
            Arc::clone(array)
        }
        T::Binary => {
            if longest(array.as_binary::<i32>().value_offsets()) > MAX_VALUE_BYTES {
                return None;
            }
            Arc::clone(array)
        }
        T::Date32 => times(array.as_primitive::<Date32Type>(), |days| i64::from(days).checked_mul(DAY))?,
        T::Date64 => times(array.as_primitive::<Date64Type>(), |millis| {
            millis.checked_mul(1_000).map(|micros| micros.div_euclid(DAY) * DAY)
        })?,
        T::Timestamp(TimeUnit::Second, _) => {
            times(array.as_primitive::<TimestampSecondType>(), |seconds| seconds.checked_mul(1_000_000))?
        }
        T::Timestamp(TimeUnit::Millisecond, _) => {
            times(array.as_primitive::<TimestampMillisecondType>(), |millis| millis.checked_mul(1_000))?
        }
        T::Timestamp(TimeUnit::Microsecond, _) => times(array.as_primitive::<TimestampMicrosecondType>(), Some)?,
        T::Timestamp(TimeUnit::Nanosecond, _) => {
            times(array.as_primitive::<TimestampNanosecondType>(), |nanos| Some(nanos.div_euclid(1_000)))?
        }
        _ => return None,
    })
}

fn integers<T: ArrowPrimitiveType>(array: &ArrayRef) -> ArrayRef
where
    T::Native: Into<i64>,
{
    Arc::new(array.as_primitive::<T>().unary::<_, Int64Type>(Into::into))
}

/// NaN is null to records, and infinity is refused.
fn floats(array: &Float64Array) -> Option<ArrayRef> {
    let values = array.values();
    if values.iter().fold(true, |finite, value| finite & value.is_finite()) {
        return Some(Arc::new(array.clone()));
    }
    let numbers = NullBuffer::new(BooleanBuffer::collect_bool(values.len(), |row| !values[row].is_nan()));
    let nulls = NullBuffer::union(array.nulls(), Some(&numbers));
    let array = Float64Array::new(values.clone(), nulls);
    array.iter().flatten().all(f64::is_finite).then(|| Arc::new(array) as ArrayRef)
}

/// Microseconds without a zone; none where one is not within the years that records know.
fn times<T: ArrowPrimitiveType>(
    array: &PrimitiveArray<T>,
    micros: impl Fn(T::Native) -> Option<i64>,
) -> Option<ArrayRef> {
    // An offset moves a datetime by less than a day.
    let (least, greatest) = (DateTime::MIN.micros() + DAY, DateTime::MAX.micros() - DAY);
    let in_range = |value| micros(value).filter(|micros| (least..=greatest).contains(micros));
    let mut is_whole = true;
    let mut values = Vec::with_capacity(array.len());
    for value in array.values() {
        let time = in_range(*value);
        is_whole &= time.is_some();
        values.push(time.unwrap_or(0));
    }
    let is_whole = is_whole || array.iter().flatten().all(|value| in_range(value).is_some());
    is_whole.then(|| Arc::new(TimestampMicrosecondArray::new(values.into(), array.nulls().cloned())) as ArrayRef)
}

fn longest(offsets: &[i32]) -> usize {
    let lengths = offsets.windows(2).map(|pair| pair[1] - pair[0]);
    usize::try_from(lengths.max().unwrap_or(0)).unwrap_or(usize::MAX)
}
