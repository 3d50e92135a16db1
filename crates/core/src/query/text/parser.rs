//! Clauses, AND / OR / NOT and tests: recursive descent along the grammar.

use super::lexer::{Kind, number_end, shown};
use super::terms::Literal;
use super::{Parser, RESERVED_WORDS};
use crate::error::{Error, Result};
use crate::query::filter::{Filter, Operand, Test};
use crate::query::operator::Operator;
use crate::query::path::Path;
use crate::query::{MAX_FILTER_DEPTH, Query, SortKey, SortOrder};

/// A filter and how deep it is nested.
struct Node {
    filter: Filter,
    depth: usize,
}

const OPERATOR_WORDS: [&str; 11] =
    ["IN", "NOT", "BETWEEN", "LIKE", "ILIKE", "REGEX", "CONTAINS", "MATCH", "STARTS WITH", "IS", "EXISTS"];
const WORDS_AFTER_NOT: [&str; 9] =
    ["IN", "BETWEEN", "LIKE", "ILIKE", "REGEX", "CONTAINS", "MATCH", "STARTS WITH", "EXISTS"];

impl Parser<'_> {
    /// `query = [ or ] [ ORDER BY … ] [ LIMIT n ] [ OFFSET n ]`
    pub(super) fn query(mut self) -> Result<Query> {
        let mut query = Query::new();
        let mut expected = ("a filter, ORDER BY, LIMIT, OFFSET or the end", &["ORDER", "LIMIT", "OFFSET"][..]);
        if !self.at_clause() {
            query.filters = match self.checked_or(MAX_FILTER_DEPTH + 1)? {
                Filter::All(filters) => filters,
                filter => vec![filter],
            };
            expected = ("AND, OR, ORDER BY, LIMIT, OFFSET or the end", &["AND", "OR", "ORDER", "LIMIT", "OFFSET"]);
        }
        if self.take_keyword("ORDER") {
            if !self.take_keyword("BY") {
                return Err(self.expected("BY", &["BY"]).with_hint_for_name("order"));
            }
            query.sort.push(self.sort_key()?);
            while self.take_symbol(",") {
                query.sort.push(self.sort_key()?);
            }
            expected = ("`,`, ASC, DESC, LIMIT, OFFSET or the end", &["ASC", "DESC", "LIMIT", "OFFSET"]);
        }
        if self.take_keyword("LIMIT") {
            query.limit = Some(self.whole_number("LIMIT")?);
            expected = ("OFFSET or the end", &["OFFSET"]);
        }
        if self.take_keyword("OFFSET") {
            query.offset = self.whole_number("OFFSET")?;
            expected = ("the end", &[]);
        }
        self.end(expected.0, expected.1)?;
        Ok(query)
    }

    /// A filter and nothing else.
    pub(super) fn whole_filter(mut self) -> Result<Filter> {
        let filter = self.checked_or(MAX_FILTER_DEPTH)?;
        self.end("AND, OR or the end", &["AND", "OR"])?;
        Ok(filter)
    }

    /// A path and nothing else.
    pub(super) fn whole_path(mut self) -> Result<Path> {
        let (path, _) = self.path("a path")?;
        self.end("the end of the path", &[])?;
        Ok(path)
    }

    fn end(&self, what: &str, keywords: &[&str]) -> Result<()> {
        let error = match self.token.kind {
            Kind::End => return Ok(()),
            Kind::Symbol(")") => self.expected(what, keywords).with_hint("this bracket was never opened"),
            _ => self.expected(what, keywords),
        };
        let late = ["ORDER", "LIMIT"].into_iter().any(|keyword| self.token.is_keyword(keyword));
        Err(if late { error.with_hint("the order is: filter, ORDER BY, LIMIT, OFFSET") } else { error })
    }

    /// Whether a clause begins here, or nothing more.
    fn at_clause(&self) -> bool {
        self.token.kind == Kind::End
            || ["ORDER", "LIMIT", "OFFSET"].into_iter().any(|keyword| self.token.is_keyword(keyword))
    }

    fn sort_key(&mut self) -> Result<SortKey> {
        let (path, _) = self.path("a path to sort by")?;
        let order = if self.take_keyword("DESC") {
            SortOrder::Descending
        } else {
            self.take_keyword("ASC");
            SortOrder::Ascending
        };
        Ok(SortKey { path, order })
    }

    fn whole_number(&mut self, clause: &str) -> Result<u64> {
        let start = self.token.start;
        let numeric = matches!(self.token.kind, Kind::Word(_) | Kind::Other('+' | '-'));
        let end = if numeric { number_end(self.text, start) } else { start };
        let digits = &self.text[start..end];
        if !digits.bytes().next().is_some_and(|byte| byte.is_ascii_digit() || byte == b'-' || byte == b'+') {
            let error = self.expected(&format!("a whole number after {clause}"), &[]);
            return Err(error.with_hint_for_name(&clause.to_lowercase()));
        }
        let plain = digits.bytes().all(|byte| byte.is_ascii_digit());
        let Some(number) = digits.parse::<i64>().ok().filter(|_| plain) else {
            let message = format!("{clause} takes a whole number from 0 to 2^63 - 1, found {}", shown(digits));
            return Err(self.placed(Error::invalid_query(message), start));
        };
        self.continue_at(end);
        Ok(number.unsigned_abs())
    }

    fn checked_or(&mut self, deepest: usize) -> Result<Filter> {
        let start = self.token.start;
        let Node { filter, depth } = self.or()?;
        // The filters of a query stand in a list of their own, which counts for no level.
        let allowed = if matches!(filter, Filter::All(_)) { deepest } else { MAX_FILTER_DEPTH };
        if depth > allowed { Err(self.too_deep(start)) } else { Ok(filter) }
    }

    fn too_deep(&self, offset: usize) -> Error {
        self.placed(Error::invalid_query("filters must not be nested deeper than 128 levels"), offset)
    }

    /// `or = and { OR and }`
    fn or(&mut self) -> Result<Node> {
        let mut nodes = vec![self.and()?];
        while self.take_keyword("OR") {
            nodes.push(self.and()?);
        }
        Ok(combined(nodes, Filter::Any))
    }

    /// `and = not { AND not }`
    fn and(&mut self) -> Result<Node> {
        let mut nodes = vec![self.not()?];
        while self.take_keyword("AND") {
            nodes.push(self.not()?);
        }
        Ok(combined(nodes, Filter::All))
    }

    /// `not = [ NOT ] ( "(" or ")" | test )`
    fn not(&mut self) -> Result<Node> {
        let start = self.token.start;
        if !self.token.is_keyword("NOT") {
            return self.bracket_or_test();
        }
        self.take();
        if self.token.is_keyword("NOT") {
            let error = self.expected("a test or `(` after NOT", &[]);
            return Err(error.with_hint("write NOT (NOT …)"));
        }
        let Node { filter, depth } = self.bracket_or_test()?;
        if depth >= MAX_FILTER_DEPTH {
            return Err(self.too_deep(start));
        }
        Ok(Node { filter: filter.negate(), depth: depth + 1 })
    }

    fn bracket_or_test(&mut self) -> Result<Node> {
        let start = self.token.start;
        if !self.token.is_symbol("(") {
            return self.test();
        }
        if self.brackets == MAX_FILTER_DEPTH {
            return Err(self.too_deep(start));
        }
        self.take();
        self.brackets += 1;
        let node = self.or()?;
        if !self.take_symbol(")") {
            return Err(self.expected("AND, OR or `)`", &["AND", "OR"]));
        }
        self.brackets -= 1;
        if node.depth > MAX_FILTER_DEPTH { Err(self.too_deep(start)) } else { Ok(node) }
    }

    fn test(&mut self) -> Result<Node> {
        let (path, name) = self.path("a test such as `age > 5`")?;
        if let Kind::Symbol(symbol @ ("=" | "==" | "!=" | "<>" | ">" | ">=" | "<" | "<=")) = self.token.kind {
            self.take();
            return self.simple(path, symbol.parse()?);
        }
        let denied = self.take_keyword("NOT");
        if !denied && self.take_keyword("IS") {
            let operator = if self.take_keyword("NOT") { Operator::Exists } else { Operator::NotExists };
            if !self.take_keyword("NULL") {
                let what = if operator == Operator::Exists { "NULL" } else { "NULL or NOT NULL" };
                return Err(self.expected(what, &["NULL"]));
            }
            return self.tested(path, operator, Operand::None, &[]);
        }
        let operator = match self.token.keyword().as_str() {
            "IN" => Operator::In,
            "BETWEEN" => Operator::Between,
            "LIKE" => Operator::Like,
            "EXISTS" => Operator::Exists,
            "ILIKE" => Operator::Ilike,
            "REGEX" => Operator::Regex,
            "CONTAINS" => Operator::Contains,
            "MATCH" => Operator::Match,
            "STARTS_WITH" | "STARTS" => Operator::StartsWith,
            _ if denied => {
                let what = "IN, BETWEEN, LIKE, ILIKE, REGEX, CONTAINS, MATCH, STARTS WITH or EXISTS after NOT";
                return Err(self.expected(what, &WORDS_AFTER_NOT));
            }
            _ => return Err(self.no_operator(name)),
        };
        if self.take().is_keyword("STARTS") && !self.take_keyword("WITH") {
            return Err(self.expected("WITH after STARTS", &["WITH"]));
        }
        match operator {
            Operator::In => self.in_list(path, if denied { Operator::NotIn } else { operator }),
            Operator::Between => self.between(path, if denied { Operator::NotBetween } else { operator }),
            Operator::Like => self.simple(path, if denied { Operator::NotLike } else { operator }),
            Operator::Exists => {
                let operator = if denied { Operator::NotExists } else { operator };
                self.tested(path, operator, Operand::None, &[])
            }
            // These have no negative operator of their own: present, and not.
            _ if denied => {
                let present = Filter::Test(Test::new(path.clone(), Operator::Exists, Operand::None)?);
                let Node { filter, .. } = self.simple(path, operator)?;
                Ok(Node { filter: Filter::All(vec![present, filter.negate()]), depth: 2 })
            }
            _ => self.simple(path, operator),
        }
    }

    fn no_operator(&self, (start, end): (usize, usize)) -> Error {
        let error = self.expected("an operator such as `=`, IN or LIKE", &OPERATOR_WORDS);
        let name = &self.text[start..end];
        let keyword = super::terms::is_keyword(name);
        match self.token.kind {
            Kind::Other('-' | '/' | ':' | '#' | '@' | '$' | '%') if self.token.start == end => {
                error.with_hint("a name that holds more than letters, digits and _ needs double quotes")
            }
            _ if keyword => error.with_hint_for_name(name),
            _ => error,
        }
    }

    fn simple(&mut self, path: Path, operator: Operator) -> Result<Node> {
        let Literal { value, start } = self.literal()?;
        self.tested(path, operator, Operand::One(value), &[start])
    }

    fn in_list(&mut self, path: Path, operator: Operator) -> Result<Node> {
        if !self.take_symbol("(") {
            return Err(self.expected("`(` and a list of values", &[]));
        }
        let mut values = Vec::new();
        if !self.take_symbol(")") {
            loop {
                values.push(self.literal()?.value);
                if self.take_symbol(")") {
                    break;
                }
                if !self.take_symbol(",") {
                    return Err(self.expected("`,` or `)`", &[]));
                }
            }
        }
        self.tested(path, operator, Operand::Many(values), &[])
    }

    fn between(&mut self, path: Path, operator: Operator) -> Result<Node> {
        let low = self.literal()?;
        if !self.take_keyword("AND") {
            return Err(self.expected("AND and the upper bound", &["AND"]));
        }
        let high = self.literal()?;
        let places = [low.start, high.start];
        self.tested(path, operator, Operand::Many(vec![low.value, high.value]), &places)
    }

    /// The checked test. `places` are those of the literals.
    fn tested(&self, path: Path, operator: Operator, operand: Operand, places: &[usize]) -> Result<Node> {
        let offender = match &operand {
            Operand::Many(values) => {
                let place = values.iter().position(|value| value.is_null() || value.as_json().is_some());
                places.get(place.unwrap_or_default())
            }
            _ => places.first(),
        };
        match Test::new(path, operator, operand) {
            Ok(test) => Ok(Node { filter: Filter::Test(test), depth: 0 }),
            Err(error) => Err(self.placed(error, offender.copied().unwrap_or(self.token.start))),
        }
    }
}

fn combined(mut nodes: Vec<Node>, combine: fn(Vec<Filter>) -> Filter) -> Node {
    if nodes.len() == 1 {
        return nodes.remove(0);
    }
    let depth = 1 + nodes.iter().map(|node| node.depth).max().unwrap_or_default();
    Node { filter: combine(nodes.into_iter().map(|node| node.filter).collect()), depth }
}

trait HintForName {
    /// Adds how to write a field's name that is a keyword too.
    fn with_hint_for_name(self, name: &str) -> Self;
}

impl HintForName for Error {
    fn with_hint_for_name(self, name: &str) -> Self {
        if self.hint().is_some() {
            return self;
        }
        self.with_hint(format!("a field of this name is written in double quotes: \"{name}\""))
    }
}

impl Parser<'_> {
    /// The error for a reserved word where a path should be.
    pub(super) fn reserved(&self, what: &str) -> Error {
        let error = self.expected(what, &[]);
        match self.token.kind {
            Kind::Word(word) if RESERVED_WORDS.iter().any(|reserved| word.eq_ignore_ascii_case(reserved)) => {
                error.with_hint_for_name(word)
            }
            _ => error,
        }
    }
}
