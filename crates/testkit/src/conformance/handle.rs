//! One handle for both forms of a database, so that each behaviour is written once.

use std::time::Duration;

use dataknobs_data_core::{
    Aggregation, BackendInfo, Capabilities, Changes, Database, Explain, IndexInfo, IndexKind, IntoPath, Query, Record,
    RecordCursor, RecordId, Result, Savepoint, SearchResult, SyncCursor, SyncDatabase, SyncTransaction, Table,
    Transaction, TransactionOptions, WriteOptions,
};
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;

/// Which form of the handle a behaviour is tried through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// [`Database`].
    Async,
    /// [`SyncDatabase`].
    Blocking,
}

impl Form {
    /// Both.
    pub const ALL: [Form; 2] = [Form::Async, Form::Blocking];

    /// `"async"` or `"blocking"`.
    pub fn name(self) -> &'static str {
        match self {
            Form::Async => "async",
            Form::Blocking => "blocking",
        }
    }
}

/// A database in one of its forms.
#[derive(Debug, Clone)]
pub(crate) enum Handle {
    Async(Database),
    Blocking(SyncDatabase),
}

/// A transaction in one of its forms.
#[derive(Debug)]
pub(crate) enum OwnTransaction {
    Async(Transaction),
    Blocking(SyncTransaction),
}

