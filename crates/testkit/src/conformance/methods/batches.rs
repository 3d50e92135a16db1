//! `create_batch`, `read_batch`, `update_batch`, `upsert_batch` and `delete_batch`.

use dataknobs_data_core::{Error, ErrorKind, Query, Record, RecordId, record};

use super::{ids, illegal_ids, integer, item, race, stored, three};
use crate::conformance::behaviour::{Behaviour, Stage, behaviours};
use crate::conformance::handle::Handle;
use crate::failure::{Outcome, ensure, ensure_eq, refused};

fn texts(ids: &[RecordId]) -> Vec<&str> {
    ids.iter().map(RecordId::as_str).collect()
}

fn failed_indexes(error: &Error) -> Vec<usize> {
    error.failures().iter().map(|failure| failure.index).collect()
}

/// What was read, as numbers.
fn numbers(read: &[Option<Record>]) -> Vec<Option<i64>> {
    read.iter().map(|record| integer(record.as_ref()?, "n")).collect()
}

async fn gives_the_ids_in_input_order(stage: &Stage<'_>) -> Outcome {
    let db = stage.open().await?;
    let records = vec![item("c", 3)?, record! { "n": 0 }?, item("a", 1)?, item("b", 2)?];
    let made = db.create_batch(records).await?;
    ensure_eq!(made.len(), 4, "ids");
    ensure_eq!(texts(&[made[0].clone(), made[2].clone(), made[3].clone()]), ["c", "a", "b"]);
    let created = record! { "n": 0 }?.with_id(made[1].as_str())?;
    stage.holds(&db, &[item("a", 1)?, item("b", 2)?, item("c", 3)?, created]).await
}

async fn keeps_the_order_of_the_batch(stage: &Stage<'_>) -> Outcome {
    let db = stage.open_with(vec![item("z", 0)?]).await?;
    db.create_batch(vec![item("c", 3)?, item("a", 1)?, item("b", 2)?]).await?;
    ensure_eq!(ids(&db.search(&Query::new()).await?), ["z", "c", "a", "b"]);
    Ok(())
}

async fn holds_many_records(stage: &Stage<'_>) -> Outcome {
    let db = stage.open().await?;
    let records: Vec<Record> =
        (0..2_500).map(|number| item(&format!("r{number:04}"), number)).collect::<Result<_, _>>()?;
    let made = db.create_batch(records).await?;
    ensure_eq!(made.len(), 2_500, "ids");
    ensure_eq!(db.count(&Query::new()).await?, 2_500);
    let wanted: Vec<&str> = made.iter().rev().map(RecordId::as_str).collect();
    let expected: Vec<Option<i64>> = (0..2_500).rev().map(Some).collect();
    ensure!(numbers(&db.read_batch(&wanted).await?) == expected, "the records come back in another order");
    ensure!(db.delete_batch(&wanted).await?.iter().all(|removed| *removed), "some were not removed");
    stage.holds(&db, &[]).await
}

async fn the_second_of_two_equal_ids_is_refused(stage: &Stage<'_>) -> Outcome {
    let db = stage.open_with(three()?).await?;
    let result = db.create_batch(vec![item("d", 4)?, item("e", 5)?, item("d", 6)?]).await;
    let error = refused(result, ErrorKind::AlreadyExists)?;
    ensure_eq!(failed_indexes(&error), [2], "the failed indexes");
    let d = db.read("d").await?;
    ensure!(d.is_none_or(|d| integer(&d, "n") == Some(4)), "the second record with the id was stored");
    Ok(())
}

async fn a_taken_id_is_refused_and_never_overwritten(stage: &Stage<'_>) -> Outcome {
    let db = stage.open_with(three()?).await?;
    let result = db.create_batch(vec![item("d", 4)?, item("b", 9)?]).await;
    let error = refused(result, ErrorKind::AlreadyExists)?;
    ensure_eq!(failed_indexes(&error), [1], "the failed indexes");
    ensure_eq!(error.failures()[0].error.kind(), ErrorKind::AlreadyExists, "the kind of the reason");
    stage.same(&stored(&db, "b").await?, &item("b", 2)?)
}

