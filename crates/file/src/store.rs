//! The file behind a database: what is known of it, what is loaded, and how it is written.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use dataknobs_data_core::backend::{ModifyAction, ScanRequest, WriteAction, WriteOutcome, WriteRequest};
use dataknobs_data_core::memory::{Table, batch_error};
use dataknobs_data_core::{Condition, Error, ErrorKind, IdOrder, Matcher, Record, RecordId, Result};
use parking_lot::Mutex;

use crate::fingerprint::Fingerprint;
use crate::format::csv::{self, CsvWrite};
use crate::format::{Format, json_write, parquet};
use crate::key::{Key, KeySource};
use crate::reader::{RecordReader, missing};
use crate::replace::Replacement;
use crate::scan::{Feed, Scan, TableFeed};
use crate::source::{Layout, Source};
use crate::version::version_of;

/// A file as a store of records.
#[derive(Debug)]
pub(crate) struct Store {
    pub(crate) source: Arc<Source>,
    state: Mutex<State>,
    /// One writer at a time; readers go on with what was there before.
    writer: Mutex<()>,
}

#[derive(Debug, Default)]
struct State {
    /// The key that the database was opened with. Ids must not change their meaning under it.
    key: Option<Key>,
    /// The file last seen and how it is laid out.
    seen: Option<(Fingerprint, Layout)>,
    loaded: Option<Arc<Loaded>>,
}

/// The whole file in memory.
#[derive(Debug, Clone)]
struct Loaded {
    /// The file that was loaded; none when there was none.
    fingerprint: Option<Fingerprint>,
    layout: Layout,
    table: Table,
    /// The greatest integer key so far.
    greatest: i64,
}

impl Store {
    pub(crate) fn new(source: Source) -> Self {
        Store { source: Arc::new(source), state: Mutex::default(), writer: Mutex::default() }
    }

    /// Looks at the file for the first time; gives its key.
    pub(crate) fn connect(&self) -> Result<Key> {
        let layout = match self.open(&Condition::TRUE)? {
            Some((_, layout)) => layout,
            None if !self.source.config.create => return Err(missing(&self.source)),
            None => {
                let folder = self.source.path.parent().filter(|folder| !folder.as_os_str().is_empty());
                if let Some(folder) = folder
                    && !folder.is_dir()
                {
                    return Err(self.source.place(Error::new(ErrorKind::NotFound, "the file's folder does not exist")));
                }
                self.source.layout_of_new()
            }
        };
        let mut state = self.state.lock();
        let key = layout.key;
        state.key = Some(key.clone());
        Ok(key)
    }

    /// Opens the file as it is now and tells its layout; none when it was not made yet. Records that
    /// do not fit the condition may be left out.
    fn open(&self, condition: &Condition) -> Result<Option<(RecordReader, Layout)>> {
        let Some((file, fingerprint)) = self.source.open()? else {
            // A database that was there does not turn into an empty one.
            return if self.state.lock().seen.is_some() { Err(missing(&self.source)) } else { Ok(None) };
        };
        let known = match &self.state.lock().seen {
            Some((seen, layout)) if *seen == fingerprint => Some(layout.clone()),
            _ => None,
        };
        let layout = match known {
            Some(layout) => layout,
            None => {
                let layout = self.source.discover_file(&file, &fingerprint)?;
                let mut state = self.state.lock();
                if let Some(key) = &state.key
                    && key.once_written() != layout.key.once_written()
                {
                    let error = Error::new(ErrorKind::Conflict, "another program changed what the file's ids are");
                    return Err(self.source.place(error).with_hint("open the file again"));
                }
                state.seen = Some((fingerprint, layout.clone()));
                layout
            }
        };
        let reader = RecordReader::of_file(Arc::clone(&self.source), file, fingerprint, layout.clone(), condition)?;
        Ok(Some((reader, layout)))
    }

