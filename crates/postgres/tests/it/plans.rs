//! Conditions are written so that the server's planner uses the indexes: asked by EXPLAIN.

use dataknobs_data_core::{DateTime, IndexKind, Query, Record, Value, record};
use serde_json::json;

use crate::support::{client, database, new_table};

const RECORDS: i64 = 20_000;

fn person(number: i64) -> Record {
    let joined = DateTime::from_micros(number * 1_000_000_000);
    let tags = Value::json(json!([format!("tag{number}"), "all"])).unwrap();
    let address = Value::json(json!({"zip": format!("z{number:06}"), "floor": number})).unwrap();
    let record = record! {
        "name": format!("name{number:06}"), "age": number, "score": number as f64 / 8.0, "vip": number % 1_000 == 0,
        "joined": joined, "tags": tags, "address": address, "note": format!("note {number}"),
    };
    record.unwrap().with_id(format!("id{number:06}")).unwrap()
}

async fn filled(gin: bool) -> dataknobs_data_core::Database {
    let mut config = new_table();
    config.gin_index = gin;
    let db = database(&config);
    db.create_batch((0..RECORDS).map(person).collect()).await.unwrap();
    if !gin {
        for path in ["name", "age", "score", "vip", "joined", "address.zip", "address.floor"] {
            db.create_named_index(&format!("by {path}"), path, IndexKind::Ordered).await.unwrap();
        }
        db.create_named_index("equal note", "note", IndexKind::Hash).await.unwrap();
    }
    client().await.batch_execute(&format!("VACUUM ANALYZE {}", config.table)).await.unwrap();
    db
}

async fn uses(db: &dataknobs_data_core::Database, text: &str, index: &str) {
    let query = Query::parse(text).unwrap();
    let explain = db.explain(&query).await.unwrap();
    let used = explain.plan.index.clone().unwrap_or_default();
    assert!(used.contains(index), "`{text}`: {explain}");
    assert!(!explain.plan.access.contains("full scan"), "`{text}`: {explain}");
    // What the plan finds is what the filter takes.
    let count = db.count(&query).await.unwrap();
    assert!(count > 0 && count < 200, "`{text}` finds {count}");
    assert_eq!(db.search(&query).await.unwrap().len() as u64, count, "`{text}`");
}

#[tokio::test]
async fn postgres_answers_equality_on_any_field_by_the_gin_index() {
    let db = filled(true).await;
    for text in [
        "name = 'name000007'",
        "age = 7",
        "age = 7.0",
        "score = 0.125",
        "vip = true",
        "name IN ('name000007', 'name000008')",
        "age IN (1, 2.0, 'x')",
        "address.zip = 'z000007'",
        "address.floor = 7",
        r#"address = JSON '{"floor": 7, "zip": "z000007"}'"#,
        "name = 'name000007' AND age > 3",
    ] {
        uses(&db, text, "gin").await;
    }
}

#[tokio::test]
async fn postgres_answers_ranges_by_ordered_indexes() {
    let db = filled(false).await;
    for (text, index) in [
        ("age > 19990", "by age"),
        ("age >= 19990.5", "by age"),
        ("age < 5", "by age"),
        ("age <= 5", "by age"),
        ("age BETWEEN 10 AND 20", "by age"),
        ("age = 12", "by age"),
        ("score < 0.5", "by score"),
        ("vip = true", "by vip"),
        ("name = 'name000007'", "by name"),
        ("name > 'name019990'", "by name"),
        ("name BETWEEN 'name000010' AND 'name000020'", "by name"),
        ("name STARTS WITH 'name00012'", "by name"),
        ("name LIKE 'name00012%'", "by name"),
        ("joined > TIMESTAMP '1970-08-19T00:00:00Z'", "by joined"),
        ("joined < '1970-01-01T02:00:00'", "by joined"),
        ("address.zip > 'z019990'", "by address.zip"),
        ("address.floor < 7", "by address.floor"),
        ("note = 'note 7'", "equal note"),
        ("_id = 'id000007'", "pkey"),
        ("_id > 'id019990'", "pkey"),
        ("_id IN ('id000007', 'id000008')", "pkey"),
    ] {
        uses(&db, text, index).await;
    }
}

#[tokio::test]
async fn postgres_says_where_an_index_would_help() {
    let db = filled(true).await;
    let explain = db.explain(&Query::parse("age > 19990").unwrap()).await.unwrap();
    assert!(explain.plan.access.starts_with("full scan"), "{explain}");
    assert!(explain.plan.bytes_read.is_some_and(|bytes| bytes > 100_000));
    assert!(explain.plan.notes.iter().any(|note| note.contains("`age`")), "{explain}");
    // What no SQL says exactly is looked at again here.
    let explain = db.explain(&Query::parse("name REGEX '7$'").unwrap()).await.unwrap();
    assert!(explain.rechecked, "{explain}");
}
