//! The records of a file by all cores: each takes a block, tells which of its rows pass, and makes
//! records of these only.
//!
//! Nobody runs ahead: each step reads a block for each core, and waits for all of them. Whatever is out
//! of the ordinary ends this: the rest of the file is read record by record then, which says what is
//! wrong.

mod json;

use std::fs::File;
use std::io::Seek as _;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use dataknobs_data_arrow::{cores, each_in_a_thread};
use dataknobs_data_core::{Condition, Matcher, Record, Result, Str};
use foldhash::fast::RandomState;

use self::json::JsonRecords;
use crate::blocks::{BlockRecords, Blocks, Buffer, Irregular, Keys, Known, RowForm, Verdict, Wish};
use crate::columns::RecordRows;
use crate::fingerprint::Fingerprint;
use crate::format::Format;
use crate::key::{KeySource, ordinal_id};
use crate::reader::{RecordReader, changed};
use crate::scan::check_awaited;
use crate::source::{Layout, Source};

/// Smaller files are read before other cores have begun.
const SMALL: u64 = 1024 * 1024;

/// Records of a block are many times as large as its text, and each core has one.
const BLOCK_BYTES: usize = 1024 * 1024;

const MAX_THREADS: usize = 32;

/// What is wanted of a file.
#[derive(Debug, Clone)]
pub(crate) struct Wanted {
    /// Records that do not fit it may be left out.
    pub(crate) condition: Condition,
    /// Whether records get their versions.
    pub(crate) with_versions: bool,
    pub(crate) cancelled: Arc<AtomicBool>,
}

impl Wanted {
    /// All records.
    pub(crate) fn all() -> Self {
        Wanted { condition: Condition::TRUE, with_versions: true, cancelled: Arc::default() }
    }
}

/// The records of a file.
pub(crate) enum FileRecords {
    /// All of them, one after another.
    One(Box<RecordReader>),
    /// Those that pass, by all cores.
    Blocks(Box<Blockwise>),
}

impl FileRecords {
    /// The records that a reader would give, which gave none yet. Blocks have a size of their own in
    /// tests.
    pub(crate) fn new(
        reader: RecordReader,
        source: &Arc<Source>,
        layout: &Layout,
        wanted: Wanted,
        block_bytes: Option<usize>,
    ) -> Result<Self> {
        let Some(form) = form_of(source, layout, &wanted.condition) else { return Self::one(reader, &wanted) };
        let Some(fingerprint) = reader.fingerprint() else { return Self::one(reader, &wanted) };
        if fingerprint.bytes < block_bytes.map_or(SMALL, |_| 0) {
            return Self::one(reader, &wanted);
        }
        let Some((file, fingerprint)) = reader.into_file() else { return Err(changed()) };
        let blockwise =
            Blockwise::new(Arc::clone(source), layout.clone(), file, fingerprint, form, wanted, block_bytes);
        Ok(FileRecords::Blocks(Box::new(blockwise.map_err(|error| source.place(error))?)))
    }

    fn one(mut reader: RecordReader, wanted: &Wanted) -> Result<Self> {
        reader.narrow(&wanted.condition)?;
        Ok(FileRecords::One(Box::new(reader)))
    }

    /// Whether those that do not pass are left out.
    pub(crate) fn is_filtered(&self) -> bool {
        matches!(self, FileRecords::Blocks(_))
    }

    /// How many bytes of the file were read, about.
    pub(crate) fn reached(&self) -> u64 {
        match self {
            FileRecords::One(reader) => reader.reached(),
            FileRecords::Blocks(blockwise) => blockwise.reached(),
        }
    }

    /// The next record; none at the end. After an error there is no more.
    pub(crate) fn next(&mut self) -> Result<Option<Record>> {
        match self {
            FileRecords::One(reader) => reader.next().transpose(),
            FileRecords::Blocks(blockwise) => blockwise.next(),
        }
    }
}

