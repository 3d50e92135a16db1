//! Scans of CSV and TSV as columns: no record is made on the way.
//!
//! Blocks of whole rows go to all cores; each finds its cells, decodes what the filter asks for, and
//! of the rows that pass what is wanted. Every cell is checked against its column's type, so that a
//! damaged file shows just as it does to records. Whatever is out of the ordinary ends the scan
//! without an answer: records are read then, from the start, and they say what is wrong.
//!
//! `plan.rs` says what a query needs of a file; `blocks.rs` cuts the file at ends of rows; `tokens.rs`
//! finds the cells of a block; `number.rs` and `time.rs` read the usual forms of cells fast;
//! `decode.rs` makes arrays of cells; `block_rows.rs` puts these together for one block; `keys.rs`
//! notices repeated keys; `scan.rs` runs it all.

mod block_rows;
mod blocks;
mod decode;
mod keys;
pub(crate) mod number;
mod plan;
mod scan;
mod time;
mod tokens;

pub(crate) use plan::Plan;
pub(crate) use scan::scan;

/// Something that only records can answer, or say what is wrong with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Irregular;
