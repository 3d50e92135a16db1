//! `first`.

use dataknobs_data_core::{ErrorKind, Query, Record};

use super::{sample, search, three};
use crate::conformance::behaviour::{Behaviour, Stage, behaviours};
use crate::failure::{Outcome, ensure, ensure_eq, refused};

async fn gives_the_first_of_the_search(stage: &Stage<'_>) -> Outcome {
    let db = stage.open_sample().await?;
    for query in sample::queries()? {
        let found = db.search(&query).await?;
        let first = db.first(&query).await?;
        ensure_eq!(first.as_ref(), found.first(), "`{query}`");
        let [id, expected] = [first.as_ref(), found.first()].map(|record| record.and_then(Record::id));
        ensure_eq!(id, expected, "the id of `{query}`");
    }
    Ok(())
}

async fn is_none_where_nothing_is_found(stage: &Stage<'_>) -> Outcome {
    ensure!(stage.open().await?.first(&Query::new()).await?.is_none(), "of nothing");
    let db = stage.open_with(three()?).await?;
    ensure!(db.first(&Query::parse("n > 3")?).await?.is_none());
    ensure!(db.first(&Query::new().offset(3)).await?.is_none());
    ensure!(db.first(&Query::new().limit(0)).await?.is_none(), "of limit 0");
    Ok(())
}

async fn continues_behind_a_token(stage: &Stage<'_>) -> Outcome {
    let db = stage.open_with(three()?).await?;
    let query = Query::new().sort("n", "DESC");
    let page = db.search(&query.clone().limit(1)).await?;
    let next = db.first(&query.after(page.after().unwrap_or_default())).await?;
    ensure_eq!(next.as_ref().and_then(|record| record.id()).map(|id| id.as_str()), Some("b"));
    Ok(())
}

async fn a_mistake_is_found_before_the_store_is_asked(stage: &Stage<'_>) -> Outcome {
    let (db, watched) = stage.watch(three()?).await?;
    let asked = watched.asked();
    for query in search::mistakes() {
        refused(db.first(&query).await, ErrorKind::InvalidQuery)?;
    }
    ensure_eq!(watched.asked(), asked, "requests to the store");
    Ok(())
}

pub(super) fn list() -> Vec<Behaviour> {
    behaviours! { "first":
        always => [
            gives_the_first_of_the_search,
            is_none_where_nothing_is_found,
            continues_behind_a_token,
            a_mistake_is_found_before_the_store_is_asked,
        ],
    }
}
