//! The text of a damaged file, as far as there is any, and its rows.

use std::io::{Cursor, Read};
use std::ops::Range;
use std::sync::Arc;

use dataknobs_data_core::{Error, Result};

use crate::compression::is_compression_damage;
use crate::source::Source;
use crate::window::Place;

/// The text of a file in memory.
pub(super) struct Text {
    pub(super) bytes: Arc<[u8]>,
    /// Where each line begins.
    lines: Vec<usize>,
}

/// A row that can be read.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Piece {
    pub(super) range: Range<usize>,
    /// Its number, from 1; what could not be read counts as rows too, as far as it can be told.
    pub(super) number: u64,
}

/// Bytes that make no row.
#[derive(Debug)]
pub(super) struct Skipped {
    pub(super) range: Range<usize>,
    pub(super) reason: Error,
    /// Whether they can be read, and only make no record.
    pub(super) is_row: bool,
}

/// The rows of a text, and what was skipped between them.
#[derive(Debug, Default)]
pub(super) struct Pieces {
    pub(super) rows: Vec<Piece>,
    pub(super) skipped: Vec<Skipped>,
}

impl Pieces {
    pub(super) fn skip(&mut self, range: Range<usize>, reason: Error) {
        self.skipped.push(Skipped { range, reason, is_row: false });
    }
}

impl Text {
    pub(super) fn new(bytes: Vec<u8>) -> Self {
        let first = if bytes.starts_with(b"\xEF\xBB\xBF") { 3 } else { 0 };
        let lines = std::iter::once(first).chain(memchr::memchr_iter(b'\n', &bytes).map(|at| at + 1)).collect();
        Text { bytes: bytes.into(), lines }
    }

    /// The text that a file expands to, up to its damage; and what the damage is.
    pub(super) fn expand(source: &Source, file: Vec<u8>) -> Result<(Self, Option<Error>)> {
        let file: Arc<[u8]> = file.into();
        let open = || source.config.expand(Cursor::new(Arc::clone(&file))).map_err(|error| source.place(error));
        let mut bytes = Vec::new();
        let Err(error) = read_in_steps(&mut open()?, 1 << 16, &mut bytes) else { return Ok((Self::new(bytes), None)) };
        // What the failed step had read is lost with it: once more, byte by byte at the end.
        let mut again = open()?;
        std::io::copy(&mut again.by_ref().take(bytes.len() as u64), &mut std::io::sink())?;
        if read_in_steps(&mut again, 1, &mut bytes).is_ok() || !is_compression_damage(&error) {
            return Err(source.place(error));
        }
        Ok((Self::new(bytes), Some(error)))
    }

    /// Where a byte is.
    pub(super) fn place(&self, byte: usize) -> Place {
        let line = self.lines.partition_point(|start| *start <= byte).max(1);
        let column = byte.saturating_sub(self.lines[line - 1]) as u64 + 1;
        Place { line: line as u64, column, byte: byte as u64 }
    }

    /// The bytes before which nothing is text.
    pub(super) fn start(&self) -> usize {
        self.lines[0]
    }
}

fn read_in_steps(input: &mut Box<dyn Read + Send>, step: usize, bytes: &mut Vec<u8>) -> Result<()> {
    let mut buffer = vec![0; step];
    loop {
        match input.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(count) => bytes.extend_from_slice(&buffer[..count]),
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error.into()),
        }
    }
}
