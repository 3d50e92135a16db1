//! Parquet: files of other tools, push-down that changes no answer, damage.

use dataknobs_data_core::{DateTime, ErrorKind, Query, Record, Value, record};
use dataknobs_data_file::{Compression, FileConfig, Format, LossKind, RecordReader, RecoverReport, recover};
use serde_json::{Value as Json, json};

use crate::support::{Fixture, ids};

/// A database on a file that another tool made.
fn foreign(name: &str) -> Fixture {
    let path = format!("{}/tests/fixtures/{name}.parquet", env!("CARGO_MANIFEST_DIR"));
    Fixture::with("a.parquet", std::fs::read(path).unwrap())
}

/// The plain values of a record; datetimes as text.
fn plain(record: &Record) -> Json {
    let value = |value: &Value| match value {
        Value::Float(float) => json!(float),
        value => dataknobs_data_core::plain_json(value),
    };
    record
        .fields()
        .map(|field| (field.name().to_owned(), value(field.value())))
        .collect::<serde_json::Map<_, _>>()
        .into()
}

#[tokio::test]
async fn every_type_of_pyarrow_is_read() {
    let records = foreign("pyarrow").all().await.unwrap();
    assert_eq!(ids(&records), ["1", "2", "3"]);
    let expected = json!({
        "bool": true, "int8": 1, "uint8": 1, "int16": 1, "uint16": 1, "int32": 1, "uint32": 1, "int64": 1, "uint64": 1,
        "half": 1.5, "float": 1.5, "double": 0.1, "string": "", "large_string": "a", "binary": "", "fixed": "YWI=",
        "time_s": "2024-05-01T10:00:00", "time_ms": "1970-01-20T20:15:57.6", "time_us": "1970-01-01T00:28:34.5576",
        "time_ns": "1970-01-01T00:00:01.714557",
        "zoned": "2024-05-01T12:00:00.123456+02:00", "utc": "2024-05-01T10:00:00.123Z", "date": "2024-05-01T00:00:00",
        "clock": "10:30:00", "decimal": "1.50", "whole": 7, "dictionary": "x", "list": [1, null],
        "struct": {"a": 1, "b": ["x"]}, "map": {"k": 1}, "dates": ["2024-05-01T00:00:00"], "null": null,
    });
    let got = plain(&records[0]);
    for (name, value) in expected.as_object().unwrap() {
        assert_eq!(&got[name], value, "{name}");
    }
    assert_eq!(got.as_object().unwrap().len(), expected.as_object().unwrap().len());
    assert!(records[1]["float"].is_null(), "NaN is null");
    assert_eq!(records[1]["time_s"], Value::DateTime(DateTime::parse("1969-12-31T23:59:59").unwrap()));
    assert!(records[2].values().iter().all(Value::is_null));
}

#[tokio::test]
async fn a_foreign_file_stays_what_it_was_through_a_write() {
    for name in ["pyarrow", "polars", "duckdb", "pandas_index"] {
        let fixture = foreign(name);
        let before = fixture.all().await.unwrap();
        let database = fixture.open();
        let id = database.create(Record::new()).await.unwrap();
        let after = fixture.all().await.unwrap();
        assert_eq!(after[..before.len()], before, "{name}");
        assert_eq!(ids(&after)[..before.len()], ids(&before), "{name}");
        assert_eq!(after.last().unwrap().id(), Some(&id), "{name}");
    }
}

#[tokio::test]
async fn every_compression_is_read() {
    for compression in ["none", "snappy", "gzip", "brotli", "lz4", "zstd"] {
        let fixture = foreign(&format!("pyarrow_{compression}"));
        let records = fixture.all().await.unwrap();
        assert_eq!(ids(&records), ["a", "b"], "{compression}");
        assert_eq!(records[1], record! { "id": "b", "n": 2 }.unwrap());
    }
}

