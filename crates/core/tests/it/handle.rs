//! The handle's own work: what it does for stores that answer only in part.

use std::sync::Arc;

use dataknobs_data_core::backend::{
    AccessPlan, Aggregating, Backend, Columnar, CountRequest, Indexing, Lending, Modifying, ReadBatchRequest,
    ReadRequest, RecordStream, Reply, ScanRequest, Session, Transactional, WriteBatchRequest, WriteOutcome,
    WriteRequest,
};
use dataknobs_data_core::memory::MemoryBackend;
use dataknobs_data_core::{
    Aggregation, BackendInfo, Capabilities, Changes, Database, ErrorKind, IdOrder, IndexKind, Leaf, Operator, Query,
    Record, SortKey, Support, SyncDatabase, record, reference_aggregate, reference_search,
};

/// A memory store that answers only some leaves and may not sort, and counts nothing natively.
#[derive(Debug)]
struct Partial {
    inner: MemoryBackend,
    sorts: bool,
    exact: bool,
    capabilities: Capabilities,
}

impl Partial {
    fn new(sorts: bool, exact: bool) -> Self {
        let inner = MemoryBackend::new();
        let mut capabilities = inner.capabilities().clone();
        capabilities.transactions = false;
        capabilities.indexes = false;
        Partial { inner, sorts, exact, capabilities }
    }
}

impl Session for Partial {
    fn read<'a>(&'a self, request: ReadRequest<'a>) -> Reply<'a, Option<Record>> {
        // Later instead of at once, as a store behind a network answers.
        Reply::later(async move { self.inner.read(request).await })
    }
    fn exists<'a>(&'a self, request: ReadRequest<'a>) -> Reply<'a, bool> {
        self.inner.exists(request)
    }
    fn read_batch<'a>(&'a self, request: ReadBatchRequest<'a>) -> Reply<'a, Vec<Option<Record>>> {
        self.inner.read_batch(request)
    }
    fn write(&self, request: WriteRequest) -> Reply<'_, WriteOutcome> {
        Reply::later(async move { self.inner.write(request).await })
    }
    fn write_batch(&self, request: WriteBatchRequest) -> Reply<'_, Vec<WriteOutcome>> {
        self.inner.write_batch(request)
    }
    fn leaf_support(&self, leaf: &Leaf) -> Support {
        match leaf.operator() {
            _ if self.exact => Support::Exact,
            Operator::Eq | Operator::Exists => Support::Exact,
            // Answered without its literal's upper half, so really a superset.
            Operator::Gt if leaf.is_plain() => Support::Superset,
            _ => Support::No,
        }
    }
    fn sorts_exactly(&self, sort: &[SortKey]) -> bool {
        sort.is_empty() || self.sorts
    }
    fn scan(&self, request: ScanRequest) -> Reply<'_, RecordStream> {
        assert!(self.sorts || request.sort.is_empty());
        let mut request = request;
        // A superset leaf lets everything through.
        request.condition = request.condition.map_leaves(&mut |leaf| match self.leaf_support(leaf) {
            Support::Exact => dataknobs_data_core::Condition::Leaf(leaf.clone()),
            Support::Superset => dataknobs_data_core::Condition::TRUE,
            Support::No => panic!("a leaf that cannot be answered was asked: {leaf}"),
        });
        self.inner.scan(request)
    }
    fn count(&self, request: CountRequest) -> Reply<'_, u64> {
        assert!(request.condition.leaves().iter().all(|leaf| self.leaf_support(leaf) == Support::Exact));
        self.inner.count(request)
    }
    fn modifying(&self) -> Option<&dyn Modifying> {
        None
    }
    fn aggregating(&self) -> Option<&dyn Aggregating> {
        None
    }

    fn lending(&self) -> Option<&dyn Lending> {
        None
    }
}

impl Backend for Partial {
    fn info(&self) -> BackendInfo {
        BackendInfo::new("partial", "here")
    }
    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
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
        None
    }
    fn indexing(&self) -> Option<&dyn Indexing> {
        None
    }

    fn columnar(&self) -> Option<&dyn Columnar> {
        None
    }
}

fn records() -> Vec<Record> {
    (0..3_000_i64)
        .map(|n| {
            let record = record! { "n": n % 97, "city": format!("c{}", n % 7), "odd": n % 2 == 1 }.unwrap();
            record.with_id(format!("r{n:04}")).unwrap()
        })
        .collect()
}

