//! Every call reaches the store through every layer, and answers at hand stay at hand.

use futures_util::TryStreamExt;

use super::*;
use crate::aggregate::Aggregation;
use crate::backend::*;
use crate::layers::{Timeout, Trace};
use crate::query::{Condition, Path};

fn all_layers(store: Double) -> Arc<dyn Backend> {
    let store = Faults::seeded(1).wrap(Arc::new(store));
    let store = Timeout::new(Duration::from_secs(5)).wrap(store);
    let store = Retry::new(RetryPolicy::default()).wrap(store);
    Trace::new().wrap(store)
}

fn scan() -> ScanRequest {
    ScanRequest::new(Condition::TRUE)
}

fn aggregation() -> Aggregation {
    Aggregation::new().group_by("age")
}

async fn use_session<S: Session + ?Sized>(session: &S) {
    let ids = [id("a"), id("b")];
    session.write(write("a", WriteAction::Create(person(1)))).await.unwrap();
    let batch = WriteBatchRequest::new(vec![write("b", WriteAction::Create(person(2)))]);
    session.write_batch(batch).await.unwrap();
    assert!(session.read(ReadRequest::new("a")).await.unwrap().is_some());
    assert!(session.exists(ReadRequest::new("b")).await.unwrap());
    assert_eq!(session.read_batch(ReadBatchRequest::new(&ids)).await.unwrap().len(), 2);
    let chunks: Vec<_> = session.scan(scan()).await.unwrap().try_collect().await.unwrap();
    assert_eq!(chunks.concat().len(), 2);
    assert_eq!(session.count(CountRequest::new(Condition::TRUE)).await.unwrap(), 2);
    assert!(session.sorts_exactly(&[]));
    let leaf = Condition::of(&crate::Filter::new("age", "=", 1).unwrap());
    assert_eq!(session.leaf_support(leaf.leaves()[0]), Support::Exact);
    if let Some(aggregating) = session.aggregating() {
        let aggregation = aggregation();
        aggregating.aggregate(&Condition::TRUE, &aggregation).unwrap().await.unwrap();
    }
    if let Some(modifying) = session.modifying() {
        let request = ModifyRequest::new(Condition::TRUE, ModifyAction::Patch(Changes::new().set("age", 3)));
        assert_eq!(modifying.modify(request).await.unwrap(), 2);
    }
}

#[tokio::test]
async fn every_call_reaches_the_store() {
    let double = Double::new();
    let log = double.log();
    let backend = all_layers(double);
    let reached = || std::mem::take(&mut *log.lock());

    assert_eq!(backend.info().backend, "double");
    assert!(backend.capabilities().transactions);
    backend.connect().await.unwrap();
    backend.ping().await.unwrap();
    assert_eq!(reached(), ["connect", "ping"]);

    let transaction = backend.transactional().unwrap().begin(TransactionOptions::default()).await.unwrap();
    use_session(transaction.as_ref()).await;
    let savepoints = transaction.savepoints().unwrap();
    savepoints.set_savepoint(1).await.unwrap();
    savepoints.release_savepoint(1).await.unwrap();
    savepoints.set_savepoint(2).await.unwrap();
    savepoints.rollback_to_savepoint(2).await.unwrap();
    transaction.rollback().await.unwrap();
    let in_transaction = reached();
    assert_eq!(in_transaction.first(), Some(&"begin"));
    assert!(in_transaction.ends_with(&["savepoint", "release", "savepoint", "rollback_to", "rollback"]));

    use_session(backend.as_ref()).await;
    let calls = ["create", "write_batch", "read", "exists", "read_batch", "scan", "count", "aggregate", "modify"];
    assert_eq!(reached(), calls);

    let transaction = backend.transactional().unwrap().begin(TransactionOptions::default()).await.unwrap();
    transaction.write(write("a", WriteAction::Delete)).await.unwrap();
    transaction.commit().await.unwrap();
    assert!(stored(&backend, "a").await.is_none());
    assert_eq!(reached(), ["begin", "delete", "commit", "read"]);

    backend.access_plan(&scan()).await.unwrap();
    let indexing = backend.indexing().unwrap();
    let request = IndexRequest::new(Path::dotted("age").unwrap(), IndexKind::Hash);
    let index = indexing.create_index(request).await.unwrap();
    assert_eq!(indexing.list_indexes().await.unwrap().len(), 1);
    assert!(indexing.drop_index(&index.name).await.unwrap());
    backend.flush().await.unwrap();
    backend.close().await.unwrap();
    assert_eq!(reached(), ["access_plan", "create_index", "list_indexes", "drop_index", "flush", "close"]);
}

#[test]
fn answers_at_hand_stay_at_hand() {
    fn at_hand<T>(reply: Reply<'_, T>) -> T {
        match reply {
            Reply::Ready(Some(answer)) => answer.unwrap(),
            _ => panic!("the answer was put off"),
        }
    }
    // No runtime here: nothing may need one.
    let backend = all_layers(Double::ready());
    at_hand(backend.connect());
    at_hand(backend.write(write("a", WriteAction::Create(person(1)))));
    at_hand(backend.write_batch(WriteBatchRequest::new(vec![write("b", WriteAction::Create(person(2)))])));
    assert!(at_hand(backend.read(ReadRequest::new("a"))).is_some());
    assert!(at_hand(backend.exists(ReadRequest::new("b"))));
    assert_eq!(at_hand(backend.count(CountRequest::new(Condition::TRUE))), 2);
    let transaction = at_hand(backend.transactional().unwrap().begin(TransactionOptions::default()));
    at_hand(transaction.write(write("a", WriteAction::Delete)));
    at_hand(transaction.commit());
    assert!(at_hand(backend.read(ReadRequest::new("a"))).is_none());
}

#[tokio::test]
async fn a_handle_works_over_all_layers() {
    let db = crate::Database::from_backend(all_layers(Double::new()));
    let id = db.create(person(36)).await.unwrap();
    db.run_transaction(async |tx| tx.patch(&id, Changes::new().set("age", 37)).await).await.unwrap();
    assert_eq!(db.search(&crate::Query::new().filter("age", "=", 37)).await.unwrap().len(), 1);
    db.close().await.unwrap();
}
