//! The fast way: groups by hash, constant memory for each.

use foldhash::fast::RandomState;
use hashbrown::HashTable;

use super::accumulator::Accumulator;
use super::bucket::Bucket;
use super::order::{hash_of, is_same, prefer, representative, sort_rows};
use super::resolver::Resolver;
use super::spec::Aggregation;
use super::table::Table;
use crate::error::{Error, Result};
use crate::query::scalar::Scalar;
use crate::record::Record;
use crate::value::Value;

/// Computes an aggregation from records as they come, in memory for the groups alone
/// (`count_distinct` keeps its distinct values).
///
/// It does not filter: hand in the records that pass [`Aggregation::to_filter`]. Partial results
/// over parts of the records [`merge`](Aggregator::merge).
///
/// ```
/// use dataknobs_data_core::{Aggregation, Aggregator, Value, record};
/// let mut aggregator = Aggregator::new(&Aggregation::new().group_by("city").max("age"))?;
/// aggregator.push(&record! { "city": "Oslo", "age": 30 }?)?;
/// aggregator.push(&record! { "city": "Oslo", "age": 35.5 }?)?;
/// let table = aggregator.finish()?;
/// assert_eq!(table.rows(), [vec![Value::from("Oslo"), Value::from(35.5)]]);
/// # Ok::<(), dataknobs_data_core::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Aggregator {
    spec: Aggregation,
    keys: Vec<(Resolver, Bucket)>,
    inputs: Vec<Option<Resolver>>,
    groups: Groups,
}

#[derive(Debug, Clone)]
struct Groups {
    hasher: RandomState,
    /// Group numbers.
    table: HashTable<usize>,
    /// By group, what stands for its keys; null for what is not present.
    keys: Vec<Box<[Value]>>,
    /// Group after group, one for each aggregate.
    accumulators: Vec<Accumulator>,
    fresh: Vec<Accumulator>,
}

/// Up to so many keys are looked up without allocation.
const INLINE_KEYS: usize = 4;

