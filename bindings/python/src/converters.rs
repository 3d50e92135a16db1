//! Converters that an application registers, on top of the library's table. What is registered is
//! replaced as a whole, so that no lock is held while Python is called.

use std::sync::Arc;

use dataknobs_data::{Converters, ErrorKind, FieldType, Value};
use parking_lot::RwLock;
use pyo3::prelude::*;

use crate::error::{self, Outcome};
use crate::field::type_from_python;
use crate::value;

type Function = Arc<Py<PyAny>>;

#[derive(Clone, Default)]
struct Registered {
    functions: Vec<(FieldType, Function)>,
    converters: Converters,
}

static REGISTERED: RwLock<Option<Registered>> = RwLock::new(None);

fn registered() -> Registered {
    REGISTERED.read().clone().unwrap_or_default()
}

/// The value of a field as this type holds it.
pub(crate) fn convert_field(name: &str, value: &Value, to: FieldType) -> Outcome<Value> {
    registered().converters.convert_field(name, value, to).map_err(error::failure)
}

/// What a Python function makes of a value; none where it answers `NotImplemented`.
fn call(function: &Py<PyAny>, value: &Value, to: FieldType) -> dataknobs_data::Result<Option<Value>> {
    Python::attach(|py| {
        let converted = value::to_python(py, value).and_then(|plain| function.bind(py).call1((plain,)));
        let converted = converted.map_err(|exception| {
            error::of_callback(py, exception, ErrorKind::InvalidRecord, "a converter raised an exception")
                .at("type", to)
                .into_error(py)
        })?;
        if converted.is(py.NotImplemented()) {
            return Ok(None);
        }
        value::from_python(&converted).map(Some).map_err(|failure| failure.into_error(py))
    })
}

/// Puts functions in the place of those that are registered, and gives these, to let go of without the lock.
fn replace(registered: &mut Option<Registered>, functions: Vec<(FieldType, Function)>) -> Option<Registered> {
    let mut converters = Converters::new();
    for (to, function) in &functions {
        let (to, function) = (*to, function.clone());
        converters.register(to, move |value| call(&function, value, to));
    }
    registered.replace(Registered { functions, converters })
}

#[pyfunction]
pub(crate) fn _register_converter(r#type: &Bound<'_, PyAny>, function: Bound<'_, PyAny>) -> Outcome<()> {
    let kind = type_from_python(r#type)?;
    let old = {
        let mut registered = REGISTERED.write();
        let mut functions = registered.clone().unwrap_or_default().functions;
        functions.push((kind, Arc::new(function.unbind())));
        replace(&mut registered, functions)
    };
    drop(old);
    Ok(())
}

#[pyfunction]
pub(crate) fn _unregister_converter(r#type: &Bound<'_, PyAny>, function: &Bound<'_, PyAny>) -> Outcome<bool> {
    let py = function.py();
    let kind = type_from_python(r#type)?;
    // Methods are equal, not the same; and equality is Python code.
    let mut found = None;
    for (to, known) in registered().functions.into_iter().rev() {
        if to == kind && known.bind(py).eq(function)? {
            found = Some(known);
            break;
        }
    }
    let Some(found) = found else { return Ok(false) };
    let (removed, old) = {
        let mut registered = REGISTERED.write();
        let mut functions = registered.clone().unwrap_or_default().functions;
        let before = functions.len();
        functions.retain(|(_, known)| !Arc::ptr_eq(known, &found));
        (functions.len() < before, replace(&mut registered, functions))
    };
    drop(old);
    Ok(removed)
}
