//! Lists, structs and maps as JSON.

use std::sync::Arc;

use arrow_array::{Array, ArrayAccessor, ArrayRef, MapArray, StructArray};
use dataknobs_data_core::{Result, Value, plain_json};
use serde_json::{Map, Value as Json};

use super::place::Place;
use super::values::{each, values};
use crate::FromArrowOptions;

pub(super) fn lists<A>(array: A, place: &Place<'_>, options: &FromArrowOptions) -> Result<Vec<Value>>
where
    A: ArrayAccessor<Item = ArrayRef>,
{
    each(array, |row, items| {
        let items = documents(&items, &Place::Items(place, row), options)?;
        Ok(Value::Json(Arc::new(Json::Array(items))))
    })
}

pub(super) fn structs(array: &StructArray, place: &Place<'_>, options: &FromArrowOptions) -> Result<Vec<Value>> {
    if array.null_count() > 0 {
        // What members hold where the struct is null has no meaning, and may be anything.
        return (0..array.len())
            .map(|row| match array.is_null(row) {
                true => Ok(Value::Null),
                false => Ok(structs_without_nulls(&array.slice(row, 1), &Place::Row(place, row), options)?.remove(0)),
            })
            .collect();
    }
    structs_without_nulls(array, place, options)
}

fn structs_without_nulls(array: &StructArray, place: &Place<'_>, options: &FromArrowOptions) -> Result<Vec<Value>> {
    let mut rows = vec![Map::new(); array.len()];
    for (name, member) in array.column_names().into_iter().zip(array.columns()) {
        let place = Place::Member(place, name);
        for (row, value) in rows.iter_mut().zip(documents(member, &place, options)?) {
            row.insert(name.to_owned(), value);
        }
    }
    Ok(rows.into_iter().map(|row| Value::Json(Arc::new(Json::Object(row)))).collect())
}

pub(super) fn maps(array: &MapArray, place: &Place<'_>, options: &FromArrowOptions) -> Result<Vec<Value>> {
    each(array, |row, entries| {
        let place = Place::Items(place, row);
        let keys = values(entries.column(0), &place, options)?;
        let items = documents(entries.column(1), &place, options)?;
        let mut members = Map::with_capacity(items.len());
        for (item, (key, value)) in keys.into_iter().zip(items).enumerate() {
            let Value::String(key) = key else {
                return Err(place.invalid(item, "a key of a map must be text").with_hint("cast the keys to text"));
            };
            if members.insert(key.to_string(), value).is_some() {
                return Err(place.invalid(item, "a key stands twice in a map"));
            }
        }
        Ok(Value::Json(Arc::new(Json::Object(members))))
    })
}

/// The values of an array as JSON documents.
fn documents(array: &dyn Array, place: &Place<'_>, options: &FromArrowOptions) -> Result<Vec<Json>> {
    let values = values(array, place, options)?.into_iter().enumerate();
    values
        .map(|(row, value)| match value {
            Value::DateTime(_) | Value::Binary(_) if !options.nested_as_text => {
                Err(place.invalid(row, "JSON holds no datetimes and no bytes").with_hint("ask for nested_as_text"))
            }
            Value::Json(document) => Ok(Arc::unwrap_or_clone(document)),
            value => Ok(plain_json(&value)),
        })
        .collect()
}
