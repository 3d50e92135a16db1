//! The calls that a layer sees.

use crate::backend::WriteAction;

/// One of the calls that the handle makes to a backend.
///
/// ```
/// use dataknobs_data_core::layers::{Faults, Operation};
/// use dataknobs_data_core::memory::MemoryBackend;
/// use dataknobs_data_core::{Database, SyncDatabase, record};
/// use std::sync::Arc;
/// let faults = Faults::seeded(7);
/// let db = SyncDatabase::new(Database::from_backend(faults.wrap(Arc::new(MemoryBackend::new()))));
/// db.upsert("a", record! { "n": 1 }?)?;
/// assert_eq!((faults.calls(Operation::Upsert), faults.calls(Operation::Connect)), (1, 1));
/// # Ok::<(), dataknobs_data_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Operation {
    /// Reads one record.
    Read,
    /// Asks whether a record is there.
    Exists,
    /// Reads several records.
    ReadBatch,
    /// Adds a record.
    Create,
    /// Replaces a record.
    Update,
    /// Adds or replaces a record.
    Upsert,
    /// Changes fields of a record.
    Patch,
    /// Removes a record.
    Delete,
    /// Writes several records.
    WriteBatch,
    /// Opens a stream of records.
    Scan,
    /// Takes the next chunk of a stream.
    NextChunk,
    /// Counts records.
    Count,
    /// Changes or removes the records that pass a condition.
    Modify,
    /// Aggregates.
    Aggregate,
    /// Asks how a scan would be answered.
    AccessPlan,
    /// Makes the store ready.
    Connect,
    /// Asks for a sign of life.
    Ping,
    /// Makes writes durable.
    Flush,
    /// Lets go of the store.
    Close,
    /// Begins a transaction.
    Begin,
    /// Commits a transaction.
    Commit,
    /// Rolls a transaction back.
    Rollback,
    /// Sets a savepoint in a transaction.
    Savepoint,
    /// Ends a savepoint and keeps what was done since.
    Release,
    /// Ends a savepoint and undoes what was done since.
    RollbackTo,
    /// Creates an index.
    CreateIndex,
    /// Lists the indexes.
    ListIndexes,
    /// Drops an index.
    DropIndex,
}

impl Operation {
    pub(super) const COUNT: usize = Operation::DropIndex as usize + 1;

    pub(super) fn of(action: &WriteAction) -> Self {
        match action {
            WriteAction::Create(_) => Operation::Create,
            WriteAction::Update(_) => Operation::Update,
            WriteAction::Upsert(_) => Operation::Upsert,
            WriteAction::Patch(_) => Operation::Patch,
            WriteAction::Delete => Operation::Delete,
        }
    }

    /// The name that errors and logs show.
    ///
    /// ```
    /// use dataknobs_data_core::layers::Operation;
    /// assert_eq!(Operation::ReadBatch.name(), "read_batch");
    /// ```
    pub fn name(self) -> &'static str {
        match self {
            Operation::Read => "read",
            Operation::Exists => "exists",
            Operation::ReadBatch => "read_batch",
            Operation::Create => "create",
            Operation::Update => "update",
            Operation::Upsert => "upsert",
            Operation::Patch => "patch",
            Operation::Delete => "delete",
            Operation::WriteBatch => "write_batch",
            Operation::Scan => "scan",
            Operation::NextChunk => "next_chunk",
            Operation::Count => "count",
            Operation::Modify => "modify",
            Operation::Aggregate => "aggregate",
            Operation::AccessPlan => "access_plan",
            Operation::Connect => "connect",
            Operation::Ping => "ping",
            Operation::Flush => "flush",
            Operation::Close => "close",
            Operation::Begin => "begin",
            Operation::Commit => "commit",
            Operation::Rollback => "rollback",
            Operation::Savepoint => "savepoint",
            Operation::Release => "release",
            Operation::RollbackTo => "rollback_to",
            Operation::CreateIndex => "create_index",
            Operation::ListIndexes => "list_indexes",
            Operation::DropIndex => "drop_index",
        }
    }

    /// Whether making the call twice leaves the store as making it once does, and the second answer
    /// is as good as the first. Writes are not here: what they do decides.
    pub(super) fn is_repeatable(self) -> bool {
        match self {
            Operation::Read
            | Operation::Exists
            | Operation::ReadBatch
            | Operation::Scan
            | Operation::Count
            | Operation::Aggregate
            | Operation::AccessPlan
            | Operation::Connect
            | Operation::Flush
            | Operation::Begin
            | Operation::CreateIndex
            | Operation::ListIndexes
            | Operation::DropIndex => true,
            Operation::Create
            | Operation::Update
            | Operation::Upsert
            | Operation::Patch
            | Operation::Delete
            | Operation::WriteBatch
            | Operation::Modify
            | Operation::NextChunk
            | Operation::Ping
            | Operation::Close
            | Operation::Commit
            | Operation::Rollback
            | Operation::Savepoint
            | Operation::Release
            | Operation::RollbackTo => false,
        }
    }
}
