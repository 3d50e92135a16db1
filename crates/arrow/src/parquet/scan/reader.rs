//! Single columns of single row groups.

use std::io::{self, Read};
use std::sync::Arc;

use ::parquet::arrow::ProjectionMask;
use ::parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder, RowSelection,
};
use ::parquet::errors::Result as ParquetResult;
use ::parquet::file::reader::{ChunkReader, Length};
use arrow_array::{ArrayRef, new_empty_array};
use arrow_schema::{Schema, SchemaRef};
use bytes::{Buf as _, Bytes};

use super::super::damage::contained;
use super::super::file::ParquetFile;
use super::super::input::Input;
use super::arrays::{converted, read_type};
use crate::parquet::damage::read_error;

/// The longest column of a row group that is read at once.
const MAX_CHUNK_BYTES: u64 = 64 * 1024 * 1024;

/// Reads the columns of a file as arrays.
pub(super) struct Columns {
    input: Input,
    metadata: ArrowReaderMetadata,
    /// The schema that the file has.
    schema: SchemaRef,
}

impl Columns {
    /// None where the file cannot give the types that are asked for.
    pub(super) fn new(file: &ParquetFile) -> Option<Self> {
        let schema = Arc::clone(file.metadata.schema());
        let fields =
            schema.fields().iter().map(|field| field.as_ref().clone().with_data_type(read_type(field.data_type())));
        let wanted = Arc::new(Schema::new_with_metadata(fields.collect::<Vec<_>>(), schema.metadata().clone()));
        let metadata = match wanted == schema {
            true => file.metadata.clone(),
            false => {
                let options = ArrowReaderOptions::new().with_schema(wanted);
                ArrowReaderMetadata::try_new(Arc::clone(file.metadata.metadata()), options).ok()?
            }
        };
        Some(Columns { input: file.input.clone(), metadata, schema })
    }

    /// A column's values in some rows of a row group, or in all of them; none where records have to
    /// say what is wrong, or what the values are.
    pub(super) fn read(&self, group: usize, column: usize, rows: Option<(RowSelection, usize)>) -> Option<ArrayRef> {
        let total = usize::try_from(self.metadata.metadata().row_group(group).num_rows()).ok()?;
        let count = rows.as_ref().map_or(total, |(_, count)| *count);
        let field = self.schema.field(column);
        if count == 0 {
            return converted(&new_empty_array(&read_type(field.data_type())), field);
        }
        let array = contained(|| {
            let input = self.chunk(group, column, count.saturating_mul(4) >= total).map_err(read_error)?;
            let mask = ProjectionMask::roots(self.metadata.parquet_schema(), [column]);
            let mut builder = ParquetRecordBatchReaderBuilder::new_with_metadata(input, self.metadata.clone())
                .with_row_groups(vec![group])
                .with_projection(mask)
                .with_batch_size(count);
            if let Some((selection, _)) = rows {
                builder = builder.with_row_selection(selection);
            }
            let mut batches = builder.build().map_err(read_error)?;
            Ok(batches.next().and_then(Result::ok).filter(|_| batches.next().is_none()))
        });
        let batch = array.ok().flatten().filter(|batch| batch.num_rows() == count)?;
        converted(batch.column(0), field)
    }

    /// Where a column's bytes come from: all at once, or page by page.
    fn chunk(&self, group: usize, column: usize, at_once: bool) -> ParquetResult<Chunk> {
        let metadata = self.metadata.metadata().row_group(group);
        let schema = self.metadata.parquet_schema();
        let leaf = (0..schema.num_columns()).find(|leaf| schema.get_column_root_idx(*leaf) == column);
        let range = leaf.map(|leaf| metadata.column(leaf).byte_range());
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
