//! `Construction`: what `create` is, once on the class and once on its instances.

use std::ffi::c_void;

use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::{ffi, intern};

/// What `Database.create` is: on the class it makes a database, on an instance it creates a record.
///
/// Parameters
/// ----------
/// method : callable
///     The method of instances.
#[pyclass(module = "dataknobs_data._native", frozen)]
pub(crate) struct Construction {
    method: Py<PyAny>,
    /// How the method's type binds it to an instance.
    bind: ffi::descrgetfunc,
}

#[pymethods]
impl Construction {
    #[new]
    fn new(method: Bound<'_, PyAny>) -> PyResult<Self> {
        // SAFETY: a type is asked for one of its slots, which is null or a function of this kind.
        let bind = unsafe {
            let slot = ffi::PyType_GetSlot(method.get_type_ptr(), ffi::Py_tp_descr_get);
            std::mem::transmute::<*mut c_void, Option<ffi::descrgetfunc>>(slot)
        };
        let Some(bind) = bind else { return Err(PyTypeError::new_err("a method was expected")) };
        Ok(Construction { method: method.unbind(), bind })
    }

    fn __get__<'py>(
        &self,
        py: Python<'py>,
        instance: &Bound<'py, PyAny>,
        owner: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        match owner {
            Some(owner) if instance.is_none() => owner.getattr(intern!(py, "_construct")),
            // SAFETY: the slot is that of the method's type, and gives a new reference or an exception.
            _ => unsafe {
                let bound = (self.bind)(self.method.as_ptr(), instance.as_ptr(), instance.get_type_ptr().cast());
                Bound::from_owned_ptr_or_err(py, bound)
            },
        }
    }

    #[getter]
    fn __name__(&self) -> &'static str {
        "create"
    }
}
