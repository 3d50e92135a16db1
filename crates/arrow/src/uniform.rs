//! The columns of records that all have one shape: each record is looked at once, by several
//! threads when there are many.

use std::borrow::Borrow;
use std::num::NonZero;

use dataknobs_data_core::{Record, Value};

use crate::column::{Column, ColumnData};
use crate::infer::{ColumnKind, kind_of};

/// Records that are looked at together: so many stay in the cache while one column after another
/// is read from them.
const BLOCK: usize = 256;

/// A thread is worth its start from so many records on.
const ROWS_A_THREAD: usize = 16_384;

const MAX_THREADS: usize = 8;

/// The columns, or none when shapes differ, or a column's kind depends on its values.
pub(crate) fn columns<'a, R: Borrow<Record> + Sync>(records: &'a [R]) -> Option<Vec<Column<'a>>> {
    let shape = records.first()?.borrow().shape();
    let kinds: Vec<ColumnKind> = shape.fields().iter().map(|(_, field_type)| kind_of(*field_type)).collect();
    if kinds.iter().any(|kind| matches!(kind, ColumnKind::DateTime(_))) {
        return None;
    }
    let mut data: Vec<ColumnData<'a>> = kinds.iter().map(|kind| filled(*kind, records.len())).collect();
    let threads = std::thread::available_parallelism().map_or(1, NonZero::get);
    let rows = rows_a_thread(records.len(), threads);
    let mut parts: Vec<(&'a [R], Vec<Part<'_, 'a>>)> =
        records.chunks(rows).map(|records| (records, Vec::with_capacity(kinds.len()))).collect();
    for column in &mut data {
        for (part, (_, columns)) in Part::split(column, rows).into_iter().zip(&mut parts) {
            columns.push(part);
        }
    }
    let address = shape.address();
    let masks = each_in_a_thread(parts, |(records, columns)| read_part(records, columns, address))?;
    let columns = shape.fields().iter().zip(kinds).zip(data).enumerate();
    Some(
        columns
            .map(|(at, (((name, field_type), kind), data))| {
                let validity = joined(&masks, at, records.len());
                Column { name: name.clone(), kind, field_type: Some(*field_type), data, validity }
            })
            .collect(),
    )
}

/// Columns of this length, to be written over.
fn filled<'a>(kind: ColumnKind, rows: usize) -> ColumnData<'a> {
    const NULL: &Value = &Value::Null;
    match kind {
        ColumnKind::Boolean => ColumnData::Boolean(vec![0; rows]),
        ColumnKind::Integer => ColumnData::Integer(vec![0; rows]),
        ColumnKind::Float => ColumnData::Float(vec![0.0; rows]),
        ColumnKind::DateTime(_) => ColumnData::DateTime(vec![0; rows]),
        ColumnKind::Text => ColumnData::Text(vec![None; rows]),
        ColumnKind::Json | ColumnKind::Binary | ColumnKind::Mixed => ColumnData::Values(vec![NULL; rows]),
    }
}

/// The rows of one column that one thread writes.
enum Part<'p, 'a> {
    Boolean(&'p mut [u8]),
    Integer(&'p mut [i64]),
    Float(&'p mut [f64]),
    Text(&'p mut [Option<&'a str>]),
    Values(&'p mut [&'a Value]),
}

impl<'p, 'a> Part<'p, 'a> {
    fn split(column: &'p mut ColumnData<'a>, rows: usize) -> Vec<Self> {
        match column {
            ColumnData::Boolean(data) => data.chunks_mut(rows).map(Part::Boolean).collect(),
            ColumnData::Integer(data) | ColumnData::DateTime(data) => {
                data.chunks_mut(rows).map(Part::Integer).collect()
            }
            ColumnData::Float(data) => data.chunks_mut(rows).map(Part::Float).collect(),
            ColumnData::Text(data) => data.chunks_mut(rows).map(Part::Text).collect(),
            ColumnData::Values(data) => data.chunks_mut(rows).map(Part::Values).collect(),
        }
    }

