//! The records of a JSON file, out of its rows.

use dataknobs_data_core::{Record, Result};

use super::Rows;
use super::json_record::Assembler;
use super::json_row::Row;
use crate::key::Key;

/// Reads the rows of a JSON array or of JSON lines.
pub(crate) trait RowReader: Send {
    /// The line of the last row.
    fn line(&self) -> u64;

    /// The next row; none at the end.
    fn next_row(&mut self) -> Result<Option<Row>>;
}

/// The records that rows make.
pub(crate) struct JsonRows<R> {
    reader: R,
    assembler: Assembler,
    key: Key,
    row: u64,
}

impl<R: RowReader> JsonRows<R> {
    pub(crate) fn new(reader: R, key: Key) -> Self {
        JsonRows { reader, assembler: Assembler::default(), key, row: 0 }
    }
}

impl<R: RowReader> Rows for JsonRows<R> {
    fn next(&mut self) -> Result<Option<Record>> {
        let Some(row) = self.reader.next_row()? else { return Ok(None) };
        self.row += 1;
        let line = self.reader.line();
        self.key
            .record_of(row, self.row, &mut self.assembler)
            .map_err(|error| error.with_context("line", line))
            .map(Some)
    }

    fn line(&self) -> u64 {
        self.reader.line()
    }
}
