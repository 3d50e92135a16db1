//! `Capabilities`: what a database can do.

use dataknobs_data::{Capabilities, IdOrder, Str};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};

use crate::json;

/// What a database can do. What is declared works; what is not raises `UnsupportedError`.
///
/// Parameters
/// ----------
/// **capabilities : object
///     The attributes below; what is left out is as in a store that can do nothing special.
///
/// Examples
/// --------
/// >>> from dataknobs_data import SyncDatabase
/// >>> capabilities = SyncDatabase.create("memory").capabilities
/// >>> capabilities.transactions, capabilities.persistent
/// (True, False)
#[pyclass(name = "Capabilities", module = "dataknobs_data", frozen)]
pub(crate) struct PyCapabilities {
    inner: Capabilities,
}

pub(crate) fn to_python<'py>(py: Python<'py>, capabilities: &Capabilities) -> PyResult<Bound<'py, PyAny>> {
    Ok(Bound::new(py, PyCapabilities { inner: capabilities.clone() })?.into_any())
}

/// The flag of this name.
fn flag<'a>(capabilities: &'a mut Capabilities, name: &str) -> Option<&'a mut bool> {
    Some(match name {
        "transactions" => &mut capabilities.transactions,
        "serializable" => &mut capabilities.serializable,
        "savepoints" => &mut capabilities.savepoints,
        "atomic_batches" => &mut capabilities.atomic_batches,
        "indexes" => &mut capabilities.indexes,
        "insertion_order" => &mut capabilities.insertion_order,
        "generates_ids" => &mut capabilities.generates_ids,
        "missing_fields" => &mut capabilities.missing_fields,
        "field_order" => &mut capabilities.field_order,
        "fixed_fields" => &mut capabilities.fixed_fields,
        "unique_versions" => &mut capabilities.unique_versions,
        "snapshot_streams" => &mut capabilities.snapshot_streams,
        "scores" => &mut capabilities.scores,
        "persistent" => &mut capabilities.persistent,
        "read_only" => &mut capabilities.read_only,
        _ => return None,
    })
}

#[pymethods]
impl PyCapabilities {
    #[new]
    #[pyo3(signature = (**capabilities))]
    fn new(capabilities: Option<&Bound<'_, PyDict>>) -> PyResult<Self> {
        let mut inner = Capabilities::minimal();
        for (name, value) in capabilities.into_iter().flatten() {
            let name = name.extract::<String>()?;
            match name.as_str() {
                "key_field" => inner.key_field = value.extract::<Option<String>>()?.map(Str::from),
                "id_order" => {
                    inner.id_order = match value.extract::<String>()?.as_str() {
                        "code point" => IdOrder::CodePoint,
                        "numeric" => IdOrder::Numeric,
                        _ => return Err(PyValueError::new_err("ids are ordered by 'code point' or 'numeric'")),
                    }
                }
                _ => match flag(&mut inner, &name) {
                    Some(flag) => *flag = value.extract()?,
                    None => return Err(PyTypeError::new_err(format!("there is no capability {name:?}"))),
                },
            }
        }
        Ok(PyCapabilities { inner })
    }

    /// Whether ``transaction()`` gives real isolation.
    #[getter]
    fn transactions(&self) -> bool {
        self.inner.transactions
    }

    /// Whether transactions may be serializable: as if they had run one after another.
    #[getter]
    fn serializable(&self) -> bool {
        self.inner.serializable
    }

    /// Whether transactions have savepoints.
    #[getter]
    fn savepoints(&self) -> bool {
        self.inner.savepoints
    }

    /// Whether batches are all or nothing.
    #[getter]
    fn atomic_batches(&self) -> bool {
        self.inner.atomic_batches
    }

    /// Whether there are ``create_index``, ``list_indexes`` and ``drop_index``.
    #[getter]
    fn indexes(&self) -> bool {
        self.inner.indexes
    }

    /// Whether records come in the order they were created, without a sort.
    #[getter]
    fn insertion_order(&self) -> bool {
        self.inner.insertion_order
    }

    /// How ids are ordered: by ``"code point"``, or ``"numeric"``.
    #[getter]
    fn id_order(&self) -> &'static str {
        match self.inner.id_order {
            IdOrder::Numeric => "numeric",
            _ => "code point",
        }
    }

    /// The field that holds the id, on stores with a key column of their own.
    #[getter]
    fn key_field(&self) -> Option<&str> {
        self.inner.key_field.as_deref()
    }

    /// Whether the store makes the ids of records that come without one.
    #[getter]
    fn generates_ids(&self) -> bool {
        self.inner.generates_ids
    }

    /// Whether a missing field is told from a null one.
    #[getter]
    fn missing_fields(&self) -> bool {
        self.inner.missing_fields
    }

    /// Whether records keep their own field order, also where it differs from record to record.
    #[getter]
    fn field_order(&self) -> bool {
        self.inner.field_order
    }

    /// Whether fields are those that the store has, each of one type.
    #[getter]
    fn fixed_fields(&self) -> bool {
        self.inner.fixed_fields
    }

    /// Whether every write of a record gives it a version never used before.
    #[getter]
    fn unique_versions(&self) -> bool {
        self.inner.unique_versions
    }

    /// Whether a stream sees the records as they were when it began.
    #[getter]
    fn snapshot_streams(&self) -> bool {
        self.inner.snapshot_streams
    }

    /// Whether results of MATCH carry a relevance.
    #[getter]
    fn scores(&self) -> bool {
        self.inner.scores
    }

    /// Whether records outlive the process.
    #[getter]
    fn persistent(&self) -> bool {
        self.inner.persistent
    }

    /// Whether writes are refused.
    #[getter]
    fn read_only(&self) -> bool {
        self.inner.read_only
    }

    /// Give everything as a dict.
    ///
    /// Returns
    /// -------
    /// dict
    ///     Each attribute under its name.
    ///
    /// Examples
    /// --------
    /// >>> from dataknobs_data import SyncDatabase
    /// >>> SyncDatabase.create("memory").capabilities.to_dict()["id_order"]
    /// 'code point'
    fn to_dict<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        json::to_python(py, &serde_json::to_value(&self.inner).unwrap_or_default())
    }

    fn __eq__(&self, other: PyRef<'_, Self>) -> bool {
        other.inner == self.inner
    }

    /// The arguments that differ from what they are when left out.
    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        let mine = self.to_dict(py)?.cast_into::<PyDict>()?;
        let minimal = PyCapabilities { inner: Capabilities::minimal() }.to_dict(py)?;
        let mut parts = Vec::new();
        for (name, value) in mine.iter() {
            if !minimal.get_item(&name)?.eq(&value)? {
                parts.push(format!("{name}={}", value.repr()?));
            }
        }
        Ok(format!("Capabilities({})", parts.join(", ")))
    }

    fn __getnewargs_ex__<'py>(&self, py: Python<'py>) -> PyResult<(Bound<'py, PyTuple>, Bound<'py, PyAny>)> {
        Ok((PyTuple::empty(py), self.to_dict(py)?))
    }
}
