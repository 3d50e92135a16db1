//! Patterns of LIKE, and wider ones that stand for what SQL cannot say.

use crate::document::text::encode;

/// The first text behind all that begin with this one.
pub(crate) fn after_all_with(start: &str) -> Option<String> {
    let mut characters: Vec<char> = start.chars().collect();
    while let Some(last) = characters.pop() {
        // Surrogates are no characters.
        let next = if last == '\u{D7FF}' { Some('\u{E000}') } else { char::from_u32(u32::from(last) + 1) };
        if let Some(next) = next {
            characters.push(next);
            return Some(characters.into_iter().collect());
        }
    }
    None
}

/// A LIKE pattern as SQL has it.
pub(crate) struct LikeForm {
    pub(crate) pattern: String,
    /// What every match begins with.
    pub(crate) start: String,
    /// Whether `_` has to take the two characters of an escape for one.
    pub(crate) takes_one: bool,
    pub(crate) is_exact: bool,
}

impl LikeForm {
    /// For texts behind the escape of the document layout.
    pub(crate) fn of(pattern: &str) -> Self {
        let mut form = LikeForm { pattern: String::new(), start: String::new(), takes_one: false, is_exact: true };
        let (mut has_control, mut after_run, mut wild) = (false, false, false);
        let mut characters = pattern.chars();
        while let Some(character) = characters.next() {
            let literal = match character {
                '%' | '_' => {
                    form.takes_one |= character == '_';
                    form.pattern.push(character);
                    (after_run, wild) = (true, true);
                    continue;
                }
                '\\' => characters.next().unwrap_or('\\'),
                other => other,
            };
            has_control |= literal <= '\u{3}';
            form.is_exact &= !(after_run && matches!(literal, '\u{2}' | '\u{3}'));
            after_run = false;
            for character in encode(literal.encode_utf8(&mut [0; 4])).chars() {
                if matches!(character, '%' | '_' | '\\') {
                    form.pattern.push('\\');
                }
                form.pattern.push(character);
                if !wild {
                    form.start.push(character);
                }
            }
        }
        form.is_exact &= !(form.takes_one && has_control);
        form
    }

    /// For texts as they are, which hold no U+0000; none where the pattern wants one.
    pub(crate) fn plain(pattern: &str) -> Option<&str> {
        (!pattern.contains('\0')).then_some(pattern)
    }
}

/// A pattern for the lower case of a text that takes at least what the literal finds in any case:
/// whatever has another form than ASCII's own two may be any text.
fn loose(text: &str, out: &mut String) {
    for character in text.chars() {
        match character.to_ascii_lowercase() {
            // U+212A and U+017F fold to k and s.
            'k' | 's' => out.push('%'),
            '_' | '%' | '\\' => {
                out.push('\\');
                out.push(character);
            }
            character if character.is_ascii() && !character.is_ascii_control() => out.push(character),
            _ => out.push('%'),
        }
    }
}

/// An ILIKE pattern as a LIKE pattern for the lower case of a text, which takes at least as much.
pub(crate) fn loose_like(pattern: &str) -> String {
    let mut wide = String::new();
    let mut characters = pattern.chars();
    while let Some(character) = characters.next() {
        match character {
            '%' | '_' => wide.push('%'),
            '\\' => loose(characters.next().unwrap_or('\\').encode_utf8(&mut [0; 4]), &mut wide),
            other => loose(other.encode_utf8(&mut [0; 4]), &mut wide),
        }
    }
    wide
}

/// LIKE patterns for the lower case of a text, each of which takes every text with all these words.
pub(crate) fn loose_words(words: &str) -> Vec<String> {
    let mut patterns = Vec::new();
    // White space parts words whatever else does. A dot above may come from one letter with its `i`.
    for word in words.split_whitespace().filter(|word| !word.contains('\u{307}')).take(8) {
        let letters = word.split(|character: char| !character.is_ascii_alphanumeric());
        let Some(part) = letters.max_by_key(|part| part.len()).filter(|part| part.len() > 1) else { continue };
        let mut wide = "%".to_owned();
        loose(part, &mut wide);
        wide.push('%');
        patterns.push(wide);
    }
    patterns
}
