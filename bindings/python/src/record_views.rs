//! Views of a record: its fields with types and metadata, and its metadata as a live mapping.

use dataknobs_data::Metadata;
use pyo3::exceptions::{PyIndexError, PyKeyError, PyTypeError};
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyInt, PyList, PyString, PyTuple};

use crate::error::{Failure, Outcome};
use crate::field::PyField;
use crate::record::{PyRecord, position_of};
use crate::{json, value};

/// The fields of a record with their types and metadata, by name or by position.
///
/// It shows the record as it is; to change a field, use `Record.set_field`.
///
/// Examples
/// --------
/// >>> from dataknobs_data import Record
/// >>> fields = Record({"name": "Ada", "age": 36}).fields
/// >>> fields["age"], fields[0].name
/// (Field('age', 36, 'INTEGER'), 'name')
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

    /// Give a field, or the default when there is no such field.
    ///
    /// Parameters
    /// ----------
    /// name : str
    ///     The field's name.
    /// default : object, optional
    ///     What is given when there is no such field.
    ///
    /// Examples
    /// --------
    /// >>> from dataknobs_data import Record
    /// >>> Record({"name": "Ada"}).fields.get("age") is None
    /// True
    #[pyo3(name = "get", signature = (name, default=None))]
    fn get_field<'py>(
        &self,
        py: Python<'py>,
        name: &Bound<'py, PyString>,
        default: Option<Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        match self.record.get().get().field(name.to_str()?) {
            Some(field) => Ok(Bound::new(py, PyField { inner: field.to_field() })?.into_any()),
            None => Ok(default.unwrap_or_else(|| py.None().into_bound(py))),
        }
    }

    /// Give the field names, in order.
    ///
    /// Examples
    /// --------
    /// >>> from dataknobs_data import Record
    /// >>> Record({"name": "Ada"}).fields.keys()
    /// ['name']
    fn keys<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let record = self.record.get().get();
        PyList::new(py, record.shape().fields().iter().map(|(name, _)| name.as_str()))
    }

    /// Give the `Field` objects, in order.
    ///
    /// Examples
    /// --------
    /// >>> from dataknobs_data import Record
    /// >>> Record({"name": "Ada"}).fields.values()
    /// [Field('name', 'Ada', 'STRING')]
    fn values<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let list = PyList::empty(py);
        for field in self.record.get().get().fields() {
            list.append(Py::new(py, PyField { inner: field.to_field() })?)?;
        }
        Ok(list)
    }

    /// Give pairs of name and `Field`, in order.
    ///
    /// Examples
    /// --------
    /// >>> from dataknobs_data import Record
    /// >>> Record({"name": "Ada"}).fields.items()
    /// [('name', Field('name', 'Ada', 'STRING'))]
    fn items<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let list = PyList::empty(py);
        for field in self.record.get().get().fields() {
            list.append((field.name(), Py::new(py, PyField { inner: field.to_field() })?))?;
        }
        Ok(list)
    }

    /// Equal as mappings are: whatever the order.
    fn __eq__<'py>(&self, py: Python<'py>, other: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        if !other.is_instance_of::<Fields>() && !other.is_instance_of::<PyDict>() {
            return Ok(py.NotImplemented().into_bound(py));
        }
        let dict = |pairs: &Bound<'py, PyAny>| py.get_type::<PyDict>().call1((pairs,));
        let equal = dict(self.items(py)?.as_any())?.eq(dict(&other.call_method0("items")?)?)?;
        Ok(PyBool::new(py, equal).to_owned().into_any())
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        Ok(format!("Fields({})", self.values(py)?.repr()?))
    }
}

