use super::*;
use crate::ErrorKind;
use crate::value::DateTime;

fn rich() -> Record {
    let mut record = Record::from_fields([
        Field::new("s", "text").with_metadata("unit", "none"),
        Field::new("t", "short").with_type(FieldType::Text),
        Field::new("i", i64::MIN),
        Field::new("f", -0.0),
        Field::new("b", true),
        Field::new("d", DateTime::parse("2024-05-01T10:00:00+02:00").unwrap()),
        Field::new("j", Value::json(serde_json::json!({"z": 1, "a": [1.0, null]})).unwrap()),
        Field::new("x", vec![0u8, 255]),
        Field::new("n", ()).with_type(FieldType::Integer),
    ])
    .unwrap();
    record.set_metadata(serde_json::json!({"source": "test"}).as_object().unwrap().clone()).unwrap();
    record
}

#[test]
fn document_form_keeps_everything() {
    let mut record = rich().with_id("a").unwrap();
    record.set_version(Version::from_number(3));
    let text = serde_json::to_string(&record).unwrap();
    let back: Record = serde_json::from_str(&text).unwrap();
    assert_eq!(back, record);
    assert_eq!(back.id(), record.id());
    assert_eq!(back.version(), None);
    assert_eq!(Record::from_json(Record::new().to_json()).unwrap(), Record::new());
}

#[test]
fn long_texts_and_bytes_keep_their_types() {
    for field in [
        Field::new("a", "x".repeat(1001)).with_type(FieldType::String),
        Field::new("a", "x".repeat(1001)),
        Field::new("a", vec![7u8; 749]),
        Field::new("a", vec![7u8; 751]),
        Field::new("a", vec![7u8; 750]),
    ] {
        let record = Record::from_fields([field]).unwrap();
        assert_eq!(Record::from_json(record.to_json()).unwrap(), record);
    }
}

#[test]
fn damaged_documents_are_refused() {
    for text in [
        r#"[]"#,
        r#"{"id": 1, "data": {}}"#,
        r#"{"id": "a"}"#,
        r#"{"data": []}"#,
        r#"{"data": {}, "meta": []}"#,
        r#"{"data": {}, "meta": {"types": []}}"#,
        r#"{"data": {}, "meta": {"types": {"a": "NOPE"}}}"#,
        r#"{"data": {}, "meta": {"fields": {"a": 1}}}"#,
        r#"{"data": {}, "meta": {"record": 1}}"#,
        r#"{"data": {}, "meta": {"other": 1}}"#,
        r#"{"data": {}, "extra": 1}"#,
        r#"{"data": {"a": "x"}, "meta": {"types": {"a": "DATETIME"}}}"#,
        r#"{"data": {"a": "?"}, "meta": {"types": {"a": "BINARY"}}}"#,
        r#"{"data": {"a": "1"}, "meta": {"types": {"a": "INTEGER"}}}"#,
        r#"{"data": {"a": []}, "meta": {"types": {"a": "FLOAT"}}}"#,
        r#"{"data": {"a": true}, "meta": {"types": {"a": "JSON"}}}"#,
        r#"{"data": {"a": {}}, "meta": {"types": {"a": "STRING"}}}"#,
    ] {
        let error = Record::from_json(serde_json::from_str(text).unwrap()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Corrupt, "{text}");
    }
    let error = Record::from_json(serde_json::json!({"data": {"a": u64::MAX}})).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidRecord);
    assert_eq!(error.context_value("field"), Some("`a`"));
    assert!(serde_json::from_str::<Record>("[]").is_err());
}

#[test]
fn a_float_recorded_as_float_may_be_written_whole() {
    let document = serde_json::json!({"data": {"a": 1}, "meta": {"types": {"a": "FLOAT"}}});
    assert_eq!(Record::from_json(document).unwrap()["a"], Value::from(1.0));
}

#[test]
fn fields_are_read_by_name_and_position() {
    let record = rich();
    assert_eq!(record.len(), 9);
    assert_eq!(record["i"], record[2]);
    assert_eq!(record.get("nope"), None);
    assert!(record.field("nope").is_none() && record.field_at(9).is_none());
    let field = record.field("s").unwrap();
    assert_eq!((field.name(), field.field_type()), ("s", FieldType::String));
    assert_eq!(field.metadata().unwrap()["unit"], "none");
    assert_eq!(record.field("t").unwrap().metadata(), None);
    let names: Vec<_> = record.fields().map(|field| field.name()).collect();
    assert_eq!(names, ["s", "t", "i", "f", "b", "d", "j", "x", "n"]);
}

#[test]
#[should_panic(expected = "no field `nope`")]
fn indexing_a_missing_name_panics() {
    let _ = &rich()["nope"];
}

#[test]
fn clones_share_until_one_is_written() {
    let first = rich();
    let mut second = first.clone();
    assert!(second.shares_content_with(&first));
    second.set("i", 5).unwrap();
    assert!(!second.shares_content_with(&first));
    assert_eq!((first["i"].as_integer(), second["i"].as_integer()), (Some(i64::MIN), Some(5)));
    assert_ne!(first, second);
    second.set("i", i64::MIN).unwrap();
    assert_eq!(first, second);
}

