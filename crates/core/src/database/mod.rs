//! The users' handle: one [`Database`] for every store.

mod cursor;
mod methods;
mod operations;
mod options;
mod transaction;

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

pub use cursor::RecordCursor;
pub(crate) use methods::session_methods;
use operations::Operations;
pub use options::{SearchResult, WriteOptions};
pub use transaction::{Savepoint, Transaction};

use crate::aggregate::{Aggregation, Table};
use crate::backend::{
    Backend, Changes, ColumnAnswer, ColumnRequest, Explain, IndexInfo, IndexKind, IndexRequest, Isolation,
    ModifyAction, TransactionOptions,
};
use crate::capability::{BackendInfo, Capabilities};
use crate::error::{Error, ErrorKind, Result};
use crate::query::{IntoPath, Query};
use crate::record::{Record, RecordId};
use crate::registry::Opened;

/// A database: records in some store, behind one interface.
///
/// Cheap to clone; all clones share one connection state. It connects on first use.
///
/// ```
/// use dataknobs_data_core::{Database, Query, record};
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let db = Database::memory();
/// let id = db.create(record! { "name": "Ada", "age": 36 }?).await?;
/// db.create(record! { "name": "Alan", "age": 41 }?).await?;
/// assert_eq!(db.read(&id).await?.unwrap()["name"].as_str(), Some("Ada"));
///
/// let found = db.search(&Query::new().filter("age", ">", 40)).await?;
/// assert_eq!(found.len(), 1);
/// # Ok::<(), dataknobs_data_core::Error>(())
/// # }).unwrap();
/// ```
#[derive(Clone)]
pub struct Database {
    shared: Arc<Shared>,
    timeout: Option<Duration>,
    read_only: bool,
}

struct Shared {
    backend: Arc<dyn Backend>,
    name: &'static str,
    state: AtomicU8,
    connecting: tokio::sync::Mutex<()>,
}

const NEW: u8 = 0;
const OPEN: u8 = 1;
const CLOSED: u8 = 2;

impl Database {
    /// A handle on a backend.
    ///
    /// ```
    /// use dataknobs_data_core::{Database, Query, memory::MemoryBackend};
    /// use std::sync::Arc;
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let db = Database::from_backend(Arc::new(MemoryBackend::new()));
    /// assert_eq!(db.count(&Query::new()).await?, 0);
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// # }).unwrap();
    /// ```
    pub fn from_backend(backend: Arc<dyn Backend>) -> Self {
        Self::with_options(backend, false, None)
    }

    fn with_options(backend: Arc<dyn Backend>, read_only: bool, timeout: Option<Duration>) -> Self {
        let name = backend.info().backend;
        let state = AtomicU8::new(NEW);
        let connecting = tokio::sync::Mutex::new(());
        Database { shared: Arc::new(Shared { backend, name, state, connecting }), timeout, read_only }
    }

    /// A handle on what a [`Registry`](crate::Registry) opened.
    ///
    /// ```
    /// use dataknobs_data_core::{Database, Registry, memory::MemoryFactory};
    /// let mut registry = Registry::new();
    /// registry.register(MemoryFactory)?;
    /// let db = Database::from_opened(registry.open("memory:?read_only=true")?);
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    pub fn from_opened(opened: Opened) -> Self {
        Self::with_options(opened.backend, opened.read_only, opened.timeout)
    }

    /// An empty database in memory.
    ///
    /// ```
    /// use dataknobs_data_core::{Database, record};
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let db = Database::memory();
    /// let id = db.create(record! { "name": "Ada" }?).await?;
    /// assert!(db.exists(&id).await?);
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// # }).unwrap();
    /// ```
    pub fn memory() -> Self {
        Self::from_backend(Arc::new(crate::memory::MemoryBackend::new()))
    }

    /// The same database with a limit on how long each call may take; past it, a call fails with
    /// [`Timeout`](ErrorKind::Timeout). Needs a tokio runtime with time enabled.
    ///
    /// ```
    /// use dataknobs_data_core::{Database, Query};
    /// use std::time::Duration;
    /// # tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(async {
    /// let db = Database::memory().with_timeout(Duration::from_secs(5));
    /// assert_eq!(db.count(&Query::new()).await?, 0);
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// # }).unwrap();
    /// ```
    #[must_use]
    pub fn with_timeout(&self, timeout: Duration) -> Self {
        Database { timeout: Some(timeout), ..self.clone() }
    }

