//! `cargo xtask bench`: ours beside each store's own client, in one process run.

use anyhow::{Result, bail};
use clap::{Args, ValueEnum};

use crate::process;
use crate::python::Python;
use crate::workspace::Workspace;

/// What to measure.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Which of the two
    #[arg(value_enum, default_value = "rust")]
    what: What,
    /// Fewer rounds and small sizes only: shows that the harness works, not what is fast
    #[arg(long)]
    quick: bool,
    /// Handed on to the harness as they are
    #[arg(last = true)]
    arguments: Vec<String>,
}

/// What can be measured.
#[derive(Debug, Clone, Copy, PartialEq, ValueEnum)]
enum What {
    /// The stores, from Rust
    Rust,
    /// The Python package, with pandas 2 and pandas 3
    Python,
}

/// Builds the harness with optimisation and runs it; its table is the output.
pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<bool> {
    if options.what == What::Python {
        if options.quick {
            bail!("--quick goes with the measurements from Rust; name the parts of bench.py behind -- instead");
        }
        Python::new(workspace, false).bench(&options.arguments)?;
        return Ok(true);
    }
    // The harness runs the other programs of its package.
    let programs = ["build", "--release", "--package", "dataknobs-data-benches", "--bins"];
    process::run(&mut process::cargo(workspace.root(), programs))?;
    let mut command =
        process::cargo(workspace.root(), ["run", "--release", "--package", "dataknobs-data-benches", "--"]);
    if options.quick {
        command.arg("--quick");
    }
    command.args(&options.arguments);
    process::run(&mut command)?;
    Ok(true)
}
