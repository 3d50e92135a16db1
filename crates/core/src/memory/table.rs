//! Records in insertion order with look-up by id, and cheap snapshots.
//!
//! Records stand in chunks that are shared with snapshots and copied when they are written while a
//! snapshot still holds them. A snapshot therefore costs one pointer per chunk, and nothing that a
//! reader holds ever changes.

use std::hash::BuildHasher;

use foldhash::fast::RandomState;
use hashbrown::HashTable;
use hashbrown::hash_table::Entry;
use triomphe::Arc;

use crate::backend::{WriteAction, WriteOutcome, WriteRequest};
use crate::error::{Error, ErrorKind, Result};
use crate::record::{Record, RecordId, Version};

/// Records per chunk: what one write copies while a snapshot is held.
const CHUNK: usize = 512;

/// Below this many holes a table is never compacted.
const MIN_HOLES: usize = 1_024;

type Chunk = Arc<Vec<Option<Record>>>;

/// Where an id stands, and enough of its hash to place it without looking at the record.
#[derive(Debug, Clone, Copy)]
struct Place {
    slot: u32,
    hash: u32,
}

/// The slot after so many.
fn next_slot(slots: usize) -> Result<u32> {
    u32::try_from(slots).map_err(|_| Error::invalid_record("the table is full").with_context("records", slots))
}

/// The hash that a table uses, from the part that a [`Place`] keeps.
#[inline]
fn widen(hash: u32) -> u64 {
    u64::from(hash).wrapping_mul(0x9E37_79B9_7F4A_7C15)
}

/// A table of records.
///
/// ```
/// use dataknobs_data_core::{record, memory::Table};
/// let mut table = Table::new();
/// let slot = table.put(record! { "n": 1 }?.with_id("a")?)?;
/// let snapshot = table.snapshot();
/// table.put(record! { "n": 2 }?.with_id("a")?)?;
/// assert_eq!((table.slot_of("a"), table.len()), (Some(slot), 1));
/// assert_eq!(table.get("a").unwrap()["n"].as_integer(), Some(2));
/// assert_eq!(snapshot.at(slot).unwrap()["n"].as_integer(), Some(1));
/// # Ok::<(), dataknobs_data_core::Error>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct Table {
    chunks: Vec<Chunk>,
    slots: usize,
    ids: HashTable<Place>,
    hasher: RandomState,
}

/// What a table held at one moment. Cloning is cheap.
///
/// ```
/// use dataknobs_data_core::{record, memory::{Snapshot, Table}};
/// let mut table = Table::new();
/// table.put(record! { "n": 1 }?.with_id("a")?)?;
/// let snapshot: Snapshot = table.snapshot();
/// table.clear();
/// assert_eq!((snapshot.len(), table.len()), (1, 0));
/// assert_eq!(snapshot.chunk(0).count(), 1);
/// # Ok::<(), dataknobs_data_core::Error>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct Snapshot {
    chunks: std::sync::Arc<[Chunk]>,
    len: usize,
}

/// A record that is ready to be created.
#[derive(Debug, Clone)]
pub struct Prepared {
    hash: u32,
    record: Record,
    outcome: WriteOutcome,
}

/// What one write did to a table, for those who keep something beside it.
///
/// ```
/// use dataknobs_data_core::backend::{WriteAction, WriteRequest};
/// use dataknobs_data_core::memory::{Applied, Table};
/// use dataknobs_data_core::{RecordId, Version, record};
/// let mut table = Table::new();
/// let create = WriteRequest::new(RecordId::new("a")?, WriteAction::Create(record! { "n": 1 }?));
/// let applied: Applied = table.apply(create, |_| Version::from_number(1))?;
/// assert!(applied.before.is_none() && !applied.outcome.found);
/// assert_eq!(table.at(applied.slot.unwrap()), table.get("a"));
/// # Ok::<(), dataknobs_data_core::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Applied {
    /// What the write answers.
    pub outcome: WriteOutcome,
    /// The slot, where something was written.
    pub slot: Option<u32>,
    /// The record before; what there is now stands in the slot.
    pub before: Option<Record>,
}

impl Table {
    /// An empty table.
    ///
    /// ```
    /// use dataknobs_data_core::memory::Table;
    /// assert_eq!(Table::new().iter().count(), 0);
    /// ```
    pub fn new() -> Self {
        Self::default()
    }

