//! Transactions of the memory store, and its behaviour under many threads.

use std::sync::Barrier;

use dataknobs_data_core::{
    Aggregation, Changes, ErrorKind, IndexKind, Query, Record, SyncDatabase, WriteOptions, record,
};

fn numbered(id: &str, n: i64) -> Record {
    record! { "n": n }.unwrap().with_id(id).unwrap()
}

fn three() -> SyncDatabase {
    let db = SyncDatabase::memory();
    db.create_index("n", IndexKind::Ordered).unwrap();
    db.create_batch(vec![numbered("a", 1), numbered("b", 2), numbered("c", 3)]).unwrap();
    db
}

fn contents(records: &[Record]) -> Vec<(String, i64)> {
    records.iter().map(|record| (record.id().unwrap().to_string(), record["n"].as_integer().unwrap())).collect()
}

fn all(db: &SyncDatabase) -> Vec<(String, i64)> {
    contents(&db.search(&Query::new()).unwrap())
}

fn pairs(expected: &[(&str, i64)]) -> Vec<(String, i64)> {
    expected.iter().map(|(id, n)| ((*id).to_owned(), *n)).collect()
}

#[test]
fn a_transaction_sees_its_own_writes_on_the_snapshot_it_began_with() {
    let db = three();
    let tx = db.transaction().unwrap();
    tx.patch("b", Changes::new().set("n", 20)).unwrap();
    tx.delete("a").unwrap();
    tx.create(numbered("d", 4)).unwrap();
    tx.create(numbered("a", 10)).unwrap();
    db.upsert("c", numbered("c", 30)).unwrap();
    db.create(numbered("e", 5)).unwrap();
    let seen = pairs(&[("b", 20), ("c", 3), ("d", 4), ("a", 10)]);
    assert_eq!(contents(&tx.search(&Query::new()).unwrap()), seen);
    assert_eq!(tx.count(&Query::new().filter("n", ">=", 4)).unwrap(), 3);
    assert_eq!(tx.read("c").unwrap().unwrap()["n"].as_integer(), Some(3));
    assert!(!tx.exists("e").unwrap());
    let table = tx.aggregate(&Aggregation::new().sum("n")).unwrap();
    assert_eq!(table.rows()[0][0].as_integer(), Some(37));
    assert_eq!(contents(&db.search(&Query::parse("n < 10").unwrap()).unwrap()), pairs(&[("a", 1), ("b", 2), ("e", 5)]));
    tx.commit().unwrap();
    assert_eq!(all(&db), pairs(&[("b", 20), ("c", 30), ("e", 5), ("d", 4), ("a", 10)]));
    assert_eq!(db.count(&Query::new().filter("n", "=", 10)).unwrap(), 1, "the index followed");
}

#[test]
fn records_removed_since_stay_visible_inside() {
    let db = three();
    let tx = db.transaction().unwrap();
    db.clear().unwrap();
    db.create(numbered("a", 100)).unwrap();
    assert_eq!(tx.read("a").unwrap().unwrap()["n"].as_integer(), Some(1));
    assert_eq!(tx.read_batch(&["c", "zz"]).unwrap().iter().flatten().count(), 1);
    assert_eq!(tx.count(&Query::new()).unwrap(), 3);
}

#[test]
fn the_first_committer_wins_and_the_loser_writes_nothing() {
    let db = three();
    let (one, two) = (db.transaction().unwrap(), db.transaction().unwrap());
    one.patch("a", Changes::new().set("n", 11)).unwrap();
    two.patch("b", Changes::new().set("n", 22)).unwrap();
    two.delete("a").unwrap();
    one.commit().unwrap();
    let error = two.commit().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Conflict);
    assert_eq!(error.context_value("id"), Some("`a`"));
    assert_eq!(all(&db), pairs(&[("a", 11), ("b", 2), ("c", 3)]));
    // The same id created on both sides is a conflict as well.
    let tx = db.transaction().unwrap();
    tx.create(numbered("new", 1)).unwrap();
    db.create(numbered("new", 2)).unwrap();
    assert_eq!(tx.commit().unwrap_err().kind(), ErrorKind::Conflict);
}

#[test]
fn reads_and_failed_writes_conflict_with_nobody() {
    let db = three();
    let tx = db.transaction().unwrap();
    assert_eq!(tx.create(numbered("a", 9)).unwrap_err().kind(), ErrorKind::AlreadyExists);
    assert!(!tx.update("zz", numbered("zz", 1)).unwrap());
    tx.read("b").unwrap();
    db.patch("a", Changes::new().set("n", 7)).unwrap();
    tx.create(numbered("d", 4)).unwrap();
    tx.commit().unwrap();
    assert_eq!(all(&db).len(), 4);
}

