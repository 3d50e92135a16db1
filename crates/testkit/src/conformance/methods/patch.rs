//! `patch`.

use dataknobs_data_core::{Changes, ErrorKind, Field, FieldType, Query, Record, Value, WriteOptions, record};

use super::{ids, illegal_ids, integer, item, race, stored, three, version_now};
use crate::conformance::behaviour::{Ability, Behaviour, Stage, behaviours};
use crate::failure::{Outcome, ensure, ensure_eq, refused};

fn ada(stage: &Stage<'_>) -> Outcome<Record> {
    let mut age = Field::new("age", 36);
    if !stage.has(Ability::FixedFields) {
        age = age.with_metadata("unit", "years");
    }
    let fields = [Field::new("name", "Ada"), age, Field::new("x", 1)];
    stage.described(Record::from_fields(fields)?.with_id("ada")?)
}

async fn changes_single_fields_and_keeps_the_rest(stage: &Stage<'_>) -> Outcome {
    let db = stage.open_with(vec![ada(stage)?, item("b", 2)?]).await?;
    ensure!(db.patch("ada", Changes::new().set("age", 37).unset("x").set("city", "London")).await?);
    let mut expected = ada(stage)?;
    expected.set("age", 37)?;
    expected.remove("x");
    expected.set("city", "London")?;
    stage.holds(&db, &[expected, item("b", 2)?]).await
}

async fn keeps_the_order_of_fields_and_puts_new_ones_last(stage: &Stage<'_>) -> Outcome {
    let db = stage.open_with(vec![ada(stage)?]).await?;
    db.patch("ada", Changes::new().set("a_new_one", 1).set("name", "Augusta")).await?;
    let read = stored(&db, "ada").await?;
    ensure_eq!(stage.field_names(&read), ["name", "age", "x", "a_new_one"], "the fields");
    Ok(())
}

async fn sets_whole_fields_and_nulls(stage: &Stage<'_>) -> Outcome {
    let db = stage.open_with(vec![ada(stage)?]).await?;
    let note = Field::new("note", "prose").with_type(FieldType::Text).with_metadata("lang", "en");
    ensure!(db.patch("ada", Changes::new().set_field(note.clone()).set("age", ())).await?);
    let read = stored(&db, "ada").await?;
    ensure_eq!(read.field("note").map(|field| field.to_field()), Some(note), "the field that was set");
    ensure!(read.get("age").is_none_or(Value::is_null), "the null that was set is {:?}", read.get("age"));
    ensure_eq!(db.count(&Query::new().filter("age", "EXISTS", ())).await?, 0, "records with an age");
    Ok(())
}

async fn unsetting_what_is_not_there_is_no_error(stage: &Stage<'_>) -> Outcome {
    let db = stage.open_with(vec![ada(stage)?]).await?;
    ensure!(db.patch("ada", Changes::new().unset("nowhere")).await?);
    stage.holds(&db, &[ada(stage)?]).await
}

async fn an_empty_patch_tells_whether_the_record_exists(stage: &Stage<'_>) -> Outcome {
    let db = stage.open_with(vec![ada(stage)?]).await?;
    let before = version_now(&db, "ada").await?;
    ensure!(db.patch("ada", Changes::new()).await?);
    ensure!(!db.patch("nobody", Changes::new()).await?);
    ensure!(!db.patch("", Changes::new()).await?);
    ensure_eq!(version_now(&db, "ada").await?, before, "the version after an empty patch");
    stage.holds(&db, &[ada(stage)?]).await
}

async fn is_false_for_a_missing_record_and_writes_nothing(stage: &Stage<'_>) -> Outcome {
    let db = stage.open_with(three()?).await?;
    ensure!(!db.patch("d", Changes::new().set("n", 9)).await?);
    for id in illegal_ids() {
        ensure_eq!(db.patch(&id, Changes::new().set("n", 9)).await?, false, "patch of {id:?}");
    }
    stage.holds(&db, &three()?).await
}

async fn illegal_changes_are_refused_and_nothing_is_written(stage: &Stage<'_>) -> Outcome {
    let (db, watched) = stage.watch(three()?).await?;
    let asked = watched.asked();
    let illegal = [
        Changes::new().set("_id", "x"),
        Changes::new().set("n", 9).set("", 1),
        Changes::new().set("n", 9).set("a\nb", 1),
        Changes::new().set("n", f64::NAN),
        Changes::new().set("n", f64::INFINITY),
        Changes::new().set_field(Field::new("n", "nine").with_type(FieldType::Integer)),
    ];
    for changes in illegal {
        refused(db.patch("a", changes.clone()).await, ErrorKind::InvalidRecord)?;
        refused(db.patch("missing", changes).await, ErrorKind::InvalidRecord)?;
    }
    ensure_eq!(watched.asked(), asked, "requests to the store");
    stage.holds(&db, &three()?).await
}

