//! Files read in blocks by all cores give what the same files give record by record: the same records
//! with the same ids and versions, and the same errors behind the same records.

use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;

use dataknobs_data_core::{Database, Query, record};
use dataknobs_data_file::{Compression, FileBackend, FileConfig, Format};
use futures_util::StreamExt as _;

use crate::columns::{Random, config, file};

const FILTERS: &[&str] = &[
    "",
    "n > 0",
    "n = 7 OR n = -7",
    "n != 42.5 AND t LIKE '%i%'",
    "f < 1 OR f IS NULL",
    "NOT (f > 0.5)",
    "d >= '2024-05-01T10:00:00Z'",
    "t = 'two\nlines' OR t = 'say \"hi\"'",
    "t IS NULL",
    "nowhere IS NULL",
    "nowhere = 1",
    "k > 'key2'",
    "j.a.b = 'x'",
    "j IS NOT NULL",
    "id = '3' OR _id = '5'",
    "id > 1",
    "_metadata.source = 'x' OR n = 0",
];
const PAGES: &[&str] =
    &["", "", "", " LIMIT 3", " LIMIT 2 OFFSET 3", " OFFSET 5", " ORDER BY n DESC", " ORDER BY t, n LIMIT 4"];

/// What a stream gives before it ends, and how it ends.
async fn told(database: &Database, query: &Query) -> String {
    let mut told = String::new();
    match database.stream(query).await {
        Err(error) => drop(write!(told, "{error:?}")),
        Ok(mut records) => {
            while let Some(next) = records.next().await {
                match next {
                    Ok(record) => {
                        let _ = writeln!(told, "{record:?} {:?} {:?}", record.id(), record.version());
                    }
                    Err(error) => drop(writeln!(told, "{error:?}")),
                }
            }
        }
    }
    told
}

/// Compares both ways for some queries. Gives how many records there were in all.
async fn compare(path: &Path, config: &FileConfig, random: &mut Random, case: &str) -> usize {
    let mut found = 0;
    for _ in 0..6 {
        let text = format!("{}{}", random.one_of(FILTERS), random.one_of(PAGES));
        let query = Query::parse(&text).unwrap();
        let block_bytes = 1 + random.below(600) as usize;
        let one = Database::from_backend(Arc::new(FileBackend::new(config.clone()).unwrap()));
        let blocks =
            || Database::from_backend(Arc::new(FileBackend::with_blocks_of(config.clone(), block_bytes).unwrap()));
        let (expected, told) = (told(&one, &query).await, told(&blocks(), &query).await);
        let content = || String::from_utf8_lossy(&std::fs::read(path).unwrap()).chars().take(3_000).collect::<String>();
        assert_eq!(told, expected, "{case}, blocks of {block_bytes}: {text}\n{}", content());
        found += told.lines().count();
        let counts = (blocks().count(&query).await, one.count(&query).await);
        let (blocks, one) = (counts.0.map_err(|error| error.to_string()), counts.1.map_err(|error| error.to_string()));
        assert_eq!(blocks, one, "{case}, blocks of {block_bytes}: {text}\n{}", content());
    }
    found
}

/// How many random files of each format; FILE_BLOCKS asks for more.
fn seeds() -> u64 {
    std::env::var("FILE_BLOCKS").ok().and_then(|count| count.parse().ok()).unwrap_or(120)
}

#[tokio::test]
async fn blocks_of_csv_give_what_rows_give() {
    let folder = tempfile::tempdir().unwrap();
    let mut found = 0;
    for seed in 1..=seeds() {
        let random = &mut Random(0x9E37_79B9_7F4A_7C15_u64.wrapping_mul(seed));
        let path = folder.path().join(format!("{seed}.csv"));
        let rows = 1 + random.below(60);
        std::fs::write(&path, file(random, rows)).unwrap();
        let mut config = config(&path, random);
        if random.below(4) == 0 {
            config.max_record_bytes = 40 + random.below(100);
        }
        if random.below(4) == 0 {
            config.cache_bytes = 0;
        }
        found += compare(&path, &config, random, &format!("seed {seed}")).await;
    }
    assert!(found > 2_000, "{found}");
}

