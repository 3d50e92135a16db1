//! The PostgreSQL store's rows: against tokio-postgres with prepared statements and COPY, on
//! tables of the same definition.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Context, Result, ensure};
use bytes::{BufMut as _, Bytes, BytesMut};
use dataknobs_data_core::{Database, IndexKind, Query, Record, Value};
use dataknobs_data_postgres::PostgresBackend;
use dataknobs_data_testkit::services::PostgresServer;
use futures_util::SinkExt as _;
use futures_util::future::BoxFuture;
use parking_lot::Mutex;
use serde::Serialize;
use serde_json::Value as Json;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::Semaphore;
use tokio_postgres::types::Json as AsJson;
use tokio_postgres::{Client, Statement};

use crate::people::record;
use crate::table::{Table, timed};

/// One call of either side, on the record of a number.
type Call<S> = fn(S, Arc<Vec<Record>>, usize) -> BoxFuture<'static, bool>;

const POOL: usize = 10;
const BATCH: usize = 100_000;

struct Setup {
    runtime: Runtime,
    server: PostgresServer,
}

/// What a careful programmer would write: connections of a pool, each with its statements.
struct Raw {
    free: Mutex<Vec<Arc<Prepared>>>,
    turns: Semaphore,
}

struct Prepared {
    client: Client,
    create: Statement,
    read: Statement,
    update: Statement,
    delete: Statement,
}

/// A record as the table holds it.
#[derive(Debug, Serialize)]
struct Row<'a> {
    name: &'a str,
    city: &'a str,
    age: i64,
    score: f64,
    active: bool,
}

fn row(record: &Record) -> Row<'_> {
    let text = |name: &str| record.get(name).and_then(Value::as_str).unwrap_or_default();
    Row {
        name: text("name"),
        city: text("city"),
        age: record.get("age").and_then(Value::as_integer).unwrap_or_default(),
        score: record.get("score").and_then(Value::as_float).unwrap_or_default(),
        active: record.get("active").and_then(Value::as_boolean).unwrap_or_default(),
    }
}

impl Setup {
    async fn database(&self, table: &str, gin: bool) -> Result<Database> {
        let mut config = self.server.config("postgres", table);
        config.gin_index = gin;
        config.pool.max_size = POOL as u32;
        let db = Database::from_backend(Arc::new(PostgresBackend::new(config)?));
        db.connect().await?;
        Ok(db)
    }

    async fn raw(&self, table: &str) -> Result<Raw> {
        let mut free = Vec::new();
        for _ in 0..POOL {
            let client = self.server.client("postgres").await?;
            free.push(Arc::new(Prepared {
                create: client.prepare(&format!("INSERT INTO {table} (id, data) VALUES ($1, $2)")).await?,
                read: client.prepare(&format!("SELECT id, data, meta, version FROM {table} WHERE id = $1")).await?,
                update: client
                    .prepare(&format!(
                        "UPDATE {table} SET data = $2, version = DEFAULT, updated_at = now() WHERE id = $1"
                    ))
                    .await?,
                delete: client.prepare(&format!("DELETE FROM {table} WHERE id = $1")).await?,
                client,
            }));
        }
        Ok(Raw { free: Mutex::new(free), turns: Semaphore::new(POOL) })
    }
}

impl Raw {
    async fn with<T>(&self, work: impl AsyncFnOnce(&Prepared) -> T) -> T {
        let _turn = self.turns.acquire().await;
        let taken = self.free.lock().pop();
        let Some(prepared) = taken else { unreachable!("there is one for each turn") };
        let result = work(&prepared).await;
        self.free.lock().push(prepared);
        result
    }

    async fn create(&self, record: &Record) -> u64 {
        let id = record.id().map_or("", |id| id.as_str());
        self.with(async |on| on.client.execute(&on.create, &[&id, &AsJson(row(record))]).await.unwrap_or(0)).await
    }

    async fn read(&self, id: &str) -> Option<Json> {
        self.with(async |on| on.client.query_opt(&on.read, &[&id]).await.ok().flatten().map(|row| row.get(1))).await
    }

    async fn update(&self, record: &Record) -> u64 {
        let id = record.id().map_or("", |id| id.as_str());
        self.with(async |on| on.client.execute(&on.update, &[&id, &AsJson(row(record))]).await.unwrap_or(0)).await
    }

    async fn delete(&self, id: &str) -> u64 {
        self.with(async |on| on.client.execute(&on.delete, &[&id]).await.unwrap_or(0)).await
    }
}

