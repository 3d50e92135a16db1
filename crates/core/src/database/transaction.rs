//! Transactions, as users see them.

use std::future::Future;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;

use super::Database;
use super::operations::Operations;
use crate::backend;
use crate::error::{Error, ErrorKind, Result};

/// A transaction: the data methods of a [`Database`], on a view of its own. It sees its own
/// writes; nobody else does before [`Transaction::commit`]. Dropping it rolls back.
///
/// ```
/// use dataknobs_data_core::{Database, record};
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let db = Database::memory();
/// let tx = db.transaction().await?;
/// tx.create(record! { "n": 1 }?.with_id("a")?).await?;
/// assert!(tx.exists("a").await? && !db.exists("a").await?);
/// tx.commit().await?;
/// assert!(db.exists("a").await?);
/// # Ok::<(), dataknobs_data_core::Error>(())
/// # }).unwrap();
/// ```
#[derive(Debug)]
pub struct Transaction {
    inner: Box<dyn backend::Transaction>,
    database: Database,
    read_only: bool,
    /// The savepoints that are set, by number.
    savepoints: Mutex<Vec<u64>>,
}

/// A state of a transaction to which it can go back: see [`Transaction::savepoint`]. One that is
/// neither released nor rolled back to ends with its transaction.
///
/// ```
/// use dataknobs_data_core::{Database, Savepoint};
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let db = Database::memory();
/// let tx = db.transaction().await?;
/// let before: Savepoint = tx.savepoint().await?;
/// tx.release(before).await?;
/// # Ok::<(), dataknobs_data_core::Error>(())
/// # }).unwrap();
/// ```
#[derive(Debug)]
pub struct Savepoint {
    number: u64,
}

/// The number of the next savepoint; no two transactions have the same one.
static NEXT: AtomicU64 = AtomicU64::new(1);

impl Transaction {
    pub(super) fn new(inner: Box<dyn backend::Transaction>, database: Database, read_only: bool) -> Self {
        Transaction { inner, database, read_only, savepoints: Mutex::default() }
    }

