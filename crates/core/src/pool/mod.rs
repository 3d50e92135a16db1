//! A pool of connections: the common one, for every store that has connections.
//!
//! A store says in a [`ConnectionManager`] how to open, check and close a connection; the
//! [`ConnectionPool`] keeps them, in [`guard`](Pooled)s that give them back by themselves. [`Slots`] are
//! its rules alone, for pools whose connections somebody else opens and closes.
//!
//! ```
//! # use dataknobs_data_core::{Result, backend::Reply, pool::{ConnectionManager, ConnectionPool, PoolConfig}};
//! # struct Numbers;
//! # impl ConnectionManager for Numbers {
//! #     type Connection = u32;
//! #     fn connect(&self) -> Reply<'_, u32> {
//! #         Reply::ready(Ok(7))
//! #     }
//! #     fn check<'a>(&'a self, _: &'a mut u32) -> Reply<'a, ()> {
//! #         Reply::ready(Ok(()))
//! #     }
//! #     fn close(&self, _: u32) -> Reply<'_, ()> {
//! #         Reply::ready(Ok(()))
//! #     }
//! # }
//! # tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(async {
//! let pool = ConnectionPool::new(Numbers, PoolConfig::with_max_size(2))?; // `Numbers` is a manager
//! let connection = pool.acquire().await?;
//! assert_eq!(*connection, 7);
//! drop(connection); // back in the pool
//! assert_eq!(pool.metrics().idle, 1);
//! # Result::<()>::Ok(())
//! # }).unwrap();
//! ```

mod config;
mod guard;
mod slots;

#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::Arc;

use tokio::time::timeout;

pub use config::PoolConfig;
pub use guard::{InFlight, Pooled};
pub use slots::{Aged, Next, Slot, Slots};

use crate::backend::Reply;
use crate::error::Result;

/// Opens, checks and closes the connections of a pool.
///
/// ```
/// use dataknobs_data_core::backend::Reply;
/// use dataknobs_data_core::pool::{ConnectionManager, ConnectionPool, PoolConfig};
/// use dataknobs_data_core::{Error, ErrorKind};
/// use std::time::Duration;
/// # tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(async {
/// /// Connections that break after their first use.
/// struct Brittle;
/// impl ConnectionManager for Brittle {
///     type Connection = bool;
///     fn connect(&self) -> Reply<'_, bool> {
///         Reply::ready(Ok(true))
///     }
///     fn check<'a>(&'a self, works: &'a mut bool) -> Reply<'a, ()> {
///         Reply::ready(works.then_some(()).ok_or_else(|| Error::new(ErrorKind::Connection, "broken")))
///     }
///     fn close(&self, _: bool) -> Reply<'_, ()> {
///         Reply::ready(Ok(()))
///     }
/// }
/// let mut config = PoolConfig::with_max_size(1);
/// config.check_after = Duration::ZERO;
/// let pool = ConnectionPool::new(Brittle, config)?;
/// *pool.acquire().await? = false;
/// # std::thread::sleep(Duration::from_millis(1));
/// assert!(*pool.acquire().await?); // a new one
/// # Ok::<(), dataknobs_data_core::Error>(())
/// # }).unwrap();
/// ```
pub trait ConnectionManager: Send + Sync + 'static {
    /// What is pooled. Dropping one lets go of it at once.
    type Connection: Send + 'static;

    /// Opens a connection.
    ///
    /// ```
    /// # use dataknobs_data_core::{backend::Reply, pool::ConnectionManager};
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// # struct Numbers;
    /// # impl ConnectionManager for Numbers {
    /// #     type Connection = u32;
    /// #     fn connect(&self) -> Reply<'_, u32> {
    /// #         Reply::ready(Ok(7))
    /// #     }
    /// #     fn check<'a>(&'a self, _: &'a mut u32) -> Reply<'a, ()> {
    /// #         Reply::ready(Ok(()))
    /// #     }
    /// #     fn close(&self, _: u32) -> Reply<'_, ()> {
    /// #         Reply::ready(Ok(()))
    /// #     }
    /// # }
    /// assert_eq!(Numbers.connect().await?, 7);
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// # }).unwrap();
    /// ```
    fn connect(&self) -> Reply<'_, Self::Connection>;

    /// Checks that a connection still works. A failure only means that this one is let go.
    ///
    /// ```
    /// # use dataknobs_data_core::{backend::Reply, pool::ConnectionManager};
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// # struct Numbers;
    /// # impl ConnectionManager for Numbers {
    /// #     type Connection = u32;
    /// #     fn connect(&self) -> Reply<'_, u32> {
    /// #         Reply::ready(Ok(7))
    /// #     }
    /// #     fn check<'a>(&'a self, _: &'a mut u32) -> Reply<'a, ()> {
    /// #         Reply::ready(Ok(()))
    /// #     }
    /// #     fn close(&self, _: u32) -> Reply<'_, ()> {
    /// #         Reply::ready(Ok(()))
    /// #     }
    /// # }
    /// assert!(Numbers.check(&mut 7).await.is_ok());
    /// # });
    /// ```
    fn check<'a>(&'a self, connection: &'a mut Self::Connection) -> Reply<'a, ()>;

    /// Closes a connection in good order. Only [`ConnectionPool::close_all`] takes the time for it.
    ///
    /// ```
    /// # use dataknobs_data_core::{backend::Reply, pool::ConnectionManager};
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// # struct Numbers;
    /// # impl ConnectionManager for Numbers {
    /// #     type Connection = u32;
    /// #     fn connect(&self) -> Reply<'_, u32> {
    /// #         Reply::ready(Ok(7))
    /// #     }
    /// #     fn check<'a>(&'a self, _: &'a mut u32) -> Reply<'a, ()> {
    /// #         Reply::ready(Ok(()))
    /// #     }
    /// #     fn close(&self, _: u32) -> Reply<'_, ()> {
    /// #         Reply::ready(Ok(()))
    /// #     }
    /// # }
    /// assert!(Numbers.close(7).await.is_ok());
    /// # });
    /// ```
    fn close(&self, connection: Self::Connection) -> Reply<'_, ()>;
}

