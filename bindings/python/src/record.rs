//! `Record`: a dict of fields, kept as the library keeps it. A Python object for a value is made
//! when the value is asked for.

use dataknobs_data::{Error, Field, FieldRef, FieldType, Metadata, Record, RecordId, Value, Version};
use parking_lot::Mutex;
use pyo3::exceptions::{PyIndexError, PyKeyError, PyTypeError};
use pyo3::prelude::*;
use pyo3::sync::critical_section::with_critical_section;
use pyo3::types::{PyDict, PyInt, PyList, PyString, PyTuple, PyType};
use pyo3::{Borrowed, ffi, intern};
use smallvec::SmallVec;

use crate::error::{Failure, Outcome};
use crate::field::{self, PyField, type_from_python};
use crate::record_views::{Fields, MetadataView};
use crate::{json, serializers, shapes, value};

/// Ordered fields, an optional id, and metadata.
///
/// A record is a mutable mapping of field names to values. Two records are equal when their fields (names, values,
/// types, in order) and metadata are; id and version don't count.
///
/// Parameters
/// ----------
/// data : mapping, iterable of Field, dataclass, named tuple or pydantic model, optional
///     The fields. Values of a mapping may be `Field` objects, to give a type or metadata.
/// id : str or UUID, optional
///     The id: up to 512 bytes of UTF-8 without control characters. A store gives one to a record without.
/// metadata : mapping, optional
///     JSON values by name.
///
/// Raises
/// ------
/// InvalidRecordError
///     When a name or the id is not allowed, or a value is of no type that a record holds; the context names the
///     field.
/// TypeError
///     When the data is none of the above.
///
/// Examples
/// --------
/// >>> from dataknobs_data import Record
/// >>> record = Record({"name": "Ada", "age": 36}, id="ada")
/// >>> record["age"], record[0], record.fields["age"].type.value
/// (36, 'Ada', 'INTEGER')
/// >>> record["age"] += 1
/// >>> record
/// Record({'name': 'Ada', 'age': 37}, id='ada')
#[pyclass(name = "Record", module = "dataknobs_data", subclass, frozen, mapping, weakref)]
pub(crate) struct PyRecord {
    inner: Mutex<Record>,
}

impl PyRecord {
    pub(crate) fn new(record: Record) -> Self {
        PyRecord { inner: Mutex::new(record) }
    }

    /// The record as it is now; cheap.
    pub(crate) fn get(&self) -> Record {
        self.inner.lock().clone()
    }

    /// Looks at the record under its lock.
    pub(crate) fn look<T>(&self, look: impl FnOnce(&Record) -> T) -> T {
        look(&self.inner.lock())
    }

    /// Has the processor fetch the record's memory; no lock is taken.
    #[inline]
    pub(crate) fn prefetch(&self) {
        #[cfg(target_arch = "x86_64")]
        {
            use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
            const { assert!(size_of::<Record>() == size_of::<*const i8>()) };
            // SAFETY: a record is one pointer. It may be changed meanwhile, and what is fetched then is
            // of no use; a processor fetches nothing from an address that it may not read.
            unsafe {
                let record = self.inner.data_ptr().cast::<*const i8>().read_volatile();
                for line in 0..4 {
                    _mm_prefetch::<_MM_HINT_T0>(record.wrapping_add(64 * line));
                }
            }
        }
    }

    pub(crate) fn change<T>(&self, change: impl FnOnce(&mut Record) -> T) -> T {
        change(&mut self.inner.lock())
    }
}

/// The record in an argument: a `Record`, or whatever makes one.
pub(crate) fn argument(object: &Bound<'_, PyAny>) -> Outcome<Record> {
    match object.cast::<PyRecord>() {
        Ok(record) => Ok(record.get().get()),
        Err(_) => build(object),
    }
}

/// The same for a record that is written: it is the caller's alone, who gives it an id and a version.
pub(crate) fn new_argument(object: &Bound<'_, PyAny>) -> Outcome<Record> {
    match object.cast::<PyRecord>() {
        Ok(record) => Ok(record.get().look(Record::detached)),
        Err(_) => build(object),
    }
}

/// The records in an argument: any iterable of what makes a record, or the result of a search.
pub(crate) fn list_argument(object: &Bound<'_, PyAny>) -> Outcome<Vec<Record>> {
    if let Ok(found) = object.cast::<crate::search_result::PySearchResult>() {
        return Ok(found.get().records().to_vec());
    }
    if object.is_instance_of::<PyDict>() || object.is_instance_of::<PyString>() || object.is_instance_of::<PyRecord>() {
        return Err(Failure::Python(PyTypeError::new_err("a batch is a list of records, not a single one")));
    }
    if !object.is_instance_of::<PyList>()
        && let Some(records) = crate::rows::of_columns(object, None)?
    {
        return Ok(records);
    }
    let mut records = Vec::with_capacity(object.len().unwrap_or(0));
    for (index, item) in object.try_iter()?.enumerate() {
        records.push(argument(&item?).map_err(|failure| failure.at("index", index))?);
    }
    Ok(records)
}

