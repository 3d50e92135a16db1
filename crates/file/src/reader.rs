//! Records of a file, one after another.

use std::fs::File;
use std::io::{Cursor, Read, Seek};
use std::sync::Arc;
use std::sync::mpsc;

use dataknobs_data_core::{Condition, Error, ErrorKind, Record, RecordId, Result};
use foldhash::fast::RandomState;
use std::collections::{HashMap, HashSet};

use crate::config::FileConfig;
use crate::fingerprint::Fingerprint;
use crate::format::{Format, Rows};
use crate::key::KeySource;
use crate::source::{Layout, Source, spool};

/// Reads the records of a file in order, in constant memory but for a few bytes per id, by which a
/// repeated id is noticed. After an error there is no more.
///
/// Dropping it stops reading: it vouches only for what it gave.
///
/// ```
/// use dataknobs_data_file::{FileConfig, Format, RecordReader};
/// let config = FileConfig::default().with_format(Format::Csv);
/// let text = "name,age\nAda,36\nAlan,41\n";
/// let records: Vec<_> = RecordReader::from_input(text.as_bytes(), &config)?.collect::<Result<_, _>>()?;
/// assert_eq!(records[1]["age"].as_integer(), Some(41));
/// assert_eq!(records[1].id().unwrap().as_str(), "2");
/// # Ok::<(), dataknobs_data_core::Error>(())
/// ```
pub struct RecordReader {
    rows: Box<dyn Rows>,
    source: Arc<Source>,
    layout: Layout,
    ids: SeenIds,
    /// The open file, to notice when another program writes into it.
    file: Option<(File, Fingerprint)>,
    /// How many records it gave.
    read: u64,
    done: bool,
}

/// The ids seen so far.
enum SeenIds {
    /// Row numbers cannot repeat.
    Unneeded,
    /// Hashes; the file is read again to tell a repeated id from a collision.
    Hashes(HashSet<u64, RandomState>),
    /// The ids themselves and their lines, for inputs that cannot be read twice.
    Lines(HashMap<RecordId, u64, RandomState>),
}

impl SeenIds {
    /// None yet, of an input that cannot be read twice.
    fn unread(layout: &Layout) -> Self {
        match layout.key.source {
            KeySource::Ordinal => SeenIds::Unneeded,
            _ => SeenIds::Lines(HashMap::default()),
        }
    }
}

