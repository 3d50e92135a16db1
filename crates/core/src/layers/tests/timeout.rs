//! Calls that take too long.

use futures_util::{StreamExt, TryStreamExt};

use super::*;
use crate::backend::*;
use crate::layers::Timeout;
use crate::query::Condition;

fn slow(operation: Operation) -> Arc<dyn Backend> {
    let faults = Faults::seeded(1);
    faults.on(operation, When::Always, Effect::Delay(Duration::from_secs(60)));
    Timeout::new(Duration::from_millis(1500)).wrap(faults.wrap(Arc::new(Double::new())))
}

#[tokio::test(start_paused = true)]
async fn a_call_that_takes_too_long_fails_with_its_operation() {
    let backend = slow(Operation::Read);
    let error = backend.read(ReadRequest::new("a")).await.unwrap_err();
    assert_eq!((error.kind(), error.operation()), (ErrorKind::Timeout, Some("read")));
    assert_eq!(error.context_value("timeout"), Some("1500ms"));
    assert!(!backend.exists(ReadRequest::new("a")).await.unwrap(), "others are not affected");
}

#[tokio::test(start_paused = true)]
async fn a_commit_that_takes_too_long_is_ambiguous() {
    let transaction = slow(Operation::Commit).transactional().unwrap().begin(TransactionOptions::default()).await;
    let error = transaction.unwrap().commit().await.unwrap_err();
    assert_eq!((error.kind(), error.operation()), (ErrorKind::AmbiguousCommit, Some("commit")));
}

#[tokio::test(start_paused = true)]
async fn each_chunk_has_the_whole_time() {
    let backend = slow(Operation::NextChunk);
    let mut stream = backend.scan(ScanRequest::new(Condition::TRUE)).await.unwrap();
    assert_eq!(stream.next().await.unwrap().unwrap_err().kind(), ErrorKind::Timeout);
    assert!(stream.next().await.is_none(), "a stream ends with its error");

    let quick = slow(Operation::Ping);
    quick.write(write("a", WriteAction::Create(person(1)))).await.unwrap();
    let stream = quick.scan(ScanRequest::new(Condition::TRUE)).await.unwrap();
    assert_eq!(stream.try_collect::<Vec<_>>().await.unwrap().concat().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_retrying_client_gets_over_a_slow_try() {
    let faults = Faults::seeded(1);
    faults.on(Operation::Create, When::Call(1), Effect::Delay(Duration::from_secs(60)));
    let each_try = Timeout::new(Duration::from_secs(1)).wrap(faults.wrap(Arc::new(Double::new())));
    let client = Retry::new(RetryPolicy::default()).wrap(each_try);
    client.write(write("a", WriteAction::Create(person(1)))).await.unwrap();
    assert_eq!(faults.calls(Operation::Create), 2);
}
