//! The dict form of queries, filters and aggregations: the library's JSON form as Python objects.
//!
//! What comes in is JSON and nothing else, with one convenience: a literal that JSON has no word
//! for may stand as itself (`{"field": "born", "operator": ">", "value": date(1990, 1, 1)}`) as
//! well as tagged (`{"$datetime": "1990-01-01"}`).

use dataknobs_data::{Error, Filter, MAX_FILTER_DEPTH, Operator, Value, value_to_tagged};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList, PyMapping, PyString, PyTuple};
use serde_json::{Map, Value as Json};

use crate::error::{Failure, Outcome};
use crate::operand::{invalid, place, wrong_type};
use crate::{json, value};

/// A group takes two levels, a dict and a list; the query around it and a path in it a few more.
const MAX_LEVELS: usize = 2 * MAX_FILTER_DEPTH + 16;

/// The JSON form in a dict.
pub(crate) fn read(object: &Bound<'_, PyAny>) -> Outcome<Json> {
    match object.cast::<PyMapping>() {
        Ok(mapping) if !mapping.is_instance_of::<PyDict>() => {
            let dict = object.py().get_type::<PyDict>().call1((mapping,))?;
            node(&dict, MAX_LEVELS).map_err(invalid)
        }
        _ => node(object, MAX_LEVELS).map_err(invalid),
    }
}

/// The filter in a dict.
pub(crate) fn filter(object: &Bound<'_, PyAny>) -> Outcome<Filter> {
    Ok(Filter::from_json(read(object)?)?)
}

fn node(object: &Bound<'_, PyAny>, levels: usize) -> Outcome<Json> {
    if levels == 0 {
        return Err(Error::invalid_query("filters must not be nested deeper than 128 levels").into());
    }
    if let Ok(dict) = object.cast::<PyDict>() {
        let mut members = Map::with_capacity(dict.len());
        for (key, item) in dict.iter() {
            let Ok(key) = key.cast::<PyString>() else {
                return Err(wrong_type("a key is a string", &key).into());
            };
            let key = value::text(key)?;
            let member = if key == "value" { literal(dict, &item) } else { node(&item, levels - 1) };
            members.insert(key.as_str().into(), member.map_err(|failure| place(invalid(failure), &key))?);
        }
        return Ok(Json::Object(members));
    }
    if object.is_instance_of::<PyList>() || object.is_instance_of::<PyTuple>() {
        let mut items = Vec::with_capacity(object.len()?);
        for (index, item) in object.try_iter()?.enumerate() {
            let item = node(&item?, levels - 1);
            items.push(item.map_err(|failure| place(invalid(failure), &format!("[{index}]")))?);
        }
        return Ok(Json::Array(items));
    }
    json::from_python(object)
}

/// What a test compares with.
fn literal(test: &Bound<'_, PyDict>, object: &Bound<'_, PyAny>) -> Outcome<Json> {
    let list = object.is_instance_of::<PyList>() || object.is_instance_of::<PyTuple>();
    if list && takes_list(test)? {
        let items = object.try_iter()?.enumerate();
        let tagged = |item| -> Outcome<Json> { tagged(&item?) };
        return items
            .map(|(index, item)| tagged(item).map_err(|failure| place(invalid(failure), &format!("[{index}]"))))
            .collect();
    }
    tagged(object)
}

fn takes_list(test: &Bound<'_, PyDict>) -> Outcome<bool> {
    let Some(name) = test.get_item(intern!(test.py(), "operator"))? else { return Ok(false) };
    let Ok(name) = name.cast::<PyString>() else { return Ok(false) };
    let operator = value::text(name)?.parse::<Operator>();
    Ok(matches!(operator, Ok(Operator::In | Operator::NotIn | Operator::Between | Operator::NotBetween)))
}

fn tagged(object: &Bound<'_, PyAny>) -> Outcome<Json> {
    match value::from_python(object)? {
        // A document is in JSON already, and may be a tag.
        Value::Json(document) => Ok((*document).clone()),
        scalar => Ok(value_to_tagged(&scalar)),
    }
}

/// The text of a JSON document in `str` or `bytes`.
pub(crate) fn text<'a>(object: &'a Bound<'_, PyAny>) -> Outcome<&'a str> {
    if let Ok(text) = object.cast::<PyString>() {
        return text.to_str().map_err(|_| invalid(surrogate()));
    }
    if let Ok(bytes) = object.cast::<PyBytes>() {
        return std::str::from_utf8(bytes.as_bytes())
            .map_err(|_| Error::invalid_query("JSON text is not valid UTF-8").into());
    }
    Err(Failure::Python(pyo3::exceptions::PyTypeError::new_err("JSON text is str or bytes")))
}

fn surrogate() -> Failure {
    Error::invalid_query("a string holds a surrogate, which UTF-8 cannot hold").into()
}

/// The dict form of a document.
pub(crate) fn write<'py>(py: Python<'py>, document: &Json) -> PyResult<Bound<'py, PyAny>> {
    json::to_python(py, document)
}
