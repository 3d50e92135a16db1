//! Records out of the columns of a DataFrame, and out of Arrow data.

use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef};
use dataknobs_data::{DateTime, Error, FieldType, Record, RecordId, Shape, Str, Value};
use dataknobs_data_arrow::FromArrowOptions;
use pyo3::exceptions::PyTypeError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyCapsule, PyDict, PyFloat, PyList, PyString, PyTuple};

use crate::error::{Failure, Outcome};
use crate::search_result::PySearchResult;
use crate::{uniform_rows, value};

/// Numbers in a NumPy array, which is kept alive beside them.
pub(crate) struct Numbers<'py, T> {
    values: *const T,
    length: usize,
    _array: Bound<'py, PyAny>,
}

impl<'py, T: Copy> Numbers<'py, T> {
    /// The numbers of a contiguous array of this type.
    fn of(array: Bound<'py, PyAny>, kind: &str) -> Outcome<Self> {
        let py = array.py();
        let interface = array.getattr(intern!(py, "__array_interface__"))?.cast_into::<PyDict>()?;
        let part = |name: &str| -> Outcome<Bound<'py, PyAny>> {
            interface.get_item(name)?.ok_or_else(|| Failure::Python(PyTypeError::new_err("this is no NumPy array")))
        };
        let found: String = part("typestr")?.extract()?;
        let (length,): (usize,) = part("shape")?.extract()?;
        let (address, _read_only): (usize, bool) = part("data")?.extract()?;
        let contiguous = interface.get_item("strides")?.is_none_or(|strides| strides.is_none());
        if found.trim_start_matches(['<', '|', '=']) != kind || !contiguous || address % align_of::<T>() != 0 {
            return Err(Failure::Python(PyTypeError::new_err(format!("a column of {kind} was expected, not {found}"))));
        }
        Ok(Numbers { values: address as *const T, length, _array: array })
    }

    /// A copy of them, which no other thread changes.
    pub(crate) fn to_vec(&self) -> Vec<T> {
        (0..self.length).map(|index| self.get(index)).collect()
    }

    fn get(&self, index: usize) -> T {
        assert!(index < self.length);
        // SAFETY: the array says that it holds `length` of these at this address, which is aligned,
        // and it lives as long as this. Bits of any kind are a number.
        unsafe { *self.values.add(index) }
    }
}

pub(crate) enum Cells<'py> {
    Booleans(Numbers<'py, u8>),
    Integers(Numbers<'py, i64>),
    Floats(Numbers<'py, f64>),
    /// Microseconds of UTC or of nowhere, and the offsets from UTC in seconds.
    Moments(Numbers<'py, i64>, Option<Numbers<'py, i64>>),
    Objects(Bound<'py, PyList>),
    /// Text as Arrow data, in pieces.
    Texts(Vec<ArrayRef>),
}

pub(crate) struct Column<'py> {
    pub(crate) name: Str,
    pub(crate) cells: Cells<'py>,
    /// True where there is a value.
    pub(crate) present: Option<Numbers<'py, u8>>,
    pub(crate) declared: Option<FieldType>,
}

impl Column<'_> {
    fn value(&self, row: usize) -> Outcome<Value> {
        if self.present.as_ref().is_some_and(|present| present.get(row) == 0) {
            return Ok(Value::Null);
        }
        Ok(match &self.cells {
            Cells::Booleans(cells) => Value::Boolean(cells.get(row) != 0),
            Cells::Integers(cells) => Value::Integer(cells.get(row)),
            Cells::Floats(cells) => float(cells.get(row))?,
            Cells::Moments(cells, offsets) => match (cells.get(row), offsets) {
                (i64::MIN, _) => Value::Null,
                (micros, None) => {
                    let moment = DateTime::from_micros(micros);
                    if moment.micros() != micros {
                        return Err(Error::invalid_record("a datetime must lie in the years 0001 to 9999").into());
                    }
                    Value::DateTime(moment)
                }
                (micros, Some(offsets)) => {
                    let offset = i32::try_from(offsets.get(row)).unwrap_or(i32::MAX);
                    Value::DateTime(DateTime::with_offset(micros, offset)?)
                }
            },
            Cells::Texts(pieces) => text_at(pieces, row).map_or(Value::Null, |text| Value::String(Str::new(text))),
            Cells::Objects(cells) => {
                let cell = cells.get_item(row)?;
                match cell.cast_exact::<PyFloat>() {
                    // Among objects, NaN is how pandas writes that there is none.
                    Ok(number) => float(number.value())?,
                    Err(_) => match value::from_python(&cell) {
                        Err(Failure::Library(_)) if is_not_a_number(&cell) => Value::Null,
                        value => value?,
                    },
                }
            }
        })
    }

    /// The type of nulls ahead of the first value: its type.
    fn first_type(&self) -> FieldType {
        if let Some(declared) = self.declared {
            return declared;
        }
        let cells = match &self.cells {
            Cells::Objects(cells) => cells,
            // What is null before long prose is of its type, too.
            Cells::Texts(pieces) => {
                let first = pieces.iter().flat_map(texts_of).flatten().next();
                return first.map_or(FieldType::String, |text| FieldType::detect(&Value::String(Str::new(text))));
            }
            _ => return FieldType::String,
        };
        // A cell that is no value is reported when its row is read.
        let values = (0..cells.len()).map_while(|row| self.value(row).ok());
        values.filter(|value| !value.is_null()).map(|value| value.field_type()).next().unwrap_or(FieldType::String)
    }

    fn field_type(&self, value: &Value) -> FieldType {
        match self.declared {
            Some(declared) if declared.holds(value) => declared,
            _ => FieldType::detect(value),
        }
    }
}

/// Whether this is how pandas writes, among objects, that there is no value.
pub(crate) fn is_nothing(object: &Bound<'_, PyAny>) -> bool {
    match object.cast_exact::<PyFloat>() {
        Ok(number) => number.value().is_nan(),
        Err(_) => object.is_none() || value::is_missing(object).unwrap_or(false),
    }
}

/// Whether this is one of the NaN and NaT of NumPy and decimals: none of them equals itself.
fn is_not_a_number(object: &Bound<'_, PyAny>) -> bool {
    object.ne(object).unwrap_or(false)
}

/// The texts of Arrow data of one of the two types of text.
pub(crate) fn texts_of(piece: &ArrayRef) -> Box<dyn Iterator<Item = Option<&str>> + '_> {
    match piece.as_string_opt::<i32>() {
        Some(texts) => Box::new(texts.iter()),
        None => Box::new(piece.as_string::<i64>().iter()),
    }
}

