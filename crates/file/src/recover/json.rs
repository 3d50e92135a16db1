//! The objects of a damaged JSON file.

use dataknobs_data_core::{Error, Result, Str};

use super::text::{Piece, Pieces, Skipped, Text};
use crate::format::json::position_of;
use crate::format::json_row::Row;
use crate::format::too_long;

/// The lines that are objects.
pub(super) fn lines(text: &Text, limit: usize) -> Pieces {
    let mut pieces = Pieces::default();
    let mut at = text.start();
    let mut number = 0;
    while at < text.bytes.len() {
        let rest = &text.bytes[at..];
        let length = memchr::memchr(b'\n', rest).map_or(rest.len(), |newline| newline + 1);
        let line = &rest[..length];
        let range = at..at + length;
        at += length;
        if line.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        number += 1;
        let mut deserializer = serde_json::Deserializer::from_slice(line);
        let row = <Row as serde::Deserialize>::deserialize(&mut deserializer)
            .and_then(|row| deserializer.end().map(|()| row));
        match row {
            Ok(_) if line.len() > limit => pieces.skip(range, too_long(number, limit)),
            Ok(row) => {
                keep(&mut pieces, Piece { range, number }, line, row);
            }
            Err(error) => pieces.skip(range, reason(line, &error)),
        }
    }
    pieces
}

/// Takes a row, if nothing is wrong with it although it is JSON.
fn keep(pieces: &mut Pieces, piece: Piece, text: &[u8], row: Row) -> bool {
    match row.settle(text) {
        Ok(_) => pieces.rows.push(piece),
        Err(reason) => {
            pieces.skipped.push(Skipped { range: piece.range, reason, is_row: true });
            return false;
        }
    }
    true
}

/// The row that a piece is.
pub(super) fn row_of(text: &Text, piece: &Piece) -> Result<Row> {
    let bytes = &text.bytes[piece.range.clone()];
    let row: Row = serde_json::from_slice(bytes).map_err(|error| reason(bytes, &error))?;
    row.settle(bytes)
}

fn reason(bytes: &[u8], error: &serde_json::Error) -> Error {
    if let Err(utf8) = std::str::from_utf8(bytes)
        && position_of(bytes, error) + 1 >= utf8.valid_up_to()
    {
        return Error::corrupt("the text is not UTF-8");
    }
    if error.is_eof() {
        return Error::corrupt("it ends in the middle of an object");
    }
    if error.is_data() {
        return Error::corrupt("there is no object");
    }
    let mut reason = error.to_string();
    if let Some(at) = reason.rfind(" at line ") {
        reason.truncate(at);
    }
    Error::corrupt("the text is not JSON").with_context("reason", reason)
}

/// The objects of an array. Behind damage it goes on at the next object that can be told from one
/// inside of the damaged one.
pub(super) fn array(text: &Text, limit: usize) -> Pieces {
    let start = text.start();
    let mut reader = Reader {
        text: &text.bytes,
        limit,
        at: start,
        number: 0,
        known: None,
        has_id: false,
        indent: None,
        in_array: true,
    };
    let mut pieces = Pieces::default();
    reader.read(&mut pieces);
    pieces
}

struct Reader<'a> {
    text: &'a [u8],
    limit: usize,
    at: usize,
    number: u64,
    /// The names in the last object.
    known: Option<Vec<Str>>,
    /// Whether the last object had an `_id`.
    has_id: bool,
    /// What stands before the objects that begin a line.
    indent: Option<&'a [u8]>,
    /// False for objects on lines of their own, without an array.
    in_array: bool,
}

impl<'a> Reader<'a> {
    fn token(&mut self) -> Option<u8> {
        self.at = self.after_space(self.at);
        self.text.get(self.at).copied()
    }

    fn after_space(&self, at: usize) -> usize {
        at + self.text[at..].iter().take_while(|byte| is_space(**byte)).count()
    }

    fn read(&mut self, pieces: &mut Pieces) {
        match self.token() {
            Some(b'[') => self.at += 1,
            Some(b'{') => self.in_array = false,
            Some(_) => {}
            None => return pieces.skip(self.at..self.at, Error::corrupt("the file is empty")),
        }
        let mut wants_comma = false;
        loop {
            match (self.token(), wants_comma && self.in_array) {
                (None, _) if !self.in_array => return,
                (None, _) => {
                    let reason = Error::corrupt("the file ends in the middle of the array");
                    return pieces.skip(self.at..self.at, reason);
                }
                (Some(b']'), _) if self.in_array => {
                    self.at += 1;
                    if self.token().is_none() {
                        return;
                    }
                    if !self.resume(pieces, self.at, Error::corrupt("there is something after the end of the array")) {
                        return;
                    }
                }
                (Some(b','), true) => {
                    self.at += 1;
                    wants_comma = false;
                    continue;
                }
                (Some(b'{'), true) => {
                    pieces.skip(self.at..self.at, Error::corrupt("expected a comma or the end of the array"));
                }
                (Some(b'{'), false) => {}
                (Some(_), true) => {
                    let reason = Error::corrupt("expected a comma or the end of the array");
                    if !self.resume(pieces, self.at, reason) {
                        return;
                    }
                }
                (Some(_), false) => {
                    let reason = Error::corrupt("an element of the array is not an object");
                    if !self.resume(pieces, self.at, reason) {
                        return;
                    }
                }
            }
            if !self.element(pieces) {
                return;
            }
            wants_comma = true;
        }
    }

