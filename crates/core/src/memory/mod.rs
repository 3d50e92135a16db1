//! The memory store, and the record table that other stores keep their loaded records in.
//!
//! ```
//! use dataknobs_data_core::{SyncDatabase, record};
//! let db = SyncDatabase::memory();
//! let id = db.create(record! { "name": "Ada" }?)?;
//! assert_eq!(db.read(&id)?, Some(record! { "name": "Ada" }?));
//! # Ok::<(), dataknobs_data_core::Error>(())
//! ```

mod backend;
mod config;
mod index;
mod index_key;
mod matching;
mod page;
mod persist;
mod saved;
mod store;
mod table;
mod transaction;

pub use backend::MemoryBackend;
pub use config::{MemoryConfig, MemoryFactory, PersistFormat};
pub use page::{finished, page_of};
pub use saved::SavedStates;
pub use store::batch_error;
pub use table::{Applied, Prepared, Snapshot, Table};
