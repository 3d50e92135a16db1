//! Writes: all or nothing, and never over what another program wrote.

use dataknobs_data_core::{Changes, ErrorKind, Query, Record, Value, WriteOptions, record};
use dataknobs_data_file::{Durability, Format};

use crate::support::{Fixture, ids};

/// Batches this large are made ready by all cores.
#[tokio::test]
async fn a_large_batch_is_written_in_order_or_not_at_all() {
    const COUNT: i64 = 40_000;
    for format in [Format::Csv, Format::JsonLines] {
        let mut fixture = Fixture::of(format);
        fixture.config.id_field = Some("k".into());
        let database = fixture.open();
        let batch =
            || -> Vec<Record> { (0..COUNT).map(|n| record! { "k": format!("key{n}"), "n": n }.unwrap()).collect() };
        let twice = |first: usize, again: usize| {
            let mut batch = batch();
            batch[again] = batch[first].clone();
            batch
        };
        let parted = |at: usize| {
            let mut batch = batch();
            batch[at].set("k", Value::json(serde_json::json!([1])).unwrap()).unwrap();
            batch
        };
        let mut both = twice(30_000, 39_000);
        both[38_000] = parted(38_000).swap_remove(38_000);
        for (batch, kind, index) in [
            (twice(5, 35_000), ErrorKind::AlreadyExists, 35_000),
            (twice(5, 6), ErrorKind::AlreadyExists, 6),
            (parted(39_999), ErrorKind::InvalidRecord, 39_999),
            (both, ErrorKind::InvalidRecord, 38_000),
        ] {
            let error = database.create_batch(batch).await.unwrap_err();
            assert_eq!((error.kind(), error.failures()[0].index), (kind, index), "{format}: {error}");
            assert!(!fixture.path.exists());
        }
        let created = database.create_batch(batch()).await.unwrap();
        assert!(created.iter().enumerate().all(|(n, id)| id.as_str() == format!("key{n}")));
        let error = database.create_batch(batch()).await.unwrap_err();
        assert_eq!((error.kind(), error.failures()[0].index), (ErrorKind::AlreadyExists, 0));
        // Ids that nobody gave are made, and sort by time.
        let unnamed = (0..COUNT).map(|n| record! { "n": n }.unwrap()).collect();
        let made = database.create_batch(unnamed).await.unwrap();
        assert!(made.is_sorted());
        database.close().await.unwrap();
        let all = fixture.all().await.unwrap();
        assert_eq!(all.len() as i64, 2 * COUNT);
        assert!(all.iter().enumerate().all(|(n, record)| record["n"].as_integer() == Some(n as i64 % COUNT)));
        assert!(all[COUNT as usize..].iter().zip(&made).all(|(record, id)| record["k"].as_str() == Some(id.as_str())));
    }
}

#[tokio::test]
async fn every_write_method_works_in_each_format() {
    for format in Format::ALL {
        let mut fixture = Fixture::of(format);
        fixture.config.durability = Durability::Fsync;
        let database = fixture.open();
        let named = |n: i64, id: &str| record! { "n": n, "s": "x" }.unwrap().with_id(id).unwrap();
        assert_eq!(database.create(named(1, "a")).await.unwrap(), "a");
        assert_eq!(database.create(named(1, "a")).await.unwrap_err().kind(), ErrorKind::AlreadyExists);
        assert!(!database.update("b", named(2, "b")).await.unwrap());
        assert_eq!(database.upsert("b", named(2, "b")).await.unwrap(), "b");
        assert!(database.patch("b", Changes::new().set("n", 3).unset("s")).await.unwrap());
        assert_eq!(database.read("b").await.unwrap().unwrap()["n"], Value::from(3));
        let error = database.create_batch(vec![named(1, "c"), named(1, "c")]).await.unwrap_err();
        assert_eq!((error.kind(), error.failures()[0].index), (ErrorKind::AlreadyExists, 1));
        database.create_batch(vec![named(4, "c"), named(5, "d")]).await.unwrap();
        assert_eq!(
            database.update_where(&Query::parse("n >= 4").unwrap(), Changes::new().set("n", 9)).await.unwrap(),
            2
        );
        assert_eq!(database.delete_batch(&["a", "x"]).await.unwrap(), [true, false]);
        assert_eq!(database.delete_where(&Query::parse("_id = 'c'").unwrap()).await.unwrap(), 1);
        let left = fixture.all().await.unwrap();
        assert_eq!(ids(&left), ["b", "d"], "{format}");
        assert_eq!(left[1]["n"], Value::from(9));
        assert_eq!(database.read_batch(&["d", "a", "d"]).await.unwrap().iter().flatten().count(), 2);
        database.flush().await.unwrap();
        database.close().await.unwrap();
    }
}

