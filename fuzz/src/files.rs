//! Arbitrary bytes as the file of a file store.

use std::fs;
use std::path::Path;
use std::sync::{Arc, LazyLock};

use dataknobs_data_core::{Database, ErrorKind, Query, Record, Result};
use dataknobs_data_file::{Durability, FileBackend, FileConfig, Format, journal_of, replay_journal};
use tokio::runtime::{Builder, Runtime};

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Builder::new_current_thread().build().expect("a runtime"));

/// A JSON array of objects.
pub fn read_json(bytes: &[u8]) {
    read(bytes, Format::Json);
}

/// JSON lines.
pub fn read_jsonl(bytes: &[u8]) {
    read(bytes, Format::JsonLines);
}

/// CSV; with a first byte that no header begins with, TSV.
pub fn read_csv(bytes: &[u8]) {
    match bytes.split_first() {
        Some((0, rest)) => read(rest, Format::Tsv),
        _ => read(bytes, Format::Csv),
    }
}

/// A journal; with a first byte 0 its commits, one a line, and with 1 and a place these with a bit
/// flipped there. What a store reads as whole recovery finds no damage in, and the other way round.
pub fn read_journal(bytes: &[u8]) {
    let sealed = |commits: &[u8]| {
        let commits: Vec<&[u8]> = commits.split(|byte| *byte == b'\n').collect();
        journal_of(&commits).expect("a journal")
    };
    let journal = match bytes {
        [0, commits @ ..] => sealed(commits),
        [1, low, high, commits @ ..] => {
            let mut journal = sealed(commits);
            let place = usize::from(u16::from_le_bytes([*low, *high])) % (journal.len() * 8);
            journal[place / 8] ^= 1 << (place % 8);
            journal
        }
        other => other.to_vec(),
    };
    let (_, gaps) = replay_journal(&journal).unwrap_or_else(|error| panic!("{error:?}"));
    // Checksums find every single flipped bit.
    assert!(gaps > 0 || bytes.first() != Some(&1) || bytes.len() < 3, "a flipped bit was not noticed");
}

/// A Parquet file.
pub fn read_parquet(bytes: &[u8]) {
    read(bytes, Format::Parquet);
}

/// Opens and scans the file. When that goes well, one more record is created, which rewrites the
/// file, and all of them are still there; when that is refused, the file is as it was.
fn read(bytes: &[u8], format: Format) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("file");
    fs::write(&path, bytes).expect("a file");
    RUNTIME.block_on(async {
        let before = match scan(&open(&path, format)).await {
            Ok(records) => records,
            Err(error) => {
                let kind = error.kind();
                assert!(matches!(kind, ErrorKind::Corrupt | ErrorKind::InvalidRecord), "{error:?}");
                assert_eq!(fs::read(&path).expect("the file is there"), bytes);
                return;
            }
        };
        let database = open(&path, format);
        let created = match database.create(Record::new()).await {
            Ok(id) => id,
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::InvalidRecord, "{error:?}");
                assert_eq!(fs::read(&path).expect("the file is there"), bytes);
                return;
            }
        };
        database.close().await.expect("it closes");
        let after = scan(&open(&path, format)).await.unwrap_or_else(|error| {
            panic!("{error:?}\n{}", String::from_utf8_lossy(&fs::read(&path).unwrap_or_default()))
        });
        let ids = |records: &[Record]| records.iter().map(|record| record.id().cloned()).collect::<Vec<_>>();
        let mut wanted = ids(&before);
        wanted.push(Some(created));
        assert_eq!(ids(&after), wanted);
        for (before, after) in before.iter().zip(&after) {
            assert_eq!(before, after);
        }
    });
}

fn open(path: &Path, format: Format) -> Database {
    let mut config = FileConfig::new(path).with_format(format);
    config.durability = Durability::Buffered;
    Database::from_backend(Arc::new(FileBackend::new(config).expect("good settings")))
}

async fn scan(database: &Database) -> Result<Vec<Record>> {
    let found = database.search(&Query::new()).await?;
    assert_eq!(database.count(&Query::new()).await?, found.len() as u64);
    Ok(found.into_records())
}
