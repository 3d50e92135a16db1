//! A backend as it was opened: inside the layers that its settings ask for.

use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;

use crate::backend::Backend;
use crate::config::{self, ConfigMap, UNKNOWN_SETTING, from_map, nearest};
use crate::error::{Error, Result};
use crate::layers::{Retry, RetryPolicy, Trace};

/// A backend, and the settings that every backend has but its handle looks after.
///
/// ```
/// use dataknobs_data_core::Opened;
/// use std::time::Duration;
/// # use dataknobs_data_core::{Registry, memory::MemoryFactory};
/// # let mut registry = Registry::new();
/// # registry.register(MemoryFactory)?;
/// let opened: Opened = registry.open("memory:?read_only=true&timeout=5s")?;
/// assert_eq!((opened.read_only, opened.timeout), (true, Some(Duration::from_secs(5))));
/// # Ok::<(), dataknobs_data_core::Error>(())
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Opened {
    /// The backend, inside the layers that its settings ask for.
    pub backend: Arc<dyn Backend>,
    /// Refuse writes.
    pub read_only: bool,
    /// How long a call may take in all, tries included.
    pub timeout: Option<Duration>,
}

#[derive(Deserialize)]
struct GenericSettings {
    #[serde(default)]
    read_only: bool,
    #[serde(default, with = "config::duration")]
    timeout: Option<Duration>,
    #[serde(default)]
    retry: Option<serde_json::Value>,
    #[serde(default)]
    trace: bool,
}

impl Opened {
    /// The settings that every backend has, and no backend sees: see [`Registry`](super::Registry).
    pub const SETTINGS: [&'static str; 4] = ["read_only", "timeout", "retry", "trace"];

    /// A backend with nothing set.
    ///
    /// ```
    /// use dataknobs_data_core::{Opened, memory::MemoryBackend};
    /// use std::sync::Arc;
    /// let opened = Opened::new(Arc::new(MemoryBackend::new()));
    /// assert!(!opened.read_only && opened.timeout.is_none());
    /// ```
    pub fn new(backend: Arc<dyn Backend>) -> Self {
        Opened { backend, read_only: false, timeout: None }
    }

    /// A backend of this name out of settings: those of [`Opened::SETTINGS`] become layers around
    /// it, all others are for the function that makes it.
    ///
    /// ```
    /// use dataknobs_data_core::{Opened, config::ConfigMap, memory::MemoryBackend};
    /// use std::sync::Arc;
    /// let settings = ConfigMap::from_iter([("retry".to_owned(), 3.into()), ("shelf".to_owned(), "b".into())]);
    /// let opened = Opened::layered("shelf", settings, |rest| {
    ///     assert_eq!(rest["shelf"], "b");
    ///     Ok(Arc::new(MemoryBackend::new()))
    /// })?;
    /// assert!(!opened.read_only);
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`InvalidConfig`](crate::ErrorKind::InvalidConfig) when one of the shared settings is wrong,
    /// and what the function answers.
    pub fn layered(
        name: &'static str,
        mut settings: ConfigMap,
        create: impl FnOnce(ConfigMap) -> Result<Arc<dyn Backend>>,
    ) -> Result<Self> {
        let generic = Self::SETTINGS.iter().filter_map(|key| settings.remove_entry(*key)).collect();
        let (generic, retry) = read_generic(generic).map_err(|error| error.with_backend(name))?;
        let mut backend = create(settings).map_err(|error| with_generic_hint(error).with_backend(name))?;
        if let Some(mut policy) = retry.filter(|policy| policy.attempts > 1) {
            // A try that begins after the call's time is up would be for nothing.
            policy.deadline = policy.deadline.or(generic.timeout);
            backend = Retry::new(policy).wrap(backend);
        }
        if generic.trace {
            backend = Trace::new().wrap(backend);
        }
        Ok(Opened { backend, read_only: generic.read_only, timeout: generic.timeout })
    }
}

fn read_generic(map: ConfigMap) -> Result<(GenericSettings, Option<RetryPolicy>)> {
    let settings: GenericSettings = from_map(map)?;
    if settings.timeout.is_some_and(|timeout| timeout.is_zero()) {
        return Err(Error::invalid_config("a timeout must be longer than nothing")
            .with_context("key", "`timeout`")
            .with_hint("leave it out for no limit"));
    }
    let retry = settings.retry.clone().map(RetryPolicy::from_config).transpose()?;
    Ok((settings, retry))
}

/// The mistyped key may also be one that the backend never sees.
fn with_generic_hint(error: Error) -> Error {
    let key = error.context_value("key").filter(|_| error.message() == UNKNOWN_SETTING);
    match key.and_then(|key| nearest(key.trim_matches('`'), Opened::SETTINGS)) {
        Some(near) => error.with_hint(format!("did you mean `{near}`?")),
        None => error,
    }
}