/// A record's metadata, read and changed in place. Values are JSON: each read gives a copy.
///
/// Examples
/// --------
/// >>> from dataknobs_data import Record
/// >>> record = Record({"name": "Ada"}, metadata={"source": "letters"})
/// >>> record.metadata["checked"] = True
/// >>> record.metadata
/// Metadata({'source': 'letters', 'checked': True})
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

    /// Give the keys, in order.
    ///
    /// Examples
    /// --------
    /// >>> from dataknobs_data import Record
    /// >>> Record(metadata={"source": "letters"}).metadata.keys()
    /// ['source']
    fn keys<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        PyList::new(py, self.get().keys())
    }

    /// Give the values, in the order of the keys.
    ///
    /// Examples
    /// --------
    /// >>> from dataknobs_data import Record
    /// >>> list(Record(metadata={"source": "letters"}).metadata.values())
    /// ['letters']
    fn values<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.to_dict(py)?.call_method0("values")
    }

    /// Give pairs of key and value.
    ///
    /// Examples
    /// --------
    /// >>> from dataknobs_data import Record
    /// >>> list(Record(metadata={"source": "letters"}).metadata.items())
    /// [('source', 'letters')]
    fn items<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.to_dict(py)?.call_method0("items")
    }

    /// Give the value of a key, or the default when there is no such key.
    ///
    /// Parameters
    /// ----------
    /// key : str
    ///     The key.
    /// default : object, optional
    ///     What is given when there is no such key.
    ///
    /// Examples
    /// --------
    /// >>> from dataknobs_data import Record
    /// >>> Record().metadata.get("source", "unknown")
    /// 'unknown'
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

    /// Set keys from a mapping, from keywords, or both.
    ///
    /// Parameters
    /// ----------
    /// data : mapping, optional
    ///     The keys and values to set.
    /// **entries
    ///     More of them.
    ///
    /// Examples
    /// --------
    /// >>> from dataknobs_data import Record
    /// >>> record = Record()
    /// >>> record.metadata.update({"source": "letters"}, checked=True)
    /// >>> record.metadata.to_dict()
    /// {'source': 'letters', 'checked': True}
    #[pyo3(signature = (data=None, /, **entries))]
    fn update(&self, data: Option<&Bound<'_, PyAny>>, entries: Option<&Bound<'_, PyDict>>) -> Outcome<()> {
        for source in [data, entries.map(Bound::as_any)].into_iter().flatten() {
            let members = json::map_from_python(source, "metadata")?;
            self.change(|metadata| metadata.extend(members))?;
        }
        Ok(())
    }

    /// Give the value of a key; when there is no such key, set it to the default first.
    ///
    /// Parameters
    /// ----------
    /// key : str
    ///     The key.
    /// default : object, optional
    ///     The value of the new key.
    ///
    /// Examples
    /// --------
    /// >>> from dataknobs_data import Record
    /// >>> Record().metadata.setdefault("source", "letters")
    /// 'letters'
    #[pyo3(signature = (key, default=None))]
    fn setdefault<'py>(
        &self,
        py: Python<'py>,
        key: &Bound<'py, PyString>,
        default: Option<Bound<'py, PyAny>>,
    ) -> Outcome<Bound<'py, PyAny>> {
        if !self.__contains__(key) {
            self.__setitem__(key, &default.unwrap_or_else(|| py.None().into_bound(py)))?;
        }
        Ok(self.__getitem__(py, key)?)
    }

    /// Remove a key and give its value.
    ///
    /// Parameters
    /// ----------
    /// key : str
    ///     The key.
    /// *default : object, optional
    ///     What is given when there is no such key.
    ///
    /// Raises
    /// ------
    /// KeyError
    ///     When there is no such key, and no default.
    ///
    /// Examples
    /// --------
    /// >>> from dataknobs_data import Record
    /// >>> Record(metadata={"source": "letters"}).metadata.pop("source")
    /// 'letters'
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

    /// Remove the last key and give it and its value.
    ///
    /// Raises
    /// ------
    /// KeyError
    ///     When there are no keys.
    ///
    /// Examples
    /// --------
    /// >>> from dataknobs_data import Record
    /// >>> Record(metadata={"source": "letters"}).metadata.popitem()
    /// ('source', 'letters')
    fn popitem<'py>(&self, py: Python<'py>) -> Outcome<(String, Bound<'py, PyAny>)> {
        let last = self.get().keys().next_back().cloned();
        let removed = match last {
            Some(key) => self.change(|metadata| metadata.shift_remove_entry(&key))?,
            None => None,
        };
        match removed {
            Some((key, value)) => Ok((key, json::to_python(py, &value)?)),
            None => Err(Failure::Python(PyKeyError::new_err("there is no metadata"))),
        }
    }

    /// Remove all keys.
    ///
    /// Examples
    /// --------
    /// >>> from dataknobs_data import Record
    /// >>> record = Record(metadata={"source": "letters"})
    /// >>> record.metadata.clear()
    /// >>> len(record.metadata)
    /// 0
    fn clear(&self) -> Outcome<()> {
        self.change(Metadata::clear)
    }

    /// Give a plain dict with the same content.
    ///
    /// Returns
    /// -------
    /// dict
    ///     A copy.
    ///
    /// Examples
    /// --------
    /// >>> from dataknobs_data import Record
    /// >>> Record(metadata={"source": "letters"}).metadata.to_dict()
    /// {'source': 'letters'}
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
