//! Aggregate functions.

use std::fmt;
use std::str::FromStr;

use crate::config::nearest;
use crate::error::{Error, Result};

/// What an aggregate computes from the records of a group.
///
/// ```
/// use dataknobs_data_core::{AggregateFunction, Aggregation};
/// let spec = Aggregation::new().sum("amount");
/// assert_eq!(spec.aggregates()[0].function, AggregateFunction::Sum);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AggregateFunction {
    /// The number of records, or of present values where a path is given.
    Count,
    /// The number of present values that differ.
    CountDistinct,
    /// The least present value in sort order, across classes.
    Min,
    /// The greatest present value in sort order, across classes.
    Max,
    /// The sum of the numbers; other values are ignored.
    Sum,
    /// The mean of the numbers, always a float; other values are ignored.
    Avg,
}

impl AggregateFunction {
    /// Every function.
    ///
    /// ```
    /// use dataknobs_data_core::AggregateFunction;
    /// let names = AggregateFunction::ALL.map(AggregateFunction::name);
    /// assert_eq!(names, ["count", "count_distinct", "min", "max", "sum", "avg"]);
    /// ```
    pub const ALL: [AggregateFunction; 6] = [
        AggregateFunction::Count,
        AggregateFunction::CountDistinct,
        AggregateFunction::Min,
        AggregateFunction::Max,
        AggregateFunction::Sum,
        AggregateFunction::Avg,
    ];

    /// The name in the JSON form and in default column names.
    ///
    /// ```
    /// use dataknobs_data_core::AggregateFunction;
    /// assert_eq!(AggregateFunction::CountDistinct.name(), "count_distinct");
    /// assert_eq!("AVG".parse::<AggregateFunction>().unwrap(), AggregateFunction::Avg);
    /// ```
    pub fn name(self) -> &'static str {
        match self {
            AggregateFunction::Count => "count",
            AggregateFunction::CountDistinct => "count_distinct",
            AggregateFunction::Min => "min",
            AggregateFunction::Max => "max",
            AggregateFunction::Sum => "sum",
            AggregateFunction::Avg => "avg",
        }
    }
}

impl fmt::Display for AggregateFunction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for AggregateFunction {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        find_name(text, &Self::ALL, Self::name)
            .ok_or_else(|| unknown("aggregate function", "function", text, &Self::ALL, Self::name))
    }
}

/// The item of this name, in any letter case.
pub(super) fn find_name<T: Copy>(text: &str, all: &[T], name: fn(T) -> &'static str) -> Option<T> {
    all.iter().copied().find(|item| name(*item).eq_ignore_ascii_case(text))
}

/// The error for a name that is none of these.
pub(super) fn unknown<T: Copy>(
    what: &str,
    key: &'static str,
    text: &str,
    all: &[T],
    name: fn(T) -> &'static str,
) -> Error {
    let names = || all.iter().map(|item| name(*item));
    let hint = match nearest(&text.to_ascii_lowercase(), names()) {
        Some(known) => format!("did you mean `{known}`?"),
        None => format!("one of {}", names().collect::<Vec<_>>().join(", ")),
    };
    Error::invalid_query(format!("unknown {what}"))
        .with_context(key, format!("`{}`", text.escape_debug()))
        .with_hint(hint)
}
