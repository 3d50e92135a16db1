//! Queries and aggregations with mistakes in them.
//!
//! Their JSON form is refused when it is read, so that no store ever sees it. The builders keep a
//! mistake until the query is used: what they can say is handed to every store, which proves that
//! the handle refuses it before the store is asked.

use dataknobs_data_core::{Aggregation, Operand, Operator, Path, Query, Result, Value, value_from_tagged};
use serde_json::{Map, Value as Json};

/// Why a mistake is not tried on a store.
pub(super) const NOT_BUILT: &str = "a mistake that can also be made without the JSON form";

/// A path as it stands in the JSON form, not looked at yet.
struct RawPath<'a>(&'a Json);

impl dataknobs_data_core::IntoPath for RawPath<'_> {
    fn into_path(self) -> Result<Path> {
        match self.0 {
            Json::String(text) => Path::dotted(text),
            Json::Array(segments) => Path::literal(segments.iter().filter_map(Json::as_str)),
            _ => Path::dotted(""),
        }
    }
}

/// A string or a list of strings: what a builder takes.
fn path(json: Option<&Json>) -> Option<RawPath<'_>> {
    let json = json?;
    let is_path = json.is_string() || json.as_array().is_some_and(|segments| segments.iter().all(Json::is_string));
    is_path.then_some(RawPath(json))
}

/// The members, if all of them are known here.
fn members<'a>(json: &'a Json, known: &[&str]) -> Option<&'a Map<String, Json>> {
    json.as_object().filter(|members| members.keys().all(|key| known.contains(&key.as_str())))
}

/// The elements of a list, or of nothing where there is none.
fn list<'a>(members: &'a Map<String, Json>, key: &str) -> Option<&'a [Json]> {
    match members.get(key) {
        None => Some(&[]),
        Some(list) => list.as_array().map(Vec::as_slice),
    }
}

/// A test as the builders take it.
fn test(node: &Json) -> Option<(RawPath<'_>, &str, Operand)> {
    let members = members(node, &["field", "operator", "value"])?;
    let operator = members.get("operator")?.as_str()?;
    let takes_list = operator.parse().is_ok_and(|operator| {
        matches!(operator, Operator::In | Operator::NotIn | Operator::Between | Operator::NotBetween)
    });
    let operand = match members.get("value") {
        None => Operand::None,
        Some(Json::Array(items)) if takes_list => {
            Operand::Many(items.iter().map(literal).collect::<Option<Vec<Value>>>()?)
        }
        Some(json) => Operand::One(literal(json)?),
    };
    Some((path(members.get("field"))?, operator, operand))
}

fn literal(json: &Json) -> Option<Value> {
    value_from_tagged(json.clone()).ok()
}

/// The query of the builder that makes the same mistake, if it can be made there.
pub(super) fn query(json: &Json) -> Option<Query> {
    let members = members(json, &["filters", "sort", "limit", "offset", "fields", "after"])?;
    let mut query = Query::new();
    for node in list(members, "filters")? {
        let (path, operator, operand) = test(node)?;
        query = query.filter(path, operator, operand);
    }
    for key in list(members, "sort")? {
        let key = self::members(key, &["field", "order"])?;
        query = query.sort(path(key.get("field"))?, key.get("order").map_or(Some("ASC"), Json::as_str)?);
    }
    if let Some(limit) = members.get("limit") {
        query = query.limit(limit.as_u64()?);
    }
    if let Some(offset) = members.get("offset") {
        query = query.offset(offset.as_u64()?);
    }
    if let Some(names) = members.get("fields") {
        query = query.select(names.as_array()?.iter().map(Json::as_str).collect::<Option<Vec<_>>>()?);
    }
    if let Some(token) = members.get("after") {
        query = query.after(token.as_str()?);
    }
    query.check().is_err().then_some(query)
}

/// The aggregation of the builder that makes the same mistake, if it can be made there.
pub(super) fn aggregation(json: &Json) -> Option<Aggregation> {
    let members = members(json, &["filters", "group_by", "aggregates"])?;
    let mut aggregation = Aggregation::new();
    for node in list(members, "filters")? {
        let (path, operator, operand) = test(node)?;
        aggregation = aggregation.filter(path, operator, operand);
    }
    for key in list(members, "group_by")? {
        aggregation = group(aggregation, key)?;
    }
    for aggregate in list(members, "aggregates")? {
        let members = self::members(aggregate, &["function", "field", "as"])?;
        let function = members.get("function")?.as_str()?;
        aggregation = match (function, members.get("field")) {
            ("count", None) => aggregation.count(),
            (function, field) => {
                let path = path(field)?;
                match function {
                    "count" => aggregation.count_of(path),
                    "count_distinct" => aggregation.count_distinct(path),
                    "min" => aggregation.min(path),
                    "max" => aggregation.max(path),
                    "sum" => aggregation.sum(path),
                    "avg" => aggregation.avg(path),
                    _ => return None,
                }
            }
        };
        aggregation = named(aggregation, members)?;
    }
    aggregation.check().is_err().then_some(aggregation)
}

fn group(aggregation: Aggregation, key: &Json) -> Option<Aggregation> {
    if let Some(path) = path(Some(key)) {
        return Some(aggregation.group_by(path));
    }
    let members = members(key, &["field", "interval", "width", "origin", "as"])?;
    let path = path(members.get("field"))?;
    let grouped = match (members.get("interval"), members.get("width"), members.get("origin")) {
        (None, None, None) => aggregation.group_by(path),
        (Some(interval), None, None) => aggregation.date_histogram(path, interval.as_str()?),
        (None, Some(width), origin) => {
            let origin = origin.map_or(Some(Value::from(0)), literal)?;
            aggregation.histogram(path, literal(width)?, origin)
        }
        _ => return None,
    };
    named(grouped, members)
}

fn named(aggregation: Aggregation, members: &Map<String, Json>) -> Option<Aggregation> {
    match members.get("as") {
        None => Some(aggregation),
        Some(name) => Some(aggregation.alias(name.as_str()?)),
    }
}
