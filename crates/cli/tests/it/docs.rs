//! The examples of `docs/dk.md`: what the page shows is what happens.

#![cfg(unix)]

use std::path::Path;
use std::process::Command;

use crate::support::Folder;

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

/// Runs every block tagged `sh` that a block tagged `text` follows, in order and in one folder, which
/// stands for the repository's root. With `UPDATE_DOCS=1` the page is rewritten instead.
#[test]
fn the_examples_of_the_page_are_true() {
    let page = Path::new(ROOT).join("docs/dk.md");
    let text = std::fs::read_to_string(&page).unwrap();
    let folder = Folder::new();
    std::os::unix::fs::symlink(Path::new(ROOT).join("examples"), folder.path("examples")).unwrap();
    let mut checked = 0;
    let mut updated = String::new();
    let mut rest = text.as_str();
    while let Some((before, commands, between, shown, after)) = next_example(rest) {
        let printed = run(&folder, commands);
        updated.push_str(&format!("{before}```sh\n{commands}```{between}```text\n{printed}```"));
        if std::env::var_os("UPDATE_DOCS").is_none() {
            assert_eq!(printed, shown, "docs/dk.md shows something else for:\n{commands}");
        }
        checked += 1;
        rest = after;
    }
    assert!(checked >= 15, "only {checked} examples were found");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        updated.push_str(rest);
        std::fs::write(page, updated).unwrap();
    }
}

/// The text before an example, its commands, what stands between, what it shows, and the rest.
fn next_example(text: &str) -> Option<(&str, &str, &str, &str, &str)> {
    let (before, rest) = text.split_once("```sh\n")?;
    let (commands, rest) = rest.split_once("```")?;
    let (between, rest) = rest.split_once("```text\n")?;
    assert!(between.trim().is_empty(), "an example without its output:\n{commands}");
    let (shown, after) = rest.split_once("```")?;
    Some((before, commands, between, shown, after))
}

fn run(folder: &Folder, commands: &str) -> String {
    let program = Path::new(env!("CARGO_BIN_EXE_dk")).parent().unwrap();
    let path = format!("{}:{}", program.display(), std::env::var("PATH").unwrap_or_default());
    let script = format!("exec 2>&1\n{commands}");
    let mut command = Command::new("sh");
    command.args(["-c", &script]).current_dir(folder.path("")).env("PATH", path).env_remove("CLICOLOR_FORCE");
    let output = command.stdin(std::process::Stdio::null()).output().unwrap();
    String::from_utf8(output.stdout).unwrap()
}
