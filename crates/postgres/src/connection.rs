//! One connection to the server: statements prepared once, answers as rows.

use std::fmt;
use std::hash::BuildHasher as _;
use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use dataknobs_data_core::backend::Reply;
use dataknobs_data_core::pool::{ConnectionManager, ConnectionPool, Pooled};
use dataknobs_data_core::{Error, ErrorKind, Result};
use futures_util::{SinkExt as _, TryStreamExt as _};
use hashbrown::{HashMap, HashSet};
use parking_lot::Mutex;
use tokio::runtime::Handle;
use tokio::task::JoinHandle;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{CancelToken, Client, Config, CopyOutStream, NoTls, Row, RowStream, Statement};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::config::{PostgresConfig, SslMode};
use crate::error::{breaks_connection, from_driver};
use crate::sql::{Parameter, Sql};

/// Statements that a connection keeps prepared.
const PREPARED: usize = 256;

/// Opens, checks and closes connections.
pub(crate) struct Manager {
    config: Config,
    tls: Option<MakeRustlsConnect>,
    prepares: bool,
    connect_timeout: Duration,
}

impl Manager {
    pub(crate) fn new(settings: &PostgresConfig) -> Result<Self> {
        let mut config = Config::new();
        config.port(settings.port).application_name(&settings.application_name);
        if settings.is_socket() {
            config.host_path(&settings.host);
        } else {
            config.host(&settings.host);
        }
        let user = settings.user.clone().or_else(|| std::env::var("USER").ok());
        if let Some(user) = user {
            config.user(user);
        }
        if let Some(password) = &settings.password {
            config.password(password.expose());
        }
        if let Some(database) = &settings.database {
            config.dbname(database);
        }
        if let (Some(limit), false) = (settings.statement_timeout, settings.pgbouncer) {
            config.options(format!("-c statement_timeout={}", limit.as_millis().max(1)));
        }
        let mode = settings.resolved_sslmode();
        config.ssl_mode(match mode {
            SslMode::Disable => tokio_postgres::config::SslMode::Disable,
            SslMode::Prefer => tokio_postgres::config::SslMode::Prefer,
            _ => tokio_postgres::config::SslMode::Require,
        });
        config.connect_timeout(settings.connect_timeout);
        let tls = if mode == SslMode::Disable { None } else { Some(crate::tls::connector(settings)?) };
        Ok(Manager { config, tls, prepares: !settings.pgbouncer, connect_timeout: settings.connect_timeout })
    }

    async fn open(&self) -> Result<Connection> {
        let (client, driver) = match &self.tls {
            None => {
                let (client, connection) = self.config.connect(NoTls).await.map_err(from_driver)?;
                (client, Driver(tokio::spawn(drive(connection))))
            }
            Some(tls) => {
                let (client, connection) = self.config.connect(tls.clone()).await.map_err(from_driver)?;
                (client, Driver(tokio::spawn(drive(connection))))
            }
        };
        let cancel = client.cancel_token();
        let statements = Mutex::new(Statements::default());
        Ok(Connection { client, driver, statements, prepares: self.prepares, cancel, tls: self.tls.clone() })
    }
}

async fn drive<S, T>(connection: tokio_postgres::Connection<S, T>)
where
    tokio_postgres::Connection<S, T>: std::future::Future<Output = Result<(), tokio_postgres::Error>>,
{
    if let Err(error) = connection.await {
        tracing::debug!(error = %from_driver(error), "a connection to PostgreSQL ended");
    }
}

impl ConnectionManager for Manager {
    type Connection = Connection;

    fn connect(&self) -> Reply<'_, Connection> {
        // A server that takes the connection and then says nothing counts, too.
        Reply::later(async {
            tokio::time::timeout(self.connect_timeout, self.open()).await.unwrap_or_else(|_| {
                Err(Error::new(ErrorKind::Timeout, "connecting took too long")
                    .with_context("connect_timeout", format!("{:?}", self.connect_timeout)))
            })
        })
    }

    fn check<'a>(&'a self, connection: &'a mut Connection) -> Reply<'a, ()> {
        Reply::later(async { connection.batch("").await })
    }

    fn close(&self, connection: Connection) -> Reply<'_, ()> {
        Reply::later(async move {
            connection.close().await;
            Ok(())
        })
    }
}

