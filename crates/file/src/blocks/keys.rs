//! Repeated keys, noticed over all blocks.

use std::collections::HashSet;
use std::hash::BuildHasher as _;

use dataknobs_data_core::RecordId;
use foldhash::fast::RandomState;

use super::Irregular;
use crate::key::{Key, KeySource};

/// The keys of a block's rows, passing or not.
#[derive(Debug)]
pub(crate) enum Keys {
    /// Numbers of rows cannot repeat.
    Unneeded,
    Integers(Vec<i64>),
    /// Hashes of texts.
    Hashes(Vec<u64>),
}

/// What is known of the keys so far.
#[derive(Debug)]
pub(crate) enum Known {
    /// Integers that rise from row to row, up to this one: none of them is remembered.
    Rising(Option<i64>),
    Integers(HashSet<i64, RandomState>),
    Hashes(HashSet<u64, RandomState>),
}

/// What the keys of a block turn out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    Unique,
    /// One stands twice, or two texts have one hash.
    Repeated,
    /// They do not rise: all must be remembered, from the first row on.
    NotRising,
}

impl Keys {
    /// None yet.
    pub(crate) fn of(key: &Key) -> Self {
        match key.source {
            KeySource::Ordinal => Keys::Unneeded,
            _ if key.is_integer() => Keys::Integers(Vec::new()),
            _ => Keys::Hashes(Vec::new()),
        }
    }

    /// Adds that of a record.
    pub(crate) fn add(&mut self, id: Option<&RecordId>, hasher: &RandomState) -> Result<(), Irregular> {
        match (self, id) {
            (Keys::Unneeded, _) => {}
            (Keys::Integers(keys), Some(id)) => keys.push(id.parse().map_err(|_| Irregular)?),
            (Keys::Hashes(keys), Some(id)) => keys.push(hasher.hash_one(id.as_str())),
            (_, None) => return Err(Irregular),
        }
        Ok(())
    }
}

impl Known {
    /// Nothing yet of such keys. Integers are taken to rise.
    pub(crate) fn nothing_of(keys: &Keys) -> Self {
        match keys {
            Keys::Hashes(_) => Known::Hashes(HashSet::default()),
            Keys::Unneeded | Keys::Integers(_) => Known::Rising(None),
        }
    }

    /// Nothing yet, of integers in any order.
    pub(crate) fn unsorted() -> Self {
        Known::Integers(HashSet::default())
    }

    pub(crate) fn note(&mut self, keys: &Keys) -> Verdict {
        let unique = match (self, keys) {
            (_, Keys::Unneeded) => true,
            (Known::Rising(last), Keys::Integers(keys)) => {
                let (Some(first), Some(greatest)) = (keys.first(), keys.last()) else { return Verdict::Unique };
                if last.is_some_and(|last| last >= *first) || !keys.is_sorted_by(|a, b| a < b) {
                    return Verdict::NotRising;
                }
                *last = Some(*greatest);
                true
            }
            (Known::Integers(known), Keys::Integers(keys)) => keys.iter().all(|key| known.insert(*key)),
            (Known::Hashes(known), Keys::Hashes(keys)) => keys.iter().all(|key| known.insert(*key)),
            _ => false,
        };
        if unique { Verdict::Unique } else { Verdict::Repeated }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repeated_keys_are_noticed_over_blocks() {
        let mut rising = Known::Rising(None);
        assert_eq!(rising.note(&Keys::Integers(vec![-1, 2])), Verdict::Unique);
        assert_eq!(rising.note(&Keys::Integers(Vec::new())), Verdict::Unique);
        assert_eq!(rising.note(&Keys::Integers(vec![3, 9])), Verdict::Unique);
        assert_eq!(rising.note(&Keys::Integers(vec![9])), Verdict::NotRising);
        assert_eq!(Known::Rising(None).note(&Keys::Integers(vec![1, 1])), Verdict::NotRising);
        let mut known = Known::Integers(HashSet::default());
        assert_eq!(known.note(&Keys::Integers(vec![5, 1])), Verdict::Unique);
        assert_eq!(known.note(&Keys::Integers(vec![1])), Verdict::Repeated);
        let mut known = Known::Hashes(HashSet::default());
        assert_eq!(known.note(&Keys::Hashes(vec![5, 1])), Verdict::Unique);
        assert_eq!(known.note(&Keys::Hashes(vec![2, 5])), Verdict::Repeated);
    }
}
