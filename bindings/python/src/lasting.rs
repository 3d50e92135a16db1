//! Texts from Python that the library keeps for good: names of backends, keys of an error's context.

use std::collections::HashSet;

use parking_lot::Mutex;

/// Distinct texts that are kept at most, so that a program that makes them up does not leak.
const MOST: usize = 4_096;

/// The same text, for as long as the process lives; `otherwise` once too many are kept already.
pub(crate) fn lasting(text: &str, otherwise: &'static str) -> &'static str {
    static KEPT: Mutex<Option<HashSet<&'static str>>> = Mutex::new(None);
    let mut kept = KEPT.lock();
    let kept = kept.get_or_insert_with(HashSet::new);
    if let Some(known) = kept.get(text) {
        return known;
    }
    if kept.len() >= MOST {
        return otherwise;
    }
    let text: &'static str = Box::leak(text.into());
    kept.insert(text);
    text
}
