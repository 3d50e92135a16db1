//! Saving what is readable of damaged files and journals.

use std::collections::BTreeMap;
use std::ops::Range;

use dataknobs_data_core::{ErrorKind, Record, Value, record};
use dataknobs_data_file::{Compression, FileConfig, Format, LossKind, RecoverReport, recover};

use crate::support::{Fixture, TEXT};

/// A generator of numbers: SplitMix64.
pub(crate) struct Numbers(pub(crate) u64);

impl Numbers {
    pub(crate) fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((mixed ^ (mixed >> 31)) % limit as u64) as usize
    }
}

fn row(number: usize) -> Record {
    let text = ["plain", "two words", "a, comma", "brace } {", "quote \" here", "ä€"][number % 6];
    let nested = serde_json::json!({"list": [{"_x": number}, {"_x": 2}], "e": {}});
    record! { "name": text, "n": number as i64, "nested": Value::Json(nested.into()) }
        .unwrap()
        .with_id(format!("r{number:04}"))
        .unwrap()
}

/// A file of so many rows, and the bytes of each row in it.
async fn file_of(format: Format, rows: usize) -> (Fixture, Vec<Range<usize>>) {
    let fixture = Fixture::of(format);
    let database = fixture.open();
    database.create_batch((0..rows).map(row).collect()).await.unwrap();
    database.close().await.unwrap();
    let text = fixture.text();
    let mut spans = Vec::new();
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        if line.contains("r0") {
            spans.push(at..at + line.len());
        }
        at += line.len();
    }
    assert_eq!(spans.len(), rows);
    (fixture, spans)
}

async fn saved(fixture: &Fixture, report: &RecoverReport) -> BTreeMap<String, Record> {
    let Some(output) = &report.output else { return BTreeMap::new() };
    let mut other = Fixture::new("unused.json");
    other.config = fixture.config.clone();
    other.config.path = output.clone();
    let records = other.all().await.unwrap();
    assert_eq!(records.len() as u64, report.records);
    records.into_iter().map(|record| (record.id().unwrap().to_string(), record)).collect()
}

#[tokio::test]
async fn what_is_not_damaged_is_saved_and_nothing_else() {
    for format in TEXT {
        let (fixture, spans) = file_of(format, 60).await;
        let whole = std::fs::read(&fixture.path).unwrap();
        let first = spans[0].start;
        let last = spans[spans.len() - 1].end;
        for seed in 0..80 {
            let mut numbers = Numbers(seed);
            let mut bytes = whole.clone();
            let mut damaged = vec![false; spans.len()];
            for _ in 0..=numbers.below(4) {
                let start = first + numbers.below(last - first - 1);
                let end = (start + 1 + numbers.below(12)).min(last - 1);
                // No text has this byte, so that every place of damage shows.
                bytes[start..end].fill(0xFF);
                for (span, damaged) in spans.iter().zip(&mut damaged) {
                    // Where a line end is damaged, so is the row behind it.
                    *damaged |= span.start.saturating_sub(1) < end && start < span.end;
                }
            }
            std::fs::write(&fixture.path, &bytes).unwrap();
            let output = fixture.folder.path().join(format!("out-{seed}.{format}"));
            let report = recover(&fixture.config, &output).unwrap();
            let saved = saved(&fixture, &report).await;
            assert!(!report.is_whole() && report.lost_bytes > 0, "{format} {seed}");
            for (number, is_damaged) in damaged.iter().enumerate() {
                let expected = row(number);
                match saved.get(expected.id().unwrap().as_str()) {
                    Some(found) => assert_eq!(*found, expected, "{format} {seed} row {number}"),
                    None => {
                        // A CSV row between two damaged ones, whose quotes are in doubt, may go with them.
                        let between = matches!(format, Format::Csv | Format::Tsv)
                            && number > 0
                            && damaged[number - 1]
                            && damaged.get(number + 1) == Some(&true);
                        assert!(*is_damaged || between, "{format} {seed}: row {number} is lost: {report:?}");
                    }
                }
            }
            let known: Vec<_> = (0..spans.len()).map(|number| format!("r{number:04}")).collect();
            assert!(saved.keys().all(|id| known.contains(id)), "{format} {seed}: {:?}", saved.keys());
            assert_eq!(std::fs::read(&fixture.path).unwrap(), bytes, "the damaged file is as it was");
        }
    }
}

