//! Single columns of single row groups.

use std::io::{self, Read};
use std::sync::Arc;

use ::parquet::arrow::ProjectionMask;
use ::parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder, RowSelection,
};
use ::parquet::basic::Encoding;
use ::parquet::errors::Result as ParquetResult;
use ::parquet::file::reader::{ChunkReader, Length};
use arrow_array::{Array, ArrayRef};
use arrow_buffer::BooleanBuffer;
use arrow_schema::{DataType, FieldRef, Schema, SchemaRef};
use arrow_select::concat::concat;
use bytes::{Buf as _, Bytes};

use super::arrays::{converted, decoded, encoded_type, read_type};
use super::pages;
use crate::parquet::damage::{contained, decode_error, read_error};
use crate::parquet::file::ParquetFile;
use crate::parquet::input::Input;

/// The longest column of a row group that is read at once.
const MAX_CHUNK_BYTES: u64 = 64 * 1024 * 1024;

/// Of fewer rows than one in so many, not every page has some.
const SPARSE: usize = 64;

/// So many rows are decoded together: what they take stays in the cache.
const DECODED_ROWS: usize = 32_768;

/// Smaller parts of an answer are put together.
const PART_ROWS: usize = 8_192;

/// Which rows of a row group are read.
#[derive(Debug, Clone)]
pub(super) struct Wanted {
    pub(super) total: usize,
    /// Some of them; all if none.
    pub(super) mask: Option<BooleanBuffer>,
    pub(super) count: usize,
}

impl Wanted {
    /// How many rows a part of the answer has, but for the last one.
    pub(super) fn rows_a_part(&self) -> usize {
        match self.rows_an_array() {
            few if few < PART_ROWS => self.count.max(1),
            many => many,
        }
    }

    /// How many rows an array has, but for the last one.
    pub(super) fn rows_an_array(&self) -> usize {
        let count = self.count as u64;
        let share = (count * DECODED_ROWS as u64).div_ceil((self.total as u64).max(1));
        usize::try_from(share).unwrap_or(DECODED_ROWS).max(1)
    }
}

/// Reads the columns of a file as arrays.
pub(super) struct Columns {
    input: Input,
    /// The schema that the file has.
    schema: SchemaRef,
    /// For whole columns.
    plain: ArrowReaderMetadata,
    /// For few rows of columns: texts that stand in a dictionary stay there until they are chosen.
    encoded: ArrowReaderMetadata,
}

impl Columns {
    /// None where the file cannot give the types that are asked for.
    pub(super) fn new(file: &ParquetFile) -> Option<Self> {
        let schema = Arc::clone(file.metadata.schema());
        let read_as = |types: fn(&DataType) -> DataType| {
            let field = |field: &FieldRef| field.as_ref().clone().with_data_type(types(field.data_type()));
            let fields = schema.fields().iter().map(field).collect::<Vec<_>>();
            let wanted = Arc::new(Schema::new_with_metadata(fields, schema.metadata().clone()));
            if wanted == schema {
                return Some(file.metadata.clone());
            }
            let options = ArrowReaderOptions::new().with_schema(wanted);
            ArrowReaderMetadata::try_new(Arc::clone(file.metadata.metadata()), options).ok()
        };
        let (plain, encoded) = (read_as(read_type)?, read_as(encoded_type)?);
        Some(Columns { input: file.input.clone(), schema, plain, encoded })
    }

    /// A column's values in rows of a row group, in arrays of [`Wanted::rows_an_array`]; none where
    /// records have to say what is wrong, or what the values are. Texts may stand in dictionaries.
    pub(super) fn read(&self, group: usize, column: usize, rows: &Wanted, may_encode: bool) -> Option<Vec<ArrayRef>> {
        let (count, size) = (rows.count, rows.rows_an_array());
        let field = self.schema.field(column);
        let encode = may_encode && self.has_dictionary(group, column);
        let metadata = if encode { &self.encoded } else { &self.plain };
        let mut arrays = Vec::with_capacity(count.div_ceil(size));
        if count == 0 {
            return Some(arrays);
        }
        let is_sparse = count.saturating_mul(SPARSE) < rows.total;
        let input = contained(|| self.chunk(group, column, !is_sparse).map_err(read_error)).ok()?;
        if !is_sparse && let Some(whole) = self.read_pages(input.clone(), group, column, rows, encode) {
            let array = converted(&whole, field)?;
            return Some((0..count).step_by(size).map(|start| array.slice(start, size.min(count - start))).collect());
        }
        let read = contained(|| {
            let mask = ProjectionMask::roots(metadata.parquet_schema(), [column]);
            let mut builder = ParquetRecordBatchReaderBuilder::new_with_metadata(input, metadata.clone())
                .with_row_groups(vec![group])
                .with_projection(mask)
                .with_batch_size(size);
            if let Some(mask) = &rows.mask {
                builder = builder.with_row_selection(RowSelection::from_boolean_buffer(mask.clone()));
            }
            for batch in builder.build().map_err(read_error)? {
                let batch = batch.map_err(decode_error)?;
                match converted(batch.column(0), field) {
                    Some(array) => arrays.push(array),
                    None => return Ok(false),
                }
            }
            Ok(true)
        });
        let is_complete = |(at, array): (usize, &ArrayRef)| array.len() == size.min(count - (at * size).min(count));
        let is_whole =
            read.unwrap_or(false) && arrays.len() == count.div_ceil(size) && arrays.iter().enumerate().all(is_complete);
        is_whole.then_some(arrays)
    }

