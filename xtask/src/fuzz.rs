//! `cargo xtask fuzz`: the differential runner, then each fuzz target for a while.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, bail};
use clap::Args;

use crate::steps::Steps;
use crate::workspace::Workspace;
use crate::{process, tool};

/// How much, and from where.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Random pairs of contents and query, for each backend
    #[arg(long, default_value_t = 20_000)]
    cases: u64,
    /// Repeat a run; without it the seed comes from the clock and is printed
    #[arg(long)]
    seed: Option<u64>,
    /// How long each fuzz target runs
    #[arg(long, default_value_t = 20)]
    seconds_per_target: u64,
}

/// Checks the tools first: a missing one should not cost the minutes before it.
pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<bool> {
    let root = workspace.root();
    let seed = options.seed.map_or_else(seed_from_clock, Ok)?;
    println!("seed {seed} (repeat this run with --seed {seed})\n");

    require_nightly(root)?;
    tool::ensure(root, "fuzz")?;
    let targets = list_targets(root)?;

    let mut steps = Steps::default();
    steps.check(format!("differential runner, {} cases for each backend", options.cases), || {
        let mut command = process::cargo(root, ["run", "--release"]);
        command.args(["--package", "dataknobs-data-testkit", "--bin", "differential", "--"]);
        command.args(["--cases", &options.cases.to_string(), "--seed", &seed.to_string()]);
        process::run(&mut command)
    });
    for target in targets {
        steps.check(format!("fuzz target {target}, {} s", options.seconds_per_target), move || {
            process::run(&mut fuzz_command(root, &target, seed, options.seconds_per_target)?)
        });
    }
    Ok(steps.run())
}

/// Runs one target on what earlier runs found (`fuzz/corpus`, not in git) and on the seeds that
/// are (`fuzz/seeds`).
fn fuzz_command(root: &Path, target: &str, seed: u64, seconds: u64) -> Result<Command> {
    let corpus = format!("fuzz/corpus/{target}");
    fs::create_dir_all(root.join(&corpus)).with_context(|| format!("cannot create {corpus}"))?;
    let mut command = process::cargo(root, ["+nightly", "fuzz", "run", target, &corpus]);
    let seeds = format!("fuzz/seeds/{target}");
    if root.join(&seeds).is_dir() {
        command.arg(seeds);
    }
    // libFuzzer's seed has 32 bits, and its 0 means "choose one".
    let seed = (seed % u64::from(u32::MAX)) + 1;
    // An input that takes 20 seconds is a hang.
    command.args(["--", &format!("-max_total_time={seconds}"), &format!("-seed={seed}"), "-timeout=20"]);
    Ok(command)
}

fn require_nightly(root: &Path) -> Result<()> {
    if process::succeeds(&mut process::cargo(root, ["+nightly", "--version"])) {
        return Ok(());
    }
    bail!(
        "the fuzz targets need the nightly toolchain, which is missing; \
         install it with: rustup toolchain install nightly --profile minimal"
    )
}

fn list_targets(root: &Path) -> Result<Vec<String>> {
    let listed = process::capture(&mut process::cargo(root, ["+nightly", "fuzz", "list"]))?;
    let targets: Vec<String> = listed.lines().map(|line| line.trim().to_owned()).collect();
    if targets.is_empty() {
        bail!("fuzz/ holds no fuzz targets");
    }
    Ok(targets)
}

fn seed_from_clock() -> Result<u64> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).context("the clock is before 1970")?;
    Ok(now.as_secs())
}
