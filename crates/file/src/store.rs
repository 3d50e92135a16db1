//! The file behind a database, and what is known of it: the records as they are now, wherever they
//! stand, in the file, in its journal or in memory.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use dataknobs_data_arrow::ScannedColumns;
use dataknobs_data_core::backend::{ColumnRequest, ScanRequest};
use dataknobs_data_core::memory::{Snapshot, Table};
use dataknobs_data_core::{Condition, Error, ErrorKind, IdOrder, Record, RecordId, Result};
use parking_lot::{Mutex, RwLock};

use crate::blockwise::{FileRecords, Wanted};
use crate::columns::{self, Plan};
use crate::commit::Writer;
use crate::compression::Compression;
use crate::disk::Disk;
use crate::durable::Durable;
use crate::fingerprint::Fingerprint;
use crate::format::csv::CsvLayout;
use crate::format::{Format, parquet};
use crate::journal::log::{self, Relation};
use crate::journal::{Change, HeaderKey, Log, Position, journal_path};
use crate::key::{Key, KeySource};
use crate::overlay::Overlay;
use crate::reader::{RecordReader, missing};
use crate::scan::{Feed, OverlaidFeed, Scan, TableFeed};
use crate::source::{Layout, Source};
use crate::version::version_of;
use crate::work::{Work, WorkKind};

/// How often file and journal are read again because a writer is between two steps.
pub(crate) const TRIES: u32 = 6;

/// Records between two notes of how far loading is.
const RECORDS_A_LOOK: usize = 4_096;

/// A file as a store of records.
#[derive(Debug)]
pub(crate) struct Store {
    pub(crate) source: Arc<Source>,
    pub(crate) disk: Disk,
    pub(crate) journal: PathBuf,
    pub(crate) state: RwLock<State>,
    /// One writer at a time; readers go on with what was there before.
    pub(crate) writer: Arc<Mutex<Writer>>,
    /// Whether this store holds the lock of the file and has seen everything: nobody else of ours
    /// writes meanwhile.
    pub(crate) held: Arc<AtomicBool>,
    pub(crate) durable: Durable,
    pub(crate) process: u32,
    /// The size of blocks, where a test says it.
    pub(crate) block_bytes: Option<usize>,
}

#[derive(Debug, Default)]
pub(crate) struct State {
    /// The key that the database was opened with. Ids must not change their meaning under it.
    pub(crate) key: Option<Key>,
    pub(crate) seen: Option<Seen>,
    pub(crate) resident: Option<Resident>,
}

/// The file last seen and how it is laid out.
#[derive(Debug)]
pub(crate) struct Seen {
    file: Fingerprint,
    layout: Layout,
    /// How often it was read.
    reads: u32,
}

impl State {
    /// Notes the file that the loaded records are of.
    pub(crate) fn see_resident(&mut self) {
        if let Some(Resident { base: Some(base), layout, .. }) = &self.resident
            && self.seen.as_ref().is_none_or(|seen| seen.file != *base)
        {
            self.seen = Some(Seen { file: *base, layout: layout.clone(), reads: 0 });
        }
    }

    /// Whether the journal holds writes that are not in the file, as far as this store knows.
    pub(crate) fn has_commits(&self) -> bool {
        self.resident.as_ref().is_some_and(|resident| resident.commits > 0)
    }
}

/// All records in memory: the file's and the journal's.
#[derive(Debug, Clone)]
pub(crate) struct Resident {
    /// The file that was loaded; none when there was none.
    pub(crate) base: Option<Fingerprint>,
    pub(crate) layout: Layout,
    pub(crate) table: Table,
    /// The greatest integer key so far.
    pub(crate) greatest: i64,
    /// How far the journal was read; none when there is none.
    pub(crate) position: Option<Position>,
    /// Commits in the journal that are not in the file.
    pub(crate) commits: u64,
}

/// What there is to say about a journal and a lock.
#[derive(Debug, Default)]
pub(crate) struct JournalInfo {
    pub(crate) path: String,
    pub(crate) bytes: Option<u64>,
    /// Commits that are not in the file.
    pub(crate) commits: Option<u64>,
    pub(crate) torn_bytes: Option<u64>,
    pub(crate) damage: Option<String>,
    pub(crate) is_locked: bool,
}

