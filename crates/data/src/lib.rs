//! One record-based interface over many data stores.
//!
//! This is the crate to depend on. It re-exports the data model, queries and handles of
//! [`dataknobs_data_core`], and its [`Database::open`] knows every store that is compiled in: a
//! Cargo feature each.
//!
//! ```
//! use dataknobs_data::{Database, Query, record};
//! # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
//! let db = Database::open("memory:")?;
//! db.create(record! { "name": "Ada", "born": 1815 }?).await?;
//! db.create(record! { "name": "Grace", "born": 1906 }?).await?;
//!
//! let query = Query::new().filter("born", ">=", 1900).sort("name", "ASC").limit(10);
//! for person in db.search(&query).await? {
//!     assert_eq!(person["name"].as_str(), Some("Grace"));
//! }
//! # Ok::<(), dataknobs_data::Error>(())
//! # }).unwrap();
//! ```
//!
//! | feature | store | opens |
//! |---|---|---|
//! | always | memory | `memory:`, `memory:kept.jsonl` |
//! | `file` (default) | JSON, JSON lines, CSV and TSV files | `data.csv`, `file:data/records.json` |
//! | `pickle` (default) | memory kept as a Python pickle | `memory:kept.pickle` |
//! | `postgres` (default) | tables of a PostgreSQL server | `postgres://user@host/database?table=records` |

#![warn(clippy::print_stdout, clippy::print_stderr)] // a library does not talk to the terminal

mod database;
mod factory;

pub use dataknobs_data_core::*;
#[cfg(feature = "file")]
pub use dataknobs_data_file as file;
#[cfg(feature = "postgres")]
pub use dataknobs_data_postgres as postgres;

// These two shadow the handles of the core crate, and are the same with `open`.
pub use database::{Database, SyncDatabase};
pub use factory::{DatabaseFactory, registry};
