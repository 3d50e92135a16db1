//! What a query will cost, and what a database is and has: plain data, to be read.

use dataknobs_data::{BackendInfo, Explain, IndexInfo, IndexKind};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString, PyTuple, PyType};
use serde_json::Value as Json;

use crate::error::Outcome;
use crate::operand::{path, path_to_python};
use crate::{json, value};

/// How a query will be answered, and what that will cost; ``str`` shows it line by line.
///
/// Attributes
/// ----------
/// backend : str
///     The store.
/// query : str
///     The query as text.
/// access : str
///     How the store finds the records, in one line: ``"index age_ordered: range"``.
/// index : str or None
///     The index that is used.
/// leaves : list of dict
///     Each test of the filter: its text as ``leaf`` and, as ``support``, how well the store answers it: ``"exact"``,
///     ``"superset"`` (with more than asked for) or ``"no"``.
/// rechecked : bool
///     Whether results are checked again here, because not every test is exact.
/// sort_pushed, limit_pushed : bool
///     Whether the store sorts, and whether it applies offset and limit.
/// rows_examined, bytes_read, requests : int or None
///     How many records, bytes and requests it expects, where it can tell.
/// dollars : float or None
///     What the requests cost in US dollars.
/// notes : list of str
///     What else is worth knowing, such as an index that would help.
///
/// Examples
/// --------
/// >>> from dataknobs_data import SyncDatabase
/// >>> explain = SyncDatabase.create("memory").explain("age > 30 ORDER BY age")
/// >>> explain.sort_pushed, explain.rechecked, explain.leaves
/// (True, False, [{'leaf': 'age > 30', 'support': 'exact'}])
/// >>> print(str(explain).splitlines()[1])
/// query: age > 30 ORDER BY age
#[pyclass(name = "Explain", module = "dataknobs_data", frozen)]
pub(crate) struct PyExplain {
    inner: Explain,
}

impl From<Explain> for PyExplain {
    fn from(inner: Explain) -> Self {
        PyExplain { inner }
    }
}

impl PyExplain {
    fn document(&self) -> Json {
        serde_json::to_value(&self.inner).unwrap_or_default()
    }
}

#[pymethods]
impl PyExplain {
    /// The store.
    #[getter]
    fn backend(&self) -> &str {
        &self.inner.backend
    }

    /// The query as text.
    #[getter]
    fn query(&self) -> &str {
        &self.inner.query
    }

    /// Each test of the filter, and how well the store answers it.
    #[getter]
    fn leaves<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        json::to_python(py, &self.document()["leaves"])
    }

    /// Whether results are checked again here, because not every test is exact.
    #[getter]
    fn rechecked(&self) -> bool {
        self.inner.rechecked
    }

    /// Whether the store sorts.
    #[getter]
    fn sort_pushed(&self) -> bool {
        self.inner.sort_pushed
    }

    /// Whether the store applies offset and limit.
    #[getter]
    fn limit_pushed(&self) -> bool {
        self.inner.limit_pushed
    }

    /// How the store finds the records, in one line.
    #[getter]
    fn access(&self) -> &str {
        &self.inner.plan.access
    }

    /// The index that is used.
    #[getter]
    fn index(&self) -> Option<&str> {
        self.inner.plan.index.as_deref()
    }

    /// How many records it expects to look at.
    #[getter]
    fn rows_examined(&self) -> Option<u64> {
        self.inner.plan.rows_examined
    }

    /// How many bytes it expects to read.
    #[getter]
    fn bytes_read(&self) -> Option<u64> {
        self.inner.plan.bytes_read
    }

    /// How many requests to a server it expects to make.
    #[getter]
    fn requests(&self) -> Option<u64> {
        self.inner.plan.requests
    }

    /// What those requests cost, in US dollars.
    #[getter]
    fn dollars(&self) -> Option<f64> {
        self.inner.plan.dollars
    }

    /// What else is worth knowing, such as an index that would help.
    #[getter]
    fn notes(&self) -> Vec<String> {
        self.inner.plan.notes.clone()
    }

    /// Give everything as a dict, which `json.dumps` takes as it is.
    ///
    /// Returns
    /// -------
    /// dict
    ///     ``backend``, ``query``, ``leaves``, ``rechecked``, ``sort_pushed``, ``limit_pushed`` and, with the expected
    ///     cost, ``plan``.
    ///
    /// Examples
    /// --------
    /// >>> from dataknobs_data import SyncDatabase
    /// >>> SyncDatabase.create("memory").explain("age > 30").to_dict()["leaves"]
    /// [{'leaf': 'age > 30', 'support': 'exact'}]
    fn to_dict<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        json::to_python(py, &self.document())
    }

    fn __eq__(&self, other: PyRef<'_, Self>) -> bool {
        other.inner == self.inner
    }

    fn __str__(&self) -> String {
        self.inner.to_string()
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        let query = PyString::new(py, &self.inner.query).repr()?.to_string();
        Ok(format!("<Explain {query} on {}: {}>", self.inner.backend, self.inner.plan.access))
    }
}

