//! Persistence of a memory database: one file, replaced atomically.

use std::fs::File;
use std::io::{BufRead as _, BufReader, BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::{Condvar, Mutex};

use super::config::{MemoryConfig, PersistFormat};
use super::store::Store;
use super::table::Snapshot;
use crate::error::{Error, ErrorKind, Result};
use crate::record::Record;
use crate::value::parse_json;

/// Where and how a memory database is kept.
#[derive(Debug)]
pub(super) struct Persistence {
    path: PathBuf,
    format: PersistFormat,
    interval: Option<Duration>,
    /// The change count that the file holds; the lock keeps savers apart.
    saved: Arc<Mutex<u64>>,
    stop: Arc<(Mutex<bool>, Condvar)>,
    saver: Mutex<Option<std::thread::JoinHandle<()>>>,
}

impl Persistence {
    pub(super) fn from_config(config: MemoryConfig) -> Result<Option<Self>> {
        let Some(path) = config.persist else {
            if config.format.is_some() || config.interval.is_some() {
                return Err(Error::invalid_config("`format` and `interval` need `persist`, the file to keep"));
            }
            return Ok(None);
        };
        let by_name = path.extension().is_some_and(|extension| extension == "pickle" || extension == "pkl");
        let format = config.format.unwrap_or(if by_name { PersistFormat::Pickle } else { PersistFormat::JsonLines });
        if format == PersistFormat::Pickle && !cfg!(feature = "pickle") {
            return Err(Error::unsupported("this build has no support for pickle").with_context("feature", "pickle"));
        }
        Ok(Some(Persistence {
            path,
            format,
            interval: config.interval,
            saved: Arc::default(),
            stop: Arc::default(),
            saver: Mutex::new(None),
        }))
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Loads the file, if there is one, and begins to save by interval.
    pub(super) fn start(&self, store: &Arc<Store>) -> Result<()> {
        let records = load(&self.path, self.format)?;
        store.change(|state| {
            // One write takes longer than a microsecond, so no count has overtaken the clock.
            state.begin_versions_at(std::time::SystemTime::now());
            for record in records {
                let mut record = record;
                record.set_version(state.next_version());
                state.put(record)?;
            }
            Ok(())
        })?;
        *self.saved.lock() = store.change_count();
        if let Some(interval) = self.interval {
            *self.stop.0.lock() = false;
            let (store, saved, stop) = (Arc::downgrade(store), self.saved.clone(), self.stop.clone());
            let (path, format) = (self.path.clone(), self.format);
            let saver = std::thread::Builder::new().name("dataknobs-memory-saver".into()).spawn(move || {
                let mut stopped = stop.0.lock();
                while !*stopped {
                    stop.1.wait_for(&mut stopped, interval);
                    let Some(store) = store.upgrade() else { return };
                    // A failure is met again, and reported, by flush and close.
                    if let Err(error) = save(&store, &saved, &path, format) {
                        tracing::warn!(error = %error, "a memory database could not be saved");
                    }
                }
            });
            *self.saver.lock() = Some(saver.map_err(Error::from)?);
        }
        Ok(())
    }

    pub(super) fn save(&self, store: &Store) -> Result<()> {
        save(store, &self.saved, &self.path, self.format)
    }

    pub(super) fn stop(&self, store: &Store) -> Result<()> {
        *self.stop.0.lock() = true;
        self.stop.1.notify_all();
        if let Some(saver) = self.saver.lock().take() {
            // The saver holds no lock that this thread holds; a panic in it is not ours to repeat.
            let _ = saver.join();
        }
        self.save(store)
    }
}

impl Drop for Persistence {
    fn drop(&mut self) {
        *self.stop.0.lock() = true;
        self.stop.1.notify_all();
    }
}

fn save(store: &Store, saved: &Mutex<u64>, path: &Path, format: PersistFormat) -> Result<()> {
    let mut saved = saved.lock();
    let (snapshot, changes) = store.counted_snapshot();
    if *saved == changes {
        return Ok(());
    }
    replace(path, |file| match format {
        PersistFormat::JsonLines => write_json_lines(&snapshot, file),
        PersistFormat::Pickle => write_pickle(&snapshot, file),
    })
    .map_err(|error| error.with_context("path", path.display()))?;
    *saved = changes;
    Ok(())
}

/// Writes a file beside the old one, syncs it and puts it in the old one's place.
fn replace(path: &Path, write: impl FnOnce(&mut BufWriter<&File>) -> Result<()>) -> Result<()> {
    let path = &std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut builder = tempfile::Builder::new();
    if let Ok(metadata) = std::fs::metadata(path) {
        builder.permissions(metadata.permissions());
    }
    let file = builder.prefix(".dataknobs-").suffix(".tmp").tempfile_in(folder)?;
    let mut buffer = BufWriter::new(file.as_file());
    write(&mut buffer)?;
    buffer.flush()?;
    drop(buffer);
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| Error::from(error.error))?;
    if let Ok(folder) = File::open(folder) {
        folder.sync_all()?;
    }
    Ok(())
}

fn write_json_lines(snapshot: &Snapshot, file: &mut BufWriter<&File>) -> Result<()> {
    for record in snapshot.iter() {
        serde_json::to_writer(&mut *file, &record.to_json()).map_err(std::io::Error::from)?;
        file.write_all(b"\n")?;
    }
    Ok(())
}

fn load(path: &Path, format: PersistFormat) -> Result<Vec<Record>> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(Error::from(error).with_context("path", path.display())),
    };
    let records = match format {
        PersistFormat::JsonLines => read_json_lines(BufReader::new(file)),
        PersistFormat::Pickle => read_pickle(BufReader::new(file)),
    };
    let records = records.map_err(|error| error.with_context("path", path.display()))?;
    let mut seen = std::collections::HashSet::new();
    for (index, record) in records.iter().enumerate() {
        let problem = match record.id() {
            None => "a record without an id",
            Some(id) if !seen.insert(id.as_str()) => "an id that stands twice",
            Some(_) => continue,
        };
        return Err(Error::corrupt(problem).with_context("path", path.display()).with_context("record", index + 1));
    }
    Ok(records)
}

