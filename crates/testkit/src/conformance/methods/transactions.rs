//! `transaction` and `run_transaction`, where they are declared and where they are not.

use dataknobs_data_core::{
    Aggregation, Changes, ErrorKind, Isolation, Query, Record, TransactionOptions, WriteOptions, record,
};

use super::{ids, integer, item, race, stored, three, version_now};
use crate::conformance::behaviour::{Behaviour, Stage, behaviours};
use crate::failure::{Failure, Outcome, ensure, ensure_eq, refused};

async fn are_refused(stage: &Stage<'_>) -> Outcome {
    let db = stage.open_with(three()?).await?;
    refused(db.transaction().await, ErrorKind::Unsupported)?;
    refused(db.transaction_with(TransactionOptions::default()).await, ErrorKind::Unsupported)?;
    let run = db.run_transaction(|tx| Box::pin(async move { tx.delete("a").await })).await;
    refused(run, ErrorKind::Unsupported)?;
    stage.holds(&db, &three()?).await
}

async fn see_their_own_writes_and_nobody_else_does(stage: &Stage<'_>) -> Outcome {
    let db = stage.open_with(three()?).await?;
    let tx = db.transaction().await?;
    tx.create(item("d", 4)?).await?;
    ensure!(tx.update("a", item("a", 10)?).await?);
    ensure!(tx.patch("b", Changes::new().set("n", 20)).await?);
    ensure!(tx.delete("c").await?);
    ensure_eq!(ids(&tx.search(&Query::new().sort("_id", "ASC")).await?), ["a", "b", "d"]);
    ensure_eq!(tx.count(&Query::parse("n >= 10")?).await?, 2);
    ensure!(tx.exists("d").await? && !tx.exists("c").await?, "a read inside misses a write inside");
    ensure_eq!(tx.read("a").await?.and_then(|record| integer(&record, "n")), Some(10));
    stage.holds(&db, &three()?).await?;
    tx.commit().await?;
    let patched = record! { "n": 20, "name": "item b" }?.with_id("b")?;
    stage.holds(&db, &[item("a", 10)?, patched, item("d", 4)?]).await
}

async fn a_rollback_forgets_everything(stage: &Stage<'_>) -> Outcome {
    let db = stage.open_with(three()?).await?;
    let tx = db.transaction().await?;
    tx.create(item("d", 4)?).await?;
    tx.delete("a").await?;
    tx.clear().await?;
    tx.rollback().await?;
    stage.holds(&db, &three()?).await
}

async fn dropping_rolls_back(stage: &Stage<'_>) -> Outcome {
    let db = stage.open_with(three()?).await?;
    let tx = db.transaction().await?;
    tx.update("a", item("a", 10)?).await?;
    drop(tx);
    db.update("a", item("a", 11)?).await?;
    stage.holds(&db, &[item("a", 11)?, item("b", 2)?, item("c", 3)?]).await
}

async fn see_the_records_as_they_were_when_they_began(stage: &Stage<'_>) -> Outcome {
    let db = stage.open_with(three()?).await?;
    let tx = db.transaction().await?;
    ensure_eq!(tx.count(&Query::new()).await?, 3);
    db.update("a", item("a", 10)?).await?;
    db.delete("b").await?;
    db.create(item("d", 4)?).await?;
    ensure_eq!(tx.read("a").await?.and_then(|record| integer(&record, "n")), Some(1), "inside");
    ensure!(tx.exists("b").await? && !tx.exists("d").await?, "writes outside are seen inside");
    ensure_eq!(ids(&tx.search(&Query::new().sort("_id", "ASC")).await?), ["a", "b", "c"]);
    tx.commit().await?;
    stage.holds(&db, &[item("a", 10)?, item("c", 3)?, item("d", 4)?]).await
}

/// The second one's write waits for the end of the first where a store locks, and fails there; else
/// its commit does.
async fn of_two_that_write_one_record_the_second_writes_nothing(stage: &Stage<'_>) -> Outcome {
    let db = stage.open_with(three()?).await?;
    let (first, second) = (db.transaction().await?, db.transaction().await?);
    first.patch("a", Changes::new().set("n", 10)).await?;
    let (committed, wait) = tokio::sync::oneshot::channel::<()>();
    let writing = tokio::spawn(async move {
        second.patch("a", Changes::new().set("n", 11)).await?;
        let _ = wait.await;
        second.update("b", item("b", 20)?).await?;
        second.commit().await
    });
    tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    first.commit().await?;
    let _ = committed.send(());
    refused(writing.await.map_err(|error| Failure::new(error.to_string()))?, ErrorKind::Conflict)?;
    stage.holds(&db, &[item("a", 10)?, item("b", 2)?, item("c", 3)?]).await
}

