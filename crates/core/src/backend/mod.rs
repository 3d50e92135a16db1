//! What a store implements.
//!
//! [`Session`] reads and writes records; a [`Backend`] is a session with a life cycle, a
//! [`Transaction`] one with an end. No method has a default body, so that a wrapper which forgets
//! one does not compile. Requests are non-exhaustive structs, so that they can grow. The handle
//! ([`Database`](crate::Database)) has checked every request before a backend sees it: names, ids
//! and queries are valid, `read_only` is honoured, and filters have no NOT above a leaf.
//!
//! [`Backend`] shows a whole store in its example. A program that only uses stores stays above:
//!
//! ```
//! use dataknobs_data_core::{Database, backend::Backend, memory::MemoryBackend};
//! use std::sync::Arc;
//! let store: Arc<dyn Backend> = Arc::new(MemoryBackend::new());
//! assert!(Database::from_backend(store).capabilities().transactions);
//! ```

mod plan;
mod reply;
mod request;

use std::fmt::Debug;

pub use plan::{AccessPlan, Explain, LeafPlan, Support};
pub use reply::{RecordStream, Reply, stream_of, stream_of_chunks};
pub use request::{
    Changes, ColumnRequest, CountRequest, IndexInfo, IndexKind, IndexRequest, Isolation, ModifyAction, ModifyRequest,
    ReadBatchRequest, ReadRequest, ScanRequest, TransactionOptions, WriteAction, WriteBatchRequest, WriteOutcome,
    WriteRequest,
};

use crate::aggregate::{Aggregation, Table};
use crate::capability::{BackendInfo, Capabilities};
use crate::error::Result;
use crate::query::{Condition, Leaf, SortKey};
use crate::record::Record;

/// Reads and writes records: a store, or a transaction in it.
///
/// ```
/// use dataknobs_data_core::{RecordId, record, backend::*, memory::MemoryBackend};
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let store = MemoryBackend::new();
/// let create = WriteAction::Create(record! { "name": "Ada" }?);
/// store.write(WriteRequest::new(RecordId::new("a")?, create)).await?;
/// let found = store.read(ReadRequest::new("a")).await?.unwrap();
/// assert_eq!((found["name"].as_str(), found.version().is_some()), (Some("Ada"), true));
/// # Ok::<(), dataknobs_data_core::Error>(())
/// # }).unwrap();
/// ```
pub trait Session: Debug + Send + Sync {
    /// The record with this id.
    ///
    /// - missing, or an id that the key column's type cannot hold: none
    /// - the record carries its id and version
    ///
    /// ```
    /// use dataknobs_data_core::backend::*;
    /// # use dataknobs_data_core::memory::MemoryBackend;
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// # let store = MemoryBackend::new();
    /// assert!(store.read(ReadRequest::new("nobody")).await?.is_none());
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// # }).unwrap();
    /// ```
    fn read<'a>(&'a self, request: ReadRequest<'a>) -> Reply<'a, Option<Record>>;

    /// Whether a record with this id is there; as [`Session::read`], without the record.
    ///
    /// ```
    /// use dataknobs_data_core::backend::*;
    /// # use dataknobs_data_core::memory::MemoryBackend;
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// # let store = MemoryBackend::new();
    /// assert!(!store.exists(ReadRequest::new("nobody")).await?);
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// # }).unwrap();
    /// ```
    fn exists<'a>(&'a self, request: ReadRequest<'a>) -> Reply<'a, bool>;

    /// The records with these ids, in the order asked for; the same id may be asked for twice.
    ///
    /// ```
    /// use dataknobs_data_core::{RecordId, backend::*};
    /// # use dataknobs_data_core::memory::MemoryBackend;
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// # let store = MemoryBackend::new();
    /// let ids = [RecordId::new("nobody")?, RecordId::new("nobody")?];
    /// assert_eq!(store.read_batch(ReadBatchRequest::new(&ids)).await?, [None, None]);
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// # }).unwrap();
    /// ```
    fn read_batch<'a>(&'a self, request: ReadBatchRequest<'a>) -> Reply<'a, Vec<Option<Record>>>;

