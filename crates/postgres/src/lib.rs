//! PostgreSQL tables as databases.
//!
//! For: opening, reading, searching and changing tables of a PostgreSQL server as records, with
//! the query semantics of [`dataknobs_data_core`].
//! Not for: SQL of the user's own.
//!
//! | file | holds |
//! |---|---|
//! | `config.rs`, `factory.rs` | settings, and opening by URL |
//! | `connection.rs`, `tls.rs`, `error.rs` | connections: encrypted, pooled, their statements prepared; errors in our words |
//! | `sql.rs`, `identifier.rs` | statements with bound values, quoted names |
//! | `table.rs`, `index.rs` | what the server knows of the table; indexes |
//! | `document/` | the document layout: records as JSON, conditions and sorts as SQL |
//! | `columns/` | the columns layout: tables and views that are there |
//! | `signs.rs` | classes, instants, and leaves out of positive tests, for both layouts |
//! | `patterns.rs` | LIKE patterns, and wider ones for what SQL cannot say |
//! | `access.rs`, `unit.rs`, `work.rs`, `batch.rs`, `rows.rs`, `scan.rs`, `aggregate.rs`, `explain.rs` | what is done on one connection |
//! | `lane.rs` | connections that reads share |
//! | `backend.rs`, `transaction.rs` | the implementers' trait |
//!
//! ```no_run
//! use dataknobs_data_core::{Database, Query, record};
//! use dataknobs_data_postgres::{PostgresBackend, PostgresConfig};
//! # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
//! let config = PostgresConfig::new("localhost", "mydb", "people");
//! let db = Database::from_backend(std::sync::Arc::new(PostgresBackend::new(config)?));
//! db.create(record! { "name": "Ada", "born": 1815 }?).await?;
//! assert_eq!(db.count(&Query::parse("born < 1900")?).await?, 1);
//! # Ok::<(), dataknobs_data_core::Error>(())
//! # }).unwrap();
//! ```

#![warn(clippy::print_stdout, clippy::print_stderr)] // a library does not talk to the terminal

mod access;
mod aggregate;
mod backend;
mod batch;
mod columns;
mod config;
mod connection;
mod document;
mod error;
mod explain;
mod factory;
mod identifier;
mod index;
mod lane;
mod patterns;
mod rows;
mod scan;
mod signs;
mod sql;
mod table;
mod tls;
mod transaction;
mod unit;
mod work;

pub use backend::PostgresBackend;
pub use config::{Columns, DataType, IdType, Layout, PostgresConfig, SslMode};
pub use factory::PostgresFactory;
