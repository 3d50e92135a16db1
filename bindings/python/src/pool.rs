//! The rules of connection pools, for pools whose connections are Python's.
//!
//! `dataknobs_data.connections` opens, checks and closes them, on the caller's thread or in its
//! event loop. Here a connection is a number, and nothing calls Python, so that whatever a lock
//! protects is never in the way of Python code.

use std::collections::HashMap;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use dataknobs_data::{Error, ErrorKind};
use dataknobs_data_core::config::{ConfigMap, from_map};
use dataknobs_data_core::layers::{Retry, RetryPolicy};
use dataknobs_data_core::pool::{Aged, Next, PoolConfig, Slot, Slots};
use parking_lot::Mutex;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::answer::Answer;
use crate::calls::{seconds, settings};
use crate::error::{Outcome, to_python};
use crate::pending::{Call, Pending, wait};
use crate::{json, runtime};

/// A slot of this process. In the child of a fork it stays as it is: whoever held the pool's lock
/// may not be there to let go of it.
pub(crate) struct Held {
    slot: Option<Slot>,
    generation: u64,
}

impl From<Slot> for Held {
    fn from(slot: Slot) -> Self {
        Held { slot: Some(slot), generation: runtime::generation() }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if self.generation != runtime::generation() {
            std::mem::forget(self.slot.take());
        }
    }
}

/// The right to hold one connection, until it is lent or freed.
#[pyclass(module = "dataknobs_data._native", frozen)]
pub(crate) struct PoolSlot(Mutex<Option<Held>>);

impl From<Held> for PoolSlot {
    fn from(held: Held) -> Self {
        PoolSlot(Mutex::new(Some(held)))
    }
}

impl PoolSlot {
    fn take(&self) -> Outcome<Held> {
        let held = self.0.lock().take();
        held.ok_or_else(|| Error::new(ErrorKind::NotFound, "this slot of a pool was freed already").into())
    }
}

#[pymethods]
impl PoolSlot {
    /// Let the next caller have it.
    fn free(&self) {
        let held = self.0.lock().take();
        drop(held);
    }
}

struct Loan {
    connection: Aged<u64>,
    slot: Held,
}

/// Who is next, which connection is lent, which is let go; connections are numbers.
#[pyclass(module = "dataknobs_data._native", frozen)]
pub(crate) struct PoolSlots {
    slots: Arc<Slots<u64>>,
    loans: Mutex<HashMap<u64, Loan>>,
    retry: Retry,
    generation: u64,
}

impl PoolSlots {
    fn slots(&self) -> Outcome<&Arc<Slots<u64>>> {
        if self.generation == runtime::generation() {
            return Ok(&self.slots);
        }
        Err(Error::new(ErrorKind::Connection, "this pool was made before the process was forked")
            .with_retryable(false)
            .with_hint("make it in the child, or start workers with the spawn method")
            .into())
    }

    fn allowed(&self, timeout: Option<f64>) -> Outcome<Duration> {
        Ok(seconds(timeout)?.unwrap_or(self.slots.config().acquire_timeout))
    }

    /// Ends a loan.
    fn returned(&self, connection: u64, operation: &'static str) -> Outcome<Loan> {
        let loan = self.loans.lock().remove(&connection);
        loan.ok_or_else(|| {
            Error::new(ErrorKind::NotFound, "this connection is not on loan from this pool")
                .with_operation(operation)
                .with_hint("it was given back already, or another pool lent it")
                .into()
        })
    }
}

/// A slot that was free, or the wait for one. The place in the queue is taken here and now.
enum Entry {
    Free(Held),
    Wait(Call),
}

fn enter(slots: &Arc<Slots<u64>>, allowed: Duration) -> Outcome<Entry> {
    let queue = slots.clone();
    let mut slot = Box::pin(async move { queue.slot().await });
    if let Poll::Ready(slot) = slot.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        return Ok(Entry::Free(slot?.into()));
    }
    let slots = slots.clone();
    Ok(Entry::Wait(Box::pin(async move {
        match tokio::time::timeout(allowed, slot).await {
            Ok(slot) => Ok(Answer::Slot(slot?.into())),
            Err(_) => Err(slots.timed_out(allowed)),
        }
    })))
}

/// Reads the settings of a pool, and how often `connect` is tried.
fn read(mut map: ConfigMap) -> Outcome<(PoolConfig, RetryPolicy)> {
    let retry = match map.remove("retry") {
        None | Some(serde_json::Value::Null) => RetryPolicy::with_attempts(1),
        Some(setting) => RetryPolicy::from_config(setting)?,
    };
    Ok((from_map(map)?, retry))
}

#[pymethods]
impl PoolSlots {
    #[new]
    #[pyo3(signature = (config, /))]
    fn new(config: &Bound<'_, PyAny>) -> Outcome<Self> {
        let (config, retry) = read(settings(Some(config))?)?;
        let slots = Arc::new(Slots::new(config)?);
        let loans = Mutex::new(HashMap::new());
        Ok(PoolSlots { slots, loans, retry: Retry::new(retry), generation: runtime::generation() })
    }

