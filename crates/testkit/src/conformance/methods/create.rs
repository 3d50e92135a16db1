//! `create` and the ids it makes.

use dataknobs_data_core::{ErrorKind, Query, Record, record};

use super::{ids, item, race};
use crate::conformance::behaviour::{Behaviour, Stage, behaviours};
use crate::failure::{Outcome, ensure, ensure_eq, refused};

async fn gives_back_the_id_it_was_given(stage: &Stage<'_>) -> Outcome {
    let db = stage.open().await?;
    ensure_eq!(db.create(item("a", 1)?).await?.as_str(), "a");
    stage.holds(&db, &[item("a", 1)?]).await
}

async fn makes_a_new_id_where_there_is_none(stage: &Stage<'_>) -> Outcome {
    let db = stage.open().await?;
    let first = db.create(record! { "n": 1 }?).await?;
    let second = db.create(record! { "n": 2 }?).await?;
    ensure!(first != second, "two records got the id `{first}`");
    ensure_eq!(db.read(&first).await?.and_then(|found| found.get("n")?.as_integer()), Some(1));
    ensure_eq!(db.read(&second).await?.and_then(|found| found.get("n")?.as_integer()), Some(2));
    ensure_eq!(db.count(&Query::new()).await?, 2);
    Ok(())
}

async fn ids_made_here_are_uuids_of_version_7(stage: &Stage<'_>) -> Outcome {
    let db = stage.open().await?;
    let mut made = Vec::new();
    for number in 0..5 {
        made.push(db.create(record! { "n": number }?).await?);
    }
    for id in &made {
        ensure!(id.len() == 36 && id.as_bytes().get(14) == Some(&b'7'), "`{id}` is no UUIDv7");
    }
    ensure!(made.windows(2).all(|pair| pair[0] < pair[1]), "the ids do not ascend: {made:?}");
    Ok(())
}

async fn refuses_a_taken_id_and_writes_nothing(stage: &Stage<'_>) -> Outcome {
    let db = stage.open_with(vec![item("a", 1)?]).await?;
    let before = db.read("a").await?;
    refused(db.create(item("a", 2)?).await, ErrorKind::AlreadyExists)?;
    let after = db.read("a").await?;
    ensure_eq!(after.as_ref().and_then(Record::version), before.as_ref().and_then(Record::version), "the version");
    stage.holds(&db, &[item("a", 1)?]).await
}

async fn of_racing_creates_exactly_one_wins(stage: &Stage<'_>) -> Outcome {
    for round in 0..4 {
        let db = stage.open().await?;
        let results =
            race(&db, 16, |db, number| Box::pin(async move { db.create(item("same", number)?).await })).await?;
        let mut winners = Vec::new();
        for (number, result) in results.into_iter().enumerate() {
            match result {
                Ok(_) => winners.push(number),
                result => {
                    refused(result, ErrorKind::AlreadyExists)?;
                }
            }
        }
        ensure_eq!(winners.len(), 1, "winners in round {round}");
        stage.holds(&db, &[item("same", winners[0] as i64)?]).await?;
    }
    Ok(())
}

async fn racing_creates_of_other_ids_all_stay(stage: &Stage<'_>) -> Outcome {
    let db = stage.open().await?;
    let results =
        race(&db, 16, |db, number| Box::pin(async move { db.create(item(&format!("id{number:02}"), number)?).await }))
            .await?;
    for result in results {
        result?;
    }
    let expected: Vec<Record> =
        (0..16).map(|number| item(&format!("id{number:02}"), number)).collect::<Result<_, _>>()?;
    stage.holds(&db, &expected).await
}

async fn stores_a_record_without_fields(stage: &Stage<'_>) -> Outcome {
    let db = stage.open().await?;
    db.create(Record::new().with_id("empty")?).await?;
    stage.holds(&db, &[Record::new().with_id("empty")?]).await?;
    ensure_eq!(ids(&db.search(&Query::new()).await?), ["empty"]);
    Ok(())
}

async fn takes_an_id_again_after_a_delete(stage: &Stage<'_>) -> Outcome {
    let db = stage.open_with(vec![item("a", 1)?, item("b", 2)?]).await?;
    ensure!(db.delete("a").await?);
    db.create(item("a", 3)?).await?;
    stage.holds(&db, &[item("a", 3)?, item("b", 2)?]).await
}

async fn does_not_keep_the_version_of_a_record_read_elsewhere(stage: &Stage<'_>) -> Outcome {
    let db = stage.open_with(vec![item("a", 1)?]).await?;
    let Some(read) = db.read("a").await? else { return Err(crate::Failure::new("`a` is not there")) };
    let version = read.version().cloned();
    db.create(stage.comparable(&read)?.with_id("b")?).await?;
    let copy = db.read("b").await?;
    ensure!(copy.as_ref().is_some_and(|copy| copy.version().is_some()), "the copy has no version");
    if stage.capabilities.unique_versions {
        ensure!(copy.and_then(|copy| copy.version().cloned()) != version, "the copy has the version of its original");
    }
    Ok(())
}

pub(super) fn list() -> Vec<Behaviour> {
    behaviours! { "create":
        always => [
            gives_back_the_id_it_was_given,
            makes_a_new_id_where_there_is_none,
            refuses_a_taken_id_and_writes_nothing,
            of_racing_creates_exactly_one_wins,
            racing_creates_of_other_ids_all_stay,
            stores_a_record_without_fields,
            takes_an_id_again_after_a_delete,
            does_not_keep_the_version_of_a_record_read_elsewhere,
        ],
        without GeneratedIds => [ids_made_here_are_uuids_of_version_7],
    }
}
