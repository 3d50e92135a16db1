//! File formats: how records are read and written.

pub(crate) mod csv;
pub(crate) mod json;
pub(crate) mod json_lines;
pub(crate) mod json_record;
pub(crate) mod json_row;
pub(crate) mod json_rows;
pub(crate) mod json_skim;
pub(crate) mod json_write;
pub(crate) mod parquet;
pub(crate) mod rows_write;

use std::fmt;

use dataknobs_data_core::{Condition, Error, Record, Result};
use serde::{Deserialize, Serialize};

/// The format of a file.
///
/// ```
/// use dataknobs_data_file::Format;
/// assert_eq!("ndjson".parse::<Format>()?, Format::JsonLines);
/// assert_eq!(Format::JsonLines.to_string(), "jsonl");
/// # Ok::<(), dataknobs_data_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Format {
    /// One JSON array of objects.
    Json,
    /// One JSON object a line.
    #[serde(rename = "jsonl", alias = "ndjson")]
    JsonLines,
    /// Comma-separated values under a header row.
    Csv,
    /// Tab-separated values under a header row.
    Tsv,
    /// Columns with types of their own.
    Parquet,
}

impl Format {
    /// Every format.
    ///
    /// ```
    /// use dataknobs_data_file::Format;
    /// assert_eq!(Format::ALL.map(Format::name), ["json", "jsonl", "csv", "tsv", "parquet"]);
    /// ```
    pub const ALL: [Format; 5] = [Format::Json, Format::JsonLines, Format::Csv, Format::Tsv, Format::Parquet];

    /// The name in configurations: `"json"`, `"jsonl"`, `"csv"`, `"tsv"`, `"parquet"`.
    ///
    /// ```
    /// use dataknobs_data_file::Format;
    /// assert_eq!(Format::JsonLines.name(), "jsonl");
    /// ```
    pub fn name(self) -> &'static str {
        match self {
            Format::Json => "json",
            Format::JsonLines => "jsonl",
            Format::Csv => "csv",
            Format::Tsv => "tsv",
            Format::Parquet => "parquet",
        }
    }

    /// Whether it is rows of cells under a header.
    pub(crate) fn is_delimited(self) -> bool {
        matches!(self, Format::Csv | Format::Tsv)
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl std::str::FromStr for Format {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text.to_ascii_lowercase().as_str() {
            "json" => Ok(Format::Json),
            "jsonl" | "ndjson" => Ok(Format::JsonLines),
            "csv" => Ok(Format::Csv),
            "tsv" => Ok(Format::Tsv),
            "parquet" => Ok(Format::Parquet),
            _ => Err(Error::invalid_config("unknown file format")
                .with_context("format", format!("`{}`", text.escape_debug()))
                .with_hint("the formats are json, jsonl, csv, tsv and parquet")),
        }
    }
}

/// Rows of a file, one record each, ids included.
pub(crate) trait Rows: Send {
    /// The next record; none at the end of the file. After an error there is no more.
    fn next(&mut self) -> Result<Option<Record>>;

    /// Leaves out records that do not fit the condition, where the format shows it. For rows that gave
    /// nothing yet.
    fn narrow(&mut self, _condition: &Condition) -> Result<()> {
        Ok(())
    }

    /// How many rows there are, where that is known from the start.
    fn rows_in_all(&self) -> Option<u64> {
        None
    }

    /// The line where the last record began; in Parquet the number of its row.
    fn line(&self) -> u64;
}

/// The error for a record longer than the option allows.
pub(crate) fn too_long(line: u64, max_record_bytes: usize) -> Error {
    Error::corrupt("a record is longer than `max_record_bytes` allows")
        .with_context("line", line)
        .with_context("max_record_bytes", max_record_bytes)
        .with_hint("if the file is as it should be, raise `max_record_bytes`")
}
