//! Records, queries, the database handles and the memory store of dataknobs-data.
//!
//! For: the data model, the one definition of what a query means, the trait that stores implement
//! ([`backend`]), and the handles that users hold ([`Database`], [`SyncDatabase`]). Not for: any
//! store but the one in memory, file formats, Arrow; those are crates of their own that depend on
//! this one.
//!
//! The way through the files, from the bottom up:
//!
//! | module | holds |
//! |---|---|
//! | `error` | the one error type |
//! | `value`, `record` | values, field types, records, ids, versions, the JSON document form |
//! | `convert` | the conversion table, custom converters, format handlers |
//! | `query` | filters, paths, text and JSON forms, the reference evaluator and the compiled one |
//! | `aggregate` | groups, histograms and functions, and their reference |
//! | `capability`, `backend` | what a store can do, and the trait it implements |
//! | `database`, `sync` | the users' handles |
//! | `memory` | the memory store |
//! | `config`, `registry`, `layers`, `pool` | settings, opening by name or URL, retry and timeouts, connection pools |
//!
//! ```
//! use dataknobs_data_core::{Query, SyncDatabase, record};
//! let db = SyncDatabase::memory();
//! db.create(record! { "name": "Ada", "age": 36 }?)?;
//! db.create(record! { "name": "Alan", "age": 41 }?)?;
//! let found = db.search(&Query::parse("age > 40")?)?;
//! assert_eq!(found[0]["name"].as_str(), Some("Alan"));
//! # Ok::<(), dataknobs_data_core::Error>(())
//! ```

#![warn(clippy::print_stdout, clippy::print_stderr)] // a library does not talk to the terminal

mod aggregate;
pub mod backend;
mod capability;
#[cfg(test)]
mod case_files;
pub mod config;
mod convert;
mod database;
mod error;
pub mod layers;
pub mod memory;
pub mod pool;
mod query;
mod quiet;
mod record;
mod registry;
mod sync;
mod value;

pub use aggregate::{
    Aggregate, AggregateFunction, Aggregation, Aggregator, Bucket, GroupKey, Interval, IntoInterval, Table,
    reference_aggregate,
};
pub use backend::{Changes, Explain, IndexInfo, IndexKind, Isolation, Support, TransactionOptions};
pub use capability::{BackendInfo, Capabilities};
pub use convert::{Converters, FormatHandler, Formats};
pub use database::{Database, RecordCursor, Savepoint, SearchResult, Transaction, WriteOptions};
pub use error::{BatchFailure, Error, ErrorKind, Result};
pub use query::*;
pub use quiet::Quiet;
pub use record::*;
pub use registry::{BackendFactory, Opened, Registry};
pub use sync::{SyncCursor, SyncDatabase, SyncTransaction};
pub use value::*;
