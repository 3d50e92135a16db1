//! `stream`.

use std::time::Duration;

use dataknobs_data_core::{Changes, ErrorKind, Query, Record};

use super::{ids, integer, item, sample, search, three};
use crate::conformance::behaviour::{Behaviour, Stage, behaviours};
use crate::failure::{Outcome, ensure, ensure_eq, refused};

/// Long enough for any store, short enough for whoever waits for a deadlock.
const PATIENCE: Duration = Duration::from_secs(20);

/// More than any store gives at once.
const MANY: i64 = 3_000;

fn many() -> Outcome<Vec<Record>> {
    Ok((0..MANY).map(|number| item(&format!("r{number:04}"), number)).collect::<Result<_, _>>()?)
}

async fn gives_what_a_search_gives(stage: &Stage<'_>) -> Outcome {
    let db = stage.open_sample().await?;
    for query in sample::queries()? {
        let found = db.search(&query).await?;
        let streamed = db.stream(&query).await?.rest().await?;
        ensure!(streamed == *found, "`{query}` streams {streamed:?} instead of {:?}", &found[..]);
        stage.same_list(&streamed, &found).map_err(|failure| failure.at(format!("`{query}`")))?;
    }
    Ok(())
}

async fn gives_every_record_once(stage: &Stage<'_>) -> Outcome {
    let db = stage.open_with(many()?).await?;
    let streamed = db.stream(&Query::new()).await?.rest().await?;
    let numbers: Vec<Option<i64>> = streamed.iter().map(|record| integer(record, "n")).collect();
    ensure!(numbers == (0..MANY).map(Some).collect::<Vec<_>>(), "{} records or another order", numbers.len());
    let cut = db.stream(&Query::parse("n >= 10 ORDER BY n DESC LIMIT 2500 OFFSET 5")?).await?.rest().await?;
    ensure_eq!(cut.len(), 2_500, "records of a page");
    ensure_eq!(cut.first().and_then(|record| integer(record, "n")), Some(MANY - 6), "the first of a page");
    Ok(())
}

async fn ends_and_stays_at_its_end(stage: &Stage<'_>) -> Outcome {
    let db = stage.open().await?;
    ensure_eq!(db.stream(&Query::new()).await?.next_record().await?, None, "of nothing");
    let db = stage.open_with(three()?).await?;
    let mut stream = db.stream(&Query::new()).await?;
    ensure_eq!(stream.rest().await?.len(), 3, "records");
    for _ in 0..3 {
        ensure_eq!(stream.next_record().await?, None, "behind the end");
    }
    let mut stream = db.stream(&Query::new().limit(0)).await?;
    ensure_eq!(stream.next_record().await?, None, "of limit 0");
    Ok(())
}

async fn may_be_dropped_early(stage: &Stage<'_>) -> Outcome {
    let db = stage.open_with(many()?).await?.with_timeout(PATIENCE);
    for read in 0..4 {
        let mut stream = db.stream(&Query::new()).await?;
        for _ in 0..read {
            ensure!(stream.next_record().await?.is_some(), "the stream ended early");
        }
        drop(stream);
        ensure!(db.patch("r0000", Changes::new().set("n", -read)).await?);
    }
    ensure_eq!(db.clear().await?, MANY as u64, "records removed");
    Ok(())
}

async fn several_may_be_open_at_once(stage: &Stage<'_>) -> Outcome {
    let db = stage.open_with(many()?).await?;
    let mut streams = Vec::new();
    for _ in 0..8 {
        streams.push(db.stream(&Query::new()).await?);
    }
    for number in 0..MANY {
        for stream in &mut streams {
            let next = stream.next_record().await?;
            ensure_eq!(next.and_then(|record| integer(&record, "n")), Some(number), "the next record");
        }
    }
    Ok(())
}

async fn writing_while_streaming_never_waits_for_the_stream(stage: &Stage<'_>) -> Outcome {
    let db = stage.open_with(many()?).await?.with_timeout(PATIENCE);
    for query in [Query::new(), Query::new().sort("n", "DESC"), Query::parse("n >= 0 AND name LIKE 'item%'")?] {
        let mut stream = db.stream(&query).await?;
        ensure!(stream.next_record().await?.is_some(), "the stream is empty");
        db.upsert("new", item("new", MANY)?).await?;
        ensure!(db.update("r0001", item("r0001", 1)?).await?);
        ensure!(db.patch("r2998", Changes::new().set("name", "item r2998")).await?);
        ensure_eq!(db.update_where(&Query::parse("n = 5")?, Changes::new().set("name", "item 5")).await?, 1);
        ensure!(db.delete("new").await?);
        let rest = stream.rest().await?;
        let untouched = |record: &&Record| {
            let id = record.id().map_or("", |id| id.as_str());
            !["new", "r0001", "r2998", "r0005", "r0000", "r2999"].contains(&id)
        };
        let mut seen: Vec<&str> =
            rest.iter().filter(untouched).map(|record| ids(std::slice::from_ref(record))[0]).collect();
        seen.sort_unstable();
        seen.dedup();
        ensure_eq!(seen.len(), MANY as usize - 5, "records that nobody wrote to, in `{query}`");
        ensure!(rest.len() <= MANY as usize, "{} records in `{query}`", rest.len());
    }
    Ok(())
}

async fn sees_the_records_as_they_were_when_it_began(stage: &Stage<'_>) -> Outcome {
    for query in [Query::new(), Query::new().sort("n", "ASC"), Query::parse("n >= 0")?] {
        let db = stage.open_with(many()?).await?.with_timeout(PATIENCE);
        let mut stream = db.stream(&query).await?;
        db.patch("r2999", Changes::new().set("n", -1)).await?;
        db.delete("r2000").await?;
        db.create(item("new", MANY)?).await?;
        let first = stream.next_record().await?;
        ensure_eq!(first.and_then(|record| integer(&record, "n")), Some(0), "the first record");
        db.clear().await?;
        db.create(item("r2500", -5)?).await?;
        let rest: Vec<Option<i64>> = stream.rest().await?.iter().map(|record| integer(record, "n")).collect();
        ensure!(rest == (1..MANY).map(Some).collect::<Vec<_>>(), "`{query}` saw writes, in {} records", rest.len() + 1);
    }
    Ok(())
}

async fn a_mistake_is_found_before_the_store_is_asked(stage: &Stage<'_>) -> Outcome {
    let (db, watched) = stage.watch(three()?).await?;
    let asked = watched.asked();
    for query in search::mistakes() {
        refused(db.stream(&query).await, ErrorKind::InvalidQuery)?;
    }
    ensure_eq!(watched.asked(), asked, "requests to the store");
    Ok(())
}

pub(super) fn list() -> Vec<Behaviour> {
    behaviours! { "stream":
        always => [
            gives_what_a_search_gives,
            gives_every_record_once,
            ends_and_stays_at_its_end,
            may_be_dropped_early,
            several_may_be_open_at_once,
            writing_while_streaming_never_waits_for_the_stream,
            a_mistake_is_found_before_the_store_is_asked,
        ],
        with SnapshotStreams => [sees_the_records_as_they_were_when_it_began],
    }
}
