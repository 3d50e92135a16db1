//! Waiting: on this thread, with an ear for Ctrl-C, or in an event loop.

use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use dataknobs_data::{Error, ErrorKind};
use futures_util::FutureExt as _;
use parking_lot::{Condvar, Mutex};
use pyo3::intern;
use pyo3::prelude::*;
use tokio::task::AbortHandle;

use crate::answer::Answer;
use crate::error::{Failure, Outcome};
use crate::runtime;

pub(crate) type Call = Pin<Box<dyn Future<Output = dataknobs_data::Result<Answer>> + Send>>;

/// How long Ctrl-C may go unnoticed.
const ATTENTION: Duration = Duration::from_millis(50);

/// Who waits in an event loop.
struct Waiter {
    event_loop: Py<PyAny>,
    /// What the loop has to call.
    wake: Py<PyAny>,
    /// And with what.
    future: Py<PyAny>,
}

#[derive(Default)]
struct Slot {
    answer: Option<dataknobs_data::Result<Answer>>,
    waiter: Option<Waiter>,
    done: bool,
}

#[derive(Default)]
struct Shared {
    slot: Mutex<Slot>,
    ready: Condvar,
}

impl Shared {
    fn complete(&self, answer: dataknobs_data::Result<Answer>) {
        let waiter = {
            let mut slot = self.slot.lock();
            if slot.done {
                return; // cancelled meanwhile
            }
            slot.answer = Some(answer);
            slot.done = true;
            self.ready.notify_all();
            slot.waiter.take()
        };
        let Some(Waiter { event_loop, wake, future }) = waiter else { return };
        let told = runtime::attach(move |py| {
            event_loop.call_method1(py, intern!(py, "call_soon_threadsafe"), (wake, future))?;
            PyResult::Ok(())
        });
        // A loop that is closed has nobody left who waits.
        drop(told);
    }
}

/// Runs a call beside the caller.
fn start(call: Call) -> Outcome<(Arc<Shared>, AbortHandle)> {
    let shared = Arc::new(Shared::default());
    let theirs = shared.clone();
    let task = runtime::spawn(async move {
        let answer = AssertUnwindSafe(call).catch_unwind().await.unwrap_or_else(|_| {
            Err(Error::new(ErrorKind::Backend, "the library failed in a way it should not; please report it"))
        });
        theirs.complete(answer);
    })?;
    Ok((shared, task.abort_handle()))
}

/// Waits for a call on this thread. Other threads of the interpreter go on, and so do signals.
pub(crate) fn wait(py: Python<'_>, call: Call) -> Outcome<Answer> {
    if runtime::must_not_block() {
        return Err(Error::unsupported("a blocking call in the event loop of Python backends would wait for itself")
            .with_hint("await the asynchronous call there")
            .into());
    }
    let (shared, task) = start(call)?;
    loop {
        let answer = runtime::detach(py, || {
            let mut slot = shared.slot.lock();
            if !slot.done {
                shared.ready.wait_for(&mut slot, ATTENTION);
            }
            slot.answer.take()
        });
        match answer {
            Some(answer) => return Ok(answer?),
            None => py.check_signals().inspect_err(|_| task.abort())?,
        }
    }
}

/// A call under way, for an event loop to wait for.
#[pyclass(module = "dataknobs_data._native", frozen)]
pub(crate) struct Pending {
    shared: Arc<Shared>,
    task: AbortHandle,
}

impl Pending {
    pub(crate) fn start(call: Call) -> Outcome<Self> {
        let (shared, task) = start(call)?;
        Ok(Pending { shared, task })
    }
}

#[pymethods]
impl Pending {
    /// Have `wake(future)` called in the loop when the call is done. True when it is already.
    fn notify(&self, event_loop: Py<PyAny>, wake: Py<PyAny>, future: Py<PyAny>) -> bool {
        let mut slot = self.shared.slot.lock();
        if !slot.done {
            slot.waiter = Some(Waiter { event_loop, wake, future });
        }
        slot.done
    }

    /// The answer of a call that is done.
    fn result<'py>(&self, py: Python<'py>) -> Outcome<Bound<'py, PyAny>> {
        let answer = self.shared.slot.lock().answer.take();
        match answer {
            Some(answer) => Ok(answer?.into_python(py)?),
            None => Err(Failure::Library(Error::new(ErrorKind::Cancelled, "the call was interrupted"))),
        }
    }

    /// End the call where it stands.
    fn cancel(&self) {
        self.task.abort();
        // What an answer holds is let go now, not when the traceback of the caller is.
        let left = {
            let mut slot = self.shared.slot.lock();
            slot.done = true;
            (slot.answer.take(), slot.waiter.take())
        };
        drop(left);
    }
}