    /// What is loaded, if the file is still the one that was.
    fn loaded(&self) -> Result<Option<Arc<Loaded>>> {
        let Some(loaded) = self.state.lock().loaded.clone() else { return Ok(None) };
        let now = Fingerprint::of_path(&self.source.path).map_err(|error| self.source.place(error))?;
        Ok((loaded.fingerprint == now).then_some(loaded))
    }

    /// The records as they are now, those that do not fit the condition perhaps left out.
    fn feed(&self, condition: &Condition) -> Result<Feed> {
        if let Some(loaded) = self.loaded()? {
            return Ok(Feed::Table(TableFeed::new(loaded.table.snapshot(), loaded.layout.csv.clone())));
        }
        Ok(match self.open(condition)? {
            Some((reader, layout)) => Feed::File(Box::new(reader), layout.csv.is_some()),
            None => Feed::Nothing,
        })
    }

    pub(crate) fn scan(&self, request: ScanRequest, ids: IdOrder, cancelled: Arc<AtomicBool>) -> Result<Scan> {
        Ok(Scan::new(self.feed(&request.condition)?, request, ids, cancelled))
    }

    /// The records with these ids. Stops reading when all are found.
    pub(crate) fn read(&self, ids: &[RecordId]) -> Result<Vec<Option<Record>>> {
        if let Some(loaded) = self.loaded()? {
            let find = |id: &RecordId| {
                let record = loaded.table.get(id)?.clone();
                Some(match &loaded.layout.csv {
                    Some(csv) => csv.complete(record),
                    None => record,
                })
            };
            return Ok(ids.iter().map(find).collect());
        }
        let mut wanted: std::collections::HashMap<&str, Option<Record>> =
            ids.iter().map(|id| (id.as_str(), None)).collect();
        let key = self.state.lock().key.clone();
        let mut left = wanted.keys().filter(|id| key.as_ref().is_none_or(|key| key.holds(id))).count();
        if left > 0 {
            let mut feed = self.feed(&Condition::TRUE)?;
            while left > 0 {
                let Some(record) = feed.next()? else { break };
                let Some(id) = record.id().cloned() else { continue };
                if let Some(found) = wanted.get_mut(id.as_str()) {
                    *found = Some(feed.versioned(record));
                    left -= 1;
                }
            }
        }
        Ok(ids.iter().map(|id| wanted.get(id.as_str()).cloned().flatten()).collect())
    }

    /// The size of the file in bytes, and how many records it has where that is known.
    pub(crate) fn size(&self) -> (Option<u64>, Option<u64>) {
        let bytes = Fingerprint::of_path(&self.source.path).ok().flatten().map(|fingerprint| fingerprint.bytes);
        let records = self.loaded().ok().flatten().map(|loaded| loaded.table.len() as u64);
        (bytes, records)
    }

    /// Lets go of what is loaded.
    pub(crate) fn forget(&self) {
        self.state.lock().loaded = None;
    }

    pub(crate) fn write(&self, request: WriteRequest, cancelled: &AtomicBool) -> Result<WriteOutcome> {
        self.change(cancelled, |draft| draft.apply(request))
    }

    pub(crate) fn write_batch(&self, writes: Vec<WriteRequest>, cancelled: &AtomicBool) -> Result<Vec<WriteOutcome>> {
        self.change(cancelled, |draft| {
            let apply = |(index, write)| draft.apply(write).map_err(|error| batch_error(index, error));
            writes.into_iter().enumerate().map(apply).collect()
        })
    }

    pub(crate) fn modify(&self, condition: &Condition, action: &ModifyAction, cancelled: &AtomicBool) -> Result<u64> {
        self.change(cancelled, |draft| draft.modify(condition, action))
    }

