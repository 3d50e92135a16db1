//! The layers over a store whose behaviour the tests choose.

mod batch;
mod double;
mod fault;
mod forward;
mod retry;
mod timeout;
mod trace;

use std::sync::Arc;
use std::time::Duration;

use double::Double;

use super::{Effect, Faults, Operation, Retry, RetryPolicy, When};
use crate::backend::{Backend, ReadRequest, WriteAction, WriteOutcome, WriteRequest};
use crate::error::{ErrorKind, Result};
use crate::record::{Record, RecordId, Version};
use crate::{Changes, record};

fn id(text: &str) -> RecordId {
    RecordId::new(text).unwrap()
}

fn person(age: i64) -> Record {
    record! { "name": "Ada", "age": age }.unwrap()
}

fn write(text: &str, action: WriteAction) -> WriteRequest {
    WriteRequest::new(id(text), action)
}

async fn stored(backend: &Arc<dyn Backend>, text: &str) -> Option<Record> {
    backend.read(ReadRequest::new(text)).await.unwrap()
}

/// A store, what it is flaky about, and the store as a retrying client sees it.
struct Setup {
    store: Arc<dyn Backend>,
    faults: Faults,
    client: Arc<dyn Backend>,
}

impl Setup {
    fn new(attempts: u32) -> Self {
        Self::over(Double::new(), attempts)
    }

    fn over(double: Double, attempts: u32) -> Self {
        let store: Arc<dyn Backend> = Arc::new(double);
        let faults = Faults::seeded(1);
        let client = Retry::new(RetryPolicy::with_attempts(attempts)).wrap(faults.wrap(store.clone()));
        Setup { store, faults, client }
    }

    /// The first call of this operation is carried out, but its answer gets lost.
    fn lose_first(self, operation: Operation) -> Self {
        self.faults.on(operation, When::Call(1), Effect::LoseReply(ErrorKind::Connection));
        self
    }

    /// Puts a record into the store, past all faults.
    async fn put(&self, text: &str, record: Record) -> Version {
        let outcome = self.store.write(write(text, WriteAction::Upsert(record))).await.unwrap();
        outcome.version.unwrap()
    }

    async fn write(&self, request: WriteRequest) -> Result<WriteOutcome> {
        self.client.write(request).await
    }
}
