//! Transactions: a snapshot in memory, changes on top of it, and a commit that the first writer of a
//! record wins. It reaches the disk as one commit.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use dataknobs_data_core::backend::{
    Aggregating, CountRequest, Lending, Modifying, ReadBatchRequest, ReadRequest, RecordStream, Reply, Savepoints,
    ScanRequest, Session, Support, Transaction, WriteBatchRequest, WriteOutcome, WriteRequest,
};
use dataknobs_data_core::memory::{SavedStates, batch_error};
use dataknobs_data_core::{Error, ErrorKind, IdOrder, Leaf, Record, RecordId, Result, SortKey, Version};
use foldhash::fast::RandomState;
use parking_lot::Mutex;

use crate::draft::Draft;
use crate::scan::{self, Feed, Scan, TableFeed};
use crate::store::{Resident, Store, completed};

/// A transaction of a file store.
#[derive(Debug)]
pub(crate) struct FileTransaction {
    store: Arc<Store>,
    ids: IdOrder,
    changes: Mutex<Pending>,
    savepoints: SavedStates<Pending>,
}

/// What the transaction sees and has done.
#[derive(Debug, Clone)]
struct Pending {
    resident: Resident,
    /// The version that each written record had at the beginning; none where there was no record.
    written: HashMap<RecordId, Written, RandomState>,
}

#[derive(Debug, Clone)]
struct Written {
    before: Option<Version>,
    /// Whether the record went, though another may have come since.
    removed: bool,
}

impl FileTransaction {
    /// Loads the file.
    pub(crate) fn begin(store: Arc<Store>, ids: IdOrder) -> Result<Self> {
        let resident = store.resident()?;
        let changes = Mutex::new(Pending { resident, written: HashMap::default() });
        Ok(FileTransaction { store, ids, changes, savepoints: SavedStates::default() })
    }

    fn limit(&self) -> usize {
        self.store.source.config.record_limit()
    }

    fn read(&self, id: &str) -> Option<Record> {
        let pending = self.changes.lock();
        let record = pending.resident.table.get(id)?.clone();
        Some(completed(pending.resident.layout.csv.as_deref(), record))
    }

    fn start(&self, request: ScanRequest) -> Scan {
        let pending = self.changes.lock();
        let feed = TableFeed::new(pending.resident.table.snapshot(), pending.resident.layout.csv.clone());
        drop(pending);
        Scan::new(Feed::Table(feed), request, self.ids, Arc::default())
    }
}

impl Pending {
    /// Writes all of it or nothing.
    fn write(&mut self, writes: Vec<WriteRequest>, limit: usize) -> Result<Vec<WriteOutcome>, (usize, Error)> {
        let mut outcomes = Vec::with_capacity(writes.len());
        let mut changed = Vec::new();
        let mut draft = Draft::new(&mut self.resident, None, limit);
        for (index, request) in writes.into_iter().enumerate() {
            let before = request.id.as_ref().and_then(|id| draft.version(id)).cloned();
            let steps = draft.steps();
            match draft.write(request) {
                Ok(outcome) => {
                    if draft.steps() > steps {
                        let removed = draft.version(&outcome.id).is_none();
                        changed.push((outcome.id.clone(), before, removed));
                    }
                    outcomes.push(outcome);
                }
                Err(error) => {
                    draft.undo();
                    return Err((index, error));
                }
            }
        }
        for (id, before, removed) in changed {
            let written = self.written.entry(id).or_insert_with(|| Written { before, removed: false });
            written.removed |= removed;
        }
        Ok(outcomes)
    }
}

impl Session for FileTransaction {
    fn read<'a>(&'a self, request: ReadRequest<'a>) -> Reply<'a, Option<Record>> {
        Reply::ready(Ok(self.read(request.id)))
    }

    fn exists<'a>(&'a self, request: ReadRequest<'a>) -> Reply<'a, bool> {
        Reply::ready(Ok(self.changes.lock().resident.table.slot_of(request.id).is_some()))
    }

