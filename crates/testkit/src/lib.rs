//! The conformance suite of dataknobs-data, and what its tests are made of.
//!
//! It is for proving that a store behaves as `docs/semantics.md` says, the same as every other
//! store; it is not part of what users depend on.
//!
//! `fixture/` makes databases of each kind. `cases/` runs the rules that are written as data in the
//! folder `cases` beside it. `conformance/` holds the behaviours of the database methods.
//! `report.rs` is the matrix of what ran where, `failure.rs` what a check says when it fails.
//! `crash.rs` holds operations for processes that end at any moment.
//! `services/` starts the servers that stores need, `proxy.rs` stands between them and a client and breaks things.
//! `generate/` makes hard data at random, `differential/` compares stores over it.

pub mod cases;
pub mod conformance;
pub mod crash;
pub mod differential;
mod failure;
pub mod fixture;
pub mod generate;
pub mod proxy;
mod report;
pub mod services;

pub use failure::{Failure, Outcome, refused};
pub use report::{Report, Totals, Verdict};
