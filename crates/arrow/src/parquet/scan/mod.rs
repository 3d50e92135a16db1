//! Scans of a file as columns: no record is made on the way.
//!
//! First the columns that the condition looks at are read, for the row groups and pages that may have
//! what it asks for; then, of the rows that pass, each wanted column of each row group, on all cores.
//! Whatever is out of the ordinary ends the scan without an answer: records are read then, and they
//! say what is wrong.
//!
//! `arrays.rs` makes of each array what records would say; `reader.rs` reads single columns, `pages/`
//! those in the usual encodings.

mod arrays;
mod pages;
mod reader;

use std::collections::HashSet;
use std::hash::BuildHasher as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use arrow_array::builder::StringBuilder;
use arrow_array::cast::AsArray as _;
use arrow_array::types::Int64Type;
use arrow_array::{Array, ArrayRef, BooleanArray, RecordBatch, RecordBatchOptions};
use arrow_buffer::{BooleanBuffer, BooleanBufferBuilder};
use arrow_schema::{DataType, Field, Schema};
use arrow_select::concat::concat;
use arrow_select::filter::filter as select;
use dataknobs_data_core::{Condition, Error, ErrorKind, FieldType, RecordId, Result, Str, validate_field_name};
use foldhash::fast::RandomState;

use super::file::ParquetFile;
use super::prune::rows_that_may_fit;
use super::threads;
use crate::{BatchFilter, ScannedBatch, ScannedColumns, SeenOffsets, append_integer, cores, plain_name};
use reader::{Columns, Wanted};

const MAX_THREADS: usize = 32;

/// What is wanted of a file as columns.
///
/// ```
/// use std::sync::{Arc, atomic::AtomicBool};
/// use dataknobs_data_arrow::parquet::{IdColumn, ParquetFile, ParquetScan, write_parquet};
/// use dataknobs_data_core::{Condition, Filter, record};
/// let records = (0..5).map(|n| record! { "n": n, "m": -n }).collect::<Result<Vec<_>, _>>()?;
/// let mut bytes = Vec::new();
/// write_parquet(&mut bytes, || records.iter(), IdColumn::None)?;
/// let condition = Condition::of(&Filter::parse("n > 2")?);
/// let scan = ParquetScan { condition, fields: Some(&["m".into()]), ..ParquetScan::default() };
/// let found = ParquetFile::open(Arc::new(bytes))?.scan(&scan, &AtomicBool::new(false))?;
/// assert_eq!(found.expect("plain columns").num_rows(), 2);
/// # Ok::<(), dataknobs_data_core::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct ParquetScan<'a> {
    /// Which records.
    pub condition: Condition,
    /// Which fields of them; none for all. Those that are not there are left out.
    pub fields: Option<&'a [Str]>,
    /// The position of the column that is the key; without one, ids are the numbers of rows from 1.
    pub key: Option<usize>,
    /// Whether ids are wanted.
    pub ids: bool,
    /// How many of the records that pass are passed over.
    pub offset: u64,
    /// How many at most are wanted.
    pub limit: Option<u64>,
    /// Columns so many that a row of short values may be larger are for records.
    pub max_record_bytes: usize,
}

impl Default for ParquetScan<'_> {
    fn default() -> Self {
        ParquetScan {
            condition: Condition::TRUE,
            fields: None,
            key: None,
            ids: false,
            offset: 0,
            limit: None,
            max_record_bytes: usize::MAX,
        }
    }
}

/// What is done with the columns of a file.
struct Plan<'a> {
    file: &'a ParquetFile,
    columns: Columns,
    scan: &'a ParquetScan<'a>,
    filter: Option<BatchFilter>,
    /// The columns that the filter looks at.
    filtered: Vec<usize>,
    /// The columns of the answer, in its order.
    wanted: Vec<(usize, FieldType)>,
    cancelled: &'a AtomicBool,
}

/// The rows of a row group that pass, and how many they are.
#[derive(Clone)]
struct Passing {
    group: usize,
    /// Rows of the groups before.
    before: u64,
    total: usize,
    /// All of them if none.
    mask: Option<BooleanBuffer>,
    count: usize,
    /// Columns whose values in these rows are known already.
    ready: Vec<(usize, ArrayRef)>,
}

impl ParquetFile {
    /// What a scan finds, as columns; none where records have to answer: where a column is of a type
    /// that only they can say, or the file is damaged. Columns that are not asked for are not read.
    ///
    /// # Errors
    /// [`Cancelled`](ErrorKind::Cancelled) once the flag is set.
    pub fn scan(&self, scan: &ParquetScan<'_>, cancelled: &AtomicBool) -> Result<Option<ScannedColumns>> {
        let Some(plan) = Plan::new(self, scan, cancelled) else { return Ok(None) };
        let found = plan.run();
        match cancelled.load(Ordering::Relaxed) {
            true => Err(Error::new(ErrorKind::Cancelled, "nobody waits for the answer")),
            false => Ok(found),
        }
    }
}

