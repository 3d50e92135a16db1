//! `count`.

use dataknobs_data_core::{ErrorKind, Query, reference_search};

use super::{item, sample, search, three};
use crate::conformance::behaviour::{Behaviour, Stage, behaviours};
use crate::failure::{Outcome, ensure_eq, refused};

async fn counts_what_the_filter_takes(stage: &Stage<'_>) -> Outcome {
    let db = stage.open_sample().await?;
    let records = stage.sample()?;
    for text in sample::QUERIES {
        let query = Query::parse(text)?;
        let expected = reference_search(&records, &query, stage.capabilities.id_order)?.len() as u64;
        ensure_eq!(db.count(&query).await?, expected, "`{text}`");
    }
    Ok(())
}

async fn ignores_all_but_the_filter(stage: &Stage<'_>) -> Outcome {
    let db = stage.open_with(three()?).await?;
    let filter = Query::parse("n >= 2")?;
    let sorted = filter.clone().sort("n", "ASC");
    let page = db.search(&sorted.clone().limit(1)).await?;
    for query in [
        filter.clone().limit(1),
        filter.clone().limit(0),
        filter.clone().offset(5),
        filter.clone().select(["name"]),
        sorted.clone(),
        sorted.after(page.after().unwrap_or_default()),
    ] {
        ensure_eq!(db.count(&query).await?, 2, "{query:?}");
    }
    Ok(())
}

async fn is_zero_over_nothing(stage: &Stage<'_>) -> Outcome {
    let db = stage.open().await?;
    for text in sample::QUERIES {
        ensure_eq!(db.count(&Query::parse(text)?).await?, 0, "`{text}`");
    }
    Ok(())
}

async fn follows_writes(stage: &Stage<'_>) -> Outcome {
    let db = stage.open_with(three()?).await?;
    let big = Query::parse("n > 2")?;
    ensure_eq!(db.count(&big).await?, 1, "at first");
    db.update("a", item("a", 10)?).await?;
    ensure_eq!(db.count(&big).await?, 2, "after an update");
    db.delete("c").await?;
    ensure_eq!(db.count(&big).await?, 1, "after a delete");
    ensure_eq!(db.count(&Query::new()).await?, 2, "in all");
    Ok(())
}

async fn a_mistake_is_found_before_the_store_is_asked(stage: &Stage<'_>) -> Outcome {
    let (db, watched) = stage.watch(three()?).await?;
    let asked = watched.asked();
    for query in search::mistakes() {
        refused(db.count(&query).await, ErrorKind::InvalidQuery)?;
    }
    ensure_eq!(watched.asked(), asked, "requests to the store");
    Ok(())
}

pub(super) fn list() -> Vec<Behaviour> {
    behaviours! { "count":
        always => [
            counts_what_the_filter_takes,
            ignores_all_but_the_filter,
            is_zero_over_nothing,
            follows_writes,
            a_mistake_is_found_before_the_store_is_asked,
        ],
    }
}
