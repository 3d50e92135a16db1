//! Scans as columns give what records give, errors included.

use std::fmt::Write as _;
use std::path::Path;

use dataknobs_data_arrow::parquet::ParquetFile;
use dataknobs_data_arrow::{FromArrowOptions, ToArrowOptions, batches_to_records, records_to_batches, search_batches};
use dataknobs_data_core::{Database, Query, Record, Result};
use dataknobs_data_file::{FileBackend, FileConfig};

/// Xorshift, so that every run makes the same files.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % end
    }

    pub(crate) fn one_of<'a>(&mut self, choices: &[&'a str]) -> &'a str {
        choices[self.below(choices.len() as u64) as usize]
    }
}

/// What a query finds, comparable: schema, rows and ids, or the error's whole text.
fn comparable(found: Result<(arrow_schema::SchemaRef, Vec<arrow_array::RecordBatch>)>) -> Result<String, String> {
    let (schema, batches) = found.map_err(|error| format!("{error:?}"))?;
    let records: Vec<Record> = batches_to_records(&batches, &FromArrowOptions::new()).unwrap();
    let ids: Vec<_> = records.iter().map(|record| record.id().cloned()).collect();
    Ok(format!("{schema:?}\n{records:?}\n{ids:?}"))
}

/// Compares both ways for each query. Gives how many were answered by columns.
async fn compare(path: &Path, config: &FileConfig, queries: &[String], case: &str) -> usize {
    let open = || Database::from_backend(std::sync::Arc::new(FileBackend::new(config.clone()).unwrap()));
    let mut by_columns = 0;
    for query in queries {
        let (text, projection) = query.split_once(" SELECT ").unwrap_or((query, ""));
        let mut query = Query::parse(text).unwrap();
        if !projection.is_empty() {
            query = query.select(projection.split(' '));
        }
        for options in [ToArrowOptions::new(), ToArrowOptions::exact(), ToArrowOptions::new().without_ids()] {
            let database = open();
            by_columns += usize::from(database.scan_columns(&query, true).await.is_ok_and(|found| found.is_some()));
            let table = search_batches(&database, &query, &options).await;
            let table = table.map(|table| {
                let schema = arrow_array::RecordBatchReader::schema(&table);
                (schema, table.collect::<Result<Vec<_>, _>>().unwrap())
            });
            let records = open().search(&query).await.map(|found| found.into_records());
            let records = records.and_then(|records| records_to_batches(&records, &options));
            let (columns, records) = (comparable(table), comparable(records));
            if columns != records {
                let text =
                    String::from_utf8_lossy(&std::fs::read(path).unwrap()).chars().take(3_000).collect::<String>();
                panic!("{case}: {query}\n{text}\ncolumns: {columns:.2000?}\nrecords: {records:.2000?}");
            }
        }
    }
    by_columns
}

const INTEGERS: &[&str] = &["0", "7", "-7", "42", "1000000000000", "9223372036854775807", "-9223372036854775808", ""];
const FLOATS: &[&str] = &["0.5", "-0", "7", "1e5", ".5", "5.", "123456.789", "-2.25", "0.1", "1234567890.12345", ""];
const BOOLEANS: &[&str] = &["true", "False", "TRUE", ""];
const TIMES: &[&str] = &["2024-05-01T10:00:00Z", "2024-05-01 12:30:00Z", "1999-12-31T23:59:59Z", ""];
const ZONES: &[&str] = &["2024-05-01T10:00:00Z", "2024-05-01 12:30:00", "2024-05-01T10:00:00.25+02:00", ""];
const TEXTS: &[&str] = &["a", "b", "Ünï", "x,y", "say \"hi\"", "two\nlines", "5\" pipe", " ", "007", "NA", ""];
const JSON: &[&str] = &["[1, 2]", "{\"a\": {\"b\": \"x\"}}", ""];
const DAMAGE: &[&str] = &["1,2\n", "x,x,x,x,x,x,x,x\n", "\"open", "\"a\"b\n", "\u{0}\n"];
const FILTERS: &[&str] = &[
    "",
    "n > 0",
    "n = 7 OR n = -7",
    "n != 42.5 AND t LIKE '%i%'",
    "f < 1",
    "f BETWEEN 0 AND 10 OR b = true",
    "NOT (f > 0.5)",
    "d >= '2024-05-01T10:00:00Z'",
    "z > '2024-05-01' AND z IS NOT NULL",
    "t = 'two\nlines' OR t = 'say \"hi\"'",
    "t IS NULL",
    "t > 'a' AND NOT n IN (0, 42)",
    "nowhere IS NULL",
    "nowhere = 1",
    "j.a.b = 'x'",
    "id = '3'",
    "n > 0 ORDER BY f",
];
const PAGES: &[&str] = &["", "", "", " LIMIT 3", " LIMIT 2 OFFSET 3", " OFFSET 5", " LIMIT 0"];
const PROJECTIONS: &[&str] = &["", "", " SELECT n t", " SELECT d z nowhere", " SELECT j b f"];

