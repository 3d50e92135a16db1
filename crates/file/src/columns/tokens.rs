//! Where the cells of a block are.

use crate::blocks::Irregular;
use crate::blocks::delimited::closing_quote;
use memchr::{memchr, memchr_iter, memchr3, memrchr};

/// Rows are found in regions of about this size, so that they are still in the cache when they are
/// decoded.
const REGION: usize = 64 * 1024;

/// Some whole rows of a block and the places of their cells.
pub(super) struct Cells<'a> {
    pub(super) text: &'a str,
    tokens: &'a Tokens,
    columns: usize,
}

/// The places of cells, to be used again and again.
#[derive(Default)]
pub(super) struct Tokens {
    /// Where each cell ends, row by row.
    ends: Vec<u32>,
    /// Where each row starts.
    starts: Vec<u32>,
    /// How many of `ends` are in use.
    count: usize,
}

/// The rules of a file.
#[derive(Debug, Clone, Copy)]
pub(super) struct Grammar {
    pub(super) delimiter: u8,
    pub(super) columns: usize,
    pub(super) max_record_bytes: usize,
}

impl<'a> Cells<'a> {
    pub(super) fn rows(&self) -> usize {
        self.tokens.starts.len()
    }

    /// From where to where a cell is, its quotes included.
    #[inline]
    pub(super) fn place(&self, row: usize, column: usize) -> (usize, usize) {
        let at = row * self.columns + column;
        let start = if column == 0 { self.tokens.starts[row] } else { self.tokens.ends[at - 1] + 1 };
        (start as usize, self.tokens.ends[at] as usize)
    }

    /// Whether a column has no text in any row.
    pub(super) fn is_blank(&self, column: usize) -> bool {
        (0..self.rows()).all(|row| self.text(row, column, &mut String::new()).is_empty())
    }

    /// The text of a cell; `unescaped` is used where quotes in it are doubled.
    #[inline]
    pub(super) fn text<'s>(&'s self, row: usize, column: usize, unescaped: &'s mut String) -> &'s str {
        let (start, end) = self.place(row, column);
        let text = &self.text[start..end];
        if text.as_bytes().first() == Some(&b'"') { unquoted(text, unescaped) } else { text }
    }
}

fn unquoted<'s>(text: &'s str, unescaped: &'s mut String) -> &'s str {
    let inner = &text[1..text.len() - 1];
    if memchr(b'"', inner.as_bytes()).is_none() {
        return inner;
    }
    unescaped.clear();
    unescaped.push_str(&inner.replace("\"\"", "\""));
    unescaped
}

impl Tokens {
    /// Finds the next rows of a block, from a position on. Gives where the next ones begin; rows may
    /// be none when only empty lines are left.
    pub(super) fn find(
        &mut self,
        block: &str,
        from: usize,
        has_quotes: bool,
        grammar: Grammar,
    ) -> Result<usize, Irregular> {
        let bytes = block.as_bytes();
        self.starts.clear();
        self.count = 0;
        if !has_quotes && grammar.columns > 1 {
            let region = region_end(bytes, from);
            if self.find_plain(bytes, from, region, grammar) {
                self.check_lengths(grammar)?;
                return Ok(region);
            }
            self.starts.clear();
            self.count = 0;
        }
        let end = self.find_any(bytes, from, grammar)?;
        self.check_lengths(grammar)?;
        Ok(end)
    }

    pub(super) fn cells<'a>(&'a self, text: &'a str, columns: usize) -> Cells<'a> {
        Cells { text, tokens: self, columns }
    }

    fn check_lengths(&self, grammar: Grammar) -> Result<(), Irregular> {
        let last_ends = self.ends[..self.count].chunks(grammar.columns).filter_map(|row| row.last());
        let fits = |(start, end): (&u32, &u32)| ((end - start) as usize) <= grammar.max_record_bytes;
        if self.starts.iter().zip(last_ends).all(fits) { Ok(()) } else { Err(Irregular) }
    }

    /// Finds the cells of rows without quotes whose line ends are all alike and no line is empty.
    /// False where that is not so.
    fn find_plain(&mut self, bytes: &[u8], from: usize, end: usize, grammar: Grammar) -> bool {
        let region = &bytes[from..end];
        let columns = grammar.columns;
        if self.ends.len() < region.len() + 64 {
            self.ends.resize(region.len() + 64, 0);
        }
        let mut count = 0;
        let mut chunks = region.chunks_exact(64);
        let mut base = from as u32;
        for chunk in &mut chunks {
            let mut found = structural_bits(chunk, grammar.delimiter);
            let here = &mut self.ends[count..count + 64];
            let number = found.count_ones() as usize;
            let mut written = 0;
            // Eight at a time, of which some may be too many, spares guesses about the number.
            while written < number {
                for place in &mut here[written..written + 8] {
                    *place = base + found.trailing_zeros();
                    found &= found.wrapping_sub(1);
                }
                written += 8;
            }
            count += number;
            base += 64;
        }
        for (at, byte) in chunks.remainder().iter().enumerate() {
            if *byte == grammar.delimiter || *byte == b'\n' {
                self.ends[count] = base + at as u32;
                count += 1;
            }
        }
        let rows = count / columns;
        if count % columns != 0 || memchr_iter(b'\n', region).count() != rows {
            return false;
        }
        let carriage_returns = memchr_iter(b'\r', region).count();
        if carriage_returns != 0 && carriage_returns != rows {
            return false;
        }
        let mut start = from as u32;
        for row in self.ends[..count].chunks_exact_mut(columns) {
            self.starts.push(start);
            let last = &mut row[columns - 1];
            if bytes[*last as usize] != b'\n' {
                return false;
            }
            start = *last + 1;
            if carriage_returns > 0 {
                if *last == 0 || bytes[*last as usize - 1] != b'\r' {
                    return false;
                }
                *last -= 1;
            }
        }
        self.count = count;
        true
    }