    fn read_batch<'a>(&'a self, request: ReadBatchRequest<'a>) -> Reply<'a, Vec<Option<Record>>> {
        Reply::ready(Ok(request.ids.iter().map(|id| self.read(id)).collect()))
    }

    fn write(&self, request: WriteRequest) -> Reply<'_, WriteOutcome> {
        let written = self.changes.lock().write(vec![request], self.limit()).map_err(|(_, error)| error);
        let only = |mut outcomes: Vec<WriteOutcome>| {
            outcomes.pop().ok_or_else(|| Error::new(ErrorKind::Backend, "a write has no outcome"))
        };
        Reply::ready(written.and_then(only))
    }

    fn write_batch(&self, request: WriteBatchRequest) -> Reply<'_, Vec<WriteOutcome>> {
        let written = self.changes.lock().write(request.writes, self.limit());
        Reply::ready(written.map_err(|(index, error)| batch_error(index, error)))
    }

    fn leaf_support(&self, _leaf: &Leaf) -> Support {
        Support::Exact
    }

    fn sorts_exactly(&self, _sort: &[SortKey]) -> bool {
        true
    }

    fn scan(&self, request: ScanRequest) -> Reply<'_, RecordStream> {
        let scan = self.start(request);
        Reply::later(scan::stream(move |_| Ok(scan)))
    }

    fn count(&self, request: CountRequest) -> Reply<'_, u64> {
        let scan = self.start(ScanRequest::new(request.condition));
        Reply::later(scan::count(move |_| Ok(scan)))
    }

    fn modifying(&self) -> Option<&dyn Modifying> {
        None
    }

    fn aggregating(&self) -> Option<&dyn Aggregating> {
        None
    }

    fn lending(&self) -> Option<&dyn Lending> {
        None
    }
}

impl Transaction for FileTransaction {
    fn commit(self: Box<Self>) -> Reply<'static, ()> {
        let Pending { resident, written } = self.changes.into_inner();
        let store = self.store;
        if written.is_empty() {
            return Reply::ready(Ok(()));
        }
        Reply::later(scan::cancellable(move |cancelled: Arc<AtomicBool>| {
            store.change(&cancelled, |draft| commit(draft, &resident, &written))
        }))
    }

    fn rollback(self: Box<Self>) -> Reply<'static, ()> {
        Reply::ready(Ok(()))
    }

    fn savepoints(&self) -> Option<&dyn Savepoints> {
        Some(self)
    }
}

impl Savepoints for FileTransaction {
    fn set_savepoint(&self, number: u64) -> Reply<'_, ()> {
        self.savepoints.set(number, self.changes.lock().clone());
        Reply::ready(Ok(()))
    }

    fn release_savepoint(&self, number: u64) -> Reply<'_, ()> {
        self.savepoints.release(number);
        Reply::ready(Ok(()))
    }

    fn rollback_to_savepoint(&self, number: u64) -> Reply<'_, ()> {
        Reply::ready(self.savepoints.take(number).map(|then| *self.changes.lock() = then))
    }
}

fn commit(draft: &mut Draft<'_>, after: &Resident, written: &HashMap<RecordId, Written, RandomState>) -> Result<()> {
    for (id, change) in written {
        if draft.version(id) != change.before.as_ref() {
            return Err(Error::new(ErrorKind::Conflict, "another writer was first")
                .with_context("id", format!("`{}`", id.escape_debug())));
        }
    }
    for (id, change) in written {
        if change.before.is_some() && (change.removed || after.table.slot_of(id).is_none()) {
            draft.set(id, None)?;
        }
    }
    for record in after.table.iter() {
        if let Some(id) = record.id()
            && written.contains_key(id)
        {
            draft.set(id, Some(record.clone()))?;
        }
    }
    Ok(())
}
