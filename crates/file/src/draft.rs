//! Changes to the records in memory that are not written yet, and can be taken back.

use dataknobs_data_arrow::{cores, each_in_a_thread, fetch, rows_a_thread};
use dataknobs_data_core::backend::{ModifyAction, WriteAction, WriteOutcome, WriteRequest};
use dataknobs_data_core::memory::{Applied, Table, batch_error};
use dataknobs_data_core::{Condition, Error, ErrorKind, Matcher, Record, RecordId, Result, Version};

use crate::format::rows_write::FETCHED;
use crate::journal::change;
use crate::key::Key;
use crate::store::Resident;
use crate::version::version_of;

/// So many writes at once, and a share of all records, are written as a new file rather than to the
/// journal and later once more to the file.
const DIRECT_WRITES: usize = 1_000;

/// Changes on top of what is in memory.
pub(crate) struct Draft<'a> {
    pub(crate) resident: &'a mut Resident,
    /// Where the commit's bytes go; none where nobody wants them.
    pub(crate) frame: Option<&'a mut Vec<u8>>,
    max_record_bytes: usize,
    /// For each change its slot, and the record before.
    undo: Vec<(u32, Option<Record>)>,
    /// All records, before they went at once.
    cleared: Option<Table>,
    changed: bool,
}

impl<'a> Draft<'a> {
    pub(crate) fn new(resident: &'a mut Resident, frame: Option<&'a mut Vec<u8>>, max_record_bytes: usize) -> Self {
        Draft { resident, frame, max_record_bytes, undo: Vec::new(), cleared: None, changed: false }
    }

    /// Whether anything changed.
    pub(crate) fn changed(&self) -> bool {
        self.changed
    }

    /// How many single changes there were.
    pub(crate) fn steps(&self) -> usize {
        self.undo.len()
    }

    /// Takes everything back.
    pub(crate) fn undo(self) {
        let table = &mut self.resident.table;
        if let Some(cleared) = self.cleared {
            *table = cleared;
        }
        self.undo.into_iter().rev().for_each(|(slot, before)| table.put_back(slot, before));
    }

    #[inline]
    pub(crate) fn write(&mut self, mut request: WriteRequest) -> Result<WriteOutcome> {
        self.complete(&mut request)?;
        self.apply(request)
    }

    #[inline]
    fn apply(&mut self, request: WriteRequest) -> Result<WriteOutcome> {
        let missing_is_null = self.resident.missing_is_null();
        let version = |record: &Record| version_of(record, missing_is_null);
        let Applied { outcome, slot, before } = self.resident.table.apply(request, version)?;
        let Some(slot) = slot else { return Ok(outcome) };
        let is_new = before.is_none();
        self.undo.push((slot, before));
        self.changed = true;
        self.resident.note(Some(&outcome.id));
        if let Some(frame) = self.frame.as_deref_mut() {
            match self.resident.table.at(slot) {
                Some(record) => {
                    change::put(frame, record, is_new, &self.resident.layout.key, self.max_record_bytes)?;
                }
                None => change::delete(frame, &outcome.id),
            }
        }
        Ok(outcome)
    }

    pub(crate) fn write_batch(&mut self, writes: Vec<WriteRequest>) -> Result<Vec<WriteOutcome>> {
        if writes.len() >= DIRECT_WRITES && writes.len() >= self.resident.table.len() / 4 {
            self.frame = None;
        }
        self.undo.reserve(writes.len());
        self.resident.table.reserve(writes.iter().filter_map(created).count());
        // What is to be the next integer key shows only when the one before is there.
        let is_plain = |write: &WriteRequest| created(write).is_some() && write.expected_version.is_none();
        if self.frame.is_none() && !self.resident.layout.key.is_integer() && writes.iter().all(is_plain) {
            return self.create_all(writes);
        }
        let mut outcomes = Vec::with_capacity(writes.len());
        let mut writes = writes.into_iter();
        while !writes.as_slice().is_empty() {
            fetch(writes.as_slice().iter().take(FETCHED).filter_map(created));
            for write in writes.by_ref().take(FETCHED) {
                let written = self.write(write);
                outcomes.push(written.map_err(|error| batch_error(outcomes.len(), error))?);
            }
        }
        Ok(outcomes)
    }