    /// Give the settings of a configuration, as they stand there, when they make sense.
    #[staticmethod]
    fn checked<'py>(config: &Bound<'py, PyAny>) -> Outcome<Bound<'py, PyDict>> {
        let map = settings(Some(config))?;
        read(map.clone())?.0.check()?;
        Ok(json::map_to_python(config.py(), &map)?)
    }

    /// All settings but ``retry``; durations as texts.
    #[getter]
    fn settings<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        json::to_python(py, &serde_json::to_value(self.slots.config()).unwrap_or_default())
    }

    /// Seconds that a call may take to get a connection: its own limit, or that of the pool.
    fn seconds(&self, timeout: Option<f64>) -> Outcome<f64> {
        self.slots()?;
        Ok(self.allowed(timeout)?.as_secs_f64())
    }

    /// Give a slot, in turn; wait for it on this thread.
    fn enter(&self, py: Python<'_>, timeout: Option<f64>) -> Outcome<PoolSlot> {
        match enter(self.slots()?, self.allowed(timeout)?)? {
            Entry::Free(held) => Ok(held.into()),
            Entry::Wait(call) => match wait(py, call)? {
                Answer::Slot(held) => Ok(held.into()),
                _ => unreachable!("the wait for a slot answers with a slot"),
            },
        }
    }

    /// Give a slot, in turn, or the wait for it.
    fn begin<'py>(&self, py: Python<'py>, timeout: Option<f64>) -> Outcome<Bound<'py, PyAny>> {
        Ok(match enter(self.slots()?, self.allowed(timeout)?)? {
            Entry::Free(held) => Bound::new(py, PoolSlot::from(held))?.into_any(),
            Entry::Wait(call) => Bound::new(py, Pending::start(call)?)?.into_any(),
        })
    }

    /// Say what to do with a slot, and with which connection. One to lend or to check is on loan from now on.
    fn next(&self, slot: &PoolSlot) -> Outcome<(&'static str, u64)> {
        let slots = self.slots()?;
        let held = slot.take()?;
        let next = match &held.slot {
            Some(slot) => slots.next(slot),
            None => unreachable!("a slot is taken only in drop"),
        };
        let (step, connection) = match next {
            Next::Lend(connection) => ("lend", connection),
            Next::Check(connection) => ("check", connection),
            other => {
                *slot.0.lock() = Some(held);
                return Ok(if let Next::LetGo(connection) = other { ("let go", connection) } else { ("connect", 0) });
            }
        };
        let number = connection.connection;
        self.loans.lock().insert(number, Loan { connection, slot: held });
        Ok((step, number))
    }

    /// Lend a connection that was opened for a slot.
    fn lend(&self, slot: &PoolSlot, connection: u64) -> Outcome<()> {
        self.slots()?;
        let mut held = slot.0.lock();
        let mut loans = self.loans.lock();
        if loans.contains_key(&connection) {
            return Err(Error::new(ErrorKind::AlreadyExists, "`connect` gave a connection that is on loan already")
                .with_operation("acquire")
                .with_hint("it has to open a new connection each time")
                .into());
        }
        match held.take() {
            Some(slot) => loans.insert(connection, Loan { connection: Aged::new(connection), slot }),
            None => return Err(Error::new(ErrorKind::NotFound, "this slot of a pool was freed already").into()),
        };
        Ok(())
    }

    /// Whether a connection is on loan.
    fn is_lent(&self, connection: u64) -> Outcome<bool> {
        self.slots()?;
        Ok(self.loans.lock().contains_key(&connection))
    }

    /// End a loan, keep the connection for the next caller, and give those that are to be closed.
    fn give_back(&self, connection: u64) -> Outcome<Vec<u64>> {
        let slots = self.slots()?;
        let Loan { connection, slot } = self.returned(connection, "release")?;
        let outlived = slots.take_back(connection);
        drop(slot);
        Ok(outlived)
    }

    /// End a loan and give its slot, to be freed when the connection is closed.
    fn take_out(&self, connection: u64) -> Outcome<PoolSlot> {
        self.slots()?;
        Ok(self.returned(connection, "discard")?.slot.into())
    }

    /// End the lending and give the idle connections, to be closed.
    fn close(&self) -> Outcome<Vec<u64>> {
        Ok(self.slots()?.close())
    }

    /// Whether there are fewer connections than `min_size`.
    fn is_below_minimum(&self) -> Outcome<bool> {
        Ok(self.slots()?.is_below_minimum())
    }

    /// Give size, idle, in use and waiting.
    fn metrics(&self) -> Outcome<(usize, usize, usize, usize)> {
        let metrics = self.slots()?.metrics();
        Ok((metrics.size, metrics.idle, metrics.in_use, metrics.waiting))
    }

    /// Give the error for a call that got no connection within these seconds.
    fn timed_out<'py>(&self, py: Python<'py>, timeout: Option<f64>) -> Outcome<Bound<'py, PyAny>> {
        let error = self.slots()?.timed_out(self.allowed(timeout)?);
        Ok(to_python(&error).into_value(py).into_bound(py).into_any())
    }

    /// Seconds to wait before `connect` is tried again that failed so often and was first called so long ago; None
    /// when it is not to be.
    fn pause(&self, failed: u32, since: f64) -> Option<f64> {
        let since = Duration::try_from_secs_f64(since).unwrap_or(Duration::MAX);
        self.retry.pause(failed, since).map(|pause| pause.as_secs_f64())
    }
}
