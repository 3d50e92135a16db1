//! What a memory database holds, and how it is read and written under its lock.

use futures_util::{FutureExt as _, StreamExt as _};
use parking_lot::{RwLock, RwLockReadGuard};

use super::index::{Index, best_lookup};
use super::matching::{count_matching, matching};
use super::page::{SnapshotScan, page_of, page_of_matching};
use super::table::{Applied, Snapshot, Table};
use crate::aggregate::{Aggregation, Aggregator, Table as AggregateTable};
use crate::backend::{
    AccessPlan, IndexInfo, IndexKind, IndexRequest, ModifyAction, RecordStream, ScanRequest, WriteAction, WriteOutcome,
    WriteRequest, stream_of, stream_of_chunks,
};
use crate::error::{BatchFailure, Error, ErrorKind, Result};
use crate::query::{Condition, IdOrder, Matcher};
use crate::record::{Record, RecordId, Version};

/// The records and indexes of a memory database.
#[derive(Debug, Default)]
pub(super) struct Store {
    state: RwLock<State>,
}

/// What the lock guards.
///
/// Aligned so that it shares no cache line with its lock's word, which every reader writes: the
/// lines that all readers only read then stay in each core's cache.
#[derive(Debug, Default)]
#[repr(align(128))]
pub(super) struct State {
    pub(super) table: Table,
    pub(super) indexes: Vec<Index>,
    /// The last version given out.
    version: u64,
    /// Counts changes, so that persistence knows whether there is something to write.
    changes: u64,
}

/// An index is used when it leads to at most this share of the records.
const INDEX_SHARE: usize = 4;

impl State {
    /// The slots that an index leads to, in insertion order, with the index's name; none where a
    /// full scan is the better way.
    fn candidates(&self, condition: &Condition) -> Option<(&Index, Vec<u32>)> {
        if self.indexes.is_empty() {
            return None;
        }
        let (index, lookup, _) = best_lookup(condition, &self.indexes)?;
        let mut slots = index.slots(&lookup, self.table.len() / INDEX_SHARE + 16)?;
        slots.sort_unstable();
        Some((index, slots))
    }

    /// Makes every version from now on later than those of earlier lives of this store, which
    /// counted from an earlier time.
    pub(super) fn begin_versions_at(&mut self, time: std::time::SystemTime) {
        let micros = time.duration_since(std::time::UNIX_EPOCH).map_or(0, |since| since.as_micros());
        self.version = self.version.max(u64::try_from(micros).unwrap_or(0));
    }

    /// A version that no record had before.
    pub(super) fn next_version(&mut self) -> Version {
        self.version += 1;
        Version::from_number(self.version)
    }

    fn write(&mut self, request: WriteRequest) -> Result<Applied> {
        let version = self.next_version();
        let applied = self.table.apply(request, |_| version)?;
        if self.indexes.is_empty() {
            return Ok(applied);
        }
        if let Some(slot) = applied.slot {
            for index in &mut self.indexes {
                if let Some(before) = &applied.before {
                    index.remove(slot, before);
                }
                if let Some(after) = self.table.at(slot) {
                    index.add(slot, after);
                }
            }
        }
        Ok(applied)
    }

    fn undo(&mut self, applied: Applied) {
        if let Some(slot) = applied.slot {
            let State { table, indexes, .. } = self;
            for index in indexes {
                if let Some(after) = table.at(slot) {
                    index.remove(slot, after);
                }
                if let Some(before) = &applied.before {
                    index.add(slot, before);
                }
            }
        }
        self.table.undo(applied);
    }

    pub(super) fn put(&mut self, record: Record) -> Result<()> {
        let before = record.id().and_then(|id| self.table.get(id)).cloned();
        let slot = self.table.put(record.clone())?;
        for index in &mut self.indexes {
            if let Some(before) = &before {
                index.remove(slot, before);
            }
            index.add(slot, &record);
        }
        Ok(())
    }

    pub(super) fn remove(&mut self, id: &str) -> bool {
        let Some((slot, record)) = self.table.remove(id) else { return false };
        self.indexes.iter_mut().for_each(|index| index.remove(slot, &record));
        true
    }

    /// Closes holes when that pays; indexes are rebuilt, since slots move.
    fn tidy(&mut self) {
        if self.table.wants_compaction() {
            self.table.compact();
            let State { table, indexes, .. } = self;
            for index in indexes {
                *index = Index::build(index.info.clone(), table.iter_slots());
            }
        }
    }
}

impl Store {
    pub(super) fn next_version(&self) -> Version {
        self.state.write().next_version()
    }

    /// Counts changes; equal counts mean equal contents.
    pub(super) fn change_count(&self) -> u64 {
        self.state.read().changes
    }

