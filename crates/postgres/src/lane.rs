//! Connections that several reads share: what one of them asks goes out while the answers of the
//! others come in.
//!
//! Only single statements that read and wait for nobody go this way. Who stops waiting on a shared
//! connection takes it out of use: nobody joins it any more, and it is let go when the others are
//! done.

use std::ops::Deref;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Weak};

use dataknobs_data_core::Result;
use parking_lot::Mutex;

use crate::connection::{Connection, Connections, Lease};
use crate::error::breaks_connection;

/// Reads that are under way on one connection at most.
const DEPTH: usize = 8;

/// The connections that are shared at the moment.
#[derive(Default)]
pub(crate) struct Lanes(Mutex<Vec<Weak<Lane>>>);

struct Lane {
    /// Always there until the lane is dropped.
    lease: Option<Lease>,
    /// Reads under way.
    under_way: AtomicUsize,
    /// Nobody joins any more, and the connection is not used again.
    retired: AtomicBool,
}

impl Drop for Lane {
    fn drop(&mut self) {
        if let Some(lease) = self.lease.take() {
            if self.retired.load(Ordering::Acquire) {
                // Nothing is under way that the server would have to end.
                lease.discard();
            } else {
                let _ = lease.settle(Ok(()));
            }
        }
    }
}

/// A place on a shared connection for one read.
pub(crate) struct Place {
    lane: Arc<Lane>,
    settled: bool,
}

impl Lanes {
    /// A place on a connection that others use, or on one more.
    pub(crate) async fn place(&self, connections: &Connections) -> Result<Place> {
        if let Some(place) = self.join() {
            return Ok(place);
        }
        let lease = connections.lease().await?;
        let lane = Lane { lease: Some(lease), under_way: AtomicUsize::new(1), retired: AtomicBool::new(false) };
        let lane = Arc::new(lane);
        self.0.lock().push(Arc::downgrade(&lane));
        Ok(Place { lane, settled: false })
    }

    /// A place on the fullest connection that has one: the fewer are in use, the more goes at once.
    fn join(&self) -> Option<Place> {
        let mut lanes = self.0.lock();
        let mut fullest: Option<(usize, Arc<Lane>)> = None;
        lanes.retain(|lane| {
            let Some(lane) = lane.upgrade() else { return false };
            let under_way = lane.under_way.load(Ordering::Acquire);
            let is_open = under_way < DEPTH && !lane.retired.load(Ordering::Acquire);
            if is_open && fullest.as_ref().is_none_or(|(most, _)| under_way > *most) {
                fullest = Some((under_way, lane));
            }
            true
        });
        let (_, lane) = fullest?;
        lane.under_way.fetch_add(1, Ordering::AcqRel);
        Some(Place { lane, settled: false })
    }
}

impl Place {
    /// Leaves the place when the answer is there.
    pub(crate) fn settle<T>(mut self, result: Result<T>) -> Result<T> {
        self.settled = !result.as_ref().is_err_and(breaks_connection);
        result
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if !self.settled {
            self.lane.retired.store(true, Ordering::Release);
        }
        self.lane.under_way.fetch_sub(1, Ordering::AcqRel);
    }
}

impl Deref for Place {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        match &self.lane.lease {
            Some(lease) => lease,
            None => unreachable!("the lease is taken only when the lane is dropped"),
        }
    }
}
