//! `connect`, `ping`, `info`, `flush`, `close`, and what comes after.

use dataknobs_data_core::{Aggregation, Changes, Database, ErrorKind, IndexKind, Query, TransactionOptions};

use super::{item, race, three};
use crate::conformance::behaviour::{Behaviour, Stage, behaviours};
use crate::conformance::handle::Handle;
use crate::failure::{Failure, Outcome, ensure, ensure_eq, refused};

async fn the_first_use_connects(stage: &Stage<'_>) -> Outcome {
    ensure_eq!(stage.open().await?.read("a").await?, None, "a read");
    ensure_eq!(stage.open().await?.count(&Query::new()).await?, 0, "a count");
    stage.open().await?.create(item("a", 1)?).await?;
    let db = stage.open().await?;
    ensure!(db.stream(&Query::new()).await?.next_record().await?.is_none(), "a stream of nothing");
    ensure!(!stage.open().await?.info().await?.backend.is_empty(), "info names no backend");
    Ok(())
}

async fn first_uses_at_once_connect_once(stage: &Stage<'_>) -> Outcome {
    let db = stage.open().await?;
    let results =
        race(&db, 12, |db, number| Box::pin(async move { db.create(item(&format!("r{number}"), number)?).await }))
            .await?;
    for result in results {
        result?;
    }
    ensure_eq!(db.count(&Query::new()).await?, 12);
    Ok(())
}

async fn connecting_twice_is_no_error(stage: &Stage<'_>) -> Outcome {
    let db = stage.open().await?;
    db.connect().await?;
    db.create_batch(three()?).await?;
    db.connect().await?;
    stage.holds(&db, &three()?).await
}

async fn a_ping_is_answered(stage: &Stage<'_>) -> Outcome {
    let db = stage.open().await?;
    db.ping().await?;
    db.create(item("a", 1)?).await?;
    db.ping().await?;
    Ok(())
}

async fn info_names_backend_and_place(stage: &Stage<'_>) -> Outcome {
    let db = stage.open_with(three()?).await?;
    let info = db.info().await?;
    ensure!(!info.backend.is_empty() && !info.location.is_empty(), "something is missing: {info:?}");
    ensure_eq!(info.backend, db.database().backend().info().backend, "the backend");
    let error = refused(db.create(item("a", 1)?).await, ErrorKind::AlreadyExists)?;
    ensure_eq!(error.backend(), Some(info.backend), "the backend that errors name");
    Ok(())
}

async fn capabilities_are_those_of_the_backend(stage: &Stage<'_>) -> Outcome {
    let db = stage.open().await?;
    db.connect().await?;
    ensure_eq!(db.capabilities(), &stage.capabilities, "the capabilities");
    ensure_eq!(db.read_only().capabilities(), &stage.capabilities, "those of a view");
    let backend = db.database().backend();
    ensure_eq!(backend.transactional().is_some(), stage.capabilities.transactions, "transactions");
    ensure_eq!(backend.indexing().is_some(), stage.capabilities.indexes, "indexes");
    Ok(())
}

async fn flushing_changes_nothing(stage: &Stage<'_>) -> Outcome {
    let db = stage.open().await?;
    db.flush().await?;
    db.create_batch(three()?).await?;
    db.flush().await?;
    db.flush().await?;
    stage.holds(&db, &three()?).await
}

async fn closing_twice_is_no_error(stage: &Stage<'_>) -> Outcome {
    let db = stage.open_with(three()?).await?;
    db.close().await?;
    db.close().await?;
    let never_used = stage.open().await?;
    never_used.close().await?;
    never_used.close().await?;
    refused(never_used.read("a").await, ErrorKind::Connection)?;
    Ok(())
}

async fn every_use_after_a_close_is_refused(stage: &Stage<'_>) -> Outcome {
    let db = stage.open_with(three()?).await?;
    db.close().await?;
    let all = Query::new();
    let mut errors = vec![
        refused(db.create(item("d", 4)?).await, ErrorKind::Connection)?,
        refused(db.read("a").await, ErrorKind::Connection)?,
        refused(db.exists("a").await, ErrorKind::Connection)?,
        refused(db.update("a", item("a", 9)?).await, ErrorKind::Connection)?,
        refused(db.patch("a", Changes::new().set("n", 9)).await, ErrorKind::Connection)?,
        refused(db.upsert("a", item("a", 9)?).await, ErrorKind::Connection)?,
        refused(db.delete("a").await, ErrorKind::Connection)?,
        refused(db.search(&all).await, ErrorKind::Connection)?,
        refused(db.stream(&all).await, ErrorKind::Connection)?,
        refused(db.first(&all).await, ErrorKind::Connection)?,
        refused(db.count(&all).await, ErrorKind::Connection)?,
        refused(db.aggregate(&Aggregation::new().count()).await, ErrorKind::Connection)?,
        refused(db.explain(&all).await, ErrorKind::Connection)?,
        refused(db.create_batch(three()?).await, ErrorKind::Connection)?,
        refused(db.read_batch(&["a"]).await, ErrorKind::Connection)?,
        refused(db.update_batch(three()?).await, ErrorKind::Connection)?,
        refused(db.upsert_batch(three()?).await, ErrorKind::Connection)?,
        refused(db.delete_batch(&["a"]).await, ErrorKind::Connection)?,
        refused(db.update_where(&all, Changes::new().set("n", 9)).await, ErrorKind::Connection)?,
        refused(db.delete_where(&all).await, ErrorKind::Connection)?,
        refused(db.clear().await, ErrorKind::Connection)?,
    ];
    errors.extend(lifecycle_after_a_close(&db).await?);
    for error in errors {
        ensure!(!error.is_retryable(), "a closed database says that a retry may help: {error}");
        ensure!(
            error.operation().is_some() && error.backend().is_some(),
            "the error says less than it should: {error}"
        );
    }
    Ok(())
}

