//! Paths resolved once per shape instead of once per record.

use crate::query::scalar::Scalar;
use crate::query::{Access, Path, Place};
use crate::record::{Record, Shape};

/// Finds what a path leads to, record after record.
#[derive(Debug, Clone)]
pub(super) struct Resolver {
    access: Access,
    last: Option<(Shape, Place)>,
}

impl Resolver {
    pub(super) fn new(path: Path) -> Self {
        Resolver { access: Access::new(path), last: None }
    }

    /// What [`Path::resolve`] finds.
    pub(super) fn find<'a>(&mut self, record: &'a Record) -> Option<Scalar<'a>> {
        let shape = record.shape();
        let place = match &self.last {
            Some((known, place)) if known.address() == shape.address() => *place,
            _ => {
                let place = self.access.place(shape);
                self.last = Some((shape.clone(), place));
                place
            }
        };
        self.access.find(place, record)
    }
}
