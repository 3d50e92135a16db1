//! What a PostgreSQL store can be told.

use std::path::PathBuf;
use std::time::Duration;

use dataknobs_data_core::config::Secret;
use dataknobs_data_core::pool::PoolConfig;
use dataknobs_data_core::{Error, Result};
use serde::{Deserialize, Serialize};

/// The settings of a PostgreSQL store.
///
/// ```
/// use dataknobs_data_postgres::{PostgresConfig, SslMode};
/// let config = PostgresConfig::new("localhost", "mydb", "records");
/// assert_eq!((config.port, config.resolved_sslmode()), (5432, SslMode::Prefer));
/// // Elsewhere than on this machine the server has to prove who it is.
/// assert_eq!(PostgresConfig::new("db.example.org", "mydb", "records").resolved_sslmode(), SslMode::VerifyFull);
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct PostgresConfig {
    /// The server: a name, an address, or the folder of its Unix socket (`/run/postgresql`).
    pub host: String,
    /// The port.
    pub port: u16,
    /// The database; the user's name where it is not given.
    pub database: Option<String>,
    /// The user; the operating system's where it is not given.
    pub user: Option<String>,
    /// The password.
    pub password: Option<Secret>,
    /// The table.
    pub table: String,
    /// The SQL schema in which the table stands; the first of the search path where it is not given.
    pub namespace: Option<String>,
    /// The columns of a table of our own: `{"id": "TEXT" | "UUID" | "BIGINT", "data": "JSONB"}`.
    pub schema: Columns,
    /// How records are laid out in the table.
    pub layout: Layout,
    /// The columns that tell the rows of a table or view apart, where the server does not say it: a
    /// primary key, a unique index or a column `id` is found.
    pub key: Vec<String>,
    /// Whether a missing table is created.
    pub create_table: bool,
    /// Whether a table that is created gets a GIN index over all fields, which answers equality on
    /// any of them and makes writes slower.
    pub gin_index: bool,
    /// How far the connection is encrypted and the server checked; where it is not given,
    /// `prefer` on this machine and `verify-full` elsewhere.
    pub sslmode: Option<SslMode>,
    /// A file of certificates that vouch for the server, in PEM; those of the system where it is
    /// not given.
    pub sslrootcert: Option<PathBuf>,
    /// What the server shows as the name of this program.
    pub application_name: String,
    /// How long connecting may take.
    #[serde(with = "dataknobs_data_core::config::duration")]
    pub connect_timeout: Duration,
    /// How long the server may work on one statement; no limit where it is not given.
    #[serde(with = "dataknobs_data_core::config::duration")]
    pub statement_timeout: Option<Duration>,
    /// Whether the server is reached through a pooler that gives each transaction another
    /// connection (PgBouncer): then statements are not prepared and nothing is set for a session.
    pub pgbouncer: bool,
    /// The connections.
    pub pool: PoolConfig,
}

/// How records are laid out in a table.
///
/// ```
/// use dataknobs_data_postgres::Layout;
/// assert_eq!(serde_json::to_string(&Layout::Document)?, r#""document""#);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Layout {
    /// A table of our own shape, or a missing one, is a document table; the columns of any other
    /// one are fields.
    #[default]
    Auto,
    /// Each record is one JSON document, and any field goes.
    Document,
    /// The columns of a table or view that is there are the fields.
    Columns,
}

/// How far a connection is encrypted and the server checked, as in libpq.
///
/// ```
/// use dataknobs_data_postgres::SslMode;
/// assert_eq!(serde_json::from_str::<SslMode>(r#""verify-full""#)?, SslMode::VerifyFull);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SslMode {
    /// Not encrypted.
    Disable,
    /// Encrypted where the server can; not checked.
    Prefer,
    /// Encrypted; not checked, so that whoever stands between can read along.
    Require,
    /// Encrypted, and the certificate must be vouched for.
    VerifyCa,
    /// Encrypted, the certificate must be vouched for and must name the host.
    VerifyFull,
}

/// The type of the key column of a document table.
///
/// ```
/// use dataknobs_data_postgres::IdType;
/// assert_eq!(serde_json::from_str::<IdType>(r#""uuid""#)?, IdType::Uuid);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum IdType {
    /// Any id.
    #[default]
    #[serde(alias = "text")]
    Text,
    /// UUIDs, in 16 bytes.
    #[serde(alias = "uuid")]
    Uuid,
    /// Whole numbers, which the server makes.
    #[serde(alias = "bigint", alias = "INT8", alias = "int8")]
    Bigint,
}

