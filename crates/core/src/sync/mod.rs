//! The blocking handle: a thin shell over [`Database`].

mod block_on;

use std::time::Duration;

use block_on::block_on;

use crate::aggregate::{Aggregation, Table};
use crate::backend::{Changes, ColumnAnswer, Explain, IndexInfo, IndexKind, TransactionOptions};
use crate::capability::{BackendInfo, Capabilities};
use crate::database::{Database, RecordCursor, Savepoint, SearchResult, Transaction, WriteOptions, session_methods};
use crate::error::Result;
use crate::query::{IntoPath, Query};
use crate::record::{Record, RecordId};

/// A [`Database`] whose methods block the calling thread instead of being awaited.
///
/// It works in threads of any kind, also inside an async runtime (where it blocks the thread it
/// is called on). I/O runs on a runtime of its own, started on first use.
///
/// ```
/// use dataknobs_data_core::{Query, SyncDatabase, record};
/// let db = SyncDatabase::memory();
/// db.create(record! { "name": "Ada", "age": 36 }?)?;
/// assert_eq!(db.count(&Query::new().filter("age", ">", 30))?, 1);
/// # Ok::<(), dataknobs_data_core::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct SyncDatabase {
    inner: Database,
}

/// A [`Transaction`] whose methods block. Dropping it rolls back.
///
/// ```
/// use dataknobs_data_core::{SyncDatabase, record};
/// let db = SyncDatabase::memory();
/// let tx = db.transaction()?;
/// let id = tx.create(record! { "n": 1 }?)?;
/// assert!(tx.exists(&id)? && !db.exists(&id)?);
/// tx.commit()?;
/// assert!(db.exists(&id)?);
/// # Ok::<(), dataknobs_data_core::Error>(())
/// ```
#[derive(Debug)]
pub struct SyncTransaction {
    inner: Transaction,
}

/// A [`RecordCursor`] as an iterator.
///
/// ```
/// use dataknobs_data_core::{Query, Result, SyncDatabase, record};
/// let db = SyncDatabase::memory();
/// db.create_batch(vec![record! { "n": 1 }?, record! { "n": 2 }?])?;
/// let found = db.stream(&Query::new())?.collect::<Result<Vec<_>, _>>()?;
/// assert_eq!(found.len(), 2);
/// # Ok::<(), dataknobs_data_core::Error>(())
/// ```
#[derive(Debug)]
pub struct SyncCursor {
    inner: RecordCursor,
}

impl SyncDatabase {
    /// The blocking form of a database; both share one connection.
    ///
    /// ```
    /// use dataknobs_data_core::{Database, Query, SyncDatabase};
    /// let db = SyncDatabase::new(Database::memory());
    /// assert_eq!(db.count(&Query::new())?, 0);
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    pub fn new(inner: Database) -> Self {
        SyncDatabase { inner }
    }

    /// An empty database in memory.
    ///
    /// ```
    /// use dataknobs_data_core::{SyncDatabase, record};
    /// let db = SyncDatabase::memory();
    /// let id = db.create(record! { "n": 1 }?)?;
    /// assert!(db.exists(&id)?);
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    pub fn memory() -> Self {
        Self::new(Database::memory())
    }

    /// The async form of this database.
    ///
    /// ```
    /// use dataknobs_data_core::{Query, SyncDatabase, record};
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let db = SyncDatabase::memory();
    /// db.create(record! { "n": 1 }?)?;
    /// assert_eq!(db.to_async().count(&Query::new()).await?, 1);
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// # }).unwrap();
    /// ```
    pub fn to_async(&self) -> &Database {
        &self.inner
    }

    /// Blocking form of [`Database::scan_columns`].
    ///
    /// ```
    /// use dataknobs_data_core::{Query, SyncDatabase};
    /// assert!(SyncDatabase::memory().scan_columns(&Query::new(), true)?.is_none());
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// As there.
    pub fn scan_columns(&self, query: &Query, ids: bool) -> Result<Option<ColumnAnswer>> {
        block_on(self.inner.scan_columns(query, ids))
    }

