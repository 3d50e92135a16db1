//! Records into a file.

use std::io::Write;
use std::sync::Arc;

use ::parquet::arrow::ArrowWriter;
use ::parquet::arrow::arrow_writer::{
    ArrowColumnWriter, ArrowRowGroupWriterFactory, ArrowWriterOptions, compute_leaves,
};
use ::parquet::basic::{Compression, ZstdLevel};
use ::parquet::column::page_store::PageStoreFactory;
use ::parquet::errors::ParquetError;
use ::parquet::file::properties::WriterProperties;
use ::parquet::file::writer::SerializedFileWriter;
use arrow_array::{ArrayRef, RecordBatch, RecordBatchReader as _};
use arrow_schema::{FieldRef, SchemaRef};
use dataknobs_data_core::{FieldType, Record, Result, Str, Value};
use parking_lot::Mutex;

use super::checksum::{self, Pages};
use super::damage::write_error;
use super::threads;
use crate::companion::Companions;
use crate::cores;
use crate::infer::{ColumnKind, ColumnType, kind_of};
use crate::inference::Inference;
use crate::scan::ArrowTable;
use crate::shapes::Shapes;
use crate::uniform::fetch;
use crate::write::batches::{Ids, Plan};

/// More threads than this wait for each other.
const MAX_THREADS: usize = 8;

/// Records that become columns together.
const PART_ROWS: usize = 8_192;
const PART_BYTES: usize = 32 * 1024 * 1024;

/// Rows of a row group: whole parts, as many as DuckDB's, so that its threads can share a file.
const GROUP_ROWS: usize = 15 * PART_ROWS;
const GROUP_BYTES: usize = 128 * 1024 * 1024;

/// From so many records on, further threads are worth their start.
const PARALLEL_FROM: usize = 4_096;

/// Parts that are made at once, before their columns are encoded.
const PARTS_AHEAD: usize = 4;

/// Records that are fetched into the cache together.
const FETCHED: usize = 128;

/// How the ids of records stand in a file.
///
/// ```
/// use dataknobs_data_arrow::parquet::{IdColumn, write_parquet};
/// use dataknobs_data_core::{ErrorKind, record};
/// let records = [record! { "n": 1 }?.with_id("a")?];
/// let mut write = |ids| write_parquet(&mut Vec::new(), || records.iter(), ids);
/// assert!(write(IdColumn::Text).is_ok() && write(IdColumn::None).is_ok());
/// assert_eq!(write(IdColumn::Integer).unwrap_err().kind(), ErrorKind::InvalidRecord);
/// # Ok::<(), dataknobs_data_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IdColumn {
    /// As text in `_id`.
    Text,
    /// As integers in `_id`; every id has to be one.
    Integer,
    /// In a field of this name and type, which stands in the file even when no record does.
    Field(Str, FieldType),
    /// Not at all.
    None,
}

/// Writes records as one Parquet file, compressed with zstd, so that reading gives equal records.
/// Columns of many records are encoded by all cores.
///
/// ```
/// use std::sync::Arc;
/// use dataknobs_data_arrow::parquet::{IdColumn, ParquetFile, write_parquet};
/// use dataknobs_data_core::record;
/// let records = [record! { "n": 1, "m": () }?.with_id("a")?, record! { "n": "one" }?.with_id("b")?];
/// let mut bytes = Vec::new();
/// write_parquet(&mut bytes, || records.iter(), IdColumn::Text)?;
/// let back = ParquetFile::open(Arc::new(bytes))?.records();
/// assert_eq!(back.map(|next| Ok(next?.1)).collect::<Result<Vec<_>, dataknobs_data_core::Error>>()?, records);
/// # Ok::<(), dataknobs_data_core::Error>(())
/// ```
///
/// # Errors
/// [`InvalidRecord`](dataknobs_data_core::ErrorKind::InvalidRecord) when an id is missing or no
/// integer where all have to be; [`Io`](dataknobs_data_core::ErrorKind::Io) when the output fails.
pub fn write_parquet<'a, I>(out: &mut dyn Write, records: impl Fn() -> I, ids: IdColumn) -> Result<()>
where
    I: Iterator<Item = &'a Record>,
{
    write_with(cores(MAX_THREADS), out, records(), ids)
}

fn write_with<'a>(
    threads: usize,
    out: &mut dyn Write,
    records: impl Iterator<Item = &'a Record>,
    ids: IdColumn,
) -> Result<()> {
    let records: Vec<&Record> = records.collect();
    let threads = if records.len() < PARALLEL_FROM { 1 } else { threads };
    let parts = parts(&records);
    let plan = plan(&parts, ids);
    let mut writer = Writer::new(plan.schema(), properties(), threads).map_err(write_error)?;
    for some in parts.chunks(threads.min(PARTS_AHEAD)) {
        for batch in threads::each(some.to_vec(), threads, |part| plan.batch(part)) {
            writer.add(&batch?, out)?;
        }
    }
    writer.close(out)
}

