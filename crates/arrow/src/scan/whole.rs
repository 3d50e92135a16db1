//! Scanned columns in one piece each, without Arrow: what DataFrames are made of.

use arrow_array::cast::AsArray as _;
use arrow_array::types::{ArrowPrimitiveType, Float64Type, Int64Type, TimestampMicrosecondType};
use arrow_array::{Array as _, ArrayRef, StringArray};
use dataknobs_data_core::{Database, Error, FieldType, Query, Result, Str, Value, parse_json};

use super::ScannedColumns;
use crate::infer::{ColumnKind, Zone, kind_of};

/// What a query finds as columns in one piece each; none where the store has no columns, or records
/// have to answer: [`Database::search`] does then.
///
/// ```
/// use dataknobs_data_arrow::search_columns;
/// use dataknobs_data_core::{Database, Query};
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// assert!(search_columns(&Database::memory(), &Query::new(), false).await?.is_none()); // it holds records
/// # Ok::<(), dataknobs_data_core::Error>(())
/// # }).unwrap();
/// ```
///
/// # Errors
/// As [`Database::search`].
pub async fn search_columns(database: &Database, query: &Query, ids: bool) -> Result<Option<WholeColumns>> {
    let Some(answer) = database.scan_columns(query, ids).await? else { return Ok(None) };
    answer.downcast::<ScannedColumns>().ok().map(|scanned| scanned.into_whole()).transpose()
}

/// Columns in one piece each, with the same values as [`columns`](crate::columns) has of records.
///
/// ```
/// use std::sync::Arc;
/// use arrow_array::Int64Array;
/// use dataknobs_data_arrow::{ScannedBatch, ScannedColumns, WholeColumns, WholeData};
/// use dataknobs_data_core::FieldType;
/// let mut scanned = ScannedColumns::new([("n".into(), FieldType::Integer)]);
/// scanned.push(ScannedBatch::new(None, vec![Arc::new(Int64Array::from(vec![Some(1), None]))], 2));
/// let whole: WholeColumns = scanned.into_whole()?;
/// assert_eq!(whole.columns[0].data, WholeData::Integer(vec![1, 0]));
/// assert_eq!(whole.columns[0].validity, Some(vec![1, 0]));
/// # Ok::<(), dataknobs_data_core::Error>(())
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub struct WholeColumns {
    /// How many rows.
    pub rows: usize,
    /// The ids in order, if they were wanted.
    pub ids: Option<Vec<StringArray>>,
    /// The columns; none where nothing was found.
    pub columns: Vec<WholeColumn>,
}

/// A column in one piece.
///
/// ```
/// use dataknobs_data_arrow::{ScannedColumns, WholeColumn};
/// let columns: Vec<WholeColumn> = ScannedColumns::new([]).into_whole()?.columns;
/// assert!(columns.is_empty());
/// # Ok::<(), dataknobs_data_core::Error>(())
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub struct WholeColumn {
    /// The field's name.
    pub name: Str,
    /// What its values are.
    pub kind: ColumnKind,
    /// The declared type of the field.
    pub field_type: FieldType,
    /// The values, one for each row.
    pub data: WholeData,
    /// As [`Column::validity`](crate::Column::validity).
    pub validity: Option<Vec<u8>>,
}

/// The values of a column, by its kind; gaps are as in [`ColumnData`](crate::ColumnData).
///
/// ```
/// use dataknobs_data_arrow::WholeData;
/// assert_ne!(WholeData::Integer(vec![1]), WholeData::Float(vec![1.0]));
/// ```
#[derive(Debug, PartialEq)]
pub enum WholeData {
    /// 1 and 0.
    Boolean(Vec<u8>),
    /// Integers.
    Integer(Vec<i64>),
    /// Floats.
    Float(Vec<f64>),
    /// Microseconds since 1970-01-01T00:00:00 UTC.
    DateTime(Vec<i64>),
    /// Text, in as many pieces as it came in.
    Text(Vec<StringArray>),
    /// The values themselves, of columns of JSON and bytes.
    Values(Vec<Value>),
}

