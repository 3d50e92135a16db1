//! The PostgreSQL store as a backend.

use std::sync::{Arc, OnceLock};

use dataknobs_data_core::backend::{
    AccessPlan, Aggregating, Backend, ColumnAnswer, ColumnRequest, Columnar, CountRequest, IndexInfo, IndexRequest,
    Indexing, Lending, ModifyRequest, Modifying, ReadBatchRequest, ReadRequest, RecordStream, Reply, ScanRequest,
    Session, Support, Transaction, TransactionOptions, Transactional, WriteBatchRequest, WriteOutcome, WriteRequest,
};
use dataknobs_data_core::{
    Aggregation, BackendInfo, Capabilities, Condition, Error, ErrorKind, Isolation, Leaf, Record, Result, SortKey,
    Table as Answer,
};

use crate::access::Access;
use crate::aggregate::Counting;
use crate::columns;
use crate::config::PostgresConfig;
use crate::connection::{Connection, Connections, Lease};
use crate::index::{self, Indexes};
use crate::lane::{self, Lanes};
use crate::scan::{Records, scan};
use crate::table::{DocumentTable, Table, capabilities, key_type};
use crate::transaction::PostgresTransaction;
use crate::unit::Unit;

/// A table in PostgreSQL as a store.
///
/// ```
/// use dataknobs_data_core::backend::Backend as _;
/// use dataknobs_data_postgres::{PostgresBackend, PostgresConfig};
/// let backend = PostgresBackend::new(PostgresConfig::new("localhost", "mydb", "records"))?;
/// assert_eq!(backend.info().location, "localhost:5432/mydb/records"); // nothing is connected yet
/// # Ok::<(), dataknobs_data_core::Error>(())
/// ```
#[derive(Debug)]
pub struct PostgresBackend {
    shared: Arc<Shared>,
    initial: Capabilities,
    connected: OnceLock<Capabilities>,
}

struct Shared {
    config: PostgresConfig,
    connections: Connections,
    lanes: Lanes,
    table: OnceLock<Arc<Table>>,
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared").field("config", &self.config).finish_non_exhaustive()
    }
}

impl Shared {
    fn table(&self) -> Result<&Arc<Table>> {
        self.table.get().ok_or_else(|| Error::new(ErrorKind::Connection, "the store is not connected"))
    }

    async fn lease(&self) -> Result<(Lease, &Arc<Table>)> {
        let table = self.table()?;
        Ok((self.connections.lease().await?, table))
    }
}

fn work<'a>(connection: &'a Connection, table: &'a Table) -> Access<'a> {
    Access::new(Unit { connection, in_transaction: false }, table)
}

macro_rules! on_a_connection {
    ($this:expr, |$work:ident| $call:expr) => {{
        let shared = &$this.shared;
        Reply::later(async move {
            let (lease, table) = shared.lease().await?;
            let $work = work(&lease, table);
            let result = $call.await;
            lease.settle(result)
        })
    }};
}

/// A read of one record: on a connection of its own where there is one, else on one that others
/// share.
macro_rules! beside_others {
    ($this:expr, $id:expr, |$work:ident, $name:ident| $call:expr) => {{
        let (shared, $name) = (&$this.shared, $id);
        Reply::later(async move {
            if shared.connections.has_room() {
                let (lease, table) = shared.lease().await?;
                let $work = work(&lease, table);
                let result = $call.await;
                return lease.settle(result);
            }
            let (table, lanes) = (Arc::clone(shared.table()?), shared.lanes.clone());
            let (connections, name) = (shared.connections.clone(), $name.to_owned());
            lane::beside(async move {
                let place = lanes.place(&connections).await?;
                let ($work, $name) = (work(&place, &table), name.as_str());
                let result = $call.await;
                place.settle(result)
            })
            .await
        })
    }};
}

impl PostgresBackend {
    /// A store with these settings. Nothing is connected before the first use.
    ///
    /// ```
    /// use dataknobs_data_postgres::{PostgresBackend, PostgresConfig};
    /// let error = PostgresBackend::new(PostgresConfig::new("localhost", "mydb", "")).unwrap_err();
    /// assert_eq!(error.context_value("key"), Some("`table`"));
    /// ```
    ///
    /// # Errors
    /// InvalidConfig for settings that cannot be.
    pub fn new(config: PostgresConfig) -> Result<Self> {
        config.check()?;
        let initial = capabilities(key_type(config.schema.id.unwrap_or_default()));
        let connections = Connections::new(&config)?;
        let shared = Arc::new(Shared { config, connections, lanes: Lanes::default(), table: OnceLock::new() });
        Ok(PostgresBackend { shared, initial, connected: OnceLock::new() })
    }
}