impl<'a> Plan<'a> {
    fn new(file: &'a ParquetFile, scan: &'a ParquetScan<'a>, cancelled: &'a AtomicBool) -> Option<Self> {
        let fields = file.schema().fields();
        if fields.len().saturating_mul(arrays::MAX_VALUE_BYTES + 64) > scan.max_record_bytes {
            return None;
        }
        let is_field = |at: usize| file.roles.id != Some(at) && file.roles.metadata != Some(at);
        let mut names = HashSet::new();
        let is_plain = |at: usize| {
            let field = &fields[at];
            let is_named = !is_field(at) || validate_field_name(field.name()).is_ok();
            is_named && names.insert(field.name()) && arrays::has_values(field.data_type())
        };
        if !(0..fields.len()).all(is_plain) {
            return None;
        }
        let mut filtered = Vec::new();
        for leaf in scan.condition.leaves() {
            let name = plain_name(leaf)?;
            let found = (0..fields.len()).find(|at| is_field(*at) && fields[*at].name() == name.as_str());
            let Some(at) = found else { continue };
            if matches!(arrays::field_type(&fields[at]), None | Some(FieldType::Binary)) {
                return None;
            }
            filtered.push(at);
        }
        filtered.sort_unstable();
        filtered.dedup();
        let is_wanted = |at: &usize| {
            let name = fields[*at].name();
            scan.fields.is_none_or(|names| names.iter().any(|wanted| wanted.as_str() == name))
        };
        let wanted = (0..fields.len()).filter(|at| is_field(*at)).filter(is_wanted);
        let wanted = wanted.map(|at| Some((at, arrays::field_type(&fields[at])?))).collect::<Option<Vec<_>>>()?;
        if scan.key.is_some_and(|at| arrays::field_type(&fields[at]).is_none()) {
            return None;
        }
        Some(Plan {
            columns: Columns::new(file)?,
            filter: (!scan.condition.is_true()).then(|| BatchFilter::new(&scan.condition)),
            file,
            scan,
            filtered,
            wanted,
            cancelled,
        })
    }

    fn run(&self) -> Option<ScannedColumns> {
        let groups = self.passing_groups()?;
        let mut columns: Vec<usize> = self.wanted.iter().map(|(at, _)| *at).collect();
        // The key of every row that is found is looked at, whether ids are wanted or not.
        columns.extend(self.scan.key);
        let width = columns.len();
        let arrays =
            self.each_task(groups.len() * width, |task| self.parts(&groups[task / width], columns[task % width]))?;
        if self.scan.key.is_some() {
            let keys = arrays.chunks(width).filter_map(|group| group.last());
            if !are_unique(&keys.flatten().cloned().collect::<Vec<_>>()) {
                return None;
            }
        }
        let mut arrays = arrays.into_iter();
        let fields = self.file.schema().fields();
        let names = self.wanted.iter().map(|(at, field_type)| (fields[*at].name().as_str().into(), *field_type));
        let mut scanned = ScannedColumns::new(names);
        for passing in groups {
            let columns: Vec<Vec<ArrayRef>> = arrays.by_ref().take(self.wanted.len()).collect();
            let keys = if self.scan.key.is_some() { arrays.next() } else { None };
            let numbers = (self.scan.ids && keys.is_none()).then(|| passing.numbers());
            let part_rows = passing.wanted().rows_a_part();
            for (part, start) in (0..passing.count).step_by(part_rows).enumerate() {
                let rows = part_rows.min(passing.count - start);
                let wanted = columns.iter().map(|parts| parts.get(part).cloned()).collect::<Option<Vec<_>>>()?;
                for (position, ((at, _), array)) in self.wanted.iter().zip(&wanted).enumerate() {
                    if array.null_count() < rows && matches!(array.data_type(), DataType::Timestamp(..)) {
                        let mut seen = SeenOffsets::default();
                        seen.add(crate::offset_of(fields[*at].data_type()));
                        scanned.note_offsets(position, seen);
                    }
                }
                let ids = match (&keys, &numbers) {
                    (Some(parts), _) if self.scan.ids => Some(ids_of(parts.get(part)?)),
                    (_, Some(numbers)) => Some(numbers.slice(start, rows)),
                    _ => None,
                };
                scanned.push(ScannedBatch::new(ids, wanted, rows));
            }
        }
        Some(scanned)
    }

