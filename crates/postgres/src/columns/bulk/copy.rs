//! The binary form of COPY on its way from the server.

use super::arrays::{Builders, Irregular};

const HEADER: &[u8; 11] = b"PGCOPY\n\xFF\r\n\0";

/// Takes the rows out of what a COPY sends.
#[derive(Default)]
pub(super) struct CopyReader {
    /// What came of a row that has not come to its end.
    pending: Vec<u8>,
    in_rows: bool,
    ended: bool,
}

/// What stands at the beginning of some bytes.
enum Next {
    /// A row, up to here.
    Row(usize),
    /// The beginning of something.
    Part,
    End,
}

impl CopyReader {
    /// Adds the rows of the next piece.
    pub(super) fn push(&mut self, piece: &[u8], builders: &mut Builders) -> Result<(), Irregular> {
        if self.pending.is_empty() {
            let taken = self.take(piece, builders)?;
            self.pending.extend_from_slice(&piece[taken..]);
            return Ok(());
        }
        let mut pending = std::mem::take(&mut self.pending);
        pending.extend_from_slice(piece);
        let taken = self.take(&pending, builders)?;
        pending.drain(..taken);
        self.pending = pending;
        Ok(())
    }

    /// Whether all of it came.
    pub(super) fn is_complete(&self) -> bool {
        self.ended && self.pending.is_empty()
    }

    /// Adds the whole rows, and gives the number of bytes they had.
    fn take(&mut self, bytes: &[u8], builders: &mut Builders) -> Result<usize, Irregular> {
        let mut at = 0;
        if !self.in_rows {
            // Signature, flags, and the length of an extension that nobody has defined.
            let Some(header) = bytes.get(..HEADER.len() + 8) else { return Ok(0) };
            if !header.starts_with(HEADER) || header[HEADER.len()..] != [0; 8] {
                return Err(Irregular);
            }
            self.in_rows = true;
            at = header.len();
        }
        while at < bytes.len() {
            match next(&bytes[at..])? {
                Next::Part => break,
                Next::Row(length) => {
                    builders.push(Fields { rest: &bytes[at + 2..at + length] })?;
                    at += length;
                }
                Next::End => {
                    self.ended = true;
                    at += 2;
                }
            }
        }
        Ok(at)
    }
}

#[inline]
fn next(bytes: &[u8]) -> Result<Next, Irregular> {
    let Some((count, _)) = bytes.split_first_chunk() else { return Ok(Next::Part) };
    let count = match i16::from_be_bytes(*count) {
        -1 => return Ok(Next::End),
        count => u16::try_from(count).map_err(|_| Irregular)?,
    };
    let mut at = 2;
    for _ in 0..count {
        let Some((length, _)) = bytes.get(at..).and_then(|rest| rest.split_first_chunk()) else {
            return Ok(Next::Part);
        };
        at += 4 + usize::try_from(i32::from_be_bytes(*length)).unwrap_or_default();
    }
    Ok(if at <= bytes.len() { Next::Row(at) } else { Next::Part })
}

/// The fields of a row that is whole.
struct Fields<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for Fields<'a> {
    type Item = Option<&'a [u8]>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        let (length, rest) = self.rest.split_first_chunk()?;
        match usize::try_from(i32::from_be_bytes(*length)) {
            Ok(length) => {
                let (field, rest) = rest.split_at_checked(length)?;
                self.rest = rest;
                Some(Some(field))
            }
            Err(_) => {
                self.rest = rest;
                Some(None)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::arrays::{Expected, Form};
    use super::*;

    /// Rows of an integer and a text.
    fn sent(rows: &[(i64, Option<&str>)]) -> Vec<u8> {
        let mut bytes = HEADER.to_vec();
        bytes.extend_from_slice(&[0; 8]);
        for (number, text) in rows {
            bytes.extend_from_slice(&2i16.to_be_bytes());
            bytes.extend_from_slice(&8i32.to_be_bytes());
            bytes.extend_from_slice(&number.to_be_bytes());
            match text {
                Some(text) => {
                    bytes.extend_from_slice(&(text.len() as i32).to_be_bytes());
                    bytes.extend_from_slice(text.as_bytes());
                }
                None => bytes.extend_from_slice(&(-1i32).to_be_bytes()),
            }
        }
        bytes.extend_from_slice(&(-1i16).to_be_bytes());
        bytes
    }

    #[test]
    fn pieces_of_any_size_give_the_same_rows() {
        let bytes = sent(&[(1, Some("a")), (2, None), (3, Some("")), (4, Some("some more"))]);
        for size in 1..=bytes.len() {
            let mut builders = Builders::new(&[Form::Integer, Form::Text], 0, &Expected::default());
            let mut reader = CopyReader::default();
            for piece in bytes.chunks(size) {
                assert!(!reader.is_complete());
                assert_eq!(reader.push(piece, &mut builders), Ok(()), "pieces of {size}");
            }
            assert!(reader.is_complete());
            let rows = builders.finish().unwrap();
            assert_eq!((rows.rows, rows.rising), (4, true));
            assert_eq!(format!("{:?}", rows.columns[1]).matches("null").count(), 1);
        }
    }

    #[test]
    fn what_is_no_copy_is_refused() {
        let builders = || Builders::new(&[Form::Integer, Form::Text], 0, &Expected::default());
        let mut wrong = sent(&[]);
        wrong[3] = b'x';
        assert_eq!(CopyReader::default().push(&wrong, &mut builders()), Err(Irregular));
        let mut short = sent(&[(1, Some("a"))]);
        short[20] = 1; // one field, where two are wanted
        assert_eq!(CopyReader::default().push(&short, &mut builders()), Err(Irregular));
    }
}
