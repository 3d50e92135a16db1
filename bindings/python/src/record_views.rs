//! Views of a record: its fields with types and metadata, and its metadata as a live mapping.

use dataknobs_data::Metadata;
use pyo3::exceptions::{PyIndexError, PyKeyError, PyTypeError};
use pyo3::prelude::*;
use pyo3::pyclass::CompareOp;
use pyo3::types::{PyDict, PyInt, PyList, PyString, PyTuple};

use crate::error::{Failure, Outcome};
use crate::field::PyField;
use crate::record::{PyRecord, position_of};
use crate::{json, value};

/// The fields of a record, by name or by position.
#[pyclass(module = "dataknobs_data", frozen, mapping)]
pub(crate) struct Fields {
    record: Py<PyRecord>,
}

impl Fields {
    pub(crate) fn new(record: Py<PyRecord>) -> Self {
        Fields { record }
    }
}

#[pymethods]
impl Fields {
    fn __len__(&self) -> usize {
        self.record.get().get().len()
    }

    fn __getitem__(&self, key: &Bound<'_, PyAny>) -> Outcome<PyField> {
        let record = self.record.get().get();
        if let Ok(name) = key.cast::<PyString>() {
            return match name.to_str().ok().and_then(|name| record.field(name)) {
                Some(field) => Ok(PyField { inner: field.to_field() }),
                None => Err(Failure::Python(PyKeyError::new_err(key.clone().unbind()))),
            };
        }
        let Ok(index) = key.cast::<PyInt>() else {
            return Err(Failure::Python(PyTypeError::new_err("a field is addressed by its name or its position")));
        };
        match position_of(index, record.len()).and_then(|position| record.field_at(position)) {
            Some(field) => Ok(PyField { inner: field.to_field() }),
            None => Err(Failure::Python(PyIndexError::new_err("the record has no field at this position"))),
        }
    }

    fn __contains__(&self, key: &Bound<'_, PyAny>) -> bool {
        let Ok(name) = key.cast::<PyString>() else { return false };
        name.to_str().is_ok_and(|name| self.record.get().get().field(name).is_some())
    }

    fn __iter__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        Ok(self.keys(py)?.try_iter()?.into_any())
    }

    /// The field names, in order.
    fn keys<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let record = self.record.get().get();
        PyList::new(py, record.shape().fields().iter().map(|(name, _)| name.as_str()))
    }

    /// The `Field` objects, in order.
    fn values<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let list = PyList::empty(py);
        for field in self.record.get().get().fields() {
            list.append(Py::new(py, PyField { inner: field.to_field() })?)?;
        }
        Ok(list)
    }

    /// Pairs of name and `Field`, in order.
    fn items<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let list = PyList::empty(py);
        for field in self.record.get().get().fields() {
            list.append((field.name(), Py::new(py, PyField { inner: field.to_field() })?))?;
        }
        Ok(list)
    }

    /// The `Field` of this name, or the default when there is none.
    #[pyo3(signature = (name, default=None))]
    fn get<'py>(
        &self,
        py: Python<'py>,
        name: &Bound<'py, PyString>,
        default: Option<Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let record = self.record.get().get();
        match name.to_str().ok().and_then(|name| record.field(name)) {
            Some(field) => Ok(Py::new(py, PyField { inner: field.to_field() })?.into_bound(py).into_any()),
            None => Ok(default.unwrap_or_else(|| py.None().into_bound(py))),
        }
    }

    fn __eq__<'py>(&self, py: Python<'py>, other: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        match other.cast::<Fields>() {
            Ok(other) => self.items(py)?.rich_compare(other.get().items(py)?, CompareOp::Eq),
            Err(_) => Ok(py.NotImplemented().into_bound(py)),
        }
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        Ok(format!("Fields({})", self.values(py)?.repr()?))
    }
}

/// A record's metadata, read and changed in place. Values are JSON: each read gives a copy.
#[pyclass(name = "Metadata", module = "dataknobs_data", frozen, mapping)]
pub(crate) struct MetadataView {
    record: Py<PyRecord>,
}

impl MetadataView {
    pub(crate) fn new(record: Py<PyRecord>) -> Self {
        MetadataView { record }
    }

    pub(crate) fn get(&self) -> Metadata {
        self.record.get().get().metadata().clone()
    }

    fn change<T>(&self, change: impl FnOnce(&mut Metadata) -> T) -> Outcome<T> {
        self.record.get().change(|record| {
            let mut metadata = record.metadata().clone();
            let result = change(&mut metadata);
            record.set_metadata(metadata)?;
            Ok(result)
        })
    }
}

#[pymethods]
impl MetadataView {
    fn __len__(&self) -> usize {
        self.record.get().get().metadata().len()
    }

