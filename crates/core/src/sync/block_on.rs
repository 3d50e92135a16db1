//! Waiting for a future on the calling thread.

use std::cell::RefCell;
use std::future::Future;
use std::pin::pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::Thread;

use tokio::runtime::{Builder, Runtime};

/// The runtime that I/O and timers of blocking calls run on.
fn runtime() -> &'static Runtime {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    RUNTIME.get_or_init(|| {
        let runtime = Builder::new_multi_thread().worker_threads(2).thread_name("dataknobs").enable_all().build();
        match runtime {
            Ok(runtime) => runtime,
            Err(error) => std::panic::panic_any(format!("the runtime for blocking calls could not start: {error}")),
        }
    })
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

thread_local! {
    static WAKER: RefCell<Option<Waker>> = const { RefCell::new(None) };
}

/// Drives a future to its end on this thread. The future may use tokio's I/O and timers, which
/// progress on a runtime of their own, so this works inside another runtime too.
pub(super) fn block_on<F: Future>(future: F) -> F::Output {
    let _guard = runtime().enter();
    let waker = WAKER.with_borrow_mut(|waker| {
        waker.get_or_insert_with(|| Waker::from(Arc::new(Unpark(std::thread::current())))).clone()
    });
    let mut context = Context::from_waker(&waker);
    // Inside a task, tokio makes what used up its share wait for the task to yield, which it cannot
    // do while it blocks here.
    let mut future = pin!(tokio::task::unconstrained(future));
    loop {
        match future.as_mut().poll(&mut context) {
            Poll::Ready(output) => return output,
            Poll::Pending => std::thread::park(),
        }
    }
}
