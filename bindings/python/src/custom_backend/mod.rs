//! Backends written in Python: `dataknobs_data.backends.base.Backend`, as the library calls it.
//!
//! `calls.rs` calls methods, plain or coroutines; `requests.rs` and `conditions.rs` are what they
//! get, `answers.rs` and `stream.rs` read what they give. `session.rs` is the session that a backend
//! and its transactions have in common; this file is the backend.

mod answers;
mod calls;
mod conditions;
mod requests;
mod session;
mod stream;

use std::sync::{Arc, OnceLock};

use dataknobs_data::{BackendInfo, Capabilities, Error, IndexInfo, Leaf, Record, SortKey, Support, TransactionOptions};
use dataknobs_data_core::backend::{
    AccessPlan, Aggregating, Backend, Columnar, CountRequest, IndexRequest, Indexing, Lending, Modifying,
    ReadBatchRequest, ReadRequest, RecordStream, Reply, ScanRequest, Session, Transaction, Transactional,
    WriteBatchRequest, WriteOutcome, WriteRequest,
};
use dataknobs_data_core::config::{ConfigMap, Environment};
use dataknobs_data_core::{self as library, Opened};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString, PyTuple};

pub(crate) use calls::Complete;
#[cfg(feature = "conformance")]
pub(crate) use calls::run;
pub(crate) use conditions::{PyCondition, PyLeaf, PySortKey, PySortPosition};
pub(crate) use requests::{
    _stored, PyAggregateRequest, PyIndex, PyModifyRequest, PyScanRequest, PyWriteOutcome, PyWriteRequest,
};

use crate::error::{Failure, Outcome};
use crate::json;
use crate::lasting::lasting;
use session::{PythonSession, one};

/// A store whose methods are written in Python.
#[derive(Debug)]
pub(crate) struct PythonBackend {
    name: &'static str,
    session: PythonSession,
    /// What it said it can do when it was made, and when it had connected.
    declared: Capabilities,
    connected: Arc<OnceLock<Capabilities>>,
}

impl PythonBackend {
    /// An instance of `Backend`, under this name.
    pub(crate) fn new(name: &str, backend: &Bound<'_, PyAny>) -> Outcome<Self> {
        let base = backend.py().import("dataknobs_data.backends.base")?.getattr("Backend")?;
        if !backend.is_instance(&base)? {
            return Err(Failure::Python(PyTypeError::new_err("a backend is an instance of dataknobs_data.Backend")));
        }
        let declared = answers::capabilities(&backend.getattr("capabilities")?)?;
        Ok(PythonBackend {
            name: lasting(name, "python"),
            session: PythonSession::new(backend, declared.id_order)?,
            declared,
            connected: Arc::default(),
        })
    }

    /// A database on it, with the settings that all backends share.
    pub(crate) fn open(name: &str, backend: &Bound<'_, PyAny>, generic: ConfigMap) -> Outcome<library::Database> {
        let backend = Self::new(name, backend)?;
        let opened = Opened::layered(backend.name, generic, |rest| match rest.keys().next() {
            None => Ok(Arc::new(backend)),
            Some(key) => Err(Error::invalid_config("this setting is the backend's own").with_context("key", key)),
        })?;
        Ok(library::Database::from_opened(opened))
    }

    fn simple<'a>(&'a self, method: &'static str) -> Reply<'a, ()> {
        self.session.reply(method, |py| Ok(PyTuple::empty(py)), answers::nothing)
    }
}

impl Session for PythonBackend {
    fn read<'a>(&'a self, request: ReadRequest<'a>) -> Reply<'a, Option<Record>> {
        self.session.read(request)
    }

    fn exists<'a>(&'a self, request: ReadRequest<'a>) -> Reply<'a, bool> {
        self.session.exists(request)
    }

    fn read_batch<'a>(&'a self, request: ReadBatchRequest<'a>) -> Reply<'a, Vec<Option<Record>>> {
        self.session.read_batch(request)
    }

    fn write(&self, request: WriteRequest) -> Reply<'_, WriteOutcome> {
        self.session.write(request)
    }

    fn write_batch(&self, request: WriteBatchRequest) -> Reply<'_, Vec<WriteOutcome>> {
        self.session.write_batch(request)
    }

    fn leaf_support(&self, leaf: &Leaf) -> Support {
        self.session.leaf_support(leaf)
    }

    fn sorts_exactly(&self, sort: &[SortKey]) -> bool {
        self.session.sorts_exactly(sort)
    }

    fn scan(&self, request: ScanRequest) -> Reply<'_, RecordStream> {
        self.session.scan(request)
    }

    fn count(&self, request: CountRequest) -> Reply<'_, u64> {
        self.session.count(request)
    }

    fn modifying(&self) -> Option<&dyn Modifying> {
        self.session.modifying()
    }

    fn lending(&self) -> Option<&dyn Lending> {
        self.session.lending()
    }

    fn aggregating(&self) -> Option<&dyn Aggregating> {
        self.session.aggregating()
    }
}