/// A record out of a dict, fields, a dataclass, a pydantic model or another record.
fn build(data: &Bound<'_, PyAny>) -> Outcome<Record> {
    if let Ok(dict) = data.cast_exact::<PyDict>() {
        return from_dict(dict);
    }
    if let Ok(record) = data.cast::<PyRecord>() {
        return Ok(record.get().get());
    }
    let py = data.py();
    let plain = py.import(intern!(py, "dataknobs_data.records"))?.getattr(intern!(py, "_plain"))?.call1((data,))?;
    match plain.cast::<PyDict>() {
        Ok(dict) => from_dict(dict),
        Err(_) => from_fields(&plain),
    }
}

/// Fields up to which a record is put together on the stack.
const FEW: usize = 16;

fn from_dict(dict: &Bound<'_, PyDict>) -> Outcome<Record> {
    match with_critical_section(dict, || from_plain_dict(dict)) {
        Some(record) => record,
        None => from_any_dict(dict),
    }
}

/// A dict of plain values under plain names, which nearly all are; none for others, and for what
/// cannot be a record.
fn from_plain_dict(dict: &Bound<'_, PyDict>) -> Option<Outcome<Record>> {
    let py = dict.py();
    let mut names: SmallVec<[(Borrowed<'_, '_, PyString>, FieldType); FEW]> = SmallVec::new();
    let mut values: SmallVec<[Value; FEW]> = SmallVec::new();
    let (mut position, mut name, mut item) = (0, std::ptr::null_mut(), std::ptr::null_mut());
    // SAFETY: the dict is alive, and lends its names and items for as long as nothing changes it.
    // Nothing does before this returns: to read plain values runs no code of Python's.
    while unsafe { ffi::PyDict_Next(dict.as_ptr(), &raw mut position, &raw mut name, &raw mut item) } != 0 {
        // SAFETY: both are borrowed from the dict, as said above.
        let (name, item) = unsafe { (Borrowed::from_ptr(py, name), Borrowed::from_ptr(py, item)) };
        if name.get_type_ptr() != &raw mut ffi::PyUnicode_Type {
            return None;
        }
        let value = value::plain(&item)?;
        // SAFETY: its type is that of strings.
        names.push((unsafe { name.cast_unchecked() }, FieldType::detect(&value)));
        values.push(value);
    }
    let shape = shapes::shape(&names);
    Some(shape.and_then(|shape| Record::from_shape(&shape, values)).map_err(Failure::from))
}