    /// The same database, refusing every write with [`Unsupported`](ErrorKind::Unsupported).
    ///
    /// ```
    /// use dataknobs_data_core::{Database, ErrorKind, record};
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let db = Database::memory().read_only();
    /// let error = db.create(record! { "n": 1 }?).await.unwrap_err();
    /// assert_eq!(error.kind(), ErrorKind::Unsupported);
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// # }).unwrap();
    /// ```
    #[must_use]
    pub fn read_only(&self) -> Self {
        Database { read_only: true, ..self.clone() }
    }

    /// The backend behind the handle.
    ///
    /// ```
    /// use dataknobs_data_core::Database;
    /// assert_eq!(Database::memory().backend().info().backend, "memory");
    /// ```
    pub fn backend(&self) -> &Arc<dyn Backend> {
        &self.shared.backend
    }

    /// What the store can do. Final once the database is connected.
    ///
    /// ```
    /// use dataknobs_data_core::Database;
    /// assert!(Database::memory().capabilities().transactions);
    /// ```
    pub fn capabilities(&self) -> &Capabilities {
        self.shared.backend.capabilities()
    }

    /// What the database is and where.
    ///
    /// ```
    /// use dataknobs_data_core::Database;
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// assert_eq!(Database::memory().info().await?.backend, "memory");
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// # }).unwrap();
    /// ```
    ///
    /// # Errors
    /// As [`Database::connect`].
    pub async fn info(&self) -> Result<BackendInfo> {
        self.call("info", async { Ok(self.shared.backend.info()) }).await
    }

    /// Connects, if that has not happened yet.
    ///
    /// ```
    /// use dataknobs_data_core::Database;
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let db = Database::memory();
    /// db.connect().await?;
    /// assert!(db.connect().await.is_ok()); // there already
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// # }).unwrap();
    /// ```
    ///
    /// # Errors
    /// Whatever keeps the store from being reached; [`Connection`](ErrorKind::Connection) after
    /// [`Database::close`].
    pub async fn connect(&self) -> Result<()> {
        self.call("connect", async { Ok(()) }).await
    }

    /// Asks the store for a sign of life.
    ///
    /// ```
    /// use dataknobs_data_core::Database;
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// assert!(Database::memory().ping().await.is_ok());
    /// # });
    /// ```
    ///
    /// # Errors
    /// Whatever keeps the store from answering.
    pub async fn ping(&self) -> Result<()> {
        self.call("ping", async { self.shared.backend.ping().await }).await
    }

    /// Makes every acknowledged write as durable as the store can.
    ///
    /// ```
    /// use dataknobs_data_core::{Database, record};
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let db = Database::memory();
    /// db.create(record! { "n": 1 }?).await?;
    /// db.flush().await?;
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// # }).unwrap();
    /// ```
    ///
    /// # Errors
    /// Whatever keeps the store from it.
    pub async fn flush(&self) -> Result<()> {
        self.call("flush", async { self.shared.backend.flush().await }).await
    }

    /// Flushes and lets go of the store, for all clones of this handle. Closing again does
    /// nothing; any other use afterwards is an error.
    ///
    /// ```
    /// use dataknobs_data_core::{Database, ErrorKind};
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let db = Database::memory();
    /// db.close().await?;
    /// assert_eq!(db.ping().await.unwrap_err().kind(), ErrorKind::Connection);
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// # }).unwrap();
    /// ```
    ///
    /// # Errors
    /// Whatever keeps the store from flushing. The database is closed all the same.
    pub async fn close(&self) -> Result<()> {
        let closing = async {
            let _alone = self.shared.connecting.lock().await;
            match self.shared.state.swap(CLOSED, Ordering::AcqRel) {
                OPEN => self.shared.backend.close().await,
                _ => Ok(()),
            }
        };
        self.limited(closing).await.map_err(|error| self.complete(error, "close"))
    }