fn read_json_lines(file: impl std::io::Read) -> Result<Vec<Record>> {
    let mut lines = BufReader::new(file);
    let mut records = Vec::new();
    let mut line = Vec::new();
    for number in 1.. {
        line.clear();
        if lines.read_until(b'\n', &mut line)? == 0 {
            break;
        }
        // Every line was written with its end: one without is one that was cut.
        if line.last() != Some(&b'\n') {
            return Err(Error::corrupt("the last line is cut").with_context("line", number));
        }
        let document = parse_json(&line).map_err(|fault| {
            Error::corrupt(fault.reason).with_context("line", number).with_context("column", fault.column)
        })?;
        let record = Record::from_json(document).map_err(|error| {
            Error::new(ErrorKind::Corrupt, error.message().to_owned()).with_context("line", number).with_source(error)
        })?;
        records.push(record);
    }
    Ok(records)
}

#[cfg(feature = "pickle")]
fn write_pickle(snapshot: &Snapshot, file: &mut BufWriter<&File>) -> Result<()> {
    let documents: Vec<serde_json::Value> = snapshot.iter().map(Record::to_json).collect();
    serde_pickle::to_writer(file, &documents, serde_pickle::SerOptions::new())
        .map_err(|error| Error::new(ErrorKind::Io, "the pickle could not be written").with_source(error))
}

#[cfg(feature = "pickle")]
fn read_pickle(file: impl std::io::Read) -> Result<Vec<Record>> {
    let documents: Vec<serde_json::Value> = serde_pickle::from_reader(file, serde_pickle::DeOptions::new())
        .map_err(|error| Error::corrupt("not a pickle of record documents").with_source(error))?;
    let records = documents.into_iter().enumerate().map(|(index, document)| {
        Record::from_json(document).map_err(|error| {
            Error::new(ErrorKind::Corrupt, error.message().to_owned())
                .with_context("record", index + 1)
                .with_source(error)
        })
    });
    records.collect()
}

#[cfg(not(feature = "pickle"))]
fn write_pickle(_: &Snapshot, _: &mut BufWriter<&File>) -> Result<()> {
    Err(Error::unsupported("this build has no support for pickle"))
}

#[cfg(not(feature = "pickle"))]
fn read_pickle(_: impl std::io::Read) -> Result<Vec<Record>> {
    Err(Error::unsupported("this build has no support for pickle"))
}
