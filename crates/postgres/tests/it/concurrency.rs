//! Many clients at once.

use dataknobs_data_core::backend::Changes;
use dataknobs_data_core::{Error, ErrorKind, Query, Result, SyncDatabase, record};
use dataknobs_data_testkit::generate::Rng;
use futures_util::FutureExt as _;

use crate::support::{database, new_table};

const CLIENTS: usize = 16;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn postgres_gives_an_id_to_one_of_sixteen_creators() {
    let config = new_table();
    database(&config).connect().await.unwrap();
    for round in 0..20 {
        let id = format!("r{round}");
        let creators: Vec<_> = (0..CLIENTS)
            .map(|client| {
                let (db, id) = (database(&config), id.clone());
                tokio::spawn(async move {
                    db.connect().await?;
                    db.create(record! { "client": client as i64 }?.with_id(id)?).await
                })
            })
            .collect();
        let mut made = 0;
        for creator in creators {
            match creator.await.unwrap() {
                Ok(_) => made += 1,
                Err(error) => assert_eq!(error.kind(), ErrorKind::AlreadyExists, "{error:?}"),
            }
        }
        assert_eq!(made, 1, "round {round}");
    }
}

#[test]
fn postgres_transfers_keep_the_sum() {
    const ACCOUNTS: usize = 8;
    let mut config = new_table();
    config.pool.max_size = CLIENTS as u32 + 2;
    let db = SyncDatabase::new(database(&config));
    let accounts = (0..ACCOUNTS).map(|n| record! { "balance": 100 }.unwrap().with_id(format!("a{n}")).unwrap());
    db.create_batch(accounts.collect()).unwrap();
    let db = &db;
    let work = |client: usize| {
        let mut rng = Rng::of(client as u64, "transfers");
        let mut conflicts = 0;
        for _ in 0..25 {
            let (from, to) = (rng.below(ACCOUNTS), rng.below(ACCOUNTS));
            if from == to {
                continue;
            }
            match transfer(db, &format!("a{from}"), &format!("a{to}"), rng.below(20) as i64) {
                Ok(()) => {}
                // Ten attempts were not enough.
                Err(error) if error.kind() == ErrorKind::Conflict => conflicts += 1,
                Err(error) => return Err(error),
            }
            // Nobody ever sees a transfer half done.
            assert_eq!(sum(db)?, 100 * ACCOUNTS as i64);
        }
        Ok::<_, Error>(conflicts)
    };
    let conflicts: usize = std::thread::scope(|scope| {
        let clients: Vec<_> = (0..CLIENTS).map(|client| scope.spawn(move || work(client))).collect();
        clients.into_iter().map(|client| client.join().unwrap().unwrap()).sum()
    });
    assert!(conflicts < CLIENTS * 25 / 2, "{conflicts} transfers were not made");
    assert_eq!(sum(db).unwrap(), 100 * ACCOUNTS as i64);
}

fn transfer(db: &SyncDatabase, from: &str, to: &str, amount: i64) -> Result<()> {
    db.run_transaction(|tx| {
        let balance = |id: &str| -> Result<i64> {
            Ok(tx.read(id)?.and_then(|account| account["balance"].as_integer()).unwrap_or_default())
        };
        let (mine, yours) = (balance(from)?, balance(to)?);
        tx.patch(from, Changes::new().set("balance", mine - amount))?;
        tx.patch(to, Changes::new().set("balance", yours + amount))?;
        Ok(())
    })
}

fn sum(db: &SyncDatabase) -> Result<i64> {
    Ok(db.search(&Query::new())?.iter().filter_map(|account| account["balance"].as_integer()).sum())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn postgres_makes_a_missing_table_once() {
    let config = new_table();
    let clients: Vec<_> = (0..CLIENTS)
        .map(|client| {
            let db = database(&config);
            tokio::spawn(async move { db.create(record! { "client": client as i64 }?).await })
        })
        .collect();
    for client in clients {
        client.await.unwrap().unwrap();
    }
    assert_eq!(database(&config).count(&Query::new()).await.unwrap(), CLIENTS as u64);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres_readers_without_pause_leave_others_their_turn() {
    let mut config = new_table();
    config.pool.max_size = 1;
    config.pool.acquire_timeout = std::time::Duration::from_secs(20);
    let db = database(&config);
    let large = "x".repeat(200_000);
    let records = (0..4).map(|n| record! { "n": n, "text": large.as_str() }.unwrap().with_id(format!("r{n}")).unwrap());
    db.create_batch(records.collect()).await.unwrap();
    let readers: Vec<_> = (0..4)
        .map(|n| {
            let db = db.clone();
            tokio::spawn(async move {
                loop {
                    assert!(db.read(&format!("r{n}")).await.unwrap().is_some());
                }
            })
        })
        .collect();
    for n in 0..5 {
        assert!(db.patch("r0", dataknobs_data_core::Changes::new().set("n", n)).await.unwrap());
    }
    readers.iter().for_each(|reader| reader.abort());
    // Answers that nobody takes hold up nobody.
    let mut unpolled: Vec<_> = ["r0", "r1", "r2", "r3"].iter().map(|id| Box::pin(db.read(id))).collect();
    for read in &mut unpolled {
        assert!(read.as_mut().now_or_never().is_none());
    }
    let taken = tokio::time::timeout(std::time::Duration::from_secs(30), unpolled.pop().unwrap()).await;
    assert!(taken.unwrap().unwrap().is_some());
}
