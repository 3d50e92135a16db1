//! Arbitrary bytes as the file of a file store.

use std::fs;
use std::io::Write as _;
use std::sync::{Arc, LazyLock};

use dataknobs_data_core::{Database, ErrorKind, Query, Record, Result};
use dataknobs_data_file::{Compression, Durability, FileBackend, FileConfig, Format, journal_of, replay_journal};
use tokio::runtime::{Builder, Runtime};

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Builder::new_current_thread().build().expect("a runtime"));

/// Inputs are small; what expands further is a bomb.
const MAX_EXPANDED_BYTES: u64 = 16 * 1024 * 1024;

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
        // No writer ends a commit with a zero: that is how blocks that were never written are told.
        let without_zeros = |commit: &'_ [u8]| commit.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
        let commits = commits.split(|byte| *byte == b'\n').map(|commit| &commit[..without_zeros(commit)]);
        let commits: Vec<&[u8]> = commits.collect();
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

/// A compressed file of JSON lines or CSV. The first byte says how: bit 0 gzip or zstd, bit 1 the
/// format, bit 2 whether the rest is compressed here first. Then, with bit 3, a bit of what comes out
/// is flipped, at a place that the next two bytes say.
pub fn read_compressed(bytes: &[u8]) {
    let [how, low, high, rest @ ..] = bytes else { return };
    let compression = if how & 1 == 0 { Compression::Gzip } else { Compression::Zstd };
    let format = if how & 2 == 0 { Format::JsonLines } else { Format::Csv };
    let is_made_here = how & 4 != 0;
    let mut content = if is_made_here { compressed(rest, compression) } else { rest.to_vec() };
    if how & 8 != 0 && !content.is_empty() {
        let place = usize::from(u16::from_le_bytes([*low, *high])) % (content.len() * 8);
        content[place / 8] ^= 1 << (place % 8);
    }
    read_as(&content, format, compression);
}

fn compressed(text: &[u8], compression: Compression) -> Vec<u8> {
    match compression {
        Compression::Gzip => {
            let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            encoder.write_all(text).expect("memory takes it");
            encoder.finish().expect("memory takes it")
        }
        _ => {
            let mut encoder = zstd::Encoder::new(Vec::new(), 1).expect("an encoder");
            encoder.include_checksum(true).expect("a checksum");
            encoder.write_all(text).expect("memory takes it");
            encoder.finish().expect("memory takes it")
        }
    }
}

fn read(bytes: &[u8], format: Format) {
    read_as(bytes, format, Compression::None);
}

/// Opens and scans the file, in blocks too. When that goes well, one more record is created, which rewrites the
/// file, and all of them are still there; when that is refused, the file is as it was.
fn read_as(bytes: &[u8], format: Format, compression: Compression) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("file");
    fs::write(&path, bytes).expect("a file");
    let config = || {
        let mut config = FileConfig::new(&path).with_format(format).with_compression(compression);
        config.durability = Durability::Buffered;
        config.max_expanded_bytes = MAX_EXPANDED_BYTES;
        config
    };
    let open = || Database::from_backend(Arc::new(FileBackend::new(config()).expect("good settings")));
    RUNTIME.block_on(async {
        let found = scan(&open()).await;
        let in_blocks = Database::from_backend(Arc::new(FileBackend::with_blocks_of(config(), 64).expect("settings")));
        match (&found, scan(&in_blocks).await) {
            (Ok(one), Ok(blocks)) => assert_eq!(*one, blocks),
            (Err(one), Err(blocks)) => assert_eq!(format!("{one:?}"), format!("{blocks:?}")),
            (one, blocks) => panic!("one by one {one:?}, in blocks {blocks:?}"),
        }
        let before = match found {
            Ok(records) => records,
            Err(error) => {
                let kind = error.kind();
                let is_other = compression != Compression::None && kind == ErrorKind::InvalidConfig;
                let is_expected = matches!(kind, ErrorKind::Corrupt | ErrorKind::InvalidRecord) || is_other;
                assert!(is_expected, "{error:?}");
                assert_eq!(fs::read(&path).expect("the file is there"), bytes);
                return;
            }
        };
        let database = open();
        let created = match database.create(Record::new()).await {
            Ok(id) => id,
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::InvalidRecord, "{error:?}");
                assert_eq!(fs::read(&path).expect("the file is there"), bytes);
                return;
            }
        };
        database.close().await.expect("it closes");
        let after = scan(&open()).await.unwrap_or_else(|error| {
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

async fn scan(database: &Database) -> Result<Vec<Record>> {
    let found = database.search(&Query::new()).await?;
    assert_eq!(database.count(&Query::new()).await?, found.len() as u64);
    Ok(found.into_records())
}
