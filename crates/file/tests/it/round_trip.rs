//! What goes into a file comes back out of it, in every format.

use dataknobs_data_core::{DateTime, Field, FieldType, Record, Value, record};
use dataknobs_data_file::Format;
use serde_json::json;

use crate::support::Fixture;

fn every_type() -> Record {
    Record::from_fields([
        Field::new("string", "a \"b\", c\r\nd\u{1F600}\u{FEFF}").with_metadata("unit", "none"),
        Field::new("text", "short").with_type(FieldType::Text),
        Field::new("long", "x".repeat(2000)).with_type(FieldType::String),
        Field::new("integer", i64::MIN),
        Field::new("float", 0.1),
        Field::new("whole", 5.0),
        Field::new("zero", -0.0),
        Field::new("large", 9_007_199_254_740_992.0),
        Field::new("boolean", true),
        Field::new("time", DateTime::parse("1880-01-01T00:00:00.000001+01:12:34").unwrap()),
        Field::new("naive", DateTime::parse("2024-01-01").unwrap()),
        Field::new("json", Value::json(json!({"a": [1, 2.0, null, "x"], "b": {}})).unwrap()),
        Field::new("binary", vec![0_u8, 255]),
        Field::new("null", ()),
        Field::new("typed null", ()).with_type(FieldType::Binary),
        Field::new("empty", ""),
        Field::new("no bytes", Vec::<u8>::new()),
    ])
    .unwrap()
    .with_metadata("source", json!({"n": 1}))
    .unwrap()
    .with_id("\u{fc}/\"1\", 2")
    .unwrap()
}

#[tokio::test]
async fn all_types_and_metadata_survive_in_each_format() {
    for format in Format::ALL {
        let fixture = Fixture::of(format);
        let record = every_type();
        fixture.open().create(record.clone()).await.unwrap();
        let back = fixture.all().await.unwrap();
        assert_eq!(back, std::slice::from_ref(&record), "{format}");
        assert_eq!(back[0].id(), record.id());
        assert!(back[0].version().is_some());
    }
}

#[tokio::test]
async fn columns_of_mixed_types_stay_exact() {
    let values = [
        Value::from(1),
        Value::from(1.0),
        Value::from("1"),
        Value::from(true),
        Value::from("true"),
        Value::from(""),
        Value::from("NA"),
        Value::Null,
        Value::from(vec![1_u8]),
        Value::from(DateTime::from_micros(1)),
        Value::json(json!([1])).unwrap(),
        Value::from("[1]"),
        Value::from("1970-01-01T00:00:00"),
        Value::from(i64::MAX),
        Value::from(f64::MAX),
        Value::from(f64::MIN_POSITIVE),
    ];
    for format in Format::ALL {
        let mut fixture = Fixture::of(format);
        if format == Format::Csv {
            fixture.config.null_values = vec!["NA".into(), "1".into()];
        }
        let records: Vec<Record> = values
            .iter()
            .enumerate()
            .map(|(n, value)| Record::from_pairs([("v", value.clone())]).unwrap().with_id(format!("{n:02}")).unwrap())
            .collect();
        fixture.open().create_batch(records.clone()).await.unwrap();
        assert_eq!(fixture.all().await.unwrap(), records, "{format}");
    }
}

#[tokio::test]
async fn field_order_is_each_records_own() {
    for format in Format::ALL {
        let fixture = Fixture::of(format);
        let first = record! { "a": 1, "b": 2, "c": 3 }.unwrap().with_id("1").unwrap();
        let second = record! { "c": 1, "a": 2 }.unwrap().with_id("2").unwrap();
        fixture.open().create_batch(vec![first.clone(), second.clone()]).await.unwrap();
        let back = fixture.all().await.unwrap();
        assert_eq!(back[0], first);
        let expected = match format {
            Format::Json | Format::JsonLines | Format::Parquet => second,
            // A missing field is a null one here, of its column's type.
            _ => {
                let missing = Field::new("b", ()).with_type(FieldType::Integer);
                Record::from_fields([Field::new("c", 1), Field::new("a", 2), missing]).unwrap()
            }
        };
        assert_eq!(back[1], expected, "{format}");
    }
}

#[tokio::test]
async fn memory_and_file_give_the_same_after_a_write() {
    for format in Format::ALL {
        let fixture = Fixture::of(format);
        let database = fixture.open();
        database.create(record! { "a": 1 }.unwrap().with_id("1").unwrap()).await.unwrap();
        database.create(record! { "b": "x", "a": 2.5 }.unwrap().with_id("2").unwrap()).await.unwrap();
        database.create(record! { "c": () }.unwrap().with_id("3").unwrap()).await.unwrap();
        let loaded = database.search(&"".parse().unwrap()).await.unwrap().into_records();
        let read = fixture.all().await.unwrap();
        assert_eq!(loaded, read, "{format}");
        let versions = |records: &[Record]| records.iter().map(|record| record.version().cloned()).collect::<Vec<_>>();
        assert_eq!(versions(&loaded), versions(&read), "{format}");
        for record in &read {
            assert_eq!(database.read(record.id().unwrap()).await.unwrap().as_ref(), Some(record));
        }
    }
}

#[tokio::test]
async fn an_emptied_file_is_an_empty_database() {
    for format in Format::ALL {
        let fixture = Fixture::of(format);
        fixture.open().create(record! { "a": 1 }.unwrap()).await.unwrap();
        assert_eq!(fixture.open().clear().await.unwrap(), 1);
        let expected = match format {
            Format::Json => Some("[]\n"),
            Format::JsonLines => Some(""),
            Format::Csv => Some("_id,a\n"),
            Format::Tsv => Some("_id\ta\n"),
            _ => None,
        };
        if let Some(expected) = expected {
            assert_eq!(fixture.text(), expected);
        }
        assert!(fixture.all().await.unwrap().is_empty());
        fixture.open().create(record! { "b": 1 }.unwrap()).await.unwrap();
        assert_eq!(fixture.all().await.unwrap(), [record! { "b": 1 }.unwrap()], "{format}");
    }
}

#[tokio::test]
async fn a_record_without_fields_survives() {
    for format in Format::ALL {
        let fixture = Fixture::of(format);
        fixture.open().create(Record::new()).await.unwrap();
        assert_eq!(fixture.all().await.unwrap(), [Record::new()], "{format}");
    }
}