#[tokio::test]
async fn a_file_cut_anywhere_keeps_the_rows_before_the_cut() {
    for format in TEXT {
        let (fixture, spans) = file_of(format, 6).await;
        let whole = std::fs::read(&fixture.path).unwrap();
        for cut in spans[0].start + 1..spans[5].end {
            std::fs::write(&fixture.path, &whole[..cut]).unwrap();
            let output = fixture.folder.path().join(format!("cut-{cut}.{format}"));
            let report = recover(&fixture.config, &output).unwrap();
            let complete = spans.iter().filter(|span| span.end <= cut).count() as u64;
            // A row without its line end may be whole or not.
            assert!((complete..=complete + 1).contains(&report.records) || report.output.is_none(), "{format} {cut}");
            assert!(report.output.is_some() || complete == 0 || report.is_whole(), "{format} {cut}");
            for (id, found) in saved(&fixture, &report).await {
                let number: usize = id[1..].parse().unwrap();
                if number as u64 != complete {
                    assert_eq!(found, row(number), "{format} cut at {cut}");
                }
            }
        }
    }
}

fn recovered(name: &str, content: impl AsRef<[u8]>) -> (Fixture, RecoverReport, String) {
    let fixture = Fixture::with(name, content);
    let output = fixture.folder.path().join(format!("new-{name}"));
    let report = recover(&fixture.config, &output).unwrap();
    let text = std::fs::read_to_string(&output).unwrap_or_default();
    (fixture, report, text)
}

#[tokio::test]
async fn an_array_goes_on_at_the_next_element_however_it_is_written() {
    let one_line = r#"[{"a":1,"l":[{"a":0},{"a":0}]},{"a":"x},{"a":2,"l":[]},{"a":3,"l":[{"a":9},{"a":8}]}]"#;
    let (_, report, text) = recovered("a.json", one_line);
    assert_eq!((report.records, report.damaged_places), (3, 1), "{text}");
    assert!(text.contains("\"a\":3,\"l\":[{\"a\":9},{\"a\":8}]"), "{text}");
    assert_eq!((report.losses[0].line, report.losses[0].byte), (Some(1), 31));

    let pretty = "[\n  {\n    \"a\": 1,\n    \"l\": [\n      {\n        \"a\": 5\n      },\n      1\n    ]\n  },\n\
                  \u{20} {\n    \"a\": ,\n    \"l\": [\n      {\n        \"a\": 6\n      },\n      1\n    ]\n  },\n\
                  \u{20} {\n    \"a\": 3\n  }\n]\n";
    let (_, report, text) = recovered("b.json", pretty);
    assert_eq!((report.records, report.damaged_places), (2, 1), "{text}");
    assert!(!text.contains('6') && text.contains("\"a\":3"), "{text}");

    // A missing quote turns what is text and what is not around.
    let turned =
        r#"[{"_id":"a","l":[{"n":1}]},{_id":"b","l":[{"n":2}]},{"_id":"c","l":[{"n":3},{"n":4}]},{"_id":"d"}]"#;
    let (_, report, text) = recovered("d.json", turned);
    assert_eq!((report.records, report.damaged_places, report.unfit_rows), (3, 1, 0), "{text}");

    let commas = "[{\"_id\":\"a\"};{\"_id\":\"b\"};{\"_id\":\"c\"}]";
    let (_, report, text) = recovered("e.json", commas);
    assert_eq!((report.records, report.damaged_places, report.lost_bytes), (3, 2, 2), "{text}");

    let (_, report, text) = recovered("c.json", "[{\"_id\":\"a\"},{\"_id\":\"b\"}]]{\"_id\":\"c\"}");
    assert_eq!((report.records, report.damaged_places), (3, 2), "{text}");
}

#[tokio::test]
async fn a_missing_quote_takes_its_row_and_no_part_of_a_cell_becomes_one() {
    let text = "id,t\n1,\"a\"\n2,\"b\nx,y\n3,\"c\nd,e\nf\"\n4,\"g\"\n5,h\n";
    let (_, report, text) = recovered("a.csv", text);
    assert!(text.contains("\n4,g") && text.contains("\n5,h") && text.contains("\n1,a"), "{text}");
    assert!(!text.contains("d,e") || text.contains("\"c\nd,e\nf\""), "{text}");
    assert!(!report.is_whole());
}

#[tokio::test]
async fn repeated_ids_and_cells_that_do_not_fit_are_counted() {
    let fixture = Fixture::with("a.csv", "id,n\na,1\nb,2\na,3\nc,x\nd,4,5\ne,5\n");
    let mut config = fixture.config.clone();
    config.infer_rows = 2;
    let output = fixture.folder.path().join("b.jsonl");
    let report = recover(&config, &output).unwrap();
    assert_eq!((report.records, report.repeated_ids, report.unfit_rows, report.damaged_places), (3, 1, 1, 1));
    let kinds: Vec<_> = report.losses.iter().map(|loss| (loss.kind, loss.line.unwrap(), loss.bytes)).collect();
    assert_eq!(kinds, [(LossKind::RepeatedId, 4, 4), (LossKind::UnfitRow, 5, 4), (LossKind::Damage, 6, 6)]);
    let text = std::fs::read_to_string(&output).unwrap();
    assert_eq!(text, "{\"id\":\"a\",\"n\":1}\n{\"id\":\"b\",\"n\":2}\n{\"id\":\"e\",\"n\":5}\n");
}

