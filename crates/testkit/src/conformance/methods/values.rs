//! What is stored comes back: values, types, metadata, order, names and ids.

use dataknobs_data_core::{
    Changes, DateTime, ErrorKind, Field, FieldType, Filter, Metadata, Path, Query, Record, Value, record,
};
use serde_json::json;

use super::{ids, item, stored, three};
use crate::conformance::behaviour::{Behaviour, Stage, behaviours};
use crate::failure::{Failure, Outcome, ensure, ensure_eq, refused};

/// Values at the edges of every kind.
fn values() -> Outcome<Vec<Value>> {
    let mut values: Vec<Value> = vec![
        ().into(),
        true.into(),
        false.into(),
        0.into(),
        i64::MIN.into(),
        i64::MAX.into(),
        9_007_199_254_740_993_i64.into(),
        0.0.into(),
        (-0.0).into(),
        1.0.into(),
        0.1.into(),
        1e16.into(),
        1.5e-7.into(),
        f64::MIN_POSITIVE.into(),
        5e-324.into(),
        f64::MAX.into(),
        9_007_199_254_740_992.0.into(),
        Vec::<u8>::new().into(),
        (0..=255).collect::<Vec<u8>>().into(),
    ];
    for text in TEXTS {
        values.push(text.into());
    }
    values.push("x".repeat(1_001).into());
    values.push("ü\n".repeat(100_000).into());
    for text in TIMES {
        values.push(DateTime::parse(text)?.into());
    }
    for document in [
        json!([]),
        json!({}),
        json!([null, true, 1, 1.0, -0.0, "x", [], {}]),
        json!({"z": 1, "a": {"": [9_007_199_254_740_993_i64, 1e300]}, "b.c": "\u{0}\"\\", "é": null}),
        json!([[[[[[[["deep"]]]]]]]]),
        json!({"$datetime": "2024-01-31T10:00:00Z"}),
        json!({"_id": 1, "_meta": {"types": {"x": "INTEGER"}}}),
    ] {
        values.push(Value::json(document)?);
    }
    Ok(values)
}

const TEXTS: [&str; 25] = [
    "",
    " ",
    "  padded  ",
    "null",
    "NULL",
    "NA",
    "NaN",
    "true",
    "42",
    "007",
    "+1",
    "1.0",
    "1e5",
    "2024-01-31",
    "2024-01-31T10:00:00Z",
    "{\"a\": 1}",
    "[1]",
    "a,b;c\td",
    "\"quoted\" 'text'",
    "line\nbreak\r\nand\rmore",
    "nul \u{0} bell \u{7}",
    "=1+1",
    "AA==",
    "e\u{301} é 😀 \u{feff}\u{202e}",
    "\\N \\ %s {} $1",
];

const TIMES: [&str; 9] = [
    "2024-01-31T10:00:00",
    "2024-01-31T10:00:00Z",
    "2024-01-31T10:00:00.000001+05:30",
    "2024-01-31T10:00:00.123456-23:59:59",
    "0001-01-01T00:00:00",
    "0001-01-01T00:00:00Z",
    "9999-12-31T23:59:59.999999",
    "9999-12-31T23:59:59.999999Z",
    "1969-12-31T23:59:59.5",
];

/// Checks that records come back, by each road and after a reopen where there is one.
async fn come_back(stage: &Stage<'_>, records: &[Record]) -> Outcome {
    let mut db = stage.open().await?;
    for (number, record) in records.iter().enumerate() {
        if number % 2 == 0 {
            db.create(record.clone()).await?
        } else {
            db.upsert_record(record.clone()).await?
        };
    }
    for round in 0..2 {
        stage.holds(&db, records).await.map_err(|failure| failure.at(when(round)))?;
        let expected = stage.in_store_order(records.to_vec());
        stage.same_list(&db.search(&Query::new()).await?, &expected).map_err(|failure| failure.at(when(round)))?;
        if round == 0 {
            match stage.reopen(&db).await? {
                Some(reopened) => db = reopened,
                None if stage.capabilities.persistent => return Err(Failure::new("the store cannot be opened again")),
                None => break,
            }
        }
    }
    // A record that was written again after a reopen is still the same.
    let first = records.first().map_or("", |record| record.id().map_or("", |id| id.as_str()));
    let again = stored(&db, first).await?;
    db.update(first, again).await?;
    stage.holds(&db, records).await.map_err(|failure| failure.at("after another write"))
}