    /// How many records.
    ///
    /// ```
    /// use dataknobs_data_core::record;
    /// # use dataknobs_data_core::memory::Table;
    /// # let mut table = Table::new();
    /// table.put(record! { "n": 1 }?.with_id("a")?)?;
    /// assert_eq!(table.len(), 1);
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Makes room for so many more records.
    ///
    /// ```
    /// # use dataknobs_data_core::memory::Table;
    /// let mut table = Table::new();
    /// table.reserve(100_000);
    /// assert!(table.is_empty());
    /// ```
    pub fn reserve(&mut self, records: usize) {
        self.chunks.reserve(records / CHUNK);
        self.ids.reserve(records, |place| widen(place.hash));
    }

    /// Whether there are none.
    ///
    /// ```
    /// use dataknobs_data_core::memory::Table;
    /// assert!(Table::new().is_empty());
    /// ```
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    #[inline]
    fn hash(&self, id: &str) -> u32 {
        self.hasher.hash_one(id) as u32
    }

    #[inline]
    fn find(&self, hash: u32, id: &str) -> Option<(u32, &Record)> {
        let mut found = None;
        self.ids.find(widen(hash), |place| {
            if place.hash != hash {
                return false;
            }
            let record = self.at(place.slot).filter(|record| record.id().is_some_and(|other| other == id));
            found = record.map(|record| (place.slot, record));
            found.is_some()
        });
        found
    }

    /// The slot of an id. Slots are stable until [`Table::compact`] moves records.
    ///
    /// ```
    /// use dataknobs_data_core::record;
    /// # use dataknobs_data_core::memory::Table;
    /// # let mut table = Table::new();
    /// let slot = table.put(record! { "n": 1 }?.with_id("a")?)?;
    /// assert_eq!((table.slot_of("a"), table.slot_of("b")), (Some(slot), None));
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    pub fn slot_of(&self, id: &str) -> Option<u32> {
        self.find(self.hash(id), id).map(|(slot, _)| slot)
    }

    /// The record in a slot.
    ///
    /// ```
    /// use dataknobs_data_core::record;
    /// # use dataknobs_data_core::memory::Table;
    /// # let mut table = Table::new();
    /// let slot = table.put(record! { "n": 1 }?.with_id("a")?)?;
    /// assert_eq!(table.at(slot), table.get("a"));
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    #[inline]
    pub fn at(&self, slot: u32) -> Option<&Record> {
        let slot = slot as usize;
        self.chunks.get(slot / CHUNK)?.get(slot % CHUNK)?.as_ref()
    }

    /// The record with an id.
    ///
    /// ```
    /// use dataknobs_data_core::record;
    /// # use dataknobs_data_core::memory::Table;
    /// # let mut table = Table::new();
    /// table.put(record! { "n": 1 }?.with_id("a")?)?;
    /// assert_eq!(table.get("a").unwrap()["n"].as_integer(), Some(1));
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    #[inline]
    pub fn get(&self, id: &str) -> Option<&Record> {
        self.find(self.hash(id), id).map(|(_, record)| record)
    }

    /// The records, in insertion order.
    ///
    /// ```
    /// use dataknobs_data_core::record;
    /// # use dataknobs_data_core::memory::Table;
    /// # let mut table = Table::new();
    /// table.put(record! { "n": 2 }?.with_id("b")?)?;
    /// table.put(record! { "n": 1 }?.with_id("a")?)?;
    /// assert!(table.iter().map(|record| record["n"].as_integer().unwrap()).eq([2, 1]));
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    pub fn iter(&self) -> impl Iterator<Item = &Record> {
        self.chunks.iter().flat_map(|chunk| chunk.iter()).flatten()
    }

    /// The records with their slots, in insertion order.
    ///
    /// ```
    /// use dataknobs_data_core::record;
    /// # use dataknobs_data_core::memory::Table;
    /// # let mut table = Table::new();
    /// let slot = table.put(record! { "n": 1 }?.with_id("a")?)?;
    /// assert!(table.iter_slots().map(|(slot, _)| slot).eq([slot]));
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    pub fn iter_slots(&self) -> impl Iterator<Item = (u32, &Record)> {
        let slots = self.chunks.iter().flat_map(|chunk| chunk.iter());
        slots.enumerate().filter_map(|(slot, record)| Some((slot as u32, record.as_ref()?)))
    }

