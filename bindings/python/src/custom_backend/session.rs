//! The session of a Python backend, and of a transaction in it.

use std::sync::Arc;

use dataknobs_data::RecordId;
use dataknobs_data::{Aggregation, Condition, IdOrder, Leaf, Record, Result, SortKey, Support, Table};
use dataknobs_data_core::backend::{
    Aggregating, CountRequest, Lending, ModifyRequest, Modifying, ReadBatchRequest, ReadRequest, RecordStream, Reply,
    Savepoints, ScanRequest, Session, Transaction, WriteBatchRequest, WriteOutcome, WriteRequest, stream_of,
};
use pyo3::prelude::*;
use pyo3::types::{PyList, PyTuple};

use super::calls::Object;
use super::requests::{PyAggregateRequest, PyModifyRequest, PyScanRequest, PyWriteRequest};
use super::stream::Source;
use super::{answers, conditions};
use crate::error::Outcome;
use crate::runtime;

/// A Python object with the methods of `Session`.
#[derive(Debug)]
pub(super) struct PythonSession {
    object: Arc<Object>,
    id_order: IdOrder,
    /// Which optional methods it has of its own.
    own: Own,
    /// A transaction that has neither been committed nor rolled back.
    unfinished: bool,
}

/// The optional methods that are not those of the base class.
#[derive(Debug, Clone, Copy)]
struct Own {
    leaf_support: bool,
    sorts_exactly: bool,
    modify: bool,
    aggregate: bool,
}

impl PythonSession {
    pub(super) fn new(object: &Bound<'_, PyAny>, id_order: IdOrder) -> Outcome<Self> {
        let base = object.py().import("dataknobs_data.backends.base")?.getattr("Session")?;
        let class = object.get_type();
        let own = |method: &str| PyResult::Ok(!class.getattr(method)?.is(&base.getattr(method)?));
        Ok(PythonSession {
            own: Own {
                leaf_support: own("leaf_support")?,
                sorts_exactly: own("sorts_exactly")?,
                modify: own("modify")?,
                aggregate: own("aggregate")?,
            },
            object: Object::new(object.clone().unbind()),
            id_order,
            unfinished: false,
        })
    }

    pub(super) fn unfinished(mut self) -> Self {
        self.unfinished = true;
        self
    }

    pub(super) fn object(&self) -> &Arc<Object> {
        &self.object
    }

    /// The answer of a method.
    pub(super) fn reply<'a, T: Send + 'static>(
        &self,
        method: &'static str,
        arguments: impl for<'py> FnOnce(Python<'py>) -> Outcome<Bound<'py, PyTuple>> + Send + 'static,
        read: impl for<'py> FnOnce(&Bound<'py, PyAny>) -> Outcome<T> + Send + 'static,
    ) -> Reply<'a, T> {
        Reply::later(self.object.clone().call(method, arguments, read))
    }

    fn scan_request(&self, request: ScanRequest) -> PyScanRequest {
        PyScanRequest::new(request, self.id_order)
    }
}

/// One argument of a class of ours.
pub(super) fn one<T: pyo3::PyClass + Into<PyClassInitializer<T>> + Send + 'static>(
    argument: T,
) -> impl for<'py> FnOnce(Python<'py>) -> Outcome<Bound<'py, PyTuple>> + Send + 'static {
    move |py| Ok((Bound::new(py, argument)?,).into_pyobject(py)?)
}

/// The condition that nothing passes. It has no test, so that a backend which answers none may get
/// it, and would have to look.
fn is_false(condition: &Condition) -> bool {
    matches!(condition, Condition::Any(parts) if parts.is_empty())
}

impl Session for PythonSession {
    fn read<'a>(&'a self, request: ReadRequest<'a>) -> Reply<'a, Option<Record>> {
        let id = match RecordId::new(request.id) {
            Ok(id) => id,
            Err(_) => return Reply::ready(Ok(None)),
        };
        let asked = id.clone();
        self.reply(
            "read",
            move |py| Ok((asked.as_str(),).into_pyobject(py)?),
            move |answer| answers::found("read", answer, &id),
        )
    }

    fn exists<'a>(&'a self, request: ReadRequest<'a>) -> Reply<'a, bool> {
        let id = request.id.to_owned();
        self.reply("exists", move |py| Ok((id,).into_pyobject(py)?), |answer| answers::boolean("exists", answer))
    }

    fn read_batch<'a>(&'a self, request: ReadBatchRequest<'a>) -> Reply<'a, Vec<Option<Record>>> {
        let ids = request.ids.to_vec();
        let asked = ids.clone();
        self.reply(
            "read_batch",
            move |py| Ok((PyList::new(py, asked.iter().map(RecordId::as_str))?,).into_pyobject(py)?),
            move |answer| answers::found_batch(answer, &ids),
        )
    }

