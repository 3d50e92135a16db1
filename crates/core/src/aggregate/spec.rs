//! What to aggregate: the description that users build and backends read.

use std::collections::HashSet;
use std::sync::Arc;

use super::bucket::{Bucket, IntoInterval};
use super::function::AggregateFunction;
use crate::error::{Error, Result};
use crate::query::{Filter, IntoOperator, IntoPath, MAX_FILTER_DEPTH, Operand, Path};
use crate::value::{Str, Value};

/// Filters, group keys and aggregates.
///
/// The builder methods return a new description. A mistake is kept and reported by
/// [`Aggregation::check`] and by every call that uses the description, before any store is asked.
///
/// ```
/// use dataknobs_data_core::{Aggregation, record, reference_aggregate};
/// let records = [
///     record! { "city": "Oslo", "age": 30 }?,
///     record! { "city": "Rome", "age": 41 }?,
///     record! { "city": "Oslo", "age": 35 }?,
/// ];
/// let by_city = Aggregation::new().group_by("city").count().avg("age").alias("mean");
/// let table = reference_aggregate(&records, &by_city)?;
/// assert_eq!(table.columns(), ["city", "count", "mean"]);
/// assert_eq!(table.get(0, "mean"), Some(&32.5.into()));
/// # Ok::<(), dataknobs_data_core::Error>(())
/// ```
///
/// Without group keys the result is exactly one row; with group keys and no aggregates it is the
/// distinct keys. Rows come in the sort order of their keys, null last.
#[derive(Debug, Clone, Default)]
pub struct Aggregation {
    filters: Vec<Filter>,
    group_by: Vec<GroupKey>,
    aggregates: Vec<Aggregate>,
    last: Option<Last>,
    mistake: Option<Arc<Error>>,
}

/// The column that was added last.
#[derive(Debug, Clone, Copy)]
enum Last {
    Group,
    Aggregate,
}

/// One key to group by, and its column.
///
/// ```
/// use dataknobs_data_core::{Aggregation, GroupKey};
/// let spec = Aggregation::new().group_by_as("address.city", "city");
/// let key: &GroupKey = &spec.group_keys()[0];
/// assert_eq!((key.path.to_string().as_str(), key.column.as_str()), ("address.city", "city"));
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct GroupKey {
    /// The value it is made of.
    pub path: Path,
    /// How it is made.
    pub bucket: Bucket,
    /// The name of its column.
    pub column: Str,
}

/// One aggregate, and its column.
///
/// ```
/// use dataknobs_data_core::{Aggregate, AggregateFunction, Aggregation};
/// let spec = Aggregation::new().max("age");
/// let oldest: &Aggregate = &spec.aggregates()[0];
/// assert_eq!((oldest.function, oldest.column.as_str()), (AggregateFunction::Max, "max_age"));
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Aggregate {
    /// What it computes.
    pub function: AggregateFunction,
    /// From which values; none only for the number of records.
    pub path: Option<Path>,
    /// The name of its column.
    pub column: Str,
}

impl GroupKey {
    pub(super) fn new(path: Path, bucket: Bucket) -> Self {
        GroupKey { column: path.to_string().into(), path, bucket }
    }
}

impl Aggregate {
    pub(super) fn new(function: AggregateFunction, path: Option<Path>) -> Result<Self> {
        let column = match &path {
            Some(path) => format!("{function}_{path}").into(),
            None if function == AggregateFunction::Count => function.name().into(),
            None => return Err(Error::invalid_query("this function needs a field").with_context("function", function)),
        };
        Ok(Aggregate { function, path, column })
    }
}

impl Aggregation {
    /// A description without filters, keys and aggregates; add at least one of the last two.
    ///
    /// ```
    /// use dataknobs_data_core::Aggregation;
    /// assert!(Aggregation::new().check().is_err()); // nothing to compute yet
    /// assert!(Aggregation::new().count().check().is_ok());
    /// ```
    pub fn new() -> Self {
        Self::default()
    }

