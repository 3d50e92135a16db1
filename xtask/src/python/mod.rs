//! The Python package, checked as users get it: the wheel, installed into fresh environments.
//!
//! | file | holds |
//! |---|---|
//! | `interpreter.rs` | which Python interpreters this machine has |
//! | `environment.rs` | uv, and virtual environments made with it |
//! | `wheel.rs` | building the wheel, and what has to be in it |
//! | `pytest.rs` | running pytest, and the counts in its closing line |
//!
//! Everything goes to `target/python`. What to install stands in `bindings/python/pyproject.toml`
//! (groups) and `constraints.txt` (exact versions).

mod environment;
mod interpreter;
mod pytest;
mod wheel;

use std::path::PathBuf;

use anyhow::{Result, bail};

use self::environment::{Environment, Uv};
use self::pytest::Skips;
use crate::process;
use crate::services::Services;
use crate::steps::{Outcome, Steps};
use crate::workspace::Workspace;

/// Tests of threads, event loops, memory, the end of the process, and of what others make of it.
const OF_THE_INTERPRETER: [&str; 8] = [
    "test_async_database.py",
    "test_connection_hazards.py",
    "test_endings.py",
    "test_event_loops.py",
    "test_leaks.py",
    "test_package.py",
    "test_postgres.py",
    "test_sync_database.py",
];

/// The versions that the package supports. The default interpreter has to be one of them.
const VERSIONS: [&str; 5] = ["3.10", "3.11", "3.12", "3.13", "3.14"];

/// Which of the steps to run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Selection {
    pub(crate) lint: bool,
    pub(crate) types: bool,
    pub(crate) docs: bool,
    pub(crate) test: bool,
}

/// Where things are.
#[derive(Debug)]
pub(crate) struct Python<'a> {
    workspace: &'a Workspace,
    /// The sources of the package.
    folder: PathBuf,
    /// Environments, the wheel, the site.
    output: PathBuf,
    /// Without the tests that need a server.
    embedded: bool,
}

impl<'a> Python<'a> {
    pub(crate) fn new(workspace: &'a Workspace, embedded: bool) -> Self {
        let output = workspace.target().join("python");
        Self { workspace, folder: workspace.root().join("bindings/python"), output, embedded }
    }

    /// Appends the selected steps, and before them what they need.
    pub(crate) fn add_steps(&'a self, steps: &mut Steps<'a>, selection: Selection) {
        let Selection { lint, types, docs, test } = selection;
        if !(lint || types || docs || test) {
            return;
        }
        steps.check("python: tools", || self.install_tools());
        if lint {
            steps.check("python: lint", || self.lint());
        }
        if docs {
            steps.check("python: docs", || self.docs());
        }
        if types || test {
            steps.check("python: wheel", || self.wheel());
        }
        if types {
            steps.check("python: types", || self.types());
        }
        if test {
            steps.counted("python: tests, pandas 2", || self.test("pandas2"));
            steps.counted("python: tests, pandas 3", || self.test("pandas3"));
            steps.counted("python: tests, nothing optional installed", || self.test_core());
        }
    }

    fn install_tools(&self) -> Result<()> {
        let default = interpreter::default()?;
        let uv = Uv::install(&self.output, &self.folder, &default)?;
        uv.environment("tools", &default)?.install_groups(&["build", "lint"])
    }

    fn lint(&self) -> Result<()> {
        let tools = self.tools()?;
        process::run(tools.command("ruff").args(["check", "."]))?;
        process::run(tools.command("ruff").args(["format", "--check", "."]))
    }

    /// Builds the site from an environment without the package: the reference is read from source.
    fn docs(&self) -> Result<()> {
        let environment = self.uv()?.environment("docs", &interpreter::default()?)?;
        environment.install_groups(&["docs"])?;
        let mut command = environment.command("mkdocs");
        command.args(["build", "--strict", "--site-dir"]).arg(self.output.join("site"));
        // The theme's note on the future of MkDocs is no finding about this site.
        command.env("NO_MKDOCS_2_WARNING", "1");
        process::run(command.current_dir(self.workspace.root()))
    }

