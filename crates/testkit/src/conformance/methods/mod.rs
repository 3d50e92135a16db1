//! The behaviours, by method and rule.

mod create;

use dataknobs_data_core::{Record, RecordId, Result, record};
use futures_util::future::BoxFuture;

use super::behaviour::Behaviour;
use super::handle::Handle;
use crate::failure::{Failure, Outcome};

/// Every behaviour.
pub(super) fn all() -> Vec<Behaviour> {
    [create::list()].into_iter().flatten().collect()
}

/// A record with an id and a number.
fn item(id: &str, number: i64) -> Result<Record> {
    record! { "n": number, "name": format!("item {id}") }?.with_id(id)
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
