//! Sorting and paging of records that pass a filter.

use std::borrow::Borrow;
use std::cell::RefCell;
use std::cmp::Ordering;

use super::matcher::{Access, Place};
use super::scalar::order_by_presence;
use super::{IdOrder, SortKey, SortPosition};
use crate::record::{Record, Shape};

/// How many shapes a comparison remembers.
const REMEMBERED_SHAPES: usize = 8;

#[derive(Debug)]
struct Key {
    access: Access,
    descending: bool,
    /// The order of ids, if the key asks for the id.
    ids: Option<IdOrder>,
}

/// Compares records by sort keys, then by id.
#[derive(Debug)]
pub(crate) struct RecordOrder {
    keys: Vec<Key>,
    ids: IdOrder,
    shapes: RefCell<Vec<(Shape, Box<[Place]>)>>,
}

impl RecordOrder {
    pub(crate) fn new(sort: &[SortKey], ids: IdOrder) -> Self {
        let keys = sort
            .iter()
            .map(|key| Key {
                access: Access::new(key.path.clone()),
                descending: key.order.is_descending(),
                ids: key.id_order(ids),
            })
            .collect();
        RecordOrder { keys, ids, shapes: RefCell::new(Vec::new()) }
    }

    pub(crate) fn compare(&self, a: &Record, b: &Record) -> Ordering {
        let mut shapes = self.shapes.borrow_mut();
        let known = |shapes: &[(Shape, Box<[Place]>)], record: &Record| {
            let address = record.shape().address();
            shapes.iter().position(|(shape, _)| shape.address() == address)
        };
        let plans = match (known(&shapes, a), known(&shapes, b)) {
            (Some(of_a), Some(of_b)) => (of_a, of_b),
            _ => {
                if shapes.len() + 2 > REMEMBERED_SHAPES {
                    shapes.clear();
                }
                let mut remember = |record: &Record| {
                    known(&shapes, record).unwrap_or_else(|| {
                        let places = self.keys.iter().map(|key| key.access.place(record.shape())).collect();
                        shapes.push((record.shape().clone(), places));
                        shapes.len() - 1
                    })
                };
                (remember(a), remember(b))
            }
        };
        for (index, key) in self.keys.iter().enumerate() {
            let of_a = key.access.find(shapes[plans.0].1[index], a);
            let of_b = key.access.find(shapes[plans.1].1[index], b);
            let order = order_by_presence(of_a, of_b, key.descending, key.ids);
            if order.is_ne() {
                return order;
            }
        }
        self.ids.compare_options(a.id(), b.id())
    }
}

/// Collects records and gives back the wanted page of them in sort order. With a limit it keeps
/// no more than a small multiple of offset plus limit records.
///
/// ```
/// use dataknobs_data_core::{IdOrder, Query, Sorter, record};
/// let sort = Query::parse("ORDER BY age DESC")?.sort_keys().to_vec();
/// let mut sorter = Sorter::new(sort, IdOrder::CodePoint, None, 1, Some(1));
/// for age in [36, 41, 30] {
///     sorter.push(record! { "age": age }?);
/// }
/// assert_eq!(sorter.finish(), [record! { "age": 36 }?]);
/// # Ok::<(), dataknobs_data_core::Error>(())
/// ```
#[derive(Debug)]
pub struct Sorter<R: Borrow<Record> = Record> {
    sort: Vec<SortKey>,
    order: RecordOrder,
    ids: IdOrder,
    after: Option<SortPosition>,
    offset: usize,
    limit: usize,
    records: Vec<R>,
    /// Whether what stands at `keep - 1` bounds what may still enter the page.
    bounded: bool,
}

impl<R: Borrow<Record>> Sorter<R> {
    /// A sorter for one page. Offset and limit past the address space count as "all".
    ///
    /// ```
    /// use dataknobs_data_core::{IdOrder, Sorter, record};
    /// let mut sorter = Sorter::new(Vec::new(), IdOrder::CodePoint, None, 0, None);
    /// sorter.push(record! { "n": 1 }?.with_id("b")?);
    /// sorter.push(record! { "n": 2 }?.with_id("a")?);
    /// assert_eq!(sorter.finish()[0].id().unwrap(), "a"); // without keys: by id
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    pub fn new(sort: Vec<SortKey>, ids: IdOrder, after: Option<SortPosition>, offset: u64, limit: Option<u64>) -> Self {
        let as_size = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
        Sorter {
            order: RecordOrder::new(&sort, ids),
            sort,
            ids,
            after,
            offset: as_size(offset),
            limit: limit.map_or(usize::MAX, as_size),
            records: Vec::new(),
            bounded: false,
        }
    }

    /// How many of the smallest records the page can need.
    fn keep(&self) -> usize {
        self.offset.saturating_add(self.limit)
    }

    /// Takes a record that passed the filter.
    ///
    /// ```
    /// use dataknobs_data_core::{IdOrder, Sorter, record};
    /// let mut sorter = Sorter::new(Vec::new(), IdOrder::CodePoint, None, 0, Some(0));
    /// sorter.push(record! { "n": 1 }?);
    /// assert!(sorter.finish().is_empty());
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    pub fn push(&mut self, record: R) {
        if self.after.as_ref().is_some_and(|after| !after.is_before(record.borrow(), &self.sort, self.ids)) {
            return;
        }
        let keep = self.keep();
        if keep == 0 {
            return;
        }
        if self.bounded && self.order.compare(record.borrow(), self.records[keep - 1].borrow()).is_gt() {
            return;
        }
        self.records.push(record);
        // Cutting at twice the page keeps the cost of a push constant on average.
        if keep < usize::MAX / 2 && self.records.len() >= (2 * keep).max(64) {
            self.cut(keep);
        }
    }

    fn cut(&mut self, keep: usize) {
        if self.records.len() > keep {
            if keep > 0 {
                let order = &self.order;
                self.records.select_nth_unstable_by(keep - 1, |a, b| order.compare(a.borrow(), b.borrow()));
                self.bounded = true;
            }
            self.records.truncate(keep);
        }
    }

    /// The page.
    ///
    /// ```
    /// use dataknobs_data_core::{IdOrder, Record, Sorter};
    /// let sorter: Sorter<Record> = Sorter::new(Vec::new(), IdOrder::CodePoint, None, 0, None);
    /// assert!(sorter.finish().is_empty());
    /// ```
    pub fn finish(mut self) -> Vec<R> {
        self.cut(self.keep());
        let order = &self.order;
        self.records.sort_by(|a, b| order.compare(a.borrow(), b.borrow()));
        self.records.drain(..self.offset.min(self.records.len()));
        self.records
    }
}
