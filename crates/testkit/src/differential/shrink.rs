//! Smaller cases that still differ.

use dataknobs_data_core::{Aggregation, Field, Filter, Operand, Query, Record, Test};

use super::{Case, Trial};
use crate::generate::{Operation, QueryParts};

/// How many smaller cases are tried at most.
const ATTEMPTS: usize = 3_000;

/// The smallest case found that still differs on its target, and how.
pub(super) async fn shrink(case: Case, difference: String) -> (Case, String) {
    shrink_while(case, difference, async |case| case.run(case.target).await).await
}

/// The smallest case found that `run` still fails on, and what it says.
pub(super) async fn shrink_while(
    case: Case,
    difference: String,
    run: impl AsyncFn(&Case) -> Result<(), String>,
) -> (Case, String) {
    let (mut smallest, mut difference) = (case, difference);
    let mut attempts = 0;
    'again: loop {
        for candidate in candidates(&smallest) {
            attempts += 1;
            if attempts > ATTEMPTS {
                return (smallest, difference);
            }
            if let Err(still) = run(&candidate).await {
                (smallest, difference) = (candidate, still);
                continue 'again;
            }
        }
        return (smallest, difference);
    }
}

/// Smaller cases, the boldest first.
fn candidates(case: &Case) -> Vec<Case> {
    let with_trial = |trial| Case { trial, ..case.clone() };
    let mut all: Vec<Case> = Vec::new();
    all.extend(shorter(&case.contents).into_iter().map(|contents| Case { contents, ..case.clone() }));
    match &case.trial {
        Trial::Query(query) => {
            all.extend(smaller_queries(query).into_iter().map(|query| with_trial(Trial::Query(query))));
        }
        Trial::Aggregation(aggregation) => {
            let smaller = smaller_aggregations(aggregation).into_iter();
            all.extend(smaller.map(|aggregation| with_trial(Trial::Aggregation(aggregation))));
        }
        Trial::Writes(operations, query) => {
            all.extend(shorter(operations).into_iter().map(|fewer| with_trial(Trial::Writes(fewer, query.clone()))));
            let smaller = smaller_queries(query);
            all.extend(smaller.into_iter().map(|query| with_trial(Trial::Writes(operations.clone(), query))));
            let changed = replaced(operations, smaller_operations);
            all.extend(changed.into_iter().map(|changed| with_trial(Trial::Writes(changed, query.clone()))));
        }
    }
    let changed = replaced(&case.contents, smaller_records);
    all.extend(changed.into_iter().map(|contents| Case { contents, ..case.clone() }));
    all
}

/// The list without a half, a quarter, … a single item of it.
fn shorter<T: Clone>(items: &[T]) -> Vec<Vec<T>> {
    let mut all = Vec::new();
    let mut size = items.len();
    while size > 0 {
        for start in (0..items.len()).step_by(size) {
            let end = (start + size).min(items.len());
            all.push([&items[..start], &items[end..]].concat());
        }
        size /= 2;
    }
    all
}

/// The list with one item replaced by a smaller one.
fn replaced<T: Clone>(items: &[T], smaller: impl Fn(&T) -> Vec<T>) -> Vec<Vec<T>> {
    let mut all = Vec::new();
    for (index, item) in items.iter().enumerate() {
        for replacement in smaller(item) {
            let mut changed = items.to_vec();
            changed[index] = replacement;
            all.push(changed);
        }
    }
    all
}

fn smaller_queries(query: &Query) -> Vec<Query> {
    let parts = QueryParts::of(query);
    let mut all: Vec<QueryParts> = Vec::new();
    let base = || QueryParts { ..parts.clone() };
    all.extend(shorter(&parts.filters).into_iter().map(|filters| QueryParts { filters, ..base() }));
    all.extend(shorter(&parts.sort).into_iter().map(|sort| QueryParts { sort, ..base() }));
    if parts.after.is_some() {
        all.push(QueryParts { after: None, sort: Vec::new(), ..base() });
        all.push(QueryParts { after: None, ..base() });
    }
    if parts.limit.is_some() {
        all.push(QueryParts { limit: None, ..base() });
    }
    if parts.offset > 0 {
        all.push(QueryParts { offset: 0, ..base() });
    }
    if parts.projection.is_some() {
        all.push(QueryParts { projection: None, ..base() });
    }
    all.extend(replaced(&parts.filters, smaller_filters).into_iter().map(|filters| QueryParts { filters, ..base() }));
    // A mistake is lost when a query is taken apart.
    if query.check().is_err() { vec![Query::new()] } else { all.iter().map(QueryParts::to_query).collect() }
}

