//! The rules of a pool, without any connecting: who is next, which connection is lent, which is let go.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

use super::{PoolConfig, PoolMetrics};
use crate::config::format_duration;
use crate::error::{Error, ErrorKind, Result};

/// The state and the rules of a pool whose connections somebody else opens, checks and closes.
///
/// [`ConnectionPool`](super::ConnectionPool) is these rules and a [`ConnectionManager`](super::ConnectionManager).
/// They stand alone for pools whose connections belong elsewhere: those of a foreign language are opened on the
/// caller's thread or in its event loop, and may be known here by a number only.
///
/// 1. Get a [`Slot`], the right to hold one connection: at once, or in turn.
/// 2. Do what [`next`](Self::next) says until there is a connection.
/// 3. In the end [`take_back`](Self::take_back) the connection or let go of it, then drop the slot.
///
/// ```
/// use dataknobs_data_core::pool::{Aged, Next, PoolConfig, Slots};
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let slots = Slots::new(PoolConfig::with_max_size(1))?;
/// let slot = slots.slot().await?;
/// assert!(matches!(slots.next(&slot), Next::Connect)); // none is idle
/// let connection = Aged::new("a connection");
/// assert!(slots.try_slot().is_none()); // and there is one at most
///
/// assert!(slots.take_back(connection).is_empty()); // nothing to close
/// drop(slot);
/// let slot = slots.slot().await?;
/// assert!(matches!(slots.next(&slot), Next::Lend(_)));
/// # Ok::<(), dataknobs_data_core::Error>(())
/// # }).unwrap();
/// ```
pub struct Slots<C> {
    config: PoolConfig,
    permits: Arc<Semaphore>,
    /// Most recently used last.
    idle: Mutex<VecDeque<Idle<C>>>,
    waiting: AtomicUsize,
}

struct Idle<C> {
    aged: Aged<C>,
    since: Instant,
}

