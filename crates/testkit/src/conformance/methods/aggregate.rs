//! `aggregate`.

use dataknobs_data_core::{Aggregation, ErrorKind, Table, Value, record, reference_aggregate};

use super::{item, three};
use crate::conformance::behaviour::{Behaviour, Stage, behaviours};
use crate::failure::{Outcome, ensure, ensure_eq, refused};

/// What the semantics allow two floats to differ by, relative to their size.
const TOLERANCE: f64 = 1e-9;

fn aggregations() -> Vec<Aggregation> {
    let all = Aggregation::new;
    vec![
        all().count(),
        all().count_of("age").count_distinct("age").min("age").max("age").avg("age"),
        all().count_of("joined").count_distinct("joined").min("joined").max("joined"),
        all().filter("age", "BETWEEN", [-10, 100]).sum("age").avg("age"),
        all().filter("age", "IN", [36, 0, -5]).sum("age").alias("total"),
        all().filter("active", "=", true).count().min("name"),
        all().filter("note", "MATCH", "fox").count(),
        all().filter("city", "=", "nowhere").count().sum("age").avg("age").min("age").max("age"),
        all().filter("city", "=", "nowhere").group_by("city").count(),
        all().group_by("city").count().avg("nowhere").max("name"),
        all().group_by("age").count(),
        all().group_by("age").group_by("active").count().min("_id"),
        all().group_by_as("address.zip", "zip").count(),
        all().filter("age", "<", 1000).histogram("age", 10, 0).count().sum("age"),
        all().filter("age", "<", 1000).histogram("age", 2.5, 1).count(),
        all().date_histogram("joined", "month").alias("month").count().max("name"),
        all().date_histogram("joined", "week").count(),
        all().min("address").max("tags").count_distinct("tags"),
        all().min("blob").max("blob").count_distinct("blob"),
        Aggregation::distinct("city"),
        Aggregation::distinct("metadata.source"),
        Aggregation::distinct("nowhere"),
    ]
}

fn is_close(actual: &Value, expected: &Value) -> bool {
    match (actual, expected) {
        (Value::Float(actual), Value::Float(expected)) => {
            (actual - expected).abs() <= TOLERANCE * actual.abs().max(expected.abs())
        }
        _ => actual == expected,
    }
}

fn same_table(actual: &Table, expected: &Table) -> Outcome {
    ensure_eq!(actual.columns(), expected.columns(), "the columns");
    ensure_eq!(actual.len(), expected.len(), "the number of rows of {actual:?}");
    for (actual, expected) in actual.rows().iter().zip(expected.rows()) {
        let close = actual.iter().zip(expected).all(|(actual, expected)| is_close(actual, expected));
        ensure!(close && actual.len() == expected.len(), "the row is {actual:?} instead of {expected:?}");
    }
    Ok(())
}

async fn answers_as_the_reference_does(stage: &Stage<'_>) -> Outcome {
    let db = stage.open_sample().await?;
    let records = stage.sample()?;
    for aggregation in aggregations() {
        let expected = reference_aggregate(&records, &aggregation)?;
        let at = |failure: crate::Failure| failure.at(format!("{aggregation:?}"));
        same_table(&db.aggregate(&aggregation).await?, &expected).map_err(at)?;
    }
    Ok(())
}

async fn of_nothing_is_as_the_reference_says(stage: &Stage<'_>) -> Outcome {
    let db = stage.open().await?;
    for aggregation in aggregations() {
        let expected = reference_aggregate(&[], &aggregation)?;
        let at = |failure: crate::Failure| failure.at(format!("{aggregation:?}"));
        same_table(&db.aggregate(&aggregation).await?, &expected).map_err(at)?;
    }
    Ok(())
}

async fn integer_sums_are_exact_up_to_their_limit(stage: &Stage<'_>) -> Outcome {
    let db = stage.open_with(vec![item("a", i64::MAX)?, item("b", -1)?, item("c", 1)?]).await?;
    let sum = Aggregation::new().sum("n");
    ensure_eq!(db.aggregate(&sum).await?.get(0, "sum_n"), Some(&Value::from(i64::MAX)), "the sum");
    db.create(item("d", 1)?).await?;
    refused(db.aggregate(&sum).await, ErrorKind::InvalidQuery)?;
    db.update("a", record! { "n": 9_007_199_254_740_993_i64 }?).await?;
    db.update("b", record! { "n": 9_007_199_254_740_993_i64 }?).await?;
    ensure_eq!(db.aggregate(&sum).await?.get(0, "sum_n"), Some(&Value::from(18_014_398_509_481_988_i64)), "the sum");
    Ok(())
}

async fn follows_writes(stage: &Stage<'_>) -> Outcome {
    let db = stage.open_with(three()?).await?;
    let sum = Aggregation::new().filter("n", ">", 1).sum("n").count();
    db.update("a", item("a", 10)?).await?;
    db.delete("b").await?;
    let table = db.aggregate(&sum).await?;
    ensure_eq!(table.rows(), [[Value::from(13), Value::from(2)]], "sum and count");
    Ok(())
}

async fn a_mistake_is_found_before_the_store_is_asked(stage: &Stage<'_>) -> Outcome {
    let (db, watched) = stage.watch(three()?).await?;
    let asked = watched.asked();
    for aggregation in [
        Aggregation::new(),
        Aggregation::new().filter("n", "=", 1),
        Aggregation::new().count().count(),
        Aggregation::new().group_by("n").group_by("n"),
        Aggregation::new().sum("a..b"),
        Aggregation::new().filter("n", "~", 1).count(),
        Aggregation::new().date_histogram("n", "fortnight"),
        Aggregation::new().histogram("n", 0, 0),
        Aggregation::new().histogram("n", -1, 0),
        Aggregation::new().histogram("n", f64::NAN, 0),
    ] {
        let at = |failure: crate::Failure| failure.at(format!("{aggregation:?}"));
        refused(db.aggregate(&aggregation).await, ErrorKind::InvalidQuery).map_err(at)?;
    }
    ensure_eq!(watched.asked(), asked, "requests to the store");
    Ok(())
}

pub(super) fn list() -> Vec<Behaviour> {
    behaviours! { "aggregate":
        always => [
            answers_as_the_reference_does,
            of_nothing_is_as_the_reference_says,
            integer_sums_are_exact_up_to_their_limit,
            follows_writes,
            a_mistake_is_found_before_the_store_is_asked,
        ],
    }
}