    /// Connected, and without a limit of time.
    #[inline]
    fn is_plain(&self) -> bool {
        self.timeout.is_none() && self.shared.state.load(Ordering::Acquire) == OPEN
    }

    async fn ready(&self) -> Result<()> {
        match self.shared.state.load(Ordering::Acquire) {
            OPEN => Ok(()),
            CLOSED => Err(closed()),
            _ => {
                let _alone = self.shared.connecting.lock().await;
                match self.shared.state.load(Ordering::Acquire) {
                    OPEN => Ok(()),
                    CLOSED => Err(closed()),
                    _ => {
                        self.shared.backend.connect().await?;
                        self.shared.state.store(OPEN, Ordering::Release);
                        Ok(())
                    }
                }
            }
        }
    }

    /// Runs a call on the connected store, within the timeout, and completes its error.
    async fn call<T>(&self, operation: &'static str, call: impl Future<Output = Result<T>>) -> Result<T> {
        let result = if self.is_plain() {
            call.await
        } else {
            let whole = async {
                self.ready().await?;
                call.await
            };
            self.limited(whole).await
        };
        result.map_err(|error| self.complete(error, operation))
    }

    async fn limited<T>(&self, call: impl Future<Output = Result<T>>) -> Result<T> {
        match self.timeout {
            None => call.await,
            Some(timeout) => tokio::time::timeout(timeout, call).await.unwrap_or_else(|_| {
                Err(Error::new(ErrorKind::Timeout, "the call took longer than it was allowed to")
                    .with_context("timeout", format!("{timeout:?}")))
            }),
        }
    }

    #[cold]
    fn complete(&self, error: Error, operation: &'static str) -> Error {
        error.with_operation(operation).with_backend(self.shared.name)
    }

    /// Shows the records that a query finds where they are, and copies none; for whoever makes
    /// something else of them. The records of one call are of one moment, in one or more pieces.
    ///
    /// None, and nothing shown, where the store has no records in memory, is not connected yet, or
    /// cannot answer the whole query itself: [`search`](Database::search) does then.
    ///
    /// ```
    /// use dataknobs_data_core::{Database, Query, record};
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let db = Database::memory();
    /// db.create_batch(vec![record! { "n": 1 }?, record! { "n": 2 }?]).await?;
    /// let mut sum = 0;
    /// let shown = db.visit(&Query::new(), &mut |records| {
    ///     sum += records.iter().filter_map(|record| record["n"].as_integer()).sum::<i64>();
    /// });
    /// assert!(shown.is_some_and(|shown| shown.is_ok()) && sum == 3);
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// # }).unwrap();
    /// ```
    ///
    /// # Errors
    /// [`InvalidQuery`](ErrorKind::InvalidQuery), or whatever the store reports.
    pub fn visit(&self, query: &Query, visit: &mut dyn FnMut(&[&Record])) -> Option<Result<()>> {
        if !self.is_plain() {
            return None;
        }
        let shown = self.operations().visit(query, visit)?;
        Some(shown.map_err(|error| self.complete(error, "visit")))
    }

    /// What a query finds as columns of the store's own making, with the ids or without; for the
    /// crate that knows their type.
    ///
    /// None where the store has no columns, or cannot answer the whole query with them:
    /// [`search`](Database::search) does then.
    ///
    /// ```
    /// use dataknobs_data_core::{Database, Query};
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let db = Database::memory();
    /// assert!(db.scan_columns(&Query::new(), true).await?.is_none());
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// # }).unwrap();
    /// ```
    ///
    /// # Errors
    /// [`InvalidQuery`](ErrorKind::InvalidQuery), or whatever the store reports.
    pub async fn scan_columns(&self, query: &Query, ids: bool) -> Result<Option<ColumnAnswer>> {
        self.call("search", async {
            query.check()?;
            let Some(columnar) = self.shared.backend.columnar() else { return Ok(None) };
            if query.limit_value() == Some(0) {
                return Ok(None);
            }
            let split = self.operations().split(query)?;
            if !split.page_pushed {
                return Ok(None);
            }
            let mut request = ColumnRequest::new(split.request);
            request.ids = ids;
            columnar.scan_columns(request).await
        })
        .await
    }

