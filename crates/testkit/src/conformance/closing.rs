//! A fixture that closes what it opened, so that a suite does not pile up databases.

use std::sync::{Mutex, PoisonError};

use dataknobs_data_core::{Database, Result};
use futures_util::future::BoxFuture;

use crate::fixture::Fixture;

/// Passes everything on to a fixture, and remembers the databases.
pub(super) struct Closing<'f> {
    fixture: &'f dyn Fixture,
    opened: Mutex<Vec<Database>>,
}

impl<'f> Closing<'f> {
    pub(super) fn new(fixture: &'f dyn Fixture) -> Self {
        Closing { fixture, opened: Mutex::default() }
    }

    fn remember(&self, database: &Database) {
        self.opened.lock().unwrap_or_else(PoisonError::into_inner).push(database.clone());
    }

    /// Closes all databases of which that has not been done here yet.
    pub(super) async fn close(&self) -> Result<()> {
        let opened = std::mem::take(&mut *self.opened.lock().unwrap_or_else(PoisonError::into_inner));
        let mut closed = Ok(());
        for database in opened {
            closed = closed.and(database.close().await);
        }
        closed
    }
}

impl Fixture for Closing<'_> {
    fn name(&self) -> &str {
        self.fixture.name()
    }

    fn open(&self) -> BoxFuture<'_, Result<Database>> {
        Box::pin(async {
            let database = self.fixture.open().await?;
            self.remember(&database);
            Ok(database)
        })
    }

    fn reopen<'a>(&'a self, database: &'a Database) -> Option<BoxFuture<'a, Result<Database>>> {
        let reopening = self.fixture.reopen(database)?;
        Some(Box::pin(async move {
            let database = reopening.await?;
            self.remember(&database);
            Ok(database)
        }))
    }
}
