//! The JSON form of aggregations.

use serde_json::{Map, Value as Json, json};

use super::bucket::{Bucket, Interval};
use super::function::AggregateFunction;
use super::spec::{Aggregate, Aggregation, GroupKey};
use crate::config::nearest;
use crate::error::{Error, Result};
use crate::query::{Filter, Path};
use crate::record::plain_json;
use crate::value::{Number, Str, Value};

impl Aggregation {
    /// The JSON form:
    /// `{"filters": [node, …], "group_by": [group, …], "aggregates": [{"function", "field", "as"}]}`.
    /// A group is a path, or an object with `field` and, as needed, `interval` or `width` and
    /// `origin`, and `as`. Empty parts and default names are left out.
    ///
    /// ```
    /// use dataknobs_data_core::Aggregation;
    /// let monthly = Aggregation::new().date_histogram("paid_at", "month").sum("amount").alias("total");
    /// let form = serde_json::json!({
    ///     "group_by": [{"field": "paid_at", "interval": "month"}],
    ///     "aggregates": [{"function": "sum", "field": "amount", "as": "total"}],
    /// });
    /// assert_eq!(monthly.to_json(), form);
    /// assert_eq!(Aggregation::from_json(form)?, monthly);
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    pub fn to_json(&self) -> Json {
        let mut form = Map::new();
        let mut part = |name: &str, items: Vec<Json>| {
            if !items.is_empty() {
                form.insert(name.to_owned(), Json::Array(items));
            }
        };
        part("filters", self.filters().iter().map(filter_to_json).collect());
        part("group_by", self.group_keys().iter().map(group_to_json).collect());
        part("aggregates", self.aggregates().iter().map(aggregate_to_json).collect());
        Json::Object(form)
    }

    /// Reads the JSON form and checks it.
    ///
    /// ```
    /// use dataknobs_data_core::Aggregation;
    /// let form = serde_json::json!({"group_by": ["city"], "aggregates": [{"function": "count"}]});
    /// assert_eq!(Aggregation::from_json(form)?, Aggregation::new().group_by("city").count());
    /// assert!(Aggregation::from_json(serde_json::json!({"groups": ["city"]})).is_err());
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`InvalidQuery`](crate::ErrorKind::InvalidQuery) that names the unknown key, or the part
    /// that is of the wrong shape, and as [`Aggregation::check`].
    pub fn from_json(form: Json) -> Result<Self> {
        let mut members = Members::of("aggregation", form, &["filters", "group_by", "aggregates"])?;
        let mut aggregation = Aggregation::new();
        for node in members.list("filters")? {
            aggregation = aggregation.with_filter(filter_from_json(node)?);
        }
        for group in members.list("group_by")? {
            aggregation = aggregation.with_group(Ok(group_from_json(group)?));
        }
        for aggregate in members.list("aggregates")? {
            aggregation = aggregation.with_aggregate(Ok(aggregate_from_json(aggregate)?));
        }
        aggregation.check()?;
        Ok(aggregation)
    }
}

fn filter_to_json(filter: &Filter) -> Json {
    filter.to_json()
}

fn filter_from_json(node: Json) -> Result<Filter> {
    Filter::from_json(node)
}

fn group_to_json(key: &GroupKey) -> Json {
    let mut form = Map::new();
    form.insert("field".to_owned(), path_to_json(&key.path));
    match &key.bucket {
        Bucket::Value => {}
        Bucket::Date(interval) => {
            form.insert("interval".to_owned(), json!(interval.name()));
        }
        Bucket::Number { width, origin } => {
            form.insert("width".to_owned(), plain_json(&Value::from(*width)));
            if !matches!(origin, Number::Integer(0)) {
                form.insert("origin".to_owned(), plain_json(&Value::from(*origin)));
            }
        }
    }
    if key.column != GroupKey::new(key.path.clone(), Bucket::Value).column {
        form.insert("as".to_owned(), json!(key.column.as_str()));
    }
    if form.len() == 1 { path_to_json(&key.path) } else { Json::Object(form) }
}