impl Session for PostgresBackend {
    fn read<'a>(&'a self, request: ReadRequest<'a>) -> Reply<'a, Option<Record>> {
        beside_others!(self, request.id, |work, id| work.read(id))
    }

    fn exists<'a>(&'a self, request: ReadRequest<'a>) -> Reply<'a, bool> {
        beside_others!(self, request.id, |work, id| work.exists(id))
    }

    fn read_batch<'a>(&'a self, request: ReadBatchRequest<'a>) -> Reply<'a, Vec<Option<Record>>> {
        on_a_connection!(self, |work| work.read_batch(request.ids))
    }

    fn write(&self, request: WriteRequest) -> Reply<'_, WriteOutcome> {
        on_a_connection!(self, |work| work.write(request))
    }

    fn write_batch(&self, request: WriteBatchRequest) -> Reply<'_, Vec<WriteOutcome>> {
        on_a_connection!(self, |work| work.write_batch(request.writes))
    }

    fn leaf_support(&self, leaf: &Leaf) -> Support {
        self.shared.table.get().map_or(Support::No, |table| table.leaf_support(leaf))
    }

    fn sorts_exactly(&self, sort: &[SortKey]) -> bool {
        self.shared.table.get().is_some_and(|table| table.sorts_exactly(sort))
    }

    fn scan(&self, request: ScanRequest) -> Reply<'_, RecordStream> {
        let shared = &self.shared;
        Reply::later(async move {
            let (lease, table) = shared.lease().await?;
            let sql = work(&lease, table).scan(&request);
            scan(lease, &sql, Records::new(Arc::clone(table), request.projection)).await
        })
    }

    fn count(&self, request: CountRequest) -> Reply<'_, u64> {
        on_a_connection!(self, |work| work.count(&request.condition))
    }

    fn modifying(&self) -> Option<&dyn Modifying> {
        Some(self)
    }

    fn aggregating(&self) -> Option<&dyn Aggregating> {
        Some(self)
    }

    fn lending(&self) -> Option<&dyn Lending> {
        None
    }
}

impl Aggregating for PostgresBackend {
    fn aggregate<'a>(&'a self, condition: &Condition, aggregation: &'a Aggregation) -> Option<Reply<'a, Answer>> {
        let shared = &self.shared;
        let counting = Counting::new(shared.table.get()?, condition, aggregation)?;
        Some(Reply::later(async move {
            let (lease, table) = shared.lease().await?;
            let answer = counting.run(&lease, table, aggregation).await;
            lease.settle(answer)
        }))
    }
}

impl Modifying for PostgresBackend {
    fn modify(&self, request: ModifyRequest) -> Reply<'_, u64> {
        on_a_connection!(self, |work| work.modify(&request.condition, &request.action))
    }
}

impl Transactional for PostgresBackend {
    fn begin(&self, options: TransactionOptions) -> Reply<'_, Box<dyn Transaction>> {
        let shared = &self.shared;
        Reply::later(async move {
            let (lease, table) = shared.lease().await?;
            let access = if options.read_only { "READ ONLY" } else { "READ WRITE" };
            let level = options.isolation.unwrap_or(Isolation::RepeatableRead).name();
            // The snapshot is taken by the first query.
            let begun = lease.batch(&format!("BEGIN ISOLATION LEVEL {level}, {access}; SELECT 1")).await;
            match begun {
                Ok(()) => {
                    let transaction: Box<dyn Transaction> =
                        Box::new(PostgresTransaction::new(Arc::clone(table), lease));
                    Ok(transaction)
                }
                Err(error) => lease.settle(Err(error)),
            }
        })
    }
}

