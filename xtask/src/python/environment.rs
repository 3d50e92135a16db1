//! uv, and virtual environments made with it.
//!
//! uv comes from PyPI into an environment of its own; every other environment is made anew each
//! time, which costs little since uv links files from its cache.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::interpreter::Interpreter;
use crate::process;

/// The installer.
#[derive(Debug)]
pub(crate) struct Uv {
    program: PathBuf,
    /// Where environments go.
    output: PathBuf,
    /// Where pyproject.toml and constraints.txt are.
    sources: PathBuf,
}

/// One virtual environment.
#[derive(Debug)]
pub(crate) struct Environment {
    uv: PathBuf,
    folder: PathBuf,
    sources: PathBuf,
}

impl Uv {
    /// Installs uv, unless an earlier run has done so.
    pub(crate) fn install(output: &Path, sources: &Path, interpreter: &Interpreter) -> Result<Self> {
        if let Ok(installed) = Self::installed(output, sources) {
            return Ok(installed);
        }
        fs::create_dir_all(output).with_context(|| format!("cannot create {}", output.display()))?;
        let folder = output.join("uv");
        process::run(python_command(&interpreter.program).args(["-m", "venv", "--clear"]).arg(&folder))?;
        let mut install = python_command(&program(&folder, "python"));
        install.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--constraint"]);
        process::run(install.arg(sources.join("constraints.txt")).arg("uv"))?;
        Self::installed(output, sources)
    }

    /// The one that an earlier step installed.
    pub(crate) fn installed(output: &Path, sources: &Path) -> Result<Self> {
        let uv = program(&output.join("uv"), "uv");
        if !process::succeeds(Command::new(&uv).arg("--version")) {
            bail!("uv is not installed in {}", output.display());
        }
        Ok(Self { program: uv, output: output.to_owned(), sources: sources.to_owned() })
    }

    /// A fresh environment; what stood there before is gone.
    pub(crate) fn environment(&self, name: &str, interpreter: &Interpreter) -> Result<Environment> {
        let environment = self.existing(name);
        let mut command = python_command(&self.program);
        command.args(["venv", "--quiet", "--clear", "--no-project", "--python"]).arg(&interpreter.program);
        process::run(command.arg(&environment.folder))?;
        Ok(environment)
    }

    /// The environment that an earlier step made.
    pub(crate) fn existing(&self, name: &str) -> Environment {
        Environment { uv: self.program.clone(), folder: self.output.join(name), sources: self.sources.clone() }
    }
}

impl Environment {
    /// A program of this environment, to be run in the folder of the sources.
    pub(crate) fn command(&self, name: &str) -> Command {
        let mut command = python_command(&program(&self.folder, name));
        command.current_dir(&self.sources).env("VIRTUAL_ENV", &self.folder);
        command
    }

    /// Installs groups of pyproject.toml in the versions of constraints.txt.
    pub(crate) fn install_groups(&self, groups: &[&str]) -> Result<()> {
        let mut command = self.installer();
        command.args(["--constraints", "constraints.txt"]);
        for group in groups {
            command.args(["--group", &format!("pyproject.toml:{group}")]);
        }
        process::run(&mut command)
    }

    /// Installs the package itself, and nothing else: it needs nothing.
    pub(crate) fn install_wheel(&self, wheel: &Path) -> Result<()> {
        process::run(self.installer().args(["--no-index", "--reinstall"]).arg(wheel))
    }

    fn installer(&self) -> Command {
        let mut command = python_command(&self.uv);
        command.args(["pip", "install", "--quiet", "--python"]).arg(program(&self.folder, "python"));
        command.current_dir(&self.sources);
        command
    }
}

/// A command that does not see the environment or the settings that Python runs with here.
fn python_command(program: &Path) -> Command {
    let mut command = process::program(program);
    for variable in ["VIRTUAL_ENV", "PYTHONPATH", "PYTHONHOME", "PYTHONSTARTUP", "PYTHONWARNINGS"] {
        command.env_remove(variable);
    }
    command
}

fn program(environment: &Path, name: &str) -> PathBuf {
    if cfg!(windows) {
        environment.join("Scripts").join(format!("{name}.exe"))
    } else {
        environment.join("bin").join(name)
    }
}