#[tokio::test]
async fn indexes_of_pandas_are_fields() {
    let records = foreign("pandas_index").all().await.unwrap();
    assert_eq!(ids(&records), ["1", "2", "3"]);
    assert_eq!(records[2], record! { "n": 3, "name": "c", "__index_level_0__": 2 }.unwrap());
    let mut fixture = foreign("pandas_index");
    fixture.config.id_field = Some("__index_level_0__".into());
    assert_eq!(ids(&fixture.all().await.unwrap()), ["5", "9", "2"]);
    let records = foreign("pandas_named_index").all().await.unwrap();
    assert_eq!(records[2], record! { "n": 3, "name": "c" }.unwrap());
}

#[tokio::test]
async fn files_of_polars_and_duckdb_are_read() {
    let records = foreign("polars").all().await.unwrap();
    assert_eq!(
        plain(&records[0]),
        json!({"id": 7, "name": "a", "kind": "x", "at": "2024-05-01T10:00:00.123456", "tags": ["a", "b"], "clock": "10:30:00"})
    );
    assert_eq!(ids(&records), ["7", "8"]);
    let records = foreign("duckdb").all().await.unwrap();
    assert_eq!(
        plain(&records[0]),
        json!({"id": 1, "name": "a", "price": "1.50", "day": "2024-05-01T00:00:00", "moment": "2024-05-01T08:00:00Z",
               "list": [1, 2], "struct": {"k": 1}, "flag": true})
    );
}

#[tokio::test]
async fn what_records_cannot_hold_is_refused_with_its_place() {
    for (name, kind, context) in [
        ("pyarrow_duration", ErrorKind::Unsupported, vec![("column", "`d`")]),
        ("pyarrow_uint64", ErrorKind::InvalidRecord, vec![("column", "`n`"), ("row", "2")]),
        ("pyarrow_infinite", ErrorKind::InvalidRecord, vec![("column", "`f`"), ("row", "3")]),
    ] {
        let error = foreign(name).refusal().await;
        assert_eq!(error.kind(), kind, "{error}");
        for (key, value) in context {
            assert_eq!(error.context_value(key), Some(value), "{error}");
        }
    }
    // Also where a filter left out the rows before.
    let error = foreign("pyarrow_infinite").search("f > 1.5").await.unwrap_err();
    assert_eq!(error.context_value("row"), Some("3"), "{error}");
}

#[tokio::test]
async fn filters_find_the_same_with_and_without_push_down() {
    let fixture = foreign("pyarrow_pages");
    let all = fixture.all().await.unwrap();
    assert_eq!(all.len(), 4000);
    for query in [
        "n = 1234",
        "n > 3990",
        "n >= 999.5 AND n <= 1000.5",
        "n < 0",
        "NOT n >= 5",
        "n != 7 AND n < 9",
        "n IN (5, 2500, 9999)",
        "n BETWEEN 1995 AND 2005",
        "s STARTS WITH '39'",
        "s LIKE '00_7'",
        "s = '0042' OR n = 3000",
        "x = 6",
        "x = 7",
        "n = '5'",
        "missing = 1",
        "missing IS NULL AND n < 3",
        "NOT missing = 1 AND n > 3997",
        "n.a = 1",
        "s > '3995' AND x < 3",
        "_id = '17'",
        "id = '4000'",
        "NOT n BETWEEN 3 AND 3998",
        "s ILIKE '%99'",
        "n EXISTS AND s < '0002'",
    ] {
        let parsed = Query::parse(query).unwrap();
        let condition = dataknobs_data_core::Condition::of(&parsed.to_filter());
        let matcher = dataknobs_data_core::Matcher::new(&condition);
        let expected: Vec<&Record> = all.iter().filter(|record| matcher.matches(record)).collect();
        let found = fixture.search(query).await.unwrap();
        assert_eq!(found.iter().collect::<Vec<_>>(), expected, "{query}");
        assert!(found.iter().zip(&expected).all(|(a, b)| a.id() == b.id() && a.version() == b.version()), "{query}");
        assert_eq!(fixture.open().count(&parsed).await.unwrap(), expected.len() as u64, "{query}");
    }
}

