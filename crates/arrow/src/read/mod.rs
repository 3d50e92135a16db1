//! Record batches to records.

pub(crate) mod batch;
mod encoded;
mod nested;
mod number;
pub(crate) mod place;
pub(crate) mod time;
pub(crate) mod values;

use std::borrow::Borrow;

use arrow_array::{RecordBatch, RecordBatchReader};
use dataknobs_data_core::{Error, ErrorKind, Record, Result};

pub use time::offset_of;

use crate::FromArrowOptions;
use batch::Reader;

/// The records in these batches.
///
/// Batches of ours give back what was written; the [crate's page](crate) says what becomes of the
/// types of others. Rows in errors count from 0 over all batches.
///
/// ```
/// use std::sync::Arc;
/// use arrow_array::{ArrayRef, Int32Array, RecordBatch};
/// use dataknobs_data_arrow::{FromArrowOptions, batches_to_records};
/// use dataknobs_data_core::record;
/// let ages: ArrayRef = Arc::new(Int32Array::from(vec![Some(36), None]));
/// let batch = RecordBatch::try_from_iter([("age", ages)]).unwrap();
/// let records = batches_to_records([&batch], &FromArrowOptions::new())?;
/// assert_eq!(records[0], record! { "age": 36 }?);
/// assert!(records[1]["age"].is_null());
/// # Ok::<(), dataknobs_data_core::Error>(())
/// ```
///
/// # Errors
/// [`InvalidRecord`](ErrorKind::InvalidRecord) for a value, an id or a column name that records
/// cannot have, [`Unsupported`](ErrorKind::Unsupported) for an Arrow type that they have no value
/// for, [`InvalidConfig`](ErrorKind::InvalidConfig) when a column that the options name is not
/// there, [`Corrupt`](ErrorKind::Corrupt) when a column of metadata does not hold metadata; with
/// column, batch and row.
pub fn batches_to_records<B: Borrow<RecordBatch>>(
    batches: impl IntoIterator<Item = B>,
    options: &FromArrowOptions,
) -> Result<Vec<Record>> {
    let mut reader = Reader::new(options);
    batches.into_iter().try_for_each(|batch| reader.read(batch.borrow()))?;
    Ok(reader.finish())
}

/// The records in a stream of batches.
///
/// ```
/// use dataknobs_data_arrow::{FromArrowOptions, ToArrowOptions, reader, records_from_reader};
/// use dataknobs_data_core::record;
/// let batches = reader(vec![record! { "n": 1 }?], &ToArrowOptions::new())?;
/// assert_eq!(records_from_reader(batches, &FromArrowOptions::new())?, [record! { "n": 1 }?]);
/// # Ok::<(), dataknobs_data_core::Error>(())
/// ```
///
/// # Errors
/// As [`batches_to_records`]; [`Backend`](ErrorKind::Backend) with the number of the batch when the
/// stream itself fails.
pub fn records_from_reader(batches: impl RecordBatchReader, options: &FromArrowOptions) -> Result<Vec<Record>> {
    let mut reader = Reader::new(options);
    for (index, batch) in batches.enumerate() {
        let batch = batch.map_err(|error| {
            Error::new(ErrorKind::Backend, "the stream of record batches failed")
                .with_context("batch", index)
                .with_source(error)
        })?;
        reader.read(&batch)?;
    }
    Ok(reader.finish())
}
