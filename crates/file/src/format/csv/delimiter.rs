//! What separates the cells of a file that nobody described.

use dataknobs_data_core::Result;

use super::parse::Parser;

/// What separates cells in files that are called CSV and have no commas, the likeliest first.
const OTHER_DELIMITERS: [u8; 3] = [b';', b'\t', b'|'];

/// Whether a cell of a header, without quotes, could mislead [`of_header`].
pub(super) fn is_ambiguous(name: &str) -> bool {
    name.bytes().any(|byte| byte == b',' || OTHER_DELIMITERS.contains(&byte))
}

/// The delimiter of the header: `expected` if it stands there outside of quotes, else the one of
/// [`OTHER_DELIMITERS`] that stands there most often, else `expected`.
pub(super) fn of_header(parser: &mut Parser, expected: u8) -> Result<u8> {
    let mut counts = [0_u64; OTHER_DELIMITERS.len()];
    let mut quoted = false;
    parser.skip_blank_lines()?;
    let mut at = 0;
    while let Some(byte) = parser.peek(at)? {
        match byte {
            b'"' => quoted = !quoted,
            _ if quoted => {}
            b'\n' | b'\r' => break,
            byte if byte == expected => return Ok(expected),
            byte => {
                if let Some(position) = OTHER_DELIMITERS.iter().position(|other| *other == byte) {
                    counts[position] += 1;
                }
            }
        }
        at += 1;
        if at > parser.max_record_bytes() {
            // Reading the header says so.
            return Ok(expected);
        }
    }
    let best = OTHER_DELIMITERS.iter().zip(counts).rev().max_by_key(|(_, count)| *count);
    Ok(best.filter(|(_, count)| *count > 0).map_or(expected, |(delimiter, _)| *delimiter))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::window::Window;

    fn of(text: &str) -> u8 {
        let window = Window::new(Box::new(std::io::Cursor::new(text.as_bytes().to_vec()))).unwrap();
        of_header(&mut Parser::new(window, b',', 1000), b',').unwrap()
    }

    #[test]
    fn the_header_tells_its_delimiter() {
        let cases = [
            ("a,b;c;d\n", b','),
            ("a;b|c\n1,2\n", b';'),
            ("\n\na|b|c;d", b'|'),
            ("a\tb\r\n", b'\t'),
            ("\"a;b\"\n", b','),
            ("\"a,b\";c\n", b';'),
            ("\"a\"\"\n\"\"\";c\n", b';'),
            ("a\n1;2\n", b','),
            ("", b','),
        ];
        for (text, delimiter) in cases {
            assert_eq!(of(text), delimiter, "{text:?}");
        }
        assert_eq!(of(&format!("{};b\n", "a".repeat(2000))), b',');
        assert!(is_ambiguous("a;b") && is_ambiguous("a,b") && !is_ambiguous("a b"));
    }
}
