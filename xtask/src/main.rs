//! The project's own commands, run as `cargo xtask COMMAND`.
//!
//! For: whatever needs more than one line of `cargo` to check, fuzz, measure or audit this
//! workspace, so that a contributor and CI type the same thing.
//! Not for: anything a user of the library needs; that is the `dk` command in `crates/cli`.
//!
//! | file | holds |
//! |---|---|
//! | `test.rs` | `test`: every check, in order |
//! | `fuzz.rs` | `fuzz`: the differential runner, then each fuzz target |
//! | `coverage.rs` | `coverage`: line coverage of one crate |
//! | `bench.rs` | `bench`: ours beside each store's own client |
//! | `services.rs` | `services`: the servers that tests need |
//! | `deny.rs` | `deny`: licences, advisories, sources |
//! | `python/` | the Python package: lints, types, tests with each interpreter, the site |
//! | `readme.rs` | the README's commands, run and compared with what it shows |
//! | `libtest.rs` | the counts in the output of `cargo test` |
//! | `steps.rs` | steps with their time, and the closing line |
//! | `process.rs` | starting programs |
//! | `tool.rs` | cargo subcommands that are installed on first use |
//! | `workspace.rs` | what `cargo metadata` knows about this workspace |

#![allow(clippy::print_stdout, reason = "these are commands: printing is their job")]

mod bench;
mod coverage;
mod deny;
mod fuzz;
mod libtest;
mod process;
mod python;
mod readme;
mod services;
mod steps;
mod test;
mod tool;
mod workspace;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

use crate::workspace::Workspace;

/// The project's own commands.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run every check: format, lints, tests, documentation, README, the Python package
    Test(test::Options),
    /// Compare backends on random queries, then run each fuzz target
    Fuzz(fuzz::Options),
    /// Measure line coverage of one crate
    Coverage(coverage::Options),
    /// Time ours beside each store's own client
    Bench(bench::Options),
    /// Start the servers that tests need, and say where they are, until the input ends
    Services,
    /// Check licences, advisories and sources of all dependencies
    Deny,
}

fn main() -> ExitCode {
    match run(Cli::parse().command) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// True when everything passed; false when a step failed and has been reported.
fn run(command: Command) -> Result<bool> {
    let workspace = Workspace::load()?;
    match command {
        Command::Test(options) => test::run(&workspace, &options),
        Command::Fuzz(options) => fuzz::run(&workspace, &options),
        Command::Coverage(options) => coverage::run(&workspace, &options),
        Command::Bench(options) => bench::run(&workspace, &options),
        Command::Services => services::run(workspace.root()),
        Command::Deny => deny::run(&workspace),
    }
}