#[test]
fn batches_in_a_transaction_are_all_or_nothing() {
    let db = three();
    let tx = db.transaction().unwrap();
    let error = tx.create_batch(vec![numbered("x", 1), numbered("b", 1)]).unwrap_err();
    assert_eq!((error.kind(), error.failures()[0].index), (ErrorKind::AlreadyExists, 1));
    assert!(!tx.exists("x").unwrap());
    assert_eq!(tx.update_where(&Query::new().filter("n", ">", 1), Changes::new().set("n", 0)).unwrap(), 2);
    assert_eq!(tx.delete_where(&Query::new().filter("n", "=", 1)).unwrap(), 1);
    tx.commit().unwrap();
    assert_eq!(all(&db), pairs(&[("b", 0), ("c", 0)]));
}

#[test]
fn a_failed_batch_leaves_order_indexes_and_versions_as_they_were() {
    let db = three();
    let before = db.read("b").unwrap().unwrap();
    let mut update = numbered("b", 5);
    update.set_id(before.id().cloned());
    let error = db
        .upsert_batch(vec![update, numbered("z", 1)])
        .and_then(|_| db.create_batch(vec![numbered("y", 9), numbered("c", 1)]));
    assert_eq!(error.unwrap_err().kind(), ErrorKind::AlreadyExists);
    assert_eq!(all(&db), pairs(&[("a", 1), ("b", 5), ("c", 3), ("z", 1)]));
    assert_eq!(db.count(&Query::new().filter("n", "=", 9)).unwrap(), 0);
    assert_eq!(db.count(&Query::new().filter("n", "=", 1)).unwrap(), 2);
    // A patch that is not legal for one record changes none.
    assert!(db.update_where(&Query::new(), Changes::new().set("n", f64::NAN)).is_err());
    assert_eq!(db.count(&Query::new().filter("n", "=", 5)).unwrap(), 1);
}

#[test]
fn balances_stay_constant_under_many_threads() {
    let db = SyncDatabase::memory();
    db.create_batch((0..10).map(|n| numbered(&format!("acct{n}"), 100)).collect()).unwrap();
    let threads = 8;
    let barrier = Barrier::new(threads);
    std::thread::scope(|scope| {
        for thread in 0..threads {
            let (db, barrier) = (db.clone(), &barrier);
            scope.spawn(move || {
                barrier.wait();
                for turn in 0..50_usize {
                    let from = format!("acct{}", (thread + turn) % 10);
                    let to = format!("acct{}", (thread * 3 + turn * 7 + 1) % 10);
                    let moved = db.run_transaction(|tx| {
                        let balance = |id: &str| {
                            dataknobs_data_core::Result::<i64>::Ok(tx.read(id)?.unwrap()["n"].as_integer().unwrap())
                        };
                        if from != to {
                            let (a, b) = (balance(&from)?, balance(&to)?);
                            tx.patch(&from, Changes::new().set("n", a - 1))?;
                            tx.patch(&to, Changes::new().set("n", b + 1))?;
                        }
                        Ok::<(), dataknobs_data_core::Error>(())
                    });
                    // Losing ten times in a row is possible; half a transfer is not.
                    assert!(moved.as_ref().err().is_none_or(|error| error.kind() == ErrorKind::Conflict), "{moved:?}");
                }
            });
        }
        for _ in 0..200 {
            let sum: i64 =
                db.search(&Query::new()).unwrap().iter().map(|record| record["n"].as_integer().unwrap()).sum();
            assert_eq!(sum, 1_000);
        }
    });
}

#[test]
fn optimistic_counters_lose_no_increment() {
    let db = SyncDatabase::memory();
    db.create(numbered("counter", 0)).unwrap();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            let db = db.clone();
            scope.spawn(move || {
                for _ in 0..250 {
                    loop {
                        let record = db.read("counter").unwrap().unwrap();
                        let next = Changes::new().set("n", record["n"].as_integer().unwrap() + 1);
                        let options = WriteOptions::new().expecting(record.version().unwrap().clone());
                        match db.patch_with("counter", next, options) {
                            Ok(true) => break,
                            Err(error) if error.kind() == ErrorKind::Conflict => {}
                            other => panic!("{other:?}"),
                        }
                    }
                }
            });
        }
    });
    assert_eq!(db.read("counter").unwrap().unwrap()["n"].as_integer(), Some(1_000));
}

#[test]
fn many_deletes_compact_and_keep_everything_else() {
    let db = SyncDatabase::memory();
    db.create_index("n", IndexKind::Hash).unwrap();
    db.create_batch((0..6_000).map(|n| numbered(&format!("r{n:04}"), n % 100)).collect()).unwrap();
    let stream = db.stream(&Query::new()).unwrap();
    assert_eq!(db.delete_where(&Query::new().filter("n", ">=", 10)).unwrap(), 5_400);
    for n in 0..300 {
        assert!(db.delete(&format!("r{:04}", n / 3 * 100 + n % 3)).is_ok());
    }
    assert_eq!(stream.count(), 6_000, "a stream sees what was there when it began");
    let left = all(&db);
    assert_eq!(left.len() as u64, db.count(&Query::new()).unwrap());
    assert!(left.windows(2).all(|pair| pair[0].0 < pair[1].0), "insertion order is kept");
    let fives = left.iter().filter(|(_, n)| *n == 5).count();
    assert_eq!(db.search(&Query::new().filter("n", "=", 5)).unwrap().len(), fives);
}
