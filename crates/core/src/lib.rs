//! Records, queries, the database handles and the memory store of dataknobs-data.

mod aggregate;
#[cfg(test)]
mod case_files;
mod config;
mod convert;
mod error;
mod query;
mod record;
mod value;

pub use aggregate::{
    Aggregate, AggregateFunction, Aggregation, Aggregator, Bucket, GroupKey, Interval, IntoInterval, Table,
    reference_aggregate,
};
pub use convert::{Converters, FormatHandler, Formats};
pub use error::{BatchFailure, Error, ErrorKind, Result};
pub use query::*;
pub use record::*;
pub use value::*;
