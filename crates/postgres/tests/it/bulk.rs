//! Whole tables as columns: over several connections, in any order on disk, and what ends a read.

use std::time::Duration;

use arrow_array::RecordBatchReader as _;
use dataknobs_data_arrow::{ToArrowOptions, records_to_batches, search_batches, search_columns};
use dataknobs_data_core::{Database, ErrorKind, Query};
use dataknobs_data_postgres::PostgresConfig;

use crate::support::{client, database, new_table};

/// Rows in so many pages that a read takes several connections: their pages are nearly empty.
async fn large(key: &str) -> PostgresConfig {
    let config = new_table();
    let client = client().await;
    client
        .batch_execute(&format!(
            "CREATE TABLE {0} (id {key} PRIMARY KEY, number integer, name text, at timestamptz, filler text) \
             WITH (fillfactor = 10)",
            config.table
        ))
        .await
        .unwrap();
    let id = if key == "bigint" { "n" } else { "md5(n::text)" };
    client
        .batch_execute(&format!(
            "ALTER TABLE {0} ALTER filler SET STORAGE PLAIN; INSERT INTO {0} SELECT {id}, n % 1000, 'name' || n, \
             timestamptz '2024-01-01 00:00Z' + n * interval '1 second', repeat('x', 390) \
             FROM generate_series(1, 20000) n",
            config.table
        ))
        .await
        .unwrap();
    config
}

