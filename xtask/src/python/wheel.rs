//! Building the wheel, and what has to be in it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::environment::Environment;
use super::interpreter::Interpreter;
use crate::process;

/// How the files end that every wheel has to hold.
const CONTENTS: [&str; 7] = [
    "dataknobs_data/__init__.py",
    "dataknobs_data/_native.abi3.",
    "dataknobs_data/_native.pyi",
    "dataknobs_data/py.typed",
    ".dist-info/entry_points.txt",
    ".dist-info/licenses/LICENSE-APACHE",
    ".dist-info/licenses/LICENSE-MIT",
];

/// Builds it with this profile into an empty folder.
pub(crate) fn build(tools: &Environment, profile: &str, folder: &Path) -> Result<PathBuf> {
    if folder.exists() {
        fs::remove_dir_all(folder).with_context(|| format!("cannot empty {}", folder.display()))?;
    }
    let mut command = tools.command("maturin");
    command.args(["build", "--quiet", "--locked", "--profile", profile, "--out"]).arg(folder);
    process::run(&mut command)?;
    find(folder)
}

/// The wheel in this folder.
pub(crate) fn find(folder: &Path) -> Result<PathBuf> {
    let entries = fs::read_dir(folder).with_context(|| format!("there is no wheel in {}", folder.display()))?;
    let mut wheels: Vec<PathBuf> = entries
        .map(|entry| Ok(entry?.path()))
        .filter(|path| path.as_ref().map_or(true, |path| path.extension().is_some_and(|ending| ending == "whl")))
        .collect::<Result<_>>()?;
    match (wheels.pop(), wheels.is_empty()) {
        (Some(wheel), true) => Ok(wheel),
        _ => bail!("{} should hold one wheel", folder.display()),
    }
}

/// Whether the files are there that users need beside the code.
pub(crate) fn check_contents(interpreter: &Interpreter, wheel: &Path) -> Result<()> {
    let mut command = Command::new(&interpreter.program);
    let code = "import sys, zipfile; print(*zipfile.ZipFile(sys.argv[1]).namelist(), sep='\\n')";
    let listed = process::capture(command.args(["-I", "-c", code]).arg(wheel))?;
    let missing = missing(&listed);
    if !missing.is_empty() {
        bail!("the wheel lacks {}", missing.join(", "));
    }
    Ok(())
}

fn missing(listed: &str) -> Vec<&'static str> {
    CONTENTS.into_iter().filter(|wanted| !listed.lines().any(|name| name.contains(wanted))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_what_a_wheel_lacks() {
        let listed = "dataknobs_data/__init__.py\ndataknobs_data/_native.abi3.so\ndataknobs_data/py.typed\n\
            dataknobs_data-0.1.0.dist-info/entry_points.txt\ndataknobs_data-0.1.0.dist-info/licenses/LICENSE-MIT\n";
        assert_eq!(missing(listed), ["dataknobs_data/_native.pyi", ".dist-info/licenses/LICENSE-APACHE"]);
    }
}
