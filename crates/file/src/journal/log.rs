//! Reading a journal.

use std::fs::{File, Metadata};
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use dataknobs_data_core::{Error, Result};

use super::change::{Change, Changes};
use super::frame::{Frames, Header};
use crate::fingerprint::Fingerprint;
use crate::format::json_record::Assembler;

/// How far a journal was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Position {
    /// Which file it is.
    pub(crate) inode: u64,
    /// Where the next commit is to stand.
    pub(crate) end: u64,
    /// The number of the last commit.
    pub(crate) number: u32,
    /// How long the file was; more than `end` where a writer did not finish.
    pub(crate) length: u64,
}

impl Position {
    /// Whether the journal is as it was when it was read.
    pub(crate) fn is_now(&self, metadata: &Metadata) -> bool {
        self.inode == inode_of(metadata) && self.length == metadata.len()
    }
}

/// Commits that were read from a journal and come on top of a file.
#[derive(Debug)]
pub(crate) struct Log {
    bytes: Vec<u8>,
    /// Where the first commit that counts begins in `bytes`, and the number of the one before.
    start: usize,
    before: u32,
    /// The byte of the journal where `bytes` begins.
    offset: u64,
    pub(crate) header: Option<Header>,
    pub(crate) end: Position,
    /// Commits from `start` on.
    pub(crate) commits: u64,
}

/// What a journal is to a file.
#[derive(Debug)]
pub(crate) enum Relation {
    /// There is none, or nothing was ever committed to it.
    None,
    /// Its commits, or the last of them, come on top of the file.
    OnTop(Log),
    /// It belongs to another state of the file.
    Other(Log),
}

pub(crate) fn inode_of(metadata: &Metadata) -> u64 {
    #[cfg(unix)]
    {
        std::os::unix::fs::MetadataExt::ino(metadata)
    }
    #[cfg(not(unix))]
    {
        let _ = metadata;
        0
    }
}

fn place(error: impl Into<Error>, path: &Path) -> Error {
    let error = error.into();
    if error.context_value("path").is_some() { error } else { error.with_context("path", path.display()) }
}

/// Reads a journal for the file with this fingerprint; none when there is no file.
///
/// # Errors
/// Corrupt, with path and byte.
pub(crate) fn read(path: &Path, base: Option<&Fingerprint>) -> Result<Relation> {
    let mut file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Relation::None),
        Err(error) => return Err(place(error, path)),
    };
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes).map_err(|error| place(error, path))?;
    let metadata = file.metadata().map_err(|error| place(error, path))?;
    let Some((header, start)) = Header::parse(&bytes).map_err(|error| damaged(error, path))? else {
        return Ok(Relation::None);
    };
    let end = Position { inode: inode_of(&metadata), end: start as u64, number: 0, length: bytes.len() as u64 };
    let belongs = base.is_some_and(|base| *base == header.base);
    let mut log = Log { bytes, start, before: 0, offset: 0, header: Some(header), end, commits: 0 };
    let holds = log.survey(base).map_err(|error| damaged(error, path))?;
    Ok(if belongs || holds { Relation::OnTop(log) } else { Relation::Other(log) })
}

/// Reads what came to a journal since; none when it is another one now.
///
/// # Errors
/// Corrupt, with path and byte.
pub(crate) fn read_more(path: &Path, from: &Position) -> Result<Option<Log>> {
    let mut file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(place(error, path)),
    };
    let metadata = file.metadata().map_err(|error| place(error, path))?;
    if inode_of(&metadata) != from.inode || metadata.len() < from.end {
        return Ok(None);
    }
    let mut bytes = Vec::new();
    file.seek(SeekFrom::Start(from.end)).map_err(|error| place(error, path))?;
    file.read_to_end(&mut bytes).map_err(|error| place(error, path))?;
    let end = Position { length: from.end + bytes.len() as u64, ..*from };
    let mut log = Log { bytes, start: 0, before: from.number, offset: from.end, header: None, end, commits: 0 };
    log.survey(None).map_err(|error| damaged(error, path))?;
    Ok(Some(log))
}

/// How many commits a journal of these bytes has.
pub(crate) fn commits_of(bytes: &[u8]) -> Result<u64> {
    let Some((header, start)) = Header::parse(bytes)? else { return Ok(0) };
    let length = bytes.len() as u64;
    let end = Position { inode: 0, end: start as u64, number: 0, length };
    let mut log = Log { bytes: bytes.to_vec(), start, before: 0, offset: 0, header: Some(header), end, commits: 0 };
    log.survey(None)?;
    log.each(|_| Ok(()))?;
    Ok(log.commits)
}

fn damaged(error: Error, path: &Path) -> Error {
    place(error, path).with_hint("`dk recover` saves what is readable into a new file")
}

impl Log {
    /// Checks all frames and finds the end, and the first that is not in the file yet. Whether some
    /// commit says that everything before it is in the file.
    fn survey(&mut self, base: Option<&Fingerprint>) -> Result<bool> {
        let mut holds = false;
        let mut frames = Frames::new(&self.bytes[self.start..], self.offset + self.start as u64, self.before);
        let first = self.start;
        let mut commits = 0;
        let mut start = (self.start, self.before);
        while let Ok(payload) = frames.next()? {
            commits += 1;
            if let Some(Change::Folded(file)) = fold_in(payload)?
                && base.is_some_and(|base| *base == file)
            {
                holds = true;
                commits = 0;
                start = ((frames.position() - self.offset) as usize, frames.number());
            }
        }
        debug_assert!(start.0 >= first);
        self.end.end = frames.position();
        self.end.number = frames.number();
        (self.start, self.before) = start;
        self.commits = commits;
        Ok(holds)
    }

    /// Gives every change of every commit, in order.
    ///
    /// # Errors
    /// Corrupt, with the byte of the commit; and the visitor's.
    pub(crate) fn each(&self, mut visit: impl FnMut(Change) -> Result<()>) -> Result<()> {
        let mut assembler = Assembler::default();
        let offset = self.offset + self.start as u64;
        let mut frames = Frames::new(&self.bytes[self.start..], offset, self.before);
        loop {
            let byte = frames.position();
            let Ok(payload) = frames.next()? else { return Ok(()) };
            let mut changes = Changes::new(payload);
            let mut next = || changes.next(&mut assembler).map_err(|error| error.with_context("byte", byte));
            while let Some(change) = next()? {
                visit(change)?;
            }
        }
    }

    /// Bytes after the last commit that a writer left unfinished.
    pub(crate) fn torn_bytes(&self) -> u64 {
        self.end.length - self.end.end
    }
}

/// The change `folded`, if the commit is one.
fn fold_in(payload: &[u8]) -> Result<Option<Change>> {
    const FOLDED: u8 = 5;
    if payload.first() != Some(&FOLDED) {
        return Ok(None);
    }
    Changes::new(payload).next(&mut Assembler::default())
}
