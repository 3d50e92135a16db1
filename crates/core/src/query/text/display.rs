//! Filters and queries as text that parses back to the same meaning.
//!
//! The text form has no projection and no `after`; these are left out.

use std::fmt::{self, Display, Formatter, Write as _};

use super::lexer::is_word_character;
use super::terms::is_reserved;
use crate::query::{Filter, Leaf, Operand, Operator, Path, Query, Test};
use crate::value::Value;

impl Path {
    /// The path as the text form writes it, so that [`Path::parse`] gives the same path back.
    ///
    /// A list of segments is written in double quotes. A dotted path that has more than
    /// letters, digits and `_` in a segment, or begins with a reserved word, in backquotes.
    ///
    /// ```
    /// use dataknobs_data_core::Path;
    /// assert_eq!(Path::dotted("a.b")?.to_text(), "a.b");
    /// assert_eq!(Path::literal(["a", "b c"])?.to_text(), "\"a\".\"b c\"");
    /// assert_eq!(Path::dotted("a.b c")?.to_text(), "`a.b c`");
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    pub fn to_text(&self) -> String {
        Shown(self).to_string()
    }
}

impl Display for Filter {
    /// The text form, with as few brackets as it takes.
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write_filter(f, self, Around::Nothing)
    }
}

impl Display for Query {
    /// The text form, without projection and `after`, which it does not have.
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let mut separator = "";
        match self.filters() {
            [] => {}
            filters => {
                write_shape(f, all_shape(filters), Around::Nothing)?;
                separator = " ";
            }
        }
        for (index, key) in self.sort_keys().iter().enumerate() {
            f.write_str(if index > 0 { ", " } else { separator })?;
            f.write_str(if index > 0 { "" } else { "ORDER BY " })?;
            write!(f, "{}", Shown(&key.path))?;
            if key.order.is_descending() {
                f.write_str(" DESC")?;
            }
            separator = " ";
        }
        // No store holds more than 2^63 - 1 records, and the text form reads no more.
        let largest = i64::MAX.unsigned_abs();
        if let Some(limit) = self.limit_value() {
            write!(f, "{separator}LIMIT {}", limit.min(largest))?;
            separator = " ";
        }
        if self.offset_value() > 0 {
            write!(f, "{separator}OFFSET {}", self.offset_value().min(largest))?;
        }
        Ok(())
    }
}

impl Display for Leaf {
    /// The signed test as text of the same meaning.
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let test = self.test();
        match (self.operator(), self.negated(), self.when_absent()) {
            (Operator::Exists, true, _) => write!(f, "{} NOT EXISTS", Shown(self.path())),
            (_, false, false) => write!(f, "{}", Shown(test)),
            (_, true, true) => write!(f, "NOT {}", Shown(test)),
            (operator, negated, _) => match (negative_words(operator), negated) {
                (Some(words), true) => write_test(f, test, words),
                (Some(words), false) => {
                    f.write_str("NOT ")?;
                    write_test(f, test, words)
                }
                (None, true) => write!(f, "{0} EXISTS AND NOT {1}", Shown(self.path()), Shown(test)),
                (None, false) => write!(f, "({0} NOT EXISTS OR {1})", Shown(self.path()), Shown(test)),
            },
        }
    }
}

/// What a filter stands in, and so what needs brackets.
#[derive(Clone, Copy, PartialEq)]
enum Around {
    Nothing,
    And,
    Not,
}

