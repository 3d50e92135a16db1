//! Compressed files: the same records, and no damage that goes unseen.

use std::io::{Read as _, Write as _};

use dataknobs_data_core::{ErrorKind, Query, Record, record};
use dataknobs_data_file::{Compression, FileConfig, Format, RecordReader};

use crate::support::{Fixture, TEXT, ids};

const CODECS: [(Compression, &str); 2] = [(Compression::Gzip, "gz"), (Compression::Zstd, "zst")];

fn compressed(compression: Compression, text: &[u8]) -> Vec<u8> {
    match compression {
        Compression::Gzip => {
            let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
            encoder.write_all(text).unwrap();
            encoder.finish().unwrap()
        }
        _ => {
            let mut encoder = zstd::Encoder::new(Vec::new(), 3).unwrap();
            encoder.include_checksum(true).unwrap();
            encoder.write_all(text).unwrap();
            encoder.finish().unwrap()
        }
    }
}

fn expanded(compression: Compression, bytes: &[u8]) -> String {
    let mut text = String::new();
    match compression {
        Compression::Gzip => flate2::read::GzDecoder::new(bytes).read_to_string(&mut text).unwrap(),
        _ => zstd::Decoder::new(bytes).unwrap().read_to_string(&mut text).unwrap(),
    };
    text
}

fn people() -> Vec<Record> {
    ["Ada", "Grace", "Alan"]
        .iter()
        .zip(1_i64..)
        .map(|(name, n)| record! { "name": *name, "n": n }.unwrap().with_id(format!("p{n}")).unwrap())
        .collect()
}

#[tokio::test]
async fn the_extension_compresses_and_the_text_is_the_plain_files() {
    for format in TEXT {
        let plain = Fixture::of(format);
        plain.open().create_batch(people()).await.unwrap();
        for (compression, ending) in CODECS {
            let fixture = Fixture::new(&format!("data.{format}.{ending}"));
            fixture.open().create_batch(people()).await.unwrap();
            let bytes = std::fs::read(&fixture.path).unwrap();
            assert_eq!(Compression::of_content(&bytes), compression);
            assert_eq!(expanded(compression, &bytes), plain.text(), "{format}");
            assert_eq!(fixture.all().await.unwrap(), people());
            fixture.open().delete("p2").await.unwrap();
            assert_eq!(ids(&fixture.all().await.unwrap()), ["p1", "p3"]);
            let info = fixture.open().info().await.unwrap();
            assert!(info.details.contains(&("compression".into(), compression.name().into())));
            let explain = fixture.open().explain(&Query::new()).await.unwrap();
            assert_eq!(explain.plan.access, format!("full scan of data.{format}.{ending} ({format}, {compression})"));
        }
    }
}

#[tokio::test]
async fn the_option_goes_before_the_extension() {
    let mut fixture = Fixture::new("data.json");
    fixture.config.compression = Some(Compression::Gzip);
    fixture.open().create_batch(people()).await.unwrap();
    assert_eq!(Compression::of_content(&std::fs::read(&fixture.path).unwrap()), Compression::Gzip);
    assert_eq!(fixture.all().await.unwrap(), people());

    let mut fixture = Fixture::with("data.csv.gz", "a\n1\n");
    fixture.config.compression = Some(Compression::None);
    assert_eq!(fixture.all().await.unwrap()[0]["a"].as_integer(), Some(1));
    fixture.open().delete("1").await.unwrap();
    assert_eq!(fixture.text(), "_id,a\n");
}

#[tokio::test]
async fn a_compressed_table_has_its_descriptor_beside_it() {
    let fixture = Fixture::new("a.csv.gz");
    let record = record! { "zip": "01234", "n": 1.0 }.unwrap().with_id("7").unwrap();
    fixture.open().create(record.clone()).await.unwrap();
    let descriptor = std::fs::read_to_string(fixture.folder.path().join("a.csv.gz.schema.json")).unwrap();
    assert!(descriptor.contains("dataknobs:type"), "{descriptor}");
    assert_eq!(fixture.all().await.unwrap(), [record]);
    assert_eq!(fixture.left_behind(), ["a.csv.gz.schema.json"]);
}

