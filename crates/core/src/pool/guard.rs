//! A connection on loan.

use std::fmt;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use super::{Aged, ConnectionManager, Shared, Slot};

/// A connection that its pool gets back when this is dropped.
///
/// Work that must not be cut in half runs inside [`Pooled::begin`]: when it is cancelled there, the
/// connection is let go instead of being handed to the next caller in the middle of an answer.
///
/// ```
/// use dataknobs_data_core::pool::{ConnectionPool, PoolConfig, Pooled};
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
/// let mut connection: Pooled<Numbers> = pool.acquire().await?;
/// let work = connection.begin();
/// drop(work); // cancelled midway
/// drop(connection);
/// assert_eq!(pool.metrics().size, 0); // let go of
/// # Ok::<(), dataknobs_data_core::Error>(())
/// # }).unwrap();
/// ```
pub struct Pooled<M: ConnectionManager> {
    /// None only while it is being dropped.
    connection: Option<Aged<M::Connection>>,
    in_flight: bool,
    pool: Arc<Shared<M>>,
    /// Freed after the connection is back, so that whoever waits finds it.
    _slot: Slot,
}

impl<M: ConnectionManager> Pooled<M> {
    pub(super) fn new(connection: Aged<M::Connection>, pool: Arc<Shared<M>>, slot: Slot) -> Self {
        Pooled { connection: Some(connection), in_flight: false, pool, _slot: slot }
    }

    /// Begins work that leaves the connection unusable if it stops midway.
    ///
    /// ```
    /// # use dataknobs_data_core::backend::Reply;
    /// # use dataknobs_data_core::pool::{ConnectionManager, ConnectionPool, PoolConfig};
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
    /// # let pool = ConnectionPool::new(Numbers, PoolConfig::with_max_size(2))?;
    /// let mut connection = pool.acquire().await?;
    /// let mut work = connection.begin();
    /// *work += 1;
    /// work.finish();
    /// assert_eq!(*connection, 8);
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// # }).unwrap();
    /// ```
    pub fn begin(&mut self) -> InFlight<'_, M> {
        self.in_flight = true;
        InFlight { pooled: self }
    }

    /// Whether work began that did not finish.
    ///
    /// ```
    /// # use dataknobs_data_core::backend::Reply;
    /// # use dataknobs_data_core::pool::{ConnectionManager, ConnectionPool, PoolConfig};
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
    /// # let pool = ConnectionPool::new(Numbers, PoolConfig::with_max_size(2))?;
    /// let mut connection = pool.acquire().await?;
    /// drop(connection.begin());
    /// assert!(connection.is_in_flight());
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// # }).unwrap();
    /// ```
    pub fn is_in_flight(&self) -> bool {
        self.in_flight
    }

    /// Hands the connection back; the same as dropping it.
    ///
    /// ```
    /// # use dataknobs_data_core::backend::Reply;
    /// # use dataknobs_data_core::pool::{ConnectionManager, ConnectionPool, PoolConfig};
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
    /// # let pool = ConnectionPool::new(Numbers, PoolConfig::with_max_size(2))?;
    /// pool.acquire().await?.release();
    /// assert_eq!(pool.metrics().idle, 1);
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// # }).unwrap();
    /// ```
    pub fn release(self) {
        drop(self);
    }

    /// Lets go of a connection that is not to be used again.
    ///
    /// ```
    /// # use dataknobs_data_core::backend::Reply;
    /// # use dataknobs_data_core::pool::{ConnectionManager, ConnectionPool, PoolConfig};
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
    /// # let pool = ConnectionPool::new(Numbers, PoolConfig::with_max_size(2))?;
    /// pool.acquire().await?.discard();
    /// assert_eq!(pool.metrics().size, 0);
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// # }).unwrap();
    /// ```
    pub fn discard(mut self) {
        self.in_flight = true;
    }

    fn connection(&self) -> &M::Connection {
        match &self.connection {
            Some(aged) => &aged.connection,
            None => unreachable!("the connection is taken only in drop"),
        }
    }

    fn connection_mut(&mut self) -> &mut M::Connection {
        match &mut self.connection {
            Some(aged) => &mut aged.connection,
            None => unreachable!("the connection is taken only in drop"),
        }
    }
}

impl<M: ConnectionManager> Drop for Pooled<M> {
    fn drop(&mut self) {
        if let Some(connection) = self.connection.take()
            && !self.in_flight
        {
            drop(self.pool.slots.take_back(connection));
        }
    }
}

impl<M: ConnectionManager> Deref for Pooled<M> {
    type Target = M::Connection;

    fn deref(&self) -> &M::Connection {
        self.connection()
    }
}

impl<M: ConnectionManager> DerefMut for Pooled<M> {
    fn deref_mut(&mut self) -> &mut M::Connection {
        self.connection_mut()
    }
}

impl<M: ConnectionManager> fmt::Debug for Pooled<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pooled").field("in_flight", &self.in_flight).finish_non_exhaustive()
    }
}

/// Work under way on a connection. Dropped without [`InFlight::finish`], it marks the connection as
/// not to be used again.
///
/// ```
/// use dataknobs_data_core::pool::InFlight;
/// # use dataknobs_data_core::backend::Reply;
/// # use dataknobs_data_core::pool::{ConnectionManager, ConnectionPool, PoolConfig};
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
/// # let pool = ConnectionPool::new(Numbers, PoolConfig::with_max_size(2))?;
/// let mut connection = pool.acquire().await?;
/// let mut work: InFlight<'_, Numbers> = connection.begin();
/// *work = 9; // reaches the connection
/// work.finish();
/// assert_eq!(*connection, 9);
/// # Ok::<(), dataknobs_data_core::Error>(())
/// # }).unwrap();
/// ```
pub struct InFlight<'a, M: ConnectionManager> {
    pooled: &'a mut Pooled<M>,
}

impl<M: ConnectionManager> InFlight<'_, M> {
    /// The work came to its end, and the connection is ready for the next.
    ///
    /// ```
    /// # use dataknobs_data_core::backend::Reply;
    /// # use dataknobs_data_core::pool::{ConnectionManager, ConnectionPool, PoolConfig};
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
    /// # let pool = ConnectionPool::new(Numbers, PoolConfig::with_max_size(2))?;
    /// let mut connection = pool.acquire().await?;
    /// connection.begin().finish();
    /// assert!(!connection.is_in_flight());
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// # }).unwrap();
    /// ```
    pub fn finish(self) {
        self.pooled.in_flight = false;
    }
}

impl<M: ConnectionManager> Deref for InFlight<'_, M> {
    type Target = M::Connection;

    fn deref(&self) -> &M::Connection {
        self.pooled.connection()
    }
}

impl<M: ConnectionManager> DerefMut for InFlight<'_, M> {
    fn deref_mut(&mut self) -> &mut M::Connection {
        self.pooled.connection_mut()
    }
}

impl<M: ConnectionManager> fmt::Debug for InFlight<'_, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("InFlight")
    }
}
