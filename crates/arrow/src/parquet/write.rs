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
use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use dataknobs_data_core::{FieldType, Record, Result, Str, Value};
use parking_lot::Mutex;

use super::checksum::{self, Pages};
use super::damage::write_error;
use crate::companion::Companions;
use crate::infer::{ColumnKind, ColumnType, kind_of};
use crate::inference::Inference;
use crate::shapes::Shapes;
use crate::write::batches::{Ids, Plan};

/// Records that become columns together.
const PART_ROWS: usize = 8_192;
const PART_BYTES: usize = 32 * 1024 * 1024;

/// Rows of a row group: whole parts, as many as DuckDB's, so that its threads can share a file.
const GROUP_ROWS: usize = 15 * PART_ROWS;
const GROUP_BYTES: usize = 128 * 1024 * 1024;

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
/// `records` is asked several times for the same records, which need not be in memory together.
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
    let plan = plan(&records, ids)?;
    let properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .set_max_row_group_row_count(None)
        .set_created_by(concat!("dataknobs-data version ", env!("CARGO_PKG_VERSION")).to_owned())
        .build();
    let mut writer = Writer::new(plan.schema(), properties).map_err(write_error)?;
    each_part(records(), |part| {
        writer.write(&plan.batch(part)?).map_err(write_error)?;
        if writer.rows >= GROUP_ROWS || writer.memory_size() >= GROUP_BYTES {
            writer.end_group().map_err(write_error)?;
            writer.buffer.drain(out)?;
        }
        Ok(())
    })?;
    writer.end_group().map_err(write_error)?;
    writer.buffer.drain(out)?;
    out.write_all(&writer.end().map_err(write_error)?)?;
    Ok(())
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
}

impl Writer {
    fn new(schema: SchemaRef, properties: WriterProperties) -> Result<Self, ParquetError> {
        let buffer = Buffer::default();
        let pages = Arc::new(Pages::default());
        let options = ArrowWriterOptions::new()
            .with_properties(properties)
            .with_page_store_factory(Arc::clone(&pages) as Arc<dyn PageStoreFactory>);
        let writer = ArrowWriter::try_new_with_options(buffer.clone(), Arc::clone(&schema), options)?;
        let (file, groups) = writer.into_serialized_writer()?;
        Ok(Writer { schema, file, groups, pages, buffer, columns: Vec::new(), rows: 0, ended_groups: 0 })
    }

    fn write(&mut self, batch: &RecordBatch) -> Result<(), ParquetError> {
        if self.rows == 0 {
            self.columns = self.groups.create_column_writers(self.ended_groups)?;
        }
        let mut columns = self.columns.iter_mut();
        for (field, array) in self.schema.fields().iter().zip(batch.columns()) {
            for leaf in compute_leaves(field, array)? {
                if let Some(column) = columns.next() {
                    column.write(&leaf)?;
                }
            }
        }
        self.rows += batch.num_rows();
        Ok(())
    }

    fn memory_size(&self) -> usize {
        self.columns.iter().map(ArrowColumnWriter::memory_size).sum()
    }

    fn end_group(&mut self) -> Result<(), ParquetError> {
        if self.rows == 0 {
            return Ok(());
        }
        let mut group = self.file.next_row_group()?;
        for (at, column) in self.columns.drain(..).enumerate() {
            let (bytes, close) = self.pages.checked(at, &column.close()?)?;
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

fn plan<'a, I: Iterator<Item = &'a Record>>(records: impl Fn() -> I, ids: IdColumn) -> Result<Plan> {
    let mut inference = Inference::new();
    each_part(records(), |part| {
        inference.add(&Shapes::of(part));
        Ok(())
    })?;
    let mut columns = inference.finish();
    if let IdColumn::Field(name, field_type) = &ids
        && columns.is_empty()
    {
        let kind = kind_of(*field_type);
        let field_type = (kind != ColumnKind::Mixed).then_some(*field_type);
        columns.push(ColumnType { name: name.clone(), kind, field_type, large: false });
    }
    let mut companions = false;
    each_part(records(), |part| {
        if !companions {
            let shapes = Shapes::of(part);
            let of = Companions::new(&shapes, &columns, true);
            companions = part.iter().enumerate().any(|(row, record)| of.of(row, record).is_some());
        }
        Ok(())
    })?;
    let ids = match ids {
        IdColumn::Text => Some(Ids::Text),
        IdColumn::Integer => Some(Ids::Integer),
        IdColumn::Field(..) | IdColumn::None => None,
    };
    Ok(Plan::exact(columns, ids, companions))
}

/// Hands over the records in parts that fit into memory.
fn each_part<'a>(
    records: impl Iterator<Item = &'a Record>,
    mut run: impl FnMut(&[Record]) -> Result<()>,
) -> Result<()> {
    let mut part: Vec<Record> = Vec::new();
    let mut bytes = 0;
    for record in records {
        bytes += record.values().iter().map(byte_length).sum::<usize>();
        part.push(record.clone());
        if part.len() >= PART_ROWS || bytes >= PART_BYTES {
            run(&part)?;
            part.clear();
            bytes = 0;
        }
    }
    if part.is_empty() { Ok(()) } else { run(&part) }
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
