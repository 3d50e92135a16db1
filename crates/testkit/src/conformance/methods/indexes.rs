//! `create_index`, `list_indexes` and `drop_index`, where they are declared and where they are not.

use dataknobs_data_core::{Changes, ErrorKind, IndexKind, Path, Query, reference_search};

use super::{item, sample, three};
use crate::conformance::behaviour::{Ability, Behaviour, Stage, behaviours};
use crate::conformance::handle::Handle;
use crate::failure::{Outcome, ensure, ensure_eq, refused};

const KINDS: [IndexKind; 2] = [IndexKind::Hash, IndexKind::Ordered];

async fn names(db: &Handle) -> Outcome<Vec<String>> {
    Ok(db.list_indexes().await?.iter().map(|index| index.name.to_string()).collect())
}

async fn are_refused(stage: &Stage<'_>) -> Outcome {
    let db = stage.open_with(three()?).await?;
    for kind in KINDS {
        refused(db.create_index("n", kind).await, ErrorKind::Unsupported)?;
        refused(db.create_named_index("own", "n", kind).await, ErrorKind::Unsupported)?;
    }
    refused(db.list_indexes().await, ErrorKind::Unsupported)?;
    refused(db.drop_index("own").await, ErrorKind::Unsupported)?;
    Ok(())
}

async fn are_made_listed_and_dropped(stage: &Stage<'_>) -> Outcome {
    let db = stage.open_with(three()?).await?;
    let before = names(&db).await?;
    let made = db.create_named_index("own", "n", IndexKind::Ordered).await?;
    ensure_eq!((made.name.as_str(), &made.path, made.kind), ("own", &Path::dotted("n")?, IndexKind::Ordered));
    let unnamed = db.create_index("name", IndexKind::Hash).await?;
    let listed = db.list_indexes().await?;
    ensure!(listed.contains(&made) && listed.contains(&unnamed), "not all are listed: {listed:?}");
    ensure_eq!(listed.len(), before.len() + 2, "indexes");
    ensure!(listed.is_sorted_by(|a, b| a.name <= b.name), "the list is not by name: {listed:?}");
    ensure!(db.drop_index("own").await?);
    ensure!(!db.drop_index("own").await?, "the same drop again");
    ensure!(!db.drop_index("nowhere").await?, "of one that never was");
    ensure!(db.drop_index(&unnamed.name).await?);
    ensure_eq!(names(&db).await?, before, "the indexes in the end");
    stage.holds(&db, &three()?).await
}

async fn may_be_made_again_but_not_redefined(stage: &Stage<'_>) -> Outcome {
    let db = stage.open().await?;
    let first = db.create_named_index("own", "n", IndexKind::Ordered).await?;
    ensure_eq!(db.create_named_index("own", "n", IndexKind::Ordered).await?, first, "the same index again");
    refused(db.create_named_index("own", "name", IndexKind::Ordered).await, ErrorKind::AlreadyExists)?;
    refused(db.create_named_index("own", "n", IndexKind::Hash).await, ErrorKind::AlreadyExists)?;
    ensure_eq!(db.list_indexes().await?.iter().filter(|index| index.name == "own").count(), 1, "indexes of the name");
    let unnamed = db.create_index("n", IndexKind::Ordered).await?;
    ensure_eq!(db.create_index("n", IndexKind::Ordered).await?, unnamed, "the same unnamed index again");
    Ok(())
}

async fn a_bad_path_is_refused(stage: &Stage<'_>) -> Outcome {
    let db = stage.open().await?;
    for path in ["", "a..b", "_score", "a\nb"] {
        refused(db.create_index(path, IndexKind::Hash).await, ErrorKind::InvalidQuery)?;
    }
    Ok(())
}

/// Every query, with an index of each kind on every path that one of them asks about.
async fn answers_hold(stage: &Stage<'_>, db: &Handle, when: &str) -> Outcome {
    let records = db.search(&Query::new()).await?.into_records();
    for query in sample::queries()? {
        let expected = reference_search(&records, &query, stage.capabilities.id_order)?;
        let at = |failure: crate::Failure| failure.at(format!("`{query}` {when}"));
        stage.same_list(&db.search(&query).await?, &expected).map_err(at)?;
        let taken = reference_search(&records, &query.clone().limit(None).offset(0), stage.capabilities.id_order)?;
        ensure_eq!(db.count(&query).await?, taken.len() as u64, "count of `{query}` {when}");
    }
    Ok(())
}

async fn change_no_answer(stage: &Stage<'_>) -> Outcome {
    let db = stage.open_sample().await?;
    let paths = ["age", "city", "name", "active", "joined", "tags", "note", "blob", "address.zip", "_id"];
    for path in paths.into_iter().chain(["address.street.no", "address.a.1.b", "metadata.source"]) {
        for kind in KINDS {
            match db.create_index(path, kind).await {
                // Not every column has an order.
                Err(error) if stage.has(Ability::FixedFields) && error.kind() == ErrorKind::Unsupported => {}
                made => drop(made?),
            }
        }
    }
    answers_hold(stage, &db, "at first").await?;
    for record in stage.sample()? {
        let id = record.id().map_or("", |id| id.as_str()).to_owned();
        match id.as_str() {
            "r00" | "r03" => ensure!(db.delete(&id).await?),
            "r01" | "r07" => ensure!(db.patch(&id, Changes::new().set("age", 36).set("city", "London")).await?),
            "r05" => ensure!(db.update(&id, item(&id, 7)?).await?),
            _ => {}
        }
    }
    answers_hold(stage, &db, "after single writes").await?;
    db.upsert_batch(stage.sample()?).await?;
    let _ = db.create_batch(vec![item("new", 1)?, item("r04", 1)?]).await;
    db.delete("new").await?;
    answers_hold(stage, &db, "after batches").await?;
    db.update_where(&Query::parse("age > 0")?, Changes::new().set("age", 41).unset("city")).await?;
    answers_hold(stage, &db, "after an update by filter").await?;
    db.delete_where(&Query::parse("age = 41")?).await?;
    answers_hold(stage, &db, "after a delete by filter").await?;
    db.clear().await?;
    db.create_batch(stage.sample()?).await?;
    answers_hold(stage, &db, "after a clear").await?;
    for index in db.list_indexes().await? {
        ensure!(db.drop_index(&index.name).await?);
    }
    answers_hold(stage, &db, "without indexes again").await
}

pub(super) fn list() -> Vec<Behaviour> {
    behaviours! { "indexes":
        without Indexes => [are_refused],
        with Indexes => [
            are_made_listed_and_dropped,
            may_be_made_again_but_not_redefined,
            a_bad_path_is_refused,
            change_no_answer,
        ],
    }
}
