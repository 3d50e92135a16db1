//! Records out of columns of one type each: booleans, numbers, datetimes and text, which most
//! DataFrames are made of. The records are made by several threads, without the interpreter.

use std::cell::Cell;

use dataknobs_data::{DateTime, FieldType, Record, RecordId, Shape, Str, Value};
use dataknobs_data_arrow::{each_in_a_thread, rows_a_thread};
use pyo3::prelude::*;
use pyo3::types::{PyList, PyString, PyTuple};

use crate::rows::{Cells, Column, is_nothing, texts_of};
use crate::runtime;

/// Bytes of text up to which it is no long prose, however many characters they are.
const SHORT: usize = 1_000;

/// One column, read out of Python.
struct Plain<'a> {
    name: Str,
    field_type: FieldType,
    data: Data<'a>,
    present: Option<Vec<u8>>,
}

enum Data<'a> {
    Booleans(Vec<u8>),
    Integers(Vec<i64>),
    Floats(Vec<f64>),
    Moments(Vec<i64>, Option<Vec<i64>>),
    Texts(Vec<Option<&'a str>>),
}

/// Strings that a list held, which stay what they are while this is there.
struct Strings<'py>(Bound<'py, PyTuple>);

impl<'py> Strings<'py> {
    fn of(list: &Bound<'py, PyList>) -> Self {
        Strings(list.to_tuple())
    }

    /// The texts; none when there is more than short text and nothing.
    fn texts(&self) -> Option<Vec<Option<&str>>> {
        self.0
            .iter_borrowed()
            .map(|cell| match cell.cast_exact::<PyString>() {
                Ok(text) => {
                    let text = text.to_str().ok().filter(|text| text.len() <= SHORT)?;
                    // SAFETY: the string lives as long as the tuple that holds it, and never changes.
                    Some(Some(unsafe { std::mem::transmute::<&str, &str>(text) }))
                }
                Err(_) => is_nothing(&cell).then_some(None),
            })
            .collect()
    }
}

impl<'a> Plain<'a> {
    fn new(column: &'a Column<'_>, strings: Option<&'a Strings<'_>>) -> Option<Self> {
        let data = match (&column.cells, strings) {
            (Cells::Booleans(cells), _) => Data::Booleans(cells.to_vec()),
            (Cells::Integers(cells), _) => Data::Integers(cells.to_vec()),
            (Cells::Floats(cells), _) => Data::Floats(cells.to_vec()),
            (Cells::Moments(cells, offsets), _) => {
                Data::Moments(cells.to_vec(), offsets.as_ref().map(|offsets| offsets.to_vec()))
            }
            (Cells::Texts(pieces), _) => {
                let texts: Vec<_> = pieces.iter().flat_map(texts_of).collect();
                let short = texts.iter().flatten().all(|text| text.len() <= SHORT);
                Data::Texts(short.then_some(texts)?)
            }
            (Cells::Objects(_), strings) => Data::Texts(strings?.texts()?),
        };
        let field_type = column.declared.unwrap_or(FieldType::String);
        let example = match data {
            Data::Booleans(_) => FieldType::Boolean,
            Data::Integers(_) => FieldType::Integer,
            Data::Floats(_) => FieldType::Float,
            Data::Moments(..) => FieldType::DateTime,
            Data::Texts(_) => FieldType::String,
        };
        let fits = field_type == example || (example == FieldType::String && field_type == FieldType::Text);
        let present = column.present.as_ref().map(|present| present.to_vec());
        fits.then(|| Plain { name: column.name.clone(), field_type, data, present })
    }

    /// The value in a row; none where there cannot be one.
    #[inline]
    fn value(&self, row: usize) -> Option<Value> {
        if self.present.as_ref().is_some_and(|present| present[row] == 0) {
            return Some(Value::Null);
        }
        Some(match &self.data {
            Data::Booleans(data) => Value::Boolean(data[row] != 0),
            Data::Integers(data) => Value::Integer(data[row]),
            Data::Floats(data) if data[row].is_nan() => Value::Null,
            Data::Floats(data) => Value::Float(data[row]),
            Data::Texts(data) => data[row].map_or(Value::Null, |text| Value::String(Str::new(text))),
            Data::Moments(data, offsets) => match (data[row], offsets) {
                (i64::MIN, _) => Value::Null,
                (micros, None) => {
                    let moment = DateTime::from_micros(micros);
                    Value::DateTime((moment.micros() == micros).then_some(moment)?)
                }
                (micros, Some(offsets)) => {
                    Value::DateTime(DateTime::with_offset(micros, i32::try_from(offsets[row]).ok()?).ok()?)
                }
            },
        })
    }
}

/// The records, or none when the columns hold anything else, or what no record can hold: there is
/// another way to read them, which says what is wrong and where.
pub(crate) fn records(
    py: Python<'_>,
    columns: &[Column<'_>],
    rows: usize,
    ids: Option<&Bound<'_, PyList>>,
) -> Option<Vec<Record>> {
    let objects: Vec<Option<Strings<'_>>> = columns
        .iter()
        .map(|column| if let Cells::Objects(list) = &column.cells { Some(Strings::of(list)) } else { None })
        .collect();
    let columns: Vec<Plain<'_>> = columns
        .iter()
        .zip(&objects)
        .map(|(column, strings)| Plain::new(column, strings.as_ref()))
        .collect::<Option<_>>()?;
    let ids = ids.map(Strings::of);
    let ids = match &ids {
        Some(ids) => Some(ids.texts()?),
        None => None,
    };
    let shape = Shape::new(columns.iter().map(|column| (column.name.clone(), column.field_type))).ok()?;
    runtime::detach(py, || {
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        let each = rows_a_thread(rows, threads);
        // Shared here, and not by the threads, which would wait for each other at every record.
        let part = |start| (start, vec![shape.clone(); each.min(rows - start)]);
        let parts: Vec<_> = (0..rows).step_by(each).map(part).collect();
        let made = each_in_a_thread(parts, |(start, shapes)| {
            let record = |(row, shape): (usize, Shape)| {
                let failed = Cell::new(false);
                let values = columns.iter().map(|column| {
                    column.value(row).unwrap_or_else(|| {
                        failed.set(true);
                        Value::Null
                    })
                });
                let mut record = Record::with_shape(shape, values).ok().filter(|_| !failed.get())?;
                if let Some(Some(id)) = ids.as_ref().map(|ids| ids[row]) {
                    record.set_id(RecordId::new(id).ok()?);
                }
                Some(record)
            };
            (start..).zip(shapes).map(record).collect::<Option<Vec<_>>>()
        })?;
        let mut made = made.into_iter();
        let mut records = made.next().unwrap_or_default();
        made.for_each(|more| records.extend(more));
        Some(records)
    })
}
