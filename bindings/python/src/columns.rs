//! Columns of values for NumPy and pandas, straight from records.
//!
//! NumPy reads the buffers where they are, through `__array_interface__`: nothing is copied, and
//! neither NumPy's C interface nor pyarrow is needed.

use dataknobs_data::{FieldType, Value};
use dataknobs_data_arrow::{Column, ColumnData, ColumnKind, ToArrowOptions, Zone};
use foldhash::fast::RandomState;
use hashbrown::HashMap;
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyString};

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
fn strings<'py>(py: Python<'py>, texts: &[Option<&str>]) -> PyResult<Bound<'py, PyList>> {
    const SAMPLE: usize = 1_024;
    let mut known: HashMap<&str, Bound<'py, PyString>, RandomState> = HashMap::default();
    let mut looking = true;
    let list = new_list(py, texts.len())?;
    for (index, text) in texts.iter().enumerate() {
        let object = match text {
            None => py.None().into_bound(py),
            Some(text) if looking => {
                if index == SAMPLE && known.len() > SAMPLE / 2 {
                    looking = false;
                    known.clear();
                }
                known.entry(text).or_insert_with(|| PyString::new(py, text)).clone().into_any()
            }
            Some(text) => PyString::new(py, text).into_any(),
        };
        set_item(&list, index, object);
    }
    Ok(list)
}

/// A list of this length, all of whose items must be set before anyone sees it.
fn new_list(py: Python<'_>, length: usize) -> PyResult<Bound<'_, PyList>> {
    // SAFETY: the function gives a new reference to a list, or none and an exception.
    let list = unsafe { Bound::from_owned_ptr_or_err(py, ffi::PyList_New(length as isize))? };
    Ok(list.cast_into::<PyList>()?)
}

fn set_item(list: &Bound<'_, PyList>, index: usize, item: Bound<'_, PyAny>) {
    // SAFETY: the index is within the length the list was made with; the call takes the reference.
    unsafe { ffi::PyList_SetItem(list.as_ptr(), index as isize, item.into_ptr()) };
}

fn values<'py>(py: Python<'py>, values: &[&Value]) -> PyResult<Bound<'py, PyList>> {
    let mut objects = Vec::with_capacity(values.len());
    for value in values {
        objects.push(value::to_python(py, value)?);
    }
    PyList::new(py, objects)
}

/// Name, kind, data, which rows have a value (or None), and the declared type.
type PythonColumn<'py> = (Bound<'py, PyString>, &'static str, Bound<'py, PyAny>, Option<Bound<'py, Buffer>>, Option<&'static str>, Option<i32>);

fn column<'py>(py: Python<'py>, column: Column<'_>) -> PyResult<PythonColumn<'py>> {
    let buffer = |data| Bound::new(py, Buffer { data });
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
        ColumnData::Boolean(data) => buffer(Data::Bytes(data))?.into_any(),
        ColumnData::Integer(data) => buffer(Data::Integers(data))?.into_any(),
        ColumnData::Float(data) => buffer(Data::Floats(data))?.into_any(),
        ColumnData::DateTime(data) => buffer(Data::Moments(data))?.into_any(),
        ColumnData::Text(data) => strings(py, &data)?.into_any(),
        ColumnData::Values(data) => values(py, &data)?.into_any(),
    };
    let validity = column.validity.map(|mask| buffer(Data::Bytes(mask))).transpose()?;
    let declared = column.field_type.map(FieldType::name);
    Ok((PyString::new(py, &column.name), kind, data, validity, declared, offset))
}

/// The columns of records, in order of first appearance.
#[pyfunction]
pub(crate) fn _columns<'py>(records: &Bound<'py, PyAny>) -> Outcome<Vec<PythonColumn<'py>>> {
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
