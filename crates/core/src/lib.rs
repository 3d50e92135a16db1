//! Records, queries, the database handles and the memory store of dataknobs-data.

mod aggregate;
pub mod backend;
mod capability;
mod config;
mod database;
mod error;
pub mod memory;
mod query;
mod record;
mod sync;
mod value;

pub use aggregate::*;
pub use backend::{Changes, Explain, IndexInfo, IndexKind, Support, TransactionOptions};
pub use capability::{BackendInfo, Capabilities};
pub use database::{Database, RecordCursor, SearchResult, Transaction, WriteOptions};
pub use error::{BatchFailure, Error, ErrorKind, Result};
pub use query::*;
pub use record::*;
pub use sync::{SyncCursor, SyncDatabase, SyncTransaction};
pub use value::*;
