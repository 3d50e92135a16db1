//! Pipes, signals and colours.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::process::Stdio;

use crate::support::{Folder, PENGUINS};

#[test]
fn a_reader_that_has_seen_enough_is_no_failure() {
    let rows: String = (0..200_000).map(|number| format!("{{\"n\":{number}}}\n")).collect();
    let folder = Folder::with("rows.jsonl", rows);
    for format in ["table", "json", "jsonl", "csv"] {
        let mut command = folder.command(&["query", "rows.jsonl", "-f", format]);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        // The pipe is closed at the end of this statement.
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert!(!line.is_empty());
        let output = child.wait_with_output().unwrap();
        assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(0), &b""[..]), "{format}");
    }
}

#[test]
fn nothing_is_coloured_in_a_pipe() {
    let folder = Folder::new();
    for arguments in [&["query", PENGUINS][..], &["query", "missing.csv"], &["query"], &["--help"], &["info", PENGUINS]]
    {
        let run = folder.dk(arguments);
        assert!(!run.out.contains('\u{1b}') && !run.err.contains('\u{1b}'), "{arguments:?}");
    }
}

#[test]
fn bytes_of_values_reach_a_pipe_unchanged() {
    let folder = Folder::with("a.csv", "text\n\u{1b}[31mred\n");
    assert_eq!(folder.dk(&["query", "a.csv", "-f", "csv"]).ok(), "text\n\u{1b}[31mred\n");
}

#[cfg(unix)]
#[test]
fn an_interrupt_ends_it_at_once_and_writes_nothing() {
    use std::os::unix::process::ExitStatusExt as _;

    let good = "{\"_id\":\"x\"}\n";
    let folder = Folder::with("a.jsonl", good);
    let mut command = folder.command(&["put", "a.jsonl"]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    input.write_all(&b"{\"n\":1}\n".repeat(100_000)).unwrap();
    let kill = std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(kill.success());
    // A shell says 130 for what signal 2 ended.
    assert_eq!(child.wait().unwrap().signal(), Some(2));
    let mut printed = String::new();
    child.stdout.take().unwrap().read_to_string(&mut printed).unwrap();
    assert_eq!((printed.as_str(), folder.read("a.jsonl").as_str()), ("", good));
    assert_eq!(folder.files(), ["a.jsonl"]);
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_a_failure() {
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let output = Folder::new().command(&["query", PENGUINS]).stdout(full).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(error.starts_with("error: ") && error.contains("  writing to: standard output\n"), "{error}");
}
