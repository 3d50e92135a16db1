//! The results of a query against the reference.

use std::any::Any;
use std::panic::AssertUnwindSafe;

use dataknobs_data_core::{
    ErrorKind, Evaluator, FieldType, IdOrder, Query, Record, Result as StoreResult, SyncDatabase, reference_search,
};
use futures_util::FutureExt as _;

use super::target::id_of;
use super::{Session, Store};
use crate::generate::{Limits, QueryParts, Rng};

/// What the reference says: records or the kind of an error.
type Expected = Result<Vec<Record>, ErrorKind>;

/// Runs a query over a store that holds these records, in this order, by every method that answers
/// queries, and compares with the reference.
///
/// # Errors
/// The first difference, in words.
pub async fn compare(
    store: &Store,
    limits: Limits,
    records: &[Record],
    query: &Query,
    seed: u64,
) -> Result<(), String> {
    let calls = AssertUnwindSafe(compare_all(store, limits, records, query, seed));
    calls.catch_unwind().await.unwrap_or_else(|panic| Err(panic_text(panic.as_ref())))
}

/// What a panic says.
pub(super) fn panic_text(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    format!("panic: {}", text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("?"))
}

async fn compare_all(
    store: &Store,
    limits: Limits,
    records: &[Record],
    query: &Query,
    seed: u64,
) -> Result<(), String> {
    let capabilities = store.capabilities();
    let ids = capabilities.id_order;
    let mut records = records.to_vec();
    if !capabilities.insertion_order {
        records.sort_by(|a, b| ids.compare(id_of(a), id_of(b)));
    }
    let session = store.session();
    let expected: Expected = reference_search(&records, query, ids).map_err(|error| error.kind());

    let found = session.search(query).await;
    let token = found.as_ref().ok().and_then(|found| found.after().map(ToOwned::to_owned));
    same_results("search", &expected, found.map(|found| found.into_records()), limits)?;
    same_results("stream", &expected, drain(session, query).await, limits)?;

    let first = expected.clone().map(|found| found.into_iter().take(1).collect());
    let found = session.first(query).await.map(|found| found.into_iter().collect());
    same_results("first", &first, found, limits)?;

    let evaluator = Evaluator::new(query.to_filter());
    let count = records.iter().filter(|record| evaluator.matches(record)).count() as u64;
    let expected_count = expected.as_ref().map(|_| count).map_err(|kind| *kind);
    let found = session.count(query).await.map_err(|error| error.kind());
    if found != expected_count {
        return Err(format!("count: expected {expected_count:?}, found {found:?}"));
    }

    if let (Session::Database(database), true) = (session, Rng::of(seed, "sync").percent(12)) {
        let blocking = SyncDatabase::new(database.clone());
        same_results("blocking search", &expected, blocking.search(query).map(|found| found.into_records()), limits)?;
        let explained = blocking.explain(query).map(drop).map_err(|error| error.kind());
        if explained != expected.as_ref().map(drop).map_err(|kind| *kind) {
            return Err(format!("explain: {explained:?}"));
        }
    }
    match expected {
        Ok(page) => compare_pages(session, &records, query, page.len(), token, (limits, ids)).await,
        Err(_) => Ok(()),
    }
}

async fn drain(session: Session<'_>, query: &Query) -> StoreResult<Vec<Record>> {
    let mut cursor = session.stream(query).await?;
    let mut records = Vec::new();
    while let Some(record) = cursor.next_record().await? {
        records.push(record);
    }
    Ok(records)
}

