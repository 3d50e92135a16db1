//! Running pytest, and the counts in its closing line.
//!
//! The line reads `12 passed, 1 skipped, 2 warnings in 0.31s`, with the counts that are not zero.

use anyhow::{Result, bail};

use super::environment::Environment;
use crate::process;
use crate::steps::Outcome;

/// What a skipped test is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Skips {
    /// Everything that tests may ask for is installed, so there is no reason to skip one.
    Fail,
    /// Optional packages are missing on purpose.
    Allow,
}

/// Runs tests in Python's development mode, with warnings as errors, on all cores: those in some
/// files, or all of them.
pub(crate) fn run(environment: &Environment, skips: Skips, embedded: bool, files: &[&str]) -> Result<Outcome> {
    let mut command = environment.command("python");
    command.args(["-X", "dev", "-W", "error", "-m", "pytest", "--quiet", "--color=no", "-p", "no:cacheprovider"]);
    command.args(["--numprocesses", "auto", "--dist", "worksteal"]);
    if skips == Skips::Fail {
        command.arg("-rsx");
    }
    command.args(files.iter().map(|file| format!("tests/{file}")));
    if embedded {
        command.args(["-k", "not postgres"]);
    }
    let mut closing = None;
    let succeeded = process::run_lines(&mut command, |line| closing = Counts::parse(line).or(closing))?;
    let Some(counts) = closing else { bail!("pytest printed no closing line") };
    let mut outcome = counts.outcome(skips);
    if outcome.passed == 0 && outcome.failed == 0 {
        bail!("no test ran");
    }
    if !succeeded && outcome.failed == 0 {
        // It died after the tests, or stopped before them.
        outcome = outcome.plus(Outcome::FAILED);
    }
    Ok(outcome)
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Counts {
    passed: u64,
    failed: u64,
    errors: u64,
    skipped: u64,
    xfailed: u64,
    xpassed: u64,
}

impl Counts {
    /// The counts of the closing line, or none when it is another line.
    fn parse(line: &str) -> Option<Self> {
        let (counts, time) = line.trim_matches(['=', ' ']).rsplit_once(" in ")?;
        let seconds = time.split_whitespace().next()?.strip_suffix('s')?;
        seconds.parse::<f64>().ok()?;
        let mut parsed = Self::default();
        if counts == "no tests ran" {
            return Some(parsed);
        }
        for part in counts.split(", ") {
            let (count, label) = part.split_once(' ')?;
            let count = count.parse().ok()?;
            match label {
                "passed" => parsed.passed = count,
                "failed" => parsed.failed = count,
                "error" | "errors" => parsed.errors = count,
                "skipped" => parsed.skipped = count,
                "xfailed" => parsed.xfailed = count,
                "xpassed" => parsed.xpassed = count,
                _ => {} // warnings, deselected
            }
        }
        Some(parsed)
    }

    /// A test that is expected to fail, and does, marks a known gap: it counts as not run.
    fn outcome(self, skips: Skips) -> Outcome {
        let skipped = if skips == Skips::Fail { self.skipped } else { 0 };
        Outcome {
            passed: self.passed,
            failed: self.failed + self.errors + self.xpassed + skipped,
            ignored: self.xfailed + (self.skipped - skipped),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_counts_of_a_closing_line() {
        let line = "2 failed, 12 passed, 1 skipped, 3 xfailed, 4 xpassed, 5 warnings, 6 errors in 75.31s (0:01:15)";
        let counts = Counts { passed: 12, failed: 2, errors: 6, skipped: 1, xfailed: 3, xpassed: 4 };
        assert_eq!(Counts::parse(line), Some(counts));
        assert_eq!(Counts::parse("===== 1 passed in 0.01s ====="), Some(Counts { passed: 1, ..Counts::default() }));
        assert_eq!(Counts::parse("no tests ran in 0.00s"), Some(Counts::default()));
    }

    #[test]
    fn other_lines_are_not_closing_lines() {
        for line in ["....... [100%]", "", "FAILED tests/test_x.py - assert 1 in 2s", "the tests ran in 2s"] {
            assert_eq!(Counts::parse(line), None, "{line}");
        }
    }

    #[test]
    fn a_skipped_test_fails_unless_skips_are_allowed() {
        let counts = Counts { passed: 3, skipped: 2, xfailed: 1, ..Counts::default() };
        assert_eq!(counts.outcome(Skips::Fail), Outcome { passed: 3, failed: 2, ignored: 1 });
        assert_eq!(counts.outcome(Skips::Allow), Outcome { passed: 3, failed: 0, ignored: 3 });
    }
}
