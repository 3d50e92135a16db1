//! Records as Arrow record batches, and record batches as records.
//!
//! For: everything that moves whole columns, to pyarrow, polars, DuckDB and pandas and back. Not
//! for: reading or writing files, and any pointer of the C interfaces; [`reader`] and
//! [`records_from_reader`] speak `RecordBatchReader`, which `arrow_array::ffi_stream` takes and
//! gives. Arrow types appear nowhere else but in the column scans of `dataknobs-data-file`.
//!
//! The way through the files:
//! - `options.rs` what a caller may say
//! - `shapes.rs` the distinct shapes of records; `infer.rs` the columns that records have together
//! - `column.rs` the values of these columns, without Arrow; `uniform.rs` the same at speed, where all records have one shape;
//!   `lent.rs` the same again, of records behind locks
//! - `companion.rs` what columns cannot say of a record, as JSON; `marks.rs` what our schemas say
//!   about themselves
//! - `filter/` which rows of a batch pass a condition
//! - `scan/` what a query finds as batches, from columns that the store scanned where it can
//! - `write/` Arrow fields, arrays and batches of columns
//! - `inference.rs` the columns of records that come in parts; `parquet/` Parquet files on top of all
//!   this, with the feature `parquet`
//! - `read/` values of arrays of any type (`values.rs` is the table, `number.rs`, `time.rs`,
//!   `encoded.rs` and `nested.rs` its rows), records of values (`batch.rs`), and where an error is
//!   (`place.rs`)
//!
//! # Out
//! | field | column |
//! |---|---|
//! | BOOLEAN, INTEGER, FLOAT | Boolean, Int64, Float64 |
//! | STRING, TEXT | Utf8; LargeUtf8 from 2 GiB of text in all records together |
//! | DATETIME without offset | Timestamp in microseconds |
//! | DATETIME with offset | the same with the zone `UTC` or `+HH:MM`, where all values have this offset; else `UTC` |
//! | JSON | Utf8, JSON text |
//! | BINARY | Binary; LargeBinary from 2 GiB |
//! | values of different kinds | Utf8, JSON text in which each value says its kind ([`value_to_tagged`](dataknobs_data_core::value_to_tagged)) |
//!
//! Ids are Utf8 in `_id`. The metadata of each column names the declared type (`dataknobs:type`),
//! tagged values (`dataknobs:form`) and the columns that are no fields (`dataknobs:role`), that of
//! the schema the version of all this (`dataknobs:format`).
//!
//! By default a missing field becomes null, STRING and TEXT in one column become TEXT, offsets that
//! differ become UTC (a datetime without offset counts as UTC), integers and floats in one column
//! become floats if nothing is lost, and metadata is left out. With [`ToArrowOptions::exact`] nothing
//! is lost but version and score: what differs from record to record stands as JSON in `_meta`, and
//! offsets and numbers that differ are tagged. JSON nested deeper than 126 levels can be written but
//! not read back.
//!
//! # In
//! | column | field |
//! |---|---|
//! | Boolean | BOOLEAN |
//! | Int8 to Int64, UInt8 to UInt64 | INTEGER; outside 64 bits with sign an error |
//! | Float16, Float32, Float64 | FLOAT; NaN is null, infinite an error |
//! | Decimal of 32 to 256 bits | without digits after the point INTEGER (outside 64 bits an error), else STRING, the exact text |
//! | Utf8, LargeUtf8, Utf8View | STRING; TEXT where a value of the batch has more than 1,000 characters |
//! | Binary, LargeBinary, BinaryView, FixedSizeBinary | BINARY |
//! | Date32, Date64 | DATETIME without offset, at midnight |
//! | Timestamp | DATETIME, nanoseconds cut to microseconds; a zone with rules (`Europe/Berlin`) gives each value the offset of its moment, one that is not known UTC |
//! | Time32, Time64 | STRING, `HH:MM:SS`, `HH:MM:SS.ffffff`, or nine digits where six are too few |
//! | Dictionary, RunEndEncoded | as its values |
//! | List, ListView (all widths), FixedSizeList, Struct, Map with text keys | JSON; datetimes and bytes inside are an error, or text by option |
//! | Null | null, of type STRING |
//! | Duration, Interval, Union | Unsupported |
//!
//! ```
//! use dataknobs_data_arrow::{FromArrowOptions, ToArrowOptions, batches_to_records, records_to_batches};
//! use dataknobs_data_core::record;
//! let records = [record! { "name": "Ada", "age": 36 }?.with_id("a")?, record! { "name": "Alan" }?.with_id("b")?];
//! let (schema, batches) = records_to_batches(&records, &ToArrowOptions::exact())?;
//! assert!(schema.fields().iter().map(|field| field.name()).eq(["_id", "name", "age", "_meta"]));
//! assert_eq!(batches_to_records(&batches, &FromArrowOptions::new())?, records);
//! # Ok::<(), dataknobs_data_core::Error>(())
//! ```

#![warn(clippy::print_stdout, clippy::print_stderr)] // a library does not talk to the terminal

mod column;
mod companion;
mod filter;
mod infer;
#[cfg(feature = "parquet")]
mod inference;
mod lent;
mod marks;
mod options;
#[cfg(feature = "parquet")]
pub mod parquet;
mod read;
mod scan;
mod shapes;
mod uniform;
mod write;

pub use column::{Column, ColumnData, columns, with_columns};
pub use filter::{BatchFilter, plain_name};
pub use infer::{ColumnKind, ColumnType, Zone, infer_columns};
pub use lent::{Lend, with_lent_columns};
pub use options::{FromArrowOptions, ToArrowOptions};
pub use read::{batches_to_records, offset_of, records_from_reader};
pub use scan::{
    ArrowTable, ScannedBatch, ScannedColumns, SeenOffsets, WholeColumn, WholeColumns, WholeData, append_integer,
    search_batches, search_columns,
};
pub use uniform::{cores, each_in_a_thread, fetch, rows_a_thread};
pub use write::{RecordBatches, reader, records_to_batches};
