//! The kinds of errors.

use std::fmt;

/// The kind of an [`Error`](super::Error), for programs that branch on it.
///
/// ```
/// use dataknobs_data_core::{ErrorKind, Query};
/// let error = Query::parse("age >").unwrap_err();
/// match error.kind() {
///     ErrorKind::InvalidQuery => assert!(!error.is_retryable()),
///     other => panic!("{other}"),
/// }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum ErrorKind {
    /// Something that was named (a table, a file, an index) does not exist.
    NotFound,
    /// A record with this id, or an index with this name, is already there.
    AlreadyExists,
    /// The stored version is not the expected one, or another writer was first.
    Conflict,
    /// The query, filter, path or aggregation makes no sense; no store was asked.
    InvalidQuery,
    /// A record, field, value or id breaks the data model; nothing was written.
    InvalidRecord,
    /// A configuration key or value is wrong.
    InvalidConfig,
    /// The store cannot do this; its capabilities say so.
    Unsupported,
    /// The store could not be reached, or the handle is closed.
    Connection,
    /// The call took longer than it was allowed to.
    Timeout,
    /// The store refused the credentials or the rights.
    Auth,
    /// Stored data is damaged; the message names the place.
    Corrupt,
    /// The call was cancelled before it finished.
    Cancelled,
    /// The connection broke while a commit was under way: it may or may not have happened.
    AmbiguousCommit,
    /// The store reported an error of its own.
    Backend,
    /// The operating system reported an error.
    Io,
}

impl ErrorKind {
    /// Every kind, in declaration order.
    ///
    /// ```
    /// use dataknobs_data_core::ErrorKind;
    /// assert!(ErrorKind::ALL.contains(&ErrorKind::Timeout));
    /// ```
    pub const ALL: [ErrorKind; 15] = [
        ErrorKind::NotFound,
        ErrorKind::AlreadyExists,
        ErrorKind::Conflict,
        ErrorKind::InvalidQuery,
        ErrorKind::InvalidRecord,
        ErrorKind::InvalidConfig,
        ErrorKind::Unsupported,
        ErrorKind::Connection,
        ErrorKind::Timeout,
        ErrorKind::Auth,
        ErrorKind::Corrupt,
        ErrorKind::Cancelled,
        ErrorKind::AmbiguousCommit,
        ErrorKind::Backend,
        ErrorKind::Io,
    ];

    /// The kind's name as written in the documentation, for example `"InvalidQuery"`.
    ///
    /// ```
    /// use dataknobs_data_core::ErrorKind;
    /// assert_eq!(ErrorKind::InvalidQuery.name(), "InvalidQuery");
    /// ```
    pub fn name(self) -> &'static str {
        match self {
            ErrorKind::NotFound => "NotFound",
            ErrorKind::AlreadyExists => "AlreadyExists",
            ErrorKind::Conflict => "Conflict",
            ErrorKind::InvalidQuery => "InvalidQuery",
            ErrorKind::InvalidRecord => "InvalidRecord",
            ErrorKind::InvalidConfig => "InvalidConfig",
            ErrorKind::Unsupported => "Unsupported",
            ErrorKind::Connection => "Connection",
            ErrorKind::Timeout => "Timeout",
            ErrorKind::Auth => "Auth",
            ErrorKind::Corrupt => "Corrupt",
            ErrorKind::Cancelled => "Cancelled",
            ErrorKind::AmbiguousCommit => "AmbiguousCommit",
            ErrorKind::Backend => "Backend",
            ErrorKind::Io => "Io",
        }
    }

    /// The words for it that messages begin with, for example `"invalid query"`.
    ///
    /// ```
    /// use dataknobs_data_core::{Error, ErrorKind};
    /// let error = Error::invalid_query("no such operator");
    /// assert!(error.to_string().starts_with(ErrorKind::InvalidQuery.phrase()));
    /// ```
    pub fn phrase(self) -> &'static str {
        match self {
            ErrorKind::NotFound => "not found",
            ErrorKind::AlreadyExists => "already exists",
            ErrorKind::Conflict => "conflict",
            ErrorKind::InvalidQuery => "invalid query",
            ErrorKind::InvalidRecord => "invalid record",
            ErrorKind::InvalidConfig => "invalid configuration",
            ErrorKind::Unsupported => "unsupported",
            ErrorKind::Connection => "connection failed",
            ErrorKind::Timeout => "timed out",
            ErrorKind::Auth => "access refused",
            ErrorKind::Corrupt => "corrupt data",
            ErrorKind::Cancelled => "cancelled",
            ErrorKind::AmbiguousCommit => "commit outcome unknown",
            ErrorKind::Backend => "store error",
            ErrorKind::Io => "i/o error",
        }
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
