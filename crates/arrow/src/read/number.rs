//! Integers, floats and decimals.

use arrow_array::cast::AsArray;
use arrow_array::types::DecimalType;
use arrow_array::{Array, ArrowPrimitiveType};
use dataknobs_data_core::{Result, Value};

use super::place::Place;
use super::values::each;

const TOO_LARGE: &str = "an integer is outside the 64-bit range";

pub(super) fn integers<T: ArrowPrimitiveType>(array: &dyn Array, place: &Place<'_>) -> Result<Vec<Value>>
where
    T::Native: TryInto<i64>,
{
    each(array.as_primitive::<T>(), |row, value| match value.try_into() {
        Ok(integer) => Ok(Value::Integer(integer)),
        Err(_) => Err(place.invalid(row, TOO_LARGE).with_hint("cast the column to a float or to text")),
    })
}

/// NaN is how DataFrames write null.
pub(super) fn floats<T: ArrowPrimitiveType>(
    array: &dyn Array,
    widen: impl Fn(T::Native) -> f64,
    place: &Place<'_>,
) -> Result<Vec<Value>> {
    each(array.as_primitive::<T>(), |row, value| {
        let float = widen(value);
        if float.is_finite() {
            Ok(Value::Float(float))
        } else if float.is_nan() {
            Ok(Value::Null)
        } else {
            Err(place.invalid(row, "a float must not be infinite"))
        }
    })
}

/// Without digits after the point integers, else their exact text.
pub(super) fn decimals<T: DecimalType>(array: &dyn Array, scale: i8, place: &Place<'_>) -> Result<Vec<Value>> {
    let array = array.as_primitive::<T>();
    let precision = T::MAX_PRECISION;
    each(array, |row, value| {
        let text = T::format_decimal(value, precision, scale);
        if scale > 0 {
            return Ok(Value::from(text));
        }
        match text.parse() {
            Ok(integer) => Ok(Value::Integer(integer)),
            Err(_) => Err(place.invalid(row, TOO_LARGE).with_hint("cast the column to a float or to text")),
        }
    })
}
