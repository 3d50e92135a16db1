//! The text of a compressed file, with limits on how much of it there may be.

use std::io::{self, BufReader, Cursor, Read};

use dataknobs_data_core::{Error, ErrorKind, Result};
use flate2::bufread::MultiGzDecoder;
use zstd::stream::read::Decoder as ZstdDecoder;

use super::Compression;
use super::content::refuse_other_compression;

/// How far a file may expand.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// The text, in bytes.
    pub(crate) max_expanded_bytes: u64,
    /// Bytes of text for each byte of the file.
    pub(crate) max_ratio: u64,
}

/// So much text is read before the ratio counts: little files of one repeated row are no attack.
pub(crate) const RATIO_FROM_BYTES: u64 = 64 * 1024 * 1024;

/// The largest zstd window, as a power of two: 128 MiB, what the zstd tool takes unless told
/// otherwise.
const MAX_WINDOW_LOG: u32 = 27;

/// Where an error says how far into the compressed file it came.
const COMPRESSED_BYTE: &str = "compressed_byte";

/// Reads the text of a compressed file. It fills whatever buffer it gets, so that the checksum of a
/// file that fits into one is compared before any of its text is used.
pub(crate) struct Expander {
    decoder: Decoder,
    compression: Compression,
    limits: Limits,
    expanded: u64,
}

enum Decoder {
    Gzip(MultiGzDecoder<BufReader<Counted>>),
    Zstd(ZstdDecoder<'static, BufReader<Counted>>),
}

/// Counts what is read, and notes when reading fails by itself.
struct Counted {
    input: io::Chain<Cursor<Vec<u8>>, Box<dyn Read + Send>>,
    bytes: u64,
    failed: bool,
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.input.read(buffer);
        match &read {
            Ok(count) => self.bytes += *count as u64,
            Err(error) => self.failed |= error.kind() != io::ErrorKind::Interrupted,
        }
        read
    }
}

impl Expander {
    /// The text of an input; for one that is not compressed, the input itself.
    pub(crate) fn open(
        mut input: Box<dyn Read + Send>,
        compression: Compression,
        limits: Limits,
    ) -> Result<Box<dyn Read + Send>> {
        if compression == Compression::None {
            return Ok(input);
        }
        let mut start = Vec::new();
        input.by_ref().take(4).read_to_end(&mut start)?;
        refuse_other_compression(&start, compression)?;
        let input = BufReader::with_capacity(
            64 * 1024,
            Counted { input: Cursor::new(start).chain(input), bytes: 0, failed: false },
        );
        let decoder = match compression {
            Compression::Gzip => Decoder::Gzip(MultiGzDecoder::new(input)),
            _ => {
                let mut decoder = ZstdDecoder::with_buffer(input)?;
                decoder.window_log_max(MAX_WINDOW_LOG)?;
                Decoder::Zstd(decoder)
            }
        };
        Ok(Box::new(Expander { decoder, compression, limits, expanded: 0 }))
    }

    fn input(&self) -> &Counted {
        match &self.decoder {
            Decoder::Gzip(decoder) => decoder.get_ref().get_ref(),
            Decoder::Zstd(decoder) => decoder.get_ref().get_ref(),
        }
    }

    fn place(&self, error: Error) -> Error {
        error
            .with_context("compression", self.compression)
            .with_context("expanded_bytes", self.expanded)
            .with_context(COMPRESSED_BYTE, self.input().bytes)
    }

    fn check_limits(&self) -> Result<()> {
        let Limits { max_expanded_bytes, max_ratio } = self.limits;
        if self.expanded > max_expanded_bytes {
            return Err(self
                .place(Error::corrupt("the file expands to more than `max_expanded_bytes` allows"))
                .with_context("max_expanded_bytes", max_expanded_bytes)
                .with_hint("if the file is as it should be, raise `max_expanded_bytes`"));
        }
        if self.expanded > RATIO_FROM_BYTES && self.expanded / self.input().bytes.max(1) >= max_ratio {
            return Err(self
                .place(Error::corrupt("the file expands further than `max_ratio` allows"))
                .with_context("ratio", self.expanded / self.input().bytes.max(1))
                .with_context("max_ratio", max_ratio)
                .with_hint("if the file is as it should be, raise `max_ratio`"));
        }
        Ok(())
    }

