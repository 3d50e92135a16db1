//! Writing: under the lock of the file, changes go to the journal, and from there, all together,
//! into a new file that takes the old one's place.

use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use dataknobs_data_core::{Error, ErrorKind, Result};
use parking_lot::{Mutex, MutexGuard, RwLockWriteGuard};

use crate::config::Durability;
use crate::draft::Draft;
use crate::durable::unconfirmed;
use crate::fingerprint::Fingerprint;
use crate::format::csv::{self, CsvWrite};
use crate::format::{Format, json_write, parquet};
use crate::journal::{Appender, Header, Position, change, frame};
use crate::lock::{LockFile, Note};
use crate::prefix::PrefixWriter;
use crate::replace::Replacement;
use crate::source::Layout;
use crate::store::{Resident, State, Store, header_key};
use crate::work::{Work, WorkKind};

/// The lock is kept for so long, since taking it for each write would cost more than the write.
const LEASE: Duration = Duration::from_millis(25);

/// Others get this long to take the lock when a lease is over.
const GAP: Duration = Duration::from_micros(500);

/// A lock that was not used for so long is given up.
const IDLE: Duration = Duration::from_millis(3);

/// For so long after a look at the file, writes in a row need no other: a program that changes it in
/// these microseconds is noticed by a later write, and by every fold, and the writes in between are
/// in a journal that says which file it is of.
const LOOK: Duration = Duration::from_micros(10);

/// What a record takes in a file, about.
const TYPICAL_BYTES: u64 = 64;

/// What a writer has.
#[derive(Debug)]
pub(crate) struct Writer {
    pub(crate) lock: LockFile,
    held: Arc<AtomicBool>,
    taken: Instant,
    used: Instant,
    /// When the file was last looked at.
    looked: Instant,
    appender: Option<Appender>,
    /// The bytes of the commit under way.
    frame: Vec<u8>,
    /// No growing journal is folded before it is so long: the last try failed.
    fold_at: u64,
    /// Whether a thread looks after the lock.
    is_watched: bool,
}

/// What a commit that is made at once may come to, about.
pub(crate) const SMALL_COMMIT: u64 = 64 * 1024;

/// A store that is ready for a small change.
pub(crate) struct AtOnce<'a> {
    store: &'a Store,
    writer: MutexGuard<'a, Writer>,
    state: RwLockWriteGuard<'a, State>,
}

impl AtOnce<'_> {
    /// Changes the records as one step.
    pub(crate) fn change<T>(mut self, run: impl FnOnce(&mut Draft<'_>) -> Result<T>) -> Result<T> {
        let never = AtomicBool::new(false);
        self.store.commit(&mut self.writer, self.state, &never, run).map(|(answer, _)| answer)
    }
}

/// Why a commit did not get through.
enum Failure {
    /// Before anything of it was there.
    Before(Error),
    /// After it was there: whether it stays is not known.
    After(Error),
}

/// What a file became.
struct Folded {
    file: Fingerprint,
    layout: Layout,
    position: Option<Position>,
}

impl Writer {
    pub(crate) fn new(base: &Path, held: Arc<AtomicBool>) -> Self {
        let now = Instant::now();
        Writer {
            lock: LockFile::new(base),
            held,
            taken: now,
            used: now,
            looked: now,
            appender: None,
            frame: Vec::new(),
            fold_at: 0,
            is_watched: false,
        }
    }

    /// Takes the lock, or goes on with it. Whether others may have written since.
    fn take(&mut self, patience: Duration, cancelled: &AtomicBool) -> Result<bool> {
        let now = Instant::now();
        self.used = now;
        if self.has_time(now) {
            return Ok(!self.held.load(Ordering::Acquire));
        }
        if self.lock.is_held() {
            self.release();
            crate::lock::pause(GAP);
        }
        self.lock.acquire(patience, || !cancelled.load(Ordering::Relaxed))?;
        self.taken = Instant::now();
        self.used = self.taken;
        Ok(true)
    }

    /// Whether the lock is held, and need not be given up yet.
    fn has_time(&self, now: Instant) -> bool {
        self.lock.is_held() && now.duration_since(self.taken) < LEASE
    }