/// A filter as it is written: nested lists of one kind joined, lists of one gone.
enum Shape<'a> {
    All(Vec<&'a Filter>),
    Any(Vec<&'a Filter>),
    Not(&'a Filter),
    Test(&'a Test),
    /// Present, and this test does not hold.
    Denied(&'a Test),
    Constant(bool),
}

fn shape(filter: &Filter) -> Shape<'_> {
    match filter {
        Filter::All(filters) => all_shape(filters),
        Filter::Any(filters) => {
            let mut flat = Vec::new();
            flatten(filters, &mut flat, |filter| if let Filter::Any(inner) = filter { Some(inner) } else { None });
            match flat.as_slice() {
                [] => Shape::Constant(false),
                [single] => shape(single),
                _ => Shape::Any(flat),
            }
        }
        Filter::Not(filter) => Shape::Not(filter),
        Filter::Test(test) => Shape::Test(test),
    }
}

fn all_shape(filters: &[Filter]) -> Shape<'_> {
    let mut flat = Vec::new();
    flatten(filters, &mut flat, |filter| if let Filter::All(inner) = filter { Some(inner) } else { None });
    match flat.as_slice() {
        [] => Shape::Constant(true),
        [single] => shape(single),
        [first, second] => denied(first, second).map_or(Shape::All(flat), Shape::Denied),
        _ => Shape::All(flat),
    }
}

fn flatten<'a>(filters: &'a [Filter], flat: &mut Vec<&'a Filter>, same: fn(&Filter) -> Option<&Vec<Filter>>) {
    for filter in filters {
        match same(filter) {
            Some(inner) => flatten(inner, flat, same),
            None => flat.push(filter),
        }
    }
}

/// The test that a pair of filters denies on present values, where the text form has words for it.
fn denied<'a>(first: &Filter, second: &'a Filter) -> Option<&'a Test> {
    let (Filter::Test(present), Filter::Not(inner)) = (first, second) else { return None };
    let Filter::Test(test) = inner.as_ref() else { return None };
    let same = present.operator() == Operator::Exists && present.path() == test.path();
    (same && test.operator().positive_of().is_none() && words_when_denied(test.operator()).is_some()).then_some(test)
}

fn words_when_denied(operator: Operator) -> Option<&'static str> {
    Some(match operator {
        Operator::Ilike => "NOT ILIKE",
        Operator::Regex => "NOT REGEX",
        Operator::Contains => "NOT CONTAINS",
        Operator::Match => "NOT MATCH",
        Operator::StartsWith => "NOT STARTS WITH",
        _ => return None,
    })
}

/// The words for "present, and not" of a positive operator.
fn negative_words(operator: Operator) -> Option<&'static str> {
    Some(match operator {
        Operator::Eq => "!=",
        Operator::In => "NOT IN",
        Operator::Like => "NOT LIKE",
        Operator::Between => "NOT BETWEEN",
        other => return words_when_denied(other),
    })
}

fn words(operator: Operator) -> &'static str {
    match operator {
        Operator::Eq => "=",
        Operator::Neq => "!=",
        Operator::Gt => ">",
        Operator::Gte => ">=",
        Operator::Lt => "<",
        Operator::Lte => "<=",
        Operator::NotIn => "NOT IN",
        Operator::NotBetween => "NOT BETWEEN",
        Operator::NotLike => "NOT LIKE",
        Operator::StartsWith => "STARTS WITH",
        Operator::NotExists => "NOT EXISTS",
        Operator::In
        | Operator::Between
        | Operator::Like
        | Operator::Ilike
        | Operator::Regex
        | Operator::Contains
        | Operator::Exists
        | Operator::Match => operator.name(),
    }
}

fn write_filter(f: &mut Formatter<'_>, filter: &Filter, around: Around) -> fmt::Result {
    write_shape(f, shape(filter), around)
}

fn write_shape(f: &mut Formatter<'_>, shape: Shape<'_>, around: Around) -> fmt::Result {
    let brackets = match shape {
        Shape::All(_) | Shape::Not(_) => around == Around::Not,
        Shape::Any(_) => around != Around::Nothing,
        _ => false,
    };
    if brackets {
        f.write_char('(')?;
    }
    match shape {
        Shape::All(filters) => write_all(f, &filters)?,
        Shape::Any(filters) => {
            for (index, filter) in filters.into_iter().enumerate() {
                f.write_str(if index > 0 { " OR " } else { "" })?;
                // AND binds tighter than OR.
                write_filter(f, filter, Around::Nothing)?;
            }
        }
        Shape::Not(filter) => {
            f.write_str("NOT ")?;
            write_filter(f, filter, Around::Not)?;
        }
        Shape::Test(test) => write_test(f, test, words(test.operator()))?,
        Shape::Denied(test) => write_test(f, test, negative_words(test.operator()).unwrap_or_default())?,
        // The grammar has no constants. Every stored record has an id.
        Shape::Constant(true) => f.write_str("_id EXISTS")?,
        Shape::Constant(false) => f.write_str("_id NOT EXISTS")?,
    }
    if brackets { f.write_char(')') } else { Ok(()) }
}