/// Follows the tokens from page to page; all pages together are the result without a limit.
async fn compare_pages(
    session: Session<'_>,
    records: &[Record],
    query: &Query,
    first_page: usize,
    token: Option<String>,
    (limits, ids): (Limits, IdOrder),
) -> Result<(), String> {
    let filled = query.limit_value().is_some_and(|limit| limit > 0 && first_page as u64 >= limit);
    if (filled && !query.sort_keys().is_empty()) != token.is_some() {
        return Err(format!("after: token {token:?} for a page of {first_page} records"));
    }
    let mut parts = QueryParts::of(query);
    parts.limit = None;
    let all: Expected = reference_search(records, &parts.to_query(), ids).map_err(|error| error.kind());
    parts.limit = query.limit_value();
    parts.offset = 0;
    let mut next = token;
    let mut pages = match session.search(query).await {
        Ok(found) => found.into_records(),
        Err(error) => return Err(format!("search again: {error}")),
    };
    // Each page has at least one record, so that this ends.
    for _ in 0..=records.len() {
        let Some(token) = next.take() else { break };
        parts.after = Some(token);
        match session.search(&parts.to_query()).await {
            Ok(found) => {
                next = found.after().map(ToOwned::to_owned);
                pages.extend(found);
            }
            Err(error) => return Err(format!("next page: {error}")),
        }
    }
    if next.is_some() {
        return Err("after: the pages do not end".to_owned());
    }
    if query.limit_value().is_some() && parts.after == query.after_token().map(ToOwned::to_owned) {
        return Ok(()); // a single page, compared already
    }
    same_results("pages", &all, Ok(pages), limits)
}

fn same_results(
    method: &str,
    expected: &Expected,
    found: StoreResult<Vec<Record>>,
    limits: Limits,
) -> Result<(), String> {
    let (wanted, found) = match (expected, found) {
        (Ok(wanted), Ok(found)) => (wanted, found),
        (Err(kind), Err(error)) if *kind == error.kind() => return Ok(()),
        (Err(kind), Err(error)) => return Err(format!("{method}: expected {kind}, found {error:?}")),
        (Err(kind), Ok(found)) => return Err(format!("{method}: expected {kind}, found {} records", found.len())),
        (Ok(wanted), Err(error)) => {
            return Err(format!("{method}: expected {} records, found {error:?}", wanted.len()));
        }
    };
    records_difference(wanted, &found, limits).map_or(Ok(()), |difference| Err(format!("{method}: {difference}")))
}

/// How two lists of records differ, if they do.
pub(super) fn records_difference(wanted: &[Record], found: &[Record], limits: Limits) -> Option<String> {
    let ids = |records: &[Record]| records.iter().map(|record| id_of(record).to_owned()).collect::<Vec<_>>();
    let (wanted_ids, found_ids) = (ids(wanted), ids(found));
    if wanted_ids != found_ids {
        return Some(format!("expected ids {wanted_ids:?}, found {found_ids:?}"));
    }
    wanted.iter().zip(found).find_map(|(wanted, found)| {
        let difference = if found.version().is_none() {
            Some("a record without version".to_owned())
        } else {
            record_difference(wanted, found, limits)
        };
        difference.map(|difference| format!("record {:?}: {difference}", id_of(wanted)))
    })
}

/// How two records differ in what a store must keep, if they do.
pub fn record_difference(wanted: &Record, found: &Record, limits: Limits) -> Option<String> {
    let fields = |record: &Record| {
        let mut fields: Vec<_> = record
            .fields()
            .filter(|field| limits.missing_fields || !field.value().is_null())
            .map(|field| field.to_field())
            .collect();
        if !limits.field_order && !limits.missing_fields {
            // A patch that finds a null field there keeps its column's type, where a missing field
            // takes the value's own: STRING and TEXT hold the same value.
            for field in fields.iter_mut().filter(|field| field.field_type == FieldType::Text) {
                field.field_type = FieldType::String;
            }
        }
        if !limits.field_order {
            fields.sort_by(|a, b| a.name.cmp(&b.name));
        }
        fields
    };
    let (wanted_fields, found_fields) = (fields(wanted), fields(found));
    let names = |record: &Record| record.fields().map(|field| field.name().to_owned()).collect::<Vec<_>>();
    if wanted_fields.iter().map(|field| &field.name).ne(found_fields.iter().map(|field| &field.name)) {
        return Some(format!("expected fields {:?}, found {:?}", names(wanted), names(found)));
    }
    for (wanted, found) in wanted_fields.iter().zip(&found_fields) {
        if wanted != found {
            return Some(format!("expected {wanted:?}, found {found:?}"));
        }
    }
    if wanted.metadata() != found.metadata() {
        return Some(format!("expected metadata {:?}, found {:?}", wanted.metadata(), found.metadata()));
    }
    None
}