impl RecordReader {
    /// Opens the file that the configuration names.
    ///
    /// ```
    /// use dataknobs_data_file::{FileConfig, RecordReader};
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("people.csv");
    /// std::fs::write(&path, "name,age\nAda,36\n")?;
    /// let mut reader = RecordReader::open(&FileConfig::new(&path))?;
    /// assert_eq!(reader.next().unwrap()?["age"].as_integer(), Some(36));
    /// assert!(reader.next().is_none());
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`NotFound`](ErrorKind::NotFound) when there is no file, [`Corrupt`](ErrorKind::Corrupt)
    /// when its beginning is damaged, [`InvalidConfig`](ErrorKind::InvalidConfig).
    pub fn open(config: &FileConfig) -> Result<Self> {
        let source = Arc::new(Source::new(config.clone())?);
        let Some((file, fingerprint)) = source.open()? else { return Err(missing(&source)) };
        let layout = source.discover_file(&file, &fingerprint)?;
        Self::of_file(source, file, fingerprint, layout)
    }

    /// Reads records from any input. The configuration's `format` says how; its path is only a name
    /// for messages.
    ///
    /// ```
    /// use dataknobs_data_core::ErrorKind;
    /// use dataknobs_data_file::{FileConfig, Format, RecordReader};
    /// let config = FileConfig::default().with_format(Format::JsonLines);
    /// let mut reader = RecordReader::from_input(&b"{\"n\": 1}\n{\"n\": \n"[..], &config)?;
    /// assert_eq!(reader.next().unwrap()?["n"].as_integer(), Some(1));
    /// assert_eq!(reader.next().unwrap().unwrap_err().kind(), ErrorKind::Corrupt);
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`RecordReader::open`].
    pub fn from_input(input: impl Read + Send + 'static, config: &FileConfig) -> Result<Self> {
        let source = Arc::new(Source::unnamed(config.clone())?);
        if source.format == Format::Parquet {
            // Its columns stand at the end.
            let file = spool(Box::new(input)).map_err(|error| source.place(error))?;
            let fingerprint = Fingerprint::of_file(&file)?;
            let layout = source.discover_file(&file, &fingerprint)?;
            let rows = source.rows_of_file(file, &layout).map_err(|error| source.place(error))?;
            let ids = SeenIds::unread(&layout);
            return Ok(RecordReader { rows, source, layout, ids, file: None, read: 0, done: false });
        }
        // The layout is found from the beginning, which is then read again out of memory.
        let (sender, receiver) = mpsc::channel();
        let recorder = Recorder { input: Box::new(input), remains: sender, read: Vec::new() };
        let layout = source.discover(Box::new(recorder), None)?;
        let (read, rest) = receiver.recv().map_err(|_| Error::new(ErrorKind::Io, "the input is gone"))?;
        let rows =
            source.rows(Box::new(Cursor::new(read).chain(rest)), &layout).map_err(|error| source.place(error))?;
        let ids = SeenIds::unread(&layout);
        Ok(RecordReader { rows, source, layout, ids, file: None, read: 0, done: false })
    }

    /// Whether the ids are the numbers of the rows, because the input has no key of its own.
    ///
    /// ```
    /// use dataknobs_data_file::{FileConfig, Format, RecordReader};
    /// let csv = FileConfig::default().with_format(Format::Csv);
    /// assert!(RecordReader::from_input(&b"name\nAda\n"[..], &csv)?.numbers_rows());
    /// assert!(!RecordReader::from_input(&b"id,name\n7,Ada\n"[..], &csv)?.numbers_rows());
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    pub fn numbers_rows(&self) -> bool {
        self.layout.key.source == KeySource::Ordinal
    }

    /// Reads an open file from its start.
    pub(crate) fn of_file(
        source: Arc<Source>,
        mut file: File,
        fingerprint: Fingerprint,
        layout: Layout,
    ) -> Result<Self> {
        file.rewind().map_err(|error| source.place(error.into()))?;
        let input = file.try_clone().map_err(|error| source.place(error.into()))?;
        let rows = source.rows_of_file(input, &layout).map_err(|error| source.place(error))?;
        let ids = match layout.key.source {
            KeySource::Ordinal => SeenIds::Unneeded,
            _ => SeenIds::Hashes(HashSet::default()),
        };
        Ok(RecordReader { rows, source, layout, ids, file: Some((file, fingerprint)), read: 0, done: false })
    }

    /// Leaves out records that do not fit the condition, where the format shows it before they are
    /// read. For readers that gave nothing yet.
    pub(crate) fn narrow(&mut self, condition: &Condition) -> Result<()> {
        self.rows.narrow(condition).map_err(|error| self.source.place(error))
    }

    /// Which state of the file this reads.
    pub(crate) fn fingerprint(&self) -> Option<Fingerprint> {
        self.file.as_ref().map(|(_, fingerprint)| *fingerprint)
    }

    /// The open file that this reads, and its state.
    pub(crate) fn into_file(self) -> Option<(File, Fingerprint)> {
        self.file
    }

    /// How many bytes of the file were read, about.
    pub(crate) fn reached(&self) -> u64 {
        let Some((file, fingerprint)) = &self.file else { return 0 };
        match self.rows.rows_in_all() {
            Some(rows) => fingerprint.bytes.saturating_mul(self.rows.line()) / rows.max(1),
            // The rows are read through a handle that shares its position with this one.
            None => (&mut &*file).stream_position().unwrap_or(0),
        }
    }

    fn advance(&mut self) -> Result<Option<Record>> {
        let Some(record) = self.rows.next()? else {
            self.check_unchanged()?;
            return Ok(None);
        };
        self.read += 1;
        let Some(id) = record.id() else { return Ok(Some(record)) };
        let line = self.rows.line();
        let repeated = match &mut self.ids {
            SeenIds::Unneeded => None,
            SeenIds::Hashes(hashes) => {
                let hash = std::hash::BuildHasher::hash_one(hashes.hasher(), id.as_str());
                if hashes.insert(hash) { None } else { self.first_line_of(id, line)? }
            }
            SeenIds::Lines(lines) => lines.insert(id.clone(), line),
        };
        match repeated {
            Some(first) => Err(self.layout.key.twice(Some(first), line)),
            None => Ok(Some(record)),
        }
    }

    /// The line before this one where an id stands already.
    fn first_line_of(&self, id: &RecordId, line: u64) -> Result<Option<u64>> {
        let Some((file, fingerprint)) = self.source.open()? else { return Ok(None) };
        if self.file.as_ref().is_some_and(|(_, first)| *first != fingerprint) {
            return Err(changed());
        }
        let mut rows = self.source.rows_of_file(file, &self.layout)?;
        // In text several rows may stand on one line; in Parquet some may have been left out.
        let mut before = match rows.rows_in_all() {
            Some(_) => line - 1,
            None => self.read - 1,
        };
        while before > 0
            && let Some(record) = rows.next()?
        {
            before -= 1;
            if record.id() == Some(id) {
                return Ok(Some(rows.line()));
            }
        }
        Ok(None)
    }

    /// Refuses what was read from a file that another program was writing.
    fn check_unchanged(&self) -> Result<()> {
        match &self.file {
            Some((file, fingerprint)) if Fingerprint::of_file(file)? != *fingerprint => Err(changed()),
            _ => Ok(()),
        }
    }
}

/// The error for what was read while another program wrote.
pub(crate) fn changed() -> Error {
    Error::new(ErrorKind::Conflict, "another program changed the file while it was read")
        .with_hint("read it again once the other program is done")
}

/// The error for a file that is not there.
pub(crate) fn missing(source: &Source) -> Error {
    Error::new(ErrorKind::NotFound, "there is no such file").with_context("path", source.given_path().display())
}

impl Iterator for RecordReader {
    type Item = Result<Record>;

    fn next(&mut self) -> Option<Result<Record>> {
        if self.done {
            return None;
        }
        let next = self.advance().map_err(|error| match self.check_unchanged() {
            // Half a write looks like damage.
            Err(changed) => self.source.place(changed.with_source(error)),
            Ok(()) if self.file.is_some() => self.source.place(self.source.trace_to_compression(error)),
            Ok(()) => self.source.place(error),
        });
        self.done = !matches!(next, Ok(Some(_)));
        next.transpose()
    }
}

impl std::fmt::Debug for RecordReader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RecordReader").field("path", &self.source.given_path()).finish_non_exhaustive()
    }
}

/// Keeps what is read, and hands it over with the rest of the input when it is dropped.
struct Recorder {
    input: Box<dyn Read + Send>,
    remains: mpsc::Sender<(Vec<u8>, Box<dyn Read + Send>)>,
    read: Vec<u8>,
}

impl Read for Recorder {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let count = self.input.read(buffer)?;
        self.read.extend_from_slice(&buffer[..count]);
        Ok(count)
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        let rest = std::mem::replace(&mut self.input, Box::new(std::io::empty()));
        // Nobody waits for it when finding the layout has failed.
        let _ = self.remains.send((std::mem::take(&mut self.read), rest));
    }
}
