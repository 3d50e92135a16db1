//! An open Parquet file and its columns.

use std::sync::Arc;

use ::parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions};
use ::parquet::file::metadata::{PageIndexPolicy, ParquetMetaDataReader};
use arrow_schema::Schema;
use dataknobs_data_core::{Error, ErrorKind, FieldType, Result, Str};

use super::checksum;
use super::damage::{contained, read_error};
use super::input::{Input, ReadAt};
use super::records::ParquetRecords;
use crate::FromArrowOptions;
use crate::marks;
use crate::read::batch::Roles;
use crate::read::values::field_type_of;

/// A Parquet file whose footer was read.
///
/// ```
/// use std::sync::Arc;
/// use dataknobs_data_arrow::parquet::{IdColumn, ParquetFile, write_parquet};
/// use dataknobs_data_core::record;
/// let records = [record! { "n": 1 }?.with_id("a")?];
/// let mut bytes = Vec::new();
/// write_parquet(&mut bytes, || records.iter(), IdColumn::Text)?;
/// let file = ParquetFile::open(Arc::new(bytes))?;
/// assert!(file.columns().iter().map(|column| column.name.as_str()).eq(["_id", "n"]));
/// assert_eq!(file.records().next().unwrap()?, (1, records[0].clone()));
/// # Ok::<(), dataknobs_data_core::Error>(())
/// ```
#[derive(Clone)]
pub struct ParquetFile {
    pub(super) input: Input,
    pub(super) metadata: ArrowReaderMetadata,
    pub(super) roles: Roles,
}

/// One column of a file, nested ones counted once.
///
/// ```
/// use std::sync::Arc;
/// use dataknobs_data_arrow::parquet::{IdColumn, ParquetColumn, ParquetFile, write_parquet};
/// use dataknobs_data_core::{FieldType, record};
/// let records = [record! { "n": 1 }?];
/// let mut bytes = Vec::new();
/// write_parquet(&mut bytes, || records.iter(), IdColumn::None)?;
/// let columns: Vec<ParquetColumn> = ParquetFile::open(Arc::new(bytes))?.columns();
/// assert_eq!((columns[0].name.as_str(), columns[0].field_type), ("n", FieldType::Integer));
/// # Ok::<(), dataknobs_data_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct ParquetColumn {
    /// Its name.
    pub name: Str,
    /// The type that its values get, as far as the column says it.
    pub field_type: FieldType,
    /// What it is to records.
    pub role: ColumnRole,
}

/// What a column is to records.
///
/// ```
/// use std::sync::Arc;
/// use dataknobs_data_arrow::parquet::{ColumnRole, IdColumn, ParquetFile, write_parquet};
/// let mut bytes = Vec::new();
/// write_parquet(&mut bytes, || [].iter(), IdColumn::Integer)?;
/// assert_eq!(ParquetFile::open(Arc::new(bytes))?.columns()[0].role, ColumnRole::Id);
/// # Ok::<(), dataknobs_data_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColumnRole {
    /// A field.
    Field,
    /// The ids, which are no field.
    Id,
    /// What the other columns cannot say.
    Metadata,
}

impl ParquetFile {
    /// Reads the footer.
    ///
    /// # Errors
    /// [`Corrupt`](ErrorKind::Corrupt) when this is no whole Parquet file,
    /// [`Unsupported`](ErrorKind::Unsupported) when it is encrypted or was written by a later version
    /// of this library, [`Io`](ErrorKind::Io).
    pub fn open(source: Arc<dyn ReadAt>) -> Result<Self> {
        let input = Input::new(source)?;
        contained(|| {
            check_ends(&input)?;
            let metadata = ArrowReaderMetadata::load(&input, ArrowReaderOptions::new()).map_err(read_error)?;
            marks::check_format(metadata.schema())?;
            let roles = Roles::of(metadata.schema(), &FromArrowOptions::new())?;
            Ok(ParquetFile { input, metadata, roles })
        })
    }

