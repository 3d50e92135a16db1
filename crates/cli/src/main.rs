//! The `dk` command: records in files and databases, queried and changed from the shell.
//!
//! It is thin over the `dataknobs-data` crate: it reads arguments, calls the blocking handle and
//! prints. What a query means and how files are laid out is none of its business.
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

use std::process::ExitCode;

fn main() -> ExitCode {
    exit::code_of(cli::run(std::env::args_os()))
}
