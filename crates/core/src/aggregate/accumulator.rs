//! The running state of one aggregate over one group.

use foldhash::fast::RandomState;
use hashbrown::HashTable;

use super::function::AggregateFunction;
use super::order::{hash_of, is_same, prefer, representative, total_order};
use super::spec::Aggregate;
use super::sum::Sum;
use crate::error::Result;
use crate::query::scalar::Scalar;
use crate::value::Value;

#[derive(Debug, Clone)]
pub(super) enum Accumulator {
    Records(u64),
    Present(u64),
    Distinct(HashTable<Value>),
    /// Null until a value came.
    Min(Value),
    Max(Value),
    Sum(Sum),
    Avg(Sum),
}

impl Accumulator {
    pub(super) fn of(aggregate: &Aggregate) -> Self {
        match aggregate.function {
            AggregateFunction::Count if aggregate.path.is_none() => Accumulator::Records(0),
            AggregateFunction::Count => Accumulator::Present(0),
            AggregateFunction::CountDistinct => Accumulator::Distinct(HashTable::new()),
            AggregateFunction::Min => Accumulator::Min(Value::Null),
            AggregateFunction::Max => Accumulator::Max(Value::Null),
            AggregateFunction::Sum => Accumulator::Sum(Sum::default()),
            AggregateFunction::Avg => Accumulator::Avg(Sum::default()),
        }
    }

    /// Takes in what the aggregate's path found in one record.
    /// Takes in a value that so many records have.
    #[inline]
    pub(super) fn add(&mut self, hasher: &RandomState, found: Option<Scalar<'_>>, times: u64) {
        if let Accumulator::Records(count) = self {
            *count += times;
            return;
        }
        let Some(scalar) = found else { return };
        match self {
            Accumulator::Records(_) => {}
            Accumulator::Present(count) => *count += times,
            Accumulator::Distinct(values) => add_distinct(values, hasher, scalar),
            Accumulator::Min(held) => keep(held, scalar, std::cmp::Ordering::is_lt),
            Accumulator::Max(held) => keep(held, scalar, std::cmp::Ordering::is_gt),
            Accumulator::Sum(sum) | Accumulator::Avg(sum) => {
                if let Scalar::Number(number) = scalar {
                    sum.add(number, times);
                }
            }
        }
    }

    /// Takes in what another accumulator of the same aggregate has seen.
    pub(super) fn merge(&mut self, hasher: &RandomState, other: Accumulator) {
        match (self, other) {
            (Accumulator::Records(count), Accumulator::Records(other))
            | (Accumulator::Present(count), Accumulator::Present(other)) => *count += other,
            (Accumulator::Distinct(values), Accumulator::Distinct(others)) => {
                others.iter().filter_map(Scalar::of).for_each(|scalar| add_distinct(values, hasher, scalar));
            }
            (Accumulator::Sum(sum), Accumulator::Sum(other)) | (Accumulator::Avg(sum), Accumulator::Avg(other)) => {
                sum.merge(&other);
            }
            (held, Accumulator::Min(value) | Accumulator::Max(value)) => held.add(hasher, Scalar::of(&value), 1),
            _ => debug_assert!(false, "accumulators of different aggregates"),
        }
    }

    pub(super) fn finish(self) -> Result<Value> {
        Ok(match self {
            Accumulator::Records(count) | Accumulator::Present(count) => integer(count),
            Accumulator::Distinct(values) => integer(values.len() as u64),
            Accumulator::Min(value) | Accumulator::Max(value) => value,
            Accumulator::Sum(sum) => sum.finish()?,
            Accumulator::Avg(sum) => sum.finish_mean(),
        })
    }
}

fn integer(count: u64) -> Value {
    Value::Integer(i64::try_from(count).unwrap_or(i64::MAX))
}

fn add_distinct(values: &mut HashTable<Value>, hasher: &RandomState, scalar: Scalar<'_>) {
    let hash = hash_of(hasher, &[Some(scalar)]);
    if values.find(hash, |held| is_same(held, Some(scalar))).is_none() {
        values.insert_unique(hash, representative(scalar), |held| hash_of(hasher, &[Scalar::of(held)]));
    }
}

fn keep(held: &mut Value, scalar: Scalar<'_>, is_better: fn(std::cmp::Ordering) -> bool) {
    let Some(current) = Scalar::of(held) else {
        *held = representative(scalar);
        return;
    };
    let order = total_order(scalar, current);
    if is_better(order) {
        *held = representative(scalar);
    } else if order.is_eq() {
        prefer(held, scalar);
    }
}
