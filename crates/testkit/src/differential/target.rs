//! The stores under test: how they are opened, and the many ways by which contents get into them.

use std::collections::HashSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use dataknobs_data_core::{
    Capabilities, Database, Error, ErrorKind, IndexKind, Path, Query, Record, RecordId, Result, Transaction, record,
};

use dataknobs_data_file::{Compression, Durability, FileBackend, FileConfig, Format};
use dataknobs_data_postgres::{PostgresBackend, PostgresConfig};
use tempfile::TempDir;
use tokio::sync::OnceCell;

use super::Session;
use crate::generate::{Limits, Rng};
use crate::services::{Locale, postgres};

/// A store under test.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Target {
    /// The memory store.
    Memory,
    /// The memory store with hash and ordered indexes on random paths.
    MemoryIndexed,
    /// A transaction of the memory store: a snapshot and changes on top of it.
    MemoryTransaction,
    /// A file of this format.
    File(Format),
    /// A compressed file of this format.
    Compressed(Format, Compression),
    /// A table of documents in PostgreSQL, with or without indexes, in a database of either collation.
    Postgres,
    /// A transaction on such a table.
    PostgresTransaction,
}

impl Target {
    /// Every target.
    pub const ALL: [Target; 14] = [
        Target::Memory,
        Target::MemoryIndexed,
        Target::MemoryTransaction,
        Target::File(Format::Json),
        Target::File(Format::JsonLines),
        Target::File(Format::Csv),
        Target::File(Format::Tsv),
        Target::Compressed(Format::Json, Compression::Gzip),
        Target::Compressed(Format::JsonLines, Compression::Zstd),
        Target::Compressed(Format::Csv, Compression::Gzip),
        Target::Compressed(Format::Tsv, Compression::Zstd),
        Target::File(Format::Parquet),
        Target::Postgres,
        Target::PostgresTransaction,
    ];

    /// The name on the command line and in case files.
    pub fn name(self) -> &'static str {
        match self {
            Target::Memory => "memory",
            Target::MemoryIndexed => "memory-indexed",
            Target::MemoryTransaction => "memory-transaction",
            Target::File(Format::Json) => "file-json",
            Target::File(Format::JsonLines) => "file-jsonl",
            Target::File(Format::Csv) => "file-csv",
            Target::File(Format::Tsv) => "file-tsv",
            Target::File(Format::Parquet) => "file-parquet",
            Target::File(_) => "file",
            Target::Compressed(Format::Json, _) => "file-json-gz",
            Target::Compressed(Format::JsonLines, _) => "file-jsonl-zst",
            Target::Compressed(Format::Csv, _) => "file-csv-gz",
            Target::Compressed(Format::Tsv, _) => "file-tsv-zst",
            Target::Compressed(..) => "file-compressed",
            Target::Postgres => "postgres",
            Target::PostgresTransaction => "postgres-transaction",
        }
    }

    /// The file that it is, if it is one.
    fn file(self) -> Option<(Format, Compression)> {
        match self {
            Target::File(format) => Some((format, Compression::None)),
            Target::Compressed(format, compression) => Some((format, compression)),
            _ => None,
        }
    }

    fn is_transaction(self) -> bool {
        matches!(self, Target::MemoryTransaction | Target::PostgresTransaction)
    }

    /// Whether its store is a server.
    pub fn needs_server(self) -> bool {
        matches!(self, Target::Postgres | Target::PostgresTransaction)
    }

    /// What its store cannot hold.
    pub fn limits(self) -> Limits {
        match self.file() {
            Some((Format::Csv | Format::Tsv, _)) => Limits { missing_fields: false, ..Limits::NONE },
            _ => Limits::NONE,
        }
    }

    /// The target of this name.
    pub fn named(name: &str) -> Option<Self> {
        Target::ALL.into_iter().find(|target| target.name() == name)
    }
}

/// An open store. Everything that is left open about how it is set up follows from a seed, from
/// record ids and from paths alone, so that a smaller case is set up alike.
#[derive(Debug)]
pub struct Store {
    target: Target,
    seed: u64,
    database: Database,
    transaction: Option<Transaction>,
    /// Where a file store has its file; removed with the store.
    folder: Option<TempDir>,
    /// A table of a server; dropped after the store.
    table: Option<PostgresConfig>,
    reopened: u32,
}

impl Drop for Store {
    fn drop(&mut self) {
        GARBAGE.lock().unwrap_or_else(PoisonError::into_inner).extend(self.table.take());
    }
}

/// Tables that nobody needs any more. Dropping one takes a server, and a store that goes cannot wait.
static GARBAGE: Mutex<Vec<PostgresConfig>> = Mutex::new(Vec::new());

