//! `dk recover`: saving what is readable of a damaged file and its journal.

use std::fmt::Write as _;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use dataknobs_data::config::{ConfigMap, from_map};
use dataknobs_data::file::{FileConfig, Loss, LossKind, RecoverReport, reapply, recover};
use dataknobs_data::{Database, Error, ErrorKind, Result};

use crate::exit::{Failure, Outcome, shown};
use crate::notation::Setting;
use crate::output;

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// A path (data.csv) or URL (file:data.csv) of a file
    #[arg(value_name = "FILE")]
    file: String,
    /// The new file for what can be saved; it must not be there yet
    #[arg(long, value_name = "NEW", required_unless_present = "reapply", conflicts_with = "reapply")]
    output: Option<PathBuf>,
    /// Put the writes of the file's journal on top of the file as it is now, instead
    #[arg(long)]
    reapply: bool,
    /// A setting of the file, such as null_values=NA; may be repeated
    #[arg(short = 'o', long = "option", value_name = "KEY=VALUE")]
    settings: Vec<Setting>,
    /// How to print the report
    #[arg(short, long, value_enum, default_value_t = ReportFormat::Text)]
    format: ReportFormat,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ReportFormat {
    /// A line for each thing
    Text,
    /// One JSON object
    Json,
}

/// So many losses are printed for people; all that are listed stand in the JSON form.
const PRINTED_LOSSES: usize = 20;

pub(crate) fn run(arguments: &Arguments) -> Outcome {
    let config = arguments.config()?;
    let report = match &arguments.output {
        Some(output) => recover(&config, output)?,
        None => reapply(&config)?,
    };
    match arguments.format {
        ReportFormat::Json => {
            let form = serde_json::to_value(&report).map_err(|error| {
                Error::new(ErrorKind::Backend, "the report cannot be written as JSON").with_source(error)
            })?;
            output::line(format_args!("{form:#}"))?;
        }
        ReportFormat::Text => output::text(&text(&report, arguments.reapply))?,
    }
    if report.is_whole() { Ok(()) } else { Err(Failure::Lost) }
}

impl Arguments {
    /// The settings of the file, as any verb would open it.
    fn config(&self) -> Result<FileConfig> {
        let mut found = None;
        Database::open_with(&self.file, |backend, settings| {
            for setting in &self.settings {
                setting.insert_into(settings)?;
            }
            if backend != "file" {
                return Err(Error::unsupported("only files can be recovered").with_context("backend", backend));
            }
            found = Some(ConfigMap::clone(settings));
            Ok(())
        })?;
        from_map(found.unwrap_or_default())
    }
}

fn text(report: &RecoverReport, is_reapplied: bool) -> String {
    if report.is_whole() && report.output.is_none() {
        return "nothing to recover\n".to_owned();
    }
    let mut text = String::new();
    let output = report.output.as_ref().map(|path| path.display().to_string());
    let output = shown(output.as_deref().unwrap_or("none, since nothing could be saved"));
    let name = if is_reapplied { "file" } else { "new file" };
    let _ = writeln!(text, "{name}: {output}\nrecords: {}", report.records);
    if report.commits > 0 {
        let _ = writeln!(
            text,
            "commits of the journal: {} ({} created, {} replaced, {} deleted)",
            report.commits, report.created, report.replaced, report.deleted
        );
    }
    if report.other_state && !is_reapplied {
        text.push_str("the journal belongs to another state of the file; its writes are on top of this one\n");
    }
    if report.torn_bytes > 0 {
        let _ = writeln!(text, "unfinished write at the journal's end: {} bytes, no loss", report.torn_bytes);
    }
    if report.is_whole() {
        text.push_str("lost: nothing\n");
        return text;
    }
    let _ = writeln!(
        text,
        "lost: {} bytes (damaged places: {}, rows that make no record: {}, rows with the id of another: {})",
        report.lost_bytes, report.damaged_places, report.unfit_rows, report.repeated_ids
    );
    report.losses.iter().take(PRINTED_LOSSES).for_each(|loss| text.push_str(&line(loss)));
    let all = report.damaged_places + report.unfit_rows + report.repeated_ids;
    if let Some(more) = all.checked_sub(PRINTED_LOSSES as u64).filter(|more| *more > 0) {
        let _ = writeln!(text, "  and {more} more");
    }
    text
}

fn line(loss: &Loss) -> String {
    let place = match (loss.line, loss.column) {
        (Some(line), Some(column)) => format!("line {line}, column {column}, byte {}", loss.byte),
        _ => format!("byte {}", loss.byte),
    };
    let what = match loss.kind {
        LossKind::Damage => "damage",
        LossKind::UnfitRow => "row",
        LossKind::RepeatedId => "repeated id",
        _ => "loss",
    };
    let path = loss.path.display().to_string();
    format!("  {}, {place}: {what}, {} bytes: {}\n", shown(&path), loss.bytes, shown(&loss.reason))
}
