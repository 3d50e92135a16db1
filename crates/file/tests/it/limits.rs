//! No more is read than was asked for, and no more is taken than is allowed.

use std::io::Read;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use dataknobs_data_core::{ErrorKind, Query, Record, Value, record};
use dataknobs_data_file::{FileConfig, Format, RecordReader};
use futures_util::StreamExt;
use serde_json::json;

use crate::support::{Fixture, TEXT, ids};

#[tokio::test]
async fn a_limit_vouches_only_for_what_it_read() {
    let cases = [
        ("a.json", "[{\"n\": 1},\n{\"n\": 2},\n{\"n\": oops"),
        ("a.jsonl", "{\"n\": 1}\n{\"n\": 2}\n{\"n\": oops"),
        ("a.csv", "n\n1\n2\n\"oops"),
    ];
    for (name, content) in cases {
        let mut fixture = Fixture::with(name, content);
        fixture.config.infer_rows = 2;
        assert_eq!(ids(&fixture.search("LIMIT 1").await.unwrap()), ["1"], "{name}");
        assert_eq!(ids(&fixture.search("LIMIT 1 OFFSET 1").await.unwrap()), ["2"], "{name}");
        assert_eq!(ids(&fixture.search("n = 2 LIMIT 1").await.unwrap()), ["2"], "{name}");
        assert_eq!(fixture.open().first(&Query::new()).await.unwrap().unwrap()["n"], Value::from(1));
        assert!(fixture.open().read("2").await.unwrap().is_some());
        for query in ["", "LIMIT 3", "ORDER BY n LIMIT 1", "n = 5 LIMIT 1"] {
            assert_eq!(fixture.search(query).await.unwrap_err().kind(), ErrorKind::Corrupt, "{name}: {query}");
        }
        assert_eq!(fixture.open().count(&Query::new()).await.unwrap_err().kind(), ErrorKind::Corrupt);
    }
}

struct Counting(Box<dyn Read + Send>, Arc<AtomicU64>);

impl Read for Counting {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let count = self.0.read(buffer)?;
        self.1.fetch_add(count as u64, Ordering::Relaxed);
        Ok(count)
    }
}

#[test]
fn a_dropped_reader_stops_reading() {
    for format in TEXT {
        let row = match format {
            Format::Json => "{\"_id\":\"%\",\"a\":\"some text to fill the row\"},\n",
            Format::JsonLines => "{\"_id\":\"%\",\"a\":\"some text to fill the row\"}\n",
            Format::Csv => "%,some text to fill the row\n",
            _ => "%\tsome text to fill the row\n",
        };
        let start = match format {
            Format::Json => "[",
            Format::Csv => "_id,a\n",
            Format::Tsv => "_id\ta\n",
            _ => "",
        };
        let rows: String = (0..100_000).map(|n| row.replace('%', &n.to_string())).collect();
        let text = format!("{start}{rows}");
        let total = text.len() as u64;
        let read = Arc::new(AtomicU64::new(0));
        let input = Counting(Box::new(std::io::Cursor::new(text.into_bytes())), Arc::clone(&read));
        let mut config = FileConfig::default().with_format(format);
        config.infer_rows = 100;
        let mut reader = RecordReader::from_input(input, &config).unwrap();
        for n in 0..10 {
            assert_eq!(reader.next().unwrap().unwrap().id().unwrap().as_str(), n.to_string());
        }
        drop(reader);
        let read = read.load(Ordering::Relaxed);
        assert!(read <= 300_000 && read < total / 5, "{format}: {read} of {total} bytes were read");
    }
}

#[tokio::test]
async fn a_stream_comes_in_chunks_and_may_be_dropped() {
    let rows: String = (1..=5000).map(|n| format!("{{\"n\":{n}}}\n")).collect();
    let fixture = Fixture::with("a.jsonl", rows);
    let database = fixture.open();
    let mut stream = database.stream(&Query::new()).await.unwrap();
    let mut sum = 0;
    while let Some(record) = stream.next().await {
        sum += record.unwrap()["n"].as_integer().unwrap();
    }
    assert_eq!(sum, 5000 * 5001 / 2);
    let mut stream = database.stream(&Query::new()).await.unwrap();
    assert!(stream.next().await.is_some());
    // A write while a stream is under way neither waits for it nor changes it.
    database.delete("2").await.unwrap();
    assert_eq!(stream.next().await.unwrap().unwrap()["n"], Value::from(2));
    drop(stream);
    assert_eq!(database.count(&Query::new()).await.unwrap(), 4999);
    let page = database.search(&Query::parse("n > 10 ORDER BY n DESC LIMIT 1500 OFFSET 2").unwrap()).await.unwrap();
    assert_eq!(page.into_records().len(), 1500);
}

#[tokio::test]
async fn what_could_not_be_read_back_is_not_written() {
    for format in Format::ALL {
        let mut fixture = Fixture::of(format);
        fixture.config.max_record_bytes = 1000;
        let database = fixture.open();
        database.create(record! { "a": 1 }.unwrap()).await.unwrap();
        let before = fixture.bytes();
        let large = record! { "a": "x".repeat(1000) }.unwrap();
        assert_eq!(database.create(large).await.unwrap_err().kind(), ErrorKind::InvalidRecord, "{format}");
        let deep = (0..200).fold(json!(1), |inner, _| json!([inner]));
        let deep = record! { "a": Value::json(deep).unwrap() }.unwrap();
        let error = database.create(deep).await.unwrap_err();
        assert_eq!((error.kind(), error.context_value("field")), (ErrorKind::InvalidRecord, Some("`a`")));
        assert_eq!(fixture.bytes(), before);
        let deep = (0..110).fold(json!(1), |inner, _| json!([inner]));
        let deep = record! { "a": Value::json(deep).unwrap() }.unwrap().with_id("deep").unwrap();
        database.create(deep.clone()).await.unwrap();
        assert_eq!(fixture.open().read("deep").await.unwrap(), Some(deep));
        assert_eq!(database.count(&Query::new()).await.unwrap(), 2);
    }
}

#[tokio::test]
async fn a_record_that_was_accepted_never_keeps_the_file_from_being_written() {
    for format in [Format::Csv, Format::Tsv] {
        let mut fixture = Fixture::of(format);
        fixture.config.max_record_bytes = 300;
        let database = fixture.open();
        let first = record! { "a": "x".repeat(150) }.unwrap().with_id("first").unwrap();
        database.create(first).await.unwrap();
        // Each brings a column, and with it a delimiter in the first record's row.
        for n in 0..400 {
            database.create(Record::from_pairs([(format!("c{n}"), Value::from(1))]).unwrap()).await.unwrap();
        }
        database.close().await.unwrap();
        assert!(fixture.text().lines().any(|line| line.len() > 300));
        let again = fixture.open();
        assert_eq!(again.read("first").await.unwrap().unwrap()["a"].as_str().unwrap().len(), 150, "{format}");
        assert_eq!(again.count(&Query::new()).await.unwrap(), 401);
    }
}

#[tokio::test]
async fn json_of_any_size_within_the_limit_is_read() {
    // Elements on either side of the reader's window.
    for length in [10, 100_000, 131_060, 131_072, 200_000, 1_000_000] {
        let records: Vec<Record> =
            (0..3).map(|n| record! { "n": n, "a": "\u{e9}".repeat(length / 2) }.unwrap()).collect();
        for format in Format::ALL {
            let fixture = Fixture::of(format);
            fixture.open().create_batch(records.clone()).await.unwrap();
            assert_eq!(fixture.all().await.unwrap(), records, "{format} {length}");
        }
    }
}
