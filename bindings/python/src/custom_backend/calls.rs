//! Calls of the methods of Python objects, which may be plain functions or coroutines.
//!
//! A method is called on a thread that may block, never on one that runs the library's own work.
//! A coroutine that it gives runs in the event loop of `dataknobs_data._event_loop`; nobody blocks
//! for it, and when nobody waits for it any more, it is cancelled. A plain function that nobody
//! waits for any more runs to its end.

use std::sync::Arc;

use dataknobs_data::{Error, ErrorKind, Result};
use parking_lot::Mutex;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::PyTuple;
use tokio::sync::oneshot;

use crate::error::{Failure, Outcome, from_python};
use crate::runtime;

/// A Python object whose methods the library calls.
pub(crate) struct Object {
    object: Py<PyAny>,
    generation: u64,
}

impl std::fmt::Debug for Object {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Object").finish_non_exhaustive()
    }
}

/// Where a call stands when the thread that made it is free again.
enum Step<T> {
    Done(Result<T>),
    Begun(Running),
}

impl Object {
    pub(crate) fn new(object: Py<PyAny>) -> Arc<Self> {
        Arc::new(Object { object, generation: runtime::generation() })
    }

    pub(crate) fn bind<'py>(&self, py: Python<'py>) -> &Bound<'py, PyAny> {
        self.object.bind(py)
    }

    /// Whether this process is the one that the object was handed over in.
    pub(crate) fn is_here(&self) -> bool {
        self.generation == runtime::generation()
    }

    /// Calls a method and reads its answer, or that of the coroutine it gives.
    pub(crate) async fn call<T: Send + 'static>(
        self: Arc<Self>,
        method: &'static str,
        arguments: impl for<'py> FnOnce(Python<'py>) -> Outcome<Bound<'py, PyTuple>> + Send + 'static,
        read: impl for<'py> FnOnce(&Bound<'py, PyAny>) -> Outcome<T> + Send + 'static,
    ) -> Result<T> {
        if !self.is_here() {
            return Err(runtime::forked());
        }
        run(
            move |py| {
                let arguments = arguments(py)?;
                self.bind(py).call_method1(method, arguments).map_err(Failure::from)
            },
            read,
        )
        .await
    }

    /// Asks a plain method for what is wanted at once. None when the interpreter is ending.
    ///
    /// What goes wrong is reported as Python reports what nobody can catch, and answered with none.
    pub(crate) fn ask<T>(&self, ask: impl for<'py> FnOnce(&Bound<'py, PyAny>) -> Outcome<T>) -> Option<T> {
        if !self.is_here() {
            return None;
        }
        let attached = || {
            runtime::attach(|py| {
                let object = self.bind(py);
                ask(object).map_err(|failure| PyErr::from(failure).write_unraisable(py, Some(object))).ok()
            })
        };
        // The thread may have to wait for the interpreter: another one takes over its work.
        let answer = match tokio::runtime::Handle::try_current().map(|handle| handle.runtime_flavor()) {
            Ok(tokio::runtime::RuntimeFlavor::MultiThread) => tokio::task::block_in_place(attached),
            _ => attached(),
        };
        answer.flatten()
    }
}

/// Calls a function on a thread that may block and reads its answer, or that of the awaitable that
/// it gives.
pub(crate) async fn run<T: Send + 'static>(
    call: impl for<'py> FnOnce(Python<'py>) -> Outcome<Bound<'py, PyAny>> + Send + 'static,
    read: impl for<'py> FnOnce(&Bound<'py, PyAny>) -> Outcome<T> + Send + 'static,
) -> Result<T> {
    let (sender, receiver) = oneshot::channel();
    let made = runtime::spawn_blocking(move || {
        runtime::attach(|py| match begin(py, call, read, sender) {
            Ok(step) => step,
            Err(failure) => Step::Done(Err(failure.into_error(py))),
        })
    })?;
    match made.await {
        Ok(Some(Step::Done(result))) => result,
        Ok(Some(Step::Begun(running))) => {
            let answer = receiver.await;
            running.ended();
            answer.unwrap_or_else(|_| Err(ending()))
        }
        Ok(None) => Err(ending()),
        Err(failed) if failed.is_panic() => {
            Err(Error::new(ErrorKind::Backend, "the library failed in a way it should not; please report it"))
        }
        Err(_) => Err(ending()),
    }
}

