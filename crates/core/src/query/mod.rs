//! Queries: what to find, in which order, and how much of it.

mod condition;
mod evaluate;
mod filter;
mod json;
mod matcher;
mod operator;
mod path;
mod pattern;
pub(crate) mod scalar;
mod select;
mod sort;
mod text;

pub use condition::{Condition, Leaf};
pub use evaluate::{Evaluator, reference_search};
pub use filter::{Filter, MAX_PATTERN_BYTES, Operand, Test};
pub use json::{value_from_tagged, value_to_tagged};
pub(crate) use matcher::{Access, Place};
pub use matcher::{LeafMatcher, Matcher};
pub use operator::{IntoOperator, Operator};
pub use path::{IntoPath, Path};
pub use select::Sorter;
pub use sort::{IdOrder, IntoSortOrder, SortKey, SortOrder, SortPosition};
pub use text::MAX_TEXT_BYTES;

use std::sync::Arc;

use crate::error::{Error, Result};
use crate::value::Str;

/// The deepest nesting of filters.
///
/// ```
/// use dataknobs_data_core::{Filter, MAX_FILTER_DEPTH, Query};
/// let mut filter = Filter::new("n", "=", 1)?;
/// for _ in 0..MAX_FILTER_DEPTH {
///     filter = filter.negate();
/// }
/// assert!(Query::new().with_filter(filter.clone()).check().is_ok());
/// assert!(Query::new().with_filter(filter.negate()).check().is_err());
/// # Ok::<(), dataknobs_data_core::Error>(())
/// ```
pub const MAX_FILTER_DEPTH: usize = 128;

/// What to find: filters (all must hold), sort, limit, offset, projection.
///
/// The builder methods return a new query. A mistake (an unknown operator, a pattern that does
/// not compile) is kept and reported by [`Query::check`] and by every call that uses the query,
/// before any store is asked.
///
/// ```
/// use dataknobs_data_core::Query;
/// let query = Query::new()
///     .filter("age", ">=", 25)
///     .filter("name", "LIKE", "John%")
///     .sort("age", "DESC")
///     .limit(10);
/// query.check()?;
/// assert_eq!(query.to_string(), "age >= 25 AND name LIKE 'John%' ORDER BY age DESC LIMIT 10");
/// # Ok::<(), dataknobs_data_core::Error>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct Query {
    filters: Vec<Filter>,
    sort: Vec<SortKey>,
    limit: Option<u64>,
    offset: u64,
    projection: Option<Vec<Str>>,
    after: Option<Str>,
    mistake: Option<Arc<Error>>,
}

impl Query {
    /// A query that finds everything.
    ///
    /// ```
    /// use dataknobs_data_core::Query;
    /// assert!(Query::new().filters().is_empty());
    /// assert!(Query::new().check().is_ok());
    /// ```
    pub fn new() -> Self {
        Self::default()
    }

    fn note<T>(&mut self, result: Result<T>) -> Option<T> {
        match result {
            Ok(value) => Some(value),
            Err(error) => {
                self.mistake.get_or_insert(Arc::new(error));
                None
            }
        }
    }

    /// Adds a test that must hold.
    ///
    /// ```
    /// use dataknobs_data_core::Query;
    /// let query = Query::new().filter("age", ">=", 18).filter("city", "IN", ["Oslo", "Bergen"]);
    /// assert_eq!(query.to_string(), "age >= 18 AND city IN ('Oslo', 'Bergen')");
    /// assert!(Query::new().filter("age", "~", 18).check().is_err());
    /// ```
    #[must_use]
    pub fn filter(mut self, path: impl IntoPath, operator: impl IntoOperator, operand: impl Into<Operand>) -> Self {
        let filter = Filter::new(path, operator, operand);
        if let Some(filter) = self.note(filter) {
            self.filters.push(filter);
        }
        self
    }