    fn __getitem__<'py>(&self, py: Python<'py>, key: &Bound<'py, PyString>) -> PyResult<Bound<'py, PyAny>> {
        match key.to_str().ok().and_then(|key| self.get().get(key).cloned()) {
            Some(value) => json::to_python(py, &value),
            None => Err(PyKeyError::new_err(key.clone().unbind())),
        }
    }

    fn __setitem__(&self, key: &Bound<'_, PyString>, value: &Bound<'_, PyAny>) -> Outcome<()> {
        let key = value::text(key)?;
        let value = json::from_python(value).map_err(|failure| failure.at("metadata", format!("`{key}`")))?;
        self.change(|metadata| drop(metadata.insert(key.into(), value)))
    }

    fn __delitem__(&self, key: &Bound<'_, PyString>) -> Outcome<()> {
        let name = value::text(key)?;
        match self.change(|metadata| metadata.shift_remove(name.as_str()))? {
            Some(_) => Ok(()),
            None => Err(Failure::Python(PyKeyError::new_err(key.clone().unbind()))),
        }
    }

    fn __contains__(&self, key: &Bound<'_, PyAny>) -> bool {
        let Ok(name) = key.cast::<PyString>() else { return false };
        name.to_str().is_ok_and(|name| self.record.get().get().metadata().contains_key(name))
    }

    fn __iter__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        Ok(self.keys(py)?.try_iter()?.into_any())
    }

    /// The keys, in order.
    fn keys<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        PyList::new(py, self.get().keys())
    }

    /// The values, in the order of the keys.
    fn values<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.to_dict(py)?.call_method0("values")
    }

    /// Pairs of key and value.
    fn items<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.to_dict(py)?.call_method0("items")
    }

    /// The value of a key, or the default when there is no such key.
    #[pyo3(name = "get", signature = (key, default=None))]
    fn get_value<'py>(
        &self,
        py: Python<'py>,
        key: &Bound<'py, PyString>,
        default: Option<Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        match key.to_str().ok().and_then(|key| self.get().get(key).cloned()) {
            Some(value) => json::to_python(py, &value),
            None => Ok(default.unwrap_or_else(|| py.None().into_bound(py))),
        }
    }

    /// Sets keys from a mapping, from keywords, or both.
    #[pyo3(signature = (data=None, /, **entries))]
    fn update(&self, data: Option<&Bound<'_, PyAny>>, entries: Option<&Bound<'_, PyDict>>) -> Outcome<()> {
        for source in [data, entries.map(Bound::as_any)].into_iter().flatten() {
            let members = json::map_from_python(source, "metadata")?;
            self.change(|metadata| metadata.extend(members))?;
        }
        Ok(())
    }

    /// Removes a key and gives its value, or the default when there is no such key.
    #[pyo3(signature = (key, *default))]
    fn pop<'py>(
        &self,
        py: Python<'py>,
        key: &Bound<'py, PyString>,
        default: &Bound<'py, PyTuple>,
    ) -> Outcome<Bound<'py, PyAny>> {
        let name = value::text(key)?;
        match (self.change(|metadata| metadata.shift_remove(name.as_str()))?, default.iter().next()) {
            (Some(value), _) => Ok(json::to_python(py, &value)?),
            (None, Some(default)) => Ok(default),
            (None, None) => Err(Failure::Python(PyKeyError::new_err(key.clone().unbind()))),
        }
    }

    /// Removes the last key and gives it with its value.
    fn popitem<'py>(&self, py: Python<'py>) -> Outcome<(String, Bound<'py, PyAny>)> {
        let removed = self.change(|metadata| {
            let last = metadata.keys().next_back()?.clone();
            metadata.shift_remove_entry(&last)
        })?;
        match removed {
            Some((key, value)) => Ok((key, json::to_python(py, &value)?)),
            None => Err(Failure::Python(PyKeyError::new_err("there is no metadata"))),
        }
    }

    /// The value of a key, which is set to the default when there is no such key.
    #[pyo3(signature = (key, default=None))]
    fn setdefault<'py>(
        &self,
        py: Python<'py>,
        key: &Bound<'py, PyString>,
        default: Option<Bound<'py, PyAny>>,
    ) -> Outcome<Bound<'py, PyAny>> {
        if !self.__contains__(key) {
            self.__setitem__(key, default.as_ref().unwrap_or(py.None().bind(py)))?;
        }
        Ok(self.__getitem__(py, key)?)
    }

    /// Removes every key.
    fn clear(&self) -> Outcome<()> {
        self.change(serde_json::Map::clear)
    }

    /// A plain dict with the same content.
    fn to_dict<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        json::map_to_python(py, &self.get())
    }

    fn __eq__<'py>(&self, py: Python<'py>, other: &Bound<'py, PyAny>) -> PyResult<bool> {
        match other.cast::<MetadataView>() {
            Ok(other) => Ok(other.get().get() == self.get()),
            Err(_) => self.to_dict(py)?.eq(other),
        }
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        Ok(format!("Metadata({})", self.to_dict(py)?.repr()?))
    }
}
