//! The one error type of the library.
//!
//! An [`Error`] says what went wrong ([`ErrorKind`]), in which operation, on which backend, with
//! which circumstances (context pairs) and because of what (its source). `Display` is one line;
//! `Debug` is the whole story. Neither ever shows a secret or a stored value.

mod kind;

use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt;

pub use kind::ErrorKind;

/// What every fallible call of this library returns.
///
/// ```
/// use dataknobs_data_core::{Error, Record, Result, record};
/// fn age(record: &Record) -> Result<i64> {
///     record["age"].as_integer().ok_or_else(|| Error::invalid_record("no age"))
/// }
/// assert_eq!(age(&record! { "age": 36 }?)?, 36);
/// # Ok::<(), dataknobs_data_core::Error>(())
/// ```
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// One failed item of a batch: its index in the input and why it failed.
///
/// ```
/// use dataknobs_data_core::{BatchFailure, ErrorKind, SyncDatabase, record};
/// let db = SyncDatabase::memory();
/// let a = record! { "n": 1 }?.with_id("a")?;
/// let error = db.create_batch(vec![a.clone(), a]).unwrap_err();
/// let failure: &BatchFailure = &error.failures()[0];
/// assert_eq!((failure.index, failure.error.kind()), (1, ErrorKind::AlreadyExists));
/// # Ok::<(), dataknobs_data_core::Error>(())
/// ```
#[derive(Debug)]
pub struct BatchFailure {
    /// Position in the batch that was handed in, from 0.
    pub index: usize,
    /// The reason.
    pub error: Error,
}

/// What went wrong, where, and why.
///
/// ```
/// use dataknobs_data_core::{Error, ErrorKind};
/// let error = Error::new(ErrorKind::NotFound, "no such index")
///     .with_operation("drop_index")
///     .with_context("index", "by_age");
/// assert_eq!(error.kind(), ErrorKind::NotFound);
/// assert_eq!(error.to_string(), "not found: no such index (drop_index, index: by_age)");
/// ```
pub struct Error(Box<Inner>);

struct Inner {
    kind: ErrorKind,
    message: Cow<'static, str>,
    operation: Option<&'static str>,
    backend: Option<&'static str>,
    context: Vec<(&'static str, String)>,
    hint: Option<Cow<'static, str>>,
    excerpt: Option<String>,
    failures: Vec<BatchFailure>,
    retryable: Option<bool>,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

impl Error {
    /// An error of this kind with a one-line message.
    ///
    /// ```
    /// use dataknobs_data_core::{Error, ErrorKind};
    /// assert_eq!(Error::new(ErrorKind::Timeout, "no answer").to_string(), "timed out: no answer");
    /// ```
    pub fn new(kind: ErrorKind, message: impl Into<Cow<'static, str>>) -> Self {
        Error(Box::new(Inner {
            kind,
            message: message.into(),
            operation: None,
            backend: None,
            context: Vec::new(),
            hint: None,
            excerpt: None,
            failures: Vec::new(),
            retryable: None,
            source: None,
        }))
    }

    /// An [`ErrorKind::InvalidQuery`].
    ///
    /// ```
    /// use dataknobs_data_core::{Error, ErrorKind};
    /// assert_eq!(Error::invalid_query("no such operator").kind(), ErrorKind::InvalidQuery);
    /// ```
    pub fn invalid_query(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorKind::InvalidQuery, message)
    }

    /// An [`ErrorKind::InvalidRecord`].
    ///
    /// ```
    /// use dataknobs_data_core::{Error, ErrorKind};
    /// assert_eq!(Error::invalid_record("no id").kind(), ErrorKind::InvalidRecord);
    /// ```
    pub fn invalid_record(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorKind::InvalidRecord, message)
    }