    /// A column's values in the rows that pass, as parts of the answer.
    fn parts(&self, passing: &Passing, column: usize) -> Option<Vec<ArrayRef>> {
        let rows = passing.wanted();
        if let Some((_, ready)) = passing.ready.iter().find(|(at, _)| *at == column) {
            let size = rows.rows_a_part();
            let starts = (0..passing.count).step_by(size);
            return Some(starts.map(|start| ready.slice(start, size.min(passing.count - start))).collect());
        }
        reader::parts(&self.columns.read(passing.group, column, &rows, passing.mask.is_some())?, &rows)
    }

    /// The row groups with rows that pass, offset and limit applied.
    fn passing_groups(&self) -> Option<Vec<Passing>> {
        let metadata = self.file.metadata.metadata();
        let mut groups = Vec::with_capacity(metadata.num_row_groups());
        let mut before = 0_u64;
        for (group, row_group) in metadata.row_groups().iter().enumerate() {
            let total = usize::try_from(row_group.num_rows()).ok()?;
            groups.push(Passing { group, before, total, mask: None, count: total, ready: Vec::new() });
            before += total as u64;
        }
        let is_trivial = self.filter.is_none() && self.file.roles.metadata.is_none();
        let (mut skip, mut left) = (self.scan.offset, self.scan.limit.unwrap_or(u64::MAX));
        let mut passing = Vec::new();
        // As many at a time as there are threads: what comes behind the limit is not read.
        for wave in groups.chunks(if is_trivial { groups.len().max(1) } else { cores(MAX_THREADS) }) {
            let wave = if is_trivial { wave.to_vec() } else { self.filtered(wave)? };
            for mut group in wave {
                group.page(&mut skip, &mut left);
                if group.count > 0 {
                    passing.push(group);
                }
            }
            if left == 0 {
                break;
            }
        }
        Some(passing)
    }

    /// Which rows of these row groups pass.
    fn filtered(&self, groups: &[Passing]) -> Option<Vec<Passing>> {
        let may_fit: Vec<_> =
            groups.iter().map(|passing| rows_that_may_fit(self.file, passing.group, &self.scan.condition)).collect();
        let columns: Vec<usize> = self.filtered.iter().copied().chain(self.file.roles.metadata).collect();
        let width = columns.len();
        let wanted = |at: usize| {
            let (rows, total) = (&may_fit[at], groups[at].total);
            let mask = (rows.count() < total).then(|| rows.spread(&BooleanBuffer::new_set(rows.count()), total));
            Wanted { total, mask, count: rows.count() }
        };
        let arrays = self.each_task(groups.len() * width, |task| {
            self.columns.read(groups[task / width].group, columns[task % width], &wanted(task / width), true)
        })?;
        self.each_task(groups.len(), |at| {
            let columns = &arrays[at * width..(at + 1) * width];
            let (passing, rows) = (&groups[at], &may_fit[at]);
            let has_meta = |arrays: &Vec<ArrayRef>| arrays.iter().any(|array| array.null_count() < array.len());
            if self.file.roles.metadata.is_some() && columns.last().is_some_and(has_meta) {
                // What it says of a row is more than columns do.
                return None;
            }
            let Some(filter) = &self.filter else { return Some(passing.clone()) };
            let (mask, ready) = self.select(filter, &columns[..self.filtered.len()], &wanted(at))?;
            let count = mask.count_set_bits();
            let mask = if rows.count() < passing.total { rows.spread(&mask, passing.total) } else { mask };
            let mask = (count < passing.total).then_some(mask);
            Some(Passing { mask, count, ready, ..passing.clone() })
        })
    }

    /// Which of some rows pass, and what the filter's columns hold in those, as far as that is wanted.
    fn select(
        &self,
        filter: &BatchFilter,
        columns: &[Vec<ArrayRef>],
        rows: &Wanted,
    ) -> Option<(BooleanBuffer, Vec<(usize, ArrayRef)>)> {
        let (count, size) = (rows.count, rows.rows_an_array());
        let mut mask = BooleanBufferBuilder::new(count);
        let is_wanted = |at: &usize| self.wanted.iter().any(|(wanted, _)| wanted == at) || self.scan.key == Some(*at);
        let wanted: Vec<(usize, usize)> =
            self.filtered.iter().copied().enumerate().filter(|(_, at)| is_wanted(at)).collect();
        let mut kept: Vec<Vec<ArrayRef>> = vec![Vec::new(); wanted.len()];
        for (number, start) in (0..count).step_by(size).enumerate() {
            let arrays = columns.iter().map(|arrays| arrays.get(number).cloned()).collect::<Option<Vec<_>>>()?;
            let selected = filter.select(&self.batch(&arrays, size.min(count - start))?).ok()?;
            mask.append_buffer(&selected);
            if selected.count_set_bits() == 0 {
                continue;
            }
            let selected = BooleanArray::new(selected, None);
            for (kept, (position, _)) in kept.iter_mut().zip(&wanted) {
                kept.push(arrays::decoded(&select(&arrays[*position], &selected).ok()?)?);
            }
        }
        let whole = |((_, at), arrays): (&(usize, usize), Vec<ArrayRef>)| {
            let parts: Vec<&dyn Array> = arrays.iter().map(AsRef::as_ref).collect();
            Some((*at, concat(&parts).ok()?))
        };
        let mask = mask.finish();
        let ready = match mask.count_set_bits() {
            0 => Vec::new(),
            _ => wanted.iter().zip(kept).map(whole).collect::<Option<Vec<_>>>()?,
        };
        Some((mask, ready))
    }