#[tokio::test]
async fn the_first_row_does_not_decide_about_ids_when_it_is_the_damaged_one() {
    let (_, report, text) = recovered("a.jsonl", "{\"_ie\":1}\n{\"_id\":\"b\"}\n{\"_id\":\"c\"}\n");
    assert_eq!((report.records, report.unfit_rows), (2, 1), "{text}");
}

#[tokio::test]
async fn integers_past_64_bits_go_and_their_column_stays() {
    let (_, report, text) = recovered("a.csv", "id,n\n1,5\n2,99999999999999999999\n3,7\n");
    assert_eq!((report.records, report.unfit_rows, report.losses[0].line), (2, 1, Some(3)));
    assert_eq!(text, "id,n\n1,5\n3,7\n");
}

#[tokio::test]
async fn compressed_files_give_what_they_expand_to() {
    for (compression, name) in [(Compression::Gzip, "a.jsonl.gz"), (Compression::Zstd, "a.jsonl.zst")] {
        let mut fixture = Fixture::new(name);
        fixture.config = fixture.config.with_compression(compression);
        let database = fixture.open();
        let mut numbers = Numbers(7);
        let rows = (0..4000).map(|number| {
            let noise: String = (0..40).map(|_| char::from(b'a' + numbers.below(26) as u8)).collect();
            record! { "noise": noise }.unwrap().with_id(format!("r{number}")).unwrap()
        });
        let rows: Vec<_> = rows.collect();
        database.create_batch(rows.clone()).await.unwrap();
        database.close().await.unwrap();
        let whole = std::fs::read(&fixture.path).unwrap();
        std::fs::write(&fixture.path, &whole[..whole.len() * 9 / 10]).unwrap();
        let output = fixture.folder.path().join("b.jsonl");
        let report = recover(&fixture.config, &output).unwrap();
        assert!((1500..4000).contains(&report.records), "{}", report.records);
        assert!(report.losses.iter().any(|loss| loss.reason.contains("cut off")), "{:?}", report.losses);
        fixture.config.compression = Some(Compression::None);
        let saved = saved(&fixture, &report).await;
        assert!(rows.iter().take(saved.len()).all(|row| saved.get(row.id().unwrap().as_str()) == Some(row)));
    }
}

#[tokio::test]
async fn nothing_is_overwritten_and_nothing_is_written_for_nothing() {
    let fixture = Fixture::with("a.csv", "id,n\n1,1\n");
    let output = fixture.folder.path().join("b.csv");
    let report = recover(&fixture.config, &output).unwrap();
    assert!(report.is_whole() && report.output.is_none() && !output.exists());
    std::fs::write(&fixture.path, "id,n\n1,1\n2\n").unwrap();
    for taken in ["b.csv", "b.csv.schema.json", "b.csv.journal"] {
        let taken = fixture.folder.path().join(taken);
        std::fs::write(&taken, "mine").unwrap();
        let error = recover(&fixture.config, &output).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::AlreadyExists);
        assert_eq!(std::fs::read_to_string(&taken).unwrap(), "mine");
        std::fs::remove_file(&taken).unwrap();
    }
    assert_eq!(recover(&fixture.config, &fixture.path).unwrap_err().kind(), ErrorKind::AlreadyExists);
    let missing = FileConfig::new(fixture.folder.path().join("none.csv"));
    assert_eq!(recover(&missing, &output).unwrap_err().kind(), ErrorKind::NotFound);
    let empty = Fixture::with("e.json", "");
    let report = recover(&empty.config, &empty.folder.path().join("f.json")).unwrap();
    assert!(!report.is_whole() && report.output.is_none());
}

#[test]
fn much_damage_takes_no_longer_than_its_length() {
    let begun = std::time::Instant::now();
    let rows = 20_000;
    let array: String = (0..rows).map(|n| format!(",{{\"a\":{{\"a\":[{{\"a\":{n},\"b:\"x\"}}]}}}}")).collect();
    let (_, report, _) = recovered("a.json", format!("[{{\"a\":1}}{array}]"));
    assert!(!report.is_whole());
    let open: String = (0..rows).map(|n| format!("{n},\"a\"\"\n")).collect();
    let (_, report, _) = recovered("a.csv", format!("id,t\n{open}"));
    assert!(!report.is_whole());
    let (_, report, _) = recovered("b.jsonl", "{\"_id\":\n".repeat(rows));
    assert_eq!((report.damaged_places, report.losses.len()), (rows as u64, 1000));
    // In a debug build on a busy machine; what is quadratic takes minutes.
    assert!(begun.elapsed() < std::time::Duration::from_secs(30), "{:?}", begun.elapsed());
}
