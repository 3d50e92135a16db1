//! `dk aggregate`: groups records and computes over the groups.

use clap::Args;
use dataknobs_data::{AggregateFunction, Aggregation, Error, Path, Result, Value, parse_json};

use crate::exit::Outcome;
use crate::notation::{self, split};
use crate::open::Target;
use crate::output::{self, Format, Layout};
use crate::progress::Progress;

/// Paths are written as in conditions. Without a group the result is one row, without a function
/// the groups alone; groups come in order, the one of records without a value last.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    target: Target,
    /// Which records count, such as "age >= 25"; all without it
    #[arg(value_name = "EXPR")]
    expression: Option<String>,
    /// Group by these paths, such as city,year
    #[arg(short, long, value_name = "PATHS")]
    group_by: Vec<String>,
    /// Group datetimes by year, quarter, month, week, day, hour, minute or second: paid_at:month
    #[arg(long, value_name = "PATH:INTERVAL[=NAME]")]
    date_histogram: Vec<String>,
    /// Group numbers by ranges: price:10, or price:10:5 for ranges that begin at 5, 15, 25 …
    #[arg(long, value_name = "PATH:WIDTH[:ORIGIN][=NAME]", allow_hyphen_values = true)]
    histogram: Vec<String>,
    /// Compute count, or one of count, count_distinct, min, max, sum, avg of a path: avg:price=mean
    #[arg(short, long = "agg", value_name = "FUNCTION[:PATH][=NAME]")]
    aggregates: Vec<String>,
    /// How to print the rows
    #[arg(short, long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

pub(crate) fn run(arguments: &Arguments) -> Outcome {
    let aggregation = arguments.aggregation()?;
    let database = arguments.target.open_to_read()?;
    let progress = Progress::start();
    let table = database.aggregate(&aggregation)?;
    drop(progress);
    let (columns, rows) = table.into_parts();
    let layout = Layout { columns: Some(columns.clone()), wide: false };
    let mut writer = output::writer(arguments.format, layout);
    for row in rows {
        writer.write(columns.iter().cloned().zip(row).collect())?;
    }
    writer.finish()
}

impl Arguments {
    fn aggregation(&self) -> Result<Aggregation> {
        let mut aggregation = Aggregation::new();
        for filter in notation::condition(self.expression.as_deref())?.filters() {
            aggregation = aggregation.with_filter(filter.clone());
        }
        for path in self.group_by.iter().flat_map(|paths| split(paths, ',')) {
            aggregation = aggregation.group_by(Path::parse(path)?);
        }
        for text in &self.date_histogram {
            let (parts, name) = parts(text);
            let [path, interval] = parts[..] else { return Err(wrong("a date histogram", "PATH:INTERVAL", text)) };
            aggregation = named(aggregation.date_histogram(Path::parse(path)?, interval), name);
        }
        for text in &self.histogram {
            let (parts, name) = parts(text);
            let (path, width, origin) = match parts[..] {
                [path, width] => (path, width, "0"),
                [path, width, origin] => (path, width, origin),
                _ => return Err(wrong("a histogram", "PATH:WIDTH or PATH:WIDTH:ORIGIN", text)),
            };
            aggregation = named(aggregation.histogram(Path::parse(path)?, number(width)?, number(origin)?), name);
        }
        for text in &self.aggregates {
            let (parts, name) = parts(text);
            aggregation = named(add(aggregation, &parts, text)?, name);
        }
        aggregation.check()?;
        Ok(aggregation)
    }
}

/// The parts between colons, and the name behind the equals sign.
fn parts(text: &str) -> (Vec<&str>, Option<&str>) {
    let body = split(text, '=')[0];
    let name = text.get(body.len() + 1..);
    (split(body, ':'), name)
}

fn named(aggregation: Aggregation, name: Option<&str>) -> Aggregation {
    match name {
        Some(name) => aggregation.alias(name),
        None => aggregation,
    }
}

fn add(aggregation: Aggregation, parts: &[&str], text: &str) -> Result<Aggregation> {
    let (function, path) = match parts {
        [function] => (function, None),
        [function, path] => (function, Some(Path::parse(path)?)),
        _ => return Err(wrong("an aggregate", "FUNCTION or FUNCTION:PATH", text)),
    };
    let function: AggregateFunction = function.parse()?;
    Ok(match (function, path) {
        (AggregateFunction::Count, None) => aggregation.count(),
        (AggregateFunction::Count, Some(path)) => aggregation.count_of(path),
        (AggregateFunction::CountDistinct, Some(path)) => aggregation.count_distinct(path),
        (AggregateFunction::Min, Some(path)) => aggregation.min(path),
        (AggregateFunction::Max, Some(path)) => aggregation.max(path),
        (AggregateFunction::Sum, Some(path)) => aggregation.sum(path),
        (AggregateFunction::Avg, Some(path)) => aggregation.avg(path),
        (function, _) => {
            return Err(Error::invalid_query("this function needs a path")
                .with_context("function", function)
                .with_hint(format!("write it as {function}:PATH")));
        }
    })
}

fn number(text: &str) -> Result<Value> {
    match parse_json(text.as_bytes()) {
        Ok(number @ serde_json::Value::Number(_)) => Value::json(number),
        _ => Err(Error::invalid_query("width and origin of a histogram are numbers")
            .with_context("found", format!("`{}`", text.escape_debug()))),
    }
}

fn wrong(what: &'static str, form: &'static str, text: &str) -> Error {
    Error::invalid_query(format!("{what} is written {form}"))
        .with_context("found", format!("`{}`", text.escape_debug()))
}
