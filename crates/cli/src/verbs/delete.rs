//! `dk delete`: removes records.

use std::io::{self, IsTerminal as _};

use clap::Args;
use dataknobs_data::{Error, ErrorKind, Filter, Query, SyncDatabase};

use super::get;
use crate::exit::{Failure, Outcome};
use crate::open::Target;
use crate::output;
use crate::progress::Progress;

/// Prints how many records were deleted. An id that is not there is reported once the others are
/// gone.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    target: Target,
    /// The ids of the records
    #[arg(value_name = "ID", required_unless_present = "condition")]
    ids: Vec<String>,
    /// Delete every record that passes this condition
    #[arg(long = "where", value_name = "EXPR", conflicts_with = "ids")]
    condition: Option<String>,
    /// Delete by condition without asking
    #[arg(short, long, requires = "condition")]
    yes: bool,
}

pub(crate) fn run(arguments: &Arguments) -> Outcome {
    match &arguments.condition {
        Some(condition) => by_condition(arguments, condition),
        None => by_id(arguments),
    }
}

fn by_id(arguments: &Arguments) -> Outcome {
    let database = arguments.target.open_to_change()?;
    let ids: Vec<&str> = arguments.ids.iter().map(String::as_str).collect();
    let found = database.delete_batch(&ids)?;
    database.close()?;
    output::line(found.iter().filter(|found| **found).count())?;
    let missing: Vec<&str> = ids.into_iter().zip(found).filter(|(_, found)| !found).map(|(id, _)| id).collect();
    match missing.as_slice() {
        [] => Ok(()),
        [id] => Err(get::missing(id).into()),
        ids => {
            let error = Error::new(ErrorKind::NotFound, "there are no records with these ids");
            Err(ids.iter().fold(error, |error, id| error.with_context("id", id)).into())
        }
    }
}

fn by_condition(arguments: &Arguments, condition: &str) -> Outcome {
    let query = Query::new().with_filter(Filter::parse(condition)?);
    let database = arguments.target.open_to_change()?;
    if !arguments.yes {
        confirm(&database, &query)?;
    }
    let progress = Progress::start();
    let deleted = database.delete_where(&query)?;
    database.close()?;
    drop(progress);
    output::line(deleted)
}

/// Asks on the terminal.
fn confirm(database: &SyncDatabase, query: &Query) -> Outcome {
    if !io::stdin().is_terminal() || !io::stderr().is_terminal() {
        return Err(Failure::usage("deleting by condition needs --yes where nobody can be asked"));
    }
    anstream::eprint!("delete {} records? [y/N] ", database.count(query)?);
    let mut answer = String::new();
    io::stdin().read_line(&mut answer).map_err(Error::from)?;
    match answer.trim() {
        "y" | "Y" | "yes" => Ok(()),
        _ => Err(Error::new(ErrorKind::Cancelled, "nothing was deleted").into()),
    }
}
