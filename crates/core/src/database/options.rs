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
    ///
    /// ```
    /// use dataknobs_data_core::WriteOptions;
    /// assert_eq!(WriteOptions::new().expected_version, None);
    /// ```
    pub fn new() -> Self {
        Self::default()
    }

    /// Expects this version.
    ///
    /// ```
    /// use dataknobs_data_core::{SyncDatabase, WriteOptions, record};
    /// let db = SyncDatabase::memory();
    /// let id = db.create(record! { "n": 1 }?)?;
    /// let version = db.read(&id)?.unwrap().version().unwrap().clone();
    /// assert!(db.delete_with(&id, WriteOptions::new().expecting(version))?);
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    #[must_use]
    pub fn expecting(mut self, version: Version) -> Self {
        self.expected_version = Some(version);
        self
    }
}

/// The records that a search found, in order. Reads like a slice.
///
/// ```
/// use dataknobs_data_core::{Query, SyncDatabase, record};
/// let db = SyncDatabase::memory();
/// db.create_batch(vec![record! { "n": 1 }?, record! { "n": 2 }?])?;
/// let found = db.search(&Query::new().sort("n", "DESC"))?;
/// assert_eq!((found.len(), found[0]["n"].as_integer()), (2, Some(2)));
/// for record in &found {
///     assert!(record.id().is_some());
/// }
/// # Ok::<(), dataknobs_data_core::Error>(())
/// ```
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
    ///
    /// ```
    /// use dataknobs_data_core::{Query, Result, SyncDatabase, record};
    /// let db = SyncDatabase::memory();
    /// db.create_batch((0..5).map(|n| record! { "n": n }).collect::<Result<_, _>>()?)?;
    /// let page = Query::new().sort("n", "ASC").limit(2);
    /// let first = db.search(&page)?;
    /// let second = db.search(&page.after(first.after().unwrap()))?;
    /// assert_eq!(second[0]["n"].as_integer(), Some(2));
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    pub fn after(&self) -> Option<&str> {
        self.after.as_deref()
    }

    /// The records.
    ///
    /// ```
    /// use dataknobs_data_core::{Query, Record, SyncDatabase, record};
    /// let db = SyncDatabase::memory();
    /// db.create(record! { "n": 1 }?)?;
    /// let records: Vec<Record> = db.search(&Query::new())?.into_records();
    /// assert_eq!(records.len(), 1);
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
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
