//! Paths resolved against a shape.

use crate::query::path::{Path, walk_metadata, walk_value};
use crate::query::scalar::Scalar;
use crate::record::{Record, Shape};

/// A path, ready to be resolved against shapes.
#[derive(Debug, Clone)]
pub(crate) struct Access {
    path: Path,
}

/// Where a path leads in records of one shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// The value at this position.
    Field(usize),
    /// Into the JSON at this position, by the segments behind the first.
    Inside(usize),
    /// The record's id.
    Id,
    /// The record's metadata, by the segments behind the first.
    Metadata,
    /// Nowhere.
    Nowhere,
}

impl Access {
    pub(crate) fn new(path: Path) -> Self {
        Access { path }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn place(&self, shape: &Shape) -> Place {
        let segments = self.path.segments();
        if let Some(position) = self.path.whole_name().and_then(|whole| shape.position(whole)) {
            return Place::Field(position);
        }
        if let Some(position) = shape.position(&segments[0]) {
            return if segments.len() == 1 { Place::Field(position) } else { Place::Inside(position) };
        }
        match segments[0].as_str() {
            "_id" | "id" if segments.len() == 1 => Place::Id,
            "_metadata" | "metadata" if segments.len() > 1 => Place::Metadata,
            _ => Place::Nowhere,
        }
    }

    #[inline]
    pub(crate) fn find<'a>(&self, place: Place, record: &'a Record) -> Option<Scalar<'a>> {
        match place {
            Place::Field(position) => Scalar::of(&record.values()[position]),
            Place::Inside(position) => walk_value(&record.values()[position], &self.path.segments()[1..]),
            Place::Id => record.id().map(|id| Scalar::String(id)),
            Place::Metadata => walk_metadata(record.metadata(), &self.path.segments()[1..]),
            Place::Nowhere => None,
        }
    }
}
