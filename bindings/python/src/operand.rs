//! The parts of a test, from Python: its path, its operator and what it compares with.

use dataknobs_data::{Error, ErrorKind, Filter, Operand, Operator, Path, Test, Value};
use pyo3::prelude::*;
use pyo3::types::{PyFrozenSet, PyList, PyRange, PySet, PyString, PyTuple};
use pyo3::{Borrowed, intern};

use crate::error::{self, Failure, Outcome};
use crate::value;

/// An argument that tells "not given" from None.
pub(crate) enum Argument<'py> {
    Missing,
    Given(Bound<'py, PyAny>),
}

impl<'py> FromPyObject<'_, 'py> for Argument<'py> {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        Ok(Argument::Given(object.to_owned()))
    }
}

/// A checked test.
pub(crate) fn test(field: &Bound<'_, PyAny>, operator: &Bound<'_, PyAny>, value: &Argument<'_>) -> Outcome<Filter> {
    let path = path(field)?;
    let place = || format!("`{}`", path.to_string().escape_debug());
    let operator = self::operator(operator).map_err(|failure| failure.at("path", place()))?;
    let operand = operand(operator, value).map_err(|failure| failure.at("path", place()).at("operator", operator))?;
    Ok(Filter::Test(Test::new(path, operator, operand)?))
}

/// A dotted path from a string, or a literal one from a list of segments.
pub(crate) fn path(object: &Bound<'_, PyAny>) -> Outcome<Path> {
    if let Ok(text) = object.cast::<PyString>() {
        return Ok(Path::dotted(&value::text(text).map_err(invalid)?)?);
    }
    if !object.is_instance_of::<PyList>() && !object.is_instance_of::<PyTuple>() {
        return Err(wrong_type("a field is named by a string, or by a list of path segments", object).into());
    }
    let mut segments = Vec::new();
    for (index, segment) in object.try_iter()?.enumerate() {
        let segment = segment?;
        let Ok(segment) = segment.cast::<PyString>() else {
            return Err(wrong_type("a path segment is a string", &segment).with_context("segment", index).into());
        };
        segments.push(value::text(segment).map_err(invalid)?);
    }
    Ok(Path::literal(segments)?)
}

/// Whether this names a path, be it a good one or not: a string, or a list of strings.
pub(crate) fn is_path(object: &Bound<'_, PyAny>) -> bool {
    let strings = |list: &Bound<'_, PyAny>| {
        list.try_iter()
            .is_ok_and(|mut items| items.all(|item| item.is_ok_and(|item| item.is_instance_of::<PyString>())))
    };
    object.is_instance_of::<PyString>() || (object.is_instance_of::<PyList>() && strings(object))
}

/// The path as Python writes it: a string, or a list of segments where that is a different path.
pub(crate) fn path_to_python<'py>(py: Python<'py>, path: &Path) -> PyResult<Bound<'py, PyAny>> {
    if path.is_dotted() {
        return Ok(PyString::new(py, &path.to_string()).into_any());
    }
    Ok(PyList::new(py, path.segments().iter().map(|segment| segment.as_str()))?.into_any())
}

/// An operator by name, symbol or member of the Python enum, whose members are their names.
pub(crate) fn operator(object: &Bound<'_, PyAny>) -> Outcome<Operator> {
    match object.cast::<PyString>() {
        Ok(name) => Ok(value::text(name).map_err(invalid)?.parse::<Operator>()?),
        Err(_) => Err(wrong_type("an operator is named by a string or a member of Operator", object).into()),
    }
}

fn operand(operator: Operator, value: &Argument<'_>) -> Outcome<Operand> {
    let Argument::Given(value) = value else { return Ok(Operand::None) };
    match operator {
        Operator::In | Operator::NotIn => literals(value, true),
        Operator::Between | Operator::NotBetween => literals(value, false),
        Operator::Exists | Operator::NotExists if value.is_none() => Ok(Operand::None),
        _ => Ok(Operand::One(value::from_python(value).map_err(invalid)?)),
    }
}

/// The literals of a list; a set has no order, so that it is none where the order counts.
fn literals(object: &Bound<'_, PyAny>, unordered: bool) -> Outcome<Operand> {
    let Some(list) = as_list(object, unordered)? else {
        let what =
            if unordered { "this operator takes a list of values" } else { "this operator takes a list of two bounds" };
        let error = wrong_type(what, object);
        if object.hasattr(intern!(object.py(), "__next__"))? {
            return Err(error.with_hint("make a list of it: a query may be used more than once").into());
        }
        return Err(error.into());
    };
    let mut values = Vec::with_capacity(list.len().unwrap_or(0));
    for (index, item) in list.try_iter()?.enumerate() {
        values.push(value::from_python(&item?).map_err(|failure| invalid(failure).at("item", index))?);
    }
    Ok(Operand::Many(values))
}

