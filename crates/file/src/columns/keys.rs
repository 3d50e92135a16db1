//! Repeated keys, noticed over all blocks.

use std::collections::HashSet;

use foldhash::fast::RandomState;

/// The keys of a block's rows, passing or not.
#[derive(Debug)]
pub(super) enum Keys {
    /// Numbers of rows cannot repeat.
    Unneeded,
    Integers(Vec<i64>),
    /// Hashes of texts.
    Hashes(Vec<u64>),
}

/// What is known of the keys so far.
#[derive(Debug)]
pub(super) enum Known {
    /// Integers that rise from row to row, up to this one: none of them is remembered.
    Rising(Option<i64>),
    Integers(HashSet<i64, RandomState>),
    Hashes(HashSet<u64, RandomState>),
}

/// What the keys of a block turn out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    Unique,
    /// One stands twice, or two texts have one hash.
    Repeated,
    /// They do not rise: all must be remembered, from the first row on.
    NotRising,
}

impl Known {
    pub(super) fn note(&mut self, keys: &Keys) -> Verdict {
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