    /// An [`ErrorKind::InvalidConfig`].
    ///
    /// ```
    /// use dataknobs_data_core::{Error, ErrorKind};
    /// assert_eq!(Error::invalid_config("no such key").kind(), ErrorKind::InvalidConfig);
    /// ```
    pub fn invalid_config(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorKind::InvalidConfig, message)
    }

    /// An [`ErrorKind::Unsupported`].
    ///
    /// ```
    /// use dataknobs_data_core::{Error, ErrorKind};
    /// assert_eq!(Error::unsupported("no indexes here").kind(), ErrorKind::Unsupported);
    /// ```
    pub fn unsupported(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorKind::Unsupported, message)
    }

    /// An [`ErrorKind::Corrupt`]; say the place with [`Error::with_context`].
    ///
    /// ```
    /// use dataknobs_data_core::Error;
    /// let error = Error::corrupt("not a number").with_context("line", 3);
    /// assert_eq!(error.to_string(), "corrupt data: not a number (line: 3)");
    /// ```
    pub fn corrupt(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorKind::Corrupt, message)
    }

    /// Names the operation, unless one is named already.
    ///
    /// ```
    /// use dataknobs_data_core::Error;
    /// let error = Error::unsupported("no").with_operation("create").with_operation("outer");
    /// assert_eq!(error.operation(), Some("create"));
    /// ```
    #[must_use]
    pub fn with_operation(mut self, operation: &'static str) -> Self {
        self.0.operation.get_or_insert(operation);
        self
    }

    /// Names the backend, unless one is named already.
    ///
    /// ```
    /// use dataknobs_data_core::Error;
    /// assert_eq!(Error::unsupported("no").with_backend("file").backend(), Some("file"));
    /// ```
    #[must_use]
    pub fn with_backend(mut self, backend: &'static str) -> Self {
        self.0.backend.get_or_insert(backend);
        self
    }

    /// Adds a circumstance: a place, a name, a size. Never a secret and never a stored value.
    ///
    /// ```
    /// use dataknobs_data_core::Error;
    /// let error = Error::corrupt("not a number").with_context("line", 3).with_context("column", 7);
    /// assert_eq!(error.context().collect::<Vec<_>>(), [("line", "3"), ("column", "7")]);
    /// ```
    #[must_use]
    pub fn with_context(mut self, key: &'static str, value: impl fmt::Display) -> Self {
        self.0.context.push((key, value.to_string()));
        self
    }

    /// Says the way out, in one line.
    ///
    /// ```
    /// use dataknobs_data_core::Error;
    /// let error = Error::invalid_config("unknown key").with_hint("did you mean `port`?");
    /// assert_eq!(error.hint(), Some("did you mean `port`?"));
    /// ```
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<Cow<'static, str>>) -> Self {
        self.0.hint = Some(hint.into());
        self
    }

    /// Shows the place in a text: one line of the text, and below it a caret.
    ///
    /// ```
    /// use dataknobs_data_core::Error;
    /// let error = Error::invalid_query("unexpected text").with_excerpt("a = 1 2\n      ^");
    /// assert!(error.excerpt().unwrap().ends_with('^') && !error.to_string().contains('^'));
    /// ```
    #[must_use]
    pub fn with_excerpt(mut self, excerpt: impl Into<String>) -> Self {
        self.0.excerpt = Some(excerpt.into());
        self
    }

    /// Sets the underlying cause.
    ///
    /// ```
    /// use dataknobs_data_core::{Error, ErrorKind};
    /// let error = Error::new(ErrorKind::Io, "write failed").with_source(std::io::Error::other("disk full"));
    /// assert_eq!(std::error::Error::source(&error).unwrap().to_string(), "disk full");
    /// ```
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// Overrides what [`Error::is_retryable`] answers from the kind alone.
    ///
    /// ```
    /// use dataknobs_data_core::{Error, ErrorKind};
    /// assert!(Error::new(ErrorKind::Backend, "busy").with_retryable(true).is_retryable());
    /// ```
    #[must_use]
    pub fn with_retryable(mut self, retryable: bool) -> Self {
        self.0.retryable = Some(retryable);
        self
    }

    /// Lists the items of a batch that failed.
    ///
    /// ```
    /// use dataknobs_data_core::{BatchFailure, Error};
    /// let failure = BatchFailure { index: 2, error: Error::invalid_record("bad name") };
    /// let error = Error::invalid_record("a record of the batch is not legal").with_failures(vec![failure]);
    /// assert_eq!(error.failures()[0].index, 2);
    /// ```
    #[must_use]
    pub fn with_failures(mut self, failures: Vec<BatchFailure>) -> Self {
        self.0.failures = failures;
        self
    }

    /// Renumbers the failed items, for a batch that was part of another.
    pub(crate) fn map_failure_indexes(mut self, index: impl Fn(usize) -> usize) -> Self {
        for failure in &mut self.0.failures {
            failure.index = index(failure.index);
        }
        self
    }

    /// The same error again, its source as text. For mistakes that are reported on each use.
    pub(crate) fn duplicate(&self) -> Self {
        Error(Box::new(Inner {
            kind: self.0.kind,
            message: self.0.message.clone(),
            operation: self.0.operation,
            backend: self.0.backend,
            context: self.0.context.clone(),
            hint: self.0.hint.clone(),
            excerpt: self.0.excerpt.clone(),
            failures: Vec::new(),
            retryable: self.0.retryable,
            source: self.0.source.as_ref().map(|source| source.to_string().into()),
        }))
    }

    /// The kind.
    ///
    /// ```
    /// use dataknobs_data_core::{ErrorKind, Query};
    /// assert_eq!(Query::parse("age >").unwrap_err().kind(), ErrorKind::InvalidQuery);
    /// ```
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The message alone, without kind, operation and context.
    ///
    /// ```
    /// use dataknobs_data_core::Error;
    /// assert_eq!(Error::corrupt("not a number").with_context("line", 3).message(), "not a number");
    /// ```
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The operation that failed, for example `"create"`.
    ///
    /// ```
    /// use dataknobs_data_core::{SyncDatabase, record};
    /// let error = SyncDatabase::memory().upsert("", record! { "n": 1 }?).unwrap_err();
    /// assert_eq!(error.operation(), Some("upsert"));
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    pub fn operation(&self) -> Option<&'static str> {
        self.0.operation
    }

    /// The backend it failed on, for example `"memory"`.
    ///
    /// ```
    /// use dataknobs_data_core::{SyncDatabase, record};
    /// let error = SyncDatabase::memory().upsert("", record! { "n": 1 }?).unwrap_err();
    /// assert_eq!(error.backend(), Some("memory"));
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    pub fn backend(&self) -> Option<&'static str> {
        self.0.backend
    }

    /// The circumstances, in the order they were added.
    ///
    /// ```
    /// use dataknobs_data_core::Error;
    /// let error = Error::corrupt("not a number").with_context("line", 3);
    /// assert!(error.context().eq([("line", "3")]));
    /// ```
    pub fn context(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.0.context.iter().map(|(key, value)| (*key, value.as_str()))
    }

    /// The value of one circumstance.
    ///
    /// ```
    /// use dataknobs_data_core::Error;
    /// let error = Error::corrupt("not a number").with_context("line", 3);
    /// assert_eq!((error.context_value("line"), error.context_value("column")), (Some("3"), None));
    /// ```
    pub fn context_value(&self, key: &str) -> Option<&str> {
        self.0.context.iter().find(|(name, _)| *name == key).map(|(_, value)| value.as_str())
    }

    /// The way out, where one is known.
    ///
    /// ```
    /// use dataknobs_data_core::Query;
    /// let error = Query::new().filter("name", "STARTSWITH", "A").check().unwrap_err();
    /// assert_eq!(error.hint(), Some("did you mean STARTS_WITH?"));
    /// ```
    pub fn hint(&self) -> Option<&str> {
        self.0.hint.as_deref()
    }

    /// Two lines that show the place of a mistake in a query's text: the text, and a caret below
    /// it. `Display` leaves them out, since it is one line.
    ///
    /// ```
    /// use dataknobs_data_core::Query;
    /// let error = Query::parse("age >= 25 AMD city = 'Oslo'").unwrap_err();
    /// assert_eq!(error.excerpt(), Some("age >= 25 AMD city = 'Oslo'\n          ^"));
    /// assert_eq!(error.hint(), Some("did you mean AND?"));
    /// ```
    pub fn excerpt(&self) -> Option<&str> {
        self.0.excerpt.as_deref()
    }

    /// The failed items of a batch; empty for every other error.
    ///
    /// ```
    /// use dataknobs_data_core::Error;
    /// assert!(Error::unsupported("no").failures().is_empty());
    /// ```
    pub fn failures(&self) -> &[BatchFailure] {
        &self.0.failures
    }

    /// Whether the same call may succeed when it is simply made again.
    ///
    /// True for [`ErrorKind::Connection`] and [`ErrorKind::Timeout`] unless the place that made
    /// the error knew better. Whether it is *safe* to repeat depends on the call.
    ///
    /// ```
    /// use dataknobs_data_core::{Error, ErrorKind};
    /// assert!(Error::new(ErrorKind::Timeout, "no answer").is_retryable());
    /// assert!(!Error::new(ErrorKind::Conflict, "another writer was first").is_retryable());
    /// ```
    pub fn is_retryable(&self) -> bool {
        self.0.retryable.unwrap_or(matches!(self.0.kind, ErrorKind::Connection | ErrorKind::Timeout))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.0.kind.phrase(), self.0.message)?;
        let mut separator = " (";
        for part in [self.0.operation, self.0.backend].into_iter().flatten() {
            write!(f, "{separator}{part}")?;
            separator = ", ";
        }
        for (key, value) in &self.0.context {
            write!(f, "{separator}{key}: {value}")?;
            separator = ", ";
        }
        if separator == ", " { f.write_str(")") } else { Ok(()) }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("Error");
        debug.field("kind", &self.0.kind).field("message", &self.0.message);
        if let Some(operation) = self.0.operation {
            debug.field("operation", &operation);
        }
        if let Some(backend) = self.0.backend {
            debug.field("backend", &backend);
        }
        if !self.0.context.is_empty() {
            debug.field("context", &self.0.context);
        }
        if let Some(hint) = &self.0.hint {
            debug.field("hint", hint);
        }
        if let Some(excerpt) = &self.0.excerpt {
            // On lines of its own, so that the caret stands under its character.
            debug.field("excerpt", &format_args!("\n{excerpt}\n"));
        }
        if !self.0.failures.is_empty() {
            debug.field("failures", &self.0.failures);
        }
        if let Some(source) = &self.0.source {
            debug.field("source", source);
        }
        debug.field("retryable", &self.is_retryable()).finish()
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source.as_deref().map(|source| source as &(dyn StdError + 'static))
    }
}

