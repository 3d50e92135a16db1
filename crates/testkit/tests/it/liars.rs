//! The suite finds out stores that declare what is not so: a suite that cannot fail proves nothing.

use std::sync::Arc;

use dataknobs_data_core::backend::{
    AccessPlan, Aggregating, Backend, Columnar, CountRequest, Indexing, Lending, Modifying, ReadBatchRequest,
    ReadRequest, RecordStream, Reply, ScanRequest, Session, Transactional, WriteBatchRequest, WriteOutcome,
    WriteRequest,
};
use dataknobs_data_core::memory::MemoryBackend;
use dataknobs_data_core::{BackendInfo, Capabilities, Database, Leaf, Record, Result, SortKey, Support, record};
use dataknobs_data_testkit::conformance::run_suite_of;
use dataknobs_data_testkit::fixture::Fixture;
use futures_util::future::BoxFuture;

/// A memory store with something wrong in what it declares.
#[derive(Debug)]
struct Liar {
    inner: MemoryBackend,
    declared: Capabilities,
}

impl Session for Liar {
    fn read<'a>(&'a self, request: ReadRequest<'a>) -> Reply<'a, Option<Record>> {
        self.inner.read(request)
    }

    fn exists<'a>(&'a self, request: ReadRequest<'a>) -> Reply<'a, bool> {
        self.inner.exists(request)
    }

    fn read_batch<'a>(&'a self, request: ReadBatchRequest<'a>) -> Reply<'a, Vec<Option<Record>>> {
        self.inner.read_batch(request)
    }

    fn write(&self, request: WriteRequest) -> Reply<'_, WriteOutcome> {
        self.inner.write(request)
    }

    fn write_batch(&self, request: WriteBatchRequest) -> Reply<'_, Vec<WriteOutcome>> {
        self.inner.write_batch(request)
    }

    fn leaf_support(&self, leaf: &Leaf) -> Support {
        self.inner.leaf_support(leaf)
    }

    fn sorts_exactly(&self, sort: &[SortKey]) -> bool {
        self.inner.sorts_exactly(sort)
    }

    fn scan(&self, request: ScanRequest) -> Reply<'_, RecordStream> {
        self.inner.scan(request)
    }

    fn count(&self, request: CountRequest) -> Reply<'_, u64> {
        self.inner.count(request)
    }

    fn modifying(&self) -> Option<&dyn Modifying> {
        self.inner.modifying()
    }

    fn aggregating(&self) -> Option<&dyn Aggregating> {
        self.inner.aggregating()
    }

    fn lending(&self) -> Option<&dyn Lending> {
        None
    }
}

impl Backend for Liar {
    fn info(&self) -> BackendInfo {
        self.inner.info()
    }

    fn capabilities(&self) -> &Capabilities {
        &self.declared
    }

    fn connect(&self) -> Reply<'_, ()> {
        self.inner.connect()
    }

    fn ping(&self) -> Reply<'_, ()> {
        self.inner.ping()
    }

    fn flush(&self) -> Reply<'_, ()> {
        self.inner.flush()
    }

    fn close(&self) -> Reply<'_, ()> {
        self.inner.close()
    }

    fn access_plan<'a>(&'a self, request: &'a ScanRequest) -> Reply<'a, AccessPlan> {
        self.inner.access_plan(request)
    }

    fn transactional(&self) -> Option<&dyn Transactional> {
        self.inner.transactional()
    }

    fn indexing(&self) -> Option<&dyn Indexing> {
        self.inner.indexing()
    }

    fn columnar(&self) -> Option<&dyn Columnar> {
        None
    }
}

/// Opens stores that lie in one way.
struct Lie(fn(&mut Capabilities));

impl Fixture for Lie {
    fn name(&self) -> &str {
        "liar"
    }

    fn open(&self) -> BoxFuture<'_, Result<Database>> {
        let inner = MemoryBackend::new();
        let mut declared = inner.capabilities().clone();
        (self.0)(&mut declared);
        Box::pin(async { Ok(Database::from_backend(Arc::new(Liar { inner, declared }))) })
    }

    fn reopen<'a>(&'a self, _database: &'a Database) -> Option<BoxFuture<'a, Result<Database>>> {
        None
    }
}

/// Opens databases that are not as empty, or not as gone, as they should be.
struct Haunted;

impl Fixture for Haunted {
    fn name(&self) -> &str {
        "haunted"
    }

    fn open(&self) -> BoxFuture<'_, Result<Database>> {
        Box::pin(async {
            let database = Database::memory();
            database.create(record! { "n": 2 }?.with_id("ghost")?).await?;
            Ok(database)
        })
    }

    fn reopen<'a>(&'a self, _database: &'a Database) -> Option<BoxFuture<'a, Result<Database>>> {
        Some(self.open())
    }
}

/// The names of the behaviours that fail, in any form, among those that hold `only`.
async fn failing(fixture: &dyn Fixture, only: &str) -> Vec<String> {
    let report = run_suite_of(&[fixture], only).await.unwrap();
    let mut rows: Vec<String> = report.failures().iter().map(|(row, _, _)| (*row).to_owned()).collect();
    rows.dedup();
    rows
}

async fn is_found_out(lie: fn(&mut Capabilities), behaviour: &str) {
    assert_eq!(failing(&Lie(|_| {}), behaviour).await, [""; 0], "of an honest store");
    assert_eq!(failing(&Lie(lie), behaviour).await, [behaviour]);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_false_declaration_is_found_out() {
    is_found_out(|it| it.transactions = false, "transaction: are_refused").await;
    is_found_out(|it| it.indexes = false, "indexes: are_refused").await;
    is_found_out(|it| it.insertion_order = false, "search: without_a_sort_records_come_by_id").await;
    is_found_out(|it| it.scores = false, "search: nothing_is_scored").await;
    is_found_out(|it| it.persistent = true, "lifecycle: records_outlive_a_close").await;
    is_found_out(|it| it.generates_ids = true, "create: makes_a_new_id_where_there_is_none").await;
    let others_stand = "create_batch: a_failed_batch_lists_each_failure_and_the_others_stand";
    is_found_out(|it| it.atomic_batches = false, others_stand).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_there_and_should_not_be_is_found_out() {
    for behaviour in [
        "search: finds_nothing_in_nothing",
        "search: answers_as_the_reference_does",
        "stream: ends_and_stays_at_its_end",
        "count: is_zero_over_nothing",
        "aggregate: of_nothing_is_as_the_reference_says",
        "delete: removes_one_record_once",
        "clear: removes_everything",
        "lifecycle: nothing_outlives_a_close",
    ] {
        assert_eq!(failing(&Haunted, behaviour).await, [behaviour]);
    }
}
