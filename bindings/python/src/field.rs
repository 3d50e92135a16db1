//! `Field` and field types.

use dataknobs_data::{Converters, Field, FieldType, Value};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyString, PyTuple, PyType};

use crate::error::{Failure, Outcome};
use crate::{json, value};

/// One named value of a record, with its type and its metadata. It never changes.
///
/// Parameters
/// ----------
/// name : str
///     Up to 512 bytes of UTF-8, without control characters; not ``_id``, ``_metadata``, ``_meta`` or ``_score``.
/// value : object, optional
///     None, bool, int (64 bits), finite float, str, datetime, date, bytes, dict or list; also numpy scalars,
///     pandas timestamps, UUIDs and members of enums, which become the plain types.
/// type : FieldType or str, optional
///     Converts the value, or refuses it. By default the value tells its own type.
/// metadata : mapping, optional
///     JSON values by name.
///
/// Raises
/// ------
/// InvalidRecordError
///     When the name is not allowed, no value can hold the object, or the value cannot be converted; the context
///     names the field.
///
/// Examples
/// --------
/// >>> from dataknobs_data import Field, FieldType
/// >>> Field("age", "36", FieldType.INTEGER, metadata={"unit": "years"})
/// Field('age', 36, 'INTEGER', metadata={'unit': 'years'})
#[pyclass(name = "Field", module = "dataknobs_data", frozen)]
pub(crate) struct PyField {
    pub(crate) inner: Field,
}

#[pymethods]
impl PyField {
    #[new]
    #[pyo3(signature = (name, value=None, r#type=None, metadata=None))]
    fn new(
        name: &Bound<'_, PyString>,
        value: Option<&Bound<'_, PyAny>>,
        r#type: Option<&Bound<'_, PyAny>>,
        metadata: Option<&Bound<'_, PyAny>>,
    ) -> Outcome<Self> {
        let name = value::text(name)?;
        let place = format!("`{}`", name.escape_debug());
        let value = match value {
            Some(value) => value::from_python(value).map_err(|failure| failure.at("field", &place))?,
            None => Value::Null,
        };
        let mut field = match r#type {
            None => Field::new(name, value),
            Some(kind) => {
                let kind = type_from_python(kind)?;
                let value = Converters::new().convert_field(&name, &value, kind)?;
                Field::new(name, value).with_type(kind)
            }
        };
        if let Some(metadata) = metadata {
            field.metadata = json::map_from_python(metadata, "metadata")?;
        }
        // Name, value and metadata are checked where every record is.
        dataknobs_data::Record::new().set_field(field.clone())?;
        Ok(PyField { inner: field })
    }

    /// The name.
    #[getter]
    fn name<'py>(&self, py: Python<'py>) -> Bound<'py, PyString> {
        PyString::new(py, &self.inner.name)
    }

    /// The value, as a plain Python object.
    #[getter]
    fn value<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        value::to_python(py, &self.inner.value)
    }

    /// The type. A field that is null has one too.
    #[getter]
    fn r#type<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        type_to_python(py, self.inner.field_type)
    }

    /// The metadata, as a mapping that cannot be changed.
    #[getter]
    fn metadata<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let metadata = json::map_to_python(py, &self.inner.metadata)?;
        py.import("types")?.getattr("MappingProxyType")?.call1((metadata,))
    }

    /// Give the same field with its value converted to another type.
    ///
    /// Parameters
    /// ----------
    /// type : FieldType or str
    ///     The type to convert to.
    ///
    /// Returns
    /// -------
    /// Field
    ///     The new field; name and metadata stay.
    ///
    /// Raises
    /// ------
    /// InvalidRecordError
    ///     When the value cannot be converted; the context names field, value kind and target.
    ///
    /// Examples
    /// --------
    /// >>> from dataknobs_data import Field
    /// >>> Field("age", "36").convert("INTEGER").value
    /// 36
    fn convert(&self, r#type: &Bound<'_, PyAny>) -> Outcome<Self> {
        let mut field = self.inner.clone();
        field.field_type = type_from_python(r#type)?;
        field.value = Converters::new().convert_field(&field.name, &field.value, field.field_type)?;
        Ok(PyField { inner: field })
    }

    fn __eq__(&self, other: &Bound<'_, PyAny>) -> bool {
        other.cast::<PyField>().is_ok_and(|other| other.get().inner == self.inner)
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        let value = value::to_python(py, &self.inner.value)?.repr()?;
        let name = PyString::new(py, &self.inner.name).repr()?;
        let mut text = format!("Field({name}, {value}, {:?}", self.inner.field_type.name()).replace('"', "'");
        if !self.inner.metadata.is_empty() {
            text.push_str(&format!(", metadata={}", json::map_to_python(py, &self.inner.metadata)?.repr()?));
        }
        text.push(')');
        Ok(text)
    }

    fn __reduce__<'py>(slf: &Bound<'py, Self>) -> PyResult<(Bound<'py, PyType>, Bound<'py, PyTuple>)> {
        let py = slf.py();
        let field = &slf.get().inner;
        let arguments = (
            PyString::new(py, &field.name),
            value::to_python(py, &field.value)?,
            field.field_type.name(),
            json::map_to_python(py, &field.metadata)?,
        );
        Ok((slf.get_type(), arguments.into_pyobject(py)?))
    }
}

/// The type that this names: a `FieldType` or its name.
pub(crate) fn type_from_python(object: &Bound<'_, PyAny>) -> Outcome<FieldType> {
    let Ok(name) = object.cast::<PyString>() else {
        return Err(Failure::Python(PyTypeError::new_err("a field type is a FieldType or its name")));
    };
    Ok(value::text(name)?.parse::<FieldType>()?)
}

/// The member of the Python enum `FieldType`.
pub(crate) fn type_to_python(py: Python<'_>, kind: FieldType) -> PyResult<Bound<'_, PyAny>> {
    static MEMBERS: PyOnceLock<Py<PyDict>> = PyOnceLock::new();
    let members = MEMBERS.get_or_try_init(py, || {
        let class = py.import("dataknobs_data.fields")?.getattr("FieldType")?;
        let members = PyDict::new(py);
        for kind in FieldType::ALL {
            members.set_item(kind.name(), class.getattr(kind.name())?)?;
        }
        PyResult::Ok(members.unbind())
    })?;
    members.bind(py).as_any().get_item(kind.name())
}