/// A connection.
pub(crate) struct Connection {
    client: Client,
    driver: Driver,
    statements: Mutex<Statements>,
    prepares: bool,
    cancel: CancelToken,
    tls: Option<MakeRustlsConnect>,
}

#[derive(Default)]
struct Statements {
    known: HashMap<Arc<str>, (Statement, u64), foldhash::fast::RandomState>,
    /// Texts that came once. What comes again is prepared; what does not saves a round trip.
    once: HashSet<u64, foldhash::fast::RandomState>,
    uses: u64,
}

/// What to do with a statement's text.
enum Known {
    Prepared(Statement),
    Again,
    New,
}

impl Statements {
    fn get(&mut self, text: &str) -> Known {
        self.uses += 1;
        if let Some((statement, used)) = self.known.get_mut(text) {
            *used = self.uses;
            return Known::Prepared(statement.clone());
        }
        if self.once.len() >= 4 * PREPARED {
            self.once.clear();
        }
        let hash = self.known.hasher().hash_one(text);
        if self.once.insert(hash) { Known::New } else { Known::Again }
    }

    fn put(&mut self, text: &str, statement: Statement) {
        if self.known.len() >= PREPARED
            && let Some(oldest) = self.known.iter().min_by_key(|(_, (_, used))| *used).map(|(text, _)| Arc::clone(text))
        {
            self.known.remove(&oldest);
        }
        self.known.insert(text.into(), (statement, self.uses));
    }
}

impl Connection {
    /// Statements without values, several of them perhaps.
    pub(crate) async fn batch(&self, text: &str) -> Result<()> {
        self.client.batch_execute(text).await.map_err(from_driver)
    }

    async fn prepare(&self, text: &str, parameters: &[Parameter]) -> Result<Statement> {
        let types: Vec<Type> = parameters.iter().map(|parameter| parameter.kind.clone()).collect();
        let statement = self.client.prepare_typed(text, &types).await.map_err(from_driver)?;
        self.statements.lock().put(text, statement.clone());
        Ok(statement)
    }

    /// The rows as they come.
    pub(crate) async fn stream(&self, text: &str, parameters: &[Parameter]) -> Result<RowStream> {
        let known = if self.prepares { self.statements.lock().get(text) } else { Known::New };
        let statement = match known {
            Known::Prepared(statement) => statement,
            Known::Again => self.prepare(text, parameters).await?,
            Known::New => return self.stream_once(text, parameters).await,
        };
        self.client.query_raw(&statement, parameters.iter().map(as_bound)).await.map_err(from_driver)
    }

    /// The rows of a statement that will not come again.
    async fn stream_once(&self, text: &str, parameters: &[Parameter]) -> Result<RowStream> {
        let parameters = parameters.iter().map(|parameter| (as_bound(parameter), parameter.kind.clone()));
        self.client.query_typed_raw(text, parameters).await.map_err(from_driver)
    }

    /// All rows.
    pub(crate) async fn query(&self, sql: &Sql) -> Result<Vec<Row>> {
        self.stream(&sql.text, &sql.parameters).await?.try_collect().await.map_err(from_driver)
    }

    /// All rows of a statement that will not come again.
    pub(crate) async fn query_once(&self, sql: &Sql) -> Result<Vec<Row>> {
        self.stream_once(&sql.text, &sql.parameters).await?.try_collect().await.map_err(from_driver)
    }

    /// The one row that a statement gives, if there is one.
    pub(crate) async fn first(&self, text: &str, parameters: &[Parameter]) -> Result<Option<Row>> {
        let rows = self.stream(text, parameters).await?;
        futures_util::pin_mut!(rows);
        let first = rows.try_next().await.map_err(from_driver)?;
        if first.is_some() {
            // To the end, so that an error behind the row is seen.
            while rows.try_next().await.map_err(from_driver)?.is_some() {}
        }
        Ok(first)
    }

