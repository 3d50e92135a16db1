//! What a search found: a sequence of records, none of which is a Python object before it is
//! asked for.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use dataknobs_data::{Record, SearchResult};
use pyo3::exceptions::{PyIndexError, PyTypeError};
use pyo3::prelude::*;
use pyo3::types::{PyInt, PyList, PySlice};

use crate::error::{Failure, Outcome};
use crate::record::{PyRecord, position_of};

/// The records that a query found, in order.
///
/// It is read like a list: by position, by slice, in a loop. A record becomes a Python object when it is asked for,
/// and is another object each time. pyarrow, polars, DuckDB and whatever else speaks the Arrow PyCapsule interface
/// take it as a table.
///
/// Examples
/// --------
/// >>> from dataknobs_data import SyncDatabase
/// >>> db = SyncDatabase.create("memory")
/// >>> ids = db.create_batch([{"n": n} for n in range(5)])
/// >>> found = db.search("n > 1 ORDER BY n")
/// >>> len(found), found[0]["n"], [record["n"] for record in found[1:]]
/// (3, 2, [3, 4])
#[pyclass(name = "SearchResult", module = "dataknobs_data", frozen, sequence)]
pub(crate) struct PySearchResult {
    records: Arc<[Record]>,
    after: Option<String>,
}

impl PySearchResult {
    pub(crate) fn records(&self) -> &Arc<[Record]> {
        &self.records
    }
}

impl From<SearchResult> for PySearchResult {
    fn from(found: SearchResult) -> Self {
        let after = found.after().map(str::to_owned);
        PySearchResult { records: found.into_records().into(), after }
    }
}

impl From<Vec<Record>> for PySearchResult {
    fn from(records: Vec<Record>) -> Self {
        PySearchResult { records: records.into(), after: None }
    }
}

#[pymethods]
impl PySearchResult {
    /// The token with which `Query.after` goes on behind the last record.
    ///
    /// None when there is no more, or the query had no sort and limit.
    #[getter]
    fn after(&self) -> Option<&str> {
        self.after.as_deref()
    }

    fn __len__(&self) -> usize {
        self.records.len()
    }

    fn __getitem__<'py>(&self, py: Python<'py>, index: &Bound<'py, PyAny>) -> Outcome<Bound<'py, PyAny>> {
        if let Ok(slice) = index.cast::<PySlice>() {
            let parts = slice.indices(self.records.len() as isize)?;
            let mut records = Vec::with_capacity(parts.slicelength);
            let mut at = parts.start;
            for _ in 0..parts.slicelength {
                records.push(self.records[at as usize].clone());
                at += parts.step;
            }
            return Ok(Py::new(py, PySearchResult::from(records))?.into_bound(py).into_any());
        }
        let Ok(index) = index.cast::<PyInt>() else {
            return Err(Failure::Python(PyTypeError::new_err("a record is addressed by its position, or by a slice")));
        };
        match position_of(index, self.records.len()).and_then(|position| self.records.get(position)) {
            Some(record) => Ok(Py::new(py, PyRecord::new(record.clone()))?.into_bound(py).into_any()),
            None => Err(Failure::Python(PyIndexError::new_err("the result has no record at this position"))),
        }
    }

    fn __iter__(&self) -> RecordIterator {
        RecordIterator { records: self.records.clone(), next: AtomicUsize::new(0) }
    }

