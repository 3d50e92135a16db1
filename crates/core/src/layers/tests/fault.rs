//! Faults come as planned.

use futures_util::{StreamExt, TryStreamExt};

use super::*;
use crate::backend::*;
use crate::query::Condition;

fn flaky() -> (Faults, Arc<dyn Backend>) {
    let faults = Faults::seeded(7);
    let backend = faults.wrap(Arc::new(Double::ready()));
    (faults, backend)
}

#[tokio::test]
async fn a_fault_before_keeps_the_call_from_the_store_and_one_after_does_not() {
    let (faults, backend) = flaky();
    faults.on(Operation::Create, When::Call(1), Effect::FailBefore(ErrorKind::Io));
    faults.on(Operation::Create, When::Call(2), Effect::LoseReply(ErrorKind::Timeout));
    let create = || backend.write(write("a", WriteAction::Create(person(1))));
    let error = create().await.unwrap_err();
    assert_eq!((error.kind(), error.operation()), (ErrorKind::Io, Some("create")));
    assert!(stored(&backend, "a").await.is_none());
    assert_eq!(create().await.unwrap_err().kind(), ErrorKind::Timeout);
    assert!(stored(&backend, "a").await.is_some());
    assert_eq!(create().await.unwrap_err().kind(), ErrorKind::AlreadyExists);
    assert_eq!((faults.calls(Operation::Create), faults.calls(Operation::Read)), (3, 2));

    faults.on(None, When::Always, Effect::FailBefore(ErrorKind::Io));
    assert!(backend.ping().await.is_err());
    faults.clear();
    assert!(backend.ping().await.is_ok());
    faults.on(Operation::Update, When::Always, Effect::LoseReply(ErrorKind::Io));
    let refused = write("a", WriteAction::Update(person(2))).expecting(Version::from_number(99));
    assert_eq!(backend.write(refused).await.unwrap_err().kind(), ErrorKind::Conflict, "a real error stays");
    assert_eq!(format!("{faults:?}"), "Faults { faults: 1 }");
}

#[tokio::test(start_paused = true)]
async fn delays_come_before_the_call() {
    let (faults, backend) = flaky();
    faults.on(Operation::Create, When::First(1), Effect::Delay(Duration::from_secs(2)));
    faults.on(None, When::First(1), Effect::Delay(Duration::from_secs(1)));
    let started = tokio::time::Instant::now();
    backend.write(write("a", WriteAction::Create(person(1)))).await.unwrap();
    assert_eq!(started.elapsed(), Duration::from_secs(3));
}

#[tokio::test]
async fn chance_follows_the_seed() {
    let outcomes = |seed| async move {
        let faults = Faults::seeded(seed);
        faults.on(Operation::Ping, When::Chance(0.3), Effect::FailBefore(ErrorKind::Io));
        let backend = faults.wrap(Arc::new(Double::ready()));
        let mut outcomes = Vec::new();
        for _ in 0..200 {
            outcomes.push(backend.ping().await.is_ok());
        }
        outcomes
    };
    let first = outcomes(1).await;
    assert_eq!(first, outcomes(1).await);
    assert_ne!(first, outcomes(2).await);
    let failures = first.iter().filter(|ok| !**ok).count();
    assert!((30..90).contains(&failures), "{failures}");
}

#[tokio::test]
async fn streams_and_transactions_have_faults_too() {
    let (faults, backend) = flaky();
    backend.write(write("a", WriteAction::Create(person(1)))).await.unwrap();
    faults.on(Operation::NextChunk, When::Call(1), Effect::LoseReply(ErrorKind::Io));
    let mut stream = backend.scan(ScanRequest::new(Condition::TRUE)).await.unwrap();
    assert!(stream.next().await.unwrap().is_err());
    assert!(stream.next().await.is_none());
    let stream = backend.scan(ScanRequest::new(Condition::TRUE)).await.unwrap();
    assert_eq!(stream.try_collect::<Vec<_>>().await.unwrap().concat().len(), 1);

    let begin = || backend.transactional().unwrap().begin(TransactionOptions::default());
    faults.on(Operation::Commit, When::Call(1), Effect::FailBefore(ErrorKind::Connection));
    faults.on(Operation::Commit, When::Call(2), Effect::LoseReply(ErrorKind::AmbiguousCommit));
    for there in [true, false] {
        let transaction = begin().await.unwrap();
        transaction.write(write("a", WriteAction::Delete)).await.unwrap();
        assert!(transaction.commit().await.is_err());
        assert_eq!(stored(&backend, "a").await.is_some(), there);
    }
}
