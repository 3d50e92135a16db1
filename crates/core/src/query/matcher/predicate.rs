//! Operators with their literals prepared.

use std::cmp::Ordering;

use hashbrown::HashSet;
use memchr::memmem::Finder;
use regex::Regex;

use crate::query::filter::Test;
use crate::query::operator::Operator;
use crate::query::pattern::{self, Step};
use crate::query::scalar::Scalar;
use crate::value::{DateTime, Number, Str, Value};

/// Lists of this many literals or more are looked up by hash.
const HASHED_LIST: usize = 8;

/// A positive operator with its operand, applied to a present value.
#[derive(Debug, Clone)]
pub(super) enum Predicate {
    /// EXISTS: presence is all.
    Present,
    /// EQ, GT, GTE, LT, LTE.
    Compare(Comparison, Literal),
    /// BETWEEN.
    Between(Literal, Literal),
    /// IN, by looking at each.
    AnyOf(Vec<Literal>),
    /// IN, by hash.
    Hashed(Box<HashedList>),
    /// LIKE.
    Like(LikePattern),
    /// ILIKE.
    Ilike(Vec<Step>),
    /// STARTS_WITH.
    Prefix(Str),
    /// REGEX.
    Regex(Regex),
    /// CONTAINS.
    Contains(Box<(Literal, Option<Finder<'static>>)>),
    /// MATCH.
    Match(Vec<String>),
    /// What no value passes.
    Never,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Comparison {
    Equal,
    Greater,
    GreaterOrEqual,
    Less,
    LessOrEqual,
}

impl Comparison {
    #[inline]
    fn accepts(self, order: Ordering) -> bool {
        match self {
            Comparison::Equal => order.is_eq(),
            Comparison::Greater => order.is_gt(),
            Comparison::GreaterOrEqual => order.is_ge(),
            Comparison::Less => order.is_lt(),
            Comparison::LessOrEqual => order.is_le(),
        }
    }
}

/// A literal, and what it says as a datetime if it is a string.
#[derive(Debug, Clone)]
pub(super) struct Literal {
    value: Value,
    datetime: Option<DateTime>,
}

impl Literal {
    fn new(value: &Value) -> Self {
        let datetime = value.as_str().and_then(|text| DateTime::parse(text).ok());
        Literal { value: value.clone(), datetime }
    }

    #[inline]
    fn compare(&self, value: Scalar<'_>) -> Option<Ordering> {
        // The commonest pairs first; the rest by the general rule.
        match (value, &self.value) {
            (Scalar::Number(Number::Integer(value)), Value::Integer(literal)) => Some(value.cmp(literal)),
            (Scalar::Number(Number::Float(value)), Value::Float(literal)) => value.partial_cmp(literal),
            (Scalar::String(value), Value::String(literal)) => Some(value.cmp(literal.as_str())),
            (Scalar::DateTime(value), Value::String(_)) => {
                self.datetime.map(|literal| value.micros().cmp(&literal.micros()))
            }
            (value, literal) => value.compare(Scalar::of(literal)?),
        }
    }

    #[inline]
    fn equals(&self, value: Scalar<'_>) -> bool {
        match (value, &self.value) {
            (Scalar::String(value), Value::String(literal)) => value == literal.as_str(),
            (Scalar::Json(_), literal) => Scalar::of(literal).is_some_and(|literal| value.equals(literal)),
            _ => self.compare(value) == Some(Ordering::Equal),
        }
    }
}

#[derive(Debug, Clone, Default)]
pub(super) struct HashedList {
    strings: HashSet<Str, foldhash::fast::RandomState>,
    integers: HashSet<i64, foldhash::fast::RandomState>,
    others: Vec<Literal>,
    datetimes: HashSet<i64, foldhash::fast::RandomState>,
}

impl HashedList {
    fn new(values: &[Value]) -> Self {
        let mut list = HashedList::default();
        for value in values {
            match value {
                Value::Null => {}
                Value::String(text) => {
                    if let Ok(time) = DateTime::parse(text) {
                        list.datetimes.insert(time.micros());
                    }
                    list.strings.insert(text.clone());
                }
                Value::Integer(integer) => {
                    list.integers.insert(*integer);
                }
                Value::Float(float) if crate::value::float_as_integer(*float).is_some() => {
                    list.integers.extend(crate::value::float_as_integer(*float));
                }
                Value::DateTime(time) => {
                    list.datetimes.insert(time.micros());
                }
                other => list.others.push(Literal::new(other)),
            }
        }
        list
    }

    fn holds(&self, value: Scalar<'_>) -> bool {
        match value {
            Scalar::String(text) => self.strings.contains(text),
            Scalar::DateTime(time) => self.datetimes.contains(&time.micros()),
            Scalar::Number(Number::Integer(integer)) => self.integers.contains(&integer),
            Scalar::Number(Number::Float(float)) => match crate::value::float_as_integer(float) {
                Some(integer) => self.integers.contains(&integer),
                None => self.others.iter().any(|literal| literal.equals(value)),
            },
            _ => self.others.iter().any(|literal| literal.equals(value)),
        }
    }
}

/// LIKE patterns, the frequent forms apart.
#[derive(Debug, Clone)]
pub(super) enum LikePattern {
    Everything,
    Exactly(String),
    Prefix(String),
    Suffix(String),
    Infix(Box<Finder<'static>>),
    General(Regex),
    /// A pattern whose regular expression would be too large.
    Steps(Vec<Step>),
}

impl LikePattern {
    fn new(pattern: &str) -> Self {
        let steps = pattern::parse_like(pattern);
        let leading = matches!(steps.first(), Some(Step::AnyRun));
        let trailing = steps.len() > usize::from(leading) && matches!(steps.last(), Some(Step::AnyRun));
        let inner = &steps[usize::from(leading)..steps.len() - usize::from(trailing)];
        let text: Option<String> = inner
            .iter()
            .map(|step| if let Step::Exactly(character) = step { Some(*character) } else { None })
            .collect();
        match (text, leading, trailing) {
            (Some(text), true, _) if text.is_empty() => LikePattern::Everything,
            (Some(text), false, false) => LikePattern::Exactly(text),
            (Some(text), false, true) => LikePattern::Prefix(text),
            (Some(text), true, false) => LikePattern::Suffix(text),
            (Some(text), true, true) => LikePattern::Infix(Box::new(Finder::new(text.as_bytes()).into_owned())),
            (None, ..) => Self::general(steps),
        }
    }

    fn general(steps: Vec<Step>) -> Self {
        let mut expression = String::from(r"(?s)\A");
        let mut buffer = [0; 4];
        for step in &steps {
            match step {
                Step::AnyRun => expression.push_str(".*"),
                Step::AnyOne => expression.push('.'),
                Step::Exactly(character) => {
                    expression.push_str(&regex::escape(character.encode_utf8(&mut buffer)));
                }
            }
        }
        expression.push_str(r"\z");
        Regex::new(&expression).map_or(LikePattern::Steps(steps), LikePattern::General)
    }

    fn matches(&self, text: &str) -> bool {
        match self {
            LikePattern::Everything => true,
            LikePattern::Exactly(wanted) => text == wanted,
            LikePattern::Prefix(wanted) => text.starts_with(wanted.as_str()),
            LikePattern::Suffix(wanted) => text.ends_with(wanted.as_str()),
            LikePattern::Infix(finder) => finder.find(text.as_bytes()).is_some(),
            LikePattern::General(regex) => regex.is_match(text),
            LikePattern::Steps(steps) => pattern::like_matches(steps, text),
        }
    }
}

impl Predicate {
    pub(super) fn new(test: &Test) -> Self {
        let compare = |comparison| match test.literal() {
            Some(literal) => Predicate::Compare(comparison, Literal::new(literal)),
            None => Predicate::Never,
        };
        let text = test.literal().and_then(Value::as_str);
        match (test.operator(), text) {
            (Operator::Exists, _) => Predicate::Present,
            (Operator::Eq, _) => compare(Comparison::Equal),
            (Operator::Gt, _) => compare(Comparison::Greater),
            (Operator::Gte, _) => compare(Comparison::GreaterOrEqual),
            (Operator::Lt, _) => compare(Comparison::Less),
            (Operator::Lte, _) => compare(Comparison::LessOrEqual),
            (Operator::In, _) if test.literals().len() >= HASHED_LIST => {
                Predicate::Hashed(Box::new(HashedList::new(test.literals())))
            }
            (Operator::In, _) => {
                let present = test.literals().iter().filter(|literal| !literal.is_null());
                Predicate::AnyOf(present.map(Literal::new).collect())
            }
            (Operator::Between, _) => match test.literals() {
                [low, high] => Predicate::Between(Literal::new(low), Literal::new(high)),
                _ => Predicate::Never,
            },
            (Operator::Contains, text) => match test.literal() {
                Some(literal) => {
                    let finder = text.map(|text| Finder::new(text.as_bytes()).into_owned());
                    Predicate::Contains(Box::new((Literal::new(literal), finder)))
                }
                None => Predicate::Never,
            },
            (Operator::Like, Some(text)) => Predicate::Like(LikePattern::new(text)),
            (Operator::Ilike, Some(text)) => Predicate::Ilike(pattern::parse_like(&pattern::fold_case(text))),
            (Operator::StartsWith, Some(text)) => Predicate::Prefix(text.into()),
            (Operator::Regex, _) => test.regex().cloned().map_or(Predicate::Never, Predicate::Regex),
            (Operator::Match, Some(text)) => Predicate::Match(pattern::tokens_of(text)),
            _ => Predicate::Never,
        }
    }

    #[inline]
    pub(super) fn holds(&self, value: Scalar<'_>) -> bool {
        match (self, value) {
            (Predicate::Present, _) => true,
            (Predicate::Compare(Comparison::Equal, literal), value) => literal.equals(value),
            (Predicate::Compare(comparison, literal), value) => {
                literal.compare(value).is_some_and(|order| comparison.accepts(order))
            }
            (Predicate::Between(low, high), value) => {
                low.compare(value).is_some_and(Ordering::is_ge) && high.compare(value).is_some_and(Ordering::is_le)
            }
            (Predicate::AnyOf(literals), value) => literals.iter().any(|literal| literal.equals(value)),
            (Predicate::Hashed(list), value) => list.holds(value),
            (Predicate::Like(pattern), Scalar::String(text)) => pattern.matches(text),
            (Predicate::Ilike(steps), Scalar::String(text)) => pattern::like_matches(steps, &pattern::fold_case(text)),
            (Predicate::Prefix(prefix), Scalar::String(text)) => text.starts_with(prefix.as_str()),
            (Predicate::Regex(regex), Scalar::String(text)) => regex.is_match(text),
            (Predicate::Match(tokens), Scalar::String(text)) => pattern::match_tokens(tokens, text),
            (Predicate::Contains(wanted), Scalar::String(text)) => {
                wanted.1.as_ref().is_some_and(|finder| finder.find(text.as_bytes()).is_some())
            }
            (Predicate::Contains(wanted), Scalar::Json(serde_json::Value::Array(items))) => {
                items.iter().filter_map(Scalar::of_json).any(|item| wanted.0.equals(item))
            }
            _ => false,
        }
    }

    /// How dear a check is, roughly.
    pub(super) fn cost(&self) -> u8 {
        match self {
            Predicate::Never => 0,
            Predicate::Present => 1,
            Predicate::Compare(_, literal) => match literal.value {
                Value::String(_) | Value::Binary(_) => 3,
                Value::Json(_) => 9,
                _ => 2,
            },
            Predicate::Between(..) | Predicate::Prefix(_) => 4,
            Predicate::AnyOf(_) | Predicate::Hashed(_) => 5,
            Predicate::Like(_) | Predicate::Contains(_) => 6,
            Predicate::Regex(_) => 7,
            Predicate::Ilike(_) => 8,
            Predicate::Match(_) => 10,
        }
    }
}
