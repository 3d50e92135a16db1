//! The differential runner: random contents and queries, a store against the reference evaluator;
//! random writes, a store against a plain list.
//!
//! `target.rs` opens and fills the stores, `session.rs` is what is called on them. `compare.rs` holds
//! a query's results against the reference (`aggregate.rs` an aggregation's, `forms.rs` its text and
//! JSON), `write.rs` a sequence of writes against the `model.rs`.
//! A difference is shrunk (`shrink.rs`) to a small [`Case`] and kept as a JSON file in
//! `regressions/` (`case.rs`, `operation_json.rs`), which every later run replays on every target
//! first. `run.rs` drives it all.

mod aggregate;
mod case;
mod compare;
mod forms;
mod model;
mod operation_json;
mod run;
mod session;
mod shrink;
mod target;
mod write;

pub use aggregate::compare_aggregation;
pub use case::{Case, Trial};
pub use compare::{compare, record_difference};
pub use forms::compare_forms;
pub use run::{Difference, Options, Report, regressions_folder, run};
pub use session::Session;
pub use target::{Store, Target};

#[cfg(test)]
mod tests;
