//! The memory store's rows.

use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, ensure};
use dataknobs_data_core::{Database, IndexKind, Query, Record};
use serde_json::{Map, Value as Json};
use tokio::runtime::{Builder, Runtime};

use crate::native::Native;
use crate::people::{map, person, record, shuffled_ids};
use crate::table::{Table, timed};

const MIN_AGE: i64 = 50;
const CITY: &str = "city00000007";

fn runtime() -> Result<Runtime> {
    Ok(Builder::new_current_thread().build()?)
}

fn records(size: usize) -> Result<Vec<Record>> {
    Ok((0..size).map(record).collect::<Result<_, _>>()?)
}

fn maps(size: usize) -> Vec<(String, Map<String, Json>)> {
    (0..size).map(map).collect()
}

/// Runs `work` on parts of `items`, a thread each, and gives the time until all are done.
fn on_threads<T: Send>(threads: usize, items: Vec<T>, work: impl Fn(Vec<T>) + Sync) -> Duration {
    let mut parts: Vec<Vec<T>> = (0..threads).map(|_| Vec::new()).collect();
    let each = items.len().div_ceil(threads);
    for (place, item) in items.into_iter().enumerate() {
        parts[place / each].push(item);
    }
    if threads == 1 {
        return timed(|| parts.into_iter().for_each(&work)).0;
    }
    let ready = std::sync::Barrier::new(threads + 1);
    std::thread::scope(|scope| {
        for part in parts {
            let (ready, work) = (&ready, &work);
            scope.spawn(move || {
                ready.wait();
                work(part);
                ready.wait();
            });
        }
        ready.wait();
        timed(|| ready.wait()).0
    })
}

/// The time that so many repetitions take.
fn repeated<T>(times: usize, mut work: impl FnMut() -> T) -> Duration {
    timed(|| {
        for _ in 0..times {
            black_box(work());
        }
    })
    .0
}

#[allow(clippy::unwrap_used)] // a failure ends the benchmark
pub(crate) fn rows(size: usize, runs: usize, table: &mut Table) -> Result<()> {
    let all = records(size)?;
    let named = |row: &str| format!("{row}, {size}");

    for threads in [1, 2] {
        table.compare(
            named(&format!("create, {threads} thread")),
            size,
            runs,
            || {
                let db = Database::memory();
                let time = on_threads(threads, records(size).unwrap(), |part| {
                    runtime().unwrap().block_on(async {
                        for record in part {
                            black_box(db.create(record).await.unwrap());
                        }
                    });
                });
                assert_eq!(runtime().unwrap().block_on(db.count(&Query::new())).unwrap(), size as u64);
                time
            },
            || {
                let native = Native::default();
                on_threads(threads, maps(size), |part| {
                    for (id, row) in part {
                        assert!(native.create(id, row));
                    }
                })
            },
        );
    }

    let db = Database::memory();
    let native = Native::default();
    let runtime = runtime()?;
    runtime.block_on(db.create_batch(all.clone()))?;
    ensure!(native.create_batch(maps(size)), "the ids are distinct");

    for threads in [1, 2] {
        let ids = shuffled_ids(size);
        table.compare(
            named(&format!("read by id, {threads} thread")),
            size,
            runs,
            || {
                on_threads(threads, ids.iter().collect(), |part| {
                    self::runtime().unwrap().block_on(async {
                        for id in part {
                            black_box(db.read(id).await.unwrap().unwrap());
                        }
                    });
                })
            },
            || {
                on_threads(threads, ids.iter().collect(), |part| {
                    for id in part {
                        black_box(native.read(id).unwrap());
                    }
                })
            },
        );
    }

    let query = Query::new().filter("age", ">", MIN_AGE).filter("city", "=", CITY).sort("score", "DESC").limit(10);
    let found: Vec<String> =
        runtime.block_on(db.search(&query))?.iter().filter_map(|record| record.id().map(ToString::to_string)).collect();
    let expected: Vec<String> = native.search(MIN_AGE, CITY, 10).into_iter().map(|(id, _)| id).collect();
    ensure!(found == expected, "both sides find the same: {found:?} {expected:?}");
    let repeat = (2_000_000 / size).clamp(1, 200);
    let native_search = || repeated(repeat, || native.search(MIN_AGE, CITY, 10));
    table.compare(
        named("search 2 filters + sort + limit 10"),
        repeat,
        runs,
        || repeated(repeat, || runtime.block_on(db.search(&query)).unwrap()),
        native_search,
    );

    let older = Query::new().filter("age", ">", MIN_AGE);
    ensure!(runtime.block_on(db.count(&older))? == native.count(MIN_AGE) as u64, "both sides count the same");
    table.compare(
        named("count, 1 filter"),
        repeat,
        runs,
        || repeated(repeat, || runtime.block_on(db.count(&older)).unwrap()),
        || repeated(repeat, || native.count(MIN_AGE)),
    );

    let indexed = Database::memory();
    runtime.block_on(async {
        indexed.create_index("city", IndexKind::Hash).await?;
        indexed.create_index("name", IndexKind::Hash).await?;
        indexed.create_batch(all.clone()).await
    })?;
    ensure!(runtime.block_on(indexed.search(&query))?.len() == expected.len(), "an index changes no result");
    table.compare(
        named("the same search, index on city (2.5 %)"),
        repeat,
        runs,
        || repeated(repeat, || runtime.block_on(indexed.search(&query)).unwrap()),
        native_search,
    );
    let name = person(size / 2).name;
    let selective = Query::new().filter("age", ">=", 0).filter("name", "=", name.as_str()).limit(10);
    ensure!(runtime.block_on(indexed.search(&selective))?.len() == native.named(&name).len(), "one record each");
    table.compare(
        named("indexed equality, 1 record"),
        repeat,
        runs,
        || repeated(repeat, || runtime.block_on(indexed.search(&selective)).unwrap()),
        || repeated(repeat, || native.named(&name)),
    );

    let shared = Arc::new(all);
    table.compare(
        named("batch create"),
        size,
        runs,
        || {
            let db = Database::memory();
            let batch = shared.as_ref().clone();
            let fresh: Vec<Record> = if size <= 100_000 { records(size).unwrap() } else { batch };
            timed(|| runtime.block_on(db.create_batch(fresh)).unwrap()).0
        },
        || {
            let native = Native::default();
            let batch = maps(size);
            timed(|| assert!(native.create_batch(batch))).0
        },
    );
    Ok(())
}