impl ScannedColumns {
    /// The columns in one piece each. Where offsets from UTC differ, all datetimes are in UTC.
    ///
    /// ```
    /// use dataknobs_data_arrow::ScannedColumns;
    /// assert_eq!(ScannedColumns::new([]).into_whole()?.rows, 0);
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Corrupt`](dataknobs_data_core::ErrorKind::Corrupt) for arrays that are not of the crate's
    /// table.
    pub fn into_whole(self) -> Result<WholeColumns> {
        let rows = self.num_rows();
        if rows == 0 {
            return Ok(WholeColumns { rows, ids: None, columns: Vec::new() });
        }
        let mut ids = Vec::new();
        let mut parts: Vec<Vec<ArrayRef>> = self.columns.iter().map(|_| Vec::new()).collect();
        for batch in self.batches {
            ids.extend(batch.ids.and_then(|ids| ids.as_string_opt::<i32>().cloned()));
            parts.iter_mut().zip(batch.columns).for_each(|(parts, array)| parts.push(array));
        }
        let mut columns = Vec::with_capacity(parts.len());
        for (((name, field_type), offsets), parts) in self.columns.into_iter().zip(self.offsets).zip(parts) {
            let kind = match kind_of(field_type) {
                ColumnKind::DateTime(_) => ColumnKind::DateTime(offsets.zone().unwrap_or(Zone::Offset(0))),
                kind => kind,
            };
            let validity = validity(&parts, rows);
            let data = data(kind, parts, rows).map_err(|error| error.with_context("field", &name))?;
            columns.push(WholeColumn { name, kind, field_type, data, validity });
        }
        Ok(WholeColumns { rows, ids: (!ids.is_empty()).then_some(ids), columns })
    }
}

fn validity(parts: &[ArrayRef], rows: usize) -> Option<Vec<u8>> {
    if parts.iter().all(|part| part.null_count() == 0) {
        return None;
    }
    let mut mask = Vec::with_capacity(rows);
    for part in parts {
        match part.nulls() {
            Some(nulls) => mask.extend(nulls.iter().map(u8::from)),
            None => mask.resize(mask.len() + part.len(), 1),
        }
    }
    Some(mask)
}

fn data(kind: ColumnKind, parts: Vec<ArrayRef>, rows: usize) -> Result<WholeData> {
    let odd = || Error::corrupt("a column has another type than its field");
    Ok(match kind {
        ColumnKind::Boolean => {
            let mut values = Vec::with_capacity(rows);
            for part in parts {
                let part = part.as_boolean_opt().ok_or_else(odd)?;
                values.extend(part.iter().map(|value| u8::from(value.unwrap_or_default())));
            }
            WholeData::Boolean(values)
        }
        ColumnKind::Integer => WholeData::Integer(numbers::<Int64Type>(parts, rows, 0).ok_or_else(odd)?),
        ColumnKind::Float => WholeData::Float(numbers::<Float64Type>(parts, rows, f64::NAN).ok_or_else(odd)?),
        ColumnKind::DateTime(_) => {
            WholeData::DateTime(numbers::<TimestampMicrosecondType>(parts, rows, i64::MIN).ok_or_else(odd)?)
        }
        ColumnKind::Text => {
            let texts = parts.iter().map(|part| part.as_string_opt::<i32>().cloned());
            WholeData::Text(texts.collect::<Option<_>>().ok_or_else(odd)?)
        }
        ColumnKind::Json | ColumnKind::Binary | ColumnKind::Mixed => {
            let mut values = Vec::with_capacity(rows);
            for part in parts {
                for row in 0..part.len() {
                    values.push(if part.is_null(row) { Value::Null } else { value(&part, row)? });
                }
            }
            WholeData::Values(values)
        }
    })
}

/// The values with the gap where there is none; one part alone is not copied.
fn numbers<T: ArrowPrimitiveType>(parts: Vec<ArrayRef>, rows: usize, gap: T::Native) -> Option<Vec<T::Native>> {
    let mut values = Vec::new();
    let alone = parts.len() == 1;
    for part in parts {
        let array = part.as_primitive_opt::<T>()?.clone();
        drop(part);
        let (_, numbers, nulls) = array.into_parts();
        let start = values.len();
        match numbers.into_inner().into_vec::<T::Native>() {
            Ok(own) if alone => values = own,
            Ok(own) => {
                values.reserve(rows - start);
                values.extend_from_slice(&own);
            }
            Err(shared) => {
                values.reserve(rows - start);
                values.extend_from_slice(shared.typed_data());
            }
        }
        if let Some(nulls) = nulls {
            let missing = nulls.iter().enumerate().filter(|(_, present)| !present);
            missing.for_each(|(row, _)| values[start + row] = gap);
        }
    }
    Some(values)
}

fn value(part: &ArrayRef, row: usize) -> Result<Value> {
    if let Some(bytes) = part.as_binary_opt::<i32>() {
        return Ok(Value::from(bytes.value(row)));
    }
    let text = part.as_string_opt::<i32>().map(|texts| texts.value(row));
    let text = text.ok_or_else(|| Error::corrupt("a column has another type than its field"))?;
    let document = parse_json(text.as_bytes())
        .map_err(|fault| Error::corrupt("a JSON value cannot be read").with_context("reason", fault.reason))?;
    Value::json(document)
}
