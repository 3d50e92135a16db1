//! Library errors as Python exceptions, and exceptions as library errors.

use dataknobs_data::{BatchFailure, Error, ErrorKind};
use pyo3::exceptions::PyException;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyList};

use crate::lasting::lasting;

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

    /// The library's error: that of Python code as [`from_python`] tells it.
    pub(crate) fn into_error(self, py: Python<'_>) -> Error {
        match self {
            Failure::Library(error) => error,
            Failure::Python(exception) => from_python(py, exception),
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
    let original = original(error);
    if let Some(original) = original
        && let Some(exception) = own_exception(py, original, error)?
    {
        return Ok(exception);
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
    let cause = match (original, std::error::Error::source(error)) {
        (Some(original), _) => Some(original.clone_ref(py)),
        (None, Some(source)) => Some(PyException::new_err(source.to_string())),
        (None, None) => None,
    };
    if let Some(cause) = cause {
        exception.setattr(intern!(py, "__cause__"), cause.into_value(py))?;
    }
    Ok(exception)
}

/// The exception that an error came from, where that is one of `dataknobs_data.exceptions` and says
/// the same: it is raised again as the object that it is, with what it did not know filled in.
fn own_exception<'py>(py: Python<'py>, original: &PyErr, error: &Error) -> PyResult<Option<Bound<'py, PyAny>>> {
    let exception = original.value(py);
    if !exception.is_instance(base(py)?)? || exception.getattr("kind")?.extract::<String>()? != error.kind().name() {
        return Ok(None);
    }
    for (name, value) in [("operation", error.operation()), ("backend", error.backend())] {
        if exception.getattr(name)?.is_none() {
            exception.setattr(name, value)?;
        }
    }
    if let Ok(context) = exception.getattr("context")?.cast_into::<PyDict>() {
        for (key, value) in error.context() {
            if !context.contains(key)? {
                context.set_item(key, value)?;
            }
        }
    }
    Ok(Some(exception.clone().into_any()))
}

fn base(py: Python<'_>) -> PyResult<&Bound<'_, PyAny>> {
    static BASE: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let base = BASE.get_or_try_init(py, || {
        PyResult::Ok(py.import("dataknobs_data.exceptions")?.getattr("DataknobsError")?.unbind())
    })?;
    Ok(base.bind(py))
}

/// The error that an exception of Python code is, which keeps the exception as its source.
///
/// One of `dataknobs_data.exceptions` keeps its kind and all it says. Any other is of the kind
/// Backend, and its own text stays in the source: nobody knows what it shows.
#[cold]
pub(crate) fn from_python(py: Python<'_>, exception: PyErr) -> Error {
    let error = match read(py, &exception) {
        Ok(Some(error)) => error,
        _ => {
            let class = exception.get_type(py);
            let name = class.fully_qualified_name().map_or_else(|_| "?".to_owned(), |name| name.to_string());
            let kind = if name.ends_with(".CancelledError") { ErrorKind::Cancelled } else { ErrorKind::Backend };
            Error::new(kind, "Python code that was called raised an exception").with_context("exception", name)
        }
    };
    error.with_source(Raised(exception))
}

/// Why a call fails when a function of the application raised this in the middle of it.
///
/// An error of this package stays what it is, an interrupt too; anything else is of this kind, and
/// its own text stays in the source.
#[cold]
pub(crate) fn of_callback(py: Python<'_>, exception: PyErr, kind: ErrorKind, message: &'static str) -> Failure {
    if !exception.is_instance_of::<PyException>(py) {
        return Failure::Python(exception);
    }
    let error = match read(py, &exception) {
        Ok(Some(error)) => error,
        _ => {
            let name = exception.get_type(py).fully_qualified_name();
            let name = name.map_or_else(|_| "?".to_owned(), |name| name.to_string());
            Error::new(kind, message).with_context("exception", name)
        }
    };
    Failure::Library(error.with_source(Raised(exception)))
}

/// The failure of a call in which the library called Python code: an interrupt is passed on.
pub(crate) fn failure(error: Error) -> Failure {
    let interrupt = Python::attach(|py| {
        let original = original(&error).filter(|original| !original.is_instance_of::<PyException>(py));
        original.map(|original| original.clone_ref(py))
    });
    interrupt.map_or_else(|| Failure::Library(error), Failure::Python)
}

/// This error with the exception that the other one came from as its source.
pub(crate) fn with_source_of(error: Error, other: &Error) -> Error {
    match original(other) {
        Some(original) => error.with_source(Raised(Python::attach(|py| original.clone_ref(py)))),
        None => error,
    }
}

/// What an exception of this package says.
fn read(py: Python<'_>, exception: &PyErr) -> PyResult<Option<Error>> {
    let exception = exception.value(py);
    if !exception.is_instance(base(py)?)? {
        return Ok(None);
    }
    let text = |name: &str| exception.getattr(name)?.extract::<Option<String>>();
    let kind = text("kind")?.unwrap_or_default();
    let kind = ErrorKind::ALL.into_iter().find(|known| known.name() == kind).unwrap_or(ErrorKind::Backend);
    let mut error = Error::new(kind, text("message")?.unwrap_or_default());
    if let Some(operation) = text("operation")? {
        error = error.with_operation(lasting(&operation, "a call"));
    }
    if let Some(backend) = text("backend")? {
        error = error.with_backend(lasting(&backend, "a backend"));
    }
    if let Ok(context) = exception.getattr("context")?.cast_into::<PyDict>() {
        for (key, value) in context.iter() {
            error = error.with_context(lasting(&key.str()?.to_string(), "context"), value.str()?);
        }
    }
    if let Some(hint) = text("hint")? {
        error = error.with_hint(hint);
    }
    if let Some(excerpt) = text("excerpt")? {
        error = error.with_excerpt(excerpt);
    }
    let mut failures = Vec::new();
    for failure in exception.getattr("failures")?.try_iter()? {
        let (index, reason) = failure?.extract::<(usize, Bound<'_, PyAny>)>()?;
        failures.push(BatchFailure { index, error: from_python(py, PyErr::from_value(reason)) });
    }
    let retryable = exception.getattr("retryable")?.extract::<bool>()?;
    Ok(Some(error.with_failures(failures).with_retryable(retryable)))
}

/// The Python exception that an error came from.
fn original(error: &Error) -> Option<&PyErr> {
    let source = std::error::Error::source(error)?.downcast_ref::<Raised>()?;
    Some(&source.0)
}

/// An exception of Python code that the library called, on its way back to Python.
#[derive(Debug)]
struct Raised(PyErr);

impl std::fmt::Display for Raised {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.0)
    }
}

impl std::error::Error for Raised {}
