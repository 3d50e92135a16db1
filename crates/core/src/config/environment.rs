//! Variables of the environment in settings: `${VAR}` and `${VAR:default}`.

use std::fmt;
use std::sync::Arc;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value as Json;

use super::ConfigMap;
use super::url::scheme_of;
use crate::error::{Error, Result};

/// Where `${VAR}` looks variables up.
///
/// `${VAR}` stands for the variable, `${VAR:default}` for it or else the text after the colon (which
/// may be empty, and ends at the first `}`), `$$` for one dollar sign. Any other `$` is itself. What
/// a variable holds is not searched again.
///
/// ```
/// use dataknobs_data_core::config::Environment;
/// let environment = Environment::from_fn(|name| (name == "USER").then(|| "ada".to_owned()));
/// assert_eq!(environment.text("${USER}@${HOST:localhost}")?, "ada@localhost");
/// assert_eq!(environment.text("$${USER} costs $5")?, "${USER} costs $5");
/// assert!(environment.text("${HOST}").is_err());
/// # Ok::<(), dataknobs_data_core::Error>(())
/// ```
#[derive(Clone)]
pub struct Environment(Arc<Lookup>);

type Lookup = dyn Fn(&str) -> Option<String> + Send + Sync;

const IN_URL: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
const IN_FILE_URL: &AsciiSet = &IN_URL.remove(b'/');

impl Environment {
    /// The environment of this process. A variable that is not UTF-8 counts as not set.
    ///
    /// ```
    /// use dataknobs_data_core::config::Environment;
    /// let environment = Environment::process();
    /// assert_eq!(environment.text("${NOT_SET_ANYWHERE:fallback}")?, "fallback");
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    pub fn process() -> Self {
        Self::from_fn(|name| std::env::var(name).ok())
    }

    /// Variables from a function, for tests and for other sources of secrets.
    ///
    /// ```
    /// use dataknobs_data_core::config::Environment;
    /// let environment = Environment::from_fn(|name| (name == "HOST").then(|| "db.example".to_owned()));
    /// assert_eq!(environment.text("${HOST}:5432")?, "db.example:5432");
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    pub fn from_fn(lookup: impl Fn(&str) -> Option<String> + Send + Sync + 'static) -> Self {
        Environment(Arc::new(lookup))
    }