    /// One write.
    ///
    /// - create of an id that is there: AlreadyExists, also when two race
    /// - update, patch or delete of a missing id: an outcome with `found: false`, nothing written;
    ///   with an expected version: Conflict
    /// - an expected version that is not the stored one: Conflict
    /// - once it answers, the write is as durable as the store's configuration promises
    ///
    /// ```
    /// use dataknobs_data_core::{ErrorKind, RecordId, record, backend::*};
    /// # use dataknobs_data_core::memory::MemoryBackend;
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// # let store = MemoryBackend::new();
    /// let id = RecordId::new("a")?;
    /// let outcome = store.write(WriteRequest::new(id.clone(), WriteAction::Upsert(record! { "n": 1 }?))).await?;
    /// assert!(!outcome.found && outcome.version.is_some());
    /// let create = WriteRequest::new(id, WriteAction::Create(record! { "n": 2 }?));
    /// assert_eq!(store.write(create).await.unwrap_err().kind(), ErrorKind::AlreadyExists);
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// # }).unwrap();
    /// ```
    fn write(&self, request: WriteRequest) -> Reply<'_, WriteOutcome>;

    /// Several writes, applied in order, so that later ones see earlier ones.
    ///
    /// With the capability `atomic_batches`: all or nothing. Otherwise the error lists each failed
    /// index and all others are done.
    ///
    /// ```
    /// use dataknobs_data_core::{RecordId, record, backend::*};
    /// # use dataknobs_data_core::memory::MemoryBackend;
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// # let store = MemoryBackend::new();
    /// let id = RecordId::new("a")?;
    /// let create = WriteRequest::new(id.clone(), WriteAction::Create(record! { "n": 1 }?));
    /// let delete = WriteRequest::new(id, WriteAction::Delete);
    /// let outcomes = store.write_batch(WriteBatchRequest::new(vec![create, delete])).await?;
    /// assert!(outcomes[1].found); // the delete sees the create
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// # }).unwrap();
    /// ```
    fn write_batch(&self, request: WriteBatchRequest) -> Reply<'_, Vec<WriteOutcome>>;

    /// How well this session can answer a leaf. Asked per query, so it should be cheap.
    ///
    /// ```
    /// use dataknobs_data_core::{Condition, Filter, Support, backend::*};
    /// # use dataknobs_data_core::memory::MemoryBackend;
    /// # let store = MemoryBackend::new();
    /// let condition = Condition::of(&Filter::new("age", ">", 30)?);
    /// assert!(condition.leaves().into_iter().all(|leaf| store.leaf_support(leaf) == Support::Exact));
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    fn leaf_support(&self, leaf: &Leaf) -> Support;

    /// Whether this session sorts by these keys exactly as the query semantics say, ids breaking
    /// ties.
    ///
    /// ```
    /// use dataknobs_data_core::{Query, backend::*};
    /// # use dataknobs_data_core::memory::MemoryBackend;
    /// # let store = MemoryBackend::new();
    /// assert!(store.sorts_exactly(Query::new().sort("age", "DESC").sort_keys()));
    /// ```
    fn sorts_exactly(&self, sort: &[SortKey]) -> bool;

    /// The records that pass a condition, in chunks.
    ///
    /// - the condition holds only leaves that [`Session::leaf_support`] did not answer with No; a
    ///   superset leaf may let more records through than it should
    /// - without a sort: insertion order where the store keeps one, else id order
    /// - a sort, position, offset, limit or projection in the request is to be applied exactly; the
    ///   handle sends them only where the answers above allow it
    /// - whether the stream sees one snapshot is a capability; it never blocks writers for good
    ///
    /// ```
    /// use dataknobs_data_core::{Condition, Filter, backend::*};
    /// # use dataknobs_data_core::{RecordId, record, memory::MemoryBackend};
    /// use futures_util::StreamExt;
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// # let store = MemoryBackend::new();
    /// # store.write(WriteRequest::new(RecordId::new("a")?, WriteAction::Create(record! { "age": 36 }?))).await?;
    /// let condition = Condition::of(&Filter::new("age", ">", 30)?);
    /// let mut chunks = store.scan(ScanRequest::new(condition)).await?;
    /// assert_eq!(chunks.next().await.unwrap()?.len(), 1);
    /// assert!(chunks.next().await.is_none());
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// # }).unwrap();
    /// ```
    fn scan(&self, request: ScanRequest) -> Reply<'_, RecordStream>;

