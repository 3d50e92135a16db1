//! The runtime on which calls run that must wait, and its end: at exit, and in forked children.

use std::future::Future;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::thread::ThreadId;
use std::time::{Duration, Instant};

use dataknobs_data::{Error, ErrorKind};
use parking_lot::Mutex;
use pyo3::prelude::*;
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::task::JoinHandle;

use crate::error::Outcome;

/// Counts forks: a child's runtime, locks and connections are not its parent's.
static GENERATION: AtomicU64 = AtomicU64::new(0);

/// The interpreter is ending: no thread of ours may ask for it any more.
static ENDING: AtomicBool = AtomicBool::new(false);

/// The thread in which it ends, which may still make calls.
static ENDING_THREAD: Mutex<Option<ThreadId>> = Mutex::new(None);

/// Threads of ours that are in the interpreter, or wait for it.
static ATTACHED: AtomicUsize = AtomicUsize::new(0);

/// The runtime and the generation it was built in. A child leaves its parent's where it is: the
/// threads that it would wait for are not there.
static RUNTIME: Mutex<Option<(u64, &'static Runtime)>> = Mutex::new(None);

/// Which process this is, counted in forks.
pub(crate) fn generation() -> u64 {
    GENERATION.load(Ordering::Relaxed)
}

/// The handle of this process's runtime, which is built when it is first needed.
pub(crate) fn handle() -> Result<Handle, Error> {
    let mut slot = RUNTIME.lock();
    if let Some((built, runtime)) = *slot
        && built == generation()
    {
        return Ok(runtime.handle().clone());
    }
    let threads = std::thread::available_parallelism().map_or(2, |cores| cores.get().clamp(2, 8));
    let runtime = Builder::new_multi_thread()
        .worker_threads(threads)
        .thread_name("dataknobs-data")
        .enable_all()
        .build()
        .map_err(Error::from)?;
    let runtime: &'static Runtime = Box::leak(Box::new(runtime));
    *slot = Some((generation(), runtime));
    Ok(runtime.handle().clone())
}

/// Runs a future beside the caller.
pub(crate) fn spawn<T: Send + 'static>(future: impl Future<Output = T> + Send + 'static) -> Outcome<JoinHandle<T>> {
    Ok(handle()?.spawn(future))
}

/// A thread that is in the interpreter, or on its way there.
struct Attached;

impl Attached {
    /// None when the interpreter is ending.
    fn begin() -> Option<Self> {
        ATTACHED.fetch_add(1, Ordering::SeqCst);
        let attached = Attached;
        (!ENDING.load(Ordering::SeqCst)).then_some(attached)
    }
}

impl Drop for Attached {
    fn drop(&mut self) {
        ATTACHED.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Runs code that may block on a thread kept for that.
pub(crate) fn spawn_blocking<T: Send + 'static>(
    run: impl FnOnce() -> T + Send + 'static,
) -> Result<JoinHandle<T>, Error> {
    Ok(handle()?.spawn_blocking(run))
}

/// Runs code in the interpreter from a thread of ours; none when the interpreter is ending.
pub(crate) fn attach<T>(run: impl FnOnce(Python<'_>) -> T) -> Option<T> {
    let _attached = Attached::begin()?;
    Python::try_attach(run)
}

/// Runs code while other threads have the interpreter.
///
/// A thread that comes back when the interpreter has begun to end stays where it is: until Python
/// 3.14, the interpreter ends such threads with `pthread_exit`, which must not unwind Rust frames.
pub(crate) fn detach<T: Send>(py: Python<'_>, run: impl FnOnce() -> T + Send) -> T {
    let (result, _back) = py.detach(|| {
        let result = run();
        let back = Attached::begin();
        if back.is_none() && *ENDING_THREAD.lock() != Some(std::thread::current().id()) {
            loop {
                std::thread::park();
            }
        }
        (result, back)
    });
    result
}

thread_local! {
    static MUST_NOT_BLOCK: std::cell::Cell<bool> = const { std::cell::Cell::new(false) };
}

/// From now on this thread may not wait for calls: it is the one that runs the coroutines of Python
/// backends, and would wait for itself.
#[pyfunction]
pub(crate) fn _forbid_blocking() {
    MUST_NOT_BLOCK.set(true);
}

/// Whether this thread may not wait for calls.
pub(crate) fn must_not_block() -> bool {
    MUST_NOT_BLOCK.get()
}

/// The error for what was opened in another process.
#[cold]
pub(crate) fn forked() -> Error {
    Error::new(ErrorKind::Connection, "this database was opened before the process was forked")
        .with_retryable(false)
        .with_hint("open it in the child, or start workers with the spawn method")
}

thread_local! {
    static QUIET: std::cell::RefCell<Option<dataknobs_data::Quiet>> = const { std::cell::RefCell::new(None) };
}

/// Before a fork: no other thread may hold a lock that the child would wait for.
///
/// The interpreter is kept: whoever holds one of these locks does not ask for it, while a thread
/// that got it meanwhile might wait for a lock that is held here.
#[pyfunction]
pub(crate) fn _before_fork() {
    let quiet = dataknobs_data::Quiet::begin();
    QUIET.with(|kept| *kept.borrow_mut() = Some(quiet));
}

/// After a fork, in the parent.
#[pyfunction]
pub(crate) fn _after_fork_in_parent() {
    QUIET.with(|kept| kept.borrow_mut().take());
}

/// After a fork, in the child.
#[pyfunction]
pub(crate) fn _after_fork_in_child() {
    QUIET.with(|kept| kept.borrow_mut().take());
    GENERATION.fetch_add(1, Ordering::Relaxed);
    ATTACHED.store(0, Ordering::SeqCst);
}

/// Keeps an object for as long as the process lives: nothing ever ends it.
#[pyfunction]
pub(crate) fn _keep_for_good(object: Py<PyAny>) {
    std::mem::forget(object);
}

/// At exit: waits until the threads of ours have left the interpreter, but not for long.
#[pyfunction]
pub(crate) fn _at_exit(py: Python<'_>) {
    *ENDING_THREAD.lock() = Some(std::thread::current().id());
    ENDING.store(true, Ordering::SeqCst);
    py.detach(|| {
        let patience = Instant::now() + Duration::from_secs(2);
        while ATTACHED.load(Ordering::SeqCst) > 0 && Instant::now() < patience {
            std::thread::park_timeout(Duration::from_micros(200));
        }
    });
}
