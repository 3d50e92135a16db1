//! Where rows of cells begin and end.

use memchr::{memchr, memrchr};

use super::Cut;

/// The last row end among bytes that begin where a row does.
pub(super) fn cut(bytes: &[u8], delimiter: u8, has_quotes: bool) -> Cut {
    let (end, open) = if has_quotes { last_row_end(bytes, delimiter) } else { (super::newline_end(bytes), false) };
    Cut { end, open }
}

/// Behind the last line end that stands in no quoted cell, and whether the bytes end in such a cell.
/// A quote opens a cell only at the cell's start; elsewhere it is text.
pub(super) fn last_row_end(bytes: &[u8], delimiter: u8) -> (usize, bool) {
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
pub(crate) fn closing_quote(bytes: &[u8], open: usize) -> Option<usize> {
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
pub(super) fn header_end(bytes: &[u8], delimiter: u8) -> Option<usize> {
    let mut at = super::after_byte_order_mark(bytes);
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
