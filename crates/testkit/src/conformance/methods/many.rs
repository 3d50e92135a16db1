//! `update_where`, `delete_where` and `clear`.

use dataknobs_data_core::{Changes, ErrorKind, Field, FieldType, Query, Record, record, reference_search};

use super::{integer, item, race, sample, search, stored, three};
use crate::conformance::behaviour::{Behaviour, Stage, behaviours};
use crate::failure::{Failure, Outcome, ensure_eq, refused};

async fn changes_what_the_filter_takes(stage: &Stage<'_>) -> Outcome {
    let db = stage.open_with(three()?).await?;
    ensure_eq!(db.update_where(&Query::parse("n >= 2")?, Changes::new().set("name", "x").unset("nowhere")).await?, 2);
    let changed = |id, n| record! { "n": n, "name": "x" }.and_then(|record| record.with_id(id));
    stage.holds(&db, &[item("a", 1)?, changed("b", 2)?, changed("c", 3)?]).await
}

async fn takes_what_the_reference_takes(stage: &Stage<'_>) -> Outcome {
    for text in sample::QUERIES.iter().step_by(3) {
        let query = Query::parse(text)?;
        let records = stage.sample()?;
        let taken = reference_search(&records, &query, stage.capabilities.id_order)?;
        let db = stage.open_sample().await?;
        let changed = db.update_where(&query, Changes::new().set("seen", true)).await?;
        ensure_eq!(changed, taken.len() as u64, "records changed by `{text}`");
        let mut expected = records;
        for record in &mut expected {
            if taken.iter().any(|taken| taken.id() == record.id()) {
                record.set("seen", true)?;
            }
        }
        stage.holds(&db, &expected).await.map_err(|failure| failure.at(format!("`{text}`")))?;
        let removed = db.delete_where(&query).await?;
        let left: Vec<Record> =
            expected.into_iter().filter(|record| taken.iter().all(|taken| taken.id() != record.id())).collect();
        ensure_eq!(removed, taken.len() as u64, "records removed by `{text}`");
        stage.holds(&db, &left).await.map_err(|failure| failure.at(format!("`{text}`")))?;
    }
    Ok(())
}

async fn changes_nothing_where_nothing_is_taken(stage: &Stage<'_>) -> Outcome {
    let changes = Changes::new().set("n", 9);
    ensure_eq!(stage.open().await?.update_where(&Query::new(), changes.clone()).await?, 0, "over nothing");
    let db = stage.open_with(three()?).await?;
    ensure_eq!(db.update_where(&Query::parse("n > 3")?, changes).await?, 0);
    stage.holds(&db, &three()?).await
}

async fn looks_at_each_record_once(stage: &Stage<'_>) -> Outcome {
    let records: Vec<Record> = (0..2_500).map(|n| item(&format!("r{n:04}"), n)).collect::<Result<_, _>>()?;
    let db = stage.open_with(records).await?;
    // What is changed still passes the filter, and stands at another place of any order.
    ensure_eq!(db.update_where(&Query::parse("n >= 1000")?, Changes::new().set("n", 5_000)).await?, 1_500);
    ensure_eq!(db.count(&Query::parse("n = 5000")?).await?, 1_500, "records changed");
    ensure_eq!(db.delete_where(&Query::parse("n < 1000")?).await?, 1_000);
    ensure_eq!(db.count(&Query::new()).await?, 1_500, "records left");
    Ok(())
}

async fn queries_of_more_than_filters_are_refused(stage: &Stage<'_>) -> Outcome {
    let (db, watched) = stage.watch(three()?).await?;
    let sorted = Query::new().sort("n", "ASC");
    let page = db.search(&sorted.clone().limit(1)).await?;
    let asked = watched.asked();
    let mut refused_ones = search::mistakes();
    refused_ones.extend([
        Query::new().limit(1),
        Query::new().limit(0),
        Query::new().offset(1),
        Query::new().select(["n"]),
        sorted.clone().after(page.after().unwrap_or_default()),
        sorted,
    ]);
    for query in refused_ones {
        let at = |failure: Failure| failure.at(format!("{query:?}"));
        let update = db.update_where(&query, Changes::new().set("n", 9)).await;
        refused(update, ErrorKind::InvalidQuery).map_err(at)?;
        refused(db.delete_where(&query).await, ErrorKind::InvalidQuery).map_err(at)?;
    }
    ensure_eq!(watched.asked(), asked, "requests to the store");
    stage.holds(&db, &three()?).await
}

