//! Parquet files as records, and records as Parquet files.
//!
//! For: the layout of the file, its types, which parts of it a condition needs, and damage. Not
//! for: where ids come from and how a file is replaced; that is the file store's.
//!
//! - `input.rs` bytes at any place of a file
//! - `file.rs` an open file and its columns; `records.rs` its records, row group by row group
//! - `scan/` its columns, without records
//! - `prune.rs` which rows cannot fit a condition, by the statistics of row groups and pages;
//!   `bounds.rs` what a condition says of the least and the greatest value; `rows.rs` sets of rows
//! - `write.rs` records into a file, `threads.rs` by all cores; `checksum.rs` of pages and footers
//! - `damage.rs` what the parquet crate reports, as errors of ours

mod bounds;
mod checksum;
mod damage;
mod file;
mod input;
mod prune;
mod records;
mod rows;
mod scan;
mod threads;
mod write;

pub use file::{ColumnRole, ParquetColumn, ParquetFile};
pub use input::ReadAt;
pub use records::ParquetRecords;
pub use scan::ParquetScan;
pub use write::{IdColumn, write_parquet, write_parquet_table};
