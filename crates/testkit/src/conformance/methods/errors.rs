//! What errors say, and what they never say.

use dataknobs_data_core::{
    Aggregation, Changes, Error, ErrorKind, Field, FieldType, IndexKind, Query, Record, Value, Version, WriteOptions,
    record,
};
use serde_json::json;

use super::{item, search, three};
use crate::conformance::behaviour::{Ability, Behaviour, Stage, behaviours};
use crate::conformance::handle::Handle;
use crate::failure::{Outcome, ensure, ensure_eq, refused};

/// A value that no error may show.
const MARKER: &str = "s3cr3t-marker";

/// A record that holds the marker wherever it can.
fn marked(stage: &Stage<'_>, id: &str) -> Outcome<Record> {
    let fixed = stage.has(Ability::FixedFields);
    let field = Field::new("marked", MARKER);
    let field = if fixed { field } else { field.with_metadata("note", MARKER) };
    let mut record = Record::from_fields([field, Field::new("bytes", MARKER.as_bytes())])?;
    record.set("document", Value::json(json!({ MARKER: [MARKER] }))?)?;
    record.set("n", i64::MAX)?;
    let record = if fixed { record } else { record.with_metadata("note", MARKER)? };
    Ok(record.with_id(id)?)
}

fn stale() -> WriteOptions {
    WriteOptions::new().expecting(Version::from_token("of another record"))
}

/// Failures of every kind of write, over records that hold the marker, with the operation of each.
async fn failures(stage: &Stage<'_>, db: &Handle) -> Outcome<Vec<(&'static str, Error)>> {
    let conflict = ErrorKind::Conflict;
    let exists = ErrorKind::AlreadyExists;
    let invalid = ErrorKind::InvalidRecord;
    let bad = Changes::new().set("marked", MARKER).set("_id", MARKER);
    let infinite = Changes::new().set_field(Field::new(MARKER, f64::INFINITY).with_metadata("note", MARKER));
    let mistyped = Changes::new().set_field(Field::new("marked", MARKER).with_type(FieldType::Integer));
    let mut nameless = marked(stage, "x")?;
    nameless.set_id(None);
    let mut failures = vec![
        ("create", refused(db.create(marked(stage, "a")?).await, exists)?),
        ("create_batch", refused(db.create_batch(vec![marked(stage, "x")?, marked(stage, "a")?]).await, exists)?),
        ("create_batch", refused(db.create_batch(vec![marked(stage, "y")?, marked(stage, "y")?]).await, exists)?),
        ("update", refused(db.update_with("a", marked(stage, "a")?, stale()).await, conflict)?),
        ("patch", refused(db.patch_with("a", Changes::new().set("x", MARKER), stale()).await, conflict)?),
        ("upsert", refused(db.upsert_with("a", marked(stage, "a")?, stale()).await, conflict)?),
        ("delete", refused(db.delete_with("a", stale()).await, conflict)?),
        ("upsert", refused(db.upsert("a\nb", marked(stage, "a")?).await, invalid)?),
        ("patch", refused(db.patch("a", bad.clone()).await, invalid)?),
        ("patch", refused(db.patch("a", infinite.clone()).await, invalid)?),
        ("patch", refused(db.patch("a", mistyped.clone()).await, invalid)?),
        ("update_where", refused(db.update_where(&Query::new(), bad).await, invalid)?),
        ("update_where", refused(db.update_where(&Query::new(), mistyped).await, invalid)?),
        ("update_batch", refused(db.update_batch(vec![marked(stage, "a")?, nameless]).await, invalid)?),
        ("aggregate", refused(db.aggregate(&Aggregation::new().sum("n")).await, ErrorKind::InvalidQuery)?),
    ];
    if stage.has(Ability::Transactions) {
        let tx = db.transaction().await?;
        failures.push(("create", refused(tx.create(marked(stage, "a")?).await, exists)?));
        failures.push(("update", refused(tx.update_with("a", marked(stage, "a")?, stale()).await, conflict)?));
        tx.rollback().await?;
    }
    let view = db.read_only();
    failures.push(("create", refused(view.create(marked(stage, "z")?).await, ErrorKind::Unsupported)?));
    failures.push(("clear", refused(view.clear().await, ErrorKind::Unsupported)?));
    Ok(failures)
}

