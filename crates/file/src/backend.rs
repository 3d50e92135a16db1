//! The file store as a backend.

use std::sync::atomic::AtomicBool;
use std::sync::{Arc, OnceLock};

use dataknobs_data_core::backend::{
    AccessPlan, Aggregating, Backend, ColumnAnswer, ColumnRequest, Columnar, CountRequest, Indexing, Lending,
    ModifyRequest, Modifying, ReadBatchRequest, ReadRequest, RecordStream, Reply, ScanRequest, Session, Support,
    Transaction, TransactionOptions, Transactional, WriteAction, WriteBatchRequest, WriteOutcome, WriteRequest,
};
use dataknobs_data_core::{BackendInfo, Capabilities, Leaf, Record, RecordId, Result, SortKey, Value};

use crate::commit::SMALL_COMMIT;
use crate::compression::Compression;
use crate::config::{Durability, FileConfig};
use crate::disk::{Disk, Faults};
use crate::format::Format;
use crate::key::Key;
use crate::scan;
use crate::source::Source;
use crate::store::Store;
use crate::transaction::FileTransaction;

/// A file of records as a database.
///
/// Reads stream from the file, or come from memory once a write has loaded it. A write replaces the
/// whole file atomically. Streams see the file as it was when they began.
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// use std::sync::Arc;
/// use dataknobs_data_core::{Database, Query, record};
/// use dataknobs_data_file::{FileBackend, FileConfig};
/// # let folder = tempfile::tempdir().unwrap();
/// # let path = folder.path().join("people.json");
/// let database = Database::from_backend(Arc::new(FileBackend::new(FileConfig::new(&path))?));
/// database.create(record! { "name": "Ada", "age": 36 }?).await?;
/// assert_eq!(database.count(&Query::parse("age > 30")?).await?, 1);
/// assert!(std::fs::read_to_string(&path).unwrap().starts_with("[\n{\"_id\":"));
/// # Ok::<(), dataknobs_data_core::Error>(())
/// # }).unwrap();
/// ```
#[derive(Debug)]
pub struct FileBackend {
    store: Arc<Store>,
    /// What a file that is yet to be made can do.
    initial: Capabilities,
    connected: OnceLock<Capabilities>,
}

impl FileBackend {
    /// A store of this file. The file itself is looked at on connection.
    ///
    /// ```
    /// use dataknobs_data_core::ErrorKind;
    /// use dataknobs_data_file::{FileBackend, FileConfig};
    /// let backend = FileBackend::new(FileConfig::new("data/people.json"))?;
    /// assert_eq!(FileBackend::new(FileConfig::new("data/people.xml")).unwrap_err().kind(), ErrorKind::InvalidConfig);
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`InvalidConfig`](dataknobs_data_core::ErrorKind::InvalidConfig).
    pub fn new(config: FileConfig) -> Result<Self> {
        Self::on_disk(config, Disk::default(), None)
    }

    /// A store whose disk fails as it is told, for tests.
    #[doc(hidden)]
    pub fn with_faults(config: FileConfig, faults: Arc<Faults>) -> Result<Self> {
        Self::on_disk(config, Disk { faults: Some(faults) }, None)
    }

    /// A store that reads even a small file in blocks, of about so many bytes, for tests.
    #[doc(hidden)]
    pub fn with_blocks_of(config: FileConfig, bytes: usize) -> Result<Self> {
        Self::on_disk(config, Disk::default(), Some(bytes))
    }

    fn on_disk(config: FileConfig, disk: Disk, block_bytes: Option<usize>) -> Result<Self> {
        let source = Source::new(config)?;
        let initial = capabilities(&source, &source.layout_of_new().key);
        let mut store = Store::new(source, disk);
        store.block_bytes = block_bytes;
        Ok(FileBackend { store: Arc::new(store), initial, connected: OnceLock::new() })
    }

    fn in_background<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Store) -> Result<T> + Send + 'static,
    ) -> Reply<'static, T> {
        let store = Arc::clone(&self.store);
        Reply::later(scan::blocking(move || work(&store)))
    }

    /// A change that nobody waits for any more does not begin: it would come behind what its caller
    /// wrote since.
    fn changing<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Store, &AtomicBool) -> Result<T> + Send + 'static,
    ) -> Reply<'static, T> {
        let store = Arc::clone(&self.store);
        Reply::later(scan::cancellable(move |cancelled| work(&store, &cancelled)))
    }
}

