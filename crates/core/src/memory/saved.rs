//! The states that a transaction in memory can go back to.

use parking_lot::Mutex;

use crate::error::{Error, ErrorKind, Result};

/// What savepoints keep: copies of a transaction's state, by the numbers of
/// [`Savepoints`](crate::backend::Savepoints).
///
/// ```
/// use dataknobs_data_core::memory::SavedStates;
/// let saved = SavedStates::default();
/// saved.set(1, "first");
/// saved.set(2, "second");
/// assert_eq!(saved.take(1)?, "first");
/// assert!(saved.take(2).is_err()); // it ended with the one before it
/// # Ok::<(), dataknobs_data_core::Error>(())
/// ```
#[derive(Debug)]
pub struct SavedStates<T>(Mutex<Vec<(u64, T)>>);

impl<T> Default for SavedStates<T> {
    fn default() -> Self {
        SavedStates(Mutex::default())
    }
}

impl<T> SavedStates<T> {
    /// Keeps a state.
    ///
    /// ```
    /// # use dataknobs_data_core::memory::SavedStates;
    /// let saved = SavedStates::default();
    /// saved.set(1, "a state");
    /// assert!(saved.take(1).is_ok());
    /// ```
    pub fn set(&self, number: u64, state: T) {
        self.0.lock().push((number, state));
    }

    /// Forgets a state, and those kept after it.
    ///
    /// ```
    /// # use dataknobs_data_core::memory::SavedStates;
    /// let saved = SavedStates::default();
    /// saved.set(1, "a state");
    /// saved.release(1);
    /// assert!(saved.take(1).is_err());
    /// ```
    pub fn release(&self, number: u64) {
        let _ = self.take(number);
    }

    /// Gives a state, and forgets those kept after it.
    ///
    /// ```
    /// # use dataknobs_data_core::memory::SavedStates;
    /// let saved = SavedStates::default();
    /// saved.set(1, "a state");
    /// assert_eq!(saved.take(1)?, "a state");
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Backend`](ErrorKind::Backend) when there is none of this number.
    pub fn take(&self, number: u64) -> Result<T> {
        let mut states = self.0.lock();
        let at = states.iter().position(|(set, _)| *set == number);
        let state = at.and_then(|at| states.drain(at..).next());
        let (_, state) = state.ok_or_else(|| Error::new(ErrorKind::Backend, "there is no such savepoint"))?;
        Ok(state)
    }
}
