//! A network and a server that break: errors are typed, the pool heals, and what was acknowledged
//! is there.

use std::collections::BTreeMap;
use std::time::Duration;

use dataknobs_data_core::backend::Changes;
use dataknobs_data_core::{Database, Error, ErrorKind, Query, Record, record};
use dataknobs_data_postgres::PostgresConfig;
use dataknobs_data_testkit::generate::Rng;
use dataknobs_data_testkit::proxy::{Fault, FaultProxy};
use dataknobs_data_testkit::services::PostgresServer;

use crate::support::{database, new_table};

const SEED: u64 = 20_261_128;

fn item(id: &str, n: i64) -> Record {
    record! { "n": n, "text": "x".repeat(200) }.unwrap().with_id(id).unwrap()
}

/// What must be there, may be there, or must not.
#[derive(Debug, Default)]
struct Known(BTreeMap<String, Vec<Option<i64>>>);

impl Known {
    /// What a record held before: one of these.
    fn before(&self, id: &str) -> Vec<Option<i64>> {
        self.0.get(id).cloned().unwrap_or_else(|| vec![None])
    }

    /// After a write that was acknowledged, or that may have happened.
    fn wrote<T>(&mut self, id: &str, value: Option<i64>, result: &Result<T, Error>) {
        match result {
            Ok(_) => {
                self.0.insert(id.to_owned(), vec![value]);
            }
            Err(error) => {
                assert!(
                    matches!(error.kind(), ErrorKind::Connection | ErrorKind::Timeout | ErrorKind::AmbiguousCommit),
                    "{error:?}"
                );
                let mut possible = self.before(id);
                possible.push(value);
                self.0.insert(id.to_owned(), possible);
            }
        }
    }

    async fn check(&mut self, db: &Database) {
        let found: BTreeMap<String, i64> = all(db).await;
        for (id, possible) in &mut self.0 {
            let there = found.get(id).copied();
            assert!(possible.contains(&there), "{id} holds {there:?}, not one of {possible:?}");
            *possible = vec![there];
        }
        for id in found.keys() {
            assert!(self.0.contains_key(id), "{id} was never written");
        }
    }
}

async fn all(db: &Database) -> BTreeMap<String, i64> {
    let records = db.search(&Query::new()).await.unwrap();
    records.iter().map(|record| (record.id().unwrap().to_string(), record["n"].as_integer().unwrap())).collect()
}

fn settings(port: u16) -> PostgresConfig {
    let mut config = new_table();
    config.port = port;
    config.pool.max_size = 3;
    config.connect_timeout = Duration::from_secs(2);
    config
}

