//! The database that a verb works on.

use std::fs::File;
use std::io::{self, BufReader, Read as _};
use std::ops::Deref;
use std::path::Path;
use std::sync::OnceLock;

use clap::Args;
use dataknobs_data::config::ConfigMap;
use dataknobs_data::file::{Compression, FileConfig};
use dataknobs_data::{Database, Error, ErrorKind, Result, SyncDatabase};
use serde_json::Value as Json;
use tempfile::TempDir;

use crate::notation::Setting;

/// Which database, and how to open it.
#[derive(Debug, Args)]
pub(crate) struct Target {
    /// A path (data.csv) or URL (file:data.csv, memory:kept.jsonl) of a database
    #[arg(value_name = "URL")]
    url: String,
    #[command(flatten)]
    options: Options,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Options of the database")]
struct Options {
    /// A setting of the database, such as null_values=NA; may be repeated
    #[arg(short = 'o', long = "option", value_name = "KEY=VALUE")]
    settings: Vec<Setting>,
    /// Refuse every write
    #[arg(long)]
    read_only: bool,
    /// The longest that one call to the database may take, such as 5s or 200ms
    #[arg(long, value_name = "TIME")]
    timeout: Option<String>,
}

/// An open database. Standard input, if that is what it is, lives as long as this.
#[derive(Debug)]
pub(crate) struct Source {
    database: SyncDatabase,
    _spooled: Option<Spooled>,
}

impl Deref for Source {
    type Target = SyncDatabase;

    fn deref(&self) -> &SyncDatabase {
        &self.database
    }
}

impl Target {
    /// Opens for reading only. What is not there is an error, and nothing is created. `-` is what
    /// standard input holds.
    pub(crate) fn open_to_read(&self) -> Result<Source> {
        let spooled = if self.url == "-" { Some(Spooled::new()?) } else { None };
        let url = spooled.as_ref().map_or(self.url.as_str(), |spooled| &spooled.path);
        let database = self.open(url, |backend, settings| {
            settings.insert("read_only".to_owned(), true.into());
            if let Some(spooled) = &spooled {
                settings.entry("format").or_insert_with(|| spooled.format.into());
                settings.entry("compression").or_insert_with(|| spooled.compression.name().into());
            }
            refuse_missing(backend, settings)
        })?;
        Ok(Source { database, _spooled: spooled })
    }

    /// Opens what is there for changes.
    pub(crate) fn open_to_change(&self) -> Result<SyncDatabase> {
        self.open(&self.url, refuse_missing)
    }

    /// Opens for writing. A file that is not there is created by the first write.
    pub(crate) fn open_to_write(&self) -> Result<SyncDatabase> {
        self.open(&self.url, |_, _| Ok(()))
    }

    fn open(&self, url: &str, change: impl FnOnce(&str, &mut ConfigMap) -> Result<()>) -> Result<SyncDatabase> {
        if url == "-" {
            return Err(Error::invalid_config("standard input cannot be written to"));
        }
        let database = Database::open_with(url, |backend, settings| {
            for setting in &self.options.settings {
                setting.insert_into(settings)?;
            }
            if let Some(timeout) = &self.options.timeout {
                settings.insert("timeout".to_owned(), timeout.as_str().into());
            }
            if self.options.read_only {
                settings.insert("read_only".to_owned(), true.into());
            }
            change(backend, settings)
        })?;
        Ok(database.to_sync())
    }
}

/// Makes a file that is not there an error instead of an empty database.
fn refuse_missing(backend: &str, settings: &mut ConfigMap) -> Result<()> {
    match backend {
        "file" => {
            settings.insert("create".to_owned(), false.into());
        }
        "memory" => {
            if let Some(path) = settings.get("persist").and_then(Json::as_str).filter(|path| !Path::new(path).exists())
            {
                return Err(Error::new(ErrorKind::NotFound, "there is no such file").with_context("path", path));
            }
        }
        _ => {}
    }
    Ok(())
}

/// Standard input in a file of its own, since a database is read more than once.
#[derive(Debug)]
struct Spooled {
    path: String,
    format: &'static str,
    compression: Compression,
    _folder: TempDir,
}

impl Spooled {
    fn new() -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("dk-").tempdir()?;
        let path = folder.path().join("standard-input");
        io::copy(&mut io::stdin().lock(), &mut File::create(&path)?)?;
        let mut start = Vec::new();
        File::open(&path)?.take(4).read_to_end(&mut start)?;
        let compression = Compression::of_content(&start);
        let format = if starts_an_array(&path, compression) { "json" } else { "jsonl" };
        let path = SPOOLED_PATH.get_or_init(|| path.to_string_lossy().into_owned());
        Ok(Spooled { path: path.clone(), format, compression, _folder: folder })
    }
}

/// So much white space may stand before the bracket.
const START_BYTES: u64 = 8 * 1024;

/// Whether the text begins with a bracket. Damage is for the database to report.
fn starts_an_array(path: &Path, compression: Compression) -> bool {
    let config = FileConfig::new(path).with_compression(compression);
    let Ok(text) = File::open(path).map_err(Error::from).and_then(|file| config.expand(file)) else { return false };
    let start = BufReader::new(text).take(START_BYTES);
    let first = start.bytes().map_while(Result::ok).find(|byte| !byte.is_ascii_whitespace());
    first == Some(b'[')
}

/// Where standard input is, for messages that would name a file that nobody knows.
static SPOOLED_PATH: OnceLock<String> = OnceLock::new();

/// Whether this is the path of the file that standard input was copied to.
pub(crate) fn is_spooled(path: &str) -> bool {
    SPOOLED_PATH.get().is_some_and(|spooled| spooled == path)
}