/// Runs `work` for each number of a range, so many at a time.
async fn spread<F>(
    numbers: std::ops::Range<usize>,
    tasks: usize,
    work: impl Fn(usize) -> F + Send + Sync + Clone + 'static,
) where
    F: Future<Output = bool> + Send + 'static,
{
    let next = Arc::new(AtomicUsize::new(numbers.start));
    let running: Vec<_> = (0..tasks)
        .map(|_| {
            let (next, work) = (Arc::clone(&next), work.clone());
            tokio::spawn(async move {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= numbers.end {
                        return;
                    }
                    assert!(work(number).await, "a call did nothing");
                }
            })
        })
        .collect();
    for task in running {
        task.await.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()));
    }
}

/// All rows of this store.
pub(crate) fn rows(quick: bool, runs: usize, table: &mut Table) -> Result<()> {
    let setup = Setup {
        runtime: Builder::new_multi_thread().worker_threads(2).enable_all().build()?,
        server: PostgresServer::start_durable()?,
    };
    // Calls that wait for single round trips swing with what thread wakes up where.
    let many = if quick { runs } else { 5 * runs };
    singles(&setup, if quick { 200 } else { 2_000 }, many, table)?;
    batches(&setup, if quick { 5_000 } else { BATCH }, runs, table)?;
    searches(&setup, if quick { 20_000 } else { 1_000_000 }, many, table)
}

fn singles(setup: &Setup, calls: usize, runs: usize, table: &mut Table) -> Result<()> {
    let runtime = &setup.runtime;
    let db = runtime.block_on(setup.database("ours", true))?;
    runtime.block_on(setup.database("theirs", true))?;
    let raw = Arc::new(runtime.block_on(setup.raw("theirs"))?);
    let records: Arc<Vec<Record>> = Arc::new((0..calls).map(record).collect::<Result<_, _>>()?);
    let changed: Arc<Vec<Record>> = Arc::new(
        (0..calls)
            .map(|n| {
                let mut changed = record(n)?;
                changed.set("age", 7)?;
                Ok(changed)
            })
            .collect::<Result<_, dataknobs_data_core::Error>>()?,
    );

    for tasks in [1, 16] {
        let clear = || {
            let cleared = runtime.block_on(async {
                let client = setup.server.client("postgres").await?;
                client.batch_execute("TRUNCATE ours, theirs").await?;
                anyhow::Ok(())
            });
            assert!(cleared.is_ok());
        };
        let fill = || {
            clear();
            runtime.block_on(async {
                assert!(db.create_batch(records.to_vec()).await.is_ok());
                let copied = async {
                    let client = setup.server.client("postgres").await?;
                    client.batch_execute("INSERT INTO theirs (id, data) SELECT id, data FROM ours").await?;
                    client.batch_execute("VACUUM ANALYZE ours, theirs").await?;
                    anyhow::Ok(())
                };
                assert!(copied.await.is_ok());
            });
        };
        let ours = |work: Call<Database>, records: &Arc<Vec<Record>>| {
            let (db, records) = (db.clone(), Arc::clone(records));
            timed(|| runtime.block_on(spread(0..calls, tasks, move |n| work(db.clone(), Arc::clone(&records), n)))).0
        };
        let theirs = |work: Call<Arc<Raw>>, records: &Arc<Vec<Record>>| {
            let (raw, records) = (Arc::clone(&raw), Arc::clone(records));
            timed(|| {
                runtime.block_on(spread(0..calls, tasks, move |n| work(Arc::clone(&raw), Arc::clone(&records), n)))
            })
            .0
        };
        table.compare(
            format!("postgres: create, {tasks} tasks"),
            calls,
            runs,
            || {
                clear();
                ours(|db, records, n| Box::pin(async move { db.create(records[n].clone()).await.is_ok() }), &records)
            },
            || {
                clear();
                theirs(|raw, records, n| Box::pin(async move { raw.create(&records[n]).await == 1 }), &records)
            },
        );
        fill();
        table.compare(
            format!("postgres: read, {tasks} tasks"),
            calls,
            runs,
            || {
                ours(
                    |db, records, n| {
                        Box::pin(async move {
                            db.read(records[n].id().map_or("", |id| id.as_str()))
                                .await
                                .is_ok_and(|found| found.is_some())
                        })
                    },
                    &records,
                )
            },
            || {
                theirs(
                    |raw, records, n| {
                        Box::pin(async move { raw.read(records[n].id().map_or("", |id| id.as_str())).await.is_some() })
                    },
                    &records,
                )
            },
        );
        table.compare(
            format!("postgres: update, {tasks} tasks"),
            calls,
            runs,
            || {
                ours(
                    |db, records, n| {
                        Box::pin(async move {
                            db.update(records[n].id().map_or("", |id| id.as_str()), records[n].clone())
                                .await
                                .is_ok_and(|found| found)
                        })
                    },
                    &changed,
                )
            },
            || theirs(|raw, records, n| Box::pin(async move { raw.update(&records[n]).await == 1 }), &changed),
        );
        table.compare(
            format!("postgres: delete, {tasks} tasks"),
            calls,
            runs,
            || {
                fill();
                ours(
                    |db, records, n| {
                        Box::pin(async move {
                            db.delete(records[n].id().map_or("", |id| id.as_str())).await.is_ok_and(|found| found)
                        })
                    },
                    &records,
                )
            },
            || {
                fill();
                theirs(
                    |raw, records, n| {
                        Box::pin(async move { raw.delete(records[n].id().map_or("", |id| id.as_str())).await == 1 })
                    },
                    &records,
                )
            },
        );
    }
    Ok(())
}

