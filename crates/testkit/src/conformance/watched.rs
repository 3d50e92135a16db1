//! A backend that another one is watched through: it counts what the store is asked, and it can
//! stop answering.

use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use dataknobs_data_core::backend::{
    AccessPlan, Aggregating, Backend, Columnar, CountRequest, Indexing, Lending, ModifyRequest, Modifying,
    ReadBatchRequest, ReadRequest, RecordStream, Reply, ScanRequest, Session, Transactional, WriteBatchRequest,
    WriteOutcome, WriteRequest,
};
use dataknobs_data_core::{Aggregation, BackendInfo, Capabilities, Condition, Leaf, Record, SortKey, Support, Table};

/// A backend, watched.
#[derive(Debug)]
pub(crate) struct Watched {
    inner: Arc<dyn Backend>,
    asked: AtomicUsize,
    stalled: AtomicBool,
}

impl Watched {
    pub(crate) fn new(inner: Arc<dyn Backend>) -> Self {
        Watched { inner, asked: AtomicUsize::new(0), stalled: AtomicBool::new(false) }
    }

    /// How often the store was asked to read or write.
    pub(crate) fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }

    /// From now on no request is answered.
    pub(crate) fn stall(&self) {
        self.stalled.store(true, Ordering::SeqCst);
    }

    fn count<'a, T: 'a>(&self, reply: impl FnOnce() -> Reply<'a, T>) -> Reply<'a, T> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        self.unless_stalled(reply)
    }

    fn unless_stalled<'a, T: 'a>(&self, reply: impl FnOnce() -> Reply<'a, T>) -> Reply<'a, T> {
        if self.stalled.load(Ordering::SeqCst) { Reply::later(pending()) } else { reply() }
    }
}

impl Session for Watched {
    fn read<'a>(&'a self, request: ReadRequest<'a>) -> Reply<'a, Option<Record>> {
        self.count(|| self.inner.read(request))
    }

    fn exists<'a>(&'a self, request: ReadRequest<'a>) -> Reply<'a, bool> {
        self.count(|| self.inner.exists(request))
    }

    fn read_batch<'a>(&'a self, request: ReadBatchRequest<'a>) -> Reply<'a, Vec<Option<Record>>> {
        self.count(|| self.inner.read_batch(request))
    }

    fn write(&self, request: WriteRequest) -> Reply<'_, WriteOutcome> {
        self.count(|| self.inner.write(request))
    }

    fn write_batch(&self, request: WriteBatchRequest) -> Reply<'_, Vec<WriteOutcome>> {
        self.count(|| self.inner.write_batch(request))
    }

    fn leaf_support(&self, leaf: &Leaf) -> Support {
        self.inner.leaf_support(leaf)
    }

    fn sorts_exactly(&self, sort: &[SortKey]) -> bool {
        self.inner.sorts_exactly(sort)
    }

    fn scan(&self, request: ScanRequest) -> Reply<'_, RecordStream> {
        self.count(|| self.inner.scan(request))
    }

    fn count(&self, request: CountRequest) -> Reply<'_, u64> {
        self.count(|| self.inner.count(request))
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
}

impl Modifying for Watched {
    fn modify(&self, request: ModifyRequest) -> Reply<'_, u64> {
        self.count(|| match self.inner.modifying() {
            Some(inner) => inner.modify(request),
            None => Reply::later(pending()),
        })
    }
}

impl Aggregating for Watched {
    fn aggregate<'a>(&'a self, condition: &Condition, aggregation: &'a Aggregation) -> Option<Reply<'a, Table>> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        let reply = self.inner.aggregating()?.aggregate(condition, aggregation)?;
        Some(self.unless_stalled(|| reply))
    }
}

impl Backend for Watched {
    fn info(&self) -> BackendInfo {
        self.inner.info()
    }

    fn capabilities(&self) -> &Capabilities {
        self.inner.capabilities()
    }

    fn connect(&self) -> Reply<'_, ()> {
        self.unless_stalled(|| self.inner.connect())
    }

    fn ping(&self) -> Reply<'_, ()> {
        self.unless_stalled(|| self.inner.ping())
    }

    fn flush(&self) -> Reply<'_, ()> {
        self.unless_stalled(|| self.inner.flush())
    }

    fn close(&self) -> Reply<'_, ()> {
        self.inner.close()
    }

    fn access_plan<'a>(&'a self, request: &'a ScanRequest) -> Reply<'a, AccessPlan> {
        self.unless_stalled(|| self.inner.access_plan(request))
    }

    fn transactional(&self) -> Option<&dyn Transactional> {
        self.inner.transactional()
    }

    fn indexing(&self) -> Option<&dyn Indexing> {
        self.inner.indexing()
    }

    fn columnar(&self) -> Option<&dyn Columnar> {
        None
    }
}