/// The aggregation with an item less in one of its lists, taken apart by its JSON form.
fn smaller_aggregations(aggregation: &Aggregation) -> Vec<Aggregation> {
    let form = aggregation.to_json();
    let mut all = Vec::new();
    for part in ["filters", "group_by", "aggregates"] {
        let items = form.get(part).and_then(|items| items.as_array()).cloned().unwrap_or_default();
        for fewer in shorter(&items) {
            let mut smaller = form.clone();
            smaller[part] = fewer.into();
            all.extend(Aggregation::from_json(smaller));
        }
    }
    all
}

fn smaller_filters(filter: &Filter) -> Vec<Filter> {
    match filter {
        Filter::All(filters) => {
            let fewer = shorter(filters).into_iter().map(Filter::All);
            filters
                .iter()
                .cloned()
                .chain(fewer)
                .chain(replaced(filters, smaller_filters).into_iter().map(Filter::All))
                .collect()
        }
        Filter::Any(filters) => {
            let fewer = shorter(filters).into_iter().map(Filter::Any);
            filters
                .iter()
                .cloned()
                .chain(fewer)
                .chain(replaced(filters, smaller_filters).into_iter().map(Filter::Any))
                .collect()
        }
        Filter::Not(inner) => {
            let smaller = smaller_filters(inner).into_iter().map(Filter::negate);
            std::iter::once(inner.as_ref().clone()).chain(smaller).collect()
        }
        Filter::Test(test) => {
            let Operand::Many(literals) = test.operand() else { return Vec::new() };
            let fewer = shorter(literals).into_iter().map(Operand::Many);
            let tests = fewer.filter_map(|operand| Test::new(test.path().clone(), test.operator(), operand).ok());
            tests.map(Filter::Test).collect()
        }
    }
}

fn smaller_operations(operation: &Operation) -> Vec<Operation> {
    match operation {
        Operation::Create(record) => smaller_records(record).into_iter().map(Operation::Create).collect(),
        Operation::UpsertRecord(record) => smaller_records(record).into_iter().map(Operation::UpsertRecord).collect(),
        Operation::Update(id, record, expect) => {
            smaller_records(record).into_iter().map(|record| Operation::Update(id.clone(), record, *expect)).collect()
        }
        Operation::Upsert(id, record, expect) => {
            smaller_records(record).into_iter().map(|record| Operation::Upsert(id.clone(), record, *expect)).collect()
        }
        Operation::Patch(id, changes, expect) => {
            let fewer = shorter(changes).into_iter().filter(|changes| !changes.is_empty());
            fewer.map(|changes| Operation::Patch(id.clone(), changes, *expect)).collect()
        }
        Operation::CreateBatch(records) => smaller_batches(records).into_iter().map(Operation::CreateBatch).collect(),
        Operation::UpdateBatch(records) => smaller_batches(records).into_iter().map(Operation::UpdateBatch).collect(),
        Operation::UpsertBatch(records) => smaller_batches(records).into_iter().map(Operation::UpsertBatch).collect(),
        Operation::DeleteBatch(ids) => shorter(ids).into_iter().map(Operation::DeleteBatch).collect(),
        Operation::ReadBatch(ids) => shorter(ids).into_iter().map(Operation::ReadBatch).collect(),
        Operation::UpdateWhere(query, changes) => {
            let fewer = shorter(changes).into_iter().filter(|changes| !changes.is_empty());
            let by_changes = fewer.map(|changes| Operation::UpdateWhere(query.clone(), changes));
            let by_query =
                smaller_queries(query).into_iter().map(|query| Operation::UpdateWhere(query, changes.clone()));
            by_changes.chain(by_query).collect()
        }
        Operation::DeleteWhere(query) => smaller_queries(query).into_iter().map(Operation::DeleteWhere).collect(),
        Operation::Delete(..) | Operation::Clear | Operation::Reopen => Vec::new(),
    }
}

fn smaller_batches(records: &[Record]) -> Vec<Vec<Record>> {
    let mut all = shorter(records);
    all.extend(replaced(records, smaller_records));
    all
}

/// The record without metadata, without a field, with a detected type.
fn smaller_records(record: &Record) -> Vec<Record> {
    let mut all = Vec::new();
    if !record.metadata().is_empty() {
        let mut plain = record.clone();
        if plain.set_metadata(Default::default()).is_ok() {
            all.push(plain);
        }
    }
    for field in record.fields() {
        let mut fewer = record.clone();
        fewer.remove(field.name());
        all.push(fewer);
        let detected = Field::new(field.name(), field.value().clone());
        if detected != field.to_field() {
            let mut plain = record.clone();
            if plain.set_field(detected).is_ok() {
                all.push(plain);
            }
        }
    }
    all
}
