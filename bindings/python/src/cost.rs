//! What a query costs in a store in memory, roughly, and whether the caller's own thread may run it.

use dataknobs_data::{Filter, Operator, Query, Value};

/// The work of a query on each record, in simple tests.
#[derive(Clone, Copy, PartialEq)]
pub(crate) struct Cost(u64);

impl Cost {
    /// Simple tests that take less time than Ctrl-C may go unnoticed: each takes 10 to 30 nanoseconds.
    const BRIEF: u64 = 1_000_000;

    pub(crate) fn of(query: &Query) -> Self {
        let sort = query.sort_keys().len() as u64;
        Cost(tests(&query.to_filter()).saturating_add(1 + 2 * sort))
    }

    /// Whether so many records are looked through before anybody could wait for it.
    pub(crate) fn is_brief(self, records: u64) -> bool {
        self.0.saturating_mul(records) <= Self::BRIEF
    }
}

/// How many simple tests a filter makes; without bound where one may take long on a single value.
fn tests(filter: &Filter) -> u64 {
    match filter {
        Filter::All(parts) | Filter::Any(parts) => {
            parts.iter().map(tests).fold(0, |sum: u64, part| sum.saturating_add(part))
        }
        Filter::Not(filter) => tests(filter),
        Filter::Test(test) => match test.operator() {
            Operator::Exists | Operator::NotExists => 1,
            Operator::Eq | Operator::Neq | Operator::Gt | Operator::Gte | Operator::Lt | Operator::Lte
                if !matches!(test.literal(), Some(Value::Json(_))) =>
            {
                1
            }
            Operator::Between | Operator::NotBetween | Operator::StartsWith => 2,
            _ => u64::MAX,
        },
    }
}
