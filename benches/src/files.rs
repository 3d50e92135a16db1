//! The file store's rows: against appends and writers of the same bytes.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, ensure};
use arrow_array::{ArrayRef, BooleanArray, Float64Array, Int64Array, RecordBatch, StringArray};
use dataknobs_data_core::{Database, Query, Record};
use dataknobs_data_file::{Durability, FileBackend, FileConfig, Format};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;
use parquet::file::reader::{FileReader, SerializedFileReader};
use serde_json::{Map, Value as Json};
use tokio::runtime::{Builder, Runtime};

use crate::people::{Person, map, person, record};
use crate::table::{Table, timed};

const RECORDS: usize = 100_000;

fn open(path: &Path, durability: Durability) -> Result<Database> {
    let mut config = FileConfig::new(path);
    config.durability = durability;
    Ok(Database::from_backend(Arc::new(FileBackend::new(config)?)))
}

fn records(numbers: std::ops::Range<usize>) -> Result<Vec<Record>> {
    Ok(numbers.map(record).collect::<Result<_, _>>()?)
}

/// An open database in a file of so many records.
fn filled(runtime: &Runtime, path: &Path, size: usize, durability: Durability) -> Result<Database> {
    let db = open(path, durability)?;
    runtime.block_on(db.create_batch(records(0..size)?))?;
    runtime.block_on(db.create(record(9_999_999)?))?;
    Ok(db)
}

/// Rows as JSON, in the order in which the file has them.
fn rows() -> Vec<Map<String, Json>> {
    let with_id = |(id, row): (String, Map<String, Json>)| {
        let mut whole = Map::new();
        whole.insert("_id".into(), id.into());
        whole.extend(row);
        whole
    };
    (0..RECORDS).map(map).map(with_id).collect()
}

fn write_json(path: &Path, rows: &[Map<String, Json>], format: Format) -> Result<()> {
    let file = File::create(path)?;
    let mut out = BufWriter::with_capacity(256 * 1024, file);
    for (number, row) in rows.iter().enumerate() {
        if format == Format::Json {
            out.write_all(if number == 0 { b"[\n" } else { b",\n" })?;
        }
        serde_json::to_writer(&mut out, row)?;
        if format != Format::Json {
            out.write_all(b"\n")?;
        }
    }
    if format == Format::Json {
        out.write_all(b"\n]\n")?;
    }
    out.into_inner()?.sync_all()?;
    Ok(())
}

fn write_csv(path: &Path, people: &[Person]) -> Result<()> {
    let file = File::create(path)?;
    let mut out = csv::WriterBuilder::new().buffer_capacity(256 * 1024).from_writer(file);
    out.write_record(["_id", "name", "city", "age", "score", "active"])?;
    let mut floats = ryu::Buffer::new();
    let mut integers = itoa::Buffer::new();
    for person in people {
        out.write_field(&person.id)?;
        out.write_field(&person.name)?;
        out.write_field(&person.city)?;
        out.write_field(integers.format(person.age))?;
        out.write_field(floats.format(person.score))?;
        out.write_field(if person.active { "true" } else { "false" })?;
        out.write_record(None::<&[u8]>)?;
    }
    out.into_inner().map_err(|error| anyhow::anyhow!("{error}"))?.sync_all()?;
    Ok(())
}

fn write_parquet(path: &Path, people: &[Person]) -> Result<()> {
    let texts = |text: fn(&Person) -> &String| -> ArrayRef {
        Arc::new(people.iter().map(|person| Some(text(person))).collect::<StringArray>())
    };
    let columns: [(&str, ArrayRef); 6] = [
        ("_id", texts(|person| &person.id)),
        ("name", texts(|person| &person.name)),
        ("city", texts(|person| &person.city)),
        ("age", Arc::new(people.iter().map(|person| person.age).collect::<Int64Array>())),
        ("score", Arc::new(people.iter().map(|person| person.score).collect::<Float64Array>())),
        ("active", Arc::new(people.iter().map(|person| Some(person.active)).collect::<BooleanArray>())),
    ];
    let batch = RecordBatch::try_from_iter(columns)?;
    let properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .set_max_row_group_row_count(None)
        .build();
    let mut out = ArrowWriter::try_new(File::create(path)?, batch.schema(), Some(properties))?;
    out.write(&batch)?;
    out.into_inner()?.sync_all()?;
    Ok(())
}