    fn operations(&self) -> Operations<'_> {
        Operations {
            session: self.shared.backend.as_ref(),
            capabilities: self.shared.backend.capabilities(),
            read_only: self.read_only,
        }
    }

    /// How a query would be answered, and what that would cost, without doing it.
    ///
    /// ```
    /// use dataknobs_data_core::{Database, IndexKind, Query};
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let db = Database::memory();
    /// db.create_index("age", IndexKind::Ordered).await?;
    /// let explain = db.explain(&Query::parse("age > 30")?).await?;
    /// assert_eq!(explain.plan.index.as_deref(), Some("age_ordered"));
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// # }).unwrap();
    /// ```
    ///
    /// # Errors
    /// [`InvalidQuery`](ErrorKind::InvalidQuery), or whatever the store reports.
    pub async fn explain(&self, query: &Query) -> Result<Explain> {
        self.call("explain", async {
            query.check()?;
            let operations = self.operations();
            let split = operations.split(query)?;
            let mut explain = operations.explain(query, self.shared.name, &split);
            explain.plan = self.shared.backend.access_plan(&split.request).await?;
            Ok(explain)
        })
        .await
    }

    /// Creates an index on a path. Creating the same one again does nothing.
    ///
    /// ```
    /// use dataknobs_data_core::{Database, IndexKind};
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let db = Database::memory();
    /// assert_eq!(db.create_index("age", IndexKind::Ordered).await?.name, "age_ordered");
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// # }).unwrap();
    /// ```
    ///
    /// # Errors
    /// [`Unsupported`](ErrorKind::Unsupported) on stores without indexes,
    /// [`AlreadyExists`](ErrorKind::AlreadyExists) when its name stands for another one.
    pub async fn create_index(&self, path: impl IntoPath, kind: IndexKind) -> Result<IndexInfo> {
        let path = path.into_path();
        self.call("create_index", async { self.create_index_as(IndexRequest::new(path?, kind)).await }).await
    }

    /// Creates an index under a name of one's own.
    ///
    /// ```
    /// use dataknobs_data_core::{Database, IndexKind};
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let db = Database::memory();
    /// assert_eq!(db.create_named_index("by_age", "age", IndexKind::Hash).await?.name, "by_age");
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// # }).unwrap();
    /// ```
    ///
    /// # Errors
    /// As [`Database::create_index`].
    pub async fn create_named_index(&self, name: &str, path: impl IntoPath, kind: IndexKind) -> Result<IndexInfo> {
        let path = path.into_path();
        self.call("create_index", async { self.create_index_as(IndexRequest::new(path?, kind).named(name)).await })
            .await
    }

    async fn create_index_as(&self, request: IndexRequest) -> Result<IndexInfo> {
        self.operations().refuse_if_read_only()?;
        self.indexing()?.create_index(request).await
    }

    /// The indexes, by name.
    ///
    /// ```
    /// use dataknobs_data_core::{Database, IndexKind};
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let db = Database::memory();
    /// db.create_index("age", IndexKind::Hash).await?;
    /// assert_eq!(db.list_indexes().await?[0].path.to_string(), "age");
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// # }).unwrap();
    /// ```
    ///
    /// # Errors
    /// [`Unsupported`](ErrorKind::Unsupported) on stores without indexes.
    pub async fn list_indexes(&self) -> Result<Vec<IndexInfo>> {
        self.call("list_indexes", async { self.indexing()?.list_indexes().await }).await
    }

    /// Drops an index; false when there is none of that name.
    ///
    /// ```
    /// use dataknobs_data_core::{Database, IndexKind};
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let db = Database::memory();
    /// db.create_index("age", IndexKind::Hash).await?;
    /// assert!(db.drop_index("age_hash").await?);
    /// assert!(!db.drop_index("age_hash").await?);
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// # }).unwrap();
    /// ```
    ///
    /// # Errors
    /// [`Unsupported`](ErrorKind::Unsupported) on stores without indexes.
    pub async fn drop_index(&self, name: &str) -> Result<bool> {
        self.call("drop_index", async {
            self.operations().refuse_if_read_only()?;
            self.indexing()?.drop_index(name).await
        })
        .await
    }

    fn indexing(&self) -> Result<&dyn crate::backend::Indexing> {
        self.shared.backend.indexing().ok_or_else(|| Error::unsupported("this store has no indexes to declare"))
    }

    /// Begins a transaction. Only calls on the returned object belong to it; dropping it rolls
    /// back.
    ///
    /// ```
    /// use dataknobs_data_core::{Database, Query, record};
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let db = Database::memory();
    /// let tx = db.transaction().await?;
    /// tx.create(record! { "n": 1 }?).await?;
    /// assert_eq!((tx.count(&Query::new()).await?, db.count(&Query::new()).await?), (1, 0));
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// # }).unwrap();
    /// ```
    ///
    /// # Errors
    /// [`Unsupported`](ErrorKind::Unsupported) on stores without transactions.
    pub async fn transaction(&self) -> Result<Transaction> {
        self.transaction_with(TransactionOptions::default()).await
    }

    /// Begins a transaction with options.
    ///
    /// ```
    /// use dataknobs_data_core::{Database, ErrorKind, TransactionOptions, record};
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let db = Database::memory();
    /// let mut options = TransactionOptions::default();
    /// options.read_only = true;
    /// let tx = db.transaction_with(options).await?;
    /// assert_eq!(tx.create(record! { "n": 1 }?).await.unwrap_err().kind(), ErrorKind::Unsupported);
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// # }).unwrap();
    /// ```
    ///
    /// # Errors
    /// As [`Database::transaction`].
    pub async fn transaction_with(&self, options: TransactionOptions) -> Result<Transaction> {
        self.call("transaction", async {
            let Some(transactional) = self.shared.backend.transactional() else {
                return Err(Error::unsupported("this store has no transactions"));
            };
            if options.isolation == Some(Isolation::Serializable) && !self.capabilities().serializable {
                return Err(Error::unsupported("this store's transactions are not serializable")
                    .with_context("isolation", "serializable"));
            }
            let read_only = options.read_only || self.read_only;
            let inner = transactional.begin(options).await?;
            Ok(Transaction::new(inner, self.clone(), read_only))
        })
        .await
    }

    /// Runs a closure in a transaction and commits; on [`Conflict`](ErrorKind::Conflict) it runs
    /// the closure again, up to 10 times with growing pauses.
    ///
    /// ```
    /// use dataknobs_data_core::{Changes, Database, record};
    /// # tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(async {
    /// let db = Database::memory();
    /// db.create(record! { "balance": 10 }?.with_id("a")?).await?;
    /// db.run_transaction(async |tx| {
    ///     let balance = tx.read("a").await?.unwrap()["balance"].as_integer().unwrap();
    ///     tx.patch("a", Changes::new().set("balance", balance - 3)).await
    /// })
    /// .await?;
    /// assert_eq!(db.read("a").await?.unwrap()["balance"].as_integer(), Some(7));
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// # }).unwrap();
    /// ```
    ///
    /// # Errors
    /// The closure's own error (the transaction is then rolled back), or what commit reports.
    pub async fn run_transaction<T>(&self, body: impl AsyncFnMut(&Transaction) -> Result<T>) -> Result<T> {
        self.run_transaction_with(TransactionOptions::default(), body).await
    }

    /// [`Database::run_transaction`], with options for each attempt.
    ///
    /// ```
    /// use dataknobs_data_core::{Database, Isolation, Query, TransactionOptions, record};
    /// # tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(async {
    /// let db = Database::memory();
    /// let mut options = TransactionOptions::default();
    /// options.isolation = Some(Isolation::RepeatableRead);
    /// let count = db.run_transaction_with(options, async |tx| tx.count(&Query::new()).await).await?;
    /// assert_eq!(count, 0);
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// # }).unwrap();
    /// ```
    ///
    /// # Errors
    /// As there; Unsupported for an isolation that the store does not have.
    pub async fn run_transaction_with<T>(
        &self,
        options: TransactionOptions,
        mut body: impl AsyncFnMut(&Transaction) -> Result<T>,
    ) -> Result<T> {
        let mut attempts = 0;
        loop {
            let transaction = self.transaction_with(options.clone()).await?;
            let result = body(&transaction).await;
            if let Some(result) = self.end_attempt(transaction, result, &mut attempts).await {
                return result;
            }
        }
    }

    /// Commits or rolls back; none when the body should run again.
    pub(crate) async fn end_attempt<T>(
        &self,
        transaction: Transaction,
        result: Result<T>,
        attempts: &mut u32,
    ) -> Option<Result<T>> {
        const ATTEMPTS: u32 = 10;
        *attempts += 1;
        let result = match result {
            Ok(value) => transaction.commit().await.map(|()| value),
            Err(error) => transaction.rollback().await.and(Err(error)),
        };
        match result {
            Err(error) if error.kind() == ErrorKind::Conflict && *attempts < ATTEMPTS => {
                tokio::time::sleep(Duration::from_millis(1 << (*attempts).min(7))).await;
                None
            }
            result => Some(result),
        }
    }
}

