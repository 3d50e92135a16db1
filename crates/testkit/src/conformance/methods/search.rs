//! `search`.

use dataknobs_data_core::{ErrorKind, Operand, Query, Record, reference_search};

use super::{ids, integer, item, sample, stored, three};
use crate::conformance::behaviour::{Behaviour, Stage, behaviours};
use crate::failure::{Outcome, ensure, ensure_eq, refused};

async fn finds_nothing_in_nothing(stage: &Stage<'_>) -> Outcome {
    let db = stage.open().await?;
    for query in sample::queries()? {
        ensure_eq!(db.search(&query).await?.len(), 0, "results of `{query}`");
    }
    Ok(())
}

async fn answers_as_the_reference_does(stage: &Stage<'_>) -> Outcome {
    let db = stage.open_sample().await?;
    let records = stage.in_store_order(stage.sample()?);
    for query in sample::queries()? {
        let expected = reference_search(&records, &query, stage.capabilities.id_order)?;
        let found = db.search(&query).await?;
        stage.same_list(&found, &expected).map_err(|failure| failure.at(format!("`{query}`")))?;
    }
    Ok(())
}

async fn results_carry_what_a_read_gives(stage: &Stage<'_>) -> Outcome {
    let db = stage.open_sample().await?;
    for found in db.search(&Query::new()).await? {
        let id = ids(std::slice::from_ref(&found))[0].to_owned();
        let read = stored(&db, &id).await?;
        ensure!(found == read, "`{id}` is {found:?} in a search and {read:?} in a read");
        ensure_eq!(found.version(), read.version(), "the version of `{id}`");
    }
    Ok(())
}

async fn without_a_sort_records_come_as_they_were_created(stage: &Stage<'_>) -> Outcome {
    let db = stage.open().await?;
    for (number, id) in ["m", "z", "a", "q", "b"].iter().enumerate() {
        db.create(item(id, number as i64)?).await?;
    }
    db.update("z", item("z", 10)?).await?;
    db.patch("a", dataknobs_data_core::Changes::new().set("n", 11)).await?;
    ensure_eq!(ids(&db.search(&Query::new()).await?), ["m", "z", "a", "q", "b"], "after updates");
    db.delete("m").await?;
    db.create(item("m", 12)?).await?;
    ensure_eq!(ids(&db.search(&Query::new()).await?), ["z", "a", "q", "b", "m"], "after a new creation");
    ensure_eq!(ids(&db.search(&Query::parse("n >= 10")?).await?), ["z", "a", "m"], "of a filter");
    Ok(())
}

async fn without_a_sort_records_come_by_id(stage: &Stage<'_>) -> Outcome {
    let db = stage.open().await?;
    for (number, id) in ["m", "z", "a", "q", "b"].iter().enumerate() {
        db.create(item(id, number as i64)?).await?;
    }
    ensure_eq!(ids(&db.search(&Query::new()).await?), ["a", "b", "m", "q", "z"]);
    ensure_eq!(ids(&db.search(&Query::new().offset(1).limit(2)).await?), ["b", "m"]);
    Ok(())
}

async fn ties_are_broken_by_id_in_both_directions(stage: &Stage<'_>) -> Outcome {
    let db = stage.open_with(vec![item("c", 1)?, item("a", 1)?, item("d", 0)?, item("b", 1)?]).await?;
    ensure_eq!(ids(&db.search(&Query::new().sort("n", "ASC")).await?), ["d", "a", "b", "c"]);
    ensure_eq!(ids(&db.search(&Query::new().sort("n", "DESC")).await?), ["a", "b", "c", "d"]);
    ensure_eq!(ids(&db.search(&Query::new().sort("nowhere", "DESC")).await?), ["a", "b", "c", "d"]);
    Ok(())
}

async fn has_no_hidden_limit(stage: &Stage<'_>) -> Outcome {
    const MANY: i64 = 10_050;
    let db = stage.open().await?;
    db.create_batch((0..MANY).map(|n| item(&format!("r{n:05}"), n)).collect::<Result<_, _>>()?).await?;
    let found = db.search(&Query::new()).await?;
    ensure_eq!(found.len() as i64, MANY, "results");
    let sorted = db.search(&Query::new().filter("n", ">=", 10).sort("n", "DESC")).await?;
    ensure_eq!(sorted.len() as i64, MANY - 10, "results of a sorted search");
    ensure!(
        sorted.iter().zip((10..MANY).rev()).all(|(record, n)| integer(record, "n") == Some(n)),
        "the results are not in order"
    );
    let last = db.search(&Query::new().sort("n", "ASC").offset(10_040)).await?;
    ensure_eq!(
        last.iter().map(|record| integer(record, "n")).collect::<Vec<_>>(),
        (10_040..MANY).map(Some).collect::<Vec<_>>()
    );
    Ok(())
}

async fn limits_and_offsets_cut_what_is_left(stage: &Stage<'_>) -> Outcome {
    let db = stage.open_with(three()?).await?;
    let by_n = Query::new().sort("n", "DESC");
    ensure_eq!(ids(&db.search(&by_n.clone().limit(0)).await?).len(), 0, "limit 0");
    ensure_eq!(ids(&db.search(&by_n.clone().limit(2)).await?), ["c", "b"]);
    ensure_eq!(ids(&db.search(&by_n.clone().offset(2)).await?), ["a"]);
    ensure_eq!(ids(&db.search(&by_n.clone().offset(1).limit(1)).await?), ["b"]);
    ensure_eq!(ids(&db.search(&by_n.clone().offset(3)).await?).len(), 0, "an offset past the end");
    let far = i64::MAX as u64;
    ensure_eq!(ids(&db.search(&by_n.clone().limit(far)).await?).len(), 3, "the largest limit");
    ensure_eq!(ids(&db.search(&by_n.offset(far).limit(far)).await?).len(), 0, "the largest offset");
    ensure_eq!(ids(&db.search(&Query::new().offset(far)).await?).len(), 0, "the largest offset without a sort");
    Ok(())
}