    /// Adds a filter that must hold.
    ///
    /// ```
    /// use dataknobs_data_core::{Filter, Query};
    /// let query = Query::new().with_filter(Filter::parse("age < 18 OR age > 65")?);
    /// assert_eq!(query.to_string(), "age < 18 OR age > 65");
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    #[must_use]
    pub fn with_filter(mut self, filter: Filter) -> Self {
        self.filters.push(filter);
        self
    }

    /// Adds a sort key; earlier keys weigh more. `order` is `"ASC"` or `"DESC"` or a [`SortOrder`].
    ///
    /// ```
    /// use dataknobs_data_core::{Query, SortOrder};
    /// let query = Query::new().sort("city", "ASC").sort("age", SortOrder::Descending);
    /// assert_eq!(query.to_string(), "ORDER BY city, age DESC");
    /// ```
    #[must_use]
    pub fn sort(mut self, path: impl IntoPath, order: impl IntoSortOrder) -> Self {
        let key = path.into_path().and_then(|path| Ok(SortKey { path, order: order.into_sort_order()? }));
        if let Some(key) = self.note(key) {
            self.sort.push(key);
        }
        self
    }

    /// Returns at most so many records.
    ///
    /// ```
    /// use dataknobs_data_core::Query;
    /// assert_eq!(Query::new().limit(10).limit_value(), Some(10));
    /// assert_eq!(Query::new().limit(10).limit(None).limit_value(), None);
    /// ```
    #[must_use]
    pub fn limit(mut self, limit: impl Into<Option<u64>>) -> Self {
        self.limit = limit.into();
        self
    }

    /// Skips so many records first.
    ///
    /// ```
    /// use dataknobs_data_core::Query;
    /// assert_eq!(Query::new().offset(20).offset_value(), 20);
    /// ```
    #[must_use]
    pub fn offset(mut self, offset: u64) -> Self {
        self.offset = offset;
        self
    }

    /// Keeps only these fields of each record.
    ///
    /// ```
    /// use dataknobs_data_core::{Query, SyncDatabase, record};
    /// let db = SyncDatabase::memory();
    /// db.create(record! { "name": "Ada", "age": 36 }?)?;
    /// assert_eq!(db.first(&Query::new().select(["name"]))?, Some(record! { "name": "Ada" }?));
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    #[must_use]
    pub fn select<N: Into<Str>>(mut self, names: impl IntoIterator<Item = N>) -> Self {
        self.projection = Some(names.into_iter().map(Into::into).collect());
        self
    }

    /// The same query keeping every field.
    pub(crate) fn unprojected(mut self) -> Self {
        self.projection = None;
        self
    }

    /// Continues a sorted search behind the record that this token was given for.
    ///
    /// ```
    /// use dataknobs_data_core::{Query, SyncDatabase, record};
    /// let db = SyncDatabase::memory();
    /// db.create_batch(vec![record! { "n": 1 }?, record! { "n": 2 }?, record! { "n": 3 }?])?;
    /// let query = Query::new().sort("n", "ASC").limit(2);
    /// let token = db.search(&query)?.after().unwrap().to_owned();
    /// assert_eq!(db.first(&query.after(token))?.unwrap()["n"].as_integer(), Some(3));
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    #[must_use]
    pub fn after(mut self, token: impl Into<Str>) -> Self {
        self.after = Some(token.into());
        self
    }

    /// The filters; all must hold.
    ///
    /// ```
    /// use dataknobs_data_core::Query;
    /// assert_eq!(Query::parse("age > 30 AND city = 'Oslo'")?.filters().len(), 2);
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    pub fn filters(&self) -> &[Filter] {
        &self.filters
    }

    /// The sort keys.
    ///
    /// ```
    /// use dataknobs_data_core::Query;
    /// assert!(Query::parse("ORDER BY age DESC")?.sort_keys()[0].order.is_descending());
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    pub fn sort_keys(&self) -> &[SortKey] {
        &self.sort
    }

    /// The limit, if there is one.
    ///
    /// ```
    /// use dataknobs_data_core::Query;
    /// assert_eq!(Query::parse("LIMIT 10")?.limit_value(), Some(10));
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    pub fn limit_value(&self) -> Option<u64> {
        self.limit
    }