    /// Blocking form of [`Database::with_timeout`].
    ///
    /// ```
    /// use dataknobs_data_core::{Query, SyncDatabase};
    /// use std::time::Duration;
    /// let db = SyncDatabase::memory().with_timeout(Duration::from_secs(5));
    /// assert_eq!(db.count(&Query::new())?, 0);
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    #[must_use]
    pub fn with_timeout(&self, timeout: Duration) -> Self {
        Self::new(self.inner.with_timeout(timeout))
    }

    /// Blocking form of [`Database::read_only`].
    ///
    /// ```
    /// use dataknobs_data_core::{ErrorKind, SyncDatabase, record};
    /// let db = SyncDatabase::memory().read_only();
    /// assert_eq!(db.create(record! { "n": 1 }?).unwrap_err().kind(), ErrorKind::Unsupported);
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    #[must_use]
    pub fn read_only(&self) -> Self {
        Self::new(self.inner.read_only())
    }

    /// What the store can do.
    ///
    /// ```
    /// use dataknobs_data_core::SyncDatabase;
    /// assert!(SyncDatabase::memory().capabilities().indexes);
    /// ```
    pub fn capabilities(&self) -> &Capabilities {
        self.inner.capabilities()
    }

    /// Blocking form of [`Database::info`].
    ///
    /// ```
    /// use dataknobs_data_core::SyncDatabase;
    /// assert_eq!(SyncDatabase::memory().info()?.backend, "memory");
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// As there; so for all methods of this type.
    pub fn info(&self) -> Result<BackendInfo> {
        block_on(self.inner.info())
    }

    /// Blocking form of [`Database::connect`].
    ///
    /// ```
    /// use dataknobs_data_core::SyncDatabase;
    /// assert!(SyncDatabase::memory().connect().is_ok());
    /// ```
    ///
    /// # Errors
    /// As there.
    pub fn connect(&self) -> Result<()> {
        block_on(self.inner.connect())
    }

    /// Blocking form of [`Database::ping`].
    ///
    /// ```
    /// use dataknobs_data_core::SyncDatabase;
    /// assert!(SyncDatabase::memory().ping().is_ok());
    /// ```
    ///
    /// # Errors
    /// As there.
    pub fn ping(&self) -> Result<()> {
        block_on(self.inner.ping())
    }

    /// Blocking form of [`Database::flush`].
    ///
    /// ```
    /// use dataknobs_data_core::SyncDatabase;
    /// assert!(SyncDatabase::memory().flush().is_ok());
    /// ```
    ///
    /// # Errors
    /// As there.
    pub fn flush(&self) -> Result<()> {
        block_on(self.inner.flush())
    }

    /// Blocking form of [`Database::close`].
    ///
    /// ```
    /// use dataknobs_data_core::SyncDatabase;
    /// let db = SyncDatabase::memory();
    /// db.close()?;
    /// assert!(db.ping().is_err());
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// As there.
    pub fn close(&self) -> Result<()> {
        block_on(self.inner.close())
    }

    /// Blocking form of [`Database::explain`].
    ///
    /// ```
    /// use dataknobs_data_core::{Query, SyncDatabase};
    /// let explain = SyncDatabase::memory().explain(&Query::parse("age > 30")?)?;
    /// assert_eq!(explain.plan.access, "full scan in memory");
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// As there.
    pub fn explain(&self, query: &Query) -> Result<Explain> {
        block_on(self.inner.explain(query))
    }

    /// Blocking form of [`Database::create_index`].
    ///
    /// ```
    /// use dataknobs_data_core::{IndexKind, SyncDatabase};
    /// assert_eq!(SyncDatabase::memory().create_index("age", IndexKind::Ordered)?.name, "age_ordered");
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// As there.
    pub fn create_index(&self, path: impl IntoPath, kind: IndexKind) -> Result<IndexInfo> {
        block_on(self.inner.create_index(path, kind))
    }

    /// Blocking form of [`Database::create_named_index`].
    ///
    /// ```
    /// use dataknobs_data_core::{IndexKind, SyncDatabase};
    /// assert_eq!(SyncDatabase::memory().create_named_index("by_age", "age", IndexKind::Hash)?.name, "by_age");
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// As there.
    pub fn create_named_index(&self, name: &str, path: impl IntoPath, kind: IndexKind) -> Result<IndexInfo> {
        block_on(self.inner.create_named_index(name, path, kind))
    }

