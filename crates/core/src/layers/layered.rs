//! The one place that forwards: every method of every trait, through a layer's hooks.

#![deny(clippy::missing_trait_methods)] // a method that is not forwarded would be a hole in every layer

use std::fmt::Debug;
use std::sync::Arc;

use super::{Layer, Operation};
use crate::aggregate::{Aggregation, Table};
use crate::backend::{
    AccessPlan, Aggregating, Backend, ColumnAnswer, ColumnRequest, Columnar, CountRequest, IndexInfo, IndexRequest,
    Indexing, Lending, ModifyRequest, Modifying, ReadBatchRequest, ReadRequest, RecordStream, Reply, Savepoints,
    ScanRequest, Session, Support, Transaction, TransactionOptions, Transactional, WriteBatchRequest, WriteOutcome,
    WriteRequest,
};
use crate::capability::{BackendInfo, Capabilities};
use crate::error::Error;
use crate::query::{Condition, Leaf, SortKey};
use crate::record::Record;

/// A backend or transaction inside a layer.
#[derive(Debug)]
pub(super) struct Layered<L, I> {
    layer: L,
    inner: I,
}

/// What a layer wraps.
pub(super) trait Inner: Debug + Send + Sync {
    type Session: Session + ?Sized;
    fn session(&self) -> &Self::Session;
    /// None inside a transaction.
    fn capabilities(&self) -> Option<&Capabilities>;
}

impl Inner for Arc<dyn Backend> {
    type Session = dyn Backend;

    fn session(&self) -> &(dyn Backend + 'static) {
        self.as_ref()
    }

    fn capabilities(&self) -> Option<&Capabilities> {
        Some(self.as_ref().capabilities())
    }
}

impl Inner for Box<dyn Transaction> {
    type Session = dyn Transaction;

    fn session(&self) -> &(dyn Transaction + 'static) {
        self.as_ref()
    }

    fn capabilities(&self) -> Option<&Capabilities> {
        None
    }
}

/// This backend inside this layer.
pub(super) fn wrap<L: Layer>(layer: L, inner: Arc<dyn Backend>) -> Arc<dyn Backend> {
    Arc::new(Layered { layer, inner })
}

/// This transaction inside this layer.
pub(super) fn wrap_transaction<L: Layer>(layer: L, inner: Box<dyn Transaction>) -> Box<dyn Transaction> {
    Box::new(Layered { layer, inner })
}

fn vanished<'a, T>() -> Reply<'a, T> {
    Reply::ready(Err(Error::unsupported("the store no longer offers this")))
}

impl<L: Layer, I: Inner> Session for Layered<L, I> {
    fn read<'a>(&'a self, request: ReadRequest<'a>) -> Reply<'a, Option<Record>> {
        self.layer.call(Operation::Read, request, |request| self.inner.session().read(request))
    }

    fn exists<'a>(&'a self, request: ReadRequest<'a>) -> Reply<'a, bool> {
        self.layer.call(Operation::Exists, request, |request| self.inner.session().exists(request))
    }

    fn read_batch<'a>(&'a self, request: ReadBatchRequest<'a>) -> Reply<'a, Vec<Option<Record>>> {
        self.layer.call(Operation::ReadBatch, request, |request| self.inner.session().read_batch(request))
    }

    fn write(&self, request: WriteRequest) -> Reply<'_, WriteOutcome> {
        self.layer.write(self.inner.session(), self.inner.capabilities(), request)
    }

    fn write_batch(&self, request: WriteBatchRequest) -> Reply<'_, Vec<WriteOutcome>> {
        self.layer.write_batch(self.inner.session(), self.inner.capabilities(), request)
    }

    fn leaf_support(&self, leaf: &Leaf) -> Support {
        self.inner.session().leaf_support(leaf)
    }

    fn sorts_exactly(&self, sort: &[SortKey]) -> bool {
        self.inner.session().sorts_exactly(sort)
    }

    fn scan(&self, request: ScanRequest) -> Reply<'_, RecordStream> {
        let layer = self.layer.clone();
        self.layer.scan(self.inner.session(), request).map(move |stream| Ok(layer.stream(stream?)))
    }

    fn count(&self, request: CountRequest) -> Reply<'_, u64> {
        self.layer.call(Operation::Count, request, |request| self.inner.session().count(request))
    }

    fn modifying(&self) -> Option<&dyn Modifying> {
        self.inner.session().modifying().map(|_| self as &dyn Modifying)
    }

    fn aggregating(&self) -> Option<&dyn Aggregating> {
        self.inner.session().aggregating().map(|_| self as &dyn Aggregating)
    }

    fn lending(&self) -> Option<&dyn Lending> {
        None
    }
}

impl<L: Layer, I: Inner> Modifying for Layered<L, I> {
    fn modify(&self, request: ModifyRequest) -> Reply<'_, u64> {
        self.layer.call(Operation::Modify, request, |request| match self.inner.session().modifying() {
            Some(modifying) => modifying.modify(request),
            None => vanished(),
        })
    }
}

impl<L: Layer, I: Inner> Aggregating for Layered<L, I> {
    fn aggregate<'a>(&'a self, condition: &Condition, aggregation: &'a Aggregation) -> Option<Reply<'a, Table>> {
        let ask = |condition: &Condition| self.inner.session().aggregating()?.aggregate(condition, aggregation);
        // Whether there is an answer must be known now, so the first one is asked for ahead.
        let mut first = Some(ask(condition)?);
        Some(self.layer.call(Operation::Aggregate, condition.clone(), move |condition| match first.take() {
            Some(reply) => reply,
            None => ask(&condition).unwrap_or_else(vanished),
        }))
    }
}