/// Whether the columns are those of the records.
async fn check(db: &Database, what: &str) {
    let options = ToArrowOptions::new();
    let records = db.search(&Query::new()).await.unwrap().into_records();
    let whole = search_columns(db, &Query::new(), true).await.unwrap().expect("columns");
    assert_eq!(whole.rows, records.len(), "{what}");
    let ids = whole.ids.unwrap();
    let ids = ids.iter().flatten().map(Option::unwrap);
    assert!(ids.eq(records.iter().map(|record| record.id().unwrap().as_str())), "{what}: ids");
    let table = search_batches(db, &Query::new(), &options).await.unwrap();
    let (schema, batches) = records_to_batches(&records, &options).unwrap();
    assert_eq!(table.schema(), schema, "{what}");
    let concat = |batches: &[_]| arrow_select::concat::concat_batches(&schema, batches).unwrap();
    let found: Vec<_> = table.batches().iter().cloned().collect();
    assert!(concat(&found) == concat(&batches), "{what}: other values");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres_whole_tables_are_columns_in_the_order_of_ids() {
    for key in ["bigint", "text"] {
        let config = large(key).await;
        let pages = format!("SELECT pg_relation_size('{}') / 8192", config.table);
        let pages: i64 = client().await.query_one(&pages, &[]).await.unwrap().get(0);
        assert!(pages > 3 * 2_048, "{pages} pages are too few for what this tests");
        let db = database(&config);
        check(&db, key).await;
        // Rows that were written again stand elsewhere.
        let moved = format!("UPDATE {} SET number = -1 WHERE number % 7 = 0", config.table);
        client().await.batch_execute(&moved).await.unwrap();
        check(&db, &format!("{key}, moved")).await;
        // One connection, of which there are no more.
        let mut alone = config.clone();
        alone.pool.max_size = 1;
        check(&database(&alone), &format!("{key}, alone")).await;
        let mut view = config.clone();
        view.table = format!("{}_view", config.table);
        view.key = vec!["id".to_owned()];
        let text = format!("CREATE VIEW {} AS SELECT * FROM {}", view.table, config.table);
        client().await.batch_execute(&text).await.unwrap();
        check(&database(&view), &format!("{key}, view")).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres_whole_tables_are_read_as_of_one_moment() {
    let config = large("bigint").await;
    let db = database(&config);
    db.connect().await.unwrap();
    let writing = tokio::spawn(async move {
        // Each transaction moves rows from the beginning of the table to its end, and back.
        let (client, mut moves) = (client().await, 0);
        loop {
            let step = if moves % 2 == 0 { "id + 1000000 WHERE id <= 500" } else { "id - 1000000 WHERE id > 1000000" };
            client.batch_execute(&format!("UPDATE {} SET id = {step}", config.table)).await.unwrap();
            moves += 1;
        }
    });
    for _ in 0..10 {
        let whole = search_columns(&db, &Query::new(), true).await.unwrap().expect("columns");
        assert_eq!(whole.rows, 20_000);
        let ids = whole.ids.unwrap();
        let moved = ids.iter().flatten().filter(|id| id.unwrap().parse::<i64>().unwrap() > 1_000_000).count();
        assert!(moved == 0 || moved == 500, "{moved} rows were moved");
    }
    writing.abort();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres_reads_of_whole_tables_end_as_searches_do() {
    let config = large("bigint").await;
    let db = database(&config);
    // A value that is no record's: the record is named, as a search names it.
    let text = format!("ALTER TABLE {0} ADD f float8; UPDATE {0} SET f = 'NaN' WHERE id = 19999", config.table);
    client().await.batch_execute(&text).await.unwrap();
    for query in [Query::new(), Query::parse("id > 5").unwrap()] {
        let options = ToArrowOptions::new();
        let error = search_batches(&db, &query, &options).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidRecord, "{error:?}");
        assert_eq!((error.context_value("field"), error.context_value("id")), (Some("`f`"), Some("`19999`")));
    }
    // An error of the server's in the middle.
    let mut broken = config.clone();
    broken.table = format!("{}_broken", config.table);
    let view = format!("CREATE VIEW {} AS SELECT id, 1 / (15000 - id) AS x FROM {}", broken.table, config.table);
    client().await.batch_execute(&view).await.unwrap();
    let broken = database(&broken);
    for query in [Query::new(), Query::parse("id > 5").unwrap()] {
        let error = search_columns(&broken, &query, false).await.unwrap_err();
        assert_eq!(error.kind(), broken.search(&query).await.unwrap_err().kind(), "{error:?}");
    }
    // Whoever stops waiting leaves the store as it was.
    for wait in [0, 1, 3, 10, 30] {
        let stopped =
            tokio::time::timeout(Duration::from_millis(wait), search_columns(&db, &Query::new(), false)).await;
        drop(stopped);
        assert_eq!(db.count(&Query::new()).await.unwrap(), 20_000);
    }
    let open = format!(
        "SELECT count(*) FROM pg_stat_activity WHERE state <> 'idle' AND query LIKE '%{}%' AND \
                        pid <> pg_backend_pid()",
        config.table
    );
    let client = client().await;
    for attempt in 0.. {
        let open: i64 = client.query_one(&open, &[]).await.unwrap().get(0);
        if open == 0 {
            break;
        }
        assert!(attempt < 100, "{open} reads go on");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres_a_failed_read_of_a_table_leaves_its_connections_fit() {
    let mut config = large("bigint").await;
    config.pool.max_size = 3;
    let db = database(&config);
    // No double is that large, which the server notices in the middle of a read.
    let text = format!("ALTER TABLE {0} ADD huge numeric; UPDATE {0} SET huge = 1e400 WHERE id = 15000", config.table);
    client().await.batch_execute(&text).await.unwrap();
    for _ in 0..3 {
        let error = search_columns(&db, &Query::new(), false).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidRecord, "{error:?}");
    }
    let all = Query::new();
    let counts = (0..6).map(|_| db.count(&all));
    for count in futures_util::future::join_all(counts).await {
        assert_eq!(count.unwrap(), 20_000);
    }
    assert!(db.delete("1").await.unwrap());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres_whole_tables_are_read_as_they_are_when_the_lock_is_there() {
    let config = large("bigint").await;
    let mut view = config.clone();
    view.table = format!("{}_view", config.table);
    view.key = vec!["id".to_owned()];
    let text = format!("CREATE VIEW {} AS SELECT * FROM {}", view.table, config.table);
    client().await.batch_execute(&text).await.unwrap();
    for config in [&config, &view] {
        let db = database(config);
        db.connect().await.unwrap();
        let writer = client().await;
        let table = config.table.trim_end_matches("_view");
        let rewrite = format!(
            "BEGIN; CREATE TEMP TABLE kept ON COMMIT DROP AS SELECT * FROM {table}; TRUNCATE {table}; \
             INSERT INTO {table} SELECT * FROM kept"
        );
        writer.batch_execute(&rewrite).await.unwrap();
        let read = tokio::spawn(async move { search_columns(&db, &Query::new(), false).await });
        tokio::time::sleep(Duration::from_millis(300)).await;
        assert!(!read.is_finished(), "the read did not wait for the table's lock");
        writer.batch_execute("COMMIT").await.unwrap();
        assert_eq!(read.await.unwrap().unwrap().expect("columns").rows, 20_000, "{}", config.table);
    }
}

#[tokio::test]
async fn postgres_what_is_no_record_is_told_by_columns_as_by_a_search() {
    for (columns, values) in [
        ("id text PRIMARY KEY", "('')"),
        ("id text PRIMARY KEY", "(E'a\\tb')"),
        ("id int PRIMARY KEY, d date", "(1, 'infinity')"),
        ("id int PRIMARY KEY, d date", "(1, '12000-01-01')"),
        ("id int PRIMARY KEY, ts timestamp", "(1, '-infinity')"),
    ] {
        let config = new_table();
        let text = format!("CREATE TABLE {0} ({columns}); INSERT INTO {0} VALUES {values}", config.table);
        client().await.batch_execute(&text).await.unwrap();
        let db = database(&config);
        let searched = db.search(&Query::new()).await.unwrap_err();
        for query in [Query::new(), Query::new().limit(5)] {
            let read = search_batches(&db, &query, &ToArrowOptions::new()).await.unwrap_err();
            assert_eq!((read.kind(), read.to_string()), (searched.kind(), searched.to_string()), "{values}");
        }
    }
}
