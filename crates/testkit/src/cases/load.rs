//! Reads the case files and checks that they are what section 5 of `docs/semantics.md` says.

use std::collections::HashSet;
use std::fmt;

use dataknobs_data_core::{Error, ErrorKind, FieldType, Record, Value};

use super::aggregate::AskedAggregation;
use super::files::FILES;
use super::form::{CaseForm, FileForm, Requirement};
use super::query::AskedQuery;
use super::value;
use crate::failure::{Failure, Outcome, ensure, ensure_eq};

/// One case file.
pub(super) struct Topic {
    pub(super) name: String,
    pub(super) collections: Vec<Collection>,
    pub(super) cases: Vec<Case>,
}

pub(super) struct Collection {
    pub(super) name: String,
    pub(super) records: Vec<Record>,
}

pub(super) struct Case {
    pub(super) name: String,
    pub(super) requires: Vec<Requirement>,
    pub(super) task: Task,
}

/// What a case asks and what it expects.
pub(super) enum Task {
    Search { collection: String, asked: AskedQuery, expected: Found },
    Aggregate { collection: String, asked: AskedAggregation, expected: Result<Rows, Refusal> },
    Convert { value: Value, to: FieldType, expected: Result<Value, Refusal> },
    Detect { value: Value, declared: Option<FieldType>, expected: FieldType },
    Parse { text: String, expected: Result<Box<serde_json::value::RawValue>, (Refusal, Option<usize>)> },
}

/// Each row as columns and values.
pub(super) type Rows = Vec<Vec<(String, Value)>>;

/// What a search is expected to find.
pub(super) enum Found {
    Ids { ids: Vec<String>, ordered: bool },
    Count(u64),
    Records { records: Vec<Record>, ordered: bool },
    Pages { size: u64, ids: Vec<Vec<String>> },
    Refused(Refusal),
}

/// An error that is expected.
pub(super) struct Refusal {
    pub(super) kind: ErrorKind,
    pub(super) mentions: Option<String>,
}

impl Refusal {
    /// Checks that a call failed as expected.
    pub(super) fn check<T: fmt::Debug>(&self, result: Result<T, Error>) -> Outcome {
        match result {
            Err(error) => self.check_error(&error),
            Ok(value) => Err(Failure::new(format!("{} was expected, not success with {value:?}", self.kind))),
        }
    }

    pub(super) fn check_error(&self, error: &Error) -> Outcome {
        ensure!(error.kind() == self.kind, "{} was expected, not {}: {error}", self.kind, error.kind());
        match &self.mentions {
            Some(part) if !error.to_string().contains(part.as_str()) => {
                Err(Failure::new(format!("the error does not mention `{part}`: {error}")))
            }
            _ => Ok(()),
        }
    }
}

/// Every topic, by name.
pub(super) fn topics() -> Outcome<Vec<Topic>> {
    let read = |(name, text): &(&str, &str)| topic(name, text).map_err(|failure| failure.at(format!("{name}.json")));
    FILES.iter().map(read).collect()
}

/// A topic out of the text of its file.
pub(super) fn topic(name: &str, text: &str) -> Outcome<Topic> {
    let file: FileForm = serde_json::from_str(text).map_err(|error| Failure::new(error.to_string()))?;
    ensure_eq!(file.topic, name, "the topic");
    ensure!(!file.rules.is_empty(), "no rules are named");
    ensure!(!file.cases.is_empty(), "there are no cases");
    let mut collections = Vec::new();
    for (name, forms) in file.collections.0 {
        let records = forms.iter().map(value::record).collect::<Outcome<Vec<_>>>();
        let records = records.map_err(|failure| failure.at(format!("collection `{name}`")))?;
        let ascend = records.windows(2).all(|pair| id_of(&pair[0]) < id_of(&pair[1]));
        ensure!(ascend, "collection `{name}`: the ids do not ascend");
        collections.push(Collection { name, records });
    }
    let mut names = HashSet::new();
    let mut cases = Vec::new();
    for form in file.cases {
        let name = form.name.clone();
        ensure!(names.insert(name.clone()), "two cases are called `{name}`");
        let collection = form.collection.clone();
        let case = case(form).map_err(|failure| failure.at(format!("case `{name}`")))?;
        if let Some(collection) = collection {
            let known = collections.iter().any(|known| known.name == collection);
            ensure!(known, "case `{name}`: there is no collection `{collection}`");
        }
        cases.push(case);
    }
    Ok(Topic { name: name.to_owned(), collections, cases })
}

pub(super) fn id_of(record: &Record) -> &str {
    record.id().map_or("", |id| id.as_str())
}