fn from_any_dict(dict: &Bound<'_, PyDict>) -> Outcome<Record> {
    let mut names = Vec::with_capacity(dict.len());
    let mut values = Vec::with_capacity(dict.len());
    for (name, item) in dict.iter() {
        let Ok(name) = name.cast_into::<PyString>() else {
            return Err(Failure::Python(PyTypeError::new_err("a field name is a str")));
        };
        let plain = item.get_type_ptr() == &raw mut ffi::PyUnicode_Type;
        if !plain && (item.is_instance_of::<PyField>() || serializers::apply_to(&item)) {
            return from_mixed(dict);
        }
        let value = value::from_python(&item).map_err(|failure| at_field(failure, &name))?;
        names.push((name, FieldType::detect(&value)));
        values.push(value);
    }
    let names: Vec<_> =
        names.iter().map(|(name, kind): &(Bound<'_, PyString>, _)| (name.as_borrowed(), *kind)).collect();
    let shape = shapes::shape(&names)?;
    Ok(Record::from_shape(&shape, values)?)
}

#[cold]
fn at_field(failure: Failure, name: &Bound<'_, PyString>) -> Failure {
    failure.at("field", format!("`{}`", name.to_string_lossy().escape_debug()))
}

/// A dict in which some values are `Field` objects, which must bear the name they stand under, or
/// objects that a serializer makes values of.
#[inline(never)]
fn from_mixed(dict: &Bound<'_, PyDict>) -> Outcome<Record> {
    let mut fields = Vec::with_capacity(dict.len());
    // A copy, since a serializer may change the dict that is read.
    for (name, item) in dict.copy()?.iter() {
        let name = name.cast_into::<PyString>()?;
        let text = value::text(&name)?;
        match item.cast::<PyField>() {
            Ok(field) if field.get().inner.name == text => fields.push(field.get().inner.clone()),
            Ok(field) => {
                return Err(Error::invalid_record("a field stands under another name than its own")
                    .with_context("field", format!("`{}`", field.get().inner.name.escape_debug()))
                    .with_context("key", format!("`{}`", text.escape_debug()))
                    .into());
            }
            Err(_) => {
                let (value, serializer) = serializers::read(&item).map_err(|failure| at_field(failure, &name))?;
                let field = Field::new(text, value);
                fields.push(match serializer {
                    Some(serializer) => field.with_metadata(Field::SERIALIZER, serializer.as_str()),
                    None => field,
                });
            }
        }
    }
    Ok(Record::from_fields(fields)?)
}

/// `Field` objects, in order.
fn from_fields(items: &Bound<'_, PyAny>) -> Outcome<Record> {
    let mut fields = Vec::new();
    for item in items.try_iter()? {
        let item = item?;
        match item.cast::<PyField>() {
            Ok(field) => fields.push(field.get().inner.clone()),
            Err(_) => {
                let message = format!(
                    "a record is made of a dict, Fields, a dataclass or a pydantic model, not of {}",
                    item.get_type().fully_qualified_name()?
                );
                return Err(Failure::Python(PyTypeError::new_err(message)));
            }
        }
    }
    Ok(Record::from_fields(fields)?)
}

/// The position that an index means among so many; from the end when it is negative.
pub(crate) fn position_of(index: &Bound<'_, PyInt>, length: usize) -> Option<usize> {
    // An integer that does not fit is the index of nothing.
    let index: isize = index.extract().ok()?;
    let position = if index < 0 { index + length as isize } else { index };
    usize::try_from(position).ok().filter(|position| *position < length)
}

/// An id in an argument: text, or a `uuid.UUID`.
pub(crate) fn id_argument<'py>(object: &Bound<'py, PyAny>) -> Outcome<Bound<'py, PyString>> {
    if let Ok(text) = object.cast::<PyString>() {
        return Ok(text.clone());
    }
    let class = object.get_type();
    if class.name()?.to_str()? == "UUID" && class.module()?.to_str()? == "uuid" {
        return Ok(object.str()?);
    }
    Err(Failure::Python(PyTypeError::new_err(format!("an id is a str, not {}", class.fully_qualified_name()?))))
}

impl PyRecord {
    fn position(&self, key: &Bound<'_, PyAny>) -> Outcome<usize> {
        let record = self.inner.lock();
        if let Ok(name) = key.cast::<PyString>() {
            return match name.to_str().ok().and_then(|name| record.shape().position(name)) {
                Some(position) => Ok(position),
                None => Err(Failure::Python(PyKeyError::new_err(key.clone().unbind()))),
            };
        }
        if let Ok(index) = key.cast::<PyInt>() {
            if let Some(position) = position_of(index, record.len()) {
                return Ok(position);
            }
            return Err(Failure::Python(PyIndexError::new_err("the record has no field at this position")));
        }
        Err(Failure::Python(PyTypeError::new_err("a field is addressed by its name or its position")))
    }

    /// What a field gives where serializers are registered. Not under the lock: they are Python code.
    #[inline(never)]
    fn object_at<'py>(&self, py: Python<'py>, position: Option<usize>) -> Outcome<Option<Bound<'py, PyAny>>> {
        let record = self.get();
        let field = position.and_then(|position| record.field_at(position));
        field.map(|field| serializers::object_of(py, &field)).transpose()
    }

    /// Takes a field out and gives its object; one whose serializer fails stays.
    fn take<'py>(&self, py: Python<'py>, name: &str) -> Outcome<Option<Bound<'py, PyAny>>> {
        let read_back = match self.get().field(name) {
            Some(field) if serializers::calls_python(&field) => Some(serializers::object_of(py, &field)?),
            _ => None,
        };
        let removed = self.inner.lock().remove(name);
        Ok(match (removed, read_back) {
            (Some(_), Some(object)) => Some(object),
            (Some(field), None) => Some(value::to_python(py, &field.value)?),
            (None, _) => None,
        })
    }

    fn name_at(&self, position: usize) -> Option<dataknobs_data::Str> {
        self.inner.lock().shape().fields().get(position).map(|(name, _)| name.clone())
    }
}