fn quoted(cell: &str, random: &mut Random) -> String {
    let needed = cell.contains([',', '\n']) || cell.starts_with('"');
    if needed || random.below(10) == 0 { format!("\"{}\"", cell.replace('"', "\"\"")) } else { cell.to_owned() }
}

/// A file of eight columns, damaged in one case of five.
pub(crate) fn file(random: &mut Random, rows: u64) -> Vec<u8> {
    let line_end = random.one_of(&["\n", "\n", "\r\n"]);
    let key = random.one_of(&["k", "k", "id", "id", "_id", "_id"]);
    let plain = random.below(3) == 0;
    let text_keys = random.below(2) == 0;
    let rising = random.below(2) == 0;
    let mut text = String::new();
    if random.below(5) == 0 {
        text.push('\u{FEFF}');
    }
    let _ = write!(text, "{key},n,f,b,d,z,t,j{line_end}");
    let damage = if random.below(5) == 0 { random.below(rows + 1) } else { u64::MAX };
    for row in 0..rows {
        if row == damage {
            text.push_str(random.one_of(DAMAGE));
            if random.below(2) == 0 {
                continue;
            }
        }
        let number = if rising { row } else { rows - row };
        let key = match (random.below(3_000), text_keys) {
            (0, _) => String::new(),
            (1, _) => "1".into(),
            (_, true) => format!("key{number}"),
            (_, false) => number.to_string(),
        };
        let mut cells = vec![key];
        for choices in [INTEGERS, FLOATS, BOOLEANS, TIMES, ZONES, TEXTS, JSON] {
            let mut cell = random.one_of(choices);
            if plain && cell.contains(['"', ',', '\n']) {
                cell = "";
            }
            cells.push(cell.to_owned());
        }
        if row == damage {
            let at = 1 + random.below(5) as usize;
            cells[at] = "unfit".into();
        }
        let cells: Vec<_> = cells.iter().map(|cell| if plain { cell.clone() } else { quoted(cell, random) }).collect();
        text.push_str(&cells.join(","));
        text.push_str(if random.below(40) == 0 { "\n\n" } else { line_end });
    }
    if random.below(4) == 0 {
        text.truncate(text.trim_end_matches(['\r', '\n']).len());
    }
    let mut bytes = text.into_bytes();
    if random.below(40) == 0 {
        let at = random.below(bytes.len() as u64) as usize;
        bytes[at] = 0xFF;
    }
    bytes
}

/// Options for it, often other than the defaults.
pub(crate) fn config(path: &Path, random: &mut Random) -> FileConfig {
    let mut config = FileConfig::new(path);
    if random.below(3) == 0 {
        config.null_values = vec!["NA".into(), "42".into()];
    }
    if random.below(3) == 0 {
        config.infer_rows = 1 + random.below(20);
    }
    config
}

fn queries(random: &mut Random, count: usize) -> Vec<String> {
    (0..count)
        .map(|_| {
            let (filter, page) = (random.one_of(FILTERS), random.one_of(PAGES));
            format!("{filter}{page}{}", random.one_of(PROJECTIONS))
        })
        .collect()
}

#[tokio::test]
async fn random_files_are_answered_as_records_answer() {
    let folder = tempfile::tempdir().unwrap();
    let mut by_columns = 0;
    for seed in 1..=400 {
        let random = &mut Random(0x9E37_79B9_7F4A_7C15_u64.wrapping_mul(seed));
        let path = folder.path().join(format!("{seed}.csv"));
        let rows = 1 + random.below(60);
        std::fs::write(&path, file(random, rows)).unwrap();
        let config = config(&path, random);
        by_columns += compare(&path, &config, &queries(random, 6), &format!("seed {seed}")).await;
    }
    assert!(by_columns > 1_000, "{by_columns}");
}

#[tokio::test]
async fn files_of_many_blocks_are_answered_as_records_answer() {
    let folder = tempfile::tempdir().unwrap();
    let mut by_columns = 0;
    for seed in 1..=8 {
        let random = &mut Random(0x9E37_79B9_7F4A_7C15_u64.wrapping_mul(seed));
        let path = folder.path().join(format!("{seed}.csv"));
        std::fs::write(&path, file(random, 25_000)).unwrap();
        by_columns += compare(&path, &FileConfig::new(&path), &queries(random, 2), &format!("seed {seed}")).await;
    }
    assert!(by_columns > 5, "{by_columns}");
}

