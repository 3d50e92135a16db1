//! What goes into calls beside their arguments, and what comes out of a search.

use std::ops::Deref;

use crate::record::{Record, Version};
use crate::value::Str;

/// Options of a single write.
///
/// ```
/// use dataknobs_data_core::{Version, WriteOptions};
/// let options = WriteOptions::new().expecting(Version::from_number(3));
/// assert_eq!(options.expected_version, Some(Version::from_number(3)));
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct WriteOptions {
    /// The version that the stored record must have; another one, or a missing record, is
    /// [`Conflict`](crate::ErrorKind::Conflict).
    pub expected_version: Option<Version>,
}

impl WriteOptions {
    /// No options.
    pub fn new() -> Self {
        Self::default()
    }

    /// Expects this version.
    #[must_use]
    pub fn expecting(mut self, version: Version) -> Self {
        self.expected_version = Some(version);
        self
    }
}

/// The records that a search found, in order. Reads like a slice.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SearchResult {
    records: Vec<Record>,
    after: Option<Str>,
}

impl SearchResult {
    pub(super) fn new(records: Vec<Record>, after: Option<Str>) -> Self {
        SearchResult { records, after }
    }

    /// The token that continues this search behind its last record: hand it to
    /// [`Query::after`](crate::Query::after). There is one when the search was sorted and its
    /// limit was filled.
    pub fn after(&self) -> Option<&str> {
        self.after.as_deref()
    }

    /// The records.
    pub fn into_records(self) -> Vec<Record> {
        self.records
    }
}

impl Deref for SearchResult {
    type Target = [Record];

    fn deref(&self) -> &[Record] {
        &self.records
    }
}

impl IntoIterator for SearchResult {
    type Item = Record;
    type IntoIter = std::vec::IntoIter<Record>;

    fn into_iter(self) -> Self::IntoIter {
        self.records.into_iter()
    }
}

impl<'a> IntoIterator for &'a SearchResult {
    type Item = &'a Record;
    type IntoIter = std::slice::Iter<'a, Record>;

    fn into_iter(self) -> Self::IntoIter {
        self.records.iter()
    }
}
