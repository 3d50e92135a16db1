//! `cargo xtask deny`: licences, advisories and sources of all dependencies, by `deny.toml`.

use anyhow::Result;

use crate::steps::Steps;
use crate::workspace::Workspace;
use crate::{process, tool};

/// Installs cargo-deny when it is missing, then checks.
pub(crate) fn run(workspace: &Workspace) -> Result<bool> {
    let root = workspace.root();
    let mut steps = Steps::default();
    steps.check("cargo-deny is installed", || tool::ensure(root, "deny"));
    // Advisories last: their database is fetched, everything before works without a network.
    for checks in [&["licenses", "bans", "sources"] as &[&str], &["advisories"]] {
        steps.check(checks.join(", "), move || process::run(process::cargo(root, ["deny", "check"]).args(checks)));
    }
    Ok(steps.run())
}
