//! Values, to and from Python objects.
//!
//! | Python | value | and back |
//! |---|---|---|
//! | `None`, `pandas.NA`, `pandas.NaT` | Null | `None` |
//! | `bool`, `numpy.bool_` | Boolean | `bool` |
//! | `int` and numpy integers in the range of 64 bits | Integer | `int` |
//! | finite `float` and numpy floats | Float | `float` |
//! | `str`, `uuid.UUID` | String | `str` |
//! | `datetime`, `date` (midnight), `pandas.Timestamp`, `numpy.datetime64` | DateTime | `datetime` |
//! | `dict`, `list`, `tuple`, `numpy.ndarray` | Json | `dict`, `list` |
//! | `bytes`, `bytearray`, `memoryview` | Binary | `bytes` |
//! | a member of an `enum.Enum` | as its value | |
//!
//! Everything else needs a serializer of its own, `decimal.Decimal` included: no value has its
//! exactness yet, and nothing is rounded in silence. A serializer comes before this table, but there is
//! none for the classes in its last column.

use std::sync::Arc;

use dataknobs_data::{Error, Str, Value};
use pyo3::ffi;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBool, PyBytes, PyDate, PyDateTime, PyDict, PyFloat, PyInt, PyList, PyString, PyTuple};

use crate::error::{Failure, Outcome};
use crate::{datetime, json, serializers};

/// The value of a Python object.
#[inline]
pub(crate) fn from_python(object: &Bound<'_, PyAny>) -> Outcome<Value> {
    match plain(object) {
        Some(value) => Ok(value),
        None => not_plain(object),
    }
}

/// Where reading a plain type failed, it is read again for its error.
fn not_plain(object: &Bound<'_, PyAny>) -> Outcome<Value> {
    if let Ok(value) = object.cast_exact::<PyString>() {
        return text(value).map(Value::String);
    }
    if object.is_exact_instance_of::<PyInt>() {
        return integer(object);
    }
    if let Ok(value) = object.cast_exact::<PyFloat>() {
        return Ok(float(value.value())?);
    }
    other(object)
}

/// The value of an object of a plain type: str, int, float, bool or None. To read it runs no code of
/// Python's. None for other objects, and for what no value can hold.
#[inline]
pub(crate) fn plain(object: &Bound<'_, PyAny>) -> Option<Value> {
    let kind = object.get_type_ptr();
    // SAFETY: these are the static type objects of the interpreter; only their addresses are used.
    unsafe {
        if kind == &raw mut ffi::PyUnicode_Type {
            return text(object.cast_unchecked::<PyString>()).ok().map(Value::String);
        }
        if kind == &raw mut ffi::PyLong_Type {
            return integer(object).ok();
        }
        if kind == &raw mut ffi::PyFloat_Type {
            return float(object.cast_unchecked::<PyFloat>().value()).ok();
        }
        if kind == &raw mut ffi::PyBool_Type {
            return Some(Value::Boolean(object.cast_unchecked::<PyBool>().is_true()));
        }
    }
    object.is_none().then_some(Value::Null)
}

/// Whether this is of one of the classes that most values are of, and of no subclass.
pub(crate) fn is_scalar(object: &Bound<'_, PyAny>) -> bool {
    let kind = object.get_type_ptr();
    kind == &raw mut ffi::PyUnicode_Type
        || kind == &raw mut ffi::PyLong_Type
        || kind == &raw mut ffi::PyFloat_Type
        || kind == &raw mut ffi::PyBool_Type
        || object.is_none()
}

#[inline]
pub(crate) fn text(object: &Bound<'_, PyString>) -> Outcome<Str> {
    match object.to_str() {
        Ok(text) => Ok(Str::new(text)),
        Err(_) => Err(Error::invalid_record("a string holds a surrogate, which UTF-8 cannot hold").into()),
    }
}

#[inline]
fn integer(object: &Bound<'_, PyAny>) -> Outcome<Value> {
    // SAFETY: the object is alive and the interpreter is held.
    let value = unsafe { ffi::PyLong_AsLongLong(object.as_ptr()) };
    if value == -1
        && let Some(failure) = PyErr::take(object.py())
    {
        if failure.is_instance_of::<pyo3::exceptions::PyOverflowError>(object.py()) {
            return Err(Error::invalid_record("an integer is outside the 64-bit range").into());
        }
        return Err(failure.into());
    }
    Ok(Value::Integer(value))
}

fn float(value: f64) -> Result<Value, Error> {
    if value.is_finite() {
        return Ok(Value::Float(value));
    }
    Err(Error::invalid_record("a float must be finite, not NaN or infinite").with_hint("None stands for no value"))
}

