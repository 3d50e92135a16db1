//! Forking a process with this library in it.

use std::sync::{MutexGuard, RwLockWriteGuard};

use crate::record::{IdContext, Interner, hold_ids, hold_shapes};

/// Holds every lock that all databases of a process share, so that a fork finds none of them in
/// the hands of a thread that the child will not have.
///
/// Begin one before the fork and drop it after, in the parent and in the child. What databases hold
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
    /// Waits for the locks and takes them. The thread that holds one must make no records.
    ///
    /// ```
    /// drop(dataknobs_data_core::Quiet::begin());
    /// ```
    pub fn begin() -> Self {
        let mut ids = hold_ids();
        // What is random here must not be so in the child.
        ids.forget_random();
        Quiet { _shapes: hold_shapes(), _ids: ids }
    }
}

impl std::fmt::Debug for Quiet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Quiet")
    }
}
