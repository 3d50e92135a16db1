//! `cargo xtask coverage`: line coverage of one crate, by its own tests and the testkit's.
//!
//! cargo-tarpaulin's LLVM engine needs no special permission, where its default needs `ptrace`.
//! Documentation tests don't count: measuring them takes a nightly compiler.

use anyhow::{Context, Result, bail};
use clap::Args;

use crate::steps::Steps;
use crate::workspace::{Package, Workspace};
use crate::{process, tool};

const TESTKIT: &str = "dataknobs-data-testkit";

/// What to measure, and what is enough.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The crate to measure, with or without `dataknobs-data-` before its name
    #[arg(long, default_value = "core")]
    package: String,
    /// Fail below this percentage of lines
    #[arg(long, default_value_t = 95.0)]
    at_least: f64,
}

/// Installs cargo-tarpaulin when it is missing, then measures.
pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<bool> {
    let package = workspace
        .package(&options.package)
        .or_else(|_| workspace.package(&format!("dataknobs-data-{}", options.package)))?;
    workspace.package(TESTKIT)?;
    let root = workspace.root();
    let mut steps = Steps::default();
    steps.check("cargo-tarpaulin is installed", || tool::ensure(root, "tarpaulin"));
    steps.check(format!("line coverage of {}", package.name), || measure(workspace, package, options.at_least));
    Ok(steps.run())
}

fn measure(workspace: &Workspace, package: &Package, at_least: f64) -> Result<()> {
    let include = format!("{}/src/*", package.folder);
    let mut command = process::cargo(workspace.root(), ["tarpaulin", "--engine", "llvm", "--timeout", "900"]);
    command.args(["--packages", &package.name]);
    if package.name != TESTKIT {
        command.args(["--packages", TESTKIT]);
    }
    command.args(["--include-files", &include]);
    // A folder of its own, so that instrumented and ordinary builds don't evict each other.
    command.arg("--target-dir").arg(workspace.target().join("coverage"));
    command.arg("--skip-clean");
    // Instrumented, unoptimised frames are several times as large as ordinary ones.
    command.env("RUST_MIN_STACK", "16777216");
    let mut percentage = None;
    let succeeded = process::run_lines(&mut command, |line| {
        percentage = parse_percentage(line).or(percentage);
    })?;
    if !succeeded {
        bail!("cargo tarpaulin failed");
    }
    let percentage = percentage.context("cargo tarpaulin printed no percentage")?;
    println!("    {}: {percentage:.2} % of lines, at least {at_least} % wanted", package.name);
    if percentage < at_least {
        bail!("{percentage:.2} % of lines is less than {at_least} %");
    }
    Ok(())
}

/// The percentage of a line such as `95.12% coverage, 351/369 lines covered`.
fn parse_percentage(line: &str) -> Option<f64> {
    let (number, rest) = line.split_once("% coverage, ")?;
    rest.contains("lines covered").then_some(())?;
    number.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_closing_percentage() {
        assert_eq!(parse_percentage("95.12% coverage, 351/369 lines covered"), Some(95.12));
        let with_change = "95.12% coverage, 351/369 lines covered, +0.50% change in coverage";
        assert_eq!(parse_percentage(with_change), Some(95.12));
    }

    #[test]
    fn per_file_lines_are_not_the_percentage() {
        assert_eq!(parse_percentage("|| crates/core/src/value.rs: 12/13 +0.00%"), None);
    }
}
