//! A connection on loan.

use std::fmt;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use tokio::sync::OwnedSemaphorePermit;
use tokio::time::Instant;

use super::{ConnectionManager, Shared};

/// A connection that its pool gets back when this is dropped.
///
/// Work that must not be cut in half runs inside [`Pooled::begin`]: when it is cancelled there, the
/// connection is let go instead of being handed to the next caller in the middle of an answer.
pub struct Pooled<M: ConnectionManager> {
    /// None only while it is being dropped.
    connection: Option<M::Connection>,
    born: Instant,
    in_flight: bool,
    pool: Arc<Shared<M>>,
    /// Freed after the connection is back, so that whoever waits finds it.
    _permit: OwnedSemaphorePermit,
}

impl<M: ConnectionManager> Pooled<M> {
    pub(super) fn new(
        connection: M::Connection,
        born: Instant,
        pool: Arc<Shared<M>>,
        permit: OwnedSemaphorePermit,
    ) -> Self {
        Pooled { connection: Some(connection), born, in_flight: false, pool, _permit: permit }
    }

    /// Begins work that leaves the connection unusable if it stops midway.
    pub fn begin(&mut self) -> InFlight<'_, M> {
        self.in_flight = true;
        InFlight { pooled: self }
    }

    /// Whether work began that did not finish.
    pub fn is_in_flight(&self) -> bool {
        self.in_flight
    }

    /// Hands the connection back; the same as dropping it.
    pub fn release(self) {
        drop(self);
    }

    /// Lets go of a connection that is not to be used again.
    pub fn discard(mut self) {
        self.in_flight = true;
    }

    fn connection(&self) -> &M::Connection {
        match &self.connection {
            Some(connection) => connection,
            None => unreachable!("the connection is taken only in drop"),
        }
    }

    fn connection_mut(&mut self) -> &mut M::Connection {
        match &mut self.connection {
            Some(connection) => connection,
            None => unreachable!("the connection is taken only in drop"),
        }
    }
}

impl<M: ConnectionManager> Drop for Pooled<M> {
    fn drop(&mut self) {
        if let Some(connection) = self.connection.take()
            && !self.in_flight
        {
            self.pool.take_back(connection, self.born);
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
pub struct InFlight<'a, M: ConnectionManager> {
    pooled: &'a mut Pooled<M>,
}

impl<M: ConnectionManager> InFlight<'_, M> {
    /// The work came to its end, and the connection is ready for the next.
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
