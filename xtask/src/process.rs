//! Starting programs: shown before they run, failing with the command line that failed.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use anyhow::{Context, Result, bail};

/// Variables that `cargo run` sets for this process and that would mislead a cargo below it:
/// `CARGO` pins the outer toolchain's cargo even under `cargo +nightly`, the others describe
/// this package instead of the one being built.
const OWN_CARGO_VARIABLES: [&str; 5] =
    ["CARGO", "CARGO_MANIFEST_DIR", "CARGO_MANIFEST_PATH", "CARGO_BIN_NAME", "CARGO_CRATE_NAME"];

/// A `cargo` command with these arguments, to be run in `root`.
pub(crate) fn cargo<S: AsRef<OsStr>>(root: &Path, arguments: impl IntoIterator<Item = S>) -> Command {
    let mut command = program("cargo");
    command.args(arguments).current_dir(root);
    command
}

/// What every program started from here on finds in its environment.
static SHARED: OnceLock<Vec<(String, String)>> = OnceLock::new();

/// Sets variables for every program that is started from here on. The first call counts.
pub(crate) fn share(variables: Vec<(String, String)>) {
    SHARED.get_or_init(|| variables);
}

/// Any other program that may start a cargo of its own.
pub(crate) fn program(name: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(name);
    command.envs(SHARED.get().into_iter().flatten().map(|(name, value)| (name, value)));
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_some_and(is_own_cargo_variable) {
            command.env_remove(name);
        }
    }
    command
}

fn is_own_cargo_variable(name: &str) -> bool {
    OWN_CARGO_VARIABLES.contains(&name) || name.starts_with("CARGO_PKG_")
}

/// Runs to the end with the terminal's own output; anything but success is an error.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    announce(command);
    let status = command.status().with_context(|| cannot_start(command))?;
    if !status.success() {
        bail!("{} ended with {status}", line(command));
    }
    Ok(())
}

/// Runs to the end, hands each line of standard output to `on_line` and prints it.
/// Returns whether the program succeeded.
pub(crate) fn run_lines(command: &mut Command, mut on_line: impl FnMut(&str)) -> Result<bool> {
    announce(command);
    command.stdout(Stdio::piped());
    let mut child = command.spawn().with_context(|| cannot_start(command))?;
    let stdout = child.stdout.take().context("standard output was not piped")?;
    let mut reader = BufReader::new(stdout);
    let mut bytes = Vec::new();
    while reader.read_until(b'\n', &mut bytes)? > 0 {
        let text = String::from_utf8_lossy(&bytes);
        print!("{text}");
        on_line(text.trim_end());
        bytes.clear();
    }
    Ok(child.wait()?.success())
}

/// Runs silently and returns standard output; anything but success is an error that carries
/// standard error.
pub(crate) fn capture(command: &mut Command) -> Result<String> {
    let output = command.output().with_context(|| cannot_start(command))?;
    if !output.status.success() {
        let stderr = String::from_utf8_lossy(&output.stderr);
        bail!("{} ended with {}: {}", line(command), output.status, stderr.trim());
    }
    String::from_utf8(output.stdout).with_context(|| format!("{}: output is not UTF-8", line(command)))
}

/// Whether the program can be started and succeeds, without showing anything.
pub(crate) fn succeeds(command: &mut Command) -> bool {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

fn announce(command: &Command) {
    println!("    $ {}", line(command));
}

fn cannot_start(command: &Command) -> String {
    format!("cannot start {}", line(command))
}

fn line(command: &Command) -> String {
    let mut words = vec![command.get_program().to_string_lossy()];
    words.extend(command.get_args().map(OsStr::to_string_lossy));
    words.join(" ")
}