    /// How many records pass a condition whose leaves are all exact.
    ///
    /// ```
    /// use dataknobs_data_core::{Condition, backend::*};
    /// # use dataknobs_data_core::memory::MemoryBackend;
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// # let store = MemoryBackend::new();
    /// assert_eq!(store.count(CountRequest::new(Condition::TRUE)).await?, 0);
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// # }).unwrap();
    /// ```
    fn count(&self, request: CountRequest) -> Reply<'_, u64>;

    /// Native changes by condition, if the store has them.
    ///
    /// ```
    /// use dataknobs_data_core::{backend::*, memory::MemoryBackend};
    /// assert!(MemoryBackend::new().modifying().is_some());
    /// ```
    fn modifying(&self) -> Option<&dyn Modifying>;

    /// Native aggregation, if the store has it.
    ///
    /// ```
    /// use dataknobs_data_core::{backend::*, memory::MemoryBackend};
    /// assert!(MemoryBackend::new().aggregating().is_some());
    /// ```
    fn aggregating(&self) -> Option<&dyn Aggregating>;

    /// The ability to show records where they are; none where the store has none in memory.
    fn lending(&self) -> Option<&dyn Lending>;
}

/// Changes or deletes the records that pass a condition, atomically.
///
/// ```
/// use dataknobs_data_core::backend::*;
/// use dataknobs_data_core::memory::MemoryBackend;
/// use dataknobs_data_core::{Changes, Condition, RecordId, record};
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let store = MemoryBackend::new();
/// let create = WriteAction::Create(record! { "n": 1 }?);
/// store.write(WriteRequest::new(RecordId::new("a")?, create)).await?;
/// let everything = ModifyRequest::new(Condition::TRUE, ModifyAction::Patch(Changes::new().set("n", 2)));
/// assert_eq!(store.modifying().unwrap().modify(everything).await?, 1);
/// # Ok::<(), dataknobs_data_core::Error>(())
/// # }).unwrap();
/// ```
pub trait Modifying: Debug + Send + Sync {
    /// The number of records changed or deleted. The condition's leaves are all exact.
    ///
    /// ```
    /// use dataknobs_data_core::{Condition, backend::*};
    /// # use dataknobs_data_core::memory::MemoryBackend;
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// # let store = MemoryBackend::new();
    /// let nothing = ModifyRequest::new(Condition::FALSE, ModifyAction::Delete);
    /// assert_eq!(store.modify(nothing).await?, 0);
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// # }).unwrap();
    /// ```
    fn modify(&self, request: ModifyRequest) -> Reply<'_, u64>;
}

/// Shows records where they are, so that whoever only looks at them copies nothing.
///
/// ```
/// use dataknobs_data_core::{Condition, Database, backend::*, memory::MemoryBackend, record};
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let store = std::sync::Arc::new(MemoryBackend::new());
/// Database::from_backend(store.clone()).create(record! { "n": 1 }?).await?;
/// let mut seen = 0;
/// store.lending().unwrap().lend(&ScanRequest::new(Condition::TRUE), &mut |records| seen += records.len())?;
/// assert_eq!(seen, 1);
/// # Ok::<(), dataknobs_data_core::Error>(())
/// # }).unwrap();
/// ```
pub trait Lending: Debug + Send + Sync {
    /// Hands over what the request finds, in order, in one or more pieces. All are of one moment.
    ///
    /// ```
    /// use dataknobs_data_core::{Condition, backend::*, memory::MemoryBackend};
    /// let store = MemoryBackend::new();
    /// let request = ScanRequest::new(Condition::TRUE);
    /// store.lend(&request, &mut |records| assert!(records.is_empty()))?;
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// Whatever the store reports; what was handed over before is not all then.
    fn lend(&self, request: &ScanRequest, visit: &mut dyn FnMut(&[&Record])) -> Result<()>;
}

