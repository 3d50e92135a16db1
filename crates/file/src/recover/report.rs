//! What recovery found, saved and lost.

use std::path::PathBuf;

use dataknobs_data_core::Error;
use serde::Serialize;

use crate::window::Place;

/// So many losses are listed one by one; all are counted.
const MAX_LISTED: usize = 1_000;

/// What [`recover`](crate::recover()) or [`reapply`](crate::reapply) found, saved and lost.
///
/// ```
/// use dataknobs_data_file::{FileConfig, recover};
/// # let folder = tempfile::tempdir()?;
/// # let (path, output) = (folder.path().join("a.jsonl"), folder.path().join("b.jsonl"));
/// std::fs::write(&path, "{\"_id\":\"a\",\"n\":1}\n{\"_id\":\"b\",\"n\"\n{\"_id\":\"c\",\"n\":3}\n")?;
/// let report = recover(&FileConfig::new(&path), &output)?;
/// assert_eq!((report.records, report.damaged_places, report.losses[0].line), (2, 1, Some(2)));
/// assert!(!report.is_whole());
/// # Ok::<(), dataknobs_data_core::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct RecoverReport {
    /// Records in the file that was written.
    pub records: u64,
    /// Commits of the journal that came on top of the file.
    pub commits: u64,
    /// Records that these commits created.
    pub created: u64,
    /// Records that they replaced.
    pub replaced: u64,
    /// Records that they deleted.
    pub deleted: u64,
    /// Places of file and journal that could not be read.
    pub damaged_places: u64,
    /// Rows that can be read and make no record: a cell that does not fit its column, no id.
    pub unfit_rows: u64,
    /// Rows whose id a row before had already.
    pub repeated_ids: u64,
    /// Bytes that were skipped for all of these.
    pub lost_bytes: u64,
    /// Bytes at the end of the journal of a write that nobody was told of. That is no loss.
    pub torn_bytes: u64,
    /// Whether the journal belongs to another state of the file than the one that is there.
    pub other_state: bool,
    /// The first 1,000 losses, in order.
    pub losses: Vec<Loss>,
    /// The file that was written; none when there was nothing to write.
    pub output: Option<PathBuf>,
}

/// Something that was not saved.
///
/// ```
/// use dataknobs_data_file::{FileConfig, LossKind, recover};
/// # let folder = tempfile::tempdir()?;
/// # let (path, output) = (folder.path().join("a.csv"), folder.path().join("b.csv"));
/// std::fs::write(&path, "id,n\na,1\na,2\nb,3,\nc,4\n")?;
/// let losses = recover(&FileConfig::new(&path), &output)?.losses;
/// assert_eq!((losses[0].kind, losses[0].line), (LossKind::RepeatedId, Some(3)));
/// assert_eq!((losses[1].kind, losses[1].line), (LossKind::Damage, Some(4)));
/// # Ok::<(), dataknobs_data_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Loss {
    /// The file, or its journal.
    pub path: PathBuf,
    /// What kind of loss.
    pub kind: LossKind,
    /// The line where it begins, from 1; none in a journal and in Parquet.
    pub line: Option<u64>,
    /// The byte in the line, from 1; none in a journal and in Parquet.
    pub column: Option<u64>,
    /// The byte where it begins, from 0; of the text, if the file is compressed. A row of Parquet has
    /// none of its own: 0.
    pub byte: u64,
    /// How many bytes were skipped.
    pub bytes: u64,
    /// What is wrong.
    pub reason: String,
}

/// Kinds of loss.
///
/// ```
/// use dataknobs_data_file::LossKind;
/// assert_eq!(serde_json::to_string(&LossKind::RepeatedId)?, "\"repeated_id\"");
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum LossKind {
    /// Bytes that cannot be read.
    Damage,
    /// A row that can be read and makes no record.
    UnfitRow,
    /// A row whose id a row before had already.
    RepeatedId,
}

impl RecoverReport {
    /// Whether nothing was lost.
    ///
    /// ```
    /// assert!(dataknobs_data_file::RecoverReport::default().is_whole());
    /// ```
    pub fn is_whole(&self) -> bool {
        self.damaged_places + self.unfit_rows + self.repeated_ids == 0
    }

    pub(super) fn lose(&mut self, kind: LossKind, path: &std::path::Path, place: At, bytes: u64, reason: &Error) {
        match kind {
            LossKind::Damage => self.damaged_places += 1,
            LossKind::UnfitRow => self.unfit_rows += 1,
            LossKind::RepeatedId => self.repeated_ids += 1,
        }
        self.lost_bytes += bytes;
        if self.losses.len() < MAX_LISTED {
            let (line, column, byte) = match place {
                At::Text(place) => (Some(place.line), Some(place.column), place.byte),
                At::Bytes(byte) => (None, None, byte),
            };
            let reason = sentence(reason);
            self.losses.push(Loss { path: path.to_owned(), kind, line, column, byte, bytes, reason });
        }
    }
}

/// Where a loss is.
#[derive(Debug, Clone, Copy)]
pub(super) enum At {
    Text(Place),
    /// Where there are no lines.
    Bytes(u64),
}

/// What an error says, without its place.
fn sentence(error: &Error) -> String {
    let mut text = error.message().to_owned();
    for (key, value) in error.context() {
        if !matches!(key, "line" | "column" | "byte" | "lines" | "path" | "expanded_bytes" | "delimiter") {
            text.push_str(&format!(", {key}: {value}"));
        }
    }
    text
}
