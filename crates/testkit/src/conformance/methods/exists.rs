//! `exists`.

use super::{illegal_ids, item, three};
use crate::conformance::behaviour::{Behaviour, Stage, behaviours};
use crate::failure::{Outcome, ensure, ensure_eq};

async fn tells_what_is_there(stage: &Stage<'_>) -> Outcome {
    let db = stage.open_with(three()?).await?;
    ensure!(db.exists("a").await?);
    ensure!(db.exists("c").await?);
    ensure!(!db.exists("d").await?);
    ensure!(!db.exists("A").await?, "letter case does not count");
    Ok(())
}

async fn is_false_on_an_empty_database(stage: &Stage<'_>) -> Outcome {
    ensure!(!stage.open().await?.exists("a").await?);
    Ok(())
}

async fn is_false_for_an_id_that_cannot_be(stage: &Stage<'_>) -> Outcome {
    let db = stage.open_with(three()?).await?;
    for id in illegal_ids() {
        ensure_eq!(db.exists(&id).await?, false, "exists of {id:?}");
    }
    Ok(())
}

async fn follows_writes(stage: &Stage<'_>) -> Outcome {
    let db = stage.open().await?;
    db.create(item("a", 1)?).await?;
    ensure!(db.exists("a").await?, "not there after a create");
    db.update("a", item("a", 2)?).await?;
    ensure!(db.exists("a").await?, "not there after an update");
    db.delete("a").await?;
    ensure!(!db.exists("a").await?, "there after a delete");
    db.upsert("a", item("a", 3)?).await?;
    ensure!(db.exists("a").await?, "not there after an upsert");
    db.clear().await?;
    ensure!(!db.exists("a").await?, "there after a clear");
    Ok(())
}

pub(super) fn list() -> Vec<Behaviour> {
    behaviours! { "exists":
        always => [
            tells_what_is_there,
            is_false_on_an_empty_database,
            is_false_for_an_id_that_cannot_be,
            follows_writes,
        ],
    }
}
