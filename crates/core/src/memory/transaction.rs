//! Transactions in memory: a snapshot, the writes on top of it, and a commit that the first
//! writer of a record wins.

use std::sync::{Arc, OnceLock};

use foldhash::fast::RandomState;
use hashbrown::{HashMap, HashSet};
use parking_lot::Mutex;

use super::page::page_of;
use super::saved::SavedStates;
use super::store::{Store, batch_error};
use super::table::{Snapshot, Table};
use crate::backend::{
    Aggregating, CountRequest, Lending, Modifying, ReadBatchRequest, ReadRequest, RecordStream, Reply, Savepoints,
    ScanRequest, Session, Support, Transaction, WriteBatchRequest, WriteOutcome, WriteRequest, stream_of,
};
use crate::error::{Error, ErrorKind, Result};
use crate::query::{IdOrder, Leaf, SortKey};
use crate::record::{Record, RecordId, Version};

/// A transaction on a memory store: snapshot isolation.
#[derive(Debug)]
pub(super) struct MemoryTransaction {
    store: Arc<Store>,
    snapshot: Snapshot,
    /// Where ids stand in the snapshot; made when the live table cannot tell.
    ids: OnceLock<HashMap<RecordId, Record, RandomState>>,
    writes: Mutex<Writes>,
    savepoints: SavedStates<Writes>,
}

#[derive(Debug, Clone, Default)]
struct Writes {
    /// Every record touched, as the transaction sees it.
    overlay: Table,
    /// The version that each touched record has in the snapshot.
    base: HashMap<RecordId, Option<Version>, RandomState>,
    /// What was really written.
    written: HashSet<RecordId, RandomState>,
    /// What was removed, though it stands in the snapshot: created again, it goes to the end.
    removed: HashSet<RecordId, RandomState>,
}

impl MemoryTransaction {
    pub(super) fn begin(store: Arc<Store>) -> Self {
        let snapshot = store.snapshot();
        MemoryTransaction {
            store,
            snapshot,
            ids: OnceLock::new(),
            writes: Mutex::default(),
            savepoints: SavedStates::default(),
        }
    }

    fn in_snapshot(&self, id: &str) -> Option<Record> {
        let slot = self.store.state().table.slot_of(id);
        let same_slot = slot.and_then(|slot| self.snapshot.at(slot));
        if let Some(record) = same_slot.filter(|record| record.id().is_some_and(|found| found == id)) {
            return Some(record.clone());
        }
        // Removed, moved or made since the snapshot was taken.
        let ids = self.ids.get_or_init(|| {
            self.snapshot.iter().filter_map(|record| Some((record.id()?.clone(), record.clone()))).collect()
        });
        ids.get(id).cloned()
    }

    fn get(&self, writes: &Writes, id: &str) -> Option<Record> {
        if writes.written.contains(id) { writes.overlay.get(id).cloned() } else { self.in_snapshot(id) }
    }

    fn apply(&self, writes: &mut Writes, request: WriteRequest) -> Result<WriteOutcome> {
        let Some(id) = request.id.clone() else { return Err(Error::invalid_record("a write needs an id")) };
        if !writes.base.contains_key(&id) {
            let record = self.in_snapshot(&id);
            writes.base.insert(id.clone(), record.as_ref().and_then(|record| record.version().cloned()));
            if let Some(record) = record {
                writes.overlay.put(record)?;
            }
        }
        let applied = writes.overlay.apply(request, |_| self.store.next_version())?;
        if applied.slot.is_some() {
            if writes.overlay.get(&id).is_none() && writes.base.get(&id).is_some_and(Option::is_some) {
                writes.removed.insert(id.clone());
            }
            writes.written.insert(id);
        }
        Ok(applied.outcome)
    }

    /// The records as the transaction sees them, in insertion order.
    fn records(&self, writes: &Writes) -> Vec<Record> {
        let in_place = self.snapshot.iter().filter_map(|record| {
            let id = record.id()?;
            if !writes.written.contains(id) {
                return Some(record.clone());
            }
            if writes.removed.contains(id) { None } else { writes.overlay.get(id).cloned() }
        });
        let mut records: Vec<Record> = in_place.collect();
        records.extend(writes.new_records().cloned());
        records
    }