impl Aggregator {
    /// An aggregator that has seen no record.
    ///
    /// ```
    /// use dataknobs_data_core::{Aggregation, Aggregator};
    /// let aggregator = Aggregator::new(&Aggregation::new().group_by("city").count())?;
    /// assert_eq!(aggregator.group_count(), 0);
    /// assert!(Aggregator::new(&Aggregation::new()).is_err()); // nothing to compute
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Aggregation::check`].
    pub fn new(spec: &Aggregation) -> Result<Self> {
        spec.check()?;
        let keys = spec.group_keys().iter().map(|key| (Resolver::new(key.path.clone()), key.bucket.clone())).collect();
        let inputs = spec.aggregates().iter().map(|aggregate| aggregate.path.clone().map(Resolver::new)).collect();
        let mut groups = Groups {
            hasher: RandomState::default(),
            table: HashTable::new(),
            keys: Vec::new(),
            accumulators: Vec::new(),
            fresh: spec.aggregates().iter().map(Accumulator::of).collect(),
        };
        if spec.group_keys().is_empty() {
            groups.find_or_insert(&[]);
        }
        Ok(Aggregator { spec: spec.clone(), keys, inputs, groups })
    }

    /// Takes in one record, which passes the filters.
    ///
    /// ```
    /// use dataknobs_data_core::{Aggregation, Aggregator, record};
    /// let mut aggregator = Aggregator::new(&Aggregation::new().sum("n"))?;
    /// aggregator.push(&record! { "n": 2 }?)?;
    /// aggregator.push(&record! { "n": 3 }?)?;
    /// assert_eq!(aggregator.finish()?.get(0, "sum_n"), Some(&5.into()));
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`InvalidQuery`](crate::ErrorKind::InvalidQuery) with the column when a histogram's key is
    /// outside the 64-bit range.
    pub fn push(&mut self, record: &Record) -> Result<()> {
        let group = if self.keys.is_empty() {
            0
        } else if self.keys.len() <= INLINE_KEYS {
            let mut found = [None; INLINE_KEYS];
            self.find_keys(record, &mut found)?;
            self.groups.find_or_insert(&found[..self.keys.len()])
        } else {
            let mut found = vec![None; self.keys.len()];
            self.find_keys(record, &mut found)?;
            self.groups.find_or_insert(&found)
        };
        let width = self.inputs.len();
        let accumulators = &mut self.groups.accumulators[group * width..(group + 1) * width];
        for (input, accumulator) in self.inputs.iter_mut().zip(accumulators) {
            let found = input.as_mut().and_then(|resolver| resolver.find(record));
            accumulator.add(&self.groups.hasher, found, 1);
        }
        Ok(())
    }

    /// Takes in so many records that all have these values under the paths of the groups and of the
    /// aggregates, null for what is not there: for stores that count equal ones.
    ///
    /// ```
    /// use dataknobs_data_core::{Aggregation, Aggregator};
    /// let mut aggregator = Aggregator::new(&Aggregation::new().group_by("city").count().sum("n"))?;
    /// aggregator.push_values(&["Oslo".into()], &[().into(), 2.into()], 3)?;
    /// let table = aggregator.finish()?;
    /// assert_eq!((table.get(0, "count"), table.get(0, "sum_n")), (Some(&3.into()), Some(&6.into())));
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// As for [`Aggregator::push`].
    pub fn push_values(&mut self, keys: &[Value], inputs: &[Value], times: u64) -> Result<()> {
        debug_assert_eq!((keys.len(), inputs.len()), (self.keys.len(), self.inputs.len()));
        let mut found = Vec::with_capacity(keys.len());
        for ((key, (_, bucket)), spec) in keys.iter().zip(&self.keys).zip(self.spec.group_keys()) {
            found.push(bucket.key_of(Scalar::of(key)).map_err(|error| in_column(error, &spec.column))?);
        }
        let group = self.groups.find_or_insert(&found);
        let width = self.inputs.len();
        let accumulators = &mut self.groups.accumulators[group * width..(group + 1) * width];
        for (input, accumulator) in inputs.iter().zip(accumulators) {
            accumulator.add(&self.groups.hasher, Scalar::of(input), times);
        }
        Ok(())
    }

    fn find_keys<'a>(&mut self, record: &'a Record, found: &mut [Option<Scalar<'a>>]) -> Result<()> {
        for (index, (resolver, bucket)) in self.keys.iter_mut().enumerate() {
            found[index] = bucket
                .key_of(resolver.find(record))
                .map_err(|error| in_column(error, &self.spec.group_keys()[index].column))?;
        }
        Ok(())
    }

    /// Takes in what another aggregator of the same description has seen, as if its records had
    /// come here.
    ///
    /// # Errors
    /// [`InvalidQuery`](crate::ErrorKind::InvalidQuery) when the descriptions differ.
    ///
    /// ```
    /// use dataknobs_data_core::{Aggregation, Aggregator, Value, record};
    /// let spec = Aggregation::new().sum("n");
    /// let (mut left, mut right) = (Aggregator::new(&spec)?, Aggregator::new(&spec)?);
    /// left.push(&record! { "n": 1 }?)?;
    /// right.push(&record! { "n": 2 }?)?;
    /// left.merge(right)?;
    /// assert_eq!(left.finish()?.get(0, "sum_n"), Some(&Value::from(3)));
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    pub fn merge(&mut self, other: Aggregator) -> Result<()> {
        if self.spec != other.spec {
            return Err(Error::invalid_query("only results of one aggregation merge"));
        }
        let mut accumulators = other.groups.accumulators.into_iter();
        let width = self.inputs.len();
        for keys in other.groups.keys {
            let found: Vec<_> = keys.iter().map(Scalar::of).collect();
            let group = self.groups.find_or_insert(&found);
            let mine = &mut self.groups.accumulators[group * width..(group + 1) * width];
            for (mine, theirs) in mine.iter_mut().zip(accumulators.by_ref()) {
                mine.merge(&self.groups.hasher, theirs);
            }
        }
        Ok(())
    }

    /// How many groups there are so far.
    ///
    /// ```
    /// use dataknobs_data_core::{Aggregation, Aggregator, record};
    /// let mut aggregator = Aggregator::new(&Aggregation::distinct("city"))?;
    /// aggregator.push(&record! { "city": "Oslo" }?)?;
    /// assert_eq!(aggregator.group_count(), 1);
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    pub fn group_count(&self) -> usize {
        self.groups.keys.len()
    }

    /// The result.
    ///
    /// ```
    /// use dataknobs_data_core::{Aggregation, Aggregator, record};
    /// let mut aggregator = Aggregator::new(&Aggregation::new().sum("n"))?;
    /// aggregator.push(&record! { "n": i64::MAX }?)?;
    /// aggregator.push(&record! { "n": 1 }?)?;
    /// assert_eq!(aggregator.finish().unwrap_err().context_value("column"), Some("`sum_n`"));
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`InvalidQuery`](crate::ErrorKind::InvalidQuery) with the column when an integer sum is
    /// outside the 64-bit range or a float sum is not finite.
    pub fn finish(self) -> Result<Table> {
        let mut accumulators = self.groups.accumulators.into_iter();
        let mut rows = Vec::with_capacity(self.groups.keys.len());
        for keys in self.groups.keys {
            let mut row = keys.into_vec();
            for (aggregate, accumulator) in self.spec.aggregates().iter().zip(accumulators.by_ref()) {
                row.push(accumulator.finish().map_err(|error| in_column(error, &aggregate.column))?);
            }
            rows.push(row);
        }
        sort_rows(&mut rows, self.spec.group_keys().len());
        Table::new(self.spec.columns(), rows)
    }
}

impl Groups {
    /// The number of the group of these keys.
    fn find_or_insert(&mut self, found: &[Option<Scalar<'_>>]) -> usize {
        let hash = hash_of(&self.hasher, found);
        let known = self
            .table
            .find(hash, |group| self.keys[*group].iter().zip(found).all(|(held, scalar)| is_same(held, *scalar)));
        if let Some(group) = known.copied() {
            for (held, scalar) in self.keys[group].iter_mut().zip(found) {
                if let Some(scalar) = scalar {
                    prefer(held, *scalar);
                }
            }
            return group;
        }
        let group = self.keys.len();
        self.keys.push(found.iter().map(|scalar| scalar.map_or(Value::Null, representative)).collect());
        self.accumulators.extend(self.fresh.iter().cloned());
        let Groups { hasher, table, keys, .. } = self;
        table.insert_unique(hash, group, |group| {
            let held: Vec<_> = keys[*group].iter().map(Scalar::of).collect();
            hash_of(hasher, &held)
        });
        group
    }
}

pub(super) fn in_column(error: Error, column: &str) -> Error {
    error.with_context("column", format!("`{}`", column.escape_debug()))
}