    /// What the table holds now.
    ///
    /// ```
    /// use dataknobs_data_core::record;
    /// # use dataknobs_data_core::memory::Table;
    /// # let mut table = Table::new();
    /// let before = table.snapshot();
    /// table.put(record! { "n": 1 }?.with_id("a")?)?;
    /// assert!(before.is_empty() && table.snapshot().len() == 1);
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    pub fn snapshot(&self) -> Snapshot {
        Snapshot { chunks: self.chunks.as_slice().into(), len: self.len() }
    }

    /// Adds a record at the end, or replaces the one with its id in its place. Gives the slot.
    ///
    /// ```
    /// use dataknobs_data_core::record;
    /// # use dataknobs_data_core::memory::Table;
    /// # let mut table = Table::new();
    /// let slot = table.put(record! { "n": 1 }?.with_id("a")?)?;
    /// assert_eq!(table.put(record! { "n": 2 }?.with_id("a")?)?, slot); // in its place
    /// assert!(table.put(record! { "n": 3 }?).is_err()); // no id
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`InvalidRecord`](ErrorKind::InvalidRecord) when the record has no id or the table is full.
    pub fn put(&mut self, record: Record) -> Result<u32> {
        let Some(id) = record.id() else {
            return Err(Error::invalid_record("a stored record needs an id"));
        };
        let hash = self.hash(id);
        if let Some((slot, _)) = self.find(hash, id) {
            self.set_slot(slot, Some(record));
            return Ok(slot);
        }
        self.append(hash, record)
    }

    fn append(&mut self, hash: u32, record: Record) -> Result<u32> {
        let slot = self.push(record)?;
        self.ids.insert_unique(widen(hash), Place { slot, hash }, |place| widen(place.hash));
        Ok(slot)
    }

    /// Makes a record ready to be created under this id, with this version. Several threads may do
    /// that for one table.
    ///
    /// ```
    /// use dataknobs_data_core::{RecordId, Version, record};
    /// # use dataknobs_data_core::memory::Table;
    /// let mut table = Table::new();
    /// let prepared = table.prepare(RecordId::new("ada")?, record! { "n": 1 }?, Version::from_number(7));
    /// let applied = table.create(prepared.clone())?;
    /// assert_eq!(applied.outcome.id.as_str(), "ada");
    /// assert_eq!(table.get("ada").unwrap()["n"].as_integer(), Some(1));
    /// assert!(table.create(prepared).is_err());
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    #[inline]
    pub fn prepare(&self, id: RecordId, mut record: Record, version: Version) -> Prepared {
        record.prepare_for_store(&id, version.clone());
        Prepared { hash: self.hash(&id), record, outcome: WriteOutcome::new(id, false, version) }
    }

    /// Adds a record whose id must be new, in one look at the ids. It must be prepared by this table.
    ///
    /// # Errors
    /// [`AlreadyExists`](ErrorKind::AlreadyExists).
    #[inline]
    pub fn create(&mut self, prepared: Prepared) -> Result<Applied> {
        let Prepared { hash, record, outcome } = prepared;
        let chunks = &self.chunks;
        let is_there = |place: &Place| {
            let slot = place.slot as usize;
            let record = || chunks.get(slot / CHUNK)?.get(slot % CHUNK)?.as_ref();
            place.hash == hash && record().is_some_and(|record| record.id() == Some(&outcome.id))
        };
        match self.ids.entry(widen(hash), is_there, |place| widen(place.hash)) {
            Entry::Occupied(_) => Err(already_exists(&outcome.id)),
            Entry::Vacant(place) => {
                let slot = next_slot(self.slots)?;
                place.insert(Place { slot, hash });
                self.push(record)?;
                Ok(Applied { outcome, slot: Some(slot), before: None })
            }
        }
    }

    fn push(&mut self, record: Record) -> Result<u32> {
        let slot = next_slot(self.slots)?;
        if self.slots.is_multiple_of(CHUNK) {
            // The first chunk grows as it needs to; a table that has filled one will fill more.
            let capacity = if self.slots == 0 { 4 } else { CHUNK };
            self.chunks.push(Arc::new(Vec::with_capacity(capacity)));
        }
        if let Some(chunk) = self.chunks.last_mut() {
            Arc::make_mut(chunk).push(Some(record));
        }
        self.slots += 1;
        Ok(slot)
    }

    /// Puts something into a slot and gives what was there.
    fn set_slot(&mut self, slot: u32, record: Option<Record>) -> Option<Record> {
        let slot = slot as usize;
        std::mem::replace(&mut Arc::make_mut(&mut self.chunks[slot / CHUNK])[slot % CHUNK], record)
    }

    /// Takes a record out. Gives its slot and the record.
    ///
    /// ```
    /// use dataknobs_data_core::record;
    /// # use dataknobs_data_core::memory::Table;
    /// # let mut table = Table::new();
    /// let slot = table.put(record! { "n": 1 }?.with_id("a")?)?;
    /// assert_eq!(table.remove("a"), Some((slot, record! { "n": 1 }?)));
    /// assert_eq!(table.remove("a"), None);
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    pub fn remove(&mut self, id: &str) -> Option<(u32, Record)> {
        let hash = self.hash(id);
        let (slot, _) = self.find(hash, id)?;
        let entry = self.ids.find_entry(widen(hash), |place| place.slot == slot);
        entry.ok()?.remove();
        self.set_slot(slot, None).map(|record| (slot, record))
    }

    /// Takes back what [`Table::apply`] did, if nothing came after it or that was taken back before.
    ///
    /// ```
    /// use dataknobs_data_core::{RecordId, Version, backend::*, memory::Table, record};
    /// let mut table = Table::new();
    /// table.put(record! { "n": 1 }?.with_id("a")?)?;
    /// let request = WriteRequest::new(RecordId::new("a")?, WriteAction::Delete);
    /// let applied = table.apply(request, |_| Version::from_number(2))?;
    /// assert!(table.get("a").is_none());
    /// table.undo(applied);
    /// assert_eq!(table.get("a").unwrap()["n"].as_integer(), Some(1));
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    pub fn undo(&mut self, applied: Applied) {
        if let Some(slot) = applied.slot {
            self.put_back(slot, applied.before);
        }
    }

    /// The same for those who keep no more of an [`Applied`] than they need.
    ///
    /// ```
    /// # use dataknobs_data_core::{Version, backend::*, memory::Table, record};
    /// # let mut table = Table::new();
    /// let record = record! { "n": 1 }?.with_id("a")?;
    /// let request = WriteRequest::new(record.id().cloned(), WriteAction::Create(record));
    /// let applied = table.apply(request, |_| Version::from_number(1))?;
    /// table.put_back(applied.slot.unwrap(), None);
    /// assert!(table.is_empty());
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    pub fn put_back(&mut self, slot: u32, before: Option<Record>) {
        match before {
            Some(before) => self.restore(slot, before),
            None => {
                if let Some(id) = self.at(slot).and_then(Record::id).cloned() {
                    self.remove(&id);
                }
            }
        }
    }

    /// Puts a record back into the slot it was taken from or replaced in.
    fn restore(&mut self, slot: u32, record: Record) {
        let hash = self.hash(record.id().map_or("", RecordId::as_str));
        let known = self.ids.find(widen(hash), |place| place.slot == slot).is_some();
        self.set_slot(slot, Some(record));
        if !known {
            self.ids.insert_unique(widen(hash), Place { slot, hash }, |place| widen(place.hash));
        }
    }

    /// Takes everything out.
    ///
    /// ```
    /// use dataknobs_data_core::record;
    /// # use dataknobs_data_core::memory::Table;
    /// # let mut table = Table::new();
    /// table.put(record! { "n": 1 }?.with_id("a")?)?;
    /// table.clear();
    /// assert!(table.is_empty());
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    pub fn clear(&mut self) {
        self.chunks.clear();
        self.slots = 0;
        self.ids.clear();
    }

    /// Whether so much was removed that [`Table::compact`] pays.
    ///
    /// ```
    /// use dataknobs_data_core::record;
    /// # use dataknobs_data_core::memory::Table;
    /// # let mut table = Table::new();
    /// table.put(record! { "n": 1 }?.with_id("a")?)?;
    /// table.remove("a");
    /// assert!(!table.wants_compaction()); // one hole is nothing yet
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    pub fn wants_compaction(&self) -> bool {
        let holes = self.slots - self.len();
        holes > MIN_HOLES && holes > self.len()
    }

    /// Closes the holes that removed records left. Slots change.
    ///
    /// ```
    /// use dataknobs_data_core::record;
    /// # use dataknobs_data_core::memory::Table;
    /// # let mut table = Table::new();
    /// table.put(record! { "n": 1 }?.with_id("a")?)?;
    /// table.put(record! { "n": 2 }?.with_id("b")?)?;
    /// table.remove("a");
    /// table.compact();
    /// assert_eq!(table.slot_of("b"), Some(0));
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    pub fn compact(&mut self) {
        let records: Vec<Record> = self.iter().cloned().collect();
        self.clear();
        for record in records {
            let hash = self.hash(record.id().map_or("", RecordId::as_str));
            // There are fewer records than before, so the table cannot be full.
            let _ = self.append(hash, record);
        }
    }

    /// Applies one write; `version` makes the version of what is stored.
    ///
    /// ```
    /// use dataknobs_data_core::backend::{WriteAction, WriteRequest};
    /// use dataknobs_data_core::{Changes, RecordId, Version, record};
    /// # use dataknobs_data_core::memory::Table;
    /// # let mut table = Table::new();
    /// table.put(record! { "n": 1 }?.with_id("a")?)?;
    /// let patch = WriteRequest::new(RecordId::new("a")?, WriteAction::Patch(Changes::new().set("n", 2)));
    /// let applied = table.apply(patch, |_| Version::from_number(2))?;
    /// assert_eq!((applied.before, applied.outcome.found), (Some(record! { "n": 1 }?), true));
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`AlreadyExists`](ErrorKind::AlreadyExists), [`Conflict`](ErrorKind::Conflict), or
    /// [`InvalidRecord`](ErrorKind::InvalidRecord) from a patch; the table is then unchanged.
    pub fn apply(&mut self, request: WriteRequest, version: impl FnOnce(&Record) -> Version) -> Result<Applied> {
        let WriteRequest { id, action, expected_version } = request;
        let Some(id) = id else { return Err(Error::invalid_record("a write needs an id")) };
        let action = match action {
            WriteAction::Create(record) if expected_version.is_none() => {
                let version = version(&record);
                return self.create(self.prepare(id, record, version));
            }
            action => action,
        };
        let hash = self.hash(&id);
        let found = self.find(hash, &id);
        let before = found.map(|(_, record)| record);
        check_expected(before, expected_version.as_ref(), &id)?;
        let mut record = match (action, before) {
            (WriteAction::Create(_), Some(_)) => return Err(already_exists(&id)),
            (WriteAction::Create(record), None) | (WriteAction::Upsert(record), _) => record,
            (WriteAction::Update(record), Some(_)) => record,
            (WriteAction::Patch(changes), Some(before)) => {
                let mut record = before.clone();
                changes.apply(&mut record)?;
                record
            }
            (WriteAction::Delete, Some(_)) => {
                let (slot, before) = self.remove(&id).unzip();
                return Ok(Applied { outcome: WriteOutcome::new(id, true, None), slot, before });
            }
            (WriteAction::Update(_) | WriteAction::Patch(_) | WriteAction::Delete, None) => {
                return Ok(Applied { outcome: WriteOutcome::new(id, false, None), slot: None, before: None });
            }
        };
        let version = version(&record);
        record.prepare_for_store(&id, version.clone());
        let (slot, before) = match found {
            Some((slot, _)) => (slot, self.set_slot(slot, Some(record))),
            None => (self.append(hash, record)?, None),
        };
        Ok(Applied { outcome: WriteOutcome::new(id, before.is_some(), version), slot: Some(slot), before })
    }
}

