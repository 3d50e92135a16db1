//! Saving what is readable of a damaged file and its journal.
//!
//! - `text.rs` what a file expands to; `json.rs` and `csv.rs` the rows of a damaged text
//! - `base.rs` the records that the rows make; `parquet.rs` those of a Parquet file
//! - `journal_bytes.rs` journals out of bytes, for the fuzz targets
//! - `reapply.rs` putting a journal on top of another state of its file
//! - `report.rs` what was found, saved and lost

mod base;
mod csv;
mod journal_bytes;
mod json;
mod parquet;
mod reapply;
mod report;
mod text;

use std::fs::File;
use std::io::Read as _;
use std::path::Path;
use std::time::Duration;

use dataknobs_data_core::memory::Table;
use dataknobs_data_core::{Error, ErrorKind, Result};

use crate::compression::Compression;
use crate::config::FileConfig;
use crate::disk::Disk;
use crate::fingerprint::Fingerprint;
use crate::format::Format;
use crate::format::csv::{CsvLayout, sidecar_path};
use crate::journal::salvage::{Salvage, salvage};
use crate::journal::{Change, journal_path};
use crate::source::{Layout, Source};
use crate::store::{Resident, Store, TRIES};
pub use journal_bytes::{journal_of, replay_journal};
pub use reapply::reapply;
use report::At;
pub use report::{Loss, LossKind, RecoverReport};

/// Saves what is readable of a file and its journal into a new file, and reports what was lost.
/// The damaged file and its journal stay as they are.
///
/// The new file has the format and compression that its extension says, else those of the old one.
/// When neither file nor journal holds anything to recover, or nothing can be read, none is written.
///
/// ```
/// use dataknobs_data_file::{FileConfig, recover};
/// # let folder = tempfile::tempdir()?;
/// # let (path, output) = (folder.path().join("a.json"), folder.path().join("b.json"));
/// std::fs::write(&path, "[{\"_id\":\"a\",\"n\":1},\n{\"_id\":\"b\",\"n\":2")?;
/// let report = recover(&FileConfig::new(&path), &output)?;
/// assert_eq!(report.records, 1);
/// assert_eq!(report.losses[0].reason, "it ends in the middle of an object");
/// assert_eq!(std::fs::read_to_string(&output)?, "[\n{\"_id\":\"a\",\"n\":1}\n]\n");
/// # Ok::<(), dataknobs_data_core::Error>(())
/// ```
///
/// # Errors
/// [`NotFound`](ErrorKind::NotFound) when there is neither file nor journal,
/// [`AlreadyExists`](ErrorKind::AlreadyExists) when the new file, its journal or its descriptor is
/// there, [`Conflict`](ErrorKind::Conflict) while another program writes,
/// [`Corrupt`](ErrorKind::Corrupt) when nothing tells what the columns of a CSV file are.
pub fn recover(config: &FileConfig, output: &Path) -> Result<RecoverReport> {
    let source = Source::new(config.clone())?;
    let target = Source::new(output_config(config, &source, output))?;
    refuse_existing(&target)?;
    let found = Found::read(&source)?;
    let mut report = RecoverReport::default();
    let journal_bytes = found.journal.as_deref().unwrap_or_default();
    let journal = salvage(journal_bytes, found.base.as_ref());
    report_journal(&mut report, &journal, &journal_path(source.given_path()));
    report.other_state = match &journal.header {
        Some(header) => !journal.commits.is_empty() && found.base != Some(header.base) && !journal.is_folded,
        None => false,
    };
    let damage_before = report.damaged_places;
    let mut resident = match found.file {
        Some(bytes) => base::records(&source, bytes, &journal, &mut report)?,
        None => empty(base::layout_of_missing(&source, &journal)),
    };
    // A cut within a row shows by itself.
    if let (Some(reason), Some(now)) = (found.cut_off, found.base)
        && report.damaged_places == damage_before
    {
        let written = reason.context_value("bytes_written").and_then(|bytes| bytes.parse().ok()).unwrap_or(now.bytes);
        report.lose(LossKind::Damage, source.given_path(), At::Bytes(now.bytes), written - now.bytes, &reason);
    }
    let is_needed = !report.is_whole() || !journal.commits.is_empty();
    for commit in journal.commits {
        apply(&mut resident, commit, &mut report)?;
    }
    report.records = resident.table.len() as u64;
    if is_needed && (report.records > 0 || report.commits > 0) {
        write(target, resident)?;
        report.output = Some(output.to_owned());
    }
    Ok(report)
}

/// File and journal at one moment.
struct Found {
    base: Option<Fingerprint>,
    file: Option<Vec<u8>>,
    journal: Option<Vec<u8>>,
    /// What is wrong with a file that looks whole.
    cut_off: Option<Error>,
}