async fn lifecycle_after_a_close(db: &Handle) -> Outcome<Vec<dataknobs_data_core::Error>> {
    Ok(vec![
        refused(db.create_index("n", IndexKind::Hash).await, ErrorKind::Connection)?,
        refused(db.list_indexes().await, ErrorKind::Connection)?,
        refused(db.drop_index("n_hash").await, ErrorKind::Connection)?,
        refused(db.transaction_with(TransactionOptions::default()).await, ErrorKind::Connection)?,
        refused(db.connect().await, ErrorKind::Connection)?,
        refused(db.ping().await, ErrorKind::Connection)?,
        refused(db.flush().await, ErrorKind::Connection)?,
        refused(db.info().await, ErrorKind::Connection)?,
    ])
}

async fn clones_share_one_state(stage: &Stage<'_>) -> Outcome {
    let db = stage.open().await?;
    let other = db.clone();
    let limited = db.with_timeout(std::time::Duration::from_secs(60));
    db.create_batch(three()?).await?;
    stage.holds(&other, &three()?).await?;
    stage.holds(&limited, &three()?).await?;
    other.close().await?;
    refused(db.read("a").await, ErrorKind::Connection)?;
    refused(limited.read("a").await, ErrorKind::Connection)?;
    Ok(())
}

async fn both_forms_share_one_database(stage: &Stage<'_>) -> Outcome {
    let db = stage.open_with(three()?).await?;
    let other: Database = db.database().clone();
    ensure_eq!(other.count(&Query::new()).await?, 3, "records seen by the async form");
    ensure_eq!(stage.handle(other.clone()).form(), db.form(), "the form");
    let blocking = dataknobs_data_core::SyncDatabase::new(other);
    blocking.delete("a")?;
    stage.holds(&db, &[item("b", 2)?, item("c", 3)?]).await
}

async fn a_task_may_make_any_number_of_calls(stage: &Stage<'_>) -> Outcome {
    // More than a task's share of polls: a blocking call inside it must not wait for the next share.
    let db = stage.open_with(three()?).await?;
    let limited = db.with_timeout(std::time::Duration::from_secs(60));
    for _ in 0..150 {
        ensure!(limited.exists("a").await?);
        ensure!(stage.open().await?.read("a").await?.is_none());
    }
    Ok(())
}

async fn records_outlive_a_close(stage: &Stage<'_>) -> Outcome {
    let mut db = stage.open_with(three()?).await?;
    let mut expected = three()?;
    for round in 4..7 {
        let Some(reopened) = stage.reopen(&db).await? else {
            return Err(Failure::new("what is declared persistent cannot be opened again"));
        };
        db = reopened;
        stage.holds(&db, &expected).await?;
        let found = db.search(&Query::new()).await?;
        stage.same_list(&found, &stage.in_store_order(expected.clone()))?;
        expected.push(item(&format!("r{round}"), round)?);
        db.create(item(&format!("r{round}"), round)?).await?;
        ensure!(db.update("b", item("b", round)?).await?);
        expected[1] = item("b", round)?;
    }
    Ok(())
}

async fn a_flush_leaves_nothing_to_lose(stage: &Stage<'_>) -> Outcome {
    let db = stage.open_with(three()?).await?;
    db.flush().await?;
    db.delete("a").await?;
    db.flush().await?;
    match stage.reopen(&db).await? {
        Some(reopened) => stage.holds(&reopened, &[item("b", 2)?, item("c", 3)?]).await,
        None => Err(Failure::new("what is declared persistent cannot be opened again")),
    }
}

async fn nothing_outlives_a_close(stage: &Stage<'_>) -> Outcome {
    let db = stage.open_with(three()?).await?;
    match stage.reopen(&db).await? {
        Some(_) => Err(Failure::new("what is not declared persistent can be opened again")),
        None => Ok(()),
    }
}

pub(super) fn list() -> Vec<Behaviour> {
    behaviours! { "lifecycle":
        always => [
            the_first_use_connects,
            first_uses_at_once_connect_once,
            connecting_twice_is_no_error,
            a_ping_is_answered,
            info_names_backend_and_place,
            capabilities_are_those_of_the_backend,
            flushing_changes_nothing,
            closing_twice_is_no_error,
            every_use_after_a_close_is_refused,
            clones_share_one_state,
            both_forms_share_one_database,
            a_task_may_make_any_number_of_calls,
        ],
        with Persistence => [records_outlive_a_close, a_flush_leaves_nothing_to_lose],
        without Persistence => [nothing_outlives_a_close],
    }
}
