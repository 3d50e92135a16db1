//! Where ids come from.

use dataknobs_data_core::{Changes, ErrorKind, IdOrder, Record, Value, record};

use crate::support::{Fixture, ids};

#[tokio::test]
async fn row_numbers_are_ids_until_the_first_write_makes_them_explicit() {
    let rows: String = (1..=12).map(|n| format!("{{\"n\":{}}}\n", n % 2)).collect();
    let fixture = Fixture::with("a.jsonl", rows);
    let database = fixture.open();
    database.connect().await.unwrap();
    assert_eq!(database.capabilities().id_order, IdOrder::Numeric);
    let sorted = fixture.search("ORDER BY n LIMIT 3 OFFSET 4").await.unwrap();
    assert_eq!(ids(&sorted), ["10", "12", "1"], "row numbers order as numbers");
    assert_eq!(database.read("7").await.unwrap().unwrap()["n"], Value::from(1));
    assert!(database.read("07").await.unwrap().is_none() && database.read("x").await.unwrap().is_none());

    assert!(database.delete("1").await.unwrap());
    assert_eq!(database.create(record! { "n": 5 }.unwrap()).await.unwrap(), "13");
    database.flush().await.unwrap();
    assert!(fixture.text().starts_with("{\"_id\":2,\"n\":0}\n"));
    let again = fixture.open();
    assert_eq!(again.read("7").await.unwrap().unwrap()["n"], Value::from(1));
    assert_eq!(again.capabilities().id_order, IdOrder::Numeric);
    assert_eq!(again.create(Record::new()).await.unwrap(), "14");
    let error = again.create(Record::new().with_id("x").unwrap()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidRecord);
}

#[tokio::test]
async fn an_integer_id_column_stays_a_field_and_makes_keys() {
    for (name, content) in
        [("a.csv", "id,name\n9,x\n10,y\n"), ("a.json", "[{\"id\": 9, \"name\": \"x\"}, {\"id\": 10, \"name\": \"y\"}]")]
    {
        let fixture = Fixture::with(name, content);
        let database = fixture.open();
        assert_eq!(ids(&fixture.search("ORDER BY id DESC").await.unwrap()), ["10", "9"]);
        assert_eq!(database.read("9").await.unwrap().unwrap(), record! { "id": 9, "name": "x" }.unwrap());
        assert!(database.read("x").await.unwrap().is_none());
        assert_eq!(database.capabilities().key_field.as_deref(), Some("id"));
        assert_eq!(database.create(record! { "name": "z" }.unwrap()).await.unwrap(), "11");
        assert_eq!(database.create(record! { "id": 20, "name": "z" }.unwrap()).await.unwrap(), "20");
        let refusals = [
            database.create(Record::new().with_id("x").unwrap()).await.map(|_| true),
            database.create(record! { "id": 7 }.unwrap().with_id("8").unwrap()).await.map(|_| true),
            database.update("9", record! { "id": 10 }.unwrap()).await,
            database.patch("9", Changes::new().set("id", 10)).await,
            database.patch("9", Changes::new().unset("id")).await,
        ];
        for refusal in refusals {
            assert_eq!(refusal.unwrap_err().kind(), ErrorKind::InvalidRecord);
        }
        assert!(!database.update("x", Record::new()).await.unwrap(), "no record can have this id");
        assert!(database.update("9", record! { "name": "w" }.unwrap()).await.unwrap());
        let records = fixture.all().await.unwrap();
        assert_eq!(ids(&records), ["9", "10", "11", "20"], "{name}");
        assert_eq!(records[2], record! { "id": 11, "name": "z" }.unwrap());
        assert_eq!(records[0]["id"], Value::from(9));
    }
}

