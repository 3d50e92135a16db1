//! `cargo xtask test`: every check, in order, up to the first failure.

use std::cell::RefCell;
use std::env;
use std::path::Path;

use anyhow::{Result, bail};
use clap::{Args, ValueEnum};

use crate::python::{Python, Selection};
use crate::services::Services;
use crate::steps::{Outcome, Steps};
use crate::workspace::Workspace;
use crate::{libtest, process, readme};

const FACADE: &str = "dataknobs-data";

/// What to run.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Run without servers, and without the tests that need one
    #[arg(long)]
    embedded: bool,
    /// Run this step only; may be given several times
    #[arg(long, value_name = "STEP")]
    only: Vec<Step>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Step {
    /// Formatting
    Fmt,
    /// Lints of the whole workspace, all targets
    Clippy,
    /// Lints of the facade crate with no feature, each feature alone, and all
    Features,
    /// All tests, documentation tests included
    Test,
    /// Documentation without warnings
    Doc,
    /// The README's commands
    Readme,
    /// The Python package: all of the steps below
    Python,
    /// Lints and formatting of the Python package
    PythonLint,
    /// The documentation site
    PythonDocs,
    /// Types of the Python package, and its stubs against the compiled module
    PythonTypes,
    /// Tests of the wheel: with pandas 2, with pandas 3, and on each interpreter with nothing optional
    PythonTest,
}

/// Runs the steps; the last line printed is `N passed, N failed`, where each test counts and
/// every other step counts as one.
pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<bool> {
    let root = workspace.root();
    let wanted = |step| options.only.is_empty() || options.only.contains(&step);
    let embedded = options.embedded;
    let python = Python::new(workspace, embedded);
    let wanted_python = |step| wanted(Step::Python) || wanted(step);
    let servers = RefCell::new(None);
    let mut steps = Steps::default();
    if wanted(Step::Fmt) {
        steps.check("fmt", || fmt(root));
    }
    if wanted(Step::Clippy) {
        steps.check("clippy", || clippy(root, &["--workspace", "--all-targets"]));
    }
    if wanted(Step::Features) {
        add_feature_steps(&mut steps, workspace)?;
    }
    let needs_servers = wanted(Step::Test) || wanted_python(Step::PythonTest) || wanted(Step::Readme);
    if needs_servers && !embedded {
        steps.check("servers", || {
            servers.replace(Some(Services::start(root)?));
            Ok(())
        });
    }
    if wanted(Step::Test) {
        steps.counted("test", || tests(root, embedded));
    }
    if wanted(Step::Doc) {
        steps.check("doc", || doc(root));
    }
    if wanted(Step::Readme) {
        steps.check("readme", || readme::check(root));
    }
    python.add_steps(
        &mut steps,
        Selection {
            lint: wanted_python(Step::PythonLint),
            docs: wanted_python(Step::PythonDocs),
            types: wanted_python(Step::PythonTypes),
            test: wanted_python(Step::PythonTest),
        },
    );
    Ok(steps.run())
}

fn fmt(root: &Path) -> Result<()> {
    process::run(&mut process::cargo(root, ["fmt", "--all", "--check"]))?;
    // The fuzz targets are a workspace of their own.
    if root.join("fuzz/Cargo.toml").is_file() {
        let arguments = ["fmt", "--manifest-path", "fuzz/Cargo.toml", "--check"];
        process::run(&mut process::cargo(root, arguments))?;
    }
    Ok(())
}

fn clippy(root: &Path, selection: &[&str]) -> Result<()> {
    let mut command = process::cargo(root, ["clippy"]);
    command.args(selection).args(["--", "-D", "warnings"]);
    process::run(&mut command)
}

/// The library alone, without its tests: their own dependencies would switch features on.
fn add_feature_steps<'a>(steps: &mut Steps<'a>, workspace: &'a Workspace) -> Result<()> {
    let root = workspace.root();
    let facade = workspace.package(FACADE)?;
    steps.check("features: none", || clippy(root, &["--package", FACADE, "--no-default-features"]));
    for feature in &facade.features {
        steps.check(format!("features: {feature}"), || {
            clippy(root, &["--package", FACADE, "--no-default-features", "--features", feature])
        });
    }
    steps.check("features: all", || clippy(root, &["--package", FACADE, "--all-features"]));
    Ok(())
}

fn tests(root: &Path, embedded: bool) -> Result<Outcome> {
    let mut total = Outcome::default();
    let mut command = process::cargo(root, ["test", "--workspace", "--no-fail-fast"]);
    if embedded {
        println!("    --embedded: tests that are named after a server do not run");
        command.args(["--", "--skip", "postgres"]);
    }
    let succeeded = process::run_lines(&mut command, |line| {
        total = total.plus(libtest::parse_result(line).unwrap_or_default());
    })?;
    if succeeded && total.passed == 0 {
        bail!("no test ran");
    }
    if !succeeded && total.failed == 0 {
        // A crate that did not compile, or a test binary that died before its result line.
        total = total.plus(Outcome::FAILED);
    }
    Ok(total)
}

fn doc(root: &Path) -> Result<()> {
    let flags = env::var("RUSTDOCFLAGS").unwrap_or_default();
    let mut command = process::cargo(root, ["doc", "--workspace", "--no-deps"]);
    command.env("RUSTDOCFLAGS", format!("{flags} -D warnings"));
    process::run(&mut command)
}
