//! The reference evaluator: the query semantics, written for clarity alone.
//!
//! Every backend is tested against it, and the handle re-checks with the compiled form of the same
//! rules what a backend could not answer exactly.

use std::cmp::Ordering;

use super::filter::{Filter, Operand, Test};
use super::operator::Operator;
use super::pattern;
use super::scalar::{Scalar, order_by_presence};
use super::sort::{IdOrder, SortPosition};
use super::{Path, Query, SortKey};
use crate::error::Result;
use crate::record::Record;
use crate::value::{Value, json_equal};

/// Decides by the written rules whether records pass a filter.
///
/// ```
/// use dataknobs_data_core::{Evaluator, Filter, record};
/// let evaluator = Evaluator::new(Filter::new("age", ">", 30)?);
/// assert!(evaluator.matches(&record! { "age": 31.5 }?));
/// assert!(!evaluator.matches(&record! { "age": "31" }?));
/// # Ok::<(), dataknobs_data_core::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Evaluator {
    filter: Filter,
}

impl Evaluator {
    /// An evaluator of this filter.
    ///
    /// ```
    /// use dataknobs_data_core::{Evaluator, Filter, record};
    /// let evaluator = Evaluator::new(Filter::parse("name LIKE 'A%'")?);
    /// assert!(evaluator.matches(&record! { "name": "Ada" }?));
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    pub fn new(filter: Filter) -> Self {
        Evaluator { filter }
    }

    /// Whether the record passes.
    ///
    /// ```
    /// use dataknobs_data_core::{Evaluator, Filter, record};
    /// let evaluator = Evaluator::new(Filter::parse("NOT age > 30")?);
    /// assert!(evaluator.matches(&record! { "name": "Ada" }?)); // no age is not above 30
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    pub fn matches(&self, record: &Record) -> bool {
        filter_holds(&self.filter, record)
    }
}

fn filter_holds(filter: &Filter, record: &Record) -> bool {
    match filter {
        Filter::All(filters) => filters.iter().all(|filter| filter_holds(filter, record)),
        Filter::Any(filters) => filters.iter().any(|filter| filter_holds(filter, record)),
        Filter::Not(filter) => !filter_holds(filter, record),
        Filter::Test(test) => test_holds(test, record),
    }
}

fn test_holds(test: &Test, record: &Record) -> bool {
    let found = test.path().resolve(record);
    match (test.operator(), test.operand()) {
        (Operator::Exists, _) | (Operator::Neq, Operand::One(Value::Null)) => return found.is_some(),
        (Operator::NotExists, _) | (Operator::Eq, Operand::One(Value::Null)) => return found.is_none(),
        _ => {}
    }
    let Some(value) = found else { return false };
    match test.operator().positive_of() {
        Some(positive) => !positive_holds(positive, test, value),
        None => positive_holds(test.operator(), test, value),
    }
}

fn positive_holds(operator: Operator, test: &Test, value: Scalar<'_>) -> bool {
    match operator {
        Operator::Eq => test.literal().is_some_and(|literal| equals_literal(value, literal)),
        Operator::Gt => order_to_literal(test, value).is_some_and(Ordering::is_gt),
        Operator::Gte => order_to_literal(test, value).is_some_and(Ordering::is_ge),
        Operator::Lt => order_to_literal(test, value).is_some_and(Ordering::is_lt),
        Operator::Lte => order_to_literal(test, value).is_some_and(Ordering::is_le),
        Operator::In => test.literals().iter().any(|literal| equals_literal(value, literal)),
        Operator::Between => match test.literals() {
            [low, high] => {
                compare_to_literal(value, low).is_some_and(Ordering::is_ge)
                    && compare_to_literal(value, high).is_some_and(Ordering::is_le)
            }
            _ => false,
        },
        Operator::Contains => test.literal().is_some_and(|literal| contains(value, literal)),
        Operator::Like | Operator::Ilike | Operator::StartsWith | Operator::Regex | Operator::Match => {
            let (Scalar::String(text), Some(wanted)) = (value, test.literal().and_then(Value::as_str)) else {
                return false;
            };
            match operator {
                Operator::Like => pattern::like_matches(&pattern::parse_like(wanted), text),
                Operator::Ilike => {
                    // Folding leaves the pattern's own signs alone: none of them has a case.
                    let steps = pattern::parse_like(&pattern::fold_case(wanted));
                    pattern::like_matches(&steps, &pattern::fold_case(text))
                }
                Operator::StartsWith => text.starts_with(wanted),
                Operator::Regex => test.regex().is_some_and(|regex| regex.is_match(text)),
                _ => pattern::match_tokens(&pattern::tokens_of(wanted), text),
            }
        }
        _ => false,
    }
}

