//! URLs and paths that name a database.

use std::fmt;

use percent_encoding::percent_decode_str;
use serde_json::Value as Json;

use super::{ConfigMap, Secret};
use crate::error::{Error, Result};
use crate::value::Str;

/// The parts of a URL or path, decoded. A backend makes its own settings of them.
///
/// | form | parts |
/// |---|---|
/// | `scheme://user:password@host:port/path?key=value` | all of them; several hosts (`a:1,b:2`) stay in `host` |
/// | `scheme:path?key=value` | scheme, path, parameters |
/// | `file:data/x.json`, `file:///abs/x.json`, `file:///C:/x.json` | scheme, path, parameters |
/// | `data.csv`, `./x`, `/abs/x.json`, `C:\x.json` | path |
/// | `data.csv?null_values=NA&format=csv` | path and parameters, split at the last `?` that pairs follow |
///
/// URLs are percent-decoded after they were split; a bare path is taken as it is. A parameter with
/// dots in its key sets a key inside a table: `pool.max_size=5`.
///
/// ```
/// use dataknobs_data_core::config::UrlParts;
/// let parts = UrlParts::parse("postgres://ada:p%40ss@db.example:5432/shop?table=orders")?;
/// assert_eq!(parts.scheme.as_deref(), Some("postgres"));
/// assert_eq!(parts.password.as_ref().unwrap().expose(), "p@ss");
/// let config = parts.connection_config()?;
/// assert_eq!((&config["database"], &config["table"]), (&"shop".into(), &"orders".into()));
/// # Ok::<(), dataknobs_data_core::Error>(())
/// ```
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub struct UrlParts {
    /// The scheme, in lower case; none for a bare path.
    pub scheme: Option<Str>,
    /// The user.
    pub user: Option<String>,
    /// The password.
    pub password: Option<Secret>,
    /// The host or hosts; for object stores the bucket.
    pub host: Option<String>,
    /// The port of a single host.
    pub port: Option<u16>,
    /// The path, for URLs with a host without its leading slash.
    pub path: String,
    /// The query parameters; all values are text.
    pub parameters: ConfigMap,
}

/// The scheme of a URL as written, and what follows the colon. One letter is a drive, not a scheme.
pub(super) fn scheme_of(text: &str) -> Option<(&str, &str)> {
    let (scheme, rest) = text.split_once(':')?;
    let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.');
    (scheme.len() > 1 && scheme.starts_with(|c: char| c.is_ascii_alphabetic()) && scheme.chars().all(legal))
        .then_some((scheme, rest))
}

