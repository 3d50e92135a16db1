//! A file in blocks that begin and end where rows do.

use std::fs::File;
use std::io::Read as _;

use memchr::{memchr, memrchr};

use super::Irregular;

/// The first block is small, so that a small limit reads little; each is twice the one before, up to
/// the greatest.
const FIRST: usize = 128 * 1024;
const GREATEST: usize = 2 * 1024 * 1024;

/// Longer rows are left to others.
const LONGEST: usize = 1024 * 1024 * 1024;

/// Cuts a file into blocks.
pub(super) struct Blocks {
    file: File,
    delimiter: u8,
    max_record_bytes: usize,
    /// Bytes behind the last block that were read with it.
    carry: Vec<u8>,
    size: usize,
    next: usize,
    at_start: bool,
    ended: bool,
}

/// The bytes of a block, and room for more.
#[derive(Default)]
pub(super) struct Buffer {
    bytes: Vec<u8>,
    length: usize,
}

/// A block in a buffer.
#[derive(Debug, Clone, Copy)]
pub(super) struct Block {
    /// Its number, from 0.
    pub(super) number: usize,
    pub(super) has_quotes: bool,
}

impl Buffer {
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes[..self.length]
    }

    fn room(&mut self, more: usize) {
        if self.bytes.len() < self.length + more {
            self.bytes.resize(self.length + more, 0);
        }
    }
}

impl Blocks {
    /// Of a file that stands at its start.
    pub(super) fn new(file: File, delimiter: u8, max_record_bytes: usize) -> Self {
        let carry = Vec::new();
        Blocks { file, delimiter, max_record_bytes, carry, size: FIRST, next: 0, at_start: true, ended: false }
    }

    /// Reads the next block; none at the end of the file, and behind what is irregular. That has the
    /// number of a block, too.
    pub(super) fn next(&mut self, buffer: &mut Buffer) -> Result<Option<Block>, (usize, Irregular)> {
        if self.ended {
            return Ok(None);
        }
        let read = self.read(buffer);
        let number = self.next;
        self.next += 1;
        self.ended |= read.is_err();
        match read {
            Ok(has_quotes) => Ok(has_quotes.map(|has_quotes| Block { number, has_quotes })),
            Err(irregular) => Err((number, irregular)),
        }
    }

    /// Whether the next block has quotes.
    fn read(&mut self, buffer: &mut Buffer) -> Result<Option<bool>, Irregular> {
        buffer.length = 0;
        buffer.room(self.carry.len());
        buffer.bytes[..self.carry.len()].copy_from_slice(&self.carry);
        buffer.length = self.carry.len();
        self.carry.clear();
        loop {
            self.fill(buffer)?;
            let mut start = 0;
            if self.at_start {
                match header_end(buffer.bytes(), self.delimiter) {
                    Some(end) => start = end,
                    None if self.ended => return Ok(None),
                    None => {
                        self.grown_too_far(buffer)?;
                        continue;
                    }
                }
            }
            let bytes = &buffer.bytes()[start..];
            let has_quotes = memchr(b'"', bytes).is_some();
            let (end, open) =
                if has_quotes { last_row_end(bytes, self.delimiter) } else { (newline_end(bytes), false) };
            if self.ended {
                if open {
                    return Err(Irregular);
                }
                // The last row may lack its line end.
                if bytes.last().is_some_and(|last| *last != b'\n') {
                    buffer.room(1);
                    buffer.bytes[buffer.length] = b'\n';
                    buffer.length += 1;
                }
            } else if end == 0 {
                self.grown_too_far(buffer)?;
                continue;
            } else {
                self.carry.extend_from_slice(&bytes[end..]);
                buffer.length = start + end;
            }
            if self.at_start {
                self.at_start = false;
                buffer.bytes.copy_within(start..buffer.length, 0);
                buffer.length -= start;
            }
            self.size = GREATEST.min(self.size * 2);
            return Ok(Some(has_quotes));
        }
    }

    fn fill(&mut self, buffer: &mut Buffer) -> Result<(), Irregular> {
        let goal = buffer.length + self.size;
        buffer.room(self.size);
        while buffer.length < goal {
            match self.file.read(&mut buffer.bytes[buffer.length..goal]) {
                Ok(0) => {
                    self.ended = true;
                    break;
                }
                Ok(count) => buffer.length += count,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(_) => return Err(Irregular),
            }
        }
        Ok(())
    }

    /// A row that does not end is read on only as long as rows may be, and as places in a block fit 32
    /// bits.
    fn grown_too_far(&self, buffer: &Buffer) -> Result<(), Irregular> {
        if buffer.length > self.max_record_bytes.min(LONGEST) + GREATEST { Err(Irregular) } else { Ok(()) }
    }
}

