//! The text form of queries: `age >= 25 AND name LIKE 'John%' ORDER BY age DESC LIMIT 10`.
//!
//! `lexer.rs` cuts text into tokens, `parser.rs` reads the clauses and the boolean structure,
//! `terms.rs` the paths and literals in them; `display.rs` writes what these read.

mod display;
mod lexer;
mod parser;
mod terms;
#[cfg(test)]
mod tests;

use super::{Filter, Path, Query};
use crate::error::{Error, Result};
use lexer::Token;

/// The longest query text, in bytes.
///
/// ```
/// use dataknobs_data_core::{MAX_TEXT_BYTES, Query};
/// let text = format!("name = '{}'", "x".repeat(MAX_TEXT_BYTES));
/// assert!(Query::parse(&text).is_err());
/// ```
pub const MAX_TEXT_BYTES: usize = 1024 * 1024;

/// The characters that an excerpt shows of a longer text.
const EXCERPT_CHARS: usize = 100;

/// The words that no path begins with unless they are quoted, since something else does.
const RESERVED_WORDS: [&str; 6] = ["AND", "OR", "NOT", "ORDER", "LIMIT", "OFFSET"];

pub(super) fn parse(text: &str) -> Result<Query> {
    Parser::new(text)?.query()
}

impl Filter {
    /// Reads a filter from its text form: a query's text without ORDER BY, LIMIT and OFFSET.
    ///
    /// # Errors
    /// As [`Query::parse`]; an empty text is one too.
    ///
    /// ```
    /// use dataknobs_data_core::Filter;
    /// let filter = Filter::parse("NOT (city = 'Oslo' OR city = 'Bergen')")?;
    /// assert_eq!(filter.to_string(), "NOT (city = 'Oslo' OR city = 'Bergen')");
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    pub fn parse(text: &str) -> Result<Self> {
        Parser::new(text)?.whole_filter()
    }
}

impl std::str::FromStr for Filter {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Filter::parse(text)
    }
}

impl Path {
    /// Reads a path as the text form writes it. With a segment in double quotes it is a list of
    /// literal segments, else it is dotted.
    ///
    /// # Errors
    /// As [`Query::parse`].
    ///
    /// ```
    /// use dataknobs_data_core::Path;
    /// assert_eq!(Path::parse("address.city")?, Path::dotted("address.city")?);
    /// assert_eq!(Path::parse("stock.\"size.eu\"")?, Path::literal(["stock", "size.eu"])?);
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    pub fn parse(text: &str) -> Result<Self> {
        Parser::new(text)?.whole_path()
    }
}

/// Reads one text from left to right, one token ahead.
struct Parser<'a> {
    text: &'a str,
    token: Token<'a>,
    /// Open brackets.
    brackets: usize,
}

impl<'a> Parser<'a> {
    fn new(text: &'a str) -> Result<Self> {
        if text.len() > MAX_TEXT_BYTES {
            return Err(
                Error::invalid_query("a query's text must not be longer than 1 MiB").with_context("length", text.len())
            );
        }
        Ok(Parser { text, token: lexer::token_at(text, 0), brackets: 0 })
    }

    /// Moves on to the token behind this place.
    fn continue_at(&mut self, offset: usize) {
        self.token = lexer::token_at(self.text, offset);
    }

    /// Takes the current token and moves on.
    fn take(&mut self) -> Token<'a> {
        let next = lexer::token_at(self.text, self.token.end);
        std::mem::replace(&mut self.token, next)
    }

    /// Takes the current token if it is this keyword.
    fn take_keyword(&mut self, keyword: &str) -> bool {
        let found = self.token.is_keyword(keyword);
        if found {
            self.take();
        }
        found
    }

    /// Takes the current token if it is this symbol.
    fn take_symbol(&mut self, symbol: &str) -> bool {
        let found = self.token.is_symbol(symbol);
        if found {
            self.take();
        }
        found
    }

    /// The error that the current token is not what may stand here.
    fn expected(&self, what: &str, keywords: &[&str]) -> Error {
        if let lexer::Kind::Unclosed(what) = self.token.kind {
            return self.placed(Error::invalid_query(format!("{what} is not closed")), self.token.start);
        }
        let error = Error::invalid_query(format!("expected {what}, found {}", self.token.describe(self.text)));
        self.placed(self.with_hint(error, keywords), self.token.start)
    }

    /// Adds what was most likely meant.
    fn with_hint(&self, error: Error, keywords: &[&str]) -> Error {
        let meant = match self.token.kind {
            lexer::Kind::Other('&') => Some("AND".to_owned()),
            lexer::Kind::Other('|') => Some("OR".to_owned()),
            lexer::Kind::Other('!') => Some("NOT".to_owned()),
            lexer::Kind::Word(word) => {
                crate::config::nearest(&word.to_uppercase().replace('_', " "), keywords.iter().copied())
                    .filter(|keyword| !keyword.eq_ignore_ascii_case(word))
                    .map(str::to_owned)
            }
            _ => None,
        };
        match meant {
            Some(meant) => error.with_hint(format!("did you mean {meant}?")),
            None => error,
        }
    }

    /// Adds the place to an error.
    fn placed(&self, error: Error, offset: usize) -> Error {
        let before = self.text[..offset].chars().count();
        error.with_context("column", before + 1).with_context("offset", offset).with_excerpt(excerpt(self.text, before))
    }
}

/// The text around a character, and below it a caret under that character.
fn excerpt(text: &str, position: usize) -> String {
    let total = text.chars().count();
    let to = total.min(position.saturating_sub(EXCERPT_CHARS / 2) + EXCERPT_CHARS);
    let from = to.saturating_sub(EXCERPT_CHARS);
    let mut lines = String::new();
    if from > 0 {
        lines.push('…');
    }
    // A line break or tab would tear the caret from its character.
    let shown = text.chars().skip(from).take(to - from);
    lines.extend(shown.map(|shown| if shown.is_control() || shown.is_whitespace() { ' ' } else { shown }));
    if to < total {
        lines.push('…');
    }
    lines.push('\n');
    lines.extend(std::iter::repeat_n(' ', position - from + usize::from(from > 0)));
    lines.push('^');
    lines
}
