//! The Table Schema descriptor beside CSV files.

use std::path::PathBuf;

use dataknobs_data_core::{ErrorKind, FieldType, Record, Value, record};
use serde_json::{Value as Json, json};

use crate::support::Fixture;

fn descriptor_path(fixture: &Fixture) -> PathBuf {
    fixture.folder.path().join(format!("{}.schema.json", fixture.path.file_name().unwrap().to_str().unwrap()))
}

fn descriptor(fixture: &Fixture) -> Json {
    serde_json::from_slice(&std::fs::read(descriptor_path(fixture)).unwrap()).unwrap()
}

#[tokio::test]
async fn a_written_file_has_a_descriptor_that_other_tools_read() {
    let fixture = Fixture::new("a.csv");
    fixture
        .open()
        .create(record! { "n": "007", "f": 1.5, "b": vec![1_u8] }.unwrap().with_id("1").unwrap())
        .await
        .unwrap();
    assert_eq!(
        descriptor(&fixture),
        json!({
            "fields": [
                {"name": "_id", "type": "string", "dataknobs:type": "STRING"},
                {"name": "n", "type": "string", "dataknobs:type": "STRING"},
                {"name": "f", "type": "number", "dataknobs:type": "FLOAT"},
                {"name": "b", "type": "string", "format": "binary", "dataknobs:type": "BINARY"},
            ],
            "missingValues": [""],
            "primaryKey": "_id",
        })
    );
}

#[tokio::test]
async fn declared_types_are_read_as_people_write_them() {
    let fixture = Fixture::with("a.csv", "n,d,z,x,m\n+7,2024-01-01,007,{},-\n,,8,\"[1]\",x\n");
    let fields = json!([
        {"name": "n", "type": "integer"}, {"name": "d", "type": "datetime"},
        {"name": "z", "type": "string"}, {"name": "x", "type": "object", "title": "kept"},
    ]);
    let text = json!({"title": "kept", "fields": fields, "missingValues": ["", "-"]}).to_string();
    std::fs::write(descriptor_path(&fixture), text).unwrap();
    let records = fixture.all().await.unwrap();
    let types: Vec<_> = records[0].shape().fields().iter().map(|(_, kind)| *kind).collect();
    use FieldType::{DateTime, Integer, Json as JsonType, String};
    assert_eq!(types, [Integer, DateTime, String, JsonType, String]);
    assert_eq!((&records[0]["n"], &records[0]["m"]), (&Value::from(7), &Value::Null));
    fixture.open().delete("1").await.unwrap();
    let written = descriptor(&fixture);
    assert_eq!(written["title"], "kept");
    assert_eq!(written["fields"][4]["title"], "kept");
    assert_eq!(written["fields"][4]["type"], "object");
    assert_eq!(fixture.all().await.unwrap(), records[1..]);
}

#[tokio::test]
async fn a_cell_against_its_declared_type_is_an_error() {
    let fixture = Fixture::with("a.csv", "n\n1\nx\n");
    std::fs::write(descriptor_path(&fixture), r#"{"fields": [{"name": "n", "type": "integer"}]}"#).unwrap();
    let error = fixture.all().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Corrupt);
    assert_eq!(error.context_value("line"), Some("3"));
    assert!(error.hint().unwrap().contains(".schema.json"));
}

#[tokio::test]
async fn a_broken_descriptor_is_an_error_that_names_it() {
    let fixture = Fixture::with("a.csv", "n\n1\n");
    std::fs::write(descriptor_path(&fixture), "{").unwrap();
    let error = fixture.all().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Corrupt);
    assert!(error.context_value("path").unwrap().ends_with(".schema.json"));
}

#[tokio::test]
async fn a_crash_between_descriptor_and_file_leaves_the_old_types() {
    // The old file with the new descriptor is what a crash between the two renames leaves. Keeping
    // the old file itself, under a second name, keeps its fingerprint.
    let fixture = Fixture::with("a.csv", "n\n1\n2\n");
    let kept = fixture.folder.path().join("kept");
    std::fs::hard_link(&fixture.path, &kept).unwrap();
    let old = fixture.all().await.unwrap();
    let database = fixture.open();
    for id in ["1", "2"] {
        database.update(id, record! { "n": "text" }.unwrap()).await.unwrap();
        database.flush().await.unwrap();
        if id == "1" {
            // Only the first fold meets the old file.
            std::fs::copy(descriptor_path(&fixture), fixture.folder.path().join("first")).unwrap();
        }
    }
    let new = fixture.all().await.unwrap();
    assert_eq!(new[0]["n"].as_str(), Some("text"));
    std::fs::rename(&kept, &fixture.path).unwrap();
    std::fs::rename(fixture.folder.path().join("first"), descriptor_path(&fixture)).unwrap();
    let crashed: Vec<Record> = fixture.all().await.unwrap();
    assert_eq!(crashed, old);
    assert_eq!(crashed[0]["n"], Value::from(1));
}
