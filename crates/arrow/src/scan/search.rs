//! What a query finds, as record batches.

use std::collections::VecDeque;

use arrow_array::{RecordBatch, RecordBatchReader};
use arrow_schema::{ArrowError, SchemaRef};
use dataknobs_data_core::{Database, Query, Result};

use super::ScannedColumns;
use crate::{ToArrowOptions, records_to_batches};

/// What a query finds, as record batches of one schema.
///
/// Where the store has columns (a CSV file, for one) no records are made on the way; the rows are the
/// same, but batches may have fewer of them than the options allow. The database connects on first
/// use.
///
/// ```
/// use dataknobs_data_arrow::{ToArrowOptions, search_batches};
/// use dataknobs_data_core::{Database, Query, record};
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let db = Database::memory();
/// db.create_batch(vec![record! { "n": 1 }?, record! { "n": 2 }?]).await?;
/// let table = search_batches(&db, &Query::parse("n > 1")?, &ToArrowOptions::new()).await?;
/// assert_eq!(table.num_rows(), 1);
/// # Ok::<(), dataknobs_data_core::Error>(())
/// # }).unwrap();
/// ```
///
/// # Errors
/// As [`Database::search`] and [`records_to_batches`].
pub async fn search_batches(database: &Database, query: &Query, options: &ToArrowOptions) -> Result<ArrowTable> {
    if let Some(answer) = database.scan_columns(query, options.id_column.is_some()).await?
        && let Ok(scanned) = answer.downcast::<ScannedColumns>()
        && let Some(table) = scanned.finish(options)?
    {
        return Ok(table);
    }
    let records = database.search(query).await?.into_records();
    let (schema, batches) = records_to_batches(&records, options)?;
    Ok(ArrowTable::new(schema, batches))
}

/// Record batches of one schema, at hand; a `RecordBatchReader`.
///
/// ```
/// use arrow_array::RecordBatchReader;
/// use arrow_array::ffi_stream::FFI_ArrowArrayStream;
/// use dataknobs_data_arrow::{ArrowTable, ToArrowOptions, search_batches};
/// use dataknobs_data_core::{Database, Query};
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let table: ArrowTable = search_batches(&Database::memory(), &Query::new(), &ToArrowOptions::new()).await?;
/// let stream = FFI_ArrowArrayStream::new(Box::new(table)); // for any other Arrow library
/// # Ok::<(), dataknobs_data_core::Error>(())
/// # }).unwrap();
/// ```
#[derive(Debug, Clone)]
pub struct ArrowTable {
    schema: SchemaRef,
    batches: VecDeque<RecordBatch>,
}

impl ArrowTable {
    /// Batches of this schema.
    ///
    /// ```
    /// use dataknobs_data_arrow::ArrowTable;
    /// let table = ArrowTable::new(arrow_schema::Schema::empty().into(), Vec::new());
    /// assert_eq!(table.num_rows(), 0);
    /// ```
    pub fn new(schema: SchemaRef, batches: Vec<RecordBatch>) -> Self {
        ArrowTable { schema, batches: batches.into() }
    }

    /// The batches that are still there.
    ///
    /// ```
    /// use dataknobs_data_arrow::ArrowTable;
    /// assert!(ArrowTable::new(arrow_schema::Schema::empty().into(), Vec::new()).batches().is_empty());
    /// ```
    pub fn batches(&self) -> &VecDeque<RecordBatch> {
        &self.batches
    }

    /// How many rows they have together.
    ///
    /// ```
    /// use dataknobs_data_arrow::ArrowTable;
    /// assert_eq!(ArrowTable::new(arrow_schema::Schema::empty().into(), Vec::new()).num_rows(), 0);
    /// ```
    pub fn num_rows(&self) -> usize {
        self.batches.iter().map(RecordBatch::num_rows).sum()
    }
}

impl Iterator for ArrowTable {
    type Item = Result<RecordBatch, ArrowError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.batches.pop_front().map(Ok)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.batches.len(), Some(self.batches.len()))
    }
}

impl RecordBatchReader for ArrowTable {
    fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }
}
