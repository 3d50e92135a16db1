//! What a file store can be told.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Duration;

use dataknobs_data_core::{Error, Result, Str};
use serde::{Deserialize, Serialize};

use crate::compression::{Compression, Expander, Limits};
use crate::format::Format;

/// Settings of a file store.
///
/// ```
/// use dataknobs_data_file::{FileConfig, Format};
/// let mut config = FileConfig::new("data/penguins.csv");
/// config.null_values = vec!["NA".into()];
/// assert_eq!(config.resolved_format()?, Format::Csv);
/// # Ok::<(), dataknobs_data_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct FileConfig {
    /// The file.
    pub path: PathBuf,
    /// Its format; without it, the extension decides: `.json`, `.jsonl` or `.ndjson`, `.csv`,
    /// `.tsv` or `.tab`, `.parquet` or `.pq`, before the extension of a compression if there is one
    /// (`.csv.gz`).
    pub format: Option<Format>,
    /// How it is compressed; without it, the last extension decides: `.gz` or `.gzip`, `.zst` or
    /// `.zstd`.
    pub compression: Option<Compression>,
    /// The most text that a compressed file may expand to, in bytes.
    #[serde(with = "dataknobs_data_core::config::byte_size")]
    pub max_expanded_bytes: u64,
    /// The most bytes of text for each byte of a compressed file, past the first 64 MiB of text.
    pub max_ratio: u64,
    /// The field that holds the id. Without it: `_id` if the file has that, else `id`, else the
    /// number of the row. Empty: never `id`, so that the number of the row is the id unless there
    /// is an `_id`.
    pub id_field: Option<Str>,
    /// What separates the cells of CSV and TSV: one ASCII character. Without it, a tab in TSV, and in
    /// CSV a comma, or what the header shows instead: `;`, a tab or `|`.
    pub delimiter: Option<char>,
    /// Texts that stand for null in CSV and TSV cells, besides the empty cell.
    pub null_values: Vec<String>,
    /// How many rows are looked at to tell the types of columns and keys that nothing declares.
    pub infer_rows: u64,
    /// The largest record, in bytes of the file; in Parquet those of its values before they are
    /// encoded. Longer ones are refused, read or written.
    #[serde(with = "dataknobs_data_core::config::byte_size")]
    pub max_record_bytes: u64,
    /// Whether a missing file is an empty database that the first write creates. Else NotFound.
    pub create: bool,
    /// What an acknowledged write survives.
    pub durability: Durability,
    /// How long a write waits for other processes that write the same file.
    #[serde(with = "dataknobs_data_core::config::duration")]
    pub lock_timeout: Duration,
    /// The largest file, in bytes, that is kept in memory once it was read more than once. Larger
    /// ones are read from the disk each time, in constant memory.
    #[serde(with = "dataknobs_data_core::config::byte_size")]
    pub cache_bytes: u64,
    /// How long the journal beside the file may grow, in bytes, before it is folded into the file;
    /// at least to the length of the file.
    #[serde(with = "dataknobs_data_core::config::byte_size")]
    pub journal_bytes: u64,
}

/// What an acknowledged write survives.
///
/// ```
/// use dataknobs_data_file::{Durability, FileConfig};
/// let mut config = FileConfig::new("people.json");
/// assert_eq!(config.durability, Durability::Fsync);
/// config.durability = Durability::Buffered; // faster, and lost with the power
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Durability {
    /// A power failure: what was written is synced before the write is acknowledged.
    #[default]
    Fsync,
    /// The end of this process, also a sudden one; the operating system writes when it sees fit.
    Buffered,
}

impl Default for FileConfig {
    fn default() -> Self {
        FileConfig {
            path: PathBuf::new(),
            format: None,
            compression: None,
            max_expanded_bytes: 64 * 1024 * 1024 * 1024,
            max_ratio: 500,
            id_field: None,
            delimiter: None,
            null_values: Vec::new(),
            infer_rows: 10_000,
            max_record_bytes: 8 * 1024 * 1024,
            create: true,
            durability: Durability::default(),
            lock_timeout: Duration::from_secs(30),
            cache_bytes: 256 * 1024 * 1024,
            journal_bytes: 16 * 1024 * 1024,
        }
    }
}

