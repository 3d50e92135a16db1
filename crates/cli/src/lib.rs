//! The `dk` command: records in files and databases, queried and changed from the shell.
//!
//! It is thin over the `dataknobs-data` crate: it reads arguments, calls the blocking handle and
//! prints. What a query means and how files are laid out is none of its business. It is a library
//! so that the Python package brings the same command; its one entry is [`main`].
//!
//! The way through the files:
//! - `cli.rs` the command line; `verbs/` one file for each verb
//! - `open.rs` the database that a verb works on; `notation.rs` how lists, paths and conditions are
//!   written in arguments; `input.rs` records out of standard input or a file
//! - `output/` one file for each output format, and `output/rows.rs` rows out of records
//! - `progress.rs` the sign of life of long calls; `exit.rs` exit codes and error messages

mod cli;
mod exit;
mod input;
mod notation;
mod open;
mod output;
mod progress;
mod verbs;

use std::ffi::OsString;

/// Runs the command with these arguments, the first of which is its name; gives its exit code.
///
/// ```
/// assert_eq!(dataknobs_data_cli::main(["dk", "--no-such-option"]), 2);
/// ```
pub fn main(arguments: impl IntoIterator<Item = impl Into<OsString>>) -> u8 {
    exit::code_of(cli::run(arguments.into_iter().map(Into::into)))
}