/// A bounded pool of connections; clones share it.
///
/// Whoever waits for a connection is served in turn, and never longer than `acquire_timeout`: also
/// a program that takes more connections than there are gets an error, not a deadlock.
///
/// ```
/// use dataknobs_data_core::{Result, backend::Reply, pool::{ConnectionManager, ConnectionPool, PoolConfig}};
/// struct Numbers;
/// impl ConnectionManager for Numbers {
///     type Connection = u32;
///     fn connect(&self) -> Reply<'_, u32> {
///         Reply::ready(Ok(7))
///     }
///     fn check<'a>(&'a self, _: &'a mut u32) -> Reply<'a, ()> {
///         Reply::ready(Ok(()))
///     }
///     fn close(&self, _: u32) -> Reply<'_, ()> {
///         Reply::ready(Ok(()))
///     }
/// }
/// # tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(async {
/// let pool = ConnectionPool::new(Numbers, PoolConfig::with_max_size(2))?;
/// {
///     let mut connection = pool.acquire().await?;
///     let mut work = connection.begin(); // cancelled from here on, the connection is let go
///     *work += 1;
///     work.finish();
/// } // back in the pool
/// assert_eq!(*pool.acquire().await?, 8);
/// assert_eq!(pool.metrics().size, 1);
/// pool.close_all().await?;
/// # Result::<()>::Ok(())
/// # }).unwrap();
/// ```
pub struct ConnectionPool<M: ConnectionManager> {
    shared: Arc<Shared<M>>,
}

/// What a pool is doing.
///
/// ```
/// use dataknobs_data_core::pool::{ConnectionPool, PoolConfig, PoolMetrics};
/// # use dataknobs_data_core::{backend::Reply, pool::ConnectionManager};
/// # tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(async {
/// # struct Numbers;
/// # impl ConnectionManager for Numbers {
/// #     type Connection = u32;
/// #     fn connect(&self) -> Reply<'_, u32> {
/// #         Reply::ready(Ok(7))
/// #     }
/// #     fn check<'a>(&'a self, _: &'a mut u32) -> Reply<'a, ()> {
/// #         Reply::ready(Ok(()))
/// #     }
/// #     fn close(&self, _: u32) -> Reply<'_, ()> {
/// #         Reply::ready(Ok(()))
/// #     }
/// # }
/// let pool = ConnectionPool::new(Numbers, PoolConfig::with_max_size(2))?;
/// let connection = pool.acquire().await?;
/// let metrics: PoolMetrics = pool.metrics();
/// assert_eq!((metrics.size, metrics.idle, metrics.waiting), (1, 0, 0));
/// # Ok::<(), dataknobs_data_core::Error>(())
/// # }).unwrap();
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct PoolMetrics {
    /// Connections that are open or being opened.
    pub size: usize,
    /// Connections that nobody uses.
    pub idle: usize,
    /// Connections that somebody uses, or that are being opened or checked.
    pub in_use: usize,
    /// Callers that wait for one.
    pub waiting: usize,
}

struct Shared<M: ConnectionManager> {
    manager: M,
    slots: Slots<M::Connection>,
}