/// Writes a table as one Parquet file, compressed with zstd, its columns by all cores.
///
/// ```
/// use std::sync::Arc;
/// use dataknobs_data_arrow::parquet::{ParquetFile, write_parquet_table};
/// use dataknobs_data_arrow::{ArrowTable, ToArrowOptions, search_batches};
/// use dataknobs_data_core::{Database, Query, record};
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let db = Database::memory();
/// db.create(record! { "n": 1 }?.with_id("a")?).await?;
/// let table: ArrowTable = search_batches(&db, &Query::new(), &ToArrowOptions::new()).await?;
/// let mut bytes = Vec::new();
/// write_parquet_table(&mut bytes, table)?;
/// assert_eq!(ParquetFile::open(Arc::new(bytes))?.records().count(), 1);
/// # Ok::<(), dataknobs_data_core::Error>(())
/// # }).unwrap();
/// ```
///
/// # Errors
/// [`Io`](dataknobs_data_core::ErrorKind::Io) when the output fails.
pub fn write_parquet_table(out: &mut dyn Write, table: ArrowTable) -> Result<()> {
    let threads = if table.num_rows() < PARALLEL_FROM { 1 } else { cores(MAX_THREADS) };
    let mut writer = Writer::new(table.schema(), properties(), threads).map_err(write_error)?;
    for batch in table {
        let batch = batch.map_err(|error| write_error(error.into()))?;
        for start in (0..batch.num_rows()).step_by(PART_ROWS) {
            writer.add(&batch.slice(start, PART_ROWS.min(batch.num_rows() - start)), out)?;
        }
    }
    writer.close(out)
}

fn properties() -> WriterProperties {
    WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .set_max_row_group_row_count(None)
        .set_created_by(concat!("dataknobs-data version ", env!("CARGO_PKG_VERSION")).to_owned())
        .build()
}

/// Writes batches, all columns of which are flat, with checksums.
struct Writer {
    schema: SchemaRef,
    file: SerializedFileWriter<Buffer>,
    groups: ArrowRowGroupWriterFactory,
    pages: Arc<Pages>,
    buffer: Buffer,
    /// The columns of the row group under way, and how many rows it has.
    columns: Vec<ArrowColumnWriter>,
    rows: usize,
    ended_groups: usize,
    threads: usize,
}

impl Writer {
    fn new(schema: SchemaRef, properties: WriterProperties, threads: usize) -> Result<Self, ParquetError> {
        let buffer = Buffer::default();
        let pages = Arc::new(Pages::default());
        let options = ArrowWriterOptions::new()
            .with_properties(properties)
            .with_page_store_factory(Arc::clone(&pages) as Arc<dyn PageStoreFactory>);
        let writer = ArrowWriter::try_new_with_options(buffer.clone(), Arc::clone(&schema), options)?;
        let (file, groups) = writer.into_serialized_writer()?;
        Ok(Writer { schema, file, groups, pages, buffer, columns: Vec::new(), rows: 0, ended_groups: 0, threads })
    }

    fn write(&mut self, batch: &RecordBatch) -> Result<(), ParquetError> {
        if self.rows == 0 {
            self.columns = self.groups.create_column_writers(self.ended_groups)?;
        }
        let columns = self.schema.fields().iter().zip(batch.columns()).zip(&mut self.columns).collect();
        let write = |((field, array), column): ((&FieldRef, &ArrayRef), &mut ArrowColumnWriter)| {
            compute_leaves(field, array)?.iter().try_for_each(|leaf| column.write(leaf))
        };
        threads::each(columns, self.threads, write).into_iter().collect::<Result<(), _>>()?;
        self.rows += batch.num_rows();
        Ok(())
    }

    /// Writes a batch, and hands over row groups that are full.
    fn add(&mut self, batch: &RecordBatch, out: &mut dyn Write) -> Result<()> {
        self.write(batch).map_err(write_error)?;
        if self.rows >= GROUP_ROWS || self.memory_size() >= GROUP_BYTES {
            self.end_group().map_err(write_error)?;
            self.buffer.drain(out)?;
        }
        Ok(())
    }

    /// Hands over the rest.
    fn close(mut self, out: &mut dyn Write) -> Result<()> {
        self.end_group().map_err(write_error)?;
        self.buffer.drain(out)?;
        out.write_all(&self.end().map_err(write_error)?)?;
        Ok(())
    }

    fn memory_size(&self) -> usize {
        self.columns.iter().map(ArrowColumnWriter::memory_size).sum()
    }

    fn end_group(&mut self) -> Result<(), ParquetError> {
        if self.rows == 0 {
            return Ok(());
        }
        let columns = self.columns.drain(..).enumerate().collect();
        let close = |(at, column): (usize, ArrowColumnWriter)| self.pages.checked(at, &column.close()?);
        let columns = threads::each(columns, self.threads, close);
        let mut group = self.file.next_row_group()?;
        for column in columns {
            let (bytes, close) = column?;
            group.append_column(&bytes, close)?;
        }
        group.close()?;
        self.rows = 0;
        self.ended_groups += 1;
        self.file.flush()?;
        Ok(())
    }