const PARQUET_QUERIES: [&str; 9] = [
    " LIMIT 2",
    " LIMIT 1 OFFSET 1",
    " OFFSET 3999",
    " LIMIT 0",
    "n > 990 AND n < 2010",
    "s = '1500'",
    "x = 3 OR n = 17 LIMIT 700 OFFSET 3",
    "n >= 4000",
    "nowhere = 1",
];

const FIXTURES: [&str; 16] = [
    "duckdb",
    "pandas_index",
    "pandas_named_index",
    "polars",
    "pyarrow",
    "pyarrow_brotli",
    "pyarrow_duration",
    "pyarrow_gzip",
    "pyarrow_infinite",
    "pyarrow_lz4",
    "pyarrow_none",
    "pyarrow_pages",
    "pyarrow_snappy",
    "pyarrow_uint64",
    "pyarrow_zstd",
    "pages_damaged",
];

#[tokio::test]
async fn parquet_files_of_other_tools_are_answered_as_records_answer() {
    let folder = tempfile::tempdir().unwrap();
    let mut answered = Vec::new();
    for name in FIXTURES {
        let file = if name == "pages_damaged" { "pyarrow_pages" } else { name };
        let source = format!("{}/tests/fixtures/{file}.parquet", env!("CARGO_MANIFEST_DIR"));
        let path = folder.path().join(format!("{name}.parquet"));
        let mut bytes = std::fs::read(source).unwrap();
        if name == "pages_damaged" {
            bytes[20_000] ^= 1;
        }
        std::fs::write(&path, &bytes).unwrap();
        let columns = ParquetFile::open(std::sync::Arc::new(bytes)).unwrap().columns();
        // What is wrong with a value shows only where it is read.
        let is_whole = !["pyarrow_infinite", "pyarrow_uint64", "pages_damaged"].contains(&name);
        let mut queries = vec![String::new()];
        if is_whole {
            queries.extend(PARQUET_QUERIES.iter().map(|query| (*query).to_owned()));
        }
        for column in columns.iter().filter(|_| name != "pages_damaged") {
            let name = &column.name;
            queries.extend(
                ["IS NULL", "= 1", "> '2000-01-01'", "LIKE '%a%'", "= true", "< 2.5"]
                    .map(|test| format!("{name} {test} SELECT {name}")),
            );
        }
        let by_columns = compare(&path, &FileConfig::new(&path), &queries, name).await;
        answered.push((name, by_columns));
    }
    // Lists, times of day and so on are for records, and so is damage.
    let never: Vec<_> = answered.iter().filter(|(_, count)| *count == 0).map(|(name, _)| *name).collect();
    assert_eq!(never, ["pyarrow_duration", "pyarrow_infinite", "pyarrow_uint64", "pages_damaged"], "{answered:?}");
}

#[tokio::test]
async fn parquet_files_of_ours_are_answered_as_records_answer() {
    let folder = tempfile::tempdir().unwrap();
    let mut by_columns = 0;
    for seed in 1..=120 {
        let random = &mut Random(0x9E37_79B9_7F4A_7C15_u64.wrapping_mul(seed));
        let (csv, path) = (folder.path().join(format!("{seed}.csv")), folder.path().join(format!("{seed}.parquet")));
        let rows = 1 + random.below(80);
        std::fs::write(&csv, file(random, rows)).unwrap();
        let open =
            |path: &Path| Database::from_backend(std::sync::Arc::new(FileBackend::new(FileConfig::new(path)).unwrap()));
        let Ok(found) = open(&csv).search(&Query::new()).await else { continue };
        let database = open(&path);
        database.create_batch(found.into_records()).await.unwrap();
        database.close().await.unwrap();
        by_columns += compare(&path, &FileConfig::new(&path), &queries(random, 8), &format!("seed {seed}")).await;
    }
    assert!(by_columns > 200, "only {by_columns} by columns");
}

#[tokio::test]
async fn damaged_parquet_files_are_answered_as_records_answer() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("damaged.parquet");
    for name in ["duckdb", "polars", "pyarrow_snappy", "pyarrow_zstd", "pyarrow_none", "pyarrow_pages"] {
        let source = format!("{}/tests/fixtures/{name}.parquet", env!("CARGO_MANIFEST_DIR"));
        let whole = std::fs::read(source).unwrap();
        let random = &mut Random(0x9E37_79B9_7F4A_7C15);
        for round in 0..if name == "pyarrow_pages" { 30 } else { 150 } {
            let mut bytes = whole.clone();
            for _ in 0..=random.below(3) {
                let at = random.below(bytes.len() as u64) as usize;
                bytes[at] ^= 1 << random.below(8);
            }
            std::fs::write(&path, &bytes).unwrap();
            let config = FileConfig::new(&path);
            compare(&path, &config, &[String::new()], &format!("{name}, round {round}")).await;
        }
    }
}
