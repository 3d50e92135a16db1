//! Every step that changes what is on disk goes through here, so that tests can let each of them
//! fail in turn.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// How a step fails.
#[doc(hidden)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Nothing is done, as on a full disk.
    NoSpace,
    /// Nothing is done, as on a broken one.
    Broken,
    /// A write stops half way; other steps are not done.
    Torn,
}

/// Counts the steps of a store and lets one of them fail, for tests.
#[doc(hidden)]
#[derive(Debug)]
pub struct Faults {
    fault: Fault,
    /// The number of the step that fails, from 0.
    at: u64,
    /// Whether every step after it fails too, as if the process had ended there.
    for_good: bool,
    taken: AtomicU64,
}

impl Faults {
    /// Lets one step fail, or all from there on.
    pub fn at(step: u64, fault: Fault, for_good: bool) -> Arc<Self> {
        Arc::new(Faults { fault, at: step, for_good, taken: AtomicU64::new(0) })
    }

    /// How many steps there were.
    pub fn steps(&self) -> u64 {
        self.taken.load(Ordering::SeqCst)
    }

    fn next(&self) -> Option<Fault> {
        let step = self.taken.fetch_add(1, Ordering::SeqCst);
        if step == self.at {
            return Some(self.fault);
        }
        (self.for_good && step > self.at).then_some(Fault::Broken)
    }
}

fn error_of(fault: Fault) -> io::Error {
    match fault {
        Fault::NoSpace => io::Error::from(io::ErrorKind::StorageFull),
        Fault::Broken | Fault::Torn => io::Error::other("input/output error"),
    }
}

/// The disk as a store sees it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Disk {
    pub(crate) faults: Option<Arc<Faults>>,
}

impl Disk {
    fn step(&self) -> io::Result<()> {
        match self.faults.as_ref().and_then(|faults| faults.next()) {
            Some(fault) => Err(error_of(fault)),
            None => Ok(()),
        }
    }

    /// Appends to a file, or writes where it stands.
    pub(crate) fn write(&self, mut file: &File, bytes: &[u8]) -> io::Result<()> {
        match self.faults.as_ref().and_then(|faults| faults.next()) {
            Some(Fault::Torn) => {
                file.write_all(&bytes[..bytes.len() / 2])?;
                Err(error_of(Fault::Torn))
            }
            Some(fault) => Err(error_of(fault)),
            None => file.write_all(bytes),
        }
    }

    /// Makes a file's content survive a power failure, and its length.
    pub(crate) fn sync(&self, file: &File) -> io::Result<()> {
        self.step()?;
        file.sync_data()
    }

    /// Makes everything about a file survive a power failure.
    pub(crate) fn sync_all(&self, file: &File) -> io::Result<()> {
        self.step()?;
        file.sync_all()
    }

    /// Makes the names in a folder survive a power failure.
    pub(crate) fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        self.step()?;
        #[cfg(unix)]
        File::open(folder)?.sync_all()?;
        #[cfg(not(unix))]
        let _ = folder;
        Ok(())
    }

    /// Puts a complete new file in the place of another.
    pub(crate) fn persist(&self, temporary: tempfile::NamedTempFile, target: &Path) -> io::Result<File> {
        self.step()?;
        temporary.persist(target).map_err(|error| error.error)
    }

    /// Cuts a file.
    pub(crate) fn cut(&self, file: &File, length: u64) -> io::Result<()> {
        self.step()?;
        file.set_len(length)
    }

    /// Takes a file away.
    pub(crate) fn remove(&self, path: &Path) -> io::Result<()> {
        self.step()?;
        std::fs::remove_file(path)
    }
}

/// A file that is written through the disk.
pub(crate) struct DiskWriter<'a> {
    pub(crate) disk: &'a Disk,
    pub(crate) file: &'a File,
}

impl Write for DiskWriter<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.disk.write(self.file, bytes).map(|()| bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_step_fails_or_all_from_there_on() {
        let folder = tempfile::tempdir().unwrap();
        let file = File::create(folder.path().join("a")).unwrap();
        let once = Disk { faults: Some(Faults::at(1, Fault::Torn, false)) };
        once.write(&file, b"one").unwrap();
        once.write(&file, b"twenty").unwrap_err();
        once.write(&file, b"!").unwrap();
        assert_eq!(std::fs::read(folder.path().join("a")).unwrap(), b"onetwe!");
        let dead = Disk { faults: Some(Faults::at(0, Fault::NoSpace, true)) };
        assert_eq!(dead.sync(&file).unwrap_err().kind(), io::ErrorKind::StorageFull);
        dead.remove(&folder.path().join("a")).unwrap_err();
        assert_eq!(dead.faults.unwrap().steps(), 2);
    }
}
