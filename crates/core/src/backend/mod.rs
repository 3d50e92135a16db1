//! What a store implements.
//!
//! [`Session`] reads and writes records; a [`Backend`] is a session with a life cycle, a
//! [`Transaction`] one with an end. No method has a default body, so that a wrapper which forgets
//! one does not compile. Requests are non-exhaustive structs, so that they can grow. The handle
//! ([`Database`](crate::Database)) has checked every request before a backend sees it: names, ids
//! and queries are valid, `read_only` is honoured, and filters have no NOT above a leaf.

mod plan;
mod reply;
mod request;

use std::fmt::Debug;

pub use plan::{AccessPlan, Explain, LeafPlan, Support};
pub use reply::{RecordStream, Reply, stream_of, stream_of_chunks};
pub use request::{
    Changes, CountRequest, IndexInfo, IndexKind, IndexRequest, ModifyAction, ModifyRequest, ReadBatchRequest,
    ReadRequest, ScanRequest, TransactionOptions, WriteAction, WriteBatchRequest, WriteOutcome, WriteRequest,
};

use crate::aggregate::{Aggregation, Table};
use crate::capability::{BackendInfo, Capabilities};
use crate::query::{Condition, Leaf, SortKey};
use crate::record::Record;

/// Reads and writes records: a store, or a transaction in it.
pub trait Session: Debug + Send + Sync {
    /// The record with this id.
    ///
    /// - missing, or an id that the key column's type cannot hold: none
    /// - the record carries its id and version
    fn read<'a>(&'a self, request: ReadRequest<'a>) -> Reply<'a, Option<Record>>;

    /// Whether a record with this id is there; as [`Session::read`], without the record.
    fn exists<'a>(&'a self, request: ReadRequest<'a>) -> Reply<'a, bool>;

    /// The records with these ids, in the order asked for; the same id may be asked for twice.
    fn read_batch<'a>(&'a self, request: ReadBatchRequest<'a>) -> Reply<'a, Vec<Option<Record>>>;

    /// One write.
    ///
    /// - create of an id that is there: AlreadyExists, also when two race
    /// - update, patch or delete of a missing id: an outcome with `found: false`, nothing written;
    ///   with an expected version: Conflict
    /// - an expected version that is not the stored one: Conflict
    /// - once it answers, the write is as durable as the store's configuration promises
    fn write(&self, request: WriteRequest) -> Reply<'_, WriteOutcome>;

    /// Several writes, applied in order, so that later ones see earlier ones.
    ///
    /// With the capability `atomic_batches`: all or nothing. Otherwise the error lists each failed
    /// index and all others are done.
    fn write_batch(&self, request: WriteBatchRequest) -> Reply<'_, Vec<WriteOutcome>>;

    /// How well this session can answer a leaf. Asked per query, so it should be cheap.
    fn leaf_support(&self, leaf: &Leaf) -> Support;

    /// Whether this session sorts by these keys exactly as the query semantics say, ids breaking
    /// ties.
    fn sorts_exactly(&self, sort: &[SortKey]) -> bool;

    /// The records that pass a condition, in chunks.
    ///
    /// - the condition holds only leaves that [`Session::leaf_support`] did not answer with No; a
    ///   superset leaf may let more records through than it should
    /// - without a sort: insertion order where the store keeps one, else id order
    /// - a sort, position, offset, limit or projection in the request is to be applied exactly; the
    ///   handle sends them only where the answers above allow it
    /// - whether the stream sees one snapshot is a capability; it never blocks writers for good
    fn scan(&self, request: ScanRequest) -> Reply<'_, RecordStream>;

    /// How many records pass a condition whose leaves are all exact.
    fn count(&self, request: CountRequest) -> Reply<'_, u64>;

    /// Native changes by condition, if the store has them.
    fn modifying(&self) -> Option<&dyn Modifying>;

    /// Native aggregation, if the store has it.
    fn aggregating(&self) -> Option<&dyn Aggregating>;
}

/// Changes or deletes the records that pass a condition, atomically.
pub trait Modifying: Debug + Send + Sync {
    /// The number of records changed or deleted. The condition's leaves are all exact.
    fn modify(&self, request: ModifyRequest) -> Reply<'_, u64>;
}

/// Aggregates inside the store.
pub trait Aggregating: Debug + Send + Sync {
    /// The table, or none where this aggregation would not be exact here and the handle should do
    /// it. The condition's leaves are all exact.
    fn aggregate<'a>(&'a self, condition: &Condition, aggregation: &'a Aggregation) -> Option<Reply<'a, Table>>;
}

/// A store.
pub trait Backend: Session {
    /// What this is and where, without secrets.
    fn info(&self) -> BackendInfo;

    /// What it can do. Constant after [`Backend::connect`].
    fn capabilities(&self) -> &Capabilities;

    /// Makes the store ready. The handle calls it once before anything else; again after failure.
    fn connect(&self) -> Reply<'_, ()>;

    /// Asks the store for a sign of life.
    fn ping(&self) -> Reply<'_, ()>;

    /// Makes every acknowledged write as durable as the store can.
    fn flush(&self) -> Reply<'_, ()>;

    /// Flushes and lets go of everything. The handle calls it once.
    fn close(&self) -> Reply<'_, ()>;

    /// How a scan would be answered, without doing it.
    fn access_plan<'a>(&'a self, request: &'a ScanRequest) -> Reply<'a, AccessPlan>;

    /// Transactions, if the store has them.
    fn transactional(&self) -> Option<&dyn Transactional>;

    /// Indexes that users declare, if the store has them.
    fn indexing(&self) -> Option<&dyn Indexing>;
}

/// A store with transactions.
pub trait Transactional: Debug + Send + Sync {
    /// Begins one. Dropping it without commit rolls it back.
    fn begin(&self, options: TransactionOptions) -> Reply<'_, Box<dyn Transaction>>;
}

/// A transaction: a session that sees its own writes and ends.
pub trait Transaction: Session {
    /// Makes the writes visible to all, or fails with Conflict and writes nothing.
    fn commit(self: Box<Self>) -> Reply<'static, ()>;

    /// Forgets the writes.
    fn rollback(self: Box<Self>) -> Reply<'static, ()>;
}

/// A store with indexes that users declare.
pub trait Indexing: Debug + Send + Sync {
    /// Creates an index; its name is made from path and kind when none is given. An index of that
    /// name: AlreadyExists, unless it is the same.
    fn create_index(&self, request: IndexRequest) -> Reply<'_, IndexInfo>;

    /// The indexes, by name.
    fn list_indexes(&self) -> Reply<'_, Vec<IndexInfo>>;

    /// Drops an index; false when there is none of that name.
    fn drop_index<'a>(&'a self, name: &'a str) -> Reply<'a, bool>;
}
