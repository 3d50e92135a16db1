//! File databases by URL, path or settings.

use std::sync::Arc;

use dataknobs_data_core::backend::Backend;
use dataknobs_data_core::config::{ConfigMap, UrlParts, from_map};
use dataknobs_data_core::{BackendFactory, Result};

use crate::backend::FileBackend;
use crate::config::FileConfig;

/// Makes file databases for a [`Registry`](dataknobs_data_core::Registry): `file:data/people.json`,
/// or a bare path with a known extension. Settings stand behind a `?`:
/// `penguins.csv?null_values=NA`.
///
/// ```
/// use dataknobs_data_core::Registry;
/// use dataknobs_data_file::FileFactory;
/// let mut registry = Registry::new();
/// registry.register(FileFactory)?;
/// assert_eq!(registry.open("penguins.csv?null_values=NA,-")?.backend.info().backend, "file");
/// let error = registry.open("penguins.csv?null_value=NA").unwrap_err();
/// assert_eq!(error.hint(), Some("did you mean `null_values`?"));
/// # Ok::<(), dataknobs_data_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, Default)]
pub struct FileFactory;

/// Those of the formats, and each before those of the compressions.
#[rustfmt::skip]
const EXTENSIONS: [&str; 32] = [
    "json", "json.gz", "json.gzip", "json.zst", "json.zstd",
    "jsonl", "jsonl.gz", "jsonl.gzip", "jsonl.zst", "jsonl.zstd",
    "ndjson", "ndjson.gz", "ndjson.gzip", "ndjson.zst", "ndjson.zstd",
    "csv", "csv.gz", "csv.gzip", "csv.zst", "csv.zstd",
    "tsv", "tsv.gz", "tsv.gzip", "tsv.zst", "tsv.zstd",
    "tab", "tab.gz", "tab.gzip", "tab.zst", "tab.zstd",
    "parquet", "pq",
];

impl BackendFactory for FileFactory {
    fn backend(&self) -> &'static str {
        "file"
    }

    fn schemes(&self) -> &'static [&'static str] {
        &["file"]
    }

    fn extensions(&self) -> &'static [&'static str] {
        &EXTENSIONS
    }

    fn config_from_url(&self, parts: &UrlParts) -> Result<ConfigMap> {
        parts.path_config()
    }

    fn create(&self, config: ConfigMap) -> Result<Arc<dyn Backend>> {
        Ok(Arc::new(FileBackend::new(from_map::<FileConfig>(config)?)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compression::Compression;
    use crate::config::Durability;
    use crate::format::Format;
    use dataknobs_data_core::ErrorKind;

    fn config(url: &str) -> Result<FileConfig> {
        from_map(FileFactory.config_from_url(&UrlParts::parse(url)?)?)
    }

    #[test]
    fn every_setting_may_stand_in_a_url() {
        let url = "file:a.txt?format=tsv&id_field=sku&delimiter=%7C&null_values=NA,-&infer_rows=5\
                   &max_record_bytes=1MiB&create=false&durability=buffered&compression=zstd\
                   &max_expanded_bytes=1GiB&max_ratio=50";
        let config = config(url).unwrap();
        assert_eq!((config.format, config.id_field.as_deref()), (Some(Format::Tsv), Some("sku")));
        assert_eq!((config.delimiter, config.null_values), (Some('|'), vec!["NA".to_owned(), "-".to_owned()]));
        assert_eq!((config.infer_rows, config.max_record_bytes), (5, 1 << 20));
        assert_eq!((config.create, config.durability), (false, Durability::Buffered));
        assert_eq!(config.compression, Some(Compression::Zstd));
        assert_eq!((config.max_expanded_bytes, config.max_ratio), (1 << 30, 50));
    }

    #[test]
    fn each_extension_says_a_format_and_its_compression() {
        for extension in FileFactory.extensions() {
            let path = format!("a.{extension}");
            assert!(Format::of_path(path.as_ref()).is_some(), "{path}");
            let compressed = Compression::of_path(path.as_ref()) != Compression::None;
            assert_eq!(compressed, extension.contains('.'), "{path}");
        }
    }

    #[test]
    fn mistakes_are_refused_before_any_file_is_touched() {
        for url in [
            "a.csv?delimiter=ab",
            "a.csv?format=xml",
            "a.csv?compression=zip",
            "a.csv?nul_values=NA",
            "file:?format=csv",
        ] {
            let created =
                UrlParts::parse(url).and_then(|parts| FileFactory.create(FileFactory.config_from_url(&parts)?));
            assert_eq!(created.unwrap_err().kind(), ErrorKind::InvalidConfig, "{url}");
        }
    }
}