/// The records at one moment.
pub(crate) enum View {
    /// No file yet.
    Nothing,
    /// The file says it all.
    File(Box<RecordReader>, Layout),
    /// What the file says, with what its journal says.
    Overlaid(Box<RecordReader>, Overlay, Layout),
    /// They are in memory.
    Table(Snapshot, Layout),
}

/// A file and the commits on top of it.
pub(crate) struct Opened {
    pub(crate) reader: Option<RecordReader>,
    pub(crate) layout: Layout,
    pub(crate) log: Option<Log>,
}

impl Store {
    pub(crate) fn new(source: Source, disk: Disk) -> Self {
        let held = Arc::new(AtomicBool::new(false));
        Store {
            journal: journal_path(&source.path),
            writer: Arc::new(Mutex::new(Writer::new(&source.path, Arc::clone(&held)))),
            source: Arc::new(source),
            disk,
            state: RwLock::default(),
            held,
            durable: Durable::default(),
            process: std::process::id(),
            block_bytes: None,
        }
    }

    /// Looks at the file for the first time; gives its key.
    pub(crate) fn connect(&self) -> Result<Key> {
        let mut state = self.state.write();
        let opened = self.open(&mut state)?;
        if opened.reader.is_none() {
            if !self.source.config.create {
                return Err(missing(&self.source));
            }
            let folder = self.source.path.parent().filter(|folder| !folder.as_os_str().is_empty());
            if let Some(folder) = folder
                && !folder.is_dir()
            {
                return Err(self.source.place(Error::new(ErrorKind::NotFound, "the file's folder does not exist")));
            }
        }
        let key = opened.layout.key;
        state.key = Some(key.clone());
        Ok(key)
    }

    /// Opens the file as it is now, tells its layout, and reads its journal.
    pub(crate) fn open(&self, state: &mut State) -> Result<Opened> {
        let mut tries = 0;
        loop {
            let opened = self.source.open()?;
            let base = opened.as_ref().map(|(_, fingerprint)| *fingerprint);
            let relation = log::read(&self.journal, base.as_ref());
            tries += 1;
            let is_settled = self.fingerprint()? == base && matches!(relation, Ok(Relation::None | Relation::OnTop(_)));
            if !is_settled && tries < TRIES {
                // A writer may be between two steps.
                crate::lock::pause(Duration::from_millis(1 << tries));
                continue;
            }
            let log = match relation? {
                Relation::None => None,
                Relation::OnTop(log) => Some(log),
                Relation::Other(log) => return Err(self.left_behind(&log, base.is_some())),
            };
            let Some((file, fingerprint)) = opened else {
                // A database that was there does not turn into an empty one.
                if state.seen.is_some() {
                    return Err(missing(&self.source));
                }
                return Ok(Opened { reader: None, layout: self.source.layout_of_new(), log: None });
            };
            let layout = self.layout(state, &file, &fingerprint)?;
            log.as_ref().map_or(Ok(()), |log| self.check_key(log, &layout.key))?;
            let reader = RecordReader::of_file(Arc::clone(&self.source), file, fingerprint, layout.clone())?;
            return Ok(Opened { reader: Some(reader), layout, log });
        }
    }

    fn layout(&self, state: &mut State, file: &std::fs::File, fingerprint: &Fingerprint) -> Result<Layout> {
        if let Some(seen) = &state.seen
            && seen.file == *fingerprint
        {
            return Ok(seen.layout.clone());
        }
        let cut_off = self.source.cut_off(file, fingerprint).map_err(|error| self.source.place(error))?;
        cut_off.map_or(Ok(()), |error| Err(self.source.place(error)))?;
        let layout = self.source.discover_file(file, fingerprint)?;
        if let Some(key) = &state.key
            && key.once_written() != layout.key.once_written()
        {
            let error = Error::new(ErrorKind::Conflict, "another program changed what the file's ids are");
            return Err(self.source.place(error).with_hint("open the file again"));
        }
        state.seen = Some(Seen { file: *fingerprint, layout: layout.clone(), reads: 0 });
        Ok(layout)
    }