/// How rows of a file are found that several threads may read.
fn form_of(source: &Source, layout: &Layout, condition: &Condition) -> Option<RowForm> {
    if layout.key.source == KeySource::Ordinal
        && condition.leaves().iter().any(|leaf| may_be_id(leaf.path().segments()))
    {
        return None;
    }
    match (&layout.csv, source.format) {
        (Some(csv), _) if csv.separator_line => None,
        (Some(csv), _) => Some(RowForm::Delimited(csv.delimiter)),
        (None, Format::Json) => Some(RowForm::Elements),
        (None, Format::JsonLines) => Some(RowForm::Lines),
        (None, _) => None,
    }
}

fn may_be_id(segments: &[Str]) -> bool {
    segments.first().is_none_or(|first| matches!(first.as_str(), "_id" | "id"))
}

/// A pass over a file by all cores.
pub(crate) struct Blockwise {
    source: Arc<Source>,
    layout: Layout,
    file: File,
    fingerprint: Fingerprint,
    wanted: Wanted,
    form: RowForm,
    block_bytes: usize,
    blocks: Blocks,
    workers: Vec<Worker>,
    /// How many of them get a block at the next step.
    active: usize,
    hasher: RandomState,
    known: Known,
    /// Rows of the blocks so far.
    rows: u64,
    /// Rows from the start of the file that are done with, whatever pass this is.
    done: u64,
    /// Records of the last step, in order.
    ready: std::vec::IntoIter<Record>,
    /// What is left is read record by record.
    rest: Option<Rest>,
    ended: bool,
}

/// The rows behind those that blocks gave.
struct Rest {
    reader: RecordReader,
    skip: u64,
    matcher: Option<Matcher>,
}

/// One thread's share.
struct Worker {
    buffer: Buffer,
    has_quotes: bool,
    decoder: Decoder,
}

enum Decoder {
    Rows(Box<RecordRows>),
    Json(Box<JsonRecords>),
}

impl Worker {
    fn decode(&mut self) -> Result<BlockRecords, Irregular> {
        match &mut self.decoder {
            Decoder::Rows(rows) => rows.decode(self.buffer.bytes(), self.has_quotes),
            Decoder::Json(json) => json.decode(&self.buffer),
        }
    }
}

/// Why blocks end.
enum End {
    File,
    Irregular,
    NotRising,
}

impl Blockwise {
    fn new(
        source: Arc<Source>,
        layout: Layout,
        file: File,
        fingerprint: Fingerprint,
        form: RowForm,
        wanted: Wanted,
        block_bytes: Option<usize>,
    ) -> Result<Self> {
        let block_bytes = block_bytes.unwrap_or(BLOCK_BYTES);
        Ok(Blockwise {
            blocks: blocks_of(&source, &layout, &file, form, block_bytes)?,
            workers: Vec::new(),
            active: 1,
            hasher: RandomState::default(),
            known: Known::nothing_of(&Keys::of(&layout.key)),
            rows: 0,
            done: 0,
            ready: Vec::new().into_iter(),
            rest: None,
            ended: false,
            source,
            layout,
            file,
            fingerprint,
            wanted,
            form,
            block_bytes,
        })
    }

    fn reached(&self) -> u64 {
        (&self.file).stream_position().unwrap_or(0)
    }

    fn next(&mut self) -> Result<Option<Record>> {
        loop {
            if let Some(record) = self.ready.next() {
                return Ok(Some(record));
            }
            if let Some(rest) = &mut self.rest {
                return rest.next(&self.wanted.cancelled);
            }
            if self.ended {
                return Ok(None);
            }
            check_awaited(&self.wanted.cancelled)?;
            match self.step() {
                Ok(()) => {}
                Err(error) => {
                    self.ended = true;
                    return Err(self.source.place(error));
                }
            }
        }
    }

    /// Takes a block for each core.
    fn step(&mut self) -> Result<()> {
        let (found, mut end) = self.decode();
        let mut ready = Vec::new();
        for block in found {
            if let Err(reason) = self.take(block, &mut ready) {
                end = Some(reason);
                break;
            }
        }
        self.ready = ready.into_iter();
        match end {
            None => {}
            Some(End::File) => {
                self.ended = true;
                if Fingerprint::of_file(&self.file)? != self.fingerprint {
                    return Err(changed());
                }
            }
            Some(End::Irregular) => self.rest = Some(self.rest()?),
            Some(End::NotRising) => {
                self.blocks = blocks_of(&self.source, &self.layout, &self.file, self.form, self.block_bytes)?;
                self.known = Known::unsorted();
                self.rows = 0;
            }
        }
        Ok(())
    }

