//! Tokens of the text form. Nothing here fails: what is no token becomes one that says so.

/// One token and its place, in bytes.
#[derive(Debug, Clone)]
pub(super) struct Token<'a> {
    pub(super) kind: Kind<'a>,
    pub(super) start: usize,
    pub(super) end: usize,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Kind<'a> {
    /// Letters, digits and `_`: a keyword, a path segment or the beginning of a number.
    Word(&'a str),
    /// `"…"`: a literal path segment.
    Name(String),
    /// `` `…` ``: a dotted path with characters that a word cannot hold.
    Dotted(String),
    /// `'…'`: a string.
    Text(String),
    /// A comparison, a bracket, a comma or a dot.
    Symbol(&'static str),
    /// A character that begins no token.
    Other(char),
    /// A quote without its end; says what was begun.
    Unclosed(&'static str),
    /// The end of the text.
    End,
}

/// Longer symbols first, so that `>=` is not read as `>`.
const SYMBOLS: [&str; 12] = ["==", "!=", "<>", ">=", "<=", "=", ">", "<", "(", ")", ",", "."];

/// What a message shows of a token, in characters.
const SHOWN_CHARS: usize = 40;

/// Whether a path segment may hold the character without quotes.
pub(super) fn is_word_character(character: char) -> bool {
    character == '_' || character.is_alphanumeric()
}

/// The first token from this place on.
pub(super) fn token_at(text: &str, offset: usize) -> Token<'_> {
    let rest = text[offset..].trim_start();
    let start = text.len() - rest.len();
    let token = |kind, length: usize| Token { kind, start, end: start + length };
    let Some(first) = rest.chars().next() else { return token(Kind::End, 0) };
    if is_word_character(first) {
        let word = &rest[..rest.find(|character| !is_word_character(character)).unwrap_or(rest.len())];
        return token(Kind::Word(word), word.len());
    }
    let (make, what): (fn(String) -> Kind<'static>, _) = match first {
        '\'' => (Kind::Text, "this string"),
        '"' => (Kind::Name, "this quoted name"),
        '`' => (Kind::Dotted, "this quoted path"),
        _ => {
            let symbol = SYMBOLS.into_iter().find(|symbol| rest.starts_with(symbol));
            return match symbol {
                Some(symbol) => token(Kind::Symbol(symbol), symbol.len()),
                None => token(Kind::Other(first), first.len_utf8()),
            };
        }
    };
    match quoted(rest, first) {
        Some((content, length)) => token(make(content), length),
        None => token(Kind::Unclosed(what), rest.len()),
    }
}

/// The content of the quotes that a text begins with, and their length. A doubled quote stands
/// for itself.
fn quoted(text: &str, quote: char) -> Option<(String, usize)> {
    let mut content = String::new();
    let mut offset = 1;
    loop {
        let length = text[offset..].find(quote)?;
        content.push_str(&text[offset..offset + length]);
        offset += length + 1;
        if !text[offset..].starts_with(quote) {
            return Some((content, offset));
        }
        content.push(quote);
        offset += 1;
    }
}

/// The end of what looks like a number at this place: whatever it holds, it is not two tokens.
pub(super) fn number_end(text: &str, start: usize) -> usize {
    let mut previous = ' ';
    let mut end = start;
    for character in text[start..].chars() {
        let sign = matches!(character, '+' | '-') && (end == start || matches!(previous, 'e' | 'E'));
        if !(sign || character == '.' || is_word_character(character)) {
            break;
        }
        previous = character;
        end += character.len_utf8();
    }
    end
}

impl Token<'_> {
    pub(super) fn is_keyword(&self, keyword: &str) -> bool {
        matches!(self.kind, Kind::Word(word) if word.eq_ignore_ascii_case(keyword))
    }

    pub(super) fn is_symbol(&self, symbol: &str) -> bool {
        matches!(self.kind, Kind::Symbol(found) if found == symbol)
    }

    /// The keyword that the token may be, in capitals.
    pub(super) fn keyword(&self) -> String {
        if let Kind::Word(word) = self.kind { word.to_ascii_uppercase() } else { String::new() }
    }

    /// What a message calls the token.
    pub(super) fn describe(&self, text: &str) -> String {
        if self.kind == Kind::End { "the end".to_owned() } else { shown(&text[self.start..self.end]) }
    }
}

/// A piece of the text on one line of a message.
pub(super) fn shown(piece: &str) -> String {
    let cut = piece.char_indices().nth(SHOWN_CHARS).map(|(offset, _)| offset);
    let ellipsis = if cut.is_some() { "…" } else { "" };
    let plain = piece[..cut.unwrap_or(piece.len())]
        .chars()
        .map(|character| if character.is_control() || character.is_whitespace() { ' ' } else { character });
    format!("`{}{ellipsis}`", plain.collect::<String>())
}