async fn writes_of_other_records_go_together(stage: &Stage<'_>) -> Outcome {
    let db = stage.open_with(three()?).await?;
    let tx = db.transaction().await?;
    tx.update("a", item("a", 10)?).await?;
    db.update("b", item("b", 20)?).await?;
    tx.commit().await?;
    stage.holds(&db, &[item("a", 10)?, item("b", 20)?, item("c", 3)?]).await
}

async fn have_the_methods_of_a_database(stage: &Stage<'_>) -> Outcome {
    let db = stage.open_with(three()?).await?;
    let tx = db.transaction().await?;
    ensure_eq!(tx.create_batch(vec![item("d", 4)?, item("e", 5)?]).await?.len(), 2, "create_batch");
    ensure_eq!(tx.read_batch(&["e", "x"]).await?.iter().flatten().count(), 1, "read_batch");
    ensure_eq!(tx.update_batch(vec![item("d", 40)?, item("x", 0)?]).await?, [true, false], "update_batch");
    ensure_eq!(tx.upsert_batch(vec![item("f", 6)?]).await?.len(), 1, "upsert_batch");
    ensure_eq!(tx.delete_batch(&["e", "x"]).await?, [true, false], "delete_batch");
    ensure_eq!(tx.upsert("g", item("g", 7)?).await?.as_str(), "g", "upsert");
    tx.upsert_record(item("h", 8)?).await?;
    ensure_eq!(tx.update_where(&Query::parse("n <= 2")?, Changes::new().set("n", 0)).await?, 2, "update_where");
    ensure_eq!(tx.delete_where(&Query::parse("n = 0 AND name LIKE '%a'")?).await?, 1, "delete_where");
    let first = tx.first(&Query::new().sort("n", "DESC")).await?;
    ensure_eq!(first.and_then(|record| integer(&record, "n")), Some(40), "first");
    let sum = tx.aggregate(&Aggregation::new().sum("n")).await?;
    ensure_eq!(sum.get(0, "sum_n").and_then(|sum| sum.as_integer()), Some(64), "aggregate");
    let streamed = tx.stream(&Query::new().sort("_id", "ASC")).await?.rest().await?;
    ensure_eq!(ids(&streamed), ["b", "c", "d", "f", "g", "h"], "stream");
    tx.commit().await?;
    let b = record! { "n": 0, "name": "item b" }?.with_id("b")?;
    let expected = [b, item("c", 3)?, item("d", 40)?, item("f", 6)?, item("g", 7)?, item("h", 8)?];
    stage.holds(&db, &expected).await
}

async fn check_expected_versions(stage: &Stage<'_>) -> Outcome {
    let db = stage.open_with(three()?).await?;
    let version = WriteOptions::new().expecting(version_now(&db, "a").await?);
    let tx = db.transaction().await?;
    ensure!(tx.update_with("a", item("a", 10)?, version.clone()).await?);
    refused(tx.patch_with("a", Changes::new().set("n", 11), version.clone()).await, ErrorKind::Conflict)?;
    refused(tx.upsert_with("a", item("a", 11)?, version.clone()).await, ErrorKind::Conflict)?;
    refused(tx.delete_with("x", version).await, ErrorKind::Conflict)?;
    tx.rollback().await?;
    stage.holds(&db, &three()?).await
}

async fn that_are_read_only_refuse_writes(stage: &Stage<'_>) -> Outcome {
    let db = stage.open_with(three()?).await?;
    let mut options = TransactionOptions::default();
    options.read_only = true;
    let tx = db.transaction_with(options).await?;
    ensure_eq!(tx.count(&Query::new()).await?, 3);
    refused(tx.create(item("d", 4)?).await, ErrorKind::Unsupported)?;
    refused(tx.delete("a").await, ErrorKind::Unsupported)?;
    refused(tx.clear().await, ErrorKind::Unsupported)?;
    tx.commit().await?;
    stage.holds(&db, &three()?).await
}

async fn may_be_many_at_once(stage: &Stage<'_>) -> Outcome {
    let db = stage.open_with(vec![record! { "n": 0 }?.with_id("counter")?]).await?;
    let results = race(&db, 6, |db, _| {
        Box::pin(async move {
            for _ in 0..1_000 {
                let tx = db.transaction().await?;
                let n = tx.read("counter").await?.and_then(|read| integer(&read, "n")).unwrap_or_default();
                let result = match tx.patch("counter", Changes::new().set("n", n + 1)).await {
                    Ok(_) => tx.commit().await,
                    Err(error) => Err(error),
                };
                match result {
                    Err(error) if error.kind() == ErrorKind::Conflict => {}
                    result => return result.map(|()| true),
                }
            }
            Ok(false)
        })
    })
    .await?;
    for result in results {
        ensure!(result?, "an increment was not done");
    }
    ensure_eq!(integer(&stored(&db, "counter").await?, "n"), Some(6), "the counter");
    Ok(())
}

