//! The memory store, and the record table that other stores keep their loaded records in.

mod backend;
mod config;
mod index;
mod page;
mod persist;
mod store;
mod table;
mod transaction;

pub use backend::MemoryBackend;
pub use config::{MemoryConfig, MemoryFactory, PersistFormat};
pub use page::{finished, page_of};
pub use store::batch_error;
pub use table::{Applied, Snapshot, Table};
