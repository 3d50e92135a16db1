//! Calls that may take only so long.

use std::time::{Duration, Instant};

use dataknobs_data_core::{Aggregation, Changes, Error, ErrorKind, Query};

use super::{item, three};
use crate::conformance::behaviour::{Behaviour, Stage, behaviours};
use crate::conformance::handle::Handle;
use crate::failure::{Outcome, ensure, ensure_eq, refused};

const SHORT: Duration = Duration::from_millis(5);
const LONG: Duration = Duration::from_secs(60);

/// The errors of every method that asks the store, with the operation each is to name.
async fn timeouts(db: &Handle) -> Outcome<Vec<(&'static str, Error)>> {
    let (kind, all) = (ErrorKind::Timeout, Query::new());
    let changes = Changes::new().set("n", 9);
    Ok(vec![
        ("create", refused(db.create(item("d", 4)?).await, kind)?),
        ("read", refused(db.read("a").await, kind)?),
        ("exists", refused(db.exists("a").await, kind)?),
        ("update", refused(db.update("a", item("a", 9)?).await, kind)?),
        ("patch", refused(db.patch("a", changes.clone()).await, kind)?),
        ("upsert", refused(db.upsert("a", item("a", 9)?).await, kind)?),
        ("delete", refused(db.delete("a").await, kind)?),
        ("search", refused(db.search(&all).await, kind)?),
        ("stream", refused(db.stream(&all).await, kind)?),
        ("first", refused(db.first(&all).await, kind)?),
        ("count", refused(db.count(&all).await, kind)?),
        ("aggregate", refused(db.aggregate(&Aggregation::new().count()).await, kind)?),
        ("explain", refused(db.explain(&all).await, kind)?),
        ("create_batch", refused(db.create_batch(three()?).await, kind)?),
        ("read_batch", refused(db.read_batch(&["a"]).await, kind)?),
        ("update_batch", refused(db.update_batch(three()?).await, kind)?),
        ("upsert_batch", refused(db.upsert_batch(three()?).await, kind)?),
        ("delete_batch", refused(db.delete_batch(&["a"]).await, kind)?),
        ("update_where", refused(db.update_where(&all, changes).await, kind)?),
        ("delete_where", refused(db.delete_where(&all).await, kind)?),
        ("clear", refused(db.clear().await, kind)?),
        ("ping", refused(db.ping().await, kind)?),
        ("flush", refused(db.flush().await, kind)?),
    ])
}

async fn end_calls_that_the_store_does_not_answer(stage: &Stage<'_>) -> Outcome {
    let (db, watched) = stage.watch(three()?).await?;
    db.connect().await?;
    watched.stall();
    let began = Instant::now();
    for (operation, error) in timeouts(&db.with_timeout(SHORT)).await? {
        ensure_eq!(error.operation(), Some(operation), "the operation of {error}");
        ensure!(error.backend().is_some(), "the error names no backend: {error}");
        ensure!(error.is_retryable(), "a timeout says that a retry cannot help: {error}");
        ensure_eq!(error.context_value("timeout"), Some("5ms"), "the time that was allowed");
    }
    ensure!(began.elapsed() < LONG, "the calls took {:?}", began.elapsed());
    Ok(())
}

async fn hold_for_connecting_too(stage: &Stage<'_>) -> Outcome {
    let (db, watched) = stage.watch(three()?).await?;
    watched.stall();
    let db = db.with_timeout(SHORT);
    let error = refused(db.read("a").await, ErrorKind::Timeout)?;
    ensure_eq!(error.operation(), Some("read"), "the operation");
    let error = refused(db.connect().await, ErrorKind::Timeout)?;
    ensure_eq!(error.operation(), Some("connect"), "the operation");
    Ok(())
}

async fn leave_calls_in_time_alone(stage: &Stage<'_>) -> Outcome {
    let db = stage.open_with(three()?).await?;
    let limited = db.with_timeout(LONG);
    stage.holds(&limited, &three()?).await?;
    limited.create(item("d", 4)?).await?;
    ensure_eq!(limited.search(&Query::new()).await?.len(), 4, "records");
    ensure_eq!(limited.stream(&Query::new()).await?.rest().await?.len(), 4, "records of a stream");
    Ok(())
}

async fn belong_to_one_handle(stage: &Stage<'_>) -> Outcome {
    let db = stage.open_with(three()?).await?;
    let hurried = db.with_timeout(Duration::from_nanos(1));
    // Whatever comes of it: the other handle is as it was.
    let _ = hurried.count(&Query::new()).await;
    drop(hurried);
    stage.holds(&db, &three()?).await?;
    stage.holds(&db.with_timeout(LONG), &three()?).await
}

pub(super) fn list() -> Vec<Behaviour> {
    behaviours! { "timeouts":
        always => [
            end_calls_that_the_store_does_not_answer,
            hold_for_connecting_too,
            leave_calls_in_time_alone,
            belong_to_one_handle,
        ],
    }
}
