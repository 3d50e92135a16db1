//! A store for tests: the memory store, answering at once or later, with atomic batches or without,
//! and with a log of the calls that reached it.

use std::sync::Arc;

use parking_lot::Mutex;

use crate::aggregate::{Aggregation, Table};
use crate::backend::*;
use crate::capability::{BackendInfo, Capabilities};
use crate::error::{BatchFailure, Error, ErrorKind};
use crate::memory::MemoryBackend;
use crate::query::{Condition, Leaf, SortKey};
use crate::record::Record;

pub(super) type Log = Arc<Mutex<Vec<&'static str>>>;

#[derive(Debug)]
pub(super) struct Double {
    inner: MemoryBackend,
    capabilities: Capabilities,
    log: Log,
    later: bool,
}

#[derive(Debug)]
struct DoubleTransaction {
    inner: Box<dyn Transaction>,
    log: Log,
    later: bool,
}

impl Double {
    /// Answers later, as a server does.
    pub(super) fn new() -> Self {
        let inner = MemoryBackend::new();
        Double { capabilities: inner.capabilities().clone(), inner, log: Log::default(), later: true }
    }

    /// Answers at once.
    pub(super) fn ready() -> Self {
        Double { later: false, ..Self::new() }
    }

    /// Writes batches one by one.
    pub(super) fn piecemeal() -> Self {
        let mut double = Self::new();
        double.capabilities.atomic_batches = false;
        double
    }

    pub(super) fn log(&self) -> Log {
        self.log.clone()
    }

    fn answer<'a, T: Send + 'a>(&self, name: &'static str, reply: Reply<'a, T>) -> Reply<'a, T> {
        answer(&self.log, self.later, name, reply)
    }

    fn one_by_one(&self, writes: Vec<WriteRequest>) -> Reply<'_, Vec<WriteOutcome>> {
        let mut outcomes = Vec::new();
        let mut failures = Vec::new();
        for (index, write) in writes.into_iter().enumerate() {
            match self.inner.write(write) {
                Reply::Ready(Some(Ok(outcome))) => outcomes.push(outcome),
                Reply::Ready(Some(Err(error))) => failures.push(BatchFailure { index, error }),
                _ => unreachable!("the memory store answers at once"),
            }
        }
        Reply::ready(match failures.is_empty() {
            true => Ok(outcomes),
            false => Err(Error::new(ErrorKind::AlreadyExists, "some writes failed").with_failures(failures)),
        })
    }
}

fn answer<'a, T: Send + 'a>(log: &Log, later: bool, name: &'static str, reply: Reply<'a, T>) -> Reply<'a, T> {
    log.lock().push(name);
    if !later {
        return reply;
    }
    Reply::later(async move {
        tokio::task::yield_now().await;
        reply.await
    })
}

macro_rules! session {
    () => {
        fn read<'a>(&'a self, request: ReadRequest<'a>) -> Reply<'a, Option<Record>> {
            answer(&self.log, self.later, "read", self.inner.read(request))
        }

        fn exists<'a>(&'a self, request: ReadRequest<'a>) -> Reply<'a, bool> {
            answer(&self.log, self.later, "exists", self.inner.exists(request))
        }

        fn read_batch<'a>(&'a self, request: ReadBatchRequest<'a>) -> Reply<'a, Vec<Option<Record>>> {
            answer(&self.log, self.later, "read_batch", self.inner.read_batch(request))
        }

        fn write(&self, request: WriteRequest) -> Reply<'_, WriteOutcome> {
            answer(&self.log, self.later, request.action.name(), self.inner.write(request))
        }

        fn leaf_support(&self, leaf: &Leaf) -> Support {
            self.inner.leaf_support(leaf)
        }

        fn sorts_exactly(&self, sort: &[SortKey]) -> bool {
            self.inner.sorts_exactly(sort)
        }

        fn scan(&self, request: ScanRequest) -> Reply<'_, RecordStream> {
            answer(&self.log, self.later, "scan", self.inner.scan(request))
        }

        fn count(&self, request: CountRequest) -> Reply<'_, u64> {
            answer(&self.log, self.later, "count", self.inner.count(request))
        }

        fn modifying(&self) -> Option<&dyn Modifying> {
            self.inner.modifying().map(|_| self as &dyn Modifying)
        }

        fn aggregating(&self) -> Option<&dyn Aggregating> {
            self.inner.aggregating().map(|_| self as &dyn Aggregating)
        }

        fn lending(&self) -> Option<&dyn Lending> {
            None
        }
    };
}

impl Session for Double {
    session!();

    fn write_batch(&self, request: WriteBatchRequest) -> Reply<'_, Vec<WriteOutcome>> {
        let reply = match self.capabilities.atomic_batches {
            true => self.inner.write_batch(request),
            false => self.one_by_one(request.writes),
        };
        self.answer("write_batch", reply)
    }
}

