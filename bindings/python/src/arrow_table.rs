//! `ArrowTable`: what a search found, as Arrow data.

use arrow_array::RecordBatchReader as _;
use arrow_array::ffi_stream::FFI_ArrowArrayStream;
use dataknobs_data_arrow::ArrowTable;
use pyo3::prelude::*;
use pyo3::types::{PyCapsule, PyList};

use crate::error::Outcome;

/// What a query found, as Arrow data: what `search_as_arrow` gives.
///
/// pyarrow, polars, DuckDB and whatever else speaks the Arrow PyCapsule interface take it as a table, as often as they
/// like, without a copy: ``pyarrow.table(found)``, ``polars.DataFrame(found)``.
///
/// Attributes
/// ----------
/// column_names : list of str
///     The names of the columns, in order; none where nothing was found.
///
/// Examples
/// --------
/// >>> from dataknobs_data import SyncDatabase
/// >>> db = SyncDatabase.create("memory")
/// >>> ids = db.create_batch([{"n": n} for n in range(5)])
/// >>> found = db.search_as_arrow("n > 1")
/// >>> len(found), found.column_names
/// (3, ['_id', 'n'])
#[pyclass(name = "ArrowTable", module = "dataknobs_data", frozen)]
pub(crate) struct PyArrowTable {
    table: ArrowTable,
}

impl From<ArrowTable> for PyArrowTable {
    fn from(table: ArrowTable) -> Self {
        PyArrowTable { table }
    }
}

#[pymethods]
impl PyArrowTable {
    /// The names of the columns, in order.
    #[getter]
    fn column_names<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        PyList::new(py, self.table.schema().fields().iter().map(|field| field.name().clone()))
    }

    fn __len__(&self) -> usize {
        self.table.num_rows()
    }

    /// Give the rows as a stream of Arrow data, for any library that takes one: pyarrow, polars, DuckDB.
    #[pyo3(signature = (requested_schema=None))]
    fn __arrow_c_stream__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<&Bound<'py, PyAny>>,
    ) -> Outcome<Bound<'py, PyCapsule>> {
        // The interface lets a producer ignore the schema that is asked for.
        let _ = requested_schema;
        let stream = FFI_ArrowArrayStream::new(Box::new(self.table.clone()));
        Ok(PyCapsule::new_with_value(py, stream, c"arrow_array_stream")?)
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        let names = self.column_names(py)?.repr()?;
        Ok(format!("<ArrowTable of {} rows, columns {names}>", self.table.num_rows()))
    }
}
