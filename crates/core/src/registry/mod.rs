//! Which backends there are, and how settings or a URL become one.

mod opened;

use std::fmt::Debug;
use std::sync::Arc;

pub use opened::Opened;

use crate::backend::Backend;
use crate::config::{ConfigMap, Environment, UrlParts, backend_of, hint_for};
use crate::error::{Error, ErrorKind, Result};

/// Makes the databases of one backend out of settings.
///
/// A backend crate implements it on a unit struct and registers that with a [`Registry`]; nothing
/// else needs to know about the backend.
///
/// ```
/// use dataknobs_data_core::backend::Backend;
/// use dataknobs_data_core::config::{ConfigMap, UrlParts};
/// use dataknobs_data_core::memory::MemoryBackend;
/// use dataknobs_data_core::{BackendFactory, Registry, Result};
/// use std::sync::Arc;
/// #[derive(Debug)]
/// struct Scratch;
/// impl BackendFactory for Scratch {
///     fn backend(&self) -> &'static str {
///         "scratch"
///     }
///     fn schemes(&self) -> &'static [&'static str] {
///         &["scratch"]
///     }
///     fn extensions(&self) -> &'static [&'static str] {
///         &[]
///     }
///     fn config_from_url(&self, parts: &UrlParts) -> Result<ConfigMap> {
///         parts.path_config()
///     }
///     fn create(&self, _config: ConfigMap) -> Result<Arc<dyn Backend>> {
///         Ok(Arc::new(MemoryBackend::new()))
///     }
/// }
/// let mut registry = Registry::new();
/// registry.register(Scratch)?;
/// assert!(registry.open("scratch:").is_ok());
/// # Ok::<(), dataknobs_data_core::Error>(())
/// ```
pub trait BackendFactory: Debug + Send + Sync {
    /// The backend's name: `"memory"`, `"postgres"`.
    ///
    /// ```
    /// use dataknobs_data_core::{BackendFactory, memory::MemoryFactory};
    /// assert_eq!(BackendFactory::backend(&MemoryFactory), "memory");
    /// ```
    fn backend(&self) -> &'static str;

    /// The schemes of its URLs, in lower case. Each is also another name of the backend.
    ///
    /// ```
    /// use dataknobs_data_core::{BackendFactory, memory::MemoryFactory};
    /// assert_eq!(MemoryFactory.schemes(), ["memory"]);
    /// ```
    fn schemes(&self) -> &'static [&'static str];

    /// The endings, in lower case and without the first dot, of bare paths that are its own:
    /// `"csv"`, `"csv.gz"`.
    ///
    /// ```
    /// use dataknobs_data_core::{BackendFactory, memory::MemoryFactory};
    /// assert!(MemoryFactory.extensions().is_empty());
    /// ```
    fn extensions(&self) -> &'static [&'static str];

    /// Settings from a URL or path of its own; usually one of [`UrlParts::path_config`],
    /// [`UrlParts::connection_config`], [`UrlParts::object_config`].
    ///
    /// ```
    /// use dataknobs_data_core::{BackendFactory, config::UrlParts, memory::MemoryFactory};
    /// let config = MemoryFactory.config_from_url(&UrlParts::parse("memory:people.jsonl")?)?;
    /// assert_eq!(config["persist"], "people.jsonl");
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`InvalidConfig`](crate::ErrorKind::InvalidConfig) for parts that it cannot use.
    fn config_from_url(&self, parts: &UrlParts) -> Result<ConfigMap>;

    /// A backend with these settings, not yet connected. See [`from_map`] for reading them.
    ///
    /// ```
    /// use dataknobs_data_core::{BackendFactory, config::ConfigMap, memory::MemoryFactory};
    /// assert!(BackendFactory::create(&MemoryFactory, ConfigMap::new()).is_ok());
    /// ```
    ///
    /// # Errors
    /// [`InvalidConfig`](crate::ErrorKind::InvalidConfig) for unknown keys and wrong values.
    fn create(&self, config: ConfigMap) -> Result<Arc<dyn Backend>>;
}

