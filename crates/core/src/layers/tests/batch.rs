//! Batches that are tried again.

use super::*;
use crate::backend::WriteBatchRequest;

fn creates(names: &[&str]) -> WriteBatchRequest {
    WriteBatchRequest::new(names.iter().map(|name| write(name, WriteAction::Create(person(1)))).collect())
}

async fn write_batch(setup: &Setup, batch: WriteBatchRequest) -> Result<Vec<WriteOutcome>> {
    setup.client.write_batch(batch).await
}

#[tokio::test(start_paused = true)]
async fn lost_creates_count_as_created() {
    for double in [Double::new(), Double::piecemeal()] {
        let setup = Setup::over(double, 4).lose_first(Operation::WriteBatch);
        let outcomes = write_batch(&setup, creates(&["a", "b"])).await.unwrap();
        assert_eq!(outcomes.iter().map(|outcome| outcome.id.as_str()).collect::<Vec<_>>(), ["a", "b"]);
        assert!(outcomes.iter().all(|outcome| !outcome.found && outcome.version.is_some()));
        assert_eq!(setup.faults.calls(Operation::WriteBatch), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn creates_that_never_arrived_are_made() {
    let setup = Setup::new(4);
    setup.faults.on(Operation::WriteBatch, When::First(2), Effect::FailBefore(ErrorKind::Timeout));
    assert_eq!(write_batch(&setup, creates(&["a", "b"])).await.unwrap().len(), 2);
    assert!(stored(&setup.store, "b").await.is_some());
}

#[tokio::test(start_paused = true)]
async fn piecemeal_creates_go_on_where_they_stopped() {
    let setup = Setup::over(Double::piecemeal(), 4);
    setup.faults.on(Operation::WriteBatch, When::Call(1), Effect::FailBefore(ErrorKind::Connection));
    setup.put("b", person(1)).await; // as if only this one had come through
    let outcomes = write_batch(&setup, creates(&["a", "b", "c"])).await.unwrap();
    assert_eq!(outcomes.iter().map(|outcome| outcome.id.as_str()).collect::<Vec<_>>(), ["a", "b", "c"]);
}

#[tokio::test(start_paused = true)]
async fn piecemeal_failures_keep_their_index() {
    let setup = Setup::over(Double::piecemeal(), 4);
    setup.faults.on(Operation::WriteBatch, When::Call(1), Effect::FailBefore(ErrorKind::Connection));
    setup.put("a", person(1)).await;
    setup.put("c", person(9)).await;
    let error = write_batch(&setup, creates(&["a", "b", "c"])).await.unwrap_err();
    assert_eq!(error.failures().iter().map(|failure| failure.index).collect::<Vec<_>>(), [2]);
    assert!(stored(&setup.store, "b").await.is_some());
}

#[tokio::test(start_paused = true)]
async fn half_an_atomic_batch_is_ambiguous() {
    let setup = Setup::new(4).lose_first(Operation::WriteBatch);
    let batch = creates(&["a", "b"]);
    setup.faults.on(Operation::ReadBatch, When::Call(1), Effect::FailBefore(ErrorKind::Connection));
    setup.faults.on(Operation::ReadBatch, When::Call(2), Effect::Delay(Duration::from_secs(60)));
    let (answer, ()) = tokio::join!(write_batch(&setup, batch), async {
        tokio::time::sleep(Duration::from_secs(30)).await;
        setup.put("a", person(9)).await;
    });
    let error = answer.unwrap_err();
    assert_eq!((error.kind(), error.context_value("found")), (ErrorKind::AmbiguousCommit, Some("1")));
}

#[tokio::test(start_paused = true)]
async fn creates_that_meet_other_records_fail() {
    let setup = Setup::new(4);
    setup.faults.on(Operation::WriteBatch, When::Call(1), Effect::FailBefore(ErrorKind::Connection));
    setup.put("a", person(9)).await;
    let error = write_batch(&setup, creates(&["a", "b"])).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AlreadyExists);
    assert!(stored(&setup.store, "b").await.is_none());
}

#[tokio::test(start_paused = true)]
async fn repeatable_batches_are_repeated_and_others_are_not() {
    let repeatable = || {
        let patch = WriteAction::Patch(Changes::new().set("age", 2));
        vec![write("a", WriteAction::Upsert(person(1))), write("a", patch), write("b", WriteAction::Delete)]
    };
    let setup = Setup::new(4).lose_first(Operation::WriteBatch);
    write_batch(&setup, WriteBatchRequest::new(repeatable())).await.unwrap();
    assert_eq!(stored(&setup.store, "a").await, Some(person(2)));

    let version = Version::from_number(1);
    let mut mixed = repeatable();
    mixed.push(write("c", WriteAction::Create(person(1))));
    let mut conditional = repeatable();
    conditional.push(write("a", WriteAction::Delete).expecting(version));
    let mut nameless = creates(&["a"]).writes;
    nameless.push(WriteRequest::new(None, WriteAction::Create(person(1))));
    for writes in [mixed, conditional, creates(&["a", "a"]).writes, nameless] {
        let setup = Setup::new(4);
        setup.faults.on(Operation::WriteBatch, When::Always, Effect::FailBefore(ErrorKind::Connection));
        assert!(write_batch(&setup, WriteBatchRequest::new(writes)).await.is_err());
        assert_eq!(setup.faults.calls(Operation::WriteBatch), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_batch_that_comes_through_late_is_found() {
    let setup = Setup::new(4);
    setup.faults.on(Operation::WriteBatch, When::Call(1), Effect::FailBefore(ErrorKind::Connection));
    setup.faults.on(Operation::WriteBatch, When::Call(2), Effect::Delay(Duration::from_secs(60)));
    let (answer, ()) = tokio::join!(write_batch(&setup, creates(&["a", "b"])), async {
        tokio::time::sleep(Duration::from_secs(30)).await;
        setup.put("a", person(1)).await;
        setup.put("b", person(1)).await;
    });
    assert_eq!(answer.unwrap().len(), 2);
}
