//! Which shapes a list of records has, so that names are looked up once a shape, not once a record.

use dataknobs_data_core::{Record, Shape, Value};
use foldhash::fast::RandomState;
use hashbrown::HashMap;

/// The distinct shapes of some records, in order of first appearance.
pub(crate) struct Shapes<'a> {
    records: &'a [Record],
    distinct: Vec<&'a Shape>,
    /// For each record the place of its shape in `distinct`; empty when all share one.
    of: Vec<usize>,
}

impl<'a> Shapes<'a> {
    pub(crate) fn of(records: &'a [Record]) -> Self {
        let Some(first) = records.first().map(Record::shape) else {
            return Shapes { records, distinct: Vec::new(), of: Vec::new() };
        };
        let address = first.address();
        let Some(other) = records.iter().position(|record| record.shape().address() != address) else {
            return Shapes { records, distinct: vec![first], of: Vec::new() };
        };
        let mut distinct = vec![first];
        let mut known: HashMap<usize, usize, RandomState> = [(address, 0)].into_iter().collect();
        let mut of = vec![0; other];
        of.reserve(records.len() - other);
        of.extend(records[other..].iter().map(|record| {
            *known.entry(record.shape().address()).or_insert_with(|| {
                distinct.push(record.shape());
                distinct.len() - 1
            })
        }));
        Shapes { records, distinct, of }
    }

    pub(crate) fn distinct(&self) -> &[&'a Shape] {
        &self.distinct
    }

    /// The place in `distinct` of a record's shape.
    pub(crate) fn of_row(&self, row: usize) -> usize {
        self.of.get(row).copied().unwrap_or(0)
    }

    /// Hands over the value of this name in each record, or none where it has no such field.
    #[inline]
    pub(crate) fn each_value(&self, name: &str, mut visit: impl FnMut(Option<&'a Value>)) {
        if let ([shape], []) = (self.distinct.as_slice(), self.of.as_slice()) {
            match shape.position(name) {
                Some(position) => self.records.iter().for_each(|record| visit(Some(&record.values()[position]))),
                None => self.records.iter().for_each(|_| visit(None)),
            }
            return;
        }
        let positions: Vec<Option<usize>> = self.distinct.iter().map(|shape| shape.position(name)).collect();
        for (record, shape) in self.records.iter().zip(&self.of) {
            visit(positions[*shape].map(|position| &record.values()[position]));
        }
    }
}
