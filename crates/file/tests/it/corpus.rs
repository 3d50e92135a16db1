//! The files of `tests/foreign`, as other tools wrote them: each opens as it is, or says why not.

use dataknobs_data_core::{DateTime, ErrorKind, FieldType, Record, Value, record};
use serde_json::json;

use crate::support::{Fixture, ids};

fn corpus(name: &str) -> Fixture {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/foreign");
    Fixture::with(name, std::fs::read(format!("{folder}/{name}")).unwrap())
}

/// The rows that `make.py` gives to each tool.
fn rows() -> Vec<Record> {
    let time = |text: &str| Value::from(DateTime::parse(text).unwrap());
    let null = || Value::Null;
    let row = |name: Value, n: i64, some: Value, f: Value, ok: bool, maybe: Value, t: Value, z: Value, zip: Value| {
        let values = [name, n.into(), some, f, ok.into(), maybe, t, z, zip];
        let names = ["name", "n", "some", "f", "ok", "maybe", "t", "z", "zip"];
        Record::from_pairs(names.into_iter().zip(values)).unwrap()
    };
    let morning = (time("2024-01-31T10:00:00"), time("2024-01-31T09:00:00Z"));
    let leap_day = (time("2024-02-29T00:00:00"), time("2024-02-29T00:00:00Z"));
    let last_moment = time("1999-12-31T23:59:59.999999");
    vec![
        row("Ada".into(), 1, 1.into(), 1.5.into(), true, true.into(), morning.0, morning.1, "01234".into()),
        row("O\"Neil, \"Ned\"".into(), 2, null(), null(), false, null(), null(), null(), "00501".into()),
        row("two\nlines".into(), 3, 3.into(), (-0.0).into(), true, false.into(), last_moment, null(), "99999".into()),
        row(null(), 4, null(), 1e300.into(), false, null(), leap_day.0, leap_day.1, null()),
    ]
}

/// The values of records by name, whatever their declared types.
fn values(records: &[Record]) -> Vec<Vec<(String, Value)>> {
    let fields = |record: &Record| -> Vec<_> {
        record.fields().map(|field| (field.name().to_owned(), field.value().to_owned())).collect()
    };
    records.iter().map(fields).collect()
}

#[tokio::test]
async fn tables_have_their_values_whoever_wrote_them() {
    for name in ["pandas.csv", "pandas.csv.gz", "pandas-quoted.csv", "duckdb.csv", "pyarrow.csv"] {
        let fixture = corpus(name);
        let records = fixture.all().await.unwrap();
        assert_eq!(values(&records), values(&rows()), "{name}");
        let types: Vec<_> = records[0].shape().fields().iter().map(|(_, kind)| *kind).collect();
        use FieldType::{Boolean, DateTime, Float, Integer, String};
        assert_eq!(types, [String, Integer, Integer, Float, Boolean, Boolean, DateTime, DateTime, String], "{name}");
        // A write keeps all that it does not change.
        fixture.open().create(record! { "n": 5 }.unwrap()).await.unwrap();
        assert_eq!(values(&fixture.all().await.unwrap()[..4]), values(&rows()), "{name}");
    }
    let mut fixture = corpus("pandas-null.tsv");
    fixture.config.null_values = vec!["NULL".into()];
    assert_eq!(values(&fixture.all().await.unwrap()), values(&rows()));
    let fixture = corpus("duckdb.tsv");
    let expected: Vec<_> = rows()
        .iter()
        .map(|row| {
            record! { "name": row["name"].to_owned(), "n": row["n"].to_owned(), "ok": row["ok"].to_owned() }.unwrap()
        })
        .collect();
    assert_eq!(values(&fixture.all().await.unwrap()), values(&expected));
    assert_eq!(values(&corpus("duckdb.jsonl.zst").all().await.unwrap()), values(&expected));
}

#[tokio::test]
async fn an_index_of_pandas_is_a_column_by_its_number() {
    let records = corpus("pandas-index.csv").all().await.unwrap();
    assert_eq!(ids(&records), ["1", "2", "3", "4"]);
    assert_eq!(records[3]["column_1"], Value::from(3));
    assert!(corpus("pandas-header-only.csv").all().await.unwrap().is_empty());
}

