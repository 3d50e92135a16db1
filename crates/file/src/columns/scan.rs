//! A whole file: blocks to all cores, results in the order of the file.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Seek as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use arrow_array::ArrayRef;
use arrow_array::builder::StringBuilder;
use dataknobs_data_arrow::{ScannedBatch, ScannedColumns, SeenOffsets, append_integer, cores};
use dataknobs_data_core::Result;
use dataknobs_data_core::backend::ScanRequest;
use foldhash::fast::RandomState;
use parking_lot::{Condvar, Mutex};

use super::block_rows::{BlockRows, Decoder};
use super::plan::{Ids, Plan};
use crate::blocks::{Blocks, Buffer, Irregular, Known, RowForm, Verdict};
use crate::scan::check_awaited;

/// Another core is worth its start from so many bytes on.
const BYTES_A_THREAD: u64 = 512 * 1024;

const MAX_THREADS: usize = 32;

const BLOCK_BYTES: usize = 2 * 1024 * 1024;

/// Scans a file from its start. None where records have to answer.
pub(crate) fn scan(
    plan: &Plan,
    file: &mut File,
    bytes: u64,
    request: &ScanRequest,
    cancelled: &AtomicBool,
) -> Result<Option<ScannedColumns>> {
    let first = Known::nothing_of(&plan.ids.keys());
    match pass(plan, file, bytes, request, cancelled, first)? {
        Ending::NotRising => Ok(pass(plan, file, bytes, request, cancelled, Known::unsorted())?.columns()),
        ending => Ok(ending.columns()),
    }
}

/// How a pass over the file ended.
enum Ending {
    Complete(ScannedColumns),
    Irregular,
    NotRising,
}

impl Ending {
    fn columns(self) -> Option<ScannedColumns> {
        if let Ending::Complete(columns) = self { Some(columns) } else { None }
    }
}

fn pass(
    plan: &Plan,
    file: &mut File,
    bytes: u64,
    request: &ScanRequest,
    cancelled: &AtomicBool,
    known: Known,
) -> Result<Ending> {
    file.rewind()?;
    let blocks = Blocks::new(
        Box::new(file.try_clone()?),
        RowForm::Delimited(plan.layout.delimiter),
        plan.max_record_bytes,
        BLOCK_BYTES,
    );
    let cores = cores(MAX_THREADS);
    let threads = cores.min(usize::try_from(bytes / BYTES_A_THREAD).unwrap_or(usize::MAX)).max(1);
    let pass = Pass {
        plan,
        hasher: RandomState::default(),
        cancelled,
        ahead: threads * 2,
        blocks: Mutex::new(blocks),
        results: Mutex::new(Results {
            next: 0,
            waiting: BTreeMap::new(),
            known,
            rows: 0,
            skip: request.offset,
            left: request.limit.unwrap_or(u64::MAX),
            columns: ScannedColumns::new(plan.fields()),
            ending: None,
        }),
        moved: Condvar::new(),
    };
    std::thread::scope(|scope| {
        for _ in 1..threads {
            scope.spawn(|| pass.work());
        }
        pass.work();
    });
    check_awaited(cancelled)?;
    let results = pass.results.into_inner();
    Ok(match results.ending {
        None | Some(End::Limit) => Ending::Complete(results.columns),
        Some(End::Irregular) => Ending::Irregular,
        Some(End::NotRising) => Ending::NotRising,
    })
}

/// One pass over a file, shared by its threads.
struct Pass<'a> {
    plan: &'a Plan,
    hasher: RandomState,
    cancelled: &'a AtomicBool,
    /// How many blocks may be done before the one that is next in order.
    ahead: usize,
    blocks: Mutex<Blocks>,
    results: Mutex<Results>,
    moved: Condvar,
}

/// Keeps the other threads from waiting for a block that never comes.
struct AbortOnPanic<'a>(&'a Pass<'a>);

impl Drop for AbortOnPanic<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.results.lock().ending = Some(End::Irregular);
            self.0.moved.notify_all();
        }
    }
}