async fn illegal_changes_are_refused_and_nothing_is_written(stage: &Stage<'_>) -> Outcome {
    let (db, watched) = stage.watch(three()?).await?;
    let asked = watched.asked();
    for changes in [
        Changes::new().set("n", 9).set("_id", "x"),
        Changes::new().set("n", f64::NAN),
        Changes::new().set_field(Field::new("n", "nine").with_type(FieldType::Integer)),
    ] {
        refused(db.update_where(&Query::new(), changes).await, ErrorKind::InvalidRecord)?;
    }
    ensure_eq!(watched.asked(), asked, "requests to the store");
    stage.holds(&db, &three()?).await
}

async fn loses_no_patch_that_comes_between(stage: &Stage<'_>) -> Outcome {
    let records: Vec<Record> = (0..40).map(|n| item(&format!("r{n:02}"), n)).collect::<Result<_, _>>()?;
    let db = stage.open_with(records).await?;
    let results = race(&db, 8, |db, number| {
        Box::pin(async move {
            if number % 2 == 0 {
                let changes = Changes::new().set(format!("all{number}"), number);
                return db.update_where(&Query::parse("n >= 0")?, changes).await;
            }
            let mut patched = 0;
            for record in 0..40 {
                let changes = Changes::new().set(format!("one{number}"), number);
                patched += u64::from(db.patch(&format!("r{record:02}"), changes).await?);
            }
            Ok(patched)
        })
    })
    .await?;
    for result in results {
        ensure_eq!(result?, 40, "records changed");
    }
    for record in 0..40 {
        let read = stored(&db, &format!("r{record:02}")).await?;
        for number in 0..8 {
            let name = if number % 2 == 0 { format!("all{number}") } else { format!("one{number}") };
            ensure_eq!(integer(&read, &name), Some(number), "`{name}` of record {record}");
        }
    }
    Ok(())
}

async fn removes_what_the_filter_takes(stage: &Stage<'_>) -> Outcome {
    let db = stage.open_with(three()?).await?;
    ensure_eq!(db.delete_where(&Query::parse("n >= 2")?).await?, 2);
    ensure_eq!(db.delete_where(&Query::parse("n >= 2")?).await?, 0, "the same again");
    stage.holds(&db, &[item("a", 1)?]).await?;
    ensure_eq!(db.delete_where(&Query::new()).await?, 1, "of everything");
    ensure_eq!(db.delete_where(&Query::new()).await?, 0, "of nothing");
    stage.holds(&db, &[]).await
}

async fn removes_everything(stage: &Stage<'_>) -> Outcome {
    let db = stage.open().await?;
    ensure_eq!(db.clear().await?, 0, "of nothing");
    db.create_batch(three()?).await?;
    ensure_eq!(db.clear().await?, 3);
    stage.holds(&db, &[]).await?;
    ensure_eq!(db.clear().await?, 0, "the same again");
    db.create_batch(three()?).await?;
    stage.holds(&db, &three()?).await
}

async fn leaves_nothing_behind_after_a_reopen(stage: &Stage<'_>) -> Outcome {
    let db = stage.open_with(three()?).await?;
    db.clear().await?;
    match stage.reopen(&db).await? {
        Some(reopened) => stage.holds(&reopened, &[]).await,
        None => Err(Failure::new("what is declared persistent cannot be opened again")),
    }
}

pub(super) fn list() -> Vec<Behaviour> {
    let mut list = behaviours! { "update_where":
        always => [
            changes_what_the_filter_takes,
            takes_what_the_reference_takes,
            changes_nothing_where_nothing_is_taken,
            looks_at_each_record_once,
            queries_of_more_than_filters_are_refused,
            illegal_changes_are_refused_and_nothing_is_written,
            loses_no_patch_that_comes_between,
        ],
    };
    list.extend(behaviours! { "delete_where": always => [removes_what_the_filter_takes] });
    list.extend(behaviours! { "clear":
        always => [removes_everything],
        with Persistence => [leaves_nothing_behind_after_a_reopen],
    });
    list
}