    pub(super) fn name(&self) -> &'static str {
        self.database.shared.name
    }

    pub(super) fn operations(&self) -> Operations<'_> {
        Operations {
            session: self.inner.as_ref() as &dyn backend::Session,
            capabilities: self.database.capabilities(),
            read_only: self.read_only,
        }
    }

    pub(super) async fn call<T>(&self, operation: &'static str, call: impl Future<Output = Result<T>>) -> Result<T> {
        self.database.call(operation, call).await
    }

    /// Makes the transaction's writes visible to all.
    ///
    /// ```
    /// use dataknobs_data_core::record;
    /// # use dataknobs_data_core::Database;
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// # let db = Database::memory();
    /// let tx = db.transaction().await?;
    /// let id = tx.create(record! { "n": 1 }?).await?;
    /// tx.commit().await?;
    /// assert!(db.exists(&id).await?);
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// # }).unwrap();
    /// ```
    ///
    /// # Errors
    /// [`Conflict`](crate::ErrorKind::Conflict) when another writer was first; nothing is written
    /// then. [`AmbiguousCommit`](crate::ErrorKind::AmbiguousCommit) when the connection broke before
    /// the store's answer came.
    pub async fn commit(self) -> Result<()> {
        let Transaction { inner, database, .. } = self;
        database.call("commit", inner.commit()).await
    }

    /// Sets a savepoint: a state to which the transaction can go back without losing what was done
    /// before.
    ///
    /// ```
    /// use dataknobs_data_core::{Database, record};
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let db = Database::memory();
    /// let tx = db.transaction().await?;
    /// tx.create(record! { "n": 1 }?.with_id("kept")?).await?;
    /// let before = tx.savepoint().await?;
    /// tx.create(record! { "n": 2 }?.with_id("undone")?).await?;
    /// tx.rollback_to(before).await?;
    /// tx.commit().await?;
    /// assert!(db.exists("kept").await? && !db.exists("undone").await?);
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// # }).unwrap();
    /// ```
    ///
    /// # Errors
    /// [`Unsupported`](crate::ErrorKind::Unsupported) on stores without savepoints.
    pub async fn savepoint(&self) -> Result<Savepoint> {
        self.call("savepoint", async {
            let number = NEXT.fetch_add(1, Ordering::Relaxed);
            self.backend_savepoints()?.set_savepoint(number).await?;
            self.savepoints.lock().push(number);
            Ok(Savepoint { number })
        })
        .await
    }

    /// Ends a savepoint, and those set after it, and keeps what was done since. Where the store says
    /// that something in it has failed, it is undone, and that is the error.
    ///
    /// ```
    /// use dataknobs_data_core::{Database, record};
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let db = Database::memory();
    /// let tx = db.transaction().await?;
    /// let before = tx.savepoint().await?;
    /// tx.create(record! { "n": 1 }?.with_id("a")?).await?;
    /// tx.release(before).await?;
    /// assert!(tx.exists("a").await?);
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// # }).unwrap();
    /// ```
    ///
    /// # Errors
    /// [`Conflict`](crate::ErrorKind::Conflict) when the savepoint has ended with one set before it,
    /// or is another transaction's.
    pub async fn release(&self, savepoint: Savepoint) -> Result<()> {
        self.call("release", async {
            let at = self.place_of(&savepoint)?;
            let savepoints = self.backend_savepoints()?;
            let released = savepoints.release_savepoint(savepoint.number).await;
            if released.is_err() {
                // Something in it had failed. Going back lets the transaction go on.
                savepoints.rollback_to_savepoint(savepoint.number).await?;
            }
            self.savepoints.lock().truncate(at);
            released
        })
        .await
    }

    /// Ends a savepoint, and those set after it, and undoes what was done since. The transaction
    /// goes on, also where a call in it has failed. Streams that were opened since end.
    ///
    /// ```
    /// use dataknobs_data_core::{Database, record};
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let db = Database::memory();
    /// let tx = db.transaction().await?;
    /// let before = tx.savepoint().await?;
    /// tx.create(record! { "n": 1 }?.with_id("a")?).await?;
    /// tx.rollback_to(before).await?;
    /// assert!(!tx.exists("a").await?);
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// # }).unwrap();
    /// ```
    ///
    /// # Errors
    /// As [`Transaction::release`].
    pub async fn rollback_to(&self, savepoint: Savepoint) -> Result<()> {
        self.call("rollback_to", async {
            let at = self.place_of(&savepoint)?;
            self.backend_savepoints()?.rollback_to_savepoint(savepoint.number).await?;
            self.savepoints.lock().truncate(at);
            Ok(())
        })
        .await
    }

    /// Runs a closure in a savepoint of its own: what it did is undone where it fails.
    ///
    /// ```
    /// use dataknobs_data_core::{Database, Error, record};
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let db = Database::memory();
    /// let tx = db.transaction().await?;
    /// let failed = tx
    ///     .nested(async |tx| {
    ///         tx.create(record! { "n": 1 }?.with_id("a")?).await?;
    ///         Err::<(), _>(Error::invalid_record("no"))
    ///     })
    ///     .await;
    /// assert!(failed.is_err() && !tx.exists("a").await?);
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// # }).unwrap();
    /// ```
    ///
    /// # Errors
    /// The closure's own, or as [`Transaction::savepoint`].
    pub async fn nested<T>(&self, body: impl AsyncFnOnce(&Transaction) -> Result<T>) -> Result<T> {
        let before = self.savepoint().await?;
        match body(self).await {
            Ok(value) => self.release(before).await.map(|()| value),
            Err(error) => {
                // What went wrong first is what counts; the transaction says itself that it cannot go on.
                let _ = self.rollback_to(before).await;
                Err(error)
            }
        }
    }

    fn backend_savepoints(&self) -> Result<&dyn backend::Savepoints> {
        self.inner.savepoints().ok_or_else(|| Error::unsupported("this store has no savepoints"))
    }

    fn place_of(&self, savepoint: &Savepoint) -> Result<usize> {
        let found = self.savepoints.lock().iter().position(|number| *number == savepoint.number);
        found.ok_or_else(|| Error::new(ErrorKind::Conflict, "the savepoint has ended, or is another transaction's"))
    }

    /// Forgets the transaction's writes.
    ///
    /// ```
    /// use dataknobs_data_core::record;
    /// # use dataknobs_data_core::Database;
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// # let db = Database::memory();
    /// let tx = db.transaction().await?;
    /// let id = tx.create(record! { "n": 1 }?).await?;
    /// tx.rollback().await?;
    /// assert!(!db.exists(&id).await?);
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// # }).unwrap();
    /// ```
    ///
    /// # Errors
    /// Whatever the store reports.
    pub async fn rollback(self) -> Result<()> {
        let Transaction { inner, database, .. } = self;
        database.call("rollback", inner.rollback()).await
    }
}
