//! Databases for tests.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use dataknobs_data_core::Database;
use dataknobs_data_postgres::{PostgresBackend, PostgresConfig};
use dataknobs_data_testkit::services::postgres;
use tokio_postgres::Client;

/// The settings for a table that is not there yet.
pub(crate) fn new_table() -> PostgresConfig {
    static TABLES: AtomicUsize = AtomicUsize::new(0);
    let number = TABLES.fetch_add(1, Ordering::Relaxed);
    postgres().unwrap().config("postgres", &format!("it_{}_{number}", std::process::id()))
}

pub(crate) fn database(config: &PostgresConfig) -> Database {
    Database::from_backend(Arc::new(PostgresBackend::new(config.clone()).unwrap()))
}

/// A client beside the store.
pub(crate) async fn client() -> Client {
    postgres().unwrap().client("postgres").await.unwrap()
}