impl<M: ConnectionManager> ConnectionPool<M> {
    /// A pool without connections yet.
    ///
    /// ```
    /// use dataknobs_data_core::pool::{ConnectionPool, PoolConfig};
    /// # use dataknobs_data_core::{backend::Reply, pool::ConnectionManager};
    /// # struct Numbers;
    /// # impl ConnectionManager for Numbers {
    /// #     type Connection = u32;
    /// #     fn connect(&self) -> Reply<'_, u32> {
    /// #         Reply::ready(Ok(7))
    /// #     }
    /// #     fn check<'a>(&'a self, _: &'a mut u32) -> Reply<'a, ()> {
    /// #         Reply::ready(Ok(()))
    /// #     }
    /// #     fn close(&self, _: u32) -> Reply<'_, ()> {
    /// #         Reply::ready(Ok(()))
    /// #     }
    /// # }
    /// let pool = ConnectionPool::new(Numbers, PoolConfig::with_max_size(2))?;
    /// assert_eq!(pool.metrics().size, 0);
    /// assert!(ConnectionPool::new(Numbers, PoolConfig::with_max_size(0)).is_err());
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`PoolConfig::check`].
    pub fn new(manager: M, config: PoolConfig) -> Result<Self> {
        let shared = Shared { manager, slots: Slots::new(config)? };
        Ok(ConnectionPool { shared: Arc::new(shared) })
    }

    /// A connection: one that idles, else a new one, else the next that comes back.
    ///
    /// One that idled longer than `check_after` is checked first, and replaced if it no longer works.
    ///
    /// ```
    /// use dataknobs_data_core::{ErrorKind, pool::{ConnectionPool, PoolConfig}};
    /// # use dataknobs_data_core::{backend::Reply, pool::ConnectionManager};
    /// # tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(async {
    /// # struct Numbers;
    /// # impl ConnectionManager for Numbers {
    /// #     type Connection = u32;
    /// #     fn connect(&self) -> Reply<'_, u32> {
    /// #         Reply::ready(Ok(7))
    /// #     }
    /// #     fn check<'a>(&'a self, _: &'a mut u32) -> Reply<'a, ()> {
    /// #         Reply::ready(Ok(()))
    /// #     }
    /// #     fn close(&self, _: u32) -> Reply<'_, ()> {
    /// #         Reply::ready(Ok(()))
    /// #     }
    /// # }
    /// let pool = ConnectionPool::new(Numbers, PoolConfig::with_max_size(2))?;
    /// assert_eq!(*pool.acquire().await?, 7);
    /// pool.close_all().await?;
    /// assert_eq!(pool.acquire().await.unwrap_err().kind(), ErrorKind::Connection);
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// # }).unwrap();
    /// ```
    ///
    /// # Errors
    /// Timeout, with the pool's size, after `acquire_timeout`; Connection when the pool is closed; and
    /// what opening a connection fails with.
    pub async fn acquire(&self) -> Result<Pooled<M>> {
        let Shared { manager, slots } = &*self.shared;
        let allowed = slots.config().acquire_timeout;
        let acquired = timeout(allowed, async {
            let slot = slots.slot().await?;
            let aged = loop {
                match slots.next(&slot) {
                    Next::Connect => break Aged::new(manager.connect().await?),
                    Next::Lend(idle) => break idle,
                    Next::Check(mut idle) => {
                        if manager.check(&mut idle.connection).await.is_ok() {
                            break idle;
                        }
                    }
                    Next::LetGo(outlived) => drop(outlived),
                }
            };
            Ok(Pooled::new(aged, self.shared.clone(), slot))
        });
        acquired.await.unwrap_or_else(|_| Err(slots.timed_out(allowed)))
    }

    /// Opens connections until `min_size` are there.
    ///
    /// ```
    /// use dataknobs_data_core::pool::{ConnectionPool, PoolConfig};
    /// # use dataknobs_data_core::{backend::Reply, pool::ConnectionManager};
    /// # tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(async {
    /// # struct Numbers;
    /// # impl ConnectionManager for Numbers {
    /// #     type Connection = u32;
    /// #     fn connect(&self) -> Reply<'_, u32> {
    /// #         Reply::ready(Ok(7))
    /// #     }
    /// #     fn check<'a>(&'a self, _: &'a mut u32) -> Reply<'a, ()> {
    /// #         Reply::ready(Ok(()))
    /// #     }
    /// #     fn close(&self, _: u32) -> Reply<'_, ()> {
    /// #         Reply::ready(Ok(()))
    /// #     }
    /// # }
    /// let mut config = PoolConfig::with_max_size(4);
    /// config.min_size = 2;
    /// let pool = ConnectionPool::new(Numbers, config)?;
    /// pool.warm().await?;
    /// assert_eq!(pool.metrics().idle, 2);
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// # }).unwrap();
    /// ```
    ///
    /// # Errors
    /// What opening one fails with; those before it stay.
    pub async fn warm(&self) -> Result<()> {
        let mut held = Vec::new();
        let Shared { manager, slots } = &*self.shared;
        while slots.is_below_minimum() {
            let slot = slots.slot().await?;
            held.push(Pooled::new(Aged::new(manager.connect().await?), self.shared.clone(), slot));
        }
        Ok(())
    }

    /// Closes every idle connection, and refuses all further use; connections in use are let go when
    /// they come back. Closing twice is no error.
    ///
    /// ```
    /// use dataknobs_data_core::pool::{ConnectionPool, PoolConfig};
    /// # use dataknobs_data_core::{backend::Reply, pool::ConnectionManager};
    /// # tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(async {
    /// # struct Numbers;
    /// # impl ConnectionManager for Numbers {
    /// #     type Connection = u32;
    /// #     fn connect(&self) -> Reply<'_, u32> {
    /// #         Reply::ready(Ok(7))
    /// #     }
    /// #     fn check<'a>(&'a self, _: &'a mut u32) -> Reply<'a, ()> {
    /// #         Reply::ready(Ok(()))
    /// #     }
    /// #     fn close(&self, _: u32) -> Reply<'_, ()> {
    /// #         Reply::ready(Ok(()))
    /// #     }
    /// # }
    /// let pool = ConnectionPool::new(Numbers, PoolConfig::with_max_size(2))?;
    /// drop(pool.acquire().await?);
    /// pool.close_all().await?;
    /// assert_eq!(pool.metrics().idle, 0);
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// # }).unwrap();
    /// ```
    ///
    /// # Errors
    /// The first that closing a connection fails with; the others are closed all the same.
    pub async fn close_all(&self) -> Result<()> {
        let mut result = Ok(());
        for connection in self.shared.slots.close() {
            result = result.and(self.shared.manager.close(connection).await);
        }
        result
    }

    /// What the pool is doing.
    ///
    /// ```
    /// use dataknobs_data_core::pool::{ConnectionPool, PoolConfig};
    /// # use dataknobs_data_core::{backend::Reply, pool::ConnectionManager};
    /// # tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(async {
    /// # struct Numbers;
    /// # impl ConnectionManager for Numbers {
    /// #     type Connection = u32;
    /// #     fn connect(&self) -> Reply<'_, u32> {
    /// #         Reply::ready(Ok(7))
    /// #     }
    /// #     fn check<'a>(&'a self, _: &'a mut u32) -> Reply<'a, ()> {
    /// #         Reply::ready(Ok(()))
    /// #     }
    /// #     fn close(&self, _: u32) -> Reply<'_, ()> {
    /// #         Reply::ready(Ok(()))
    /// #     }
    /// # }
    /// let pool = ConnectionPool::new(Numbers, PoolConfig::with_max_size(2))?;
    /// drop(pool.acquire().await?);
    /// assert_eq!((pool.metrics().size, pool.metrics().idle), (1, 1));
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// # }).unwrap();
    /// ```
    pub fn metrics(&self) -> PoolMetrics {
        self.shared.slots.metrics()
    }

    /// Its settings.
    ///
    /// ```
    /// use dataknobs_data_core::pool::{ConnectionPool, PoolConfig};
    /// # use dataknobs_data_core::{backend::Reply, pool::ConnectionManager};
    /// # struct Numbers;
    /// # impl ConnectionManager for Numbers {
    /// #     type Connection = u32;
    /// #     fn connect(&self) -> Reply<'_, u32> {
    /// #         Reply::ready(Ok(7))
    /// #     }
    /// #     fn check<'a>(&'a self, _: &'a mut u32) -> Reply<'a, ()> {
    /// #         Reply::ready(Ok(()))
    /// #     }
    /// #     fn close(&self, _: u32) -> Reply<'_, ()> {
    /// #         Reply::ready(Ok(()))
    /// #     }
    /// # }
    /// let pool = ConnectionPool::new(Numbers, PoolConfig::with_max_size(2))?;
    /// assert_eq!(pool.config().max_size, 2);
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    pub fn config(&self) -> &PoolConfig {
        self.shared.slots.config()
    }
}

impl<M: ConnectionManager> Clone for ConnectionPool<M> {
    fn clone(&self) -> Self {
        ConnectionPool { shared: self.shared.clone() }
    }
}

impl<M: ConnectionManager> fmt::Debug for ConnectionPool<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConnectionPool")
            .field("config", self.config())
            .field("metrics", &self.metrics())
            .finish_non_exhaustive()
    }
}
