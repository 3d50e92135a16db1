//! Rows in the order of their keys.

use std::cmp::Ordering;

use arrow_array::cast::AsArray as _;
use arrow_array::types::Int64Type;
use arrow_array::{Array, ArrayRef};
use arrow_select::interleave::interleave;

use super::arrays::{Irregular, Rows};

/// Rows of a sorted batch.
const BATCH: usize = 65_536;

/// Whether the rows stand in order already, as they do where keys rise and nothing was written since.
pub(super) fn rises(batches: &[Rows]) -> bool {
    let between = |pair: &[Rows]| match pair {
        [a, b] => compare(a.key(), a.rows - 1, b.key(), 0).is_le(),
        _ => true,
    };
    batches.iter().all(|rows| rows.rising) && batches.windows(2).all(between)
}

/// The same rows in order.
pub(super) fn sorted(batches: &[Rows]) -> Result<Vec<Rows>, Irregular> {
    let places = || batches.iter().enumerate().flat_map(|(batch, rows)| (0..rows.rows).map(move |row| (batch, row)));
    let numbers: Option<Vec<_>> = batches.iter().map(|rows| rows.key().as_primitive_opt::<Int64Type>()).collect();
    let order: Vec<(usize, usize)> = match numbers {
        Some(keys) => {
            let mut order: Vec<_> = places().map(|(batch, row)| (keys[batch].value(row), (batch, row))).collect();
            order.sort_unstable();
            order.into_iter().map(|(_, place)| place).collect()
        }
        None => {
            let keys: Vec<_> = batches.iter().map(|rows| rows.key().as_string::<i32>()).collect();
            let mut order: Vec<_> =
                places().map(|(batch, row)| (keys[batch].value(row).as_bytes(), (batch, row))).collect();
            order.sort_unstable();
            order.into_iter().map(|(_, place)| place).collect()
        }
    };
    let Some(first) = batches.first() else { return Ok(Vec::new()) };
    let take = |places: &[(usize, usize)]| {
        let columns = (0..first.columns.len()).map(|column| {
            let parts: Vec<&dyn Array> = batches.iter().map(|rows| rows.columns[column].as_ref()).collect();
            interleave(&parts, places).map_err(|_| Irregular)
        });
        Ok(Rows { columns: columns.collect::<Result<_, _>>()?, key: first.key, rows: places.len(), rising: true })
    };
    order.chunks(BATCH).map(take).collect()
}

/// The order of two keys.
fn compare(a: &ArrayRef, at: usize, b: &ArrayRef, bt: usize) -> Ordering {
    match (a.as_primitive_opt::<Int64Type>(), b.as_primitive_opt::<Int64Type>()) {
        (Some(a), Some(b)) => a.value(at).cmp(&b.value(bt)),
        _ => a.as_string::<i32>().value(at).as_bytes().cmp(b.as_string::<i32>().value(bt).as_bytes()),
    }
}