/// The error of a create whose id is there.
pub(crate) fn already_exists(id: &str) -> Error {
    Error::new(ErrorKind::AlreadyExists, "a record with this id is there already")
        .with_context("id", format!("`{}`", id.escape_debug()))
}

/// Refuses a write whose expected version is not the stored one.
pub(crate) fn check_expected(before: Option<&Record>, expected: Option<&Version>, id: &str) -> Result<()> {
    let Some(expected) = expected else { return Ok(()) };
    let problem = match before {
        None => "a version was expected, but the record is not there",
        Some(record) if record.version() != Some(expected) => "the stored version is not the expected one",
        Some(_) => return Ok(()),
    };
    Err(Error::new(ErrorKind::Conflict, problem).with_context("id", format!("`{}`", id.escape_debug())))
}

impl Snapshot {
    /// How many records.
    ///
    /// ```
    /// use dataknobs_data_core::record;
    /// # use dataknobs_data_core::memory::Table;
    /// # let mut table = Table::new();
    /// table.put(record! { "n": 1 }?.with_id("a")?)?;
    /// assert_eq!(table.snapshot().len(), 1);
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are none.
    ///
    /// ```
    /// use dataknobs_data_core::memory::Table;
    /// assert!(Table::new().snapshot().is_empty());
    /// ```
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The records, in insertion order.
    ///
    /// ```
    /// use dataknobs_data_core::record;
    /// # use dataknobs_data_core::memory::Table;
    /// # let mut table = Table::new();
    /// table.put(record! { "n": 1 }?.with_id("a")?)?;
    /// assert_eq!(table.snapshot().iter().next(), table.get("a"));
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    pub fn iter(&self) -> impl Iterator<Item = &Record> {
        self.chunks.iter().flat_map(|chunk| chunk.iter()).flatten()
    }

