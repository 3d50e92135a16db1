//! How a memory database is configured.

use std::path::PathBuf;
use std::time::Duration;

/// Options of a memory database.
#[derive(Debug, Clone, Default)]
pub struct MemoryConfig {
    /// A file that the records are loaded from at first use and written to on flush, on close and
    /// by interval.
    pub persist: Option<PathBuf>,
    /// The file's format: JSON lines (the default) or pickle.
    pub format: Option<PersistFormat>,
    /// How often changes are written; not at all by themselves when there is none.
    pub interval: Option<Duration>,
}

/// The format of a persistence file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PersistFormat {
    /// One record document per line.
    #[default]
    JsonLines,
    /// A Python pickle of a list of record documents. Read and written as plain data: nothing in
    /// a file can run code.
    Pickle,
}
