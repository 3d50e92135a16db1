//! What is tried again, how often, and what becomes of writes whose answer was lost.

use futures_util::TryStreamExt;
use tokio::time::Instant;

use super::*;
use crate::backend::*;
use crate::query::Condition;

const FAIL: Effect = Effect::FailBefore(ErrorKind::Connection);

#[tokio::test(start_paused = true)]
async fn reads_are_tried_again_until_they_work() {
    let setup = Setup::new(4);
    setup.put("a", person(1)).await;
    setup.faults.on(None, When::First(3), FAIL);
    assert!(stored(&setup.client, "a").await.is_some());
    assert!(setup.client.exists(ReadRequest::new("a")).await.unwrap());
    assert_eq!(setup.client.read_batch(ReadBatchRequest::new(&[id("a")])).await.unwrap().len(), 1);
    assert_eq!(setup.client.count(CountRequest::new(Condition::TRUE)).await.unwrap(), 1);
    setup.client.connect().await.unwrap();
    setup.client.flush().await.unwrap();
    assert!(setup.client.indexing().unwrap().list_indexes().await.unwrap().is_empty());
    setup.client.transactional().unwrap().begin(TransactionOptions::default()).await.unwrap();
    let aggregation = crate::Aggregation::new().group_by("age");
    let aggregating = setup.client.aggregating().unwrap();
    let table = aggregating.aggregate(&Condition::TRUE, &aggregation).unwrap().await.unwrap();
    assert_eq!(table.rows().len(), 1);
    for operation in [Operation::Read, Operation::Count, Operation::Connect, Operation::Begin, Operation::Aggregate] {
        assert_eq!(setup.faults.calls(operation), 4, "{operation:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn after_the_last_attempt_the_error_comes_with_their_number() {
    let setup = Setup::new(3);
    setup.faults.on(None, When::Always, FAIL);
    let error = setup.client.read(ReadRequest::new("a")).await.unwrap_err();
    assert_eq!((error.kind(), error.context_value("attempts")), (ErrorKind::Connection, Some("3")));
    assert_eq!(setup.faults.calls(Operation::Read), 3);
}

#[tokio::test(start_paused = true)]
async fn what_will_not_pass_is_not_tried_again() {
    let setup = Setup::new(3);
    setup.faults.on(Operation::Read, When::Always, Effect::FailBefore(ErrorKind::Auth));
    let error = setup.client.read(ReadRequest::new("a")).await.unwrap_err();
    assert_eq!((error.kind(), error.context_value("attempts")), (ErrorKind::Auth, None));
    assert_eq!(setup.faults.calls(Operation::Read), 1);
}

#[tokio::test(start_paused = true)]
async fn some_calls_are_made_once() {
    let setup = Setup::new(3);
    let transaction = setup.client.transactional().unwrap().begin(TransactionOptions::default()).await.unwrap();
    setup.faults.on(None, When::Always, FAIL);
    assert!(setup.client.ping().await.is_err());
    assert!(setup.client.close().await.is_err());
    let modify = ModifyRequest::new(Condition::TRUE, ModifyAction::Delete);
    assert!(setup.client.modifying().unwrap().modify(modify).await.is_err());
    assert!(setup.write(WriteRequest::new(None, WriteAction::Create(person(1)))).await.is_err());
    assert!(transaction.read(ReadRequest::new("a")).await.is_err());
    assert!(transaction.commit().await.is_err());
    let once =
        [Operation::Ping, Operation::Close, Operation::Modify, Operation::Create, Operation::Read, Operation::Commit];
    for operation in once {
        assert_eq!(setup.faults.calls(operation), 1, "{operation:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_deadline_ends_the_tries() {
    let store: Arc<dyn Backend> = Arc::new(Double::new());
    let faults = Faults::seeded(1);
    faults.on(None, When::Always, Effect::Delay(Duration::from_secs(1)));
    faults.on(None, When::Always, FAIL);
    let policy = RetryPolicy { deadline: Some(Duration::from_secs(10)), ..RetryPolicy::with_attempts(1000) };
    let client = Retry::new(policy).wrap(faults.wrap(store));
    let started = Instant::now();
    let error = client.read(ReadRequest::new("a")).await.unwrap_err();
    assert!(started.elapsed() <= Duration::from_secs(11), "{:?}", started.elapsed());
    let attempts: u32 = error.context_value("attempts").unwrap().parse().unwrap();
    assert!((3..=10).contains(&attempts), "{attempts}");
}

#[tokio::test(start_paused = true)]
async fn waits_grow_but_stay_within_their_limit() {
    let store: Arc<dyn Backend> = Arc::new(Double::new());
    let faults = Faults::seeded(1);
    faults.on(None, When::Always, FAIL);
    let policy = RetryPolicy {
        base_delay: Duration::from_secs(1),
        max_delay: Duration::from_secs(2),
        ..RetryPolicy::with_attempts(101)
    };
    let client = Retry::new(policy).wrap(faults.wrap(store));
    let started = Instant::now();
    assert!(client.read(ReadRequest::new("a")).await.is_err());
    // A hundred waits, each random between 0 and 2 s.
    let waited = started.elapsed().as_secs();
    assert!((60..140).contains(&waited), "{waited}");
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_fails_before_its_first_chunk_is_opened_again() {
    let setup = Setup::new(3);
    setup.put("a", person(1)).await;
    setup.faults.on(Operation::NextChunk, When::Call(1), FAIL);
    let stream = setup.client.scan(ScanRequest::new(Condition::TRUE)).await.unwrap();
    let chunks: Vec<_> = stream.try_collect().await.unwrap();
    assert_eq!(chunks.concat().len(), 1);
    assert_eq!(setup.faults.calls(Operation::Scan), 2);

    setup.faults.on(Operation::NextChunk, When::Call(5), FAIL);
    let stream = setup.client.scan(ScanRequest::new(Condition::TRUE)).await.unwrap();
    assert!(stream.try_collect::<Vec<_>>().await.is_err(), "what comes after the first chunk is not tried again");
}

#[tokio::test(start_paused = true)]
async fn a_create_whose_answer_was_lost_counts_as_created() {
    for double in [Double::new(), Double::ready()] {
        let setup = Setup::over(double, 4).lose_first(Operation::Create);
        let outcome = setup.write(write("a", WriteAction::Create(person(1)))).await.unwrap();
        assert_eq!(outcome.version.as_ref(), stored(&setup.store, "a").await.unwrap().version());
        assert!(!outcome.found);
        assert_eq!(setup.faults.calls(Operation::Create), 1, "it looked before it created again");
    }
}

#[tokio::test(start_paused = true)]
async fn a_create_that_never_arrived_is_made_again() {
    let setup = Setup::new(4);
    setup.faults.on(Operation::Create, When::First(2), FAIL);
    setup.write(write("a", WriteAction::Create(person(1)))).await.unwrap();
    assert_eq!(stored(&setup.store, "a").await, Some(person(1)));
}

#[tokio::test(start_paused = true)]
async fn a_create_meets_another_record_under_its_id() {
    let setup = Setup::new(4);
    setup.faults.on(Operation::Create, When::Call(1), FAIL);
    setup.put("a", person(2)).await;
    let error = setup.write(write("a", WriteAction::Create(person(1)))).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AlreadyExists);
    assert_eq!(stored(&setup.store, "a").await, Some(person(2)));

    let clear = Setup::new(4);
    clear.put("a", person(1)).await;
    let error = clear.write(write("a", WriteAction::Create(person(1)))).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AlreadyExists, "without a lost answer, equal is no excuse");
}

#[tokio::test(start_paused = true)]
async fn a_create_that_comes_through_late_is_found() {
    for (late, kind) in [(person(1), None), (person(9), Some(ErrorKind::AlreadyExists))] {
        let setup = Setup::new(4);
        setup.faults.on(Operation::Create, When::Call(1), FAIL);
        // The look finds nothing; by the time it creates again, the first try has come through.
        setup.faults.on(Operation::Create, When::Call(2), Effect::Delay(Duration::from_secs(60)));
        let (answer, ()) = tokio::join!(setup.write(write("a", WriteAction::Create(person(1)))), async {
            tokio::time::sleep(Duration::from_secs(30)).await;
            setup.put("a", late).await;
        });
        assert_eq!(answer.err().map(|error| error.kind()), kind);
        assert_eq!(setup.faults.calls(Operation::Read), 2);
    }
}

#[tokio::test(start_paused = true)]
async fn a_look_that_fails_is_tried_again_too() {
    let setup = Setup::new(4).lose_first(Operation::Create);
    setup.faults.on(Operation::Read, When::Call(1), Effect::LoseReply(ErrorKind::Timeout));
    setup.write(write("a", WriteAction::Create(person(1)))).await.unwrap();
    assert_eq!(setup.faults.calls(Operation::Read), 2);
}

#[tokio::test(start_paused = true)]
async fn plain_writes_are_repeated() {
    let changes = || Changes::new().set("age", 2);
    for (operation, action) in [
        (Operation::Update, WriteAction::Update(person(2))),
        (Operation::Upsert, WriteAction::Upsert(person(2))),
        (Operation::Patch, WriteAction::Patch(changes())),
    ] {
        let setup = Setup::new(4).lose_first(operation);
        setup.put("a", person(1)).await;
        assert!(setup.write(write("a", action)).await.unwrap().found);
        assert_eq!(stored(&setup.store, "a").await, Some(person(2)));
        assert_eq!(setup.faults.calls(operation), 2);
    }
    let setup = Setup::new(4).lose_first(Operation::Delete);
    setup.put("a", person(1)).await;
    let outcome = setup.write(write("a", WriteAction::Delete)).await.unwrap();
    assert!(!outcome.found, "it says what the last try found");
    assert_eq!(stored(&setup.store, "a").await, None);
}

#[tokio::test(start_paused = true)]
async fn a_conflict_with_its_own_lost_write_counts_as_done() {
    for (operation, action) in [
        (Operation::Update, WriteAction::Update(person(2))),
        (Operation::Upsert, WriteAction::Upsert(person(2))),
        (Operation::Patch, WriteAction::Patch(Changes::new().set("age", 2))),
        (Operation::Delete, WriteAction::Delete),
    ] {
        let setup = Setup::new(4).lose_first(operation);
        let version = setup.put("a", person(1)).await;
        let outcome = setup.write(write("a", action).expecting(version)).await.unwrap();
        let now = stored(&setup.store, "a").await;
        assert!(outcome.found);
        assert_eq!(outcome.version.as_ref(), now.as_ref().and_then(Record::version));
        assert_eq!(now, (operation != Operation::Delete).then(|| person(2)), "{operation:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_conflict_that_cannot_be_told_apart_is_ambiguous() {
    for (operation, action) in [
        (Operation::Update, WriteAction::Update(person(2))),
        (Operation::Patch, WriteAction::Patch(Changes::new().set("age", 2))),
        (Operation::Delete, WriteAction::Delete),
    ] {
        let setup = Setup::new(4);
        let version = setup.put("a", person(1)).await;
        setup.faults.on(operation, When::Call(1), FAIL);
        setup.put("a", person(9)).await;
        let error = setup.write(write("a", action.clone()).expecting(version.clone())).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::AmbiguousCommit, "{operation:?}");
        assert_eq!(stored(&setup.store, "a").await, Some(person(9)));

        let error = setup.write(write("a", action).expecting(version)).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Conflict, "nothing was lost this time");
    }
}

#[tokio::test(start_paused = true)]
async fn an_ambiguous_answer_is_looked_into() {
    let setup = Setup::new(4);
    setup.faults.on(Operation::Create, When::Call(1), Effect::LoseReply(ErrorKind::AmbiguousCommit));
    setup.write(write("a", WriteAction::Create(person(1)))).await.unwrap();
    assert_eq!(setup.faults.calls(Operation::Read), 1);
}
