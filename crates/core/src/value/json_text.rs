//! JSON text in, without silent rounding, and out, with the one text of each float.

use std::io;

use serde::Serialize as _;
use serde_json::Value as Json;

use super::OddIntegers;

/// The shortest text that reads back as this float: plain from 1e-5 to below 1e16, always with a
/// fraction, else with an exponent without plus sign.
pub(crate) fn float_text(float: f64) -> String {
    format!("{float:?}")
}

/// A document without spaces, members in their own order.
pub(crate) fn compact_json(document: &Json) -> String {
    struct Compact;
    impl serde_json::ser::Formatter for Compact {
        fn write_f64<W: ?Sized + io::Write>(&mut self, writer: &mut W, float: f64) -> io::Result<()> {
            writer.write_all(float_text(float).as_bytes())
        }
    }
    let mut bytes = Vec::new();
    let written = document.serialize(&mut serde_json::Serializer::with_formatter(&mut bytes, Compact));
    debug_assert!(written.is_ok());
    String::from_utf8(bytes).unwrap_or_default()
}

/// What is wrong with a JSON text, and where.
///
/// ```
/// use dataknobs_data_core::{JsonFault, parse_json};
/// let fault: JsonFault = parse_json(b"{\"a\": 1,\n \"b\": }").unwrap_err();
/// assert_eq!((fault.line, fault.column), (2, 7));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JsonFault {
    /// From 1.
    pub line: usize,
    /// In bytes, from 1; 0 at the end of a line.
    pub column: usize,
    /// The top-level member that holds it; empty where there is none or it is not known.
    pub member: String,
    /// In words, never with the text itself.
    pub reason: String,
}

/// Reads one JSON document by the rules of values as JSON: a number without fraction and exponent
/// is an integer. Where the parser alone would make a float of one, it is refused when it is wider
/// than 64 bits, and `-0` is the integer 0.
///
/// ```
/// use dataknobs_data_core::parse_json;
/// assert_eq!(parse_json(b"[1.5]").unwrap(), serde_json::json!([1.5]));
/// assert_eq!(parse_json(b"[1, 99999999999999999999]").unwrap_err().column, 5);
/// ```
///
/// # Errors
/// The place and the reason.
pub fn parse_json(text: &[u8]) -> Result<Json, JsonFault> {
    let document = parse(text)?;
    let odd = OddIntegers::find(text);
    if let Some((at, member)) = odd.too_large {
        let before = &text[..at];
        let line_start = memchr::memrchr(b'\n', before).map_or(0, |newline| newline + 1);
        return Err(JsonFault {
            line: 1 + memchr::memchr_iter(b'\n', before).count(),
            column: 1 + at - line_start,
            member,
            reason: "an integer is outside the 64-bit range".to_owned(),
        });
    }
    odd.without_negative_zeros(text).map_or(Ok(document), |text| parse(&text))
}

fn parse(text: &[u8]) -> Result<Json, JsonFault> {
    serde_json::from_slice(text).map_err(|error| JsonFault {
        line: error.line(),
        column: error.column(),
        member: String::new(),
        reason: match error.classify() {
            serde_json::error::Category::Eof => "the text ends inside a value".to_owned(),
            _ => "this is not JSON".to_owned(),
        },
    })
}
