//! `Field` and field types.

use dataknobs_data::{Field, FieldType, Value};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyString, PyTuple};

use crate::error::{Failure, Outcome};
use crate::{converters, json, serializers, value};

/// One named value of a record, with its type and its metadata. It never changes.
///
/// Parameters
/// ----------
/// name : str
///     Up to 512 bytes of UTF-8, without control characters; not ``_id``, ``_metadata``, ``_meta`` or ``_score``.
/// value : object, optional
///     None, bool, int (64 bits), finite float, str, datetime, date, bytes, dict or list; also numpy scalars,
///     pandas timestamps, UUIDs and members of enums, which become the plain types; and objects of classes for which
///     a serializer is registered.
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
        let (value, mut serializer) = match value {
            Some(value) => serializers::read(value).map_err(|failure| failure.at("field", &place))?,
            None => (Value::Null, None),
        };
        let mut field = match r#type {
            None => Field::new(name, value),
            Some(kind) => {
                let kind = type_from_python(kind)?;
                let converted = converters::convert_field(&name, &value, kind)?;
                // What was converted is no longer what the serializer made.
                serializer = serializer.filter(|_| converted == value);
                Field::new(name, converted).with_type(kind)
            }
        };
        if let Some(metadata) = metadata {
            field.metadata = json::map_from_python(metadata, "metadata")?;
        }
        if let Some(serializer) = serializer {
            field = field.with_metadata(Field::SERIALIZER, serializer.as_str());
        }
        checked(field)
    }

    /// The name.
    #[getter]
    fn name<'py>(&self, py: Python<'py>) -> Bound<'py, PyString> {
        PyString::new(py, &self.inner.name)
    }

    /// The value: a plain Python object, or what the field's serializer reads back.
    #[getter]
    fn value<'py>(&self, py: Python<'py>) -> Outcome<Bound<'py, PyAny>> {
        serializers::object(py, &self.inner.name, &self.inner.value, Some(&self.inner.metadata))
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
        Ok(PyField { inner: converted(self.inner.clone(), type_from_python(r#type)?)? })
    }

    fn __eq__(&self, other: &Bound<'_, PyAny>) -> bool {
        other.cast::<PyField>().is_ok_and(|other| other.get().inner == self.inner)
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        let value = serializers::shown(py, &self.inner.name, &self.inner.value, Some(&self.inner.metadata))?.repr()?;
        let name = PyString::new(py, &self.inner.name).repr()?;
        let mut text = format!("Field({name}, {value}, {:?}", self.inner.field_type.name()).replace('"', "'");
        if !self.inner.metadata.is_empty() {
            text.push_str(&format!(", metadata={}", json::map_to_python(py, &self.inner.metadata)?.repr()?));
        }
        text.push(')');
        Ok(text)
    }

    fn __reduce__<'py>(slf: &Bound<'py, Self>) -> PyResult<(Bound<'py, PyAny>, Bound<'py, PyTuple>)> {
        let py = slf.py();
        let field = &slf.get().inner;
        let restore = py.import("dataknobs_data._native")?.getattr("_restore_field")?;
        let arguments = (
            PyString::new(py, &field.name),
            value::to_python(py, &field.value)?,
            field.field_type.name(),
            json::map_to_python(py, &field.metadata)?,
        );
        Ok((restore, arguments.into_pyobject(py)?))
    }
}

/// The field with its value converted; what was changed is no longer what its serializer made.
pub(crate) fn converted(mut field: Field, kind: FieldType) -> Outcome<Field> {
    let value = converters::convert_field(&field.name, &field.value, kind)?;
    if value != field.value {
        field.metadata.shift_remove(Field::SERIALIZER);
    }
    Ok(Field { value, field_type: kind, ..field })
}

/// Name, value and metadata are checked where every record is.
fn checked(field: Field) -> Outcome<PyField> {
    dataknobs_data::Record::new().set_field(field.clone())?;
    Ok(PyField { inner: field })
}

/// The other half of pickling: the stored value, which goes through no converter and no serializer.
#[pyfunction]
pub(crate) fn _restore_field(
    name: &str,
    value: &Bound<'_, PyAny>,
    r#type: &str,
    metadata: &Bound<'_, PyAny>,
) -> Outcome<PyField> {
    let mut field = Field::new(name, value::from_python(value)?).with_type(r#type.parse()?);
    field.metadata = json::map_from_python(metadata, "metadata")?;
    checked(field)
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