    pub(super) fn read(&self, id: &str) -> Option<Record> {
        self.state.read().table.get(id).cloned()
    }

    pub(super) fn exists(&self, id: &str) -> bool {
        self.state.read().table.slot_of(id).is_some()
    }

    pub(super) fn read_batch(&self, ids: &[RecordId]) -> Vec<Option<Record>> {
        let state = self.state.read();
        ids.iter().map(|id| state.table.get(id).cloned()).collect()
    }

    pub(super) fn len(&self) -> usize {
        self.state.read().table.len()
    }

    pub(super) fn snapshot(&self) -> Snapshot {
        self.state.read().table.snapshot()
    }

    /// A snapshot and the number of changes it holds.
    pub(super) fn counted_snapshot(&self) -> (Snapshot, u64) {
        let state = self.state.read();
        (state.table.snapshot(), state.changes)
    }

    pub(super) fn state(&self) -> RwLockReadGuard<'_, State> {
        self.state.read()
    }

    /// Changes the state as one step; `change` must leave it as it was when it fails.
    pub(super) fn change<T>(&self, change: impl FnOnce(&mut State) -> Result<T>) -> Result<T> {
        let mut state = self.state.write();
        let result = change(&mut state)?;
        state.tidy();
        state.changes += 1;
        Ok(result)
    }

    pub(super) fn write(&self, request: WriteRequest) -> Result<WriteOutcome> {
        let deletes = matches!(request.action, WriteAction::Delete);
        let mut state = self.state.write();
        let outcome = state.write(request)?.outcome;
        state.changes += 1;
        if deletes {
            state.tidy();
        }
        Ok(outcome)
    }

    pub(super) fn write_batch(&self, writes: Vec<WriteRequest>) -> Result<Vec<WriteOutcome>> {
        self.change(|state| {
            let mut done: Vec<Applied> = Vec::with_capacity(writes.len());
            for (index, write) in writes.into_iter().enumerate() {
                match state.write(write) {
                    Ok(undo) => done.push(undo),
                    Err(error) => {
                        done.into_iter().rev().for_each(|undo| state.undo(undo));
                        return Err(batch_error(index, error));
                    }
                }
            }
            Ok(done.into_iter().map(|undo| undo.outcome).collect())
        })
    }

    pub(super) fn modify(&self, condition: &Condition, action: &ModifyAction) -> Result<u64> {
        let matcher = Matcher::new(condition);
        self.change(|state| {
            let found: Vec<Record> = match state.candidates(condition) {
                Some((_, slots)) => {
                    let records = slots.into_iter().filter_map(|slot| state.table.at(slot));
                    records.filter(|record| matcher.matches(record)).cloned().collect()
                }
                None => state.table.iter().filter(|record| matcher.matches(record)).cloned().collect(),
            };
            let count = found.len() as u64;
            match action {
                ModifyAction::Delete if count == state.table.len() as u64 => {
                    state.table.clear();
                    let State { table, indexes, .. } = state;
                    for index in indexes {
                        *index = Index::build(index.info.clone(), table.iter_slots());
                    }
                }
                ModifyAction::Delete => {
                    for record in &found {
                        state.remove(record.id().map_or("", RecordId::as_str));
                    }
                }
                ModifyAction::Patch(changes) => {
                    let mut patched = found;
                    for record in &mut patched {
                        changes.apply(record)?;
                        record.set_version(state.next_version());
                    }
                    patched.into_iter().try_for_each(|record| state.put(record))?;
                }
            }
            Ok(count)
        })
    }

    pub(super) fn scan(&self, request: ScanRequest) -> RecordStream {
        let state = self.state.read();
        if let Some((_, slots)) = state.candidates(&request.condition) {
            let records = slots.iter().filter_map(|slot| state.table.at(*slot));
            return stream_of(page_of(records, &request, IdOrder::CodePoint));
        }
        let snapshot = state.table.snapshot();
        drop(state);
        if request.sort.is_empty() {
            return stream_of_chunks(SnapshotScan::new(snapshot, request));
        }
        let found = matching(&snapshot, &request.condition);
        stream_of(page_of_matching(found.into_iter(), &request, IdOrder::CodePoint))
    }

    /// Hands over what a request finds, where it is.
    pub(super) fn lend(&self, request: &ScanRequest, visit: &mut dyn FnMut(&[&Record])) {
        let state = self.state.read();
        let by_index = state.candidates(&request.condition).is_some();
        let snapshot = state.table.snapshot();
        drop(state);
        if by_index || !request.sort.is_empty() || request.projection.is_some() {
            let mut stream = self.scan(request.clone());
            while let Some(Some(Ok(records))) = stream.next().now_or_never() {
                visit(&records.iter().collect::<Vec<_>>());
            }
            return;
        }
        let found = matching(&snapshot, &request.condition);
        let skip = usize::try_from(request.offset).unwrap_or(usize::MAX).min(found.len());
        let limit = request.limit.map_or(usize::MAX, |limit| usize::try_from(limit).unwrap_or(usize::MAX));
        let page = &found[skip..];
        visit(&page[..page.len().min(limit)]);
    }

    pub(super) fn count(&self, condition: &Condition) -> u64 {
        let state = self.state.read();
        if condition.is_true() {
            return state.table.len() as u64;
        }
        if let Some((_, slots)) = state.candidates(condition) {
            let matcher = Matcher::new(condition);
            let records = slots.iter().filter_map(|slot| state.table.at(*slot));
            return records.filter(|record| matcher.matches(record)).count() as u64;
        }
        let snapshot = state.table.snapshot();
        drop(state);
        count_matching(&snapshot, condition)
    }

    pub(super) fn aggregate(&self, condition: &Condition, aggregation: &Aggregation) -> Result<AggregateTable> {
        let matcher = Matcher::new(condition);
        let mut aggregator = Aggregator::new(aggregation)?;
        let snapshot = self.snapshot();
        snapshot.iter().filter(|record| matcher.matches(record)).try_for_each(|record| aggregator.push(record))?;
        aggregator.finish()
    }

    pub(super) fn access_plan(&self, request: &ScanRequest) -> AccessPlan {
        let state = self.state.read();
        let total = state.table.len() as u64;
        let mut plan = match state.candidates(&request.condition) {
            Some((index, slots)) => {
                let mut plan = AccessPlan::new(format!("index {} ({})", index.info.name, index.info.kind.name()));
                plan.index = Some(index.info.name.to_string());
                plan.rows_examined = Some(slots.len() as u64);
                plan
            }
            None => {
                let mut plan = AccessPlan::new("full scan in memory");
                plan.rows_examined = Some(total);
                plan
            }
        };
        plan.requests = Some(0);
        if plan.index.is_none() && total > 1_000 {
            plan.notes.extend(advice(&request.condition, &state.indexes));
        }
        plan
    }

    pub(super) fn create_index(&self, request: IndexRequest) -> Result<IndexInfo> {
        let info = IndexInfo::new(request.index_name(), request.path, request.kind);
        let mut state = self.state.write();
        if let Some(existing) = state.indexes.iter().find(|index| index.info.name == info.name) {
            if existing.info == info {
                return Ok(info);
            }
            return Err(Error::new(ErrorKind::AlreadyExists, "another index has this name")
                .with_context("index", format!("`{}`", info.name)));
        }
        let index = Index::build(info.clone(), state.table.iter_slots());
        state.indexes.push(index);
        Ok(info)
    }

    pub(super) fn list_indexes(&self) -> Vec<IndexInfo> {
        let mut indexes: Vec<IndexInfo> = self.state.read().indexes.iter().map(|index| index.info.clone()).collect();
        indexes.sort_by(|a, b| a.name.cmp(&b.name));
        indexes
    }

    pub(super) fn drop_index(&self, name: &str) -> bool {
        let mut state = self.state.write();
        let before = state.indexes.len();
        state.indexes.retain(|index| index.info.name != name);
        state.indexes.len() < before
    }
}

