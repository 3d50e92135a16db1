//! Records, queries, the database handles and the memory store of dataknobs-data.

mod config;
mod error;
mod query;
mod record;
mod value;

pub use error::{BatchFailure, Error, ErrorKind, Result};
pub use query::*;
pub use record::*;
pub use value::*;
