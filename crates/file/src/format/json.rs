//! A JSON array of objects, read one element at a time.
//!
//! Some tools, DuckDB among them, write JSON lines under the name `.json`. A file that begins with two
//! objects on lines of their own is read as that; one object alone is no table.

use dataknobs_data_core::{Error, ErrorKind, Result};

use super::json_row::Row;
use super::json_rows::RowReader;
use super::too_long;
use crate::compression::is_compression_damage;
use crate::window::{Place, Window};

/// Reads the elements of a JSON array. It holds one element, never the whole document.
pub(crate) struct JsonReader {
    window: Window,
    max_record_bytes: usize,
    state: State,
    line: u64,
}

#[derive(Clone, Copy, PartialEq)]
enum State {
    Start,
    First,
    Later,
    /// Objects without an array around them; the line where the last one ended.
    Lines(u64),
    End,
}

impl RowReader for JsonReader {
    fn line(&self) -> u64 {
        self.line
    }

    fn next_row(&mut self) -> Result<Option<Row>> {
        let row = self.advance();
        if !matches!(row, Ok(Some(_))) {
            self.state = State::End;
        }
        row
    }
}

impl JsonReader {
    pub(crate) fn new(mut window: Window, max_record_bytes: usize) -> Self {
        window.skip_byte_order_mark();
        JsonReader { window, max_record_bytes, state: State::Start, line: 1 }
    }

    fn advance(&mut self) -> Result<Option<Row>> {
        match self.state {
            State::End => return Ok(None),
            State::Start => {
                match self.window.next_token()? {
                    Some(b'[') => self.window.consume(1),
                    Some(b'{') => return self.first_line().map(Some),
                    Some(_) => return Err(no_array(self.window.place())),
                    None => return Err(self.damage("the file is empty; a JSON array has at least its brackets")),
                }
                self.state = State::First;
            }
            State::Lines(line) => return self.next_line(line),
            State::First | State::Later => {}
        }
        match (self.window.next_token()?, self.state) {
            (Some(b']'), _) => {
                self.window.consume(1);
                match self.window.next_token()? {
                    None => return Ok(None),
                    Some(_) => return Err(self.damage("there is something after the end of the array")),
                }
            }
            (Some(b','), State::Later) => self.window.consume(1),
            (Some(_), State::First) => {}
            (Some(_), _) => return Err(self.damage("expected a comma or the end of the array")),
            (None, _) => return Err(self.truncated()),
        }
        match self.window.next_token()? {
            Some(b'{') => {}
            Some(_) => return Err(self.damage("an element of the array is not an object")),
            None => return Err(self.truncated()),
        }
        self.state = State::Later;
        self.line = self.window.line();
        self.element().map(Some)
    }

    /// The first of several objects, each on a line of its own.
    fn first_line(&mut self) -> Result<Row> {
        let start = self.window.place();
        self.line = start.line;
        let row = self.element().map_err(|error| match error.kind() {
            ErrorKind::Corrupt if !is_compression_damage(&error) => no_array(start).with_source(error),
            _ => error,
        })?;
        self.state = State::Lines(self.window.line());
        let is_followed = self.window.next_token()? == Some(b'{');
        if is_followed && self.state != State::Lines(self.window.line()) { Ok(row) } else { Err(no_array(start)) }
    }

    fn next_line(&mut self, last: u64) -> Result<Option<Row>> {
        match self.window.next_token()? {
            None => return Ok(None),
            Some(b'{') if self.window.line() > last => {}
            Some(_) => return Err(self.damage("expected an object on a line of its own")),
        }
        self.line = self.window.line();
        let row = self.element()?;
        self.state = State::Lines(self.window.line());
        Ok(Some(row))
    }

    fn element(&mut self) -> Result<Row> {
        loop {
            let bytes = self.window.bytes();
            let mut values = serde_json::Deserializer::from_slice(bytes).into_iter::<Row>();
            let parsed = values.next();
            let length = values.byte_offset();
            match parsed {
                Some(Ok(row)) => {
                    if length > self.max_record_bytes {
                        return Err(too_long(self.line, self.max_record_bytes));
                    }
                    let row = row.settle(&bytes[..length]).map_err(|error| self.window.place().on(error))?;
                    self.window.consume(length);
                    return Ok(row);
                }
                // What looks wrong may only be cut off at the end of the window.
                _ if !self.window.ended() && bytes.len() <= self.max_record_bytes => {
                    self.window.more()?;
                }
                Some(Err(error)) if error.is_eof() && bytes.len() > self.max_record_bytes => {
                    return Err(too_long(self.line, self.max_record_bytes));
                }
                Some(Err(error)) if error.is_eof() => return Err(self.truncated()),
                Some(Err(error)) => return Err(json_error(&self.window, error)),
                None => return Err(self.truncated()),
            }
        }
    }

    fn damage(&self, message: &'static str) -> Error {
        self.window.place().on(Error::corrupt(message))
    }

    fn truncated(&self) -> Error {
        let end = self.window.place_of(self.window.bytes().len());
        end.on(Error::corrupt(match self.state {
            State::Lines(_) => "the file ends in the middle of an object",
            _ => "the file ends in the middle of the array",
        }))
    }
}

fn no_array(place: Place) -> Error {
    place.on(Error::corrupt("the file is not a JSON array").with_hint(
        "a table is an array of objects, as pandas writes with orient=\"records\"; \
         a file with one object on each line has the format `jsonl`",
    ))
}

/// What serde_json says about the bytes at the start of the window, with the place in the file.
pub(crate) fn json_error(window: &Window, error: serde_json::Error) -> Error {
    let bytes = window.bytes();
    if let Err(utf8) = std::str::from_utf8(bytes)
        && utf8.error_len().is_some()
        && position_of(bytes, &error) + 1 >= utf8.valid_up_to()
    {
        return window.place_of(utf8.valid_up_to()).on(Error::corrupt("the text is not UTF-8"));
    }
    let place: Place = window.place_of(position_of(bytes, &error));
    let mut reason = error.to_string();
    if let Some(at) = reason.rfind(" at line ") {
        reason.truncate(at);
    }
    place.on(Error::corrupt("the text is not JSON").with_context("reason", reason))
}

/// The byte that serde_json means by line and column.
pub(crate) fn position_of(bytes: &[u8], error: &serde_json::Error) -> usize {
    let line_start = match error.line() {
        0 | 1 => 0,
        line => memchr::memchr_iter(b'\n', bytes).nth(line - 2).map_or(0, |newline| newline + 1),
    };
    line_start + error.column().saturating_sub(1)
}
