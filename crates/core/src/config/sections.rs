//! An application's settings, in named sections.

use std::path::Path;

use serde_json::Value as Json;

use super::{ConfigMap, hint_for};
use crate::error::{Error, ErrorKind, Result};

/// The settings of an application: tables inside tables, reached by dotted names.
///
/// ```
/// use dataknobs_data_core::config::{Config, backend_of};
/// let mut config = Config::from_json(r#"{"databases": {"primary": {"type": "postgres", "host": "a"}}}"#)?;
/// config.load(Config::from_json(r#"{"databases": {"primary": {"host": "b"}}}"#)?);
/// let mut primary = config.get("databases.primary")?;
/// assert_eq!(primary["host"], "b");
/// assert_eq!(backend_of(&mut primary)?, "postgres");
/// # Ok::<(), dataknobs_data_core::Error>(())
/// ```
///
/// Variables of the environment (`${VAR}`) stay as they are here; the
/// [`Registry`](crate::Registry) fills them in when it opens a database.
#[derive(Clone, Default, PartialEq)]
pub struct Config(ConfigMap);

impl Config {
    /// No settings.
    ///
    /// ```
    /// use dataknobs_data_core::config::Config;
    /// assert!(Config::new().as_map().is_empty());
    /// ```
    pub fn new() -> Self {
        Self::default()
    }

    /// These settings.
    ///
    /// ```
    /// use dataknobs_data_core::config::{Config, ConfigMap};
    /// let config = Config::from_map(ConfigMap::from_iter([("debug".to_owned(), true.into())]));
    /// assert_eq!(config.value("debug"), Some(&true.into()));
    /// ```
    pub fn from_map(map: ConfigMap) -> Self {
        Config(map)
    }

    /// Settings from JSON text.
    ///
    /// ```
    /// use dataknobs_data_core::config::Config;
    /// let config = Config::from_json(r#"{"databases": {"cache": {"type": "memory"}}}"#)?;
    /// assert_eq!(config.get("databases.cache")?["type"], "memory");
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`InvalidConfig`](crate::ErrorKind::InvalidConfig) with line and column when it is not a JSON
    /// object.
    pub fn from_json(text: &str) -> Result<Self> {
        let value: Json = serde_json::from_str(text).map_err(|source| {
            Error::invalid_config("settings are not JSON")
                .with_context("line", source.line())
                .with_context("column", source.column())
        })?;
        match value {
            Json::Object(map) => Ok(Config(map)),
            _ => Err(Error::invalid_config("settings must be a JSON object")),
        }
    }

    /// Settings from a file; the ending says the format: `.json`.
    ///
    /// ```
    /// use dataknobs_data_core::config::Config;
    /// let file = tempfile::Builder::new().suffix(".json").tempfile()?;
    /// std::fs::write(&file, r#"{"type": "memory"}"#)?;
    /// assert_eq!(Config::from_file(file.path())?.as_map()["type"], "memory");
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Config::from_json`]; Unsupported for another ending; the error of reading the file. Each
    /// names the `path`.
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let place = |error: Error| error.with_context("path", path.display());
        if !path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("json")) {
            return Err(place(Error::unsupported("settings are read from .json files")));
        }
        let text = std::fs::read_to_string(path).map_err(|error| place(error.into()))?;
        Self::from_json(&text).map_err(place)
    }

    /// Lays other settings over these: tables merge, anything else is replaced.
    ///
    /// ```
    /// use dataknobs_data_core::config::Config;
    /// let mut config = Config::from_json(r#"{"pool": {"min_size": 1, "max_size": 4}}"#)?;
    /// config.load(Config::from_json(r#"{"pool": {"max_size": 8}}"#)?);
    /// assert_eq!(config.get("pool")?, config.as_map()["pool"].as_object().unwrap().clone());
    /// assert_eq!((config.value("pool.min_size"), config.value("pool.max_size")), (Some(&1.into()), Some(&8.into())));
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    pub fn load(&mut self, other: Config) {
        merge(&mut self.0, other.0);
    }

    /// The whole, as a map.
    ///
    /// ```
    /// use dataknobs_data_core::config::Config;
    /// let config = Config::from_json(r#"{"b": 1, "a": 2}"#)?;
    /// assert!(config.as_map().keys().eq(["b", "a"]));
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    pub fn as_map(&self) -> &ConfigMap {
        &self.0
    }

    /// The value under a dotted name, if there is one.
    ///
    /// ```
    /// use dataknobs_data_core::config::Config;
    /// let config = Config::from_json(r#"{"hosts": ["a", "b"]}"#)?;
    /// assert_eq!(config.value("hosts.1"), Some(&"b".into()));
    /// assert_eq!(config.value("hosts.2"), None);
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    pub fn value(&self, name: &str) -> Option<&Json> {
        let mut keys = name.split('.');
        let mut value = self.0.get(keys.next()?)?;
        for key in keys {
            value = match value {
                Json::Array(items) => items.get(key.parse::<usize>().ok()?)?,
                value => value.get(key)?,
            };
        }
        Some(value)
    }

    /// The table under a dotted name.
    ///
    /// ```
    /// use dataknobs_data_core::{ErrorKind, config::Config};
    /// let config = Config::from_json(r#"{"cache": {"type": "memory"}, "debug": true}"#)?;
    /// assert_eq!(config.get("cache")?["type"], "memory");
    /// assert_eq!(config.get("cash").unwrap_err().kind(), ErrorKind::NotFound);
    /// assert_eq!(config.get("debug").unwrap_err().kind(), ErrorKind::InvalidConfig);
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// NotFound when there is none; [`InvalidConfig`](crate::ErrorKind::InvalidConfig) when it is not
    /// a table.
    pub fn get(&self, name: &str) -> Result<ConfigMap> {
        match self.value(name) {
            Some(Json::Object(map)) => Ok(map.clone()),
            Some(_) => Err(Error::invalid_config("this section is not a table").with_context("section", name)),
            None => Err(self.missing(name)),
        }
    }

    fn missing(&self, name: &str) -> Error {
        let (parent, last) = name.rsplit_once('.').map_or((None, name), |(parent, last)| (Some(parent), last));
        let siblings = match parent.map(|parent| self.value(parent)) {
            None => Some(&self.0),
            Some(found) => found.and_then(Json::as_object),
        };
        let error = Error::new(ErrorKind::NotFound, "no such section").with_context("section", name);
        match siblings {
            Some(siblings) => error.with_hint(hint_for(last, "sections there", siblings.keys().map(String::as_str))),
            None => error,
        }
    }
}