#[tokio::test]
async fn json_of_pandas_and_duckdb_opens() {
    for name in ["pandas.json", "pandas.jsonl"] {
        let records = corpus(name).all().await.unwrap();
        assert_eq!(records.len(), 4);
        for (record, row) in records.iter().zip(rows()) {
            for field in ["name", "n", "some", "ok", "maybe", "zip"] {
                assert_eq!(record[field], row[field], "{name}");
            }
        }
        assert_eq!(records[0]["t"].as_str(), Some("2024-01-31T10:00:00.000"), "JSON has no datetimes");
    }
    for name in ["pandas-nested.json", "duckdb-array.json"] {
        let fixture = corpus(name);
        let records = fixture.all().await.unwrap();
        let user = Value::json(json!({"name": "Ada", "tags": ["x", "y"]})).unwrap();
        assert_eq!(records[0]["user"], user, "{name}");
        assert_eq!(fixture.search("user.tags.1 = 'y'").await.unwrap().len(), 1);
    }
}

#[tokio::test]
async fn lines_named_json_open_and_become_the_array_that_the_name_says() {
    let fixture = corpus("duckdb.json");
    let records = fixture.all().await.unwrap();
    assert_eq!(ids(&records), ["1", "2", "3", "4"]);
    assert_eq!(records[2]["name"].as_str(), Some("two\nlines"));
    fixture.open().delete("1").await.unwrap();
    assert!(fixture.text().starts_with("[\n{\"_id\":2,"), "{}", fixture.text());
    assert_eq!(values(&fixture.all().await.unwrap()), values(&records[1..]));
    for (text, line, column) in [
        ("{\"a\": 1}\n{\"a\": 2} {\"a\": 3}", "2", "10"),
        ("{\"a\": 1}\n{\"a\": 2},\n{\"a\": 3}", "2", "9"),
        ("{\"a\": 1}\n{\"a\": 2}\n{\"a\"", "3", "5"),
        ("{\"a\": 1}\n{\"a\": oops}\n", "2", "7"),
        // One object alone is no table, on one line or on several.
        ("{\"a\": 1}\n", "1", "1"),
        ("{\"a\": 1}{\"a\": 2}\n", "1", "1"),
        ("  {\n\"a\": [\n1]\n}\n", "1", "3"),
        ("{\"a\": oops}\n", "1", "1"),
    ] {
        let error = Fixture::with("a.json", text).refusal().await;
        assert_eq!(error.kind(), ErrorKind::Corrupt, "{text}");
        let place = (error.context_value("line"), error.context_value("column"));
        assert_eq!(place, (Some(line), Some(column)), "{text}: {error}");
    }
    let error = corpus("pandas-columns.json").refusal().await;
    assert!(error.hint().unwrap().contains("orient=\"records\""), "{error}");
}

#[tokio::test]
async fn spreadsheets_with_semicolons_open_and_keep_their_manners() {
    for name in ["spreadsheet-semicolons.csv", "spreadsheet-sep.csv"] {
        let fixture = corpus(name);
        let records = fixture.all().await.unwrap();
        let expected = record! {
            "Name": "Müller; Söhne", "Preis": "1.234,50", "Anzahl": 7, "Datum": "31.01.2024", "column_5": (), "Aktiv": "WAHR",
        };
        assert_eq!(values(&records[..1]), values(&[expected.unwrap()]), "{name}");
        assert_eq!(records[1]["Name"].as_str(), Some("Größe\nXL"));
        fixture.open().delete("2").await.unwrap();
        let start = if name == "spreadsheet-sep.csv" { "sep=;\r\n" } else { "\u{FEFF}" };
        let row = "1;\"Müller; Söhne\";1.234,50;7;31.01.2024;;WAHR\r\n";
        assert_eq!(fixture.text(), format!("{start}_id;Name;Preis;Anzahl;Datum;column_5;Aktiv\r\n{row}"));
        assert_eq!(values(&fixture.all().await.unwrap()), values(&records[..1]), "{name}");
    }
    let records = corpus("pandas-excel.csv").all().await.unwrap();
    assert_eq!((&records[0]["f"], &records[0]["n"]), (&Value::from("1,5"), &Value::from(1)));
}