fn text_at(pieces: &[ArrayRef], mut row: usize) -> Option<&str> {
    for piece in pieces {
        if row < piece.len() {
            return match piece.as_string_opt::<i32>() {
                _ if piece.is_null(row) => None,
                Some(texts) => Some(texts.value(row)),
                None => Some(piece.as_string::<i64>().value(row)),
            };
        }
        row -= piece.len();
    }
    None
}

/// The pieces of a table of one column of text.
fn texts(table: &Bound<'_, PyAny>) -> Outcome<Vec<ArrayRef>> {
    let capsule = table.call_method0(intern!(table.py(), "__arrow_c_stream__"))?.cast_into::<PyCapsule>()?;
    let mut pieces = Vec::new();
    for batch in crate::stream::import(&capsule)? {
        let batch =
            batch.map_err(|source| Error::invalid_record("a column of text cannot be read").with_source(source))?;
        let piece = batch
            .columns()
            .first()
            .filter(|piece| piece.as_string_opt::<i32>().is_some() || piece.as_string_opt::<i64>().is_some());
        let piece = piece.ok_or_else(|| Failure::Python(PyTypeError::new_err("a column of text was expected")))?;
        pieces.push(piece.clone());
    }
    Ok(pieces)
}

/// NaN is no value; infinity is none that a record holds.
fn float(value: f64) -> Outcome<Value> {
    if value.is_nan() {
        return Ok(Value::Null);
    }
    if value.is_infinite() {
        return Err(Error::invalid_record("a float must be finite").into());
    }
    Ok(Value::Float(value))
}

/// A column as Python hands it over: name, kind, data, which rows have a value, offsets, type.
fn column<'py>(parts: &Bound<'py, PyAny>) -> Outcome<Column<'py>> {
    let parts = parts.cast::<PyTuple>()?;
    let optional = |index: usize| -> PyResult<Option<Bound<'py, PyAny>>> {
        let part = parts.get_item(index)?;
        Ok((!part.is_none()).then_some(part))
    };
    let name = value::text(&parts.get_item(0)?.cast_into::<PyString>()?)?;
    let kind: String = parts.get_item(1)?.extract()?;
    let data = parts.get_item(2)?;
    let cells = match kind.as_str() {
        "boolean" => Cells::Booleans(Numbers::of(data, "b1")?),
        "integer" => Cells::Integers(Numbers::of(data, "i8")?),
        "float" => Cells::Floats(Numbers::of(data, "f8")?),
        "datetime" => {
            let offsets = optional(4)?.map(|offsets| Numbers::of(offsets, "i8")).transpose()?;
            Cells::Moments(Numbers::of(data, "M8[us]")?, offsets)
        }
        "text" => Cells::Texts(texts(&data)?),
        _ => Cells::Objects(data.cast_into::<PyList>()?),
    };
    let present = optional(3)?.map(|present| Numbers::of(present, "b1")).transpose()?;
    let declared = optional(5)?.map(|kind| crate::field::type_from_python(&kind)).transpose()?;
    Ok(Column { name, cells, present, declared })
}

/// The records of columns that have this many rows.
#[pyfunction]
pub(crate) fn _records(
    columns: Vec<Bound<'_, PyAny>>,
    rows: usize,
    ids: Option<Bound<'_, PyList>>,
) -> Outcome<PySearchResult> {
    Ok(PySearchResult::from(rows_of(&columns, rows, ids.as_ref())?))
}