    /// The columns, in order.
    pub fn columns(&self) -> Vec<ParquetColumn> {
        let fields = self.schema().fields().iter().enumerate();
        fields
            .map(|(at, field)| ParquetColumn {
                name: field.name().into(),
                field_type: field_type_of(field.data_type()),
                role: match at {
                    at if self.roles.id == Some(at) => ColumnRole::Id,
                    at if self.roles.metadata == Some(at) => ColumnRole::Metadata,
                    _ => ColumnRole::Field,
                },
            })
            .collect()
    }

    /// The records, in order.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use dataknobs_data_arrow::parquet::{IdColumn, ParquetFile, write_parquet};
    /// let mut bytes = Vec::new();
    /// write_parquet(&mut bytes, || [].iter(), IdColumn::Text)?;
    /// assert_eq!(ParquetFile::open(Arc::new(bytes))?.records().count(), 0);
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    pub fn records(self) -> ParquetRecords {
        ParquetRecords::new(self)
    }

    /// Where in the file a row group's columns are; none when the footer says no such place.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use dataknobs_data_arrow::parquet::{IdColumn, ParquetFile, write_parquet};
    /// use dataknobs_data_core::record;
    /// let records = [record! { "n": 1 }?];
    /// let mut bytes = Vec::new();
    /// write_parquet(&mut bytes, || records.iter(), IdColumn::None)?;
    /// let file = ParquetFile::open(Arc::new(bytes))?;
    /// assert_eq!(file.row_group_bytes(0).unwrap().start, 4); // behind the magic number
    /// assert_eq!(file.row_group_bytes(1), None);
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    pub fn row_group_bytes(&self, number: usize) -> Option<std::ops::Range<u64>> {
        let group = self.metadata.metadata().row_groups().get(number)?;
        let ranges = contained(|| Ok(group.columns().iter().map(|column| column.byte_range()).collect::<Vec<_>>()));
        let ranges = ranges.ok()?;
        let start = ranges.iter().map(|(start, _)| *start).min()?;
        let end = ranges.iter().map(|(start, length)| start.saturating_add(*length)).max()?;
        Some(start..end)
    }

    /// Reads the statistics of the pages, if there are any.
    pub(super) fn read_page_index(&mut self) -> Result<()> {
        self.metadata = contained(|| {
            let metadata = self.metadata.metadata().as_ref().clone();
            let mut reader =
                ParquetMetaDataReader::new_with_metadata(metadata).with_page_index_policy(PageIndexPolicy::Optional);
            reader.read_page_indexes(&self.input).map_err(read_error)?;
            let metadata = Arc::new(reader.finish().map_err(read_error)?);
            ArrowReaderMetadata::try_new(metadata, ArrowReaderOptions::new()).map_err(read_error)
        })?;
        Ok(())
    }

    pub(super) fn schema(&self) -> &Schema {
        self.metadata.schema()
    }
}

/// Whether it begins and ends as a Parquet file does.
fn check_ends(input: &Input) -> Result<()> {
    use ::parquet::file::reader::{ChunkReader, Length};
    let length = input.len();
    let damage = |message: &'static str, byte: u64| Err(Error::corrupt(message).with_context("byte", byte));
    if length == 0 {
        return damage("the file is empty; a Parquet file has at least a footer", 0);
    }
    if length < 12 {
        return damage("the file is too short for a Parquet file", length);
    }
    let magic = |at: u64| input.get_bytes(at, 4).map_err(read_error);
    if magic(length - 4)?.as_ref() == b"PARE" {
        return Err(Error::new(ErrorKind::Unsupported, "the Parquet file is encrypted"));
    }
    if magic(0)?.as_ref() != b"PAR1" {
        return damage("the file does not begin as a Parquet file does", 0);
    }
    if magic(length - 4)?.as_ref() != b"PAR1" {
        return damage(
            "the file does not end as a Parquet file does; it is cut off, or still being written",
            length - 4,
        );
    }
    checksum::verify(input, length)
}