    /// Creates records: made ready by all cores, then added one after another.
    fn create_all(&mut self, mut writes: Vec<WriteRequest>) -> Result<Vec<WriteOutcome>> {
        let Resident { table, layout, .. } = &*self.resident;
        let (key, missing_is_null) = (&layout.key, layout.csv.is_some());
        // Ids sort by time, so that they are made in order.
        for write in writes.iter_mut().filter(|write| write.id.is_none()) {
            if created(write).is_some_and(|record| matches!(key.id_in(record), Ok(None))) {
                write.id = Some(RecordId::generate());
            }
        }
        let prepare = |write: &mut WriteRequest| {
            let action = std::mem::replace(&mut write.action, WriteAction::Delete);
            let WriteAction::Create(mut record) = action else { return Err(Error::invalid_record("no record")) };
            let id = match write.id.take() {
                Some(id) => id,
                None => key.id_in(&record)?.unwrap_or_else(RecordId::generate),
            };
            key.complete(&id, &mut record)?;
            let version = version_of(&record, missing_is_null);
            Ok(table.prepare(id, record, version))
        };
        let share = rows_a_thread(writes.len(), cores(usize::MAX));
        let parts = each_in_a_thread(writes.chunks_mut(share).collect(), |writes| {
            let mut prepared = Vec::with_capacity(writes.len());
            for some in writes.chunks_mut(FETCHED) {
                fetch(some.iter().filter_map(created));
                for write in some {
                    match prepare(write) {
                        Ok(record) => prepared.push(record),
                        Err(error) => return Some((prepared, Some(error))),
                    }
                }
            }
            Some((prepared, None))
        });
        let parts = parts.ok_or_else(|| Error::new(ErrorKind::Backend, "a thread that made records ready panicked"))?;
        let mut outcomes = Vec::with_capacity(writes.len());
        for (prepared, failure) in parts {
            for record in prepared {
                let created = self.resident.table.create(record);
                let Applied { outcome, slot, .. } = created.map_err(|error| batch_error(outcomes.len(), error))?;
                self.undo.extend(slot.map(|slot| (slot, None)));
                self.changed = true;
                self.resident.note(Some(&outcome.id));
                outcomes.push(outcome);
            }
            failure.map_or(Ok(()), |error| Err(batch_error(outcomes.len(), error)))?;
        }
        Ok(outcomes)
    }

    /// Completes a request with an id, and with the key in the record's key field.
    #[inline]
    fn complete(&mut self, request: &mut WriteRequest) -> Result<()> {
        let key = &self.resident.layout.key;
        if request.id.is_none() {
            request.id = Some(match &request.action {
                WriteAction::Create(record) | WriteAction::Upsert(record) => match key.id_in(record)? {
                    Some(id) => id,
                    None => self.generate(key)?,
                },
                _ => return Err(Error::invalid_record("a write needs an id")),
            });
        }
        let Some(id) = &request.id else { return Ok(()) };
        match &mut request.action {
            WriteAction::Create(record) | WriteAction::Upsert(record) => key.complete(id, record)?,
            WriteAction::Update(record) if self.resident.table.slot_of(id).is_some() => key.complete(id, record)?,
            WriteAction::Patch(changes) => {
                if let Some(before) = self.resident.table.get(id) {
                    let mut patched = before.clone();
                    changes.apply(&mut patched)?;
                    check_patched(key, id, patched)?;
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn generate(&self, key: &Key) -> Result<RecordId> {
        if !key.is_integer() {
            return Ok(RecordId::generate());
        }
        match self.resident.greatest.checked_add(1) {
            Some(next) => RecordId::new(next.to_string()),
            None => Err(Error::invalid_record("there is no integer key left above the greatest one")),
        }
    }

    pub(crate) fn modify(&mut self, condition: &Condition, action: &ModifyAction) -> Result<u64> {
        let matcher = Matcher::new(condition);
        let found: Vec<Record> = self.resident.table.iter().filter(|record| matcher.matches(record)).cloned().collect();
        let count = found.len() as u64;
        if found.is_empty() {
            return Ok(0);
        }
        match action {
            ModifyAction::Delete if found.len() == self.resident.table.len() => {
                self.cleared = Some(std::mem::take(&mut self.resident.table));
                self.changed = true;
                if let Some(frame) = self.frame.as_deref_mut() {
                    change::clear(frame);
                }
            }
            ModifyAction::Delete => {
                for id in found.iter().filter_map(Record::id) {
                    self.apply(WriteRequest::new(id.clone(), WriteAction::Delete))?;
                }
            }
            ModifyAction::Patch(changes) => {
                for mut record in found {
                    let Some(id) = record.id().cloned() else { continue };
                    changes.apply(&mut record)?;
                    check_patched(&self.resident.layout.key, &id, record.clone())?;
                    self.apply(WriteRequest::new(id, WriteAction::Update(record)))?;
                }
            }
            _ => return Err(Error::unsupported("the file store does not know this change")),
        }
        Ok(count)
    }

    /// Removes a record, or puts one in its place or at the end, whatever is there.
    pub(crate) fn set(&mut self, id: &RecordId, record: Option<Record>) -> Result<()> {
        let action = match record {
            Some(record) => WriteAction::Upsert(record),
            None => WriteAction::Delete,
        };
        self.apply(WriteRequest::new(id.clone(), action)).map(drop)
    }

    /// The version of a record as it is now.
    pub(crate) fn version(&self, id: &str) -> Option<&Version> {
        self.resident.table.get(id).and_then(Record::version)
    }
}

/// The record that a write adds, if its id has to be new.
fn created(write: &WriteRequest) -> Option<&Record> {
    if let WriteAction::Create(record) = &write.action { Some(record) } else { None }
}

/// Refuses changes that would part a record from its key.
fn check_patched(key: &Key, id: &RecordId, mut patched: Record) -> Result<()> {
    if let Some(name) = key.field_name()
        && patched.get(name).is_none_or(|value| value.is_null())
    {
        return Err(Error::invalid_record("the key field of a record cannot be taken away")
            .with_context("field", format!("`{}`", name.escape_debug())));
    }
    key.complete(id, &mut patched)
}
