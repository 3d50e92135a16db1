//! Where the objects of a JSON array begin and end.
//!
//! Only strings and braces are looked at: whether the text of an object is JSON is for those who
//! read it.

use memchr::{memchr2, memchr3};

use super::{Cut, Irregular, after_byte_order_mark};

/// Where in the array a block begins.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Place {
    /// Whether elements stand before it.
    is_later: bool,
    /// The same of the block behind it.
    is_next_later: bool,
}

impl Place {
    /// Finds the elements in bytes that begin behind an element, or behind the bracket.
    pub(super) fn cut(&mut self, bytes: &[u8], elements: &mut Vec<(u32, u32)>) -> Result<Cut, Irregular> {
        elements.clear();
        let (mut is_later, mut is_owed, mut is_closed) = (self.is_later, false, false);
        let mut end = 0;
        let mut at = 0;
        let is_whole = loop {
            at += bytes[at..].iter().take_while(|byte| is_space(**byte)).count();
            match bytes.get(at) {
                None => break true,
                Some(b']') if !is_owed && !is_closed => is_closed = true,
                Some(b',') if is_later && !is_owed && !is_closed => is_owed = true,
                Some(b'{') if is_later == is_owed && !is_closed => {
                    let Some(behind) = object_end(bytes, at) else { break false };
                    elements.push((at as u32, behind as u32));
                    (is_later, is_owed) = (true, false);
                    end = behind;
                    at = behind;
                    continue;
                }
                Some(_) => return Err(Irregular),
            }
            at += 1;
        };
        self.is_next_later = is_later;
        Ok(Cut { end, open: !(is_whole && is_closed) })
    }

    /// The block is taken.
    pub(super) fn move_on(&mut self) {
        self.is_later = self.is_next_later;
    }
}

/// Behind the bracket that opens the array; none where it is further on.
pub(super) fn first(bytes: &[u8]) -> Result<Option<usize>, Irregular> {
    let start = after_byte_order_mark(bytes);
    match bytes[start..].iter().position(|byte| !is_space(*byte)) {
        None => Ok(None),
        Some(at) if bytes[start + at] == b'[' => Ok(Some(start + at + 1)),
        Some(_) => Err(Irregular),
    }
}

fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}

/// Behind the brace that closes the one here.
fn object_end(bytes: &[u8], open: usize) -> Option<usize> {
    let mut depth = 0_usize;
    let mut at = open;
    loop {
        at += memchr3(b'"', b'{', b'}', bytes.get(at..)?)?;
        match bytes[at] {
            b'{' => depth += 1,
            b'}' => {
                depth -= 1;
                if depth == 0 {
                    return Some(at + 1);
                }
            }
            _ => at = string_end(bytes, at)?,
        }
        at += 1;
    }
}

/// The quote that closes the string which opens here.
fn string_end(bytes: &[u8], open: usize) -> Option<usize> {
    let mut at = open + 1;
    loop {
        at += memchr2(b'"', b'\\', bytes.get(at..)?)?;
        if bytes[at] == b'"' {
            return Some(at);
        }
        at += 2;
    }
}
