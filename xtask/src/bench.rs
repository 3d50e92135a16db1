//! `cargo xtask bench`: ours beside each store's own client, in one process run.

use anyhow::Result;
use clap::Args;

use crate::process;
use crate::workspace::Workspace;

/// What to measure.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Fewer rounds and small sizes only: shows that the harness works, not what is fast
    #[arg(long)]
    quick: bool,
    /// Handed on to the harness as they are
    #[arg(last = true)]
    arguments: Vec<String>,
}

/// Builds the harness with optimisation and runs it; its table is the output.
pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<bool> {
    let mut command =
        process::cargo(workspace.root(), ["run", "--release", "--package", "dataknobs-data-benches", "--"]);
    if options.quick {
        command.arg("--quick");
    }
    command.args(&options.arguments);
    process::run(&mut command)?;
    Ok(true)
}
