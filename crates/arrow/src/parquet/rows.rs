//! Sets of rows of a row group.

use std::ops::Range;

use ::parquet::arrow::arrow_reader::RowSelection;
use arrow_buffer::{BooleanBuffer, BooleanBufferBuilder};

/// Rows as ascending ranges that do not touch.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Rows(Vec<Range<usize>>);

impl Rows {
    /// All rows of a row group of so many.
    pub(super) fn all(total: usize) -> Self {
        let mut rows = Rows::default();
        rows.push(0..total);
        rows
    }

    /// Ranges in ascending order that do not overlap.
    #[cfg(test)]
    fn of(ranges: impl IntoIterator<Item = Range<usize>>) -> Self {
        let mut rows = Rows::default();
        ranges.into_iter().for_each(|range| rows.push(range));
        rows
    }

    /// Adds rows behind all others.
    pub(super) fn push(&mut self, range: Range<usize>) {
        match self.0.last_mut() {
            _ if range.is_empty() => {}
            Some(last) if last.end == range.start => last.end = range.end,
            _ => self.0.push(range),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn count(&self) -> usize {
        self.0.iter().map(ExactSizeIterator::len).sum()
    }

    /// Rows that are in both.
    pub(super) fn intersection(&self, other: &Rows) -> Rows {
        let (mut left, mut right) = (self.0.iter().peekable(), other.0.iter().peekable());
        let mut both = Rows::default();
        while let (Some(a), Some(b)) = (left.peek(), right.peek()) {
            both.push(a.start.max(b.start)..a.end.min(b.end).max(a.start.max(b.start)));
            if a.end < b.end {
                left.next()
            } else {
                right.next()
            };
        }
        both
    }

    /// Rows that are in either.
    pub(super) fn union(&self, other: &Rows) -> Rows {
        let mut ranges: Vec<_> = self.0.iter().chain(&other.0).cloned().collect();
        ranges.sort_by_key(|range| range.start);
        let mut either: Vec<Range<usize>> = Vec::with_capacity(ranges.len());
        for range in ranges {
            match either.last_mut() {
                Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
                _ => either.push(range),
            }
        }
        Rows(either)
    }

    /// A bit for each of so many rows, out of one for each of these.
    pub(super) fn spread(&self, mask: &BooleanBuffer, total: usize) -> BooleanBuffer {
        let mut spread = BooleanBufferBuilder::new(total);
        let mut at = 0;
        for range in &self.0 {
            spread.append_n(range.start.saturating_sub(spread.len()), false);
            spread.append_buffer(&mask.slice(at, range.len()));
            at += range.len();
        }
        spread.append_n(total.saturating_sub(spread.len()), false);
        spread.finish()
    }

    /// As the parquet crate takes them, of so many rows in all.
    pub(super) fn selection(&self, total: usize) -> RowSelection {
        RowSelection::from_consecutive_ranges(self.0.iter().cloned(), total)
    }

    /// The rows one by one.
    pub(super) fn into_numbers(self) -> impl Iterator<Item = usize> + Send {
        self.0.into_iter().flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_are_sets() {
        let sets = [0b0u8, 0b1, 0b1011, 0b11111111, 0b10101010, 0b01110110, 0b11000011];
        let rows = |bits: u8| Rows::of((0..8).filter(|at| bits >> at & 1 == 1).map(|at| at..at + 1));
        for a in sets {
            for b in sets {
                assert_eq!(rows(a).intersection(&rows(b)), rows(a & b), "{a:b} and {b:b}");
                assert_eq!(rows(a).union(&rows(b)), rows(a | b), "{a:b} or {b:b}");
            }
            assert_eq!(rows(a).count(), a.count_ones() as usize);
            let mask = BooleanBuffer::collect_bool(rows(a).count(), |row| row % 3 != 1);
            let mut left = mask.iter();
            let spread = (0..8).map(|at| a >> at & 1 == 1 && left.next().unwrap());
            assert!(rows(a).spread(&mask, 8).iter().eq(spread), "{a:b}");
        }
    }
}