#[tokio::test]
async fn a_file_that_is_not_what_its_name_says_is_an_error_with_a_way_out() {
    let gzip = compressed(Compression::Gzip, b"a,b\n1,2\n");
    let zstd = compressed(Compression::Zstd, b"a,b\n1,2\n");
    let twice = compressed(Compression::Zstd, &gzip);
    let utf16: Vec<u8> = "\u{FEFF}a,b\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let cases: [(&str, &[u8], &str, &str); 9] = [
        ("a.csv.gz", b"a,b\n1,2\n", "not compressed as", "to none"),
        ("a.csv.gz", b"", "empty", ""),
        ("a.jsonl.zst", b"", "empty", ""),
        ("a.csv.gz", &zstd, "not compressed as", "to zstd"),
        ("a.csv.zstd", &gzip, "not compressed as", "to gzip"),
        ("a.csv", &gzip, "compressed with gzip", "`compression` to gzip"),
        ("a.jsonl", &zstd, "compressed with zstd", "`compression` to zstd"),
        ("a.csv.zst", &twice, "compressed with gzip", "twice"),
        ("a.csv", &utf16, "UTF-16", "UTF-8"),
    ];
    for (name, content, message, hint) in cases {
        let error = Fixture::with(name, content).refusal().await;
        assert_eq!(error.kind(), ErrorKind::Corrupt, "{name}: {error}");
        assert!(error.message().contains(message), "{name}: {error}");
        assert!(error.hint().unwrap_or_default().contains(hint), "{name}: {error:?}");
    }
}

/// Texts of each format, small and with a number at the very end, where a cut shows least.
const TEXTS: [(&str, &str); 4] = [
    ("json", "[{\"_id\":\"a\",\"n\":12},\n{\"_id\":\"b\",\"n\":34}]"),
    ("jsonl", "{\"_id\":\"a\",\"n\":12}\n{\"_id\":\"b\",\"n\":34}\n"),
    ("csv", "_id,n\na,12\nb,34"),
    ("tsv", "_id\tn\na\t12\nb\t34"),
];

#[tokio::test]
async fn a_cut_anywhere_is_damage() {
    for (compression, ending) in CODECS {
        for (format, text) in TEXTS {
            let bytes = compressed(compression, text.as_bytes());
            let name = format!("a.{format}.{ending}");
            assert_eq!(ids(&Fixture::with(&name, &bytes).all().await.unwrap()), ["a", "b"]);
            for cut in 0..bytes.len() {
                let error = Fixture::with(&name, &bytes[..cut]).refusal().await;
                assert_eq!(error.kind(), ErrorKind::Corrupt, "{name} cut at {cut}: {error}");
                assert!(error.context_value("byte").is_some(), "{name} cut at {cut}: {error}");
            }
        }
    }
}

#[tokio::test]
async fn a_flipped_bit_is_damage_or_changes_nothing() {
    for (compression, ending) in CODECS {
        let mut unseen = 0;
        for (format, text) in TEXTS {
            let name = format!("a.{format}.{ending}");
            let bytes = compressed(compression, text.as_bytes());
            let records = Fixture::with(&name, &bytes).all().await.unwrap();
            for bit in 0..bytes.len() * 8 {
                let mut flipped = bytes.clone();
                flipped[bit / 8] ^= 1 << (bit % 8);
                match Fixture::with(&name, &flipped).all().await {
                    Ok(read) => {
                        assert_eq!(read, records, "{name}, bit {bit}");
                        unseen += 1;
                    }
                    Err(error) => assert_eq!(error.kind(), ErrorKind::Corrupt, "{name}, bit {bit}: {error}"),
                }
            }
        }
        // Gzip's time, system and other notes in its header say nothing about the text.
        assert!(unseen <= 4 * 8 * 10, "{ending}: {unseen} flips changed nothing");
    }
}