impl Session for DoubleTransaction {
    session!();

    fn write_batch(&self, request: WriteBatchRequest) -> Reply<'_, Vec<WriteOutcome>> {
        answer(&self.log, self.later, "write_batch", self.inner.write_batch(request))
    }
}

impl Modifying for Double {
    fn modify(&self, request: ModifyRequest) -> Reply<'_, u64> {
        self.answer("modify", self.inner.modifying().unwrap().modify(request))
    }
}

impl Modifying for DoubleTransaction {
    fn modify(&self, request: ModifyRequest) -> Reply<'_, u64> {
        answer(&self.log, self.later, "modify", self.inner.modifying().unwrap().modify(request))
    }
}

impl Aggregating for Double {
    fn aggregate<'a>(&'a self, condition: &Condition, aggregation: &'a Aggregation) -> Option<Reply<'a, Table>> {
        let reply = self.inner.aggregating().unwrap().aggregate(condition, aggregation)?;
        Some(self.answer("aggregate", reply))
    }
}

impl Aggregating for DoubleTransaction {
    fn aggregate<'a>(&'a self, condition: &Condition, aggregation: &'a Aggregation) -> Option<Reply<'a, Table>> {
        let reply = self.inner.aggregating().unwrap().aggregate(condition, aggregation)?;
        Some(answer(&self.log, self.later, "aggregate", reply))
    }
}

impl Backend for Double {
    fn info(&self) -> BackendInfo {
        BackendInfo::new("double", "in a test")
    }

    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    fn connect(&self) -> Reply<'_, ()> {
        self.answer("connect", self.inner.connect())
    }

    fn ping(&self) -> Reply<'_, ()> {
        self.answer("ping", self.inner.ping())
    }

    fn flush(&self) -> Reply<'_, ()> {
        self.answer("flush", self.inner.flush())
    }

    fn close(&self) -> Reply<'_, ()> {
        self.answer("close", self.inner.close())
    }

    fn access_plan<'a>(&'a self, request: &'a ScanRequest) -> Reply<'a, AccessPlan> {
        self.answer("access_plan", self.inner.access_plan(request))
    }

    fn transactional(&self) -> Option<&dyn Transactional> {
        Some(self)
    }

    fn indexing(&self) -> Option<&dyn Indexing> {
        Some(self)
    }

    fn columnar(&self) -> Option<&dyn Columnar> {
        None
    }
}

impl Transactional for Double {
    fn begin(&self, options: TransactionOptions) -> Reply<'_, Box<dyn Transaction>> {
        let (log, later) = (self.log.clone(), self.later);
        let begun = self.inner.transactional().unwrap().begin(options);
        let begun = begun.map(move |inner| Ok(Box::new(DoubleTransaction { inner: inner?, log, later }) as Box<_>));
        self.answer("begin", begun)
    }
}

impl Transaction for DoubleTransaction {
    fn commit(self: Box<Self>) -> Reply<'static, ()> {
        answer(&self.log, self.later, "commit", self.inner.commit())
    }

    fn rollback(self: Box<Self>) -> Reply<'static, ()> {
        answer(&self.log, self.later, "rollback", self.inner.rollback())
    }

    fn savepoints(&self) -> Option<&dyn Savepoints> {
        Some(self)
    }
}

impl DoubleTransaction {
    fn inner_savepoints(&self) -> &dyn Savepoints {
        self.inner.savepoints().unwrap()
    }
}

impl Savepoints for DoubleTransaction {
    fn set_savepoint(&self, number: u64) -> Reply<'_, ()> {
        answer(&self.log, self.later, "savepoint", self.inner_savepoints().set_savepoint(number))
    }

    fn release_savepoint(&self, number: u64) -> Reply<'_, ()> {
        answer(&self.log, self.later, "release", self.inner_savepoints().release_savepoint(number))
    }

    fn rollback_to_savepoint(&self, number: u64) -> Reply<'_, ()> {
        answer(&self.log, self.later, "rollback_to", self.inner_savepoints().rollback_to_savepoint(number))
    }
}

impl Indexing for Double {
    fn create_index(&self, request: IndexRequest) -> Reply<'_, IndexInfo> {
        self.answer("create_index", self.inner.indexing().unwrap().create_index(request))
    }

    fn list_indexes(&self) -> Reply<'_, Vec<IndexInfo>> {
        self.answer("list_indexes", self.inner.indexing().unwrap().list_indexes())
    }

    fn drop_index<'a>(&'a self, name: &'a str) -> Reply<'a, bool> {
        self.answer("drop_index", self.inner.indexing().unwrap().drop_index(name))
    }
}
