//! The memory store as a backend.

use std::sync::Arc;

use super::config::MemoryConfig;
use super::persist::Persistence;
use super::store::Store;
use super::transaction::MemoryTransaction;
use crate::aggregate::{Aggregation, Table};
use crate::backend::{
    AccessPlan, Aggregating, Backend, Columnar, CountRequest, IndexInfo, IndexRequest, Indexing, Lending,
    ModifyRequest, Modifying, ReadBatchRequest, ReadRequest, RecordStream, Reply, ScanRequest, Session, Support,
    Transaction, TransactionOptions, Transactional, WriteBatchRequest, WriteOutcome, WriteRequest,
};
use crate::capability::{BackendInfo, Capabilities};
use crate::error::Result;
use crate::query::{Condition, Leaf, SortKey};
use crate::record::Record;

/// Records in memory: concurrent, isolated, in insertion order, with transactions, indexes and
/// optional persistence to a file.
///
/// Streams see the records as they were when the stream began; writers never wait for readers that
/// are still streaming.
///
/// ```
/// use dataknobs_data_core::{Database, Query, record, memory::MemoryBackend};
/// use std::sync::Arc;
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let db = Database::from_backend(Arc::new(MemoryBackend::new()));
/// db.create_batch(vec![record! { "n": 2 }?, record! { "n": 1 }?]).await?;
/// let found = db.search(&Query::new()).await?;
/// assert_eq!(found[0]["n"].as_integer(), Some(2)); // in insertion order
/// # Ok::<(), dataknobs_data_core::Error>(())
/// # }).unwrap();
/// ```
#[derive(Debug)]
pub struct MemoryBackend {
    store: Arc<Store>,
    persistence: Option<Persistence>,
    capabilities: Capabilities,
}

impl MemoryBackend {
    /// An empty store.
    ///
    /// ```
    /// use dataknobs_data_core::{backend::Backend, memory::MemoryBackend};
    /// let store = MemoryBackend::new();
    /// assert_eq!(store.info().backend, "memory");
    /// ```
    pub fn new() -> Self {
        Self::build(None)
    }

    /// A store as configured.
    ///
    /// ```
    /// use dataknobs_data_core::{Database, Query, record, memory::{MemoryBackend, MemoryConfig}};
    /// use std::sync::Arc;
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let folder = tempfile::tempdir()?;
    /// let config = || MemoryConfig { persist: Some(folder.path().join("people.jsonl")), ..MemoryConfig::default() };
    /// let db = Database::from_backend(Arc::new(MemoryBackend::open(config())?));
    /// db.create(record! { "name": "Ada" }?).await?;
    /// db.close().await?;
    /// let again = Database::from_backend(Arc::new(MemoryBackend::open(config())?));
    /// assert_eq!(again.count(&Query::new()).await?, 1);
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// # }).unwrap();
    /// ```
    ///
    /// # Errors
    /// [`InvalidConfig`](crate::ErrorKind::InvalidConfig) when the options make no sense together.
    pub fn open(config: MemoryConfig) -> Result<Self> {
        Ok(Self::build(Persistence::from_config(config)?))
    }

    fn build(persistence: Option<Persistence>) -> Self {
        let mut capabilities = Capabilities::minimal();
        capabilities.transactions = true;
        capabilities.savepoints = true;
        capabilities.atomic_batches = true;
        capabilities.indexes = true;
        capabilities.insertion_order = true;
        capabilities.unique_versions = true;
        capabilities.snapshot_streams = true;
        capabilities.scores = true;
        capabilities.persistent = persistence.is_some();
        MemoryBackend { store: Arc::new(Store::default()), persistence, capabilities }
    }
}

impl Default for MemoryBackend {
    fn default() -> Self {
        Self::new()
    }
}

impl Session for MemoryBackend {
    #[inline]
    fn read<'a>(&'a self, request: ReadRequest<'a>) -> Reply<'a, Option<Record>> {
        Reply::ready(Ok(self.store.read(request.id)))
    }

    fn exists<'a>(&'a self, request: ReadRequest<'a>) -> Reply<'a, bool> {
        Reply::ready(Ok(self.store.exists(request.id)))
    }