    pub(crate) fn release(&mut self) {
        self.held.store(false, Ordering::Release);
        self.appender = None;
        self.lock.release();
    }
}

/// Gives up the lock soon after the last write.
fn watch(writer: &Arc<Mutex<Writer>>, taken: &mut Writer) {
    if taken.is_watched {
        return;
    }
    let weak = Arc::downgrade(writer);
    let run = move || {
        let mut idle = 0;
        while idle < 50 {
            crate::lock::pause(IDLE);
            let Some(writer) = weak.upgrade() else { return };
            let mut writer = writer.lock();
            if writer.lock.is_held() && writer.used.elapsed() >= IDLE {
                writer.release();
            }
            idle = if writer.lock.is_held() { 0 } else { idle + 1 };
            writer.is_watched = idle < 50;
        }
    };
    let spawned = std::thread::Builder::new().name("dataknobs-lock".into()).spawn(run);
    taken.is_watched = spawned.is_ok();
    if spawned.is_err() {
        taken.release();
    }
}

impl Store {
    /// Changes the records as one step: all of it or nothing, in memory and on disk.
    pub(crate) fn change<T>(&self, cancelled: &AtomicBool, run: impl FnOnce(&mut Draft<'_>) -> Result<T>) -> Result<T> {
        let mut writer = self.writer.lock();
        self.begin(&mut writer, cancelled)?;
        let (answer, commit) = self.commit(&mut writer, self.state.write(), cancelled, run)?;
        drop(writer);
        match commit {
            Some(number) if self.source.config.durability == Durability::Fsync => {
                self.durable.wait(number, &self.disk, &self.source.path)?;
            }
            _ => {}
        }
        Ok(answer)
    }

    /// Where a small change would take microseconds and wait for nobody, the means to do it at once:
    /// the lock is held, the records are in memory, and the commit goes to the end of the journal
    /// without a sync.
    pub(crate) fn at_once(&self) -> Option<AtOnce<'_>> {
        let config = &self.source.config;
        if config.durability == Durability::Fsync || !self.held.load(Ordering::Acquire) {
            return None;
        }
        let mut writer = self.writer.try_lock()?;
        let state = self.state.try_write()?;
        let resident = state.resident.as_ref()?;
        let length = resident.position.map_or(0, |position| position.end);
        let now = Instant::now();
        let is_due = now.duration_since(writer.looked) >= LOOK;
        let is_ready = writer.has_time(now)
            && writer.appender.is_some()
            && length + SMALL_COMMIT < config.journal_bytes
            && self.held.load(Ordering::Acquire)
            && !self.durable.is_doubtful()
            && !resident.table.wants_compaction()
            && (!is_due || self.fingerprint().is_ok_and(|found| found == resident.base));
        if !is_ready {
            return None;
        }
        writer.used = now;
        if is_due {
            writer.looked = now;
        }
        Some(AtOnce { store: self, writer, state })
    }

    /// Takes the lock and sees what others did. The lock is given up some time after.
    fn begin(&self, writer: &mut Writer, cancelled: &AtomicBool) -> Result<()> {
        wanted(cancelled)?;
        let is_new = writer.take(self.source.config.lock_timeout, cancelled)?;
        writer.looked = Instant::now();
        let is_changed = match &self.state.read().resident {
            Some(resident) => self.fingerprint()? != resident.base,
            None => true,
        };
        if is_new || is_changed {
            let mut state = self.state.write();
            let loaded = self.load_for_writing(&mut state, writer);
            if let Err(error) = loaded {
                drop(state);
                writer.release();
                return Err(error);
            }
            self.held.store(true, Ordering::Release);
        }
        watch(&self.writer, writer);
        Ok(())
    }

    fn load_for_writing(&self, state: &mut State, writer: &mut Writer) -> Result<()> {
        writer.appender = None;
        if let Some(resident) = &mut state.resident {
            if self.is_current(resident)? || self.catch_up(resident)? {
                return Ok(());
            }
            let before = resident.base;
            state.resident = None;
            let now = self.fingerprint()?;
            if now != before && writer.lock.note().file != now {
                return Err(match now {
                    None => crate::reader::missing(&self.source),
                    Some(_) => self.overtaken(),
                });
            }
        }
        if std::fs::metadata(&self.source.path).is_ok_and(|metadata| metadata.permissions().readonly()) {
            let error = Error::new(ErrorKind::Auth, "the file is write-protected");
            return Err(self.source.place(error));
        }
        let opened = self.open(state)?;
        state.resident = Some(self.load(opened)?);
        Ok(())
    }

