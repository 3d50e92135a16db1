//! A sign of life on standard error while a call takes long.

use std::io::IsTerminal as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use dataknobs_data::file::{WorkKind, work_in_progress};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// How long a call may take in silence.
const SILENCE: Duration = Duration::from_millis(500);
const TICK: Duration = Duration::from_millis(100);

const RECORDS: &str = "{spinner} {human_pos} records, {elapsed}";
const LOADING: &str = "{spinner} loading {msg} [{bar:30}] {binary_bytes} of {binary_total_bytes}, {eta} left";
const FOLDING: &str = "{spinner} writing {msg} [{bar:30}] {human_pos} of {human_len} records, {eta} left";

/// Shows itself when standard error is a terminal and the work takes longer than half a second;
/// gone once it is dropped.
pub(crate) struct Progress {
    shown: Option<Shown>,
}

struct Shown {
    records: Arc<AtomicU64>,
    done: Arc<(Mutex<bool>, Condvar)>,
    thread: Option<JoinHandle<()>>,
}

impl Progress {
    /// Begins the work.
    pub(crate) fn start() -> Self {
        if !std::io::stderr().is_terminal() {
            return Progress { shown: None };
        }
        let records = Arc::new(AtomicU64::new(0));
        let done = Arc::new((Mutex::new(false), Condvar::new()));
        let (count, waiting) = (records.clone(), done.clone());
        let thread = std::thread::spawn(move || show(&count, &waiting));
        Progress { shown: Some(Shown { records, done, thread: Some(thread) }) }
    }

    /// One more record was handled. Where the records themselves appear on the terminal, they are
    /// sign of life enough.
    pub(crate) fn record(&mut self, printed: bool) {
        match &self.shown {
            Some(_) if printed && std::io::stdout().is_terminal() => self.shown = None,
            Some(shown) => drop(shown.records.fetch_add(1, Ordering::Relaxed)),
            None => {}
        }
    }
}

/// Waits in silence, then draws until the work is done.
fn show(records: &AtomicU64, done: &(Mutex<bool>, Condvar)) {
    let (flag, changed) = done;
    let is_done = |time| {
        let flag = flag.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = changed.wait_timeout_while(flag, time, |done| !*done);
        *waited.unwrap_or_else(PoisonError::into_inner).0
    };
    if is_done(SILENCE) {
        return;
    }
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    let mut drawn = None;
    loop {
        let work = work_in_progress().into_iter().next();
        let kind = work.as_ref().map(|work| work.kind);
        if drawn != Some(kind) {
            drawn = Some(kind);
            bar.reset();
            bar.set_style(style(kind));
        }
        match work {
            Some(work) => {
                bar.set_message(work.path.file_name().unwrap_or_default().to_string_lossy().into_owned());
                bar.set_length(work.total);
                bar.set_position(work.done);
            }
            None => bar.set_position(records.load(Ordering::Relaxed)),
        }
        bar.tick();
        if is_done(TICK) {
            bar.finish_and_clear();
            return;
        }
    }
}

fn style(kind: Option<WorkKind>) -> ProgressStyle {
    let template = match kind {
        Some(WorkKind::Loading) => LOADING,
        Some(_) => FOLDING,
        None => RECORDS,
    };
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_spinner())
}

impl Drop for Shown {
    fn drop(&mut self) {
        let (flag, changed) = &*self.done;
        *flag.lock().unwrap_or_else(PoisonError::into_inner) = true;
        changed.notify_all();
        // What comes next on the terminal must not meet the bar.
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_template_is_one() {
        for template in [RECORDS, LOADING, FOLDING] {
            ProgressStyle::with_template(template).unwrap();
        }
    }
}
