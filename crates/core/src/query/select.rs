//! Sorting and paging of records that pass a filter.

use super::evaluate::compare_records;
use super::{IdOrder, SortKey, SortPosition};
use crate::record::Record;

/// Collects records and gives back the wanted page of them in sort order. With a limit it keeps
/// no more than offset plus limit records.
#[derive(Debug)]
pub struct Sorter {
    sort: Vec<SortKey>,
    ids: IdOrder,
    after: Option<SortPosition>,
    offset: usize,
    limit: usize,
    records: Vec<Record>,
}

impl Sorter {
    /// A sorter for one page. Offset and limit past the address space count as "all".
    pub fn new(sort: Vec<SortKey>, ids: IdOrder, after: Option<SortPosition>, offset: u64, limit: Option<u64>) -> Self {
        let as_size = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
        Sorter {
            sort,
            ids,
            after,
            offset: as_size(offset),
            limit: limit.map_or(usize::MAX, as_size),
            records: Vec::new(),
        }
    }

    /// Takes a record that passed the filter.
    pub fn push(&mut self, record: Record) {
        if self.after.as_ref().is_some_and(|after| !after.is_before(&record, &self.sort, self.ids)) {
            return;
        }
        self.records.push(record);
        let keep = self.offset.saturating_add(self.limit);
        // Twice the page before each cut keeps the cost of a push constant on average.
        if keep < usize::MAX / 2 && self.records.len() >= (2 * keep).max(1024) {
            self.cut(keep);
        }
    }

    fn cut(&mut self, keep: usize) {
        if self.records.len() > keep {
            if keep > 0 {
                let (sort, ids) = (&self.sort, self.ids);
                self.records.select_nth_unstable_by(keep - 1, |a, b| compare_records(a, b, sort, ids));
            }
            self.records.truncate(keep);
        }
    }

    /// The page.
    pub fn finish(mut self) -> Vec<Record> {
        self.cut(self.offset.saturating_add(self.limit));
        self.records.sort_by(|a, b| compare_records(a, b, &self.sort, self.ids));
        self.records.drain(..self.offset.min(self.records.len()));
        self.records
    }
}
