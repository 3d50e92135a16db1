//! Scans of CSV and TSV as columns: no record is made on the way.
//!
//! Blocks of whole rows go to all cores; each finds its cells, decodes what the filter asks for, and
//! of the rows that pass what is wanted. Every cell is checked against its column's type, so that a
//! damaged file shows just as it does to records. Whatever is out of the ordinary ends the scan
//! without an answer: records are read then, from the start, and they say what is wrong.
//!
//! `plan.rs` says what a query needs of a file; `tokens.rs` finds the cells of a block; `number.rs` and
//! `time.rs` read the usual forms of cells fast; `decode.rs` makes arrays of cells; `block_rows.rs`
//! puts these together for one block, and `record_rows.rs` for those who want records after all;
//! `scan.rs` runs it.

mod block_rows;
mod decode;
pub(crate) mod number;
mod plan;
mod record_rows;
mod scan;
mod time;
mod tokens;

pub(crate) use plan::Plan;
pub(crate) use record_rows::RecordRows;
pub(crate) use scan::scan;