impl Store {
    /// An empty store, with indexes on some of these paths where the target has them.
    ///
    /// # Errors
    /// Whatever the store reports.
    pub async fn open(target: Target, seed: u64, paths: &[Path]) -> Result<Self> {
        let (mut folder, mut table) = (None, None);
        let database = match target.file() {
            Some(file) => {
                let new =
                    tempfile::tempdir().map_err(|error| Error::new(ErrorKind::Io, "no folder").with_source(error))?;
                file_database(folder.insert(new), file, seed)?
            }
            None if target.needs_server() => postgres_database(table.insert(new_table(seed).await?))?,
            None => Database::memory(),
        };
        let store = Store { target, seed, database, transaction: None, folder, table, reopened: 0 };
        if target == Target::MemoryIndexed || (target.needs_server() && seed % 8 >= 4) {
            store.create_indexes(paths).await?;
        }
        Ok(store)
    }

    async fn create_indexes(&self, paths: &[Path]) -> Result<()> {
        for (number, path) in paths.iter().enumerate() {
            let mut rng = Rng::of(self.seed, &format!("index {path:?}"));
            for kind in [IndexKind::Hash, IndexKind::Ordered] {
                if rng.percent(if self.table.is_some() { 15 } else { 50 }) {
                    let name = format!("{number} {}", kind.name());
                    self.database.create_named_index(&name, path, kind).await?;
                }
            }
        }
        Ok(())
    }