fn when(round: usize) -> &'static str {
    if round == 0 { "as written" } else { "after a reopen" }
}

async fn of_every_kind_come_back(stage: &Stage<'_>) -> Outcome {
    let mut records = Vec::new();
    for (number, value) in values()?.into_iter().enumerate() {
        records
            .push(record! { "before": number as i64, "value": value, "after": "x" }?.with_id(format!("r{number:03}"))?);
    }
    come_back(stage, &records).await?;
    let db = stage.open_with(records.clone()).await?;
    for record in &records {
        let read = stored(&db, record.id().map_or("", |id| id.as_str())).await?;
        let (actual, expected) = (&read["value"], &record["value"]);
        if let (Value::DateTime(actual), Value::DateTime(expected)) = (actual, expected) {
            ensure_eq!(actual.offset_seconds(), expected.offset_seconds(), "the offset of {expected}");
        }
        ensure_eq!(actual.kind_name(), expected.kind_name(), "the kind");
    }
    Ok(())
}

async fn of_every_kind_may_stand_in_one_record(stage: &Stage<'_>) -> Outcome {
    let fields = values()?.into_iter().enumerate().map(|(number, value)| Field::new(format!("f{number}"), value));
    come_back(stage, &[Record::from_fields(fields)?.with_id("all")?, item("other", 1)?]).await
}

async fn keep_their_declared_types(stage: &Stage<'_>) -> Outcome {
    let mut fields: Vec<Field> = FieldType::ALL
        .iter()
        .map(|field_type| Field::new(format!("null {field_type}"), ()).with_type(*field_type))
        .collect();
    let nulls = Record::from_fields(fields.clone())?.with_id("nulls")?;
    fields.clear();
    fields.push(Field::new("short prose", "x").with_type(FieldType::Text));
    fields.push(Field::new("long string", "x".repeat(2_000)).with_type(FieldType::String));
    fields.push(Field::new("short string", "x"));
    fields.push(Field::new("long prose", "x".repeat(2_000)));
    let texts = Record::from_fields(fields)?.with_id("texts")?;
    let swapped = [
        Field::new("short prose", "x"),
        Field::new("short string", "x").with_type(FieldType::Text),
        Field::new("null INTEGER", ()).with_type(FieldType::Float),
    ];
    come_back(stage, &[nulls, texts, Record::from_fields(swapped)?.with_id("swapped")?]).await
}

async fn of_one_field_may_differ_from_record_to_record(stage: &Stage<'_>) -> Outcome {
    let values: [Value; 8] = [
        1.into(),
        1.5.into(),
        "1".into(),
        true.into(),
        ().into(),
        DateTime::parse("2024-01-31T10:00:00")?.into(),
        Value::json(json!([1]))?,
        vec![1_u8].into(),
    ];
    let mut records = Vec::new();
    for (number, value) in values.into_iter().enumerate() {
        records.push(record! { "value": value }?.with_id(format!("r{number}"))?);
    }
    come_back(stage, &records).await
}

async fn keep_metadata_of_records_and_fields(stage: &Stage<'_>) -> Outcome {
    let mut metadata = Metadata::new();
    metadata.insert("source".into(), json!("census"));
    metadata.insert("a.b".into(), json!({"c": [1, 2.5, null, 9_007_199_254_740_993_i64]}));
    metadata.insert("".into(), json!("\u{0}é😀"));
    let mut first = Record::from_fields([
        Field::new("name", "Ada").with_metadata("lang", "en").with_metadata("a.b", json!([1, {"x": null}])),
        Field::new("plain", 1),
        Field::new("absent", ()).with_metadata("why", "unknown"),
    ])?
    .with_id("a")?;
    first.set_metadata(metadata)?;
    let second = Record::new().with_metadata("only", true)?.with_id("b")?;
    let db = stage.open_with(vec![first.clone()]).await?;
    let name = stored(&db, "a").await?.field("name").and_then(|field| field.metadata().cloned());
    ensure_eq!(name, first.field("name").and_then(|field| field.metadata().cloned()), "the metadata of a field");
    come_back(stage, &[first, second, item("c", 1)?]).await
}

