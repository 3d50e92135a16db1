//! Tries again what failed for a passing reason.

mod batch;
mod policy;
mod same;
mod single;

use std::sync::Arc;
use std::time::Duration;

use futures_util::{StreamExt, stream};
use tokio::time::Instant;
use tracing::debug;

pub use policy::RetryPolicy;

use super::layered::wrap;
use super::random::Random;
use super::{Layer, Operation};
use crate::backend::{
    Backend, RecordStream, Reply, ScanRequest, Session, Transaction, WriteBatchRequest, WriteOutcome, WriteRequest,
};
use crate::capability::Capabilities;
use crate::error::{Error, ErrorKind, Result};

/// Tries calls again that failed with a [retryable](Error::is_retryable) error, where that is safe.
///
/// | call | tried again |
/// |---|---|
/// | reads, count, aggregate, access plan, connect, flush, begin, indexes | yes; `drop_index` answers what the last try found |
/// | scan | until its first chunk came; a stream that breaks later fails |
/// | create with an id | yes; first it looks whether the record is there by now: equal to what was sent counts as created, another one is AlreadyExists |
/// | update, upsert, patch, delete | yes; `found` is what the last try found, so a delete whose answer was lost may say false |
/// | the same with an expected version | yes; a Conflict after a lost answer counts as done if the record now is what the write makes of it, else it is AmbiguousCommit |
/// | a batch of only creates | yes; as each create |
/// | a batch of other writes without expected versions | yes, as a whole |
/// | create without an id, other batches, changes by condition | no |
/// | anything inside a transaction, commit, rollback, ping, close | no |
///
/// A write whose answer was lost (Connection, Timeout, AmbiguousCommit …) may have happened; a
/// refused one (a retryable Conflict) has not.
///
/// ```
/// use dataknobs_data_core::{backend::Backend, layers::{Retry, RetryPolicy}};
/// use std::sync::Arc;
/// fn persistent(store: Arc<dyn Backend>) -> Arc<dyn Backend> {
///     Retry::new(RetryPolicy::with_attempts(5)).wrap(store)
/// }
/// ```
#[derive(Debug, Clone)]
pub struct Retry {
    policy: RetryPolicy,
    jitter: Arc<Random>,
}

impl Retry {
    /// Tries again by this policy.
    ///
    /// ```
    /// use dataknobs_data_core::layers::{Effect, Faults, Operation, Retry, RetryPolicy, When};
    /// use dataknobs_data_core::memory::MemoryBackend;
    /// use dataknobs_data_core::{Database, ErrorKind, Query};
    /// use std::sync::Arc;
    /// # tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(async {
    /// let faults = Faults::seeded(7);
    /// faults.on(Operation::Count, When::Call(1), Effect::FailBefore(ErrorKind::Timeout));
    /// let store = Retry::new(RetryPolicy::with_attempts(2)).wrap(faults.wrap(Arc::new(MemoryBackend::new())));
    /// assert_eq!(Database::from_backend(store).count(&Query::new()).await?, 0);
    /// assert_eq!(faults.calls(Operation::Count), 2);
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// # }).unwrap();
    /// ```
    pub fn new(policy: RetryPolicy) -> Self {
        Retry { policy, jitter: Arc::new(Random::unpredictable()) }
    }

    /// How long to wait before something is tried again that failed this often and was begun this long ago;
    /// none when it is not to be tried again. For what is no call of a backend and repeats by itself.
    ///
    /// ```
    /// use dataknobs_data_core::layers::{Retry, RetryPolicy};
    /// use std::time::Duration;
    /// let retry = Retry::new(RetryPolicy::with_attempts(2));
    /// assert!(retry.pause(1, Duration::ZERO).is_some_and(|pause| pause <= Duration::from_millis(100)));
    /// assert_eq!(retry.pause(2, Duration::ZERO), None);
    /// ```
    pub fn pause(&self, failed: u32, since: Duration) -> Option<Duration> {
        let delay = self.policy.longest_delay(failed).mul_f64(self.jitter.fraction());
        let too_late = self.policy.deadline.is_some_and(|deadline| since.saturating_add(delay) >= deadline);
        (failed < self.policy.attempts && !too_late).then_some(delay)
    }

    /// A backend inside this layer.
    ///
    /// ```
    /// use dataknobs_data_core::{layers::{Retry, RetryPolicy}, memory::MemoryBackend};
    /// use std::sync::Arc;
    /// let store = Retry::new(RetryPolicy::default()).wrap(Arc::new(MemoryBackend::new()));
    /// assert_eq!(store.info().backend, "memory");
    /// ```
    pub fn wrap(self, backend: Arc<dyn Backend>) -> Arc<dyn Backend> {
        wrap(self, backend)
    }

    fn attempts(&self, operation: Operation) -> Attempts {
        Attempts { retry: self.clone(), operation, made: 1, started: Instant::now() }
    }

