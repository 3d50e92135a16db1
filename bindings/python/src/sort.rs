//! `SortSpec`: one key of a sort.

use dataknobs_data::{IntoSortOrder as _, Query, SortKey, SortOrder};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyString, PyTuple, PyType};

use crate::error::{Failure, Outcome};
use crate::operand::{self, invalid, place, wrong_type};
use crate::{hash, query_document, value};

/// One key of a sort.
///
/// Parameters
/// ----------
/// field : str or list of str
///     The path to sort by: dotted text, or a list of literal segments.
/// order : {"ASC", "DESC"}, default "ASC"
///     Smallest or largest first, in any letter case.
///
/// Raises
/// ------
/// InvalidQueryError
///     For a bad path, and any other order.
///
/// Examples
/// --------
/// >>> from dataknobs_data.query import Query, SortSpec
/// >>> print(Query(sort=[SortSpec("city"), SortSpec("age", "desc")]))
/// ORDER BY city, age DESC
#[pyclass(name = "SortSpec", module = "dataknobs_data", frozen)]
pub(crate) struct PySortSpec {
    inner: SortKey,
}

#[pymethods]
impl PySortSpec {
    #[new]
    #[pyo3(signature = (field, order=None), text_signature = "(field, order='ASC')")]
    fn new(field: &Bound<'_, PyAny>, order: Option<&Bound<'_, PyAny>>) -> Outcome<Self> {
        Ok(PySortSpec { inner: key(field, order)? })
    }

    /// The path: dotted text, or a list of literal segments.
    #[getter]
    fn field<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        operand::path_to_python(py, &self.inner.path)
    }

    /// ``"ASC"`` or ``"DESC"``.
    #[getter]
    fn order(&self) -> &'static str {
        self.inner.order.name()
    }

    fn __eq__(&self, other: PyRef<'_, Self>) -> bool {
        other.inner == self.inner
    }

    fn __hash__(&self) -> u64 {
        hash::of(|state| hash::sort_key(&self.inner, state))
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        Ok(format!("SortSpec({}, '{}')", self.field(py)?.repr()?, self.order()))
    }

    fn __copy__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    fn __deepcopy__(slf: Py<Self>, _memo: &Bound<'_, PyAny>) -> Py<Self> {
        slf
    }

    fn __reduce__<'py>(slf: &Bound<'py, Self>) -> PyResult<(Bound<'py, PyType>, Bound<'py, PyTuple>)> {
        let arguments = (slf.get().field(slf.py())?, slf.get().order());
        Ok((slf.get_type(), arguments.into_pyobject(slf.py())?))
    }
}

/// A sort key of a path and an order; without one, smallest first.
pub(crate) fn key(field: &Bound<'_, PyAny>, order: Option<&Bound<'_, PyAny>>) -> Outcome<SortKey> {
    let path = operand::path(field)?;
    let order = match order {
        None => SortOrder::Ascending,
        Some(order) => match order.cast::<PyString>() {
            Ok(name) => value::text(name).map_err(invalid)?.into_sort_order()?,
            Err(_) => return Err(wrong_type("a sort order is ASC or DESC", order).into()),
        },
    };
    Ok(SortKey { path, order })
}

/// Sort keys in an argument that takes one or several. A tuple is one key, with its order.
pub(crate) fn list_argument(object: &Bound<'_, PyAny>) -> Outcome<Vec<SortKey>> {
    if object.is_none() {
        return Ok(Vec::new());
    }
    let single = match object.cast::<PyTuple>() {
        Ok(tuple) => tuple.get_item(0).is_ok_and(|first| !is_key(&first)),
        Err(_) => is_key(object) || object.is_instance_of::<PyString>(),
    };
    if single {
        return Ok(vec![argument(object)?]);
    }
    let mut keys = Vec::new();
    for (index, item) in object.try_iter()?.enumerate() {
        keys.push(argument(&item?).map_err(|failure| place(failure, &format!("sort[{index}]")))?);
    }
    Ok(keys)
}

fn is_key(object: &Bound<'_, PyAny>) -> bool {
    object.is_instance_of::<PySortSpec>() || object.is_instance_of::<PyDict>() || object.is_instance_of::<PyTuple>()
}

fn argument(object: &Bound<'_, PyAny>) -> Outcome<SortKey> {
    if let Ok(key) = object.cast::<PySortSpec>() {
        return Ok(key.get().inner.clone());
    }
    if object.is_instance_of::<PyString>() {
        return key(object, None);
    }
    if let Ok(pair) = object.cast::<PyTuple>()
        && let Ok((field, order)) = pair.extract::<(Bound<'_, PyAny>, Bound<'_, PyAny>)>()
    {
        return key(&field, Some(&order));
    }
    if let Ok(dict) = object.cast::<PyDict>() {
        let keys = PyList::new(object.py(), [dict])?;
        let query = PyDict::new(object.py());
        query.set_item("sort", keys)?;
        let query = Query::from_json(query_document::read(query.as_any())?)?;
        return Ok(query.sort_keys()[0].clone());
    }
    let name = object.get_type().fully_qualified_name()?;
    Err(Failure::Python(PyTypeError::new_err(format!(
        "a sort key is a field's name, a SortSpec, a tuple (field, order) or a dict, not {name}"
    ))))
}
