//! The records of a snapshot that pass a condition: found by several threads when there are many.

use std::num::NonZero;

use super::Snapshot;
use crate::query::{Condition, Matcher};
use crate::record::Record;

/// Chunks from which on a second thread is worth its start (tens of microseconds).
const CHUNKS_A_THREAD: usize = 32;

const MAX_THREADS: usize = 4;

/// The matching records, in the snapshot's order.
pub(super) fn matching<'s>(snapshot: &'s Snapshot, condition: &Condition) -> Vec<&'s Record> {
    if condition.is_true() {
        return snapshot.iter().collect();
    }
    let mut found = in_parts(snapshot, |chunks| {
        let mut found = Vec::new();
        each_block(snapshot, chunks, condition, |passed| found.extend_from_slice(passed));
        found
    });
    match found.len() {
        1 => found.swap_remove(0),
        _ => found.concat(),
    }
}

/// How many records match.
pub(super) fn count_matching(snapshot: &Snapshot, condition: &Condition) -> u64 {
    let counts = in_parts(snapshot, |chunks| {
        let mut count = 0;
        each_block(snapshot, chunks, condition, |passed| count += passed.len() as u64);
        count
    });
    counts.iter().sum()
}

/// Records that are tested together: so many stay in the cache from one test to the next.
const BLOCK: usize = 128;

/// Hands over the matching records, block by block.
fn each_block<'s>(
    snapshot: &'s Snapshot,
    chunks: std::ops::Range<usize>,
    condition: &Condition,
    mut hand_over: impl FnMut(&[&'s Record]),
) {
    let matcher = Matcher::new(condition);
    let mut block: Vec<&Record> = Vec::with_capacity(BLOCK);
    for chunk in chunks {
        let mut records = snapshot.chunk(chunk);
        loop {
            block.clear();
            block.extend(records.by_ref().take(BLOCK));
            if block.is_empty() {
                break;
            }
            matcher.retain(&mut block);
            hand_over(&block);
        }
    }
}

/// Runs over ranges of chunks, on this thread and others; the answers are in order.
fn in_parts<T: Send>(snapshot: &Snapshot, run: impl Fn(std::ops::Range<usize>) -> T + Sync) -> Vec<T> {
    let chunks = snapshot.chunk_count();
    let cores = std::thread::available_parallelism().map_or(1, NonZero::get).min(MAX_THREADS);
    let threads = cores.min(chunks / CHUNKS_A_THREAD).max(1);
    if threads == 1 {
        return vec![run(0..chunks)];
    }
    let part = chunks.div_ceil(threads);
    std::thread::scope(|scope| {
        let run = &run;
        let others: Vec<_> =
            (1..threads).map(|at| scope.spawn(move || run(at * part..chunks.min((at + 1) * part)))).collect();
        let mut answers = vec![run(0..part)];
        for other in others {
            match other.join() {
                Ok(answer) => answers.push(answer),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        answers
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::Table;
    use crate::query::Filter;
    use crate::record;

    #[test]
    fn parts_find_what_one_pass_finds_in_its_order() {
        let mut table = Table::new();
        for n in 0..100_000 {
            table.put(record! { "n": n }.unwrap().with_id(format!("{n}")).unwrap()).unwrap();
        }
        let snapshot = table.snapshot();
        assert!(snapshot.chunk_count() > 4 * CHUNKS_A_THREAD);
        let condition = Condition::of(&Filter::new("n", ">=", 7).unwrap());
        let found = matching(&snapshot, &condition);
        assert!(found.iter().map(|record| record["n"].as_integer().unwrap()).eq(7..100_000));
        assert_eq!(count_matching(&snapshot, &condition), 99_993);
        assert_eq!(matching(&snapshot, &Condition::TRUE).len(), 100_000);
        assert!(matching(&Table::new().snapshot(), &condition).is_empty());
    }
    #[test]
    fn blocks_of_several_shapes_are_tested_one_by_one() {
        let mut table = Table::new();
        for n in 0..1_000 {
            let record = match n % 3 {
                0 => record! { "n": n, "name": format!("n{n}") },
                1 => record! { "name": format!("n{n}"), "n": n as f64 },
                _ => record! { "n": () },
            };
            table.put(record.unwrap().with_id(format!("{n}")).unwrap()).unwrap();
        }
        for text in ["n >= 500 AND name LIKE '%1'", "n >= 500 OR n IS NULL", "n IS NULL"] {
            let condition = Condition::of(&Filter::parse(text).unwrap());
            let matcher = Matcher::new(&condition);
            let snapshot = table.snapshot();
            let one_by_one: Vec<&Record> = snapshot.iter().filter(|record| matcher.matches(record)).collect();
            assert_eq!(matching(&snapshot, &condition), one_by_one);
            assert_eq!(count_matching(&snapshot, &condition), one_by_one.len() as u64);
            assert!(one_by_one.len() > 30, "{text}");
        }
    }
}