impl FileConfig {
    /// The defaults, for this file.
    ///
    /// ```
    /// use dataknobs_data_file::FileConfig;
    /// let config = FileConfig::new("data/people.json");
    /// assert!(config.create && config.id_field.is_none());
    /// ```
    pub fn new(path: impl Into<PathBuf>) -> Self {
        FileConfig { path: path.into(), ..FileConfig::default() }
    }

    /// The same settings with this format.
    ///
    /// ```
    /// use dataknobs_data_file::{FileConfig, Format};
    /// let config = FileConfig::new("data/people.txt").with_format(Format::Tsv);
    /// assert_eq!(config.resolved_format()?, Format::Tsv);
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    #[must_use]
    pub fn with_format(mut self, format: Format) -> Self {
        self.format = Some(format);
        self
    }

    /// The format given, or the one that the extension says.
    ///
    /// ```
    /// use dataknobs_data_file::{FileConfig, Format};
    /// assert_eq!(FileConfig::new("data/people.ndjson").resolved_format()?, Format::JsonLines);
    /// assert!(FileConfig::new("data/people.txt").resolved_format().is_err());
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`InvalidConfig`](dataknobs_data_core::ErrorKind::InvalidConfig) when neither says.
    pub fn resolved_format(&self) -> Result<Format> {
        if let Some(format) = self.format {
            return Ok(format);
        }
        Format::of_path(&self.path).ok_or_else(|| {
            Error::invalid_config("the file's extension names no format")
                .with_context("path", self.path.display())
                .with_hint("say which with `format`: json, jsonl, csv, tsv or parquet")
        })
    }

    /// The same settings with this compression.
    ///
    /// ```
    /// use dataknobs_data_file::{Compression, FileConfig};
    /// let config = FileConfig::new("data/people.json").with_compression(Compression::Gzip);
    /// assert_eq!(config.resolved_compression(), Compression::Gzip);
    /// ```
    #[must_use]
    pub fn with_compression(mut self, compression: Compression) -> Self {
        self.compression = Some(compression);
        self
    }

    /// The compression given, or the one that the extension says.
    ///
    /// ```
    /// use dataknobs_data_file::{Compression, FileConfig};
    /// assert_eq!(FileConfig::new("data/people.jsonl.zst").resolved_compression(), Compression::Zstd);
    /// assert_eq!(FileConfig::new("data/people.jsonl").resolved_compression(), Compression::None);
    /// ```
    pub fn resolved_compression(&self) -> Compression {
        self.compression.unwrap_or_else(|| Compression::of_path(&self.path))
    }

    /// The text of an input that is compressed as these settings say. It reads no further than it is
    /// read; damage and the limits of expansion are errors of reading.
    ///
    /// ```
    /// use std::io::Read;
    /// use dataknobs_data_file::{Compression, FileConfig};
    /// let config = FileConfig::default().with_compression(Compression::Gzip);
    /// assert!(config.expand(&b"name,age\n"[..]).is_err(), "that is no gzip file");
    /// let mut text = String::new();
    /// FileConfig::default().expand(&b"name,age\n"[..])?.read_to_string(&mut text)?;
    /// assert_eq!(text, "name,age\n");
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Corrupt`](dataknobs_data_core::ErrorKind::Corrupt) when it is not compressed so.
    pub fn expand(&self, input: impl Read + Send + 'static) -> Result<Box<dyn Read + Send>> {
        Expander::open(Box::new(input), self.resolved_compression(), self.expansion_limits())
    }

    /// How far the file may expand.
    pub(crate) fn expansion_limits(&self) -> Limits {
        Limits { max_expanded_bytes: self.max_expanded_bytes, max_ratio: self.max_ratio }
    }

    /// What separates cells.
    ///
    /// # Errors
    /// [`InvalidConfig`](dataknobs_data_core::ErrorKind::InvalidConfig) for a character that
    /// cannot.
    pub(crate) fn delimiter_byte(&self, format: Format) -> Result<u8> {
        match self.delimiter {
            None => Ok(if format == Format::Tsv { b'\t' } else { b',' }),
            Some(character) if character.is_ascii() && !matches!(character, '"' | '\n' | '\r' | '\0') => {
                Ok(character as u8)
            }
            Some(character) => Err(Error::invalid_config("a delimiter is one ASCII character, no quote or line end")
                .with_context("delimiter", character.escape_debug())),
        }
    }

    /// The largest record, as far as memory can hold it.
    pub(crate) fn record_limit(&self) -> usize {
        usize::try_from(self.max_record_bytes).unwrap_or(usize::MAX)
    }

    /// Checks the settings among themselves.
    pub(crate) fn check(&self) -> Result<Format> {
        if self.path.as_os_str().is_empty() {
            return Err(Error::invalid_config("a file store needs a path").with_context("key", "path"));
        }
        let format = self.resolved_format()?;
        self.delimiter_byte(format)?;
        if !format.is_delimited() && (self.delimiter.is_some() || !self.null_values.is_empty()) {
            return Err(Error::invalid_config("`delimiter` and `null_values` are for CSV and TSV")
                .with_context("format", format));
        }
        if format == Format::Parquet && self.resolved_compression() != Compression::None {
            return Err(Error::invalid_config(
                "a Parquet file compresses its columns, and is not compressed as a whole",
            )
            .with_context("compression", self.resolved_compression())
            .with_hint("leave `compression` out, or decompress the file"));
        }
        if self.max_record_bytes == 0 {
            return Err(Error::invalid_config("`max_record_bytes` must be at least 1"));
        }
        if self.max_expanded_bytes == 0 || self.max_ratio == 0 {
            return Err(Error::invalid_config("`max_expanded_bytes` and `max_ratio` must be at least 1"));
        }
        if let Some(name) = &self.id_field
            && !name.is_empty()
            && name != "_id"
        {
            dataknobs_data_core::validate_field_name(name)
                .map_err(|error| Error::invalid_config("`id_field` is no field name").with_source(error))?;
        }
        Ok(format)
    }
}

impl Format {
    /// The format that a path's extension says. The extension of a compression may follow it.
    ///
    /// ```
    /// use dataknobs_data_file::Format;
    /// assert_eq!(Format::of_path("a.b/data.NDJSON".as_ref()), Some(Format::JsonLines));
    /// assert_eq!(Format::of_path("data.csv.gz".as_ref()), Some(Format::Csv));
    /// assert_eq!(Format::of_path("data.txt".as_ref()), None);
    /// ```
    pub fn of_path(path: &Path) -> Option<Format> {
        let path = match Compression::of_path(path) {
            Compression::None => path,
            _ => Path::new(path.file_stem()?),
        };
        match path.extension()?.to_str()?.to_ascii_lowercase().as_str() {
            "json" => Some(Format::Json),
            "jsonl" | "ndjson" => Some(Format::JsonLines),
            "csv" => Some(Format::Csv),
            "tsv" | "tab" => Some(Format::Tsv),
            "parquet" | "pq" => Some(Format::Parquet),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dataknobs_data_core::ErrorKind;

    #[test]
    fn contradictions_are_refused() {
        let refuse = |change: &dyn Fn(&mut FileConfig)| {
            let mut config = FileConfig::new("a.json");
            change(&mut config);
            assert_eq!(config.check().unwrap_err().kind(), ErrorKind::InvalidConfig);
        };
        refuse(&|config| config.path = "".into());
        refuse(&|config| config.path = "a.unknown".into());
        refuse(&|config| config.delimiter = Some(';'));
        refuse(&|config| config.null_values = vec!["NA".into()]);
        refuse(&|config| config.max_record_bytes = 0);
        refuse(&|config| config.max_expanded_bytes = 0);
        refuse(&|config| config.max_ratio = 0);
        refuse(&|config| config.path = "a.gz".into());
        refuse(&|config| config.id_field = Some("_meta".into()));
        refuse(&|config| {
            config.path = "a.csv".into();
            config.delimiter = Some('"');
        });
        assert!(FileConfig::new("a.json").check().is_ok());
    }
}
