//! Serializers that an application registers: objects of its own classes as values, and back.
//!
//! The name of a serializer that can read back goes into the field's metadata, which every store
//! keeps. What is registered is replaced as a whole, so that no lock is held while Python is called.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use dataknobs_data::{Error, ErrorKind, Field, FieldRef, Metadata, Record, Str, Value};
use parking_lot::RwLock;
use pyo3::prelude::*;
use pyo3::types::{PyDate, PyDateTime, PyType};

use crate::error::{self, Outcome};
use crate::{json, value};

/// How objects of a class are stored, and read back.
pub(crate) struct Serializer {
    class: Py<PyType>,
    serialize: Py<PyAny>,
    deserialize: Option<Py<PyAny>>,
    name: Str,
}

#[derive(Clone, Default)]
struct Registered {
    /// By the address of the class, which its serializer keeps alive.
    by_class: HashMap<usize, Arc<Serializer>>,
    by_name: HashMap<Str, Arc<Serializer>>,
}

static REGISTERED: RwLock<Option<Arc<Registered>>> = RwLock::new(None);

/// Whether there is any: all that a program without serializers pays for them.
static IN_USE: AtomicBool = AtomicBool::new(false);

/// Whether any serializer is registered; hot paths ask this first.
#[inline(always)]
pub(crate) fn in_use() -> bool {
    IN_USE.load(Ordering::Relaxed)
}

fn registered() -> Option<Arc<Registered>> {
    in_use().then(|| REGISTERED.read().clone()).flatten()
}

/// The serializer for an object: that of the class nearest in the order of its inheritance.
#[inline]
pub(crate) fn of(object: &Bound<'_, PyAny>) -> Option<Arc<Serializer>> {
    if in_use() && !value::is_scalar(object) { find(object) } else { None }
}

#[inline]
pub(crate) fn apply_to(object: &Bound<'_, PyAny>) -> bool {
    in_use() && !value::is_scalar(object) && find(object).is_some()
}

#[inline(never)]
fn find(object: &Bound<'_, PyAny>) -> Option<Arc<Serializer>> {
    let registered = registered()?;
    // A datetime is a date by inheritance, and would lose its time.
    let skipped = object.is_instance_of::<PyDateTime>().then(|| object.py().get_type::<PyDate>());
    let classes = object.get_type().mro();
    let mut classes = classes.iter().filter(|class| skipped.as_ref().is_none_or(|skipped| !class.is(skipped)));
    classes.find_map(|class| registered.by_class.get(&(class.as_ptr() as usize)).cloned())
}

impl Serializer {
    /// The value that the object is stored as.
    pub(crate) fn value(&self, object: &Bound<'_, PyAny>) -> Outcome<Value> {
        let py = object.py();
        let result = self.serialize.bind(py).call1((object,)).map_err(|exception| {
            error::of_callback(py, exception, ErrorKind::InvalidRecord, "a serializer raised an exception")
                .at("serializer", self.place())
        })?;
        if result.get_type().is(object.get_type()) {
            return Err(Error::invalid_record("a serializer gave back an object of the same class")
                .with_context("serializer", self.place())
                .into());
        }
        let _level = json::Level::enter()?;
        value::from_python(&result)
    }

    fn place(&self) -> String {
        format!("`{}`", self.name.escape_debug())
    }
}

/// The value of an object, and the name of the serializer that reads it back, if one does.
#[inline]
pub(crate) fn read(object: &Bound<'_, PyAny>) -> Outcome<(Value, Option<Str>)> {
    let Some(serializer) = of(object) else { return Ok((value::from_python(object)?, None)) };
    let value = serializer.value(object)?;
    let reads_back = serializer.deserialize.is_some() && !value.is_null();
    Ok((value, reads_back.then(|| serializer.name.clone())))
}

/// Sets a field to what [`read`] gave.
pub(crate) fn set(record: &mut Record, name: &str, value: Value, serializer: Option<&str>) -> Result<(), Error> {
    match serializer {
        Some(serializer) => record.set_serialized(name, value, serializer),
        None => record.set(name, value),
    }
}

/// The serializer that a field names, where its metadata says nothing else: such a field is set by
/// its value, and the metadata that is there stays.
pub(crate) fn alone<'a>(field: &FieldRef<'a>) -> Option<&'a str> {
    let metadata = field.metadata().filter(|metadata| metadata.len() == 1)?;
    metadata.get(Field::SERIALIZER)?.as_str()
}

/// The registered serializer that reads a field back.
fn reader(value: &Value, metadata: Option<&Metadata>) -> Option<Arc<Serializer>> {
    let metadata = metadata.filter(|_| in_use() && !value.is_null())?;
    let name = metadata.get(Field::SERIALIZER)?.as_str()?;
    registered()?.by_name.get(name).cloned()
}

