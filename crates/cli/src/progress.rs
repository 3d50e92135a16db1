//! A sign of life on standard error while a call takes long.

use std::io::IsTerminal as _;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// How long a call may take in silence.
const SILENCE: Duration = Duration::from_millis(500);
const TICK: Duration = Duration::from_millis(100);

/// Shows itself when standard error is a terminal and the work takes longer than half a second;
/// gone once it is dropped.
pub(crate) struct Progress {
    shown: Option<Shown>,
}

struct Shown {
    bar: ProgressBar,
    done: Arc<(Mutex<bool>, Condvar)>,
}

impl Progress {
    /// Begins the work.
    pub(crate) fn start() -> Self {
        if !std::io::stderr().is_terminal() {
            return Progress { shown: None };
        }
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden());
        if let Ok(style) = ProgressStyle::with_template("{spinner} {human_pos} records, {elapsed}") {
            bar.set_style(style);
        }
        let done = Arc::new((Mutex::new(false), Condvar::new()));
        let (waiting, late) = (done.clone(), bar.clone());
        std::thread::spawn(move || {
            let (flag, changed) = &*waiting;
            let flag = flag.lock().unwrap_or_else(PoisonError::into_inner);
            let waited = changed.wait_timeout_while(flag, SILENCE, |done| !*done);
            let (flag, _) = waited.unwrap_or_else(PoisonError::into_inner);
            if !*flag {
                late.set_draw_target(ProgressDrawTarget::stderr());
                late.enable_steady_tick(TICK);
            }
        });
        Progress { shown: Some(Shown { bar, done }) }
    }

    /// One more record was handled. Where the records themselves appear on the terminal, they are
    /// sign of life enough.
    pub(crate) fn record(&mut self, printed: bool) {
        match &self.shown {
            Some(_) if printed && std::io::stdout().is_terminal() => self.shown = None,
            Some(shown) => shown.bar.inc(1),
            None => {}
        }
    }
}

impl Drop for Shown {
    fn drop(&mut self) {
        let (flag, changed) = &*self.done;
        // Under the lock, so that the bar does not appear after it was cleared.
        let mut flag = flag.lock().unwrap_or_else(PoisonError::into_inner);
        *flag = true;
        changed.notify_all();
        self.bar.finish_and_clear();
    }
}
