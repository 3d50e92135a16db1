//! Arrays that say each value once: dictionaries and runs.

use arrow_array::cast::AsArray;
use arrow_array::types::{Int16Type, Int32Type, Int64Type, RunEndIndexType};
use arrow_array::{Array, RunArray};
use dataknobs_data_core::{Result, Value};

use super::place::Place;
use super::values::values;
use crate::FromArrowOptions;

/// Each entry is read once; cloning values is cheap.
pub(super) fn dictionary(array: &dyn Array, place: &Place<'_>, options: &FromArrowOptions) -> Result<Vec<Value>> {
    let array = array.as_any_dictionary();
    if array.values().is_empty() {
        return Ok(vec![Value::Null; array.len()]);
    }
    let entries = values(array.values(), place, options)?;
    let keys = array.keys();
    let at = array.normalized_keys().into_iter().enumerate();
    Ok(at.map(|(row, key)| if keys.is_null(row) { Value::Null } else { entries[key].clone() }).collect())
}

pub(super) fn runs(array: &dyn Array, place: &Place<'_>, options: &FromArrowOptions) -> Result<Vec<Value>> {
    fn read<R: RunEndIndexType>(
        array: &RunArray<R>,
        place: &Place<'_>,
        options: &FromArrowOptions,
    ) -> Result<Vec<Value>> {
        let entries = values(array.values(), place, options)?;
        Ok((0..array.len()).map(|row| entries[array.get_physical_index(row)].clone()).collect())
    }
    if let Some(array) = array.as_run_opt::<Int16Type>() {
        read(array, place, options)
    } else if let Some(array) = array.as_run_opt::<Int32Type>() {
        read(array, place, options)
    } else if let Some(array) = array.as_run_opt::<Int64Type>() {
        read(array, place, options)
    } else {
        Err(place.unsupported(array.data_type(), "cast it to the type of its values"))
    }
}