impl UrlParts {
    /// Takes a URL or path apart. No disk or network is asked.
    ///
    /// ```
    /// use dataknobs_data_core::config::UrlParts;
    /// let parts = UrlParts::parse("data/people.csv?null_values=NA")?;
    /// assert_eq!((parts.scheme, parts.path.as_str()), (None, "data/people.csv"));
    /// assert_eq!(parts.parameters["null_values"], "NA");
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`InvalidConfig`](crate::ErrorKind::InvalidConfig) when it is empty, a port is no number, a
    /// parameter has no key or is given twice, or a decoded part is not UTF-8. The URL itself is not
    /// in the message, since it may hold a password.
    pub fn parse(text: &str) -> Result<Self> {
        if text.is_empty() {
            return Err(Error::invalid_config("a URL or path must not be empty"));
        }
        let mut parts = UrlParts {
            scheme: None,
            user: None,
            password: None,
            host: None,
            port: None,
            path: String::new(),
            parameters: ConfigMap::new(),
        };
        let Some((scheme, rest)) = scheme_of(text) else {
            let (path, query) = split_bare_path(text);
            parts.path = path.to_owned();
            parts.parameters = parse_parameters(query)?;
            return Ok(parts);
        };
        parts.scheme = Some(scheme.to_ascii_lowercase().into());
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        parts.parameters = parse_parameters(query)?;
        match rest.strip_prefix("//") {
            None => parts.path = decode(rest, "path")?,
            Some(rest) => {
                let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
                parts.read_authority(authority)?;
                parts.path = decode(path, "path")?;
                if parts.scheme.as_deref() == Some("file") {
                    parts.read_file_host()?;
                } else if parts.path.starts_with('/') {
                    parts.path.remove(0);
                }
            }
        }
        Ok(parts)
    }

    fn read_authority(&mut self, authority: &str) -> Result<()> {
        let hosts = match authority.rsplit_once('@') {
            None => authority,
            Some((account, hosts)) => {
                let (user, password) = match account.split_once(':') {
                    Some((user, password)) => (user, Some(password)),
                    None => (account, None),
                };
                self.user = some_text(decode(user, "user")?);
                self.password = password.map(|text| decode(text, "password")).transpose()?.map(Secret::new);
                hosts
            }
        };
        if hosts.contains(',') {
            self.host = Some(decode(hosts, "host")?);
            return Ok(());
        }
        // The colons of an IPv6 address stand in brackets.
        let colon = hosts.rfind(':').filter(|colon| hosts.rfind(']').is_none_or(|bracket| bracket < *colon));
        let (host, port) = match colon {
            Some(colon) => (&hosts[..colon], decode(&hosts[colon + 1..], "port")?),
            None => (hosts, String::new()),
        };
        if !port.is_empty() {
            let number = port.parse().map_err(|_| {
                Error::invalid_config("the port of a URL must be a number from 0 to 65535")
                    .with_hint("percent-encode `/`, `?`, `@` and `:` in user and password")
            })?;
            self.port = Some(number);
        }
        let host = decode(host, "host")?;
        let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(&host);
        self.host = some_text(bare.to_owned());
        Ok(())
    }

    /// `file://host/path`: only this machine has files that we can open.
    fn read_file_host(&mut self) -> Result<()> {
        if self.host.take_if(|host| host == "localhost").is_none() && self.host.is_some() {
            return Err(Error::invalid_config("a file URL cannot name another host")
                .with_hint("write file:relative/path or file:///absolute/path"));
        }
        let bytes = self.path.as_bytes();
        if bytes.len() > 2 && bytes[0] == b'/' && bytes[1].is_ascii_alphabetic() && bytes[2] == b':' {
            self.path.remove(0);
        }
        Ok(())
    }

    /// Settings of a server: `user`, `password`, `host`, `port`, `database` (the path) and the
    /// parameters.
    ///
    /// ```
    /// use dataknobs_data_core::config::UrlParts;
    /// let config = UrlParts::parse("postgres://ada@db:5432/shop?pool.max_size=5")?.connection_config()?;
    /// assert_eq!((&config["user"], &config["database"]), (&"ada".into(), &"shop".into()));
    /// assert_eq!(config["pool"]["max_size"], "5");
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`InvalidConfig`](crate::ErrorKind::InvalidConfig) when a parameter repeats one of them.
    pub fn connection_config(&self) -> Result<ConfigMap> {
        self.config([
            ("user", self.user.clone().map(Json::from)),
            ("password", self.password.as_ref().map(|password| password.expose().into())),
            ("host", self.host.clone().map(Json::from)),
            ("port", self.port.map(Json::from)),
            ("database", some_text(self.path.clone()).map(Json::from)),
        ])
    }

    /// Settings of a file: `path`, if there is one, and the parameters.
    ///
    /// # Errors
    /// As [`UrlParts::connection_config`].
    ///
    /// ```
    /// use dataknobs_data_core::config::UrlParts;
    /// let config = UrlParts::parse("data/a b.csv?null_values=NA")?.path_config()?;
    /// assert_eq!(serde_json::to_string(&config).unwrap(), r#"{"path":"data/a b.csv","null_values":"NA"}"#);
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    pub fn path_config(&self) -> Result<ConfigMap> {
        self.config([("path", some_text(self.path.clone()).map(Json::from))])
    }

    /// Settings of an object store: `bucket` (the host), `prefix` (the path) and the parameters.
    ///
    /// # Errors
    /// As [`UrlParts::connection_config`].
    ///
    /// ```
    /// use dataknobs_data_core::config::UrlParts;
    /// let config = UrlParts::parse("s3://archive/records/?region=eu-central-1")?.object_config()?;
    /// assert_eq!((&config["bucket"], &config["prefix"]), (&"archive".into(), &"records/".into()));
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    pub fn object_config(&self) -> Result<ConfigMap> {
        self.config([
            ("bucket", self.host.clone().map(Json::from)),
            ("prefix", some_text(self.path.clone()).map(Json::from)),
        ])
    }

    fn config<const N: usize>(&self, parts: [(&'static str, Option<Json>); N]) -> Result<ConfigMap> {
        let mut config = ConfigMap::new();
        for (key, value) in parts {
            if let Some(value) = value {
                if self.parameters.contains_key(key) {
                    return Err(given_twice(key));
                }
                config.insert(key.to_owned(), value);
            }
        }
        config.extend(self.parameters.clone());
        Ok(config)
    }
}

impl fmt::Debug for UrlParts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UrlParts")
            .field("scheme", &self.scheme)
            .field("user", &self.user)
            .field("password", &self.password)
            .field("host", &self.host)
            .field("port", &self.port)
            .field("path", &self.path)
            // A parameter may be a secret, too.
            .field("parameters", &self.parameters.keys().collect::<Vec<_>>())
            .finish()
    }
}

fn some_text(text: String) -> Option<String> {
    (!text.is_empty()).then_some(text)
}

fn decode(text: &str, part: &'static str) -> Result<String> {
    percent_decode_str(text)
        .decode_utf8()
        .map(|text| text.into_owned())
        .map_err(|_| Error::invalid_config("a percent-encoded part of a URL must be UTF-8").with_context("part", part))
}

fn given_twice(key: &str) -> Error {
    Error::invalid_config("a URL gives a setting twice").with_context("key", format!("`{}`", key.escape_debug()))
}

/// A `?` may be part of a file's name: only what reads `key=value&…` behind the last one is a query.
fn split_bare_path(text: &str) -> (&str, &str) {
    let is_key = |key: &str| {
        key.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && key.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-'))
    };
    match text.rsplit_once('?') {
        Some((path, query))
            if query.split('&').all(|pair| pair.split_once('=').is_some_and(|(key, _)| is_key(key))) =>
        {
            (path, query)
        }
        _ => (text, ""),
    }
}

fn parse_parameters(query: &str) -> Result<ConfigMap> {
    let mut parameters = ConfigMap::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (key, value) = pair.split_once('=').unwrap_or((pair, "true"));
        let key = decode(key, "parameter")?;
        let value = decode(value, "parameter")?;
        insert_dotted(&mut parameters, &key, value)?;
    }
    Ok(parameters)
}

fn insert_dotted(parameters: &mut ConfigMap, key: &str, value: String) -> Result<()> {
    let (mut table, mut last) = (parameters, key);
    while let Some((first, rest)) = last.split_once('.') {
        if first.is_empty() {
            break;
        }
        let inner = table.entry(first).or_insert_with(|| Json::Object(ConfigMap::new()));
        table = inner.as_object_mut().ok_or_else(|| given_twice(key))?;
        last = rest;
    }
    if last.is_empty() || last.starts_with('.') {
        return Err(Error::invalid_config("a parameter of a URL has no key"));
    }
    match table.insert(last.to_owned(), Json::String(value)) {
        Some(_) => Err(given_twice(key)),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests;
