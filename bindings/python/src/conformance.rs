//! The conformance suite, over backends written in Python.

use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

use dataknobs_data::{Error, ErrorKind, Result};
use dataknobs_data_core::Database;
use dataknobs_data_core::backend::Backend;
use dataknobs_data_testkit::cases::run_cases;
use dataknobs_data_testkit::conformance::run_suite_of;
use dataknobs_data_testkit::fixture::Fixture;
use dataknobs_data_testkit::{Failure as Mismatch, Report};
use futures_util::future::BoxFuture;
use parking_lot::Mutex;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::custom_backend::{PythonBackend, run};
use crate::error::{Failure, Outcome};
use crate::runtime;

/// How long Ctrl-C may go unnoticed.
const ATTENTION: Duration = Duration::from_millis(50);

/// The address of a backend, and its Python object.
type Made = (usize, Arc<Py<PyAny>>);

/// Databases on what a Python function gives.
struct PythonFixture {
    name: String,
    factory: Arc<Py<PyAny>>,
    reopen: Option<Arc<Py<PyAny>>>,
    /// All of them so far.
    opened: Arc<Mutex<Vec<Made>>>,
}

fn address(backend: &Arc<dyn Backend>) -> usize {
    Arc::as_ptr(backend).cast::<()>() as usize
}

impl PythonFixture {
    /// A database on what this function makes, of the backend before if there is one.
    async fn database(&self, function: Arc<Py<PyAny>>, before: Option<Arc<Py<PyAny>>>) -> Result<Database> {
        let (name, opened) = (self.name.clone(), self.opened.clone());
        run(
            move |py| {
                let function = function.bind(py);
                Ok(match before {
                    Some(before) => function.call1((before.bind(py),))?,
                    None => function.call0()?,
                })
            },
            move |made| {
                let backend: Arc<dyn Backend> = Arc::new(PythonBackend::new(&name, made)?);
                opened.lock().push((address(&backend), Arc::new(made.clone().unbind())));
                Ok(Database::from_backend(backend))
            },
        )
        .await
    }
}

impl Fixture for PythonFixture {
    fn name(&self) -> &str {
        &self.name
    }

    fn open(&self) -> BoxFuture<'_, Result<Database>> {
        Box::pin(self.database(self.factory.clone(), None))
    }

    fn reopen<'a>(&'a self, database: &'a Database) -> Option<BoxFuture<'a, Result<Database>>> {
        let reopen = self.reopen.clone()?;
        Some(Box::pin(async move {
            let wanted = address(database.backend());
            // The newest: a backend that is gone may have had the same address.
            let known =
                self.opened.lock().iter().rev().find(|(address, _)| *address == wanted).map(|(_, made)| made.clone());
            let Some(before) = known else {
                return Err(Error::new(ErrorKind::Backend, "this database was not opened by the fixture"));
            };
            database.close().await?;
            self.database(reopen, Some(before)).await
        }))
    }
}

fn run_all(fixture: &PythonFixture, only: &str) -> Result<Vec<Report>, Mismatch> {
    // Workers of its own: blocking calls hold them.
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(4)
        .enable_all()
        .build()
        .map_err(|error| Mismatch::new(error.to_string()))?;
    let fixtures: [&dyn Fixture; 1] = [fixture];
    let result = runtime.block_on(async {
        let mut parts = vec![run_suite_of(&fixtures, only).await?];
        if only.is_empty() {
            parts.push(run_cases(&fixtures).await?);
        }
        Ok(parts)
    });
    runtime.shutdown_background();
    result
}

fn part_to_python<'py>(py: Python<'py>, report: &Report) -> PyResult<Bound<'py, PyDict>> {
    let totals = report.totals();
    let part = PyDict::new(py);
    part.set_item("table", report.to_string())?;
    part.set_item("summary", report.summary())?;
    part.set_item("failures", report.failures())?;
    part.set_item("held", totals.held)?;
    part.set_item("failed", totals.failed)?;
    part.set_item("not_applicable", totals.not_applicable)?;
    Ok(part)
}

/// Tries every behaviour whose name has `only` in it, and every case, on the backends that
/// `factory` makes.
#[pyfunction]
#[pyo3(signature = (name, factory, reopen, only))]
pub(crate) fn _check_backend<'py>(
    py: Python<'py>,
    name: String,
    factory: Py<PyAny>,
    reopen: Option<Py<PyAny>>,
    only: String,
) -> Outcome<Vec<Bound<'py, PyDict>>> {
    if runtime::must_not_block() {
        return Err(Error::unsupported("the suite cannot run in the event loop of Python backends").into());
    }
    let fixture =
        PythonFixture { name, factory: Arc::new(factory), reopen: reopen.map(Arc::new), opened: Arc::default() };
    let (sender, receiver) = channel();
    let receiver = Mutex::new(receiver); // to be lent to a closure that may run anywhere
    std::thread::Builder::new()
        .name("dataknobs-data-suite".to_owned())
        .spawn(move || sender.send(run_all(&fixture, &only)))
        .map_err(Error::from)?;
    loop {
        match crate::runtime::detach(py, || receiver.lock().recv_timeout(ATTENTION)) {
            Ok(Ok(parts)) => {
                return Ok(parts.iter().map(|part| part_to_python(py, part)).collect::<PyResult<_>>()?);
            }
            Ok(Err(mismatch)) => {
                let error = Error::new(ErrorKind::Backend, "no database could be opened on the backend");
                return Err(Failure::Library(error.with_source(mismatch)));
            }
            Err(RecvTimeoutError::Timeout) => py.check_signals()?,
            Err(RecvTimeoutError::Disconnected) => {
                return Err(Error::new(ErrorKind::Backend, "the suite ended without a report").into());
            }
        }
    }
}
