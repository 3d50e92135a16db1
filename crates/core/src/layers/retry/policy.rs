//! How often and how fast to try again.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::config::{self, ConfigMap};
use crate::error::{Error, Result};

/// How often and how fast a call is tried again.
///
/// Before the n-th repetition it waits a random time between 0 and `base_delay` doubled n-1 times,
/// at most `max_delay` ("full jitter").
///
/// ```
/// use dataknobs_data_core::layers::RetryPolicy;
/// use std::time::Duration;
/// let policy: RetryPolicy = serde_json::from_str(r#"{"attempts": 6, "base_delay": "50ms"}"#)?;
/// assert_eq!(policy.base_delay, Duration::from_millis(50));
/// assert_eq!(policy.max_delay, RetryPolicy::default().max_delay);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct RetryPolicy {
    /// How many tries in all, the first included. 1 tries once.
    pub attempts: u32,
    /// The longest wait before the second try.
    #[serde(with = "config::duration")]
    pub base_delay: Duration,
    /// The longest wait before any try.
    #[serde(with = "config::duration")]
    pub max_delay: Duration,
    /// No try begins later than this after the first one began.
    #[serde(with = "config::duration")]
    pub deadline: Option<Duration>,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        RetryPolicy {
            attempts: 4,
            base_delay: Duration::from_millis(100),
            max_delay: Duration::from_secs(5),
            deadline: None,
        }
    }
}

impl RetryPolicy {
    /// The default, with this many tries in all.
    ///
    /// ```
    /// use dataknobs_data_core::layers::RetryPolicy;
    /// assert_eq!(RetryPolicy::with_attempts(5).attempts, 5);
    /// ```
    pub fn with_attempts(attempts: u32) -> Self {
        RetryPolicy { attempts, ..Self::default() }
    }

    /// The setting `retry`: a number of tries, true or false, or a table of the fields above.
    ///
    /// # Errors
    /// [`InvalidConfig`](crate::ErrorKind::InvalidConfig) for anything else.
    ///
    /// ```
    /// use dataknobs_data_core::layers::RetryPolicy;
    /// assert_eq!(RetryPolicy::from_config(3.into())?.attempts, 3);
    /// assert_eq!(RetryPolicy::from_config(false.into())?.attempts, 1);
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    pub fn from_config(setting: serde_json::Value) -> Result<Self> {
        #[derive(Deserialize)]
        struct Table {
            retry: RetryPolicy,
        }
        #[derive(Deserialize)]
        struct Number {
            retry: u32,
        }
        #[derive(Deserialize)]
        struct Switch {
            retry: bool,
        }
        let is_table = setting.is_object();
        let map = ConfigMap::from_iter([("retry".to_owned(), setting)]);
        let policy = if is_table {
            config::from_map::<Table>(map)?.retry
        } else if let Ok(Number { retry }) = config::from_map(map.clone()) {
            Self::with_attempts(retry)
        } else if let Ok(Switch { retry }) = config::from_map(map) {
            if retry { Self::default() } else { Self::with_attempts(1) }
        } else {
            return Err(Error::invalid_config("a setting has the wrong form")
                .with_context("key", "`retry`")
                .with_context("expected", "a number of attempts, true, false, or a table of keys"));
        };
        match policy.attempts {
            0 => Err(Error::invalid_config("at least one attempt is needed").with_context("key", "`retry.attempts`")),
            _ => Ok(policy),
        }
    }

    /// The longest wait before a try, counted from 1 for the second one.
    pub(super) fn longest_delay(&self, repetition: u32) -> Duration {
        let doubled = 2_u32.saturating_pow(repetition.saturating_sub(1));
        self.base_delay.saturating_mul(doubled).min(self.max_delay)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn delays_double_up_to_their_limit() {
        let policy = RetryPolicy {
            base_delay: Duration::from_millis(100),
            max_delay: Duration::from_millis(350),
            ..RetryPolicy::default()
        };
        let delays: Vec<_> = (1..=4).map(|n| policy.longest_delay(n).as_millis()).collect();
        assert_eq!(delays, [100, 200, 350, 350]);
        assert_eq!(policy.longest_delay(u32::MAX).as_millis(), 350);
    }

    #[test]
    fn the_setting_has_several_forms() {
        let attempts = |setting| RetryPolicy::from_config(setting).map(|policy| policy.attempts);
        for (setting, expected) in [
            (json!(7), 7),
            (json!("7"), 7),
            (json!(true), 4),
            (json!("off"), 1),
            (json!({}), 4),
            (json!({"attempts": "2", "deadline": "10s"}), 2),
        ] {
            assert_eq!(attempts(setting).unwrap(), expected);
        }
        for (wrong, key) in [
            (json!(0), "`retry.attempts`"),
            (json!({"attempts": 0}), "`retry.attempts`"),
            (json!({"tries": 1}), "`retry.tries`"),
            (json!({"max_delay": "long"}), "`retry.max_delay`"),
            (json!("often"), "`retry`"),
            (json!([]), "`retry`"),
            (json!(-1), "`retry`"),
        ] {
            assert_eq!(attempts(wrong).unwrap_err().context_value("key"), Some(key));
        }
    }
}
