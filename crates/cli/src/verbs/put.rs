//! `dk put`: creates or replaces records, or changes fields of one.

use std::path::PathBuf;

use clap::Args;
use dataknobs_data::file::Format;
use dataknobs_data::{Changes, Error, ErrorKind, Record, RecordId, Result};

use super::get;
use crate::exit::Outcome;
use crate::open::Target;
use crate::progress::Progress;
use crate::{input, output};

/// Reads one JSON object, JSON lines or a JSON array from standard input and prints the ids under
/// which the records are stored. All records are read before the first is written, and they are
/// written in one batch: all or nothing where the database can. `_id` is the id of a record;
/// without one it gets a new id. `{"$datetime": "2024-05-01T10:00:00Z"}`, `{"$binary": "AP8="}` and
/// `{"$text": "…"}` are values of these types.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    target: Target,
    /// The id, for a single record
    id: Option<String>,
    /// Read this file instead of standard input
    #[arg(long, value_name = "PATH")]
    file: Option<PathBuf>,
    /// The format of the input: json, jsonl, csv, tsv or parquet
    #[arg(long, value_name = "FORMAT")]
    input_format: Option<Format>,
    /// Refuse ids that are there already, instead of replacing their records
    #[arg(long, conflicts_with = "patch")]
    create: bool,
    /// Change the given fields of a record that is there, and keep its others
    #[arg(long)]
    patch: bool,
}

pub(crate) fn run(arguments: &Arguments) -> Outcome {
    // Opened first, so that a wrong URL is reported before anyone types records.
    let database =
        if arguments.patch { arguments.target.open_to_change()? } else { arguments.target.open_to_write()? };
    database.connect()?;
    let mut records = input::records(arguments.file.as_deref(), arguments.input_format)?;
    if let Some(id) = &arguments.id {
        give_id(&mut records, id)?;
    }
    let progress = Progress::start();
    let ids = if arguments.patch {
        let record = only(&mut records)?;
        let id = record.id().cloned().ok_or_else(no_id)?;
        let changes = record.fields().fold(Changes::new(), |changes, field| changes.set_field(field.to_field()));
        if !database.patch(&id, changes)? {
            return Err(get::missing(&id).into());
        }
        vec![id]
    } else if arguments.create {
        database.create_batch(records)?
    } else {
        database.upsert_batch(records)?
    };
    database.close()?;
    drop(progress);
    let mut lines = String::new();
    for id in &ids {
        lines.push_str(id);
        lines.push('\n');
    }
    output::text(&lines)
}

fn no_id() -> Error {
    Error::invalid_record("a patch needs the id of the record").with_hint("give it behind the URL, or as `_id`")
}

/// The only record of the input.
fn only(records: &mut [Record]) -> Result<&mut Record> {
    match records {
        [record] => Ok(record),
        records => Err(Error::invalid_record("the input must hold one record")
            .with_context("records", records.len())
            .with_hint("give the ids of several as `_id` in each")),
    }
}

fn give_id(records: &mut [Record], id: &str) -> Result<()> {
    let record = only(records)?;
    let id = RecordId::new(id)?;
    if record.id().is_some_and(|own| *own != id) {
        return Err(Error::new(ErrorKind::InvalidRecord, "the id given and the `_id` of the record disagree"));
    }
    record.set_id(id);
    Ok(())
}
