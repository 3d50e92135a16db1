//! Paths and literals.

use super::lexer::{Kind, number_end, shown};
use super::{Parser, RESERVED_WORDS};
use crate::error::{Error, Result};
use crate::query::path::Path;
use crate::value::{DateTime, Value};

/// A literal and where it begins.
pub(super) struct Literal {
    pub(super) value: Value,
    pub(super) start: usize,
}

const KEYWORDS: [&str; 26] = [
    "AND",
    "OR",
    "NOT",
    "ORDER",
    "BY",
    "ASC",
    "DESC",
    "LIMIT",
    "OFFSET",
    "IN",
    "BETWEEN",
    "LIKE",
    "ILIKE",
    "REGEX",
    "CONTAINS",
    "MATCH",
    "STARTS",
    "WITH",
    "IS",
    "NULL",
    "EXISTS",
    "TRUE",
    "FALSE",
    "X",
    "TIMESTAMP",
    "JSON",
];

/// Whether the word means something in the grammar.
pub(super) fn is_keyword(word: &str) -> bool {
    KEYWORDS.iter().any(|keyword| word.eq_ignore_ascii_case(keyword))
}

/// Whether a path cannot begin with this word unless it is quoted.
pub(super) fn is_reserved(word: &str) -> bool {
    RESERVED_WORDS.iter().any(|reserved| word.eq_ignore_ascii_case(reserved))
}

impl Parser<'_> {
    /// `path = segment { "." segment }`, and its place.
    pub(super) fn path(&mut self, what: &str) -> Result<(Path, (usize, usize))> {
        let start = self.token.start;
        if let Kind::Dotted(text) = &self.token.kind {
            let path = Path::dotted(text).map_err(|error| self.placed(error, start))?;
            return Ok((path, (start, self.take().end)));
        }
        if matches!(self.token.kind, Kind::Word(word) if is_reserved(word)) {
            return Err(self.reserved(what));
        }
        let mut segments = Vec::new();
        let mut literal = false;
        let mut expected = what;
        let end = loop {
            let end = self.token.end;
            match &self.token.kind {
                Kind::Word(word) => segments.push((*word).to_owned()),
                Kind::Name(name) => {
                    literal = true;
                    segments.push(name.clone());
                }
                _ => return Err(self.expected(expected, &[])),
            }
            if !self.text[end..].starts_with('.') {
                break end;
            }
            self.continue_at(end + 1);
            expected = "a name after the dot";
            if self.token.start > end + 1 && matches!(self.token.kind, Kind::Word(_) | Kind::Name(_)) {
                return Err(self.placed(Error::invalid_query("a path must not hold spaces"), end + 1));
            }
        };
        let path = if literal { Path::literal(segments) } else { Path::dotted(&self.text[start..end]) };
        let path = path.map_err(|error| self.placed(error, start))?;
        self.continue_at(end);
        Ok((path, (start, end)))
    }

    pub(super) fn literal(&mut self) -> Result<Literal> {
        let start = self.token.start;
        let value = self.literal_value(start)?;
        Ok(Literal { value, start })
    }

    fn literal_value(&mut self, start: usize) -> Result<Value> {
        match &mut self.token.kind {
            Kind::Text(text) => {
                let text = std::mem::take(text);
                self.take();
                Ok(text.into())
            }
            Kind::Other('+' | '-') => self.number(start),
            Kind::Word(word) if word.starts_with(|first: char| first.is_ascii_digit()) => self.number(start),
            Kind::Word(_) => match self.token.keyword().as_str() {
                "TRUE" => Ok(self.take_as(Value::Boolean(true))),
                "FALSE" => Ok(self.take_as(Value::Boolean(false))),
                "NULL" => Ok(self.take_as(Value::Null)),
                "X" if self.text[self.token.end..].starts_with('\'') => {
                    let digits = self.quoted_after_keyword("")?;
                    bytes_of_hex(&digits).map(Value::from).ok_or_else(|| {
                        let error = Error::invalid_query("X'…' holds pairs of hexadecimal digits");
                        self.placed(error, start)
                    })
                }
                "TIMESTAMP" => {
                    let text = self.quoted_after_keyword("a quoted RFC 3339 date or date-time after TIMESTAMP")?;
                    DateTime::parse(&text).map(Value::DateTime).map_err(|_| {
                        let error = Error::invalid_query("this timestamp is not an RFC 3339 date or date-time")
                            .with_hint("write TIMESTAMP '2024-01-31T10:00:00Z'");
                        self.placed(error, start)
                    })
                }
                "JSON" => {
                    let text = self.quoted_after_keyword("a quoted JSON document after JSON")?;
                    json_of(&text).map_err(|error| self.placed(error, start))
                }
                _ => Err(self.no_literal()),
            },
            _ => Err(self.no_literal()),
        }
    }

    fn take_as(&mut self, value: Value) -> Value {
        self.take();
        value
    }

    fn quoted_after_keyword(&mut self, what: &str) -> Result<String> {
        self.take();
        if let Kind::Text(text) = &mut self.token.kind {
            let text = std::mem::take(text);
            self.take();
            return Ok(text);
        }
        Err(self.expected(what, &[]))
    }

    fn no_literal(&self) -> Error {
        let error = self.expected("a value", &["TRUE", "FALSE", "NULL", "TIMESTAMP", "JSON"]);
        if error.hint().is_some() {
            return error;
        }
        match &self.token.kind {
            Kind::Word(word) if !is_keyword(word) => error.with_hint(format!("a string takes single quotes: '{word}'")),
            Kind::Name(_) | Kind::Dotted(_) | Kind::Other('‘' | '’' | '“' | '”') => {
                error.with_hint("a string takes single quotes: 'like this'")
            }
            Kind::Symbol(".") => error.with_hint("a number has a digit before the point: 0.5"),
            _ => error,
        }
    }

    fn number(&mut self, start: usize) -> Result<Value> {
        let end = number_end(self.text, start);
        let digits = &self.text[start..end];
        let wrong = |message: &str| Error::invalid_query(format!("{message}: {}", shown(digits)));
        let value = match number_kind(digits) {
            None => Err(wrong("this is not a number")),
            Some(NumberKind::Integer) => digits.parse().map(Value::Integer).map_err(|_| {
                wrong("an integer outside the 64-bit range").with_hint("write it with a point to compare with a float")
            }),
            Some(NumberKind::Float) => match digits.parse::<f64>() {
                Ok(float) if float.is_finite() => Ok(Value::Float(float)),
                _ => Err(wrong("a number outside the range of floats")),
            },
        };
        let value = value.map_err(|error| self.placed(error, start))?;
        self.continue_at(end);
        Ok(value)
    }
}

