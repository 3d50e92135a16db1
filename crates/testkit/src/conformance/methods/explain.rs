//! `explain`.

use dataknobs_data_core::{ErrorKind, Query, Support};

use super::{sample, search, three};
use crate::conformance::behaviour::{Behaviour, Stage, behaviours};
use crate::failure::{Outcome, ensure, ensure_eq, refused};

async fn names_every_leaf_and_who_answers_it(stage: &Stage<'_>) -> Outcome {
    let db = stage.open_sample().await?;
    let query = Query::parse("city = 'London' AND (age > 30 OR NOT note MATCH 'fox') AND name LIKE 'A%'")?;
    let explain = db.explain(&query).await?;
    ensure_eq!(explain.leaves.len(), 4, "leaves");
    for (leaf, parts) in explain.leaves.iter().zip([["city", "London"], ["age", "30"], ["note", "fox"], ["name", "A%"]])
    {
        ensure!(parts.iter().all(|part| leaf.leaf.contains(part)), "the leaf of {parts:?} reads `{}`", leaf.leaf);
    }
    let exact = explain.leaves.iter().all(|leaf| leaf.support == Support::Exact);
    ensure_eq!(explain.rechecked, !exact, "what is re-checked, with {:?}", explain.leaves);
    ensure!(exact || !explain.limit_pushed, "a limit is pushed past leaves that are not exact");
    Ok(())
}

async fn says_what_and_where(stage: &Stage<'_>) -> Outcome {
    let db = stage.open_with(three()?).await?;
    let query = Query::parse("n > 1 ORDER BY n LIMIT 1")?;
    let explain = db.explain(&query).await?;
    ensure_eq!(explain.backend, db.info().await?.backend, "the backend");
    ensure_eq!(explain.query, query.to_string(), "the query");
    ensure!(!explain.plan.access.is_empty(), "nothing is said of how the records are reached");
    let text = explain.to_string();
    ensure!(text.contains(&explain.query) && text.contains(&explain.plan.access), "the text says less: {text}");
    Ok(())
}

async fn reads_no_record(stage: &Stage<'_>) -> Outcome {
    let (db, watched) = stage.watch(stage.sample()?).await?;
    let asked = watched.asked();
    for query in sample::queries()? {
        db.explain(&query).await?;
    }
    ensure_eq!(watched.asked(), asked, "requests to the store");
    Ok(())
}

async fn works_over_nothing(stage: &Stage<'_>) -> Outcome {
    let db = stage.open().await?;
    for query in sample::queries()? {
        let explain = db.explain(&query).await?;
        ensure!(explain.plan.rows_examined.unwrap_or(0) == 0, "rows of nothing: {:?}", explain.plan);
    }
    Ok(())
}

async fn a_mistake_is_an_error(stage: &Stage<'_>) -> Outcome {
    let db = stage.open_with(three()?).await?;
    for query in search::mistakes() {
        refused(db.explain(&query).await, ErrorKind::InvalidQuery)?;
    }
    Ok(())
}

pub(super) fn list() -> Vec<Behaviour> {
    behaviours! { "explain":
        always => [
            names_every_leaf_and_who_answers_it,
            says_what_and_where,
            reads_no_record,
            works_over_nothing,
            a_mistake_is_an_error,
        ],
    }
}