/// Whether a serializer may have to read a field of this record back.
#[inline]
pub(crate) fn may_read(record: &Record) -> bool {
    in_use() && record.has_metadata()
}

/// Whether reading this field calls Python code.
pub(crate) fn calls_python(field: &FieldRef<'_>) -> bool {
    reader(field.value(), field.metadata()).is_some()
}

/// The Python object of a field's value: the plain one, or what its serializer reads back.
#[inline]
pub(crate) fn object<'py>(
    py: Python<'py>,
    name: &str,
    value: &Value,
    metadata: Option<&Metadata>,
) -> Outcome<Bound<'py, PyAny>> {
    let plain = value::to_python(py, value)?;
    match metadata.and_then(|metadata| reader(value, Some(metadata))) {
        None => Ok(plain),
        Some(serializer) => read_back(&serializer, name, plain),
    }
}

pub(crate) fn object_of<'py>(py: Python<'py>, field: &FieldRef<'_>) -> Outcome<Bound<'py, PyAny>> {
    object(py, field.name(), field.value(), field.metadata())
}

#[inline(never)]
fn read_back<'py>(serializer: &Serializer, name: &str, plain: Bound<'py, PyAny>) -> Outcome<Bound<'py, PyAny>> {
    let py = plain.py();
    let Some(deserialize) = &serializer.deserialize else { return Ok(plain) };
    deserialize.bind(py).call1((plain,)).map_err(|exception| {
        error::of_callback(py, exception, ErrorKind::InvalidRecord, "a deserializer raised an exception")
            .at("serializer", serializer.place())
            .at("field", format!("`{}`", name.escape_debug()))
    })
}

/// The object as [`object`] gives it, or the plain value where that fails: what is shown to people
/// must not raise.
pub(crate) fn shown<'py>(
    py: Python<'py>,
    name: &str,
    value: &Value,
    metadata: Option<&Metadata>,
) -> PyResult<Bound<'py, PyAny>> {
    match object(py, name, value, metadata) {
        Err(error::Failure::Library(_)) => value::to_python(py, value),
        object => Ok(object?),
    }
}

/// Whether objects of this one's class are stored by a serializer.
#[pyfunction]
pub(crate) fn _is_serialized(object: &Bound<'_, PyAny>) -> bool {
    apply_to(object)
}

#[pyfunction]
pub(crate) fn _register_serializer(
    class_: Bound<'_, PyType>,
    serialize: Bound<'_, PyAny>,
    deserialize: Option<Bound<'_, PyAny>>,
    name: &str,
    replace: bool,
) -> Outcome<()> {
    let key = class_.as_ptr() as usize;
    let new = Arc::new(Serializer {
        class: class_.unbind(),
        serialize: serialize.unbind(),
        deserialize: deserialize.map(Bound::unbind),
        name: name.into(),
    });
    let old = {
        let mut registered = REGISTERED.write();
        let mut changed = registered.as_deref().cloned().unwrap_or_default();
        if let Some(known) = changed.by_class.get(&key) {
            if known.is(&new) {
                return Ok(());
            }
            if !replace {
                return Err(taken("another serializer is registered for this class", &new).into());
            }
            changed.by_name.remove(&known.name);
        }
        if changed.by_name.contains_key(&new.name) {
            return Err(taken("the serializer of another class has this name", &new).into());
        }
        changed.by_name.insert(new.name.clone(), new.clone());
        changed.by_class.insert(key, new);
        IN_USE.store(true, Ordering::Relaxed);
        registered.replace(Arc::new(changed))
    };
    // Not under the lock: to let go of a Python object may run other code.
    drop(old);
    Ok(())
}

impl Serializer {
    fn is(&self, other: &Self) -> bool {
        let deserialize = match (&self.deserialize, &other.deserialize) {
            (Some(ours), Some(theirs)) => ours.is(theirs),
            (ours, theirs) => ours.is_none() && theirs.is_none(),
        };
        self.class.is(&other.class) && self.serialize.is(&other.serialize) && deserialize && self.name == other.name
    }
}

fn taken(message: &'static str, serializer: &Serializer) -> Error {
    Error::new(ErrorKind::AlreadyExists, message).with_context("serializer", serializer.place())
}

#[pyfunction]
pub(crate) fn _unregister_serializer(class_: &Bound<'_, PyType>) -> bool {
    let old = {
        let mut registered = REGISTERED.write();
        let mut changed = registered.as_deref().cloned().unwrap_or_default();
        let Some(known) = changed.by_class.remove(&(class_.as_ptr() as usize)) else { return false };
        changed.by_name.remove(&known.name);
        IN_USE.store(!changed.by_class.is_empty(), Ordering::Relaxed);
        (known, registered.replace(Arc::new(changed)))
    };
    drop(old);
    true
}
