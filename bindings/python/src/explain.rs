//! What a query will cost, and what a database is and has: plain data, to be read.

use dataknobs_data::{BackendInfo, Explain, IndexInfo, IndexKind};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString, PyTuple, PyType};
use serde_json::Value as Json;

use crate::error::Outcome;
use crate::operand::{path, path_to_python};
use crate::{json, value};

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
    #[getter]
    fn backend(&self) -> &str {
        &self.inner.backend
    }

    #[getter]
    fn query(&self) -> &str {
        &self.inner.query
    }

    #[getter]
    fn leaves<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        json::to_python(py, &self.document()["leaves"])
    }

    #[getter]
    fn rechecked(&self) -> bool {
        self.inner.rechecked
    }

    #[getter]
    fn sort_pushed(&self) -> bool {
        self.inner.sort_pushed
    }

    #[getter]
    fn limit_pushed(&self) -> bool {
        self.inner.limit_pushed
    }

    #[getter]
    fn access(&self) -> &str {
        &self.inner.plan.access
    }

    #[getter]
    fn index(&self) -> Option<&str> {
        self.inner.plan.index.as_deref()
    }

    #[getter]
    fn rows_examined(&self) -> Option<u64> {
        self.inner.plan.rows_examined
    }

    #[getter]
    fn bytes_read(&self) -> Option<u64> {
        self.inner.plan.bytes_read
    }

    #[getter]
    fn requests(&self) -> Option<u64> {
        self.inner.plan.requests
    }

    #[getter]
    fn dollars(&self) -> Option<f64> {
        self.inner.plan.dollars
    }

    #[getter]
    fn notes(&self) -> Vec<String> {
        self.inner.plan.notes.clone()
    }

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

    #[getter]
    fn name(&self) -> &str {
        &self.inner.name
    }

    #[getter]
    fn path<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        path_to_python(py, &self.inner.path)
    }

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
