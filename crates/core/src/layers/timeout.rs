//! Bounds each call in time.

use std::sync::Arc;
use std::time::Duration;

use futures_util::{StreamExt, stream};

use super::layered::{wrap, wrap_transaction};
use super::{Layer, Operation};
use crate::backend::{Backend, RecordStream, Reply, Transaction};
use crate::config::format_duration;
use crate::error::{Error, ErrorKind};

/// Bounds each call, and each chunk of a stream.
///
/// A call that takes longer is dropped and fails with
/// [`ErrorKind::Timeout`](crate::ErrorKind::Timeout) and its operation; a write may still have
/// happened. A commit fails with [`ErrorKind::AmbiguousCommit`](crate::ErrorKind::AmbiguousCommit),
/// which says just that. Answers that are at hand are never late.
///
/// ```
/// use dataknobs_data_core::{backend::Backend, layers::Timeout};
/// use std::{sync::Arc, time::Duration};
/// fn bounded(store: Arc<dyn Backend>) -> Arc<dyn Backend> {
///     Timeout::new(Duration::from_secs(30)).wrap(store)
/// }
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Timeout {
    limit: Duration,
}

impl Timeout {
    /// At most this long for each call.
    ///
    /// ```
    /// use dataknobs_data_core::layers::{Effect, Faults, Operation, Timeout, When};
    /// use dataknobs_data_core::memory::MemoryBackend;
    /// use dataknobs_data_core::{Database, ErrorKind};
    /// use std::sync::Arc;
    /// use std::time::Duration;
    /// # tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(async {
    /// let faults = Faults::seeded(7);
    /// faults.on(Operation::Ping, When::Always, Effect::Delay(Duration::from_secs(60)));
    /// let store = Timeout::new(Duration::from_millis(5)).wrap(faults.wrap(Arc::new(MemoryBackend::new())));
    /// assert_eq!(Database::from_backend(store).ping().await.unwrap_err().kind(), ErrorKind::Timeout);
    /// # });
    /// ```
    pub fn new(limit: Duration) -> Self {
        Timeout { limit }
    }

    /// A backend inside this layer.
    ///
    /// ```
    /// use dataknobs_data_core::{layers::Timeout, memory::MemoryBackend};
    /// use std::sync::Arc;
    /// use std::time::Duration;
    /// let store = Timeout::new(Duration::from_secs(30)).wrap(Arc::new(MemoryBackend::new()));
    /// assert_eq!(store.info().backend, "memory");
    /// ```
    pub fn wrap(self, backend: Arc<dyn Backend>) -> Arc<dyn Backend> {
        wrap(self, backend)
    }

    fn error(self, operation: Operation) -> Error {
        let error = match operation {
            Operation::Commit => {
                Error::new(ErrorKind::AmbiguousCommit, "the commit took longer than it was allowed to")
            }
            _ => Error::new(ErrorKind::Timeout, "the call took longer than it was allowed to"),
        };
        error.with_operation(operation.name()).with_context("timeout", format_duration(self.limit))
    }
}

impl Layer for Timeout {
    fn call<'a, R, T, F>(&self, operation: Operation, request: R, mut make: F) -> Reply<'a, T>
    where
        R: Clone + Send + 'a,
        T: Send + 'a,
        F: FnMut(R) -> Reply<'a, T> + Send + 'a,
    {
        let timeout = *self;
        match make(request) {
            Reply::Later(future) => Reply::later(async move {
                let answer = tokio::time::timeout(timeout.limit, future).await;
                answer.unwrap_or_else(|_| Err(timeout.error(operation)))
            }),
            ready => ready,
        }
    }

    fn stream(&self, stream: RecordStream) -> RecordStream {
        let timeout = *self;
        Box::pin(stream::unfold(Some(stream), move |stream| async move {
            let mut stream = stream?;
            match tokio::time::timeout(timeout.limit, stream.next()).await {
                Ok(chunk) => Some((chunk?, Some(stream))),
                Err(_) => Some((Err(timeout.error(Operation::NextChunk)), None)),
            }
        }))
    }

    fn transaction(&self, transaction: Box<dyn Transaction>) -> Box<dyn Transaction> {
        wrap_transaction(*self, transaction)
    }
}
