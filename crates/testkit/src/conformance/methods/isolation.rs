//! What a caller holds never changes, and what a caller changes stays with the caller.

use dataknobs_data_core::{Changes, Query, Record};

use super::{ids, integer, item, stored, three};
use crate::conformance::behaviour::{Behaviour, Stage, behaviours};
use crate::failure::{Outcome, ensure_eq};

async fn a_record_in_hand_does_not_follow_writes(stage: &Stage<'_>) -> Outcome {
    let db = stage.open_with(three()?).await?;
    let read = stored(&db, "a").await?;
    let version = read.version().cloned();
    let found = db.search(&Query::new().sort("n", "ASC")).await?;
    let batch = db.read_batch(&["a"]).await?;
    db.patch("a", Changes::new().set("n", 10).set("x", 1)).await?;
    db.update("a", stage.described(item("a", 11)?)?).await?;
    db.delete("a").await?;
    db.clear().await?;
    stage.same(&read, &item("a", 1)?)?;
    ensure_eq!(read.version().cloned(), version, "its version");
    ensure_eq!(ids(&found), ["a", "b", "c"], "the records that were found");
    ensure_eq!(found.first(), Some(&read), "the first record that was found");
    ensure_eq!(batch, [Some(read)], "the records of a batch");
    Ok(())
}

async fn changing_a_record_in_hand_writes_nothing(stage: &Stage<'_>) -> Outcome {
    let db = stage.open_with(three()?).await?;
    let mut read = stored(&db, "a").await?;
    let mut found = db.search(&Query::new()).await?.into_records();
    read.set("n", 99)?;
    read.remove("name");
    for record in &mut found {
        record.set("n", 99)?;
        record.set_metadata(read.metadata().clone())?;
        record.set_id(None);
    }
    stage.holds(&db, &three()?).await
}

async fn changing_what_was_written_changes_nothing_stored(stage: &Stage<'_>) -> Outcome {
    let db = stage.open().await?;
    let mut record = item("a", 1)?;
    db.create(record.clone()).await?;
    record.set("n", 99)?;
    let mut second = item("b", 2)?;
    db.upsert("b", second.clone()).await?;
    db.update("b", second.clone()).await?;
    second.remove("n");
    db.create_batch(vec![item("c", 3)?]).await?;
    stage.holds(&db, &three()?).await
}

async fn writing_does_not_change_the_record_handed_in(stage: &Stage<'_>) -> Outcome {
    let db = stage.open().await?;
    let mut without_id = item("x", 1)?;
    without_id.set_id(None);
    let id = db.create(without_id.clone()).await?;
    ensure_eq!(without_id.id(), None, "the id of the record handed in");
    ensure_eq!(without_id.version(), None, "the version of the record handed in");
    db.update(&id, without_id.clone()).await?;
    ensure_eq!(without_id.version(), None, "the version after an update");
    Ok(())
}

async fn records_of_two_reads_are_independent(stage: &Stage<'_>) -> Outcome {
    let db = stage.open_with(three()?).await?;
    let (mut one, two): (Record, Record) = (stored(&db, "a").await?, stored(&db, "a").await?);
    one.set("n", 50)?;
    ensure_eq!(integer(&two, "n"), Some(1), "the other read");
    ensure_eq!(integer(&one, "n"), Some(50), "the changed read");
    Ok(())
}

pub(super) fn list() -> Vec<Behaviour> {
    behaviours! { "isolation":
        always => [
            a_record_in_hand_does_not_follow_writes,
            changing_a_record_in_hand_writes_nothing,
            changing_what_was_written_changes_nothing_stored,
            writing_does_not_change_the_record_handed_in,
            records_of_two_reads_are_independent,
        ],
    }
}
