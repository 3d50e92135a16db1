//! The values of columns, typed, without Arrow: what record batches and DataFrames are made of.

use dataknobs_data_core::{FieldType, Record, Str, Value};

use crate::infer::{ColumnKind, ColumnType, infer};
use crate::options::ToArrowOptions;
use crate::shapes::Shapes;

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
    let shapes = Shapes::of(records);
    infer(&shapes, options).iter().map(|column| extract(column, &shapes, records.len())).collect()
}

/// The values of one column that was inferred from these records or from more.
pub(crate) fn extract<'a>(column: &ColumnType, shapes: &Shapes<'a>, rows: usize) -> Column<'a> {
    const NULL: &Value = &Value::Null;
    let name = column.name.as_str();
    let (data, validity) = match column.kind {
        ColumnKind::Boolean => {
            let (values, validity) = gather(shapes, name, rows, 0, |value| value.as_boolean().map(u8::from));
            (ColumnData::Boolean(values), validity)
        }
        ColumnKind::Integer => {
            let (values, validity) = gather(shapes, name, rows, 0, Value::as_integer);
            (ColumnData::Integer(values), validity)
        }
        ColumnKind::Float => {
            let (values, validity) = gather(shapes, name, rows, f64::NAN, |value| match value {
                Value::Float(float) => Some(*float),
                Value::Integer(integer) => Some(*integer as f64),
                _ => None,
            });
            (ColumnData::Float(values), validity)
        }
        ColumnKind::DateTime(_) => {
            let micros = |value: &Value| value.as_datetime().map(|time| time.micros());
            let (values, validity) = gather(shapes, name, rows, i64::MIN, micros);
            (ColumnData::DateTime(values), validity)
        }
        ColumnKind::Text => {
            let (values, validity) = gather(shapes, name, rows, None, |value| value.as_str().map(Some));
            (ColumnData::Text(values), validity)
        }
        ColumnKind::Json | ColumnKind::Binary | ColumnKind::Mixed => {
            let (values, validity) = gather(shapes, name, rows, NULL, |value| (!value.is_null()).then_some(value));
            (ColumnData::Values(values), validity)
        }
    };
    Column { name: column.name.clone(), kind: column.kind, field_type: column.field_type, data, validity }
}

/// What `read` makes of the value in each record, `gap` where there is none; and which is which.
fn gather<'a, T: Copy>(
    shapes: &Shapes<'a>,
    name: &str,
    rows: usize,
    gap: T,
    read: impl Fn(&'a Value) -> Option<T>,
) -> (Vec<T>, Option<Vec<u8>>) {
    let mut values = Vec::with_capacity(rows);
    let mut validity: Option<Vec<u8>> = None;
    shapes.each_value(name, |value| {
        let value = value.and_then(&read);
        match (&mut validity, value.is_some()) {
            (None, true) => {}
            (Some(mask), present) => mask.push(u8::from(present)),
            (empty, false) => {
                let mut mask = Vec::with_capacity(rows);
                mask.resize(values.len(), 1);
                mask.push(0);
                *empty = Some(mask);
            }
        }
        values.push(value.unwrap_or(gap));
    });
    (values, validity)
}