    /// Blocking form of [`Database::list_indexes`].
    ///
    /// ```
    /// use dataknobs_data_core::SyncDatabase;
    /// assert!(SyncDatabase::memory().list_indexes()?.is_empty());
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// As there.
    pub fn list_indexes(&self) -> Result<Vec<IndexInfo>> {
        block_on(self.inner.list_indexes())
    }

    /// Blocking form of [`Database::drop_index`].
    ///
    /// ```
    /// use dataknobs_data_core::SyncDatabase;
    /// assert!(!SyncDatabase::memory().drop_index("by_age")?);
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// As there.
    pub fn drop_index(&self, name: &str) -> Result<bool> {
        block_on(self.inner.drop_index(name))
    }

    /// Blocking form of [`Database::transaction`].
    ///
    /// ```
    /// use dataknobs_data_core::{Query, SyncDatabase, record};
    /// let db = SyncDatabase::memory();
    /// let tx = db.transaction()?;
    /// tx.create(record! { "n": 1 }?)?;
    /// drop(tx);
    /// assert_eq!(db.count(&Query::new())?, 0);
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// As there.
    pub fn transaction(&self) -> Result<SyncTransaction> {
        self.transaction_with(TransactionOptions::default())
    }

    /// Blocking form of [`Database::transaction_with`].
    ///
    /// ```
    /// use dataknobs_data_core::{SyncDatabase, TransactionOptions, record};
    /// let mut options = TransactionOptions::default();
    /// options.read_only = true;
    /// let tx = SyncDatabase::memory().transaction_with(options)?;
    /// assert!(tx.create(record! { "n": 1 }?).is_err());
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// As there.
    pub fn transaction_with(&self, options: TransactionOptions) -> Result<SyncTransaction> {
        block_on(self.inner.transaction_with(options)).map(|inner| SyncTransaction { inner })
    }

    /// Blocking form of [`Database::run_transaction`].
    ///
    /// ```
    /// use dataknobs_data_core::{SyncDatabase, record};
    /// let db = SyncDatabase::memory();
    /// let id = db.run_transaction(|tx| tx.create(record! { "n": 1 }?))?;
    /// assert!(db.exists(&id)?);
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// As there.
    pub fn run_transaction<T>(&self, body: impl FnMut(&SyncTransaction) -> Result<T>) -> Result<T> {
        self.run_transaction_with(TransactionOptions::default(), body)
    }

    /// [`Database::run_transaction_with`].
    ///
    /// ```
    /// use dataknobs_data_core::{Query, SyncDatabase, TransactionOptions};
    /// let db = SyncDatabase::memory();
    /// let count = db.run_transaction_with(TransactionOptions::default(), |tx| tx.count(&Query::new()))?;
    /// assert_eq!(count, 0);
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// As there.
    pub fn run_transaction_with<T>(
        &self,
        options: TransactionOptions,
        mut body: impl FnMut(&SyncTransaction) -> Result<T>,
    ) -> Result<T> {
        let mut attempts = 0;
        loop {
            let transaction = self.transaction_with(options.clone())?;
            let result = body(&transaction);
            if let Some(result) = block_on(self.inner.end_attempt(transaction.inner, result, &mut attempts)) {
                return result;
            }
        }
    }
}

impl SyncTransaction {
    /// Blocking form of [`Transaction::commit`].
    ///
    /// ```
    /// use dataknobs_data_core::record;
    /// # use dataknobs_data_core::SyncDatabase;
    /// # let db = SyncDatabase::memory();
    /// let tx = db.transaction()?;
    /// let id = tx.create(record! { "n": 1 }?)?;
    /// tx.commit()?;
    /// assert!(db.exists(&id)?);
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// As there.
    pub fn commit(self) -> Result<()> {
        block_on(self.inner.commit())
    }

