//! Conditions and sorts, as the methods of Python backends see them.

use dataknobs_data::{Condition, Leaf, Path, SortKey, SortPosition};
use pyo3::prelude::*;
use pyo3::types::PyList;

use crate::operand::{operand_to_python, path_to_python};
use crate::value;

/// Parts of a condition that must all hold, or one of which must.
#[pyclass(name = "Condition", module = "dataknobs_data.backends.base", frozen)]
pub(crate) struct PyCondition {
    kind: &'static str,
    parts: Vec<Condition>,
}

/// The Python object of a condition: a `Condition` or a `Leaf`.
pub(crate) fn to_python<'py>(py: Python<'py>, condition: &Condition) -> PyResult<Bound<'py, PyAny>> {
    let (kind, parts) = match condition {
        Condition::Leaf(leaf) => return leaf_to_python(py, leaf),
        Condition::All(parts) => ("all", parts),
        Condition::Any(parts) => ("any", parts),
    };
    Ok(Bound::new(py, PyCondition { kind, parts: parts.clone() })?.into_any())
}

pub(crate) fn leaf_to_python<'py>(py: Python<'py>, leaf: &Leaf) -> PyResult<Bound<'py, PyAny>> {
    Ok(Bound::new(py, PyLeaf { inner: leaf.clone() })?.into_any())
}

#[pymethods]
impl PyCondition {
    /// ``"all"`` or ``"any"``. All of no parts is true, any of none is false.
    #[getter]
    fn kind(&self) -> &'static str {
        self.kind
    }

    /// The parts.
    #[getter]
    fn parts<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let parts = self.parts.iter().map(|part| to_python(py, part)).collect::<PyResult<Vec<_>>>()?;
        PyList::new(py, parts)
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        Ok(format!("Condition({:?}, {})", self.kind, self.parts(py)?.repr()?))
    }
}

/// One test of a condition.
#[pyclass(name = "Leaf", module = "dataknobs_data.backends.base", frozen)]
pub(crate) struct PyLeaf {
    inner: Leaf,
}

/// The field that a path can name alone: not the id, not metadata, not a place inside JSON.
fn plain_field(path: &Path) -> Option<&str> {
    match path.segments() {
        [only] if !matches!(only.as_str(), "_id" | "id" | "_metadata" | "metadata") => Some(only),
        _ => None,
    }
}

#[pymethods]
impl PyLeaf {
    /// What is tested: a dotted path, or a list of segments where the dotted form would say something else.
    #[getter]
    fn path<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        path_to_python(py, self.inner.path())
    }

    /// The path's segments.
    #[getter]
    fn segments(&self) -> Vec<&str> {
        self.inner.path().segments().iter().map(|segment| segment.as_str()).collect()
    }

    /// The name of the one field that is tested; None for the id, metadata and places inside JSON.
    #[getter]
    fn field(&self) -> Option<&str> {
        plain_field(self.inner.path())
    }

    /// The name of a positive operator, such as ``"EQ"``.
    #[getter]
    fn operator(&self) -> &'static str {
        self.inner.operator().name()
    }

    /// What it compares with: a value, a list, or None.
    #[getter]
    fn operand<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        operand_to_python(py, self.inner.test().operand())
    }

    /// Whether the operator's answer is turned around, where the path has a value.
    #[getter]
    fn negated(&self) -> bool {
        self.inner.negated()
    }

    /// The answer where the path has no value.
    #[getter]
    fn when_absent(&self) -> bool {
        self.inner.when_absent()
    }

    fn __repr__(&self) -> String {
        format!("<Leaf {}>", self.inner)
    }
}

/// One key of a sort.
#[pyclass(name = "SortKey", module = "dataknobs_data.backends.base", frozen)]
pub(crate) struct PySortKey {
    inner: SortKey,
}

pub(crate) fn sort_to_python<'py>(py: Python<'py>, sort: &[SortKey]) -> PyResult<Bound<'py, PyList>> {
    PyList::new(
        py,
        sort.iter()
            .map(|key| PySortKey { inner: key.clone() })
            .map(|key| Py::new(py, key))
            .collect::<PyResult<Vec<_>>>()?,
    )
}

#[pymethods]
impl PySortKey {
    /// What is sorted by.
    #[getter]
    fn path<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        path_to_python(py, &self.inner.path)
    }

    /// The name of the one field that is sorted by; None for the id, metadata and places inside JSON.
    #[getter]
    fn field(&self) -> Option<&str> {
        plain_field(&self.inner.path)
    }

    /// Whether the largest comes first. Absent values come last in both directions.
    #[getter]
    fn descending(&self) -> bool {
        self.inner.order.is_descending()
    }

    fn __repr__(&self) -> String {
        format!("<SortKey {} {}>", self.inner.path, self.inner.order)
    }
}

/// A place in a sorted result.
#[pyclass(name = "SortPosition", module = "dataknobs_data.backends.base", frozen)]
pub(crate) struct PySortPosition {
    pub(crate) inner: SortPosition,
}

#[pymethods]
impl PySortPosition {
    /// The value of each sort key there; None where none is present.
    #[getter]
    fn values<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let values = self.inner.keys().iter().map(|key| match key {
            Some(value) => value::to_python(py, value),
            None => Ok(py.None().into_bound(py)),
        });
        PyList::new(py, values.collect::<PyResult<Vec<_>>>()?)
    }

    /// The id of the record there, which breaks ties.
    #[getter]
    fn id(&self) -> Option<&str> {
        self.inner.id()
    }
}
