//! Checksums of what is written: of each page in its header, where every reader of Parquet looks
//! for it, and of the footer in front of the footer, where only we do.

use std::sync::Arc;

use ::parquet::arrow::arrow_writer::ArrowColumnChunk;
use ::parquet::column::page_store::{PageKey, PageStore, PageStoreArgs, PageStoreFactory};
use ::parquet::column::writer::ColumnCloseResult;
use ::parquet::errors::{ParquetError, Result};
use ::parquet::file::metadata::OffsetIndexBuilder;
use ::parquet::file::reader::ChunkReader;
use bytes::Bytes;
use dataknobs_data_core::Error;
use parking_lot::Mutex;

use super::damage::read_error;
use super::input::Input;

/// The pages of the columns of a row group, as the writer makes them.
#[derive(Debug, Default)]
pub(super) struct Pages(Mutex<Vec<Arc<Column>>>);

/// Headers and contents of pages, in turn.
#[derive(Debug, Default)]
struct Column(Mutex<Vec<Bytes>>);

impl PageStoreFactory for Pages {
    fn create(&self, args: &PageStoreArgs<'_>) -> Result<Box<dyn PageStore>> {
        let mut columns = self.0.lock();
        columns.truncate(args.column_index());
        let column = Arc::new(Column::default());
        columns.push(Arc::clone(&column));
        Ok(Box::new(ColumnStore(column)))
    }
}

struct ColumnStore(Arc<Column>);

impl PageStore for ColumnStore {
    fn put(&mut self, value: Bytes) -> Result<PageKey> {
        let mut blobs = self.0.0.lock();
        blobs.push(value);
        Ok(PageKey::new(blobs.len() as u64 - 1))
    }

    fn take(&mut self, key: PageKey) -> Result<Bytes> {
        let at = usize::try_from(key.get()).ok();
        let blob = at.and_then(|at| self.0.0.lock().get(at).cloned());
        blob.ok_or_else(|| ParquetError::General("there is no such page".to_owned()))
    }

    fn memory_size(&self) -> usize {
        self.0.0.lock().iter().map(Bytes::len).sum()
    }
}

impl Pages {
    /// A finished column with checksums in its pages: its bytes, and what the footer says of them.
    pub(super) fn checked(&self, column: usize, chunk: &ArrowColumnChunk) -> Result<(Bytes, ColumnCloseResult)> {
        let wrong = || ParquetError::General("the pages of a column are not what was expected".to_owned());
        let pages = self.0.lock().get(column).cloned().ok_or_else(wrong)?;
        let (mut dictionary, mut data) = (Vec::new(), Vec::new());
        let mut sizes = Vec::new();
        let mut growth = 0;
        for page in pages.0.lock().chunks(2) {
            let [header, content] = page else { return Err(wrong()) };
            let checked = with_checksum(header, content).ok_or_else(wrong)?;
            growth += checked.header.len() - header.len();
            let place = if checked.is_dictionary { &mut dictionary } else { &mut data };
            place.extend_from_slice(&checked.header);
            place.extend_from_slice(content);
            if !checked.is_dictionary {
                sizes.push(checked.header.len() + content.len());
            }
        }
        let mut close = chunk.close().clone();
        let start = dictionary.len();
        close.bytes_written += growth as u64;
        let compressed = close.metadata.compressed_size() + growth as i64;
        let uncompressed = close.metadata.uncompressed_size() + growth as i64;
        close.metadata = (close.metadata.into_builder())
            .set_total_compressed_size(compressed)
            .set_total_uncompressed_size(uncompressed)
            .set_dictionary_page_offset((start > 0).then_some(0))
            .set_data_page_offset(start as i64)
            .build()?;
        if let Some(index) = &close.offset_index {
            let locations = index.page_locations();
            if locations.len() != sizes.len() {
                return Err(wrong());
            }
            let unencoded = index.unencoded_byte_array_data_bytes();
            let ends = locations.iter().skip(1).map(|location| location.first_row_index);
            let ends = ends.chain([close.rows_written as i64]);
            let mut builder = OffsetIndexBuilder::new();
            let mut offset = start;
            for (page, (location, end)) in locations.iter().zip(ends).enumerate() {
                builder.append_row_count(end - location.first_row_index);
                builder.append_offset_and_size(offset as i64, i32::try_from(sizes[page])?);
                builder.append_unencoded_byte_array_data_bytes(unencoded.and_then(|bytes| bytes.get(page).copied()));
                offset += sizes[page];
            }
            close.offset_index = Some(builder.build());
        }
        dictionary.append(&mut data);
        Ok((dictionary.into(), close))
    }
}