/// Aggregates inside the store.
///
/// ```
/// use dataknobs_data_core::{Aggregation, Condition, backend::*, memory::MemoryBackend};
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let store = MemoryBackend::new();
/// let spec = Aggregation::new().count();
/// let reply = store.aggregating().unwrap().aggregate(&Condition::TRUE, &spec).unwrap();
/// assert_eq!(reply.await?.get(0, "count"), Some(&0.into()));
/// # Ok::<(), dataknobs_data_core::Error>(())
/// # }).unwrap();
/// ```
pub trait Aggregating: Debug + Send + Sync {
    /// The table, or none where this aggregation would not be exact here and the handle should do
    /// it. The condition's leaves are all exact.
    ///
    /// ```
    /// use dataknobs_data_core::{Aggregation, Condition, backend::*};
    /// # use dataknobs_data_core::memory::MemoryBackend;
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// # let store = MemoryBackend::new();
    /// let cities = Aggregation::distinct("city");
    /// let reply = store.aggregate(&Condition::TRUE, &cities).expect("exact here");
    /// assert!(reply.await?.is_empty());
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// # }).unwrap();
    /// ```
    fn aggregate<'a>(&'a self, condition: &Condition, aggregation: &'a Aggregation) -> Option<Reply<'a, Table>>;
}

/// Hands over what a scan finds as columns, for stores that need not make records of it.
///
/// What the columns are is between the store and the crate that asks: this crate knows no columns.
///
/// ```
/// use dataknobs_data_core::{backend::*, memory::MemoryBackend};
/// assert!(MemoryBackend::new().columnar().is_none()); // it holds records
/// ```
pub trait Columnar: Debug + Send + Sync {
    /// The columns of what the request finds, or none where [`Session::scan`] has to answer: where
    /// the store cannot say just the same, or meets anything that a scan would report.
    ///
    /// The answer is as exact as that of a scan: the same rows in the same order, under the same
    /// ids, offset, limit and projection applied.
    ///
    /// ```
    /// use dataknobs_data_core::{Condition, backend::*};
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// # let store = dataknobs_data_core::memory::MemoryBackend::new();
    /// let request = ColumnRequest::new(ScanRequest::new(Condition::TRUE));
    /// let columns = match store.columnar() {
    ///     Some(columnar) => columnar.scan_columns(request).await?,
    ///     None => None,
    /// };
    /// assert!(columns.is_none());
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// # }).unwrap();
    /// ```
    fn scan_columns(&self, request: ColumnRequest) -> Reply<'_, Option<ColumnAnswer>>;
}

/// Columns that a store hands over; who asked knows their type.
///
/// ```
/// use dataknobs_data_core::backend::ColumnAnswer;
/// let answer: ColumnAnswer = Box::new(vec![1, 2]);
/// assert_eq!(*answer.downcast::<Vec<i32>>().unwrap(), [1, 2]);
/// ```
pub type ColumnAnswer = Box<dyn std::any::Any + Send>;

