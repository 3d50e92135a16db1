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
pub use matcher::Matcher;
pub(crate) use matcher::{Access, Place};
pub use operator::{IntoOperator, Operator};
pub use path::{IntoPath, Path};
pub use select::Sorter;
pub use sort::{IdOrder, IntoSortOrder, SortKey, SortOrder, SortPosition};
pub use text::MAX_TEXT_BYTES;

use std::sync::Arc;

use crate::error::{Error, Result};
use crate::value::Str;

/// The deepest nesting of filters.
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
    #[must_use]
    pub fn filter(mut self, path: impl IntoPath, operator: impl IntoOperator, operand: impl Into<Operand>) -> Self {
        let filter = Filter::new(path, operator, operand);
        if let Some(filter) = self.note(filter) {
            self.filters.push(filter);
        }
        self
    }

    /// Adds a filter that must hold.
    #[must_use]
    pub fn with_filter(mut self, filter: Filter) -> Self {
        self.filters.push(filter);
        self
    }

    /// Adds a sort key; earlier keys weigh more. `order` is `"ASC"` or `"DESC"` or a [`SortOrder`].
    #[must_use]
    pub fn sort(mut self, path: impl IntoPath, order: impl IntoSortOrder) -> Self {
        let key = path.into_path().and_then(|path| Ok(SortKey { path, order: order.into_sort_order()? }));
        if let Some(key) = self.note(key) {
            self.sort.push(key);
        }
        self
    }

    /// Returns at most so many records.
    #[must_use]
    pub fn limit(mut self, limit: impl Into<Option<u64>>) -> Self {
        self.limit = limit.into();
        self
    }

    /// Skips so many records first.
    #[must_use]
    pub fn offset(mut self, offset: u64) -> Self {
        self.offset = offset;
        self
    }

    /// Keeps only these fields of each record.
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
    #[must_use]
    pub fn after(mut self, token: impl Into<Str>) -> Self {
        self.after = Some(token.into());
        self
    }

    /// The filters; all must hold.
    pub fn filters(&self) -> &[Filter] {
        &self.filters
    }

    /// The sort keys.
    pub fn sort_keys(&self) -> &[SortKey] {
        &self.sort
    }

    /// The limit, if there is one.
    pub fn limit_value(&self) -> Option<u64> {
        self.limit
    }

    /// The offset.
    pub fn offset_value(&self) -> u64 {
        self.offset
    }

    /// The names to keep, if not all.
    pub fn projection(&self) -> Option<&[Str]> {
        self.projection.as_deref()
    }

    /// The token to continue behind, if any.
    pub fn after_token(&self) -> Option<&str> {
        self.after.as_deref()
    }

    /// The filters as one.
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
