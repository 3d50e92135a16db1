//! Strings, and the patterns that find them.

use super::Rng;

/// Groups that are equal under simple case folding, and their near misses.
const FOLDING: [&[&str]; 8] = [
    &["K", "k", "\u{212A}"],
    &["S", "s", "\u{17F}"],
    &["ß", "ẞ", "ss", "SS"],
    &["Σ", "σ", "ς"],
    &["Å", "å", "\u{212B}"],
    &["µ", "μ", "Μ"],
    &["I", "i", "İ", "ı"],
    &["Ǆ", "ǅ", "ǆ"],
];

/// Pieces that strings are made of.
const PIECES: [&str; 38] = [
    "a",
    "ab",
    "A",
    "b",
    "x",
    "%",
    "_",
    "\\",
    "\\%",
    ".",
    "*",
    "?",
    "[a]",
    "(",
    "^",
    "$",
    "|",
    " ",
    "\n",
    "\r\n",
    "\t",
    "\u{0}",
    "é",
    "e\u{301}",
    "😀",
    "👩‍👩‍👧",
    "\u{FF5E}",
    "東京",
    "'",
    "\"",
    ",",
    ";",
    "0",
    "1",
    "K",
    "ſ",
    "İ",
    "\u{202E}",
];

/// Whole strings worth meeting.
const WHOLES: [&str; 30] = [
    "",
    " ",
    "abc",
    "ABC",
    "abd",
    "null",
    "NULL",
    "true",
    "1",
    "1.0",
    "007",
    "-0",
    "1e3",
    "9007199254740993",
    "[1,2]",
    "{\"b\":1}",
    "John Smith",
    "The quick, brown FOX!",
    "I can't stop",
    "snake_case(x)",
    "user@example.com",
    "3.14 or 1,000.50",
    "東京都 タワー",
    "ΟΔΟΣ ὀδός",
    "İSTANBUL",
    "100%",
    "=1+1",
    "#N/A",
    "\u{FEFF}bom",
    "\u{10FFFF}",
];

/// A string.
pub fn string(rng: &mut Rng) -> String {
    match rng.below(12) {
        0..=4 => rng.one_of(&WHOLES).to_owned(),
        5..=7 => (0..rng.between(1, 5)).map(|_| rng.one_of(&PIECES)).collect(),
        8 | 9 => (0..rng.between(1, 3)).map(|_| folding_piece(rng)).collect(),
        10 if rng.percent(10) => long(rng),
        10 => datetime_lookalike(rng),
        _ => {
            let words = (0..rng.between(1, 4)).map(|_| rng.one_of(&WHOLES));
            words.collect::<Vec<_>>().join(" ")
        }
    }
}

fn folding_piece(rng: &mut Rng) -> &'static str {
    let group = FOLDING[rng.below(FOLDING.len())];
    group[rng.below(group.len())]
}

/// About a thousand characters: around the edge between STRING and TEXT.
pub fn long(rng: &mut Rng) -> String {
    let mut text: String = rng.one_of(&["x", "é", "😀", "ab "]).repeat(rng.one_of(&[333, 500, 999, 1_000, 1_001]));
    text.push_str(rng.one_of(&["", "z", "z", "%"]));
    text
}

/// Text that is a datetime, or nearly one.
pub fn datetime_lookalike(rng: &mut Rng) -> String {
    rng.one_of(&[
        "2024-01-31",
        "2024-01-31T10:00:00",
        "2024-01-31T10:00:00Z",
        "2024-01-31 12:00:00+02:00",
        "2024-01-31T10:00:00.000001Z",
        "2024-01-31T10:00:00.0000019",
        "1970-01-01",
        "0001-01-01T00:00:00",
        "9999-12-31T23:59:59.999999Z",
        "2024-01-31T10:00",
        "2024-02-30",
        "2024-13-01T00:00:00Z",
        "10:00:00",
        "2024",
    ])
    .to_owned()
}

/// The same text with some characters in another letter case, or replaced by what folds alike.
pub fn refolded(rng: &mut Rng, text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        let group = FOLDING.iter().find(|group| group.iter().any(|member| member.chars().eq([character])));
        match group {
            Some(group) if rng.percent(60) => out.push_str(group[rng.below(group.len())]),
            _ if rng.percent(30) => out.extend(character.to_uppercase()),
            _ if rng.percent(30) => out.extend(character.to_lowercase()),
            _ => out.push(character),
        }
    }
    out
}

/// Part of a text, at character boundaries.
pub fn part<'a>(rng: &mut Rng, text: &'a str) -> &'a str {
    let bounds: Vec<usize> = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
    let first = rng.below(bounds.len());
    let last = rng.between(first, bounds.len() - 1);
    &text[bounds[first]..bounds[last]]
}

/// The beginning of a text.
pub fn prefix<'a>(rng: &mut Rng, text: &'a str) -> &'a str {
    let bounds: Vec<usize> = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
    &text[..bounds[rng.below(bounds.len())]]
}

/// A LIKE pattern that matches the text, unless a sign in it happens to be read as a wildcard.
pub fn like_pattern(rng: &mut Rng, text: &str) -> String {
    let careful = rng.percent(80);
    let mut pattern = String::new();
    let mut skipping = false;
    for character in text.chars() {
        if skipping && rng.percent(60) {
            continue;
        }
        skipping = false;
        match rng.below(10) {
            0 => pattern.push('_'),
            1 => {
                pattern.push('%');
                skipping = true;
            }
            _ => {
                if (careful && matches!(character, '%' | '_' | '\\')) || (!careful && character == '\\') {
                    pattern.push('\\');
                }
                pattern.push(character);
            }
        }
    }
    match rng.below(6) {
        0 => format!("%{pattern}"),
        1 => format!("{pattern}%"),
        2 => format!("%{pattern}%"),
        3 if rng.percent(20) => format!("{pattern}_"),
        _ => pattern,
    }
}

/// A regular expression near the text; always a valid one.
pub fn regex_pattern(rng: &mut Rng, text: &str) -> String {
    const SHAPES: [&str; 16] = [
        ".", ".*", "^$", "^.$", "(?s)^.$", "\\d+", "\\w", "^\\W", "(?i)abc", "(?i)k", "[^a]", "a|b", "\\p{Lu}",
        "^a.*c$", "(?m)^b", "(ab)+",
    ];
    if rng.percent(40) {
        return rng.one_of(&SHAPES).to_owned();
    }
    let mut pattern = String::new();
    for character in part(rng, text).chars().take(12) {
        match rng.below(12) {
            0 => pattern.push('.'),
            1 => pattern.push_str("\\w?"),
            2 => pattern.push_str("[a-z]*"),
            _ => {
                if character.is_ascii_punctuation() {
                    pattern.push('\\');
                }
                pattern.push(character);
            }
        }
    }
    let (before, behind) =
        rng.one_of(&[("", ""), ("", ""), ("^", ""), ("", "$"), ("^", "$"), ("(?i)", ""), ("(?s)", "")]);
    format!("{before}{pattern}{behind}")
}

/// Words of the text for a MATCH, in another order and case.
pub fn match_words(rng: &mut Rng, text: &str) -> String {
    let mut words: Vec<&str> = text.split_whitespace().filter(|_| rng.percent(60)).collect();
    rng.shuffle(&mut words);
    words.truncate(3);
    let joined = words.join(rng.one_of(&[" ", ", ", "\n"]));
    match rng.below(4) {
        0 => joined.to_uppercase(),
        1 => joined.to_lowercase(),
        2 => refolded(rng, &joined),
        _ => joined,
    }
}
