//! Putting a journal on top of another state of its file.

use dataknobs_data_core::{Error, ErrorKind, Result};

use super::count;
use super::report::RecoverReport;
use crate::config::FileConfig;
use crate::disk::Disk;
use crate::journal::log::{self, Relation};
use crate::journal::{HeaderKey, Log};
use crate::key::{Key, KeySource};
use crate::reader::RecordReader;
use crate::source::{Layout, Source};
use crate::store::{Opened, Resident, Store, header_key, key_of_header};

/// Puts the commits of a file's journal on top of the file as it is now, although another program
/// changed it meanwhile or took it away. The file is replaced as a whole, under its lock; then the
/// journal is removed. Records that both changed are as the journal has them.
///
/// ```
/// use dataknobs_data_file::{FileConfig, reapply};
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("a.jsonl");
/// std::fs::write(&path, "{\"_id\":\"a\",\"n\":1}\n")?;
/// let report = reapply(&FileConfig::new(&path))?;
/// assert_eq!((report.commits, report.output), (0, None)); // there is no journal
/// # Ok::<(), dataknobs_data_core::Error>(())
/// ```
///
/// # Errors
/// [`Corrupt`](ErrorKind::Corrupt) when journal or file is damaged,
/// [`Conflict`](ErrorKind::Conflict) when their ids are not of the same kind,
/// [`NotFound`](ErrorKind::NotFound) when there is neither, [`Timeout`](ErrorKind::Timeout) when
/// another process keeps the lock.
pub fn reapply(config: &FileConfig) -> Result<RecoverReport> {
    let source = Source::new(config.clone())?;
    let store = Store::new(source, Disk::default());
    let mut report = RecoverReport::default();
    if std::fs::metadata(&store.journal).is_err() {
        let is_there = store.fingerprint()?.is_some();
        return if is_there { Ok(report) } else { Err(crate::reader::missing(&store.source)) };
    }
    let written = store.rewrite(|| {
        let now = store.fingerprint()?;
        let log = match log::read(&store.journal, now.as_ref()).map_err(damaged)? {
            Relation::None => return Ok(None),
            Relation::OnTop(log) if log.commits == 0 => return Ok(None),
            Relation::OnTop(log) => log,
            Relation::Other(log) => {
                report.other_state = true;
                log
            }
        };
        let mut resident = base(&store, &log, report.other_state)?;
        log.each(|change| {
            count(&resident, &change, &mut report);
            resident.replay(change)
        })?;
        report.commits = log.commits;
        report.torn_bytes = log.torn_bytes();
        report.records = resident.table.len() as u64;
        resident.position = Some(log.end);
        Ok(Some(resident))
    })?;
    if !written {
        return Ok(report);
    }
    // With a file before, a journal that stays says of itself that all of it is in the file.
    match std::fs::remove_file(&store.journal) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            return Err(Error::from(error).with_context("path", store.journal.display()));
        }
        _ => {}
    }
    report.output = Some(config.path.clone());
    Ok(report)
}

/// The file as it is now, in memory.
fn base(store: &Store, log: &Log, is_other: bool) -> Result<Resident> {
    let source = &store.source;
    let header = log.header.as_ref().map(|header| &header.key);
    let Some((file, fingerprint)) = source.open()? else {
        let mut layout = source.layout_of_new();
        if let Some(key) = header.and_then(key_of_header) {
            layout.key = key;
        }
        return store.load(Opened { reader: None, layout, log: None });
    };
    let layout = source.discover_file(&file, &fingerprint)?;
    let key = common_key(&layout.key, header).filter(|key| !is_other || key.source != KeySource::Ordinal);
    let Some(key) = key else {
        return Err(match layout.key.source {
            KeySource::Ordinal => by_number(store),
            _ => store.other_key(),
        });
    };
    let layout = Layout { key, ..layout };
    let reader = RecordReader::of_file(std::sync::Arc::clone(source), file, fingerprint, layout.clone())?;
    store.load(Opened { reader: Some(reader), layout, log: None })
}

/// The key that holds the ids of file and journal; none when they are not of the same kind.
fn common_key(file: &Key, journal: Option<&HeaderKey>) -> Option<Key> {
    let Some(journal) = journal else { return Some(file.clone()) };
    if header_key(file) == *journal {
        return Some(file.clone());
    }
    let other = key_of_header(journal)?;
    // Texts hold any id.
    let field_type = dataknobs_data_core::FieldType::String;
    (other.once_written().source == file.source).then(|| match other.field_type == file.field_type {
        true => file.clone(),
        false => Key { field_type, ..file.clone() },
    })
}

fn by_number(store: &Store) -> Error {
    let message = "the ids are numbers of rows, which may be other rows now";
    store
        .source
        .place(Error::new(ErrorKind::Conflict, message))
        .with_context("journal", store.journal.display())
        .with_hint("`dk recover --output` writes both together into a new file, to be looked at")
}

fn damaged(error: Error) -> Error {
    match error.kind() {
        ErrorKind::Corrupt => error.with_hint("`dk recover` without --reapply saves what is readable into a new file"),
        _ => error,
    }
}