#[tokio::test]
async fn what_changes_nothing_writes_nothing() {
    let text = "[ {\"_id\": \"a\"} ]";
    let fixture = Fixture::with("a.json", text);
    let database = fixture.open();
    assert!(!database.delete("b").await.unwrap());
    assert!(!database.update("b", record! { "n": 1 }.unwrap()).await.unwrap());
    assert_eq!(
        database.create(record! {}.unwrap().with_id("a").unwrap()).await.unwrap_err().kind(),
        ErrorKind::AlreadyExists
    );
    assert_eq!(fixture.text(), text);
}

#[tokio::test]
async fn versions_hold_across_reopening() {
    for format in Format::ALL {
        let fixture = Fixture::of(format);
        fixture.open().create(record! { "n": 1 }.unwrap().with_id("a").unwrap()).await.unwrap();
        let version = fixture.open().read("a").await.unwrap().unwrap().version().cloned().unwrap();
        // A new column elsewhere is no change of this record.
        fixture.open().create(record! { "m": 1 }.unwrap().with_id("b").unwrap()).await.unwrap();
        let options = WriteOptions::new().expecting(version.clone());
        assert!(fixture.open().update_with("a", record! { "n": 2 }.unwrap(), options).await.unwrap(), "{format}");
        let options = WriteOptions::new().expecting(version);
        let error = fixture.open().update_with("a", record! { "n": 3 }.unwrap(), options).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Conflict);
        assert_eq!(fixture.all().await.unwrap()[0]["n"], Value::from(2));
    }
}

#[tokio::test]
async fn writes_through_one_handle_are_seen_through_another() {
    for format in Format::ALL {
        let fixture = Fixture::of(format);
        let (ours, other) = (fixture.open(), fixture.open());
        for n in 0..10_i64 {
            let (writing, reading) = if n % 2 == 0 { (&ours, &other) } else { (&other, &ours) };
            let record = record! { "n": n }.unwrap().with_id(format!("r{n}")).unwrap();
            writing.create(record.clone()).await.unwrap();
            assert_eq!(reading.create(record).await.unwrap_err().kind(), ErrorKind::AlreadyExists, "{format}");
            if n % 3 == 0 {
                reading.flush().await.unwrap();
            }
            assert_eq!(reading.count(&Query::new()).await.unwrap(), n as u64 + 1, "{format}");
        }
        ours.close().await.unwrap();
        other.close().await.unwrap();
        assert_eq!(fixture.all().await.unwrap().len(), 10);
        assert!(fixture.left_behind().iter().all(|name| name.ends_with(".schema.json")), "{format}");
    }
}

#[tokio::test]
async fn a_refused_write_does_not_keep_the_lock() {
    let mut fixture = Fixture::with("a.jsonl", "{\"_id\":\"a\"}\n");
    fixture.config.lock_timeout = std::time::Duration::from_secs(5);
    let (ours, other) = (fixture.open(), fixture.open());
    let record = |id| Record::new().with_id(id).unwrap();
    assert_eq!(ours.create(record("a")).await.unwrap_err().kind(), ErrorKind::AlreadyExists);
    other.create(record("b")).await.unwrap();
    assert_eq!(ours.count(&Query::new()).await.unwrap(), 2);
}

