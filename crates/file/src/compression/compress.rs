//! Writing text as a compressed file.

use std::io::{self, BufWriter, Write};

use dataknobs_data_core::{Error, Result};
use flate2::write::GzEncoder;
use zstd::stream::write::Encoder as ZstdEncoder;

use super::expand::RATIO_FROM_BYTES;
use super::{Compression, Limits};

/// What the gzip tool does unless told otherwise.
const GZIP_LEVEL: flate2::Compression = flate2::Compression::new(6);

/// What the zstd tool does unless told otherwise.
const ZSTD_LEVEL: i32 = 3;

/// Writes what `content` writes in compressed form, with a checksum. What could not be read back
/// under the same limits is refused.
pub(crate) fn compress(
    out: &mut (dyn Write + Send),
    compression: Compression,
    limits: Limits,
    content: impl FnOnce(&mut (dyn Write + Send)) -> Result<()>,
) -> Result<()> {
    let out = Counted { out, bytes: 0 };
    let (expanded, compressed) = match compression {
        Compression::None => return content(out.out),
        Compression::Gzip => {
            let (encoder, expanded) = write_all(GzEncoder::new(out, GZIP_LEVEL), content)?;
            (expanded, encoder.finish()?.bytes)
        }
        Compression::Zstd => {
            let mut encoder = ZstdEncoder::new(out, ZSTD_LEVEL)?;
            encoder.include_checksum(true)?;
            let (encoder, expanded) = write_all(encoder, content)?;
            (expanded, encoder.finish()?.bytes)
        }
    };
    let refuse = |message: &'static str, key: &'static str, limit: u64| {
        Err(Error::invalid_config(message)
            .with_context("expanded_bytes", expanded)
            .with_context("compressed_bytes", compressed)
            .with_context(key, limit)
            .with_hint("raise the limit"))
    };
    if expanded > limits.max_expanded_bytes {
        return refuse(
            "the file would be larger than `max_expanded_bytes` allows",
            "max_expanded_bytes",
            limits.max_expanded_bytes,
        );
    }
    if expanded > RATIO_FROM_BYTES && expanded / compressed.max(1) >= limits.max_ratio {
        return refuse("the file would expand further than `max_ratio` allows", "max_ratio", limits.max_ratio);
    }
    Ok(())
}

/// Rows come in small pieces; encoders take large ones better.
fn write_all<E: Write + Send>(
    encoder: E,
    content: impl FnOnce(&mut (dyn Write + Send)) -> Result<()>,
) -> Result<(E, u64)> {
    let mut writer = Counted { out: BufWriter::with_capacity(64 * 1024, encoder), bytes: 0 };
    content(&mut writer)?;
    let encoder = writer.out.into_inner().map_err(io::IntoInnerError::into_error)?;
    Ok((encoder, writer.bytes))
}

struct Counted<W> {
    out: W,
    bytes: u64,
}

impl<W: Write> Write for Counted<W> {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        let count = self.out.write(buffer)?;
        self.bytes += count as u64;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_not_be_read_back_is_refused() {
        let write = |compression, limits, length: usize| {
            let mut out = Vec::new();
            let block = [b' '; 1 << 16];
            let content = |out: &mut (dyn Write + Send)| {
                for start in (0..length).step_by(block.len()) {
                    out.write_all(&block[..block.len().min(length - start)])?;
                }
                Ok(())
            };
            compress(&mut out, compression, limits, content).map(|()| out)
        };
        let limits = Limits { max_expanded_bytes: 1 << 30, max_ratio: 100 };
        let length = usize::try_from(RATIO_FROM_BYTES).unwrap() + 1;
        for compression in [Compression::Gzip, Compression::Zstd] {
            assert!(write(compression, limits, 1 << 20).is_ok(), "small files may repeat themselves");
            let error = write(compression, limits, length).unwrap_err();
            assert_eq!(error.context_value("max_ratio"), Some("100"), "{error}");
            let error = write(compression, Limits { max_expanded_bytes: 10, ..limits }, 11).unwrap_err();
            assert_eq!(error.context_value("expanded_bytes"), Some("11"), "{error}");
        }
        assert_eq!(write(Compression::None, limits, 3).unwrap(), b"   ");
    }

    #[test]
    fn an_error_of_the_content_is_the_error() {
        let mut out = Vec::new();
        let limits = Limits { max_expanded_bytes: 100, max_ratio: 100 };
        let error = compress(&mut out, Compression::Zstd, limits, |_| Err(Error::invalid_record("no"))).unwrap_err();
        assert_eq!(error.message(), "no");
    }
}
