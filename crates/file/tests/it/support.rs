//! A file in a folder of its own, and databases on it.

use std::path::PathBuf;
use std::sync::Arc;

use dataknobs_data_core::{Database, Error, Query, Record, Result};
use dataknobs_data_file::{Durability, FileBackend, FileConfig, Format};
use tempfile::TempDir;

/// The formats that are text, read from front to back.
pub(crate) const TEXT: [Format; 4] = [Format::Json, Format::JsonLines, Format::Csv, Format::Tsv];

pub(crate) struct Fixture {
    pub(crate) folder: TempDir,
    pub(crate) path: PathBuf,
    pub(crate) config: FileConfig,
}

impl Fixture {
    /// A file that does not exist yet.
    pub(crate) fn new(name: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        let mut config = FileConfig::new(&path);
        config.durability = Durability::Buffered;
        Fixture { folder, path, config }
    }

    /// A file that does not exist yet, in a format.
    pub(crate) fn of(format: Format) -> Self {
        Self::new(&format!("data.{format}"))
    }

    /// A file with this content.
    pub(crate) fn with(name: &str, content: impl AsRef<[u8]>) -> Self {
        let fixture = Self::new(name);
        std::fs::write(&fixture.path, content).unwrap();
        fixture
    }

    /// A database on the file as it is now.
    pub(crate) fn open(&self) -> Database {
        Database::from_backend(Arc::new(FileBackend::new(self.config.clone()).unwrap()))
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        std::fs::read(&self.path).unwrap()
    }

    pub(crate) fn text(&self) -> String {
        std::fs::read_to_string(&self.path).unwrap()
    }

    /// Files beside the file but the lock file, which stays.
    pub(crate) fn left_behind(&self) -> Vec<String> {
        let own = self.path.file_name().unwrap().to_str().unwrap();
        let names = std::fs::read_dir(self.folder.path()).unwrap();
        let names = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names.filter(|name| name != own && *name != format!(".{own}.lock")).collect()
    }

    /// Every record.
    pub(crate) async fn all(&self) -> Result<Vec<Record>> {
        self.search("").await
    }

    pub(crate) async fn search(&self, query: &str) -> Result<Vec<Record>> {
        Ok(self.open().search(&Query::parse(query)?).await?.into_iter().collect())
    }

    /// The error of reading everything, which must not have touched the file.
    pub(crate) async fn refusal(&self) -> Error {
        let before = std::fs::read(&self.path).unwrap();
        let error = self.all().await.unwrap_err();
        let write = self.open().create(Record::new()).await;
        assert!(write.is_err(), "a damaged file was written");
        assert_eq!(std::fs::read(&self.path).unwrap(), before);
        assert_eq!(self.left_behind(), [""; 0], "something was left behind");
        assert!(error.context_value("path").is_some(), "{error}");
        error
    }
}

/// The ids of records.
pub(crate) fn ids(records: &[Record]) -> Vec<&str> {
    records.iter().map(|record| record.id().unwrap().as_str()).collect()
}