#[pymethods]
impl PyRecord {
    #[new]
    #[pyo3(signature = (data=None, id=None, metadata=None))]
    fn create(
        data: Option<&Bound<'_, PyAny>>,
        id: Option<&Bound<'_, PyAny>>,
        metadata: Option<&Bound<'_, PyAny>>,
    ) -> Outcome<Self> {
        let mut record = match data {
            Some(data) => build(data)?,
            None => Record::new(),
        };
        if let Some(id) = id {
            record.set_id(RecordId::new(value::text(&id_argument(id)?)?)?);
        }
        if let Some(metadata) = metadata {
            record.set_metadata(json::map_from_python(metadata, "metadata")?)?;
        }
        Ok(PyRecord::new(record))
    }

    /// The id, or None while the record has none.
    #[getter]
    fn id<'py>(&self, py: Python<'py>) -> Option<Bound<'py, PyString>> {
        self.inner.lock().id().map(|id| PyString::new(py, id))
    }

    #[setter]
    fn set_id(&self, id: Option<&Bound<'_, PyAny>>) -> Outcome<()> {
        let id = id.map(|id| Ok::<_, Failure>(RecordId::new(value::text(&id_argument(id)?)?)?)).transpose()?;
        self.inner.lock().set_id(id);
        Ok(())
    }

    /// The version under which the record was read, for ``expected_version``; None on a new record.
    #[getter]
    fn version(&self) -> Option<String> {
        self.inner.lock().version().map(Version::to_string)
    }

    /// The relevance for the query that found the record, where the store has one.
    #[getter]
    fn score(&self) -> Option<f32> {
        self.inner.lock().score()
    }

    /// The record's metadata: a live mapping of str to JSON values.
    #[getter]
    fn metadata(slf: &Bound<'_, Self>) -> MetadataView {
        MetadataView::new(slf.clone().unbind())
    }

    #[setter]
    fn set_metadata(&self, metadata: &Bound<'_, PyAny>) -> Outcome<()> {
        let metadata: Metadata = match metadata.cast::<MetadataView>() {
            Ok(view) => view.get().get(),
            Err(_) => json::map_from_python(metadata, "metadata")?,
        };
        Ok(self.inner.lock().set_metadata(metadata)?)
    }

    /// The fields with their types and metadata, by name or position.
    #[getter]
    fn fields(slf: &Bound<'_, Self>) -> Fields {
        Fields::new(slf.clone().unbind())
    }

    fn __len__(&self) -> usize {
        self.inner.lock().len()
    }

    fn __getitem__<'py>(&self, py: Python<'py>, key: &Bound<'py, PyAny>) -> Outcome<Bound<'py, PyAny>> {
        let position = self.position(key)?;
        if serializers::in_use() {
            return Ok(self.object_at(py, Some(position))?.unwrap_or_else(|| py.None().into_bound(py)));
        }
        let value = self.inner.lock().values().get(position).cloned().unwrap_or(Value::Null);
        Ok(value::to_python(py, &value)?)
    }

    fn __setitem__(&self, key: &Bound<'_, PyAny>, value: &Bound<'_, PyAny>) -> Outcome<()> {
        let name = match key.cast::<PyString>() {
            Ok(name) => value::text(name)?,
            Err(_) => self.name_at(self.position(key)?).unwrap_or_default(),
        };
        if let Ok(field) = value.cast::<PyField>() {
            let mut field = field.get().inner.clone();
            field.name = name;
            return Ok(self.inner.lock().set_field(field)?);
        }
        let place = |failure: Failure| failure.at("field", format!("`{}`", name.escape_debug()));
        if serializers::in_use() {
            let (value, serializer) = serializers::read(value).map_err(place)?;
            return Ok(serializers::set(&mut self.inner.lock(), &name, value, serializer.as_deref())?);
        }
        let value = value::from_python(value).map_err(place)?;
        Ok(self.inner.lock().set(&name, value)?)
    }

    fn __delitem__(&self, key: &Bound<'_, PyAny>) -> Outcome<()> {
        let name = self.name_at(self.position(key)?).unwrap_or_default();
        self.inner.lock().remove(&name);
        Ok(())
    }

    fn __contains__(&self, key: &Bound<'_, PyAny>) -> bool {
        let Ok(name) = key.cast::<PyString>() else { return false };
        name.to_str().is_ok_and(|name| self.inner.lock().shape().position(name).is_some())
    }

    fn __iter__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        Ok(self.keys(py)?.try_iter()?.into_any())
    }

    /// Give the field names, in order.
    ///
    /// Examples
    /// --------
    /// >>> from dataknobs_data import Record
    /// >>> Record({"name": "Ada", "age": 36}).keys()
    /// ['name', 'age']
    fn keys<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let record = self.get();
        PyList::new(py, record.shape().fields().iter().map(|(name, _)| name.as_str()))
    }

    /// Give the values, in field order.
    ///
    /// Examples
    /// --------
    /// >>> from dataknobs_data import Record
    /// >>> Record({"name": "Ada", "age": 36}).values()
    /// ['Ada', 36]
    fn values<'py>(&self, py: Python<'py>) -> Outcome<Bound<'py, PyList>> {
        let record = self.get();
        let list = PyList::empty(py);
        if serializers::may_read(&record) {
            for field in record.fields() {
                list.append(serializers::object_of(py, &field)?)?;
            }
        } else {
            for value in record.values() {
                list.append(value::to_python(py, value)?)?;
            }
        }
        Ok(list)
    }

    /// Give pairs of name and value, in field order.
    ///
    /// Examples
    /// --------
    /// >>> from dataknobs_data import Record
    /// >>> Record({"name": "Ada", "age": 36}).items()
    /// [('name', 'Ada'), ('age', 36)]
    fn items<'py>(&self, py: Python<'py>) -> Outcome<Bound<'py, PyList>> {
        let record = self.get();
        let may_read = serializers::may_read(&record);
        let list = PyList::empty(py);
        for field in record.fields() {
            let object =
                if may_read { serializers::object_of(py, &field)? } else { value::to_python(py, field.value())? };
            list.append((field.name(), object))?;
        }
        Ok(list)
    }

    /// Give the value of a field, or the default when there is no such field.
    ///
    /// Parameters
    /// ----------
    /// name : str
    ///     The field's name.
    /// default : object, optional
    ///     What is given when there is no such field. A field that is null gives None.
    ///
    /// Examples
    /// --------
    /// >>> from dataknobs_data import Record
    /// >>> Record({"name": "Ada"}).get("age", 0)
    /// 0
    #[pyo3(name = "get", signature = (name, default=None))]
    fn get_value<'py>(
        &self,
        py: Python<'py>,
        name: &Bound<'py, PyString>,
        default: Option<Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        if serializers::in_use() {
            let object = self.object_at(py, self.position(name).ok())?;
            return Ok(object.or(default).unwrap_or_else(|| py.None().into_bound(py)));
        }
        // A name that is no UTF-8 is no field's.
        let value = name.to_str().ok().and_then(|name| self.inner.lock().get(name).cloned());
        match value {
            Some(value) => value::to_python(py, &value),
            None => Ok(default.unwrap_or_else(|| py.None().into_bound(py))),
        }
    }

    /// Set fields from what makes a record, from keywords, or both.
    ///
    /// Parameters
    /// ----------
    /// data : mapping, iterable of Field, dataclass, named tuple or pydantic model, optional
    ///     The fields to set.
    /// **fields
    ///     More of them.
    ///
    /// Raises
    /// ------
    /// InvalidRecordError
    ///     When one of them cannot be set; then none is.
    ///
    /// Examples
    /// --------
    /// >>> from dataknobs_data import Record
    /// >>> record = Record({"name": "Ada"})
    /// >>> record.update({"age": 36}, city="London")
    /// >>> record.to_dict()
    /// {'name': 'Ada', 'age': 36, 'city': 'London'}
    #[pyo3(signature = (data=None, /, **fields))]
    fn update(&self, data: Option<&Bound<'_, PyAny>>, fields: Option<&Bound<'_, PyDict>>) -> Outcome<()> {
        let mut changed = self.get();
        for source in [data, fields.map(Bound::as_any)].into_iter().flatten() {
            for field in build(source)?.fields() {
                match (field.metadata(), serializers::alone(&field)) {
                    (Some(_), None) => changed.set_field(field.to_field())?,
                    (_, serializer) => serializers::set(&mut changed, field.name(), field.value().clone(), serializer)?,
                }
            }
        }
        *self.inner.lock() = changed;
        Ok(())
    }

    /// Add a field, or replace the one of the same name, its type and metadata too.
    ///
    /// Parameters
    /// ----------
    /// field : Field
    ///     The field.
    ///
    /// Examples
    /// --------
    /// >>> from dataknobs_data import Field, Record
    /// >>> record = Record({"price": 9.5})
    /// >>> record.set_field(Field("price", 9.5, metadata={"currency": "EUR"}))
    /// >>> record.fields["price"].metadata["currency"]
    /// 'EUR'
    fn set_field(&self, field: &Bound<'_, PyField>) -> Outcome<()> {
        Ok(self.inner.lock().set_field(field.get().inner.clone())?)
    }

    /// Remove a field and give its value.
    ///
    /// Parameters
    /// ----------
    /// name : str
    ///     The field's name.
    /// *default : object, optional
    ///     What is given when there is no such field.
    ///
    /// Raises
    /// ------
    /// KeyError
    ///     When there is no such field, and no default.
    ///
    /// Examples
    /// --------
    /// >>> from dataknobs_data import Record
    /// >>> record = Record({"name": "Ada", "age": 36})
    /// >>> record.pop("age"), record.pop("age", None), record.keys()
    /// (36, None, ['name'])
    #[pyo3(signature = (name, *default))]
    fn pop<'py>(
        &self,
        py: Python<'py>,
        name: &Bound<'py, PyString>,
        default: &Bound<'py, PyTuple>,
    ) -> Outcome<Bound<'py, PyAny>> {
        match (self.take(py, &value::text(name)?)?, default.iter().next()) {
            (Some(object), _) => Ok(object),
            (None, Some(default)) => Ok(default),
            (None, None) => Err(Failure::Python(PyKeyError::new_err(name.clone().unbind()))),
        }
    }

    /// Give the value of a field; when there is no such field, set it to the default first.
    ///
    /// Parameters
    /// ----------
    /// name : str
    ///     The field's name.
    /// default : object, optional
    ///     The value of the new field.
    ///
    /// Examples
    /// --------
    /// >>> from dataknobs_data import Record
    /// >>> record = Record({"name": "Ada"})
    /// >>> record.setdefault("age", 36), record.setdefault("name", "nobody")
    /// (36, 'Ada')
    #[pyo3(signature = (name, default=None))]
    fn setdefault<'py>(
        &self,
        py: Python<'py>,
        name: &Bound<'py, PyString>,
        default: Option<&Bound<'py, PyAny>>,
    ) -> Outcome<Bound<'py, PyAny>> {
        if let Some(field) = self.get().field(name.to_str()?) {
            return serializers::object_of(py, &field);
        }
        match default {
            Some(default) => self.__setitem__(name, default)?,
            None => self.inner.lock().set(&value::text(name)?, Value::Null)?,
        }
        self.__getitem__(py, name)
    }

    /// Remove the last field and give its name and value.
    ///
    /// Raises
    /// ------
    /// KeyError
    ///     When the record has no fields.
    ///
    /// Examples
    /// --------
    /// >>> from dataknobs_data import Record
    /// >>> Record({"name": "Ada", "age": 36}).popitem()
    /// ('age', 36)
    fn popitem<'py>(&self, py: Python<'py>) -> Outcome<(String, Bound<'py, PyAny>)> {
        let last = self.inner.lock().shape().fields().last().map(|(name, _)| name.clone());
        if let Some(name) = last
            && let Some(object) = self.take(py, &name)?
        {
            return Ok((name.to_string(), object));
        }
        Err(Failure::Python(PyKeyError::new_err("the record has no fields")))
    }

    /// Remove all fields; id and metadata stay.
    ///
    /// Examples
    /// --------
    /// >>> from dataknobs_data import Record
    /// >>> record = Record({"name": "Ada"}, id="ada")
    /// >>> record.clear()
    /// >>> len(record), record.id
    /// (0, 'ada')
    fn clear(&self) {
        self.change(|record| {
            while let Some((name, _)) = record.shape().fields().last().cloned() {
                record.remove(&name);
            }
        });
    }

    /// Give a field another name, in its place.
    ///
    /// Parameters
    /// ----------
    /// name, new_name : str
    ///     The field's name, and the one it gets.
    ///
    /// Returns
    /// -------
    /// bool
    ///     False when there is no such field.
    ///
    /// Raises
    /// ------
    /// InvalidRecordError
    ///     When another field has the new name, or no field may have it.
    ///
    /// Examples
    /// --------
    /// >>> from dataknobs_data import Record
    /// >>> record = Record({"nmae": "Ada", "age": 36})
    /// >>> record.rename("nmae", "name"), record.keys()
    /// (True, ['name', 'age'])
    fn rename(&self, name: &str, new_name: &str) -> Outcome<bool> {
        Ok(self.inner.lock().rename(name, new_name)?)
    }

    /// Convert a field's value to another type, in place.
    ///
    /// Parameters
    /// ----------
    /// name : str
    ///     The field's name.
    /// type : FieldType or str
    ///     The type to convert to.
    ///
    /// Returns
    /// -------
    /// bool
    ///     False when there is no such field.
    ///
    /// Raises
    /// ------
    /// InvalidRecordError
    ///     When the value cannot be converted; the record stays as it was.
    ///
    /// Examples
    /// --------
    /// >>> from dataknobs_data import Record
    /// >>> record = Record({"age": "36"})
    /// >>> record.convert("age", "INTEGER"), record["age"]
    /// (True, 36)
    fn convert(&self, name: &str, r#type: &Bound<'_, PyAny>) -> Outcome<bool> {
        let kind = type_from_python(r#type)?;
        let Some(field) = self.get().field(name).map(FieldRef::to_field) else { return Ok(false) };
        // Not under the lock: a registered converter is Python code.
        let field = field::converted(field, kind)?;
        self.inner.lock().set_field(field)?;
        Ok(true)
    }

    /// Give a record of only some fields; id, version and metadata stay.
    ///
    /// Parameters
    /// ----------
    /// *names : str
    ///     The fields to keep, in the record's own order. Names that the record lacks are ignored.
    ///
    /// Returns
    /// -------
    /// Record
    ///     The new record.
    ///
    /// Examples
    /// --------
    /// >>> from dataknobs_data import Record
    /// >>> Record({"name": "Ada", "age": 36, "city": "London"}).project("age", "name").to_dict()
    /// {'name': 'Ada', 'age': 36}
    #[pyo3(signature = (*names))]
    fn project(&self, names: Vec<String>) -> PyRecord {
        let names: Vec<dataknobs_data::Str> = names.into_iter().map(Into::into).collect();
        PyRecord::new(self.get().project(&names))
    }

    /// Give the values by name, as a plain dict; id, types and metadata are left out.
    ///
    /// Returns
    /// -------
    /// dict
    ///     In field order.
    ///
    /// Examples
    /// --------
    /// >>> from dataknobs_data import Record
    /// >>> Record({"name": "Ada", "tags": ["a", "b"]}, id="ada").to_dict()
    /// {'name': 'Ada', 'tags': ['a', 'b']}
    pub(crate) fn to_dict<'py>(&self, py: Python<'py>) -> Outcome<Bound<'py, PyDict>> {
        let record = self.get();
        let may_read = serializers::may_read(&record);
        let dict = PyDict::new(py);
        for field in record.fields() {
            let object =
                if may_read { serializers::object_of(py, &field)? } else { value::to_python(py, field.value())? };
            dict.set_item(field.name(), object)?;
        }
        Ok(dict)
    }

    /// Make a record of a plain dict: the constructor by another name.
    ///
    /// Parameters
    /// ----------
    /// data : mapping, iterable of Field, dataclass, named tuple or pydantic model
    ///     The fields.
    /// id : str or UUID, optional
    ///     The id.
    /// metadata : mapping, optional
    ///     JSON values by name.
    ///
    /// Returns
    /// -------
    /// Record
    ///     The record.
    ///
    /// Examples
    /// --------
    /// >>> from dataknobs_data import Record
    /// >>> Record.from_dict({"name": "Ada"}, id="ada")
    /// Record({'name': 'Ada'}, id='ada')
    #[classmethod]
    #[pyo3(signature = (data, id=None, metadata=None))]
    fn from_dict<'py>(
        class: &Bound<'py, PyType>,
        data: &Bound<'py, PyAny>,
        id: Option<&Bound<'py, PyAny>>,
        metadata: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        class.call1((data, id, metadata))
    }

    /// Give the whole record as JSON text: ``id``, ``data``, and in ``meta`` what plain JSON cannot say.
    ///
    /// Returns
    /// -------
    /// str
    ///     One line, without the version.
    ///
    /// Examples
    /// --------
    /// >>> from dataknobs_data import Record
    /// >>> Record({"name": "Ada", "age": 36}, id="ada").to_json()
    /// '{"id":"ada","data":{"name":"Ada","age":36}}'
    fn to_json(&self) -> String {
        self.get().to_json().to_string()
    }

    /// Make a record of the text that `to_json` gives.
    ///
    /// Parameters
    /// ----------
    /// text : str
    ///     The JSON text.
    ///
    /// Returns
    /// -------
    /// Record
    ///     An equal record, with its id.
    ///
    /// Raises
    /// ------
    /// InvalidRecordError
    ///     When the text is not of this form; the context has the ``line`` and ``column``, from 1.
    ///
    /// Examples
    /// --------
    /// >>> from dataknobs_data import Record
    /// >>> record = Record({"photo": b"..."}, id="ada")
    /// >>> Record.from_json(record.to_json()) == record
    /// True
    #[classmethod]
    fn from_json<'py>(class: &Bound<'py, PyType>, text: &str) -> Outcome<Bound<'py, PyAny>> {
        let record = read_json(text)?;
        Ok(bare(class, record)?)
    }

    /// Give an independent record with the same content, id and version too; it costs next to nothing.
    ///
    /// Examples
    /// --------
    /// >>> from dataknobs_data import Record
    /// >>> record = Record({"age": 36})
    /// >>> other = record.copy()
    /// >>> other["age"] = 37
    /// >>> record["age"]
    /// 36
    fn copy<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        let object = bare(&slf.get_type(), slf.get().get())?;
        if let Some(attributes) = attributes(slf)? {
            object.getattr(intern!(slf.py(), "__dict__"))?.call_method1(intern!(slf.py(), "update"), (attributes,))?;
        }
        Ok(object)
    }

    fn __copy__<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        Self::copy(slf)
    }

    fn __deepcopy__<'py>(slf: &Bound<'py, Self>, memo: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        let py = slf.py();
        let object = bare(&slf.get_type(), slf.get().get())?;
        if let Some(attributes) = attributes(slf)? {
            // Known before its attributes are copied, which may lead back to it.
            memo.set_item(slf.as_ptr() as usize, &object)?;
            let copied = py.import(intern!(py, "copy"))?.call_method1(intern!(py, "deepcopy"), (attributes, memo))?;
            object.getattr(intern!(py, "__dict__"))?.call_method1(intern!(py, "update"), (copied,))?;
        }
        Ok(object)
    }

    fn __reduce__<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyTuple>> {
        let py = slf.py();
        let record = slf.get().get();
        let restore = py.import("dataknobs_data._native")?.getattr("_restore_record")?;
        let version = record.version().map(Version::to_string);
        let state = (slf.get_type(), record.to_json().to_string(), version, record.score());
        match attributes(slf)? {
            Some(attributes) => (restore, state, attributes).into_pyobject(py),
            None => (restore, state).into_pyobject(py),
        }
    }

    fn __eq__<'py>(&self, py: Python<'py>, other: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        match other.cast::<PyRecord>() {
            Ok(other) => {
                let (ours, theirs) = (self.get(), other.get().get());
                Ok(pyo3::types::PyBool::new(py, ours == theirs).to_owned().into_any())
            }
            Err(_) => Ok(py.NotImplemented().into_bound(py)),
        }
    }

    fn __repr__(slf: &Bound<'_, Self>) -> PyResult<String> {
        let py = slf.py();
        let record = slf.get().get();
        let values = PyDict::new(py);
        for field in record.fields() {
            values.set_item(field.name(), serializers::shown(py, field.name(), field.value(), field.metadata())?)?;
        }
        let mut text = format!("{}({}", slf.get_type().name()?, values.repr()?);
        if let Some(id) = record.id() {
            text.push_str(&format!(", id={}", PyString::new(py, id).repr()?));
        }
        if !record.metadata().is_empty() {
            text.push_str(&format!(", metadata={}", json::map_to_python(py, record.metadata())?.repr()?));
        }
        text.push(')');
        Ok(text)
    }

    fn _repr_html_<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        let py = slf.py();
        py.import("dataknobs_data._html")?.getattr("record_table")?.call1((slf,))
    }
}