const NUMBERS: &[&str] = &["0", "7", "-7", "42.5", "-0", "-0.0", "1e3", "9223372036854775807", "null"];
const TEXTS: &[&str] = &[
    r#""a""#,
    r#""\u00dc}{n\u00ef""#,
    r#""say \"hi\"""#,
    r#""two\nlines""#,
    r#""key3""#,
    r#""x\\""#,
    r#""007""#,
    r#""""#,
    "null",
];
const JSON: &[&str] = &["[1, 2]", r#"{"a": {"b": "x"}}"#, r#"{"a": [{"b": 1}, "]"]}"#, "[]", "null"];
const META: &[&str] = &[
    r#"{"types": {"n": "FLOAT"}}"#,
    r#"{"record": {"source": "x"}}"#,
    r#"{"fields": {"t": {"unit": "m"}}}"#,
    r#"{"types": {"t": "TEXT"}}"#,
];
/// What is wrong with a row of its own.
const DAMAGE: &[&str] = &[
    r#"{"k": "a", "n": 18446744073709551615}"#,
    r#"{"k": "b", "j": [99999999999999999999]}"#,
    r#"{"k": "c", "n": 1, "n": 2}"#,
    r#"{"k": "d", "j": {"x": 1, "x": 2}}"#,
    r#"{"k": "e", "_meta": 1}"#,
    r#"{"k": "f", "n": 1e999}"#,
    r#"{"k": "g", "n": 01}"#,
    r#"{"k": "h" "n": 1}"#,
    r#"{"k": "i", "t": "\x"}"#,
    r#"{"k": ["j"]}"#,
    r#"{"k": null}"#,
    r#"{"_id": "l", "k": "l"}"#,
    r#"{"id": "m", "k": "m"}"#,
    r#"{"k": "n", "": 1}"#,
    r#"{"k": "o"} {"k": "p"}"#,
    "{\"k\": \"r\", \"a\u{1}\": 1}",
    r#"{"k": "s", "_metadata": 1}"#,
    r#"{}"#,
    "[1]",
    "7",
    r#"{"k": "q", "n": [}"#,
];

/// A file of rows that are mostly alike, damaged in one case of four.
fn json_file(random: &mut Random, format: Format, rows: u64) -> Vec<u8> {
    let key = random.one_of(&["k", "id", "_id"]);
    let text_keys = random.below(2) == 0;
    let rising = random.below(2) == 0;
    let sparse = random.below(2) == 0;
    let with_meta = random.below(2) == 0;
    let damage = if random.below(4) == 0 { random.below(rows + 1) } else { u64::MAX };
    let mut lines = Vec::new();
    for row in 0..rows {
        if row == damage {
            lines.push(random.one_of(DAMAGE).to_owned());
        }
        let number = if rising { row } else { rows - row };
        let number = if random.below(2_000) == 0 { 1 } else { number };
        let key_text = if text_keys { format!("\"key{number}\"") } else { number.to_string() };
        let mut members = vec![(key, key_text)];
        for (name, choices) in [("n", NUMBERS), ("f", NUMBERS), ("t", TEXTS), ("d", TEXTS), ("j", JSON)] {
            if !sparse || random.below(4) > 0 {
                members.push((name, random.one_of(choices).to_owned()));
            }
        }
        if sparse && random.below(3) == 0 {
            let last = members.len() - 1;
            members.swap(1.min(last), last);
        }
        if with_meta && random.below(10) == 0 {
            members.push(("_meta", random.one_of(META).to_owned()));
        }
        let space = random.one_of(&["", " ", " ", "\t"]);
        let members: Vec<_> = members.iter().map(|(name, value)| format!("\"{name}\":{space}{value}")).collect();
        lines.push(format!("{{{space}{}}}", members.join(&format!(",{space}"))));
    }
    let mut text = String::new();
    if random.below(5) == 0 {
        text.push('\u{FEFF}');
    }
    match format {
        Format::JsonLines => {
            let between = random.one_of(&["\n", "\n", "\r\n", "\n \n"]);
            text.push_str(&lines.join(between));
            text.push_str(random.one_of(&["", "\n", "\n\n"]));
        }
        _ => {
            let between = random.one_of(&[",", ",\n", " ,\n  ", "\n,\n"]);
            text.push_str(random.one_of(&["[", "[\n", " [ "]));
            text.push_str(&lines.join(between));
            text.push_str(random.one_of(&["]", "\n]\n", " ] "]));
            if random.below(30) == 0 {
                text.push_str(random.one_of(&["]", ",", "x", "[]"]));
            }
        }
    }
    let mut bytes = text.into_bytes();
    if random.below(20) == 0 {
        let at = random.below(bytes.len() as u64) as usize;
        bytes[at] = b"\xFF{}[],\"\\x\n"[random.below(10) as usize];
    }
    if random.below(20) == 0 {
        bytes.truncate(random.below(bytes.len() as u64 + 1) as usize);
    }
    bytes
}

#[tokio::test]
async fn blocks_of_json_give_what_rows_give() {
    let folder = tempfile::tempdir().unwrap();
    let mut found = 0;
    for format in [Format::Json, Format::JsonLines] {
        for seed in 1..=seeds() {
            let random = &mut Random(0x9E37_79B9_7F4A_7C15_u64.wrapping_mul(seed));
            let path = folder.path().join(format!("{seed}.{format}"));
            let rows = 1 + random.below(50);
            std::fs::write(&path, json_file(random, format, rows)).unwrap();
            let mut config = FileConfig::new(&path);
            match random.below(8) {
                0 => config.id_field = Some("k".into()),
                1 => config.id_field = Some("".into()),
                2 => config.max_record_bytes = 40 + random.below(100),
                3 => config.cache_bytes = 0,
                _ => {}
            }
            found += compare(&path, &config, random, &format!("{format}, seed {seed}")).await;
        }
    }
    assert!(found > 4_000, "{found}");
}

#[tokio::test]
async fn every_kind_of_damage_in_json_shows_in_blocks_too() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("damaged.jsonl");
    for (place, damage) in DAMAGE.iter().enumerate() {
        for id_field in ["", "k"] {
            let row = |n: usize| format!("{{\"k\": \"key{n}\", \"n\": {n}}}");
            let rows: Vec<_> = (0..9).map(|n| if n == 6 { (*damage).to_owned() } else { row(n) }).collect();
            std::fs::write(&path, rows.join("\n")).unwrap();
            let mut config = FileConfig::new(&path);
            config.id_field = Some(id_field.into());
            let one = Database::from_backend(Arc::new(FileBackend::new(config.clone()).unwrap()));
            let blocks = Database::from_backend(Arc::new(FileBackend::with_blocks_of(config, 40).unwrap()));
            let query = Query::parse("n = 7").unwrap();
            let (one, blocks) = (told(&one, &query).await, told(&blocks, &query).await);
            assert_eq!(one, blocks, "{place}: {damage}");
        }
    }
}

