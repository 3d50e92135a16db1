//! Reports each call through `tracing`.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::StreamExt;
use tracing::{Instrument, Span, debug, info, info_span, warn};

use super::layered::{wrap, wrap_transaction};
use super::{Layer, Operation};
use crate::backend::{Backend, RecordStream, Reply, Transaction};
use crate::error::{Error, ErrorKind, Result};
use crate::record::Record;

/// Reports each call: a span `store_call` with `operation` and `backend`, and at its end an event
/// with `outcome` (`ok`, or the error's kind) and `micros`. A scan is reported twice: when its stream
/// opens, and when that ends, with the number of chunks and records.
///
/// Calls that went well are debug events, refusals (not found, conflict, invalid …) info, and
/// failures of the store warnings. Ids, values, filters and error texts are never in them.
///
/// ```
/// use dataknobs_data_core::{backend::Backend, layers::Trace};
/// use std::sync::Arc;
/// fn traced(store: Arc<dyn Backend>) -> Arc<dyn Backend> {
///     Trace::new().wrap(store)
/// }
/// ```
#[derive(Debug, Clone, Copy, Default)]
pub struct Trace(());

impl Trace {
    /// The layer.
    ///
    /// ```
    /// use dataknobs_data_core::{Database, layers::Trace, memory::MemoryBackend};
    /// use std::sync::Arc;
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let store = Trace::new().wrap(Arc::new(MemoryBackend::new()));
    /// Database::from_backend(store).ping().await?; // a span and an event
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// # }).unwrap();
    /// ```
    pub fn new() -> Self {
        Trace(())
    }

    /// A backend inside this layer.
    ///
    /// ```
    /// use dataknobs_data_core::{layers::Trace, memory::MemoryBackend};
    /// use std::sync::Arc;
    /// let store = Trace::new().wrap(Arc::new(MemoryBackend::new()));
    /// assert_eq!(store.info().backend, "memory");
    /// ```
    pub fn wrap(self, backend: Arc<dyn Backend>) -> Arc<dyn Backend> {
        let layer = Tracing { backend: backend.info().backend };
        wrap(layer, backend)
    }
}

#[derive(Debug, Clone, Copy)]
struct Tracing {
    backend: &'static str,
}

impl Tracing {
    fn span(self, operation: Operation) -> Span {
        info_span!(target: "dataknobs_data", "store_call", operation = operation.name(), backend = self.backend)
    }
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

fn report(started: Instant, error: Option<&Error>) {
    let micros = micros(started.elapsed());
    match error.map(Error::kind) {
        None => debug!(target: "dataknobs_data", outcome = "ok", micros, "done"),
        Some(kind) if is_failure(kind) => warn!(target: "dataknobs_data", outcome = kind.name(), micros, "failed"),
        Some(kind) => info!(target: "dataknobs_data", outcome = kind.name(), micros, "refused"),
    }
}

/// Whether the store, not the caller, is the likely reason.
fn is_failure(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::Connection
            | ErrorKind::Timeout
            | ErrorKind::Auth
            | ErrorKind::Corrupt
            | ErrorKind::AmbiguousCommit
            | ErrorKind::Backend
            | ErrorKind::Io
    )
}

impl Layer for Tracing {
    fn call<'a, R, T, F>(&self, operation: Operation, request: R, mut make: F) -> Reply<'a, T>
    where
        R: Clone + Send + 'a,
        T: Send + 'a,
        F: FnMut(R) -> Reply<'a, T> + Send + 'a,
    {
        let span = self.span(operation);
        let started = Instant::now();
        match span.in_scope(|| make(request)) {
            Reply::Ready(answer) => {
                span.in_scope(|| report(started, answer.as_ref().and_then(|answer| answer.as_ref().err())));
                Reply::Ready(answer)
            }
            Reply::Later(future) => {
                let reported = async move {
                    let answer = future.await;
                    report(started, answer.as_ref().err());
                    answer
                };
                Reply::later(reported.instrument(span))
            }
        }
    }

    fn stream(&self, stream: RecordStream) -> RecordStream {
        let mut tally = Tally {
            span: self.span(Operation::NextChunk),
            started: Instant::now(),
            chunks: 0,
            records: 0,
            error: None,
        };
        Box::pin(stream.inspect(move |chunk| tally.add(chunk)))
    }

    fn transaction(&self, transaction: Box<dyn Transaction>) -> Box<dyn Transaction> {
        wrap_transaction(*self, transaction)
    }
}

/// What a stream gave; reported when it is dropped, read to its end or not.
struct Tally {
    span: Span,
    started: Instant,
    chunks: u64,
    records: u64,
    error: Option<ErrorKind>,
}

impl Tally {
    fn add(&mut self, chunk: &Result<Vec<Record>>) {
        match chunk {
            Ok(records) => {
                self.chunks += 1;
                self.records += records.len() as u64;
            }
            Err(error) => self.error = Some(error.kind()),
        }
    }
}

impl Drop for Tally {
    fn drop(&mut self) {
        let Tally { chunks, records, .. } = *self;
        let micros = micros(self.started.elapsed());
        self.span.in_scope(|| match self.error {
            None => debug!(target: "dataknobs_data", outcome = "ok", micros, chunks, records, "stream ended"),
            Some(kind) => {
                warn!(target: "dataknobs_data", outcome = kind.name(), micros, chunks, records, "stream failed");
            }
        });
    }
}