/// Types that are met less often, in the order in which one is the other's subclass.
fn other(object: &Bound<'_, PyAny>) -> Outcome<Value> {
    let py = object.py();
    if let Some(serializer) = serializers::of(object) {
        return serializer.value(object);
    }
    if let Ok(moment) = object.cast::<PyDateTime>() {
        // NaT is a datetime by inheritance, of which nothing works.
        if is_missing(object)? {
            return Ok(Value::Null);
        }
        return Ok(Value::DateTime(datetime::from_datetime(moment)?));
    }
    if let Ok(date) = object.cast::<PyDate>() {
        return Ok(Value::DateTime(datetime::from_date(date)?));
    }
    if let Ok(bytes) = object.cast::<PyBytes>() {
        return Ok(Value::Binary(Arc::from(bytes.as_bytes())));
    }
    if object.is_instance_of::<PyDict>() || object.is_instance_of::<PyList>() || object.is_instance_of::<PyTuple>() {
        return Ok(Value::Json(Arc::new(json::from_python(object)?)));
    }
    if object.is_instance(enum_class(py)?)? {
        let _level = json::Level::enter()?;
        return from_python(&object.getattr(intern!(py, "value"))?);
    }
    if let Ok(value) = object.cast::<PyString>() {
        return text(value).map(Value::String);
    }
    if object.is_instance_of::<PyInt>() {
        return integer(object);
    }
    if let Ok(value) = object.cast::<PyFloat>() {
        return Ok(float(value.value())?);
    }
    foreign(object)
}

/// Objects that are known by their module and name, so that none of those modules is imported.
fn foreign(object: &Bound<'_, PyAny>) -> Outcome<Value> {
    let py = object.py();
    let class = object.get_type();
    let name = class.name()?;
    let name = name.to_str().map_err(Failure::from)?;
    let module = class.module()?;
    let module = module.to_str().map_err(Failure::from)?;
    match (module, name) {
        (_, "bytearray" | "memoryview") if module == "builtins" => {
            let bytes = py.get_type::<PyBytes>().call1((object,))?.cast_into::<PyBytes>()?;
            Ok(Value::Binary(Arc::from(bytes.as_bytes())))
        }
        ("uuid", "UUID") => from_python(&object.str()?.into_any()),
        ("numpy", "datetime64") => {
            let micros = object.call_method1(intern!(py, "astype"), ("datetime64[us]",))?;
            let moment = micros.call_method0(intern!(py, "item"))?;
            if moment.is_instance_of::<PyInt>() {
                return Err(Error::invalid_record("a datetime must lie in the years 0001 to 9999 in UTC").into());
            }
            from_python(&moment)
        }
        ("numpy", "ndarray") => {
            let kind: String = object.getattr(intern!(py, "dtype"))?.getattr(intern!(py, "kind"))?.extract()?;
            if matches!(kind.as_str(), "m" | "M") {
                // As a list these would be bare numbers of nanoseconds.
                let error = Error::invalid_record("JSON cannot hold datetimes and durations");
                return Err(error
                    .with_context("python type", "numpy.ndarray")
                    .with_hint("convert the array first")
                    .into());
            }
            let _level = json::Level::enter()?;
            let list = object.call_method0(intern!(py, "tolist"))?;
            if list.is_instance_of::<PyList>() { from_python(&list) } else { Err(unknown(object)) }
        }
        ("numpy", "timedelta64") => Err(unknown(object)),
        ("numpy", _) if object.hasattr(intern!(py, "item"))? => {
            let item = object.call_method0(intern!(py, "item"))?;
            // `longdouble` and `void` give themselves back.
            if item.get_type().is(&class) { Err(unknown(object)) } else { from_python(&item) }
        }
        _ if is_missing(object)? => Ok(Value::Null),
        _ => Err(unknown(object)),
    }
}

/// Whether this is one of the markers of pandas for a value that is not there.
pub(crate) fn is_missing(object: &Bound<'_, PyAny>) -> PyResult<bool> {
    let class = object.get_type();
    let name = class.name()?;
    let name = name.to_str()?;
    Ok(matches!(name, "NaTType" | "NAType") && class.module()?.to_str()?.starts_with("pandas."))
}

/// The error for an object that no value can hold.
fn unknown(object: &Bound<'_, PyAny>) -> Failure {
    let class = object.get_type();
    let name = class.fully_qualified_name().map_or_else(|_| "?".to_owned(), |name| name.to_string());
    let hint = match name.as_str() {
        "decimal.Decimal" => "convert it with str() or float(), or register a serializer that says which",
        _ => "convert it first, or register a serializer with dataknobs_data.serializers",
    };
    Error::invalid_record("no value can hold an object of this type")
        .with_context("python type", name)
        .with_hint(hint)
        .into()
}

fn enum_class(py: Python<'_>) -> PyResult<&Bound<'_, PyAny>> {
    static CLASS: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    Ok(CLASS.get_or_try_init(py, || PyResult::Ok(py.import("enum")?.getattr("Enum")?.unbind()))?.bind(py))
}

/// The Python object of a value.
#[inline]
pub(crate) fn to_python<'py>(py: Python<'py>, value: &Value) -> PyResult<Bound<'py, PyAny>> {
    Ok(match value {
        Value::Null => py.None().into_bound(py),
        Value::Boolean(value) => PyBool::new(py, *value).to_owned().into_any(),
        Value::Integer(value) => PyInt::new(py, *value).into_any(),
        Value::Float(value) => PyFloat::new(py, *value).into_any(),
        Value::String(value) => PyString::new(py, value).into_any(),
        Value::DateTime(value) => datetime::to_python(py, *value)?,
        Value::Json(value) => json::to_python(py, value)?,
        Value::Binary(value) => PyBytes::new(py, value).into_any(),
    })
}