fn closed() -> Error {
    Error::new(ErrorKind::Connection, "the database is closed").with_retryable(false)
}

macro_rules! async_methods {
    ($($(#[$doc:meta])* fn $name:ident($($argument:ident: $kind:ty),*) -> $result:ty = $operation:literal,
        example $call:literal, $check:literal, |$operations:ident| $body:expr;)*) => {
        impl Database {$(
            $(#[$doc])*
            pub async fn $name(&self, $($argument: $kind),*) -> Result<$result> {
                if self.is_plain() {
                    // Nothing to wait for and nothing to limit: stores in memory answer at once.
                    let $operations = self.operations();
                    return $body.await.map_err(|error| self.complete(error, $operation));
                }
                // A store may learn on connection what it can do.
                self.call($operation, async {
                    let $operations = self.operations();
                    $body.await
                })
                .await
            }
        )*

            /// The records that a query finds, one after another, in constant memory where the store
            /// allows it.
            ///
            /// ```
            /// use dataknobs_data_core::{Database, Query, record};
            /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
            /// let db = Database::memory();
            /// db.create(record! { "n": 1 }?).await?;
            /// let mut cursor = db.stream(&Query::new()).await?;
            /// while let Some(record) = cursor.next_record().await? {
            ///     assert_eq!(record["n"].as_integer(), Some(1));
            /// }
            /// # Ok::<(), dataknobs_data_core::Error>(())
            /// # }).unwrap();
            /// ```
            ///
            /// # Errors
            /// [`InvalidQuery`](ErrorKind::InvalidQuery), or whatever the store reports.
            pub async fn stream(&self, query: &Query) -> Result<RecordCursor> {
                let cursor = self.call("stream", async { self.operations().stream(query).await }).await?;
                Ok(cursor.on("stream", self.shared.name))
            }
        }

        impl Transaction {$(
            $(#[$doc])*
            pub async fn $name(&self, $($argument: $kind),*) -> Result<$result> {
                let $operations = self.operations();
                self.call($operation, async { $body.await }).await
            }
        )*

            /// The records that a query finds in this transaction, one after another.
            ///
            /// ```
            /// use dataknobs_data_core::{Database, Query, record};
            /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
            /// let db = Database::memory();
            /// let tx = db.transaction().await?;
            /// tx.create(record! { "n": 1 }?).await?;
            /// let mut cursor = tx.stream(&Query::new()).await?;
            /// while let Some(record) = cursor.next_record().await? {
            ///     assert_eq!(record["n"].as_integer(), Some(1));
            /// }
            /// # Ok::<(), dataknobs_data_core::Error>(())
            /// # }).unwrap();
            /// ```
            ///
            /// # Errors
            /// [`InvalidQuery`](ErrorKind::InvalidQuery), or whatever the store reports.
            pub async fn stream(&self, query: &Query) -> Result<RecordCursor> {
                let cursor = self.call("stream", async { self.operations().stream(query).await }).await?;
                Ok(cursor.on("stream", self.name()))
            }
        }
    };
}

session_methods!(async_methods);

impl std::fmt::Debug for Database {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Database")
            .field("backend", &self.shared.backend.info())
            .field("timeout", &self.timeout)
            .finish()
    }
}