struct Checked {
    header: Vec<u8>,
    is_dictionary: bool,
}

/// The type of dictionary pages in the Parquet format.
const DICTIONARY_PAGE: u64 = 2;

/// The header of a page with the field `crc`, the fourth, as Thrift's compact protocol writes it:
/// each field begins with its distance from the one before it and its type, and the first three are
/// integers, all required.
fn with_checksum(header: &[u8], content: &[u8]) -> Option<Checked> {
    const INTEGER: u8 = 0x15;
    let mut at = 0;
    let mut page_type = 0;
    for field in 0..3 {
        if *header.get(at)? != INTEGER {
            return None;
        }
        at += 1;
        let (mut value, mut shift) = (0_u64, 0);
        loop {
            let byte = *header.get(at)?;
            at += 1;
            value |= u64::from(byte & 0x7f).checked_shl(shift)?;
            shift += 7;
            if byte < 0x80 {
                break;
            }
        }
        if field == 0 {
            page_type = value >> 1;
        }
    }
    let next = *header.get(at)?;
    if next >> 4 < 2 {
        return None;
    }
    let mut checked = header[..at].to_vec();
    checked.push(INTEGER);
    let signed = crc32fast::hash(content) as i32;
    let mut zigzag = ((signed << 1) ^ (signed >> 31)) as u32;
    while zigzag >= 0x80 {
        checked.push(zigzag as u8 | 0x80);
        zigzag >>= 7;
    }
    checked.push(zigzag as u8);
    checked.push(next - 0x10);
    checked.extend_from_slice(&header[at + 1..]);
    Some(Checked { header: checked, is_dictionary: page_type == DICTIONARY_PAGE })
}

/// What stands in front of a footer that has a checksum: this, how many bytes before it (the
/// indexes of the pages) count in, and the checksum of these, that number, and the footer with its
/// length. Four bytes each, the lowest first.
const MARK: &[u8; 4] = b"dkFC";
const MARK_BYTES: usize = 12;
/// The length of the footer and the last four bytes of the file.
const TAIL_BYTES: usize = 8;

/// Puts the checksum into the end of a file: the indexes of the pages, the footer, and its length.
pub(super) fn seal(end: &mut Vec<u8>) -> Option<()> {
    let tail = end.len().checked_sub(TAIL_BYTES)?;
    let footer = u32::from_le_bytes(end.get(tail..tail + 4)?.try_into().ok()?);
    let start = tail.checked_sub(usize::try_from(footer).ok()?)?;
    let before = u32::try_from(start).ok()?.to_le_bytes();
    let mark = [*MARK, before, checksum(&end[..start], before, &end[start..tail + 4])].concat();
    end.splice(start..start, mark);
    Some(())
}

fn checksum(indexes: &[u8], before: [u8; 4], footer: &[u8]) -> [u8; 4] {
    let mut hasher = crc32fast::Hasher::new();
    [indexes, &before, footer].into_iter().for_each(|part| hasher.update(part));
    hasher.finalize().to_le_bytes()
}

/// Compares the end of a file with its checksum, if it has one.
pub(super) fn verify(input: &Input, length: u64) -> dataknobs_data_core::Result<()> {
    let number = |bytes: &[u8]| bytes.try_into().map_or(0, u32::from_le_bytes);
    let tail = length.saturating_sub(TAIL_BYTES as u64);
    let footer = u64::from(number(&input.get_bytes(tail, 4).map_err(read_error)?));
    let Some(start) = tail.checked_sub(footer + MARK_BYTES as u64) else { return Ok(()) };
    let mark = input.get_bytes(start, MARK_BYTES).map_err(read_error)?;
    if mark[..4] != *MARK {
        return Ok(());
    }
    let damaged = || Error::corrupt("the footer does not fit its checksum").with_context("byte", start);
    let before = u64::from(number(&mark[4..8]));
    let indexes = start.checked_sub(before).ok_or_else(damaged)?;
    let read = |from: u64, to: u64| {
        let bytes = usize::try_from(to - from).map_err(|_| damaged())?;
        input.get_bytes(from, bytes).map_err(read_error)
    };
    let indexes = read(indexes, start)?;
    let footer = read(start + MARK_BYTES as u64, tail + 4)?;
    let before = [mark[4], mark[5], mark[6], mark[7]];
    if checksum(&indexes, before, &footer) == mark[8..] { Ok(()) } else { Err(damaged()) }
}