async fn a_projection_keeps_id_version_and_metadata(stage: &Stage<'_>) -> Outcome {
    let mut records = three()?;
    for record in &mut records {
        *record = stage.described(record.clone())?;
        record.set("a.b", 1)?;
    }
    let db = stage.open_with(records.clone()).await?;
    let name = |record: &Record| stage.field_names(record).into_iter().map(str::to_owned).collect::<Vec<_>>();
    for (names, kept) in [
        (vec!["name", "n"], vec!["n", "name"]),
        (vec!["name", "name", "nowhere", "_id"], vec!["name"]),
        (vec!["a", "a.b"], vec!["a.b"]),
        (vec![], vec![]),
    ] {
        for query in [Query::new(), Query::new().sort("n", "ASC"), Query::parse("n > 0 AND name LIKE '%' LIMIT 9")?] {
            let found = db.search(&query.select(names.clone())).await?;
            ensure_eq!(ids(&found).len(), 3, "results");
            for record in &found {
                ensure_eq!(name(record), kept, "the fields of {names:?}");
                ensure_eq!(record.metadata(), records[0].metadata(), "the metadata");
                let id = record.id().cloned();
                let read = stored(&db, id.as_ref().map_or("", |id| id.as_str())).await?;
                ensure_eq!(record.version(), read.version(), "the version");
            }
        }
    }
    Ok(())
}

async fn sorts_and_filters_by_what_the_projection_drops(stage: &Stage<'_>) -> Outcome {
    let db = stage.open_with(three()?).await?;
    let query = Query::parse("n < 3 ORDER BY n DESC LIMIT 2")?.select(["name"]);
    let found = db.search(&query).await?;
    ensure_eq!(ids(&found), ["b", "a"]);
    ensure!(found.iter().all(|record| record.get("n").is_none()), "the projection kept `n`");
    Ok(())
}

/// Queries that are wrong somewhere, also where it could not matter.
pub(super) fn mistakes() -> Vec<Query> {
    vec![
        Query::new().filter("n", "~", 1),
        Query::new().filter("n", "LIKE", "ends in \\"),
        Query::new().filter("n", "REGEX", "("),
        Query::new().filter("n", "BETWEEN", [1]),
        Query::new().filter("n", "GT", ()),
        Query::new().filter("n", "=", Operand::One(f64::NAN.into())),
        Query::new().filter("a..b", "=", 1),
        Query::new().filter("_score", ">", 1),
        Query::new().sort("n", "UP"),
        Query::new().sort("", "ASC"),
        Query::new().after("token"),
        Query::new().filter("n", "~", 1).limit(0),
    ]
}

async fn a_mistake_is_found_before_the_store_is_asked(stage: &Stage<'_>) -> Outcome {
    let (db, watched) = stage.watch(three()?).await?;
    let asked = watched.asked();
    for query in mistakes() {
        refused(db.search(&query).await, ErrorKind::InvalidQuery)?;
    }
    ensure_eq!(watched.asked(), asked, "requests to the store");
    let empty = stage.open().await?;
    for query in mistakes() {
        refused(empty.search(&query).await, ErrorKind::InvalidQuery)?;
    }
    Ok(())
}

async fn a_match_scores_its_results(stage: &Stage<'_>) -> Outcome {
    let db = stage.open_sample().await?;
    let found = db.search(&Query::parse("note MATCH 'fox'")?).await?;
    ensure_eq!(found.len(), 2, "results");
    ensure!(found.iter().all(|record| record.score().is_some()), "a result has no score");
    let others = db.search(&Query::parse("note IS NOT NULL")?).await?;
    ensure!(others.iter().all(|record| record.score().is_none()), "a score without a MATCH");
    Ok(())
}

async fn nothing_is_scored(stage: &Stage<'_>) -> Outcome {
    let db = stage.open_sample().await?;
    let found = db.search(&Query::parse("note MATCH 'fox'")?).await?;
    ensure_eq!(found.len(), 2, "results");
    ensure!(found.iter().all(|record| record.score().is_none()), "a score that is not declared");
    Ok(())
}

pub(super) fn list() -> Vec<Behaviour> {
    behaviours! { "search":
        always => [
            finds_nothing_in_nothing,
            answers_as_the_reference_does,
            results_carry_what_a_read_gives,
            ties_are_broken_by_id_in_both_directions,
            has_no_hidden_limit,
            limits_and_offsets_cut_what_is_left,
            a_projection_keeps_id_version_and_metadata,
            sorts_and_filters_by_what_the_projection_drops,
            a_mistake_is_found_before_the_store_is_asked,
        ],
        with InsertionOrder => [without_a_sort_records_come_as_they_were_created],
        without InsertionOrder => [without_a_sort_records_come_by_id],
        with Scores => [a_match_scores_its_results],
        without Scores => [nothing_is_scored],
    }
}
