//! A window that moves over the bytes of a file and knows where it is.

use std::io::Read;

use dataknobs_data_core::{Error, Result};
use memchr::memchr_iter;

use crate::compression::CONTENT_BYTES;

/// What is read at once.
const BLOCK: usize = 128 * 1024;

/// Bytes of a source that were read and not yet consumed, with their place in it. It grows only
/// when it is asked to read more while nothing is consumed.
pub(crate) struct Window {
    source: Box<dyn Read + Send>,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    /// Where `start` is: bytes from the beginning, line from 1, and the byte where that line began.
    byte: u64,
    line: u64,
    line_start: u64,
    ended: bool,
}

/// A place in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    /// From 1.
    pub(crate) line: u64,
    /// In bytes, from 1.
    pub(crate) column: u64,
    /// From 0.
    pub(crate) byte: u64,
}

impl Place {
    /// The error with this place in its context.
    pub(crate) fn on(self, error: Error) -> Error {
        error.with_context("line", self.line).with_context("column", self.column).with_context("byte", self.byte)
    }
}

impl Window {
    /// A window at the start of a source, wide enough to tell a byte order mark and what other kind
    /// of file it may be.
    pub(crate) fn new(source: Box<dyn Read + Send>) -> Result<Self> {
        let mut window =
            Window { source, buffer: vec![0; BLOCK], start: 0, end: 0, byte: 0, line: 1, line_start: 0, ended: false };
        while window.bytes().len() < CONTENT_BYTES && window.more()? {}
        Ok(window)
    }

    /// Skips a byte order mark; whether there was one.
    pub(crate) fn skip_byte_order_mark(&mut self) -> bool {
        let found = self.byte == 0 && self.bytes().starts_with(b"\xEF\xBB\xBF");
        if found {
            self.start += 3;
            self.byte = 3;
            self.line_start = 3;
        }
        found
    }

    /// What was read and not consumed.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.buffer[self.start..self.end]
    }

    /// Whether the source has no more than what is in the window.
    pub(crate) fn ended(&self) -> bool {
        self.ended
    }

    /// Reads more; false at the end of the source.
    pub(crate) fn more(&mut self) -> Result<bool> {
        if self.ended {
            return Ok(false);
        }
        if self.start > 0 {
            self.buffer.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        if self.end == self.buffer.len() {
            self.buffer.resize(self.buffer.len() * 2, 0);
        }
        loop {
            match self.source.read(&mut self.buffer[self.end..]) {
                Ok(0) => {
                    self.ended = true;
                    return Ok(false);
                }
                Ok(count) => {
                    self.end += count;
                    return Ok(true);
                }
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => return Err(Error::from(error).with_context("byte", self.byte)),
            }
        }
    }

    /// Moves on by so many bytes.
    pub(crate) fn consume(&mut self, count: usize) {
        let consumed = &self.buffer[self.start..self.start + count];
        let mut last = None;
        for newline in memchr_iter(b'\n', consumed) {
            self.line += 1;
            last = Some(newline);
        }
        if let Some(newline) = last {
            self.line_start = self.byte + newline as u64 + 1;
        }
        self.start += count;
        self.byte += count as u64;
    }

    /// Skips JSON white space and shows the next byte; none at the end.
    pub(crate) fn next_token(&mut self) -> Result<Option<u8>> {
        loop {
            let spaces = self.bytes().iter().take_while(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r')).count();
            self.consume(spaces);
            if let Some(byte) = self.bytes().first() {
                return Ok(Some(*byte));
            }
            if !self.more()? {
                return Ok(None);
            }
        }
    }

    /// Where the window begins.
    pub(crate) fn place(&self) -> Place {
        Place { line: self.line, column: self.byte - self.line_start + 1, byte: self.byte }
    }

    /// The line where the window begins.
    pub(crate) fn line(&self) -> u64 {
        self.line
    }

    /// Where a byte of the window is.
    pub(crate) fn place_of(&self, position: usize) -> Place {
        let before = &self.bytes()[..position.min(self.bytes().len())];
        let byte = self.byte + before.len() as u64;
        let line_start = memchr::memrchr(b'\n', before).map_or(self.line_start, |at| self.byte + at as u64 + 1);
        Place { line: self.line + memchr_iter(b'\n', before).count() as u64, column: byte - line_start + 1, byte }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives one byte at a time.
    struct Trickle(std::io::Cursor<Vec<u8>>);

    impl Read for Trickle {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            let one = buffer.len().min(1);
            self.0.read(&mut buffer[..one])
        }
    }

    #[test]
    fn places_are_counted_through_consumed_bytes() {
        let text = b"\xEF\xBB\xBFab\ncd\n  x".to_vec();
        let mut window = Window::new(Box::new(Trickle(std::io::Cursor::new(text)))).unwrap();
        assert!(window.skip_byte_order_mark());
        while window.more().unwrap() {}
        assert_eq!(window.bytes(), b"ab\ncd\n  x");
        assert_eq!(window.place(), Place { line: 1, column: 1, byte: 3 });
        assert_eq!(window.place_of(4), Place { line: 2, column: 2, byte: 7 });
        window.consume(4);
        assert_eq!(window.place(), Place { line: 2, column: 2, byte: 7 });
        window.consume(2);
        assert_eq!(window.next_token().unwrap(), Some(b'x'));
        assert_eq!(window.place(), Place { line: 3, column: 3, byte: 11 });
        window.consume(1);
        assert_eq!(window.next_token().unwrap(), None);
    }

    #[test]
    fn it_grows_while_nothing_is_consumed() {
        let mut window = Window::new(Box::new(std::io::repeat(b'a').take(3 * BLOCK as u64))).unwrap();
        while window.more().unwrap() {}
        assert_eq!(window.bytes().len(), 3 * BLOCK);
        assert!(window.ended());
    }
}
