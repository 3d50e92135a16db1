//! What was written comes back.

use dataknobs_data_arrow::{
    FromArrowOptions, ToArrowOptions, batches_to_records, reader, records_from_reader, records_to_batches,
};
use dataknobs_data_core::{DateTime, Field, FieldType, Metadata, Record, Value, record};
use dataknobs_data_testkit::generate::{Contents, Limits, Rng};
use serde_json::json;

/// Equality of records, and of what it does not count: ids, the sign of zero, offsets.
fn assert_same(read: &[Record], written: &[Record], note: &str) {
    assert_eq!(read.len(), written.len(), "{note}");
    for (row, (read, written)) in read.iter().zip(written).enumerate() {
        assert_eq!(read, written, "row {row}, {note}");
        assert_eq!(read.id(), written.id(), "row {row}, {note}");
        assert_eq!(format!("{read:?}"), format!("{written:?}"), "row {row}, {note}");
    }
}

fn seed() -> u64 {
    let seed = match std::env::var("DATAKNOBS_SEED") {
        Ok(text) => text.parse().unwrap(),
        Err(_) => std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_nanos() as u64,
    };
    println!("seed {seed} (repeat with DATAKNOBS_SEED={seed})");
    seed
}

#[test]
fn random_records_come_back_exactly() {
    let seed = seed();
    for case in 0..600 {
        let mut rng = Rng::of(seed, &format!("case {case}"));
        let mut records = Contents::generate(&mut rng, Limits::NONE).records;
        if rng.percent(20) {
            records.iter_mut().for_each(|record| record.set_id(None));
        }
        let note = format!("case {case} of seed {seed}");
        let options = ToArrowOptions::exact().with_batch_rows(rng.between(1, 20));
        let (_, batches) = records_to_batches(&records, &options).unwrap();
        let read = batches_to_records(&batches, &FromArrowOptions::new()).expect(&note);
        assert_same(&read, &records, &note);
        let streamed = records_from_reader(reader(records.clone(), &options).unwrap(), &FromArrowOptions::new());
        assert_same(&streamed.unwrap(), &records, &note);
    }
}

#[test]
fn columns_for_people_of_random_records_can_be_read() {
    let seed = seed();
    for case in 0..300 {
        let mut rng = Rng::of(seed, &format!("plain {case}"));
        let records = Contents::generate(&mut rng, Limits::NONE).records;
        let (_, batches) = records_to_batches(&records, &ToArrowOptions::new()).unwrap();
        let read = batches_to_records(&batches, &FromArrowOptions::new()).expect("plain columns are read");
        assert_eq!(read.len(), records.len(), "case {case} of seed {seed}");
        for (read, written) in read.iter().zip(&records) {
            assert_eq!(read.id(), written.id());
            for field in written.fields() {
                let kept = read.get(field.name()).unwrap();
                match (kept, field.value()) {
                    (Value::Float(kept), Value::Integer(integer)) => assert_eq!(*kept as i128, i128::from(*integer)),
                    (Value::DateTime(kept), Value::DateTime(time)) => assert_eq!(kept.micros(), time.micros()),
                    (kept, value) => assert_eq!(kept, value, "case {case} of seed {seed}"),
                }
            }
        }
    }
}

#[test]
fn every_type_keeps_its_own_column() {
    let time = DateTime::parse("2024-05-01T10:00:00.000001").unwrap();
    let record = Record::from_fields([
        Field::new("s", "short"),
        Field::new("t", "short").with_type(FieldType::Text),
        Field::new("i", i64::MIN),
        Field::new("f", -0.0),
        Field::new("b", true),
        Field::new("d", time),
        Field::new("j", Value::json(json!({"k": [1, 2.0, null]})).unwrap()),
        Field::new("x", vec![0u8, 255]),
        Field::new("z", DateTime::with_offset(7, -19_800).unwrap()),
        Field::new("u", DateTime::with_offset(7, 0).unwrap()),
    ]);
    let records = [record.unwrap().with_id("a").unwrap()];
    let (schema, batches) = records_to_batches(&records, &ToArrowOptions::new()).unwrap();
    let types: Vec<String> = schema.fields().iter().map(|field| field.data_type().to_string()).collect();
    let expected = [
        "Utf8",
        "Utf8",
        "Utf8",
        "Int64",
        "Float64",
        "Boolean",
        "Timestamp(µs)",
        "Utf8",
        "Binary",
        "Timestamp(µs, \"-05:30\")",
        "Timestamp(µs, \"UTC\")",
    ];
    assert_eq!(types, expected);
    assert_eq!(schema.field(2).metadata()["dataknobs:type"], "TEXT");
    assert_same(&batches_to_records(&batches, &FromArrowOptions::new()).unwrap(), &records, "");
}