    fn __eq__<'py>(slf: &Bound<'py, Self>, other: &Bound<'py, PyAny>) -> PyResult<bool> {
        if let Ok(other) = other.cast::<PySearchResult>() {
            return Ok(other.get().records == slf.get().records);
        }
        if other.is_instance_of::<PyList>() {
            return PyList::new(slf.py(), slf.try_iter()?.collect::<PyResult<Vec<_>>>()?)?.eq(other);
        }
        Ok(false)
    }

    /// Give the ids of the records, in order.
    ///
    /// Returns
    /// -------
    /// list of str or None
    ///     None for records that never were in a store.
    ///
    /// Examples
    /// --------
    /// >>> from dataknobs_data import Record, SyncDatabase
    /// >>> db = SyncDatabase.create("memory")
    /// >>> ids = db.create_batch([Record({"n": 1}, id="a"), Record({"n": 2}, id="b")])
    /// >>> db.search("ORDER BY n DESC").ids()
    /// ['b', 'a']
    fn ids<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        PyList::new(py, self.records.iter().map(|record| record.id().map(|id| id.as_str())))
    }

    /// Give the records as plain dicts; ids, types and metadata are left out.
    ///
    /// Returns
    /// -------
    /// list of dict
    ///     In order.
    ///
    /// Examples
    /// --------
    /// >>> from dataknobs_data import SyncDatabase
    /// >>> db = SyncDatabase.create("memory")
    /// >>> id = db.create({"name": "Ada"})
    /// >>> db.search().to_dicts()
    /// [{'name': 'Ada'}]
    fn to_dicts<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let list = PyList::empty(py);
        for record in self.records.iter() {
            list.append(PyRecord::new(record.clone()).to_dict(py)?)?;
        }
        Ok(list)
    }

    /// Give the records as a pandas DataFrame; the parameters are those of `records_to_dataframe`.
    ///
    /// Parameters
    /// ----------
    /// id : {None, "index", "column"}
    ///     Where the ids go: nowhere, into the index, or into the first column.
    /// id_column : str
    ///     The name of that index or column.
    /// metadata : bool
    ///     Whether ``attrs["dataknobs"]`` carries the metadata of records and fields.
    ///
    /// Returns
    /// -------
    /// pandas.DataFrame
    ///     A column for each field, in order of first appearance.
    ///
    /// Raises
    /// ------
    /// UnsupportedError
    ///     When pandas is not installed.
    ///
    /// Examples
    /// --------
    /// >>> import pandas
    /// >>> from dataknobs_data import SyncDatabase
    /// >>> db = SyncDatabase.create("memory")
    /// >>> ids = db.create_batch([{"n": 1}, {"n": None}])
    /// >>> str(db.search().to_dataframe()["n"].dtype)
    /// 'Int64'
    #[pyo3(signature = (**options))]
    fn to_dataframe<'py>(
        slf: &Bound<'py, Self>,
        options: Option<&Bound<'py, pyo3::types::PyDict>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let module = slf.py().import("dataknobs_data.utils.pandas")?;
        module.getattr("records_to_dataframe")?.call((slf,), options)
    }

    /// Give the records as a stream of Arrow data, for any library that takes one: pyarrow, polars, DuckDB.
    #[pyo3(signature = (requested_schema=None))]
    fn __arrow_c_stream__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<&Bound<'py, PyAny>>,
    ) -> Outcome<Bound<'py, pyo3::types::PyCapsule>> {
        // The interface lets a producer ignore the schema that is asked for.
        let _ = requested_schema;
        crate::stream::export(py, self.records.clone(), dataknobs_data_arrow::ToArrowOptions::new())
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        const SHOWN: usize = 5;
        let mut text = String::from("SearchResult([");
        for (index, record) in self.records.iter().take(SHOWN).enumerate() {
            let record = Py::new(py, PyRecord::new(record.clone()))?;
            text.push_str(if index > 0 { ", " } else { "" });
            text.push_str(record.bind(py).repr()?.to_str()?);
        }
        match self.records.len() {
            length if length > SHOWN => text.push_str(&format!(", … {length} in all])")),
            _ => text.push_str("])"),
        }
        Ok(text)
    }

    fn _repr_html_<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        slf.py().import("dataknobs_data._html")?.getattr("result_table")?.call1((slf,))
    }

    fn __reduce__<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        let py = slf.py();
        let records = PyList::new(py, slf.try_iter()?.collect::<PyResult<Vec<_>>>()?)?;
        let restore = py.import("dataknobs_data._native")?.getattr("_restore_result")?;
        Ok((restore, (records, slf.get().after.as_deref())).into_pyobject(py)?.into_any())
    }
}

/// The other half of pickling a result.
#[pyfunction]
pub(crate) fn _restore_result(records: &Bound<'_, PyAny>, after: Option<String>) -> Outcome<PySearchResult> {
    Ok(PySearchResult { records: crate::record::list_argument(records)?.into(), after })
}

/// The records of a result, one after the other.
#[pyclass(module = "dataknobs_data", frozen)]
pub(crate) struct RecordIterator {
    records: Arc<[Record]>,
    next: AtomicUsize,
}

#[pymethods]
impl RecordIterator {
    fn __iter__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    fn __next__(&self) -> Option<PyRecord> {
        let at = self.next.fetch_add(1, Ordering::Relaxed);
        let record = self.records.get(at);
        if record.is_none() {
            self.next.store(self.records.len(), Ordering::Relaxed);
        }
        record.cloned().map(PyRecord::new)
    }

    fn __length_hint__(&self) -> usize {
        self.records.len().saturating_sub(self.next.load(Ordering::Relaxed))
    }
}
