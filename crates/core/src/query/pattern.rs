//! LIKE patterns and simple case folding.

use std::borrow::Cow;

/// One step of a LIKE pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// `%`: any run of characters.
    AnyRun,
    /// `_`: any one character.
    AnyOne,
    /// The character itself.
    Exactly(char),
}

/// The steps of a checked pattern.
pub(crate) fn parse_like(pattern: &str) -> Vec<Step> {
    let mut steps = Vec::with_capacity(pattern.len());
    let mut characters = pattern.chars();
    while let Some(character) = characters.next() {
        steps.push(match character {
            '%' => Step::AnyRun,
            '_' => Step::AnyOne,
            '\\' => Step::Exactly(characters.next().unwrap_or('\\')),
            other => Step::Exactly(other),
        });
    }
    steps
}

/// Whether the whole text matches: the set of reachable steps, character by character.
pub(crate) fn like_matches(steps: &[Step], text: &str) -> bool {
    let mut reachable = vec![false; steps.len() + 1];
    reachable[0] = true;
    spread_runs(steps, &mut reachable);
    for character in text.chars() {
        let mut next = vec![false; steps.len() + 1];
        for (position, step) in steps.iter().enumerate().filter(|(position, _)| reachable[*position]) {
            match step {
                Step::AnyRun => next[position] = true,
                Step::AnyOne => next[position + 1] = true,
                Step::Exactly(wanted) if *wanted == character => next[position + 1] = true,
                Step::Exactly(_) => {}
            }
        }
        spread_runs(steps, &mut next);
        reachable = next;
    }
    reachable[steps.len()]
}

/// A run may be empty, so the step behind it is reachable too.
fn spread_runs(steps: &[Step], reachable: &mut [bool]) {
    for (position, step) in steps.iter().enumerate() {
        if *step == Step::AnyRun && reachable[position] {
            reachable[position + 1] = true;
        }
    }
}

/// Unicode simple case folding of one character (CaseFolding.txt, statuses C and S).
pub(crate) fn fold_character(character: char) -> char {
    if character.is_ascii() {
        return character.to_ascii_lowercase();
    }
    unicode_case_mapping::case_folded(character).and_then(|folded| char::from_u32(folded.get())).unwrap_or(character)
}

/// Unicode simple case folding of a text.
pub(crate) fn fold_case(text: &str) -> Cow<'_, str> {
    if text.chars().all(|character| fold_character(character) == character) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.chars().map(fold_character).collect())
}

/// Whether every token of a MATCH query occurs in the text. Tokens are Unicode word segments
/// (UAX #29), lower-cased; a query without tokens matches nothing.
pub(crate) fn match_tokens(tokens: &[String], text: &str) -> bool {
    use unicode_segmentation::UnicodeSegmentation as _;
    if tokens.is_empty() {
        return false;
    }
    let mut missing: Vec<&String> = tokens.iter().collect();
    for word in text.unicode_words() {
        let word = word.to_lowercase();
        missing.retain(|token| **token != word);
        if missing.is_empty() {
            return true;
        }
    }
    false
}

/// The distinct tokens of a text, in order of appearance.
pub(crate) fn tokens_of(text: &str) -> Vec<String> {
    use unicode_segmentation::UnicodeSegmentation as _;
    let mut tokens: Vec<String> = Vec::new();
    for word in text.unicode_words() {
        let word = word.to_lowercase();
        if !tokens.contains(&word) {
            tokens.push(word);
        }
    }
    tokens
}

/// The relevance of a text for MATCH tokens: the mean share of the text's words that each token
/// makes up, between 0 and 1.
pub(crate) fn match_score(tokens: &[String], text: &str) -> f32 {
    use unicode_segmentation::UnicodeSegmentation as _;
    let words: Vec<String> = text.unicode_words().map(str::to_lowercase).collect();
    if words.is_empty() || tokens.is_empty() {
        return 0.0;
    }
    let hits = words.iter().filter(|word| tokens.contains(word)).count();
    hits as f32 / words.len() as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn like_takes_the_whole_text() {
        let cases = [
            ("", "", true),
            ("", "a", false),
            ("%", "", true),
            ("_", "", false),
            ("_", "𝄞", true),
            ("a%", "abc", true),
            ("%c", "abc", true),
            ("%b%", "abc", true),
            ("a_c", "a\nc", true),
            ("a%c%e", "abcde", true),
            ("a%c%f", "abcde", false),
            ("100\\%", "100%", true),
            ("100\\%", "1000", false),
            ("\\_", "_", true),
            ("\\a", "a", true),
            ("\\\\", "\\", true),
            ("%%%a", "a", true),
            ("%aab", "aaab", true),
        ];
        for (pattern, text, expected) in cases {
            assert_eq!(like_matches(&parse_like(pattern), text), expected, "{text:?} LIKE {pattern:?}");
        }
    }

    #[test]
    fn folding_is_simple_and_not_full() {
        assert_eq!(fold_case("K"), "k"); // Kelvin sign
        assert_eq!(fold_case("ſ"), "s");
        assert_eq!(fold_case("ß"), "ß");
        assert_eq!(fold_case("ẞ"), "ß");
        assert_eq!(fold_case("İ"), "İ");
        assert_eq!(fold_case("ΣΑΣ"), "σασ");
        assert_eq!(fold_case("ς"), "σ");
        assert!(matches!(fold_case("plain"), Cow::Borrowed(_)));
    }

    #[test]
    fn match_needs_every_token() {
        let tokens = tokens_of("Quick, FOX quick");
        assert_eq!(tokens, ["quick", "fox"]);
        assert!(match_tokens(&tokens, "the fox is quick"));
        assert!(!match_tokens(&tokens, "the quickest fox"));
        assert!(!match_tokens(&[], "anything"));
        assert!(match_score(&tokens, "fox quick") > match_score(&tokens, "a fox that is quick"));
        assert_eq!(match_score(&tokens, "..."), 0.0);
    }
}
