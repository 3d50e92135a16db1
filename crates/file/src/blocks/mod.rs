//! A file in blocks that begin and end where rows do, so that several threads can read it at a time.

pub(crate) mod delimited;
mod elements;
mod keys;

use std::io::Read;

use dataknobs_data_core::{Condition, Record};
use foldhash::fast::RandomState;
use memchr::{memchr, memrchr};

use crate::key::Key;

pub(crate) use keys::{Keys, Known, Verdict};

/// Something that only those who read record by record can answer, or say what is wrong with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Irregular;

/// The first block is small, so that a small limit reads little; each is twice the one before, up to
/// the greatest.
const FIRST: usize = 128 * 1024;

/// Longer rows are left to others.
const LONGEST: usize = 1024 * 1024 * 1024;

/// What rows look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RowForm {
    /// Cells under a header.
    Delimited(u8),
    /// One a line.
    Lines,
    /// Objects of a JSON array.
    Elements,
}

/// Cuts a file into blocks.
pub(crate) struct Blocks {
    input: Box<dyn Read + Send>,
    form: RowForm,
    max_record_bytes: usize,
    /// Bytes behind the last block that were read with it.
    carry: Vec<u8>,
    size: usize,
    greatest: usize,
    next: usize,
    elements: elements::Place,
    at_start: bool,
    ended: bool,
}

/// The bytes of a block, and room for more.
#[derive(Default)]
pub(crate) struct Buffer {
    bytes: Vec<u8>,
    length: usize,
    /// From where to where each element of a JSON array is.
    elements: Vec<(u32, u32)>,
}

/// A block in a buffer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Block {
    /// Its number, from 0.
    pub(crate) number: usize,
    pub(crate) has_quotes: bool,
}

/// What records of blocks are wanted.
pub(crate) struct Wish<'a> {
    pub(crate) key: &'a Key,
    /// Records that do not fit it are left out.
    pub(crate) condition: &'a Condition,
    pub(crate) with_versions: bool,
    pub(crate) max_record_bytes: usize,
    /// By which keys are known again in all blocks.
    pub(crate) hasher: RandomState,
}

/// The records of a block, or those that pass.
pub(crate) struct BlockRecords {
    /// How many rows it has.
    pub(crate) rows: u64,
    /// The records, with the places of their rows.
    pub(crate) records: Vec<(u32, Record)>,
    pub(crate) keys: Keys,
}

/// How far rows go.
struct Cut {
    /// Behind the last whole row; 0 where there is none.
    end: usize,
    /// Whether the bytes end where a file cannot.
    open: bool,
}

impl Buffer {
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes[..self.length]
    }

    /// The places of a JSON array's elements.
    pub(crate) fn elements(&self) -> &[(u32, u32)] {
        &self.elements
    }

    fn room(&mut self, more: usize) {
        if self.bytes.len() < self.length + more {
            self.bytes.resize(self.length + more, 0);
        }
    }
}

impl Blocks {
    /// Of a file from its start, in blocks of at most about so many bytes.
    pub(crate) fn new(input: Box<dyn Read + Send>, form: RowForm, max_record_bytes: usize, greatest: usize) -> Self {
        Blocks {
            input,
            form,
            max_record_bytes,
            carry: Vec::new(),
            size: FIRST.min(greatest),
            greatest,
            next: 0,
            elements: elements::Place::default(),
            at_start: true,
            ended: false,
        }
    }