fn group_from_json(form: Json) -> Result<GroupKey> {
    if !form.is_object() {
        return Ok(GroupKey::new(path_from_json(form)?, Bucket::Value));
    }
    let mut members = Members::of("group", form, &["field", "interval", "width", "origin", "as"])?;
    let path = members.take("field").ok_or_else(|| Error::invalid_query("a group key needs a field"))?;
    let path = path_from_json(path)?;
    let bucket = match (members.text("interval")?, members.take("width"), members.take("origin")) {
        (None, None, None) => Bucket::Value,
        (Some(interval), None, None) => Bucket::Date(interval.parse::<Interval>()?),
        (None, Some(width), origin) => {
            Bucket::of_numbers(&number("width", width)?, &number("origin", origin.unwrap_or(json!(0)))?)?
        }
        (Some(_), Some(_), _) => return Err(Error::invalid_query("`interval` and `width` exclude each other")),
        (_, None, Some(_)) => return Err(Error::invalid_query("`origin` needs `width`")),
    };
    let mut key = GroupKey::new(path, bucket);
    if let Some(column) = members.text("as")? {
        key.column = column;
    }
    Ok(key)
}

fn aggregate_to_json(aggregate: &Aggregate) -> Json {
    let mut form = Map::new();
    form.insert("function".to_owned(), json!(aggregate.function.name()));
    if let Some(path) = &aggregate.path {
        form.insert("field".to_owned(), path_to_json(path));
    }
    let default = Aggregate::new(aggregate.function, aggregate.path.clone());
    if !default.is_ok_and(|default| default.column == aggregate.column) {
        form.insert("as".to_owned(), json!(aggregate.column.as_str()));
    }
    Json::Object(form)
}

fn aggregate_from_json(form: Json) -> Result<Aggregate> {
    let mut members = Members::of("aggregate", form, &["function", "field", "as"])?;
    let function = members.text("function")?.ok_or_else(|| Error::invalid_query("an aggregate needs a function"))?;
    let path = members.take("field").map(path_from_json).transpose()?;
    let mut aggregate = Aggregate::new(function.parse::<AggregateFunction>()?, path)?;
    if let Some(column) = members.text("as")? {
        aggregate.column = column;
    }
    Ok(aggregate)
}

fn path_to_json(path: &Path) -> Json {
    if path.is_dotted() {
        return Json::String(path.to_string());
    }
    Json::Array(path.segments().iter().map(|segment| json!(segment.as_str())).collect())
}

fn path_from_json(form: Json) -> Result<Path> {
    let wrong = || Error::invalid_query("a path is a string or a list of strings");
    match form {
        Json::String(text) => Path::dotted(&text),
        Json::Array(segments) => {
            let segments = segments.iter().map(|segment| segment.as_str().ok_or_else(wrong));
            Path::literal(segments.collect::<Result<Vec<_>>>()?)
        }
        _ => Err(wrong()),
    }
}

fn number(key: &'static str, form: Json) -> Result<Value> {
    match form {
        Json::Number(number) => Value::json(Json::Number(number))
            .map_err(|error| Error::invalid_query(error.message().to_owned()).with_context("key", key)),
        _ => Err(Error::invalid_query("a number is wanted here").with_context("key", key)),
    }
}

/// The members of an object all of whose keys are known; null counts as absent.
struct Members {
    part: &'static str,
    members: Map<String, Json>,
}

impl Members {
    fn of(part: &'static str, form: Json, known: &[&str]) -> Result<Self> {
        let Json::Object(members) = form else {
            return Err(Error::invalid_query("an object is wanted here").with_context("part", part));
        };
        let Some(unknown) = members.keys().find(|key| !known.contains(&key.as_str())) else {
            return Ok(Members { part, members });
        };
        let hint = match nearest(unknown, known.iter().copied()) {
            Some(key) => format!("did you mean `{key}`?"),
            None => format!("the keys are {}", known.join(", ")),
        };
        Err(Error::invalid_query("unknown key")
            .with_context("part", part)
            .with_context("key", format!("`{}`", unknown.escape_debug()))
            .with_hint(hint))
    }

    fn take(&mut self, key: &str) -> Option<Json> {
        self.members.remove(key).filter(|value| !value.is_null())
    }

    fn wrong(&self, key: &str, wanted: &'static str) -> Error {
        Error::invalid_query(wanted).with_context("part", self.part).with_context("key", format!("`{key}`"))
    }

    fn list(&mut self, key: &str) -> Result<Vec<Json>> {
        match self.take(key) {
            None => Ok(Vec::new()),
            Some(Json::Array(items)) => Ok(items),
            Some(_) => Err(self.wrong(key, "a list is wanted here")),
        }
    }

    fn text(&mut self, key: &str) -> Result<Option<Str>> {
        match self.take(key) {
            None => Ok(None),
            Some(Json::String(text)) => Ok(Some(text.into())),
            Some(_) => Err(self.wrong(key, "a string is wanted here")),
        }
    }
}