/// The records of a file with their ids, and how many row groups it has.
fn content(runtime: &Runtime, path: &Path) -> Result<impl PartialEq> {
    let found = runtime.block_on(open(path, Durability::Fsync)?.search(&Query::new()))?;
    let groups = SerializedFileReader::new(File::open(path)?)?.metadata().num_row_groups();
    let records: Vec<_> = found.into_iter().map(|record| (record.id().cloned(), record)).collect();
    Ok((records, groups))
}

#[allow(clippy::unwrap_used)] // a failure ends the benchmark
fn creates(runtime: &Runtime, db: &Database, next: &mut usize, count: usize) -> Duration {
    let fresh = records(*next..*next + count).unwrap();
    *next += count;
    runtime.block_on(async {
        let start = std::time::Instant::now();
        for record in fresh {
            db.create(record).await.unwrap();
        }
        start.elapsed()
    })
}

#[allow(clippy::unwrap_used)] // a failure ends the benchmark
pub(crate) fn file_rows(runs: usize, table: &mut Table) -> Result<()> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let folder = tempfile::tempdir()?;
    for (durability, name, count) in [(Durability::Buffered, "buffered", 2_000), (Durability::Fsync, "fsync", 100)] {
        let large = filled(&runtime, &folder.path().join(format!("large-{name}.jsonl")), RECORDS, durability)?;
        let small = filled(&runtime, &folder.path().join(format!("small-{name}.jsonl")), 100, durability)?;
        let journal = folder.path().join(format!("large-{name}.jsonl.journal"));
        let before = std::fs::metadata(&journal)?.len();
        let (mut next, mut other) = (1_000_000, 1_000_000);
        creates(&runtime, &large, &mut next, 10);
        let frame = vec![b'x'; ((std::fs::metadata(&journal)?.len() - before) / 10) as usize];
        let append = File::options().append(true).create(true).open(folder.path().join("append"))?;
        table.compare(
            format!("file: create, {name}, into {RECORDS} records / append of {} bytes", frame.len()),
            count,
            runs,
            || creates(&runtime, &large, &mut next, count),
            || {
                timed(|| {
                    for _ in 0..count {
                        (&append).write_all(&frame).unwrap();
                        if durability == Durability::Fsync {
                            append.sync_data().unwrap();
                        }
                    }
                })
                .0
            },
        );
        table.compare(
            format!("file: create, {name}, into {RECORDS} records / into 100"),
            count,
            runs,
            || creates(&runtime, &large, &mut next, count),
            || creates(&runtime, &small, &mut other, count),
        );
    }

    let rows = rows();
    let people: Vec<_> = (0..RECORDS).map(person).collect();
    for format in [Format::Json, Format::JsonLines, Format::Csv, Format::Parquet] {
        let path = |whose| folder.path().join(format!("{whose}.{format}"));
        let (ours, theirs) = (path("ours"), path("theirs"));
        let write = || match format {
            Format::Csv => write_csv(&theirs, &people),
            Format::Parquet => write_parquet(&theirs, &people),
            format => write_json(&theirs, &rows, format),
        };
        let batch = || {
            let _ = std::fs::remove_file(&ours);
            let _ = std::fs::remove_file(folder.path().join(format!("ours.{format}.schema.json")));
            let db = open(&ours, Durability::Fsync).unwrap();
            let all = records(0..RECORDS).unwrap();
            let time = timed(|| runtime.block_on(db.create_batch(all)).unwrap()).0;
            runtime.block_on(db.close()).unwrap();
            time
        };
        batch();
        write()?;
        if format == Format::Parquet {
            // Ours has checksums besides.
            let same = content(&runtime, &ours)? == content(&runtime, &theirs)?;
            ensure!(same, "{format}: both sides write the same records");
        } else {
            ensure!(std::fs::read(&ours)? == std::fs::read(&theirs)?, "{format}: both sides write the same bytes");
        }
        table.compare(format!("file: create_batch of {RECORDS}, {format}"), RECORDS, runs, batch, || {
            timed(|| write().unwrap()).0
        });
    }

    let path = folder.path().join("ours.json");
    let query = Query::parse("age > 50")?;
    let expected = people.iter().filter(|person| person.age > 50).count() as u64;
    table.compare(
        format!("file: open of {RECORDS} in JSON to the first answer / serde_json to values"),
        RECORDS,
        runs,
        || {
            timed(|| {
                let db = open(&path, Durability::Fsync).unwrap();
                assert_eq!(runtime.block_on(db.count(&query)).unwrap(), expected);
            })
            .0
        },
        || {
            timed(|| {
                let rows: Vec<Json> = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
                assert_eq!(rows.iter().filter(|row| row["age"].as_i64() > Some(50)).count() as u64, expected);
            })
            .0
        },
    );
    Ok(())
}
