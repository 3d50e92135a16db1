//! Paths resolved once per shape instead of once per record.

use crate::query::Path;
use crate::query::scalar::Scalar;
use crate::query::walk_value;
use crate::record::{Record, Shape};

/// A path and where it leads in records of the shape seen last.
#[derive(Debug, Clone)]
pub(super) struct Resolver {
    path: Path,
    route: Option<(Shape, Route)>,
}

#[derive(Debug, Clone, Copy)]
enum Route {
    /// The field at this position is the whole path.
    Field(usize),
    /// The field at this position is the first segment.
    Inside(usize),
    /// Id or metadata, or nothing.
    Elsewhere,
}

impl Resolver {
    pub(super) fn new(path: Path) -> Self {
        Resolver { path, route: None }
    }

    /// What [`Path::resolve`] finds.
    pub(super) fn find<'a>(&mut self, record: &'a Record) -> Option<Scalar<'a>> {
        match self.route_in(record.shape()) {
            Route::Field(position) => Scalar::of(&record.values()[position]),
            Route::Inside(position) => walk_value(&record.values()[position], &self.path.segments()[1..]),
            Route::Elsewhere => self.path.resolve(record),
        }
    }

    fn route_in(&mut self, shape: &Shape) -> Route {
        match &self.route {
            // The held shape is alive, so that no other one has its address.
            Some((known, route)) if known.address() == shape.address() => *route,
            _ => {
                let whole = self.path.whole_name().and_then(|name| shape.position(name));
                let first = || self.path.segments().first().and_then(|name| shape.position(name));
                let route = match (whole, first()) {
                    (Some(position), _) => Route::Field(position),
                    (None, Some(position)) => Route::Inside(position),
                    (None, None) => Route::Elsewhere,
                };
                self.route = Some((shape.clone(), route));
                route
            }
        }
    }
}
