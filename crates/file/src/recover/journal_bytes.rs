//! Journals that are bytes and not files: what a store and recovery make of them.

use dataknobs_data_core::{Error, Result};
use serde_json::json;

use super::report::RecoverReport;
use super::{apply, empty};
use crate::journal::salvage::salvage;
use crate::journal::{Header, frame, log};
use crate::key::Key;
use crate::source::Layout;
use crate::store::header_key;

/// A journal with these commits, whatever is in them, with the right checksums.
#[doc(hidden)]
pub fn journal_of(commits: &[&[u8]]) -> Result<Vec<u8>> {
    let unknown = |error| Error::corrupt("a fingerprint cannot be made").with_source(error);
    let base = serde_json::from_value(json!({"bytes": 0, "modified": 0, "inode": 0})).map_err(unknown)?;
    let mut journal = Header { base, key: header_key(&Key::own()) }.encode()?;
    let mut bytes = Vec::new();
    for (number, payload) in (1..).zip(commits) {
        frame::begin(&mut bytes);
        bytes.extend_from_slice(payload);
        frame::seal(&mut bytes, number);
        journal.extend_from_slice(&bytes);
    }
    Ok(journal)
}

/// Replays bytes as a journal: the number of commits that recovery applies, and of its gaps.
///
/// # Errors
/// Corrupt when recovery sees damage where a store sees none, or the other way round.
#[doc(hidden)]
pub fn replay_journal(bytes: &[u8]) -> Result<(u64, u64)> {
    let found = salvage(bytes, None);
    let mut resident = empty(Layout { key: Key::own(), csv: None });
    let mut report = RecoverReport::default();
    let gaps = found.gaps.len() as u64;
    for commit in found.commits {
        apply(&mut resident, commit, &mut report)?;
    }
    match (log::commits_of(bytes), gaps) {
        // A store also counts the commits that only say which file holds what.
        (Ok(commits), 0) if commits >= report.commits => Ok((report.commits, 0)),
        (Ok(_), 0) => Err(Error::corrupt("recovery reads more commits than a store")),
        (Ok(_), _) => Err(Error::corrupt("recovery finds damage where a store finds none")),
        (Err(error), 0) => Err(error),
        (Err(_), gaps) => Ok((report.commits, gaps)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn store_and_recovery_agree_about_damage() {
        let create = b"\x01\x01\x00a\x07\x00\x00\x00{\"n\":1}";
        // The last commit is a byte of a single bit.
        let journal = journal_of(&[create, b"\x04", create, b"\x04"]).unwrap();
        assert_eq!(replay_journal(&journal).unwrap(), (4, 0));
        for bit in 0..journal.len() * 8 {
            let mut journal = journal.clone();
            journal[bit / 8] ^= 1 << (bit % 8);
            let (commits, gaps) = replay_journal(&journal).unwrap();
            assert!(commits >= 3 && gaps == 1, "bit {bit}: {commits} commits, {gaps} gaps");
        }
        for cut in 0..journal.len() {
            assert_eq!(replay_journal(&journal[..cut]).unwrap().1, 0, "cut at {cut}");
        }
        assert_eq!(replay_journal(&journal_of(&[b"\x09", create]).unwrap()).unwrap(), (1, 1));
    }
}