    /// The record in a slot.
    ///
    /// ```
    /// use dataknobs_data_core::record;
    /// # use dataknobs_data_core::memory::Table;
    /// # let mut table = Table::new();
    /// let slot = table.put(record! { "n": 1 }?.with_id("a")?)?;
    /// assert_eq!(table.snapshot().at(slot), table.get("a"));
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    pub fn at(&self, slot: u32) -> Option<&Record> {
        let slot = slot as usize;
        self.chunks.get(slot / CHUNK)?.get(slot % CHUNK)?.as_ref()
    }

    /// How many chunks; see [`Snapshot::chunk`].
    ///
    /// ```
    /// use dataknobs_data_core::record;
    /// # use dataknobs_data_core::memory::Table;
    /// # let mut table = Table::new();
    /// table.put(record! { "n": 1 }?.with_id("a")?)?;
    /// let snapshot = table.snapshot();
    /// let records: usize = (0..snapshot.chunk_count()).map(|index| snapshot.chunk(index).count()).sum();
    /// assert_eq!(records, 1);
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    pub fn chunk_count(&self) -> usize {
        self.chunks.len()
    }

    /// The records of one chunk, for readers that pause between chunks.
    ///
    /// ```
    /// use dataknobs_data_core::memory::Table;
    /// assert_eq!(Table::new().snapshot().chunk(0).count(), 0); // past the last chunk
    /// ```
    pub fn chunk(&self, index: usize) -> impl Iterator<Item = &Record> {
        self.chunks.get(index).into_iter().flat_map(|chunk| chunk.iter()).flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record;

    fn numbered(n: usize) -> Record {
        record! { "n": n as i64 }.unwrap().with_id(format!("r{n}")).unwrap()
    }

    fn numbers<'a>(records: impl Iterator<Item = &'a Record>) -> Vec<i64> {
        records.map(|record| record["n"].as_integer().unwrap()).collect()
    }

