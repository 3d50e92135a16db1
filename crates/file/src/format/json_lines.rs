//! JSON lines: one object a line.

use dataknobs_data_core::{Error, Result};

use super::json::json_error;
use super::json_row::Row;
use super::json_rows::RowReader;
use super::too_long;
use crate::window::Window;

/// Reads the lines of a file of JSON lines. Blank lines are skipped; the last line may lack its
/// end.
pub(crate) struct JsonLinesReader {
    window: Window,
    max_record_bytes: usize,
    line: u64,
    failed: bool,
}

impl RowReader for JsonLinesReader {
    fn line(&self) -> u64 {
        self.line
    }

    fn next_row(&mut self) -> Result<Option<Row>> {
        if self.failed {
            return Ok(None);
        }
        let row = self.advance();
        self.failed = row.is_err();
        row
    }
}

impl JsonLinesReader {
    pub(crate) fn new(mut window: Window, max_record_bytes: usize) -> Self {
        window.skip_byte_order_mark();
        JsonLinesReader { window, max_record_bytes, line: 1, failed: false }
    }

    fn advance(&mut self) -> Result<Option<Row>> {
        loop {
            let Some(length) = self.line_length()? else { return Ok(None) };
            self.line = self.window.line();
            let bytes = &self.window.bytes()[..length];
            if bytes.iter().all(u8::is_ascii_whitespace) {
                let end = usize::from(self.window.bytes().len() > length);
                self.window.consume(length + end);
                continue;
            }
            let mut deserializer = serde_json::Deserializer::from_slice(bytes);
            let row = <Row as serde::Deserialize>::deserialize(&mut deserializer)
                .and_then(|row| deserializer.end().map(|()| row));
            let row = match row {
                Ok(row) => row,
                Err(error) if error.is_eof() => {
                    let place = self.window.place_of(length);
                    return Err(place.on(Error::corrupt("the line ends in the middle of an object")));
                }
                Err(error) if error.is_data() => {
                    return Err(self.window.place().on(Error::corrupt("the line is not an object")));
                }
                Err(error) => return Err(json_error(&self.window, error)),
            };
            let row = row.settle(bytes).map_err(|error| error.with_context("line", self.line))?;
            let end = usize::from(self.window.bytes().len() > length);
            self.window.consume(length + end);
            return Ok(Some(row));
        }
    }

    /// The length of the line at the start of the window, its end not counted; none at the end of
    /// the file.
    fn line_length(&mut self) -> Result<Option<usize>> {
        let mut searched = 0;
        loop {
            let bytes = self.window.bytes();
            let length = memchr::memchr(b'\n', &bytes[searched..]).map(|at| searched + at);
            if length.unwrap_or(bytes.len()) > self.max_record_bytes {
                return Err(too_long(self.window.line(), self.max_record_bytes));
            }
            if length.is_some() {
                return Ok(length);
            }
            searched = bytes.len();
            if !self.window.more()? {
                return Ok((searched > 0).then_some(searched));
            }
        }
    }
}
