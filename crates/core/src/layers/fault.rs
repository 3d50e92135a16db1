//! Makes calls fail or wait, for tests.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures_util::{StreamExt, stream};
use parking_lot::Mutex;

use super::layered::{wrap, wrap_transaction};
use super::random::Random;
use super::{Layer, Operation};
use crate::backend::{Backend, RecordStream, Reply, Transaction};
use crate::error::{Error, ErrorKind, Result};

/// Which calls a fault hits.
///
/// ```
/// use dataknobs_data_core::layers::{Effect, Faults, Operation, When};
/// use dataknobs_data_core::memory::MemoryBackend;
/// use dataknobs_data_core::{Database, ErrorKind, Query, SyncDatabase};
/// use std::sync::Arc;
/// let faults = Faults::seeded(7);
/// let db = SyncDatabase::new(Database::from_backend(faults.wrap(Arc::new(MemoryBackend::new()))));
/// faults.on(Operation::Count, When::First(2), Effect::FailBefore(ErrorKind::Timeout));
/// assert!(db.count(&Query::new()).is_err() && db.count(&Query::new()).is_err());
/// assert_eq!(db.count(&Query::new())?, 0);
/// # Ok::<(), dataknobs_data_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum When {
    /// All of them.
    Always,
    /// The n-th of its operation, counted from 1.
    Call(u64),
    /// The first n of its operation.
    First(u64),
    /// Each with this probability, from 0 to 1; the seed decides which.
    Chance(f64),
}

/// What a fault does.
///
/// ```
/// use dataknobs_data_core::layers::{Effect, Faults, Operation, When};
/// use dataknobs_data_core::memory::MemoryBackend;
/// use dataknobs_data_core::{Database, ErrorKind, Query, SyncDatabase, record};
/// use std::sync::Arc;
/// let faults = Faults::seeded(7);
/// let db = SyncDatabase::new(Database::from_backend(faults.wrap(Arc::new(MemoryBackend::new()))));
/// faults.on(Operation::Create, When::Always, Effect::LoseReply(ErrorKind::Connection));
/// assert!(db.create(record! { "n": 1 }?).is_err());
/// assert_eq!(db.count(&Query::new())?, 1); // only the answer was lost
/// # Ok::<(), dataknobs_data_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Effect {
    /// Fails without asking the store.
    FailBefore(ErrorKind),
    /// Lets the store do it, then fails as if the answer were lost.
    LoseReply(ErrorKind),
    /// Waits first.
    Delay(Duration),
}

/// Injects faults into a backend, by plan or by chance; and counts the calls that reach it.
///
/// ```
/// use dataknobs_data_core::{ErrorKind, backend::Backend, layers::{Effect, Faults, Operation, When}};
/// use std::sync::Arc;
/// fn flaky(store: Arc<dyn Backend>) -> Arc<dyn Backend> {
///     let faults = Faults::seeded(7);
///     faults.on(Operation::Create, When::Call(1), Effect::LoseReply(ErrorKind::Connection));
///     faults.on(None, When::Chance(0.1), Effect::FailBefore(ErrorKind::Timeout));
///     faults.wrap(store)
/// }
/// ```
#[derive(Clone)]
pub struct Faults(Arc<State>);

struct State {
    random: Random,
    plan: Mutex<Plan>,
}

struct Plan {
    faults: Vec<Fault>,
    calls: [u64; Operation::COUNT],
}

#[derive(Clone, Copy)]
struct Fault {
    operation: Option<Operation>,
    when: When,
    effect: Effect,
}

/// What is to happen to one call.
#[derive(Clone, Copy, Default)]
struct Fate {
    delay: Duration,
    before: Option<ErrorKind>,
    after: Option<ErrorKind>,
}

impl Faults {
    /// No faults yet; this seed decides about those that come by chance.
    ///
    /// ```
    /// use dataknobs_data_core::layers::{Faults, Operation};
    /// let faults = Faults::seeded(7);
    /// assert_eq!(faults.calls(Operation::Read), 0);
    /// ```
    pub fn seeded(seed: u64) -> Self {
        let plan = Plan { faults: Vec::new(), calls: [0; Operation::COUNT] };
        Faults(Arc::new(State { random: Random::seeded(seed), plan: Mutex::new(plan) }))
    }

    /// Adds a fault to an operation, or to all of them. Also possible while the backend is in use.
    ///
    /// ```
    /// use dataknobs_data_core::{ErrorKind, layers::{Effect, When}};
    /// # use dataknobs_data_core::{Database, SyncDatabase, layers::Faults, memory::MemoryBackend};
    /// # use std::sync::Arc;
    /// # let faults = Faults::seeded(7);
    /// # let db = SyncDatabase::new(Database::from_backend(faults.wrap(Arc::new(MemoryBackend::new()))));
    /// faults.on(None, When::Always, Effect::FailBefore(ErrorKind::Connection));
    /// assert_eq!(db.ping().unwrap_err().kind(), ErrorKind::Connection);
    /// ```
    pub fn on(&self, operation: impl Into<Option<Operation>>, when: When, effect: Effect) {
        self.0.plan.lock().faults.push(Fault { operation: operation.into(), when, effect });
    }

