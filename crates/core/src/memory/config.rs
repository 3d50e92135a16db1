//! How a memory database is configured.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;

use super::MemoryBackend;
use crate::backend::Backend;
use crate::config::{self, ConfigMap, UrlParts, from_map};
use crate::error::{Error, Result};
use crate::registry::BackendFactory;

/// Options of a memory database.
///
/// ```
/// use dataknobs_data_core::{config::from_map, memory::MemoryConfig};
/// use std::time::Duration;
/// let map = serde_json::json!({"persist": "people.jsonl", "interval": "30s"});
/// let config: MemoryConfig = from_map(map.as_object().unwrap().clone())?;
/// assert_eq!(config.interval, Some(Duration::from_secs(30)));
/// # Ok::<(), dataknobs_data_core::Error>(())
/// ```
#[derive(Debug, Clone, Default, Deserialize)]
pub struct MemoryConfig {
    /// A file that the records are loaded from at first use and written to on flush, on close and
    /// by interval.
    #[serde(default)]
    pub persist: Option<PathBuf>,
    /// The file's format: JSON lines (the default) or pickle.
    #[serde(default)]
    pub format: Option<PersistFormat>,
    /// How often changes are written; not at all by themselves when there is none.
    #[serde(default, with = "config::duration")]
    pub interval: Option<Duration>,
}

/// The format of a persistence file.
///
/// ```
/// use dataknobs_data_core::{config::from_map, memory::{MemoryConfig, PersistFormat}};
/// let map = serde_json::json!({"persist": "people.pickle", "format": "pickle"});
/// let config: MemoryConfig = from_map(map.as_object().unwrap().clone())?;
/// assert_eq!(config.format, Some(PersistFormat::Pickle));
/// # Ok::<(), dataknobs_data_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
pub enum PersistFormat {
    /// One record document per line.
    #[default]
    #[serde(rename = "jsonl", alias = "json_lines", alias = "ndjson")]
    JsonLines,
    /// A Python pickle of a list of record documents. Read and written as plain data: nothing in
    /// a file can run code.
    #[serde(rename = "pickle")]
    Pickle,
}

/// Makes memory databases for a [`Registry`](crate::Registry): `memory:`, or `memory:people.jsonl`
/// for one that is kept in a file.
///
/// ```
/// use dataknobs_data_core::{Database, Registry, memory::MemoryFactory};
/// let mut registry = Registry::new();
/// registry.register(MemoryFactory)?;
/// let db = Database::from_opened(registry.open("memory:")?);
/// assert_eq!(db.backend().info().backend, "memory");
/// # Ok::<(), dataknobs_data_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, Default)]
pub struct MemoryFactory;

impl BackendFactory for MemoryFactory {
    fn backend(&self) -> &'static str {
        "memory"
    }

    fn schemes(&self) -> &'static [&'static str] {
        &["memory"]
    }

    fn extensions(&self) -> &'static [&'static str] {
        &[]
    }

    fn config_from_url(&self, parts: &UrlParts) -> Result<ConfigMap> {
        let mut map = parts.path_config()?;
        match map.remove("path") {
            None => {}
            Some(path) if path.as_str() == Some("") => {}
            Some(path) if map.contains_key("persist") => {
                return Err(Error::invalid_config("the file to persist to is named twice").with_context("path", path));
            }
            Some(path) => {
                map.insert("persist".into(), path);
            }
        }
        Ok(map)
    }

    fn create(&self, config: ConfigMap) -> Result<Arc<dyn Backend>> {
        Ok(Arc::new(MemoryBackend::open(from_map::<MemoryConfig>(config)?)?))
    }
}