async fn running_one_commits_and_gives_the_result(stage: &Stage<'_>) -> Outcome {
    let db = stage.open_with(three()?).await?;
    let result = db
        .run_transaction(|tx| {
            Box::pin(async move {
                tx.create(item("d", 4)?).await?;
                tx.count(&Query::new()).await
            })
        })
        .await?;
    ensure_eq!(result, 4);
    ensure_eq!(db.count(&Query::new()).await?, 4);
    Ok(())
}

async fn running_one_that_fails_rolls_back(stage: &Stage<'_>) -> Outcome {
    let db = stage.open_with(three()?).await?;
    let result: Result<(), _> = db
        .run_transaction(|tx| {
            Box::pin(async move {
                tx.delete("a").await?;
                tx.create(item("b", 9)?).await.map(|_| ())
            })
        })
        .await;
    refused(result, ErrorKind::AlreadyExists)?;
    stage.holds(&db, &three()?).await
}

async fn running_one_again_after_a_conflict(stage: &Stage<'_>) -> Outcome {
    let db = stage.open_with(three()?).await?;
    let mut runs = 0;
    db.run_transaction(|tx| {
        runs += 1;
        let (outside, run) = (db.clone(), runs);
        Box::pin(async move {
            let n = tx.read("a").await?.and_then(|record| integer(&record, "n")).unwrap_or_default();
            if run < 3 {
                outside.patch("a", Changes::new().set("n", run * 100)).await?;
            }
            tx.patch("a", Changes::new().set("n", n + 1)).await
        })
    })
    .await?;
    ensure_eq!(runs, 3, "runs");
    ensure_eq!(integer(&stored(&db, "a").await?, "n"), Some(201));
    Ok(())
}

fn level(isolation: Isolation) -> TransactionOptions {
    let mut options = TransactionOptions::default();
    options.isolation = Some(isolation);
    options
}

async fn of_a_level_see_what_it_says(stage: &Stage<'_>) -> Outcome {
    let db = stage.open_with(three()?).await?;
    let tx = db.transaction_with(level(Isolation::RepeatableRead)).await?;
    db.update("a", item("a", 10)?).await?;
    ensure_eq!(tx.read("a").await?.and_then(|record| integer(&record, "n")), Some(1), "repeatable read");
    tx.commit().await?;
    let tx = db.transaction_with(level(Isolation::ReadCommitted)).await?;
    ensure!(tx.update("b", item("b", 20)?).await?);
    tx.commit().await?;
    stage.holds(&db, &[item("a", 10)?, item("b", 20)?, item("c", 3)?]).await
}

async fn that_are_not_serializable_do_not_say_so(stage: &Stage<'_>) -> Outcome {
    let db = stage.open_with(three()?).await?;
    refused(db.transaction_with(level(Isolation::Serializable)).await, ErrorKind::Unsupported)?;
    Ok(())
}

/// Each reads what the other writes, and none writes what the other does.
async fn that_are_serializable_show_no_write_skew(stage: &Stage<'_>) -> Outcome {
    let db = stage.open_with(three()?).await?;
    let first = db.transaction_with(level(Isolation::Serializable)).await?;
    let second = db.transaction_with(level(Isolation::Serializable)).await?;
    let mut done = 0;
    for (tx, reads, writes) in [(&first, "a", "b"), (&second, "b", "a")] {
        let read = tx.read(reads).await?.and_then(|record| integer(&record, "n")).unwrap_or_default();
        match tx.patch(writes, Changes::new().set("n", read + 100)).await {
            Ok(_) => {}
            Err(error) => {
                refused(Err::<(), _>(error), ErrorKind::Conflict)?;
            }
        }
    }
    for tx in [first, second] {
        match tx.commit().await {
            Ok(()) => done += 1,
            Err(error) => {
                refused(Err::<(), _>(error), ErrorKind::Conflict)?;
            }
        }
    }
    ensure_eq!(done, 1, "transactions that were committed");
    Ok(())
}