    /// Takes all faults out again; the counts stay.
    ///
    /// ```
    /// use dataknobs_data_core::{ErrorKind, layers::{Effect, When}};
    /// # use dataknobs_data_core::{Database, SyncDatabase, layers::Faults, memory::MemoryBackend};
    /// # use std::sync::Arc;
    /// # let faults = Faults::seeded(7);
    /// # let db = SyncDatabase::new(Database::from_backend(faults.wrap(Arc::new(MemoryBackend::new()))));
    /// faults.on(None, When::Always, Effect::FailBefore(ErrorKind::Connection));
    /// faults.clear();
    /// assert!(db.ping().is_ok());
    /// ```
    pub fn clear(&self) {
        self.0.plan.lock().faults.clear();
    }

    /// How many calls of this operation came in, including those that failed here.
    ///
    /// ```
    /// use dataknobs_data_core::layers::Operation;
    /// # use dataknobs_data_core::{Database, SyncDatabase, layers::Faults, memory::MemoryBackend};
    /// # use std::sync::Arc;
    /// # let faults = Faults::seeded(7);
    /// # let db = SyncDatabase::new(Database::from_backend(faults.wrap(Arc::new(MemoryBackend::new()))));
    /// db.read("a")?;
    /// assert_eq!(faults.calls(Operation::Read), 1);
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    pub fn calls(&self, operation: Operation) -> u64 {
        self.0.plan.lock().calls[operation as usize]
    }

    /// A backend inside this layer.
    ///
    /// ```
    /// use dataknobs_data_core::{Database, layers::{Faults, Operation}, memory::MemoryBackend};
    /// use std::sync::Arc;
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let faults = Faults::seeded(7);
    /// let db = Database::from_backend(faults.wrap(Arc::new(MemoryBackend::new())));
    /// db.ping().await?;
    /// assert_eq!(faults.calls(Operation::Ping), 1);
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// # }).unwrap();
    /// ```
    pub fn wrap(&self, backend: Arc<dyn Backend>) -> Arc<dyn Backend> {
        wrap(self.clone(), backend)
    }

    fn decide(&self, operation: Operation) -> Fate {
        let mut plan = self.0.plan.lock();
        let count = &mut plan.calls[operation as usize];
        *count += 1;
        let count = *count;
        let mut fate = Fate::default();
        for fault in plan.faults.iter().filter(|fault| fault.operation.is_none_or(|wanted| wanted == operation)) {
            let hit = match fault.when {
                When::Always => true,
                When::Call(number) => number == count,
                When::First(number) => count <= number,
                When::Chance(chance) => self.0.random.fraction() < chance,
            };
            match fault.effect {
                _ if !hit => {}
                Effect::Delay(delay) => fate.delay += delay,
                Effect::FailBefore(kind) => fate.before = fate.before.or(Some(kind)),
                Effect::LoseReply(kind) => fate.after = fate.after.or(Some(kind)),
            }
        }
        fate
    }
}

impl fmt::Debug for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Faults").field("faults", &self.0.plan.lock().faults.len()).finish()
    }
}

fn injected(kind: ErrorKind, operation: Operation) -> Error {
    Error::new(kind, "injected fault").with_operation(operation.name())
}

/// The answer of a store that did its part, unless that answer gets lost.
fn after<T>(fate: Fate, operation: Operation, answer: Result<T>) -> Result<T> {
    match fate.after {
        Some(kind) => answer.and_then(|_| Err(injected(kind, operation))),
        None => answer,
    }
}

impl Layer for Faults {
    fn call<'a, R, T, F>(&self, operation: Operation, request: R, mut make: F) -> Reply<'a, T>
    where
        R: Clone + Send + 'a,
        T: Send + 'a,
        F: FnMut(R) -> Reply<'a, T> + Send + 'a,
    {
        let fate = self.decide(operation);
        let mut start = move || match fate.before {
            Some(kind) => Reply::ready(Err(injected(kind, operation))),
            None if fate.after.is_none() => make(request.clone()),
            None => make(request.clone()).map(move |answer| after(fate, operation, answer)),
        };
        if fate.delay.is_zero() {
            return start();
        }
        Reply::later(async move {
            tokio::time::sleep(fate.delay).await;
            start().await
        })
    }

    fn stream(&self, stream: RecordStream) -> RecordStream {
        const OPERATION: Operation = Operation::NextChunk;
        let faults = self.clone();
        Box::pin(stream::unfold(Some(stream), move |stream| {
            let faults = faults.clone();
            async move {
                let mut stream = stream?;
                let fate = faults.decide(OPERATION);
                if !fate.delay.is_zero() {
                    tokio::time::sleep(fate.delay).await;
                }
                if let Some(kind) = fate.before {
                    return Some((Err(injected(kind, OPERATION)), None));
                }
                let chunk = after(fate, OPERATION, stream.next().await?);
                let rest = chunk.is_ok().then_some(stream);
                Some((chunk, rest))
            }
        }))
    }

    fn transaction(&self, transaction: Box<dyn Transaction>) -> Box<dyn Transaction> {
        wrap_transaction(self.clone(), transaction)
    }
}
