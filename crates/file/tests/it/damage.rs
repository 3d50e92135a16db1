//! Damaged files: a typed error with its place, nothing written, nothing lost.

use dataknobs_data_core::{ErrorKind, Record, record};
use dataknobs_data_file::{Format, recover};

use crate::support::{Fixture, ids};

async fn refused(name: &str, content: impl AsRef<[u8]>, kind: ErrorKind, context: &[(&str, &str)]) {
    let fixture = Fixture::with(name, content.as_ref());
    let error = fixture.refusal().await;
    let shown = String::from_utf8_lossy(&content.as_ref()[..content.as_ref().len().min(100)]).into_owned();
    assert_eq!(error.kind(), kind, "{shown}: {error}");
    for (key, expected) in context {
        assert_eq!(error.context_value(key), Some(*expected), "{shown}: {error}");
    }
}

#[tokio::test]
async fn a_json_array_cut_at_any_byte_is_damaged() {
    let text = "[\n{\"_id\":\"a\",\"x\":[1,{\"y\":\"\u{e9}\\n\"}],\"z\":null},\n{\"_id\":\"b\",\"x\":-1.5e3}\n]";
    for cut in 0..text.len() {
        let error = Fixture::with("a.json", &text.as_bytes()[..cut]).refusal().await;
        assert_eq!(error.kind(), ErrorKind::Corrupt, "cut at {cut}: {error}");
        assert!(error.context_value("line").is_some() && error.context_value("byte").is_some(), "{error}");
    }
    assert_eq!(ids(&Fixture::with("a.json", text).all().await.unwrap()), ["a", "b"]);
}

#[tokio::test]
async fn json_lines_cut_inside_a_line_are_damaged() {
    let text = "{\"_id\":\"a\",\"x\":1}\n{\"_id\":\"b\",\"x\":\"\u{e9}\"}\n";
    let first = text.find('\n').unwrap();
    for cut in 0..=text.len() {
        let fixture = Fixture::with("a.jsonl", &text.as_bytes()[..cut]);
        // Between lines, and before the last line's end, no grammar shows a cut.
        let whole = match cut {
            0 => Some(0),
            _ if cut == first || cut == first + 1 => Some(1),
            _ if cut >= text.len() - 1 => Some(2),
            _ => None,
        };
        match whole {
            Some(count) => assert_eq!(fixture.all().await.unwrap().len(), count, "cut at {cut}"),
            None => {
                let error = fixture.refusal().await;
                assert_eq!(error.kind(), ErrorKind::Corrupt, "cut at {cut}");
                assert_eq!(error.context_value("line"), Some(if cut <= first { "1" } else { "2" }), "cut at {cut}");
            }
        }
    }
}

#[tokio::test]
async fn csv_cut_in_a_row_shows_unless_it_is_in_the_last_cell() {
    let text = "name,n\n\"a\n\"\"b\",12\nc,3\n";
    for cut in 0..text.len() {
        let fixture = Fixture::with("a.csv", &text.as_bytes()[..cut]);
        match fixture.all().await {
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::Corrupt, "cut at {cut}: {error}");
                assert!(error.context_value("line").is_some());
            }
            Ok(records) => {
                let last_cell = ["name", "name,", "name,n", "12", "1", "3", "\n", ",", "n", "na", "nam"];
                let before = &text[..cut];
                assert!(last_cell.iter().any(|end| before.ends_with(end)), "cut at {cut} gave {records:?}");
            }
        }
    }
}

#[tokio::test]
async fn json_that_is_no_array_of_objects_is_damaged() {
    use ErrorKind::Corrupt;
    refused("a.json", "", Corrupt, &[("line", "1"), ("byte", "0")]).await;
    refused("a.json", "{\"a\": 1}", Corrupt, &[("line", "1"), ("column", "1")]).await;
    refused("a.json", "[\n  1]", Corrupt, &[("line", "2"), ("column", "3"), ("byte", "4")]).await;
    refused("a.json", "[{}] x", Corrupt, &[("column", "6")]).await;
    refused("a.json", "[{}][]", Corrupt, &[("column", "5")]).await;
    refused("a.json", "[{} {}]", Corrupt, &[("column", "5")]).await;
    refused("a.json", "[{},]", Corrupt, &[("column", "5")]).await;
    refused("a.json", "[,{}]", Corrupt, &[("column", "2")]).await;
    refused("a.json", "[{\"a\": 01}]", Corrupt, &[("line", "1")]).await;
    refused("a.json", "[\n{\"a\":\n1e999}]", Corrupt, &[("line", "3")]).await;
    refused("a.json", "[{\"a\": 1,\n\"a\": 2}]", Corrupt, &[("line", "1"), ("field", "`a`")]).await;
    refused("a.json", b"[{\"a\": \"\xFF\"}]", Corrupt, &[("line", "1"), ("byte", "8")]).await;
    refused("a.json", format!("[{{\"a\":{}1{}}}]", "[".repeat(200), "]".repeat(200)), Corrupt, &[("line", "1")]).await;
    refused("a.jsonl", "{}\n[]\n", Corrupt, &[("line", "2")]).await;
    refused("a.jsonl", "{} {}\n", Corrupt, &[("line", "1"), ("column", "4")]).await;
    refused("a.jsonl", "{}\n\n{\"a\" 1}\n", Corrupt, &[("line", "3")]).await;
    refused("a.jsonl", b"{}\n{\"a\": \"b\xC3\"}\n", Corrupt, &[("line", "2"), ("byte", "11")]).await;
}

