//! What the parquet crate reports, as errors of ours.

use std::panic::{AssertUnwindSafe, catch_unwind};

use ::parquet::errors::ParquetError;
use arrow_schema::ArrowError;
use dataknobs_data_core::{Error, ErrorKind, Result};

/// The error for what went wrong while reading.
pub(super) fn read_error(error: ParquetError) -> Error {
    match error {
        ParquetError::NYI(reason) => Error::unsupported("this Parquet file needs something that cannot be read here")
            .with_context("reason", reason),
        ParquetError::External(source) => match source.downcast::<std::io::Error>() {
            Ok(error) => Error::from(*error),
            Err(source) => damaged(source.to_string()),
        },
        ParquetError::General(reason) | ParquetError::EOF(reason) | ParquetError::ArrowError(reason) => damaged(reason),
        other => damaged(other.to_string()),
    }
}

/// The error for what went wrong while decoding a batch.
pub(super) fn decode_error(error: ArrowError) -> Error {
    match error {
        ArrowError::ParquetError(reason) => damaged(reason),
        ArrowError::ExternalError(source) => match source.downcast::<ParquetError>() {
            Ok(error) => read_error(*error),
            Err(source) => damaged(source.to_string()),
        },
        other => damaged(other.to_string()),
    }
}

/// The error for what went wrong while writing.
pub(super) fn write_error(error: ParquetError) -> Error {
    Error::new(ErrorKind::Backend, "the records could not be written as Parquet").with_source(error)
}

fn damaged(reason: String) -> Error {
    Error::corrupt("the Parquet file is damaged").with_context("reason", reason.escape_debug())
}

/// Runs work on bytes that may be anything. The parquet crate takes some damage for a fault of the
/// program and panics; to users a damaged file is an error like any other.
pub(super) fn contained<T>(work: impl FnOnce() -> Result<T>) -> Result<T> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| {
        let reason = match (panic.downcast_ref::<String>(), panic.downcast_ref::<&str>()) {
            (Some(text), _) => text.clone(),
            (None, Some(text)) => (*text).to_owned(),
            (None, None) => "unknown".to_owned(),
        };
        Err(damaged(reason))
    })
}