async fn a_failed_batch_leaves_everything_as_it_was(stage: &Stage<'_>) -> Outcome {
    let db = stage.open_with(three()?).await?;
    for records in
        [vec![item("d", 4)?, item("b", 9)?, item("e", 5)?], vec![item("d", 4)?, item("d", 5)?], vec![item("a", 9)?]]
    {
        refused(db.create_batch(records).await, ErrorKind::AlreadyExists)?;
        stage.holds(&db, &three()?).await?;
    }
    db.create_batch(vec![item("d", 4)?]).await?;
    stage.holds(&db, &[item("a", 1)?, item("b", 2)?, item("c", 3)?, item("d", 4)?]).await
}

async fn a_failed_batch_lists_each_failure_and_the_others_stand(stage: &Stage<'_>) -> Outcome {
    let db = stage.open_with(three()?).await?;
    let records = vec![item("a", 9)?, item("d", 4)?, item("d", 5)?, item("e", 6)?, item("c", 9)?];
    let error = refused(db.create_batch(records).await, ErrorKind::AlreadyExists)?;
    ensure_eq!(failed_indexes(&error), [0, 2, 4], "the failed indexes");
    stage.holds(&db, &[item("a", 1)?, item("b", 2)?, item("c", 3)?, item("d", 4)?, item("e", 6)?]).await
}

async fn of_racing_batches_with_one_id_exactly_one_has_it(stage: &Stage<'_>) -> Outcome {
    let db = stage.open().await?;
    let results = race(&db, 8, |db, number| {
        Box::pin(
            async move { db.create_batch(vec![item(&format!("own{number}"), number)?, item("same", number)?]).await },
        )
    })
    .await?;
    let mut winners = 0;
    for result in results {
        match result {
            Ok(_) => winners += 1,
            result => {
                ensure_eq!(failed_indexes(&refused(result, ErrorKind::AlreadyExists)?), [1], "the failed indexes")
            }
        }
    }
    ensure_eq!(winners, 1, "batches that succeeded");
    Ok(())
}

async fn gives_records_in_the_order_asked_for(stage: &Stage<'_>) -> Outcome {
    let db = stage.open_with(three()?).await?;
    let read = db.read_batch(&["c", "missing", "a", "c", "a"]).await?;
    ensure_eq!(numbers(&read), [Some(3), None, Some(1), Some(3), Some(1)]);
    let found: Vec<Record> = read.into_iter().flatten().collect();
    ensure_eq!(ids(&found), ["c", "a", "c", "a"]);
    for record in &found {
        let id = record.id().map_or("", RecordId::as_str);
        stage.same(record, &stored(&db, id).await?)?;
        ensure_eq!(record.version(), stored(&db, id).await?.version(), "the version of `{id}`");
    }
    Ok(())
}

async fn an_id_that_cannot_be_has_its_place(stage: &Stage<'_>) -> Outcome {
    let db = stage.open_with(three()?).await?;
    let [empty, control, delete, long] = illegal_ids();
    let wanted = [empty.as_str(), "b", &control, &delete, "a", &long];
    ensure_eq!(numbers(&db.read_batch(&wanted).await?), [None, Some(2), None, None, Some(1), None]);
    ensure_eq!(db.delete_batch(&wanted).await?, [false, true, false, false, true, false]);
    stage.holds(&db, &[item("c", 3)?]).await
}

async fn tells_for_each_whether_it_was_there(stage: &Stage<'_>) -> Outcome {
    let db = stage.open_with(three()?).await?;
    let records = vec![item("c", 30)?, item("missing", 0)?, record! { "x": 1 }?.with_id("a")?];
    ensure_eq!(db.update_batch(records).await?, [true, false, true]);
    stage.holds(&db, &[record! { "x": 1 }?.with_id("a")?, item("b", 2)?, item("c", 30)?]).await
}

async fn updates_of_one_record_apply_in_order(stage: &Stage<'_>) -> Outcome {
    let db = stage.open_with(three()?).await?;
    ensure_eq!(db.update_batch(vec![item("a", 10)?, item("b", 20)?, item("a", 11)?]).await?, [true, true, true]);
    stage.holds(&db, &[item("a", 11)?, item("b", 20)?, item("c", 3)?]).await
}

