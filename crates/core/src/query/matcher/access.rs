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
    /// Whatever the path means by the slow rule: a null field may give way to something else.
    Depends,
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
        let alone = segments.len() == 1;
        let field = shape.position(&segments[0]);
        let whole = self.path.whole_name().and_then(|whole| shape.position(whole));
        match (segments[0].as_str(), field) {
            ("_id", _) if alone => Place::Id,
            ("_id", _) => Place::Nowhere,
            ("_metadata", _) if !alone => Place::Metadata,
            ("_metadata", _) => Place::Nowhere,
            ("id" | "metadata", Some(_)) => Place::Depends,
            (_, _) if whole.is_some() => Place::Depends,
            (_, Some(position)) if alone => Place::Field(position),
            (_, Some(position)) => Place::Inside(position),
            ("id", None) if alone => Place::Id,
            ("metadata", None) if !alone => Place::Metadata,
            (_, None) => Place::Nowhere,
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
            Place::Depends => self.path.resolve(record),
        }
    }
}
