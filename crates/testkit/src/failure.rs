//! What a behaviour or a case says when it does not hold, and the checks that say it.

use std::fmt;

use dataknobs_data_core::{Error, ErrorKind};

/// Why something is not as the contract says.
#[derive(Debug, Clone, PartialEq)]
pub struct Failure(String);

/// What a behaviour or a case ends with.
pub type Outcome<T = ()> = Result<T, Failure>;

impl Failure {
    /// A failure in words.
    pub fn new(message: impl Into<String>) -> Self {
        Failure(message.into())
    }

    /// The same failure, with the place in front.
    #[must_use]
    pub fn at(self, place: impl fmt::Display) -> Self {
        Failure(format!("{place}: {}", self.0))
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Failure {}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let mut text = format!("an error that should not be: {error}");
        let mut deepest = &error;
        while let Some(failure) = deepest.failures().first() {
            deepest = &failure.error;
            text.push_str(&format!("; at index {}: {deepest}", failure.index));
        }
        let mut source = std::error::Error::source(deepest);
        while let Some(cause) = source {
            text.push_str(&format!("; because of: {cause}"));
            source = cause.source();
        }
        Failure(text)
    }
}

/// The error of a call that has to fail with this kind.
///
/// # Errors
/// When the call succeeded, or failed with another kind.
pub fn refused<T: fmt::Debug>(result: Result<T, Error>, kind: ErrorKind) -> Outcome<Error> {
    match result {
        Err(error) if error.kind() == kind => Ok(error),
        Err(error) => Err(Failure(format!("{kind} was expected, not {}: {error}", error.kind()))),
        Ok(value) => Err(Failure(format!("{kind} was expected, not success with {value:?}"))),
    }
}

/// Fails with a message unless a condition holds.
macro_rules! ensure {
    ($condition:expr) => {
        $crate::failure::ensure!($condition, "{} does not hold", stringify!($condition))
    };
    ($condition:expr, $($message:tt)+) => {
        if !$condition {
            return Err($crate::failure::Failure::new(format!($($message)+)));
        }
    };
}

/// Fails unless two things are equal: what is there, then what should be.
macro_rules! ensure_eq {
    ($actual:expr, $expected:expr) => {
        $crate::failure::ensure_eq!($actual, $expected, "{}", stringify!($actual))
    };
    ($actual:expr, $expected:expr, $($what:tt)+) => {
        match (&$actual, &$expected) {
            (actual, expected) => {
                if actual != expected {
                    let what = format!($($what)+);
                    let message = format!("{what}: {actual:?} instead of {expected:?}");
                    return Err($crate::failure::Failure::new(message));
                }
            }
        }
    };
}

pub(crate) use {ensure, ensure_eq};
