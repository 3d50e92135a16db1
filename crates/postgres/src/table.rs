//! The table: what the server knows of it, and making it.

use std::sync::Arc;

use dataknobs_data_core::{Capabilities, Error, ErrorKind, IdOrder, Leaf, Result, SortKey, Support};
use parking_lot::RwLock;
use tokio_postgres::types::Type;

use crate::columns::{self, ColumnTable, catalog::describe};
use crate::config::{IdType, Layout, PostgresConfig};
use crate::connection::Connection;
use crate::document;
use crate::identifier::{constant, identifier};
use crate::index::Indexes;
use crate::sql::{KeyType, Parameter, Sql};
use crate::work::COLUMNS;

/// The oldest server whose SQL is enough (`generated always as`, `jsonb_path_ops`, `starts_with`).
const OLDEST_SERVER: i32 = 120_000;

/// A table of either layout.
#[derive(Debug)]
pub(crate) enum Table {
    Documents(DocumentTable),
    Columns(ColumnTable),
}

/// A document table.
#[derive(Debug)]
pub(crate) struct DocumentTable {
    /// The name as SQL, with its schema where one is given.
    pub(crate) sql: String,
    pub(crate) name: String,
    /// The server's version, as `server_version_num`.
    pub(crate) server: i32,
    pub(crate) key: KeyType,
    pub(crate) statements: Statements,
    pub(crate) indexes: RwLock<Arc<Indexes>>,
}

/// The statements for single records.
#[derive(Debug)]
pub(crate) struct Statements {
    pub(crate) read: String,
    pub(crate) lock: String,
    pub(crate) exists: String,
    pub(crate) create: String,
    pub(crate) create_if_absent: String,
    pub(crate) create_under_new_key: String,
    pub(crate) upsert: String,
    pub(crate) update: String,
    pub(crate) update_expected: String,
    pub(crate) delete: String,
    pub(crate) delete_expected: String,
}

impl Statements {
    fn new(table: &str) -> Self {
        let read = format!("SELECT {COLUMNS} FROM {table} WHERE id = $1");
        let create = format!("INSERT INTO {table} (id, data, meta, field_order) VALUES ($1, $2, $3, $4)");
        let update = format!(
            "UPDATE {table} SET data = $2, meta = $3, field_order = $4, version = DEFAULT, updated_at = now() \
             WHERE id = $1"
        );
        let delete = format!("DELETE FROM {table} WHERE id = $1");
        Statements {
            lock: format!("{read} FOR UPDATE"),
            read,
            exists: format!("SELECT 1 FROM {table} WHERE id = $1"),
            create_if_absent: format!("{create} ON CONFLICT (id) DO NOTHING RETURNING version"),
            create_under_new_key: format!(
                "INSERT INTO {table} (data, meta, field_order) VALUES ($1, $2, $3) \
                 ON CONFLICT (id) DO NOTHING RETURNING id, version"
            ),
            upsert: format!("{create} {REPLACE} RETURNING version, xmax <> 0"),
            create: format!("{create} RETURNING version"),
            update_expected: format!("{update} AND version = $5 RETURNING version"),
            update: format!("{update} RETURNING version"),
            delete_expected: format!("{delete} AND version = $2"),
            delete,
        }
    }
}

/// What an upsert does where there is a record.
pub(crate) const REPLACE: &str = "ON CONFLICT (id) DO UPDATE SET data = EXCLUDED.data, meta = EXCLUDED.meta, \
                                  field_order = EXCLUDED.field_order, version = EXCLUDED.version, updated_at = now()";

struct Column {
    name: String,
    kind: u32,
    collation: Option<String>,
}

/// The name of the table as SQL.
pub(crate) fn table_sql(config: &PostgresConfig) -> String {
    match &config.namespace {
        Some(namespace) => format!("{}.{}", identifier(namespace), identifier(&config.table)),
        None => identifier(&config.table),
    }
}

