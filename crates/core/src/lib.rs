//! Records, queries, the database handles and the memory store of dataknobs-data.

mod aggregate;
pub mod backend;
mod capability;
mod config;
mod error;
pub mod memory;
mod query;
mod record;
mod value;

pub use aggregate::*;
pub use backend::{Changes, Explain, IndexInfo, IndexKind, Support, TransactionOptions};
pub use capability::{BackendInfo, Capabilities};
pub use error::{BatchFailure, Error, ErrorKind, Result};
pub use query::*;
pub use record::*;
pub use value::*;
