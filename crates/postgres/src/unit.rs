//! What happens together: a transaction, or a savepoint in the one that is open.

use dataknobs_data_core::Result;

use crate::connection::Connection;
use crate::work::ambiguous;

/// A connection, and whether a transaction of the user's is open on it.
#[derive(Clone, Copy)]
pub(crate) struct Unit<'a> {
    pub(crate) connection: &'a Connection,
    pub(crate) in_transaction: bool,
}

impl Unit<'_> {
    /// The same connection after [`Unit::begin`]: what begins there is a savepoint.
    pub(crate) fn inside(&self) -> Self {
        Unit { in_transaction: true, ..*self }
    }

    /// Opens a transaction, or a savepoint in the one that is open.
    pub(crate) async fn begin(&self, savepoint: &str) -> Result<()> {
        if self.in_transaction {
            self.connection.batch(&format!("SAVEPOINT {savepoint}")).await
        } else {
            self.connection.batch("BEGIN").await
        }
    }

    /// Keeps what was done since [`Unit::begin`], or undoes it after an error.
    pub(crate) async fn end<T>(&self, savepoint: &str, result: Result<T>) -> Result<T> {
        let text = match (self.in_transaction, result.is_ok()) {
            (true, true) => format!("RELEASE SAVEPOINT {savepoint}"),
            (true, false) => format!("ROLLBACK TO SAVEPOINT {savepoint}; RELEASE SAVEPOINT {savepoint}"),
            (false, true) => "COMMIT".to_owned(),
            (false, false) => "ROLLBACK".to_owned(),
        };
        let ended = self.connection.batch(&text).await;
        match (result, ended) {
            (Ok(value), Ok(())) => Ok(value),
            (Ok(_), Err(error)) if !self.in_transaction => Err(ambiguous(error)),
            (Ok(_), Err(error)) => Err(error),
            (Err(error), _) => Err(error),
        }
    }
}