    fn write(&self, request: WriteRequest) -> Reply<'_, WriteOutcome> {
        self.reply("write", one(PyWriteRequest::new(request)), answers::outcome)
    }

    fn write_batch(&self, request: WriteBatchRequest) -> Reply<'_, Vec<WriteOutcome>> {
        let length = request.writes.len();
        self.reply(
            "write_batch",
            move |py| {
                let writes = request.writes.into_iter().map(|write| Bound::new(py, PyWriteRequest::new(write)));
                let writes = PyList::new(py, writes.collect::<PyResult<Vec<_>>>()?)?;
                Ok((writes,).into_pyobject(py)?)
            },
            move |answer| answers::outcomes(answer, length),
        )
    }

    fn leaf_support(&self, leaf: &Leaf) -> Support {
        if !self.own.leaf_support {
            return Support::No;
        }
        // Without an answer nothing is pushed down: slower, and right.
        let support = self.object.ask(|object| {
            let leaf = conditions::leaf_to_python(object.py(), leaf)?;
            answers::support(&object.call_method1("leaf_support", (leaf,))?)
        });
        support.unwrap_or(Support::No)
    }

    fn sorts_exactly(&self, sort: &[SortKey]) -> bool {
        self.own.sorts_exactly
            && self
                .object
                .ask(|object| {
                    let sort = conditions::sort_to_python(object.py(), sort)?;
                    answers::boolean("sorts_exactly", &object.call_method1("sorts_exactly", (sort,))?)
                })
                .unwrap_or(false)
    }

    fn scan(&self, request: ScanRequest) -> Reply<'_, RecordStream> {
        if is_false(&request.condition) {
            return Reply::ready(Ok(stream_of(Vec::new())));
        }
        self.reply("scan", one(self.scan_request(request)), Source::new).map_ok(Source::stream)
    }

    fn count(&self, request: CountRequest) -> Reply<'_, u64> {
        if is_false(&request.condition) {
            return Reply::ready(Ok(0));
        }
        let request = self.scan_request(ScanRequest::new(request.condition));
        self.reply("count", one(request), |answer| answers::number("count", answer))
    }

    fn modifying(&self) -> Option<&dyn Modifying> {
        self.own.modify.then_some(self as &dyn Modifying)
    }

    fn lending(&self) -> Option<&dyn Lending> {
        None
    }

    fn aggregating(&self) -> Option<&dyn Aggregating> {
        self.own.aggregate.then_some(self as &dyn Aggregating)
    }
}

impl Modifying for PythonSession {
    fn modify(&self, request: ModifyRequest) -> Reply<'_, u64> {
        if is_false(&request.condition) {
            return Reply::ready(Ok(0));
        }
        self.reply("modify", one(PyModifyRequest::new(request)), |answer| answers::number("modify", answer))
    }
}

impl Aggregating for PythonSession {
    fn aggregate<'a>(&'a self, condition: &Condition, aggregation: &'a Aggregation) -> Option<Reply<'a, Table>> {
        let exact = self.object.ask(|object| {
            let request = Bound::new(object.py(), PyAggregateRequest::new(condition, aggregation))?;
            answers::boolean("aggregates_exactly", &object.call_method1("aggregates_exactly", (request,))?)
        });
        exact.filter(|exact| *exact)?;
        let request = PyAggregateRequest::new(condition, aggregation);
        let aggregation = aggregation.clone();
        Some(self.reply("aggregate", one(request), move |answer| answers::table(answer, &aggregation)))
    }
}

impl Transaction for PythonSession {
    fn commit(self: Box<Self>) -> Reply<'static, ()> {
        self.end("commit")
    }

    fn rollback(self: Box<Self>) -> Reply<'static, ()> {
        self.end("rollback")
    }

    fn savepoints(&self) -> Option<&dyn Savepoints> {
        None
    }
}

impl PythonSession {
    fn end(mut self, method: &'static str) -> Reply<'static, ()> {
        self.unfinished = false;
        self.reply(method, |py| Ok(PyTuple::empty(py)), answers::nothing)
    }
}

impl Drop for PythonSession {
    fn drop(&mut self) {
        if !self.unfinished || !self.object.is_here() {
            return;
        }
        let rollback = self.object.clone().call("rollback", |py| Ok(PyTuple::empty(py)), answers::nothing);
        // Without a thread for it, the process is ending.
        let _: Result<_> = runtime::handle().map(|handle| {
            handle.spawn(async move {
                if let Err(error) = rollback.await {
                    runtime::attach(|py| crate::error::to_python(&error).write_unraisable(py, None));
                }
            })
        });
    }
}