#[tokio::test]
async fn damage_deep_in_a_large_file_is_named_before_what_it_makes_of_the_text() {
    let rows: String = (0..60_000).map(|n| format!("{{\"_id\":\"{n}\",\"n\":{}}}\n", n * 7919 % 100_003)).collect();
    for (compression, ending) in CODECS {
        let bytes = compressed(compression, rows.as_bytes());
        let mut seen = 0;
        for part in 1..8 {
            let mut flipped = bytes.clone();
            flipped[bytes.len() * part / 8] ^= 0x10;
            let error = Fixture::with(&format!("a.jsonl.{ending}"), flipped).refusal().await;
            assert_eq!(error.kind(), ErrorKind::Corrupt, "{error}");
            assert!(error.context_value("compressed_byte").is_some(), "{error}");
            seen += 1;
        }
        assert_eq!(seen, 7);
    }
}

#[tokio::test]
async fn places_are_those_of_the_text() {
    for (compression, ending) in CODECS {
        let bytes = compressed(compression, b"{\"n\":1}\n{\"n\":oops}\n");
        let error = Fixture::with(&format!("a.jsonl.{ending}"), bytes).refusal().await;
        let place = ["line", "column", "byte"].map(|key| error.context_value(key).unwrap().to_owned());
        assert_eq!(place, ["2", "6", "13"], "{error}");
        let bytes = compressed(compression, b"a,b\n1,2\n3\n");
        let error = Fixture::with(&format!("a.csv.{ending}"), bytes).refusal().await;
        assert_eq!(error.context_value("line"), Some("3"), "{error}");
    }
}

#[tokio::test]
async fn a_bomb_is_refused_with_both_figures() {
    // White space between rows is cheap to read, and compresses best.
    let spaces = " ".repeat(70 << 20);
    let text = format!("[{{}}{spaces}]");
    for (compression, ending) in CODECS {
        let bytes = compressed(compression, text.as_bytes());
        let name = format!("a.json.{ending}");
        let error = Fixture::with(&name, &bytes).refusal().await;
        assert_eq!(error.kind(), ErrorKind::Corrupt, "{name}: {error}");
        let figure = |key: &str| error.context_value(key).unwrap().parse::<u64>().unwrap();
        assert!(figure("ratio") >= 500 && figure("max_ratio") == 500, "{name}: {error}");
        assert!(figure("expanded_bytes") <= (64 << 20) + (1 << 20), "{name}: {error}");
        assert!(error.hint().unwrap().contains("max_ratio"));

        let mut fixture = Fixture::with(&name, &bytes);
        fixture.config.max_ratio = 1 << 20;
        assert_eq!(fixture.all().await.unwrap().len(), 1, "{name}");
        fixture.config.max_expanded_bytes = 1 << 20;
        let error = fixture.refusal().await;
        assert_eq!(error.context_value("max_expanded_bytes"), Some("1048576"), "{name}: {error}");
    }
}

#[test]
fn any_input_may_be_compressed() {
    for (compression, _) in CODECS {
        let config = FileConfig::default().with_format(Format::Csv).with_compression(compression);
        let input = std::io::Cursor::new(compressed(compression, b"id,n\n1,2\n"));
        let records: Vec<Record> = RecordReader::from_input(input, &config).unwrap().collect::<Result<_, _>>().unwrap();
        assert_eq!(records[0]["n"].as_integer(), Some(2));
    }
}

#[tokio::test]
async fn a_limit_expands_no_more_than_it_needs() {
    let rows: String = (0..200_000).map(|n| format!("{{\"_id\":\"{n}\"}}\n")).collect();
    for (compression, ending) in CODECS {
        let bytes = compressed(compression, rows.as_bytes());
        // The second half is gone; what comes before it is there.
        let mut fixture = Fixture::with(&format!("a.jsonl.{ending}"), &bytes[..bytes.len() / 2]);
        fixture.config.infer_rows = 10;
        assert_eq!(fixture.search("LIMIT 3").await.unwrap().len(), 3);
        assert_eq!(fixture.refusal().await.kind(), ErrorKind::Corrupt);
    }
}
