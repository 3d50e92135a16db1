//! JSON documents, to and from dicts and lists.

use std::cell::Cell;

use dataknobs_data::Error;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyFloat, PyInt, PyList, PyString, PyTuple};
use serde_json::{Map, Value as Json};

use crate::error::{Failure, Outcome};
use crate::{serializers, value};

/// Documents nest no deeper; a list that holds itself ends here.
const MAX_DEPTH: usize = 256;

/// The document of a dict, list or tuple, or the leaf of a scalar.
///
/// A datetime, bytes or any other object inside is an error that names its path.
pub(crate) fn from_python(object: &Bound<'_, PyAny>) -> Outcome<Json> {
    let mut path = Vec::new();
    read(object, &mut path).map_err(|failure| match path.is_empty() {
        true => failure,
        false => failure.at("path", path.iter().map(String::as_str).collect::<Vec<_>>().join(".")),
    })
}

/// A level of nesting, counted over all that one object leads to: converters and arrays are read
/// by a fresh call each, and may lead back to themselves.
pub(crate) struct Level;

thread_local! {
    static LEVELS: Cell<usize> = const { Cell::new(0) };
}

impl Level {
    pub(crate) fn enter() -> Outcome<Self> {
        let levels = LEVELS.get();
        if levels > MAX_DEPTH {
            return Err(Error::invalid_record("a JSON value is nested too deep, or holds itself").into());
        }
        LEVELS.set(levels + 1);
        Ok(Level)
    }
}

impl Drop for Level {
    fn drop(&mut self) {
        LEVELS.set(LEVELS.get() - 1);
    }
}

/// Leaves the path of the offender behind when it fails.
fn read(object: &Bound<'_, PyAny>, path: &mut Vec<String>) -> Outcome<Json> {
    let container =
        object.is_instance_of::<PyDict>() || object.is_instance_of::<PyList>() || object.is_instance_of::<PyTuple>();
    if !container || serializers::apply_to(object) {
        return leaf(object);
    }
    let _level = Level::enter().inspect_err(|_| path.truncate(8))?;
    if let Ok(dict) = object.cast::<PyDict>() {
        let mut members = Map::with_capacity(dict.len());
        // A copy, since a serializer may change the dict that is read.
        let dict = if serializers::in_use() { &dict.copy()? } else { dict };
        for (key, item) in dict.iter() {
            let Ok(key) = key.cast::<PyString>() else {
                return Err(Error::invalid_record("a key inside JSON must be a string").into());
            };
            let key = value::text(key)?;
            path.push(key.to_string());
            let item = read(&item, path)?;
            path.pop();
            members.insert(key.into(), item);
        }
        return Ok(Json::Object(members));
    }
    if let Ok(list) = object.cast::<PyList>() {
        return items(list.iter(), list.len(), path);
    }
    if let Ok(tuple) = object.cast::<PyTuple>() {
        return items(tuple.iter(), tuple.len(), path);
    }
    leaf(object)
}

fn items<'py>(items: impl Iterator<Item = Bound<'py, PyAny>>, length: usize, path: &mut Vec<String>) -> Outcome<Json> {
    let mut list = Vec::with_capacity(length);
    for (index, item) in items.enumerate() {
        path.push(index.to_string());
        list.push(read(&item, path)?);
        path.pop();
    }
    Ok(Json::Array(list))
}

fn leaf(object: &Bound<'_, PyAny>) -> Outcome<Json> {
    use dataknobs_data::Value;
    Ok(match value::from_python(object)? {
        Value::Null => Json::Null,
        Value::Boolean(value) => Json::Bool(value),
        Value::Integer(value) => Json::from(value),
        Value::Float(value) => Json::from(value),
        Value::String(value) => Json::String(value.into()),
        Value::Json(value) => (*value).clone(),
        other => {
            return Err(Failure::from(
                Error::invalid_record("JSON cannot hold this value")
                    .with_context("value", other.kind_name())
                    .with_hint("convert it to text, or give it a field of its own"),
            ));
        }
    })
}

/// The dict, list or scalar of a document.
pub(crate) fn to_python<'py>(py: Python<'py>, document: &Json) -> PyResult<Bound<'py, PyAny>> {
    Ok(match document {
        Json::Null => py.None().into_bound(py),
        Json::Bool(value) => PyBool::new(py, *value).to_owned().into_any(),
        Json::Number(number) => match (number.as_i64(), number.as_u64()) {
            (Some(value), _) => PyInt::new(py, value).into_any(),
            (None, Some(value)) => PyInt::new(py, value).into_any(),
            (None, None) => PyFloat::new(py, number.as_f64().unwrap_or_default()).into_any(),
        },
        Json::String(text) => PyString::new(py, text).into_any(),
        Json::Array(items) => {
            let list = PyList::empty(py);
            for item in items {
                list.append(to_python(py, item)?)?;
            }
            list.into_any()
        }
        Json::Object(members) => map_to_python(py, members)?.into_any(),
    })
}

/// The dict of a JSON object.
pub(crate) fn map_to_python<'py>(py: Python<'py>, members: &Map<String, Json>) -> PyResult<Bound<'py, PyDict>> {
    let dict = PyDict::new(py);
    for (key, value) in members {
        dict.set_item(key, to_python(py, value)?)?;
    }
    Ok(dict)
}

/// The JSON object of a dict, such as metadata or settings; `None` is an empty one.
pub(crate) fn map_from_python(object: &Bound<'_, PyAny>, what: &'static str) -> Outcome<Map<String, Json>> {
    if object.is_none() {
        return Ok(Map::new());
    }
    match from_python(object)? {
        Json::Object(members) => Ok(members),
        _ => Err(Error::invalid_record("this must be a dict").with_context("argument", what).into()),
    }
}