/// What a program that knows nothing of locks and journals does to a file.
fn rewrite(fixture: &Fixture) -> String {
    let changed = fixture.text().replace("one", "two, by someone else");
    let other = fixture.folder.path().join("other");
    std::fs::write(&other, &changed).unwrap();
    std::fs::rename(&other, &fixture.path).unwrap();
    changed
}

#[tokio::test]
async fn another_programs_change_is_read_and_never_overwritten() {
    for format in [Format::Json, Format::JsonLines, Format::Tsv] {
        let fixture = Fixture::of(format);
        let ours = fixture.open();
        ours.create(record! { "n": "one" }.unwrap().with_id("a").unwrap()).await.unwrap();
        ours.flush().await.unwrap();
        let changed = rewrite(&fixture);
        let error = ours.create(record! { "n": "3" }.unwrap().with_id("c").unwrap()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Conflict, "{format}");
        assert!(error.hint().is_some());
        assert_eq!(fixture.text(), changed);
        ours.create(record! { "n": "3" }.unwrap().with_id("c").unwrap()).await.unwrap();
        let records = fixture.all().await.unwrap();
        assert_eq!(ids(&records), ["a", "c"]);
        assert_eq!(records[0]["n"].as_str(), Some("two, by someone else"));
    }
}

#[tokio::test]
async fn another_programs_change_under_pending_writes_is_a_conflict_and_loses_nothing() {
    let fixture = Fixture::of(Format::JsonLines);
    let ours = fixture.open();
    ours.create(record! { "n": "one" }.unwrap().with_id("a").unwrap()).await.unwrap();
    ours.create(record! { "n": "pending" }.unwrap().with_id("b").unwrap()).await.unwrap();
    let changed = rewrite(&fixture);
    for _ in 0..2 {
        let error = ours.create(record! { "n": "3" }.unwrap().with_id("c").unwrap()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Conflict);
        let error = fixture.all().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Conflict);
        assert_eq!(error.context_value("commits"), Some("1"));
        assert!(error.hint().unwrap().contains("--reapply"));
    }
    assert_eq!(ours.flush().await.unwrap_err().kind(), ErrorKind::Conflict);
    drop(ours);
    assert_eq!(fixture.text(), changed);
    assert_eq!(fixture.left_behind(), ["data.jsonl.journal"]);
}

#[tokio::test]
async fn a_file_whose_ids_change_their_meaning_must_be_opened_again() {
    let fixture = Fixture::with("a.json", "[{\"id\": 1}]");
    let database = fixture.open();
    assert_eq!(database.count(&Query::new()).await.unwrap(), 1);
    std::fs::write(&fixture.path, "[{\"_id\": \"x\"}]  ").unwrap();
    assert_eq!(database.count(&Query::new()).await.unwrap_err().kind(), ErrorKind::Conflict);
    assert_eq!(fixture.all().await.unwrap().len(), 1);
}

#[tokio::test]
async fn plans_and_details_say_what_is_read() {
    let fixture = Fixture::with("a.jsonl", "{\"n\":1}\n{\"n\":2}\n");
    let database = fixture.open();
    let explain = database.explain(&Query::parse("n = 1 LIMIT 1").unwrap()).await.unwrap();
    assert_eq!(explain.plan.access, "full scan of a.jsonl (jsonl)");
    assert_eq!(explain.plan.bytes_read, Some(16));
    assert!(explain.limit_pushed && !explain.rechecked);
    database.delete("1").await.unwrap();
    let explain = database.explain(&Query::new()).await.unwrap();
    assert_eq!((explain.plan.rows_examined, explain.plan.bytes_read), (Some(1), Some(0)));
    let info = database.info().await.unwrap();
    assert_eq!(info.backend, "file");
    assert!(info.details.contains(&("format".into(), "jsonl".into())));
    assert!(info.details.contains(&("records".into(), 1.into())));
}