fn read_json(text: &str) -> Outcome<Record> {
    let document = dataknobs_data::parse_json(text.as_bytes()).map_err(|fault| {
        Error::invalid_record("this is not the JSON text of a record")
            .with_context("reason", fault.reason)
            .with_context("line", fault.line)
            .with_context("column", fault.column)
    })?;
    Ok(Record::from_json(document)?)
}

/// The other half of pickling: plain text, nothing of which is run.
#[pyfunction]
pub(crate) fn _restore_record<'py>(
    class_: &Bound<'py, PyType>,
    text: &str,
    version: Option<&str>,
    score: Option<f32>,
) -> Outcome<Bound<'py, PyAny>> {
    let mut record = read_json(text)?;
    record.set_version(version.map(Version::from_token));
    record.set_score(score);
    if !class_.is_subclass_of::<PyRecord>()? {
        return Err(Failure::Python(PyTypeError::new_err("only a Record can be restored here")));
    }
    Ok(bare(class_, record)?)
}

/// An object of this class with this content, made without the class's own constructor.
fn bare<'py>(class: &Bound<'py, PyType>, record: Record) -> PyResult<Bound<'py, PyAny>> {
    let py = class.py();
    let object = py.get_type::<PyRecord>().getattr(intern!(py, "__new__"))?.call1((class,))?;
    *object.cast::<PyRecord>()?.get().inner.lock() = record;
    Ok(object)
}

/// The attributes that an object of a subclass has besides its fields, where there are any.
fn attributes<'py>(record: &Bound<'py, PyRecord>) -> PyResult<Option<Bound<'py, PyAny>>> {
    let attributes = record.as_any().getattr_opt(intern!(record.py(), "__dict__"))?;
    Ok(match attributes {
        Some(attributes) if !attributes.is_empty()? => Some(attributes),
        _ => None,
    })
}