    fn read_batch<'a>(&'a self, request: ReadBatchRequest<'a>) -> Reply<'a, Vec<Option<Record>>> {
        Reply::ready(Ok(self.store.read_batch(request.ids)))
    }

    #[inline]
    fn write(&self, request: WriteRequest) -> Reply<'_, WriteOutcome> {
        Reply::ready(self.store.write(request))
    }

    fn write_batch(&self, request: WriteBatchRequest) -> Reply<'_, Vec<WriteOutcome>> {
        Reply::ready(self.store.write_batch(request.writes))
    }

    fn leaf_support(&self, _leaf: &Leaf) -> Support {
        Support::Exact
    }

    fn sorts_exactly(&self, _sort: &[SortKey]) -> bool {
        true
    }

    fn scan(&self, request: ScanRequest) -> Reply<'_, RecordStream> {
        Reply::ready(Ok(self.store.scan(request)))
    }

    fn count(&self, request: CountRequest) -> Reply<'_, u64> {
        Reply::ready(Ok(self.store.count(&request.condition)))
    }

    fn modifying(&self) -> Option<&dyn Modifying> {
        Some(self)
    }

    fn aggregating(&self) -> Option<&dyn Aggregating> {
        Some(self)
    }

    fn lending(&self) -> Option<&dyn Lending> {
        Some(self)
    }
}

impl Modifying for MemoryBackend {
    fn modify(&self, request: ModifyRequest) -> Reply<'_, u64> {
        Reply::ready(self.store.modify(&request.condition, &request.action))
    }
}

impl Aggregating for MemoryBackend {
    fn aggregate<'a>(&'a self, condition: &Condition, aggregation: &'a Aggregation) -> Option<Reply<'a, Table>> {
        Some(Reply::ready(self.store.aggregate(condition, aggregation)))
    }
}

impl Lending for MemoryBackend {
    fn lend(&self, request: &ScanRequest, visit: &mut dyn FnMut(&[&Record])) -> Result<()> {
        self.store.lend(request, visit);
        Ok(())
    }
}

impl Backend for MemoryBackend {
    fn info(&self) -> BackendInfo {
        let location = self.persistence.as_ref().map(|persistence| persistence.path().display().to_string());
        BackendInfo::new("memory", location.unwrap_or_else(|| "memory".to_owned()))
            .with("records", self.store.len())
            .with("indexes", self.store.list_indexes().len())
    }

    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    fn connect(&self) -> Reply<'_, ()> {
        Reply::ready(self.persistence.as_ref().map_or(Ok(()), |persistence| persistence.start(&self.store)))
    }

    fn ping(&self) -> Reply<'_, ()> {
        Reply::ready(Ok(()))
    }

    fn flush(&self) -> Reply<'_, ()> {
        Reply::ready(self.persistence.as_ref().map_or(Ok(()), |persistence| persistence.save(&self.store)))
    }

    fn close(&self) -> Reply<'_, ()> {
        Reply::ready(self.persistence.as_ref().map_or(Ok(()), |persistence| persistence.stop(&self.store)))
    }

    fn access_plan<'a>(&'a self, request: &'a ScanRequest) -> Reply<'a, AccessPlan> {
        Reply::ready(Ok(self.store.access_plan(request)))
    }

    fn transactional(&self) -> Option<&dyn Transactional> {
        Some(self)
    }

    fn indexing(&self) -> Option<&dyn Indexing> {
        Some(self)
    }

    fn columnar(&self) -> Option<&dyn Columnar> {
        None
    }
}

impl Transactional for MemoryBackend {
    fn begin(&self, _options: TransactionOptions) -> Reply<'_, Box<dyn Transaction>> {
        Reply::ready(Ok(Box::new(MemoryTransaction::begin(self.store.clone()))))
    }
}

impl Indexing for MemoryBackend {
    fn create_index(&self, request: IndexRequest) -> Reply<'_, IndexInfo> {
        Reply::ready(self.store.create_index(request))
    }

    fn list_indexes(&self) -> Reply<'_, Vec<IndexInfo>> {
        Reply::ready(Ok(self.store.list_indexes()))
    }

    fn drop_index<'a>(&'a self, name: &'a str) -> Reply<'a, bool> {
        Reply::ready(Ok(self.store.drop_index(name)))
    }
}