fn rows_of(given: &[Bound<'_, PyAny>], rows: usize, ids: Option<&Bound<'_, PyList>>) -> Outcome<Vec<Record>> {
    let columns = given.iter().map(column).collect::<Outcome<Vec<_>>>()?;
    if let Some(first) = given.first()
        && let Some(records) = uniform_rows::records(first.py(), &columns, rows, ids)
    {
        return Ok(records);
    }
    let mut types: Vec<FieldType> = Vec::new();
    let mut shape = Shape::empty();
    let mut records = Vec::with_capacity(rows);
    for row in 0..rows {
        let mut values = Vec::with_capacity(columns.len());
        let mut same = types.len() == columns.len() && row > 0;
        for (at, column) in columns.iter().enumerate() {
            let value = column
                .value(row)
                .map_err(|failure| failure.at("column", format!("`{}`", column.name.escape_debug())).at("row", row))?;
            let kind = match (&value, types.get(at)) {
                // A null takes the type that the column has.
                (Value::Null, Some(known)) if column.declared.is_none() => *known,
                (Value::Null, None) => column.first_type(),
                _ => column.field_type(&value),
            };
            match types.get_mut(at) {
                Some(known) if *known == kind => {}
                Some(known) => {
                    *known = kind;
                    same = false;
                }
                None => types.push(kind),
            }
            values.push(value);
        }
        if !same {
            shape = Shape::new(columns.iter().map(|column| column.name.clone()).zip(types.iter().copied()))?;
        }
        let mut record = Record::from_shape(&shape, values)?;
        if let Some(ids) = ids {
            let id = ids.get_item(row)?;
            if !id.is_none() {
                let id = RecordId::new(value::text(&id.cast_into::<PyString>()?)?);
                record.set_id(id.map_err(|error| error.with_context("row", row))?);
            }
        }
        records.push(record);
    }
    Ok(records)
}

/// The records of a DataFrame or of Arrow data, if the object is one of those.
pub(crate) fn of_columns(object: &Bound<'_, PyAny>, id_column: Option<&str>) -> Outcome<Option<Vec<Record>>> {
    let py = object.py();
    let class = object.get_type();
    if class.mro().iter().any(|base| is_pandas_frame(&base)) {
        let module = py.import(intern!(py, "dataknobs_data.utils.pandas"))?;
        let parts = module.getattr(intern!(py, "_parts"))?.call1((object, id_column))?;
        type Parts<'py> = (Vec<Bound<'py, PyAny>>, Option<Bound<'py, PyList>>, Bound<'py, PyDict>);
        let (columns, ids, attributes): Parts<'_> = parts.extract()?;
        if attributes.is_empty() {
            return Ok(Some(rows_of(&columns, object.len()?, ids.as_ref())?));
        }
        let options = PyDict::new(py);
        options.set_item("id_column", id_column)?;
        let records = module.getattr(intern!(py, "dataframe_to_records"))?.call((object,), Some(&options))?;
        return Ok(Some(records.cast_into::<PySearchResult>()?.get().records().to_vec()));
    }
    if !object.hasattr(intern!(py, "__arrow_c_stream__"))? {
        return Ok(None);
    }
    let mut options = FromArrowOptions::new();
    if let Some(id_column) = id_column {
        options = options.with_id_column(id_column);
    }
    let capsule = object.call_method0(intern!(py, "__arrow_c_stream__"))?.cast_into::<PyCapsule>()?;
    let reader = crate::stream::import(&capsule)?;
    Ok(Some(crate::runtime::detach(py, || dataknobs_data_arrow::records_from_reader(reader, &options))?))
}

fn is_pandas_frame(class: &Bound<'_, PyAny>) -> bool {
    let named = |attribute: &str, expected: &str| {
        class
            .getattr(attribute)
            .ok()
            .and_then(|name| name.extract::<String>().ok())
            .is_some_and(|name| name == expected || (attribute == "__module__" && name.starts_with("pandas.")))
    };
    named("__name__", "DataFrame") && named("__module__", "pandas")
}

/// Give the records of a DataFrame, of Arrow data, or of an iterable of records.
///
/// Parameters
/// ----------
/// data : iterable of records, DataFrame or Arrow data
///     What a batch takes.
/// id_column : str, optional
///     The column that holds the ids.
///
/// Returns
/// -------
/// SearchResult
///     The records.
///
/// Raises
/// ------
/// InvalidRecordError
///     When a value is of no type that a record holds; the context names row and column.
/// TypeError
///     When ``id_column`` is given and the data has no columns.
#[pyfunction]
#[pyo3(signature = (data, *, id_column=None))]
pub(crate) fn records_from_columns(data: &Bound<'_, PyAny>, id_column: Option<&str>) -> Outcome<PySearchResult> {
    match of_columns(data, id_column)? {
        Some(records) => Ok(PySearchResult::from(records)),
        None if id_column.is_some() => {
            Err(Failure::Python(PyTypeError::new_err("`id_column` goes with a DataFrame or with Arrow data")))
        }
        None => Ok(PySearchResult::from(crate::record::list_argument(data)?)),
    }
}
