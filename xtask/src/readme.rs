//! The README's commands, run and compared with what the README shows.
//!
//! A fenced block tagged `sh` whose next fenced block is tagged `text` is an example: its
//! commands run in the root, and the lines of the `text` block must occur in what they print to
//! standard output, in that order. A line `…` stands for anything. The first `sh` block of the
//! page has to be such an example, so that the first thing a newcomer types is known to work.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::process;

/// How commands begin that a reader types but that make no sense inside this check.
const NOT_RUN: [(&str, &str); 3] = [
    ("git clone ", "the checkout is here already"),
    ("cd ", "commands run in the root"),
    ("cargo xtask ", "that is this very program"),
];

/// One example: what to type, and what appears.
#[derive(Debug, PartialEq, Eq)]
struct Example {
    commands: Vec<String>,
    expected: Vec<String>,
}

/// Runs every example of the README.
pub(crate) fn check(root: &Path) -> Result<()> {
    let text = fs::read_to_string(root.join("README.md")).context("cannot read README.md")?;
    for example in examples(&text)? {
        let mut output = String::new();
        for line in &example.commands {
            if let Some((_, reason)) = NOT_RUN.iter().find(|(start, _)| line.starts_with(start)) {
                println!("    not run: {line} ({reason})");
                continue;
            }
            let mut command = Command::new("sh");
            command.args(["-c", line]).current_dir(root);
            let succeeded = process::run_lines(&mut command, |line| {
                output.push_str(line);
                output.push('\n');
            })?;
            if !succeeded {
                bail!("README.md: this command fails: {line}");
            }
        }
        compare(&example.expected, &output)?;
    }
    Ok(())
}

/// Every expected line must follow the one before it.
fn compare(expected: &[String], output: &str) -> Result<()> {
    let mut lines = output.lines().map(str::trim_end);
    for wanted in expected {
        if !lines.any(|line| line == wanted) {
            bail!("README.md shows this line, which the output lacks (here): {wanted}");
        }
    }
    Ok(())
}

fn examples(text: &str) -> Result<Vec<Example>> {
    let blocks = blocks(text);
    let first = blocks.iter().position(|(tag, _)| tag == "sh").context("README.md: no `sh` block")?;
    if blocks.get(first + 1).is_none_or(|(tag, _)| tag != "text") {
        bail!("README.md: the first `sh` block has no `text` block with its output after it");
    }
    let pairs = blocks.windows(2).filter_map(|pair| match pair {
        [(sh, typed), (text, shown)] if sh == "sh" && text == "text" => Some((typed, shown)),
        _ => None,
    });
    pairs
        .map(|(typed, shown)| {
            let example = Example { commands: commands(typed), expected: expected(shown) };
            if example.expected.is_empty() {
                bail!("README.md: an empty `text` block checks nothing");
            }
            Ok(example)
        })
        .collect()
}

/// The fenced blocks of a page: first word after the fence, and content.
fn blocks(text: &str) -> Vec<(String, String)> {
    let mut blocks = Vec::new();
    let mut open: Option<(String, String)> = None;
    for line in text.lines() {
        match (&mut open, line.trim_start().strip_prefix("```")) {
            (None, Some(info)) => {
                let tag = info.split_whitespace().next().unwrap_or_default();
                open = Some((tag.to_owned(), String::new()));
            }
            (Some(_), Some(_)) => blocks.extend(open.take()),
            (Some((_, content)), None) => {
                content.push_str(line);
                content.push('\n');
            }
            (None, None) => {}
        }
    }
    blocks
}

/// The commands of a block: continued lines joined, prompts, comments and empty lines dropped.
fn commands(block: &str) -> Vec<String> {
    block
        .replace("\\\n", " ")
        .lines()
        .map(|line| line.trim().trim_start_matches("$ ").to_owned())
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .collect()
}

fn expected(block: &str) -> Vec<String> {
    block.lines().map(|line| line.trim_end().to_owned()).filter(|line| !line.is_empty() && line != "…").collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = "\
# Title
```sh
# the question
cargo dk query data.csv \\
  \"a = 1\"
```
```text
a  b

1  2
…
5  6
```
```rust
let block = \"ignored\";
```
```sh
cargo xtask test
```
";

    #[test]
    fn a_sh_block_with_its_output_is_an_example() {
        let examples = examples(PAGE).unwrap();
        assert_eq!(
            examples,
            [Example {
                commands: vec!["cargo dk query data.csv    \"a = 1\"".to_owned()],
                expected: vec!["a  b".to_owned(), "1  2".to_owned(), "5  6".to_owned()],
            }]
        );
    }

    #[test]
    fn a_page_without_a_checked_first_command_is_refused() {
        assert!(examples("no blocks").is_err());
        assert!(examples("```sh\ncargo dk\n```\n").is_err());
        assert!(examples("```sh\ncargo dk\n```\n```text\n\n```\n").is_err());
    }

    #[test]
    fn expected_lines_must_come_in_order() {
        let expected = ["a  b".to_owned(), "5  6".to_owned()];
        assert!(compare(&expected, "a  b \n1  2\n5  6\n").is_ok());
        assert!(compare(&expected, "5  6\na  b\n").is_err());
        assert!(compare(&expected, "a  b\n").is_err());
    }
}
