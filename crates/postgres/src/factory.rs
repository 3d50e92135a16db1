//! PostgreSQL tables by URL or settings.

use std::sync::Arc;

use dataknobs_data_core::backend::Backend;
use dataknobs_data_core::config::{ConfigMap, UrlParts, from_map};
use dataknobs_data_core::{BackendFactory, Result};

use crate::backend::PostgresBackend;
use crate::config::PostgresConfig;

/// Makes PostgreSQL databases for a [`Registry`](dataknobs_data_core::Registry):
/// `postgres://user:password@host:5432/database?table=records`. Every setting may stand behind the
/// `?`, those of the pool as `pool.max_size=20`.
///
/// ```
/// use dataknobs_data_core::Registry;
/// use dataknobs_data_postgres::PostgresFactory;
/// let mut registry = Registry::new();
/// registry.register(PostgresFactory)?;
/// let opened = registry.open("postgres://ada@localhost/mydb?table=people&namespace=crm")?;
/// assert_eq!(opened.backend.info().location, "localhost:5432/mydb/crm.people");
/// let error = registry.open("postgres://localhost/mydb?tabel=people").unwrap_err();
/// assert_eq!(error.hint(), Some("did you mean `table`?"));
/// # Ok::<(), dataknobs_data_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, Default)]
pub struct PostgresFactory;

impl BackendFactory for PostgresFactory {
    fn backend(&self) -> &'static str {
        "postgres"
    }

    fn schemes(&self) -> &'static [&'static str] {
        &["postgresql"]
    }

    fn extensions(&self) -> &'static [&'static str] {
        &[]
    }

    fn config_from_url(&self, parts: &UrlParts) -> Result<ConfigMap> {
        parts.connection_config()
    }

    fn create(&self, config: ConfigMap) -> Result<Arc<dyn Backend>> {
        Ok(Arc::new(PostgresBackend::new(from_map::<PostgresConfig>(config)?)?))
    }
}
