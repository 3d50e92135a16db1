//! What stands in the table: readable by other tools, and damage that is named.

use dataknobs_data_core::{DateTime, ErrorKind, Query, Record, Value, record};
use serde_json::json;

use crate::support::{client, database, new_table};

#[tokio::test]
async fn postgres_rows_are_plain_json_for_other_tools() {
    let config = new_table();
    let db = database(&config);
    let moment: DateTime = "2024-01-31T12:00:00+02:00".parse().unwrap();
    let record = record! { "name": "Ada", "age": 36, "joined": moment, "f": 1e300, "z": "a\u{0}" }.unwrap();
    db.create(record.clone().with_id("a").unwrap()).await.unwrap();
    let text = format!(
        "SELECT data->>'name', (data->>'age')::int, data->>'joined', meta->'instants'->>'joined', \
         (data->>'f')::float8, data ? 'z' FROM {}",
        config.table
    );
    let row = client().await.query_one(&text, &[]).await.unwrap();
    assert_eq!((row.get::<_, &str>(0), row.get::<_, i32>(1)), ("Ada", 36));
    assert_eq!(row.get::<_, &str>(2), "2024-01-31T12:00:00+02:00");
    assert_eq!(row.get::<_, &str>(3), moment.micros().to_string());
    assert_eq!((row.get::<_, f64>(4), row.get::<_, bool>(5)), (1e300, true));
    assert_eq!(db.read("a").await.unwrap().unwrap(), record);
}

#[tokio::test]
async fn postgres_rows_that_other_tools_wrote_are_records() {
    let config = new_table();
    let db = database(&config);
    db.connect().await.unwrap();
    let text =
        format!("INSERT INTO {} (id, data) VALUES ('a', '{{\"n\": 1, \"x\": {{\"y\": [1.50]}}}}')", config.table);
    client().await.batch_execute(&text).await.unwrap();
    let expected = record! { "n": 1, "x": Value::json(json!({"y": [1.5]})).unwrap() }.unwrap();
    assert_eq!(db.read("a").await.unwrap().unwrap(), expected);
    assert_eq!(db.count(&Query::parse("x.y.0 = 1.5 AND n = 1.0").unwrap()).await.unwrap(), 1);
}

#[tokio::test]
async fn postgres_rows_that_are_damaged_are_named() {
    let config = new_table();
    let db = database(&config);
    db.create_batch((0..3).map(|n| record! { "n": n }.unwrap().with_id(format!("r{n}")).unwrap()).collect())
        .await
        .unwrap();
    let client = client().await;
    for damage in [
        r#"data = '{"n": 99999999999999999999}'"#,
        "data = '[1]'",
        r#"meta = '{"types": {"n": "DATETIME"}}'"#,
        r#"meta = '{"types": {"n": "NONSENSE"}}'"#,
        r#"meta = '{"unknown": 1}'"#,
        "meta = '7'",
        "version = -1",
    ] {
        client.batch_execute(&format!("UPDATE {} SET {damage} WHERE id = 'r1'", config.table)).await.unwrap();
        for error in [db.read("r1").await.unwrap_err(), db.search(&Query::new()).await.unwrap_err()] {
            assert_eq!(error.kind(), ErrorKind::Corrupt, "{damage}: {error:?}");
            assert!(damage.starts_with("version") || error.context_value("id") == Some("`r1`"), "{damage}: {error:?}");
        }
        assert!(db.read("r2").await.unwrap().is_some());
        let repair = "data = '{\"n\": 1}', meta = NULL, version = DEFAULT";
        client.batch_execute(&format!("UPDATE {} SET {repair} WHERE id = 'r1'", config.table)).await.unwrap();
    }
    assert_eq!(db.search(&Query::new()).await.unwrap().len(), 3);
}

#[tokio::test]
async fn postgres_records_of_many_and_odd_fields_come_back() {
    let db = database(&new_table());
    let names: Vec<String> = (0..100).map(|n| format!("field {}", 99 - n)).collect();
    let many = Record::from_pairs(names.iter().map(|name| (name.as_str(), 1))).unwrap();
    let deep = (0..100).fold(json!({}), |inner, _| json!([inner]));
    let odd = record! {
        "long": "x".repeat(100_000), "": 1,
    };
    assert!(odd.is_err());
    let deep = record! { "deep": Value::json(deep).unwrap(), "long": "x".repeat(100_000) }.unwrap();
    for record in [many, deep, Record::new()] {
        let id = db.create(record.clone()).await.unwrap();
        assert_eq!(db.read(&id).await.unwrap().unwrap(), record);
    }
    let too_deep = (0..121).fold(json!({}), |inner, _| json!([inner]));
    let error = db.create(record! { "deep": Value::json(too_deep).unwrap() }.unwrap()).await.unwrap_err();
    assert_eq!((error.kind(), error.context_value("field")), (ErrorKind::InvalidRecord, Some("`deep`")));
}

#[tokio::test]
async fn postgres_indexes_take_long_strings() {
    use dataknobs_data_core::IndexKind;
    let db = database(&new_table());
    db.create_index("s", IndexKind::Ordered).await.unwrap();
    db.create_index("s", IndexKind::Hash).await.unwrap();
    let long = |end: &str| record! { "s": format!("{}{end}", "ü".repeat(5_000)) }.unwrap().with_id(end).unwrap();
    db.create_batch(vec![long("a"), long("b"), long("c")]).await.unwrap();
    let literal = format!("{}b", "ü".repeat(5_000));
    for (operator, found) in [("=", 1), (">", 1), (">=", 2), ("<", 1), ("STARTS_WITH", 1)] {
        let query = Query::new().filter("s", operator, literal.as_str());
        assert_eq!(db.count(&query).await.unwrap(), found, "{operator}");
    }
}
