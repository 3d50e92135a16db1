//! Text in JSONB, which cannot hold U+0000.
//!
//! U+0000 is written as U+0001 U+0002, and U+0001 as U+0001 U+0003. The order of strings by code
//! point is the same with and without this escape, and so is whether one is the beginning of
//! another; a text without these two characters is written as it is.

use std::borrow::Cow;

/// The text as JSONB holds it.
pub(crate) fn encode(text: &str) -> Cow<'_, str> {
    if !text.bytes().any(|byte| byte < 2) {
        return Cow::Borrowed(text);
    }
    let mut encoded = String::with_capacity(text.len() + 8);
    for character in text.chars() {
        match character {
            '\0' => encoded.push_str("\u{1}\u{2}"),
            '\u{1}' => encoded.push_str("\u{1}\u{3}"),
            character => encoded.push(character),
        }
    }
    Cow::Owned(encoded)
}

/// The text that JSONB holds so.
pub(crate) fn decode(text: &str) -> Cow<'_, str> {
    if memchr::memchr(1, text.as_bytes()).is_none() {
        return Cow::Borrowed(text);
    }
    let mut decoded = String::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        decoded.push(match (character, characters.peek()) {
            ('\u{1}', Some('\u{2}')) => {
                characters.next();
                '\0'
            }
            ('\u{1}', Some('\u{3}')) => {
                characters.next();
                '\u{1}'
            }
            (character, _) => character,
        });
    }
    Cow::Owned(decoded)
}

/// Whether a literal that is looked for inside texts can be found where it is not: its first
/// character might be the second half of an escape.
pub(crate) fn may_be_half(text: &str) -> bool {
    text.starts_with(['\u{2}', '\u{3}'])
}

#[cfg(test)]
mod tests {
    use super::*;

    const ODD: [&str; 12] = [
        "",
        "a",
        "\0",
        "\u{1}",
        "\u{2}",
        "\u{3}",
        "\0\u{1}",
        "\u{1}\0",
        "a\0b",
        "\u{1}\u{2}",
        "\u{1}\u{3}",
        "\0\0\u{1}",
    ];

    #[test]
    fn every_text_comes_back() {
        for text in ODD {
            assert_eq!(decode(&encode(text)), text);
            assert!(!encode(text).contains('\0'));
        }
    }

    #[test]
    fn order_and_beginnings_are_kept() {
        for a in ODD {
            for b in ODD {
                assert_eq!(encode(a).as_ref().cmp(encode(b).as_ref()), a.cmp(b), "{a:?} {b:?}");
                assert_eq!(encode(a).starts_with(encode(b).as_ref()), a.starts_with(b), "{a:?} {b:?}");
            }
        }
    }
}