    fn damage(&self, error: io::Error) -> io::Error {
        if self.input().failed {
            return error;
        }
        let reason = error.to_string();
        if self.compression == Compression::Zstd && reason == window_too_large() {
            return io::Error::other(
                self.place(Error::corrupt("the file was compressed with a window of more than 128 MiB"))
                    .with_hint("compress it again without --long or --ultra"),
            );
        }
        let message = match error.kind() {
            io::ErrorKind::UnexpectedEof => "the compressed file is cut off",
            _ => "the compressed file is damaged",
        };
        io::Error::other(self.place(Error::corrupt(message)).with_context("reason", reason))
    }
}

/// What zstd says to a frame whose window is larger than we take.
fn window_too_large() -> &'static str {
    // ZSTD_error_frameParameter_windowTooLarge; codes are the negative of their number.
    zstd::zstd_safe::get_error_name(16_usize.wrapping_neg())
}

/// Whether the error is about the compressed file, not about the text in it.
pub(crate) fn is_compression_damage(error: &Error) -> bool {
    error.kind() == ErrorKind::Corrupt && error.context_value(COMPRESSED_BYTE).is_some()
}

impl Read for Expander {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut filled = 0;
        while filled < buffer.len() {
            let read = match &mut self.decoder {
                Decoder::Gzip(decoder) => decoder.read(&mut buffer[filled..]),
                Decoder::Zstd(decoder) => decoder.read(&mut buffer[filled..]),
            };
            match read {
                Ok(0) => break,
                Ok(count) => {
                    filled += count;
                    self.expanded += count as u64;
                    self.check_limits().map_err(io::Error::other)?;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(self.damage(error)),
            }
        }
        Ok(filled)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    const LIMITS: Limits = Limits { max_expanded_bytes: 1 << 40, max_ratio: 500 };

    fn gzip(text: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    fn zstd(text: &[u8]) -> Vec<u8> {
        zstd::encode_all(text, 3).unwrap()
    }

    fn expand(bytes: Vec<u8>, compression: Compression, limits: Limits) -> Result<Vec<u8>> {
        let mut text = Vec::new();
        Expander::open(Box::new(Cursor::new(bytes)), compression, limits)?.read_to_end(&mut text)?;
        Ok(text)
    }

    #[test]
    fn members_and_frames_follow_one_another() {
        let parts = [gzip(b"a"), gzip(b""), gzip(b"bc")].concat();
        assert_eq!(expand(parts.clone(), Compression::Gzip, LIMITS).unwrap(), b"abc");
        let skippable = b"\x50\x2A\x4D\x18\x02\x00\x00\x00xy".to_vec();
        let frames = [skippable.clone(), zstd(b"a"), skippable, zstd(b"bc")].concat();
        assert_eq!(expand(frames.clone(), Compression::Zstd, LIMITS).unwrap(), b"abc");
        for (bytes, compression) in [(parts, Compression::Gzip), (frames, Compression::Zstd)] {
            let error = expand([bytes, b"junk".to_vec()].concat(), compression, LIMITS).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Corrupt, "{error}");
        }
    }

    #[test]
    fn the_size_of_the_text_has_a_limit() {
        let limits = Limits { max_expanded_bytes: 1000, ..LIMITS };
        for (compression, compress) in [(Compression::Gzip, gzip as fn(&[u8]) -> Vec<u8>), (Compression::Zstd, zstd)] {
            assert_eq!(expand(compress(&[b'a'; 1000]), compression, limits).unwrap().len(), 1000);
            let error = expand(compress(&[b'a'; 1001]), compression, limits).unwrap_err();
            assert_eq!(error.context_value("max_expanded_bytes"), Some("1000"), "{error}");
            assert_eq!(error.context_value("expanded_bytes"), Some("1001"), "{error}");
        }
    }

    #[test]
    fn a_large_window_is_refused_before_it_is_allocated() {
        // A frame header: magic, no content size, window descriptor with exponent 20: 2^30 bytes.
        let frame = [b"\x28\xB5\x2F\xFD\x00".as_slice(), &[20 << 3], b"\x01\x00\x00"].concat();
        let error = expand(frame, Compression::Zstd, LIMITS).unwrap_err();
        assert!(error.message().contains("window"), "{error:?}");
    }

    #[test]
    fn what_the_input_itself_reports_is_no_damage() {
        struct Broken;
        impl Read for Broken {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                Err(io::ErrorKind::PermissionDenied.into())
            }
        }
        let start = gzip(b"text")[..12].to_vec();
        let input = Box::new(Cursor::new(start).chain(Broken));
        let mut expander = Expander::open(input, Compression::Gzip, LIMITS).unwrap();
        let error = Error::from(expander.read(&mut [0; 100]).unwrap_err());
        assert_eq!(error.kind(), ErrorKind::Auth);
    }
}
