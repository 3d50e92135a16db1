//! The lock file beside a file, by which processes take turns in writing.
//!
//! It is never removed: a lock on a file that someone else removes would protect nothing. It holds
//! the fingerprint of the file that this library wrote last, so that a change made by one of us is
//! told from a change made by another program.

use std::fs::{File, TryLockError};
use std::io::{Read, Seek};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use dataknobs_data_core::{Error, ErrorKind, Result};
use serde::{Deserialize, Serialize};

use crate::fingerprint::Fingerprint;
use crate::journal::log::inode_of;
use crate::prefix::Prefixes;
use crate::replace::create_beside;

/// The longest pause between two tries.
const PAUSE: Duration = Duration::from_millis(1);

/// More is no note of ours.
const MAX_NOTE: u64 = 1 << 20;

/// What the lock file says.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Note {
    /// The file that this library wrote last.
    pub(crate) file: Option<Fingerprint>,
    /// How it began, where a file that is cut off may look whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) prefixes: Option<Prefixes>,
}

/// The lock file of one file, as one store has it.
#[derive(Debug)]
pub(crate) struct LockFile {
    path: PathBuf,
    base: PathBuf,
    file: Option<File>,
    held: bool,
    process: u32,
}

/// Where the lock file of a file stands.
pub(crate) fn lock_path(file: &Path) -> PathBuf {
    let mut name = std::ffi::OsString::from(".");
    name.push(file.file_name().unwrap_or_default());
    name.push(".lock");
    file.with_file_name(name)
}

impl LockFile {
    pub(crate) fn new(base: &Path) -> Self {
        let process = std::process::id();
        LockFile { path: lock_path(base), base: base.to_owned(), file: None, held: false, process }
    }

    pub(crate) fn is_held(&self) -> bool {
        self.held
    }

    /// Waits for the lock.
    ///
    /// # Errors
    /// Timeout, which names the file; Cancelled when nobody waits for the answer any more.
    pub(crate) fn acquire(&mut self, patience: Duration, is_wanted: impl Fn() -> bool) -> Result<()> {
        let place = |error: std::io::Error, path: &Path| Error::from(error).with_context("path", path.display());
        let begun = Instant::now();
        let mut time = Duration::from_micros(50);
        loop {
            if self.file.is_none() {
                self.file = Some(create_beside(&self.path, &self.base)?);
            }
            let Some(file) = &self.file else { continue };
            match file.try_lock() {
                Ok(()) => {
                    // Someone may have removed the file, and another store have made and locked a new one.
                    let own = file.metadata().map_err(|error| place(error, &self.path))?;
                    let there = std::fs::metadata(&self.path).ok();
                    if there.is_some_and(|there| inode_of(&there) == inode_of(&own)) {
                        self.held = true;
                        return Ok(());
                    }
                    self.file = None;
                }
                Err(TryLockError::WouldBlock) => {
                    if begun.elapsed() >= patience {
                        return Err(self.too_long(patience));
                    }
                    if !is_wanted() {
                        return Err(Error::new(
                            ErrorKind::Cancelled,
                            "the call was given up before it changed anything",
                        ));
                    }
                    pause(time);
                    time = (time * 3 / 2).min(PAUSE);
                }
                Err(TryLockError::Error(error)) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(TryLockError::Error(error)) => return Err(place(error, &self.path)),
            }
        }
    }

    fn too_long(&self, patience: Duration) -> Error {
        Error::new(ErrorKind::Timeout, "another process holds the file's lock")
            .with_context("path", self.base.display())
            .with_context("lock", self.path.display())
            .with_context("lock_timeout", format!("{patience:?}"))
            .with_hint("wait until the other process is done, or raise `lock_timeout`")
    }

    /// Lets others write.
    pub(crate) fn release(&mut self) {
        if self.held {
            self.held = false;
            // A failure leaves the lock to the end of the file handle.
            if self.file.as_ref().is_some_and(|file| file.unlock().is_err()) {
                self.file = None;
            }
        }
    }

    /// What this library wrote last, as far as anyone noted it.
    pub(crate) fn note(&self) -> Note {
        read_note(&self.path)
    }

    /// Notes what was written. Nothing depends on it but how a later change is explained.
    pub(crate) fn set_note(&self, note: &Note) {
        use std::io::Write as _;
        let Some(mut file) = self.file.as_ref() else { return };
        if let Ok(bytes) = serde_json::to_vec(note) {
            let _ = file.set_len(0).and_then(|()| file.rewind()).and_then(|()| file.write_all(&bytes));
        }
    }
}

impl Drop for LockFile {
    fn drop(&mut self) {
        // In a forked child this would take the lock from the parent.
        if self.process == std::process::id() {
            self.release();
        }
    }
}

/// What this library wrote last into a file, as far as anyone noted it.
pub(crate) fn note_of(base: &Path) -> Note {
    read_note(&lock_path(base))
}

fn read_note(path: &Path) -> Note {
    let read = || -> Option<Note> {
        let file = File::open(path).ok()?;
        let mut bytes = Vec::new();
        file.take(MAX_NOTE).read_to_end(&mut bytes).ok()?;
        serde_json::from_slice(&bytes).ok()
    };
    read().unwrap_or_default()
}

/// Waits, in a thread that may block, for what another process does and gives no sign of.
pub(crate) fn pause(time: Duration) {
    let mutex = parking_lot::Mutex::new(());
    parking_lot::Condvar::new().wait_for(&mut mutex.lock(), time);
}

/// Whether some store holds the lock of a file now.
pub(crate) fn is_locked(base: &Path) -> bool {
    match File::open(lock_path(base)) {
        Ok(file) => matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock)),
        Err(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_holds_it_and_the_other_waits_for_so_long() {
        let folder = tempfile::tempdir().unwrap();
        let base = folder.path().join("a.json");
        let (mut one, mut other) = (LockFile::new(&base), LockFile::new(&base));
        one.acquire(Duration::ZERO, || true).unwrap();
        assert!(is_locked(&base));
        let error = other.acquire(Duration::from_millis(5), || true).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Timeout);
        assert!(error.context_value("path").unwrap().ends_with("a.json"));
        assert_eq!(other.acquire(Duration::from_secs(5), || false).unwrap_err().kind(), ErrorKind::Cancelled);
        one.release();
        other.acquire(Duration::ZERO, || true).unwrap();
        drop(other);
        assert!(!is_locked(&base));
    }

    #[test]
    fn a_removed_lock_file_protects_nothing_and_is_made_anew() {
        let folder = tempfile::tempdir().unwrap();
        let base = folder.path().join("a.json");
        let (mut one, mut other) = (LockFile::new(&base), LockFile::new(&base));
        one.acquire(Duration::ZERO, || true).unwrap();
        one.release();
        std::fs::remove_file(lock_path(&base)).unwrap();
        other.acquire(Duration::ZERO, || true).unwrap();
        assert_eq!(one.acquire(Duration::ZERO, || true).unwrap_err().kind(), ErrorKind::Timeout);
    }
}