    /// What calls go to.
    pub fn session(&self) -> Session<'_> {
        match &self.transaction {
            Some(transaction) => Session::Transaction(transaction),
            None => Session::Database(&self.database),
        }
    }

    /// The database, which a transaction's changes are not yet in.
    pub fn database(&self) -> &Database {
        &self.database
    }

    /// What the store declares.
    pub fn capabilities(&self) -> &Capabilities {
        self.database.capabilities()
    }

    /// What the store cannot hold.
    pub fn limits(&self) -> Limits {
        Limits::of(self.capabilities())
    }

    /// Fills the store: at once, or by a detour over records that are changed and removed again.
    /// `disturb` lets others write while a transaction is open.
    ///
    /// # Errors
    /// Whatever the store reports.
    pub async fn load(&mut self, records: &[Record], disturb: bool) -> Result<()> {
        let mut rng = Rng::of(self.seed, "load");
        let detour = self.target.is_transaction() || rng.percent(40);
        if detour {
            self.load_by_detour(records, disturb, &mut rng).await?;
        } else {
            self.session().create_batch(records.to_vec()).await?;
        }
        if rng.percent(50) { self.reopen().await } else { Ok(()) }
    }

    async fn load_by_detour(&mut self, records: &[Record], disturb: bool, rng: &mut Rng) -> Result<()> {
        let share = rng.below(101);
        let (base, rest) = records.split_at(records.len() * share / 100);
        let chance = |record: &Record, what: &str, percent| {
            Rng::of(self.seed, &format!("{what} {}", id_of(record))).percent(percent)
        };
        let junk =
            |record: &Record| record.clone().with_id(format!("junk-{}", id_of(record).len() * 100 + record.len()));
        let mut first: Vec<Record> = Vec::new();
        let mut removed: Vec<String> = Vec::new();
        let mut seen = HashSet::new();
        for record in base {
            // Long ids leave no room for a longer one, so junk is numbered, and some numbers repeat.
            let extra = junk(record)?;
            if chance(record, "junk", 25) && seen.insert(id_of(&extra).to_owned()) {
                removed.push(id_of(&extra).to_owned());
                first.push(extra);
            }
            first.push(if chance(record, "alter", 40) { altered(record)? } else { record.clone() });
        }
        for record in rest {
            if chance(record, "again", 30) {
                removed.push(id_of(record).to_owned());
                first.push(record.clone());
            }
        }
        self.database.create_batch(first).await?;
        if self.target.is_transaction() {
            self.transaction = Some(self.database.transaction().await?);
        }
        if disturb && self.transaction.is_some() {
            self.disturb(base).await?;
        }
        let session = self.session();
        session.delete_batch(&removed.iter().map(String::as_str).collect::<Vec<_>>()).await?;
        for record in base.iter().filter(|record| chance(record, "alter", 40)) {
            if chance(record, "upsert", 50) {
                session.upsert_record(record.clone()).await?;
            } else {
                session.update_batch(vec![record.clone()]).await?;
            }
        }
        session.create_batch(rest.to_vec()).await?;
        Ok(())
    }

    /// Writes of others, which an open transaction must not see.
    async fn disturb(&self, base: &[Record]) -> Result<()> {
        self.database.create(record! { "a": 1, "b": "outside" }?.with_id("outside")?).await?;
        if self.target == Target::PostgresTransaction {
            // There, a write to a record that was changed outside fails at once instead of at the end.
            return Ok(());
        }
        for record in base {
            match Rng::of(self.seed, &format!("disturb {}", id_of(record))).below(6) {
                0 => drop(self.database.delete(id_of(record)).await?),
                1 => drop(self.database.update(id_of(record), altered(record)?).await?),
                2 => {
                    self.database.delete(id_of(record)).await?;
                    self.database.create(altered(record)?).await?;
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Closes the store and opens it again, or opens it again without, where it outlives that; else
    /// it flushes.
    ///
    /// # Errors
    /// Whatever the store reports.
    pub async fn reopen(&mut self) -> Result<()> {
        if let Some(config) = &self.table
            && self.transaction.is_none()
        {
            self.database.close().await?;
            self.database = postgres_database(config)?;
            return Ok(());
        }
        match (self.target.file(), &self.folder) {
            (Some(file), Some(folder)) => {
                let again = file_database(folder, file, self.seed)?;
                self.reopened += 1;
                if Rng::of(self.seed, &format!("reopen {}", self.reopened)).percent(50) {
                    self.database.close().await?;
                    again.connect().await?;
                } else {
                    // As after a crash, what was written is partly in a journal; then the first handle
                    // folds it while the second is at work.
                    again.connect().await?;
                    again.count(&Query::new()).await?;
                }
                self.database = again;
                Ok(())
            }
            _ => self.database.flush().await,
        }
    }

    /// Ends a transaction, if there is one: commits, so that its changes are in the database.
    ///
    /// # Errors
    /// Whatever the store reports.
    pub async fn commit(&mut self) -> Result<()> {
        match self.transaction.take() {
            Some(transaction) => transaction.commit().await,
            None => Ok(()),
        }
    }

    /// The records as the store holds them, in its own order.
    ///
    /// # Errors
    /// Whatever the store reports.
    pub async fn all(&self) -> Result<Vec<Record>> {
        Ok(self.session().search(&Query::new()).await?.into_records())
    }
}

/// Every other seed has a file that is never loaded, and read in blocks by all cores.
/// A table that is not there yet, in a database of the collation that the seed says.
async fn new_table(seed: u64) -> Result<PostgresConfig> {
    static DATABASES: [OnceCell<String>; 2] = [OnceCell::const_new(), OnceCell::const_new()];
    static TABLES: AtomicU64 = AtomicU64::new(0);
    let locale = [Locale::C, Locale::IcuEnglish][seed as usize % 2];
    let made = DATABASES[seed as usize % 2].get_or_try_init(|| async { postgres()?.create_database(locale).await });
    let mut config = postgres()?.config(made.await?, &format!("t{}", TABLES.fetch_add(1, Ordering::Relaxed)));
    config.gin_index = seed % 4 >= 2;
    let garbage = std::mem::take(&mut *GARBAGE.lock().unwrap_or_else(PoisonError::into_inner));
    for old in garbage {
        let client = postgres()?.client(old.database.as_deref().unwrap_or_default()).await?;
        let dropped = client.batch_execute(&format!("DROP TABLE IF EXISTS {}", old.table)).await;
        dropped.map_err(|error| Error::new(ErrorKind::Backend, "a table was not dropped").with_source(error))?;
    }
    Ok(config)
}

fn postgres_database(config: &PostgresConfig) -> Result<Database> {
    Ok(Database::from_backend(Arc::new(PostgresBackend::new(config.clone())?)))
}

fn file_database(folder: &TempDir, (format, compression): (Format, Compression), seed: u64) -> Result<Database> {
    let mut config = FileConfig::new(folder.path().join("records")).with_format(format).with_compression(compression);
    config.durability = Durability::Buffered;
    let backend = match seed % 2 {
        0 => FileBackend::new(config)?,
        _ => {
            config.cache_bytes = 0;
            FileBackend::with_blocks_of(config, 16 + seed as usize % 500)?
        }
    };
    Ok(Database::from_backend(Arc::new(backend)))
}

/// The id of a record that has one.
pub(super) fn id_of(record: &Record) -> &str {
    record.id().map_or("", RecordId::as_str)
}

/// The record with a field less or changed.
fn altered(record: &Record) -> Result<Record> {
    let mut altered = record.clone();
    if let Some((name, _)) = record.shape().fields().first() {
        altered.remove(name);
    }
    altered.set("c", "altered")?;
    Ok(altered)
}