/// One random write; what it may have done goes to `known`.
async fn write(db: &Database, rng: &mut Rng, known: &mut Known, number: i64) {
    let id = format!("r{}", rng.below(12));
    let exists = |known: &Known| known.before(&id).iter().any(Option::is_some);
    match rng.below(6) {
        0 | 1 => known.wrote(&id, Some(number), &db.upsert(&id, item(&id, number)).await),
        2 if exists(known) => {
            let result = db.patch(&id, Changes::new().set("n", number)).await;
            match result {
                Ok(false) => {}
                result => known.wrote(&id, Some(number), &result),
            }
        }
        3 => {
            let result = db.delete(&id).await;
            known.wrote(&id, None, &result);
        }
        4 => {
            let ids = [format!("{id}a"), format!("{id}b")];
            let batch = ids.iter().map(|id| item(id, number)).collect();
            let result = db.upsert_batch(batch).await;
            ids.iter().for_each(|id| known.wrote(id, Some(number), &result));
        }
        _ => {
            let ids = [id.clone(), format!("{id}t")];
            let result = async {
                let tx = db.transaction().await?;
                for id in &ids {
                    tx.upsert(id, item(id, number)).await?;
                }
                tx.commit().await
            };
            let result = result.await;
            ids.iter().for_each(|id| known.wrote(id, Some(number), &result));
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres_acknowledged_writes_survive_a_network_that_breaks() {
    println!("seed {SEED}");
    let server = dataknobs_data_testkit::services::postgres().unwrap();
    let proxy = FaultProxy::start(server.port()).await.unwrap();
    let config = settings(proxy.port());
    let through = database(&config).with_timeout(Duration::from_millis(400));
    let mut direct = config.clone();
    direct.port = server.port();
    let direct = database(&direct);
    direct.connect().await.unwrap();

    let mut rng = Rng::of(SEED, "network");
    let mut known = Known::default();
    let mut uncertain = 0;
    for number in 0..400 {
        if rng.percent(30) {
            let after = rng.below(600) as u64;
            proxy.inject(match rng.below(7) {
                0..=2 => Fault::CutRequest(after),
                3 | 4 => Fault::CutReply(after),
                5 => Fault::Silence(after / 4),
                _ => Fault::Delay(after / 100),
            });
        }
        write(&through, &mut rng, &mut known, number).await;
        if number % 20 == 19 {
            proxy.heal();
            // What is still on its way ends with its connection.
            tokio::time::sleep(Duration::from_millis(20)).await;
            uncertain += known.0.values().filter(|possible| possible.len() > 1).count();
            known.check(&direct).await;
            // The pool is whole again: three reads at once, each with its own answer.
            for _ in 0..8 {
                let _ = through.ping().await;
            }
            for (id, possible) in &known.0 {
                let read = through.read(id).await.unwrap().and_then(|read| read["n"].as_integer());
                assert!(possible.contains(&read), "{id} reads {read:?}");
            }
        }
    }
    println!("{uncertain} writes of unknown outcome, {} connections", proxy.connections());
    assert!(uncertain > 20 && proxy.connections() > 50, "too little broke");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres_acknowledged_writes_survive_a_crash_of_the_server() {
    println!("seed {SEED}");
    let mut server = PostgresServer::start_with(&["fsync=off"]).unwrap();
    let mut config = server.config("postgres", "crashed");
    config.pool.max_size = 3;
    let db = database(&config);
    let mut rng = Rng::of(SEED, "crash");
    let (mut known, mut acknowledged) = (Known::default(), 0);
    for number in 0..5 {
        for step in 0..30 {
            write(&db, &mut rng, &mut known, number * 100 + step).await;
        }
        // Nothing breaks but by the crash.
        assert!(known.0.values().all(|possible| possible.len() == 1), "{known:?}");
        let (writing, mut more) = (db.clone(), Rng::of(SEED, &format!("while it crashes {number}")));
        let writer = tokio::spawn(async move {
            let mut known = Known::default();
            for step in 0..200 {
                let id = format!("w{number}-{}", more.below(50));
                let result = writing.upsert(&id, item(&id, step)).await;
                known.wrote(&id, Some(step), &result);
            }
            known
        });
        tokio::time::sleep(Duration::from_millis(5 + rng.below(40) as u64)).await;
        server.crash().unwrap();
        let error = db.read("r0").await;
        assert!(error.is_err_and(|error| error.kind() == ErrorKind::Connection));
        server.recover().unwrap();
        let written = writer.await.unwrap();
        acknowledged += written.0.values().filter(|possible| possible[0].is_some()).count();
        known.0.extend(written.0);
        known.check(&db).await;
    }
    assert!(acknowledged > 0, "every crash came before the first write");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres_a_commit_without_an_answer_is_ambiguous() {
    let server = dataknobs_data_testkit::services::postgres().unwrap();
    let proxy = FaultProxy::start(server.port()).await.unwrap();
    let db = database(&settings(proxy.port()));
    let mut kinds = BTreeMap::new();
    for after in 0..12 {
        db.upsert("a", item("a", 0)).await.unwrap();
        let tx = db.transaction().await.unwrap();
        tx.update("a", item("a", 1)).await.unwrap();
        proxy.inject(if after % 2 == 0 { Fault::CutReply(after) } else { Fault::CutRequest(after) });
        let error = tx.commit().await.unwrap_err();
        *kinds.entry(error.kind().to_string()).or_insert(0) += 1;
        assert_eq!(error.kind(), ErrorKind::AmbiguousCommit, "{error:?}");
        proxy.heal();
        assert!(db.read("a").await.unwrap().is_some());
    }
    println!("{kinds:?}");
}