#[tokio::test]
async fn large_files_of_ours_are_loaded_and_searched_by_all_cores() {
    let folder = tempfile::tempdir().unwrap();
    let formats = [
        (Format::Csv, Compression::None),
        (Format::Json, Compression::None),
        (Format::JsonLines, Compression::None),
        (Format::JsonLines, Compression::Zstd),
    ];
    for (place, (format, compression)) in formats.into_iter().enumerate() {
        let config =
            FileConfig::new(folder.path().join(place.to_string())).with_format(format).with_compression(compression);
        let open = |config: &FileConfig| Database::from_backend(Arc::new(FileBackend::new(config.clone()).unwrap()));
        let database = open(&config);
        let record = |number: i64| {
            let text = format!("text {number} {}", "x".repeat(90));
            let mut random = Random(number.cast_unsigned() + 1);
            let noise: String = (0..8).map(|_| format!("{:x}", random.below(u64::MAX))).collect();
            record! { "n": number, "t": text, "x": noise }.unwrap()
        };
        let ids = database.create_batch((0..40_000).map(record).collect()).await.unwrap();
        database.close().await.unwrap();
        assert!(std::fs::metadata(&config.path).unwrap().len() > 1 << 20, "{format} {compression}");
        let query = Query::parse("n >= 20000 AND n < 20100").unwrap();
        let expected: Vec<_> = ids[20_000..20_100].iter().map(ToString::to_string).collect();
        let mut streaming = config.clone();
        streaming.cache_bytes = 0;
        for database in [open(&config), open(&streaming)] {
            for _ in 0..3 {
                let found = database.search(&query).await.unwrap().into_records();
                let found: Vec<_> = found.iter().map(|record| record.id().unwrap().to_string()).collect();
                assert_eq!(found, expected, "{format}");
                assert_eq!(database.count(&Query::new()).await.unwrap(), 40_000);
            }
            let last = database.read(ids.last().unwrap()).await.unwrap().unwrap();
            assert_eq!(last["n"].as_integer(), Some(39_999));
        }
    }
}
