//! The memory store.

mod table;

pub use table::{Applied, Snapshot, Table};