/// Whether writing it takes no longer than handing it to another thread.
fn is_small(action: &WriteAction) -> bool {
    let bytes = |value: &Value| match value {
        Value::String(text) => text.len() as u64,
        Value::Binary(bytes) => bytes.len() as u64,
        Value::Json(_) => SMALL_COMMIT / 8,
        _ => 8,
    };
    match action {
        WriteAction::Create(record) | WriteAction::Upsert(record) | WriteAction::Update(record) => {
            !record.has_metadata() && record.values().iter().map(bytes).sum::<u64>() < SMALL_COMMIT / 2
        }
        WriteAction::Delete => true,
        _ => false,
    }
}

fn capabilities(source: &Source, key: &Key) -> Capabilities {
    let mut capabilities = Capabilities::minimal();
    capabilities.atomic_batches = true;
    capabilities.transactions = true;
    capabilities.savepoints = true;
    capabilities.insertion_order = true;
    capabilities.id_order = key.id_order();
    capabilities.key_field = key.field_name().cloned();
    capabilities.generates_ids = key.field_name().is_some() || key.is_integer();
    capabilities.missing_fields = !source.format.is_delimited();
    capabilities.snapshot_streams = true;
    capabilities.scores = true;
    capabilities.persistent = true;
    capabilities
}

impl Session for FileBackend {
    fn read<'a>(&'a self, request: ReadRequest<'a>) -> Reply<'a, Option<Record>> {
        if let Some(found) = self.store.find_at_once(request.id) {
            return Reply::ready(Ok(found));
        }
        let id = RecordId::new(request.id);
        self.in_background(move |store| Ok(store.read(&[id?])?.pop().flatten()))
    }

    fn exists<'a>(&'a self, request: ReadRequest<'a>) -> Reply<'a, bool> {
        if let Some(found) = self.store.find_at_once(request.id) {
            return Reply::ready(Ok(found.is_some()));
        }
        let id = RecordId::new(request.id);
        self.in_background(move |store| Ok(store.read(&[id?])?.pop().flatten().is_some()))
    }

    fn read_batch<'a>(&'a self, request: ReadBatchRequest<'a>) -> Reply<'a, Vec<Option<Record>>> {
        let ids = request.ids.to_vec();
        self.in_background(move |store| store.read(&ids))
    }

    fn write(&self, request: WriteRequest) -> Reply<'_, WriteOutcome> {
        if is_small(&request.action)
            && let Some(ready) = self.store.at_once()
        {
            return Reply::ready(ready.change(|draft| draft.write(request)));
        }
        self.changing(move |store, cancelled| store.change(cancelled, |draft| draft.write(request)))
    }

    fn write_batch(&self, request: WriteBatchRequest) -> Reply<'_, Vec<WriteOutcome>> {
        self.changing(move |store, cancelled| store.change(cancelled, |draft| draft.write_batch(request.writes)))
    }

    fn leaf_support(&self, _leaf: &Leaf) -> Support {
        Support::Exact
    }

    fn sorts_exactly(&self, _sort: &[SortKey]) -> bool {
        true
    }

    fn scan(&self, request: ScanRequest) -> Reply<'_, RecordStream> {
        let store = Arc::clone(&self.store);
        let ids = self.capabilities().id_order;
        Reply::later(scan::stream(move |cancelled| store.scan(request, ids, cancelled)))
    }

    fn count(&self, request: CountRequest) -> Reply<'_, u64> {
        let store = Arc::clone(&self.store);
        let ids = self.capabilities().id_order;
        Reply::later(scan::cancellable(move |cancelled| store.count(request.condition, ids, cancelled)))
    }

    fn modifying(&self) -> Option<&dyn Modifying> {
        Some(self)
    }

    fn aggregating(&self) -> Option<&dyn Aggregating> {
        None
    }

    fn lending(&self) -> Option<&dyn Lending> {
        None
    }
}

impl Modifying for FileBackend {
    fn modify(&self, request: ModifyRequest) -> Reply<'_, u64> {
        self.changing(move |store, cancelled| {
            store.change(cancelled, |draft| draft.modify(&request.condition, &request.action))
        })
    }
}

