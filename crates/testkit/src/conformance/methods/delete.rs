//! `delete`.

use dataknobs_data_core::{ErrorKind, Query, WriteOptions};

use super::{ids, illegal_ids, item, race, three, version_now};
use crate::conformance::behaviour::{Behaviour, Stage, behaviours};
use crate::failure::{Outcome, ensure, ensure_eq, refused};

async fn removes_one_record_once(stage: &Stage<'_>) -> Outcome {
    let db = stage.open_with(three()?).await?;
    ensure!(db.delete("b").await?);
    ensure!(!db.delete("b").await?, "the same delete again");
    ensure_eq!(ids(&db.search(&Query::new().sort("_id", "ASC")).await?), ["a", "c"]);
    stage.holds(&db, &[item("a", 1)?, item("c", 3)?]).await
}

async fn is_false_for_a_missing_record(stage: &Stage<'_>) -> Outcome {
    ensure!(!stage.open().await?.delete("a").await?, "of nothing");
    let db = stage.open_with(three()?).await?;
    ensure!(!db.delete("d").await?);
    for id in illegal_ids() {
        ensure_eq!(db.delete(&id).await?, false, "delete of {id:?}");
    }
    stage.holds(&db, &three()?).await
}

async fn empties_the_database_in_the_end(stage: &Stage<'_>) -> Outcome {
    let db = stage.open_with(three()?).await?;
    for id in ["a", "b", "c"] {
        ensure!(db.delete(id).await?);
    }
    stage.holds(&db, &[]).await?;
    ensure_eq!(ids(&db.search(&Query::new()).await?).len(), 0);
    db.create(item("d", 4)?).await?;
    stage.holds(&db, &[item("d", 4)?]).await
}

async fn removes_when_the_version_is_the_expected_one(stage: &Stage<'_>) -> Outcome {
    let db = stage.open_with(three()?).await?;
    let options = WriteOptions::new().expecting(version_now(&db, "a").await?);
    ensure!(db.delete_with("a", options).await?);
    stage.holds(&db, &[item("b", 2)?, item("c", 3)?]).await
}

async fn an_old_version_or_a_missing_record_is_a_conflict(stage: &Stage<'_>) -> Outcome {
    let db = stage.open_with(three()?).await?;
    let old = WriteOptions::new().expecting(version_now(&db, "a").await?);
    db.update("a", item("a", 5)?).await?;
    for id in ["a", "d", ""] {
        refused(db.delete_with(id, old.clone()).await, ErrorKind::Conflict)?;
    }
    stage.holds(&db, &[item("a", 5)?, item("b", 2)?, item("c", 3)?]).await
}

async fn of_racing_deletes_exactly_one_removes(stage: &Stage<'_>) -> Outcome {
    let db = stage.open_with(three()?).await?;
    let results = race(&db, 12, |db, _| Box::pin(async move { db.delete("a").await })).await?;
    let mut removed = 0;
    for result in results {
        removed += usize::from(result?);
    }
    ensure_eq!(removed, 1, "deletes that removed the record");
    stage.holds(&db, &[item("b", 2)?, item("c", 3)?]).await
}

pub(super) fn list() -> Vec<Behaviour> {
    behaviours! { "delete":
        always => [
            removes_one_record_once,
            is_false_for_a_missing_record,
            empties_the_database_in_the_end,
            removes_when_the_version_is_the_expected_one,
            an_old_version_or_a_missing_record_is_a_conflict,
            of_racing_deletes_exactly_one_removes,
        ],
    }
}