impl Backend for PythonBackend {
    fn info(&self) -> BackendInfo {
        let info = self.session.object().ask(|object| answers::info(self.name, &object.call_method0("info")?));
        info.unwrap_or_else(|| BackendInfo::new(self.name, ""))
    }

    fn capabilities(&self) -> &Capabilities {
        self.connected.get().unwrap_or(&self.declared)
    }

    fn connect(&self) -> Reply<'_, ()> {
        Reply::later(async move {
            self.simple("connect").await?;
            let read = self.session.object().ask(|object| answers::capabilities(&object.getattr("capabilities")?));
            if let Some(capabilities) = read {
                // The first connection's stay.
                let _ = self.connected.set(capabilities);
            }
            Ok(())
        })
    }

    fn ping(&self) -> Reply<'_, ()> {
        self.simple("ping")
    }

    fn flush(&self) -> Reply<'_, ()> {
        self.simple("flush")
    }

    fn close(&self) -> Reply<'_, ()> {
        self.simple("close")
    }

    fn access_plan<'a>(&'a self, request: &'a ScanRequest) -> Reply<'a, AccessPlan> {
        let request = PyScanRequest::new(request.clone(), self.declared.id_order);
        self.session.reply("access_plan", one(request), answers::access_plan)
    }

    fn transactional(&self) -> Option<&dyn Transactional> {
        self.capabilities().transactions.then_some(self as &dyn Transactional)
    }

    fn indexing(&self) -> Option<&dyn Indexing> {
        self.capabilities().indexes.then_some(self as &dyn Indexing)
    }

    fn columnar(&self) -> Option<&dyn Columnar> {
        None
    }
}

impl Transactional for PythonBackend {
    fn begin(&self, options: TransactionOptions) -> Reply<'_, Box<dyn Transaction>> {
        let id_order = self.declared.id_order;
        self.session.reply(
            "begin",
            move |py| Ok((options.read_only,).into_pyobject(py)?),
            move |answer| {
                let base = answer.py().import("dataknobs_data.backends.base")?.getattr("Transaction")?;
                if !answer.is_instance(&base)? {
                    return Err(calls::unexpected("begin", "a Transaction", answer));
                }
                let transaction: Box<dyn Transaction> = Box::new(PythonSession::new(answer, id_order)?.unfinished());
                Ok(transaction)
            },
        )
    }
}

impl Indexing for PythonBackend {
    fn create_index(&self, request: IndexRequest) -> Reply<'_, IndexInfo> {
        let asked = PyIndex::asked(&request);
        let created = asked.get().clone();
        self.session.reply("create_index", one(asked), answers::nothing).map_ok(|()| created)
    }

    fn list_indexes(&self) -> Reply<'_, Vec<IndexInfo>> {
        self.session.reply("list_indexes", |py| Ok(PyTuple::empty(py)), answers::indexes)
    }

    fn drop_index<'a>(&'a self, name: &'a str) -> Reply<'a, bool> {
        let name = name.to_owned();
        let answer = |answer: &Bound<'_, PyAny>| answers::boolean("drop_index", answer);
        self.session.reply("drop_index", move |py| Ok((name,).into_pyobject(py)?), answer)
    }
}

/// Fills the variables of the environment into the texts of settings, as for every backend. What is
/// no plain value (an open connection, a function) stays what it is.
#[pyfunction]
pub(crate) fn _fill_environment<'py>(settings: &Bound<'py, PyDict>) -> Outcome<Bound<'py, PyDict>> {
    let py = settings.py();
    let environment = Environment::process();
    let filled = PyDict::new(py);
    for (key, value) in settings.iter() {
        let plain = value.is_instance_of::<PyString>()
            || value.is_instance_of::<PyDict>()
            || value.is_instance_of::<pyo3::types::PyList>();
        match plain.then(|| json::from_python(&value)) {
            Some(Ok(value)) => filled.set_item(key, json::to_python(py, &environment.json(value)?)?)?,
            _ => filled.set_item(key, value)?,
        }
    }
    Ok(filled)
}
