//! Layers: what wraps any backend and is a backend itself.
//!
//! | layer | does |
//! |---|---|
//! | [`Retry`] | repeats what failed for a passing reason, where repeating is safe |
//! | [`Timeout`] | bounds each call |
//! | [`Trace`] | reports each call through `tracing` |
//! | [`Faults`] | makes calls fail or wait, for tests |
//!
//! A layer hooks into calls in one place, the private trait `Layer`; `layered.rs` forwards every
//! method of every trait through it. An answer that is at hand ([`Reply::Ready`]) stays so on its way through.
//!
//! ```
//! use dataknobs_data_core::{backend::Backend, layers::{Retry, RetryPolicy, Timeout}};
//! use std::{sync::Arc, time::Duration};
//! fn patient(store: Arc<dyn Backend>) -> Arc<dyn Backend> {
//!     let each_try = Timeout::new(Duration::from_secs(2)).wrap(store);
//!     Retry::new(RetryPolicy::default()).wrap(each_try)
//! }
//! ```

mod fault;
mod layered;
mod operation;
mod random;
mod retry;
mod timeout;
mod trace;

#[cfg(test)]
mod tests;

use std::fmt::Debug;

pub use fault::{Effect, Faults, When};
pub use operation::Operation;
pub use retry::{Retry, RetryPolicy};
pub use timeout::Timeout;
pub use trace::Trace;

use crate::backend::{
    RecordStream, Reply, ScanRequest, Session, Transaction, WriteBatchRequest, WriteOutcome, WriteRequest,
};
use crate::capability::Capabilities;

/// What one layer does to the calls that pass through it.
///
/// Replies do not borrow from the layer: what a future needs of it, it clones, so cloning is cheap.
trait Layer: Clone + Debug + Send + Sync + 'static {
    /// One call. `make` makes it, once for each request that it is given.
    fn call<'a, R, T, F>(&self, operation: Operation, request: R, make: F) -> Reply<'a, T>
    where
        R: Clone + Send + 'a,
        T: Send + 'a,
        F: FnMut(R) -> Reply<'a, T> + Send + 'a;

    /// The chunks that a scan answered with.
    fn stream(&self, stream: RecordStream) -> RecordStream;

    /// A transaction that was begun.
    fn transaction(&self, transaction: Box<dyn Transaction>) -> Box<dyn Transaction>;

    /// A write. `capabilities` are none inside a transaction.
    fn write<'a, S: Session + ?Sized>(
        &self,
        session: &'a S,
        _capabilities: Option<&'a Capabilities>,
        request: WriteRequest,
    ) -> Reply<'a, WriteOutcome> {
        self.call(Operation::of(&request.action), request, |request| session.write(request))
    }

    /// A batch of writes.
    fn write_batch<'a, S: Session + ?Sized>(
        &self,
        session: &'a S,
        _capabilities: Option<&'a Capabilities>,
        request: WriteBatchRequest,
    ) -> Reply<'a, Vec<WriteOutcome>> {
        self.call(Operation::WriteBatch, request, |request| session.write_batch(request))
    }

    /// A scan, up to its stream.
    fn scan<'a, S: Session + ?Sized>(&self, session: &'a S, request: ScanRequest) -> Reply<'a, RecordStream> {
        self.call(Operation::Scan, request, |request| session.scan(request))
    }
}
