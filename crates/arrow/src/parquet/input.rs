//! Bytes at any place of a file.

use std::fs::File;
use std::io::{self, BufRead as _, BufReader, ErrorKind, Read};
use std::sync::Arc;

use ::parquet::errors::{ParquetError, Result};
use ::parquet::file::reader::{ChunkReader, Length};
use bytes::Bytes;

/// What is read at once where only a header is wanted.
const HEADER_BYTES: usize = 4 * 1024;

/// Pages are usually a megabyte. Those beyond this size must not expand further than by the ratio.
const LARGE_PAGE_BYTES: usize = 64 * 1024 * 1024;
const MAX_PAGE_RATIO: usize = 500;

/// An input that can be read at any place, by several readers at once.
///
/// ```
/// use dataknobs_data_arrow::parquet::ReadAt;
/// let bytes: Vec<u8> = vec![1, 2, 3];
/// let mut two = [0; 2];
/// bytes.read_exact_at(&mut two, 1)?;
/// assert_eq!((bytes.byte_count()?, two), (3, [2, 3]));
/// # Ok::<(), std::io::Error>(())
/// ```
pub trait ReadAt: Send + Sync {
    /// How many bytes there are.
    ///
    /// # Errors
    /// What the operating system says.
    fn byte_count(&self) -> io::Result<u64>;

    /// Fills the buffer with the bytes from this offset on.
    ///
    /// # Errors
    /// `UnexpectedEof` when there are not so many; else what the operating system says.
    fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()>;
}

impl ReadAt for File {
    fn byte_count(&self) -> io::Result<u64> {
        Ok(self.metadata()?.len())
    }

    #[cfg(unix)]
    fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        std::os::unix::fs::FileExt::read_exact_at(self, buffer, offset)
    }

    #[cfg(windows)]
    fn read_exact_at(&self, mut buffer: &mut [u8], mut offset: u64) -> io::Result<()> {
        while !buffer.is_empty() {
            match std::os::windows::fs::FileExt::seek_read(self, buffer, offset)? {
                0 => return Err(ErrorKind::UnexpectedEof.into()),
                count => {
                    buffer = &mut buffer[count..];
                    offset += count as u64;
                }
            }
        }
        Ok(())
    }
}

impl ReadAt for Vec<u8> {
    fn byte_count(&self) -> io::Result<u64> {
        Ok(self.len() as u64)
    }

    fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        let start = usize::try_from(offset).ok();
        let bytes = start.and_then(|start| self.get(start..start.checked_add(buffer.len())?));
        buffer.copy_from_slice(bytes.ok_or(ErrorKind::UnexpectedEof)?);
        Ok(())
    }
}

/// An input of known length, as the parquet crate wants it.
#[derive(Clone)]
pub(super) struct Input {
    source: Arc<dyn ReadAt>,
    length: u64,
}

impl Input {
    pub(super) fn new(source: Arc<dyn ReadAt>) -> io::Result<Self> {
        let length = source.byte_count()?;
        Ok(Input { source, length })
    }
}

/// Reads on from an offset.
pub(super) struct From {
    input: Input,
    offset: u64,
}

impl Read for From {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = self.input.length.saturating_sub(self.offset);
        let count = usize::try_from(left).unwrap_or(usize::MAX).min(buffer.len());
        self.input.source.read_exact_at(&mut buffer[..count], self.offset)?;
        self.offset += count as u64;
        Ok(count)
    }
}

impl Length for Input {
    fn len(&self) -> u64 {
        self.length
    }
}

impl ChunkReader for Input {
    type T = BufReader<From>;

    fn get_read(&self, start: u64) -> Result<Self::T> {
        let mut reader = BufReader::with_capacity(HEADER_BYTES, From { input: self.clone(), offset: start });
        let begin = reader.fill_buf().map_err(|error| ParquetError::External(Box::new(error)))?;
        sizes_of_page(begin).map_or(Ok(()), |sizes| refuse_bomb(sizes, start))?;
        Ok(reader)
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes> {
        // A length that the file cannot have must not become an allocation.
        if start.checked_add(length as u64).is_none_or(|end| end > self.length) {
            return Err(ParquetError::EOF(format!("{length} bytes at byte {start} are not there")));
        }
        let mut bytes = vec![0; length];
        let read = self.source.read_exact_at(&mut bytes, start);
        read.map_err(|error| ParquetError::External(Box::new(error)))?;
        // Where an index says how long pages are, they are fetched with their headers.
        if let Some(sizes) = sizes_of_page(&bytes)
            && length.saturating_sub(sizes.stored) <= HEADER_BYTES
        {
            refuse_bomb(sizes, start)?;
        }
        Ok(bytes.into())
    }
}

/// What the header of a page says of the page's size, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct PageSizes {
    expanded: usize,
    stored: usize,
}

/// The sizes in a page's header, which begins with three integers in Thrift's compact protocol: the
/// kind of the page, its size before and after compression. None where that is not so.
fn sizes_of_page(mut begin: &[u8]) -> Option<PageSizes> {
    let mut integer = || {
        // The field behind the one before, of type i32.
        begin = begin.strip_prefix(&[0x15])?;
        let mut value = 0_u64;
        for shift in (0..35).step_by(7) {
            let (byte, rest) = begin.split_first()?;
            begin = rest;
            value |= u64::from(byte & 0x7F) << shift;
            if byte & 0x80 == 0 {
                return usize::try_from(value >> 1).ok().filter(|_| value & 1 == 0);
            }
        }
        None
    };
    integer()?;
    Some(PageSizes { expanded: integer()?, stored: integer()? })
}

/// The parquet crate reserves as much memory as a page claims to need, and lets it grow so far.
fn refuse_bomb(sizes: PageSizes, start: u64) -> Result<()> {
    let PageSizes { expanded, stored } = sizes;
    if expanded > LARGE_PAGE_BYTES && expanded / MAX_PAGE_RATIO >= stored.max(1) {
        return Err(ParquetError::General(format!(
            "the page at byte {start} claims to expand from {stored} to {expanded} bytes, \
             more than {MAX_PAGE_RATIO} to one"
        )));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sizes_of_a_page_are_found_in_its_header() {
        // Kind 0, 300 bytes expanded, 64 stored; more fields follow.
        let header = [0x15, 0x00, 0x15, 0xD8, 0x04, 0x15, 0x80, 0x01, 0x2C];
        assert_eq!(sizes_of_page(&header), Some(PageSizes { expanded: 300, stored: 64 }));
        for length in 0..8 {
            assert_eq!(sizes_of_page(&header[..length]), None);
        }
        assert_eq!(sizes_of_page(b"PAR1PAR1PAR1"), None);
        let negative = [0x15, 0x00, 0x15, 0x01, 0x15, 0x02];
        assert_eq!(sizes_of_page(&negative), None);
        let endless = [0x15, 0x00, 0x15, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01];
        assert_eq!(sizes_of_page(&endless), None);
    }

    #[test]
    fn pages_that_expand_out_of_all_proportion_are_refused() {
        let refused = |expanded, stored| refuse_bomb(PageSizes { expanded, stored }, 4).is_err();
        assert!(refused(2_000_000_000, 200_000) && refused(LARGE_PAGE_BYTES + 1, 0));
        assert!(!refused(2_000_000_000, 20_000_000) && !refused(LARGE_PAGE_BYTES, 1));
    }
}