    /// The error for a journal whose commits belong to another state of the file.
    fn left_behind(&self, log: &Log, is_there: bool) -> Error {
        let message = match is_there {
            true => "another program changed the file while its journal held writes that are not in it yet",
            false => "the file is gone, and its journal holds writes that were not in it yet",
        };
        self.source
            .place(Error::new(ErrorKind::Conflict, message))
            .with_context("journal", self.journal.display())
            .with_context("commits", log.commits)
            .with_hint("`dk recover --reapply` puts these writes on top of the file as it is now")
    }

    /// Refuses a journal whose ids are not those of the file.
    fn check_key(&self, log: &Log, key: &Key) -> Result<()> {
        match &log.header {
            Some(header) if header.key != header_key(key) => Err(self.other_key()),
            _ => Ok(()),
        }
    }

    pub(crate) fn other_key(&self) -> Error {
        self.source
            .place(Error::new(ErrorKind::Conflict, "the file's journal was written with another `id_field`"))
            .with_context("journal", self.journal.display())
            .with_hint("open the file with the same `id_field`, and close it again")
    }

    pub(crate) fn fingerprint(&self) -> Result<Option<Fingerprint>> {
        Fingerprint::of_path(&self.source.path).map_err(|error| self.source.place(error))
    }

    /// Whether file and journal are as they were when they were loaded.
    pub(crate) fn is_current(&self, resident: &Resident) -> Result<bool> {
        if self.fingerprint()? != resident.base {
            return Ok(false);
        }
        if self.held.load(Ordering::Acquire) {
            return Ok(true);
        }
        Ok(match (std::fs::metadata(&self.journal), &resident.position) {
            (Ok(metadata), Some(position)) => position.is_now(&metadata),
            (Err(error), None) => error.kind() == std::io::ErrorKind::NotFound,
            _ => false,
        })
    }

    /// Brings what is in memory up to date, or lets go of it.
    fn refresh(&self, state: &mut State) -> Result<()> {
        let Some(resident) = &mut state.resident else { return Ok(()) };
        if self.is_current(resident)? || self.catch_up(resident)? {
            return Ok(());
        }
        state.resident = None;
        Ok(())
    }

    /// Applies what others committed since; false when that is not all that happened.
    pub(crate) fn catch_up(&self, resident: &mut Resident) -> Result<bool> {
        if self.fingerprint()? != resident.base {
            return Ok(false);
        }
        let log = match &resident.position {
            Some(position) => match log::read_more(&self.journal, position)? {
                Some(log) => log,
                None => return Ok(false),
            },
            None => match log::read(&self.journal, resident.base.as_ref())? {
                Relation::None => return Ok(true),
                Relation::OnTop(log) => log,
                Relation::Other(_) => return Ok(false),
            },
        };
        // What was read may be the journal of another file than the one looked at before.
        if self.fingerprint()? != resident.base {
            return Ok(false);
        }
        self.check_key(&log, &resident.layout.key)?;
        log.each(|change| resident.replay(change))?;
        resident.position = Some(log.end);
        resident.commits += log.commits;
        Ok(true)
    }

    /// All records in memory.
    pub(crate) fn load(&self, opened: Opened) -> Result<Resident> {
        let Opened { reader, layout, log } = opened;
        let mut resident =
            Resident { base: None, layout, table: Table::new(), greatest: 0, position: None, commits: 0 };
        if let Some(reader) = reader {
            resident.base = reader.fingerprint();
            let mut records =
                FileRecords::new(reader, &self.source, &resident.layout, Wanted::all(), self.block_bytes)?;
            let bytes = resident.base.map_or(0, |base| base.bytes);
            let work = Work::begin(WorkKind::Loading, &self.source.path, bytes, bytes);
            while let Some(record) = records.next()? {
                resident.put(record)?;
                if resident.table.len().is_multiple_of(RECORDS_A_LOOK) {
                    work.reach(records.reached());
                }
            }
        }
        if let Some(log) = log {
            log.each(|change| resident.replay(change))?;
            resident.position = Some(log.end);
            resident.commits = log.commits;
        }
        Ok(resident)
    }

    /// Asks what is in memory, if that is what is on disk.
    fn in_memory<T>(&self, ask: impl FnOnce(&Resident) -> T) -> Result<Option<T>> {
        match &self.state.read().resident {
            Some(resident) if self.is_current(resident)? => Ok(Some(ask(resident))),
            _ => Ok(None),
        }
    }