#[test]
fn missing_is_told_from_null_when_exact() {
    let records =
        [record! { "a": 1, "b": () }.unwrap(), record! { "b": 2, "a": 1 }.unwrap(), record! { "a": 3 }.unwrap()];
    let (schema, batches) = records_to_batches(&records, &ToArrowOptions::exact()).unwrap();
    assert_eq!(schema.fields().last().unwrap().name(), "_meta");
    assert_same(&batches_to_records(&batches, &FromArrowOptions::new()).unwrap(), &records, "");
    let (schema, batches) = records_to_batches(&records, &ToArrowOptions::new()).unwrap();
    assert_eq!(schema.fields().len(), 2);
    let plain = batches_to_records(&batches, &FromArrowOptions::new()).unwrap();
    assert_eq!(
        plain[2],
        Record::from_fields([Field::new("a", 3), Field::new("b", Value::Null).with_type(FieldType::Integer)]).unwrap()
    );
}

#[test]
fn metadata_is_kept_on_request_alone() {
    let mut metadata = Metadata::new();
    metadata.insert("unit".into(), "kg".into());
    let mut record = Record::from_fields([Field { metadata: metadata.clone(), ..Field::new("w", 1.5) }]).unwrap();
    record.set_metadata(metadata).unwrap();
    let records = [record, record! { "w": 2.5 }.unwrap()];
    let options = ToArrowOptions::new().with_metadata_column("about");
    let (schema, batches) = records_to_batches(&records, &options).unwrap();
    assert_eq!(schema.fields().last().unwrap().name(), "about");
    assert_same(&batches_to_records(&batches, &FromArrowOptions::new()).unwrap(), &records, "");
    let (schema, _) = records_to_batches(&records, &ToArrowOptions::new()).unwrap();
    assert_eq!(schema.fields().len(), 1);
}

#[test]
fn records_without_fields_and_no_records_come_back() {
    for records in [vec![], vec![Record::new(); 3]] {
        let (schema, batches) = records_to_batches(&records, &ToArrowOptions::exact()).unwrap();
        assert!(schema.fields().is_empty());
        assert_same(&batches_to_records(&batches, &FromArrowOptions::new()).unwrap(), &records, "");
    }
}

#[test]
fn a_companion_yields_to_values_that_were_changed() {
    use std::sync::Arc;
    let records = [record! { "a": 1 }.unwrap(), record! { "b": "x", "a": 2 }.unwrap()];
    let (schema, batches) = records_to_batches(&records, &ToArrowOptions::exact()).unwrap();
    let mut columns = batches[0].columns().to_vec();
    columns[1] = Arc::new(arrow_array::StringArray::from(vec!["now", "y"]));
    let changed = arrow_array::RecordBatch::try_new(schema, columns).unwrap();
    let read = batches_to_records([changed], &FromArrowOptions::new()).unwrap();
    assert_eq!(read, [record! { "a": 1, "b": "now" }.unwrap(), record! { "b": "y", "a": 2 }.unwrap()]);
}

#[test]
fn documents_come_back_from_126_levels() {
    let deep = (0..125).fold(json!([1]), |inner, _| json!([inner]));
    let document = Value::json(deep).unwrap();
    for other in [Value::Null, Value::from("x")] {
        let records = [document.clone(), other].map(|value| Record::from_pairs([("c", value)]).unwrap());
        let (_, batches) = records_to_batches(&records, &ToArrowOptions::exact()).unwrap();
        assert_same(&batches_to_records(&batches, &FromArrowOptions::new()).unwrap(), &records, "");
    }
}

#[test]
fn what_looks_like_a_tag_stays_a_document() {
    let tags = [json!({"$datetime": "x"}), json!({"$json": [1]}), json!({"$binary": 1}), json!({"$other": null})];
    let mut records: Vec<Record> =
        tags.into_iter().map(|tag| Record::from_pairs([("c", Value::json(tag).unwrap())]).unwrap()).collect();
    records.push(record! { "c": r#"{"$json": [1]}"# }.unwrap());
    let (_, batches) = records_to_batches(&records, &ToArrowOptions::exact()).unwrap();
    assert_same(&batches_to_records(&batches, &FromArrowOptions::new()).unwrap(), &records, "");
}