#[tokio::test]
async fn csv_that_breaks_its_own_form_is_damaged() {
    use ErrorKind::Corrupt;
    refused("a.csv", "", Corrupt, &[("line", "1")]).await;
    refused("a.csv", "a,b\n1,2\n3\n", Corrupt, &[("line", "3"), ("expected", "2"), ("found", "1")]).await;
    refused("a.csv", "a,b\n1,2,3\n", Corrupt, &[("line", "2"), ("found", "3")]).await;
    refused("a.csv", "a,b,a\n", Corrupt, &[("line", "1"), ("field", "`a`"), ("columns", "1 and 3")]).await;
    refused("a.csv", "_id,_id\n", Corrupt, &[("field", "`_id`")]).await;
    refused("a.csv", "a,b\n1,\"x\n2,y\n", Corrupt, &[("line", "2"), ("column", "3")]).await;
    refused("a.csv", b"a,b\n1,\xFF\n", Corrupt, &[("line", "2"), ("byte", "6")]).await;
    refused("a.csv", "_id,_meta\n1,{\n", Corrupt, &[("line", "2"), ("field", "`_meta`")]).await;
    refused("a.csv", "_id,a\n,1\n", Corrupt, &[("line", "2"), ("field", "`_id`")]).await;
}

#[tokio::test]
async fn what_the_data_model_cannot_hold_is_named() {
    use ErrorKind::InvalidRecord;
    let beyond = "9223372036854775808";
    refused("a.json", format!("[{{}},\n{{\"n\": {beyond}}}]"), InvalidRecord, &[("line", "2"), ("field", "`n`")]).await;
    refused("a.jsonl", format!("{{}}\n{{\"n\": -{beyond}9}}"), InvalidRecord, &[("line", "2"), ("field", "`n`")]).await;
    refused("a.jsonl", "{\"\": 1}", InvalidRecord, &[("line", "1"), ("field", "``")]).await;
    refused("a.jsonl", "{\"_score\": 1}", InvalidRecord, &[("line", "1"), ("field", "`_score`")]).await;
    refused("a.jsonl", "{\"_id\": \"a\\u0000\"}", InvalidRecord, &[("line", "1")]).await;
    refused("a.csv", "a,_score\n", InvalidRecord, &[("line", "1"), ("column", "2")]).await;
    // Among integers such a number is named; among texts it is one.
    let place = [("line", "3"), ("column", "2"), ("field", "`n`")];
    refused("a.csv", format!("m,n\nx,1\ny,{beyond}\n"), InvalidRecord, &place).await;
    refused("a.tsv", format!("m\tn\nx\t1\ny\t-{beyond}9\n"), InvalidRecord, &place).await;
    let records = Fixture::with("a.csv", format!("n\n{beyond}\nx\n")).all().await.unwrap();
    assert_eq!(records[0]["n"].as_str(), Some(beyond));
}

#[tokio::test]
async fn ten_megabytes_in_one_record_are_refused_by_place() {
    use ErrorKind::Corrupt;
    let long = "x".repeat(10 * 1024 * 1024);
    let place = [("line", "2"), ("max_record_bytes", "8388608")];
    refused("a.json", format!("[{{}},\n{{\"a\": \"{long}\"}}]"), Corrupt, &place).await;
    refused("a.json", format!("[{{}},\n{{\"a\": \"{long}"), Corrupt, &place).await;
    refused("a.jsonl", format!("{{}}\n{{\"a\": \"{long}\"}}\n"), Corrupt, &place).await;
    refused("a.csv", format!("a,b\n1,{long}\n"), Corrupt, &place).await;
    refused("a.csv", format!("a,b\n1,\"{long}\"\n"), Corrupt, &place).await;
    refused("a.csv", format!("a,b\n{}\n", "x,".repeat(5 << 20)), Corrupt, &place).await;
}