fn order_to_literal(test: &Test, value: Scalar<'_>) -> Option<Ordering> {
    compare_to_literal(value, test.literal()?)
}

fn compare_to_literal(value: Scalar<'_>, literal: &Value) -> Option<Ordering> {
    value.compare(Scalar::of(literal)?.coerced_to(value))
}

fn equals_literal(value: Scalar<'_>, literal: &Value) -> bool {
    // Null inside a list is ignored.
    Scalar::of(literal).is_some_and(|literal| value.equals(literal.coerced_to(value)))
}

fn contains(value: Scalar<'_>, literal: &Value) -> bool {
    match (value, literal) {
        (Scalar::String(text), Value::String(wanted)) => text.contains(wanted.as_str()),
        (Scalar::Json(serde_json::Value::Array(items)), literal) => {
            items.iter().any(|item| match (Scalar::of_json(item), Scalar::of(literal)) {
                (Some(Scalar::Json(item)), Some(Scalar::Json(literal))) => json_equal(item, literal),
                (Some(item), Some(literal)) => item.equals(literal),
                _ => false,
            })
        }
        _ => false,
    }
}

/// Compares two records by sort keys, then by id.
pub(crate) fn compare_records(a: &Record, b: &Record, sort: &[SortKey], ids: IdOrder) -> Ordering {
    sort.iter()
        .map(|key| {
            let (a, b) = (key.path.resolve(a), key.path.resolve(b));
            order_by_presence(a, b, key.order.is_descending(), key.id_order(ids))
        })
        .find(|order| order.is_ne())
        .unwrap_or_else(|| ids.compare_options(a.id(), b.id()))
}

/// What a query finds among these records, which stand in the store's own order. The oracle that
/// every backend is tested against; it looks at every record and keeps all of them in memory.
///
/// ```
/// use dataknobs_data_core::{IdOrder, Query, record, reference_search};
/// let records = [record! { "n": 2 }?.with_id("a")?, record! { "n": 1 }?.with_id("b")?];
/// let found = reference_search(&records, &Query::parse("ORDER BY n LIMIT 1")?, IdOrder::CodePoint)?;
/// assert_eq!(found[0].id().unwrap(), "b");
/// # Ok::<(), dataknobs_data_core::Error>(())
/// ```
///
/// # Errors
/// [`InvalidQuery`](crate::ErrorKind::InvalidQuery) when the query is invalid.
pub fn reference_search(records: &[Record], query: &Query, ids: IdOrder) -> Result<Vec<Record>> {
    query.check()?;
    let evaluator = Evaluator::new(query.to_filter());
    let mut found: Vec<Record> = records.iter().filter(|record| evaluator.matches(record)).cloned().collect();
    if !query.sort_keys().is_empty() {
        found.sort_by(|a, b| compare_records(a, b, query.sort_keys(), ids));
    }
    if let Some(token) = query.after_token() {
        let position = SortPosition::decode(token, query.sort_keys())?;
        found.retain(|record| position.is_before(record, query.sort_keys(), ids));
    }
    let offset = usize::try_from(query.offset_value()).unwrap_or(usize::MAX);
    let limit = query.limit_value().map_or(usize::MAX, |limit| usize::try_from(limit).unwrap_or(usize::MAX));
    let page = found.into_iter().skip(offset).take(limit);
    Ok(match query.projection() {
        Some(names) => page.map(|record| record.project(names)).collect(),
        None => page.collect(),
    })
}

/// The value that a path finds in a record, if it is present. JSON scalars come as their own kind.
pub(crate) fn value_at(path: &Path, record: &Record) -> Option<Value> {
    path.resolve(record).map(Scalar::to_value)
}
