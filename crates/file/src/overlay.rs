//! The commits of a journal on top of a file that is too large to be loaded: what is not in the file
//! any more, what stands in its place, and what comes behind it.

use std::collections::HashMap;

use dataknobs_data_core::{Record, RecordId, Result};
use foldhash::fast::RandomState;

use crate::journal::{Change, Log};

/// What a journal makes of the records of a file.
#[derive(Debug, Default)]
pub(crate) struct Overlay {
    /// Whether nothing of the file is left.
    cleared: bool,
    /// What became of records of the file: none of those that went.
    changed: HashMap<RecordId, Option<Record>, RandomState>,
    /// Records behind those of the file, in order; none where one went again.
    added: Vec<Option<Record>>,
    places: HashMap<RecordId, usize, RandomState>,
}

impl Overlay {
    /// # Errors
    /// Corrupt, with the byte of the commit.
    pub(crate) fn of(log: &Log) -> Result<Self> {
        let mut overlay = Overlay::default();
        log.each(|change| {
            overlay.apply(change);
            Ok(())
        })?;
        Ok(overlay)
    }

    fn apply(&mut self, change: Change) {
        match change {
            Change::Create(record) => {
                let Some(id) = record.id().cloned() else { return };
                self.places.insert(id, self.added.len());
                self.added.push(Some(record));
            }
            Change::Replace(record) => {
                let Some(id) = record.id().cloned() else { return };
                match self.places.get(&id) {
                    Some(place) => self.added[*place] = Some(record),
                    None => drop(self.changed.insert(id, Some(record))),
                }
            }
            Change::Delete(id) => match self.places.remove(&id) {
                Some(place) => self.added[place] = None,
                None => drop(self.changed.insert(id, None)),
            },
            Change::Clear => *self = Overlay { cleared: true, ..Overlay::default() },
            Change::Folded(_) => {}
        }
    }

    /// Whether no record of the file is left.
    pub(crate) fn hides_all(&self) -> bool {
        self.cleared
    }

    /// What stands in the place of a record of the file, if anything does.
    pub(crate) fn in_place_of(&mut self, record: Record) -> Option<Record> {
        match record.id().and_then(|id| self.changed.get_mut(id)) {
            None => Some(record),
            // The file has no id twice.
            Some(changed) => changed.take(),
        }
    }

    /// The records behind those of the file.
    pub(crate) fn added(&mut self) -> impl Iterator<Item = Record> + Send + use<> {
        std::mem::take(&mut self.added).into_iter().flatten()
    }
}
