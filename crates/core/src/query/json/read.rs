//! Queries from JSON. Strict: whatever is not understood is an error that names its place.

use std::fmt;

use serde_json::{Map, Value as Json};

use super::value::value_from_tagged;
use crate::error::{Error, Result};
use crate::query::{
    Filter, IntoOperator as _, IntoSortOrder as _, MAX_FILTER_DEPTH, Operand, Operator, Path, Query, SortKey, Test,
};

/// A place in the document: `filters[2].any_of[0].operator`.
#[derive(Clone, Copy)]
struct At<'a> {
    parent: Option<&'a At<'a>>,
    step: Step<'a>,
}

#[derive(Clone, Copy)]
enum Step<'a> {
    Root,
    Key(&'a str),
    Index(usize),
}

const ROOT: At<'static> = At { parent: None, step: Step::Root };

impl<'a> At<'a> {
    fn key(&'a self, key: &'a str) -> At<'a> {
        At { parent: Some(self), step: Step::Key(key) }
    }

    fn index(&'a self, index: usize) -> At<'a> {
        At { parent: Some(self), step: Step::Index(index) }
    }

    fn wrong(&self, message: impl Into<std::borrow::Cow<'static, str>>) -> Error {
        self.of(Error::invalid_query(message))
    }

    /// Adds the place to an error.
    fn of(&self, error: Error) -> Error {
        let place = self.to_string();
        if place.is_empty() { error } else { error.with_context("at", place) }
    }

    fn expected(&self, what: &str, found: &Json) -> Error {
        let found = match found {
            Json::Null => "null",
            Json::Bool(_) => "a boolean",
            Json::Number(_) => "a number",
            Json::String(_) => "a string",
            Json::Array(_) => "a list",
            Json::Object(_) => "an object",
        };
        self.wrong(format!("expected {what}, found {found}"))
    }

    /// The error of a member that nothing is known about.
    fn unknown(&self, key: &str, known: &[&'static str]) -> Error {
        let error = self.wrong("unknown key").with_context("key", format!("`{}`", key.escape_debug()));
        match crate::config::nearest(key, known.iter().copied()) {
            Some(near) => error.with_hint(format!("did you mean {near}?")),
            None => error.with_hint(format!("the keys are {}", known.join(", "))),
        }
    }

    fn object(&self, json: Json, what: &str) -> Result<Map<String, Json>> {
        match json {
            Json::Object(members) => Ok(members),
            other => Err(self.expected(what, &other)),
        }
    }

    fn list(&self, json: Json, what: &str) -> Result<Vec<Json>> {
        match json {
            Json::Array(items) => Ok(items),
            other => Err(self.expected(what, &other)),
        }
    }
}

impl fmt::Display for At<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(parent) = self.parent else { return Ok(()) };
        write!(f, "{parent}")?;
        match self.step {
            Step::Root => Ok(()),
            Step::Key(key) => write!(f, "{}{key}", if parent.parent.is_some() { "." } else { "" }),
            Step::Index(index) => write!(f, "[{index}]"),
        }
    }
}

const QUERY_KEYS: [&str; 6] = ["filters", "sort", "limit", "offset", "fields", "after"];
const SORT_KEYS: [&str; 2] = ["field", "order"];
const NODE_KEYS: [&str; 6] = ["field", "operator", "value", "any_of", "all_of", "not"];

pub(super) fn query(json: Json) -> Result<Query> {
    let mut query = Query::new();
    for (key, member) in ROOT.object(json, "a query as an object")? {
        let at = ROOT.key(&key);
        match (key.as_str(), member) {
            (known, Json::Null) if QUERY_KEYS.contains(&known) => {}
            ("filters", member) => query.filters = nodes(member, at, 0)?,
            ("sort", member) => {
                let items = at.list(member, "a list of sort keys")?.into_iter().enumerate();
                query.sort = items.map(|(index, item)| sort_key(item, at.index(index))).collect::<Result<_>>()?;
            }
            ("limit", member) => query.limit = Some(count(&member, at)?),
            ("offset", member) => query.offset = count(&member, at)?,
            ("fields", member) => {
                let items = at.list(member, "a list of field names")?.into_iter().enumerate();
                let names = items.map(|(index, item)| text(item, at.index(index), "a field name").map(Into::into));
                query.projection = Some(names.collect::<Result<_>>()?);
            }
            ("after", member) => query.after = Some(text(member, at, "a token")?.into()),
            (unknown, _) => return Err(ROOT.unknown(unknown, &QUERY_KEYS)),
        }
    }
    Ok(query)
}

pub(super) fn filter(json: Json) -> Result<Filter> {
    node(json, ROOT, 0)
}

