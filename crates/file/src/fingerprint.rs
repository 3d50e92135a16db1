//! Telling whether a file is still the one that was read.

use std::fs::{File, Metadata};
use std::path::Path;
use std::time::UNIX_EPOCH;

use dataknobs_data_core::Result;
use serde::{Deserialize, Serialize};

/// Length, time of the last change and inode of a file. Another program that writes into the file
/// or replaces it changes one of the three.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Fingerprint {
    pub(crate) bytes: u64,
    #[serde(rename = "modified")]
    modified_nanoseconds: u64,
    inode: u64,
}

impl Fingerprint {
    /// The fingerprint of an open file.
    pub(crate) fn of_file(file: &File) -> Result<Self> {
        Ok(Self::of_metadata(&file.metadata()?))
    }

    /// The fingerprint of the file at a path; none when there is no file.
    pub(crate) fn of_path(path: &Path) -> Result<Option<Self>> {
        match std::fs::metadata(path) {
            Ok(metadata) => Ok(Some(Self::of_metadata(&metadata))),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Whether this is the same file, and shorter than it was.
    pub(crate) fn is_shorter_than(&self, before: &Fingerprint) -> bool {
        self.inode == before.inode && self.bytes < before.bytes
    }

    fn of_metadata(metadata: &Metadata) -> Self {
        let modified = metadata.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
        #[cfg(unix)]
        let inode = std::os::unix::fs::MetadataExt::ino(metadata);
        #[cfg(not(unix))]
        let inode = 0;
        Fingerprint {
            bytes: metadata.len(),
            modified_nanoseconds: modified.map_or(0, |time| u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)),
            inode,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_replaced_file_has_another_fingerprint() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        assert_eq!(Fingerprint::of_path(&path).unwrap(), None);
        std::fs::write(&path, "1").unwrap();
        let before = Fingerprint::of_path(&path).unwrap().unwrap();
        assert_eq!(Fingerprint::of_file(&File::open(&path).unwrap()).unwrap(), before);
        std::fs::write(folder.path().join("b"), "2").unwrap();
        std::fs::rename(folder.path().join("b"), &path).unwrap();
        assert_ne!(Fingerprint::of_path(&path).unwrap().unwrap(), before);
    }
}
