//! The journal beside a file: changes that are acknowledged and not yet in the file itself.
//!
//! - `frame.rs` the bytes: a header and frames, one for each commit; `change.rs` what a commit does
//! - `log.rs` reading: which commits come on top of the file as it is now
//! - `salvage.rs` reading as much as possible of a damaged one
//! - `append.rs` writing: one more commit at the end
//!
//! The header names the file that the commits belong to by its fingerprint. Before a new file takes
//! its place, the commit `folded` names the new one, so that whatever happens, a reader knows which
//! commits the file that it sees already holds. Only who holds the lock writes.

pub(crate) mod append;
pub(crate) mod change;
pub(crate) mod frame;
pub(crate) mod log;
pub(crate) mod salvage;

use std::path::{Path, PathBuf};

pub(crate) use append::Appender;
pub(crate) use change::Change;
pub(crate) use frame::{Header, HeaderKey};
pub(crate) use log::{Log, Position};

/// Where the journal of a file stands.
pub(crate) fn journal_path(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".journal");
    name.into()
}
