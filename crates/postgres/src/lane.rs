//! Connections that several reads share where there are not enough for one each: what one of them
//! asks goes out while the answers of the others come in.
//!
//! Only single statements that read and wait for nobody go this way, each as a task of its own:
//! an answer that nobody takes would hold up those behind it. Who stops waiting ends the task, which
//! takes the connection out of use: nobody joins it any more, and it is let go, and the server told,
//! when the others are done.

use std::ops::Deref;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Weak};

use dataknobs_data_core::Result;
use parking_lot::Mutex;
use tokio::task::JoinHandle;

use crate::connection::{Connection, Connections, Lease};
use crate::error::{breaks_connection, from_task};

/// Reads that are under way on one connection at most.
const DEPTH: usize = 8;

/// Reads that one connection takes before it goes back, so that others get their turn.
const JOINED: usize = 256;

/// The connections that are shared at the moment.
#[derive(Clone, Default)]
pub(crate) struct Lanes(Arc<Mutex<Vec<Weak<Lane>>>>);

struct Lane {
    /// Always there until the lane is dropped.
    lease: Option<Lease>,
    /// Reads under way.
    under_way: AtomicUsize,
    joined: AtomicUsize,
    /// Nobody joins any more, and the connection is not used again.
    retired: AtomicBool,
}

impl Lane {
    fn is_open(&self) -> bool {
        self.under_way.load(Ordering::Acquire) < DEPTH
            && self.joined.load(Ordering::Acquire) < JOINED
            && !self.retired.load(Ordering::Acquire)
    }
}

impl Drop for Lane {
    fn drop(&mut self) {
        // One that is not settled is let go, and the server ends what it may still be doing.
        if let Some(lease) = self.lease.take()
            && !self.retired.load(Ordering::Acquire)
        {
            let _ = lease.settle(Ok(()));
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
        let lane = Arc::new(Lane {
            lease: Some(lease),
            under_way: AtomicUsize::new(1),
            joined: AtomicUsize::new(1),
            retired: AtomicBool::new(false),
        });
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
            if lane.is_open() && fullest.as_ref().is_none_or(|(most, _)| under_way > *most) {
                fullest = Some((under_way, lane));
            }
            true
        });
        let (_, lane) = fullest?;
        lane.under_way.fetch_add(1, Ordering::AcqRel);
        lane.joined.fetch_add(1, Ordering::AcqRel);
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

/// Runs something beside the caller, and ends it when the caller stops waiting.
pub(crate) async fn beside<T: Send + 'static>(work: impl Future<Output = Result<T>> + Send + 'static) -> Result<T> {
    struct Ended<T>(JoinHandle<T>);

    impl<T> Drop for Ended<T> {
        fn drop(&mut self) {
            self.0.abort();
        }
    }

    let mut task = Ended(tokio::spawn(work));
    from_task((&mut task.0).await)?
}
