//! Record batches of one schema, made one after another.

use std::borrow::Borrow;
use std::sync::Arc;

use arrow_array::{ArrayRef, RecordBatch, RecordBatchOptions, RecordBatchReader};
use arrow_schema::{ArrowError, Schema, SchemaRef};
use dataknobs_data_core::{Error, Record, RecordId, Result, Str};

use super::{array, schema};
use crate::ToArrowOptions;
use crate::column::extract;
use crate::companion::Companions;
use crate::infer::{ColumnType, infer};
use crate::marks::{self, Mark};
use crate::options::{ID_COLUMN, METADATA_COLUMN};
use crate::shapes::Shapes;

/// How ids stand in their column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ids {
    Text,
    /// Every id is an integer in its usual form.
    #[cfg_attr(not(feature = "parquet"), allow(dead_code))]
    Integer,
}

/// The columns of all batches.
pub(crate) struct Plan {
    schema: SchemaRef,
    columns: Vec<ColumnType>,
    ids: Option<Ids>,
    companions: bool,
    exact: bool,
    batch_rows: usize,
}

impl Plan {
    pub(super) fn new(records: &[Record], options: &ToArrowOptions) -> Result<Self> {
        let shapes = Shapes::of(records);
        let columns = infer(&shapes, options);
        let id_column = options.id_column.clone().filter(|_| records.iter().any(|record| record.id().is_some()));
        let metadata_column = options.metadata_name().filter(|_| {
            let companions = Companions::new(&shapes, &columns, options.exact);
            records.iter().enumerate().any(|(row, record)| companions.is_needed(row, record))
        });
        let id_field = id_column.as_ref().map(|name| schema::text_field(name, Mark::Id));
        let fields = schema::fields(id_field, &columns, metadata_column.as_ref());
        for (name, what) in [(&id_column, "id_column"), (&metadata_column, "metadata_column")] {
            if let Some(name) = name
                && fields.iter().filter(|field| field.name() == name.as_str()).count() > 1
            {
                return Err(name_is_taken(name, what));
            }
        }
        Ok(Plan {
            schema: Arc::new(Schema::new_with_metadata(fields, marks::format())),
            columns,
            ids: id_column.is_some().then_some(Ids::Text),
            companions: metadata_column.is_some(),
            exact: options.exact,
            batch_rows: options.batch_rows.max(1),
        })
    }

    /// The plan for records of these columns that are not all in memory; nothing is lost by it.
    #[cfg_attr(not(feature = "parquet"), allow(dead_code))]
    pub(crate) fn exact(columns: Vec<ColumnType>, ids: Option<Ids>, companions: bool) -> Self {
        let id_field = ids.map(|ids| schema::id_field(&Str::new_static(ID_COLUMN), ids));
        let metadata = companions.then_some(Str::new_static(METADATA_COLUMN));
        let fields = schema::fields(id_field, &columns, metadata.as_ref());
        let schema = Arc::new(Schema::new_with_metadata(fields, marks::format()));
        Plan { schema, columns, ids, companions, exact: true, batch_rows: usize::MAX }
    }

    pub(crate) fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }

    pub(super) fn batch_rows(&self) -> usize {
        self.batch_rows
    }

    /// The batch of some of the records that this was made for.
    pub(crate) fn batch<R: Borrow<Record>>(&self, records: &[R]) -> Result<RecordBatch> {
        let shapes = Shapes::of(records);
        let mut arrays: Vec<ArrayRef> = Vec::with_capacity(self.schema.fields().len());
        if let Some(ids) = self.ids {
            let texts: Vec<_> = records.iter().map(|record| record.borrow().id().map(RecordId::as_str)).collect();
            arrays.push(match ids {
                Ids::Text => array::text::<i32>(&texts),
                Ids::Integer => array::integers(&texts)?,
            });
        }
        for (column, column_type) in extract(&self.columns, &shapes).into_iter().zip(&self.columns) {
            arrays.push(array::array(column, column_type.large)?);
        }
        if self.companions {
            let companions = Companions::new(&shapes, &self.columns, self.exact);
            let texts = records.iter().enumerate();
            let texts = texts
                .map(|(row, record)| companions.of(row, record.borrow()).map(|parts| serde_json::to_string(&parts)));
            arrays.push(array::json(texts)?);
        }
        let options = RecordBatchOptions::new().with_row_count(Some(records.len()));
        RecordBatch::try_new_with_options(self.schema(), arrays, &options)
            .map_err(|error| Error::unsupported("the records do not make up a record batch").with_source(error))
    }
}

pub(crate) fn name_is_taken(name: &Str, option: &str) -> Error {
    Error::invalid_config("a field of the records has the name of this column already")
        .with_context("option", option)
        .with_context("column", name.escape_debug())
        .with_hint("give the column another name")
}

/// Records as a stream of record batches, each made when it is asked for.
///
/// ```
/// use arrow_array::ffi_stream::FFI_ArrowArrayStream;
/// use dataknobs_data_arrow::{RecordBatches, ToArrowOptions, reader};
/// use dataknobs_data_core::record;
/// let batches: RecordBatches = reader(vec![record! { "n": 1 }?], &ToArrowOptions::new())?;
/// let stream = FFI_ArrowArrayStream::new(Box::new(batches)); // for any other Arrow library
/// # Ok::<(), dataknobs_data_core::Error>(())
/// ```
pub struct RecordBatches {
    plan: Plan,
    records: Vec<Record>,
    next: usize,
}

/// The records as a reader of record batches.
///
/// ```
/// use dataknobs_data_arrow::{FromArrowOptions, ToArrowOptions, reader, records_from_reader};
/// use dataknobs_data_core::record;
/// let records = vec![record! { "n": 1 }?; 3];
/// let batches = reader(records.clone(), &ToArrowOptions::new().with_batch_rows(2))?;
/// assert_eq!(records_from_reader(batches, &FromArrowOptions::new())?, records);
/// # Ok::<(), dataknobs_data_core::Error>(())
/// ```
///
/// # Errors
/// As [`records_to_batches`](crate::records_to_batches); what is wrong with a single batch comes
/// out of the reader.
pub fn reader(records: Vec<Record>, options: &ToArrowOptions) -> Result<RecordBatches> {
    Ok(RecordBatches { plan: Plan::new(&records, options)?, records, next: 0 })
}

impl Iterator for RecordBatches {
    type Item = Result<RecordBatch, ArrowError>;

    fn next(&mut self) -> Option<Self::Item> {
        let rest = self.records.get(self.next..).filter(|rest| !rest.is_empty())?;
        let chunk = &rest[..rest.len().min(self.plan.batch_rows())];
        self.next += chunk.len();
        Some(self.plan.batch(chunk).map_err(|error| ArrowError::ExternalError(Box::new(error))))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = (self.records.len() - self.next).div_ceil(self.plan.batch_rows());
        (left, Some(left))
    }
}

impl RecordBatchReader for RecordBatches {
    fn schema(&self) -> SchemaRef {
        self.plan.schema()
    }
}