    /// Reads blocks, as many as there are cores, and makes their records.
    fn decode(&mut self) -> (Vec<Result<BlockRecords, Irregular>>, Option<End>) {
        let mut count = 0;
        let mut end = None;
        while count < self.active && end.is_none() {
            if count == self.workers.len() {
                let worker = self.worker();
                self.workers.push(worker);
            }
            let worker = &mut self.workers[count];
            match self.blocks.next(&mut worker.buffer) {
                Ok(Some(block)) => {
                    worker.has_quotes = block.has_quotes;
                    count += 1;
                }
                Ok(None) => end = Some(End::File),
                Err((_, Irregular)) => end = Some(End::Irregular),
            }
        }
        self.active = cores(MAX_THREADS).min(self.active * 2);
        let found = each_in_a_thread(self.workers[..count].iter_mut().collect(), |worker| Some(worker.decode()));
        // A thread that panicked leaves it to those who read record by record.
        let found = found.unwrap_or_else(|| vec![Err(Irregular)]);
        (found, end)
    }

    /// Takes the records of the next block.
    fn take(&mut self, block: Result<BlockRecords, Irregular>, ready: &mut Vec<Record>) -> Result<(), End> {
        let BlockRecords { rows, records, keys } = block.map_err(|Irregular| End::Irregular)?;
        match self.known.note(&keys) {
            Verdict::Unique => {}
            Verdict::Repeated => return Err(End::Irregular),
            Verdict::NotRising => return Err(End::NotRising),
        }
        let before = self.rows;
        self.rows += rows;
        let is_numbered = self.layout.key.source == KeySource::Ordinal;
        for (place, mut record) in records {
            let number = before + u64::from(place) + 1;
            // An earlier pass gave it.
            if number <= self.done {
                continue;
            }
            if is_numbered {
                record.set_id(ordinal_id(number));
            }
            ready.push(record);
        }
        self.done = self.done.max(self.rows);
        Ok(())
    }

    fn worker(&self) -> Worker {
        let Wanted { condition, with_versions, .. } = &self.wanted;
        let wish = Wish {
            key: &self.layout.key,
            condition,
            with_versions: *with_versions,
            max_record_bytes: self.source.row_limit(&self.layout),
            hasher: self.hasher.clone(),
        };
        let decoder = match &self.layout.csv {
            Some(csv) => Decoder::Rows(Box::new(RecordRows::new(csv, wish))),
            None => Decoder::Json(Box::new(JsonRecords::new(self.form, wish))),
        };
        Worker { buffer: Buffer::default(), has_quotes: false, decoder }
    }

    fn rest(&self) -> Result<Rest> {
        let file = self.file.try_clone()?;
        let reader = RecordReader::of_file(Arc::clone(&self.source), file, self.fingerprint, self.layout.clone())?;
        let condition = &self.wanted.condition;
        Ok(Rest { reader, skip: self.done, matcher: (!condition.is_true()).then(|| Matcher::new(condition)) })
    }
}

impl Rest {
    fn next(&mut self, cancelled: &AtomicBool) -> Result<Option<Record>> {
        while let Some(record) = self.reader.next().transpose()? {
            check_awaited(cancelled)?;
            if self.skip > 0 {
                self.skip -= 1;
            } else if self.matcher.as_ref().is_none_or(|matcher| matcher.matches(&record)) {
                return Ok(Some(record));
            }
        }
        Ok(None)
    }
}

fn blocks_of(source: &Source, layout: &Layout, mut file: &File, form: RowForm, block_bytes: usize) -> Result<Blocks> {
    file.rewind()?;
    let text = source.config.expand(file.try_clone()?)?;
    Ok(Blocks::new(text, form, source.row_limit(layout), block_bytes))
}