    /// The record with this id, or that there is none, where memory says it and nobody is waited for.
    pub(crate) fn find_at_once(&self, id: &str) -> Option<Option<Record>> {
        let state = self.state.try_read()?;
        let resident = state.resident.as_ref()?;
        let is_current = RecordId::is_legal(id) && self.is_current(resident).is_ok_and(|is_current| is_current);
        is_current.then(|| resident.find(id))
    }

    /// The records as they are now.
    pub(crate) fn view(&self) -> Result<View> {
        if let Some(view) = self.in_memory(Resident::view)? {
            return Ok(view);
        }
        let mut state = self.state.write();
        self.refresh(&mut state)?;
        if let Some(resident) = &state.resident {
            return Ok(resident.view());
        }
        let opened = self.open(&mut state)?;
        let has_commits = opened.log.as_ref().is_some_and(|log| log.commits > 0);
        let Some(reader) = &opened.reader else { return Ok(View::Nothing) };
        let bytes = reader.fingerprint().map_or(0, |fingerprint| fingerprint.bytes);
        let reads = state.seen.as_mut().map_or(0, |seen| {
            seen.reads += 1;
            seen.reads
        });
        // What is asked for once may stop early or never come again; what is asked for often is kept.
        let may_be_kept = self.source.may_be_kept(bytes);
        let is_kept = reads > 1 && may_be_kept;
        if has_commits && !may_be_kept {
            return opened.overlaid();
        }
        if !has_commits && !is_kept {
            return Ok(opened.view());
        }
        match self.load(opened) {
            Ok(resident) => Ok(state.resident.insert(resident).view()),
            Err(error) if has_commits => Err(error),
            // A file with damage further on: whoever reads that far is told.
            Err(_) => Ok(self.open(&mut state)?.view()),
        }
    }

    /// The records as they are now, those that do not fit the condition perhaps left out.
    fn feed(&self, wanted: Wanted) -> Result<Feed> {
        let records = |reader: Box<RecordReader>, layout: &Layout, wanted| {
            FileRecords::new(*reader, &self.source, layout, wanted, self.block_bytes)
        };
        Ok(match self.view()? {
            View::Nothing => Feed::Nothing,
            View::File(reader, layout) => Feed::File(records(reader, &layout, wanted)?, layout.csv.is_some()),
            View::Overlaid(reader, overlay, layout) => {
                // The journal may say something else of a record that does not fit.
                let wanted = Wanted { condition: Condition::TRUE, with_versions: false, ..wanted };
                let records = records(reader, &layout, wanted)?;
                Feed::Overlaid(Box::new(OverlaidFeed::new(records, overlay, layout.csv)))
            }
            View::Table(snapshot, layout) => Feed::Table(TableFeed::new(snapshot, layout.csv)),
        })
    }

    pub(crate) fn scan(&self, request: ScanRequest, ids: IdOrder, cancelled: Arc<AtomicBool>) -> Result<Scan> {
        // Of what is sorted, most may be left out.
        let with_versions = request.sort.is_empty();
        self.scan_for(request, ids, cancelled, with_versions)
    }

    fn scan_for(
        &self,
        request: ScanRequest,
        ids: IdOrder,
        cancelled: Arc<AtomicBool>,
        with_versions: bool,
    ) -> Result<Scan> {
        let wanted = Wanted { condition: request.condition.clone(), with_versions, cancelled: Arc::clone(&cancelled) };
        Ok(Scan::new(self.feed(wanted)?, request, ids, cancelled))
    }

    /// Whether the next question is better put to the file than to memory: nothing is loaded, and the
    /// file is too large for that or was not asked before.
    fn is_asked_once(&self) -> bool {
        let state = self.state.read();
        let is_first = |seen: &Seen| seen.reads == 0 || !self.source.may_be_kept(seen.file.bytes);
        state.resident.is_none() && state.seen.as_ref().is_none_or(is_first)
    }