/// The backends that settings and URLs can name.
///
/// Settings that every backend has are taken out here:
///
/// | key | meaning |
/// |---|---|
/// | `read_only` | refuse writes (default false) |
/// | `timeout` | the longest a call may take, tries included: `"30s"`, or a number of seconds |
/// | `retry` | a number of attempts, true, false, or a table: see [`RetryPolicy`] |
/// | `trace` | report each call through `tracing`: see [`Trace`] (default false) |
///
/// `${VAR}` and `${VAR:default}` in any text are filled in from the environment first.
///
/// ```
/// # use dataknobs_data_core::{Registry, ErrorKind};
/// let registry = Registry::new();
/// let error = registry.open("postgres://localhost/db").unwrap_err();
/// assert_eq!(error.kind(), ErrorKind::InvalidConfig);
/// ```
#[derive(Debug, Default)]
pub struct Registry {
    factories: Vec<Arc<dyn BackendFactory>>,
    environment: Environment,
}

impl Registry {
    /// No backends.
    ///
    /// ```
    /// use dataknobs_data_core::Registry;
    /// assert_eq!(Registry::new().backends().count(), 0);
    /// ```
    pub fn new() -> Self {
        Self::default()
    }

    /// The same, with `${VAR}` looked up here instead of in the environment of the process.
    ///
    /// ```
    /// use dataknobs_data_core::{Registry, config::Environment, memory::MemoryFactory};
    /// let variables = Environment::from_fn(|name| (name == "STORE").then(|| "memory:".to_owned()));
    /// let mut registry = Registry::new().with_environment(variables);
    /// registry.register(MemoryFactory)?;
    /// assert!(registry.open("${STORE}").is_ok());
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    #[must_use]
    pub fn with_environment(mut self, environment: Environment) -> Self {
        self.environment = environment;
        self
    }

