//! Keys that show as a field of their own, and fields of such names where they do not.

use dataknobs_data_core::{Changes, ErrorKind, Query, Record, Value};

use super::{ids, item, stored, three};
use crate::conformance::behaviour::{Behaviour, Stage, behaviours};
use crate::failure::{Failure, Outcome, ensure, ensure_eq, refused};

fn key_field<'a>(stage: &'a Stage<'_>) -> Outcome<&'a str> {
    stage.capabilities.key_field.as_deref().ok_or_else(|| Failure::new("no key field is declared"))
}

/// A record without an id whose key field says one.
fn keyed(stage: &Stage<'_>, key: &str) -> Outcome<Record> {
    let mut record = Record::from_pairs([("n", 1)])?;
    record.set(key_field(stage)?, key)?;
    Ok(record)
}

async fn show_as_a_field(stage: &Stage<'_>) -> Outcome {
    let key = key_field(stage)?;
    let db = stage.open_with(three()?).await?;
    ensure_eq!(stored(&db, "b").await?.get(key), Some(&Value::from("b")), "the key field");
    ensure_eq!(ids(&db.search(&Query::new().filter(key, "=", "b")).await?), ["b"], "by the key field");
    ensure_eq!(ids(&db.search(&Query::new().filter("_id", "=", "b")).await?), ["b"], "by the id");
    db.update("b", item("b", 9)?).await?;
    ensure_eq!(stored(&db, "b").await?.get(key), Some(&Value::from("b")), "the key field after an update");
    Ok(())
}

async fn give_the_id_where_the_record_has_none(stage: &Stage<'_>) -> Outcome {
    let db = stage.open().await?;
    ensure_eq!(db.create(keyed(stage, "x")?).await?.as_str(), "x", "create");
    refused(db.create(keyed(stage, "x")?).await, ErrorKind::AlreadyExists)?;
    let made = db.create_batch(vec![keyed(stage, "y")?, Record::from_pairs([("n", 2)])?]).await?;
    ensure_eq!(made.first().map(|id| id.as_str()), Some("y"), "create_batch");
    ensure_eq!(db.count(&Query::new()).await?, 3, "records");
    Ok(())
}

async fn give_the_id_of_an_upsert(stage: &Stage<'_>) -> Outcome {
    let db = stage.open().await?;
    for _ in 0..2 {
        ensure_eq!(db.upsert_record(keyed(stage, "x")?).await?.as_str(), "x", "upsert");
        ensure_eq!(db.upsert_batch(vec![keyed(stage, "y")?]).await?.first().map(|id| id.as_str()), Some("y"), "batch");
    }
    ensure_eq!(db.count(&Query::new()).await?, 2, "records");
    Ok(())
}

async fn that_disagree_with_the_id_are_refused(stage: &Stage<'_>) -> Outcome {
    let kind = ErrorKind::InvalidRecord;
    let db = stage.open_with(three()?).await?;
    let other = || keyed(stage, "other");
    refused(db.create(other()?.with_id("d")?).await, kind)?;
    refused(db.update("a", other()?).await, kind)?;
    refused(db.upsert("a", other()?).await, kind)?;
    refused(db.upsert("d", other()?).await, kind)?;
    refused(db.patch("a", Changes::new().set(key_field(stage)?, "other")).await, kind)?;
    refused(db.create_batch(vec![other()?.with_id("d")?]).await, kind)?;
    refused(db.update_batch(vec![other()?.with_id("a")?]).await, kind)?;
    refused(db.update_where(&Query::new(), Changes::new().set(key_field(stage)?, "other")).await, kind)?;
    stage.holds(&db, &three()?).await
}

async fn cannot_be_taken_away(stage: &Stage<'_>) -> Outcome {
    let key = key_field(stage)?;
    let db = stage.open_with(three()?).await?;
    for changes in [Changes::new().unset(key), Changes::new().set(key, ())] {
        // Refused or put back, but never gone.
        let _ = db.patch("a", changes.clone()).await;
        let _ = db.update_where(&Query::new(), changes).await;
        ensure_eq!(stored(&db, "a").await?.get(key), Some(&Value::from("a")), "the key field");
    }
    stage.holds(&db, &three()?).await?;
    if let Some(reopened) = stage.reopen(&db).await? {
        stage.holds(&reopened, &three()?).await?;
        ensure!(stored(&reopened, "a").await?.get(key).is_some(), "the key field is gone after a reopen");
    }
    Ok(())
}

pub(super) fn list() -> Vec<Behaviour> {
    behaviours! { "keys":
        without FreeIdField => [
            show_as_a_field,
            give_the_id_where_the_record_has_none,
            give_the_id_of_an_upsert,
            that_disagree_with_the_id_are_refused,
            cannot_be_taken_away,
        ],
    }
}
