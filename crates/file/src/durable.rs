//! Waiting until commits are on disk, many with one sync.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use dataknobs_data_core::{Error, ErrorKind, Result};
use parking_lot::{Condvar, Mutex};

use crate::disk::Disk;

/// Which commits are on disk.
#[derive(Debug, Default)]
pub(crate) struct Durable {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    /// How many commits were written, and how many of them are known to be on disk.
    written: u64,
    synced: u64,
    /// Commits up to here may be lost: a sync failed.
    failed: u64,
    /// Where the commits are.
    file: Option<Arc<File>>,
    is_syncing: bool,
}

impl State {
    /// Whether a sync failed since the last time that all was on disk.
    fn is_doubtful(&self) -> bool {
        self.failed > self.synced
    }
}

impl Durable {
    /// Notes a commit; gives its number.
    pub(crate) fn written(&self, file: Arc<File>) -> u64 {
        let mut state = self.state.lock();
        state.written += 1;
        state.file = Some(file);
        state.written
    }

    /// All commits so far are on disk in another way.
    pub(crate) fn all_synced(&self) {
        let mut state = self.state.lock();
        state.synced = state.written;
        state.file = None;
        self.changed.notify_all();
    }

    /// Whether a sync failed since the last time that all was on disk.
    pub(crate) fn is_doubtful(&self) -> bool {
        self.state.lock().is_doubtful()
    }

    /// Waits until a commit is on disk. Whoever comes while nobody syncs does it for all.
    ///
    /// # Errors
    /// AmbiguousCommit when the disk does not say so.
    pub(crate) fn wait(&self, number: u64, disk: &Disk, path: &Path) -> Result<()> {
        let mut state = self.state.lock();
        loop {
            if state.synced >= number {
                return Ok(());
            }
            if state.is_doubtful() {
                // After a failed sync, a later one of the same file says nothing about what that lost.
                return Err(unconfirmed(path).with_hint("the next write puts everything into a new file"));
            }
            if state.is_syncing {
                self.changed.wait(&mut state);
                continue;
            }
            let Some(file) = state.file.clone() else { return Ok(()) };
            let upto = state.written;
            state.is_syncing = true;
            drop(state);
            let synced = disk.sync(&file);
            state = self.state.lock();
            state.is_syncing = false;
            match synced {
                Ok(()) => state.synced = state.synced.max(upto),
                Err(_) => state.failed = state.failed.max(upto),
            }
            self.changed.notify_all();
        }
    }
}

/// The error for a write of which nobody knows whether it is on disk.
pub(crate) fn unconfirmed(path: &Path) -> Error {
    Error::new(
        ErrorKind::AmbiguousCommit,
        "the disk did not confirm the write: it is there now, and a power failure may take it away",
    )
    .with_context("path", path.display())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::disk::{Fault, Faults};

    #[test]
    fn a_failed_sync_fails_every_commit_that_waited_for_it() {
        let file = Arc::new(tempfile::tempfile().unwrap());
        let disk = Disk { faults: Some(Faults::at(1, Fault::Broken, false)) };
        let durable = Durable::default();
        let path = Path::new("a.json");
        let first = durable.written(Arc::clone(&file));
        durable.wait(first, &disk, path).unwrap();
        let (second, third) = (durable.written(Arc::clone(&file)), durable.written(Arc::clone(&file)));
        assert_eq!(durable.wait(third, &disk, path).unwrap_err().kind(), ErrorKind::AmbiguousCommit);
        assert_eq!(durable.wait(second, &disk, path).unwrap_err().kind(), ErrorKind::AmbiguousCommit);
        let fourth = durable.written(Arc::clone(&file));
        let error = durable.wait(fourth, &disk, path).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::AmbiguousCommit, "a later sync proves nothing");
        assert!(durable.is_doubtful());
        durable.all_synced();
        assert!(!durable.is_doubtful());
        durable.wait(third, &disk, path).unwrap();
    }

    #[test]
    fn many_commits_need_few_syncs() {
        let file = Arc::new(tempfile::tempfile().unwrap());
        let faults = Faults::at(u64::MAX, Fault::Broken, false);
        let disk = Disk { faults: Some(Arc::clone(&faults)) };
        let durable = Durable::default();
        let numbers: Vec<u64> = (0..50).map(|_| durable.written(Arc::clone(&file))).collect();
        std::thread::scope(|threads| {
            for number in numbers {
                let (durable, disk) = (&durable, &disk);
                threads.spawn(move || durable.wait(number, disk, Path::new("a")).unwrap());
            }
        });
        assert_eq!(faults.steps(), 1);
    }
}