#[tokio::test]
async fn pages_that_cannot_match_are_not_read() {
    let fixture = foreign("pyarrow_pages");
    let whole = std::fs::read(&fixture.path).unwrap();
    // One byte of a page of the first row group.
    let mut damaged = whole;
    damaged[200] ^= 1;
    std::fs::write(&fixture.path, damaged).unwrap();
    assert_eq!(fixture.all().await.unwrap_err().kind(), ErrorKind::Corrupt);
    assert_eq!(ids(&fixture.search("n = 3500").await.unwrap()), ["3501"]);
}

fn small() -> Vec<u8> {
    let fixture = Fixture::of(Format::Parquet);
    let records =
        (0..20).map(|n| record! { "n": n, "s": format!("text {n}"), "m": () }.unwrap().with_id(n.to_string()).unwrap());
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(fixture.open().create_batch(records.collect())).unwrap();
    std::fs::read(&fixture.path).unwrap()
}

fn read(bytes: Vec<u8>) -> Result<Vec<Record>, dataknobs_data_core::Error> {
    let config = FileConfig::default().with_format(Format::Parquet);
    RecordReader::from_input(std::io::Cursor::new(bytes), &config)?.collect()
}

#[test]
fn a_file_cut_at_any_byte_is_damaged() {
    let whole = small();
    assert_eq!(read(whole.clone()).unwrap().len(), 20);
    for cut in 0..whole.len() {
        let error = read(whole[..cut].to_vec()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Corrupt, "cut at {cut}: {error}");
    }
    let error = read(whole[..whole.len() - 1].to_vec()).unwrap_err();
    assert_eq!(error.context_value("byte"), Some((whole.len() - 5).to_string().as_str()), "{error}");
    assert_eq!(read(b"{\"n\": 1, \"m\": 2}".to_vec()).unwrap_err().context_value("byte"), Some("0"));
}

#[test]
fn a_flipped_bit_is_an_error_or_changes_nothing_that_matters() {
    let whole = small();
    let expected = read(whole.clone()).unwrap();
    let mut unnoticed = 0;
    for at in 0..whole.len() {
        for bit in [0, 3, 7] {
            let mut bytes = whole.clone();
            bytes[at] ^= 1 << bit;
            match read(bytes) {
                Err(error) => assert!(
                    matches!(
                        error.kind(),
                        ErrorKind::Corrupt
                            | ErrorKind::InvalidRecord
                            | ErrorKind::Unsupported
                            | ErrorKind::InvalidConfig
                    ),
                    "byte {at}: {error:?}"
                ),
                Ok(records) => unnoticed += u32::from(records != expected),
            }
        }
    }
    assert!(unnoticed == 0, "{unnoticed} of {} flips gave other records", whole.len() * 3);
}

/// Recovers a file of these bytes into JSON lines.
fn recovered(fixture: &Fixture, bytes: &[u8]) -> (RecoverReport, Vec<Record>) {
    std::fs::write(&fixture.path, bytes).unwrap();
    let output = fixture.folder.path().join("saved.jsonl");
    let _ = std::fs::remove_file(&output);
    let report = recover(&fixture.config, &output).unwrap();
    assert_eq!(std::fs::read(&fixture.path).unwrap(), bytes, "the damaged file was touched");
    let records = match &report.output {
        Some(path) => RecordReader::open(&FileConfig::new(path)).unwrap().collect::<Result<_, _>>().unwrap(),
        None => Vec::new(),
    };
    (report, records)
}