    /// How many records fit: by columns where the file has them, without a value of the answer.
    pub(crate) fn count(&self, condition: Condition, ids: IdOrder, cancelled: Arc<AtomicBool>) -> Result<u64> {
        let mut scan = ScanRequest::new(condition);
        if self.is_asked_once() {
            scan.projection = Some(Vec::new());
            let mut request = ColumnRequest::new(scan.clone());
            request.ids = false;
            if let Some(found) = self.scan_columns(&request, &cancelled)? {
                if let Some(seen) = &mut self.state.write().seen {
                    seen.reads += 1;
                }
                return Ok(found.num_rows() as u64);
            }
            scan.projection = None;
        }
        self.scan_for(scan, ids, cancelled, false)?.count()
    }

    /// What a scan finds as columns; none where records have to answer.
    pub(crate) fn scan_columns(
        &self,
        request: &ColumnRequest,
        cancelled: &AtomicBool,
    ) -> Result<Option<ScannedColumns>> {
        if self.source.compression != Compression::None {
            return Ok(None);
        }
        let mut state = self.state.write();
        if state.has_commits() {
            return Ok(None);
        }
        let Opened { reader, layout, log } = self.open(&mut state)?;
        drop(state);
        let Some((mut file, fingerprint)) = reader.and_then(RecordReader::into_file) else { return Ok(None) };
        if log.is_some_and(|log| log.commits > 0) {
            return Ok(None);
        }
        let limit = self.source.config.record_limit();
        let found = match &layout.csv {
            Some(csv) if csv.separator_line => None,
            Some(csv) => match Plan::new(csv, &layout.key, request, limit) {
                Some(plan) => columns::scan(&plan, &mut file, fingerprint.bytes, &request.scan, cancelled)
                    .map_err(|error| self.source.place(error))?,
                None => None,
            },
            None if self.source.format == Format::Parquet => {
                let same = file.try_clone().map_err(|error| self.source.place(error.into()))?;
                parquet::scan(same, &layout.key, request, limit, cancelled)?
            }
            None => None,
        };
        // What another program wrote meanwhile is for those who read records to report.
        Ok(found.filter(|_| Fingerprint::of_file(&file).is_ok_and(|now| now == fingerprint)))
    }

    /// The records with these ids. Stops reading when all are found.
    pub(crate) fn read(&self, ids: &[RecordId]) -> Result<Vec<Option<Record>>> {
        if let Some(found) = self.in_memory(|resident| resident.read(ids))? {
            return Ok(found);
        }
        let mut feed = self.feed(Wanted { with_versions: false, ..Wanted::all() })?;
        if let Some(resident) = &self.state.read().resident {
            return Ok(resident.read(ids));
        }
        let mut wanted: std::collections::HashMap<&str, Option<Record>> =
            ids.iter().map(|id| (id.as_str(), None)).collect();
        let key = self.state.read().key.clone();
        let mut left = wanted.keys().filter(|id| key.as_ref().is_none_or(|key| key.holds(id))).count();
        while left > 0 {
            let Some(record) = feed.next()? else { break };
            let Some(id) = record.id().cloned() else { continue };
            if let Some(found) = wanted.get_mut(id.as_str()) {
                *found = Some(feed.versioned(record));
                left -= 1;
            }
        }
        Ok(ids.iter().map(|id| wanted.get(id.as_str()).cloned().flatten()).collect())
    }

    /// All records in memory, for a transaction.
    pub(crate) fn resident(&self) -> Result<Resident> {
        let mut state = self.state.write();
        self.refresh(&mut state)?;
        if let Some(resident) = &state.resident {
            return Ok(resident.clone());
        }
        let opened = self.open(&mut state)?;
        let resident = self.load(opened)?;
        Ok(state.resident.insert(resident).clone())
    }

    /// The size of the file in bytes, and how many records it has where that is known.
    pub(crate) fn size(&self) -> (Option<u64>, Option<u64>) {
        let bytes = self.fingerprint().ok().flatten().map(|fingerprint| fingerprint.bytes);
        (bytes, self.in_memory(|resident| resident.table.len() as u64).ok().flatten())
    }

