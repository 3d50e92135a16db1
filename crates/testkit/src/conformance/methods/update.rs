//! `update`.

use dataknobs_data_core::{ErrorKind, Query, WriteOptions, record};

use super::{ids, illegal_ids, integer, item, race, stored, three, version_now};
use crate::conformance::behaviour::{Behaviour, Stage, behaviours};
use crate::failure::{Outcome, ensure, ensure_eq, refused};

async fn replaces_the_whole_record(stage: &Stage<'_>) -> Outcome {
    let before = stage.described(record! { "name": "Ada", "age": 36 }?.with_id("a")?)?;
    let db = stage.open_with(vec![before, item("b", 2)?]).await?;
    let after = record! { "city": "London" }?.with_id("a")?;
    ensure!(db.update("a", after.clone()).await?);
    stage.holds(&db, &[after, item("b", 2)?]).await
}

async fn the_id_of_the_call_wins_over_that_of_the_record(stage: &Stage<'_>) -> Outcome {
    let db = stage.open_with(three()?).await?;
    ensure!(db.update("a", item("b", 9)?).await?);
    ensure!(db.update("c", record! { "n": 8 }?).await?);
    stage.holds(&db, &[item("b", 9)?.with_id("a")?, item("b", 2)?, record! { "n": 8 }?.with_id("c")?]).await
}

async fn is_false_for_a_missing_record_and_writes_nothing(stage: &Stage<'_>) -> Outcome {
    let db = stage.open_with(three()?).await?;
    ensure!(!db.update("d", item("d", 4)?).await?);
    stage.holds(&db, &three()?).await
}

async fn is_false_for_an_id_that_cannot_be(stage: &Stage<'_>) -> Outcome {
    let db = stage.open_with(three()?).await?;
    for id in illegal_ids() {
        ensure_eq!(db.update(&id, item("a", 9)?).await?, false, "update of {id:?}");
    }
    stage.holds(&db, &three()?).await
}

async fn keeps_the_place_of_the_record(stage: &Stage<'_>) -> Outcome {
    let db = stage.open_with(vec![item("b", 1)?, item("a", 2)?, item("c", 3)?]).await?;
    db.update("b", item("b", 9)?).await?;
    ensure_eq!(ids(&db.search(&Query::new()).await?), ["b", "a", "c"]);
    Ok(())
}

async fn writes_when_the_version_is_the_expected_one(stage: &Stage<'_>) -> Outcome {
    let db = stage.open_with(three()?).await?;
    let version = version_now(&db, "a").await?;
    ensure!(db.update_with("a", item("a", 9)?, WriteOptions::new().expecting(version)).await?);
    ensure_eq!(integer(&stored(&db, "a").await?, "n"), Some(9));
    Ok(())
}

async fn an_old_version_is_a_conflict_and_nothing_is_written(stage: &Stage<'_>) -> Outcome {
    let db = stage.open_with(three()?).await?;
    let old = version_now(&db, "a").await?;
    db.update("a", item("a", 5)?).await?;
    refused(db.update_with("a", item("a", 9)?, WriteOptions::new().expecting(old)).await, ErrorKind::Conflict)?;
    stage.holds(&db, &[item("a", 5)?, item("b", 2)?, item("c", 3)?]).await
}

async fn an_expected_version_of_a_missing_record_is_a_conflict(stage: &Stage<'_>) -> Outcome {
    let db = stage.open_with(three()?).await?;
    let options = WriteOptions::new().expecting(version_now(&db, "a").await?);
    refused(db.update_with("d", item("d", 9)?, options.clone()).await, ErrorKind::Conflict)?;
    refused(db.update_with("", item("d", 9)?, options).await, ErrorKind::Conflict)?;
    stage.holds(&db, &three()?).await
}

async fn of_racing_updates_of_one_version_exactly_one_wins(stage: &Stage<'_>) -> Outcome {
    for round in 0..3 {
        let db = stage.open_with(three()?).await?;
        let options = WriteOptions::new().expecting(version_now(&db, "a").await?);
        let results = race(&db, 12, |db, number| {
            let options = options.clone();
            Box::pin(async move { db.update_with("a", item("a", 100 + number)?, options).await })
        })
        .await?;
        let mut winners = Vec::new();
        for (number, result) in (100..).zip(results) {
            match result {
                Ok(found) => {
                    ensure!(found, "an update found nothing");
                    winners.push(number);
                }
                result => {
                    refused(result, ErrorKind::Conflict)?;
                }
            }
        }
        ensure_eq!(winners.len(), 1, "winners in round {round}");
        ensure_eq!(integer(&stored(&db, "a").await?, "n"), winners.first().copied());
    }
    Ok(())
}

async fn of_racing_updates_one_stays_whole(stage: &Stage<'_>) -> Outcome {
    let db = stage.open_with(three()?).await?;
    let results = race(&db, 12, |db, number| {
        Box::pin(async move { db.update("a", record! { "first": number, "second": number }?).await })
    })
    .await?;
    for result in results {
        ensure!(result?, "an update found nothing");
    }
    let read = stored(&db, "a").await?;
    let (first, second) = (integer(&read, "first"), integer(&read, "second"));
    ensure!(first.is_some() && first == second, "the record is a mixture: {first:?} and {second:?}");
    ensure_eq!(db.count(&Query::new()).await?, 3);
    Ok(())
}

pub(super) fn list() -> Vec<Behaviour> {
    behaviours! { "update":
        always => [
            replaces_the_whole_record,
            the_id_of_the_call_wins_over_that_of_the_record,
            is_false_for_a_missing_record_and_writes_nothing,
            is_false_for_an_id_that_cannot_be,
            writes_when_the_version_is_the_expected_one,
            an_old_version_is_a_conflict_and_nothing_is_written,
            an_expected_version_of_a_missing_record_is_a_conflict,
            of_racing_updates_of_one_version_exactly_one_wins,
            of_racing_updates_one_stays_whole,
        ],
        with InsertionOrder => [keeps_the_place_of_the_record],
    }
}