/// A store.
///
/// ```
/// use dataknobs_data_core::backend::*;
/// use dataknobs_data_core::memory::{Table, page_of};
/// use dataknobs_data_core::{BackendInfo, BatchFailure, Capabilities, Database, Error, Leaf, Query, Record, Result};
/// use dataknobs_data_core::{SortKey, Version, record};
/// use std::sync::{Arc, Mutex};
///
/// /// Records on a shelf: the least that a store has to do.
/// #[derive(Debug)]
/// struct Shelf {
///     records: Mutex<(Table, u64)>,
///     capabilities: Capabilities,
/// }
///
/// impl Shelf {
///     fn apply(&self, request: WriteRequest) -> Result<WriteOutcome> {
///         let (table, writes) = &mut *self.records.lock().unwrap();
///         *writes += 1;
///         Ok(table.apply(request, |_| Version::from_number(*writes))?.outcome)
///     }
///     fn page(&self, request: &ScanRequest) -> Vec<Record> {
///         page_of(self.records.lock().unwrap().0.iter(), request, self.capabilities.id_order)
///     }
/// }
///
/// impl Session for Shelf {
///     fn read<'a>(&'a self, request: ReadRequest<'a>) -> Reply<'a, Option<Record>> {
///         Reply::ready(Ok(self.records.lock().unwrap().0.get(request.id).cloned()))
///     }
///     fn exists<'a>(&'a self, request: ReadRequest<'a>) -> Reply<'a, bool> {
///         self.read(request).map_ok(|found| found.is_some())
///     }
///     fn read_batch<'a>(&'a self, request: ReadBatchRequest<'a>) -> Reply<'a, Vec<Option<Record>>> {
///         let table = &self.records.lock().unwrap().0;
///         Reply::ready(Ok(request.ids.iter().map(|id| table.get(id).cloned()).collect()))
///     }
///     fn write(&self, request: WriteRequest) -> Reply<'_, WriteOutcome> {
///         Reply::ready(self.apply(request))
///     }
///     fn write_batch(&self, request: WriteBatchRequest) -> Reply<'_, Vec<WriteOutcome>> {
///         let (mut outcomes, mut failures) = (Vec::new(), Vec::new());
///         for (index, write) in request.writes.into_iter().enumerate() {
///             match self.apply(write) {
///                 Ok(outcome) => outcomes.push(outcome),
///                 Err(error) => failures.push(BatchFailure { index, error }),
///             }
///         }
///         Reply::ready(match failures.first() {
///             None => Ok(outcomes),
///             Some(first) => Err(Error::new(first.error.kind(), "some writes failed").with_failures(failures)),
///         })
///     }
///     fn leaf_support(&self, _: &Leaf) -> Support {
///         Support::Exact // `page_of` filters by the rules
///     }
///     fn sorts_exactly(&self, _: &[SortKey]) -> bool {
///         true // and sorts by them
///     }
///     fn scan(&self, request: ScanRequest) -> Reply<'_, RecordStream> {
///         Reply::ready(Ok(stream_of(self.page(&request))))
///     }
///     fn count(&self, request: CountRequest) -> Reply<'_, u64> {
///         Reply::ready(Ok(self.page(&ScanRequest::new(request.condition)).len() as u64))
///     }
///     fn modifying(&self) -> Option<&dyn Modifying> {
///         None // the handle then reads and writes
///     }
///     fn aggregating(&self) -> Option<&dyn Aggregating> {
///         None // the handle then computes
///     }
///     fn lending(&self) -> Option<&dyn Lending> {
///         None
///     }
/// }
///
/// impl Backend for Shelf {
///     fn info(&self) -> BackendInfo {
///         BackendInfo::new("shelf", "this process")
///     }
///     fn capabilities(&self) -> &Capabilities {
///         &self.capabilities
///     }
///     fn connect(&self) -> Reply<'_, ()> {
///         Reply::ready(Ok(()))
///     }
///     fn ping(&self) -> Reply<'_, ()> {
///         Reply::ready(Ok(()))
///     }
///     fn flush(&self) -> Reply<'_, ()> {
///         Reply::ready(Ok(()))
///     }
///     fn close(&self) -> Reply<'_, ()> {
///         Reply::ready(Ok(()))
///     }
///     fn access_plan<'a>(&'a self, _: &'a ScanRequest) -> Reply<'a, AccessPlan> {
///         Reply::ready(Ok(AccessPlan::new("a look at every record")))
///     }
///     fn transactional(&self) -> Option<&dyn Transactional> {
///         None
///     }
///     fn indexing(&self) -> Option<&dyn Indexing> {
///         None
///     }
///     fn columnar(&self) -> Option<&dyn Columnar> {
///         None
///     }
/// }
///
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let shelf = Shelf { records: Mutex::default(), capabilities: Capabilities::minimal() };
/// let db = Database::from_backend(Arc::new(shelf));
/// db.create(record! { "name": "Ada", "age": 36 }?).await?;
/// db.create(record! { "name": "Alan", "age": 41 }?).await?;
/// let found = db.search(&Query::parse("age > 30 ORDER BY age DESC")?).await?;
/// assert_eq!(found[0]["name"].as_str(), Some("Alan"));
/// assert_eq!(db.delete_where(&Query::parse("age > 40")?).await?, 1);
/// assert!(db.transaction().await.is_err());
/// # Ok::<(), Error>(())
/// # }).unwrap();
/// ```
pub trait Backend: Session {
    /// What this is and where, without secrets.
    ///
    /// ```
    /// use dataknobs_data_core::{backend::*, memory::MemoryBackend};
    /// assert_eq!(MemoryBackend::new().info().backend, "memory");
    /// ```
    fn info(&self) -> BackendInfo;

