//! Aggregation: groups of records, and what is computed from each.
//!
//! `spec.rs` is the description that users build, `function.rs` and `bucket.rs` its parts and
//! `json.rs` its JSON form. `aggregator.rs` computes it in one pass, with `resolver.rs` finding the
//! values, `order.rs` telling which are equal and which comes first, and `accumulator.rs` and
//! `sum.rs` holding the running states. `reference.rs` computes the same in the plainest way: the
//! oracle that every other implementation is tested against. `table.rs` is the result.

mod accumulator;
mod aggregator;
mod bucket;
mod function;
mod json;
mod order;
mod reference;
mod resolver;
mod spec;
mod sum;
mod table;
#[cfg(test)]
mod tests;

pub use aggregator::Aggregator;
pub use bucket::{Bucket, Interval, IntoInterval};
pub use function::AggregateFunction;
pub use reference::reference_aggregate;
pub use spec::{Aggregate, Aggregation, GroupKey};
pub use table::Table;