#[test]
fn what_a_store_cannot_do_is_done_here_with_the_same_result() {
    let records = records();
    for (sorts, exact) in [(false, false), (false, true), (true, false), (true, true)] {
        let db = SyncDatabase::new(Database::from_backend(Arc::new(Partial::new(sorts, exact))));
        db.create_batch(records.clone()).unwrap();
        for text in [
            "n > 50 AND city = 'c3' ORDER BY n DESC LIMIT 7 OFFSET 3",
            "n > 50 OR city LIKE '%1' ORDER BY city, n LIMIT 2000 OFFSET 5",
            "NOT (n > 3 AND odd = TRUE) LIMIT 20 OFFSET 10",
            "n > 90 LIMIT 5",
            "city LIKE 'c%' ORDER BY odd DESC",
            "n > 1000",
            "",
            "LIMIT 0",
        ] {
            let query = Query::parse(text).unwrap();
            for query in [query.clone(), query.select(["n"])] {
                let expected = reference_search(&records, &query, IdOrder::CodePoint).unwrap();
                let found = db.search(&query).unwrap();
                assert_eq!(found.into_records(), expected, "{text} on ({sorts}, {exact})");
                let streamed: Vec<Record> = db.stream(&query).unwrap().collect::<Result<_, _>>().unwrap();
                assert_eq!(streamed, expected);
                assert_eq!(db.first(&query).unwrap(), expected.first().cloned());
                let everything = query.clone().limit(None).offset(0);
                let count = reference_search(&records, &everything, IdOrder::CodePoint).unwrap().len() as u64;
                assert_eq!(db.count(&query).unwrap(), count);
            }
        }
        let aggregation = Aggregation::new().filter("n", ">", 40).group_by("city").count().sum("n");
        assert_eq!(db.aggregate(&aggregation).unwrap(), reference_aggregate(&records, &aggregation).unwrap());

        let mut after = None;
        let mut paged = Vec::new();
        loop {
            let mut query = Query::parse("n > 90 ORDER BY city DESC LIMIT 13").unwrap().select(["odd"]);
            if let Some(token) = after {
                query = query.after(token);
            }
            let page = db.search(&query).unwrap();
            after = page.after().map(str::to_owned);
            paged.extend(page);
            if after.is_none() {
                break;
            }
        }
        let whole = Query::parse("n > 90 ORDER BY city DESC").unwrap().select(["odd"]);
        assert_eq!(paged, reference_search(&records, &whole, IdOrder::CodePoint).unwrap());

        let explain = db.explain(&Query::parse("n > 5 AND city LIKE 'c%' ORDER BY n LIMIT 3").unwrap()).unwrap();
        assert_eq!((explain.rechecked, explain.sort_pushed), (!exact, sorts));
        assert_eq!(explain.limit_pushed, exact && sorts);
        let text = explain.to_string();
        assert!(text.contains("backend: partial") && text.contains("n > 5"), "{text}");

        assert_eq!(db.update_where(&Query::parse("n > 90").unwrap(), Changes::new().set("n", -1)).unwrap(), 180);
        assert_eq!(db.count(&Query::parse("n = -1").unwrap()).unwrap(), 180);
        assert_eq!(db.delete_where(&Query::parse("n = -1 AND NOT odd = TRUE").unwrap()).unwrap(), 90);
        assert_eq!(db.clear().unwrap(), 2_910);
    }
}

#[test]
fn what_a_store_lacks_is_refused_by_name() {
    let db = SyncDatabase::new(Database::from_backend(Arc::new(Partial::new(true, true))));
    for error in [
        db.transaction().map(drop).unwrap_err(),
        db.run_transaction(|_| Ok(())).unwrap_err(),
        db.create_index("n", IndexKind::Hash).map(drop).unwrap_err(),
        db.create_named_index("x", "n", IndexKind::Hash).map(drop).unwrap_err(),
        db.list_indexes().map(drop).unwrap_err(),
        db.drop_index("x").map(drop).unwrap_err(),
    ] {
        assert_eq!((error.kind(), error.backend()), (ErrorKind::Unsupported, Some("partial")), "{error}");
        assert!(error.operation().is_some());
    }
}