#[test]
fn set_keeps_place_type_and_metadata() {
    let mut record = rich();
    record.set("t", "other").unwrap();
    assert_eq!(record.field("t").unwrap().field_type(), FieldType::Text);
    record.set("n", 1).unwrap();
    assert_eq!(record.field("n").unwrap().field_type(), FieldType::Integer);
    record.set("s", 1).unwrap();
    let field = record.field("s").unwrap();
    assert_eq!((field.field_type(), field.metadata().is_some()), (FieldType::Integer, true));
    record.set("new", ()).unwrap();
    assert_eq!(record.shape().position("new"), Some(9));
    record.set_field(Field::new("b", 1).with_metadata("k", 1)).unwrap();
    assert_eq!(record.field("b").unwrap().metadata().unwrap()["k"], 1);
    assert_eq!(record.field("s").unwrap().metadata().unwrap()["unit"], "none");
    record.set_field(Field::new("b", 1)).unwrap();
    assert!(record.field("b").unwrap().metadata().is_none());
}

#[test]
fn what_the_model_cannot_hold_is_refused_by_name() {
    let mut record = rich();
    let before = record.clone();
    for result in [
        record.set("f", f64::NAN),
        record.set("f", f64::INFINITY),
        record.set("new", f64::NAN),
        record.set_field(Field::new("f", 1).with_type(FieldType::String)),
        record.set_field(Field::new("f", Value::Json(std::sync::Arc::new(serde_json::json!(1))))),
        record.set("_id", 1),
        record.rename("f", "i").map(drop),
        record.rename("f", "").map(drop),
    ] {
        let error = result.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidRecord);
        assert!(error.context_value("field").is_some());
    }
    assert_eq!(record, before);
    assert!(record! { "a": 1, "a": 2 }.is_err());
    let shape = Shape::new([("a", FieldType::Integer)]).unwrap();
    assert!(Record::from_shape(&shape, vec![Value::from("x")]).is_err());
    assert!(Record::from_shape(&shape, vec![]).is_err());
    assert!(Record::from_shape(&shape, vec![Value::Null]).is_ok());
    let error = record.set_metadata(serde_json::json!({"k": {"deep": u64::MAX}}).as_object().unwrap().clone());
    assert_eq!(error.unwrap_err().context_value("path"), Some("deep"));
}

#[test]
fn remove_and_rename_keep_order_and_metadata() {
    let mut record = rich();
    let removed = record.remove("t").unwrap();
    assert_eq!((removed.name.as_str(), removed.field_type), ("t", FieldType::Text));
    assert!(record.remove("t").is_none());
    assert!(record.rename("i", "renamed").unwrap());
    assert!(!record.rename("i", "again").unwrap());
    let names: Vec<_> = record.fields().map(|field| field.name()).collect();
    assert_eq!(names, ["s", "renamed", "f", "b", "d", "j", "x", "n"]);
    assert!(record.field("s").unwrap().metadata().is_some());
    assert_eq!(record.metadata()["source"], "test");
    record.remove("s");
    assert!(record.fields().all(|field| field.metadata().is_none()));
}

#[test]
fn projection_keeps_the_records_own_order() {
    let record = rich().with_id("a").unwrap();
    let projected = record.project(&["i".into(), "s".into(), "missing".into()]);
    let names: Vec<_> = projected.fields().map(|field| field.name()).collect();
    assert_eq!(names, ["s", "i"]);
    assert_eq!(projected.id(), record.id());
    assert_eq!(projected.metadata(), record.metadata());
    assert!(projected.field("s").unwrap().metadata().is_some());
    assert!(record.project(&[]).is_empty());
}

#[test]
fn equality_looks_at_content_only() {
    let a = record! { "a": 1 }.unwrap();
    let mut b = record! { "a": 1 }.unwrap().with_id("x").unwrap();
    b.set_version(Version::from_number(1));
    b.set_score(0.5);
    assert_eq!(a, b);
    assert_eq!(b.score(), Some(0.5));
    assert_ne!(a, record! { "a": 1.0 }.unwrap());
    assert_ne!(a, a.clone().with_metadata("k", 1).unwrap());
    let mut typed = a.clone();
    typed.set_field(Field::new("a", 1).with_metadata("k", 1)).unwrap();
    assert_ne!(a, typed);
    assert!(typed.has_metadata() && !a.has_metadata());
    assert_eq!(Record::default(), record! {}.unwrap());
}

#[test]
fn debug_shows_id_fields_and_metadata() {
    let record = record! { "a": 1 }.unwrap().with_id("x").unwrap().with_metadata("m", true).unwrap();
    assert_eq!(format!("{record:?}"), r#"{"_id": "x", "a": 1, "_metadata": {"m": Bool(true)}}"#);
}

#[test]
fn typed_structs_must_be_structs() {
    assert!(Record::from_typed(&[1, 2]).is_err());
    assert!(Record::from_typed(&std::collections::BTreeMap::from([("a", u64::MAX)])).is_err());
    let error = rich().to_typed::<std::collections::BTreeMap<String, i64>>().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidRecord);
}

#[test]
fn the_name_of_a_serializer_goes_with_its_value() {
    let metadata = |record: &Record| record.field("price").and_then(|field| field.metadata().cloned());
    let mut record = Record::from_fields([Field::new("price", "9.50").with_metadata("unit", "EUR")]).unwrap();
    let plain = metadata(&record);

    record.set_serialized("price", "9.75", "decimal").unwrap();
    assert_eq!(metadata(&record).unwrap()[Field::SERIALIZER], "decimal");
    assert_eq!(metadata(&record).unwrap()["unit"], "EUR");
    record.set_serialized("price", 9, "whole").unwrap();
    assert_eq!(metadata(&record).unwrap()[Field::SERIALIZER], "whole");

    let held = record.clone();
    record.set("price", 10).unwrap();
    assert_eq!(metadata(&record), plain);
    assert_eq!(metadata(&held).unwrap()[Field::SERIALIZER], "whole");

    record.set_serialized("price", f64::NAN, "bad").unwrap_err();
    assert_eq!((metadata(&record), record["price"].as_integer()), (plain, Some(10)));
}
