//! Typed columns as Arrow arrays.

use std::sync::Arc;

use arrow_array::builder::{GenericBinaryBuilder, GenericStringBuilder};
use arrow_array::{ArrayRef, BooleanArray, Float64Array, Int64Array, OffsetSizeTrait, TimestampMicrosecondArray};
use arrow_buffer::{BooleanBuffer, NullBuffer};
use dataknobs_data_core::{Error, Result, Value, value_to_tagged};

use super::schema::zone_name;
use crate::column::{Column, ColumnData};
use crate::infer::{ColumnKind, Zone};

/// The array of a column; `large` gives its offsets 64 bits.
pub(super) fn array(column: Column<'_>, large: bool) -> Result<ArrayRef> {
    let nulls = column.validity.as_deref().map(|mask| NullBuffer::new(bits(mask)));
    Ok(match (column.data, column.kind) {
        (ColumnData::Boolean(values), _) => Arc::new(BooleanArray::new(bits(&values), nulls)),
        (ColumnData::Integer(values), _) => Arc::new(Int64Array::new(values.into(), nulls)),
        (ColumnData::Float(values), _) => Arc::new(Float64Array::new(values.into(), nulls)),
        (ColumnData::DateTime(values), kind) => {
            let zone = if let ColumnKind::DateTime(zone) = kind { zone } else { Zone::Naive };
            Arc::new(TimestampMicrosecondArray::new(values.into(), nulls).with_timezone_opt(zone_name(zone)))
        }
        (ColumnData::Text(values), _) if large => text::<i64>(&values),
        (ColumnData::Text(values), _) => text::<i32>(&values),
        (ColumnData::Values(values), ColumnKind::Binary) if large => binary::<i64>(&values),
        (ColumnData::Values(values), ColumnKind::Binary) => binary::<i32>(&values),
        (ColumnData::Values(values), kind) => {
            let mixed = kind == ColumnKind::Mixed;
            let documents = values.iter().map(|value| match value {
                Value::Null => None,
                Value::Json(document) if !mixed => Some(serde_json::to_string(document.as_ref())),
                value => Some(serde_json::to_string(&value_to_tagged(value))),
            });
            json(documents).map_err(|error| error.with_context("column", column.name.escape_debug()))?
        }
    })
}

/// The bits of a mask of one byte each.
fn bits(mask: &[u8]) -> BooleanBuffer {
    BooleanBuffer::collect_bool(mask.len(), |row| mask[row] != 0)
}

/// An array of texts. How many bytes they have was counted before.
pub(super) fn text<O: OffsetSizeTrait>(values: &[Option<&str>]) -> ArrayRef {
    let bytes = values.iter().flatten().map(|text| text.len()).sum();
    let mut builder = GenericStringBuilder::<O>::with_capacity(values.len(), bytes);
    values.iter().for_each(|text| builder.append_option(*text));
    Arc::new(builder.finish())
}

/// The ids of a column of integers.
pub(super) fn integers(texts: &[Option<&str>]) -> Result<ArrayRef> {
    let wrong = || Error::invalid_record("the column of ids holds integers").with_context("field", "`_id`");
    let integers = texts.iter().map(|text| text.map(|text| text.parse().map_err(|_| wrong())).transpose());
    Ok(Arc::new(integers.collect::<Result<Int64Array>>()?))
}

fn binary<O: OffsetSizeTrait>(values: &[&Value]) -> ArrayRef {
    let bytes = values.iter().filter_map(|value| value.as_binary()).map(<[u8]>::len).sum();
    let mut builder = GenericBinaryBuilder::<O>::with_capacity(values.len(), bytes);
    values.iter().for_each(|value| builder.append_option(value.as_binary()));
    Arc::new(builder.finish())
}

/// An array of JSON texts.
pub(super) fn json(documents: impl ExactSizeIterator<Item = Option<serde_json::Result<String>>>) -> Result<ArrayRef> {
    let mut builder = GenericStringBuilder::<i32>::with_capacity(documents.len(), 0);
    let mut bytes = 0usize;
    for document in documents {
        let document = document
            .transpose()
            .map_err(|error| Error::invalid_record("a value cannot be written as JSON").with_source(error))?;
        bytes += document.as_ref().map_or(0, String::len);
        if bytes > i32::MAX as usize {
            return Err(Error::unsupported("a batch must not have more than 2 GiB of JSON text in one column")
                .with_hint("ask for batches of fewer rows"));
        }
        builder.append_option(document);
    }
    Ok(Arc::new(builder.finish()))
}
