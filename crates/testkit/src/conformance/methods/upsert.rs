//! `upsert`, with an id of the call's and with that of the record.

use dataknobs_data_core::{ErrorKind, Query, WriteOptions, record};

use super::{ids, illegal_ids, integer, item, race, stored, three, version_now};
use crate::conformance::behaviour::{Behaviour, Stage, behaviours};
use crate::failure::{Outcome, ensure, ensure_eq, refused};

async fn creates_what_is_missing(stage: &Stage<'_>) -> Outcome {
    let db = stage.open().await?;
    ensure_eq!(db.upsert("a", item("a", 1)?).await?.as_str(), "a");
    ensure_eq!(db.upsert_record(item("b", 2)?).await?.as_str(), "b");
    ensure_eq!(db.upsert_record(item("c", 3)?).await?.as_str(), "c");
    stage.holds(&db, &three()?).await
}

async fn replaces_what_is_there(stage: &Stage<'_>) -> Outcome {
    let before = stage.described(item("a", 1)?)?;
    let db = stage.open_with(vec![before, item("b", 2)?]).await?;
    ensure_eq!(db.upsert("a", record! { "x": 1 }?).await?.as_str(), "a");
    ensure_eq!(db.upsert_record(record! { "y": 2 }?.with_id("b")?).await?.as_str(), "b");
    stage.holds(&db, &[record! { "x": 1 }?.with_id("a")?, record! { "y": 2 }?.with_id("b")?]).await
}

async fn the_id_of_the_call_wins_over_that_of_the_record(stage: &Stage<'_>) -> Outcome {
    let db = stage.open_with(three()?).await?;
    ensure_eq!(db.upsert("a", item("b", 9)?).await?.as_str(), "a");
    ensure_eq!(db.upsert("d", item("b", 8)?).await?.as_str(), "d");
    let expected = [item("b", 9)?.with_id("a")?, item("b", 2)?, item("c", 3)?, item("b", 8)?.with_id("d")?];
    stage.holds(&db, &expected).await
}

async fn makes_an_id_where_the_record_has_none(stage: &Stage<'_>) -> Outcome {
    let db = stage.open().await?;
    let first = db.upsert_record(record! { "n": 1 }?).await?;
    let second = db.upsert_record(record! { "n": 2 }?).await?;
    ensure!(first != second, "two records got the id `{first}`");
    ensure_eq!(integer(&stored(&db, &first).await?, "n"), Some(1));
    ensure_eq!(integer(&stored(&db, &second).await?, "n"), Some(2));
    Ok(())
}

async fn refuses_an_id_that_cannot_be(stage: &Stage<'_>) -> Outcome {
    let db = stage.open_with(three()?).await?;
    for id in illegal_ids() {
        refused(db.upsert(&id, item("a", 9)?).await, ErrorKind::InvalidRecord)?;
    }
    stage.holds(&db, &three()?).await
}

async fn keeps_the_place_of_the_record(stage: &Stage<'_>) -> Outcome {
    let db = stage.open_with(vec![item("b", 1)?, item("a", 2)?, item("c", 3)?]).await?;
    db.upsert("b", item("b", 9)?).await?;
    db.upsert("0", item("0", 9)?).await?;
    ensure_eq!(ids(&db.search(&Query::new()).await?), ["b", "a", "c", "0"]);
    Ok(())
}

async fn writes_when_the_version_is_the_expected_one(stage: &Stage<'_>) -> Outcome {
    let db = stage.open_with(three()?).await?;
    let options = WriteOptions::new().expecting(version_now(&db, "a").await?);
    ensure_eq!(db.upsert_with("a", item("a", 9)?, options).await?.as_str(), "a");
    ensure_eq!(integer(&stored(&db, "a").await?, "n"), Some(9));
    Ok(())
}

async fn an_old_version_or_a_missing_record_is_a_conflict(stage: &Stage<'_>) -> Outcome {
    let db = stage.open_with(three()?).await?;
    let old = WriteOptions::new().expecting(version_now(&db, "a").await?);
    db.upsert("a", item("a", 5)?).await?;
    refused(db.upsert_with("a", item("a", 9)?, old.clone()).await, ErrorKind::Conflict)?;
    refused(db.upsert_with("d", item("d", 9)?, old).await, ErrorKind::Conflict)?;
    stage.holds(&db, &[item("a", 5)?, item("b", 2)?, item("c", 3)?]).await
}

async fn of_racing_upserts_one_stays_whole(stage: &Stage<'_>) -> Outcome {
    let db = stage.open_with(three()?).await?;
    let results = race(&db, 12, |db, number| {
        Box::pin(async move { db.upsert("new", record! { "first": number, "second": number }?).await })
    })
    .await?;
    for result in results {
        ensure_eq!(result?.as_str(), "new");
    }
    let read = stored(&db, "new").await?;
    let (first, second) = (integer(&read, "first"), integer(&read, "second"));
    ensure!(first.is_some() && first == second, "the record is a mixture: {first:?} and {second:?}");
    ensure_eq!(db.count(&Query::new()).await?, 4);
    Ok(())
}

pub(super) fn list() -> Vec<Behaviour> {
    behaviours! { "upsert":
        always => [
            creates_what_is_missing,
            replaces_what_is_there,
            the_id_of_the_call_wins_over_that_of_the_record,
            makes_an_id_where_the_record_has_none,
            refuses_an_id_that_cannot_be,
            writes_when_the_version_is_the_expected_one,
            an_old_version_or_a_missing_record_is_a_conflict,
            of_racing_upserts_one_stays_whole,
        ],
        with InsertionOrder => [keeps_the_place_of_the_record],
    }
}
