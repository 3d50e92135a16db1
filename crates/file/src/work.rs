//! What stores in this process are at with files, for those who show how far it is.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;

/// Work that takes no longer than a glance is not listed.
const LISTED_BYTES: u64 = 1 << 20;

static LISTED: Mutex<Vec<Arc<Listed>>> = Mutex::new(Vec::new());

/// What is done with a file.
///
/// ```
/// use dataknobs_data_file::WorkKind;
/// assert_ne!(WorkKind::Loading, WorkKind::Folding);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum WorkKind {
    /// It is read into memory, before its first write.
    Loading,
    /// Its journal is folded into it.
    Folding,
}

/// Long work on a file that a store in this process is at.
///
/// ```
/// use dataknobs_data_file::{WorkInProgress, work_in_progress};
/// let works: Vec<WorkInProgress> = work_in_progress();
/// for work in works {
///     println!("{}: {} of {}", work.path.display(), work.done, work.total);
/// }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct WorkInProgress {
    /// What is done.
    pub kind: WorkKind,
    /// The file.
    pub path: PathBuf,
    /// How much of it is done: bytes of the file when it is loaded, records when it is folded.
    pub done: u64,
    /// How much there is in all.
    pub total: u64,
}

/// The long works on files that stores in this process are at now, the oldest first.
///
/// ```
/// assert!(dataknobs_data_file::work_in_progress().is_empty());
/// ```
pub fn work_in_progress() -> Vec<WorkInProgress> {
    let of = |listed: &Arc<Listed>| WorkInProgress {
        kind: listed.kind,
        path: listed.path.clone(),
        done: listed.done.load(Ordering::Relaxed).min(listed.total),
        total: listed.total,
    };
    LISTED.lock().iter().map(of).collect()
}

#[derive(Debug)]
struct Listed {
    kind: WorkKind,
    path: PathBuf,
    done: AtomicU64,
    total: u64,
}

/// Work under way; listed until it is dropped.
#[derive(Debug)]
pub(crate) struct Work(Option<Arc<Listed>>);

impl Work {
    /// Begins work on a file of so many bytes, `total` of whatever is counted.
    pub(crate) fn begin(kind: WorkKind, path: &Path, bytes: u64, total: u64) -> Self {
        if bytes < LISTED_BYTES {
            return Work(None);
        }
        let listed = Arc::new(Listed { kind, path: path.to_owned(), done: AtomicU64::new(0), total });
        LISTED.lock().push(Arc::clone(&listed));
        Work(Some(listed))
    }

    /// So much is done now, from the beginning.
    pub(crate) fn reach(&self, done: u64) {
        if let Some(listed) = &self.0 {
            listed.done.store(done, Ordering::Relaxed);
        }
    }
}

impl Drop for Work {
    fn drop(&mut self) {
        if let Some(listed) = &self.0 {
            LISTED.lock().retain(|other| !Arc::ptr_eq(other, listed));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_is_listed_while_it_lasts_and_only_when_it_is_long() {
        let mine = |path: &str| work_in_progress().into_iter().find(|work| work.path == Path::new(path));
        let short = Work::begin(WorkKind::Folding, Path::new("short"), 10, 3);
        let long = Work::begin(WorkKind::Loading, Path::new("long"), 1 << 30, 7);
        long.reach(5);
        short.reach(2);
        let seen = mine("long").unwrap();
        assert_eq!((seen.kind, seen.done, seen.total), (WorkKind::Loading, 5, 7));
        assert_eq!(mine("short"), None);
        drop(long);
        assert_eq!(mine("long"), None);
    }
}