    /// Reads the object here, or goes on to the next. False at the end of the file.
    fn element(&mut self, pieces: &mut Pieces) -> bool {
        let start = self.at;
        match self.parse(start) {
            Ok((row, length)) => {
                self.number += 1;
                let piece = Piece { range: start..start + length, number: self.number };
                let (names, has_id) = (names_of(&row), row.id.is_some());
                if keep(pieces, piece, &self.text[start..start + length], row) {
                    (self.known, self.has_id) = (Some(names), has_id);
                    self.indent = self.indent_of(start).or(self.indent);
                }
                self.at = start + length;
                true
            }
            Err(reason) => {
                self.number += 1;
                // Where the search ends an object begins, which this reads.
                self.resume(pieces, start, reason) && self.element(pieces)
            }
        }
    }

    fn parse(&self, at: usize) -> Result<(Row, usize)> {
        let rest = &self.text[at..self.text.len().min(at.saturating_add(self.limit))];
        let mut values = serde_json::Deserializer::from_slice(rest).into_iter::<Row>();
        match values.next() {
            Some(Ok(row)) => Ok((row, values.byte_offset())),
            Some(Err(error)) => Err(reason(rest, &error)),
            None => Err(Error::corrupt("there is no object")),
        }
    }

    /// Moves to the next object behind damage and notes what was skipped. False at the end.
    fn resume(&mut self, pieces: &mut Pieces, start: usize, reason: Error) -> bool {
        let next = self.next_object(start);
        pieces.skip(start..next.unwrap_or(self.text.len()), reason);
        self.at = next.unwrap_or(self.text.len());
        next.is_some()
    }

    fn next_object(&mut self, start: usize) -> Option<usize> {
        let indent = self.indent_of(start).or(self.indent);
        // Where the damage took the bracket, the object is open all the same.
        let mut depth = usize::from(self.text.get(start) != Some(&b'{'));
        let (mut is_closed, mut in_string, mut is_escaped) = (false, false, false);
        for at in start..self.text.len() {
            let byte = self.text[at];
            if byte == b'{' && at > start {
                let begins_line = self.indent_of(at).is_some_and(|found| Some(found) == indent);
                // An object behind these is part of another.
                let is_inside = matches!(self.token_before(at), Some(b'[' | b':'));
                if !is_inside && (begins_line || is_closed || self.looks_known(at)) {
                    match self.parse(at) {
                        Ok((row, length)) if self.is_element(&row, at + length, begins_line || is_closed) => {
                            return Some(at);
                        }
                        Err(_) if begins_line || is_closed => {
                            // Another damaged object.
                            self.number += 1;
                            (depth, is_closed, in_string) = (0, false, false);
                        }
                        _ => {}
                    }
                }
            }
            match byte {
                _ if is_escaped => is_escaped = false,
                b'\\' if in_string => is_escaped = true,
                b'"' => in_string = !in_string,
                // No string goes over a line end.
                b'\n' => in_string = false,
                b'{' if !in_string => depth += 1,
                b'}' if !in_string => {
                    depth = depth.saturating_sub(1);
                    is_closed |= depth == 0;
                }
                _ => {}
            }
        }
        None
    }

    /// Whether an object begins as those before it, which is soon told.
    fn looks_known(&self, at: usize) -> bool {
        let rest = &self.text[self.after_space(at + 1)..];
        let begins = |name: &str| {
            rest.strip_prefix(b"\"")
                .and_then(|rest| rest.strip_prefix(name.as_bytes()))
                .is_some_and(|rest| rest.starts_with(b"\""))
        };
        begins("_id") || self.known.as_ref().and_then(|names| names.first()).is_some_and(|name| begins(name))
    }

    /// Whether an object is an element of the array and not part of one.
    fn is_element(&self, row: &Row, end: usize, is_likely: bool) -> bool {
        let next = self.text.get(self.after_space(end)).copied();
        let is_followed = match self.in_array {
            true => matches!(next, None | Some(b',' | b']')),
            false => matches!(next, None | Some(b'{')),
        };
        let is_alike = self.known.as_ref() == Some(&names_of(row));
        match row.id.is_some() {
            // What follows may be damaged.
            true => is_followed || (is_alike && next != Some(b'}')),
            false => is_followed && (is_alike || (is_likely && !self.has_id)),
        }
    }

    fn token_before(&self, at: usize) -> Option<u8> {
        self.text[..at].iter().rev().find(|byte| !is_space(**byte)).copied()
    }

    /// What stands before a byte in its line, if that is only white space.
    fn indent_of(&self, at: usize) -> Option<&'a [u8]> {
        let spaces = self.text[..at].iter().rev().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
        let before = &self.text[..at - spaces];
        (before.is_empty() || before.ends_with(b"\n")).then(|| &self.text[at - spaces..at])
    }
}

fn names_of(row: &Row) -> Vec<Str> {
    row.fields.iter().map(|(name, _)| name.clone()).collect()
}

fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}