impl Found {
    fn read(source: &Source) -> Result<Self> {
        let path = journal_path(&source.path);
        for tries in 0..TRIES {
            let (file, base, cut_off) = match source.open()? {
                Some((mut file, fingerprint)) => {
                    let cut_off = source.cut_off(&file, &fingerprint).map_err(|error| source.place(error))?;
                    let mut bytes = Vec::new();
                    file.read_to_end(&mut bytes).map_err(|error| source.place(error.into()))?;
                    (Some(bytes), Some(fingerprint), cut_off)
                }
                None => (None, None, None),
            };
            let journal = match std::fs::read(&path) {
                Ok(bytes) => Some(bytes),
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
                Err(error) => return Err(Error::from(error).with_context("path", path.display())),
            };
            if Fingerprint::of_path(&source.path).map_err(|error| source.place(error))? == base {
                if file.is_none() && journal.is_none() {
                    return Err(crate::reader::missing(source));
                }
                return Ok(Found { base, file, journal, cut_off });
            }
            crate::lock::pause(Duration::from_millis(2 << tries));
        }
        let error = Error::new(ErrorKind::Conflict, "another program changed the file while it was read");
        Err(source.place(error).with_hint("recover it once the other program is done"))
    }
}

fn empty(layout: Layout) -> Resident {
    Resident { base: None, layout, table: Table::new(), greatest: 0, position: None, commits: 0 }
}

fn report_journal(report: &mut RecoverReport, journal: &Salvage, path: &Path) {
    report.torn_bytes = journal.torn_bytes;
    for gap in &journal.gaps {
        report.lose(LossKind::Damage, path, At::Bytes(gap.byte), gap.bytes, &gap.reason);
    }
}

/// Applies a commit and counts what it does.
fn apply(resident: &mut Resident, commit: Vec<Change>, report: &mut RecoverReport) -> Result<()> {
    report.commits += 1;
    for change in commit {
        count(resident, &change, report);
        resident.replay(change)?;
    }
    Ok(())
}

fn count(resident: &Resident, change: &Change, report: &mut RecoverReport) {
    let has = |id: Option<&str>| id.is_some_and(|id| resident.table.get(id).is_some());
    match change {
        Change::Create(record) | Change::Replace(record) => match has(record.id().map(|id| id.as_str())) {
            true => report.replaced += 1,
            false => report.created += 1,
        },
        Change::Delete(id) => report.deleted += u64::from(has(Some(id.as_str()))),
        Change::Clear => report.deleted += resident.table.len() as u64,
        Change::Folded(_) => {}
    }
}

/// The settings of the new file.
fn output_config(config: &FileConfig, source: &Source, output: &Path) -> FileConfig {
    let mut target = config.clone();
    target.path = output.to_owned();
    target.format = Some(Format::of_path(output).unwrap_or(source.format));
    target.compression = Some(match Compression::of_path(output) {
        Compression::None if Format::of_path(output).is_none() => source.compression,
        named => named,
    });
    if !target.format.is_some_and(Format::is_delimited) {
        target.delimiter = None;
        target.null_values.clear();
    }
    target
}

fn refuse_existing(target: &Source) -> Result<()> {
    let mut paths = vec![target.path.clone(), journal_path(&target.path)];
    if target.format.is_delimited() {
        paths.push(sidecar_path(&target.path));
    }
    match paths.iter().find(|path| path.symlink_metadata().is_ok()) {
        Some(path) => Err(already_there(path)),
        None => Ok(()),
    }
}

fn already_there(path: &Path) -> Error {
    Error::new(ErrorKind::AlreadyExists, "recovery writes a new file, and this one is there already")
        .with_context("path", path.display())
        .with_hint("name another file with `--output`")
}

/// Writes the records into a file that is not there yet.
fn write(target: Source, mut resident: Resident) -> Result<()> {
    let path = target.path.clone();
    // Whoever else makes a file of this name now is too late, and so is this where they were first.
    let reserved = File::create_new(&path).map_err(|error| match error.kind() {
        std::io::ErrorKind::AlreadyExists => already_there(&path),
        _ => target.place(error.into()),
    })?;
    let fingerprint = Fingerprint::of_file(&reserved)?;
    resident.base = Some(fingerprint);
    resident.layout.csv = match (resident.layout.csv.take(), target.format.is_delimited()) {
        (_, false) => None,
        (Some(csv), true) => {
            let mut csv = CsvLayout::clone(&csv);
            let new = target.layout_of_new();
            csv.delimiter = match (target.config.delimiter, new.csv) {
                (None, Some(new)) if target.format == Format::Tsv => new.delimiter,
                (Some(delimiter), _) => delimiter as u8,
                _ => csv.delimiter,
            };
            Some(csv.into())
        }
        (None, true) => target.layout_of_new().csv,
    };
    let written = Store::new(target, Disk::default()).rewrite(|| Ok(Some(resident)));
    if written.is_err() && Fingerprint::of_path(&path).ok().flatten() == Some(fingerprint) {
        // It is the empty one.
        let _ = std::fs::remove_file(&path);
    }
    written.map(drop)
}