async fn keep_the_order_of_their_fields(stage: &Stage<'_>) -> Outcome {
    let orders = [["z", "a", "m"], ["m", "z", "a"], ["a", "m", "z"]];
    let mut records = Vec::new();
    for (number, order) in orders.iter().enumerate() {
        records
            .push(Record::from_pairs(order.iter().map(|name| (*name, number as i64)))?.with_id(format!("r{number}"))?);
    }
    come_back(stage, &records).await?;
    let mut db = stage.open_with(records).await?;
    if let Some(reopened) = stage.reopen(&db).await? {
        db = reopened;
    }
    for (number, order) in orders.iter().enumerate() {
        let read = stored(&db, &format!("r{number}")).await?;
        ensure_eq!(stage.field_names(&read), order, "the fields");
    }
    Ok(())
}

async fn tell_a_missing_field_from_a_null_one(stage: &Stage<'_>) -> Outcome {
    let with = record! { "n": 1, "x": () }?.with_id("with")?;
    let without = record! { "n": 1 }?.with_id("without")?;
    come_back(stage, &[with.clone(), without.clone()]).await?;
    let db = stage.open_with(vec![with, without]).await?;
    ensure!(stored(&db, "with").await?.get("x").is_some(), "the null field is missing");
    ensure!(stored(&db, "without").await?.get("x").is_none(), "the missing field is null");
    Ok(())
}

async fn missing_and_null_look_the_same_to_queries(stage: &Stage<'_>) -> Outcome {
    let db =
        stage.open_with(vec![record! { "n": 1, "x": () }?.with_id("a")?, record! { "n": 1 }?.with_id("b")?]).await?;
    for (text, expected) in [("x IS NULL", 2), ("x EXISTS", 0), ("x != 1", 0), ("NOT x = 1", 2), ("x NOT IN (1)", 0)] {
        ensure_eq!(db.count(&Query::parse(text)?).await?, expected, "`{text}`");
    }
    Ok(())
}

/// Names and ids that break what is put together from text.
fn hostile() -> Vec<String> {
    let mut hostile: Vec<String> = [
        " ",
        "a b",
        " a",
        "a ",
        ".",
        "..",
        "../../etc",
        "/",
        "a/b",
        "\\",
        "C:\\x",
        "\"",
        "\"a\"",
        "'",
        "`",
        "a.b",
        "$a",
        "$datetime",
        "{}",
        "[0]",
        "%",
        "%00",
        "%2F",
        "?a=b&c#d",
        "*",
        ";--",
        "'; DROP TABLE records; --",
        ",",
        "a,b",
        "=1+1",
        "@",
        "é",
        "e\u{301}",
        "😀",
        "İ",
        "ß",
        "\u{feff}bom",
        "\u{202e}rtl",
        "\u{2028}",
        "null",
        "true",
        "0",
        "_",
        "_id.x",
        "_ID",
        "_data",
        "data",
        "fields",
        "types",
        "record",
        "meta",
        "version",
        "score",
        "CON",
        "~",
    ]
    .iter()
    .map(|text| (*text).to_owned())
    .collect();
    hostile.push("x".repeat(512));
    hostile.push("é".repeat(256));
    hostile.push("/".repeat(512));
    hostile
}

async fn stand_under_any_legal_name(stage: &Stage<'_>) -> Outcome {
    let mut records = Vec::new();
    for (number, name) in hostile().into_iter().enumerate() {
        records.push(Record::from_pairs([(name, number as i64)])?.with_id(format!("r{number:02}"))?);
    }
    let pairs = hostile().into_iter().enumerate().map(|(number, name)| (name, number as i64));
    records.push(Record::from_pairs(pairs)?.with_id("zz")?);
    come_back(stage, &records).await?;
    let db = stage.open_with(records).await?;
    for (number, name) in hostile().into_iter().enumerate() {
        let filter = Filter::new(Path::literal([name.as_str()])?, "=", number as i64)?;
        let found = db.search(&Query::new().with_filter(filter).sort("_id", "ASC")).await?;
        ensure_eq!(ids(&found), [format!("r{number:02}").as_str(), "zz"], "records with the field {name:?}");
    }
    Ok(())
}