    /// What it can do. Constant after [`Backend::connect`].
    ///
    /// ```
    /// use dataknobs_data_core::{backend::*, memory::MemoryBackend};
    /// assert!(MemoryBackend::new().capabilities().transactions);
    /// ```
    fn capabilities(&self) -> &Capabilities;

    /// Makes the store ready. The handle calls it once before anything else; again after failure.
    ///
    /// ```
    /// use dataknobs_data_core::{Condition, backend::*, memory::MemoryBackend};
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let store = MemoryBackend::new();
    /// store.connect().await?;
    /// assert_eq!(store.count(CountRequest::new(Condition::TRUE)).await?, 0);
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// # }).unwrap();
    /// ```
    fn connect(&self) -> Reply<'_, ()>;

    /// Asks the store for a sign of life.
    ///
    /// ```
    /// use dataknobs_data_core::backend::*;
    /// # use dataknobs_data_core::memory::MemoryBackend;
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// # let store = MemoryBackend::new();
    /// assert!(store.ping().await.is_ok());
    /// # });
    /// ```
    fn ping(&self) -> Reply<'_, ()>;

    /// Makes every acknowledged write as durable as the store can.
    ///
    /// ```
    /// use dataknobs_data_core::backend::*;
    /// # use dataknobs_data_core::memory::MemoryBackend;
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// # let store = MemoryBackend::new();
    /// assert!(store.flush().await.is_ok()); // nothing to keep
    /// # });
    /// ```
    fn flush(&self) -> Reply<'_, ()>;

    /// Flushes and lets go of everything. The handle calls it once.
    ///
    /// ```
    /// use dataknobs_data_core::backend::*;
    /// # use dataknobs_data_core::memory::MemoryBackend;
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// # let store = MemoryBackend::new();
    /// # store.connect().await?;
    /// assert!(store.close().await.is_ok());
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// # }).unwrap();
    /// ```
    fn close(&self) -> Reply<'_, ()>;

    /// How a scan would be answered, without doing it.
    ///
    /// ```
    /// use dataknobs_data_core::{Condition, backend::*};
    /// # use dataknobs_data_core::memory::MemoryBackend;
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// # let store = MemoryBackend::new();
    /// let plan = store.access_plan(&ScanRequest::new(Condition::TRUE)).await?;
    /// assert_eq!((plan.access.as_str(), plan.index), ("full scan in memory", None));
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// # }).unwrap();
    /// ```
    fn access_plan<'a>(&'a self, request: &'a ScanRequest) -> Reply<'a, AccessPlan>;

    /// Transactions, if the store has them.
    ///
    /// ```
    /// use dataknobs_data_core::{backend::*, memory::MemoryBackend};
    /// assert!(MemoryBackend::new().transactional().is_some());
    /// ```
    fn transactional(&self) -> Option<&dyn Transactional>;

    /// Indexes that users declare, if the store has them.
    ///
    /// ```
    /// use dataknobs_data_core::{backend::*, memory::MemoryBackend};
    /// assert!(MemoryBackend::new().indexing().is_some());
    /// ```
    fn indexing(&self) -> Option<&dyn Indexing>;

    /// Scans as columns, if the store has something better than records.
    ///
    /// ```
    /// use dataknobs_data_core::{backend::*, memory::MemoryBackend};
    /// assert!(MemoryBackend::new().columnar().is_none());
    /// ```
    fn columnar(&self) -> Option<&dyn Columnar>;
}

/// A store with transactions.
///
/// ```
/// use dataknobs_data_core::backend::*;
/// use dataknobs_data_core::memory::MemoryBackend;
/// use dataknobs_data_core::{RecordId, TransactionOptions, record};
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let store = MemoryBackend::new();
/// let tx = store.transactional().unwrap().begin(TransactionOptions::default()).await?;
/// tx.write(WriteRequest::new(RecordId::new("a")?, WriteAction::Create(record! { "n": 1 }?))).await?;
/// assert!(store.read(ReadRequest::new("a")).await?.is_none());
/// tx.commit().await?;
/// assert!(store.read(ReadRequest::new("a")).await?.is_some());
/// # Ok::<(), dataknobs_data_core::Error>(())
/// # }).unwrap();
/// ```
pub trait Transactional: Debug + Send + Sync {
    /// Begins one. Dropping it without commit rolls it back.
    ///
    /// ```
    /// use dataknobs_data_core::{RecordId, TransactionOptions, record, backend::*};
    /// # use dataknobs_data_core::memory::MemoryBackend;
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// # let store = MemoryBackend::new();
    /// let tx = store.begin(TransactionOptions::default()).await?;
    /// tx.write(WriteRequest::new(RecordId::new("a")?, WriteAction::Create(record! { "n": 1 }?))).await?;
    /// drop(tx);
    /// assert!(store.read(ReadRequest::new("a")).await?.is_none());
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// # }).unwrap();
    /// ```
    fn begin(&self, options: TransactionOptions) -> Reply<'_, Box<dyn Transaction>>;
}