    /// Blocking form of [`Transaction::rollback`].
    ///
    /// ```
    /// use dataknobs_data_core::record;
    /// # use dataknobs_data_core::SyncDatabase;
    /// # let db = SyncDatabase::memory();
    /// let tx = db.transaction()?;
    /// let id = tx.create(record! { "n": 1 }?)?;
    /// tx.rollback()?;
    /// assert!(!db.exists(&id)?);
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// As there.
    pub fn rollback(self) -> Result<()> {
        block_on(self.inner.rollback())
    }

    /// Blocking form of [`Transaction::savepoint`].
    ///
    /// ```
    /// # use dataknobs_data_core::{SyncDatabase, record};
    /// # let db = SyncDatabase::memory();
    /// let tx = db.transaction()?;
    /// let before = tx.savepoint()?;
    /// let id = tx.create(record! { "n": 1 }?)?;
    /// tx.rollback_to(before)?;
    /// assert!(!tx.exists(&id)?);
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// As there.
    pub fn savepoint(&self) -> Result<Savepoint> {
        block_on(self.inner.savepoint())
    }

    /// Blocking form of [`Transaction::release`].
    ///
    /// ```
    /// # use dataknobs_data_core::{SyncDatabase, record};
    /// # let db = SyncDatabase::memory();
    /// let tx = db.transaction()?;
    /// let before = tx.savepoint()?;
    /// let id = tx.create(record! { "n": 1 }?)?;
    /// tx.release(before)?;
    /// assert!(tx.exists(&id)?);
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// As there.
    pub fn release(&self, savepoint: Savepoint) -> Result<()> {
        block_on(self.inner.release(savepoint))
    }

    /// Blocking form of [`Transaction::rollback_to`].
    ///
    /// ```
    /// # use dataknobs_data_core::{SyncDatabase, record};
    /// # let db = SyncDatabase::memory();
    /// let tx = db.transaction()?;
    /// let before = tx.savepoint()?;
    /// let id = tx.create(record! { "n": 1 }?)?;
    /// tx.rollback_to(before)?;
    /// assert!(!tx.exists(&id)?);
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// As there.
    pub fn rollback_to(&self, savepoint: Savepoint) -> Result<()> {
        block_on(self.inner.rollback_to(savepoint))
    }

    /// Blocking form of [`Transaction::nested`].
    ///
    /// ```
    /// # use dataknobs_data_core::{Error, SyncDatabase, record};
    /// # let db = SyncDatabase::memory();
    /// let tx = db.transaction()?;
    /// let failed = tx.nested(|tx| {
    ///     tx.create(record! { "n": 1 }?.with_id("a")?)?;
    ///     Err::<(), _>(Error::invalid_record("no"))
    /// });
    /// assert!(failed.is_err() && !tx.exists("a")?);
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// As there.
    pub fn nested<T>(&self, body: impl FnOnce(&Self) -> Result<T>) -> Result<T> {
        let before = self.savepoint()?;
        match body(self) {
            Ok(value) => self.release(before).map(|()| value),
            Err(error) => {
                // As in the asynchronous form.
                let _ = self.rollback_to(before);
                Err(error)
            }
        }
    }
}

impl Iterator for SyncCursor {
    type Item = Result<Record>;

    fn next(&mut self) -> Option<Self::Item> {
        block_on(self.inner.next_record()).transpose()
    }
}

/// A call of a method, made where one record has the id `a`.
macro_rules! blocking_example {
    (db, $call:literal, $check:literal) => {
        blocking_example!(@ "", "db", $call, $check)
    };
    (tx, $call:literal, $check:literal) => {
        blocking_example!(@ "let tx = db.transaction()?;\n", "tx", $call, $check)
    };
    (@ $begin:literal, $on:literal, $call:literal, $check:literal) => {
        concat!(
            "```\n# use dataknobs_data_core::*;\nlet db = SyncDatabase::memory();\n",
            "db.create(record! { \"n\": 1 }?.with_id(\"a\")?)?;\n",
            $begin, "let answer = ", $on, ".", $call, ";\n", $check, "\n# Ok::<(), Error>(())\n```",
        )
    };
}

