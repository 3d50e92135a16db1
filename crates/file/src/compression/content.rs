//! What the first bytes of a file say about it, where that is not what the settings say.

use dataknobs_data_core::{Error, Result};

use super::Compression;

/// How many bytes of a file's beginning tell what it is.
pub(crate) const CONTENT_BYTES: usize = 10;

/// Refuses a file that is not compressed as its settings or its extension say.
pub(super) fn refuse_other_compression(start: &[u8], compression: Compression) -> Result<()> {
    let found = Compression::of_content(start);
    if found == compression {
        return Ok(());
    }
    if start.is_empty() {
        return Err(Error::corrupt("the file is empty; a compressed file has at least a header")
            .with_context("compression", compression)
            .with_context("byte", 0));
    }
    let error = Error::corrupt("the file is not compressed as its settings or its extension say")
        .with_context("compression", compression)
        .with_context("byte", 0);
    Err(match found {
        Compression::None => {
            error.with_hint("if it is plain text, set `compression` to none, or take the ending off its name")
        }
        Compression::Gzip => error.with_hint("it is a gzip file: set `compression` to gzip, or name it with .gz"),
        Compression::Zstd => error.with_hint("it is a zstd file: set `compression` to zstd, or name it with .zst"),
    })
}

/// Refuses text that is something else: the first bytes of a file, as they are after expansion.
pub(crate) fn refuse_other_content(start: &[u8]) -> Result<()> {
    let (message, hint) = match start {
        [0x1F, 0x8B, 0x08, ..] => (
            "the file is compressed with gzip, and nothing says so",
            "set `compression` to gzip, or give its name the ending .gz; compressed twice, expand it once",
        ),
        [0x28, 0xB5, 0x2F, 0xFD, ..] | [0x50..=0x5F, 0x2A, 0x4D, 0x18, ..] => (
            "the file is compressed with zstd, and nothing says so",
            "set `compression` to zstd, or give its name the ending .zst; compressed twice, expand it once",
        ),
        [b'B', b'Z', b'h', b'1'..=b'9', b'1', b'A', b'Y', b'&', b'S', b'Y', ..] => {
            ("the file is compressed with bzip2", "expand it with bunzip2; gzip and zstd are read as they are")
        }
        [0xFD, b'7', b'z', b'X', b'Z', 0, ..] => {
            ("the file is compressed with xz", "expand it with unxz; gzip and zstd are read as they are")
        }
        [b'P', b'K', 3, 4, ..] => (
            "the file is a zip archive",
            "a workbook (.xlsx, .ods) is to be saved as CSV UTF-8 first; any other archive, unpacked",
        ),
        [0xD0, 0xCF, 0x11, 0xE0, ..] => ("the file is an old workbook (.xls)", "save it as CSV UTF-8 first"),
        [b'P', b'A', b'R', b'1', 0x15, ..] => {
            ("the file is a Parquet file", "set `format` to parquet, or give its name the ending .parquet")
        }
        [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..] | [1..=0x7F, 0, 1..=0x7F, 0, ..] | [0, 1..=0x7F, 0, 1..=0x7F, ..] => {
            ("the text is UTF-16, not UTF-8", "save the file as UTF-8; `iconv -f UTF-16 -t UTF-8` converts it")
        }
        _ => return Ok(()),
    };
    Err(Error::corrupt(message).with_context("byte", 0).with_hint(hint))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_text_and_the_rest_has_its_name() {
        for text in ["", "a", "[{}]", "BZhours,1AY&SY", "PAR1,x", "\u{FEFF}a,b", "PK,a", "(a", "P*M"] {
            assert!(refuse_other_content(text.as_bytes()).is_ok(), "{text}");
        }
        let cases: [(&[u8], &str); 8] = [
            (b"\x1F\x8B\x08\x00", "gzip"),
            (b"\x28\xB5\x2F\xFD", "zstd"),
            (b"BZh91AY&SY\x00", "bzip2"),
            (b"\xFD7zXZ\x00", "xz"),
            (b"PK\x03\x04", "zip"),
            (b"PAR1\x15\x04", "Parquet"),
            (b"\xFF\xFEa\x00", "UTF-16"),
            (b"\x00[\x00{", "UTF-16"),
        ];
        for (start, name) in cases {
            let error = refuse_other_content(start).unwrap_err();
            assert!(error.message().contains(name) && error.hint().is_some(), "{error}");
        }
    }

    #[test]
    fn the_other_compression_is_named() {
        let error = refuse_other_compression(b"\x28\xB5\x2F\xFD", Compression::Gzip).unwrap_err();
        assert!(error.hint().is_some_and(|hint| hint.contains("to zstd")), "{error}");
        let error = refuse_other_compression(b"a,b\n", Compression::Zstd).unwrap_err();
        assert!(error.hint().is_some_and(|hint| hint.contains("to none")), "{error}");
        assert!(refuse_other_compression(b"", Compression::Gzip).unwrap_err().message().contains("empty"));
        assert!(refuse_other_compression(b"\x50\x2A\x4D\x18", Compression::Zstd).is_ok());
    }
}