fn count(json: &Json, at: At<'_>) -> Result<u64> {
    let number = json.as_i64().and_then(|number| u64::try_from(number).ok());
    number.ok_or_else(|| match json {
        Json::Number(_) => at.wrong("expected a whole number from 0 to 2^63 - 1"),
        other => at.expected("a whole number", other),
    })
}

fn text(json: Json, at: At<'_>, what: &str) -> Result<String> {
    match json {
        Json::String(text) => Ok(text),
        other => Err(at.expected(what, &other)),
    }
}

fn path(json: Json, at: At<'_>) -> Result<Path> {
    let path = match json {
        Json::String(text) => Path::dotted(&text),
        Json::Array(items) => {
            let items = items.into_iter().enumerate();
            let segments = items.map(|(index, item)| text(item, at.index(index), "a path segment"));
            Path::literal(segments.collect::<Result<Vec<_>>>()?)
        }
        other => return Err(at.expected("a path as a string or a list of strings", &other)),
    };
    path.map_err(|error| at.of(error))
}

fn sort_key(json: Json, at: At<'_>) -> Result<SortKey> {
    let (mut field, mut order) = (None, None);
    for (key, member) in at.object(json, "a sort key as an object")? {
        match key.as_str() {
            "field" => field = Some(path(member, at.key("field"))?),
            "order" => {
                let at = at.key("order");
                let name = text(member, at, "ASC or DESC")?;
                order = Some(name.as_str().into_sort_order().map_err(|error| at.of(error))?);
            }
            unknown => return Err(at.unknown(unknown, &SORT_KEYS)),
        }
    }
    let path = field.ok_or_else(|| at.wrong("a sort key needs `field`"))?;
    Ok(SortKey { path, order: order.unwrap_or_default() })
}

fn nodes(json: Json, at: At<'_>, depth: usize) -> Result<Vec<Filter>> {
    let items = at.list(json, "a list of filters")?;
    let mut filters = Vec::with_capacity(items.len());
    // A plain loop: iterator adapters would take stack at every level of nesting.
    for (index, item) in items.into_iter().enumerate() {
        filters.push(node(item, at.index(index), depth)?);
    }
    Ok(filters)
}

/// A filter at this depth below the query's own list.
fn node(json: Json, at: At<'_>, depth: usize) -> Result<Filter> {
    let mut members = at.object(json, "a filter as an object")?;
    if let Some(unknown) = members.keys().find(|key| !NODE_KEYS.contains(&key.as_str())) {
        return Err(at.unknown(unknown, &NODE_KEYS));
    }
    let Some(kind) = ["any_of", "all_of", "not"].into_iter().find(|kind| members.contains_key(*kind)) else {
        return test(members, at);
    };
    if members.len() > 1 {
        return Err(at.wrong("a filter is one of a test, any_of, all_of and not"));
    }
    if depth == MAX_FILTER_DEPTH {
        return Err(at.wrong("filters must not be nested deeper than 128 levels"));
    }
    let member = members.remove(kind).unwrap_or_default();
    let at = at.key(kind);
    Ok(match kind {
        "any_of" => Filter::Any(nodes(member, at, depth + 1)?),
        "all_of" => Filter::All(nodes(member, at, depth + 1)?),
        _ => node(member, at, depth + 1)?.negate(),
    })
}

fn test(mut members: Map<String, Json>, at: At<'_>) -> Result<Filter> {
    let missing = |key: &str| at.wrong(format!("a test needs `{key}`"));
    let field = members.remove("field").ok_or_else(|| missing("field"))?;
    let path = path(field, at.key("field"))?;
    let operator = members.remove("operator").ok_or_else(|| missing("operator"))?;
    let operator = {
        let at = at.key("operator");
        let name = text(operator, at, "an operator's name")?;
        name.as_str().into_operator().map_err(|error| at.of(error))?
    };
    let takes_list = matches!(operator, Operator::In | Operator::NotIn | Operator::Between | Operator::NotBetween);
    let value_at = at.key("value");
    let operand = match members.remove("value") {
        None if matches!(operator, Operator::Exists | Operator::NotExists) => Operand::None,
        None => return Err(missing("value").with_context("operator", operator)),
        Some(Json::Array(items)) if takes_list => {
            let literals = items
                .into_iter()
                .enumerate()
                .map(|(index, item)| value_from_tagged(item).map_err(|error| value_at.index(index).of(error)));
            Operand::Many(literals.collect::<Result<_>>()?)
        }
        Some(value) => Operand::One(value_from_tagged(value).map_err(|error| value_at.of(error))?),
    };
    match Test::new(path, operator, operand) {
        Ok(test) => Ok(Filter::Test(test)),
        Err(error) => Err(value_at.of(error)),
    }
}