    /// Reads one field of some records, whose first is at `start` in this part.
    fn read<R: Borrow<Record>>(&mut self, records: &'a [R], field: usize, start: usize, mask: &mut Mask) {
        let values = records.iter().map(|record| &record.borrow().values()[field]);
        let rows = start..start + records.len();
        match self {
            Part::Boolean(data) => {
                fill(&mut data[rows], values, 0, start, mask, |value| value.as_boolean().map(u8::from));
            }
            Part::Integer(data) => fill(&mut data[rows], values, 0, start, mask, Value::as_integer),
            Part::Float(data) => fill(&mut data[rows], values, f64::NAN, start, mask, Value::as_float),
            Part::Text(data) => fill(&mut data[rows], values, None, start, mask, |value| value.as_str().map(Some)),
            Part::Values(data) => {
                const NULL: &Value = &Value::Null;
                fill(&mut data[rows], values, NULL, start, mask, |value| (!value.is_null()).then_some(value));
            }
        }
    }
}

/// Rows without a value, counted from the first of a part.
pub(crate) type Mask = Vec<usize>;

#[inline]
fn fill<'a, T: Copy>(
    data: &mut [T],
    values: impl Iterator<Item = &'a Value>,
    gap: T,
    start: usize,
    mask: &mut Mask,
    read: impl Fn(&'a Value) -> Option<T>,
) {
    for (row, (cell, value)) in data.iter_mut().zip(values).enumerate() {
        *cell = read(value).unwrap_or_else(|| {
            mask.push(start + row);
            gap
        });
    }
}

/// How many threads may work at the same time: one for each core, and at most so many.
///
/// ```
/// assert_eq!(dataknobs_data_arrow::cores(1), 1);
/// ```
pub fn cores(at_most: usize) -> usize {
    std::thread::available_parallelism().map_or(1, NonZero::get).min(at_most)
}

/// How many rows each of so many threads gets, at least 16,384: a thread is worth its start then.
///
/// ```
/// use dataknobs_data_arrow::rows_a_thread;
/// assert_eq!((rows_a_thread(100_000, 2), rows_a_thread(1_000, 2)), (50_000, 16_384));
/// ```
pub fn rows_a_thread(rows: usize, threads: usize) -> usize {
    rows.div_ceil(threads.min(MAX_THREADS)).max(ROWS_A_THREAD)
}

/// Works on each part in a thread of its own, the last one in the caller's. Gives what they give, in
/// order; none when one of them gives none.
///
/// ```
/// use dataknobs_data_arrow::each_in_a_thread;
/// assert_eq!(each_in_a_thread(vec![1, 2], |part| Some(part * 10)), Some(vec![10, 20]));
/// assert_eq!(each_in_a_thread(vec![1, 2], |part| (part > 1).then_some(part)), None);
/// ```
pub fn each_in_a_thread<P: Send, T: Send>(mut parts: Vec<P>, work: impl Fn(P) -> Option<T> + Sync) -> Option<Vec<T>> {
    let Some(last) = parts.pop() else { return Some(Vec::new()) };
    let work = &work;
    std::thread::scope(|scope| {
        let others: Vec<_> = parts.into_iter().map(|part| scope.spawn(move || work(part))).collect();
        let last = work(last);
        let mut done: Vec<_> = others.into_iter().map(|thread| thread.join().ok().flatten()).collect();
        done.push(last);
        done.into_iter().collect()
    })
}

/// Looks at the values of all records once, without waiting for one before the next: they are then
/// read out of the cache. For some hundred records at most, which fit into it.
///
/// ```
/// use dataknobs_data_arrow::fetch;
/// use dataknobs_data_core::record;
/// let records = [record! { "n": 1 }?, record! { "n": 2 }?];
/// fetch(&records);
/// # Ok::<(), dataknobs_data_core::Error>(())
/// ```
#[inline]
pub fn fetch<'a, R: Borrow<Record> + 'a>(records: impl IntoIterator<Item = &'a R>) {
    let mut seen = 0_usize;
    for record in records {
        let record = record.borrow();
        seen ^= record.shape().address();
        seen += record.values().iter().step_by(2).filter(|value| value.is_null()).count();
    }
    std::hint::black_box(seen);
}

fn read_part<'a, R: Borrow<Record>>(
    records: &'a [R],
    mut columns: Vec<Part<'_, 'a>>,
    shape: usize,
) -> Option<(usize, Vec<Mask>)> {
    let mut masks = vec![Mask::new(); columns.len()];
    for (block, some) in records.chunks(BLOCK).enumerate() {
        if some.iter().any(|record| record.borrow().shape().address() != shape) {
            return None;
        }
        fetch(some);
        for (field, (column, mask)) in columns.iter_mut().zip(&mut masks).enumerate() {
            column.read(some, field, block * BLOCK, mask);
        }
    }
    Some((records.len(), masks))
}

/// The mask of one column out of those of its parts; none when every row has a value.
pub(crate) fn joined(masks: &[(usize, Vec<Mask>)], column: usize, rows: usize) -> Option<Vec<u8>> {
    if masks.iter().all(|(_, columns)| columns[column].is_empty()) {
        return None;
    }
    let mut joined = vec![1; rows];
    let mut start = 0;
    for (length, columns) in masks {
        for row in &columns[column] {
            joined[start + row] = 0;
        }
        start += length;
    }
    Some(joined)
}

#[cfg(test)]
mod tests {
    use dataknobs_data_core::record;

    use super::*;
    use crate::ToArrowOptions;

    #[test]
    fn several_threads_find_what_one_finds() {
        let records: Vec<Record> = (0..3 * ROWS_A_THREAD as i64 + 7)
            .map(|n| {
                let text = (n % 3 != 0).then(|| format!("text {n}"));
                record! { "n": n, "half": n as f64 / 2.0, "even": n % 2 == 0, "text": text }.unwrap()
            })
            .collect();
        // A record without a value has another type there, so give it the column's.
        let shape = records[1].shape().clone();
        let records: Vec<Record> =
            records.iter().map(|record| Record::from_shape(&shape, record.values().to_vec()).unwrap()).collect();
        let general = crate::column::general(&records, &ToArrowOptions::new());
        assert_eq!(columns(&records).unwrap(), general);
        let borrowed: Vec<&Record> = records.iter().collect();
        assert_eq!(columns(&borrowed).unwrap(), general);
    }

    #[test]
    fn other_shapes_are_left_to_others() {
        let mut records = vec![record! { "n": 1 }.unwrap(); 2 * ROWS_A_THREAD];
        assert!(columns(&records).is_some());
        *records.last_mut().unwrap() = record! { "n": 1.5 }.unwrap();
        assert!(columns(&records).is_none());
        assert!(columns::<Record>(&[]).is_none());
    }
}