#[tokio::test]
async fn a_text_key_column_takes_any_text() {
    let mut fixture = Fixture::with("a.csv", "sku,n\na-1,1\nb 2,2\n");
    fixture.config.id_field = Some("sku".into());
    let database = fixture.open();
    assert_eq!(database.read("b 2").await.unwrap().unwrap()["n"], Value::from(2));
    database.upsert("c/3", record! { "n": 3 }.unwrap()).await.unwrap();
    let made = database.create(record! { "n": 4 }.unwrap()).await.unwrap();
    assert_eq!(made.len(), 36, "a generated key is a UUID");
    database.flush().await.unwrap();
    assert_eq!(fixture.text(), format!("sku,n\na-1,1\nb 2,2\nc/3,3\n{made},4\n"));
}

#[tokio::test]
async fn keys_that_are_missing_or_repeated_are_damage() {
    let cases = [
        ("a.csv", "id,n\n1,1\n,2\n", "line", "3"),
        ("a.csv", "id,n\n1,1\n2,2\n1,3\n", "lines", "2 and 4"),
        ("a.json", "[{\"id\": 1},\n{\"n\": 2}]", "line", "2"),
        ("a.json", "[{\"id\": 1},\n{\"id\": null}]", "line", "2"),
        ("a.json", "[{\"_id\": \"1\"},\n{\"_id\": 1}]", "lines", "1 and 2"),
        ("a.jsonl", "{\"id\": \"x\"}\n{\"id\": \"x\"}\n", "lines", "1 and 2"),
        ("a.jsonl", "{\"id\": [1]}\n", "line", "1"),
        ("a.jsonl", "{\"n\": 1}\n{\"_id\": \"x\"}\n", "line", "2"),
        ("a.jsonl", "{\"_id\": \"x\"}\n{\"n\": 1}\n", "line", "2"),
    ];
    for (name, content, key, place) in cases {
        let error = Fixture::with(name, content).refusal().await;
        assert_eq!(error.kind(), ErrorKind::Corrupt, "{content}");
        assert_eq!(error.context_value(key), Some(place), "{content}: {error}");
    }
}

#[tokio::test]
async fn an_empty_id_field_numbers_the_rows() {
    let mut fixture = Fixture::with("a.csv", "id,n\n1,1\n1,2\n");
    assert!(fixture.all().await.unwrap_err().hint().unwrap().contains("id_field"));
    fixture.config.id_field = Some("".into());
    let records = fixture.all().await.unwrap();
    assert_eq!(ids(&records), ["1", "2"]);
    assert_eq!(records[1]["id"], Value::from(1));
}

#[tokio::test]
async fn id_field_must_fit_the_file() {
    for (content, wanted) in [("a,b\n1,2\n", "c"), ("_id,b\n1,2\n", "b")] {
        let mut fixture = Fixture::with("a.csv", content);
        fixture.config.id_field = Some(wanted.into());
        assert_eq!(fixture.all().await.unwrap_err().kind(), ErrorKind::InvalidConfig);
    }
}

#[tokio::test]
async fn mixed_keys_are_text() {
    let fixture = Fixture::with("a.json", "[{\"id\": 2, \"n\": 1}, {\"id\": \"10\", \"n\": 1}]");
    let records = fixture.search("ORDER BY n").await.unwrap();
    assert_eq!(ids(&records), ["10", "2"], "text orders by code point");
    assert_eq!((&records[0]["id"], &records[1]["id"]), (&Value::from("10"), &Value::from(2)));
}

#[tokio::test]
async fn a_key_that_stands_twice_on_one_line_is_noticed() {
    for (name, content) in
        [("a.json", r#"[{"id": 1, "n": 1}, {"id": 2, "n": 1}, {"id": 1, "n": 2}]"#), ("a.csv", "id,n\r1,1\r2,1\r1,2\r")]
    {
        let fixture = Fixture::with(name, content);
        let error = fixture.refusal().await;
        assert_eq!(error.kind(), ErrorKind::Corrupt, "{name}");
        assert_eq!(error.context_value("lines"), Some("1 and 1"), "{name}: {error}");
        assert!(fixture.open().create(Record::new()).await.is_err());
        assert_eq!(fixture.text(), content);
    }
}