    /// Runs a change and writes it. Gives the number of the commit that is to be synced, if one is.
    fn commit<T>(
        &self,
        writer: &mut Writer,
        mut state: RwLockWriteGuard<'_, State>,
        cancelled: &AtomicBool,
        run: impl FnOnce(&mut Draft<'_>) -> Result<T>,
    ) -> Result<(T, Option<u64>)> {
        let Some(resident) = &mut state.resident else {
            return Err(Error::new(ErrorKind::Backend, "the file is not loaded"));
        };
        let mut bytes = std::mem::take(&mut writer.frame);
        frame::begin(&mut bytes);
        let mut draft = Draft::new(resident, Some(&mut bytes), self.source.config.record_limit());
        let answer = run(&mut draft).and_then(|answer| wanted(cancelled).map(|()| answer));
        let answer = match answer {
            Ok(answer) if draft.changed() => answer,
            other => {
                draft.undo();
                writer.frame = bytes;
                return Ok((other?, None));
            }
        };
        let written = self.persist(writer, draft.resident, draft.frame.as_deref_mut());
        if let Err(Failure::Before(_)) = &written {
            draft.undo();
        }
        writer.frame = if bytes.capacity() > 1 << 20 { Vec::new() } else { bytes };
        let written = written.map_err(|failure| self.settle(failure, &mut state))?;
        if let Some(resident) = &mut state.resident
            && resident.table.wants_compaction()
        {
            resident.table.compact();
        }
        state.see_resident();
        self.fold_if_grown(writer, state);
        Ok((answer, written))
    }

    /// The error of a commit that did not get through. What is in memory may not be what is on disk
    /// now, and is let go of.
    fn settle(&self, failure: Failure, state: &mut State) -> Error {
        match failure {
            Failure::Before(error) => error,
            Failure::After(error) => {
                state.resident = None;
                self.held.store(false, Ordering::Release);
                error
            }
        }
    }

    /// Appends a change to the journal, or writes everything into a new file.
    fn persist(
        &self,
        writer: &mut Writer,
        resident: &mut Resident,
        bytes: Option<&mut Vec<u8>>,
    ) -> Result<Option<u64>, Failure> {
        let direct = resident.base.is_none() || self.durable.is_doubtful();
        let limit = self.source.config.journal_bytes.min(frame::MAX_PAYLOAD);
        let Some(bytes) = bytes.filter(|bytes| !direct && bytes.len() as u64 <= limit) else {
            let folded = self.fold(writer, resident)?;
            self.adopt(resident, folded);
            return Ok(None);
        };
        let before =
            |error: std::io::Error| Failure::Before(Error::from(error).with_context("path", self.journal.display()));
        let appender = self.appender(writer, resident).map_err(Failure::Before)?;
        resident.position = Some(appender.position());
        if self.source.config.durability == Durability::Fsync {
            appender.sync_name(&self.journal, &self.disk).map_err(before)?;
        }
        appender.append(&self.disk, bytes).map_err(before)?;
        resident.position = Some(appender.position());
        resident.commits += 1;
        Ok(Some(self.durable.written(appender.file())))
    }

    fn appender<'w>(&self, writer: &'w mut Writer, resident: &Resident) -> Result<&'w mut Appender> {
        if writer.appender.is_none() {
            let Some(base) = resident.base else {
                return Err(Error::new(ErrorKind::Backend, "a journal needs a file"));
            };
            let header = Header { base, key: header_key(&resident.layout.key) };
            let path = &self.source.path;
            writer.appender = Some(Appender::open(&self.journal, path, &self.disk, resident.position, &header)?);
        }
        match &mut writer.appender {
            Some(appender) => Ok(appender),
            None => Err(Error::new(ErrorKind::Backend, "the journal is not open")),
        }
    }

    /// A journal that has grown is folded, so that reading it never takes long.
    fn fold_if_grown(&self, writer: &mut Writer, state: RwLockWriteGuard<'_, State>) {
        let Some(resident) = &state.resident else { return };
        let length = resident.position.map_or(0, |position| position.end);
        let base = resident.base.map_or(0, |base| base.bytes);
        if length <= self.source.config.journal_bytes.max(base).max(writer.fold_at) {
            return;
        }
        // The write is in the journal, whatever becomes of this.
        if self.fold_now(writer, state).is_err() {
            writer.fold_at = length.saturating_mul(2);
        }
    }

    /// Writes everything into a new file, while others go on reading.
    fn fold_now(&self, writer: &mut Writer, state: RwLockWriteGuard<'_, State>) -> Result<()> {
        let state = RwLockWriteGuard::downgrade(state);
        let Some(resident) = &state.resident else { return Ok(()) };
        let folded = self.fold(writer, resident);
        drop(state);
        let mut state = self.state.write();
        match (folded, &mut state.resident) {
            (Ok(folded), Some(resident)) => {
                self.adopt(resident, folded);
                state.see_resident();
                writer.fold_at = 0;
                Ok(())
            }
            (Ok(_), None) => Ok(()),
            (Err(failure), _) => Err(self.settle(failure, &mut state)),
        }
    }

    fn adopt(&self, resident: &mut Resident, folded: Folded) {
        resident.base = Some(folded.file);
        resident.layout = folded.layout;
        resident.position = folded.position;
        resident.commits = 0;
        self.durable.all_synced();
    }

    /// Writes everything into a new file, which takes the old one's place; then the journal goes.
    fn fold(&self, writer: &mut Writer, resident: &Resident) -> Result<Folded, Failure> {
        let before = |error: Error| Failure::Before(self.source.place(error));
        let config = &self.source.config;
        let path = &self.source.path;
        let mut layout = resident.layout.clone();
        layout.key = layout.key.once_written();
        let key = &layout.key;
        if let Some(old) = &layout.csv {
            layout.csv = Some(Arc::new(csv::plan(old, key, resident.table.iter()).map_err(before)?));
        }
        let csv_write =
            layout.csv.as_deref().map(|layout| CsvWrite { layout, key, max_record_bytes: config.record_limit() });
        let total = resident.table.len() as u64;
        let work = Work::begin(WorkKind::Folding, path, total.saturating_mul(TYPICAL_BYTES), total);
        let mut taken = 0;
        let records = resident.table.iter().inspect(|_| {
            taken += 1;
            work.reach(taken);
        });
        let limit = config.record_limit();
        let mut longest = 0;
        let mut prefixes = None;
        let encode = |out: &mut (dyn Write + Send)| match (csv_write, self.source.format) {
            (Some(csv), _) => csv.write(out, records).map(|bytes| longest = bytes),
            (None, Format::Parquet) => parquet::write(out, records, key, limit),
            (None, Format::JsonLines) => json_write::write_lines(out, records, key, limit),
            (None, _) => json_write::write_array(out, records, key, limit),
        };
        let replacement = Replacement::write(path, &self.disk, config.durability, |out| {
            if !self.source.may_look_whole() {
                return self.source.compress(out, encode);
            }
            let mut noted = PrefixWriter::new(out);
            encode(&mut noted)?;
            prefixes = Some(noted.finish());
            Ok(())
        });
        let replacement = replacement.map_err(before)?;
        let check_base = || match self.fingerprint().map_err(before)? == resident.base {
            true => Ok(()),
            false => Err(Failure::After(self.overtaken())),
        };
        check_base()?;
        let sidecar = match csv_write {
            Some(csv) => {
                let written = csv.write_sidecar(path, &self.disk, resident.base.as_ref(), config.durability, longest);
                Some(written.map_err(before)?)
            }
            None => None,
        };
        let file = replacement.fingerprint().map_err(before)?;
        if resident.position.is_some() && resident.base.is_some() {
            self.note_fold(writer, resident, &file).map_err(before)?;
        }
        check_base()?;
        if let Err(error) = replacement.commit() {
            let is_there = self.fingerprint().is_ok_and(|now| now == Some(file));
            return Err(match is_there {
                false => before(error),
                true => Failure::After(unconfirmed(path).with_source(error)),
            });
        }
        if let Some(layout) = &mut layout.csv {
            Arc::make_mut(layout).sidecar = sidecar;
        }
        writer.lock.set_note(&Note { file: Some(file), prefixes });
        // A journal that stays says of itself that all of it is in the file.
        let position = match resident.position {
            Some(_) if self.disk.remove(&self.journal).is_err() => writer.appender.as_ref().map(Appender::position),
            _ => None,
        };
        if position.is_none() {
            writer.appender = None;
        }
        Ok(Folded { file, layout, position })
    }

    /// Says in the journal which file will hold everything that is in it.
    fn note_fold(&self, writer: &mut Writer, resident: &Resident, file: &Fingerprint) -> Result<()> {
        let appender = self.appender(writer, resident)?;
        let mut bytes = Vec::new();
        frame::begin(&mut bytes);
        change::folded(&mut bytes, file)?;
        appender.append(&self.disk, &mut bytes)?;
        if self.source.config.durability == Durability::Fsync {
            self.disk.sync(&appender.file())?;
        }
        Ok(())
    }

    /// Writes the records that `make` gives, if it does, into a new file in the place of the old one,
    /// under the lock. Whether it did.
    pub(crate) fn rewrite(&self, make: impl FnOnce() -> Result<Option<Resident>>) -> Result<bool> {
        let mut writer = self.writer.lock();
        writer.take(self.source.config.lock_timeout, &AtomicBool::new(false))?;
        let written = make().and_then(|made| match made.map(|resident| self.fold(&mut writer, &resident)) {
            None => Ok(false),
            Some(Ok(_)) => Ok(true),
            Some(Err(Failure::Before(error) | Failure::After(error))) => Err(error),
        });
        writer.release();
        written
    }

    /// Puts everything into the file, and the file on disk.
    pub(crate) fn flush(&self) -> Result<()> {
        let not_cancelled = AtomicBool::new(false);
        let has_commits = || self.state.read().has_commits();
        if has_commits() || std::fs::metadata(&self.journal).is_ok() {
            let mut writer = self.writer.lock();
            self.begin(&mut writer, &not_cancelled)?;
            if has_commits() {
                self.fold_now(&mut writer, self.state.write())?;
            }
        }
        match self.source.config.durability {
            Durability::Fsync => Ok(()),
            Durability::Buffered => crate::replace::sync(&self.source.path, &self.disk),
        }
    }

    /// Puts what this store knows of into the file, lets go of what is loaded and of the lock.
    pub(crate) fn close(&self) -> Result<()> {
        let folded = self.fold_pending(self.source.config.lock_timeout);
        self.state.write().resident = None;
        self.writer.lock().release();
        match folded {
            // Nothing is lost: who opens the file next reads the journal.
            Err(error) if error.kind() == ErrorKind::Timeout => Ok(()),
            folded => folded,
        }
    }

    fn fold_pending(&self, patience: Duration) -> Result<()> {
        if !self.state.read().has_commits() {
            return Ok(());
        }
        let mut writer = self.writer.lock();
        let is_new = writer.take(patience, &AtomicBool::new(false))?;
        let mut state = self.state.write();
        if is_new {
            let Some(resident) = &mut state.resident else { return Ok(()) };
            if !self.is_current(resident)? && !self.catch_up(resident)? {
                // Another of our processes may have done it; else the next one that opens it is told.
                let now = self.fingerprint()?;
                let by_us = now.is_some() && writer.lock.note().file == now;
                drop(state);
                return if by_us { Ok(()) } else { self.open(&mut State::default()).map(drop) };
            }
            self.held.store(true, Ordering::Release);
        }
        if state.has_commits() { self.fold_now(&mut writer, state) } else { Ok(()) }
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        // A forked child has none of this: its parent goes on.
        if self.process == std::process::id() && !std::thread::panicking() {
            // What cannot be done now is done by whoever opens the file next.
            let _ = self.fold_pending(Duration::ZERO);
        }
    }
}

fn wanted(cancelled: &AtomicBool) -> Result<()> {
    match cancelled.load(Ordering::Relaxed) {
        true => Err(Error::new(ErrorKind::Cancelled, "the call was given up before it changed anything")),
        false => Ok(()),
    }
}
