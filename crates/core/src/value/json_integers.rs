//! Integers that a JSON parser reads as floats.

/// The numbers without fraction and exponent in a valid JSON text that serde_json gives as floats.
/// For readers that parse a text themselves; [`parse_json`](crate::parse_json) looks for them too.
///
/// ```
/// use dataknobs_data_core::OddIntegers;
/// let odd = OddIntegers::find(br#"{"a": 1, "b": [99999999999999999999]}"#);
/// assert_eq!(odd.too_large, Some((15, "b".to_owned())));
/// assert_eq!(OddIntegers::find(b"[-0]").without_negative_zeros(b"[-0]").unwrap(), b"[ 0]");
/// ```
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct OddIntegers {
    /// The byte offset of the first integer outside the 64-bit range, and the top-level member
    /// that holds it (empty where there is none).
    pub too_large: Option<(usize, String)>,
    /// Where each `-0` stands.
    negative_zeros: Vec<usize>,
}

impl OddIntegers {
    /// Looks through a valid JSON text.
    pub fn find(text: &[u8]) -> Self {
        let mut odd = OddIntegers::default();
        let mut depth = 0_usize;
        let mut name = String::new();
        let mut at = 0;
        while at < text.len() {
            match text[at] {
                b'"' => {
                    let start = at;
                    at = after_string(text, at + 1);
                    let is_name = text[at..].iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b':');
                    if depth <= 1 && is_name {
                        name = serde_json::from_slice(&text[start..at]).unwrap_or_default();
                    }
                }
                b'{' | b'[' => {
                    depth += 1;
                    at += 1;
                }
                b'}' | b']' => {
                    depth = depth.saturating_sub(1);
                    at += 1;
                }
                b'-' | b'0'..=b'9' => {
                    let is_part = |byte: &&u8| matches!(byte, b'-' | b'+' | b'.' | b'e' | b'E' | b'0'..=b'9');
                    let length = text[at..].iter().take_while(is_part).count();
                    let number = &text[at..at + length];
                    let is_integer = number.iter().all(|byte| matches!(byte, b'-' | b'0'..=b'9'));
                    if number == b"-0" {
                        odd.negative_zeros.push(at);
                    } else if is_integer && std::str::from_utf8(number).is_ok_and(|text| text.parse::<i64>().is_err()) {
                        odd.too_large.get_or_insert_with(|| (at, name.clone()));
                    }
                    at += length;
                }
                _ => at += 1,
            }
        }
        odd
    }

    /// The text with `0` for each `-0`; none when there is none.
    pub fn without_negative_zeros(&self, text: &[u8]) -> Option<Vec<u8>> {
        if self.negative_zeros.is_empty() {
            return None;
        }
        let mut text = text.to_vec();
        self.negative_zeros.iter().for_each(|at| text[*at] = b' ');
        Some(text)
    }
}

/// The first byte behind a string whose content begins at `at`.
fn after_string(text: &[u8], mut at: usize) -> usize {
    while let Some(found) = text.get(at..).and_then(|rest| memchr::memchr2(b'"', b'\\', rest)) {
        at += found;
        if text[at] == b'"' {
            return at + 1;
        }
        at += 2;
    }
    text.len()
}
