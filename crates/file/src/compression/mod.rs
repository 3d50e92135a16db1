//! Compressed files: which codec, reading through it and writing through it.

mod compress;
mod content;
mod expand;

use std::fmt;
use std::path::Path;

use dataknobs_data_core::{Error, Result};
use serde::{Deserialize, Serialize};

pub(crate) use compress::compress;
pub(crate) use content::{CONTENT_BYTES, refuse_other_content};
pub(crate) use expand::{Expander, Limits, is_compression_damage};

/// How a file is compressed.
///
/// ```
/// use dataknobs_data_file::Compression;
/// assert_eq!("zstd".parse::<Compression>()?, Compression::Zstd);
/// assert_eq!(Compression::Gzip.to_string(), "gzip");
/// # Ok::<(), dataknobs_data_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Compression {
    /// Not at all.
    #[default]
    None,
    /// As gzip does (RFC 1952); several members one after another are one file.
    Gzip,
    /// As zstd does (RFC 8878); several frames one after another are one file.
    Zstd,
}

impl Compression {
    /// Every compression.
    ///
    /// ```
    /// use dataknobs_data_file::Compression;
    /// assert_eq!(Compression::ALL.map(Compression::name), ["none", "gzip", "zstd"]);
    /// ```
    pub const ALL: [Compression; 3] = [Compression::None, Compression::Gzip, Compression::Zstd];

    /// The name in configurations: `"none"`, `"gzip"`, `"zstd"`.
    ///
    /// ```
    /// use dataknobs_data_file::Compression;
    /// assert_eq!(Compression::Zstd.name(), "zstd");
    /// ```
    pub fn name(self) -> &'static str {
        match self {
            Compression::None => "none",
            Compression::Gzip => "gzip",
            Compression::Zstd => "zstd",
        }
    }

    /// The compression that a path's last extension says: `.gz` or `.gzip`, `.zst` or `.zstd`, in
    /// any letter case, else none.
    ///
    /// ```
    /// use dataknobs_data_file::Compression;
    /// assert_eq!(Compression::of_path("data/people.csv.GZ".as_ref()), Compression::Gzip);
    /// assert_eq!(Compression::of_path("data/people.csv".as_ref()), Compression::None);
    /// ```
    pub fn of_path(path: &Path) -> Compression {
        let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
        match extension.to_ascii_lowercase().as_str() {
            "gz" | "gzip" => Compression::Gzip,
            "zst" | "zstd" => Compression::Zstd,
            _ => Compression::None,
        }
    }

    /// The compression that the first four bytes of a file say.
    ///
    /// ```
    /// use dataknobs_data_file::Compression;
    /// assert_eq!(Compression::of_content(b"\x1F\x8B\x08\x00"), Compression::Gzip);
    /// assert_eq!(Compression::of_content(b"name,age"), Compression::None);
    /// ```
    pub fn of_content(start: &[u8]) -> Compression {
        match start {
            [0x1F, 0x8B, 0x08, ..] => Compression::Gzip,
            [0x28, 0xB5, 0x2F, 0xFD, ..] => Compression::Zstd,
            // A skippable frame, which parallel compressors begin with.
            [0x50..=0x5F, 0x2A, 0x4D, 0x18, ..] => Compression::Zstd,
            _ => Compression::None,
        }
    }
}

impl fmt::Display for Compression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl std::str::FromStr for Compression {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text.to_ascii_lowercase().as_str() {
            "none" => Ok(Compression::None),
            "gzip" => Ok(Compression::Gzip),
            "zstd" => Ok(Compression::Zstd),
            _ => Err(Error::invalid_config("unknown compression")
                .with_context("compression", format!("`{}`", text.escape_debug()))
                .with_hint("the compressions are none, gzip and zstd")),
        }
    }
}