/// A transaction that somebody else ends.
#[derive(Debug, Clone, Copy)]
pub(crate) enum LentTransaction<'a> {
    Async(&'a Transaction),
    Blocking(&'a SyncTransaction),
}

/// A stream of records in one of its forms.
#[derive(Debug)]
pub(crate) enum Cursor {
    Async(RecordCursor),
    Blocking(SyncCursor),
}

macro_rules! forward {
    ($this:ident.$method:ident($($argument:expr),*)) => {
        match $this {
            Self::Async(inner) => inner.$method($($argument),*).await,
            Self::Blocking(inner) => inner.$method($($argument),*),
        }
    };
}

macro_rules! session_methods {
    ($kind:ty: $($name:ident($($argument:ident: $type:ty),*) -> $result:ty;)*) => {
        #[allow(dead_code, reason = "one list of methods for all, whichever of them the behaviours use")]
        impl $kind {
            $(pub(crate) async fn $name(&self, $($argument: $type),*) -> Result<$result> {
                forward!(self.$name($($argument),*))
            })*

            pub(crate) async fn stream(&self, query: &Query) -> Result<Cursor> {
                Ok(match self {
                    Self::Async(inner) => Cursor::Async(inner.stream(query).await?),
                    Self::Blocking(inner) => Cursor::Blocking(inner.stream(query)?),
                })
            }
        }
    };
}

macro_rules! for_sessions {
    ($($kind:ty),*) => {$(
        session_methods! { $kind:
            create(record: Record) -> RecordId;
            read(id: &str) -> Option<Record>;
            exists(id: &str) -> bool;
            update(id: &str, record: Record) -> bool;
            update_with(id: &str, record: Record, options: WriteOptions) -> bool;
            patch(id: &str, changes: Changes) -> bool;
            patch_with(id: &str, changes: Changes, options: WriteOptions) -> bool;
            upsert(id: &str, record: Record) -> RecordId;
            upsert_record(record: Record) -> RecordId;
            upsert_with(id: &str, record: Record, options: WriteOptions) -> RecordId;
            delete(id: &str) -> bool;
            delete_with(id: &str, options: WriteOptions) -> bool;
            search(query: &Query) -> SearchResult;
            first(query: &Query) -> Option<Record>;
            count(query: &Query) -> u64;
            aggregate(aggregation: &Aggregation) -> Table;
            create_batch(records: Vec<Record>) -> Vec<RecordId>;
            read_batch(ids: &[&str]) -> Vec<Option<Record>>;
            update_batch(records: Vec<Record>) -> Vec<bool>;
            upsert_batch(records: Vec<Record>) -> Vec<RecordId>;
            delete_batch(ids: &[&str]) -> Vec<bool>;
            update_where(query: &Query, changes: Changes) -> u64;
            delete_where(query: &Query) -> u64;
            clear() -> u64;
        }
    )*};
}

for_sessions!(Handle, OwnTransaction, LentTransaction<'_>);

impl Handle {
    pub(crate) fn new(form: Form, database: Database) -> Self {
        match form {
            Form::Async => Handle::Async(database),
            Form::Blocking => Handle::Blocking(SyncDatabase::new(database)),
        }
    }

    pub(crate) fn form(&self) -> Form {
        match self {
            Handle::Async(_) => Form::Async,
            Handle::Blocking(_) => Form::Blocking,
        }
    }

    pub(crate) fn database(&self) -> &Database {
        match self {
            Handle::Async(inner) => inner,
            Handle::Blocking(inner) => inner.to_async(),
        }
    }

    pub(crate) fn with_timeout(&self, timeout: Duration) -> Handle {
        match self {
            Handle::Async(inner) => Handle::Async(inner.with_timeout(timeout)),
            Handle::Blocking(inner) => Handle::Blocking(inner.with_timeout(timeout)),
        }
    }

    pub(crate) fn read_only(&self) -> Handle {
        match self {
            Handle::Async(inner) => Handle::Async(inner.read_only()),
            Handle::Blocking(inner) => Handle::Blocking(inner.read_only()),
        }
    }

    pub(crate) fn capabilities(&self) -> &Capabilities {
        match self {
            Handle::Async(inner) => inner.capabilities(),
            Handle::Blocking(inner) => inner.capabilities(),
        }
    }

    pub(crate) async fn info(&self) -> Result<BackendInfo> {
        forward!(self.info())
    }

    pub(crate) async fn connect(&self) -> Result<()> {
        forward!(self.connect())
    }

    pub(crate) async fn ping(&self) -> Result<()> {
        forward!(self.ping())
    }

    pub(crate) async fn flush(&self) -> Result<()> {
        forward!(self.flush())
    }

    pub(crate) async fn close(&self) -> Result<()> {
        forward!(self.close())
    }

    pub(crate) async fn explain(&self, query: &Query) -> Result<Explain> {
        forward!(self.explain(query))
    }

    pub(crate) async fn create_index(&self, path: impl IntoPath, kind: IndexKind) -> Result<IndexInfo> {
        forward!(self.create_index(path, kind))
    }

    pub(crate) async fn create_named_index(
        &self,
        name: &str,
        path: impl IntoPath,
        kind: IndexKind,
    ) -> Result<IndexInfo> {
        forward!(self.create_named_index(name, path, kind))
    }

    pub(crate) async fn list_indexes(&self) -> Result<Vec<IndexInfo>> {
        forward!(self.list_indexes())
    }

    pub(crate) async fn drop_index(&self, name: &str) -> Result<bool> {
        forward!(self.drop_index(name))
    }

    pub(crate) async fn transaction(&self) -> Result<OwnTransaction> {
        self.transaction_with(TransactionOptions::default()).await
    }

    pub(crate) async fn transaction_with(&self, options: TransactionOptions) -> Result<OwnTransaction> {
        Ok(match self {
            Handle::Async(inner) => OwnTransaction::Async(inner.transaction_with(options).await?),
            Handle::Blocking(inner) => OwnTransaction::Blocking(inner.transaction_with(options)?),
        })
    }

    /// The body's futures never wait in the blocking form, where they are run at once.
    pub(crate) async fn run_transaction<T>(
        &self,
        mut body: impl for<'t> FnMut(LentTransaction<'t>) -> BoxFuture<'t, Result<T>>,
    ) -> Result<T> {
        match self {
            Handle::Async(inner) => inner.run_transaction(async |tx| body(LentTransaction::Async(tx)).await).await,
            Handle::Blocking(inner) => inner.run_transaction(|tx| {
                body(LentTransaction::Blocking(tx)).now_or_never().unwrap_or_else(|| {
                    let message = "a blocking call waited for the runtime";
                    Err(dataknobs_data_core::Error::new(dataknobs_data_core::ErrorKind::Backend, message))
                })
            }),
        }
    }
}

impl OwnTransaction {
    pub(crate) async fn commit(self) -> Result<()> {
        forward!(self.commit())
    }

    pub(crate) async fn rollback(self) -> Result<()> {
        forward!(self.rollback())
    }

    pub(crate) async fn savepoint(&self) -> Result<Savepoint> {
        forward!(self.savepoint())
    }

    pub(crate) async fn release(&self, savepoint: Savepoint) -> Result<()> {
        forward!(self.release(savepoint))
    }

    pub(crate) async fn rollback_to(&self, savepoint: Savepoint) -> Result<()> {
        forward!(self.rollback_to(savepoint))
    }
}

impl Cursor {
    pub(crate) async fn next_record(&mut self) -> Result<Option<Record>> {
        match self {
            Cursor::Async(inner) => inner.next_record().await,
            Cursor::Blocking(inner) => inner.next().transpose(),
        }
    }

    pub(crate) async fn rest(&mut self) -> Result<Vec<Record>> {
        let mut records = Vec::new();
        while let Some(record) = self.next_record().await? {
            records.push(record);
        }
        Ok(records)
    }
}
