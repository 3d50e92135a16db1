//! Ordinary files of flat rows as databases: JSON arrays, JSON lines, CSV, TSV and Parquet, text also
//! compressed.
//!
//! It opens files that other tools wrote and writes files that other tools open. A damaged file is
//! an error that names the place, never an empty database, and a file with a problem is never
//! rewritten. It holds no query semantics: conditions, sorts and tables are `dataknobs-data-core`'s.
//!
//! The way through the files:
//! - `config.rs` what a file store can be told; `source.rs` a checked configuration with its file,
//!   and how the layout of a file is found out
//! - `window.rs` bytes of a file with their line, column and offset; all readers stand on it
//! - `format/` one reader and one writer for each format; `format/json_row.rs` is what JSON and JSON
//!   lines share, `format/csv/` holds parser, delimiter and type guessing, `_meta` cells and the sidecar,
//!   `format/parquet.rs` ids and limits of what `dataknobs-data-arrow` reads and writes;
//!   `format/rows_write.rs` encodes rows of all but Parquet on all cores
//! - `compression/` gzip and zstd: which a file has, its text out of it and into it, what a file is
//!   that is not what its name says
//! - `key.rs` where ids come from and what ids a file can hold
//! - `reader.rs` records of a file one after another, for this crate and for others
//! - `scan.rs` filter, sort and page over a reader or over the loaded table, in chunks
//! - `blocks/` cuts text where rows end; `blockwise/` makes the records of blocks on all cores, only those
//!   that pass
//! - `columns/` the same as Arrow columns, on all cores, for CSV and TSV without surprises
//! - `store.rs` the records as they are now, from file, journal and memory; `fingerprint.rs` notices
//!   other programs; `version.rs` versions of records
//! - `commit.rs` writing: lock, journal, and folding the journal into a new file; `draft.rs` changes
//!   that can be taken back; `transaction.rs` many of them as one
//! - `journal/` the bytes of the journal; `lock.rs` turns among processes; `durable.rs` one sync for
//!   many commits; `replace.rs` the atomic replacement; `disk.rs` every step that may fail
//! - `recover/` saving what is readable of a damaged file and journal, and putting a journal on top of
//!   another state of the file
//! - `backend.rs` the implementers' trait; `factory.rs` databases by URL, path and settings
//!
//! A record in JSON is `{"_id": …, fields…, "_meta": …}`; `_meta` stands only where plain JSON does
//! not say it all. In CSV the same three are columns, and `<file>.schema.json` holds the types.
//! In Parquet they are columns, too, which have their types.
//!
//! ```
//! use dataknobs_data_core::{Database, Query, SyncDatabase};
//! use dataknobs_data_file::{FileBackend, FileConfig};
//! use std::sync::Arc;
//! # let folder = tempfile::tempdir()?;
//! # let path = folder.path().join("people.csv");
//! std::fs::write(&path, "name,age\nAda,36\nAlan,41\n")?;
//! let db = SyncDatabase::new(Database::from_backend(Arc::new(FileBackend::new(FileConfig::new(&path))?)));
//! assert_eq!(db.count(&Query::parse("age > 40")?)?, 1);
//! # Ok::<(), dataknobs_data_core::Error>(())
//! ```

#![warn(clippy::print_stdout, clippy::print_stderr)] // a library does not talk to the terminal

mod backend;
mod blocks;
mod blockwise;
mod columns;
mod commit;
mod compression;
mod config;
mod disk;
mod draft;
mod durable;
mod factory;
mod fingerprint;
mod format;
mod journal;
mod key;
mod lock;
mod overlay;
mod prefix;
mod reader;
mod recover;
mod replace;
mod scan;
mod source;
mod store;
mod transaction;
mod version;
mod window;
mod work;

pub use backend::FileBackend;
pub use compression::Compression;
pub use config::{Durability, FileConfig};
#[doc(hidden)]
pub use disk::{Fault, Faults};
pub use factory::FileFactory;
pub use format::Format;
pub use reader::RecordReader;
pub use recover::{Loss, LossKind, RecoverReport, reapply, recover};
#[doc(hidden)]
pub use recover::{journal_of, replay_journal};
pub use replace::replace_file;
pub use work::{WorkInProgress, WorkKind, work_in_progress};