    /// Answers what `first` does, unless that is a failure that `again` may overcome.
    fn unless<'a, T, F>(
        &self,
        operation: Operation,
        first: Reply<'a, T>,
        may_pass: fn(&Error) -> bool,
        again: F,
    ) -> Reply<'a, T>
    where
        T: Send + 'a,
        F: FnMut(Outcome) -> Reply<'a, T> + Send + 'a,
    {
        match first {
            Reply::Ready(Some(Err(error))) if may_pass(&error) => {
                let attempts = self.attempts(operation);
                Reply::later(async move { attempts.repeat(error, again).await })
            }
            Reply::Ready(answer) => Reply::Ready(answer),
            Reply::Later(future) => {
                let attempts = self.attempts(operation);
                Reply::later(async move {
                    match future.await {
                        Err(error) if may_pass(&error) => attempts.repeat(error, again).await,
                        answer => answer,
                    }
                })
            }
        }
    }
}

/// What is known about the tries so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    /// None has changed anything.
    NotDone,
    /// One may have been carried out.
    Unknown,
}

impl Outcome {
    fn of(error: &Error) -> Self {
        if error.kind() == ErrorKind::Conflict { Outcome::NotDone } else { Outcome::Unknown }
    }
}

/// The tries of one call.
struct Attempts {
    retry: Retry,
    operation: Operation,
    made: u32,
    started: Instant,
}

impl Attempts {
    async fn repeat<'a, T>(
        mut self,
        mut error: Error,
        mut again: impl FnMut(Outcome) -> Reply<'a, T> + Send,
    ) -> Result<T> {
        let mut outcome = Outcome::NotDone;
        loop {
            if Outcome::of(&error) == Outcome::Unknown {
                outcome = Outcome::Unknown;
            }
            self.wait(error).await?;
            match again(outcome).await {
                Err(next) if next.is_retryable() => error = next,
                answer => return answer,
            }
        }
    }

    /// Waits for the next try; the error comes back when there is none left.
    async fn wait(&mut self, error: Error) -> Result<()> {
        let Some(delay) = self.retry.pause(self.made, self.started.elapsed()) else {
            return Err(if self.made > 1 { error.with_context("attempts", self.made) } else { error });
        };
        debug!(
            target: "dataknobs_data",
            operation = self.operation.name(),
            attempt = self.made,
            outcome = error.kind().name(),
            delay_micros = u64::try_from(delay.as_micros()).unwrap_or(u64::MAX),
            "will try again"
        );
        self.made += 1;
        if delay > Duration::ZERO {
            tokio::time::sleep(delay).await;
        }
        Ok(())
    }
}

/// Whether a failed write is worth another look: it can be made again, or may have happened.
fn write_may_pass(error: &Error) -> bool {
    error.is_retryable() || error.kind() == ErrorKind::AmbiguousCommit
}

impl Layer for Retry {
    fn call<'a, R, T, F>(&self, operation: Operation, request: R, mut make: F) -> Reply<'a, T>
    where
        R: Clone + Send + 'a,
        T: Send + 'a,
        F: FnMut(R) -> Reply<'a, T> + Send + 'a,
    {
        if !operation.is_repeatable() {
            return make(request);
        }
        let first = make(request.clone());
        self.unless(operation, first, Error::is_retryable, move |_| make(request.clone()))
    }

    fn stream(&self, stream: RecordStream) -> RecordStream {
        stream
    }

    /// A transaction ends with the connection it runs on, so nothing in it can be tried again.
    fn transaction(&self, transaction: Box<dyn Transaction>) -> Box<dyn Transaction> {
        transaction
    }

    fn write<'a, S: Session + ?Sized>(
        &self,
        session: &'a S,
        capabilities: Option<&'a Capabilities>,
        request: WriteRequest,
    ) -> Reply<'a, WriteOutcome> {
        single::write(self, session, capabilities, request)
    }

    fn write_batch<'a, S: Session + ?Sized>(
        &self,
        session: &'a S,
        capabilities: Option<&'a Capabilities>,
        request: WriteBatchRequest,
    ) -> Reply<'a, Vec<WriteOutcome>> {
        batch::write(self, session, capabilities, request)
    }

    /// Many stores fail with the first chunk, not when the stream opens: both count as the scan.
    fn scan<'a, S: Session + ?Sized>(&self, session: &'a S, request: ScanRequest) -> Reply<'a, RecordStream> {
        self.call(Operation::Scan, request, |request| {
            let opened = session.scan(request);
            Reply::later(async move {
                let mut rest = opened.await?;
                let first = rest.next().await.transpose()?;
                let stream: RecordStream = Box::pin(stream::iter(first.map(Ok)).chain(rest));
                Ok(stream)
            })
        })
    }
}