/// Values may be secrets; only the names of the sections are shown.
impl std::fmt::Debug for Config {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Config").field(&self.0.keys().collect::<Vec<_>>()).finish()
    }
}

fn merge(into: &mut ConfigMap, from: ConfigMap) {
    for (key, value) in from {
        match (into.get_mut(&key), value) {
            (Some(Json::Object(old)), Json::Object(new)) => merge(old, new),
            (_, value) => drop(into.insert(key, value)),
        }
    }
}

/// Takes the keys that select a backend out of its settings and says which it is.
///
/// `type` or `backend` name it; `class` does by the last part of a dotted name:
/// `dataknobs_data.backends.postgres.PostgresDatabase` is `postgres`. `factory` may name a
/// `DatabaseFactory`, which says nothing about the backend.
///
/// ```
/// use dataknobs_data_core::config::{ConfigMap, backend_of};
/// let mut map = ConfigMap::from_iter([("type".to_owned(), "file".into()), ("path".to_owned(), "a.csv".into())]);
/// assert_eq!(backend_of(&mut map)?, "file");
/// assert!(map.keys().eq(["path"])); // what is left is the backend's
/// # Ok::<(), dataknobs_data_core::Error>(())
/// ```
///
/// # Errors
/// [`InvalidConfig`](crate::ErrorKind::InvalidConfig) when none of them is there, two disagree, or
/// one is not text.
pub fn backend_of(map: &mut ConfigMap) -> Result<String> {
    let mut text = |key: &'static str| match map.remove(key) {
        None => Ok(None),
        Some(Json::String(text)) => Ok(Some(text)),
        Some(_) => Err(Error::invalid_config("this setting must be text").with_context("key", format!("`{key}`"))),
    };
    let named = [text("type")?, text("backend")?];
    let class = text("class")?;
    let factory = text("factory")?;
    if factory.is_some_and(|factory| !factory.ends_with("DatabaseFactory")) {
        return Err(Error::invalid_config("this factory makes no databases").with_context("key", "`factory`"));
    }
    let class = class.map(|class| {
        let name = class.rsplit(['.', ':']).next().unwrap_or(&class);
        let name = name.strip_suffix("Database").filter(|name| !name.is_empty()).unwrap_or(name);
        let name = ["Sync", "Async"].iter().find_map(|prefix| name.strip_prefix(prefix)).unwrap_or(name);
        name.to_ascii_lowercase()
    });
    let mut names = named.into_iter().flatten().chain(class);
    let Some(name) = names.next() else {
        return Err(Error::invalid_config("a database's settings must say its backend")
            .with_hint("add a key `type`, such as \"memory\" or \"file\""));
    };
    match names.find(|other| !other.eq_ignore_ascii_case(&name)) {
        Some(_) => Err(Error::invalid_config("`type`, `backend` and `class` name different backends")),
        None => Ok(name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn config(json: Json) -> Config {
        Config::from_json(&json.to_string()).unwrap()
    }

    #[test]
    fn sections_are_reached_by_dotted_names() {
        let config = config(json!({"databases": {"primary": {"a": 1}, "list": [{"b": 2}]}, "x": 7}));
        assert_eq!(config.get("databases.primary").unwrap()["a"], 1);
        assert_eq!(config.get("databases.list.0").unwrap()["b"], 2);
        assert_eq!(config.value("x"), Some(&json!(7)));
        assert_eq!(config.get("x").unwrap_err().kind(), ErrorKind::InvalidConfig);
        for (name, hint) in [
            ("databases.primry", Some("did you mean `primary`?")),
            ("database", Some("did you mean `databases`?")),
            ("databases.zzz", Some("the sections there are `primary`, `list`")),
            ("databases.list.7", None),
            ("x.y", None),
            ("", Some("the sections there are `databases`, `x`")),
        ] {
            let error = config.get(name).unwrap_err();
            assert_eq!((error.kind(), error.hint()), (ErrorKind::NotFound, hint), "{name}");
        }
    }

    #[test]
    fn loading_merges_tables_and_replaces_the_rest() {
        let mut all = Config::new();
        all.load(config(json!({"a": {"x": 1, "list": [1, 2]}, "b": 1})));
        all.load(config(json!({"a": {"y": 2, "list": [3]}, "b": {"c": 1}})));
        assert_eq!(Json::Object(all.as_map().clone()), json!({"a": {"x": 1, "list": [3], "y": 2}, "b": {"c": 1}}));
        assert_eq!(Config::from_map(all.as_map().clone()), all);
        assert_eq!(format!("{all:?}"), r#"Config(["a", "b"])"#);
    }

    #[test]
    fn files_are_read_by_their_ending() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("app.JSON");
        std::fs::write(&path, r#"{"a": {"b": 1}}"#).unwrap();
        assert_eq!(Config::from_file(&path).unwrap().get("a").unwrap()["b"], 1);
        std::fs::write(&path, "{\"a\":\n s3cret").unwrap();
        let error = Config::from_file(&path).unwrap_err();
        assert_eq!((error.kind(), error.context_value("line")), (ErrorKind::InvalidConfig, Some("2")));
        assert!(error.context_value("path").is_some() && !format!("{error:?}").contains("s3cret"));
        assert_eq!(Config::from_file(folder.path().join("no.json")).unwrap_err().kind(), ErrorKind::NotFound);
        assert_eq!(Config::from_file(folder.path().join("x.toml")).unwrap_err().kind(), ErrorKind::Unsupported);
        assert_eq!(Config::from_json("[]").unwrap_err().kind(), ErrorKind::InvalidConfig);
    }

    #[test]
    fn a_backend_is_selected_by_type_or_class() {
        for (settings, backend) in [
            (json!({"type": "memory"}), "memory"),
            (json!({"backend": "file"}), "file"),
            (json!({"class": "dataknobs_data.backends.postgres.PostgresDatabase"}), "postgres"),
            (json!({"class": "dataknobs_data.backends.s3.SyncS3Database"}), "s3"),
            (json!({"class": "AsyncElasticsearchDatabase"}), "elasticsearch"),
            (json!({"class": "S3Database", "type": "s3"}), "s3"),
            (json!({"factory": "dataknobs_data.DatabaseFactory", "type": "s3"}), "s3"),
        ] {
            let Json::Object(mut map) = settings else { unreachable!() };
            map.insert("keep".to_owned(), json!(1));
            assert_eq!(backend_of(&mut map).unwrap(), backend);
            assert_eq!(Json::Object(map), json!({"keep": 1}));
        }
        for wrong in [
            json!({}),
            json!({"type": 1}),
            json!({"type": "s3", "class": "FileDatabase"}),
            json!({"type": "s3", "factory": "some.Thing"}),
        ] {
            let Json::Object(mut map) = wrong else { unreachable!() };
            assert_eq!(backend_of(&mut map).unwrap_err().kind(), ErrorKind::InvalidConfig);
        }
    }
}