/// Takes the parts of a case that belong to its kind; those that are left then belong to another.
fn case(mut form: CaseForm) -> Outcome<Case> {
    let name = std::mem::take(&mut form.name);
    let requires = std::mem::take(&mut form.requires);
    let refusal = match (form.error.take(), form.mentions.take()) {
        (Some(kind), mentions) => Some(Refusal { kind: kind_named(&kind)?, mentions }),
        (None, None) => None,
        (None, Some(_)) => return Err(Failure::new("`mentions` needs `error`")),
    };
    let asked = match (form.query.take(), form.text.take()) {
        (Some(query), None) => Some(AskedQuery::from_json(query)),
        (None, Some(text)) => Some(AskedQuery::from_text(&text)),
        (None, None) => None,
        _ => return Err(Failure::new("`query` and `text` exclude each other")),
    };
    let task = match (asked, form.aggregate.take(), form.convert.take(), form.detect.take(), form.parse.take()) {
        (Some(asked), None, None, None, None) => {
            let collection = form.collection.take().ok_or_else(|| Failure::new("there is no collection"))?;
            Task::Search { collection, asked, expected: found(&mut form, refusal)? }
        }
        (None, Some(aggregate), None, None, None) => {
            let collection = form.collection.take().ok_or_else(|| Failure::new("there is no collection"))?;
            let rows = form.rows.take().map(|rows| {
                let row = |row: super::form::Members<super::form::Raw>| {
                    let columns = row.0.into_iter();
                    columns.map(|(column, raw)| Ok((column, value::value(&raw)?))).collect::<Outcome<Vec<_>>>()
                };
                rows.into_iter().map(row).collect::<Outcome<Rows>>()
            });
            let expected = either(rows.transpose()?, refusal)?;
            Task::Aggregate { collection, asked: AskedAggregation::from_json(&aggregate)?, expected }
        }
        (None, None, Some(convert), None, None) => {
            let result = form.result.take().map(|raw| value::value(&raw)).transpose()?;
            Task::Convert {
                value: value::value(&convert.value)?,
                to: value::field_type(&convert.to)?,
                expected: either(result, refusal)?,
            }
        }
        (None, None, None, Some(detect), None) => {
            ensure!(refusal.is_none(), "detection has no errors");
            let (value, field_type) = value::typed_value(&detect)?;
            let declared = (field_type != value.field_type()).then_some(field_type);
            let expected = form.field_type.take().ok_or_else(|| Failure::new("there is no `type`"))?;
            Task::Detect { value, declared, expected: value::field_type(&expected)? }
        }
        (None, None, None, None, Some(text)) => {
            let expected = either(form.equal.take(), refusal)?;
            Task::Parse { text, expected: expected.map_err(|refusal| (refusal, form.at.take())) }
        }
        _ => return Err(Failure::new("a case asks one thing")),
    };
    nothing_left(form)?;
    Ok(Case { name, requires, task })
}

fn found(form: &mut CaseForm, refusal: Option<Refusal>) -> Outcome<Found> {
    let ordered = form.ordered.take();
    let in_order = ordered.unwrap_or(false);
    let found = match (form.ids.take(), form.count.take(), form.records.take(), form.page.take(), refusal) {
        (Some(ids), None, None, None, None) => return Ok(Found::Ids { ids, ordered: in_order }),
        (None, None, Some(records), None, None) => {
            let records = records.iter().map(value::record).collect::<Outcome<_>>()?;
            return Ok(Found::Records { records, ordered: in_order });
        }
        (None, Some(count), None, None, None) => Found::Count(count),
        (None, None, None, Some(page), None) => Found::Pages { size: page.size, ids: page.ids },
        (None, None, None, None, Some(refusal)) => Found::Refused(refusal),
        _ => return Err(Failure::new("a search expects one thing")),
    };
    ensure!(ordered.is_none(), "`ordered` goes with `ids` and `records`");
    Ok(found)
}

fn either<T>(value: Option<T>, refusal: Option<Refusal>) -> Outcome<Result<T, Refusal>> {
    match (value, refusal) {
        (Some(value), None) => Ok(Ok(value)),
        (None, Some(refusal)) => Ok(Err(refusal)),
        _ => Err(Failure::new("a case expects a result or an error")),
    }
}

fn nothing_left(form: CaseForm) -> Outcome {
    let left = [
        ("collection", form.collection.is_some()),
        ("ids", form.ids.is_some()),
        ("ordered", form.ordered.is_some()),
        ("count", form.count.is_some()),
        ("records", form.records.is_some()),
        ("page", form.page.is_some()),
        ("rows", form.rows.is_some()),
        ("result", form.result.is_some()),
        ("type", form.field_type.is_some()),
        ("as", form.equal.is_some()),
        ("at", form.at.is_some()),
    ];
    match left.iter().find(|(_, is_left)| *is_left) {
        Some((part, _)) => Err(Failure::new(format!("`{part}` does not belong to a case of this kind"))),
        None => Ok(()),
    }
}

fn kind_named(name: &str) -> Outcome<ErrorKind> {
    let kind = ErrorKind::ALL.into_iter().find(|kind| kind.name() == name);
    kind.ok_or_else(|| Failure::new(format!("there is no error of the kind `{name}`")))
}