fn begin<T: Send + 'static>(
    py: Python<'_>,
    call: impl for<'py> FnOnce(Python<'py>) -> Outcome<Bound<'py, PyAny>>,
    read: impl for<'py> FnOnce(&Bound<'py, PyAny>) -> Outcome<T> + Send + 'static,
    sender: oneshot::Sender<Result<T>>,
) -> Outcome<Step<T>> {
    let answer = call(py)?;
    if !is_awaitable(&answer)? {
        return Ok(Step::Done(read(&answer).map_err(|failure| failure.into_error(py))));
    }
    let complete = Complete::new(move |py, answer| {
        let result = answer.map_err(Failure::from).and_then(|answer| read(&answer));
        // Nobody may be waiting any more.
        let _ = sender.send(result.map_err(|failure| failure.into_error(py)));
    });
    let start = py.import(intern!(py, "dataknobs_data._event_loop"))?.getattr(intern!(py, "start"))?;
    Ok(Step::Begun(Running(Some(start.call1((answer, complete))?.unbind()))))
}

fn is_awaitable(object: &Bound<'_, PyAny>) -> PyResult<bool> {
    object.get_type().hasattr(intern!(object.py(), "__await__"))
}

fn ending() -> Error {
    Error::new(ErrorKind::Cancelled, "the interpreter is ending")
}

/// A coroutine that is under way; dropped before its end, it is cancelled.
struct Running(Option<Py<PyAny>>);

impl Running {
    fn ended(mut self) {
        self.0 = None;
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let Some(future) = self.0.take() else { return };
        // Without a thread for it, the process is ending.
        let _ = runtime::spawn_blocking(move || {
            runtime::attach(|py| future.call_method0(py, intern!(py, "cancel")).map(drop).ok());
        });
    }
}

type Completion = Box<dyn for<'py> FnOnce(Python<'py>, PyResult<Bound<'py, PyAny>>) + Send>;

/// What the event loop calls with a coroutine's answer, or with the exception that it raised.
#[pyclass(name = "Complete", module = "dataknobs_data._native", frozen)]
pub(crate) struct Complete(Mutex<Option<Completion>>);

impl Complete {
    fn new(complete: impl for<'py> FnOnce(Python<'py>, PyResult<Bound<'py, PyAny>>) + Send + 'static) -> Self {
        Complete(Mutex::new(Some(Box::new(complete))))
    }
}

#[pymethods]
impl Complete {
    #[pyo3(signature = (answer, exception=None))]
    fn __call__<'py>(&self, py: Python<'py>, answer: Bound<'py, PyAny>, exception: Option<Bound<'py, PyAny>>) {
        let complete = self.0.lock().take();
        if let Some(complete) = complete {
            complete(py, exception.map_or(Ok(answer), |exception| Err(PyErr::from_value(exception))));
        }
    }
}

/// The error for an answer that a method may not give.
pub(crate) fn unexpected(method: &'static str, wanted: &'static str, answer: &Bound<'_, PyAny>) -> Failure {
    let class = answer.get_type().fully_qualified_name().map_or_else(|_| "?".to_owned(), |name| name.to_string());
    Error::new(ErrorKind::Backend, "a method of a Python backend gave something else than it should")
        .with_context("method", method)
        .with_context("wanted", wanted)
        .with_context("given", class)
        .into()
}

/// The error of an exception that was caught in Python code.
pub(crate) fn error_of(exception: Bound<'_, PyAny>) -> Error {
    let py = exception.py();
    from_python(py, PyErr::from_value(exception))
}