    /// Changes the records as one step: all of it or nothing, in memory and in the file.
    fn change<T>(&self, cancelled: &AtomicBool, change: impl FnOnce(&mut Draft) -> Result<T>) -> Result<T> {
        let _writer = self.writer.lock();
        let wanted = || match cancelled.load(Ordering::Relaxed) {
            true => Err(Error::new(ErrorKind::Cancelled, "the call was given up before it changed anything")),
            false => Ok(()),
        };
        wanted()?;
        let loaded = self.load()?;
        let mut draft = Draft { loaded: Loaded::clone(&loaded), changed: false };
        drop(loaded);
        let answer = change(&mut draft)?;
        if draft.changed {
            let mut after = draft.loaded;
            if after.table.wants_compaction() {
                after.table.compact();
            }
            after.layout.key = after.layout.key.once_written();
            wanted()?;
            self.save(&mut after)?;
            let mut state = self.state.lock();
            if let Some(fingerprint) = after.fingerprint {
                state.seen = Some((fingerprint, after.layout.clone()));
            }
            state.loaded = Some(Arc::new(after));
        }
        Ok(answer)
    }

    /// The whole file in memory.
    fn load(&self) -> Result<Arc<Loaded>> {
        let before = self.state.lock().loaded.clone();
        if let Some(loaded) = before {
            let now = Fingerprint::of_path(&self.source.path).map_err(|error| self.source.place(error))?;
            if loaded.fingerprint == now {
                return Ok(loaded);
            }
            self.forget();
            return Err(self.overtaken());
        }
        let mut loaded =
            Loaded { fingerprint: None, layout: self.source.layout_of_new(), table: Table::new(), greatest: 0 };
        if let Some((reader, layout)) = self.open(&Condition::TRUE)? {
            loaded.fingerprint = reader.fingerprint();
            loaded.layout = layout;
            let missing_is_null = loaded.layout.csv.is_some();
            for record in reader {
                let mut record = record?;
                record.set_version(version_of(&record, missing_is_null));
                loaded.note(record.id());
                loaded.table.put(record)?;
            }
        }
        let loaded = Arc::new(loaded);
        self.state.lock().loaded = Some(Arc::clone(&loaded));
        Ok(loaded)
    }

    fn overtaken(&self) -> Error {
        self.source
            .place(Error::new(
                ErrorKind::Conflict,
                "another program changed the file since it was read; nothing was written",
            ))
            .with_hint("read again what the write rests on, then repeat it")
    }

    /// Writes everything, and sets layout and fingerprint to what the file then has.
    fn save(&self, after: &mut Loaded) -> Result<()> {
        let Source { config, path, format, .. } = &*self.source;
        let key = &after.layout.key;
        if let Some(old) = &after.layout.csv {
            after.layout.csv = Some(Arc::new(csv::plan(old, key, || after.table.iter())?));
        }
        let csv_write =
            after.layout.csv.as_deref().map(|layout| CsvWrite { layout, key, max_record_bytes: config.record_limit() });
        let records = after.table.iter();
        let replacement = Replacement::write(path, config.durability, |out| match (csv_write, format) {
            (Some(csv), _) => csv.write(out, records),
            (None, Format::Parquet) => parquet::write(out, || after.table.iter(), key, config.record_limit()),
            (None, Format::JsonLines) => json_write::write_lines(out, records, key, config.record_limit()),
            (None, _) => json_write::write_array(out, records, key, config.record_limit()),
        });
        let replacement = replacement.map_err(|error| self.source.place(error))?;
        if Fingerprint::of_path(path).map_err(|error| self.source.place(error))? != after.fingerprint {
            self.forget();
            return Err(self.overtaken());
        }
        let sidecar = match csv_write {
            Some(csv) => Some(csv.write_sidecar(path, after.fingerprint.as_ref(), config.durability)?),
            None => None,
        };
        after.fingerprint = Some(replacement.commit()?);
        if let Some(layout) = &mut after.layout.csv {
            Arc::make_mut(layout).sidecar = sidecar;
        }
        Ok(())
    }
}

