//! The behaviours, by method and rule.

mod aggregate;
mod batches;
mod count;
mod create;
mod delete;
mod errors;
mod exists;
mod explain;
mod first;
mod indexes;
mod isolation;
mod keys;
mod lifecycle;
mod many;
mod paging;
mod patch;
mod read;
mod read_only;
mod sample;
mod search;
mod stream;
mod timeouts;
mod transactions;
mod update;
mod upsert;
mod values;
mod versions;

use dataknobs_data_core::{Record, RecordId, Result, Version, record};
use futures_util::future::BoxFuture;

use super::behaviour::Behaviour;
use super::handle::Handle;
use crate::failure::{Failure, Outcome};

/// Every behaviour.
pub(super) fn all() -> Vec<Behaviour> {
    [
        create::list(),
        read::list(),
        exists::list(),
        update::list(),
        patch::list(),
        upsert::list(),
        delete::list(),
        batches::list(),
        search::list(),
        stream::list(),
        first::list(),
        count::list(),
        paging::list(),
        many::list(),
        aggregate::list(),
        explain::list(),
        transactions::list(),
        indexes::list(),
        versions::list(),
        values::list(),
        keys::list(),
        isolation::list(),
        lifecycle::list(),
        read_only::list(),
        timeouts::list(),
        errors::list(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// A record with an id and a number.
fn item(id: &str, number: i64) -> Result<Record> {
    record! { "n": number, "name": format!("item {id}") }?.with_id(id)
}

/// Records `a`, `b`, `c` with the numbers 1, 2, 3.
fn three() -> Result<Vec<Record>> {
    Ok(vec![item("a", 1)?, item("b", 2)?, item("c", 3)?])
}

/// Ids that no record can have.
fn illegal_ids() -> [String; 4] {
    [String::new(), "a\nb".to_owned(), "\u{7f}".to_owned(), "x".repeat(513)]
}

/// The record with this id, which has to be there.
async fn stored(db: &Handle, id: &str) -> Outcome<Record> {
    db.read(id).await?.ok_or_else(|| Failure::new(format!("the record with id `{id}` is not there")))
}

/// The version that the record with this id has now.
async fn version_now(db: &Handle, id: &str) -> Outcome<Version> {
    let record = stored(db, id).await?;
    record.version().cloned().ok_or_else(|| Failure::new(format!("the record with id `{id}` has no version")))
}

/// The integer in a field.
fn integer(record: &Record, name: &str) -> Option<i64> {
    record.get(name)?.as_integer()
}

fn ids(records: &[Record]) -> Vec<&str> {
    records.iter().map(|record| record.id().map_or("", RecordId::as_str)).collect()
}

/// Runs one call many times at once, on threads of its own where they block.
async fn race<T: Send + 'static>(
    db: &Handle,
    tasks: i64,
    call: impl Fn(Handle, i64) -> BoxFuture<'static, Result<T>>,
) -> Outcome<Vec<Result<T>>> {
    let start = std::sync::Arc::new(tokio::sync::Barrier::new(usize::try_from(tasks).unwrap_or(1)));
    let running: Vec<_> = (0..tasks)
        .map(|number| {
            let call = call(db.clone(), number);
            let start = start.clone();
            tokio::spawn(async move {
                start.wait().await;
                call.await
            })
        })
        .collect();
    let mut results = Vec::new();
    for task in running {
        results.push(task.await.map_err(|error| Failure::new(format!("a task ended badly: {error}")))?);
    }
    Ok(results)
}
