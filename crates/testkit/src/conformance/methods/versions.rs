//! Versions of records.

use std::collections::BTreeSet;

use dataknobs_data_core::{Changes, ErrorKind, Query, Record, WriteOptions};

use super::{integer, item, stored, three, version_now};
use crate::conformance::behaviour::{Behaviour, Stage, behaviours};
use crate::failure::{Failure, Outcome, ensure, ensure_eq, refused};

async fn change_with_each_write(stage: &Stage<'_>) -> Outcome {
    let db = stage.open().await?;
    let mut seen = BTreeSet::new();
    let mut note = |version: dataknobs_data_core::Version, write: &str| {
        let new = seen.insert(version.to_string());
        if new { Ok(()) } else { Err(Failure::new(format!("the version after {write} was there before"))) }
    };
    db.create(item("a", 0)?).await?;
    note(version_now(&db, "a").await?, "create")?;
    db.update("a", item("a", 1)?).await?;
    note(version_now(&db, "a").await?, "update")?;
    db.patch("a", Changes::new().set("n", 2)).await?;
    note(version_now(&db, "a").await?, "patch")?;
    db.upsert("a", item("a", 3)?).await?;
    note(version_now(&db, "a").await?, "upsert")?;
    db.update_batch(vec![item("a", 4)?]).await?;
    note(version_now(&db, "a").await?, "update_batch")?;
    db.upsert_batch(vec![item("a", 5)?, item("a", 6)?]).await?;
    note(version_now(&db, "a").await?, "upsert_batch")?;
    db.update_where(&Query::new(), Changes::new().set("n", 7)).await?;
    note(version_now(&db, "a").await?, "update_where")?;
    db.update("a", stage.described(item("a", 7)?)?).await?;
    note(version_now(&db, "a").await?, "a change of the metadata, where there is any")
}

async fn stay_while_nobody_writes(stage: &Stage<'_>) -> Outcome {
    let db = stage.open_with(three()?).await?;
    let before = version_now(&db, "a").await?;
    let old = WriteOptions::new().expecting(before.clone());
    db.update("b", item("b", 9)?).await?;
    db.create(item("d", 4)?).await?;
    refused(db.create(item("a", 9)?).await, ErrorKind::AlreadyExists)?;
    refused(db.update_with("b", item("b", 10)?, old.clone()).await, ErrorKind::Conflict)?;
    ensure!(!db.update("x", item("x", 1)?).await?);
    ensure_eq!(version_now(&db, "a").await?, before, "the version of a record that nobody wrote");
    ensure!(db.update_with("a", item("a", 5)?, old).await?);
    Ok(())
}

async fn are_the_same_by_every_road(stage: &Stage<'_>) -> Outcome {
    let db = stage.open_with(three()?).await?;
    db.patch("b", Changes::new().set("n", 20)).await?;
    let expected = version_now(&db, "b").await?;
    let version = |record: Option<&Record>| record.and_then(Record::version).cloned();
    let query = Query::parse("_id = 'b'")?;
    ensure_eq!(version(db.search(&query).await?.first()), Some(expected.clone()), "search");
    ensure_eq!(version(db.search(&query.clone().select(["n"])).await?.first()), Some(expected.clone()), "projection");
    ensure_eq!(version(db.first(&query).await?.as_ref()), Some(expected.clone()), "first");
    ensure_eq!(version(db.stream(&query).await?.next_record().await?.as_ref()), Some(expected.clone()), "stream");
    let batch = db.read_batch(&["b"]).await?;
    ensure_eq!(version(batch.first().and_then(Option::as_ref)), Some(expected), "read_batch");
    Ok(())
}

async fn survive_their_text_form(stage: &Stage<'_>) -> Outcome {
    let db = stage.open_with(three()?).await?;
    let text = version_now(&db, "a").await?.to_string();
    let back = WriteOptions::new().expecting(dataknobs_data_core::Version::from_token(text));
    ensure!(db.update_with("a", item("a", 9)?, back).await?);
    ensure_eq!(integer(&stored(&db, "a").await?, "n"), Some(9));
    Ok(())
}

async fn are_never_used_twice(stage: &Stage<'_>) -> Outcome {
    let db = stage.open().await?;
    let mut seen = BTreeSet::new();
    for _ in 0..4 {
        db.create(item("a", 1)?).await?;
        ensure!(seen.insert(version_now(&db, "a").await?.to_string()), "a version came again after a delete");
        db.update("a", item("a", 1)?).await?;
        ensure!(seen.insert(version_now(&db, "a").await?.to_string()), "an update with equal content kept the version");
        if seen.len() % 4 == 0 {
            db.clear().await?;
        } else {
            db.delete("a").await?;
        }
    }
    Ok(())
}

async fn an_old_version_stays_old_after_a_delete(stage: &Stage<'_>) -> Outcome {
    let db = stage.open_with(three()?).await?;
    let old = WriteOptions::new().expecting(version_now(&db, "a").await?);
    db.delete("a").await?;
    db.create(item("a", 1)?).await?;
    refused(db.update_with("a", item("a", 9)?, old.clone()).await, ErrorKind::Conflict)?;
    refused(db.delete_with("a", old).await, ErrorKind::Conflict)?;
    stage.holds(&db, &three()?).await
}

async fn an_old_version_stays_old_after_a_reopen(stage: &Stage<'_>) -> Outcome {
    let db = stage.open_with(three()?).await?;
    let old: Vec<_> = [version_now(&db, "a").await?, version_now(&db, "b").await?, version_now(&db, "c").await?].into();
    for id in ["a", "b", "c"] {
        db.update(id, item(id, 10)?).await?;
    }
    let Some(db) = stage.reopen(&db).await? else { return Err(Failure::new("the store cannot be opened again")) };
    for id in ["a", "b", "c"] {
        for version in &old {
            let result = db.update_with(id, item(id, 99)?, WriteOptions::new().expecting(version.clone())).await;
            refused(result, ErrorKind::Conflict)
                .map_err(|failure| failure.at(format!("version {version} of `{id}`")))?;
        }
    }
    stage.holds(&db, &[item("a", 10)?, item("b", 10)?, item("c", 10)?]).await
}

pub(super) fn list() -> Vec<Behaviour> {
    behaviours! { "versions":
        always => [
            change_with_each_write,
            stay_while_nobody_writes,
            are_the_same_by_every_road,
            survive_their_text_form,
        ],
        with UniqueVersions => [are_never_used_twice, an_old_version_stays_old_after_a_delete],
        with Persistence => [an_old_version_stays_old_after_a_reopen],
    }
}
