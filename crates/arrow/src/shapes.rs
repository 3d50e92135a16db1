//! Which shapes a list of records has, so that names are looked up once a shape, not once a record.

use std::borrow::Borrow;
use std::ops::Range;

use dataknobs_data_core::{Record, Shape, Value};
use foldhash::fast::RandomState;
use hashbrown::HashMap;

/// The distinct shapes of some records, in order of first appearance.
pub(crate) struct Shapes<'a, R = Record> {
    records: &'a [R],
    distinct: Vec<&'a Shape>,
    /// For each record the place of its shape in `distinct`; empty when all share one.
    of: Vec<usize>,
}

impl<'a, R: Borrow<Record>> Shapes<'a, R> {
    pub(crate) fn of(records: &'a [R]) -> Self {
        let Some(first) = records.first().map(|record| record.borrow().shape()) else {
            return Shapes { records, distinct: Vec::new(), of: Vec::new() };
        };
        let address = first.address();
        let Some(other) = records.iter().position(|record| record.borrow().shape().address() != address) else {
            return Shapes { records, distinct: vec![first], of: Vec::new() };
        };
        let mut finder = Finder { distinct: vec![first], addresses: vec![address], known: HashMap::default() };
        let mut of = vec![0; other];
        of.reserve(records.len() - other);
        of.extend(records[other..].iter().map(|record| finder.place(record.borrow().shape())));
        Shapes { records, distinct: finder.distinct, of }
    }

    pub(crate) fn distinct(&self) -> &[&'a Shape] {
        &self.distinct
    }

    /// The place in `distinct` of a record's shape.
    pub(crate) fn of_row(&self, row: usize) -> usize {
        self.of.get(row).copied().unwrap_or(0)
    }

    /// Where fields of this name stand in each of the distinct shapes.
    pub(crate) fn positions(&self, name: &str) -> Positions {
        Positions(self.distinct.iter().map(|shape| shape.position(name)).collect())
    }

    /// Hands over the value of a field in each record, or none where it has no such field.
    pub(crate) fn each_value(&self, positions: &Positions, visit: impl FnMut(Option<&'a Value>)) {
        self.each_value_in(0..self.records.len(), positions, visit);
    }

    /// The same for some of the records.
    #[inline]
    pub(crate) fn each_value_in(
        &self,
        rows: Range<usize>,
        Positions(positions): &Positions,
        mut visit: impl FnMut(Option<&'a Value>),
    ) {
        let records = &self.records[rows.clone()];
        match positions.as_slice() {
            [Some(position)] => records.iter().for_each(|record| visit(Some(&record.borrow().values()[*position]))),
            [None] | [] => records.iter().for_each(|_| visit(None)),
            positions => {
                for (record, shape) in records.iter().zip(&self.of[rows]) {
                    visit(positions[*shape].map(|position| &record.borrow().values()[position]));
                }
            }
        }
    }

    pub(crate) fn rows(&self) -> usize {
        self.records.len()
    }
}

/// Where the fields of one name stand, for each distinct shape.
pub(crate) struct Positions(Vec<Option<usize>>);

/// Up to this many shapes are compared one by one, which beats hashing.
const FEW: usize = 8;

/// Gives each shape its place.
struct Finder<'a> {
    distinct: Vec<&'a Shape>,
    addresses: Vec<usize>,
    /// By address, those beyond the first few.
    known: HashMap<usize, usize, RandomState>,
}

impl<'a> Finder<'a> {
    fn place(&mut self, shape: &'a Shape) -> usize {
        let address = shape.address();
        if let Some(found) = self.addresses.iter().take(FEW).position(|known| *known == address) {
            return found;
        }
        if let Some(found) = self.known.get(&address) {
            return *found;
        }
        let place = self.distinct.len();
        self.distinct.push(shape);
        self.addresses.push(address);
        if place >= FEW {
            self.known.insert(address, place);
        }
        place
    }
}
