use std::sync::Arc;

use super::*;
use crate::value::DateTime;
use crate::{ErrorKind, case_files, record};

fn samples() -> Vec<Value> {
    vec![
        Value::from("a"),
        Value::from(1),
        Value::from(1.5),
        Value::from(true),
        Value::from(DateTime::from_micros(0)),
        Value::json(serde_json::json!([1])).unwrap(),
        Value::from(vec![1u8]),
    ]
}

#[test]
fn null_and_own_type_are_left_alone() {
    let converters = Converters::new();
    for to in FieldType::ALL {
        assert_eq!(converters.convert(&Value::Null, to).unwrap(), Value::Null);
        for value in samples().iter().filter(|value| to.holds(value)) {
            assert_eq!(converters.convert(value, to).unwrap(), *value);
        }
    }
}

#[test]
fn text_of_any_value_converts_back() {
    let converters = Converters::new();
    for value in samples() {
        for text_type in [FieldType::String, FieldType::Text] {
            let text = converters.convert(&value, text_type).unwrap();
            assert!(text_type.holds(&text));
            assert_eq!(converters.convert(&text, value.field_type()).unwrap(), value);
        }
    }
}

#[test]
fn refusals_name_kind_and_target_but_never_the_value() {
    let secret = Value::from("s3cret");
    for to in [
        FieldType::Integer,
        FieldType::Float,
        FieldType::Boolean,
        FieldType::DateTime,
        FieldType::Json,
        FieldType::Binary,
    ] {
        let error = Converters::new().convert_field("pin", &secret, to).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidRecord);
        let text = format!("{error} {error:?}");
        assert!(!text.contains("s3cret"), "{text}");
        assert_eq!(error.context_value("type"), Some(to.name()));
        assert_eq!(error.context_value("value"), Some("string"));
        assert_eq!(error.context_value("field"), Some("`pin`"));
    }
    assert!(Converters::new().convert(&Value::Float(f64::NAN), FieldType::Float).is_err());
    assert!(Converters::new().convert(&Value::Float(f64::INFINITY), FieldType::String).is_err());
}

#[test]
fn registered_converters_come_first_and_the_latest_of_them() {
    let mut converters = Converters::new();
    converters.register(FieldType::Integer, |value| Ok(value.as_str().map(|text| Value::from(text.len() as i32))));
    let earlier = converters.clone();
    converters.register(FieldType::Integer, |value| Ok((value.as_str() == Some("many")).then(|| Value::from(99))));
    assert_eq!(converters.convert(&Value::from("many"), FieldType::Integer).unwrap(), Value::from(99));
    assert_eq!(converters.convert(&Value::from("1234567"), FieldType::Integer).unwrap(), Value::from(7));
    assert_eq!(converters.convert(&Value::from(2.0), FieldType::Integer).unwrap(), Value::from(2));
    assert_eq!(converters.convert(&Value::Null, FieldType::Integer).unwrap(), Value::Null);
    assert_eq!(earlier.convert(&Value::from("many"), FieldType::Integer).unwrap(), Value::from(4));
    assert_eq!(format!("{converters:?}"), "Converters { converters: [Integer, Integer], detectors: 0 }");
}

#[test]
fn a_registered_converter_cannot_smuggle_in_another_type() {
    let mut converters = Converters::new();
    converters.register(FieldType::Boolean, |_| Ok(Some(Value::from("yes"))));
    converters.register(FieldType::Float, |_| Ok(Some(Value::Float(f64::NAN))));
    converters.register(FieldType::Binary, |_| Err(Error::invalid_record("no bytes today")));
    for to in [FieldType::Boolean, FieldType::Float, FieldType::Binary] {
        assert_eq!(converters.convert(&Value::from("x"), to).unwrap_err().kind(), ErrorKind::InvalidRecord);
    }
}

#[test]
fn detectors_decide_the_type_of_a_new_field() {
    let mut converters = Converters::new();
    converters.register_detector(|value| (value.as_str()? == "now").then_some(FieldType::DateTime));
    converters.register_detector(|value| value.as_str()?.parse::<i64>().is_ok().then_some(FieldType::Integer));
    let field = converters.field("n", "42").unwrap();
    assert_eq!((field.value, field.field_type), (Value::from(42), FieldType::Integer));
    assert_eq!(converters.field("n", "x").unwrap().field_type, FieldType::String);
    let error = converters.field("n", "now").unwrap_err();
    assert_eq!(error.context_value("field"), Some("`n`"));
}

#[test]
fn a_converted_field_keeps_its_place_and_metadata() {
    let mut record = Record::from_fields([
        Field::new("a", "1").with_metadata("unit", "kg"),
        Field::new("b", 2),
        Field::new("n", ()).with_type(FieldType::String),
    ])
    .unwrap();
    assert!(record.convert_field("a", FieldType::Integer).unwrap());
    assert!(record.convert_field("n", FieldType::Binary).unwrap());
    let field = record.field_at(0).unwrap();
    assert_eq!((field.name(), field.value(), field.field_type()), ("a", &Value::from(1), FieldType::Integer));
    assert_eq!(field.metadata().unwrap()["unit"], "kg");
    assert_eq!(record.field("n").unwrap().field_type(), FieldType::Binary);
    assert!(!record.convert_field("absent", FieldType::Integer).unwrap());
    let before = record.clone();
    assert!(record.convert_field("b", FieldType::Boolean).is_err());
    assert_eq!(record, before);
}

