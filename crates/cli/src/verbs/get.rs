//! `dk get`: one record.

use clap::Args;
use dataknobs_data::{Error, ErrorKind};

use crate::exit::Outcome;
use crate::open::Target;
use crate::output::{self, Format, RowOptions};

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    target: Target,
    /// The id of the record
    #[arg(value_name = "ID")]
    record: String,
    /// How to print it; json is one object over several lines
    #[arg(short, long, value_enum, default_value_t = Format::Json)]
    format: Format,
    #[command(flatten)]
    rows: RowOptions,
}

pub(crate) fn run(arguments: &Arguments) -> Outcome {
    let database = arguments.target.open_to_read()?;
    let Some(mut record) = database.read(&arguments.record)? else { return Err(missing(&arguments.record).into()) };
    if let Some(names) = arguments.rows.projection() {
        record = record.project(&names);
    }
    let plan = arguments.rows.plan(arguments.format);
    let row = plan.row(&record)?;
    if arguments.format == Format::Json {
        return output::line(format_args!("{:#}", output::object_of(row)));
    }
    let mut writer = output::writer(arguments.format, plan.layout());
    writer.write(row)?;
    writer.finish()
}

/// The error for a record that is not there.
pub(super) fn missing(id: &str) -> Error {
    Error::new(ErrorKind::NotFound, "there is no record with this id").with_context("id", id)
}
