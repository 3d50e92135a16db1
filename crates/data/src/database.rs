//! The core crate's handles, with the ways to open them.

use std::ops::Deref;

use dataknobs_data_core as core;
use dataknobs_data_core::Result;
use dataknobs_data_core::config::ConfigMap;

use crate::factory::registry;

/// A database: records in some store, behind one interface. All methods are those of
/// [`dataknobs_data_core::Database`], which it dereferences to.
///
/// ```
/// use dataknobs_data::{Database, record};
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let db = Database::open("memory:")?;
/// let id = db.create(record! { "name": "Ada" }?).await?;
/// assert_eq!(db.read(&id).await?.unwrap()["name"].as_str(), Some("Ada"));
/// # Ok::<(), dataknobs_data::Error>(())
/// # }).unwrap();
/// ```
#[derive(Debug, Clone)]
pub struct Database(core::Database);

/// A [`Database`] whose methods block. All methods are those of
/// [`dataknobs_data_core::SyncDatabase`], which it dereferences to.
///
/// ```
/// use dataknobs_data::{SyncDatabase, record};
/// let db = SyncDatabase::open("memory:")?;
/// let id = db.create(record! { "name": "Ada" }?)?;
/// assert_eq!(db.read(&id)?.unwrap()["name"].as_str(), Some("Ada"));
/// # Ok::<(), dataknobs_data::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct SyncDatabase(core::SyncDatabase);

impl Database {
    /// Opens a database by URL or path. It connects on first use.
    ///
    /// ```
    /// use dataknobs_data::{Database, ErrorKind};
    /// let db = Database::open("memory:")?;
    /// assert_eq!(Database::open("memroy:").unwrap_err().kind(), ErrorKind::InvalidConfig);
    /// # Ok::<(), dataknobs_data::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`InvalidConfig`](crate::ErrorKind::InvalidConfig) for an unknown scheme, file ending or
    /// setting.
    pub fn open(url: &str) -> Result<Self> {
        registry().open(url).map(|opened| Database(core::Database::from_opened(opened)))
    }

    /// As [`Database::open`], with a say in the settings before they are used; see
    /// [`Registry::open_with`](dataknobs_data_core::Registry::open_with).
    ///
    /// ```
    /// use dataknobs_data::{Database, ErrorKind};
    /// let settle = |_: &str, settings: &mut dataknobs_data::config::ConfigMap| {
    ///     settings.insert("timeout".to_owned(), "5s".into());
    ///     Ok(())
    /// };
    /// let db = Database::open_with("memory:", settle)?;
    /// # Ok::<(), dataknobs_data::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Database::open`], and what `change` reports.
    pub fn open_with(url: &str, change: impl FnOnce(&'static str, &mut ConfigMap) -> Result<()>) -> Result<Self> {
        registry().open_with(url, change).map(|opened| Database(core::Database::from_opened(opened)))
    }

    /// A database of this backend with these settings.
    ///
    /// ```
    /// use dataknobs_data::{Database, record, config::ConfigMap};
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let settings = ConfigMap::from_iter([("read_only".to_owned(), true.into())]);
    /// let db = Database::with_settings("memory", settings)?;
    /// assert!(db.create(record! { "n": 1 }?).await.is_err());
    /// # Ok::<(), dataknobs_data::Error>(())
    /// # }).unwrap();
    /// ```
    ///
    /// # Errors
    /// As [`Database::open`].
    pub fn with_settings(backend: &str, settings: ConfigMap) -> Result<Self> {
        registry().create(backend, settings).map(|opened| Database(core::Database::from_opened(opened)))
    }

    /// A database from settings that name their backend: `type`, or `class` as the configuration
    /// package writes it.
    ///
    /// ```
    /// use dataknobs_data::{Database, config::Config};
    /// let config = Config::from_json(r#"{"databases": {"cache": {"type": "memory"}}}"#)?;
    /// let cache = Database::from_config(config.get("databases.cache")?)?;
    /// # Ok::<(), dataknobs_data::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Database::open`].
    pub fn from_config(settings: ConfigMap) -> Result<Self> {
        registry().create_from(settings).map(|opened| Database(core::Database::from_opened(opened)))
    }

    /// An empty database in memory.
    ///
    /// ```
    /// use dataknobs_data::{Database, Query};
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let db = Database::memory();
    /// assert_eq!(db.count(&Query::new()).await?, 0);
    /// # Ok::<(), dataknobs_data::Error>(())
    /// # }).unwrap();
    /// ```
    pub fn memory() -> Self {
        Database(core::Database::memory())
    }

    /// The blocking form; both share one connection.
    ///
    /// ```
    /// use dataknobs_data::{Database, Query, record};
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let db = Database::memory();
    /// db.to_sync().create(record! { "n": 1 }?)?;
    /// assert_eq!(db.count(&Query::new()).await?, 1);
    /// # Ok::<(), dataknobs_data::Error>(())
    /// # }).unwrap();
    /// ```
    pub fn to_sync(&self) -> SyncDatabase {
        SyncDatabase(core::SyncDatabase::new(self.0.clone()))
    }

    /// The core crate's handle.
    ///
    /// ```
    /// use dataknobs_data::Database;
    /// let core: dataknobs_data_core::Database = Database::memory().into_inner();
    /// assert!(core.capabilities().transactions);
    /// ```
    pub fn into_inner(self) -> core::Database {
        self.0
    }
}

impl SyncDatabase {
    /// As [`Database::open`].
    ///
    /// ```
    /// use dataknobs_data::{Query, SyncDatabase};
    /// let db = SyncDatabase::open("memory:")?;
    /// assert_eq!(db.count(&Query::new())?, 0);
    /// # Ok::<(), dataknobs_data::Error>(())
    /// ```
    ///
    /// # Errors
    /// As there.
    pub fn open(url: &str) -> Result<Self> {
        Database::open(url).map(|database| database.to_sync())
    }