    /// Reads the next block; none at the end of the file, and behind what is irregular. That has the
    /// number of a block, too.
    pub(crate) fn next(&mut self, buffer: &mut Buffer) -> Result<Option<Block>, (usize, Irregular)> {
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
                match self.first_row(buffer.bytes())? {
                    Some(first) => start = first,
                    // No header, no rows; but an array has its brackets.
                    None if self.ended && self.form == RowForm::Elements => return Err(Irregular),
                    None if self.ended => return Ok(None),
                    None => {
                        self.grown_too_far(buffer)?;
                        continue;
                    }
                }
            }
            let bytes = &buffer.bytes[start..buffer.length];
            let has_quotes = memchr(b'"', bytes).is_some();
            let Cut { end, open } = match self.form {
                RowForm::Delimited(delimiter) => delimited::cut(bytes, delimiter, has_quotes),
                RowForm::Lines => Cut { end: newline_end(bytes), open: false },
                RowForm::Elements => self.elements.cut(bytes, &mut buffer.elements)?,
            };
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
            self.elements.move_on();
            self.size = self.greatest.min(self.size * 2);
            return Ok(Some(has_quotes));
        }
    }

    /// Where the first row begins; none where that is further on.
    fn first_row(&self, bytes: &[u8]) -> Result<Option<usize>, Irregular> {
        match self.form {
            RowForm::Delimited(delimiter) => Ok(delimited::header_end(bytes, delimiter)),
            RowForm::Lines => Ok(Some(after_byte_order_mark(bytes))),
            RowForm::Elements => elements::first(bytes),
        }
    }

    fn fill(&mut self, buffer: &mut Buffer) -> Result<(), Irregular> {
        let goal = buffer.length + self.size;
        buffer.room(self.size);
        while buffer.length < goal {
            match self.input.read(&mut buffer.bytes[buffer.length..goal]) {
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
        let longest = self.max_record_bytes.min(LONGEST) + 2 * self.greatest;
        if buffer.length > longest { Err(Irregular) } else { Ok(()) }
    }
}

/// Behind the last line end; 0 where there is none.
fn newline_end(bytes: &[u8]) -> usize {
    memrchr(b'\n', bytes).map_or(0, |at| at + 1)
}

fn after_byte_order_mark(bytes: &[u8]) -> usize {
    if bytes.starts_with(b"\xEF\xBB\xBF") { 3 } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::delimited::last_row_end;
    use super::*;

    fn blocks(text: &[u8]) -> Result<Vec<Vec<u8>>, (usize, Irregular)> {
        blocks_of(text, RowForm::Delimited(b','))
    }

    fn blocks_of(text: &[u8], form: RowForm) -> Result<Vec<Vec<u8>>, (usize, Irregular)> {
        let mut blocks = Blocks::new(Box::new(std::io::Cursor::new(text.to_vec())), form, 100, 8);
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

    #[test]
    fn blocks_of_an_array_hold_whole_elements() {
        let form = RowForm::Elements;
        let elements = |text: &str| {
            let mut blocks = Blocks::new(Box::new(std::io::Cursor::new(text.to_owned().into_bytes())), form, 100, 8);
            let mut buffer = Buffer::default();
            let mut found = Vec::new();
            while blocks.next(&mut buffer)?.is_some() {
                let block = std::str::from_utf8(buffer.bytes()).unwrap();
                found.extend(
                    buffer.elements().iter().map(|(start, end)| block[*start as usize..*end as usize].to_owned()),
                );
            }
            Ok::<_, (usize, Irregular)>(found)
        };
        let whole = [
            ("[]", vec![]),
            ("\u{feff} [ {} ]\n", vec!["{}"]),
            (
                r#"[{"a": "}\"{"}, {"b": {"c": {}}},{"d": "\\"}]"#,
                vec![r#"{"a": "}\"{"}"#, r#"{"b": {"c": {}}}"#, r#"{"d": "\\"}"#],
            ),
            (
                "[\n{\"long\": \"0123456789012345678901234567890123456789\"}\n,\n{}\n]\n",
                vec!["{\"long\": \"0123456789012345678901234567890123456789\"}", "{}"],
            ),
        ];
        for (text, expected) in whole {
            assert_eq!(elements(text).unwrap(), expected, "{text}");
        }
        for text in [
            "", " ", "{}", "[", "[{}", "[{},", "[{},]", "[,{}]", "[{} {}]", "[{},,{}]", "[{}]]", "[{}],", "[1]", "[{]",
            "[{\"}]",
        ] {
            assert!(elements(text).is_err(), "{text}");
        }
        assert!(elements(&format!("[{{\"a\": \"{}\"}}]", "x".repeat(1000))).is_err());
    }

    #[test]
    fn blocks_of_lines_hold_whole_lines() {
        let text = b"\xEF\xBB\xBF{\"a\": 1}\n\n{\"a\": 22222222222222222}\n{}";
        let found = blocks_of(text, RowForm::Lines).unwrap();
        assert!(found.iter().all(|block| block.ends_with(b"\n")));
        assert_eq!(found.concat(), [&text[3..], b"\n"].concat());
        assert!(blocks_of(&[b'x'; 1000], RowForm::Lines).is_err());
        assert_eq!(blocks_of(b"", RowForm::Lines).unwrap().concat(), b"");
    }
}
