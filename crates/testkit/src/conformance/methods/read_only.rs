//! A database that refuses writes.

use dataknobs_data_core::{Aggregation, Changes, Error, ErrorKind, IndexKind, Query};

use super::{illegal_ids, item, three};
use crate::conformance::behaviour::{Behaviour, Stage, behaviours};
use crate::conformance::handle::Handle;
use crate::failure::{Outcome, ensure, ensure_eq, refused};

/// The refusals of every method that writes.
async fn refusals(db: &Handle) -> Outcome<Vec<Error>> {
    let kind = ErrorKind::Unsupported;
    let changes = Changes::new().set("n", 9);
    Ok(vec![
        refused(db.create(item("d", 4)?).await, kind)?,
        refused(db.update("a", item("a", 9)?).await, kind)?,
        refused(db.update_with("a", item("a", 9)?, Default::default()).await, kind)?,
        refused(db.patch("a", changes.clone()).await, kind)?,
        refused(db.patch("a", Changes::new()).await, kind)?,
        refused(db.patch_with("a", changes.clone(), Default::default()).await, kind)?,
        refused(db.upsert("a", item("a", 9)?).await, kind)?,
        refused(db.upsert_record(item("a", 9)?).await, kind)?,
        refused(db.upsert_with("a", item("a", 9)?, Default::default()).await, kind)?,
        refused(db.delete("a").await, kind)?,
        refused(db.delete_with("a", Default::default()).await, kind)?,
        refused(db.create_batch(vec![item("d", 4)?]).await, kind)?,
        refused(db.create_batch(Vec::new()).await, kind)?,
        refused(db.update_batch(three()?).await, kind)?,
        refused(db.upsert_batch(three()?).await, kind)?,
        refused(db.delete_batch(&["a"]).await, kind)?,
        refused(db.update_where(&Query::new(), changes).await, kind)?,
        refused(db.delete_where(&Query::new()).await, kind)?,
        refused(db.clear().await, kind)?,
        refused(db.create_index("n", IndexKind::Hash).await, kind)?,
        refused(db.create_named_index("own", "n", IndexKind::Ordered).await, kind)?,
        refused(db.drop_index("own").await, kind)?,
    ])
}

async fn refuses_every_write_before_the_store_is_asked(stage: &Stage<'_>) -> Outcome {
    let (db, watched) = stage.watch(three()?).await?;
    let view = db.read_only();
    view.connect().await?;
    let asked = watched.asked();
    for error in refusals(&view).await? {
        ensure!(
            error.operation().is_some() && error.backend().is_some(),
            "the error says less than it should: {error}"
        );
    }
    ensure_eq!(watched.asked(), asked, "requests to the store");
    stage.holds(&db, &three()?).await
}

async fn refuses_also_what_would_find_nothing(stage: &Stage<'_>) -> Outcome {
    let db = stage.open().await?.read_only();
    for id in illegal_ids() {
        refused(db.update(&id, item("a", 9)?).await, ErrorKind::Unsupported)?;
        refused(db.delete(&id).await, ErrorKind::Unsupported)?;
    }
    refused(db.delete("missing").await, ErrorKind::Unsupported)?;
    refused(db.clear().await, ErrorKind::Unsupported)?;
    Ok(())
}

async fn reads_as_ever(stage: &Stage<'_>) -> Outcome {
    let db = stage.open_with(three()?).await?;
    let view = db.read_only();
    stage.holds(&view, &three()?).await?;
    ensure!(view.exists("a").await?);
    ensure_eq!(view.read_batch(&["a", "x"]).await?.iter().flatten().count(), 1, "read_batch");
    ensure_eq!(view.search(&Query::parse("n > 1")?).await?.len(), 2, "search");
    ensure_eq!(view.stream(&Query::new()).await?.rest().await?.len(), 3, "stream");
    ensure_eq!(view.aggregate(&Aggregation::new().count()).await?.len(), 1, "aggregate");
    view.explain(&Query::new()).await?;
    view.ping().await?;
    view.flush().await?;
    view.info().await?;
    Ok(())
}

async fn a_view_sees_what_was_written_before_and_after_it(stage: &Stage<'_>) -> Outcome {
    let db = stage.open_with(three()?).await?;
    db.flush().await?;
    db.update("a", item("a", 10)?).await?;
    db.delete("b").await?;
    let expected = [item("a", 10)?, item("c", 3)?];
    stage.holds(&db.read_only(), &expected).await?;
    stage.holds(&db, &expected).await?;
    let view = db.read_only();
    view.connect().await?;
    db.create(item("d", 4)?).await?;
    let expected = [item("a", 10)?, item("c", 3)?, item("d", 4)?];
    stage.holds(&view, &expected).await?;
    stage.holds(&db, &expected).await
}

async fn closing_a_view_closes_the_database_as_any_clone_does(stage: &Stage<'_>) -> Outcome {
    let db = stage.open_with(three()?).await?;
    let view = db.read_only();
    view.close().await?;
    refused(view.read("a").await, ErrorKind::Connection)?;
    refused(db.read("a").await, ErrorKind::Connection)?;
    Ok(())
}

async fn its_transactions_refuse_writes(stage: &Stage<'_>) -> Outcome {
    let db = stage.open_with(three()?).await?;
    let tx = db.read_only().transaction().await?;
    ensure_eq!(tx.count(&Query::new()).await?, 3);
    refused(tx.create(item("d", 4)?).await, ErrorKind::Unsupported)?;
    refused(tx.update_where(&Query::new(), Changes::new().set("n", 9)).await, ErrorKind::Unsupported)?;
    refused(tx.delete_batch(&["a"]).await, ErrorKind::Unsupported)?;
    tx.commit().await?;
    stage.holds(&db, &three()?).await
}

pub(super) fn list() -> Vec<Behaviour> {
    behaviours! { "read_only":
        always => [
            refuses_every_write_before_the_store_is_asked,
            refuses_also_what_would_find_nothing,
            reads_as_ever,
            a_view_sees_what_was_written_before_and_after_it,
            closing_a_view_closes_the_database_as_any_clone_does,
        ],
        with Transactions => [its_transactions_refuse_writes],
    }
}