/// A transaction: a session that sees its own writes and ends.
///
/// ```
/// use dataknobs_data_core::{ErrorKind, RecordId, TransactionOptions, record, backend::*};
/// # use dataknobs_data_core::memory::MemoryBackend;
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// # let store = MemoryBackend::new();
/// let first = store.begin(TransactionOptions::default()).await?;
/// let second = store.begin(TransactionOptions::default()).await?;
/// let create = WriteRequest::new(RecordId::new("a")?, WriteAction::Create(record! { "n": 1 }?));
/// first.write(create.clone()).await?;
/// second.write(create).await?;
/// first.commit().await?;
/// assert_eq!(second.commit().await.unwrap_err().kind(), ErrorKind::Conflict);
/// # Ok::<(), dataknobs_data_core::Error>(())
/// # }).unwrap();
/// ```
pub trait Transaction: Session {
    /// Makes the writes visible to all, or fails with Conflict and writes nothing.
    ///
    /// ```
    /// use dataknobs_data_core::{RecordId, TransactionOptions, record, backend::*};
    /// # use dataknobs_data_core::memory::MemoryBackend;
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// # let store = MemoryBackend::new();
    /// let tx = store.begin(TransactionOptions::default()).await?;
    /// tx.write(WriteRequest::new(RecordId::new("a")?, WriteAction::Create(record! { "n": 1 }?))).await?;
    /// tx.commit().await?;
    /// assert!(store.exists(ReadRequest::new("a")).await?);
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// # }).unwrap();
    /// ```
    fn commit(self: Box<Self>) -> Reply<'static, ()>;

    /// Forgets the writes.
    ///
    /// ```
    /// use dataknobs_data_core::{RecordId, TransactionOptions, record, backend::*};
    /// # use dataknobs_data_core::memory::MemoryBackend;
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// # let store = MemoryBackend::new();
    /// let tx = store.begin(TransactionOptions::default()).await?;
    /// tx.write(WriteRequest::new(RecordId::new("a")?, WriteAction::Create(record! { "n": 1 }?))).await?;
    /// tx.rollback().await?;
    /// assert!(!store.exists(ReadRequest::new("a")).await?);
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// # }).unwrap();
    /// ```
    fn rollback(self: Box<Self>) -> Reply<'static, ()>;

    /// Savepoints, if the store has them.
    ///
    /// ```
    /// use dataknobs_data_core::{TransactionOptions, backend::*};
    /// # use dataknobs_data_core::memory::MemoryBackend;
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// # let store = MemoryBackend::new();
    /// let tx = store.begin(TransactionOptions::default()).await?;
    /// assert!(tx.savepoints().is_some());
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// # }).unwrap();
    /// ```
    fn savepoints(&self) -> Option<&dyn Savepoints>;
}

/// A transaction that can go back to what it was. Savepoints are known by numbers that rise; the
/// handle names only those that are set and have not ended. One that ends takes those set after it
/// with it.
///
/// ```
/// use dataknobs_data_core::{RecordId, TransactionOptions, record, backend::*};
/// # use dataknobs_data_core::memory::MemoryBackend;
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// # let store = MemoryBackend::new();
/// let tx = store.begin(TransactionOptions::default()).await?;
/// let savepoints = tx.savepoints().unwrap();
/// savepoints.set_savepoint(1).await?;
/// tx.write(WriteRequest::new(RecordId::new("a")?, WriteAction::Create(record! { "n": 1 }?))).await?;
/// savepoints.rollback_to_savepoint(1).await?;
/// assert!(!tx.exists(ReadRequest::new("a")).await?);
/// # Ok::<(), dataknobs_data_core::Error>(())
/// # }).unwrap();
/// ```
pub trait Savepoints: Debug + Send + Sync {
    /// Sets one here.
    ///
    /// ```
    /// use dataknobs_data_core::{TransactionOptions, backend::*};
    /// # use dataknobs_data_core::memory::MemoryBackend;
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// # let store = MemoryBackend::new();
    /// let tx = store.begin(TransactionOptions::default()).await?;
    /// assert!(tx.savepoints().unwrap().set_savepoint(1).await.is_ok());
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// # }).unwrap();
    /// ```
    fn set_savepoint(&self, number: u64) -> Reply<'_, ()>;

