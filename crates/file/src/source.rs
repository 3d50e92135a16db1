//! A file to read from: opening it, and telling how it is laid out.

use std::fs::File;
use std::io::{Read, Seek as _, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use dataknobs_data_core::{Error, ErrorKind, FieldType, Result, Value};

use crate::compression::{Compression, compress, is_compression_damage, refuse_other_content};
use crate::config::FileConfig;
use crate::fingerprint::Fingerprint;
use crate::format::csv::{self, CsvLayout, CsvRows, Parser, Sidecar};
use crate::format::json::JsonReader;
use crate::format::json_lines::JsonLinesReader;
use crate::format::json_row::Row;
use crate::format::json_rows::{JsonRows, RowReader};
use crate::format::parquet::{self, ParquetRows};
use crate::format::{Format, Rows};
use crate::key::Key;
use crate::lock::Note;
use crate::window::Window;

/// So much of a compressed file's text is looked through for damage when the text has an error.
const MAX_TRACED_BYTES: u64 = 1 << 30;

/// A checked configuration with its file.
#[derive(Debug)]
pub(crate) struct Source {
    pub(crate) config: FileConfig,
    pub(crate) format: Format,
    pub(crate) compression: Compression,
    /// The file itself, symbolic links followed.
    pub(crate) path: PathBuf,
    delimiter: u8,
}

/// How a file's records are to be read and written.
#[derive(Debug, Clone)]
pub(crate) struct Layout {
    pub(crate) key: Key,
    /// Columns, for CSV and TSV.
    pub(crate) csv: Option<Arc<CsvLayout>>,
}

impl Source {
    pub(crate) fn new(config: FileConfig) -> Result<Self> {
        let format = config.check()?;
        let delimiter = config.delimiter_byte(format)?;
        let path = crate::replace::resolve(&config.path)?;
        Ok(Source { format, compression: config.resolved_compression(), path, delimiter, config })
    }

    /// A source for what is no file, such as standard input.
    pub(crate) fn unnamed(config: FileConfig) -> Result<Self> {
        let mut config = config;
        if config.path.as_os_str().is_empty() {
            config.path = "-".into();
        }
        let format = config.check()?;
        let delimiter = config.delimiter_byte(format)?;
        let compression = config.resolved_compression();
        Ok(Source { path: config.path.clone(), config, format, compression, delimiter })
    }

    /// The error with the file's name in its context.
    pub(crate) fn place(&self, error: Error) -> Error {
        if error.context_value("path").is_some() {
            return error;
        }
        error.with_context("path", self.config.path.display())
    }

    /// Opens the file; none when there is no file.
    pub(crate) fn open(&self) -> Result<Option<(File, Fingerprint)>> {
        let file = match File::open(&self.path) {
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(self.place(error.into())),
        };
        if !file.metadata().map_err(|error| self.place(error.into()))?.is_file() {
            return Err(self.place(Error::new(ErrorKind::InvalidConfig, "the path is not that of a regular file")));
        }
        let fingerprint = Fingerprint::of_file(&file)?;
        Ok(Some((file, fingerprint)))
    }

    /// Whether a file of so many bytes may be kept in memory.
    pub(crate) fn may_be_kept(&self, bytes: u64) -> bool {
        bytes <= self.config.cache_bytes
    }

    /// The layout of a file that is yet to be made.
    pub(crate) fn layout_of_new(&self) -> Layout {
        let key = match self.config.id_field.as_deref() {
            None | Some("" | "_id") => Key::own(),
            Some(name) => Key::field(name.into(), FieldType::String),
        };
        let csv =
            self.format.is_delimited().then(|| Arc::new(CsvLayout::new_file(self.delimiter, &self.config.null_values)));
        Layout { key, csv }
    }

    /// Finds out how a file is laid out, from its beginning. Reports damage only where it leaves
    /// that open; damage further on is for those who read that far.
    pub(crate) fn discover_file(&self, file: &File, fingerprint: &Fingerprint) -> Result<Layout> {
        let input = file.try_clone().map_err(|error| self.place(error.into()))?;
        if self.format == Format::Parquet {
            let key = parquet::discover(input, &self.config).map_err(|error| self.place(error))?;
            return Ok(Layout { key, csv: None });
        }
        self.discover(Box::new(input), Some(fingerprint))
    }

    /// The same for text that need not be a file.
    pub(crate) fn discover(&self, input: Box<dyn Read + Send>, fingerprint: Option<&Fingerprint>) -> Result<Layout> {
        let layout = self.layout_of(input, fingerprint);
        layout.map_err(|error| self.place(if fingerprint.is_some() { self.trace_to_compression(error) } else { error }))
    }

    fn layout_of(&self, input: Box<dyn Read + Send>, fingerprint: Option<&Fingerprint>) -> Result<Layout> {
        let window = self.window(input)?;
        let limit = self.config.record_limit();
        match self.format {
            Format::Json => {
                let mut reader = JsonReader::new(window, limit);
                self.json_layout(|| reader.next_row())
            }
            Format::JsonLines => {
                let mut reader = JsonLinesReader::new(window, limit);
                self.json_layout(|| reader.next_row())
            }
            _ => {
                let sidecar = match fingerprint {
                    Some(_) => Sidecar::read(&self.path, fingerprint)?,
                    None => None,
                };
                let limit = sidecar.as_ref().map_or(limit, |sidecar| sidecar.row_limit(limit));
                let parser = Parser::new(window, self.delimiter, limit);
                Ok(match csv::discover(parser, sidecar, &self.config, self.delimiter)? {
                    Some((layout, key)) => Layout { key, csv: Some(Arc::new(layout)) },
                    None => self.layout_of_new(),
                })
            }
        }
    }

    /// The text of an input, from its beginning.
    fn window(&self, input: Box<dyn Read + Send>) -> Result<Window> {
        let window = Window::new(self.config.expand(input)?)?;
        refuse_other_content(window.bytes())?;
        Ok(window)
    }

    /// Whether a file that is cut off between two rows looks like a whole one.
    pub(crate) fn may_look_whole(&self) -> bool {
        self.compression == Compression::None && (self.format.is_delimited() || self.format == Format::JsonLines)
    }

    /// What is wrong with a file that is shorter than this library left it, and begins as it did then.
    /// The file is at its start before and after.
    pub(crate) fn cut_off(&self, file: &File, now: &Fingerprint) -> Result<Option<Error>> {
        if !self.may_look_whole() {
            return Ok(None);
        }
        let Note { file: Some(before), prefixes: Some(prefixes) } = crate::lock::note_of(&self.path) else {
            return Ok(None);
        };
        if !now.is_shorter_than(&before) {
            return Ok(None);
        }
        let mut file = file.try_clone()?;
        file.rewind()?;
        let is_alike = prefixes.begins_alike(&file, now.bytes)?;
        // Whoever reads through a handle of the same file begins at its start.
        file.rewind()?;
        if !is_alike {
            return Ok(None);
        }
        let error =
            Error::corrupt("the file was cut off: it is shorter than it was written, and begins as it did then")
                .with_context("byte", now.bytes)
                .with_context("bytes_written", before.bytes)
                .with_hint(
                    "`dk recover` saves what is left; if it was shortened on purpose, put a copy of it in its place",
                );
        Ok(Some(error))
    }

    /// Writes text as the file is to hold it.
    pub(crate) fn compress(
        &self,
        out: &mut (dyn Write + Send),
        content: impl FnOnce(&mut (dyn Write + Send)) -> Result<()>,
    ) -> Result<()> {
        compress(out, self.compression, self.config.expansion_limits(), content)
    }

    /// The damage of the compressed file that an error in its text comes from, if it is damaged.
    /// The checksum of a large file stands behind text that was used already.
    pub(crate) fn trace_to_compression(&self, error: Error) -> Error {
        let is_of_text =
            matches!(error.kind(), ErrorKind::Corrupt | ErrorKind::InvalidRecord | ErrorKind::InvalidConfig);
        if self.compression == Compression::None || !is_of_text || is_compression_damage(&error) {
            return error;
        }
        let Ok(Some((file, _))) = self.open() else { return error };
        let expanded = self
            .config
            .expand(file)
            .and_then(|text| Ok(std::io::copy(&mut text.take(MAX_TRACED_BYTES), &mut std::io::sink())?));
        match expanded {
            Err(damage) if is_compression_damage(&damage) => damage.with_source(error),
            _ => error,
        }
    }

    pub(crate) fn json_layout(&self, mut next: impl FnMut() -> Result<Option<Row>>) -> Result<Layout> {
        let Some(first) = next()? else { return Ok(self.layout_of_new()) };
        let has = |name: &str| first.fields.iter().any(|(field, _)| field == name);
        let field = match (self.config.id_field.as_deref(), &first.id) {
            (None | Some("" | "_id"), Some(_)) => None,
            (Some(wanted), Some(_)) => return Err(csv::own_ids(wanted)),
            (None, None) if has("id") => Some("id"),
            (Some(wanted), None) if !wanted.is_empty() => Some(wanted),
            (_, None) => return Ok(Layout { key: Key::ordinal(), csv: None }),
        };
        let is_integer = |row: &Row| {
            let value = match field {
                None => row.id.as_ref(),
                Some(name) => row.fields.iter().find(|(field, _)| field == name).map(|(_, value)| value),
            };
            matches!(value, Some(Value::Integer(_)))
        };
        let mut all_integers = is_integer(&first);
        let mut looked_at = 1;
        while all_integers && looked_at < self.config.infer_rows {
            match next() {
                Ok(Some(row)) => all_integers = is_integer(&row),
                Ok(None) | Err(_) => break,
            }
            looked_at += 1;
        }
        let field_type = if all_integers { FieldType::Integer } else { FieldType::String };
        let key = match field {
            None => Key { field_type, ..Key::own() },
            Some(name) => Key::field(name.into(), field_type),
        };
        Ok(Layout { key, csv: None })
    }

    /// The records of a file that is laid out like this.
    pub(crate) fn rows_of_file(&self, file: File, layout: &Layout) -> Result<Box<dyn Rows>> {
        if self.format == Format::Parquet {
            let rows = ParquetRows::new(Arc::new(file), layout.key.clone(), self.config.record_limit())?;
            return Ok(Box::new(rows));
        }
        self.rows(Box::new(file), layout)
    }

    /// The records of text that is laid out like this.
    pub(crate) fn rows(&self, input: Box<dyn Read + Send>, layout: &Layout) -> Result<Box<dyn Rows>> {
        let window = self.window(input)?;
        let limit = self.row_limit(layout);
        let key = layout.key.clone();
        Ok(match (&layout.csv, self.format) {
            (Some(csv), _) => Box::new(CsvRows::new(Parser::new(window, csv.delimiter, limit), Arc::clone(csv), key)?),
            (None, Format::JsonLines) => Box::new(JsonRows::new(JsonLinesReader::new(window, limit), key)),
            (None, _) => Box::new(JsonRows::new(JsonReader::new(window, limit), key)),
        })
    }

    /// The longest row of text that is laid out like this.
    pub(crate) fn row_limit(&self, layout: &Layout) -> usize {
        let limit = self.config.record_limit();
        let sidecar = layout.csv.as_ref().and_then(|csv| csv.sidecar.as_ref());
        sidecar.map_or(limit, |sidecar| sidecar.row_limit(limit))
    }

    /// The path as the user gave it.
    pub(crate) fn given_path(&self) -> &Path {
        &self.config.path
    }
}

/// The input as a file without a name, for formats that are not read from front to back.
pub(crate) fn spool(mut input: Box<dyn Read + Send>) -> Result<File> {
    let mut file = tempfile::tempfile()?;
    std::io::copy(&mut input, &mut file)?;
    Ok(file)
}