async fn name_operation_and_backend(stage: &Stage<'_>) -> Outcome {
    let db = stage.open_with(vec![marked(stage, "a")?, marked(stage, "b")?]).await?;
    let backend = db.info().await?.backend;
    for (operation, error) in failures(stage, &db).await? {
        ensure_eq!(error.operation(), Some(operation), "the operation of {error}");
        ensure_eq!(error.backend(), Some(backend), "the backend of {error}");
        let text = error.to_string();
        ensure!(text.contains(operation) && text.contains(backend), "the text lacks something: {text}");
        ensure!(!text.contains('\n'), "the text has more than one line: {text}");
    }
    Ok(())
}

async fn never_show_a_stored_value(stage: &Stage<'_>) -> Outcome {
    let db = stage.open_with(vec![marked(stage, "a")?, marked(stage, "b")?]).await?;
    for (operation, error) in failures(stage, &db).await? {
        // The field that is at fault is named; only there the marker is a name and no value.
        let named = error.context_value("field").is_some_and(|field| field.contains(MARKER));
        let text = format!("{error} {error:?}");
        ensure!(named || !text.contains(MARKER), "the error of {operation} shows a value: {text}");
        let bytes = format!("{:?}", MARKER.as_bytes());
        ensure!(!text.contains(bytes.trim_matches(['[', ']'])), "the error of {operation} shows bytes: {text}");
    }
    let shown = format!("{db:?} {:?}", db.info().await?);
    ensure!(!shown.contains(MARKER), "the handle shows a value: {shown}");
    Ok(())
}

async fn of_queries_name_operation_and_backend(stage: &Stage<'_>) -> Outcome {
    let db = stage.open_with(three()?).await?;
    let kind = ErrorKind::InvalidQuery;
    for query in search::mistakes() {
        for (operation, error) in [
            ("search", refused(db.search(&query).await, kind)?),
            ("stream", refused(db.stream(&query).await, kind)?),
            ("first", refused(db.first(&query).await, kind)?),
            ("count", refused(db.count(&query).await, kind)?),
            ("explain", refused(db.explain(&query).await, kind)?),
            ("delete_where", refused(db.delete_where(&query).await, kind)?),
            ("update_where", refused(db.update_where(&query, Changes::new().set("n", 1)).await, kind)?),
        ] {
            ensure_eq!(error.operation(), Some(operation), "the operation of {error}");
            ensure!(error.backend().is_some(), "no backend in {error}");
            ensure!(!error.is_retryable(), "a retry of a mistake may help: {error}");
        }
    }
    Ok(())
}

async fn of_batches_name_each_failure(stage: &Stage<'_>) -> Outcome {
    let db = stage.open_with(three()?).await?;
    let error = refused(db.create_batch(vec![item("d", 4)?, item("c", 9)?]).await, ErrorKind::AlreadyExists)?;
    ensure_eq!(error.failures().len(), 1, "failures");
    let failure = &error.failures()[0];
    ensure_eq!((failure.index, failure.error.kind()), (1, ErrorKind::AlreadyExists), "the failure");
    ensure!(
        format!("{} {:?}", failure.error, failure.error).contains("`c`"),
        "the id is not named: {:?}",
        failure.error
    );
    Ok(())
}

async fn of_unknown_names_are_typed(stage: &Stage<'_>) -> Outcome {
    let db = stage.open_with(vec![record! { "n": 1 }?.with_id("a")?]).await?;
    let error = refused(db.search(&Query::new().filter("n", "BETWEN", [1, 2])).await, ErrorKind::InvalidQuery)?;
    ensure!(format!("{error:?}").contains("BETWEEN"), "the nearest operator is not named: {error:?}");
    if !stage.has(Ability::Indexes) {
        let error = refused(db.create_index("n", IndexKind::Hash).await, ErrorKind::Unsupported)?;
        ensure_eq!(error.operation(), Some("create_index"), "the operation");
    }
    if !stage.has(Ability::Transactions) {
        let error = refused(db.transaction().await, ErrorKind::Unsupported)?;
        ensure_eq!(error.operation(), Some("transaction"), "the operation");
    }
    Ok(())
}

pub(super) fn list() -> Vec<Behaviour> {
    behaviours! { "errors":
        always => [
            name_operation_and_backend,
            never_show_a_stored_value,
            of_queries_name_operation_and_backend,
            of_batches_name_each_failure,
            of_unknown_names_are_typed,
        ],
    }
}