#[test]
fn recovery_saves_every_row_but_those_behind_the_damage_of_a_row_group() {
    let fixture = foreign("pyarrow_pages");
    let whole = std::fs::read(&fixture.path).unwrap();
    for at in (200..30_000).step_by(1_777) {
        let mut bytes = whole.clone();
        bytes[at] ^= 1;
        let (report, records) = recovered(&fixture, &bytes);
        assert_eq!((report.damaged_places, report.unfit_rows, report.repeated_ids), (1, 0, 0), "byte {at}");
        let loss = &report.losses[0];
        assert!((loss.byte..loss.byte + loss.bytes).contains(&(at as u64)), "byte {at}: {loss:?}");
        assert_eq!((loss.kind, loss.line), (LossKind::Damage, None));
        let numbers: Vec<i64> = records.iter().map(|record| record["n"].as_integer().unwrap()).collect();
        let group = (0..4).find(|group| numbers.iter().filter(|n| **n / 1_000 == *group).count() < 1_000).unwrap();
        let expected = (0..4_000).filter(|n| n / 1_000 != group || numbers.contains(n));
        assert!(numbers.iter().copied().eq(expected), "byte {at}: only rows of one group are gone");
        let kept = numbers.iter().filter(|n| **n / 1_000 == group).count() as i64;
        assert!(numbers.contains(&(group * 1_000)) == (kept > 0), "rows before the damage are kept");
        // The rows without ids of their own keep the numbers that they had.
        assert!(records.iter().zip(&numbers).all(|(record, n)| record.id().unwrap().as_str() == (n + 1).to_string()));
    }
}

#[test]
fn recovery_passes_over_rows_that_make_no_record() {
    let fixture = foreign("pyarrow_infinite");
    let bytes = std::fs::read(&fixture.path).unwrap();
    let (report, records) = recovered(&fixture, &bytes);
    assert!(report.unfit_rows > 0 && report.damaged_places == 0, "{report:?}");
    assert!(report.losses[0].reason.contains("row: "), "{report:?}");
    assert_eq!(records.len() as u64, report.records);
}

#[tokio::test]
async fn recovery_without_a_footer_needs_a_journal() {
    let fixture = foreign("pyarrow_none");
    let whole = std::fs::read(&fixture.path).unwrap();
    std::fs::write(&fixture.path, &whole[..300]).unwrap();
    let output = fixture.folder.path().join("saved.parquet");
    let error = recover(&fixture.config, &output).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Corrupt);
    assert!(error.hint().unwrap().contains("footer") && !output.exists(), "{error}");

    let fixture = Fixture::of(Format::Parquet);
    let database = fixture.open();
    database.create(record! { "n": 1 }.unwrap().with_id("a").unwrap()).await.unwrap();
    database.flush().await.unwrap();
    database.create(record! { "n": 2 }.unwrap().with_id("b").unwrap()).await.unwrap();
    std::mem::forget(database);
    let file = std::fs::OpenOptions::new().write(true).open(&fixture.path).unwrap();
    file.set_len(100).unwrap();
    let output = fixture.folder.path().join("saved.parquet");
    let report = recover(&fixture.config, &output).unwrap();
    assert_eq!((report.records, report.commits, report.damaged_places), (1, 1, 1));
    assert_eq!((report.losses[0].byte, report.losses[0].bytes), (0, 100));
}

#[test]
fn a_parquet_file_is_not_compressed_as_a_whole() {
    for name in ["a.parquet.gz", "a.pq.zst"] {
        let error = RecordReader::open(&FileConfig::new(name)).err().unwrap();
        assert_eq!(error.kind(), ErrorKind::InvalidConfig, "{name}: {error}");
    }
    let config = FileConfig::new("a.parquet").with_compression(Compression::Gzip);
    assert_eq!(RecordReader::open(&config).err().unwrap().kind(), ErrorKind::InvalidConfig);
}

#[tokio::test]
async fn a_page_that_expands_out_of_all_proportion_is_refused() {
    let fixture = foreign("pyarrow_bomb");
    let error = fixture.open().search(&Query::parse("n = 1").unwrap()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Corrupt, "{error}");
    assert!(error.to_string().contains("bytes, more than 500 to one"), "{error}");
    assert_eq!(fixture.open().count(&Query::parse("n = 1").unwrap()).await.unwrap_err().kind(), ErrorKind::Corrupt);
}