    /// The offset.
    ///
    /// ```
    /// use dataknobs_data_core::Query;
    /// assert_eq!(Query::parse("LIMIT 10 OFFSET 20")?.offset_value(), 20);
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    pub fn offset_value(&self) -> u64 {
        self.offset
    }

    /// The names to keep, if not all.
    ///
    /// ```
    /// use dataknobs_data_core::Query;
    /// assert_eq!(Query::new().select(["name"]).projection().unwrap(), ["name"]);
    /// assert!(Query::new().projection().is_none());
    /// ```
    pub fn projection(&self) -> Option<&[Str]> {
        self.projection.as_deref()
    }

    /// The token to continue behind, if any.
    ///
    /// ```
    /// use dataknobs_data_core::Query;
    /// assert_eq!(Query::new().sort("age", "ASC").after("abc").after_token(), Some("abc"));
    /// ```
    pub fn after_token(&self) -> Option<&str> {
        self.after.as_deref()
    }

    /// The filters as one.
    ///
    /// ```
    /// use dataknobs_data_core::{Filter, Query};
    /// let filter = Query::new().filter("age", ">", 30).filter("city", "=", "Oslo").to_filter();
    /// assert_eq!(filter, Filter::parse("age > 30 AND city = 'Oslo'")?);
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    pub fn to_filter(&self) -> Filter {
        match self.filters.as_slice() {
            [single] => single.clone(),
            filters => Filter::All(filters.to_vec()),
        }
    }

    /// The filters; of an `all_of` that stands alone, its own.
    fn all_of(&self) -> &[Filter] {
        match self.filters.as_slice() {
            [Filter::All(filters)] => filters,
            filters => filters,
        }
    }

    /// Reports the first mistake made while building, and what is wrong with the whole.
    ///
    /// ```
    /// use dataknobs_data_core::{ErrorKind, Query};
    /// let error = Query::new().filter("age", "GREATER", 30).limit(5).check().unwrap_err();
    /// assert_eq!(error.kind(), ErrorKind::InvalidQuery);
    /// ```
    ///
    /// # Errors
    /// [`InvalidQuery`](crate::ErrorKind::InvalidQuery).
    pub fn check(&self) -> Result<()> {
        if let Some(mistake) = &self.mistake {
            return Err(mistake.duplicate());
        }
        if self.filters.iter().any(|filter| filter.depth() > MAX_FILTER_DEPTH) {
            return Err(Error::invalid_query("filters must not be nested deeper than 128 levels"));
        }
        if let Some(token) = &self.after {
            if self.offset > 0 {
                return Err(Error::invalid_query("`after` and an offset exclude each other"));
            }
            SortPosition::decode(token, &self.sort)?;
        }
        Ok(())
    }

    /// Reads a query from its text form.
    ///
    /// # Errors
    /// [`InvalidQuery`](crate::ErrorKind::InvalidQuery) with the place as `column` (in characters,
    /// from 1) and `offset` (in bytes) in its context, and [`Error::excerpt`] showing the text with
    /// a caret.
    ///
    /// ```
    /// use dataknobs_data_core::Query;
    /// let query = Query::parse("age >= 25 AND city IN ('Oslo', 'Bergen') ORDER BY age DESC LIMIT 5")?;
    /// assert_eq!(query.limit_value(), Some(5));
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    pub fn parse(text: &str) -> Result<Self> {
        text::parse(text)
    }
}

impl PartialEq for Query {
    fn eq(&self, other: &Self) -> bool {
        self.all_of() == other.all_of()
            && self.sort == other.sort
            && self.limit == other.limit
            && self.offset == other.offset
            && self.projection == other.projection
            && self.after == other.after
            && self.mistake.is_none() == other.mistake.is_none()
    }
}

impl std::str::FromStr for Query {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Query::parse(text)
    }
}

#[cfg(test)]
mod generate;
#[cfg(test)]
mod tests;