impl Indexing for PostgresBackend {
    fn create_index(&self, request: IndexRequest) -> Reply<'_, IndexInfo> {
        let shared = &self.shared;
        Reply::later(async move {
            let info = IndexInfo::new(request.index_name(), request.path, request.kind);
            let (lease, table) = shared.lease().await?;
            let made = match &**table {
                Table::Documents(table) => match index::create(&lease, table, &info).await {
                    Ok(()) => reload(&lease, table).await,
                    Err(error) => Err(error),
                },
                Table::Columns(table) => columns::index::create(&lease, table, &info).await,
            };
            lease.settle(made).map(|()| info)
        })
    }

    fn list_indexes(&self) -> Reply<'_, Vec<IndexInfo>> {
        let shared = &self.shared;
        Reply::later(async move {
            let (lease, table) = shared.lease().await?;
            let listed = match &**table {
                Table::Documents(table) => reload(&lease, table).await.map(|()| table.indexes().list()),
                Table::Columns(table) => columns::index::list(&lease, table).await,
            };
            lease.settle(listed)
        })
    }

    fn drop_index<'a>(&'a self, name: &'a str) -> Reply<'a, bool> {
        let shared = &self.shared;
        Reply::later(async move {
            let (lease, table) = shared.lease().await?;
            let dropped = match &**table {
                Table::Documents(table) => drop_index(&lease, table, name).await,
                Table::Columns(table) => columns::index::drop(&lease, table, name).await,
            };
            lease.settle(dropped)
        })
    }
}

async fn reload(lease: &Lease, table: &DocumentTable) -> Result<()> {
    let loaded = Indexes::load(lease, &table.sql).await?;
    *table.indexes.write() = Arc::new(loaded);
    Ok(())
}

async fn drop_index(lease: &Lease, table: &DocumentTable, name: &str) -> Result<bool> {
    reload(lease, table).await?;
    let indexes = table.indexes();
    let physical = indexes.physical(name);
    if physical.is_empty() {
        return Ok(false);
    }
    index::drop(lease, table, physical).await?;
    reload(lease, table).await?;
    Ok(true)
}

impl Backend for PostgresBackend {
    fn info(&self) -> BackendInfo {
        let config = &self.shared.config;
        let mut info = BackendInfo::new("postgres", config.location()).with("table", config.table.as_str());
        match self.shared.table.get().map(Arc::as_ref) {
            Some(Table::Documents(table)) => {
                info = info
                    .with("layout", "document")
                    .with("key", table.key.sql())
                    .with("indexes", table.indexes().list().len());
            }
            Some(Table::Columns(table)) => {
                let key: Vec<&str> = table.key.iter().map(|place| table.columns[*place].name.as_str()).collect();
                info = info.with("layout", "columns").with("key", key).with("columns", table.columns.len());
            }
            None => {}
        }
        info
    }

    fn capabilities(&self) -> &Capabilities {
        self.connected.get().unwrap_or(&self.initial)
    }

    fn connect(&self) -> Reply<'_, ()> {
        let shared = &self.shared;
        Reply::later(async move {
            let lease = shared.connections.lease().await?;
            let opened = Table::open(&lease, &shared.config).await;
            let table = lease.settle(opened)?;
            let table = shared.table.get_or_init(|| Arc::new(table));
            self.connected.get_or_init(|| table.capabilities());
            Ok(())
        })
    }

    fn ping(&self) -> Reply<'_, ()> {
        let shared = &self.shared;
        Reply::later(async move {
            let lease = shared.connections.lease().await?;
            let answered = lease.batch("SELECT 1").await;
            lease.settle(answered)
        })
    }

    fn flush(&self) -> Reply<'_, ()> {
        // What the server has acknowledged is where it belongs.
        Reply::ready(Ok(()))
    }

    fn close(&self) -> Reply<'_, ()> {
        let shared = &self.shared;
        Reply::later(async move { shared.connections.close().await })
    }

    fn access_plan<'a>(&'a self, request: &'a ScanRequest) -> Reply<'a, AccessPlan> {
        on_a_connection!(self, |work| work.access_plan(request))
    }

    fn transactional(&self) -> Option<&dyn Transactional> {
        Some(self)
    }

    fn indexing(&self) -> Option<&dyn Indexing> {
        match self.shared.table.get().map(Arc::as_ref) {
            Some(Table::Columns(table)) if !table.writable => None,
            _ => Some(self),
        }
    }

    fn columnar(&self) -> Option<&dyn Columnar> {
        match self.shared.table.get().map(Arc::as_ref) {
            Some(Table::Columns(_)) => Some(self),
            _ => None,
        }
    }
}

impl Columnar for PostgresBackend {
    fn scan_columns(&self, request: ColumnRequest) -> Reply<'_, Option<ColumnAnswer>> {
        let shared = &self.shared;
        Reply::later(async move {
            let (lease, table) = shared.lease().await?;
            let Table::Columns(table) = &**table else { return lease.settle(Ok(None)) };
            let found = columns::bulk::scan_columns(lease, &shared.connections, table, &request).await?;
            Ok(found.map(|columns| Box::new(columns) as ColumnAnswer))
        })
    }
}
