//! Cargo subcommands that are installed on first use.

use std::path::Path;

use anyhow::{Context, Result};

use crate::process;

/// Makes sure that the subcommand `name` is there (`fuzz` is the package `cargo-fuzz`), and
/// installs it with its own locked dependencies when it is not.
pub(crate) fn ensure(root: &Path, name: &str) -> Result<()> {
    if process::succeeds(&mut process::cargo(root, [name, "--version"])) {
        return Ok(());
    }
    let package = format!("cargo-{name}");
    println!("    {package} is missing, installing it");
    process::run(&mut process::cargo(root, ["install", &package, "--locked"]))
        .with_context(|| format!("cannot install {package}"))
}
