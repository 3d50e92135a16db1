//! Text that must not be shown.

use std::fmt;

use serde::{Deserialize, Serialize, Serializer};

/// A password, token or key. Whatever prints or serializes it shows `***`.
///
/// ```
/// use dataknobs_data_core::config::Secret;
/// let secret = Secret::new("hunter2");
/// assert_eq!(format!("{secret} {secret:?}"), "*** ***");
/// assert_eq!(serde_json::to_string(&secret)?, "\"***\"");
/// assert_eq!(secret.expose(), "hunter2");
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// Keeps this text secret.
    ///
    /// ```
    /// use dataknobs_data_core::config::Secret;
    /// let secret = Secret::new("hunter2");
    /// assert_eq!(secret.to_string(), "***");
    /// ```
    pub fn new(text: impl Into<String>) -> Self {
        Secret(text.into())
    }

    /// The text itself, for the one place that sends it.
    ///
    /// ```
    /// use dataknobs_data_core::config::Secret;
    /// assert_eq!(Secret::new("hunter2").expose(), "hunter2");
    /// ```
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Secret(text)
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Secret(text.to_owned())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str("***")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_never_printed() {
        for secret in [Secret::from("s3cret"), Secret::from(String::from("s3cret"))] {
            let shown = format!("{secret} {secret:?} {:#?} {}", Some(&secret), serde_json::to_string(&secret).unwrap());
            assert!(!shown.contains("s3cret"), "{shown}");
            assert_eq!(secret.expose(), "s3cret");
        }
    }

    #[test]
    fn a_secret_is_read_from_text() {
        assert_eq!(serde_json::from_str::<Secret>("\"a\"").unwrap(), Secret::new("a"));
    }
}