impl Transactional for FileBackend {
    fn begin(&self, _options: TransactionOptions) -> Reply<'_, Box<dyn Transaction>> {
        let store = Arc::clone(&self.store);
        let ids = self.capabilities().id_order;
        Reply::later(scan::blocking(move || {
            let transaction: Box<dyn Transaction> = Box::new(FileTransaction::begin(store, ids)?);
            Ok(transaction)
        }))
    }
}

impl Backend for FileBackend {
    fn info(&self) -> BackendInfo {
        let source = &self.store.source;
        let (bytes, records) = self.store.size();
        let journal = self.store.journal();
        let mut info = BackendInfo::new("file", source.given_path().display().to_string())
            .with("format", source.format.name())
            .with("durability", if source.config.durability == Durability::Fsync { "fsync" } else { "buffered" });
        if source.compression != Compression::None {
            info = info.with("compression", source.compression.name());
        }
        if journal.bytes.is_some() {
            info = info.with("journal", journal.path.as_str());
        }
        if let Some(damage) = journal.damage {
            info = info.with("journal_damage", damage);
        }
        if journal.is_locked {
            info = info.with("lock", "held");
        }
        let numbers = [
            ("bytes", bytes),
            ("records", records),
            ("journal_bytes", journal.bytes),
            ("journal_commits", journal.commits),
            ("journal_torn_bytes", journal.torn_bytes),
        ];
        for (name, number) in numbers {
            if let Some(number) = number {
                info = info.with(name, number);
            }
        }
        info
    }

    fn capabilities(&self) -> &Capabilities {
        self.connected.get().unwrap_or(&self.initial)
    }

    fn connect(&self) -> Reply<'_, ()> {
        let connecting = self.in_background(Store::connect);
        Reply::later(async move {
            let key = connecting.await?;
            // A second connection finds what the first found, or fails.
            self.connected.get_or_init(|| capabilities(&self.store.source, &key));
            Ok(())
        })
    }

    fn ping(&self) -> Reply<'_, ()> {
        self.in_background(|store| store.source.open().map(|_| ()))
    }

    fn flush(&self) -> Reply<'_, ()> {
        self.in_background(Store::flush)
    }

    fn close(&self) -> Reply<'_, ()> {
        self.in_background(Store::close)
    }

    fn access_plan<'a>(&'a self, request: &'a ScanRequest) -> Reply<'a, AccessPlan> {
        let may_stop_early = request.limit.is_some() && request.sort.is_empty();
        self.in_background(move |store| {
            let source = &store.source;
            let name = source.given_path().file_name().unwrap_or(source.given_path().as_os_str()).to_string_lossy();
            let (bytes, records) = store.size();
            let form = match source.compression {
                Compression::None => source.format.to_string(),
                compression => format!("{}, {compression}", source.format),
            };
            let mut plan = match records {
                Some(_) => AccessPlan::new(format!("full scan of {name} ({form}), loaded in memory")),
                None => AccessPlan::new(format!("full scan of {name} ({form})")),
            };
            plan.rows_examined = records;
            plan.bytes_read = if records.is_some() { Some(0) } else { bytes.or(Some(0)) };
            plan.requests = Some(0);
            if may_stop_early {
                plan.notes.push("reading stops when the limit is reached".into());
            }
            Ok(plan)
        })
    }

    fn transactional(&self) -> Option<&dyn Transactional> {
        Some(self)
    }

    fn indexing(&self) -> Option<&dyn Indexing> {
        None
    }

    fn columnar(&self) -> Option<&dyn Columnar> {
        let format = self.store.source.format;
        (format.is_delimited() || format == Format::Parquet).then_some(self as &dyn Columnar)
    }
}

impl Columnar for FileBackend {
    fn scan_columns(&self, request: ColumnRequest) -> Reply<'_, Option<ColumnAnswer>> {
        let store = Arc::clone(&self.store);
        Reply::later(scan::cancellable(move |cancelled| {
            let found = store.scan_columns(&request, &cancelled)?;
            Ok(found.map(|columns| Box::new(columns) as ColumnAnswer))
        }))
    }
}