#[test]
fn a_read_only_handle_refuses_every_write_before_the_store_is_asked() {
    let writable = SyncDatabase::memory();
    writable.create(record! { "n": 1 }.unwrap().with_id("a").unwrap()).unwrap();
    let db = writable.read_only();
    let record = || record! { "n": 2 }.unwrap().with_id("a").unwrap();
    let changes = || Changes::new().set("n", 2);
    let everything = Query::new();
    let refused = [
        db.create(record()).map(drop),
        db.update("a", record()).map(drop),
        db.patch("a", changes()).map(drop),
        db.patch("a", Changes::new()).map(drop),
        db.upsert("a", record()).map(drop),
        db.upsert_record(record()).map(drop),
        db.delete("a").map(drop),
        db.create_batch(vec![record()]).map(drop),
        db.update_batch(vec![record()]).map(drop),
        db.upsert_batch(vec![record()]).map(drop),
        db.delete_batch(&["a"]).map(drop),
        db.update_where(&everything, changes()).map(drop),
        db.delete_where(&everything).map(drop),
        db.clear().map(drop),
        db.create_index("n", IndexKind::Hash).map(drop),
        db.drop_index("n").map(drop),
        db.transaction().unwrap().create(record()).map(drop),
    ];
    for (index, result) in refused.into_iter().enumerate() {
        assert_eq!(result.unwrap_err().kind(), ErrorKind::Unsupported, "write {index}");
    }
    assert_eq!(db.read("a").unwrap().unwrap()["n"].as_integer(), Some(1));
}

#[test]
fn mistakes_are_reported_before_the_store_is_asked() {
    let db = SyncDatabase::memory();
    let wrong = Query::new().filter("a", "~", 1);
    for error in [
        db.search(&wrong).map(drop).unwrap_err(),
        db.count(&wrong).map(drop).unwrap_err(),
        db.first(&wrong).map(drop).unwrap_err(),
        db.stream(&wrong).map(drop).unwrap_err(),
        db.explain(&wrong).map(drop).unwrap_err(),
        db.delete_where(&wrong).map(drop).unwrap_err(),
        db.delete_where(&Query::new().limit(1)).map(drop).unwrap_err(),
        db.update_where(&Query::new().sort("a", "ASC"), Changes::new()).map(drop).unwrap_err(),
        db.aggregate(&Aggregation::new().filter("a", "~", 1).count()).map(drop).unwrap_err(),
    ] {
        assert_eq!(error.kind(), ErrorKind::InvalidQuery, "{error}");
    }
    let illegal = Changes::new().set("_id", 1);
    assert_eq!(db.patch("a", illegal).unwrap_err().kind(), ErrorKind::InvalidRecord);
    assert_eq!(db.upsert("", record! {}.unwrap()).unwrap_err().kind(), ErrorKind::InvalidRecord);
    assert!(!db.update("", record! {}.unwrap()).unwrap() && db.read("\n").unwrap().is_none());
    assert!(!db.exists("").unwrap() && !db.delete("").unwrap());
    let error = db.update_batch(vec![record! {}.unwrap()]).unwrap_err();
    assert_eq!((error.kind(), error.failures()[0].index), (ErrorKind::InvalidRecord, 0));
    assert_eq!(db.read_batch(&["", "x"]).unwrap(), vec![None, None]);
    assert_eq!(db.delete_batch(&["", "x"]).unwrap(), vec![false, false]);
}

/// Futures of a multi-threaded runtime must be free to move between its threads.
#[test]
fn every_future_can_be_spawned() {
    fn is_send<T: Send>(_: T) {}
    let db = Database::memory();
    let query = Query::new();
    let aggregation = Aggregation::new().count();
    is_send(db.create(Record::new()));
    is_send(db.read("a"));
    is_send(db.patch("a", Changes::new()));
    is_send(db.search(&query));
    is_send(db.stream(&query));
    is_send(db.count(&query));
    is_send(db.explain(&query));
    is_send(db.aggregate(&aggregation));
    is_send(db.create_batch(Vec::new()));
    is_send(db.update_where(&query, Changes::new()));
    is_send(db.delete_where(&query));
    is_send(db.clear());
    is_send(db.create_index("a", IndexKind::Hash));
    is_send(db.transaction());
    is_send(db.close());
    is_send(db.run_transaction(async |tx| tx.count(&Query::new()).await));
}
