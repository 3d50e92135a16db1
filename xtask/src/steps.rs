//! Steps with their time, and the closing line.

use std::time::{Duration, Instant};

use anyhow::Result;

/// What a step found: a single check, or as many as it counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Outcome {
    /// Checks that held.
    pub(crate) passed: u64,
    /// Checks that did not.
    pub(crate) failed: u64,
    /// Tests marked `#[ignore]`, which ran nowhere; Python tests of optional packages where none
    /// is installed, and those that are expected to fail.
    pub(crate) ignored: u64,
}

impl Outcome {
    /// One check that held.
    pub(crate) const PASSED: Self = Self { passed: 1, failed: 0, ignored: 0 };
    /// One check that did not.
    pub(crate) const FAILED: Self = Self { passed: 0, failed: 1, ignored: 0 };

    /// Both together.
    pub(crate) fn plus(self, other: Self) -> Self {
        Self {
            passed: self.passed + other.passed,
            failed: self.failed + other.failed,
            ignored: self.ignored + other.ignored,
        }
    }
}

type Action<'a> = Box<dyn FnOnce() -> Result<Outcome> + 'a>;

/// Named steps, run in order up to the first failure.
#[derive(Default)]
pub(crate) struct Steps<'a> {
    steps: Vec<(String, Action<'a>)>,
}

impl<'a> Steps<'a> {
    /// Appends a step that passes when `action` returns without an error.
    pub(crate) fn check(&mut self, name: impl Into<String>, action: impl FnOnce() -> Result<()> + 'a) {
        self.counted(name, || action().map(|()| Outcome::PASSED));
    }

    /// Appends a step that counts its own checks.
    pub(crate) fn counted(&mut self, name: impl Into<String>, action: impl FnOnce() -> Result<Outcome> + 'a) {
        self.steps.push((name.into(), Box::new(action)));
    }

    /// Runs all steps, prints a summary and, as the last line, `N passed, N failed`.
    /// Returns whether everything passed.
    pub(crate) fn run(self) -> bool {
        let count = self.steps.len();
        let started = Instant::now();
        let mut total = Outcome::default();
        let mut summary = Vec::new();
        for (index, (name, action)) in self.steps.into_iter().enumerate() {
            if total.failed > 0 {
                summary.push(format!("  not run          {name}"));
                continue;
            }
            println!("==> [{}/{count}] {name}", index + 1);
            let step_started = Instant::now();
            let outcome = action().unwrap_or_else(|error| {
                println!("    error: {error:#}");
                Outcome::FAILED
            });
            total = total.plus(outcome);
            let word = if outcome.failed == 0 { "ok" } else { "FAILED" };
            let time = seconds(step_started.elapsed());
            println!("    {word} in {time}\n");
            summary.push(format!("  {word:<7}{time:>9} {name}"));
        }

        println!("steps ({} in all):", seconds(started.elapsed()));
        for line in summary {
            println!("{line}");
        }
        if total.ignored > 0 {
            println!("tests that did not run or show a known gap: {}", total.ignored);
        }
        println!("{} passed, {} failed", total.passed, total.failed);
        total.failed == 0
    }
}

fn seconds(duration: Duration) -> String {
    format!("{:.1} s", duration.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use anyhow::bail;

    use super::*;

    #[test]
    fn all_steps_run_when_each_passes() {
        let ran = std::cell::Cell::new(0);
        let mut steps = Steps::default();
        steps.check("first", || {
            ran.set(ran.get() + 1);
            Ok(())
        });
        steps.check("second", || {
            ran.set(ran.get() + 1);
            Ok(())
        });
        assert!(steps.run());
        assert_eq!(ran.get(), 2);
    }

    #[test]
    fn a_failure_stops_the_steps_after_it() {
        let ran = std::cell::Cell::new(false);
        let mut steps = Steps::default();
        steps.check("breaks", || bail!("broken"));
        steps.check("after", || {
            ran.set(true);
            Ok(())
        });
        assert!(!steps.run());
        assert!(!ran.get());
    }

    #[test]
    fn a_counted_failure_is_a_failure() {
        let mut steps = Steps::default();
        steps.counted("tests", || Ok(Outcome { passed: 5, failed: 1, ignored: 0 }));
        assert!(!steps.run());
    }
}