/// The rows in the binary form of COPY, in pieces of 64 KiB.
async fn raw_copy(client: &Client, into: &str, records: &[Record]) -> Result<u64> {
    let sink = client.copy_in::<_, Bytes>(&format!("COPY {into} (id, data) FROM STDIN (FORMAT binary)")).await?;
    futures_util::pin_mut!(sink);
    let mut buffer = BytesMut::with_capacity(80 * 1024);
    buffer.put_slice(b"PGCOPY\n\xFF\r\n\0");
    buffer.put_i64(0);
    let mut text = Vec::new();
    for record in records {
        let id = record.id().map_or("", |id| id.as_str());
        buffer.put_i16(2);
        buffer.put_i32(id.len() as i32);
        buffer.put_slice(id.as_bytes());
        text.clear();
        serde_json::to_writer(&mut text, &row(record))?;
        buffer.put_i32(text.len() as i32 + 1);
        buffer.put_u8(1);
        buffer.put_slice(&text);
        if buffer.len() >= 64 * 1024 {
            sink.send(buffer.split().freeze()).await?;
        }
    }
    buffer.put_i16(-1);
    sink.send(buffer.freeze()).await?;
    Ok(sink.finish().await?)
}

async fn raw_upsert(client: &Client, records: &[Record]) -> Result<u64> {
    client
        .batch_execute("BEGIN; CREATE TEMP TABLE incoming (id text COLLATE \"C\", data jsonb) ON COMMIT DROP")
        .await?;
    raw_copy(client, "incoming", records).await?;
    let text = "INSERT INTO theirs (id, data) SELECT id, data FROM incoming ON CONFLICT (id) DO UPDATE SET \
                data = EXCLUDED.data, version = EXCLUDED.version, updated_at = now()";
    let written = client.execute(text, &[]).await?;
    client.batch_execute("COMMIT").await?;
    Ok(written)
}

fn batches(setup: &Setup, size: usize, runs: usize, table: &mut Table) -> Result<()> {
    let runtime = &setup.runtime;
    let records: Vec<Record> = (0..size).map(record).collect::<Result<_, _>>()?;
    let half: Vec<Record> = (size / 2..size + size / 2).map(record).collect::<Result<_, _>>()?;
    for gin in [true, false] {
        let client = runtime.block_on(setup.server.client("postgres"))?;
        runtime.block_on(client.batch_execute("DROP TABLE IF EXISTS ours, theirs"))?;
        let db = runtime.block_on(setup.database("ours", gin))?;
        runtime.block_on(setup.database("theirs", gin))?;
        let clear = || assert!(runtime.block_on(client.batch_execute("TRUNCATE ours, theirs")).is_ok());
        let kind = if gin { "with GIN index" } else { "no index" };
        table.compare(
            format!("postgres: create_batch {size}, {kind}"),
            size,
            runs,
            || {
                clear();
                let records = records.clone();
                let (time, made) = timed(|| runtime.block_on(db.create_batch(records)));
                assert!(made.is_ok_and(|made| made.len() == size));
                time
            },
            || {
                clear();
                let (time, made) = timed(|| runtime.block_on(raw_copy(&client, "theirs", &records)));
                assert!(made.is_ok_and(|made| made == size as u64));
                time
            },
        );
        table.compare(
            format!("postgres: upsert_batch {size}, half there, {kind}"),
            size,
            runs,
            || {
                clear();
                assert!(runtime.block_on(db.create_batch(records.clone())).is_ok());
                let half = half.clone();
                let (time, made) = timed(|| runtime.block_on(db.upsert_batch(half)));
                assert!(made.is_ok_and(|made| made.len() == size));
                time
            },
            || {
                clear();
                assert!(runtime.block_on(raw_copy(&client, "theirs", &records)).is_ok());
                let (time, made) = timed(|| runtime.block_on(raw_upsert(&client, &half)));
                assert!(made.is_ok_and(|made| made == size as u64));
                time
            },
        );
    }
    Ok(())
}

