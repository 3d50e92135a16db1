//! The values of columns, typed, without Arrow: what record batches and DataFrames are made of.

use std::borrow::Borrow;
use std::ops::Range;

use dataknobs_data_core::{FieldType, Record, Str, Value};

use crate::infer::{ColumnKind, ColumnType, infer};
use crate::options::ToArrowOptions;
use crate::shapes::{Positions, Shapes};
use crate::uniform;

/// One column of values, borrowed from records where it can be.
///
/// ```
/// use dataknobs_data_arrow::{Column, ColumnData, ToArrowOptions, columns};
/// use dataknobs_data_core::record;
/// let records = [record! { "n": 1 }?, record! { "n": () }?];
/// let column: &Column = &columns(&records, &ToArrowOptions::new())[0];
/// assert_eq!(column.data, ColumnData::Integer(vec![1, 0]));
/// assert_eq!(column.validity, Some(vec![1, 0]));
/// # Ok::<(), dataknobs_data_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Column<'a> {
    /// The field's name.
    pub name: Str,
    /// What its values are.
    pub kind: ColumnKind,
    /// The declared type of the field; none for [`ColumnKind::Mixed`].
    pub field_type: Option<FieldType>,
    /// The values, one for each record.
    pub data: ColumnData<'a>,
    /// For each record 1 where there is a value, 0 where the field is null or missing; none when
    /// every record has a value.
    pub validity: Option<Vec<u8>>,
}

/// The values of a column, by its kind.
///
/// ```
/// use dataknobs_data_arrow::{ColumnData, ToArrowOptions, columns};
/// use dataknobs_data_core::record;
/// let records = [record! { "name": "Ada" }?, record! { "name": () }?];
/// assert_eq!(columns(&records, &ToArrowOptions::new())[0].data, ColumnData::Text(vec![Some("Ada"), None]));
/// # Ok::<(), dataknobs_data_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub enum ColumnData<'a> {
    /// 1 and 0; 0 where there is no value.
    Boolean(Vec<u8>),
    /// Integers; 0 where there is no value.
    Integer(Vec<i64>),
    /// Floats; NaN where there is no value.
    Float(Vec<f64>),
    /// Microseconds since 1970-01-01T00:00:00 UTC; `i64::MIN` (NumPy's NaT) where there is no
    /// value. The kind says the offset.
    DateTime(Vec<i64>),
    /// Text.
    Text(Vec<Option<&'a str>>),
    /// The values themselves, of columns of JSON, bytes or more than one kind.
    Values(Vec<&'a Value>),
}

/// The columns of these records, in order of first appearance, with their values. Ids and metadata
/// are not among them.
///
/// ```
/// use dataknobs_data_arrow::{ColumnData, ToArrowOptions, columns};
/// use dataknobs_data_core::record;
/// let records = [record! { "n": 1, "x": 0.5 }?, record! { "n": 2, "x": 1.5 }?];
/// let columns = columns(&records, &ToArrowOptions::new());
/// assert_eq!(columns[1].data, ColumnData::Float(vec![0.5, 1.5]));
/// # Ok::<(), dataknobs_data_core::Error>(())
/// ```
pub fn columns<'a>(records: &'a [Record], options: &ToArrowOptions) -> Vec<Column<'a>> {
    uniform::columns(records).unwrap_or_else(|| general(records, options))
}

/// Hands over the columns of records that are only borrowed, as [`columns`] gives them.
///
/// ```
/// use dataknobs_data_arrow::{ToArrowOptions, with_columns};
/// use dataknobs_data_core::record;
/// let record = record! { "n": 1 }?;
/// let rows = with_columns(&[&record, &record], &ToArrowOptions::new(), |columns| columns.len());
/// assert_eq!(rows, 1);
/// # Ok::<(), dataknobs_data_core::Error>(())
/// ```
pub fn with_columns<T>(records: &[&Record], options: &ToArrowOptions, run: impl FnOnce(Vec<Column<'_>>) -> T) -> T {
    match uniform::columns(records) {
        Some(columns) => run(columns),
        None => {
            let records: Vec<Record> = records.iter().map(|record| (*record).clone()).collect();
            run(general(&records, options))
        }
    }
}

/// The columns of any records.
pub(crate) fn general<'a>(records: &'a [Record], options: &ToArrowOptions) -> Vec<Column<'a>> {
    let shapes = Shapes::of(records);
    extract(&infer(&shapes, options), &shapes)
}