macro_rules! blocking_methods {
    ($($(#[$doc:meta])* fn $name:ident($($argument:ident: $kind:ty),*) -> $result:ty = $operation:literal,
        example $call:literal, $check:literal, |$operations:ident| $body:expr;)*) => {
        impl SyncDatabase {$(
            #[doc = concat!(
                "Blocking form of [`Database::", stringify!($name), "`].\n\n",
                blocking_example!(db, $call, $check), "\n\n# Errors\nAs there.",
            )]
            pub fn $name(&self, $($argument: $kind),*) -> Result<$result> {
                block_on(self.inner.$name($($argument),*))
            }
        )*

            /// Blocking form of [`Database::stream`].
            ///
            /// ```
            /// use dataknobs_data_core::{Query, SyncDatabase, record};
            /// let db = SyncDatabase::memory();
            /// db.create(record! { "n": 1 }?)?;
            /// for record in db.stream(&Query::new())? {
            ///     assert_eq!(record?["n"].as_integer(), Some(1));
            /// }
            /// # Ok::<(), dataknobs_data_core::Error>(())
            /// ```
            ///
            /// # Errors
            /// As there.
            pub fn stream(&self, query: &Query) -> Result<SyncCursor> {
                block_on(self.inner.stream(query)).map(|inner| SyncCursor { inner })
            }
        }

        impl SyncTransaction {$(
            #[doc = concat!(
                "Blocking form of [`Transaction::", stringify!($name), "`].\n\n",
                blocking_example!(tx, $call, $check), "\n\n# Errors\nAs there.",
            )]
            pub fn $name(&self, $($argument: $kind),*) -> Result<$result> {
                block_on(self.inner.$name($($argument),*))
            }
        )*

            /// Blocking form of [`Transaction::stream`].
            ///
            /// ```
            /// use dataknobs_data_core::{Query, SyncDatabase, record};
            /// let db = SyncDatabase::memory();
            /// let tx = db.transaction()?;
            /// tx.create(record! { "n": 1 }?)?;
            /// for record in tx.stream(&Query::new())? {
            ///     assert_eq!(record?["n"].as_integer(), Some(1));
            /// }
            /// # Ok::<(), dataknobs_data_core::Error>(())
            /// ```
            ///
            /// # Errors
            /// As there.
            pub fn stream(&self, query: &Query) -> Result<SyncCursor> {
                block_on(self.inner.stream(query)).map(|inner| SyncCursor { inner })
            }
        }
    };
}

session_methods!(blocking_methods);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record;

    #[test]
    fn it_blocks_inside_a_runtime_without_deadlock() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let db = SyncDatabase::memory().with_timeout(Duration::from_secs(5));
            db.create(record! { "n": 1 }.unwrap().with_id("a").unwrap()).unwrap();
            assert_eq!(db.stream(&Query::new()).unwrap().count(), 1);
        });
    }

    #[test]
    fn one_task_may_make_any_number_of_blocking_calls() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            for _ in 0..1_000 {
                let db = SyncDatabase::memory().with_timeout(Duration::from_secs(5));
                db.connect().unwrap();
            }
        });
    }

    #[test]
    fn transactions_commit_roll_back_and_retry() {
        let db = SyncDatabase::memory();
        db.create(record! { "n": 0 }.unwrap().with_id("a").unwrap()).unwrap();
        let tx = db.transaction().unwrap();
        tx.patch("a", Changes::new().set("n", 5)).unwrap();
        assert_eq!(tx.stream(&Query::new()).unwrap().next().unwrap().unwrap()["n"].as_integer(), Some(5));
        tx.rollback().unwrap();
        assert_eq!(db.read("a").unwrap().unwrap()["n"].as_integer(), Some(0));

        let mut runs = 0;
        db.run_transaction(|tx| {
            runs += 1;
            let n = tx.read("a")?.map_or(0, |record| record["n"].as_integer().unwrap_or_default());
            if runs == 1 {
                db.patch("a", Changes::new().set("n", 10))?;
            }
            tx.patch("a", Changes::new().set("n", n + 1))
        })
        .unwrap();
        assert_eq!(runs, 2);
        assert_eq!(db.read("a").unwrap().unwrap()["n"].as_integer(), Some(11));
    }
}