impl<L: Layer> Backend for Layered<L, Arc<dyn Backend>> {
    fn info(&self) -> BackendInfo {
        self.inner.info()
    }

    fn capabilities(&self) -> &Capabilities {
        self.inner.as_ref().capabilities()
    }

    fn connect(&self) -> Reply<'_, ()> {
        self.layer.call(Operation::Connect, (), |()| self.inner.connect())
    }

    fn ping(&self) -> Reply<'_, ()> {
        self.layer.call(Operation::Ping, (), |()| self.inner.ping())
    }

    fn flush(&self) -> Reply<'_, ()> {
        self.layer.call(Operation::Flush, (), |()| self.inner.flush())
    }

    fn close(&self) -> Reply<'_, ()> {
        self.layer.call(Operation::Close, (), |()| self.inner.close())
    }

    fn access_plan<'a>(&'a self, request: &'a ScanRequest) -> Reply<'a, AccessPlan> {
        self.layer.call(Operation::AccessPlan, request, |request| self.inner.access_plan(request))
    }

    fn transactional(&self) -> Option<&dyn Transactional> {
        self.inner.transactional().map(|_| self as &dyn Transactional)
    }

    fn indexing(&self) -> Option<&dyn Indexing> {
        self.inner.indexing().map(|_| self as &dyn Indexing)
    }

    fn columnar(&self) -> Option<&dyn Columnar> {
        self.inner.columnar().map(|_| self as &dyn Columnar)
    }
}

impl<L: Layer> Columnar for Layered<L, Arc<dyn Backend>> {
    fn scan_columns(&self, request: ColumnRequest) -> Reply<'_, Option<ColumnAnswer>> {
        self.layer.call(Operation::Scan, request, |request| match self.inner.columnar() {
            Some(columnar) => columnar.scan_columns(request),
            None => vanished(),
        })
    }
}

impl<L: Layer> Transactional for Layered<L, Arc<dyn Backend>> {
    fn begin(&self, options: TransactionOptions) -> Reply<'_, Box<dyn Transaction>> {
        let layer = self.layer.clone();
        let begun = self.layer.call(Operation::Begin, options, |options| match self.inner.transactional() {
            Some(transactional) => transactional.begin(options),
            None => vanished(),
        });
        begun.map(move |transaction| Ok(layer.transaction(transaction?)))
    }
}

impl<L: Layer> Indexing for Layered<L, Arc<dyn Backend>> {
    fn create_index(&self, request: IndexRequest) -> Reply<'_, IndexInfo> {
        self.layer.call(Operation::CreateIndex, request, |request| match self.inner.indexing() {
            Some(indexing) => indexing.create_index(request),
            None => vanished(),
        })
    }

    fn list_indexes(&self) -> Reply<'_, Vec<IndexInfo>> {
        self.layer.call(Operation::ListIndexes, (), |()| match self.inner.indexing() {
            Some(indexing) => indexing.list_indexes(),
            None => vanished(),
        })
    }

    fn drop_index<'a>(&'a self, name: &'a str) -> Reply<'a, bool> {
        self.layer.call(Operation::DropIndex, name, |name| match self.inner.indexing() {
            Some(indexing) => indexing.drop_index(name),
            None => vanished(),
        })
    }
}

impl<L: Layer> Transaction for Layered<L, Box<dyn Transaction>> {
    fn commit(self: Box<Self>) -> Reply<'static, ()> {
        end(&self.layer, Operation::Commit, self.inner, |inner| inner.commit())
    }

    fn rollback(self: Box<Self>) -> Reply<'static, ()> {
        end(&self.layer, Operation::Rollback, self.inner, |inner| inner.rollback())
    }

    fn savepoints(&self) -> Option<&dyn Savepoints> {
        self.inner.savepoints().map(|_| self as &dyn Savepoints)
    }
}

impl<L: Layer> Savepoints for Layered<L, Box<dyn Transaction>> {
    fn set_savepoint(&self, number: u64) -> Reply<'_, ()> {
        self.layer.call(Operation::Savepoint, number, |number| match self.inner.savepoints() {
            Some(savepoints) => savepoints.set_savepoint(number),
            None => vanished(),
        })
    }

    fn release_savepoint(&self, number: u64) -> Reply<'_, ()> {
        self.layer.call(Operation::Release, number, |number| match self.inner.savepoints() {
            Some(savepoints) => savepoints.release_savepoint(number),
            None => vanished(),
        })
    }

    fn rollback_to_savepoint(&self, number: u64) -> Reply<'_, ()> {
        self.layer.call(Operation::RollbackTo, number, |number| match self.inner.savepoints() {
            Some(savepoints) => savepoints.rollback_to_savepoint(number),
            None => vanished(),
        })
    }
}

/// Ends a transaction. That happens once: a layer that asks again is told so.
fn end<L: Layer>(
    layer: &L,
    operation: Operation,
    transaction: Box<dyn Transaction>,
    end: fn(Box<dyn Transaction>) -> Reply<'static, ()>,
) -> Reply<'static, ()> {
    let mut transaction = Some(transaction);
    layer.call(operation, (), move |()| transaction.take().map_or_else(vanished, end))
}