    /// The distinct values at a path.
    ///
    /// ```
    /// use dataknobs_data_core::Aggregation;
    /// assert_eq!(Aggregation::distinct("city"), Aggregation::new().group_by("city"));
    /// ```
    pub fn distinct(path: impl IntoPath) -> Self {
        Self::new().group_by(path)
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

    /// Adds a test that records must pass.
    ///
    /// ```
    /// use dataknobs_data_core::{Aggregation, record, reference_aggregate};
    /// let adults = Aggregation::new().filter("age", ">=", 18).count();
    /// let table = reference_aggregate(&[record! { "age": 17 }?, record! { "age": 18 }?], &adults)?;
    /// assert_eq!(table.get(0, "count"), Some(&1.into()));
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    #[must_use]
    pub fn filter(mut self, path: impl IntoPath, operator: impl IntoOperator, operand: impl Into<Operand>) -> Self {
        let filter = Filter::new(path, operator, operand);
        if let Some(filter) = self.note(filter) {
            self.filters.push(filter);
        }
        self
    }

    /// Adds a filter that records must pass.
    ///
    /// ```
    /// use dataknobs_data_core::{Aggregation, Filter};
    /// let near = Aggregation::new().with_filter(Filter::parse("city = 'Oslo' OR city = 'Bergen'")?).count();
    /// assert_eq!(near.to_filter().to_string(), "city = 'Oslo' OR city = 'Bergen'");
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    #[must_use]
    pub fn with_filter(mut self, filter: Filter) -> Self {
        self.filters.push(filter);
        self
    }

    pub(super) fn with_group(mut self, key: Result<GroupKey>) -> Self {
        if let Some(key) = self.note(key) {
            self.group_by.push(key);
            self.last = Some(Last::Group);
        }
        self
    }

    pub(super) fn with_aggregate(mut self, aggregate: Result<Aggregate>) -> Self {
        if let Some(aggregate) = self.note(aggregate) {
            self.aggregates.push(aggregate);
            self.last = Some(Last::Aggregate);
        }
        self
    }

    /// Groups by the value at a path. Equal values fall in one group, values that are not present
    /// in the group of null.
    ///
    /// ```
    /// use dataknobs_data_core::{Aggregation, Value, record, reference_aggregate};
    /// let by_city = Aggregation::new().group_by("city").count();
    /// let table = reference_aggregate(&[record! { "city": "Oslo" }?, record! { "city": () }?], &by_city)?;
    /// assert_eq!(table.rows(), [vec!["Oslo".into(), 1.into()], vec![Value::Null, 1.into()]]);
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    #[must_use]
    pub fn group_by(self, path: impl IntoPath) -> Self {
        self.with_group(path.into_path().map(|path| GroupKey::new(path, Bucket::Value)))
    }

    /// Groups by the value at a path, under a column name of its own.
    ///
    /// ```
    /// use dataknobs_data_core::Aggregation;
    /// assert_eq!(Aggregation::new().group_by_as("address.city", "city").columns(), ["city"]);
    /// ```
    #[must_use]
    pub fn group_by_as(self, path: impl IntoPath, column: impl Into<Str>) -> Self {
        let key = path.into_path().map(|path| GroupKey { path, bucket: Bucket::Value, column: column.into() });
        self.with_group(key)
    }

    /// Groups datetimes by calendar interval in UTC; everything else falls in the group of null.
    ///
    /// ```
    /// use dataknobs_data_core::Aggregation;
    /// let monthly = Aggregation::new().date_histogram("paid_at", "month").alias("month").sum("amount");
    /// monthly.check()?;
    /// assert!(Aggregation::new().date_histogram("paid_at", "fortnight").check().is_err());
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    #[must_use]
    pub fn date_histogram(self, path: impl IntoPath, interval: impl IntoInterval) -> Self {
        let key = path
            .into_path()
            .and_then(|path| interval.into_interval().map(|interval| GroupKey::new(path, Bucket::Date(interval))));
        self.with_group(key)
    }

    /// Groups numbers by ranges of this width, one of which begins at `origin`; everything else
    /// falls in the group of null. The key is the range's lower end: an integer where value, width
    /// and origin are.
    ///
    /// ```
    /// use dataknobs_data_core::{Aggregation, record, reference_aggregate};
    /// let table = reference_aggregate(&[record! { "x": 17 }?], &Aggregation::new().histogram("x", 5, 0))?;
    /// assert_eq!(table.get(0, "x"), Some(&15.into()));
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    #[must_use]
    pub fn histogram(self, path: impl IntoPath, width: impl Into<Value>, origin: impl Into<Value>) -> Self {
        let bucket = Bucket::of_numbers(&width.into(), &origin.into());
        self.with_group(path.into_path().and_then(|path| Ok(GroupKey::new(path, bucket?))))
    }

    fn aggregate(self, function: AggregateFunction, path: impl IntoPath) -> Self {
        self.with_aggregate(path.into_path().and_then(|path| Aggregate::new(function, Some(path))))
    }

    /// Adds the number of records: column `count`.
    ///
    /// ```
    /// use dataknobs_data_core::{Aggregation, record, reference_aggregate};
    /// let table = reference_aggregate(&[record! { "n": 1 }?, record! { "n": () }?], &Aggregation::new().count())?;
    /// assert_eq!(table.get(0, "count"), Some(&2.into()));
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    #[must_use]
    pub fn count(self) -> Self {
        self.with_aggregate(Aggregate::new(AggregateFunction::Count, None))
    }

    /// Adds the number of present values: column `count_` and the path.
    ///
    /// ```
    /// use dataknobs_data_core::{Aggregation, record, reference_aggregate};
    /// let records = [record! { "n": 1 }?, record! { "n": () }?];
    /// let table = reference_aggregate(&records, &Aggregation::new().count_of("n"))?;
    /// assert_eq!(table.get(0, "count_n"), Some(&1.into()));
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    #[must_use]
    pub fn count_of(self, path: impl IntoPath) -> Self {
        self.aggregate(AggregateFunction::Count, path)
    }

    /// Adds the number of present values that differ: column `count_distinct_` and the path.
    ///
    /// ```
    /// use dataknobs_data_core::{Aggregation, record, reference_aggregate};
    /// let records = [record! { "n": 1 }?, record! { "n": 1.0 }?, record! { "n": 2 }?];
    /// let table = reference_aggregate(&records, &Aggregation::new().count_distinct("n"))?;
    /// assert_eq!(table.get(0, "count_distinct_n"), Some(&2.into()));
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    #[must_use]
    pub fn count_distinct(self, path: impl IntoPath) -> Self {
        self.aggregate(AggregateFunction::CountDistinct, path)
    }

    /// Adds the least present value: column `min_` and the path.
    ///
    /// ```
    /// use dataknobs_data_core::{Aggregation, record, reference_aggregate};
    /// let table = reference_aggregate(&[record! { "n": 3 }?, record! { "n": 2 }?], &Aggregation::new().min("n"))?;
    /// assert_eq!(table.get(0, "min_n"), Some(&2.into()));
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    #[must_use]
    pub fn min(self, path: impl IntoPath) -> Self {
        self.aggregate(AggregateFunction::Min, path)
    }

    /// Adds the greatest present value: column `max_` and the path.
    ///
    /// ```
    /// use dataknobs_data_core::{Aggregation, record, reference_aggregate};
    /// let table = reference_aggregate(&[record! { "n": 3 }?, record! { "n": 2 }?], &Aggregation::new().max("n"))?;
    /// assert_eq!(table.get(0, "max_n"), Some(&3.into()));
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    #[must_use]
    pub fn max(self, path: impl IntoPath) -> Self {
        self.aggregate(AggregateFunction::Max, path)
    }

    /// Adds the sum of the numbers: column `sum_` and the path. Exact over integers, and an error
    /// when it passes 64 bits; a float as soon as one of them is.
    ///
    /// ```
    /// use dataknobs_data_core::{Aggregation, record, reference_aggregate};
    /// let table = reference_aggregate(&[record! { "n": 1 }?, record! { "n": 0.5 }?], &Aggregation::new().sum("n"))?;
    /// assert_eq!(table.get(0, "sum_n"), Some(&1.5.into()));
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    #[must_use]
    pub fn sum(self, path: impl IntoPath) -> Self {
        self.aggregate(AggregateFunction::Sum, path)
    }

    /// Adds the mean of the numbers, a float: column `avg_` and the path.
    ///
    /// ```
    /// use dataknobs_data_core::{Aggregation, record, reference_aggregate};
    /// let table = reference_aggregate(&[record! { "n": 1 }?, record! { "n": 2 }?], &Aggregation::new().avg("n"))?;
    /// assert_eq!(table.get(0, "avg_n"), Some(&1.5.into()));
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    #[must_use]
    pub fn avg(self, path: impl IntoPath) -> Self {
        self.aggregate(AggregateFunction::Avg, path)
    }

    /// Renames the column that was added last.
    ///
    /// ```
    /// use dataknobs_data_core::Aggregation;
    /// assert_eq!(Aggregation::new().sum("amount").alias("total").columns(), ["total"]);
    /// ```
    #[must_use]
    pub fn alias(mut self, name: impl Into<Str>) -> Self {
        let column = match self.last {
            Some(Last::Group) => self.group_by.last_mut().map(|key| &mut key.column),
            Some(Last::Aggregate) => self.aggregates.last_mut().map(|aggregate| &mut aggregate.column),
            None => None,
        };
        match column {
            Some(column) => *column = name.into(),
            None => {
                self.note::<()>(Err(Error::invalid_query("an alias needs a group key or an aggregate before it")));
            }
        }
        self
    }

    /// The filters; records must pass all of them.
    ///
    /// ```
    /// use dataknobs_data_core::Aggregation;
    /// assert_eq!(Aggregation::new().filter("age", ">=", 18).filters().len(), 1);
    /// ```
    pub fn filters(&self) -> &[Filter] {
        &self.filters
    }

    /// The group keys, in column order.
    ///
    /// ```
    /// use dataknobs_data_core::Aggregation;
    /// assert_eq!(Aggregation::new().group_by("city").group_keys()[0].column, "city");
    /// ```
    pub fn group_keys(&self) -> &[GroupKey] {
        &self.group_by
    }

    /// The aggregates; their columns stand behind those of the group keys.
    ///
    /// ```
    /// use dataknobs_data_core::Aggregation;
    /// assert_eq!(Aggregation::new().count().avg("age").aggregates()[1].column, "avg_age");
    /// ```
    pub fn aggregates(&self) -> &[Aggregate] {
        &self.aggregates
    }

    /// The filters as one.
    ///
    /// ```
    /// use dataknobs_data_core::Aggregation;
    /// let spec = Aggregation::new().filter("age", ">=", 18).filter("city", "=", "Oslo").count();
    /// assert_eq!(spec.to_filter().to_string(), "age >= 18 AND city = 'Oslo'");
    /// ```
    pub fn to_filter(&self) -> Filter {
        match self.filters.as_slice() {
            [single] => single.clone(),
            filters => Filter::All(filters.to_vec()),
        }
    }

    /// The names of the result's columns: group keys, then aggregates.
    ///
    /// ```
    /// use dataknobs_data_core::Aggregation;
    /// assert_eq!(Aggregation::new().group_by("city").count().avg("age").columns(), ["city", "count", "avg_age"]);
    /// ```
    pub fn columns(&self) -> Vec<Str> {
        let keys = self.group_by.iter().map(|key| &key.column);
        keys.chain(self.aggregates.iter().map(|aggregate| &aggregate.column)).cloned().collect()
    }

    /// Reports the first mistake made while building, and what is wrong with the whole.
    ///
    /// ```
    /// use dataknobs_data_core::{Aggregation, ErrorKind};
    /// let twice = Aggregation::new().sum("n").max("m").alias("sum_n");
    /// assert_eq!(twice.check().unwrap_err().kind(), ErrorKind::InvalidQuery);
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
        if self.group_by.is_empty() && self.aggregates.is_empty() {
            return Err(Error::invalid_query("an aggregation needs a group key or an aggregate"));
        }
        let mut seen = HashSet::new();
        for column in self.columns() {
            if column.is_empty() {
                return Err(Error::invalid_query("a column name must not be empty"));
            }
            if seen.contains(&column) {
                return Err(Error::invalid_query("two columns have one name")
                    .with_context("column", format!("`{}`", column.escape_debug()))
                    .with_hint("give one of them an alias"));
            }
            seen.insert(column);
        }
        Ok(())
    }
}

impl PartialEq for Aggregation {
    fn eq(&self, other: &Self) -> bool {
        self.filters == other.filters
            && self.group_by == other.group_by
            && self.aggregates == other.aggregates
            && self.mistake.is_none() == other.mistake.is_none()
    }
}