/// Records that are looked at together, for one column after another: so many stay in the cache.
const BLOCK: usize = 512;

/// The values of columns that were inferred from these records or from more.
pub(crate) fn extract<'a, R: Borrow<Record>>(columns: &[ColumnType], shapes: &Shapes<'a, R>) -> Vec<Column<'a>> {
    let rows = shapes.rows();
    let positions: Vec<Positions> = columns.iter().map(|column| shapes.positions(&column.name)).collect();
    let mut extracted: Vec<Column<'a>> = columns.iter().map(|column| Column::empty(column, rows)).collect();
    for start in (0..rows).step_by(BLOCK) {
        let block = start..rows.min(start + BLOCK);
        for (column, positions) in extracted.iter_mut().zip(&positions) {
            column.extend(shapes, block.clone(), positions);
        }
    }
    extracted
}

impl<'a> Column<'a> {
    fn empty(column: &ColumnType, rows: usize) -> Self {
        let data = match column.kind {
            ColumnKind::Boolean => ColumnData::Boolean(Vec::with_capacity(rows)),
            ColumnKind::Integer => ColumnData::Integer(Vec::with_capacity(rows)),
            ColumnKind::Float => ColumnData::Float(Vec::with_capacity(rows)),
            ColumnKind::DateTime(_) => ColumnData::DateTime(Vec::with_capacity(rows)),
            ColumnKind::Text => ColumnData::Text(Vec::with_capacity(rows)),
            ColumnKind::Json | ColumnKind::Binary | ColumnKind::Mixed => ColumnData::Values(Vec::with_capacity(rows)),
        };
        Column { name: column.name.clone(), kind: column.kind, field_type: column.field_type, data, validity: None }
    }

    fn extend<R: Borrow<Record>>(&mut self, shapes: &Shapes<'a, R>, rows: Range<usize>, positions: &Positions) {
        const NULL: &Value = &Value::Null;
        let mut gather = Gather { shapes, rows, positions, validity: &mut self.validity };
        match &mut self.data {
            ColumnData::Boolean(values) => gather.append(values, 0, |value| value.as_boolean().map(u8::from)),
            ColumnData::Integer(values) => gather.append(values, 0, Value::as_integer),
            ColumnData::Float(values) => gather.append(values, f64::NAN, |value| match value {
                Value::Float(float) => Some(*float),
                Value::Integer(integer) => Some(*integer as f64),
                _ => None,
            }),
            ColumnData::DateTime(values) => {
                gather.append(values, i64::MIN, |value| value.as_datetime().map(|time| time.micros()));
            }
            ColumnData::Text(values) => gather.append(values, None, |value| value.as_str().map(Some)),
            ColumnData::Values(values) => gather.append(values, NULL, |value| (!value.is_null()).then_some(value)),
        }
    }
}

/// Rows of a field, and which of them have a value.
struct Gather<'g, 'a, R> {
    shapes: &'g Shapes<'a, R>,
    rows: Range<usize>,
    positions: &'g Positions,
    validity: &'g mut Option<Vec<u8>>,
}

impl<'a, R: Borrow<Record>> Gather<'_, 'a, R> {
    /// Appends what `read` makes of each value, `gap` where there is none.
    fn append<T: Copy>(&mut self, values: &mut Vec<T>, gap: T, read: impl Fn(&'a Value) -> Option<T>) {
        self.shapes.each_value_in(self.rows.clone(), self.positions, |value| {
            let value = value.and_then(&read);
            match (&mut self.validity, value.is_some()) {
                (None, true) => {}
                (Some(mask), present) => mask.push(u8::from(present)),
                (empty, false) => {
                    let mut mask = Vec::with_capacity(values.capacity());
                    mask.resize(values.len(), 1);
                    mask.push(0);
                    **empty = Some(mask);
                }
            }
            values.push(value.unwrap_or(gap));
        });
    }
}