impl Loaded {
    fn note(&mut self, id: Option<&RecordId>) {
        if self.layout.key.is_integer() || self.layout.key.source == KeySource::Ordinal {
            let number = id.and_then(|id| id.parse().ok());
            self.greatest = self.greatest.max(number.unwrap_or(i64::MIN));
        }
    }
}

/// Changes that are not written yet.
struct Draft {
    loaded: Loaded,
    changed: bool,
}

impl Draft {
    fn apply(&mut self, request: WriteRequest) -> Result<WriteOutcome> {
        let request = self.keyed(request)?;
        let missing_is_null = self.loaded.layout.csv.is_some();
        let version = |record: &Record| version_of(record, missing_is_null);
        let applied = self.loaded.table.apply(request, version)?;
        self.loaded.note(applied.slot.map(|_| &applied.outcome.id));
        self.changed |= applied.slot.is_some();
        Ok(applied.outcome)
    }

    /// The request with an id, and with the key in the record's key field.
    fn keyed(&mut self, mut request: WriteRequest) -> Result<WriteRequest> {
        let key = self.loaded.layout.key.clone();
        if request.id.is_none() {
            request.id = Some(match &request.action {
                WriteAction::Create(record) | WriteAction::Upsert(record) => match key.id_in(record)? {
                    Some(id) => id,
                    None => self.generate(&key)?,
                },
                _ => return Err(Error::invalid_record("a write needs an id")),
            });
        }
        let Some(id) = &request.id else { return Ok(request) };
        let before = self.loaded.table.get(id);
        request.action = match (request.action, before) {
            (WriteAction::Create(record), _) => WriteAction::Create(key.complete(id, record)?),
            (WriteAction::Upsert(record), _) => WriteAction::Upsert(key.complete(id, record)?),
            (WriteAction::Update(record), Some(_)) => WriteAction::Update(key.complete(id, record)?),
            (WriteAction::Patch(changes), Some(before)) => {
                let mut patched = before.clone();
                changes.apply(&mut patched)?;
                check_patched(&key, id, patched)?;
                WriteAction::Patch(changes)
            }
            (action, _) => action,
        };
        Ok(request)
    }

    fn generate(&self, key: &Key) -> Result<RecordId> {
        if !key.is_integer() {
            return Ok(RecordId::generate());
        }
        match self.loaded.greatest.checked_add(1) {
            Some(next) => RecordId::new(next.to_string()),
            None => Err(Error::invalid_record("there is no integer key left above the greatest one")),
        }
    }

    fn modify(&mut self, condition: &Condition, action: &ModifyAction) -> Result<u64> {
        let matcher = Matcher::new(condition);
        let missing_is_null = self.loaded.layout.csv.is_some();
        let table = &mut self.loaded.table;
        let found: Vec<Record> = table.iter().filter(|record| matcher.matches(record)).cloned().collect();
        let count = found.len() as u64;
        for mut record in found {
            let Some(id) = record.id().cloned() else { continue };
            match action {
                ModifyAction::Patch(changes) => {
                    changes.apply(&mut record)?;
                    check_patched(&self.loaded.layout.key, &id, record.clone())?;
                    record.set_version(version_of(&record, missing_is_null));
                    table.put(record)?;
                }
                ModifyAction::Delete => {
                    table.remove(&id);
                }
                _ => return Err(Error::unsupported("the file store does not know this change")),
            }
        }
        self.changed |= count > 0;
        Ok(count)
    }
}

/// Refuses changes that would part a record from its key.
fn check_patched(key: &Key, id: &RecordId, patched: Record) -> Result<()> {
    if let Some(name) = key.field_name()
        && patched.get(name).is_none_or(|value| value.is_null())
    {
        return Err(Error::invalid_record("the key field of a record cannot be taken away")
            .with_context("field", format!("`{}`", name.escape_debug())));
    }
    key.complete(id, patched).map(|_| ())
}
