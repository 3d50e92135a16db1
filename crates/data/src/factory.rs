//! The stores that are compiled in, and the factory that makes databases of them.

use std::sync::LazyLock;

use dataknobs_data_core::config::ConfigMap;
use dataknobs_data_core::memory::MemoryFactory;
use dataknobs_data_core::{Registry, Result};

use crate::Database;

/// The registry of every store that is compiled in.
///
/// ```
/// let names: Vec<_> = dataknobs_data::registry().backends().collect();
/// assert!(names.contains(&"memory"));
/// ```
pub fn registry() -> &'static Registry {
    static REGISTRY: LazyLock<Registry> = LazyLock::new(|| {
        let mut registry = Registry::new();
        let registered = register_all(&mut registry);
        debug_assert!(registered.is_ok(), "{registered:?}");
        registry
    });
    &REGISTRY
}

/// Adds every store that is compiled in to a registry of one's own.
///
/// # Errors
/// [`AlreadyExists`](crate::ErrorKind::AlreadyExists) when a name is taken there.
pub(crate) fn register_all(registry: &mut Registry) -> Result<()> {
    registry.register(MemoryFactory)?;
    #[cfg(feature = "file")]
    registry.register(dataknobs_data_file::FileFactory)?;
    #[cfg(feature = "postgres")]
    registry.register(dataknobs_data_postgres::PostgresFactory)?;
    Ok(())
}

/// Makes databases by the name of their backend, as configuration files give it.
///
/// ```
/// use dataknobs_data::{DatabaseFactory, ErrorKind};
/// let factory = DatabaseFactory::new();
/// let db = factory.create("memory", Default::default())?;
/// assert_eq!(factory.create("memry", Default::default()).unwrap_err().kind(), ErrorKind::InvalidConfig);
/// # Ok::<(), dataknobs_data::Error>(())
/// ```
#[derive(Debug, Clone, Copy, Default)]
pub struct DatabaseFactory;

impl DatabaseFactory {
    /// A factory of every store that is compiled in.
    ///
    /// ```
    /// use dataknobs_data::DatabaseFactory;
    /// assert!(DatabaseFactory::new().create("memory", Default::default()).is_ok());
    /// ```
    pub fn new() -> Self {
        DatabaseFactory
    }

    /// A database of this backend with these settings.
    ///
    /// ```
    /// use dataknobs_data::{DatabaseFactory, Query, config::ConfigMap};
    /// let settings = ConfigMap::from_iter([("read_only".to_owned(), true.into())]);
    /// let db = DatabaseFactory::new().create("memory", settings)?.to_sync();
    /// assert_eq!(db.count(&Query::new())?, 0);
    /// # Ok::<(), dataknobs_data::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`InvalidConfig`](crate::ErrorKind::InvalidConfig) for an unknown backend or setting.
    pub fn create(&self, backend: &str, settings: ConfigMap) -> Result<Database> {
        Database::with_settings(backend, settings)
    }
}
