//! The rows of a damaged CSV file.

use std::io::Cursor;
use std::sync::Arc;

use dataknobs_data_core::{Error, Result};

use super::text::{Piece, Pieces, Text};
use crate::format::csv::{CsvLayout, Parser, RawRow};
use crate::window::Window;

/// Damage that no row after it has ended yet.
struct Gap {
    start: usize,
    reason: Error,
    /// Whether a quote is among the damage, so that what looks like a row may be part of a cell.
    in_doubt: bool,
}

/// The rows that can be read, and the length of the header with what stands before it.
///
/// Behind damage it goes on at the next line. Where a quote may be missing, that is the first line
/// of two rows with as many cells as the header and no quote out of place.
pub(super) fn rows(text: &Text, layout: &CsvLayout, limit: usize) -> Result<(usize, Pieces)> {
    let mut parser = Parser::new(Window::new(Box::new(Cursor::new(Arc::clone(&text.bytes))))?, layout.delimiter, limit);
    let mut row = RawRow::default();
    if layout.separator_line {
        parser.skip_separator_line()?;
    }
    parser.read(&mut row)?;
    let header = byte_of(&parser);
    let mut pieces = Pieces::default();
    let mut gap: Option<Gap> = None;
    let mut candidate: Option<Piece> = None;
    let mut number = 0;
    loop {
        parser.skip_blank_lines()?;
        let start = byte_of(&parser);
        let found = match parser.look(&mut row) {
            Ok(None) => break,
            Ok(Some(length)) if row.len() == layout.columns.len() => Ok(length),
            Ok(Some(length)) => Err((ragged(layout, &row), Some(length))),
            Err(error) => Err((error, None)),
        };
        number += 1;
        match (found, &mut gap) {
            (Ok(length), None) => {
                parser.consume(length);
                pieces.rows.push(Piece { range: start..start + length, number });
            }
            (Ok(length), Some(open))
                if !open.in_doubt || has_quotes_in_place(&text.bytes[start..start + length], layout.delimiter) =>
            {
                parser.consume(length);
                let piece = Piece { range: start..start + length, number };
                match candidate.take() {
                    None if open.in_doubt => candidate = Some(piece),
                    before => {
                        let end = before.as_ref().map_or(start, |before| before.range.start);
                        close(&mut gap, end, &mut pieces);
                        pieces.rows.extend(before);
                        pieces.rows.push(piece);
                    }
                }
            }
            (found, _) => {
                let (reason, length) = match found {
                    Ok(length) => (Error::corrupt("there is a quote in a cell without quotes"), Some(length)),
                    Err(bad) => bad,
                };
                candidate = None;
                parser.skip_line()?;
                let line = &text.bytes[start..byte_of(&parser)];
                let in_doubt = memchr::memchr_iter(b'"', line).count() % 2 == 1
                    || length.is_some_and(|length| length > line.len());
                match &mut gap {
                    Some(open) => open.in_doubt |= in_doubt,
                    None => gap = Some(Gap { start, reason, in_doubt }),
                }
            }
        }
    }
    let end = candidate.as_ref().map_or(text.bytes.len(), |piece| piece.range.start);
    close(&mut gap, end, &mut pieces);
    pieces.rows.extend(candidate);
    Ok((header, pieces))
}

fn close(gap: &mut Option<Gap>, end: usize, pieces: &mut Pieces) {
    if let Some(gap) = gap.take() {
        pieces.skip(gap.start..end, gap.reason);
    }
}

fn ragged(layout: &CsvLayout, row: &RawRow) -> Error {
    Error::corrupt("a row has more or fewer cells than the header")
        .with_context("expected", layout.columns.len())
        .with_context("found", row.len())
}

fn byte_of(parser: &Parser) -> usize {
    usize::try_from(parser.place().byte).unwrap_or(usize::MAX)
}

/// Whether quotes stand only around cells, and doubled in them.
fn has_quotes_in_place(row: &[u8], delimiter: u8) -> bool {
    let (mut is_start, mut in_quotes) = (true, false);
    for byte in row {
        match byte {
            // The second of two opens the cell again.
            b'"' if in_quotes => (in_quotes, is_start) = (false, true),
            b'"' if is_start => (in_quotes, is_start) = (true, false),
            b'"' => return false,
            _ if in_quotes => {}
            byte => is_start = *byte == delimiter || matches!(byte, b'\n' | b'\r'),
        }
    }
    true
}