    /// Finds the cells of any rows.
    fn find_any(&mut self, bytes: &[u8], from: usize, grammar: Grammar) -> Result<usize, Irregular> {
        let mut at = from;
        loop {
            while matches!(bytes.get(at), Some(b'\n' | b'\r')) {
                at += 1;
            }
            if at >= bytes.len() || at - from >= REGION {
                return Ok(at);
            }
            self.starts.push(at as u32);
            for column in 0..grammar.columns {
                let end = if bytes.get(at) == Some(&b'"') {
                    closing_quote(bytes, at).ok_or(Irregular)? + 1
                } else {
                    let rest = bytes.get(at..).ok_or(Irregular)?;
                    at + memchr3(grammar.delimiter, b'\n', b'\r', rest).ok_or(Irregular)?
                };
                let is_delimiter = match bytes.get(end) {
                    Some(byte) if *byte == grammar.delimiter => true,
                    Some(b'\n' | b'\r') => false,
                    _ => return Err(Irregular),
                };
                if is_delimiter == (column + 1 == grammar.columns) {
                    return Err(Irregular);
                }
                if self.count == self.ends.len() {
                    self.ends.resize(self.ends.len() * 2 + 64, 0);
                }
                self.ends[self.count] = end as u32;
                self.count += 1;
                at = end + 1;
            }
        }
    }
}

/// Where a region of whole rows without quotes ends.
fn region_end(bytes: &[u8], from: usize) -> usize {
    let goal = from + REGION;
    if goal >= bytes.len() {
        return bytes.len();
    }
    match memrchr(b'\n', &bytes[from..goal]) {
        Some(newline) => from + newline + 1,
        None => memchr(b'\n', &bytes[goal..]).map_or(bytes.len(), |newline| goal + newline + 1),
    }
}

/// The delimiters and line ends among 64 bytes, a bit each.
#[inline]
fn structural_bits(chunk: &[u8], delimiter: u8) -> u64 {
    let mut flags = [0_u8; 64];
    for (flag, byte) in flags.iter_mut().zip(chunk) {
        *flag = u8::from(*byte == delimiter) | u8::from(*byte == b'\n');
    }
    let mut bits = 0;
    for (at, eight) in flags.as_chunks::<8>().0.iter().enumerate() {
        // Brings the lowest bits of eight bytes together in the uppermost byte.
        let gathered = u64::from_le_bytes(*eight).wrapping_mul(0x0102_0408_1020_4080) >> 56;
        bits |= gathered << (at * 8);
    }
    bits
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(text: &str, columns: usize) -> Result<Vec<Vec<String>>, Irregular> {
        let has_quotes = text.contains('"');
        let grammar = Grammar { delimiter: b',', columns, max_record_bytes: 1000 };
        let mut tokens = Tokens::default();
        let mut found = Vec::new();
        let mut at = 0;
        while at < text.len() {
            at = tokens.find(text, at, has_quotes, grammar)?;
            let cells = tokens.cells(text, columns);
            for row in 0..cells.rows() {
                let cell = |column| cells.text(row, column, &mut String::new()).to_owned();
                found.push((0..columns).map(cell).collect());
            }
        }
        Ok(found)
    }

    #[test]
    fn cells_are_found_in_every_form_of_rows() {
        let cases: [(&str, usize, &[&[&str]]); 8] = [
            ("1,2\n3,4\n", 2, &[&["1", "2"], &["3", "4"]]),
            ("1,2\r\n3,4\r\n", 2, &[&["1", "2"], &["3", "4"]]),
            ("1,2\n\n\r\n3,4\r5,\n", 2, &[&["1", "2"], &["3", "4"], &["5", ""]]),
            ("\"a\"\"b\n,\",\"\"\n", 2, &[&["a\"b\n,", ""]]),
            ("5\" pipe, \"q\"\n", 2, &[&["5\" pipe", " \"q\""]]),
            ("a\n\nb\n", 1, &[&["a"], &["b"]]),
            (",,\n", 3, &[&["", "", ""]]),
            ("é,ü\n", 2, &[&["é", "ü"]]),
        ];
        for (text, columns, expected) in cases {
            assert_eq!(rows(text, columns).unwrap(), expected, "{text:?}");
        }
        for text in ["1\n", "1,2,3\n", "1,2\n3\n4,5,6\n", "\"a\"x,b\n", "1,\"2\n", "1,2\n\r3\n"] {
            assert_eq!(rows(text, 2), Err(Irregular), "{text:?}");
        }
        assert_eq!(rows(&format!("a,{}\n", "x".repeat(1000)), 2), Err(Irregular));
    }

    #[test]
    fn regions_follow_each_other_without_a_gap() {
        let text: String = (0..40_000).map(|row| format!("{row},\u{e9}{}\n", row % 977)).collect();
        let found = rows(&text, 2).unwrap();
        assert_eq!(found.len(), 40_000);
        assert!(found.iter().enumerate().all(|(row, cells)| cells[0] == row.to_string()));
    }
}