#[test]
fn built_in_formats_give_back_what_they_were_given() {
    let records = [
        record! { "a": 1, "d": DateTime::from_micros(5), "b": vec![1u8], "f": -0.0, "s": "line\nbreak \"\\" }.unwrap(),
        Record::new(),
        record! { "u": "é" }.unwrap().with_id("x").unwrap().with_metadata("k", 1).unwrap(),
    ];
    let formats = Formats::default();
    for name in ["json", "jsonl"] {
        let format = formats.get(name).unwrap();
        let bytes = format.write(&records).unwrap();
        let back = format.read(&bytes).unwrap();
        assert_eq!(back, records);
        assert_eq!(back[2].id(), records[2].id());
        assert_eq!(bytes.last(), Some(&b'\n'));
        assert!(format.read(&format.write(&[]).unwrap()).unwrap().is_empty());
    }
}

#[test]
fn damage_is_corrupt_and_names_its_place() {
    let formats = Formats::default();
    let (json, lines) = (formats.get("json").unwrap(), formats.get("jsonl").unwrap());
    let error = lines.read(b"{\"data\":{}}\n\n{\"data\":{\"a\":\n").unwrap_err();
    assert_eq!((error.kind(), error.context_value("line")), (ErrorKind::Corrupt, Some("3")));
    let error = lines.read(b"{\"data\":{}}\n{\"dat\":{}}").unwrap_err();
    assert_eq!((error.kind(), error.context_value("line")), (ErrorKind::Corrupt, Some("2")));
    let error =
        json.read(b"[{\"data\":{}},\n  {\"data\":{\"a\":\"1\\\"2\", \"b\":99999999999999999999}}]").unwrap_err();
    assert_eq!((error.kind(), error.context_value("line")), (ErrorKind::Corrupt, Some("2")));
    assert_eq!(error.context_value("column"), Some("28"));
    assert_eq!(json.read(b"{}").unwrap_err().kind(), ErrorKind::Corrupt);
    assert_eq!(json.read(b"[{\"data\":1}]").unwrap_err().context_value("index"), Some("0"));
    assert_eq!(json.read(b"").unwrap_err().kind(), ErrorKind::Corrupt);
}

#[test]
fn minus_zero_without_fraction_is_an_integer() {
    let value = Converters::new().convert(&Value::from("[-0, -0.0, \"-0\", {\"-0\":-0}]"), FieldType::Json).unwrap();
    assert_eq!(value.as_json().unwrap().to_string(), r#"[0,-0.0,"-0",{"-0":0}]"#);
}

#[test]
fn formats_are_found_by_name_and_extension() {
    struct Shout;
    impl FormatHandler for Shout {
        fn name(&self) -> &str {
            "shout"
        }
        fn extensions(&self) -> Vec<String> {
            vec!["json".into()]
        }
        fn read(&self, _: &[u8]) -> Result<Vec<Record>> {
            Ok(Vec::new())
        }
        fn write(&self, _: &[Record]) -> Result<Vec<u8>> {
            Ok(Vec::new())
        }
    }
    let mut formats = Formats::default();
    assert_eq!(formats.for_extension("NDJSON").unwrap().name(), "jsonl");
    assert!(formats.for_extension("csv").is_none());
    let error = formats.get("jsnl").err().unwrap();
    assert_eq!((error.kind(), error.hint()), (ErrorKind::InvalidConfig, Some("did you mean `jsonl`?")));
    assert_eq!(formats.get("spreadsheet").err().unwrap().hint(), Some("the formats are json, jsonl"));
    formats.register(Arc::new(Shout));
    formats.register(Arc::new(Shout));
    assert_eq!(format!("{formats:?}"), r#"["json", "jsonl", "shout"]"#);
    assert_eq!(formats.for_extension("json").unwrap().name(), "shout");
}

#[test]
fn the_conversion_cases_hold() {
    let file = case_files::read("conversion");
    for case in case_files::cases(&file) {
        let name = &case["name"];
        let (value, _) = case_files::typed_value(&case["convert"]["value"]);
        let to: FieldType = case["convert"]["to"].as_str().unwrap().parse().unwrap();
        match (Converters::new().convert(&value, to), case.get("error")) {
            (Ok(converted), None) => assert_eq!(converted, case_files::typed_value(&case["result"]).0, "{name}"),
            (Err(error), Some(kind)) => {
                assert_eq!(error.kind().name(), kind, "{name}");
                let mentions = case.get("mentions").and_then(serde_json::Value::as_str).unwrap_or_default();
                assert!(error.to_string().contains(mentions), "{name}: {error}");
            }
            (outcome, _) => panic!("{name}: {outcome:?}"),
        }
    }
}

#[test]
fn the_detection_cases_hold() {
    let file = case_files::read("detection");
    for case in case_files::cases(&file) {
        // An explicit TEXT carries its own type; everything else is detected.
        let (value, declared) = case_files::typed_value(&case["detect"]);
        let is_explicit = case["detect"].get("$text").is_some();
        let detected = if is_explicit { declared } else { Converters::new().detect(&value) };
        assert_eq!(detected.name(), case["type"], "{}", case["name"]);
    }
}