struct Results {
    /// The number of the block that is next in order.
    next: usize,
    waiting: BTreeMap<usize, Result<BlockRows, Irregular>>,
    known: Known,
    /// Rows before that block.
    rows: u64,
    skip: u64,
    left: u64,
    columns: ScannedColumns,
    ending: Option<End>,
}

/// Why no more blocks are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Limit,
    Irregular,
    NotRising,
}

impl Pass<'_> {
    fn work(&self) {
        let _abort = AbortOnPanic(self);
        let mut buffer = Buffer::default();
        let mut decoder = Decoder::new(self.plan, &self.hasher);
        while !self.cancelled.load(Ordering::Relaxed) && self.results.lock().ending.is_none() {
            // A file that cannot be read on is reported by those who read records.
            let (number, result) = match self.blocks.lock().next(&mut buffer) {
                Ok(None) => return,
                Ok(Some(block)) => (block.number, Some(block.has_quotes)),
                Err((number, Irregular)) => (number, None),
            };
            let result = match result {
                Some(has_quotes) => decoder.decode(buffer.bytes(), has_quotes),
                None => Err(Irregular),
            };
            self.hand_in(number, result);
        }
        self.moved.notify_all();
    }

    fn hand_in(&self, number: usize, result: Result<BlockRows, Irregular>) {
        let mut results = self.results.lock();
        while number >= results.next + self.ahead && results.ending.is_none() {
            self.moved.wait(&mut results);
        }
        results.waiting.insert(number, result);
        while results.ending.is_none() {
            let next = results.next;
            let Some(result) = results.waiting.remove(&next) else { break };
            results.next += 1;
            results.ending = match result {
                Ok(rows) => results.take(rows, self.plan),
                Err(Irregular) => Some(End::Irregular),
            };
        }
        self.moved.notify_all();
    }
}

impl Results {
    /// Takes the rows of the next block.
    fn take(&mut self, block: BlockRows, plan: &Plan) -> Option<End> {
        match self.known.note(&block.keys) {
            Verdict::Unique => {}
            Verdict::Repeated => return Some(End::Irregular),
            Verdict::NotRising => return Some(End::NotRising),
        }
        let before = self.rows;
        self.rows += block.rows;
        let skipped = usize::try_from(self.skip).unwrap_or(usize::MAX).min(block.passing);
        let taken = usize::try_from(self.left).unwrap_or(usize::MAX).min(block.passing - skipped);
        self.skip -= skipped as u64;
        self.left -= taken as u64;
        if taken > 0 {
            let rows = skipped..skipped + taken;
            for (at, (array, offsets)) in block.columns.iter().enumerate() {
                let kept = offsets_of(array, *offsets, rows.clone());
                match kept {
                    Some(offsets) => self.columns.note_offsets(at, offsets),
                    None => return Some(End::Irregular),
                }
            }
            let ids = match plan.ids {
                Ids::Ordinal if plan.ids_wanted => Some(ordinals(before, &block.places)),
                _ => block.ids,
            };
            let columns = block.columns.into_iter().map(|(array, _)| array).collect();
            self.columns.push(ScannedBatch::new(ids, columns, block.passing).slice(skipped, taken));
        }
        (self.left == 0).then_some(End::Limit)
    }
}

/// The offsets among some rows of a block; none where only the values could tell.
fn offsets_of(array: &ArrayRef, seen: SeenOffsets, rows: std::ops::Range<usize>) -> Option<SeenOffsets> {
    if rows.len() == array.len() || seen == SeenOffsets::default() {
        return Some(seen);
    }
    let without_values = array.slice(rows.start, rows.len()).null_count() == rows.len();
    match without_values {
        true => Some(SeenOffsets::default()),
        false => seen.is_uniform().then_some(seen),
    }
}

/// The numbers of rows, from 1.
fn ordinals(before: u64, places: &[u32]) -> ArrayRef {
    let mut ids = StringBuilder::with_capacity(places.len(), places.len() * 7);
    for place in places {
        append_integer(&mut ids, (before + u64::from(*place) + 1).cast_signed());
    }
    Arc::new(ids.finish())
}
