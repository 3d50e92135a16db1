//! `Table`: the rows that an aggregation gives. Their values become Python objects when they are
//! asked for.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use dataknobs_data::{Str, Table, Value};
use pyo3::exceptions::{PyIndexError, PyTypeError};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyList, PyNotImplemented, PySlice, PyString, PyTuple, PyType};

use crate::error::{Failure, Outcome};
use crate::value;

/// The rows that an aggregation gives: a sequence of dicts, one for each row.
///
/// Parameters
/// ----------
/// columns : list of str
///     The names of the columns.
/// rows : iterable of sequences
///     The rows, each with one value for each column.
///
/// Attributes
/// ----------
/// columns : list of str
///     The names of the columns.
/// rows : list of tuple
///     The rows as tuples in column order.
///
/// Examples
/// --------
/// >>> from dataknobs_data.query import Table
/// >>> table = Table(["city", "count"], [("Oslo", 2), ("Rome", 1)])
/// >>> len(table), table[0], table[-1]["city"]
/// (2, {'city': 'Oslo', 'count': 2}, 'Rome')
/// >>> [row["count"] for row in table]
/// [2, 1]
#[pyclass(name = "Table", module = "dataknobs_data", frozen, sequence)]
pub(crate) struct PyTable {
    inner: Arc<Table>,
}

impl From<Table> for PyTable {
    fn from(table: Table) -> Self {
        PyTable { inner: Arc::new(table) }
    }
}

#[pymethods]
impl PyTable {
    #[new]
    fn new(columns: Vec<Bound<'_, PyString>>, rows: &Bound<'_, PyAny>) -> Outcome<Self> {
        let columns = columns.iter().map(value::text).collect::<Outcome<Vec<Str>>>()?;
        let mut values = Vec::new();
        for (index, row) in rows.try_iter()?.enumerate() {
            let row = row?.try_iter()?.map(|item| value::from_python(&item?)).collect::<Outcome<Vec<Value>>>();
            values.push(row.map_err(|failure| failure.at("row", index))?);
        }
        Ok(PyTable::from(Table::new(columns, values)?))
    }

    /// The names of the columns, in order.
    #[getter]
    fn columns<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        PyList::new(py, self.inner.columns().iter().map(Str::as_str))
    }

    /// The rows as tuples in column order; made anew each time.
    #[getter]
    fn rows<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let rows = self.inner.rows().iter().map(|row| {
            let row = row.iter().map(|value| value::to_python(py, value)).collect::<PyResult<Vec<_>>>()?;
            PyTuple::new(py, row)
        });
        PyList::new(py, rows.collect::<PyResult<Vec<_>>>()?)
    }

    /// Give all rows as dicts.
    ///
    /// Returns
    /// -------
    /// list of dict
    ///     One dict for each row.
    ///
    /// Examples
    /// --------
    /// >>> from dataknobs_data.query import Table
    /// >>> Table(["n"], [(1,), (2,)]).to_dicts()
    /// [{'n': 1}, {'n': 2}]
    fn to_dicts<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let rows = (0..self.inner.len()).map(|index| row(py, &self.inner, index));
        PyList::new(py, rows.collect::<PyResult<Vec<_>>>()?)
    }

    /// Give the rows as a pandas DataFrame.
    ///
    /// Parameters
    /// ----------
    /// **options : object
    ///     As `dataknobs_data.utils.pandas.table_to_dataframe` takes them.
    ///
    /// Returns
    /// -------
    /// pandas.DataFrame
    ///     One row for each row, one column for each column.
    ///
    /// Raises
    /// ------
    /// UnsupportedError
    ///     When pandas is not installed.
    #[pyo3(signature = (**options))]
    fn to_dataframe<'py>(slf: &Bound<'py, Self>, options: Option<&Bound<'py, PyDict>>) -> PyResult<Bound<'py, PyAny>> {
        let module = slf.py().import("dataknobs_data.utils.pandas")?;
        module.getattr("table_to_dataframe")?.call((slf,), options)
    }

    fn __len__(&self) -> usize {
        self.inner.len()
    }

    fn __getitem__<'py>(&self, py: Python<'py>, index: &Bound<'py, PyAny>) -> Outcome<Bound<'py, PyAny>> {
        if let Ok(slice) = index.cast::<PySlice>() {
            let parts = slice.indices(self.inner.len() as isize)?;
            let places = (0..parts.slicelength as isize).map(|step| (parts.start + step * parts.step) as usize);
            let rows = places.map(|place| self.inner.rows()[place].clone()).collect();
            let table = Table::new(self.inner.columns().iter().cloned(), rows)?;
            return Ok(Bound::new(py, PyTable::from(table))?.into_any());
        }
        if index.is_instance_of::<PyString>() || !index.hasattr(intern!(py, "__index__"))? {
            return Err(Failure::Python(PyTypeError::new_err("a row is addressed by its position, or by a slice")));
        }
        let position: isize = index.extract()?;
        let position = if position < 0 { position + self.inner.len() as isize } else { position };
        match usize::try_from(position) {
            Ok(position) if position < self.inner.len() => Ok(row(py, &self.inner, position)?.into_any()),
            _ => Err(Failure::Python(PyIndexError::new_err("the table has no row at this position"))),
        }
    }

    fn __iter__(&self) -> RowIterator {
        RowIterator { table: self.inner.clone(), next: AtomicUsize::new(0) }
    }

    fn __eq__<'py>(&self, py: Python<'py>, other: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        let equal = match other.cast::<PyTable>() {
            Ok(other) => other.get().inner == self.inner,
            Err(_) if other.is_instance_of::<PyList>() => self.to_dicts(py)?.eq(other)?,
            Err(_) => return Ok(PyNotImplemented::get(py).to_owned().into_any()),
        };
        Ok(PyBool::new(py, equal).to_owned().into_any())
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        const SHOWN: usize = 10;
        let columns = self.columns(py)?.repr()?;
        if self.inner.len() <= SHOWN {
            return Ok(format!("Table({columns}, {})", self.rows(py)?.repr()?));
        }
        Ok(format!("<Table of {} rows, columns {columns}>", self.inner.len()))
    }

    fn _repr_html_<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        slf.py().import("dataknobs_data._html")?.getattr("aggregate_table")?.call1((slf,))
    }

    fn __reduce__<'py>(slf: &Bound<'py, Self>) -> PyResult<(Bound<'py, PyType>, Bound<'py, PyTuple>)> {
        let arguments = (slf.get().columns(slf.py())?, slf.get().rows(slf.py())?);
        Ok((slf.get_type(), arguments.into_pyobject(slf.py())?))
    }
}

fn row<'py>(py: Python<'py>, table: &Table, index: usize) -> PyResult<Bound<'py, PyDict>> {
    let row = PyDict::new(py);
    for (column, value) in table.columns().iter().zip(&table.rows()[index]) {
        row.set_item(column.as_str(), value::to_python(py, value)?)?;
    }
    Ok(row)
}

/// Goes through the rows of a `Table`.
#[pyclass(module = "dataknobs_data", frozen)]
pub(crate) struct RowIterator {
    table: Arc<Table>,
    next: AtomicUsize,
}

#[pymethods]
impl RowIterator {
    fn __iter__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    fn __next__<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyDict>>> {
        let index = self.next.fetch_add(1, Ordering::Relaxed);
        if index < self.table.len() {
            return row(py, &self.table, index).map(Some);
        }
        self.next.store(self.table.len(), Ordering::Relaxed);
        Ok(None)
    }

    fn __length_hint__(&self) -> usize {
        self.table.len().saturating_sub(self.next.load(Ordering::Relaxed))
    }
}
