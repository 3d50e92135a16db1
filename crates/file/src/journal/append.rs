//! Writing a journal.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use dataknobs_data_core::{Error, Result};

use super::frame::{self, Header};
use super::log::{Position, inode_of};
use crate::disk::Disk;
use crate::replace::{create_beside, folder_of};

/// An open journal, at its end.
#[derive(Debug)]
pub(crate) struct Appender {
    file: Arc<File>,
    position: Position,
    /// Whether the name of the file may still be lost with the power.
    is_new: bool,
}

impl Appender {
    /// Opens a journal behind what was read of it, or makes one.
    ///
    /// # Errors
    /// Io or Auth.
    pub(crate) fn open(path: &Path, base: &Path, disk: &Disk, read: Option<Position>, header: &Header) -> Result<Self> {
        let place = |error: std::io::Error| Error::from(error).with_context("path", path.display());
        if let Some(position) = read {
            let file = File::options().append(true).open(path).map_err(place)?;
            let appender = Appender { file: Arc::new(file), position, is_new: false };
            return Ok(appender);
        }
        // What stands there now, if anything, is a header that nobody finished.
        let file = create_beside(path, base)?;
        let header = header.encode()?;
        disk.cut(&file, 0).map_err(place)?;
        disk.write(&file, &header).map_err(place)?;
        let metadata = file.metadata().map_err(place)?;
        let end = header.len() as u64;
        let position = Position { inode: inode_of(&metadata), end, number: 0, length: end };
        Ok(Appender { file: Arc::new(file), position, is_new: true })
    }

    /// Takes away what a writer left unfinished, whether this one or another.
    pub(crate) fn mend(&mut self, disk: &Disk) -> std::io::Result<()> {
        if self.position.length != self.position.end {
            disk.cut(&self.file, self.position.end)?;
            self.position.length = self.position.end;
        }
        Ok(())
    }

    /// Appends a commit; `frame` is a prefix to fill in and the payload. If it fails, the journal is
    /// as before, or the next write mends it.
    pub(crate) fn append(&mut self, disk: &Disk, frame: &mut [u8]) -> std::io::Result<()> {
        self.mend(disk)?;
        let number = self.position.number.wrapping_add(1);
        frame::seal(frame, number);
        if let Err(error) = disk.write(&self.file, frame) {
            self.position.length = u64::MAX;
            let _ = self.mend(disk);
            return Err(error);
        }
        self.position.number = number;
        self.position.end += frame.len() as u64;
        self.position.length = self.position.end;
        Ok(())
    }

    pub(crate) fn position(&self) -> Position {
        self.position
    }

    pub(crate) fn file(&self) -> Arc<File> {
        Arc::clone(&self.file)
    }

    /// Makes the journal's name survive a power failure, once.
    pub(crate) fn sync_name(&mut self, path: &Path, disk: &Disk) -> std::io::Result<()> {
        if self.is_new {
            disk.sync_folder(folder_of(path))?;
            self.is_new = false;
        }
        Ok(())
    }
}