/// An index of a database.
///
/// Parameters
/// ----------
/// name : str
///     Its name.
/// path : str or list of str
///     What is indexed.
/// kind : {"hash", "ordered"}, default "hash"
///     ``"hash"`` finds equal values, ``"ordered"`` ranges too.
///
/// Examples
/// --------
/// >>> from dataknobs_data import SyncDatabase
/// >>> db = SyncDatabase.create("memory")
/// >>> db.create_index("age", kind="ordered")
/// IndexInfo('age_ordered', 'age', 'ordered')
#[pyclass(name = "IndexInfo", module = "dataknobs_data", frozen)]
pub(crate) struct PyIndexInfo {
    inner: IndexInfo,
}

impl From<IndexInfo> for PyIndexInfo {
    fn from(inner: IndexInfo) -> Self {
        PyIndexInfo { inner }
    }
}

#[pymethods]
impl PyIndexInfo {
    #[new]
    #[pyo3(signature = (name, path, kind="hash"))]
    fn new(name: &Bound<'_, PyString>, path: &Bound<'_, PyAny>, kind: &str) -> Outcome<Self> {
        let kind = kind.parse::<IndexKind>()?;
        Ok(PyIndexInfo { inner: IndexInfo::new(value::text(name)?, self::path(path)?, kind) })
    }

    /// Its name.
    #[getter]
    fn name(&self) -> &str {
        &self.inner.name
    }

    /// What is indexed: a dotted path, or a list of literal segments.
    #[getter]
    fn path<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        path_to_python(py, &self.inner.path)
    }

    /// ``"hash"`` or ``"ordered"``.
    #[getter]
    fn kind(&self) -> &'static str {
        self.inner.kind.name()
    }

    fn __eq__(&self, other: PyRef<'_, Self>) -> bool {
        other.inner == self.inner
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        let name = PyString::new(py, self.name()).repr()?.to_string();
        Ok(format!("IndexInfo({name}, {}, '{}')", self.path(py)?.repr()?, self.kind()))
    }

    fn __reduce__<'py>(slf: &Bound<'py, Self>) -> PyResult<(Bound<'py, PyType>, Bound<'py, PyTuple>)> {
        let index = slf.get();
        let arguments = (index.name(), index.path(slf.py())?, index.kind());
        Ok((slf.get_type(), arguments.into_pyobject(slf.py())?))
    }
}

/// `{"backend": …, "location": …}`, and what else the store tells of itself.
pub(crate) fn info<'py>(py: Python<'py>, info: &BackendInfo) -> PyResult<Bound<'py, PyAny>> {
    let members = PyDict::new(py);
    members.set_item("backend", info.backend)?;
    members.set_item("location", &info.location)?;
    for (key, detail) in &info.details {
        members.set_item(key, json::to_python(py, detail)?)?;
    }
    Ok(members.into_any())
}

pub(crate) use crate::capabilities::to_python as capabilities;
