//! Library errors as Python exceptions.

use dataknobs_data::Error;
use pyo3::exceptions::PyException;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyList};

/// Why a call from Python failed: the library refused, or Python code that it called did.
pub(crate) enum Failure {
    Library(Error),
    Python(PyErr),
}

pub(crate) type Outcome<T> = Result<T, Failure>;

impl Failure {
    /// Names the place in a library error; Python's own errors pass as they are.
    pub(crate) fn at(self, key: &'static str, value: impl std::fmt::Display) -> Self {
        match self {
            Failure::Library(error) => Failure::Library(error.with_context(key, value)),
            python => python,
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Failure::Library(error)
    }
}

impl From<PyErr> for Failure {
    fn from(error: PyErr) -> Self {
        Failure::Python(error)
    }
}

impl From<Failure> for PyErr {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Library(error) => to_python(&error),
            Failure::Python(error) => error,
        }
    }
}

impl From<pyo3::CastError<'_, '_>> for Failure {
    fn from(error: pyo3::CastError<'_, '_>) -> Self {
        Failure::Python(error.into())
    }
}

impl From<pyo3::CastIntoError<'_>> for Failure {
    fn from(error: pyo3::CastIntoError<'_>) -> Self {
        Failure::Python(error.into())
    }
}

/// The exception for an error: its class by kind, from `dataknobs_data.exceptions`.
#[cold]
pub(crate) fn to_python(error: &Error) -> PyErr {
    Python::attach(|py| match raise(py, error) {
        Ok(exception) => PyErr::from_value(exception),
        Err(failure) => failure,
    })
}

fn raise<'py>(py: Python<'py>, error: &Error) -> PyResult<Bound<'py, PyAny>> {
    // An exception that Python code raised below us comes back as itself.
    if let Some(original) = original(error) {
        return Ok(original.clone_ref(py).into_value(py).into_bound(py).into_any());
    }
    static CLASSES: PyOnceLock<Py<PyDict>> = PyOnceLock::new();
    let classes = CLASSES.get_or_try_init(py, || {
        let classes = py.import("dataknobs_data.exceptions")?.getattr("BY_KIND")?;
        PyResult::Ok(classes.cast_into::<PyDict>()?.unbind())
    })?;
    let class = match classes.bind(py).get_item(error.kind().name())? {
        Some(class) => class,
        None => py.get_type::<PyException>().into_any(),
    };
    let context = PyDict::new(py);
    for (key, value) in error.context() {
        context.set_item(key, value)?;
    }
    let failures = PyList::empty(py);
    for failure in error.failures() {
        failures.append((failure.index, raise(py, &failure.error)?))?;
    }
    let options = PyDict::new(py);
    options.set_item("operation", error.operation())?;
    options.set_item("backend", error.backend())?;
    options.set_item("context", context)?;
    options.set_item("hint", error.hint())?;
    options.set_item("excerpt", error.excerpt())?;
    options.set_item("failures", failures)?;
    options.set_item("retryable", error.is_retryable())?;
    let exception = class.call((error.message(),), Some(&options))?;
    if let Some(source) = std::error::Error::source(error) {
        let cause = PyException::new_err(source.to_string());
        exception.setattr("__cause__", cause.into_value(py))?;
    }
    Ok(exception)
}

/// The Python exception that an error came from, where it is to be raised as it was.
fn original(error: &Error) -> Option<&PyErr> {
    let source = std::error::Error::source(error)?.downcast_ref::<Raised>()?;
    Some(&source.0)
}

/// An exception of Python code that the library called, on its way back to Python.
#[derive(Debug)]
pub(crate) struct Raised(pub(crate) PyErr);

impl std::fmt::Display for Raised {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.0)
    }
}

impl std::error::Error for Raised {}