    /// The same as one array, where its pages are of the usual kinds.
    fn read_pages(&self, input: Chunk, group: usize, column: usize, rows: &Wanted, encode: bool) -> Option<ArrayRef> {
        let chunk = self.plain.metadata().row_group(group).column(self.leaf(column)?);
        let data_type = self.plain.schema().field(column).data_type();
        let read = contained(|| Ok(pages::read(input, chunk, rows.total, rows.mask.as_ref(), data_type, encode)));
        read.ok().flatten().filter(|array| array.len() == rows.count)
    }

    /// Whether the texts of a column stand in a dictionary, all of them as far as can be told.
    fn has_dictionary(&self, group: usize, column: usize) -> bool {
        let chunk = self.leaf(column).map(|leaf| self.plain.metadata().row_group(group).column(leaf));
        chunk.is_some_and(|chunk| {
            let is_encoded =
                |encoding: Encoding| matches!(encoding, Encoding::RLE_DICTIONARY | Encoding::PLAIN_DICTIONARY);
            match chunk.page_encoding_stats_mask() {
                Some(mask) => mask.encodings().all(is_encoded),
                None => chunk.dictionary_page_offset().is_some(),
            }
        })
    }

    fn leaf(&self, column: usize) -> Option<usize> {
        let schema = self.plain.parquet_schema();
        (0..schema.num_columns()).find(|leaf| schema.get_column_root_idx(*leaf) == column)
    }

    /// Where a column's bytes come from: all at once, or page by page.
    fn chunk(&self, group: usize, column: usize, at_once: bool) -> ParquetResult<Chunk> {
        let metadata = self.plain.metadata().row_group(group);
        let range = self.leaf(column).map(|leaf| metadata.column(leaf).byte_range());
        let mut chunk = Chunk { input: self.input.clone(), start: 0, bytes: Bytes::new() };
        if let Some((start, length)) = range
            && at_once
            && length <= MAX_CHUNK_BYTES
        {
            let length = usize::try_from(length).unwrap_or(usize::MAX);
            chunk = Chunk { bytes: self.input.get_bytes(start, length)?, start, ..chunk };
        }
        Ok(chunk)
    }
}

/// Arrays as parts of an answer: those of few rows put together, and texts taken out of dictionaries.
pub(super) fn parts(arrays: &[ArrayRef], rows: &Wanted) -> Option<Vec<ArrayRef>> {
    let arrays = arrays.iter().map(decoded).collect::<Option<Vec<_>>>()?;
    if rows.rows_a_part() < rows.count || arrays.len() < 2 {
        return Some(arrays);
    }
    let all: Vec<&dyn Array> = arrays.iter().map(AsRef::as_ref).collect();
    Some(vec![concat(&all).ok()?])
}

/// A file of which some bytes are in memory.
#[derive(Clone)]
struct Chunk {
    input: Input,
    start: u64,
    bytes: Bytes,
}

impl Chunk {
    /// The bytes from an offset on, as far as they are in memory.
    fn from(&self, offset: u64) -> Option<Bytes> {
        let at = usize::try_from(offset.checked_sub(self.start)?).ok()?;
        (at < self.bytes.len()).then(|| self.bytes.slice(at..))
    }
}

impl Length for Chunk {
    fn len(&self) -> u64 {
        self.input.len()
    }
}

impl ChunkReader for Chunk {
    type T = Reading;

    fn get_read(&self, start: u64) -> ParquetResult<Reading> {
        Ok(match self.from(start) {
            Some(bytes) => Reading::Memory(bytes),
            None => Reading::File(self.input.get_read(start)?),
        })
    }

    fn get_bytes(&self, start: u64, length: usize) -> ParquetResult<Bytes> {
        match self.from(start) {
            Some(bytes) if bytes.len() >= length => Ok(bytes.slice(..length)),
            _ => self.input.get_bytes(start, length),
        }
    }
}

enum Reading {
    Memory(Bytes),
    File(<Input as ChunkReader>::T),
}

impl Read for Reading {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Reading::Memory(bytes) => {
                let count = bytes.len().min(buffer.len());
                bytes.copy_to_slice(&mut buffer[..count]);
                Ok(count)
            }
            Reading::File(file) => file.read(buffer),
        }
    }
}
