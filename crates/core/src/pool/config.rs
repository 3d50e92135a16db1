//! How large a pool is and how long its connections live.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::config;
use crate::error::{Error, Result};

/// The settings of a [`ConnectionPool`](super::ConnectionPool); as a table `pool` in a backend's own.
///
/// ```
/// use dataknobs_data_core::pool::PoolConfig;
/// use std::time::Duration;
/// let config: PoolConfig = serde_json::from_str(r#"{"max_size": 4, "acquire_timeout": "5s"}"#)?;
/// assert_eq!((config.max_size, config.acquire_timeout), (4, Duration::from_secs(5)));
/// assert_eq!(config.check_after, Duration::from_secs(30));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct PoolConfig {
    /// The most connections at a time.
    pub max_size: u32,
    /// How many idle connections are kept however long they idle, and opened by
    /// [`warm`](super::ConnectionPool::warm).
    pub min_size: u32,
    /// The longest that [`acquire`](super::ConnectionPool::acquire) takes, a new connection included.
    #[serde(with = "config::duration")]
    pub acquire_timeout: Duration,
    /// A connection that idled longer is checked before it is handed out.
    #[serde(with = "config::duration")]
    pub check_after: Duration,
    /// A connection that idled longer is let go; none: never.
    #[serde(with = "config::duration")]
    pub idle_timeout: Option<Duration>,
    /// A connection older than this is let go once it is idle; none: never.
    #[serde(with = "config::duration")]
    pub max_lifetime: Option<Duration>,
}

impl Default for PoolConfig {
    fn default() -> Self {
        PoolConfig {
            max_size: 10,
            min_size: 0,
            acquire_timeout: Duration::from_secs(30),
            check_after: Duration::from_secs(30),
            idle_timeout: Some(Duration::from_secs(10 * 60)),
            max_lifetime: Some(Duration::from_secs(30 * 60)),
        }
    }
}

impl PoolConfig {
    /// The default, with this many connections at most.
    ///
    /// ```
    /// use dataknobs_data_core::pool::PoolConfig;
    /// assert_eq!(PoolConfig::with_max_size(4).max_size, 4);
    /// ```
    pub fn with_max_size(max_size: u32) -> Self {
        PoolConfig { max_size, ..Self::default() }
    }

    /// Checks that the sizes make sense.
    ///
    /// ```
    /// use dataknobs_data_core::{ErrorKind, pool::PoolConfig};
    /// assert!(PoolConfig::with_max_size(4).check().is_ok());
    /// assert_eq!(PoolConfig::with_max_size(0).check().unwrap_err().kind(), ErrorKind::InvalidConfig);
    /// ```
    ///
    /// # Errors
    /// [`InvalidConfig`](crate::ErrorKind::InvalidConfig) for `max_size` 0 or below `min_size`.
    pub fn check(&self) -> Result<()> {
        if self.max_size == 0 {
            return Err(
                Error::invalid_config("a pool needs at least one connection").with_context("key", "`pool.max_size`")
            );
        }
        if self.min_size > self.max_size {
            return Err(Error::invalid_config("`min_size` is above `max_size`").with_context("key", "`pool.min_size`"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{ConfigMap, from_map};
    use serde_json::json;

    #[test]
    fn settings_are_typed_and_checked() {
        let read = |json: serde_json::Value| {
            let map: ConfigMap = serde_json::from_value(json).unwrap();
            from_map::<PoolConfig>(map)
        };
        let config = read(json!({"max_size": "3", "idle_timeout": null, "max_lifetime": "none"})).unwrap();
        assert_eq!((config.max_size, config.idle_timeout, config.max_lifetime), (3, None, None));
        assert!(config.check().is_ok());
        assert_eq!(read(json!({"max_sise": 3})).unwrap_err().hint(), Some("did you mean `max_size`?"));
        assert!(PoolConfig::with_max_size(0).check().is_err());
        assert!(PoolConfig { min_size: 5, ..PoolConfig::with_max_size(4) }.check().is_err());
    }
}