    fn page(&self, request: &ScanRequest) -> Vec<Record> {
        let writes = self.writes.lock();
        if writes.written.is_empty() {
            drop(writes);
            return page_of(self.snapshot.iter(), request, IdOrder::CodePoint);
        }
        let records = self.records(&writes);
        drop(writes);
        page_of(records.iter(), request, IdOrder::CodePoint)
    }
}

impl Writes {
    /// What stands at the end: records that the snapshot lacks, and removed ones made again.
    fn new_records(&self) -> impl Iterator<Item = &Record> {
        self.overlay.iter().filter(|record| {
            record.id().is_some_and(|id| {
                self.written.contains(id)
                    && (self.removed.contains(id) || self.base.get(id).is_none_or(Option::is_none))
            })
        })
    }
}

impl Session for MemoryTransaction {
    fn read<'a>(&'a self, request: ReadRequest<'a>) -> Reply<'a, Option<Record>> {
        Reply::ready(Ok(self.get(&self.writes.lock(), request.id)))
    }

    fn exists<'a>(&'a self, request: ReadRequest<'a>) -> Reply<'a, bool> {
        Reply::ready(Ok(self.get(&self.writes.lock(), request.id).is_some()))
    }

    fn read_batch<'a>(&'a self, request: ReadBatchRequest<'a>) -> Reply<'a, Vec<Option<Record>>> {
        let writes = self.writes.lock();
        Reply::ready(Ok(request.ids.iter().map(|id| self.get(&writes, id)).collect()))
    }

    fn write(&self, request: WriteRequest) -> Reply<'_, WriteOutcome> {
        Reply::ready(self.apply(&mut self.writes.lock(), request))
    }

    fn write_batch(&self, request: WriteBatchRequest) -> Reply<'_, Vec<WriteOutcome>> {
        let mut writes = self.writes.lock();
        let mut attempt = writes.clone();
        let outcomes: Result<Vec<WriteOutcome>> = request
            .writes
            .into_iter()
            .enumerate()
            .map(|(index, write)| self.apply(&mut attempt, write).map_err(|error| batch_error(index, error)))
            .collect();
        if outcomes.is_ok() {
            *writes = attempt;
        }
        Reply::ready(outcomes)
    }

    fn leaf_support(&self, _leaf: &Leaf) -> Support {
        Support::Exact
    }

    fn sorts_exactly(&self, _sort: &[SortKey]) -> bool {
        true
    }

    fn scan(&self, request: ScanRequest) -> Reply<'_, RecordStream> {
        Reply::ready(Ok(stream_of(self.page(&request))))
    }

    fn count(&self, request: CountRequest) -> Reply<'_, u64> {
        Reply::ready(Ok(self.page(&ScanRequest::new(request.condition)).len() as u64))
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

impl Transaction for MemoryTransaction {
    fn commit(self: Box<Self>) -> Reply<'static, ()> {
        let writes = self.writes.into_inner();
        if writes.written.is_empty() {
            return Reply::ready(Ok(()));
        }
        Reply::ready(self.store.change(|state| {
            for id in &writes.written {
                let stored = state.table.get(id).and_then(Record::version);
                let base = writes.base.get(id).and_then(Option::as_ref);
                if stored != base {
                    return Err(Error::new(ErrorKind::Conflict, "another writer was first")
                        .with_context("id", format!("`{}`", id.escape_debug())));
                }
            }
            for id in &writes.written {
                if writes.removed.contains(id) || writes.overlay.get(id).is_none() {
                    state.remove(id);
                }
            }
            let written =
                writes.overlay.iter().filter(|record| record.id().is_some_and(|id| writes.written.contains(id)));
            written.cloned().try_for_each(|record| state.put(record))
        }))
    }

    fn rollback(self: Box<Self>) -> Reply<'static, ()> {
        Reply::ready(Ok(()))
    }

    fn savepoints(&self) -> Option<&dyn Savepoints> {
        Some(self)
    }
}

impl Savepoints for MemoryTransaction {
    fn set_savepoint(&self, number: u64) -> Reply<'_, ()> {
        self.savepoints.set(number, self.writes.lock().clone());
        Reply::ready(Ok(()))
    }

    fn release_savepoint(&self, number: u64) -> Reply<'_, ()> {
        self.savepoints.release(number);
        Reply::ready(Ok(()))
    }

    fn rollback_to_savepoint(&self, number: u64) -> Reply<'_, ()> {
        Reply::ready(self.savepoints.take(number).map(|then| *self.writes.lock() = then))
    }
}
