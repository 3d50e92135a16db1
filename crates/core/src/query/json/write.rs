//! Queries to JSON.

use serde_json::{Map, Value as Json, json};

use super::value::value_to_tagged;
use crate::query::{Filter, Operand, Path, Query, Test};

pub(super) fn query(query: &Query) -> Json {
    let mut members = Map::new();
    members.insert("filters".into(), query.filters().iter().map(filter).collect());
    let sort = query.sort_keys().iter().map(|key| json!({"field": path(&key.path), "order": key.order.name()}));
    members.insert("sort".into(), sort.collect());
    if let Some(limit) = query.limit_value() {
        members.insert("limit".into(), count(limit));
    }
    if query.offset_value() > 0 {
        members.insert("offset".into(), count(query.offset_value()));
    }
    if let Some(names) = query.projection() {
        members.insert("fields".into(), names.iter().map(|name| Json::from(name.as_str())).collect());
    }
    if let Some(token) = query.after_token() {
        members.insert("after".into(), token.into());
    }
    Json::Object(members)
}

/// No store holds more than 2^63 - 1 records, and other languages' integers end there.
fn count(number: u64) -> Json {
    Json::from(i64::try_from(number).unwrap_or(i64::MAX))
}

pub(super) fn filter(node: &Filter) -> Json {
    match node {
        Filter::All(filters) => json!({"all_of": filters.iter().map(filter).collect::<Vec<_>>()}),
        Filter::Any(filters) => json!({"any_of": filters.iter().map(filter).collect::<Vec<_>>()}),
        Filter::Not(inner) => json!({"not": filter(inner)}),
        Filter::Test(test) => self::test(test),
    }
}

fn test(test: &Test) -> Json {
    let mut members = Map::new();
    members.insert("field".into(), path(test.path()));
    members.insert("operator".into(), test.operator().name().into());
    match test.operand() {
        Operand::None => {}
        Operand::One(value) => {
            members.insert("value".into(), value_to_tagged(value));
        }
        Operand::Many(values) => {
            members.insert("value".into(), values.iter().map(value_to_tagged).collect());
        }
    }
    Json::Object(members)
}

fn path(path: &Path) -> Json {
    if path.is_dotted() {
        return path.to_string().into();
    }
    path.segments().iter().map(|segment| Json::from(segment.as_str())).collect()
}
