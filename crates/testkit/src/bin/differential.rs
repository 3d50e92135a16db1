//! Compares every store with the reference on random cases.

#![allow(clippy::print_stdout)] // a command line prints

use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

use clap::Parser;
use dataknobs_data_testkit::differential::{Options, Report, Target, regressions_folder, run};

/// Runs random contents, queries and writes on every store and compares with the reference. Cases
/// that differ are shrunk and kept in `regressions/`.
#[derive(Debug, Parser)]
struct Arguments {
    /// Random pairs of contents and query, for each target
    #[arg(long, default_value_t = 20_000)]
    cases: u64,
    /// Repeats a run; without it the seed comes from the clock
    #[arg(long)]
    seed: Option<u64>,
    /// A target to run; all of them without this. May be given several times
    #[arg(long = "target", value_name = "NAME", value_parser = target)]
    targets: Vec<Target>,
}

fn target(name: &str) -> Result<Target, String> {
    Target::named(name).ok_or_else(|| format!("one of: {}", Target::ALL.map(Target::name).join(", ")))
}

fn main() -> Result<ExitCode, Box<dyn std::error::Error>> {
    let arguments = Arguments::parse();
    let seed = match arguments.seed {
        Some(seed) => seed,
        None => u64::try_from(SystemTime::now().duration_since(UNIX_EPOCH)?.as_nanos() & u128::from(u64::MAX >> 1))?,
    };
    println!("seed {seed} (repeat this run with --seed {seed})\n");
    let options = Options { cases: arguments.cases, seed, regressions: Some(regressions_folder()) };
    let targets = if arguments.targets.is_empty() { Target::ALL.to_vec() } else { arguments.targets };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;

    println!(
        "{:<20} {:>8} {:>8} {:>8} {:>12} {:>9} {:>9}",
        "target", "cases", "writes", "replayed", "differences", "seconds", "cases/s"
    );
    let mut reports = Vec::new();
    for target in targets {
        let report = runtime.block_on(run(target, &options))?;
        println!(
            "{:<20} {:>8} {:>8} {:>8} {:>12} {:>9.1} {:>9.0}",
            target.name(),
            report.pairs,
            report.sequences,
            report.replayed,
            report.differences.len(),
            report.elapsed.as_secs_f64(),
            report.pairs_per_second(),
        );
        reports.push(report);
    }
    reports.iter().for_each(print_differences);
    let all_alike = reports.iter().all(|report| report.differences.is_empty());
    Ok(if all_alike { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn print_differences(report: &Report) {
    for difference in &report.differences {
        println!("\n{}: {}", report.target.name(), difference.description);
        match &difference.file {
            Some(file) => println!("  kept in {}", file.display()),
            None => println!("  {}", difference.case.to_json()),
        }
    }
}
