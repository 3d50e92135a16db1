//! Forking a process with this library in it.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{MutexGuard, RwLockWriteGuard, TryLockError};

use crate::record::{IdContext, Interner, hold_ids, hold_shapes};

/// How many forks are being prepared.
static QUIET: AtomicUsize = AtomicUsize::new(0);

/// Waits for a lock that is held for moments only; none when it is held for a fork.
pub(crate) fn unless_quiet<T>(mut try_lock: impl FnMut() -> Result<T, TryLockError<T>>) -> Option<T> {
    loop {
        match try_lock() {
            Ok(guard) => return Some(guard),
            Err(TryLockError::Poisoned(poisoned)) => return Some(poisoned.into_inner()),
            Err(TryLockError::WouldBlock) if QUIET.load(Ordering::Acquire) > 0 => return None,
            Err(TryLockError::WouldBlock) => std::thread::yield_now(),
        }
    }
}

/// Holds every lock that all databases of a process share, so that a fork finds none of them in
/// the hands of a thread that the child will not have.
///
/// Begin one before the fork and drop it after, in the parent and in the child. Other threads make
/// records meanwhile without these locks. What databases hold
/// of their own (connections, locks, a runtime's threads) is not covered: a child opens its own.
///
/// ```
/// use dataknobs_data_core::{Quiet, record};
/// let quiet = Quiet::begin();
/// // fork here
/// drop(quiet);
/// assert_eq!(record! { "n": 1 }?.len(), 1);
/// # Ok::<(), dataknobs_data_core::Error>(())
/// ```
#[must_use = "the locks are free again when this is dropped"]
pub struct Quiet {
    _shapes: RwLockWriteGuard<'static, Interner>,
    _ids: MutexGuard<'static, IdContext>,
}

impl Quiet {
    /// Waits for the locks and takes them.
    ///
    /// ```
    /// drop(dataknobs_data_core::Quiet::begin());
    /// ```
    pub fn begin() -> Self {
        QUIET.fetch_add(1, Ordering::AcqRel);
        let mut ids = hold_ids();
        // What is random here must not be so in the child.
        ids.forget_random();
        Quiet { _shapes: hold_shapes(), _ids: ids }
    }
}

impl Drop for Quiet {
    fn drop(&mut self) {
        QUIET.fetch_sub(1, Ordering::AcqRel);
    }
}

impl std::fmt::Debug for Quiet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Quiet")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record;
    use crate::record::RecordId;

    #[test]
    fn other_threads_make_records_while_a_fork_is_being_prepared() {
        let quiet = Quiet::begin();
        let made = std::thread::spawn(|| {
            let record = record! { "a field of the quiet": 1 }.unwrap();
            (record, RecordId::generate(), RecordId::generate())
        });
        let (record, one, other) = made.join().unwrap();
        assert_ne!(one, other);
        drop(quiet);
        assert_eq!(record, record! { "a field of the quiet": 1 }.unwrap());
    }
}