    /// What there is to say about the journal and the lock.
    pub(crate) fn journal(&self) -> JournalInfo {
        let mut info = JournalInfo {
            path: self.journal.display().to_string(),
            is_locked: crate::lock::is_locked(&self.source.path),
            ..JournalInfo::default()
        };
        let Ok(metadata) = std::fs::metadata(&self.journal) else { return info };
        info.bytes = Some(metadata.len());
        match log::read(&self.journal, self.fingerprint().ok().flatten().as_ref()) {
            Ok(Relation::None) => info.commits = Some(0),
            Ok(Relation::OnTop(log)) => {
                info.commits = Some(log.commits);
                info.torn_bytes = Some(log.torn_bytes()).filter(|bytes| *bytes > 0);
            }
            Ok(Relation::Other(log)) => {
                info.commits = Some(log.commits);
                info.damage = Some("its commits belong to another state of the file".to_owned());
            }
            Err(error) => info.damage = Some(error.to_string()),
        }
        info
    }

    /// The error for a change by another program that came between reading and writing.
    pub(crate) fn overtaken(&self) -> Error {
        self.source
            .place(Error::new(
                ErrorKind::Conflict,
                "another program changed the file since it was read; nothing was written",
            ))
            .with_hint("read again what the write rests on, then repeat it")
    }
}

impl Opened {
    /// The records in the file, whatever its journal says.
    fn view(self) -> View {
        match self.reader {
            Some(reader) => View::File(Box::new(reader), self.layout),
            None => View::Nothing,
        }
    }

    /// The records in the file and its journal, none of them in memory but the journal's.
    fn overlaid(self) -> Result<View> {
        Ok(match self {
            Opened { reader: Some(reader), layout, log: Some(log) } => {
                View::Overlaid(Box::new(reader), Overlay::of(&log)?, layout)
            }
            other => other.view(),
        })
    }
}

impl Resident {
    fn view(&self) -> View {
        View::Table(self.table.snapshot(), self.layout.clone())
    }

    /// Whether a missing field reads as null.
    pub(crate) fn missing_is_null(&self) -> bool {
        self.layout.csv.is_some()
    }

    pub(crate) fn put(&mut self, mut record: Record) -> Result<()> {
        if record.version().is_none() {
            record.set_version(version_of(&record, self.missing_is_null()));
        }
        self.note(record.id());
        self.table.put(record)?;
        Ok(())
    }

    pub(crate) fn replay(&mut self, change: Change) -> Result<()> {
        match change {
            Change::Create(record) | Change::Replace(record) => self.put(record)?,
            Change::Delete(id) => drop(self.table.remove(&id)),
            Change::Clear => self.table.clear(),
            Change::Folded(_) => {}
        }
        Ok(())
    }

    pub(crate) fn note(&mut self, id: Option<&RecordId>) {
        if self.layout.key.is_integer() || self.layout.key.source == KeySource::Ordinal {
            let number = id.and_then(|id| id.parse().ok());
            self.greatest = self.greatest.max(number.unwrap_or(i64::MIN));
        }
    }

    fn find(&self, id: &str) -> Option<Record> {
        Some(completed(self.layout.csv.as_deref(), self.table.get(id)?.clone()))
    }

    fn read(&self, ids: &[RecordId]) -> Vec<Option<Record>> {
        ids.iter().map(|id| self.find(id)).collect()
    }
}

/// The record as it would be read from the file.
pub(crate) fn completed(csv: Option<&CsvLayout>, record: Record) -> Record {
    match csv {
        Some(csv) => csv.complete(record),
        None => record,
    }
}

/// The key that a journal's header names.
pub(crate) fn key_of_header(header: &HeaderKey) -> Option<Key> {
    let source = match (header.source.as_str(), &header.field) {
        ("own", None) => KeySource::Own,
        ("ordinal", None) => KeySource::Ordinal,
        ("field", Some(name)) => KeySource::Field(name.as_str().into()),
        _ => return None,
    };
    Some(Key { source, field_type: header.field_type.parse().ok()? })
}

/// A key as a journal's header names it.
pub(crate) fn header_key(key: &Key) -> HeaderKey {
    let (source, field) = match &key.source {
        KeySource::Own => ("own", None),
        KeySource::Ordinal => ("ordinal", None),
        KeySource::Field(name) => ("field", Some(name.to_string())),
    };
    HeaderKey { source: source.to_owned(), field, field_type: key.field_type.name().to_owned() }
}