    fn batch(&self, arrays: &[ArrayRef], rows: usize) -> Option<RecordBatch> {
        let fields = self.file.schema().fields();
        let field = |(at, array): (&usize, &ArrayRef)| Field::new(fields[*at].name(), array.data_type().clone(), true);
        let schema = Schema::new(self.filtered.iter().zip(arrays).map(field).collect::<Vec<_>>());
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        RecordBatch::try_new_with_options(Arc::new(schema), arrays.to_vec(), &options).ok()
    }

    /// Works on so many tasks, on all cores. None when one of them gives none.
    fn each_task<T: Send>(&self, tasks: usize, work: impl Fn(usize) -> Option<T> + Sync) -> Option<Vec<T>> {
        let failed = AtomicBool::new(false);
        let run = |task| {
            if failed.load(Ordering::Relaxed) || self.cancelled.load(Ordering::Relaxed) {
                return None;
            }
            let done = work(task);
            failed.fetch_or(done.is_none(), Ordering::Relaxed);
            done
        };
        threads::each((0..tasks).collect(), cores(MAX_THREADS), run).into_iter().collect()
    }
}

impl Passing {
    /// Leaves out what an offset and a limit do.
    fn page(&mut self, skip: &mut u64, left: &mut u64) {
        let skipped = usize::try_from(*skip).unwrap_or(usize::MAX).min(self.count);
        let taken = usize::try_from(*left).unwrap_or(usize::MAX).min(self.count - skipped);
        *skip -= skipped as u64;
        *left -= taken as u64;
        if taken == self.count {
            return;
        }
        let kept = skipped..skipped + taken;
        let mut mask = BooleanBufferBuilder::new(self.total);
        match &self.mask {
            None => {
                mask.append_n(kept.start, false);
                mask.append_n(taken, true);
                mask.append_n(self.total - kept.end, false);
            }
            Some(passing) => {
                mask.append_n(self.total, false);
                passing.set_indices().skip(kept.start).take(taken).for_each(|row| mask.set_bit(row, true));
            }
        }
        self.mask = Some(mask.finish());
        self.ready.iter_mut().for_each(|(_, array)| *array = array.slice(skipped, taken));
        self.count = taken;
    }

    fn wanted(&self) -> Wanted {
        Wanted { total: self.total, mask: self.mask.clone(), count: self.count }
    }

    /// The numbers of the rows, from 1.
    fn numbers(&self) -> ArrayRef {
        let mut ids = StringBuilder::with_capacity(self.count, self.count * 7);
        let mut add = |row: usize| append_integer(&mut ids, (self.before + row as u64 + 1).cast_signed());
        match &self.mask {
            None => (0..self.total).for_each(&mut add),
            Some(mask) => mask.set_indices().for_each(&mut add),
        }
        Arc::new(ids.finish())
    }
}

/// Whether all keys are there and legal, and none stands twice, as far as can be told.
fn are_unique(keys: &[ArrayRef]) -> bool {
    if keys.iter().any(|array| array.null_count() > 0) {
        return false;
    }
    let integers: Vec<_> = keys.iter().filter_map(|array| array.as_primitive_opt::<Int64Type>()).collect();
    if integers.len() == keys.len() {
        let all = || integers.iter().flat_map(|array| array.values().iter().copied());
        return all().is_sorted_by(|a, b| a < b) || {
            let mut seen = HashSet::<i64, RandomState>::default();
            all().all(|key| seen.insert(key))
        };
    }
    let mut seen = HashSet::<u64, RandomState>::default();
    let hasher = seen.hasher().clone();
    let mut is_new = |text: &str| RecordId::is_legal(text) && seen.insert(hasher.hash_one(text));
    keys.iter().all(|array| array.as_string_opt::<i32>().is_some_and(|texts| texts.iter().flatten().all(&mut is_new)))
}

/// The ids that keys are.
fn ids_of(keys: &ArrayRef) -> ArrayRef {
    let Some(integers) = keys.as_primitive_opt::<Int64Type>() else { return Arc::clone(keys) };
    let mut ids = StringBuilder::with_capacity(keys.len(), keys.len() * 8);
    integers.values().iter().for_each(|key| append_integer(&mut ids, *key));
    Arc::new(ids.finish())
}
