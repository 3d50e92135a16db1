//! What the compiler proves: every call may run in a task of its own.

use dataknobs_data_core::{Aggregation, Changes, Database, IndexKind, Query, Record, WriteOptions};

fn can_be_spawned<F: Future + Send>(call: F) {
    drop(call);
}

macro_rules! data_methods_can_be_spawned {
    ($session:expr) => {
        let (session, query, options) = ($session, Query::new(), WriteOptions::new());
        let (record, changes, aggregation) = (Record::new(), Changes::new(), Aggregation::new().count());
        can_be_spawned(session.create(record.clone()));
        can_be_spawned(session.read("a"));
        can_be_spawned(session.exists("a"));
        can_be_spawned(session.update_with("a", record.clone(), options.clone()));
        can_be_spawned(session.patch_with("a", changes.clone(), options.clone()));
        can_be_spawned(session.upsert_with("a", record.clone(), options.clone()));
        can_be_spawned(session.delete_with("a", options));
        can_be_spawned(session.search(&query));
        can_be_spawned(session.stream(&query));
        can_be_spawned(session.first(&query));
        can_be_spawned(session.count(&query));
        can_be_spawned(session.aggregate(&aggregation));
        can_be_spawned(session.create_batch(vec![record.clone()]));
        can_be_spawned(session.read_batch(&["a"]));
        can_be_spawned(session.update_batch(vec![record.clone()]));
        can_be_spawned(session.upsert_batch(vec![record]));
        can_be_spawned(session.delete_batch(&["a"]));
        can_be_spawned(session.update_where(&query, changes));
        can_be_spawned(session.delete_where(&query));
        can_be_spawned(session.clear());
    };
}

#[tokio::test]
async fn every_call_can_be_spawned() {
    let db = Database::memory();
    data_methods_can_be_spawned!(&db);
    let query = Query::new();
    can_be_spawned(db.connect());
    can_be_spawned(db.ping());
    can_be_spawned(db.info());
    can_be_spawned(db.flush());
    can_be_spawned(db.explain(&query));
    can_be_spawned(db.create_index("n", IndexKind::Hash));
    can_be_spawned(db.list_indexes());
    can_be_spawned(db.drop_index("n"));
    can_be_spawned(db.transaction());
    can_be_spawned(db.close());
    let mut stream = db.stream(&query).await.unwrap();
    can_be_spawned(stream.next_record());
    let tx = db.transaction().await.unwrap();
    data_methods_can_be_spawned!(&tx);
    can_be_spawned(tx.commit());
    can_be_spawned(db.transaction().await.unwrap().rollback());
}