async fn keeps_the_place_of_the_record(stage: &Stage<'_>) -> Outcome {
    let db = stage.open_with(vec![item("b", 1)?, item("a", 2)?, item("c", 3)?]).await?;
    db.patch("b", Changes::new().set("n", 9)).await?;
    ensure_eq!(ids(&db.search(&Query::new()).await?), ["b", "a", "c"]);
    Ok(())
}

async fn writes_when_the_version_is_the_expected_one(stage: &Stage<'_>) -> Outcome {
    let db = stage.open_with(three()?).await?;
    let options = WriteOptions::new().expecting(version_now(&db, "a").await?);
    ensure!(db.patch_with("a", Changes::new(), options).await?, "of an empty patch");
    let options = WriteOptions::new().expecting(version_now(&db, "a").await?);
    ensure!(db.patch_with("a", Changes::new().set("n", 9), options).await?);
    ensure_eq!(integer(&stored(&db, "a").await?, "n"), Some(9));
    Ok(())
}

async fn an_old_version_or_a_missing_record_is_a_conflict(stage: &Stage<'_>) -> Outcome {
    let db = stage.open_with(three()?).await?;
    let old = WriteOptions::new().expecting(version_now(&db, "a").await?);
    db.patch("a", Changes::new().set("n", 5)).await?;
    for changes in [Changes::new().set("n", 9), Changes::new()] {
        refused(db.patch_with("a", changes.clone(), old.clone()).await, ErrorKind::Conflict)?;
        refused(db.patch_with("d", changes.clone(), old.clone()).await, ErrorKind::Conflict)?;
        refused(db.patch_with("", changes, old.clone()).await, ErrorKind::Conflict)?;
    }
    stage.holds(&db, &[item("a", 5)?, item("b", 2)?, item("c", 3)?]).await
}

async fn racing_patches_of_other_fields_all_stay(stage: &Stage<'_>) -> Outcome {
    let db = stage.open_with(three()?).await?;
    let results = race(&db, 12, |db, number| {
        Box::pin(async move { db.patch("a", Changes::new().set(format!("field{number}"), number)).await })
    })
    .await?;
    for result in results {
        ensure!(result?, "a patch found nothing");
    }
    let read = stored(&db, "a").await?;
    for number in 0..12 {
        ensure_eq!(integer(&read, &format!("field{number}")), Some(number), "field{number}");
    }
    ensure_eq!(integer(&read, "n"), Some(1));
    Ok(())
}

async fn racing_increments_by_version_lose_none(stage: &Stage<'_>) -> Outcome {
    let db = stage.open_with(vec![record! { "n": 0 }?.with_id("counter")?]).await?;
    let results = race(&db, 6, |db, _| {
        Box::pin(async move {
            // One increment always wins, so six tasks need six rounds at most; a store may be slower.
            for _ in 0..1_000 {
                let Some(read) = db.read("counter").await? else { return Ok(false) };
                let options = read.version().cloned().map(|version| WriteOptions::new().expecting(version));
                let changes = Changes::new().set("n", integer(&read, "n").unwrap_or_default() + 1);
                match db.patch_with("counter", changes, options.unwrap_or_default()).await {
                    Err(error) if error.kind() == ErrorKind::Conflict => {}
                    result => return result,
                }
            }
            Ok(false)
        })
    })
    .await?;
    for result in results {
        ensure!(result?, "an increment was not done");
    }
    ensure_eq!(integer(&stored(&db, "counter").await?, "n"), Some(6), "the counter");
    Ok(())
}

pub(super) fn list() -> Vec<Behaviour> {
    behaviours! { "patch":
        always => [
            changes_single_fields_and_keeps_the_rest,
            unsetting_what_is_not_there_is_no_error,
            an_empty_patch_tells_whether_the_record_exists,
            is_false_for_a_missing_record_and_writes_nothing,
            illegal_changes_are_refused_and_nothing_is_written,
            writes_when_the_version_is_the_expected_one,
            an_old_version_or_a_missing_record_is_a_conflict,
            racing_patches_of_other_fields_all_stay,
            racing_increments_by_version_lose_none,
        ],
        with InsertionOrder => [keeps_the_place_of_the_record],
        without FixedFields => [sets_whole_fields_and_nulls],
        with FieldOrder => [keeps_the_order_of_fields_and_puts_new_ones_last],
    }
}
