//! Records to record batches.

mod array;
pub(crate) mod batches;
pub(crate) mod schema;

pub(crate) use batches::name_is_taken;
pub use batches::{RecordBatches, reader};

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use dataknobs_data_core::{Record, Result};

use crate::ToArrowOptions;
use batches::Plan;

/// The records as record batches of one schema, none for no records.
///
/// Version and score of records are not kept, nor, unless the options ask for it, what single
/// records have of their own; the [crate's page](crate) has the whole mapping.
///
/// ```
/// use dataknobs_data_arrow::{ToArrowOptions, records_to_batches};
/// use dataknobs_data_core::record;
/// let records = [record! { "name": "Ada", "age": 36 }?.with_id("a")?];
/// let (schema, batches) = records_to_batches(&records, &ToArrowOptions::new())?;
/// assert!(schema.fields().iter().map(|field| field.name()).eq(["_id", "name", "age"]));
/// assert_eq!(batches[0].num_rows(), 1);
/// # Ok::<(), dataknobs_data_core::Error>(())
/// ```
///
/// # Errors
/// [`InvalidConfig`](dataknobs_data_core::ErrorKind::InvalidConfig) when the column of ids or of
/// metadata has the name of a field, [`Unsupported`](dataknobs_data_core::ErrorKind::Unsupported)
/// when one batch has more than 2 GiB of JSON text in one column.
pub fn records_to_batches(records: &[Record], options: &ToArrowOptions) -> Result<(SchemaRef, Vec<RecordBatch>)> {
    let plan = Plan::new(records, options)?;
    let batches = records.chunks(plan.batch_rows()).map(|chunk| plan.batch(chunk)).collect::<Result<_>>()?;
    Ok((plan.schema(), batches))
}

#[cfg(test)]
mod tests {
    use arrow_schema::DataType;
    use dataknobs_data_core::record;

    use super::*;
    use crate::{FromArrowOptions, batches_to_records};

    #[test]
    fn much_text_and_many_bytes_get_offsets_of_64_bits() {
        let records = vec![record! { "s": "four", "x": vec![1u8; 4], "n": 1 }.unwrap(); 3];
        for (large_from, text, binary) in
            [(12, DataType::Utf8, DataType::Binary), (11, DataType::LargeUtf8, DataType::LargeBinary)]
        {
            let options = ToArrowOptions { large_from, ..ToArrowOptions::exact() };
            let (schema, batches) = records_to_batches(&records, &options).unwrap();
            assert_eq!((schema.field(0).data_type(), schema.field(1).data_type()), (&text, &binary));
            assert_eq!(batches_to_records(&batches, &FromArrowOptions::new()).unwrap(), records);
        }
    }
}