/// The object itself where it is a collection of literals, or the list that it makes.
fn as_list<'py>(object: &Bound<'py, PyAny>, unordered: bool) -> PyResult<Option<Bound<'py, PyAny>>> {
    if object.is_instance_of::<PyList>() || object.is_instance_of::<PyTuple>() || object.is_instance_of::<PyRange>() {
        return Ok(Some(object.clone()));
    }
    if object.is_instance_of::<PySet>() || object.is_instance_of::<PyFrozenSet>() {
        return Ok(unordered.then(|| object.clone()));
    }
    let class = object.get_type();
    let (module, name) = (class.module()?, class.name()?);
    let (module, name) = (module.to_str()?, name.to_str()?);
    if module == "builtins" {
        return Ok((unordered && matches!(name, "dict_keys" | "dict_values")).then(|| object.clone()));
    }
    // numpy.ndarray, pandas.Series, pandas.Index and what pandas calls arrays.
    let array = matches!(module.split('.').next(), Some("numpy" | "pandas")) && !object.is_instance_of::<PyString>();
    if !array || !object.hasattr(intern!(object.py(), "tolist"))? {
        return Ok(None);
    }
    let kind = object.getattr(intern!(object.py(), "dtype"))?.getattr(intern!(object.py(), "kind"))?;
    if matches!(kind.extract::<String>()?.as_str(), "M" | "m") {
        // `tolist` makes plain numbers of nanoseconds.
        return Ok((object.getattr(intern!(object.py(), "ndim"))?.extract::<usize>()? == 1).then(|| object.clone()));
    }
    let list = object.call_method0(intern!(object.py(), "tolist"))?;
    Ok(list.is_instance_of::<PyList>().then_some(list))
}

/// A whole number that is not negative, such as a limit.
pub(crate) fn count(object: &Bound<'_, PyAny>, what: &'static str) -> Outcome<u64> {
    const RANGE: &str = "expected a whole number from 0 to 2^63 - 1";
    let boolean = object.is_instance_of::<pyo3::types::PyBool>();
    if boolean || !object.hasattr(intern!(object.py(), "__index__"))? {
        return Err(wrong_type(RANGE, object).with_context("argument", what).into());
    }
    match object.extract::<i64>().map(u64::try_from) {
        Ok(Ok(number)) => Ok(number),
        _ => Err(Error::invalid_query(RANGE).with_context("argument", what).into()),
    }
}

/// A complaint about an argument of this type.
pub(crate) fn wrong_type(message: &'static str, object: &Bound<'_, PyAny>) -> Error {
    let name = object.get_type().fully_qualified_name();
    Error::invalid_query(message)
        .with_context("python type", name.map_or_else(|_| "?".to_owned(), |name| name.to_string()))
}

/// Inside a query, a value that no record can hold makes the query invalid.
pub(crate) fn invalid(failure: Failure) -> Failure {
    match failure {
        Failure::Library(error) if error.kind() == ErrorKind::InvalidRecord => {
            // `path` names the field that is tested.
            rewritten(&error, |key, text| (if key == "path" { "inside" } else { key }, text.to_owned())).into()
        }
        other => other,
    }
}

/// Puts the place of a part before the place inside the part that an error names.
pub(crate) fn place(failure: Failure, part: &str) -> Failure {
    match failure {
        Failure::Library(error) if error.context_value("at").is_some() => {
            let joined = |key: &'static str, text: &str| match key {
                "at" if text.starts_with('[') => (key, format!("{part}{text}")),
                "at" => (key, format!("{part}.{text}")),
                _ => (key, text.to_owned()),
            };
            rewritten(&error, joined).into()
        }
        other => other.at("at", part),
    }
}

fn rewritten(error: &Error, context: impl Fn(&'static str, &str) -> (&'static str, String)) -> Error {
    let mut result = Error::invalid_query(error.message().to_owned());
    for (key, text) in error.context() {
        let (key, text) = context(key, text);
        result = result.with_context(key, text);
    }
    if let Some(hint) = error.hint() {
        result = result.with_hint(hint.to_owned());
    }
    if let Some(excerpt) = error.excerpt() {
        result = result.with_excerpt(excerpt);
    }
    error::with_source_of(result, error)
}

/// The value or list that a test compares with; None for those that compare with nothing.
pub(crate) fn operand_to_python<'py>(py: Python<'py>, operand: &Operand) -> PyResult<Bound<'py, PyAny>> {
    Ok(match operand {
        Operand::None => py.None().into_bound(py),
        Operand::One(value) => value::to_python(py, value)?,
        Operand::Many(values) => {
            let items = values.iter().map(|value: &Value| value::to_python(py, value));
            PyList::new(py, items.collect::<PyResult<Vec<_>>>()?)?.into_any()
        }
    })
}
