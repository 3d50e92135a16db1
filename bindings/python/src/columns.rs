//! Columns of values for NumPy and pandas, straight from records.
//!
//! NumPy reads the buffers where they are, through `__array_interface__`: nothing is copied, and
//! neither NumPy's C interface nor pyarrow is needed.

use std::sync::Arc;

use arrow_array::builder::LargeStringBuilder;
use arrow_array::{ArrayRef, StringArray};
use dataknobs_data::{FieldType, Value};
use dataknobs_data_arrow::{
    Column, ColumnData, ColumnKind, Lend, ToArrowOptions, WholeColumn, WholeColumns, WholeData, Zone, with_lent_columns,
};
use foldhash::fast::RandomState;
use hashbrown::HashMap;
use pyo3::prelude::*;
use pyo3::sync::critical_section::with_critical_section;
use pyo3::types::{PyCapsule, PyDict, PyList, PyString};
use pyo3::{Borrowed, ffi};

use crate::error::Outcome;
use crate::record::PyRecord;
use crate::value;

/// A column of values that NumPy reads where it is.
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
    /// The memory of the column, as NumPy's array interface (version 3) describes it.
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

/// Records whose texts are made into objects together, one column after the other: their memory
/// is near then.
const BLOCK: usize = 256;

/// The strings of one column, of which the same ones are the same Python object.
///
/// Columns of few distinct strings are common, and a look-up is cheaper than a new object. When
/// most strings differ, it stops looking.
#[derive(Default)]
struct Strings<'a> {
    objects: Vec<Py<PyAny>>,
    known: HashMap<&'a str, Py<PyString>, RandomState>,
    /// Most strings are new.
    distinct: bool,
}

impl<'a> Strings<'a> {
    const SAMPLE: usize = 1_024;

    fn extend(&mut self, py: Python<'_>, texts: &[Option<&'a str>]) {
        if self.objects.len() >= Self::SAMPLE && self.known.len() > self.objects.len() / 2 {
            self.distinct = true;
            self.known.clear();
        }
        for text in texts {
            self.objects.push(match text {
                None => py.None(),
                Some(text) if self.distinct => PyString::new(py, text).into_any().unbind(),
                Some(text) => {
                    let object = self.known.entry(text).or_insert_with(|| PyString::new(py, text).unbind());
                    object.clone_ref(py).into_any()
                }
            });
        }
    }
}

/// The string objects of all columns of text, in order.
fn strings(py: Python<'_>, columns: &[Column<'_>]) -> Vec<Vec<Py<PyAny>>> {
    let texts: Vec<&[Option<&str>]> = columns
        .iter()
        .filter_map(|column| match &column.data {
            ColumnData::Text(texts) => Some(texts.as_slice()),
            _ => None,
        })
        .collect();
    let rows = texts.first().map_or(0, |texts| texts.len());
    let new = || Strings { objects: Vec::with_capacity(rows), ..Strings::default() };
    let mut made: Vec<Strings<'_>> = texts.iter().map(|_| new()).collect();
    for start in (0..rows).step_by(BLOCK) {
        for (made, texts) in made.iter_mut().zip(&texts) {
            made.extend(py, &texts[start..rows.min(start + BLOCK)]);
        }
    }
    made.into_iter().map(|strings| strings.objects).collect()
}

fn values(py: Python<'_>, values: &[&Value]) -> PyResult<Vec<Py<PyAny>>> {
    values.iter().map(|value| Ok(value::to_python(py, value)?.unbind())).collect()
}

/// Name, kind, data, which rows have a value (or None), and the declared type.
pub(crate) type PythonColumn = (String, &'static str, Py<PyAny>, Option<Py<PyAny>>, Option<&'static str>, Option<i32>);

/// How text is handed over.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Text {
    /// As `str` objects.
    Objects,
    /// As Arrow data, which makes no objects.
    Arrow,
}

fn convert(py: Python<'_>, columns: Vec<Column<'_>>, text: Text) -> PyResult<Vec<PythonColumn>> {
    let mut strings = match text {
        Text::Objects => strings(py, &columns),
        Text::Arrow => Vec::new(),
    }
    .into_iter();
    columns.into_iter().map(|found| column(py, found, &mut strings)).collect()
}