    /// How many rows a statement changed.
    pub(crate) async fn execute(&self, text: &str, parameters: &[Parameter]) -> Result<u64> {
        let rows = self.stream(text, parameters).await?;
        futures_util::pin_mut!(rows);
        while rows.try_next().await.map_err(from_driver)?.is_some() {}
        Ok(rows.rows_affected().unwrap_or_default())
    }

    /// Sends what a COPY takes, and gives the number of rows.
    pub(crate) async fn copy_in(&self, text: &str, pieces: impl Iterator<Item = Bytes>) -> Result<u64> {
        let sink = self.client.copy_in::<_, Bytes>(text).await.map_err(from_driver)?;
        futures_util::pin_mut!(sink);
        for piece in pieces {
            sink.send(piece).await.map_err(from_driver)?;
        }
        sink.finish().await.map_err(from_driver)
    }

    /// Whether statements may be prepared.
    pub(crate) fn prepares(&self) -> bool {
        self.prepares
    }

    /// What a COPY sends, as it comes.
    pub(crate) async fn copy_out(&self, text: &str) -> Result<CopyOutStream> {
        self.client.copy_out(text).await.map_err(from_driver)
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.client.is_closed()
    }

    /// Says goodbye and waits until the server has heard it, but not for long.
    async fn close(self) {
        let Connection { client, mut driver, .. } = self;
        drop(client);
        let _ = tokio::time::timeout(Duration::from_secs(1), &mut driver.0).await;
    }

    /// Asks the server to end what it is doing here.
    fn cancel(&self) {
        let (cancel, tls) = (self.cancel.clone(), self.tls.clone());
        let Ok(runtime) = Handle::try_current() else { return };
        runtime.spawn(async move {
            let cancelled = async {
                match tls {
                    Some(tls) => cancel.cancel_query(tls).await,
                    None => cancel.cancel_query(NoTls).await,
                }
            };
            // The connection is let go in any case.
            let _ = tokio::time::timeout(Duration::from_secs(5), cancelled).await;
        });
    }
}

/// The task that reads and writes the socket; it ends with its connection.
struct Driver(JoinHandle<()>);

impl Drop for Driver {
    fn drop(&mut self) {
        self.0.abort();
    }
}

fn as_bound(parameter: &Parameter) -> &(dyn ToSql + Sync) {
    parameter
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Connection")
    }
}

/// The connections of a store.
#[derive(Clone)]
pub(crate) struct Connections(ConnectionPool<Manager>);

impl Connections {
    pub(crate) fn new(settings: &PostgresConfig) -> Result<Self> {
        Ok(Connections(ConnectionPool::new(Manager::new(settings)?, settings.pool.clone())?))
    }

    /// A connection for one piece of work.
    pub(crate) async fn lease(&self) -> Result<Lease> {
        loop {
            let mut pooled = self.0.acquire().await?;
            if pooled.is_closed() {
                pooled.discard();
                continue;
            }
            // From here on in flight, until it is settled.
            pooled.begin();
            return Ok(Lease(Some(pooled)));
        }
    }

    /// Whether a connection can be had without waiting for others.
    pub(crate) fn has_room(&self) -> bool {
        let metrics = self.0.metrics();
        metrics.waiting == 0 && metrics.in_use < self.0.config().max_size as usize
    }

    pub(crate) async fn close(&self) -> Result<()> {
        self.0.close_all().await
    }
}

/// A connection on loan. One that is dropped before it is settled was cancelled in the middle of
/// something: the server is told, and the connection is let go.
pub(crate) struct Lease(Option<Pooled<Manager>>);

impl Lease {
    /// Gives the connection back if it can be used on.
    pub(crate) fn settle<T>(mut self, result: Result<T>) -> Result<T> {
        if let Some(mut pooled) = self.0.take()
            && !result.as_ref().is_err_and(breaks_connection)
        {
            pooled.begin().finish();
        }
        result
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if let Some(pooled) = &self.0 {
            pooled.cancel();
        }
    }
}

impl Deref for Lease {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        match &self.0 {
            Some(pooled) => pooled,
            None => unreachable!("the connection is taken only when it is settled"),
        }
    }
}
