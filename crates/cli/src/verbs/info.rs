//! `dk info`: what a database is, where, and what it can do.

use clap::{Args, ValueEnum};
use dataknobs_data::{BackendInfo, Capabilities};
use serde_json::{Map, Value as Json, json};

use crate::exit::Outcome;
use crate::open::Target;
use crate::output;

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    target: Target,
    /// How to print it
    #[arg(short, long, value_enum, default_value_t = InfoFormat::Text)]
    format: InfoFormat,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum InfoFormat {
    /// A line for each thing
    Text,
    /// One JSON object
    Json,
}

pub(crate) fn run(arguments: &Arguments) -> Outcome {
    let database = arguments.target.open_to_read()?;
    let info = database.info()?;
    let form = form(&info, database.capabilities());
    match arguments.format {
        InfoFormat::Json => output::line(format_args!("{form:#}")),
        InfoFormat::Text => output::line(text(&form, 0).trim_end()),
    }
}

fn form(info: &BackendInfo, capabilities: &Capabilities) -> Json {
    let details: Map<String, Json> = info.details.iter().cloned().collect();
    json!({
        "backend": info.backend,
        "location": info.location,
        "details": details,
        "capabilities": capabilities,
    })
}

/// A line for each member, those of inner objects indented.
fn text(form: &Json, depth: usize) -> String {
    let indent = "  ".repeat(depth);
    let members = form.as_object().into_iter().flatten();
    members
        .map(|(name, value)| {
            let name = name.replace('_', " ");
            match value {
                Json::Object(_) => format!("{indent}{name}:\n{}", text(value, depth + 1)),
                Json::Bool(true) => format!("{indent}{name}: yes\n"),
                Json::Bool(false) => format!("{indent}{name}: no\n"),
                Json::Null => format!("{indent}{name}: none\n"),
                Json::String(text) => format!("{indent}{name}: {}\n", text.escape_debug()),
                other => format!("{indent}{name}: {other}\n"),
            }
        })
        .collect()
}