    #[test]
    fn order_is_that_of_insertion_and_updates_keep_their_place() {
        let mut table = Table::new();
        for n in 0..1000 {
            table.put(numbered(n)).unwrap();
        }
        table.put(record! { "n": -1 }.unwrap().with_id("r500").unwrap()).unwrap();
        let expected: Vec<i64> = (0..1000).map(|n| if n == 500 { -1 } else { n }).collect();
        assert_eq!(numbers(table.iter()), expected);
        assert_eq!(table.get("r999").unwrap()["n"].as_integer(), Some(999));
        assert!(table.get("r1000").is_none());
        assert!(table.put(Record::new()).is_err());
    }

    #[test]
    fn a_snapshot_never_changes() {
        let mut table = Table::new();
        for n in 0..600 {
            table.put(numbered(n)).unwrap();
        }
        let snapshot = table.snapshot();
        table.remove("r0").unwrap();
        table.put(record! { "n": -1 }.unwrap().with_id("r300").unwrap()).unwrap();
        table.put(numbered(600)).unwrap();
        assert_eq!(numbers(snapshot.iter()), (0..600).collect::<Vec<_>>());
        assert_eq!((snapshot.len(), table.len()), (600, 600));
        assert_eq!(snapshot.chunk(0).count(), CHUNK);
        assert_eq!(snapshot.chunk_count(), 2);
        assert!(snapshot.at(0).is_some() && table.at(0).is_none() && !snapshot.is_empty());
    }

    #[test]
    fn compaction_keeps_order_and_finds_every_id() {
        let mut table = Table::new();
        for n in 0..5000 {
            table.put(numbered(n)).unwrap();
        }
        for n in (0..5000).filter(|n| n % 4 != 0) {
            assert!(table.remove(&format!("r{n}")).is_some());
        }
        assert!(table.remove("r1").is_none());
        assert!(table.wants_compaction());
        table.compact();
        assert!(!table.wants_compaction());
        assert_eq!(numbers(table.iter()), (0..5000).filter(|n| n % 4 == 0).collect::<Vec<_>>());
        assert!(table.get("r4996").is_some() && table.get("r4997").is_none());
        assert_eq!(table.iter_slots().last().unwrap().0, 1249);
        table.clear();
        assert!(table.is_empty() && table.get("r0").is_none());
    }
}
