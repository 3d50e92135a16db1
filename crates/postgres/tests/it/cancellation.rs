//! Calls that are dropped wherever they wait: no answer ever goes to another call, and the pool
//! goes on.

use std::future::Future;
use std::pin::pin;
use std::task::Poll;

use dataknobs_data_core::backend::Changes;
use dataknobs_data_core::{Database, Query, Record, record};
use dataknobs_data_testkit::generate::Rng;

use crate::support::{database, new_table};

/// Polls so often, then lets go.
async fn at_most<F: Future>(polls: usize, future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    let mut left = polls;
    std::future::poll_fn(|context| {
        if left == 0 {
            return Poll::Ready(None);
        }
        left -= 1;
        future.as_mut().poll(context).map(Some)
    })
    .await
}

fn tag(record: &Record) -> &str {
    record.get("tag").and_then(|tag| tag.as_str()).unwrap_or_default()
}

async fn call(db: &Database, rng: &mut Rng, id: &str) {
    let polls = rng.below(12);
    match rng.below(8) {
        0..=2 => {
            if let Some(read) = at_most(polls, db.read(id)).await {
                assert_eq!(tag(&read.unwrap().unwrap()), id);
            }
        }
        3 | 4 => {
            let query = Query::new().filter("tag", "=", id);
            if let Some(found) = at_most(polls, db.search(&query)).await {
                let found = found.unwrap();
                assert_eq!(found.iter().map(tag).collect::<Vec<_>>(), [id]);
            }
        }
        5 => {
            if let Some(patched) = at_most(polls, db.patch(id, Changes::new().set("n", 1))).await {
                assert!(patched.unwrap());
            }
        }
        6 => {
            let counted = at_most(polls, db.count(&Query::new().filter("tag", "!=", id))).await;
            if let Some(count) = counted {
                assert_eq!(count.unwrap(), 49);
            }
        }
        _ => {
            let ids = [id, "missing"];
            if let Some(read) = at_most(polls, db.read_batch(&ids)).await {
                let read = read.unwrap();
                assert_eq!((tag(read[0].as_ref().unwrap()), &read[1]), (id, &None));
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres_answers_never_go_to_another_call() {
    const TASKS: usize = 8;
    let mut config = new_table();
    config.pool.max_size = 3;
    let db = database(&config);
    let records = (0..50).map(|n| record! { "tag": format!("t{n}") }.unwrap().with_id(format!("t{n}")).unwrap());
    db.create_batch(records.collect()).await.unwrap();
    let tasks: Vec<_> = (0..TASKS)
        .map(|task| {
            let db = db.clone();
            tokio::spawn(async move {
                let mut rng = Rng::of(task as u64, "cancellation");
                for _ in 0..10_000 / TASKS {
                    let id = format!("t{}", rng.below(50));
                    call(&db, &mut rng, &id).await;
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(db.count(&Query::new()).await.unwrap(), 50);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres_transactions_that_were_interrupted_write_nothing() {
    let db = database(&new_table());
    db.create(record! { "n": 0 }.unwrap().with_id("a").unwrap()).await.unwrap();
    let mut rng = Rng::of(1, "transactions");
    for number in 1..300 {
        let tx = db.transaction().await.unwrap();
        let polls = rng.below(8);
        let written = at_most(polls, tx.patch("a", Changes::new().set("n", number))).await;
        match written {
            Some(written) => assert!(written.unwrap()),
            None => {
                // Where the patch had not begun to wait, the transaction is as it was.
                let _ = tx.commit().await;
                let stored = db.read("a").await.unwrap().unwrap();
                assert_ne!(stored["n"].as_integer(), Some(number), "an interrupted write was committed");
                continue;
            }
        }
        tx.commit().await.unwrap();
        assert_eq!(db.read("a").await.unwrap().unwrap()["n"].as_integer(), Some(number));
    }
}
