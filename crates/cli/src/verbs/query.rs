//! `dk query`: the records that a query finds.

use clap::Args;
use dataknobs_data::{Error, Query, Record, Result};
use dataknobs_data_arrow::{ArrowTable, ScannedColumns, ToArrowOptions};

use super::count;
use crate::exit::Outcome;
use crate::notation::{self, natural};
use crate::open::{Source, Target};
use crate::output::{self, Format, RowOptions, RowPlan};
use crate::progress::Progress;

/// The records appear as they are found: JSON lines of any size in constant memory, unless a sort has
/// to see them all first; CSV, too, where the store has no columns or more than 2 GiB. A table takes
/// its columns and widths from the first 1,000.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    target: Target,
    /// The query, such as "age >= 25 ORDER BY age DESC LIMIT 10"; all records without it
    #[arg(value_name = "EXPR")]
    expression: Option<String>,
    /// How to print the records
    #[arg(short, long, value_enum, default_value_t = Format::Table)]
    format: Format,
    #[command(flatten)]
    rows: RowOptions,
    /// Sort by these paths, such as "age DESC, name"
    #[arg(long, value_name = "PATHS", help_heading = "Options of the query")]
    sort: Option<String>,
    /// Print at most so many records
    #[arg(long, value_name = "N", value_parser = natural, allow_negative_numbers = true, help_heading = "Options of the query")]
    limit: Option<u64>,
    /// Skip so many records first
    #[arg(long, value_name = "N", value_parser = natural, allow_negative_numbers = true, help_heading = "Options of the query")]
    offset: Option<u64>,
    /// Continue behind the record that this token was given for; needs the same sort
    #[arg(long, value_name = "TOKEN", help_heading = "Options of the query")]
    after: Option<String>,
    /// Print the token for --after on standard error, if the limit was filled
    #[arg(long, help_heading = "Options of the query")]
    next_token: bool,
    /// Print how many records pass the condition, and nothing else
    #[arg(long, conflicts_with_all = ["explain", "sort", "limit", "offset", "after", "next_token"])]
    count: bool,
    /// Print how the query would be answered and what it would cost, without doing it
    #[arg(long)]
    explain: bool,
}

pub(crate) fn run(arguments: &Arguments) -> Outcome {
    if arguments.count {
        return count::count(&arguments.target, arguments.expression.as_deref());
    }
    let query = arguments.query()?;
    let database = arguments.target.open_to_read()?;
    if arguments.explain {
        return explain(&database, &query, arguments.format);
    }
    output::check(arguments.format)?;
    let rows = arguments.rows.plan(arguments.format);
    if let Some(table) = scanned(arguments, &rows, &database, &query)? {
        return output::table(arguments.format, &rows.layout(), table);
    }
    if arguments.next_token {
        let progress = Progress::start();
        let found = database.search(&query)?;
        drop(progress);
        let token = found.after().map(str::to_owned);
        print(arguments, found.into_iter().map(Ok))?;
        if let Some(token) = token {
            anstream::eprintln!("{token}");
        }
        return Ok(());
    }
    print(arguments, database.stream(&query)?)
}

/// More bytes than this are streamed as records, whose memory does not grow.
const SCANNED_AT_ONCE: u64 = 2 << 30;

/// The same where nobody knows bytes.
const ROWS_AT_ONCE: u64 = 2_000_000;

/// What the query finds as columns, for formats of columns, where the store has them and can say all
/// that is asked for.
fn scanned(arguments: &Arguments, rows: &RowPlan, database: &Source, query: &Query) -> Result<Option<ArrowTable>> {
    let is_columnar = matches!(arguments.format, Format::Csv | Format::Parquet);
    if !is_columnar || arguments.next_token || rows.has_more_than_columns() {
        return Ok(None);
    }
    let _progress = Progress::start();
    let plan = database.explain(query)?.plan;
    let fits = match (plan.bytes_read, plan.rows_examined) {
        (Some(bytes), _) => bytes <= SCANNED_AT_ONCE,
        // What an index finds, or a view gives.
        (None, found) => found.is_some_and(|found| found <= ROWS_AT_ONCE),
    };
    if !fits {
        return Ok(None);
    }
    let Some(answer) = database.scan_columns(query, rows.has_ids())? else { return Ok(None) };
    let mut options = ToArrowOptions::new();
    // Columns that cannot say just the same are left to records.
    options.exact = true;
    if !rows.has_ids() {
        options.id_column = None;
    }
    match answer.downcast::<ScannedColumns>() {
        Ok(scanned) if scanned.num_rows() > 0 => scanned.finish(&options),
        // Nothing has no columns.
        _ => Ok(None),
    }
}

fn print(arguments: &Arguments, records: impl Iterator<Item = Result<Record>>) -> Outcome {
    let plan = arguments.rows.plan(arguments.format);
    let mut writer = output::writer(arguments.format, plan.layout());
    let mut progress = Progress::start();
    for record in records {
        progress.record(true);
        writer.write(plan.row(&record?)?)?;
    }
    drop(progress);
    writer.finish()
}

fn explain(database: &Source, query: &Query, format: Format) -> Outcome {
    let explain = database.explain(query)?;
    match format {
        Format::Table => output::line(explain),
        Format::Json | Format::Jsonl => output::line(serde_json::json!(explain)),
        Format::Csv | Format::Parquet => {
            Err(Error::unsupported("a plan is no list of rows").with_hint("use --format table or json").into())
        }
    }
}

impl Arguments {
    fn query(&self) -> Result<Query> {
        let mut query = Query::parse(self.expression.as_deref().unwrap_or_default())?;
        if let Some(sort) = &self.sort {
            refuse_twice(!query.sort_keys().is_empty(), "ORDER BY", "--sort")?;
            for key in notation::sort_keys(sort)? {
                query = query.sort(key.path, key.order);
            }
        }
        if let Some(limit) = self.limit {
            refuse_twice(query.limit_value().is_some(), "LIMIT", "--limit")?;
            query = query.limit(limit);
        }
        if let Some(offset) = self.offset {
            refuse_twice(query.offset_value() > 0, "OFFSET", "--offset")?;
            query = query.offset(offset);
        }
        if let Some(token) = &self.after {
            query = query.after(token.as_str());
        }
        if let Some(names) = self.rows.projection() {
            query = query.select(names);
        }
        if self.next_token && (query.sort_keys().is_empty() || query.limit_value().is_none()) {
            return Err(Error::invalid_query("only a sorted query with a limit has a next page")
                .with_hint("add --sort and --limit"));
        }
        query.check()?;
        Ok(query)
    }
}

fn refuse_twice(twice: bool, clause: &'static str, option: &'static str) -> Result<()> {
    if !twice {
        return Ok(());
    }
    Err(Error::invalid_query("the query and an option say the same thing twice")
        .with_context("query", clause)
        .with_context("option", option))
}