async fn go_back_to_a_savepoint(stage: &Stage<'_>) -> Outcome {
    let db = stage.open_with(three()?).await?;
    let tx = db.transaction().await?;
    tx.update("a", item("a", 10)?).await?;
    let outer = tx.savepoint().await?;
    tx.update("a", item("a", 11)?).await?;
    ensure!(tx.delete("b").await?);
    let inner = tx.savepoint().await?;
    tx.create(item("d", 4)?).await?;
    tx.create_batch(vec![item("e", 5)?, item("f", 6)?]).await?;
    tx.rollback_to(inner).await?;
    ensure_eq!(ids(&tx.search(&Query::new().sort("_id", "ASC")).await?), ["a", "c"]);
    // What was undone can be done again.
    tx.create(item("d", 40)?).await?;
    tx.rollback_to(outer).await?;
    ensure_eq!(ids(&tx.search(&Query::new().sort("_id", "ASC")).await?), ["a", "b", "c"]);
    tx.delete("c").await?;
    stage.holds(&db, &three()?).await?;
    tx.commit().await?;
    stage.holds(&db, &[item("a", 10)?, item("b", 2)?]).await
}

async fn keep_what_was_done_since_a_released_savepoint(stage: &Stage<'_>) -> Outcome {
    let db = stage.open_with(three()?).await?;
    let tx = db.transaction().await?;
    let outer = tx.savepoint().await?;
    tx.update("a", item("a", 10)?).await?;
    let inner = tx.savepoint().await?;
    tx.update("b", item("b", 20)?).await?;
    tx.release(inner).await?;
    let later = tx.savepoint().await?;
    tx.update("c", item("c", 30)?).await?;
    // Those that were set after it end with it.
    tx.release(outer).await?;
    refused(tx.rollback_to(later).await, ErrorKind::Conflict)?;
    let other = db.transaction().await?;
    refused(other.release(tx.savepoint().await?).await, ErrorKind::Conflict)?;
    other.rollback().await?;
    tx.commit().await?;
    stage.holds(&db, &[item("a", 10)?, item("b", 20)?, item("c", 30)?]).await
}

async fn go_on_after_a_failure_in_a_savepoint(stage: &Stage<'_>) -> Outcome {
    let db = stage.open_with(three()?).await?;
    let tx = db.transaction().await?;
    tx.update("a", item("a", 10)?).await?;
    let before = tx.savepoint().await?;
    tx.update("b", item("b", 20)?).await?;
    refused(tx.create(item("a", 0)?).await, ErrorKind::AlreadyExists)?;
    let batch = tx.create_batch(vec![item("x", 1)?, item("c", 0)?]).await;
    refused(batch, ErrorKind::AlreadyExists)?;
    tx.rollback_to(before).await?;
    ensure!(!tx.exists("x").await?);
    tx.create(item("d", 4)?).await?;
    tx.commit().await?;
    stage.holds(&db, &[item("a", 10)?, item("b", 2)?, item("c", 3)?, item("d", 4)?]).await
}

async fn without_savepoints_refuse_them(stage: &Stage<'_>) -> Outcome {
    if !stage.capabilities.transactions {
        return Ok(());
    }
    let db = stage.open_with(three()?).await?;
    let tx = db.transaction().await?;
    refused(tx.savepoint().await.map(drop), ErrorKind::Unsupported)?;
    tx.rollback().await?;
    stage.holds(&db, &three()?).await
}

async fn last_after_a_reopen(stage: &Stage<'_>) -> Outcome {
    let db = stage.open_with(three()?).await?;
    let tx = db.transaction().await?;
    tx.delete("a").await?;
    tx.commit().await?;
    let left: [Record; 2] = [item("b", 2)?, item("c", 3)?];
    stage.holds(&db, &left).await?;
    match stage.reopen(&db).await? {
        Some(reopened) => stage.holds(&reopened, &left).await,
        None if stage.capabilities.persistent => Err(Failure::new("the store cannot be opened again")),
        None => Ok(()),
    }
}

pub(super) fn list() -> Vec<Behaviour> {
    behaviours! { "transaction":
        without Transactions => [are_refused],
        with Transactions => [
            see_their_own_writes_and_nobody_else_does,
            a_rollback_forgets_everything,
            dropping_rolls_back,
            see_the_records_as_they_were_when_they_began,
            of_two_that_write_one_record_the_second_writes_nothing,
            writes_of_other_records_go_together,
            have_the_methods_of_a_database,
            check_expected_versions,
            that_are_read_only_refuse_writes,
            may_be_many_at_once,
            running_one_commits_and_gives_the_result,
            running_one_that_fails_rolls_back,
            running_one_again_after_a_conflict,
            last_after_a_reopen,
            of_a_level_see_what_it_says,
        ],
        with Savepoints => [
            go_back_to_a_savepoint,
            keep_what_was_done_since_a_released_savepoint,
            go_on_after_a_failure_in_a_savepoint,
        ],
        without Savepoints => [without_savepoints_refuse_them],
        with Serializable => [that_are_serializable_show_no_write_skew],
        without Serializable => [that_are_not_serializable_do_not_say_so],
    }
}