    /// Ends one, and keeps what was done since.
    ///
    /// ```
    /// use dataknobs_data_core::{TransactionOptions, backend::*};
    /// # use dataknobs_data_core::memory::MemoryBackend;
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// # let store = MemoryBackend::new();
    /// let tx = store.begin(TransactionOptions::default()).await?;
    /// tx.savepoints().unwrap().set_savepoint(1).await?;
    /// assert!(tx.savepoints().unwrap().release_savepoint(1).await.is_ok());
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// # }).unwrap();
    /// ```
    fn release_savepoint(&self, number: u64) -> Reply<'_, ()>;

    /// Ends one, and undoes what was done since; the transaction goes on, also where something in it
    /// has failed.
    ///
    /// ```
    /// use dataknobs_data_core::{TransactionOptions, backend::*};
    /// # use dataknobs_data_core::memory::MemoryBackend;
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// # let store = MemoryBackend::new();
    /// let tx = store.begin(TransactionOptions::default()).await?;
    /// tx.savepoints().unwrap().set_savepoint(1).await?;
    /// assert!(tx.savepoints().unwrap().rollback_to_savepoint(1).await.is_ok());
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// # }).unwrap();
    /// ```
    fn rollback_to_savepoint(&self, number: u64) -> Reply<'_, ()>;
}

/// A store with indexes that users declare.
///
/// ```
/// use dataknobs_data_core::{IndexKind, Path, backend::*, memory::MemoryBackend};
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let store = MemoryBackend::new();
/// let indexing = store.indexing().unwrap();
/// let index = indexing.create_index(IndexRequest::new(Path::dotted("age")?, IndexKind::Ordered)).await?;
/// assert_eq!(index.name, "age_ordered");
/// assert_eq!(indexing.list_indexes().await?, [index]);
/// assert!(indexing.drop_index("age_ordered").await?);
/// # Ok::<(), dataknobs_data_core::Error>(())
/// # }).unwrap();
/// ```
pub trait Indexing: Debug + Send + Sync {
    /// Creates an index; its name is made from path and kind when none is given. An index of that
    /// name: AlreadyExists, unless it is the same.
    ///
    /// ```
    /// use dataknobs_data_core::{IndexKind, Path, backend::*};
    /// # use dataknobs_data_core::memory::MemoryBackend;
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// # let store = MemoryBackend::new();
    /// let by_age = IndexRequest::new(Path::dotted("age")?, IndexKind::Ordered).named("by_age");
    /// assert_eq!(store.create_index(by_age.clone()).await?.name, "by_age");
    /// assert!(store.create_index(by_age).await.is_ok()); // the same again
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// # }).unwrap();
    /// ```
    fn create_index(&self, request: IndexRequest) -> Reply<'_, IndexInfo>;

    /// The indexes, by name.
    ///
    /// ```
    /// use dataknobs_data_core::backend::*;
    /// # use dataknobs_data_core::memory::MemoryBackend;
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// # let store = MemoryBackend::new();
    /// assert!(store.list_indexes().await?.is_empty());
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// # }).unwrap();
    /// ```
    fn list_indexes(&self) -> Reply<'_, Vec<IndexInfo>>;

    /// Drops an index; false when there is none of that name.
    ///
    /// ```
    /// use dataknobs_data_core::backend::*;
    /// # use dataknobs_data_core::memory::MemoryBackend;
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// # let store = MemoryBackend::new();
    /// assert!(!store.drop_index("by_age").await?);
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// # }).unwrap();
    /// ```
    fn drop_index<'a>(&'a self, name: &'a str) -> Reply<'a, bool>;
}