fn write_all(f: &mut Formatter<'_>, filters: &[&Filter]) -> fmt::Result {
    let mut rest = filters;
    let mut separator = "";
    while let [first, others @ ..] = rest {
        f.write_str(separator)?;
        separator = " AND ";
        let pair = others.first().and_then(|second| denied(first, second));
        match pair {
            Some(test) => write_shape(f, Shape::Denied(test), Around::And)?,
            None => write_filter(f, first, Around::And)?,
        }
        rest = if pair.is_some() { &others[1..] } else { others };
    }
    Ok(())
}

fn write_test(f: &mut Formatter<'_>, test: &Test, words: &str) -> fmt::Result {
    write!(f, "{} {words}", Shown(test.path()))?;
    match (test.operator(), test.operand()) {
        (Operator::Exists | Operator::NotExists, _) | (_, Operand::None) => Ok(()),
        (_, Operand::One(value)) => write!(f, " {}", Shown(value)),
        (Operator::Between | Operator::NotBetween, Operand::Many(bounds)) => {
            for (index, bound) in bounds.iter().enumerate() {
                write!(f, "{}{}", if index > 0 { " AND " } else { " " }, Shown(bound))?;
            }
            Ok(())
        }
        (_, Operand::Many(values)) => {
            f.write_str(" (")?;
            for (index, value) in values.iter().enumerate() {
                write!(f, "{}{}", if index > 0 { ", " } else { "" }, Shown(value))?;
            }
            f.write_char(')')
        }
    }
}

/// A part of a query as the text form writes it.
struct Shown<'a, T>(&'a T);

impl Display for Shown<'_, Test> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write_test(f, self.0, words(self.0.operator()))
    }
}

impl Display for Shown<'_, Path> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let segments = self.0.segments();
        let plain = segments.iter().all(|segment| !segment.is_empty() && segment.chars().all(is_word_character));
        let reserved = segments.first().is_some_and(|first| is_reserved(first));
        if self.0.is_dotted() && plain && !reserved {
            return write!(f, "{}", self.0);
        }
        if let Some(whole) = self.0.whole_name() {
            return write_quoted(f, whole, '`');
        }
        for (index, segment) in segments.iter().enumerate() {
            f.write_str(if index > 0 { "." } else { "" })?;
            write_quoted(f, segment, '"')?;
        }
        Ok(())
    }
}

impl Display for Shown<'_, Value> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self.0 {
            Value::Null => f.write_str("NULL"),
            Value::Boolean(true) => f.write_str("TRUE"),
            Value::Boolean(false) => f.write_str("FALSE"),
            Value::Integer(value) => write!(f, "{value}"),
            // Debug always has a point or an exponent.
            Value::Float(value) => write!(f, "{value:?}"),
            Value::String(text) => write_quoted(f, text, '\''),
            Value::DateTime(time) => write!(f, "TIMESTAMP '{time}'"),
            Value::Json(document) => {
                f.write_str("JSON ")?;
                write_quoted(f, &document.to_string(), '\'')
            }
            Value::Binary(bytes) => {
                f.write_str("X'")?;
                bytes.iter().try_for_each(|byte| write!(f, "{byte:02X}"))?;
                f.write_char('\'')
            }
        }
    }
}

/// In quotes, with each quote inside doubled.
fn write_quoted(f: &mut Formatter<'_>, text: &str, quote: char) -> fmt::Result {
    f.write_char(quote)?;
    for (index, part) in text.split(quote).enumerate() {
        if index > 0 {
            f.write_char(quote)?;
            f.write_char(quote)?;
        }
        f.write_str(part)?;
    }
    f.write_char(quote)
}
