//! The command line.

use std::ffi::OsString;

use clap::{Parser, Subcommand};

use crate::exit::{self, Outcome};
use crate::verbs::{aggregate, completions, count, delete, get, info, put, query, recover, schema};

/// Records in files and databases, queried and changed from the shell
#[derive(Debug, Parser)]
#[command(name = "dk", version, max_term_width = 100, after_help = exit::help(), infer_long_args = false)]
struct Cli {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Print the records that a query finds
    Query(query::Arguments),
    /// Print one record
    Get(get::Arguments),
    /// Create or replace records, or change fields of one
    Put(put::Arguments),
    /// Delete records by id or by condition
    Delete(delete::Arguments),
    /// Print how many records pass a condition
    Count(count::Arguments),
    /// Group records and compute over the groups
    Aggregate(aggregate::Arguments),
    /// Print what a database is, where, and what it can do
    Info(info::Arguments),
    /// Print which fields there are, of which types, and what they hold
    Schema(schema::Arguments),
    /// Save what is readable of a damaged file and its journal
    Recover(recover::Arguments),
    /// Print the completion script of a shell
    Completions(completions::Arguments),
}

/// Runs what these arguments ask for.
pub(crate) fn run(arguments: impl IntoIterator<Item = OsString>) -> Outcome {
    match Cli::try_parse_from(arguments)?.verb {
        Verb::Query(arguments) => query::run(&arguments),
        Verb::Get(arguments) => get::run(&arguments),
        Verb::Put(arguments) => put::run(&arguments),
        Verb::Delete(arguments) => delete::run(&arguments),
        Verb::Count(arguments) => count::run(&arguments),
        Verb::Aggregate(arguments) => aggregate::run(&arguments),
        Verb::Info(arguments) => info::run(&arguments),
        Verb::Schema(arguments) => schema::run(&arguments),
        Verb::Recover(arguments) => recover::run(&arguments),
        Verb::Completions(arguments) => completions::run(&arguments),
    }
}

/// The whole command line, for completions.
pub(crate) fn command() -> clap::Command {
    <Cli as clap::CommandFactory>::command()
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_command_line_is_consistent() {
        super::command().debug_assert();
    }
}