/// The error of a batch that failed at one of its items, nothing of it being done.
///
/// ```
/// use dataknobs_data_core::{Error, ErrorKind, memory::batch_error};
/// let error = batch_error(2, Error::invalid_record("no id"));
/// assert_eq!((error.kind(), error.failures()[0].index), (ErrorKind::InvalidRecord, 2));
/// ```
pub fn batch_error(index: usize, error: Error) -> Error {
    Error::new(error.kind(), error.message().to_owned())
        .with_context("index", index)
        .with_failures(vec![BatchFailure { index, error }])
}

/// What index would help a condition.
fn advice(condition: &Condition, indexes: &[Index]) -> Option<String> {
    let parts = match condition {
        Condition::All(parts) => parts.as_slice(),
        single => std::slice::from_ref(single),
    };
    parts.iter().find_map(|part| {
        let Condition::Leaf(leaf) = part else { return None };
        let kind = [IndexKind::Hash, IndexKind::Ordered].into_iter().find(|kind| {
            let info = IndexInfo::new("", leaf.path().clone(), *kind);
            let candidate = Index::build(info, std::iter::empty());
            candidate.lookup(leaf).is_some() && indexes.iter().all(|index| index.lookup(leaf).is_none())
        })?;
        Some(format!("an index on `{}` ({}) would narrow this down", leaf.path(), kind.name()))
    })
}
