//! Files that other tools wrote.

use dataknobs_data_core::{ErrorKind, FieldType, Query, Value, record};

use crate::support::{Fixture, ids};

#[tokio::test]
async fn a_csv_as_spreadsheets_write_it_opens_and_keeps_its_manners() {
    let text = "\u{FEFF}name,note,born,zip,ok\r\nAda,\"line 1\r\nline 2\",1815-12-10,01234,TRUE\r\n\"O\"\"Neil\",,,00501,FALSE\r\n";
    let fixture = Fixture::with("a.csv", text);
    let records = fixture.all().await.unwrap();
    assert_eq!(ids(&records), ["1", "2"]);
    assert_eq!(records[0]["note"].as_str(), Some("line 1\r\nline 2"));
    assert_eq!(records[0]["born"].as_str(), Some("1815-12-10"), "a date alone stays text");
    assert_eq!(records[0]["zip"].as_str(), Some("01234"));
    assert_eq!(records[1]["name"].as_str(), Some("O\"Neil"));
    assert_eq!(records[1]["note"], Value::Null);
    assert_eq!(records[1]["ok"].as_boolean(), Some(false));
    fixture.open().delete("2").await.unwrap();
    let expected = "\u{FEFF}_id,name,note,born,zip,ok\r\n1,Ada,\"line 1\r\nline 2\",1815-12-10,01234,true\r\n";
    assert_eq!(fixture.text(), expected);
    assert_eq!(fixture.all().await.unwrap(), records[..1]);
}

#[tokio::test]
async fn a_csv_as_pandas_writes_it_opens() {
    let text = ",a,b,t\n0,1.0,x,2024-01-01 10:00:00\n1,,\"y, z\",2024-01-02 00:00:00.5+02:00\n";
    let records = Fixture::with("a.csv", text).all().await.unwrap();
    let types: Vec<_> = records[0].shape().fields().iter().map(|(name, kind)| (name.as_str(), *kind)).collect();
    use FieldType::{DateTime, Float, Integer, String};
    assert_eq!(types, [("column_1", Integer), ("a", Float), ("b", String), ("t", DateTime)]);
    assert_eq!(records[1]["a"], Value::Null);
    assert_eq!(records[1]["t"].as_datetime().unwrap().to_string(), "2024-01-02T00:00:00.5+02:00");
}

#[tokio::test]
async fn tabs_and_other_delimiters_are_read() {
    let records = Fixture::with("a.tsv", "a\tb\n1\tx,y\n").all().await.unwrap();
    assert_eq!(records[0]["b"].as_str(), Some("x,y"));
    let mut fixture = Fixture::with("a.csv", "a;b\n1,5;x\n");
    fixture.config.delimiter = Some(';');
    assert_eq!(fixture.all().await.unwrap()[0]["a"].as_str(), Some("1,5"));
    fixture.open().create(record! { "a": "p;q", "b": "y" }.unwrap()).await.unwrap();
    assert_eq!(fixture.text(), "_id;a;b\n1;1,5;x\n2;\"p;q\";y\n");
}

#[tokio::test]
async fn penguins_answer_a_question() {
    let mut fixture = Fixture::with("penguins.csv", include_bytes!("../../../../examples/data/penguins.csv"));
    fixture.config.null_values = vec!["NA".into()];
    let query = "species = 'Adelie' AND sex = 'female' ORDER BY body_mass_g DESC LIMIT 5";
    let heaviest = fixture.search(query).await.unwrap();
    let masses: Vec<_> = heaviest.iter().map(|record| record["body_mass_g"].as_integer().unwrap()).collect();
    assert_eq!(masses, [3900, 3825, 3800, 3800, 3800]);
    assert_eq!(fixture.open().count(&Query::parse("body_mass_g IS NULL").unwrap()).await.unwrap(), 2);
    assert_eq!(fixture.all().await.unwrap().len(), 344);
    let types: Vec<_> = heaviest[0].shape().fields().iter().map(|(_, kind)| *kind).collect();
    use FieldType::{Float, Integer, String};
    assert_eq!(types, [String, String, Float, Float, Integer, Integer, String, Integer]);

    fixture.config.null_values.clear();
    assert_eq!(fixture.all().await.unwrap()[3]["sex"].as_str(), Some("NA"), "NA is a word unless told otherwise");
}

#[tokio::test]
async fn nested_json_is_read_and_kept() {
    let text =
        "\u{FEFF}[ {\"user\": {\"name\": \"Ada\", \"tags\": [1, 2.0, null]}, \"big\": 1e300, \"whole\": 5.0}, {} ]";
    let fixture = Fixture::with("a.json", text);
    let records = fixture.all().await.unwrap();
    assert_eq!(ids(&records), ["1", "2"]);
    assert_eq!(fixture.search("user.name = 'Ada' AND user.tags.1 = 2").await.unwrap().len(), 1);
    assert_eq!(records[0]["whole"].as_float(), Some(5.0));
    fixture.open().delete("2").await.unwrap();
    let expected = "[\n{\"_id\":1,\"user\":{\"name\":\"Ada\",\"tags\":[1,2.0,null]},\"big\":1e+300,\"whole\":5.0}\n]\n";
    assert_eq!(fixture.text(), expected);
    assert_eq!(fixture.all().await.unwrap(), records[..1]);
}

#[tokio::test]
async fn json_lines_skip_blank_lines_and_need_no_last_end() {
    let fixture = Fixture::with("a.ndjson", "\u{FEFF}{\"a\": 1}\r\n\r\n  \n{\"a\": 2}");
    let records = fixture.all().await.unwrap();
    assert_eq!(ids(&records), ["1", "2"]);
    assert_eq!(records[1]["a"], Value::from(2));
}

#[tokio::test]
async fn a_missing_file_is_empty_or_an_error_by_option() {
    let mut fixture = Fixture::new("a.csv");
    assert!(fixture.all().await.unwrap().is_empty());
    assert!(!fixture.path.exists(), "reading makes no file");
    fixture.config.create = false;
    assert_eq!(fixture.all().await.unwrap_err().kind(), ErrorKind::NotFound);
    fixture.config.create = true;
    fixture.config.path = fixture.folder.path().join("missing/a.csv");
    assert_eq!(fixture.all().await.unwrap_err().kind(), ErrorKind::NotFound);
    fixture.config.path = fixture.folder.path().to_owned();
    fixture.config.format = Some(dataknobs_data_file::Format::Csv);
    assert_eq!(fixture.all().await.unwrap_err().kind(), ErrorKind::InvalidConfig);
}