    /// As [`Database::with_settings`].
    ///
    /// ```
    /// use dataknobs_data::{SyncDatabase, config::ConfigMap};
    /// let db = SyncDatabase::with_settings("memory", ConfigMap::new())?;
    /// assert_eq!(db.info()?.backend, "memory");
    /// # Ok::<(), dataknobs_data::Error>(())
    /// ```
    ///
    /// # Errors
    /// As there.
    pub fn with_settings(backend: &str, settings: ConfigMap) -> Result<Self> {
        Database::with_settings(backend, settings).map(|database| database.to_sync())
    }

    /// As [`Database::from_config`].
    ///
    /// ```
    /// use dataknobs_data::{SyncDatabase, config::Config};
    /// let config = Config::from_json(r#"{"databases": {"cache": {"type": "memory"}}}"#)?;
    /// let cache = SyncDatabase::from_config(config.get("databases.cache")?)?;
    /// assert_eq!(cache.info()?.backend, "memory");
    /// # Ok::<(), dataknobs_data::Error>(())
    /// ```
    ///
    /// # Errors
    /// As there.
    pub fn from_config(settings: ConfigMap) -> Result<Self> {
        Database::from_config(settings).map(|database| database.to_sync())
    }

    /// An empty database in memory.
    ///
    /// ```
    /// use dataknobs_data::{Query, SyncDatabase};
    /// let db = SyncDatabase::memory();
    /// assert_eq!(db.count(&Query::new())?, 0);
    /// # Ok::<(), dataknobs_data::Error>(())
    /// ```
    pub fn memory() -> Self {
        Database::memory().to_sync()
    }

    /// The core crate's handle.
    ///
    /// ```
    /// use dataknobs_data::SyncDatabase;
    /// let core: dataknobs_data_core::SyncDatabase = SyncDatabase::memory().into_inner();
    /// assert!(core.capabilities().transactions);
    /// ```
    pub fn into_inner(self) -> core::SyncDatabase {
        self.0
    }
}

impl Deref for Database {
    type Target = core::Database;

    fn deref(&self) -> &core::Database {
        &self.0
    }
}

impl Deref for SyncDatabase {
    type Target = core::SyncDatabase;

    fn deref(&self) -> &core::SyncDatabase {
        &self.0
    }
}

impl From<core::Database> for Database {
    fn from(inner: core::Database) -> Self {
        Database(inner)
    }
}

impl From<core::SyncDatabase> for SyncDatabase {
    fn from(inner: core::SyncDatabase) -> Self {
        SyncDatabase(inner)
    }
}