impl Table {
    /// Finds the table, or makes it.
    pub(crate) async fn open(connection: &Connection, config: &PostgresConfig) -> Result<Self> {
        let server = check_server(connection).await?;
        let sql = table_sql(config);
        let mut columns = columns_of(connection, &sql).await?;
        if columns.is_empty() {
            if !config.create_table || config.layout == Layout::Columns {
                return Err(Error::new(ErrorKind::NotFound, "there is no such table, and none is to be made")
                    .with_context("table", &sql)
                    .with_context("create_table", false));
            }
            create(connection, config, &sql).await?;
            columns = columns_of(connection, &sql).await?;
        }
        let key = key_of(&columns, &sql);
        let documents = match (config.layout, &key) {
            (Layout::Columns, _) => false,
            (Layout::Document, _) => true,
            // One of our own shape that cannot be used is not another shape.
            (Layout::Auto, Err(error)) => error.context_value("collation").is_some(),
            (Layout::Auto, Ok(_)) => true,
        };
        if documents {
            return Ok(Table::Documents(DocumentTable::open(connection, config, key?, (sql, server)).await?));
        }
        if config.schema.id.is_some() {
            return Err(Error::invalid_config("`schema` describes a table of documents, and this is none")
                .with_context("table", &sql)
                .with_context("key", "`schema`"));
        }
        Ok(Table::Columns(describe(connection, &sql, config.namespace.as_deref(), &config.key, server).await?))
    }

    /// The name as SQL.
    pub(crate) fn sql(&self) -> &str {
        match self {
            Table::Documents(table) => &table.sql,
            Table::Columns(table) => &table.sql,
        }
    }

    pub(crate) fn capabilities(&self) -> Capabilities {
        match self {
            Table::Documents(table) => capabilities(table.key),
            Table::Columns(table) => table.capabilities(),
        }
    }

    /// How well a leaf can be said in SQL.
    pub(crate) fn leaf_support(&self, leaf: &Leaf) -> Support {
        match self {
            Table::Documents(_) => document::leaf::support(leaf),
            Table::Columns(table) => columns::leaf::support(table, leaf),
        }
    }

    /// Whether the server sorts by these keys just as the semantics say.
    pub(crate) fn sorts_exactly(&self, sort: &[SortKey]) -> bool {
        match self {
            Table::Documents(table) => document::query::sorts_exactly(sort, table.key),
            Table::Columns(table) => columns::query::sorts_exactly(table, sort),
        }
    }
}

impl DocumentTable {
    async fn open(
        connection: &Connection,
        config: &PostgresConfig,
        key: KeyType,
        (sql, server): (String, i32),
    ) -> Result<Self> {
        if let Some(wanted) = config.schema.id
            && key_type(wanted) != key
        {
            return Err(Error::invalid_config("the table's key is of another type")
                .with_context("table", &sql)
                .with_context("key", "`schema.id`")
                .with_context("found", key.sql()));
        }
        let indexes = Indexes::load(connection, &sql).await?;
        let statements = Statements::new(&sql);
        let indexes = RwLock::new(Arc::new(indexes));
        Ok(DocumentTable { sql, name: config.table.clone(), server, key, statements, indexes })
    }

    /// What stands before the name of anything in the table's schema: `"schema".`, or nothing.
    pub(crate) fn namespace(&self) -> &str {
        self.sql.strip_suffix(&identifier(&self.name)).unwrap_or_default()
    }

    pub(crate) fn indexes(&self) -> Arc<Indexes> {
        Arc::clone(&self.indexes.read())
    }
}

/// What a document table with such a key can do.
pub(crate) fn capabilities(key: KeyType) -> Capabilities {
    let mut capabilities = Capabilities::minimal();
    capabilities.transactions = true;
    capabilities.serializable = true;
    capabilities.savepoints = true;
    capabilities.atomic_batches = true;
    capabilities.indexes = true;
    capabilities.unique_versions = true;
    capabilities.snapshot_streams = true;
    capabilities.persistent = true;
    capabilities.generates_ids = key == KeyType::Integer;
    capabilities.id_order = if key == KeyType::Integer { IdOrder::Numeric } else { IdOrder::CodePoint };
    capabilities
}

pub(crate) fn key_type(id: IdType) -> KeyType {
    match id {
        IdType::Text => KeyType::Text,
        IdType::Uuid => KeyType::Uuid,
        IdType::Bigint => KeyType::Integer,
    }
}

