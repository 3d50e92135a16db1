//! Which Python interpreters this machine has: on the path, or installed with pyenv.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::VERSIONS;
use crate::process;

/// One that starts.
#[derive(Debug)]
pub(crate) struct Interpreter {
    pub(crate) program: PathBuf,
    /// Major and minor: `3.11`.
    pub(crate) version: String,
}

/// `python3`, as the path has it.
pub(crate) fn default() -> Result<Interpreter> {
    let interpreter = start(Path::new("python3"))
        .context("python3 is missing: the Python package is built and tested with it. Install Python 3.10 or newer")?;
    let version = &interpreter.version;
    if !VERSIONS.contains(&version.as_str()) {
        bail!("python3 is Python {version}, which the package does not support: use one of {}", VERSIONS.join(", "));
    }
    Ok(interpreter)
}

/// The interpreter of this version, or none.
pub(crate) fn find(version: &str) -> Option<Interpreter> {
    let on_path = [PathBuf::from("python3"), PathBuf::from(format!("python{version}"))];
    // `pyenv` leaves commands on the path that refuse to start: it is asked where the real one is.
    on_path
        .into_iter()
        .chain(pyenv(version))
        .filter_map(|program| start(&program).ok())
        .find(|interpreter| interpreter.version == version)
}

/// Where pyenv has the newest release of this version.
fn pyenv(version: &str) -> Option<PathBuf> {
    let listed = process::capture(Command::new("pyenv").args(["versions", "--bare"])).ok()?;
    let release = newest_release(&listed, version)?;
    let folder = process::capture(Command::new("pyenv").args(["prefix", release])).ok()?;
    Some(Path::new(folder.trim()).join("bin/python3"))
}

fn newest_release<'a>(listed: &'a str, version: &str) -> Option<&'a str> {
    let patch = |release: &str| release.strip_prefix(version)?.strip_prefix('.')?.parse::<u32>().ok();
    listed.lines().map(str::trim).filter(|release| patch(release).is_some()).max_by_key(|release| patch(release))
}

/// Asks it what it is. Its own answer names the real program, where the path may name a shim.
fn start(program: &Path) -> Result<Interpreter> {
    let code = "import sys; print('%d.%d' % sys.version_info[:2]); print(sys.executable)";
    let answer = process::capture(Command::new(program).args(["-I", "-c", code]))?;
    let (version, program) = answer.trim().split_once('\n').context("an unexpected answer")?;
    Ok(Interpreter { program: PathBuf::from(program.trim()), version: version.trim().to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_release_is_the_one_with_the_greatest_last_number() {
        let listed = "2.7.18\n3.1.5\n3.10.9\n3.10.13\n3.10-dev\n3.11.7\n";
        assert_eq!(newest_release(listed, "3.10"), Some("3.10.13"));
        assert_eq!(newest_release(listed, "3.1"), Some("3.1.5"));
        assert_eq!(newest_release(listed, "3.12"), None);
    }

    #[test]
    fn a_program_that_does_not_start_is_no_interpreter() {
        assert!(start(Path::new("no-such-python")).is_err());
    }
}
