//! The grammar: RFC 4180 with any ASCII delimiter, and line ends LF, CR LF or CR.

use dataknobs_data_core::{Error, Result};
use memchr::{memchr, memchr2, memchr3};

use crate::format::too_long;
use crate::window::{Place, Window};

/// Reads rows of cells. Lines without a single character are skipped.
pub(crate) struct Parser {
    window: Window,
    delimiter: u8,
    max_record_bytes: usize,
    byte_order_mark: bool,
    crlf: bool,
    failed: bool,
}

/// One row: its cells' text without quotes, and where it began.
#[derive(Debug, Default)]
pub(crate) struct RawRow {
    text: String,
    ends: Vec<usize>,
    line: u64,
}

impl RawRow {
    /// How many cells.
    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    /// The text of a cell.
    pub(crate) fn cell(&self, index: usize) -> &str {
        let start = index.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.text[start..self.ends[index]]
    }

    /// The line where the row begins.
    pub(crate) fn line(&self) -> u64 {
        self.line
    }

    /// Makes it a row without cells.
    pub(crate) fn clear(&mut self) {
        self.text.clear();
        self.ends.clear();
    }

    /// Adds a cell with this text.
    pub(crate) fn push(&mut self, cell: &str) {
        self.text.push_str(cell);
        self.ends.push(self.text.len());
    }
}

impl Parser {
    pub(crate) fn new(mut window: Window, delimiter: u8, max_record_bytes: usize) -> Self {
        let byte_order_mark = window.skip_byte_order_mark();
        Parser { window, delimiter, max_record_bytes, byte_order_mark, crlf: false, failed: false }
    }

    /// Whether the file begins with a byte order mark.
    pub(crate) fn has_byte_order_mark(&self) -> bool {
        self.byte_order_mark
    }

    /// Whether the line last read ended in CR LF.
    pub(crate) fn has_crlf(&self) -> bool {
        self.crlf
    }

    /// The longest row.
    pub(crate) fn max_record_bytes(&self) -> usize {
        self.max_record_bytes
    }

    /// Separates cells by this from now on.
    pub(crate) fn set_delimiter(&mut self, delimiter: u8) {
        self.delimiter = delimiter;
    }

    /// Whether at least one line was read.
    pub(crate) fn has_lines(&self) -> bool {
        self.window.line() > 1
    }

    /// Reads past a line `sep=;` at the start of the file; the delimiter that it names.
    pub(crate) fn skip_separator_line(&mut self) -> Result<Option<u8>> {
        for (at, expected) in b"sep=".iter().enumerate() {
            if self.peek(at)? != Some(*expected) {
                return Ok(None);
            }
        }
        let (Some(delimiter), Some(end)) = (self.peek(4)?, self.peek(5)?) else { return Ok(None) };
        let length = match (end, self.peek(6)?) {
            (b'\r', Some(b'\n')) => 7,
            (b'\n' | b'\r', _) => 6,
            _ => return Ok(None),
        };
        if !delimiter.is_ascii() || matches!(delimiter, b'"' | b'\n' | b'\r' | b'\0') {
            return Ok(None);
        }
        self.window.consume(length);
        Ok(Some(delimiter))
    }

    /// Moves to the first line that is not blank.
    pub(crate) fn skip_blank_lines(&mut self) -> Result<()> {
        while let Some(b'\n' | b'\r') = self.peek(0)? {
            self.window.consume(1);
        }
        Ok(())
    }

    /// Reads a row; false at the end of the file and after an error.
    pub(crate) fn read(&mut self, row: &mut RawRow) -> Result<bool> {
        if self.failed {
            return Ok(false);
        }
        match self.look(row) {
            Ok(Some(length)) => {
                self.consume(length);
                Ok(true)
            }
            Ok(None) => Ok(false),
            Err(error) => {
                self.failed = true;
                Err(error)
            }
        }
    }

    /// Where the parser stands.
    pub(crate) fn place(&self) -> Place {
        self.window.place()
    }

    /// Moves on by so many bytes.
    pub(crate) fn consume(&mut self, length: usize) {
        self.window.consume(length);
    }

    /// Moves past the next line end, whatever stands before it.
    pub(crate) fn skip_line(&mut self) -> Result<()> {
        loop {
            let bytes = self.window.bytes();
            if let Some(length) = memchr2(b'\n', b'\r', bytes) {
                self.window.consume(length + 1);
                return Ok(());
            }
            let length = bytes.len();
            self.window.consume(length);
            if !self.window.more()? {
                return Ok(());
            }
        }
    }

    /// Reads a row without moving past it; gives its length, or none at the end of the file.
    pub(crate) fn look(&mut self, row: &mut RawRow) -> Result<Option<usize>> {
        self.skip_blank_lines()?;
        if self.peek(0)?.is_none() {
            return Ok(None);
        }
        row.line = self.window.line();
        row.ends.clear();
        let mut cells = std::mem::take(&mut row.text).into_bytes();
        cells.clear();
        let mut at = 0;
        let end = loop {
            at = if self.peek(at)? == Some(b'"') {
                self.quoted(at, &mut cells)?
            } else {
                self.unquoted(at, &mut cells)?
            };
            row.ends.push(cells.len());
            if at > self.max_record_bytes {
                return Err(too_long(row.line, self.max_record_bytes));
            }
            match self.peek(at)? {
                Some(byte) if byte == self.delimiter => at += 1,
                Some(b'\n') => break at + 1,
                Some(b'\r') => {
                    self.crlf = self.peek(at + 1)? == Some(b'\n');
                    break at + 1 + usize::from(self.crlf);
                }
                Some(_) => {
                    let place = self.window.place_of(at);
                    return Err(place.on(Error::corrupt("there is text after the closing quote of a cell")));
                }
                None => break at,
            }
        };
        row.text = String::from_utf8(cells).map_err(|_| self.not_utf8(end))?;
        if !row.ends.iter().all(|end| row.text.is_char_boundary(*end)) {
            return Err(self.not_utf8(end));
        }
        Ok(Some(end))
    }