async fn check_server(connection: &Connection) -> Result<i32> {
    let sql = "SELECT current_setting('server_encoding'), current_setting('server_version_num')::int4, \
               current_setting('server_version')";
    let Some(row) = connection.query_once(&Sql::new(sql)).await?.into_iter().next() else { return Ok(0) };
    let (encoding, number, version): (String, i32, String) = (row.get(0), row.get(1), row.get(2));
    if encoding != "UTF8" {
        return Err(Error::unsupported("the database must be encoded in UTF8").with_context("encoding", encoding));
    }
    if number < OLDEST_SERVER {
        return Err(Error::unsupported("the server is older than PostgreSQL 12").with_context("version", version));
    }
    Ok(number)
}

async fn columns_of(connection: &Connection, table: &str) -> Result<Vec<Column>> {
    let text = "SELECT a.attname::text, a.atttypid, c.collname::text \
                FROM pg_attribute a LEFT JOIN pg_collation c ON c.oid = a.attcollation \
                WHERE a.attrelid = to_regclass($1) AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum";
    let rows = connection.query_once(&Sql::with(text, vec![Parameter::text(table)])).await?;
    Ok(rows.iter().map(|row| Column { name: row.get(0), kind: row.get(1), collation: row.get(2) }).collect())
}

/// The type of the key of a table of our own shape.
fn key_of(columns: &[Column], table: &str) -> Result<KeyType> {
    let find = |name: &str| columns.iter().find(|column| column.name == name);
    let is = |name: &str, kind: &Type| find(name).is_some_and(|column| column.kind == kind.oid());
    let key = find("id").and_then(|column| match Type::from_oid(column.kind)? {
        Type::TEXT => Some(KeyType::Text),
        Type::UUID => Some(KeyType::Uuid),
        Type::INT8 => Some(KeyType::Integer),
        _ => None,
    });
    let Some(key) = key
        .filter(|_| is("data", &Type::JSONB) && is("meta", &Type::JSONB) && is("version", &Type::INT8))
        .filter(|_| is("field_order", &Type::TEXT))
    else {
        return Err(Error::unsupported("the table is not one of documents")
            .with_context("table", table)
            .with_hint("a table of documents has the columns id, data, meta, field_order and version"));
    };
    let collation = find("id").and_then(|column| column.collation.as_deref());
    if key == KeyType::Text && !matches!(collation, Some("C" | "POSIX")) {
        return Err(Error::unsupported("the key must be in the order of code points")
            .with_context("table", table)
            .with_context("collation", collation.unwrap_or_default())
            .with_hint("ALTER TABLE … ALTER COLUMN id TYPE text COLLATE \"C\""));
    }
    Ok(key)
}

async fn create(connection: &Connection, config: &PostgresConfig, table: &str) -> Result<()> {
    let id = match key_type(config.schema.id.unwrap_or_default()) {
        KeyType::Text => "text COLLATE \"C\"",
        KeyType::Uuid => "uuid",
        KeyType::Integer => "bigint GENERATED BY DEFAULT AS IDENTITY",
    };
    // Of several programs that find no table, one makes it and the others wait.
    let mut text = format!(
        "BEGIN; SELECT pg_advisory_xact_lock(hashtextextended({}, 0)); \
         CREATE TABLE IF NOT EXISTS {table} (id {id} PRIMARY KEY, data jsonb NOT NULL, meta jsonb, field_order text, \
         version bigint NOT NULL GENERATED BY DEFAULT AS IDENTITY, \
         created_at timestamptz NOT NULL DEFAULT now(), updated_at timestamptz NOT NULL DEFAULT now()); \
         COMMENT ON TABLE {table} IS 'records of dataknobs-data, layout document 1'; ",
        constant(&format!("dataknobs-data {table}"))
    );
    if config.gin_index {
        let index = identifier(&crate::index::physical_name(&config.table, "data", "gin"));
        text.push_str(&format!("CREATE INDEX IF NOT EXISTS {index} ON {table} USING gin (data jsonb_path_ops); "));
    }
    text.push_str("COMMIT");
    let created = connection.batch(&text).await;
    if created.is_err() {
        connection.batch("ROLLBACK").await?;
    }
    created.map_err(|error| error.with_context("table", table))
}
