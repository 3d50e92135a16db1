//! The servers that tests need: started once for a whole run, ended with it.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::process;

/// Servers that run until this is dropped.
pub(crate) struct Services {
    child: Child,
}

fn command(root: &Path) -> Command {
    let mut command = process::cargo(root, ["run", "--quiet", "--package", "dataknobs-data-testkit", "--bin"]);
    command.arg("services");
    command
}

impl Services {
    /// Starts them; from here on every program that is started knows where they are.
    pub(crate) fn start(root: &Path) -> Result<Self> {
        Self::begin(command(root))
    }

    /// Starts those for measurements.
    pub(crate) fn start_durable(root: &Path) -> Result<Self> {
        let mut command = command(root);
        command.args(["--", "--durable"]);
        Self::begin(command)
    }

    fn begin(mut command: Command) -> Result<Self> {
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().context("cannot start services")?;
        let stdout = child.stdout.take().context("standard output was not piped")?;
        let services = Services { child };
        let mut variables = Vec::new();
        for line in BufReader::new(stdout).lines() {
            let line = line?;
            if line == "ready" {
                process::share(variables);
                return Ok(services);
            }
            let (name, value) = line.split_once('=').with_context(|| format!("services printed {line}"))?;
            variables.push((name.to_owned(), value.to_owned()));
        }
        bail!("the servers for tests did not start, see above")
    }
}

impl Drop for Services {
    fn drop(&mut self) {
        // The end of its input is the end of it.
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}

/// Runs them in the foreground until the input ends, for tests that are started by hand.
pub(crate) fn run(root: &Path) -> Result<bool> {
    process::run(&mut command(root))?;
    Ok(true)
}