fn buffer(py: Python<'_>, data: Data) -> PyResult<Py<PyAny>> {
    Ok(Py::new(py, Buffer { data })?.into_any())
}

fn column(
    py: Python<'_>,
    column: Column<'_>,
    strings: &mut impl Iterator<Item = Vec<Py<PyAny>>>,
) -> PyResult<PythonColumn> {
    let data = match column.data {
        ColumnData::Boolean(data) => buffer(py, Data::Bytes(data))?,
        ColumnData::Integer(data) => buffer(py, Data::Integers(data))?,
        ColumnData::Float(data) => buffer(py, Data::Floats(data))?,
        ColumnData::DateTime(data) => buffer(py, Data::Moments(data))?,
        ColumnData::Text(data) => match strings.next() {
            Some(objects) => buffer(py, Data::Objects(objects))?,
            None => {
                let bytes = data.iter().map(|text| text.map_or(0, str::len)).sum();
                let mut texts = LargeStringBuilder::with_capacity(data.len(), bytes);
                data.into_iter().for_each(|text| texts.append_option(text));
                PyList::new(py, [TextArray { array: Arc::new(texts.finish()) }])?.into_any().unbind()
            }
        },
        ColumnData::Values(data) => buffer(py, Data::Objects(values(py, &data)?))?,
    };
    described(py, &column.name, column.kind, column.field_type, (data, column.validity))
}

fn described(
    py: Python<'_>,
    name: &str,
    kind: ColumnKind,
    declared: Option<FieldType>,
    (data, validity): (Py<PyAny>, Option<Vec<u8>>),
) -> PyResult<PythonColumn> {
    let (kind, offset) = match kind {
        ColumnKind::Boolean => ("boolean", None),
        ColumnKind::Integer => ("integer", None),
        ColumnKind::Float => ("float", None),
        ColumnKind::DateTime(Zone::Naive) => ("datetime", None),
        ColumnKind::DateTime(Zone::Offset(seconds)) => ("datetime", Some(seconds)),
        ColumnKind::Text => ("text", None),
        _ => ("values", None),
    };
    let validity = validity.map(|mask| buffer(py, Data::Bytes(mask))).transpose()?;
    Ok((name.to_owned(), kind, data, validity, declared.map(FieldType::name), offset))
}

/// Columns that a store scanned, how many rows they have, and the ids if they were wanted.
pub(crate) fn scanned(py: Python<'_>, found: WholeColumns, text: Text) -> PyResult<Bound<'_, PyAny>> {
    let (rows, ids) = (found.rows, found.ids);
    let columns = found.columns.into_iter().map(|column| whole(py, column, text)).collect::<PyResult<Vec<_>>>()?;
    let ids = ids.map(|ids| objects(py, &ids));
    Ok((columns, rows, ids).into_pyobject(py)?.into_any())
}

fn whole(py: Python<'_>, column: WholeColumn, text: Text) -> PyResult<PythonColumn> {
    let data = match column.data {
        WholeData::Boolean(data) => buffer(py, Data::Bytes(data))?,
        WholeData::Integer(data) => buffer(py, Data::Integers(data))?,
        WholeData::Float(data) => buffer(py, Data::Floats(data))?,
        WholeData::DateTime(data) => buffer(py, Data::Moments(data))?,
        WholeData::Text(parts) if text == Text::Arrow => {
            let parts = parts.into_iter().map(|part| TextArray { array: Arc::new(part) });
            PyList::new(py, parts.collect::<Vec<_>>())?.into_any().unbind()
        }
        WholeData::Text(parts) => buffer(py, Data::Objects(objects(py, &parts)))?,
        WholeData::Values(data) => buffer(py, Data::Objects(values(py, &data.iter().collect::<Vec<_>>())?))?,
    };
    described(py, &column.name, column.kind, Some(column.field_type), (data, column.validity))
}

/// Texts as objects, the same ones as the same object.
fn objects(py: Python<'_>, parts: &[StringArray]) -> Vec<Py<PyAny>> {
    let rows = parts.iter().map(arrow_array::Array::len).sum();
    let mut strings = Strings { objects: Vec::with_capacity(rows), ..Strings::default() };
    let mut block = Vec::with_capacity(BLOCK);
    for part in parts {
        for text in part {
            block.push(text);
            if block.len() == BLOCK {
                strings.extend(py, &block);
                block.clear();
            }
        }
    }
    strings.extend(py, &block);
    strings.objects
}

/// A column of text as Arrow data.
#[pyclass(module = "dataknobs_data._native", frozen)]
pub(crate) struct TextArray {
    array: ArrayRef,
}

#[pymethods]
impl TextArray {
    /// The column in the Arrow C data interface.
    #[pyo3(signature = (requested_schema=None))]
    fn __arrow_c_array__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<&Bound<'py, PyAny>>,
    ) -> Outcome<(Bound<'py, PyCapsule>, Bound<'py, PyCapsule>)> {
        // The interface lets a producer ignore the schema that is asked for.
        let _ = requested_schema;
        crate::stream::export_array(py, self.array.as_ref())
    }
}