    /// A text with its variables filled in.
    ///
    /// ```
    /// use dataknobs_data_core::config::Environment;
    /// let environment = Environment::from_fn(|_| None);
    /// assert_eq!(environment.text("${PORT:5432}")?, "5432");
    /// assert_eq!(environment.text("${HOST}").unwrap_err().context_value("variable"), Some("HOST"));
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`InvalidConfig`](crate::ErrorKind::InvalidConfig) that names the `variable` when one is not
    /// set and has no default, or when a `${` has no end or no proper name.
    pub fn text(&self, text: &str) -> Result<String> {
        self.fill(text, |_, value| value)
    }

    /// A URL or path with its variables filled in.
    ///
    /// A variable at the very beginning may hold a whole URL or folder and goes in as it is. Any
    /// later one is a part, such as a password, and is percent-encoded where the URL will be decoded.
    ///
    /// ```
    /// use dataknobs_data_core::config::Environment;
    /// let environment = Environment::from_fn(|_| Some("p@ss".to_owned()));
    /// assert_eq!(environment.url("postgres://ada:${PASSWORD}@db/shop")?, "postgres://ada:p%40ss@db/shop");
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Environment::text`].
    pub fn url(&self, url: &str) -> Result<String> {
        self.fill(url, |before, value| {
            let encode = match scheme_of(before) {
                Some(("file", _)) => IN_FILE_URL,
                Some(_) => IN_URL,
                None if before.contains('?') => IN_URL,
                None => return value,
            };
            utf8_percent_encode(&value, encode).to_string()
        })
    }

    /// A JSON value with the variables filled in in every text at any depth. Keys stay.
    ///
    /// ```
    /// use dataknobs_data_core::config::Environment;
    /// let environment = Environment::from_fn(|_| Some("db.example".to_owned()));
    /// let filled = environment.json(serde_json::json!({"hosts": ["${HOST}"], "port": 5432}))?;
    /// assert_eq!(filled, serde_json::json!({"hosts": ["db.example"], "port": 5432}));
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Environment::text`], with the `key`.
    pub fn json(&self, value: Json) -> Result<Json> {
        self.walk(value, &mut Vec::new())
    }

    /// As [`Environment::json`], for a map.
    ///
    /// ```
    /// use dataknobs_data_core::config::{ConfigMap, Environment};
    /// let environment = Environment::from_fn(|_| Some("db.example".to_owned()));
    /// let map = ConfigMap::from_iter([("host".to_owned(), "${HOST}".into())]);
    /// assert_eq!(environment.map(map)?["host"], "db.example");
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Environment::json`].
    pub fn map(&self, map: ConfigMap) -> Result<ConfigMap> {
        self.walk_map(map, &mut Vec::new())
    }

    fn walk(&self, value: Json, path: &mut Vec<String>) -> Result<Json> {
        Ok(match value {
            Json::String(text) if text.contains('$') => {
                let filled = self.text(&text);
                Json::String(filled.map_err(|error| match path.is_empty() {
                    true => error,
                    false => error.with_context("key", format!("`{}`", path.join("."))),
                })?)
            }
            Json::Array(items) => {
                let mut filled = Vec::with_capacity(items.len());
                for (index, item) in items.into_iter().enumerate() {
                    path.push(index.to_string());
                    filled.push(self.walk(item, path)?);
                    path.pop();
                }
                Json::Array(filled)
            }
            Json::Object(map) => Json::Object(self.walk_map(map, path)?),
            other => other,
        })
    }

    fn walk_map(&self, map: ConfigMap, path: &mut Vec<String>) -> Result<ConfigMap> {
        let mut filled = ConfigMap::with_capacity(map.len());
        for (key, value) in map {
            path.push(key.clone());
            let value = self.walk(value, path)?;
            path.pop();
            filled.insert(key, value);
        }
        Ok(filled)
    }

    fn fill(&self, text: &str, place: impl Fn(&str, String) -> String) -> Result<String> {
        let mut filled = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(dollar) = rest.find('$') {
            filled.push_str(&rest[..dollar]);
            let behind = &rest[dollar + 1..];
            if let Some(behind) = behind.strip_prefix('$') {
                filled.push('$');
                rest = behind;
            } else if let Some(behind) = behind.strip_prefix('{') {
                let Some(end) = behind.find('}') else {
                    return Err(
                        Error::invalid_config("`${` without a closing `}`").with_hint("write `$$` for a dollar sign")
                    );
                };
                let value = self.variable(&behind[..end])?;
                let value = place(&filled, value);
                filled.push_str(&value);
                rest = &behind[end + 1..];
            } else {
                filled.push('$');
                rest = behind;
            }
        }
        filled.push_str(rest);
        Ok(filled)
    }

    fn variable(&self, inside: &str) -> Result<String> {
        let (name, default) = match inside.split_once(':') {
            Some((name, default)) => (name, Some(default)),
            None => (inside, None),
        };
        let legal = |c: char| c.is_ascii_alphanumeric() || c == '_';
        if name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit()) || !name.chars().all(legal) {
            return Err(Error::invalid_config("`${…}` needs the name of a variable: letters, digits and `_`")
                .with_hint("write `$$` for a dollar sign"));
        }
        (self.0)(name).or_else(|| default.map(str::to_owned)).ok_or_else(|| {
            Error::invalid_config("an environment variable is not set")
                .with_context("variable", name)
                .with_hint(format!("set it, or write `${{{name}:default}}`"))
        })
    }
}

/// The environment of this process.
impl Default for Environment {
    fn default() -> Self {
        Self::process()
    }
}

impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Environment")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::UrlParts;
    use crate::error::ErrorKind;
    use serde_json::json;

    fn environment() -> Environment {
        Environment::from_fn(|name| {
            let value = match name {
                "USER" => "ada",
                "PASSWORD" => "p@ss/w:o$$r?d",
                "EMPTY" => "",
                "URL" => "postgres://h/db",
                "FOLDER" => "/data dir",
                "_1" => "one",
                _ => return None,
            };
            Some(value.to_owned())
        })
    }

    #[test]
    fn variables_defaults_and_escapes() {
        let environment = environment();
        for (text, expected) in [
            ("plain", "plain"),
            ("${USER}", "ada"),
            ("<${USER}${_1}>", "<adaone>"),
            ("${EMPTY:x}", ""),
            ("${NONE:}", ""),
            ("${NONE:a:b $c}", "a:b $c"),
            ("${NONE:-1}", "-1"),
            ("$$", "$"),
            ("$$$${USER}", "$${USER}"),
            ("$$${USER}", "$ada"),
            ("$", "$"),
            ("5 $ and $USER", "5 $ and $USER"),
            ("${PASSWORD}", "p@ss/w:o$$r?d"),
            ("ä${USER}ö", "äadaö"),
        ] {
            assert_eq!(environment.text(text).unwrap(), expected, "{text}");
        }
    }

    #[test]
    fn mistakes_are_named_without_values() {
        let environment = environment();
        let error = environment.text("secret ${NONE}").unwrap_err();
        assert_eq!((error.kind(), error.context_value("variable")), (ErrorKind::InvalidConfig, Some("NONE")));
        for text in ["${", "${USER", "${}", "${:x}", "${1A}", "${A B}", "${A-B:x}"] {
            let error = environment.text(&format!("secret {text}")).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidConfig, "{text}");
            assert!(!format!("{error:?}").contains("secret"));
        }
    }

    #[test]
    fn every_text_at_any_depth_is_filled() {
        let filled = environment().json(json!({"a": ["${USER}", 1, {"b": "${_1}"}], "${USER}": null})).unwrap();
        assert_eq!(filled, json!({"a": ["ada", 1, {"b": "one"}], "${USER}": null}));
        let error = environment().json(json!({"a": [0, {"b": "${NONE}"}]})).unwrap_err();
        assert_eq!(error.context_value("key"), Some("`a.1.b`"));
        assert_eq!(environment().json(json!("${NONE}")).unwrap_err().context_value("key"), None);
    }

    #[test]
    fn parts_of_urls_are_encoded_and_whole_ones_are_not() {
        let environment = environment();
        let url =
            environment.url("postgres://${USER}:${PASSWORD}@${HOST:db}:${PORT:5432}/x?table=${PASSWORD}").unwrap();
        let parts = UrlParts::parse(&url).unwrap();
        assert_eq!(parts.password.unwrap().expose(), "p@ss/w:o$$r?d");
        assert_eq!((parts.host.as_deref(), parts.port), (Some("db"), Some(5432)));
        assert_eq!(parts.parameters["table"], "p@ss/w:o$$r?d");

        assert_eq!(environment.url("${URL}?table=${USER}").unwrap(), "postgres://h/db?table=ada");
        assert_eq!(environment.url("${FOLDER}/x.json").unwrap(), "/data dir/x.json");
        assert_eq!(environment.url("a/${FOLDER}/x.csv?n=${FOLDER}").unwrap(), "a//data dir/x.csv?n=%2Fdata%20dir");
        let parts = UrlParts::parse(&environment.url("file://${FOLDER}/x.json").unwrap()).unwrap();
        assert_eq!(parts.path, "/data dir/x.json");
    }

    #[test]
    fn the_process_environment_is_the_usual_source() {
        assert_eq!(Environment::process().text("${DATAKNOBS_SURELY_NOT_SET:x}").unwrap(), "x");
        assert_eq!(format!("{:?}", Environment::process()), "Environment");
    }
}
