//! `dk count`: how many records pass a condition.

use clap::Args;

use crate::exit::Outcome;
use crate::open::Target;
use crate::progress::Progress;
use crate::{notation, output};

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    target: Target,
    /// The condition, such as "age >= 25 AND city IN ('Oslo', 'Rome')"; all records without it
    #[arg(value_name = "EXPR")]
    expression: Option<String>,
}

pub(crate) fn run(arguments: &Arguments) -> Outcome {
    count(&arguments.target, arguments.expression.as_deref())
}

/// Prints how many records pass a condition.
pub(super) fn count(target: &Target, expression: Option<&str>) -> Outcome {
    let condition = notation::condition(expression)?;
    let database = target.open_to_read()?;
    let progress = Progress::start();
    let count = database.count(&condition)?;
    drop(progress);
    output::line(count)
}