/// The right to hold one connection; free for the next caller when it is dropped.
///
/// ```
/// use dataknobs_data_core::pool::{PoolConfig, Slot, Slots};
/// let slots = Slots::<u32>::new(PoolConfig::with_max_size(1))?;
/// let slot: Slot = slots.try_slot().unwrap();
/// assert!(slots.try_slot().is_none());
/// drop(slot);
/// assert!(slots.try_slot().is_some());
/// # Ok::<(), dataknobs_data_core::Error>(())
/// ```
#[derive(Debug)]
#[must_use = "the slot is free again when this is dropped"]
pub struct Slot(#[expect(dead_code, reason = "it is held, not read")] OwnedSemaphorePermit);

/// A connection, and when it was opened.
///
/// ```
/// use dataknobs_data_core::pool::Aged;
/// assert_eq!(Aged::new(7).connection, 7);
/// ```
#[derive(Debug)]
pub struct Aged<C> {
    /// The connection.
    pub connection: C,
    born: Instant,
}

impl<C> Aged<C> {
    /// A connection that was opened just now.
    ///
    /// ```
    /// use dataknobs_data_core::pool::Aged;
    /// assert_eq!(Aged::new("new").connection, "new");
    /// ```
    pub fn new(connection: C) -> Self {
        Aged { connection, born: Instant::now() }
    }
}

/// What whoever has a [`Slot`] does next.
///
/// ```
/// use dataknobs_data_core::pool::{Next, PoolConfig, Slots};
/// let slots = Slots::<u32>::new(PoolConfig::default())?;
/// let slot = slots.try_slot().unwrap();
/// let word = match slots.next(&slot) {
///     Next::Connect => "open one",
///     Next::Lend(_) => "use it",
///     Next::Check(_) => "use it if it works, else close it and ask again",
///     Next::LetGo(_) => "close it and ask again",
/// };
/// assert_eq!(word, "open one");
/// # Ok::<(), dataknobs_data_core::Error>(())
/// ```
#[derive(Debug)]
pub enum Next<C> {
    /// No connection is idle: open one.
    Connect,
    /// Use this one.
    Lend(Aged<C>),
    /// Use this one if it still works; else close it and ask again.
    Check(Aged<C>),
    /// This one is too old: close it and ask again.
    LetGo(C),
}

impl<C> Slots<C> {
    /// As many slots as the pool may have connections.
    ///
    /// ```
    /// use dataknobs_data_core::pool::{PoolConfig, Slots};
    /// assert!(Slots::<u32>::new(PoolConfig::with_max_size(2)).is_ok());
    /// assert!(Slots::<u32>::new(PoolConfig::with_max_size(0)).is_err());
    /// ```
    ///
    /// # Errors
    /// As [`PoolConfig::check`].
    pub fn new(config: PoolConfig) -> Result<Self> {
        config.check()?;
        let size = (config.max_size as usize).min(Semaphore::MAX_PERMITS);
        Ok(Slots {
            config,
            permits: Arc::new(Semaphore::new(size)),
            idle: Mutex::new(VecDeque::new()),
            waiting: AtomicUsize::new(0),
        })
    }

    /// A slot that is free now. None: [`slot`](Self::slot) says why, or waits.
    ///
    /// ```
    /// use dataknobs_data_core::pool::{PoolConfig, Slots};
    /// let slots = Slots::<u32>::new(PoolConfig::with_max_size(1))?;
    /// assert!(slots.try_slot().is_some());
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    pub fn try_slot(&self) -> Option<Slot> {
        self.permits.clone().try_acquire_owned().ok().map(Slot)
    }

    /// A slot: one that is free, else the next that becomes so. Callers are served in turn.
    ///
    /// ```
    /// use dataknobs_data_core::pool::{PoolConfig, Slots};
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let slots = Slots::<u32>::new(PoolConfig::with_max_size(1))?;
    /// drop(slots.slot().await?);
    /// assert!(slots.slot().await.is_ok());
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// # }).unwrap();
    /// ```
    ///
    /// # Errors
    /// Connection when the pool is closed, also while waiting.
    pub async fn slot(&self) -> Result<Slot> {
        if let Some(slot) = self.try_slot() {
            return Ok(slot);
        }
        let _waiting = Waiting::new(&self.waiting);
        self.permits.clone().acquire_owned().await.map(Slot).map_err(|_| closed())
    }

    /// What to do with a slot: the latest idle connection comes first.
    ///
    /// ```
    /// use dataknobs_data_core::pool::{Aged, Next, PoolConfig, Slots};
    /// let slots = Slots::new(PoolConfig::default())?;
    /// slots.take_back(Aged::new(1));
    /// slots.take_back(Aged::new(2));
    /// let slot = slots.try_slot().unwrap();
    /// assert!(matches!(slots.next(&slot), Next::Lend(Aged { connection: 2, .. })));
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    pub fn next(&self, _slot: &Slot) -> Next<C> {
        let (Idle { aged, since }, others) = {
            let mut idle = self.idle.lock();
            match idle.pop_back() {
                Some(latest) => (latest, idle.len()),
                None => return Next::Connect,
            }
        };
        let idled = since.elapsed();
        let outlived = |limit: Option<_>, time| limit.is_some_and(|limit| time > limit);
        let spare = others >= self.config.min_size as usize;
        if outlived(self.config.max_lifetime, aged.born.elapsed())
            || (spare && outlived(self.config.idle_timeout, idled))
        {
            Next::LetGo(aged.connection)
        } else if idled > self.config.check_after {
            Next::Check(aged)
        } else {
            Next::Lend(aged)
        }
    }

    /// Keeps a connection for the next caller, and gives those that are to be closed now: others that idled
    /// too long, or this one when the pool is closed.
    ///
    /// ```
    /// use dataknobs_data_core::pool::{Aged, PoolConfig, Slots};
    /// let slots = Slots::new(PoolConfig::default())?;
    /// assert!(slots.take_back(Aged::new("kept")).is_empty());
    /// slots.close();
    /// assert_eq!(slots.take_back(Aged::new("not kept")), ["not kept"]);
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    #[must_use = "what it gives is to be closed"]
    pub fn take_back(&self, aged: Aged<C>) -> Vec<C> {
        let now = Instant::now();
        let mut outlived = Vec::new();
        let mut idle = self.idle.lock();
        // Asked under the lock that close takes after closing: none slips in behind it.
        if self.permits.is_closed() {
            drop(idle);
            return vec![aged.connection];
        }
        idle.push_back(Idle { aged, since: now });
        if let Some(limit) = self.config.idle_timeout {
            let keep = self.config.min_size as usize;
            while idle.len() > keep && idle.front().is_some_and(|oldest| now - oldest.since > limit) {
                outlived.extend(idle.pop_front().map(|oldest| oldest.aged.connection));
            }
        }
        outlived
    }

    /// Ends the lending: whoever waits fails, and so does who comes later. Gives the idle connections, to be closed.
    ///
    /// ```
    /// use dataknobs_data_core::pool::{Aged, PoolConfig, Slots};
    /// let slots = Slots::new(PoolConfig::default())?;
    /// slots.take_back(Aged::new(7));
    /// assert_eq!(slots.close(), [7]);
    /// assert!(slots.is_closed() && slots.try_slot().is_none());
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    #[must_use = "what it gives is to be closed"]
    pub fn close(&self) -> Vec<C> {
        self.permits.close();
        let idle = std::mem::take(&mut *self.idle.lock());
        idle.into_iter().map(|idle| idle.aged.connection).collect()
    }

    /// Whether [`close`](Self::close) was called.
    ///
    /// ```
    /// use dataknobs_data_core::pool::{PoolConfig, Slots};
    /// assert!(!Slots::<u32>::new(PoolConfig::default())?.is_closed());
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    pub fn is_closed(&self) -> bool {
        self.permits.is_closed()
    }

    /// Whether there are fewer connections than `min_size`.
    ///
    /// ```
    /// use dataknobs_data_core::pool::{PoolConfig, Slots};
    /// assert!(!Slots::<u32>::new(PoolConfig::default())?.is_below_minimum());
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    pub fn is_below_minimum(&self) -> bool {
        self.metrics().size < self.config.min_size as usize
    }

    /// How many connections there are, and how many callers wait. A slot that is held counts as a connection: it is
    /// or will be one.
    ///
    /// ```
    /// use dataknobs_data_core::pool::{PoolConfig, Slots};
    /// let slots = Slots::<u32>::new(PoolConfig::default())?;
    /// let slot = slots.try_slot();
    /// assert_eq!((slots.metrics().size, slots.metrics().in_use), (1, 1));
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    pub fn metrics(&self) -> PoolMetrics {
        let idle = self.idle.lock().len();
        let most = self.config.max_size as usize;
        // A slot on its way to the next caller, while its connection idles, is not in use yet.
        let in_use = most.saturating_sub(self.permits.available_permits()).min(most.saturating_sub(idle));
        PoolMetrics { size: idle + in_use, idle, in_use, waiting: self.waiting.load(Ordering::Relaxed) }
    }

    /// The settings.
    ///
    /// ```
    /// use dataknobs_data_core::pool::{PoolConfig, Slots};
    /// assert_eq!(Slots::<u32>::new(PoolConfig::with_max_size(2))?.config().max_size, 2);
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    pub fn config(&self) -> &PoolConfig {
        &self.config
    }

    /// The error for a caller that got no connection in this time; it names the pool's sizes.
    ///
    /// ```
    /// use dataknobs_data_core::pool::{PoolConfig, Slots};
    /// let slots = Slots::<u32>::new(PoolConfig::with_max_size(2))?;
    /// let error = slots.timed_out(slots.config().acquire_timeout);
    /// assert_eq!((error.context_value("max_size"), error.context_value("timeout")), (Some("2"), Some("30s")));
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    pub fn timed_out(&self, allowed: Duration) -> Error {
        let PoolMetrics { in_use, waiting, .. } = self.metrics();
        Error::new(ErrorKind::Timeout, "no connection within the time allowed")
            .with_operation("acquire")
            .with_context("timeout", format_duration(allowed))
            .with_context("max_size", self.config.max_size)
            .with_context("in_use", in_use)
            .with_context("waiting", waiting)
            .with_hint("release connections sooner, or raise `pool.max_size`")
    }
}

fn closed() -> Error {
    Error::new(ErrorKind::Connection, "the pool is closed").with_operation("acquire").with_retryable(false)
}

/// Counts a caller that waits, for as long as it does.
struct Waiting<'a>(&'a AtomicUsize);

impl<'a> Waiting<'a> {
    fn new(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Waiting(count)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl<C> fmt::Debug for Slots<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Slots").field("config", &self.config).field("metrics", &self.metrics()).finish_non_exhaustive()
    }
}