async fn stand_under_names_that_mean_the_id_elsewhere(stage: &Stage<'_>) -> Outcome {
    let records = [record! { "id": 7, "metadata": "m" }?.with_id("a")?, record! { "id": "x" }?.with_id("b")?];
    come_back(stage, &records).await?;
    let db = stage.open_with(records.to_vec()).await?;
    ensure_eq!(ids(&db.search(&Query::parse("id = 7 AND metadata = 'm'")?).await?), ["a"]);
    ensure_eq!(ids(&db.search(&Query::parse("_id = 'b'")?).await?), ["b"]);
    Ok(())
}

async fn stand_under_any_legal_id(stage: &Stage<'_>) -> Outcome {
    let mut records = Vec::new();
    for (number, id) in hostile().iter().enumerate() {
        records.push(record! { "n": number as i64 }?.with_id(id.as_str())?);
    }
    come_back(stage, &records).await?;
    let db = stage.open_with(records).await?;
    for (number, id) in hostile().iter().enumerate() {
        let found = db.search(&Query::new().filter("_id", "=", id.as_str())).await?;
        ensure_eq!(ids(&found), [id.as_str()], "a search by id");
        ensure!(db.update(id, record! { "n": -(number as i64) }?).await?, "{id:?} cannot be updated");
        ensure!(db.delete(id).await?, "{id:?} cannot be deleted");
        ensure!(!db.exists(id).await?, "{id:?} is there after its delete");
    }
    ensure_eq!(db.count(&Query::new()).await?, 0);
    Ok(())
}

async fn other_fields_and_kinds_are_refused_and_nothing_is_written(stage: &Stage<'_>) -> Outcome {
    let db = stage.open_with(three()?).await?;
    let bad = || -> Outcome<Vec<Record>> {
        Ok(vec![
            record! { "n": 1, "nowhere": 1 }?.with_id("bad")?,
            record! { "n": "one" }?.with_id("bad")?,
            record! { "n": 1.5 }?.with_id("bad")?,
            record! { "name": true }?.with_id("bad")?,
            item("bad", 1)?.with_metadata("source", "census")?,
        ])
    };
    let invalid = ErrorKind::InvalidRecord;
    for record in bad()? {
        refused(db.create(record.clone()).await, invalid)?;
        refused(db.upsert("a", record.clone().with_id("a")?).await, invalid)?;
        refused(db.update("a", record.clone().with_id("a")?).await, invalid)?;
        for batch in [vec![item("new", 4)?, record.clone()], vec![record.clone(), item("new", 4)?]] {
            refused(db.create_batch(batch.clone()).await, invalid)?;
            refused(db.upsert_batch(batch).await, invalid)?;
        }
        refused(db.update_batch(vec![item("a", 4)?, record.with_id("b")?]).await, invalid)?;
    }
    for changes in [Changes::new().set("nowhere", 1), Changes::new().set("n", "one")] {
        refused(db.patch("a", changes.clone()).await, invalid)?;
        refused(db.update_where(&Query::new(), changes).await, invalid)?;
    }
    stage.holds(&db, &three()?).await
}

pub(super) fn list() -> Vec<Behaviour> {
    behaviours! { "values":
        always => [missing_and_null_look_the_same_to_queries, stand_under_any_legal_id],
        without FixedFields => [
            of_every_kind_come_back,
            of_every_kind_may_stand_in_one_record,
            keep_their_declared_types,
            of_one_field_may_differ_from_record_to_record,
            keep_metadata_of_records_and_fields,
            stand_under_any_legal_name,
        ],
        with FixedFields => [other_fields_and_kinds_are_refused_and_nothing_is_written],
        with FieldOrder => [keep_the_order_of_their_fields],
        with MissingFields => [tell_a_missing_field_from_a_null_one],
        with FreeIdField => [stand_under_names_that_mean_the_id_elsewhere],
    }
}
