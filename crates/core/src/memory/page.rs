//! Pages of records that are at hand.

use std::borrow::Borrow;

use super::Snapshot;
use crate::backend::ScanRequest;
use crate::error::Result;
use crate::query::{Condition, IdOrder, Matcher, Operator, Sorter};
use crate::record::Record;

/// Records per chunk of a stream.
const CHUNK_RECORDS: usize = 1_024;

/// What a scan request finds among records that stand in the store's own order: filtered, sorted,
/// cut to the page, projected and scored.
///
/// ```
/// use dataknobs_data_core::backend::ScanRequest;
/// use dataknobs_data_core::memory::page_of;
/// use dataknobs_data_core::{Condition, Filter, IdOrder, record};
/// let records = [record! { "n": 1 }?, record! { "n": 2 }?, record! { "n": 3 }?];
/// let mut request = ScanRequest::new(Condition::of(&Filter::new("n", ">", 1)?));
/// request.limit = Some(1);
/// assert_eq!(page_of(records.iter(), &request, IdOrder::CodePoint), [record! { "n": 2 }?]);
/// # Ok::<(), dataknobs_data_core::Error>(())
/// ```
pub fn page_of<R: Borrow<Record>>(
    records: impl Iterator<Item = R>,
    request: &ScanRequest,
    ids: IdOrder,
) -> Vec<Record> {
    let matcher = Matcher::new(&request.condition);
    let all = request.condition.is_true();
    page_of_matching(records.filter(|record| all || matcher.matches(record.borrow())), request, ids)
}

/// The page of records that all match.
pub(super) fn page_of_matching<R: Borrow<Record>>(
    matching: impl Iterator<Item = R>,
    request: &ScanRequest,
    ids: IdOrder,
) -> Vec<Record> {
    let finish = |record: R| finished(record.borrow(), request);
    if request.sort.is_empty() {
        let skipped = matching.skip(usize::try_from(request.offset).unwrap_or(usize::MAX));
        let limit = request.limit.map_or(usize::MAX, |limit| usize::try_from(limit).unwrap_or(usize::MAX));
        return skipped.take(limit).map(finish).collect();
    }
    let mut sorter = Sorter::new(request.sort.clone(), ids, request.after.clone(), request.offset, request.limit);
    matching.for_each(|record| sorter.push(record));
    sorter.finish().into_iter().map(finish).collect()
}

/// A record as a result: projected, and scored if the query asks for a MATCH.
///
/// ```
/// use dataknobs_data_core::{Condition, record, backend::ScanRequest, memory::finished};
/// let mut request = ScanRequest::new(Condition::TRUE);
/// request.projection = Some(vec!["name".into()]);
/// assert_eq!(finished(&record! { "name": "Ada", "age": 36 }?, &request), record! { "name": "Ada" }?);
/// # Ok::<(), dataknobs_data_core::Error>(())
/// ```
pub fn finished(record: &Record, request: &ScanRequest) -> Record {
    let mut result = match &request.projection {
        Some(names) => record.project(names),
        None => record.clone(),
    };
    result.set_score(score(record, &request.condition));
    result
}

/// The sum of the relevance of each MATCH that must or may hold; none without one.
fn score(record: &Record, condition: &Condition) -> Option<f32> {
    match condition {
        Condition::All(parts) | Condition::Any(parts) => {
            let scores = parts.iter().filter_map(|part| score(record, part));
            scores.reduce(|a, b| a + b)
        }
        Condition::Leaf(leaf) if leaf.operator() == Operator::Match && leaf.is_plain() => Some(leaf.relevance(record)),
        Condition::Leaf(_) => None,
    }
}

/// The chunks of an unsorted scan of a snapshot, made as they are asked for.
pub(super) struct SnapshotScan {
    snapshot: Snapshot,
    request: ScanRequest,
    matcher: Matcher,
    chunk: usize,
    skip: u64,
    left: u64,
}

impl SnapshotScan {
    pub(super) fn new(snapshot: Snapshot, request: ScanRequest) -> Self {
        SnapshotScan {
            matcher: Matcher::new(&request.condition),
            skip: request.offset,
            left: request.limit.unwrap_or(u64::MAX),
            chunk: 0,
            snapshot,
            request,
        }
    }
}

impl Iterator for SnapshotScan {
    type Item = Result<Vec<Record>>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut found = Vec::new();
        while self.left > 0 && found.len() < CHUNK_RECORDS && self.chunk < self.snapshot.chunk_count() {
            for record in self.snapshot.chunk(self.chunk) {
                if self.left == 0 {
                    break;
                }
                if !self.matcher.matches(record) {
                    continue;
                }
                if self.skip > 0 {
                    self.skip -= 1;
                    continue;
                }
                self.left -= 1;
                found.push(finished(record, &self.request));
            }
            self.chunk += 1;
        }
        (!found.is_empty()).then_some(Ok(found))
    }
}