#[tokio::test]
async fn a_cell_that_does_not_fit_the_first_rows_shows_the_way_out() {
    let mut fixture = Fixture::with("a.csv", "n,s\n1,a\n2,b\nx,c\n");
    fixture.config.infer_rows = 2;
    let error = fixture.refusal().await;
    assert_eq!(error.kind(), ErrorKind::Corrupt);
    assert_eq!(error.context_value("line"), Some("4"));
    assert_eq!(error.context_value("column"), Some("1"));
    assert_eq!(error.context_value("field"), Some("`n`"));
    assert!(error.hint().unwrap().contains("infer_rows"));
    fixture.config.infer_rows = 3;
    assert_eq!(fixture.all().await.unwrap()[0]["n"].as_str(), Some("1"));
}

#[tokio::test]
async fn a_file_that_vanishes_is_no_empty_database() {
    let fixture = Fixture::with("a.json", "[{\"_id\":\"1\"}]");
    let database = fixture.open();
    assert_eq!(database.count(&"".parse().unwrap()).await.unwrap(), 1);
    std::fs::remove_file(&fixture.path).unwrap();
    assert_eq!(database.count(&"".parse().unwrap()).await.unwrap_err().kind(), ErrorKind::NotFound);
    assert_eq!(database.create(Record::new()).await.unwrap_err().kind(), ErrorKind::NotFound);
    assert!(!fixture.path.exists());
}

/// A closed file of 40 records that this library wrote.
async fn written(format: Format) -> Fixture {
    let fixture = Fixture::of(format);
    let record = |n: i64| record! { "n": n, "s": format!("text {n}") }.unwrap().with_id(format!("r{n}")).unwrap();
    fixture.open().create_batch((0..40).map(record).collect()).await.unwrap();
    fixture
}

fn cut(fixture: &Fixture, bytes: usize) {
    let file = std::fs::OpenOptions::new().write(true).open(&fixture.path).unwrap();
    file.set_len(bytes as u64).unwrap();
}

#[tokio::test]
async fn a_file_of_ours_that_is_cut_off_anywhere_is_damaged() {
    for format in Format::ALL {
        let fixture = written(format).await;
        let whole = std::fs::read(&fixture.path).unwrap();
        let step = if format == Format::Parquet { 37 } else { 1 };
        for length in (0..whole.len()).rev().step_by(step) {
            cut(&fixture, length);
            let found = fixture.all().await;
            // A line end, or a blank, that is gone takes nothing with it.
            let is_blank = |bytes: &[u8]| bytes.iter().all(u8::is_ascii_whitespace);
            match found {
                Err(error) => assert_eq!(error.kind(), ErrorKind::Corrupt, "{format} cut at {length}: {error}"),
                Ok(records) => {
                    assert!(is_blank(&whole[length..]) && records.len() == 40, "{format} cut at {length}: {records:?}");
                }
            }
        }
    }
}

#[tokio::test]
async fn a_cut_between_rows_is_refused_by_writers_and_readers_and_reported_by_recovery() {
    for format in [Format::JsonLines, Format::Csv, Format::Tsv] {
        let fixture = written(format).await;
        let text = fixture.text();
        let open = fixture.open();
        assert_eq!(open.count(&"".parse().unwrap()).await.unwrap(), 40);
        let at = text.match_indices('\n').nth(20).unwrap().0 + 1;
        cut(&fixture, at);
        let error = open.count(&"".parse().unwrap()).await.unwrap_err();
        assert_eq!((error.kind(), error.context_value("byte")), (ErrorKind::Corrupt, Some(at.to_string().as_str())));
        assert!(error.hint().unwrap().contains("dk recover"), "{error}");
        assert!(fixture.open().create(Record::new()).await.is_err());
        assert_eq!(fixture.text(), text[..at], "{format}: it was written");

        let output = fixture.folder.path().join(format!("saved.{format}"));
        let report = recover(&fixture.config, &output).unwrap();
        let rows = if format == Format::JsonLines { 21 } else { 20 };
        assert_eq!((report.records, report.damaged_places), (rows, 1), "{format}");
        assert_eq!((report.losses[0].byte, report.losses[0].bytes), (at as u64, (text.len() - at) as u64));

        // Whoever means it puts another file in its place.
        std::fs::copy(&fixture.path, fixture.folder.path().join("copy")).unwrap();
        std::fs::rename(fixture.folder.path().join("copy"), &fixture.path).unwrap();
        assert_eq!(fixture.all().await.unwrap().len() as u64, rows);
    }
}

#[tokio::test]
async fn a_shorter_file_that_another_program_wrote_in_its_place_is_read() {
    for (format, text) in [(Format::JsonLines, "{\"_id\":\"x\",\"n\":1}\n"), (Format::Csv, "id,other\nx,1\n")] {
        let fixture = written(format).await;
        std::fs::write(&fixture.path, text).unwrap();
        assert_eq!(ids(&fixture.all().await.unwrap()), ["x"], "{format}");
    }
}