/// The columns of records, in order of first appearance.
#[pyfunction]
#[pyo3(signature = (records, arrow_text=false))]
pub(crate) fn _columns(records: &Bound<'_, PyAny>, arrow_text: bool) -> Outcome<Vec<PythonColumn>> {
    let py = records.py();
    if let Ok(list) = records.cast_exact::<PyList>()
        && let Some(columns) = with_critical_section(list, || lent(list, text_as(arrow_text)))
    {
        return Ok(columns?);
    }
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
    let columns = crate::runtime::detach(py, || dataknobs_data_arrow::columns(records, &ToArrowOptions::new()));
    Ok(convert(py, columns, text_as(arrow_text))?)
}

/// An object that may be a record's, and is looked at where it is.
struct Lent<'py> {
    object: Borrowed<'py, 'py, PyAny>,
    /// The class of records.
    class: *mut ffi::PyTypeObject,
}

// SAFETY: the interpreter, or the critical section of the list that holds the objects, is held while
// other threads look at them. They compare the class, which needs no interpreter, and read records
// under the records' own locks.
unsafe impl Sync for Lent<'_> {}

impl Lent<'_> {
    fn record(&self) -> Option<&PyRecord> {
        // SAFETY: an object of this very class is a record's.
        (self.object.get_type_ptr() == self.class).then(|| unsafe { self.object.cast_unchecked::<PyRecord>().get() })
    }
}

impl Lend for Lent<'_> {
    fn look<T>(&self, look: impl FnOnce(&dataknobs_data::Record) -> T) -> Option<T> {
        Some(self.record()?.look(look))
    }

    fn prefetch(&self) {
        if let Some(record) = self.record() {
            record.prefetch();
        }
    }
}

/// The columns of record objects, without other handles on their records; none for a list that holds
/// something else, or records that need more than a look.
fn lent(list: &Bound<'_, PyList>, text: Text) -> Option<PyResult<Vec<PythonColumn>>> {
    let py = list.py();
    let class = py.get_type::<PyRecord>().as_type_ptr();
    let mut records = Vec::with_capacity(list.len());
    for index in 0..list.len() {
        // SAFETY: the list is not changed while it is read, and lends what it holds.
        let object = unsafe {
            let item = ffi::PyList_GetItem(list.as_ptr(), index as ffi::Py_ssize_t);
            Borrowed::from_ptr_or_opt(py, item)?
        };
        records.push(Lent { object, class });
    }
    with_lent_columns(&records, |columns| convert(py, columns, text))
}

pub(crate) fn text_as(arrow: bool) -> Text {
    if arrow { Text::Arrow } else { Text::Objects }
}

/// The columns of what a query finds in a store that shows its records, and how many rows they
/// have; none where the store shows none.
pub(crate) fn shown(
    py: Python<'_>,
    database: &dataknobs_data_core::Database,
    query: &dataknobs_data::Query,
    text: Text,
) -> Outcome<Option<(Vec<PythonColumn>, usize)>> {
    let options = ToArrowOptions::new();
    let mut answer: Option<PyResult<(Vec<PythonColumn>, usize)>> = None;
    let mut pieces = 0;
    let shown = crate::runtime::detach(py, || {
        database.visit(query, &mut |records| {
            pieces += 1;
            if pieces == 1 {
                answer = dataknobs_data_arrow::with_columns(records, &options, |columns| {
                    Some(Python::attach(|py| Ok((convert(py, columns, text)?, records.len()))))
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