fn searches(setup: &Setup, size: usize, runs: usize, table: &mut Table) -> Result<()> {
    const CALLS: usize = 200;
    let runtime = &setup.runtime;
    let client = runtime.block_on(setup.server.client("postgres"))?;
    let db = runtime.block_on(setup.database("searched", false))?;
    for start in (0..size).step_by(BATCH) {
        let records = (start..(start + BATCH).min(size)).map(record).collect::<Result<Vec<_>, _>>()?;
        runtime.block_on(db.create_batch(records))?;
    }
    runtime.block_on(async {
        db.create_index("name", IndexKind::Hash).await?;
        db.create_index("score", IndexKind::Ordered).await?;
        let indexes = "CREATE INDEX ON searched ((data->>'name')); \
                       CREATE INDEX ON searched (((data->>'score')::float8))";
        client.batch_execute(indexes).await?;
        client.batch_execute("VACUUM ANALYZE searched").await?;
        anyhow::Ok(())
    })?;
    let columns = "SELECT id, data, meta, version FROM searched WHERE";
    let equal = runtime.block_on(client.prepare(&format!("{columns} data->>'name' = $1 ORDER BY id")))?;
    let range = runtime
        .block_on(client.prepare(&format!("{columns} (data->>'score')::float8 BETWEEN $1 AND $2 ORDER BY id")))?;

    let name = |call: usize| format!("name{:08}", call * (size / CALLS));
    let by_name = |call: usize| Query::new().filter("name", "=", name(call).as_str());
    let bounds = |call: usize| (call as f64 * 7.0, call as f64 * 7.0 + if size > 100_000 { 1.4 } else { 14.0 });
    let by_score = |call: usize| {
        let (low, high) = bounds(call);
        Query::new().filter("score", "BETWEEN", vec![Value::from(low), Value::from(high)])
    };
    for (query, what) in [(by_name(3), "name"), (by_score(3), "score")] {
        let explain = runtime.block_on(db.explain(&query))?;
        println!("{what}: {}", explain.plan.access);
        ensure!(explain.plan.index.is_some_and(|index| index.starts_with(what)), "no index is used for {what}");
    }
    let found = runtime.block_on(db.search(&by_score(3)))?;
    let (low, high) = bounds(3);
    let theirs = runtime.block_on(client.query(&range, &[&low, &high]))?;
    ensure!(found.len() == theirs.len() && !found.is_empty(), "{} and {} rows", found.len(), theirs.len());
    let rows = found.len();
    for (mine, row) in found.iter().zip(&theirs) {
        ensure!(mine.id().context("no id")?.as_str() == row.get::<_, &str>(0), "another order");
    }

    table.compare(
        format!("postgres: search by equality, {size} records"),
        CALLS,
        runs,
        || {
            timed(|| {
                runtime.block_on(async {
                    for call in 0..CALLS {
                        assert_eq!(db.search(&by_name(call)).await.map_or(0, |found| found.len()), 1);
                    }
                })
            })
            .0
        },
        || {
            timed(|| {
                runtime.block_on(async {
                    for call in 0..CALLS {
                        let found = client.query(&equal, &[&name(call)]).await.unwrap_or_default();
                        let documents: Vec<Json> = found.iter().map(|row| row.get(1)).collect();
                        assert_eq!(documents.len(), 1);
                    }
                })
            })
            .0
        },
    );
    table.compare(
        format!("postgres: search by range, {size} records, {rows} found"),
        CALLS,
        runs,
        || {
            timed(|| {
                runtime.block_on(async {
                    for call in 0..CALLS {
                        assert!(db.search(&by_score(call)).await.is_ok_and(|found| !found.is_empty()));
                    }
                })
            })
            .0
        },
        || {
            timed(|| {
                runtime.block_on(async {
                    for call in 0..CALLS {
                        let (low, high) = bounds(call);
                        let found = client.query(&range, &[&low, &high]).await.unwrap_or_default();
                        let documents: Vec<Json> = found.iter().map(|row| row.get(1)).collect();
                        assert!(!documents.is_empty());
                    }
                })
            })
            .0
        },
    );
    Ok(())
}