    fn wheel(&self) -> Result<()> {
        let wheel = wheel::build(&self.tools()?, "wheel", &self.wheels())?;
        wheel::check_contents(&interpreter::default()?, &wheel)
    }

    fn types(&self) -> Result<()> {
        let environment = self.uv()?.environment("types", &interpreter::default()?)?;
        environment.install_groups(&["types", "pandas3"])?;
        environment.install_wheel(&wheel::find(&self.wheels())?)?;
        process::run(&mut environment.command("mypy"))?;
        let mut command = environment.command("stubtest");
        command.args(["--concise", "--mypy-config-file", "pyproject.toml"]);
        let allowed = "stubtest-allowlist.txt";
        if self.folder.join(allowed).is_file() {
            command.args(["--allowlist", allowed]);
        }
        // The modules of the package follow from it, the compiled one among them.
        process::run(command.arg("dataknobs_data"))
    }

    /// All tests with the default interpreter. A skipped test is a failed one.
    fn test(&self, pandas: &str) -> Result<Outcome> {
        let environment = self.uv()?.environment(pandas, &interpreter::default()?)?;
        environment.install_groups(&["test", pandas])?;
        environment.install_wheel(&wheel::find(&self.wheels())?)?;
        pytest::run(&environment, Skips::Fail, self.embedded, &[])
    }

    /// The tests that need no optional package: all of them with the oldest and the newest
    /// interpreter there is, those of what may depend on the interpreter with the ones between. It is
    /// one wheel for all.
    fn test_core(&self) -> Result<Outcome> {
        let uv = self.uv()?;
        let mut total = Outcome::default();
        let found: Vec<_> = VERSIONS.iter().map(|version| (*version, interpreter::find(version))).collect();
        let missing: Vec<&str> =
            found.iter().filter(|(_, found)| found.is_none()).map(|(version, _)| *version).collect();
        let found: Vec<_> = found.into_iter().filter_map(|(version, found)| Some((version, found?))).collect();
        let last = found.len().saturating_sub(1);
        for (at, (version, interpreter)) in found.into_iter().enumerate() {
            let files = if at == 0 || at == last { &[][..] } else { &OF_THE_INTERPRETER };
            let environment = uv.environment(&format!("core-{version}"), &interpreter)?;
            environment.install_groups(&["core"])?;
            environment.install_wheel(&wheel::find(&self.wheels())?)?;
            total = total.plus(pytest::run(&environment, Skips::Allow, self.embedded, files)?);
        }
        if !missing.is_empty() {
            println!("    not tested, since these interpreters are missing: {}", missing.join(", "));
        }
        if total.passed == 0 {
            bail!("no interpreter ran a test");
        }
        Ok(total)
    }

    /// Times the package as users get it beside what they would use instead, with each pandas.
    pub(crate) fn bench(&self, arguments: &[String]) -> Result<()> {
        self.install_tools()?;
        let wheel = wheel::build(&self.tools()?, "release", &self.output.join("release-wheels"))?;
        let measures_servers = arguments.is_empty() || arguments.iter().any(|part| part == "postgres");
        let root = self.workspace.root();
        let _services = measures_servers.then(|| Services::start_durable(root)).transpose()?;
        for pandas in ["pandas2", "pandas3"] {
            let environment = self.uv()?.environment(&format!("bench-{pandas}"), &interpreter::default()?)?;
            environment.install_groups(&["clients", "data", "rivals", pandas])?;
            environment.install_wheel(&wheel)?;
            let mut command = environment.command("python");
            command.arg(self.workspace.root().join("benches/python/bench.py")).args(arguments);
            process::run(&mut command)?;
        }
        Ok(())
    }

    fn uv(&self) -> Result<Uv> {
        Uv::installed(&self.output, &self.folder)
    }

    fn tools(&self) -> Result<Environment> {
        Ok(self.uv()?.existing("tools"))
    }

    fn wheels(&self) -> PathBuf {
        self.output.join("wheels")
    }
}