    /// Adds a backend.
    ///
    /// ```
    /// use dataknobs_data_core::{ErrorKind, Registry, memory::MemoryFactory};
    /// let mut registry = Registry::new();
    /// registry.register(MemoryFactory)?;
    /// assert_eq!(registry.register(MemoryFactory).unwrap_err().kind(), ErrorKind::AlreadyExists);
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// AlreadyExists when its name, or one of its schemes or endings, is taken.
    pub fn register(&mut self, factory: impl BackendFactory + 'static) -> Result<()> {
        let taken = |what: &'static str, name: &str| {
            Error::new(ErrorKind::AlreadyExists, "another backend is registered for this")
                .with_backend(factory.backend())
                .with_context(what, name)
        };
        let names = [factory.backend()].into_iter().chain(factory.schemes().iter().copied());
        if let Some(name) = names.clone().find(|name| self.find(name).is_some()) {
            return Err(taken("name", name));
        }
        let mut claimed = self.factories.iter().flat_map(|other| other.extensions());
        if let Some(ending) = claimed.find(|ending| factory.extensions().contains(ending)) {
            return Err(taken("ending", ending));
        }
        self.factories.push(Arc::new(factory));
        Ok(())
    }

    /// The names of the backends, in the order they were registered.
    ///
    /// ```
    /// use dataknobs_data_core::{Registry, memory::MemoryFactory};
    /// let mut registry = Registry::new();
    /// registry.register(MemoryFactory)?;
    /// assert!(registry.backends().eq(["memory"]));
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    pub fn backends(&self) -> impl Iterator<Item = &'static str> + Clone + '_ {
        self.factories.iter().map(|factory| factory.backend())
    }

    /// The factory of a backend, by its name or one of its schemes, in any letter case.
    ///
    /// ```
    /// use dataknobs_data_core::{Registry, memory::MemoryFactory};
    /// let mut registry = Registry::new();
    /// registry.register(MemoryFactory)?;
    /// assert_eq!(registry.get("Memory")?.backend(), "memory");
    /// assert_eq!(registry.get("memroy").unwrap_err().hint(), Some("did you mean `memory`?"));
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`InvalidConfig`](crate::ErrorKind::InvalidConfig) with the nearest name as a hint.
    pub fn get(&self, name: &str) -> Result<&Arc<dyn BackendFactory>> {
        self.find(name).ok_or_else(|| {
            Error::invalid_config("unknown backend")
                .with_context("backend", format!("`{}`", name.escape_debug()))
                .with_hint(hint_for(name, "backends", self.backends()))
        })
    }

    fn find(&self, name: &str) -> Option<&Arc<dyn BackendFactory>> {
        self.factories.iter().find(|factory| {
            let schemes = factory.schemes().iter().copied();
            std::iter::once(factory.backend()).chain(schemes).any(|known| known.eq_ignore_ascii_case(name))
        })
    }

    /// A database of the named backend.
    ///
    /// ```
    /// use dataknobs_data_core::{Database, config::ConfigMap};
    /// # use dataknobs_data_core::{Registry, memory::MemoryFactory};
    /// # let mut registry = Registry::new();
    /// # registry.register(MemoryFactory)?;
    /// let db = Database::from_opened(registry.create("memory", ConfigMap::new())?);
    /// assert!(!db.capabilities().persistent);
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`InvalidConfig`](crate::ErrorKind::InvalidConfig) for an unknown backend, an unknown key or a
    /// wrong value.
    pub fn create(&self, backend: &str, config: ConfigMap) -> Result<Opened> {
        let factory = self.get(backend)?;
        let filled = self.environment.map(config);
        self.build(factory.as_ref(), filled.map_err(|error| error.with_backend(factory.backend()))?)
    }

    /// A database from settings that name their backend: see [`backend_of`].
    ///
    /// ```
    /// use dataknobs_data_core::config::Config;
    /// # use dataknobs_data_core::{Registry, memory::MemoryFactory};
    /// # let mut registry = Registry::new();
    /// # registry.register(MemoryFactory)?;
    /// let config = Config::from_json(r#"{"type": "memory", "read_only": true}"#)?;
    /// assert!(registry.create_from(config.as_map().clone())?.read_only);
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Registry::create`] and [`backend_of`].
    pub fn create_from(&self, mut config: ConfigMap) -> Result<Opened> {
        let backend = backend_of(&mut config)?;
        self.create(&self.environment.text(&backend)?, config)
    }

    /// A database from a URL or path: see [`UrlParts`] for the forms.
    ///
    /// A bare path goes to the backend that claims its ending, else to the one with the scheme `file`.
    ///
    /// ```
    /// use dataknobs_data_core::{Database, ErrorKind};
    /// # use dataknobs_data_core::{Registry, memory::MemoryFactory};
    /// # let mut registry = Registry::new();
    /// # registry.register(MemoryFactory)?;
    /// let db = Database::from_opened(registry.open("memory:")?);
    /// assert_eq!(registry.open("memory:?intervall=5s").unwrap_err().kind(), ErrorKind::InvalidConfig);
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Registry::create`] and [`UrlParts::parse`].
    pub fn open(&self, url: &str) -> Result<Opened> {
        self.open_with(url, |_, _| Ok(()))
    }

    /// As [`Registry::open`], with a say in the settings before they are used: `change` is given the
    /// backend's name and the settings that the URL stands for. `${VAR}` in what it sets stays as it is.
    ///
    /// ```
    /// # use dataknobs_data_core::{Registry, memory::MemoryFactory};
    /// let mut registry = Registry::new();
    /// registry.register(MemoryFactory)?;
    /// let opened = registry.open_with("memory:", |backend, settings| {
    ///     assert_eq!(backend, "memory");
    ///     settings.insert("read_only".into(), true.into());
    ///     Ok(())
    /// })?;
    /// assert!(opened.read_only);
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Registry::open`], and what `change` reports.
    pub fn open_with(
        &self,
        url: &str,
        change: impl FnOnce(&'static str, &mut ConfigMap) -> Result<()>,
    ) -> Result<Opened> {
        let parts = UrlParts::parse(&self.environment.url(url)?)?;
        let factory = match &parts.scheme {
            Some(scheme) => self.get(scheme)?,
            None => match self.by_ending(&parts.path) {
                Some(factory) => factory,
                None => self.get("file")?,
            },
        };
        let name = factory.backend();
        let mut config = factory.config_from_url(&parts).map_err(|error| error.with_backend(name))?;
        change(name, &mut config).map_err(|error| error.with_backend(name))?;
        self.build(factory.as_ref(), config)
    }

    fn by_ending(&self, path: &str) -> Option<&Arc<dyn BackendFactory>> {
        let name = path.rsplit(['/', '\\']).next().unwrap_or(path).to_ascii_lowercase();
        let longest = |factory: &Arc<dyn BackendFactory>| {
            let claims = |ending: &&&str| name.strip_suffix(**ending).is_some_and(|stem| stem.ends_with('.'));
            factory.extensions().iter().filter(claims).map(|ending| ending.len()).max()
        };
        let claims = self.factories.iter().filter_map(|factory| Some((longest(factory)?, factory)));
        claims.max_by_key(|(length, _)| *length).map(|(_, factory)| factory)
    }

    fn build(&self, factory: &dyn BackendFactory, config: ConfigMap) -> Result<Opened> {
        Opened::layered(factory.backend(), config, |rest| factory.create(rest))
    }
}

#[cfg(test)]
mod tests;