/// The type of the column that holds a record's fields.
///
/// ```
/// use dataknobs_data_postgres::DataType;
/// assert_eq!(DataType::default(), DataType::Jsonb);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
#[non_exhaustive]
pub enum DataType {
    /// JSON in binary form, which can be indexed.
    #[default]
    #[serde(alias = "jsonb")]
    Jsonb,
}

/// The columns of a document table, as the plan's `schema` names them.
///
/// ```
/// use dataknobs_data_postgres::{Columns, DataType, IdType};
/// let columns: Columns = serde_json::from_str(r#"{"id": "UUID", "data": "JSONB"}"#)?;
/// assert_eq!((columns.id, columns.data), (Some(IdType::Uuid), DataType::Jsonb));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Columns {
    /// The type of the key; TEXT for a new table where it is not given.
    pub id: Option<IdType>,
    /// The type of the column with the fields.
    pub data: DataType,
}

impl Default for PostgresConfig {
    fn default() -> Self {
        PostgresConfig {
            host: "localhost".to_owned(),
            port: 5432,
            database: None,
            user: None,
            password: None,
            table: "records".to_owned(),
            namespace: None,
            schema: Columns::default(),
            layout: Layout::default(),
            key: Vec::new(),
            create_table: true,
            gin_index: true,
            sslmode: None,
            sslrootcert: None,
            application_name: "dataknobs-data".to_owned(),
            connect_timeout: Duration::from_secs(10),
            statement_timeout: None,
            pgbouncer: false,
            pool: PoolConfig::default(),
        }
    }
}

impl PostgresConfig {
    /// The settings for a table in a database on a host, everything else as usual.
    ///
    /// ```
    /// use dataknobs_data_postgres::PostgresConfig;
    /// assert_eq!(PostgresConfig::new("localhost", "mydb", "people").table, "people");
    /// ```
    pub fn new(host: impl Into<String>, database: impl Into<String>, table: impl Into<String>) -> Self {
        PostgresConfig {
            host: host.into(),
            database: Some(database.into()),
            table: table.into(),
            ..PostgresConfig::default()
        }
    }

    /// How far the connection will be encrypted and the server checked.
    ///
    /// ```
    /// use dataknobs_data_postgres::{PostgresConfig, SslMode};
    /// let socket = PostgresConfig::new("/run/postgresql", "mydb", "records");
    /// assert_eq!(socket.resolved_sslmode(), SslMode::Disable);
    /// ```
    pub fn resolved_sslmode(&self) -> SslMode {
        if self.is_socket() {
            return SslMode::Disable;
        }
        let loopback = self.host.eq_ignore_ascii_case("localhost")
            || self.host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback());
        self.sslmode.unwrap_or(if loopback { SslMode::Prefer } else { SslMode::VerifyFull })
    }

    pub(crate) fn is_socket(&self) -> bool {
        self.host.starts_with('/')
    }

    /// Where the table is, for people: `host:port/database/namespace.table`.
    pub(crate) fn location(&self) -> String {
        let place = if self.is_socket() { self.host.clone() } else { format!("{}:{}", self.host, self.port) };
        let table = match &self.namespace {
            Some(namespace) => format!("{namespace}.{}", self.table),
            None => self.table.clone(),
        };
        format!("{place}/{}/{table}", self.database.as_deref().unwrap_or_default())
    }

    pub(crate) fn check(&self) -> Result<()> {
        let wrong = |key: &'static str, message: &'static str| {
            Err(Error::invalid_config(message).with_context("key", format!("`{key}`")))
        };
        let names = [
            ("host", Some(&self.host)),
            ("table", Some(&self.table)),
            ("database", self.database.as_ref()),
            ("user", self.user.as_ref()),
            ("namespace", self.namespace.as_ref()),
            ("application_name", Some(&self.application_name)),
        ];
        for (key, name) in names {
            let Some(name) = name else { continue };
            if name.is_empty() && key != "application_name" {
                return wrong(key, "this setting must not be empty");
            }
            if name.contains('\0') {
                return wrong(key, "this setting must not hold the character U+0000");
            }
        }
        for (key, name) in [("table", Some(&self.table)), ("namespace", self.namespace.as_ref())] {
            // The server would cut a longer name and use whatever table that names.
            if name.is_some_and(|name| name.len() > MAX_NAME_BYTES) {
                return wrong(key, "a name in PostgreSQL has at most 63 bytes");
            }
        }
        let checked = matches!(self.resolved_sslmode(), SslMode::VerifyCa | SslMode::VerifyFull);
        if self.sslrootcert.is_some() && !checked {
            return wrong("sslrootcert", "certificates are only looked at with sslmode verify-ca or verify-full");
        }
        self.pool.check()
    }
}

/// The length of an identifier, NAMEDATALEN - 1 of the server's build.
pub(crate) const MAX_NAME_BYTES: usize = 63;