enum NumberKind {
    Integer,
    Float,
}

/// The kind of a number in JSON's grammar, which may have a plus sign here.
fn number_kind(text: &str) -> Option<NumberKind> {
    fn digits(text: &str) -> Option<&str> {
        let rest = text.trim_start_matches(|digit: char| digit.is_ascii_digit());
        (rest.len() < text.len()).then_some(rest)
    }
    let whole = text.strip_prefix(['+', '-']).unwrap_or(text);
    let mut rest = digits(whole)?;
    if whole.starts_with('0') && whole.len() - rest.len() > 1 {
        return None;
    }
    let kind = if rest.is_empty() { NumberKind::Integer } else { NumberKind::Float };
    if let Some(fraction) = rest.strip_prefix('.') {
        rest = digits(fraction)?;
    }
    if let Some(exponent) = rest.strip_prefix(['e', 'E']) {
        rest = digits(exponent.strip_prefix(['+', '-']).unwrap_or(exponent))?;
    }
    rest.is_empty().then_some(kind)
}

fn bytes_of_hex(digits: &str) -> Option<Vec<u8>> {
    let nibble = |digit: u8| char::from(digit).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let (pairs, rest) = digits.as_bytes().as_chunks::<2>();
    if !rest.is_empty() {
        return None;
    }
    pairs.iter().map(|[high, low]| Some((nibble(*high)? << 4) | nibble(*low)?)).collect()
}

fn json_of(text: &str) -> Result<Value> {
    let document = crate::value::parse_json(text.as_bytes()).map_err(|fault| {
        Error::invalid_query(format!("this is not valid JSON: {}", fault.reason))
            .with_context("inside", format!("line {}, column {}", fault.line, fault.column))
    })?;
    if !document.is_object() && !document.is_array() {
        return Err(Error::invalid_query("JSON '…' holds an object or an array")
            .with_hint("write a scalar as a literal of its own"));
    }
    Value::json(document).map_err(|error| Error::invalid_query(error.message().to_owned()))
}
