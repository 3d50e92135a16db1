//! From the driver's errors to ours: the SQLSTATE decides the kind, and texts of the server that
//! may hold a stored value are left out.

use std::error::Error as _;

use dataknobs_data_core::{Error, ErrorKind};
use tokio::task::JoinError;
use tokio_postgres::error::DbError;

/// What went wrong, in our words.
pub(crate) fn from_driver(error: tokio_postgres::Error) -> Error {
    if let Some(reported) = error.as_db_error() {
        return from_server(reported);
    }
    if error.is_closed() {
        return Error::new(ErrorKind::Connection, "the connection is closed");
    }
    let source = error.source();
    let io = source.and_then(|source| source.downcast_ref::<std::io::Error>());
    let tls = io.and_then(|io| io.get_ref()).and_then(|inner| inner.downcast_ref::<rustls::Error>());
    if let Some(problem) = tls {
        let kind = match problem {
            rustls::Error::InvalidCertificate(_) => ErrorKind::Auth,
            _ => ErrorKind::Connection,
        };
        let message = match problem {
            rustls::Error::InvalidCertificate(_) => "the server's certificate is not accepted",
            _ => "no encrypted connection could be made",
        };
        return Error::new(kind, message).with_context("reason", problem).with_retryable(false);
    }
    if let Some(io) = io {
        let kind = if io.kind() == std::io::ErrorKind::TimedOut { ErrorKind::Timeout } else { ErrorKind::Connection };
        return Error::new(kind, "the server cannot be reached or has gone").with_context("reason", io.kind());
    }
    let text = error.to_string();
    // The driver has no kinds of its own for these.
    if text.starts_with("invalid configuration") || text.contains("authentication") {
        return Error::new(ErrorKind::Auth, "the server wants another way to prove who is asking")
            .with_context("reason", source.map_or_else(|| text.clone(), ToString::to_string))
            .with_retryable(false);
    }
    if text.contains("TLS") {
        return Error::new(ErrorKind::Connection, "no encrypted connection could be made")
            .with_context("reason", source.map_or_else(|| text.clone(), ToString::to_string))
            .with_retryable(false);
    }
    if text.starts_with("error connecting")
        || text.starts_with("error communicating")
        || text.contains("unexpected EOF")
    {
        return Error::new(ErrorKind::Connection, "the server cannot be reached or has gone");
    }
    Error::new(ErrorKind::Backend, "the answer of the server cannot be used").with_context("reason", text)
}

fn from_server(reported: &DbError) -> Error {
    let code = reported.code().code();
    let (kind, message, retryable) = match (&code[..2], code) {
        ("28", _) => (ErrorKind::Auth, "the server refused this user", Some(false)),
        (_, "42501") => (ErrorKind::Auth, "this user has no right to do that", Some(false)),
        (_, "3D000") => (ErrorKind::Connection, "there is no such database", Some(false)),
        ("40", _) => (ErrorKind::Conflict, "another transaction was first", None),
        (_, "25P02") => (ErrorKind::Conflict, "the transaction failed before and can only be rolled back", None),
        (_, "25006") => (ErrorKind::Unsupported, "the transaction or the server is read-only", None),
        (_, "57014") => (ErrorKind::Timeout, "the statement was cancelled or took too long", None),
        (_, "55P03") => (ErrorKind::Timeout, "a lock was not to be had in time", None),
        (_, "57P01" | "57P02" | "57P03" | "57P05") | ("08", _) => {
            (ErrorKind::Connection, "the server ended the connection", None)
        }
        (_, "53300") => (ErrorKind::Connection, "the server has no connection left", None),
        (_, "23505") => (ErrorKind::AlreadyExists, "a unique value is there already", None),
        ("23" | "22", _) => (ErrorKind::InvalidRecord, "the table does not take these values", None),
        (_, "54000") => (ErrorKind::InvalidRecord, "a value is too large for an index", None),
        (_, "42P01") => (ErrorKind::NotFound, "there is no such table", None),
        ("53", _) => (ErrorKind::Backend, "the server is short of memory or disk", Some(true)),
        _ => (ErrorKind::Backend, "the server reports an error", None),
    };
    let mut error = Error::new(kind, message).with_context("sqlstate", code);
    for (key, part) in
        [("constraint", reported.constraint()), ("table", reported.table()), ("column", reported.column())]
    {
        if let Some(part) = part {
            error = error.with_context(key, format!("`{}`", part.escape_debug()));
        }
    }
    // In these classes the text may quote what is stored.
    if !matches!(&code[..2], "22" | "23") {
        error = error.with_context("reason", reported.message().escape_debug());
    }
    match retryable {
        Some(retryable) => error.with_retryable(retryable),
        None => error,
    }
}

/// What a task of ours gave; a panic in it is one here.
pub(crate) fn from_task<T>(ended: Result<T, JoinError>) -> Result<T, Error> {
    ended.map_err(|ended| match ended.try_into_panic() {
        Ok(panic) => std::panic::resume_unwind(panic),
        Err(_) => Error::new(ErrorKind::Cancelled, "the read was interrupted"),
    })
}

/// Whether a connection on which this happened can be used on.
pub(crate) fn breaks_connection(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::Connection | ErrorKind::Cancelled | ErrorKind::AmbiguousCommit)
}