    /// The end of the file.
    fn end(mut self) -> Result<Vec<u8>, ParquetError> {
        self.file.finish()?;
        self.file.flush()?;
        let mut end = std::mem::take(&mut *self.buffer.0.lock());
        let sealed = checksum::seal(&mut end);
        sealed.ok_or_else(|| ParquetError::General("the end of the file is not what was expected".to_owned()))?;
        Ok(end)
    }
}

fn plan(parts: &[&[&Record]], ids: IdColumn) -> Plan {
    let mut inference = Inference::new();
    parts.iter().for_each(|part| inference.add(&Shapes::of(part)));
    let mut columns = inference.finish();
    if let IdColumn::Field(name, field_type) = &ids
        && columns.is_empty()
    {
        let kind = kind_of(*field_type);
        let field_type = (kind != ColumnKind::Mixed).then_some(*field_type);
        columns.push(ColumnType { name: name.clone(), kind, field_type, large: false });
    }
    let needs_companions = |part: &&[&Record]| {
        let shapes = Shapes::of(part);
        let companions = Companions::new(&shapes, &columns, true);
        part.iter().enumerate().any(|(row, record)| companions.is_needed(row, record))
    };
    let companions = parts.iter().any(needs_companions);
    let ids = match ids {
        IdColumn::Text => Some(Ids::Text),
        IdColumn::Integer => Some(Ids::Integer),
        IdColumn::Field(..) | IdColumn::None => None,
    };
    Plan::exact(columns, ids, companions)
}

/// The records in parts that become columns together.
fn parts<'r, 'a>(records: &'r [&'a Record]) -> Vec<&'r [&'a Record]> {
    let mut parts = Vec::new();
    let (mut start, mut bytes) = (0, 0);
    for (at, record) in records.iter().enumerate() {
        if at.is_multiple_of(FETCHED) {
            fetch(&records[at..records.len().min(at + FETCHED)]);
        }
        bytes += record.values().iter().map(byte_length).sum::<usize>();
        if at + 1 - start >= PART_ROWS || bytes >= PART_BYTES {
            parts.push(&records[start..=at]);
            (start, bytes) = (at + 1, 0);
        }
    }
    if start < records.len() {
        parts.push(&records[start..]);
    }
    parts
}

fn byte_length(value: &Value) -> usize {
    match value {
        Value::String(text) => text.len(),
        Value::Binary(bytes) => bytes.len(),
        _ => 8,
    }
}

/// What the writer has made and the output has not yet got. The writer wants an output that may go
/// to another thread, which not every output may.
#[derive(Clone, Default)]
struct Buffer(Arc<Mutex<Vec<u8>>>);

impl Buffer {
    fn drain(&self, out: &mut dyn Write) -> Result<()> {
        let mut bytes = self.0.lock();
        out.write_all(&bytes)?;
        bytes.clear();
        Ok(())
    }
}

impl Write for Buffer {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use dataknobs_data_core::record;

    use super::*;

    #[test]
    fn all_cores_write_what_one_writes() {
        let record = |n: usize| {
            let text = format!("text {}", n % 1000);
            match n % 5 {
                0 if n > 6_000 => record! { "n": n as i64, "other": vec![n as u8], "text": text },
                _ => record! { "n": n as i64, "text": text, "half": n as f64 / 2.0, "even": n.is_multiple_of(2) },
            }
        };
        let all: Vec<Record> =
            (0..GROUP_ROWS + 100).map(|n| record(n).unwrap().with_id(n.to_string()).unwrap()).collect();
        let sizes = [0, 1, PARALLEL_FROM - 1, PARALLEL_FROM, PART_ROWS - 1, PART_ROWS, PART_ROWS + 1, all.len()];
        for records in sizes.map(|size| &all[..size]) {
            let write = |threads| {
                let mut out = Vec::new();
                write_with(threads, &mut out, records.iter(), IdColumn::Integer).unwrap();
                out
            };
            let expected = write(1);
            assert!([2, 5].into_iter().all(|threads| write(threads) == expected));
        }
    }

    #[test]
    fn the_first_bad_record_is_an_error_on_all_cores() {
        let mut all: Vec<Record> =
            (0..3 * PART_ROWS).map(|n| record! { "n": 1 }.unwrap().with_id(n.to_string()).unwrap()).collect();
        all[2 * PART_ROWS].set_id(None);
        all[PART_ROWS + 7] = all[0].clone().with_id("no integer").unwrap();
        for threads in [1, 4] {
            let error = write_with(threads, &mut Vec::new(), all.iter(), IdColumn::Integer).unwrap_err();
            assert_eq!(error.kind(), dataknobs_data_core::ErrorKind::InvalidRecord);
        }
    }
}
