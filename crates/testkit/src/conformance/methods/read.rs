//! `read`.

use dataknobs_data_core::{Record, record};

use super::{illegal_ids, integer, item, stored, three};
use crate::conformance::behaviour::{Behaviour, Stage, behaviours};
use crate::failure::{Outcome, ensure, ensure_eq};

async fn gives_the_whole_record_with_id_and_version(stage: &Stage<'_>) -> Outcome {
    let expected = stage.described(record! { "name": "Ada", "age": 36 }?.with_id("a")?)?;
    let db = stage.open_with(vec![expected.clone()]).await?;
    let read = stored(&db, "a").await?;
    stage.same(&read, &expected)?;
    ensure_eq!(read.id(), expected.id(), "the id");
    ensure!(read.version().is_some(), "there is no version");
    ensure_eq!(read.score(), None, "the score of a read");
    Ok(())
}

async fn finds_nothing_under_a_missing_id(stage: &Stage<'_>) -> Outcome {
    let db = stage.open().await?;
    ensure_eq!(db.read("a").await?, None, "of nothing");
    let db = stage.open_with(three()?).await?;
    ensure_eq!(db.read("d").await?, None);
    Ok(())
}

async fn finds_nothing_under_an_id_that_cannot_be(stage: &Stage<'_>) -> Outcome {
    let db = stage.open_with(three()?).await?;
    for id in illegal_ids() {
        ensure_eq!(db.read(&id).await?, None, "read of {id:?}");
    }
    Ok(())
}

async fn takes_ids_letter_by_letter(stage: &Stage<'_>) -> Outcome {
    let close = ["a", "A", " a", "a ", "\u{e9}", "e\u{301}", "1", "01", "1.0", "a/b", "a%2Fb"];
    let records: Vec<Record> =
        close.iter().enumerate().map(|(number, id)| item(id, number as i64)).collect::<Result<_, _>>()?;
    let db = stage.open_with(records).await?;
    for (number, id) in close.iter().enumerate() {
        ensure_eq!(integer(&stored(&db, id).await?, "n"), Some(number as i64), "read of {id:?}");
    }
    for id in ["aa", "%61", "+1", "001", "E\u{301}"] {
        ensure_eq!(db.read(id).await?, None, "read of {id:?}");
    }
    Ok(())
}

async fn sees_each_write_at_once(stage: &Stage<'_>) -> Outcome {
    let db = stage.open().await?;
    for number in 0..5 {
        db.upsert("a", item("a", number)?).await?;
        ensure_eq!(integer(&stored(&db, "a").await?, "n"), Some(number));
    }
    db.delete("a").await?;
    ensure_eq!(db.read("a").await?, None);
    Ok(())
}

async fn reads_beside_writes_see_whole_records(stage: &Stage<'_>) -> Outcome {
    let whole = |number: i64| record! { "first": number, "second": number }.and_then(|record| record.with_id("a"));
    let db = stage.open_with(vec![whole(0)?]).await?;
    let results = super::race(&db, 12, |db, number| {
        Box::pin(async move {
            if number % 3 == 0 {
                db.update("a", whole(number)?).await?;
            }
            db.read("a").await
        })
    })
    .await?;
    for result in results {
        let read = result?;
        ensure!(read.is_some(), "the record was missing while it was updated");
        let pair = read.map(|read| (integer(&read, "first"), integer(&read, "second")));
        ensure!(pair.is_some_and(|(first, second)| first.is_some() && first == second), "half of a record: {pair:?}");
    }
    Ok(())
}

pub(super) fn list() -> Vec<Behaviour> {
    behaviours! { "read":
        always => [
            gives_the_whole_record_with_id_and_version,
            finds_nothing_under_a_missing_id,
            finds_nothing_under_an_id_that_cannot_be,
            takes_ids_letter_by_letter,
            sees_each_write_at_once,
            reads_beside_writes_see_whole_records,
        ],
    }
}