impl From<std::io::Error> for Error {
    fn from(source: std::io::Error) -> Self {
        // A reader or writer of ours that stands behind `std::io` reports in its own words.
        let source = match source.downcast::<Error>() {
            Ok(error) => return error,
            Err(source) => source,
        };
        let kind = match source.kind() {
            std::io::ErrorKind::NotFound => ErrorKind::NotFound,
            std::io::ErrorKind::PermissionDenied => ErrorKind::Auth,
            std::io::ErrorKind::TimedOut => ErrorKind::Timeout,
            _ => ErrorKind::Io,
        };
        Error::new(kind, source.kind().to_string()).with_source(source)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_its_own_name_and_phrase() {
        let mut names: Vec<_> = ErrorKind::ALL.iter().map(|kind| kind.name()).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), ErrorKind::ALL.len());
        for kind in ErrorKind::ALL {
            assert!(Error::new(kind, "x").to_string().ends_with(": x"));
            assert_eq!(kind.to_string(), kind.name());
        }
    }

    #[test]
    fn the_first_operation_and_backend_stay() {
        let error =
            Error::unsupported("no").with_operation("a").with_operation("b").with_backend("m").with_backend("n");
        assert_eq!((error.operation(), error.backend()), (Some("a"), Some("m")));
    }

    #[test]
    fn debug_tells_the_whole_story() {
        let error = Error::new(ErrorKind::Io, "write failed")
            .with_operation("flush")
            .with_backend("file")
            .with_context("path", "x.json")
            .with_hint("free some space")
            .with_excerpt("a b\n  ^")
            .with_source(std::io::Error::other("disk full"))
            .with_failures(vec![BatchFailure { index: 3, error: Error::invalid_record("bad") }]);
        let text = format!("{error:?}");
        for part in ["Io", "flush", "file", "x.json", "free some space", "disk full", "index: 3", "retryable: false"] {
            assert!(text.contains(part), "{part} is missing in {text}");
        }
        assert!(text.contains("\na b\n  ^\n"), "the excerpt is not on its own lines in {text}");
        assert!(!error.to_string().contains('\n'));
        assert!(StdError::source(&error).is_some());
        assert_eq!(error.hint(), Some("free some space"));
        assert_eq!(error.context_value("path"), Some("x.json"));
        assert_eq!(error.context().count(), 1);
    }

    #[test]
    fn only_connection_and_timeout_are_retryable_by_themselves() {
        for kind in ErrorKind::ALL {
            let expected = matches!(kind, ErrorKind::Connection | ErrorKind::Timeout);
            assert_eq!(Error::new(kind, "").is_retryable(), expected);
        }
        assert!(Error::new(ErrorKind::Backend, "").with_retryable(true).is_retryable());
    }

    #[test]
    fn io_errors_keep_their_meaning() {
        use std::io;
        let kinds = [
            (io::ErrorKind::NotFound, ErrorKind::NotFound),
            (io::ErrorKind::PermissionDenied, ErrorKind::Auth),
            (io::ErrorKind::TimedOut, ErrorKind::Timeout),
            (io::ErrorKind::Other, ErrorKind::Io),
        ];
        for (given, expected) in kinds {
            assert_eq!(Error::from(io::Error::from(given)).kind(), expected);
        }
    }
}