#[tokio::test]
async fn a_delimiter_that_was_given_is_the_delimiter() {
    let mut fixture = Fixture::with("a.csv", "a;b\n1;2\n");
    fixture.config.delimiter = Some(',');
    assert_eq!(fixture.all().await.unwrap()[0]["a;b"].as_str(), Some("1;2"));
    let error = Fixture::with("a.csv", "a;b\n1;2\n3\n").refusal().await;
    assert_eq!((error.context_value("line"), error.context_value("delimiter")), (Some("3"), Some(";")), "{error}");
    assert!(error.hint().unwrap().contains("`delimiter`"));
    // What we write is never taken for something else.
    let mut fixture = Fixture::new("a.csv");
    fixture.config.id_field = Some("a;b".into());
    fixture.open().create(record! { "a;b": "x" }.unwrap()).await.unwrap();
    assert_eq!(fixture.text(), "\"a;b\"\nx\n");
    assert_eq!(fixture.all().await.unwrap()[0]["a;b"].as_str(), Some("x"));
}

#[tokio::test]
async fn a_delimiter_that_was_found_is_found_again() {
    let fixture = Fixture::with("a.csv", "_id;\"a,b\";c\nu;x;1,5\n");
    let records = fixture.all().await.unwrap();
    assert_eq!(records[0]["a,b"].as_str(), Some("x"));
    fixture.open().create(record! { "a,b": "p|q", "c": "2" }.unwrap().with_id("k,l").unwrap()).await.unwrap();
    assert_eq!(fixture.text(), "_id;\"a,b\";c\nu;x;1,5\nk,l;p|q;2\n");
    assert_eq!(fixture.all().await.unwrap().len(), 2);
    // With no field left, nothing but the ids tells anything.
    let bare = |id: &str| Record::new().with_id(id).unwrap();
    fixture.open().update_batch(vec![bare("u"), bare("k,l")]).await.unwrap();
    assert_eq!(fixture.text(), "_id\nu\n\"k,l\"\n");
    assert_eq!(ids(&fixture.all().await.unwrap()), ["u", "k,l"]);
}

#[tokio::test]
async fn other_encodings_are_named() {
    let error = corpus("pandas-utf16.csv").refusal().await;
    assert!(error.message().contains("UTF-16") && error.hint().unwrap().contains("UTF-8"), "{error}");
    let error = corpus("spreadsheet-latin1.csv").refusal().await;
    assert_eq!((error.kind(), error.context_value("line")), (ErrorKind::Corrupt, Some("2")), "{error}");
    assert!(error.hint().unwrap().contains("UTF-8"));
}

#[tokio::test]
async fn a_record_store_opens() {
    let fixture = corpus("record-store.tsv");
    let records = fixture.all().await.unwrap();
    assert_eq!(ids(&records), ["1", "2", "3"]);
    let expected = record! { "id": 1, "name": "Ada", "score": 9.5, "tags": "['x', 'y']", "active": () }.unwrap();
    assert_eq!(values(&records[..1]), values(&[expected]));
    assert_eq!(records[1]["name"].as_str(), Some("a\ttab"));
    assert_eq!(records[1]["active"], Value::from(true));
    let added = fixture.open().create(record! { "name": "Grace" }.unwrap()).await.unwrap();
    assert_eq!(added, "4");
    assert!(fixture.text().starts_with("id\tname\tscore\ttags\tactive\n1\tAda\t9.5\t['x', 'y']\t\n"));

    let fixture = corpus("record-store-empty.tsv");
    assert!(fixture.all().await.unwrap().is_empty());
    fixture.open().create(record! { "name": "Grace" }.unwrap().with_id("g").unwrap()).await.unwrap();
    assert_eq!(fixture.text(), "_id\tname\ng\tGrace\n");
    assert_eq!(Fixture::with("a.csv", "").refusal().await.kind(), ErrorKind::Corrupt, "not even a line");
}
