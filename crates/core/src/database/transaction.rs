//! Transactions, as users see them.

use std::future::Future;

use super::Database;
use super::operations::Operations;
use crate::backend;
use crate::error::Result;

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
}

impl Transaction {
    pub(super) fn new(inner: Box<dyn backend::Transaction>, database: Database, read_only: bool) -> Self {
        Transaction { inner, database, read_only }
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
