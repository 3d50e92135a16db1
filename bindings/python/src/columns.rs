//! Columns of values for NumPy and pandas, straight from records.
//!
//! NumPy reads the buffers where they are, through `__array_interface__`: nothing is copied, and
//! neither NumPy's C interface nor pyarrow is needed.

use dataknobs_data::{FieldType, Value};
use dataknobs_data_arrow::{Column, ColumnData, ColumnKind, ToArrowOptions, Zone};
use foldhash::fast::RandomState;
use hashbrown::HashMap;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString};

use crate::error::{Failure, Outcome};
use crate::value;

/// A buffer of numbers that NumPy may read and write.
#[pyclass(module = "dataknobs_data._native", frozen)]
pub(crate) struct Buffer {
    data: Data,
}

enum Data {
    Bytes(Vec<u8>),
    Integers(Vec<i64>),
    Floats(Vec<f64>),
    Moments(Vec<i64>),
    /// References, which an array may exchange for others, each counted.
    Objects(Vec<Py<PyAny>>),
}

#[pymethods]
impl Buffer {
    #[getter]
    fn __array_interface__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let order = if cfg!(target_endian = "little") { "<" } else { ">" };
        let (address, length, kind) = match &self.data {
            Data::Bytes(data) => (data.as_ptr() as usize, data.len(), "|b1".to_owned()),
            Data::Integers(data) => (data.as_ptr() as usize, data.len(), format!("{order}i8")),
            Data::Floats(data) => (data.as_ptr() as usize, data.len(), format!("{order}f8")),
            Data::Moments(data) => (data.as_ptr() as usize, data.len(), format!("{order}M8[us]")),
            Data::Objects(data) => (data.as_ptr() as usize, data.len(), "|O".to_owned()),
        };
        let interface = PyDict::new(py);
        interface.set_item("version", 3)?;
        interface.set_item("shape", (length,))?;
        interface.set_item("typestr", kind)?;
        // The array holds on to this object; the buffer is nobody else's.
        interface.set_item("data", (address, false))?;
        Ok(interface)
    }
}

/// The strings of a column, of which the same ones are the same Python object.
///
/// Columns of few distinct strings are common, and each look-up is cheaper than a new object. When
/// most strings differ, it stops looking.
fn strings(py: Python<'_>, texts: &[Option<&str>]) -> Vec<Py<PyAny>> {
    const SAMPLE: usize = 1_024;
    let mut known: HashMap<&str, Py<PyString>, RandomState> = HashMap::default();
    let mut looking = true;
    let mut objects = Vec::with_capacity(texts.len());
    for (index, text) in texts.iter().enumerate() {
        objects.push(match text {
            None => py.None(),
            Some(text) if looking => {
                if index == SAMPLE && known.len() > SAMPLE / 2 {
                    looking = false;
                    known.clear();
                }
                known.entry(text).or_insert_with(|| PyString::new(py, text).unbind()).clone_ref(py).into_any()
            }
            Some(text) => PyString::new(py, text).into_any().unbind(),
        });
    }
    objects
}

fn values(py: Python<'_>, values: &[&Value]) -> PyResult<Vec<Py<PyAny>>> {
    values.iter().map(|value| Ok(value::to_python(py, value)?.unbind())).collect()
}

/// Name, kind, data, which rows have a value (or None), and the declared type.
pub(crate) type PythonColumn =
    (String, &'static str, Py<Buffer>, Option<Py<Buffer>>, Option<&'static str>, Option<i32>);

fn column(py: Python<'_>, column: Column<'_>) -> PyResult<PythonColumn> {
    let buffer = |data| Py::new(py, Buffer { data });
    let mut offset = None;
    let kind = match column.kind {
        ColumnKind::Boolean => "boolean",
        ColumnKind::Integer => "integer",
        ColumnKind::Float => "float",
        ColumnKind::DateTime(zone) => {
            offset = match zone {
                Zone::Naive => None,
                Zone::Offset(seconds) => Some(seconds),
            };
            "datetime"
        }
        ColumnKind::Text => "text",
        _ => "values",
    };
    let data = match column.data {
        ColumnData::Boolean(data) => buffer(Data::Bytes(data))?,
        ColumnData::Integer(data) => buffer(Data::Integers(data))?,
        ColumnData::Float(data) => buffer(Data::Floats(data))?,
        ColumnData::DateTime(data) => buffer(Data::Moments(data))?,
        ColumnData::Text(data) => buffer(Data::Objects(strings(py, &data)))?,
        ColumnData::Values(data) => buffer(Data::Objects(values(py, &data)?))?,
    };
    let validity = column.validity.map(|mask| buffer(Data::Bytes(mask))).transpose()?;
    let declared = column.field_type.map(FieldType::name);
    Ok((column.name.to_string(), kind, data, validity, declared, offset))
}

/// The columns of records, in order of first appearance.
#[pyfunction]
pub(crate) fn _columns(records: &Bound<'_, PyAny>) -> Outcome<Vec<PythonColumn>> {
    let py = records.py();
    let held;
    let found;
    let records: &[dataknobs_data::Record] = match records.cast::<crate::search_result::PySearchResult>() {
        Ok(result) => {
            held = result.get().records().clone();
            &held
        }
        Err(_) => {
            found = crate::record::list_argument(records)?;
            &found
        }
    };
    let columns = py.detach(|| dataknobs_data_arrow::columns(records, &ToArrowOptions::new()));
    columns.into_iter().map(|found| column(py, found).map_err(Failure::from)).collect()
}

/// The columns of what a query finds in a store that shows its records, and how many rows they
/// have; none where the store shows none.
pub(crate) fn shown(
    py: Python<'_>,
    database: &dataknobs_data_core::Database,
    query: &dataknobs_data::Query,
) -> Outcome<Option<(Vec<PythonColumn>, usize)>> {
    let options = ToArrowOptions::new();
    let mut answer: Option<PyResult<(Vec<PythonColumn>, usize)>> = None;
    let mut pieces = 0;
    let shown = py.detach(|| {
        database.visit(query, &mut |records| {
            pieces += 1;
            if pieces == 1 {
                answer = dataknobs_data_arrow::with_columns(records, &options, |columns| {
                    Some(Python::attach(|py| {
                        let columns = columns.into_iter().map(|found| column(py, found));
                        Ok((columns.collect::<PyResult<Vec<_>>>()?, records.len()))
                    }))
                });
            }
        })
    });
    match (shown, answer) {
        (Some(Err(error)), _) => Err(error.into()),
        (Some(Ok(())), Some(answer)) if pieces == 1 => Ok(Some(answer?)),
        _ => Ok(None),
    }
}