    /// The byte at a position behind the start of the window; none at the end of the file.
    pub(crate) fn peek(&mut self, at: usize) -> Result<Option<u8>> {
        while at >= self.window.bytes().len() {
            if !self.window.more()? {
                return Ok(None);
            }
        }
        Ok(Some(self.window.bytes()[at]))
    }

    fn more(&mut self, at: usize) -> Result<bool> {
        if at > self.max_record_bytes {
            return Err(too_long(self.window.line(), self.max_record_bytes));
        }
        self.window.more()
    }

    fn unquoted(&mut self, mut at: usize, cells: &mut Vec<u8>) -> Result<usize> {
        loop {
            let rest = &self.window.bytes()[at..];
            if let Some(length) = memchr3(self.delimiter, b'\n', b'\r', rest) {
                cells.extend_from_slice(&rest[..length]);
                return Ok(at + length);
            }
            cells.extend_from_slice(rest);
            at += rest.len();
            if !self.more(at)? {
                return Ok(at);
            }
        }
    }

    fn quoted(&mut self, open: usize, cells: &mut Vec<u8>) -> Result<usize> {
        let mut at = open + 1;
        loop {
            let rest = &self.window.bytes()[at..];
            if let Some(length) = memchr(b'"', rest) {
                cells.extend_from_slice(&rest[..length]);
                at += length + 1;
                if self.peek(at)? != Some(b'"') {
                    return Ok(at);
                }
                cells.push(b'"');
                at += 1;
                continue;
            }
            cells.extend_from_slice(rest);
            at += rest.len();
            if !self.more(at)? {
                let place = self.window.place_of(open);
                return Err(place.on(Error::corrupt("a quoted cell is never closed")));
            }
        }
    }

    fn not_utf8(&self, end: usize) -> Error {
        let raw = &self.window.bytes()[..end];
        let valid = std::str::from_utf8(raw).map_or_else(|error| error.valid_up_to(), str::len);
        self.window.place_of(valid).on(Error::corrupt("the text is not UTF-8").with_hint("save the file as UTF-8"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dataknobs_data_core::ErrorKind;

    fn rows(bytes: &[u8]) -> Result<Vec<Vec<String>>> {
        let window = Window::new(Box::new(std::io::Cursor::new(bytes.to_vec())))?;
        let mut parser = Parser::new(window, b',', 1000);
        let mut row = RawRow::default();
        let mut rows = Vec::new();
        while parser.read(&mut row)? {
            rows.push((0..row.len()).map(|cell| row.cell(cell).to_owned()).collect());
        }
        Ok(rows)
    }

    #[test]
    fn the_grammar_is_read() {
        let cases: [(&[u8], &[&[&str]]); 8] = [
            (b"a,b\n1,2\n", &[&["a", "b"], &["1", "2"]]),
            (b"\xEF\xBB\xBFa,b\r\n1,2", &[&["a", "b"], &["1", "2"]]),
            (b"a\r\n\r\n\"x\"\"y\r\nz\"\r\n", &[&["a"], &["x\"y\r\nz"]]),
            (b",\n,\n", &[&["", ""], &["", ""]]),
            (b"a,\"\"\n", &[&["a", ""]]),
            (b"5\" pipe, \"q\"\n", &[&["5\" pipe", " \"q\""]]),
            (b"a\rb\r", &[&["a"], &["b"]]),
            (b"", &[]),
        ];
        for (text, expected) in cases {
            assert_eq!(rows(text).unwrap(), expected, "{:?}", String::from_utf8_lossy(text));
        }
    }

    #[test]
    fn damage_shows_with_its_place() {
        let cases: [(&[u8], &str, &str); 5] = [
            (b"a,b\n1,\"2\n3,4\n", "2", "3"),
            (b"a\n\"x\"y\n", "2", "4"),
            (b"a\nb\n\xFF\n", "3", "1"),
            (b"a,b\n\"\xC3\",\xA9\n", "2", "2"),
            (b"a,b\nx\xC3,\xA9\n", "2", "2"),
        ];
        for (text, line, column) in cases {
            let error = rows(text).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Corrupt);
            assert_eq!(error.context_value("line"), Some(line), "{:?}", String::from_utf8_lossy(text));
            assert_eq!(error.context_value("column"), Some(column), "{:?}", String::from_utf8_lossy(text));
        }
        let long = [b"a\n".to_vec(), vec![b'x'; 2000]].concat();
        assert_eq!(rows(&long).unwrap_err().context_value("line"), Some("2"));
        let long = [b"a\n".to_vec(), b"x,".repeat(1000)].concat();
        assert_eq!(rows(&long).unwrap_err().context_value("line"), Some("2"));
    }
}