/// Behind the last line end; 0 where there is none.
fn newline_end(bytes: &[u8]) -> usize {
    memrchr(b'\n', bytes).map_or(0, |at| at + 1)
}

/// Behind the last line end that stands in no quoted cell, and whether the bytes end in such a cell.
/// A quote opens a cell only at the cell's start; elsewhere it is text.
fn last_row_end(bytes: &[u8], delimiter: u8) -> (usize, bool) {
    let mut end = 0;
    let mut at = 0;
    loop {
        let quote = memchr(b'"', &bytes[at..]).map(|found| at + found);
        let outside = &bytes[at..quote.unwrap_or(bytes.len())];
        if let Some(newline) = memrchr(b'\n', outside) {
            end = at + newline + 1;
        }
        let Some(quote) = quote else { return (end, false) };
        if !starts_cell(bytes, quote, delimiter) {
            at = quote + 1;
            continue;
        }
        match closing_quote(bytes, quote) {
            Some(close) => at = close + 1,
            None => return (end, true),
        }
    }
}

fn starts_cell(bytes: &[u8], at: usize, delimiter: u8) -> bool {
    at.checked_sub(1).is_none_or(|before| {
        let before = bytes[before];
        before == delimiter || before == b'\n' || before == b'\r'
    })
}

/// Where the quoted cell that opens here is closed.
pub(super) fn closing_quote(bytes: &[u8], open: usize) -> Option<usize> {
    let mut at = open + 1;
    loop {
        let close = at + memchr(b'"', bytes.get(at..)?)?;
        if bytes.get(close + 1) != Some(&b'"') {
            return Some(close);
        }
        at = close + 2;
    }
}

/// Behind the header row; none where it does not end here.
fn header_end(bytes: &[u8], delimiter: u8) -> Option<usize> {
    let mut at = if bytes.starts_with(b"\xEF\xBB\xBF") { 3 } else { 0 };
    while matches!(bytes.get(at)?, b'\n' | b'\r') {
        at += 1;
    }
    loop {
        if bytes.get(at)? == &b'"' {
            at = closing_quote(bytes, at)? + 1;
        }
        at += memchr::memchr3(delimiter, b'\n', b'\r', bytes.get(at..)?)?;
        match bytes[at] {
            byte if byte == delimiter => at += 1,
            b'\r' if bytes.get(at + 1) == Some(&b'\n') => return Some(at + 2),
            // Should the other half of a line end follow, it is skipped as an empty line.
            _ => return Some(at + 1),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Seek as _, Write as _};

    fn blocks(text: &[u8]) -> Result<Vec<Vec<u8>>, (usize, Irregular)> {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(text).unwrap();
        file.rewind().unwrap();
        let mut blocks = Blocks { size: 8, ..Blocks::new(file, b',', 100) };
        let mut buffer = Buffer::default();
        let mut found = Vec::new();
        while blocks.next(&mut buffer)?.is_some() {
            found.push(buffer.bytes().to_vec());
        }
        Ok(found)
    }

    #[test]
    fn blocks_hold_whole_rows_and_all_of_them() {
        let texts: [&[u8]; 7] = [
            b"a,b\n1,2\n3,4\n5,6\n",
            b"\xEF\xBB\xBFa,b\r\n1,2\r\n3,4",
            b"\n\"a\nx\",b\n\"1\n\n\n\n\n\n\n\n\n\n2\",3\n4,5\n",
            b"a,b\n5\" pipe,\"x\"\"\n\"\n1,2\n",
            b"a,b\r1,\"\r\n\"\r\n2,3\n",
            b"a,b",
            b"a,b\n",
        ];
        for text in texts {
            let found = blocks(text).unwrap();
            let whole = found.concat();
            let rest = &text[text.len() - text.len().min(whole.len())..];
            let line_end = whole.len() > rest.len() || !text.ends_with(b"\n");
            assert!(whole.starts_with(rest) || (line_end && rest.ends_with(&whole[..whole.len().saturating_sub(1)])));
            for block in &found {
                assert!(block.is_empty() || block.ends_with(b"\n"), "{:?}", String::from_utf8_lossy(text));
                assert!(!last_row_end(block, b',').1);
            }
        }
        assert_eq!(blocks(b"a,b\n1,\"2\n").unwrap_err().1, Irregular);
        assert_eq!(blocks(b"a,b\n1,2").unwrap(), [b"1,2\n"]);
    }
}