async fn an_update_without_an_id_is_refused_and_nothing_is_written(stage: &Stage<'_>) -> Outcome {
    let db = stage.open_with(three()?).await?;
    let records = vec![item("a", 9)?, record! { "n": 9 }?, item("b", 9)?, record! { "n": 9 }?];
    let error = refused(db.update_batch(records).await, ErrorKind::InvalidRecord)?;
    ensure_eq!(failed_indexes(&error), [1, 3], "the failed indexes");
    stage.holds(&db, &three()?).await
}

async fn creates_and_replaces_in_input_order(stage: &Stage<'_>) -> Outcome {
    let db = stage.open_with(three()?).await?;
    let made = db.upsert_batch(vec![item("d", 4)?, item("a", 10)?, record! { "n": 5 }?]).await?;
    ensure_eq!(made.len(), 3, "ids");
    ensure_eq!(texts(&made[..2]), ["d", "a"]);
    let created = record! { "n": 5 }?.with_id(made[2].as_str())?;
    stage.holds(&db, &[item("a", 10)?, item("b", 2)?, item("c", 3)?, item("d", 4)?, created]).await
}

async fn upserts_of_one_record_apply_in_order(stage: &Stage<'_>) -> Outcome {
    let db = stage.open_with(three()?).await?;
    let made = db.upsert_batch(vec![item("d", 4)?, item("a", 10)?, item("d", 5)?, item("a", 11)?]).await?;
    ensure_eq!(texts(&made), ["d", "a", "d", "a"]);
    stage.holds(&db, &[item("a", 11)?, item("b", 2)?, item("c", 3)?, item("d", 5)?]).await
}

async fn tells_for_each_whether_it_was_removed(stage: &Stage<'_>) -> Outcome {
    let db = stage.open_with(three()?).await?;
    ensure_eq!(db.delete_batch(&["b", "missing", "a", "b"]).await?, [true, false, true, false]);
    stage.holds(&db, &[item("c", 3)?]).await
}

async fn all_empty(db: &Handle) -> Outcome {
    ensure_eq!(db.create_batch(Vec::new()).await?.len(), 0, "create_batch");
    ensure_eq!(db.read_batch(&[]).await?.len(), 0, "read_batch");
    ensure_eq!(db.update_batch(Vec::new()).await?.len(), 0, "update_batch");
    ensure_eq!(db.upsert_batch(Vec::new()).await?.len(), 0, "upsert_batch");
    ensure_eq!(db.delete_batch(&[]).await?.len(), 0, "delete_batch");
    Ok(())
}

async fn nothing_in_nothing_out(stage: &Stage<'_>) -> Outcome {
    let db = stage.open().await?;
    all_empty(&db).await?;
    stage.holds(&db, &[]).await?;
    let (db, watched) = stage.watch(three()?).await?;
    let asked = watched.asked();
    db.create_batch(Vec::new()).await?;
    db.update_batch(Vec::new()).await?;
    db.upsert_batch(Vec::new()).await?;
    db.delete_batch(&[]).await?;
    ensure_eq!(watched.asked(), asked, "requests to the store");
    all_empty(&db).await?;
    stage.holds(&db, &three()?).await
}

pub(super) fn list() -> Vec<Behaviour> {
    let mut list = behaviours! { "create_batch":
        always => [
            gives_the_ids_in_input_order,
            holds_many_records,
            the_second_of_two_equal_ids_is_refused,
            a_taken_id_is_refused_and_never_overwritten,
            of_racing_batches_with_one_id_exactly_one_has_it,
        ],
        with InsertionOrder => [keeps_the_order_of_the_batch],
        with AtomicBatches => [a_failed_batch_leaves_everything_as_it_was],
        without AtomicBatches => [a_failed_batch_lists_each_failure_and_the_others_stand],
    };
    list.extend(behaviours! { "read_batch":
        always => [gives_records_in_the_order_asked_for, an_id_that_cannot_be_has_its_place],
    });
    list.extend(behaviours! { "update_batch":
        always => [
            tells_for_each_whether_it_was_there,
            updates_of_one_record_apply_in_order,
            an_update_without_an_id_is_refused_and_nothing_is_written,
        ],
    });
    list.extend(behaviours! { "upsert_batch":
        always => [creates_and_replaces_in_input_order, upserts_of_one_record_apply_in_order],
    });
    list.extend(behaviours! { "delete_batch": always => [tells_for_each_whether_it_was_removed] });
    list.extend(behaviours! { "batches": always => [nothing_in_nothing_out] });
    list
}
