//! The Arrow C stream interface: capsules that other libraries give and take.

use arrow_array::ffi_stream::{FFI_ArrowArrayStream, RecordBatchStreamReader};
use dataknobs_data::Error;
use dataknobs_data_arrow::ToArrowOptions;
use pyo3::prelude::*;
use pyo3::types::PyCapsule;

use crate::error::Outcome;

/// The reader of a capsule named `arrow_array_stream`, whose stream it takes.
pub(crate) fn import(capsule: &Bound<'_, PyCapsule>) -> Outcome<RecordBatchStreamReader> {
    let pointer = capsule.pointer_checked(Some(c"arrow_array_stream"))?.cast::<FFI_ArrowArrayStream>();
    // SAFETY: the name says what the capsule holds; the stream is moved out and an empty, released
    // one left behind, as the interface asks for.
    let stream = unsafe { FFI_ArrowArrayStream::from_raw(pointer.as_ptr()) };
    Ok(RecordBatchStreamReader::try_new(stream).map_err(|source| {
        Error::invalid_record("this stream of Arrow data was taken already, or is none of record batches")
            .with_source(source)
    })?)
}

/// A capsule with a stream of these records.
pub(crate) fn export<'py>(
    py: Python<'py>,
    records: std::sync::Arc<[dataknobs_data::Record]>,
    options: ToArrowOptions,
) -> Outcome<Bound<'py, PyCapsule>> {
    let reader = crate::runtime::detach(py, || dataknobs_data_arrow::reader(records.to_vec(), &options))?;
    let stream = FFI_ArrowArrayStream::new(Box::new(reader));
    Ok(PyCapsule::new_with_value(py, stream, c"arrow_array_stream")?)
}

/// Capsules with the schema and the data of an array.
pub(crate) fn export_array<'py>(
    py: Python<'py>,
    array: &dyn arrow_array::Array,
) -> Outcome<(Bound<'py, PyCapsule>, Bound<'py, PyCapsule>)> {
    let (array, schema) = arrow_array::ffi::to_ffi(&array.to_data()).map_err(|source| {
        Error::new(dataknobs_data::ErrorKind::Backend, "Arrow data has no C form").with_source(source)
    })?;
    Ok((PyCapsule::new_with_value(py, schema, c"arrow_schema")?, PyCapsule::new_with_value(py, array, c"arrow_array")?))
}
