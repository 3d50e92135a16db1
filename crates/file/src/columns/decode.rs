//! Cells of a column as an array.

use std::sync::Arc;

use arrow_array::builder::{BinaryBuilder, StringBuilder};
use arrow_array::{ArrayRef, BooleanArray, Float64Array, Int64Array, TimestampMicrosecondArray};
use arrow_buffer::{BooleanBuffer, NullBuffer};
use dataknobs_data_arrow::SeenOffsets;
use dataknobs_data_core::{FieldType, Value};

use super::tokens::Cells;
use super::{number, time};
use crate::blocks::Irregular;
use crate::format::csv::{Column, CsvLayout, cell};

/// Collects the values of a column.
pub(super) enum Builder {
    Boolean(Values<bool>),
    Integer(Values<i64>),
    Float(Values<f64>),
    DateTime(Values<i64>, SeenOffsets),
    Text(StringBuilder),
    Json(StringBuilder),
    Binary(BinaryBuilder),
}

/// Values of a fixed size.
#[derive(Default)]
pub(super) struct Values<T> {
    values: Vec<T>,
    valid: Vec<bool>,
    nulls: usize,
}

impl<T: Default> Values<T> {
    #[inline]
    fn push(&mut self, value: Option<T>) {
        self.valid.push(value.is_some());
        self.nulls += usize::from(value.is_none());
        self.values.push(value.unwrap_or_default());
    }

    fn finish(self) -> (Vec<T>, Option<NullBuffer>) {
        let valid = || NullBuffer::new(BooleanBuffer::from(self.valid.as_slice()));
        let nulls = (self.nulls > 0).then(valid);
        (self.values, nulls)
    }
}

/// The cells of one column, with what is needed to read them.
pub(super) struct ColumnCells<'a> {
    cells: &'a Cells<'a>,
    layout: &'a CsvLayout,
    column: &'a Column,
    at: usize,
    /// A text that reads as a value may stand for null.
    readable_nulls: bool,
}

impl<'a> ColumnCells<'a> {
    pub(super) fn new(cells: &'a Cells<'a>, layout: &'a CsvLayout, at: usize) -> Self {
        let readable_nulls = layout.nulls.iter().any(|null| null.bytes().any(|byte| byte.is_ascii_digit()));
        ColumnCells { cells, layout, column: &layout.columns[at], at, readable_nulls }
    }

    /// Hands over the value of each row, none for null. `fast` knows usual forms, `slow` all.
    fn each<T>(
        &self,
        fast: impl Fn(&[u8], usize, usize) -> Option<T>,
        slow: impl Fn(&str) -> Option<T>,
        mut take: impl FnMut(usize, Option<T>),
    ) -> Result<(), Irregular> {
        let bytes = self.cells.text.as_bytes();
        for row in 0..self.cells.rows() {
            let (start, end) = self.cells.place(row, self.at);
            if start == end {
                take(row, None);
                continue;
            }
            let value = match fast(bytes, start, end) {
                Some(value) if !self.readable_nulls => Some(value),
                _ => self.any(row, &slow)?,
            };
            take(row, value);
        }
        Ok(())
    }

    #[cold]
    #[inline(never)]
    fn any<T>(&self, row: usize, read: &impl Fn(&str) -> Option<T>) -> Result<Option<T>, Irregular> {
        let mut unescaped = String::new();
        let text = self.cells.text(row, self.at, &mut unescaped);
        if self.layout.is_null(text) { Ok(None) } else { read(text).map(Some).ok_or(Irregular) }
    }

    pub(super) fn integers(&self, take: impl FnMut(usize, Option<i64>)) -> Result<(), Irregular> {
        self.each(number::integer, |text| cell::integer(text, self.column.declared), take)
    }

    fn floats(&self, take: impl FnMut(usize, Option<f64>)) -> Result<(), Irregular> {
        self.each(number::float, |text| cell::float(text, self.column.declared), take)
    }

    fn booleans(&self, take: impl FnMut(usize, Option<bool>)) -> Result<(), Irregular> {
        self.each(|_, _, _| None, |text| cell::boolean(text, self.column.declared), take)
    }

    fn datetimes(&self, take: impl FnMut(usize, Option<(i64, Option<i32>)>)) -> Result<(), Irregular> {
        let slow = |text: &str| {
            let time = cell::datetime(text, self.column.declared)?;
            Some((time.micros(), time.offset_seconds()))
        };
        self.each(|text, start, end| time::datetime(&text[start..end]), slow, take)
    }

    fn values(&self, take: impl FnMut(usize, Option<Value>)) -> Result<(), Irregular> {
        let Column { name, field_type, declared, .. } = self.column;
        let read = |text: &str| cell::value_of(text, *field_type, *declared, name).ok().flatten();
        self.each(|_, _, _| None, read, take)
    }

    /// Hands over the text of each row that is kept, none for null.
    pub(super) fn texts(&self, keep: Option<&BooleanBuffer>, mut take: impl FnMut(Option<&str>)) {
        let mut unescaped = String::new();
        let mut one = |row| {
            let text = self.cells.text(row, self.at, &mut unescaped);
            take(if self.layout.is_null(text) { None } else { Some(text) });
        };
        match keep {
            None => (0..self.cells.rows()).for_each(&mut one),
            Some(keep) => keep.set_indices().for_each(&mut one),
        }
    }

    /// Looks whether every cell fits the column's type.
    pub(super) fn check(&self) -> Result<(), Irregular> {
        match self.column.field_type {
            FieldType::Boolean => self.booleans(|_, _| ()),
            FieldType::Integer => self.integers(|_, _| ()),
            FieldType::Float => self.floats(|_, _| ()),
            FieldType::DateTime => self.datetimes(|_, _| ()),
            FieldType::String | FieldType::Text => Ok(()),
            _ => self.values(|_, _| ()),
        }
    }
}

impl Builder {
    /// None for a type that came after this.
    pub(super) fn new(field_type: FieldType) -> Option<Self> {
        Some(match field_type {
            FieldType::Boolean => Builder::Boolean(Values::default()),
            FieldType::Integer => Builder::Integer(Values::default()),
            FieldType::Float => Builder::Float(Values::default()),
            FieldType::DateTime => Builder::DateTime(Values::default(), SeenOffsets::default()),
            FieldType::String | FieldType::Text => Builder::Text(StringBuilder::new()),
            FieldType::Json => Builder::Json(StringBuilder::new()),
            FieldType::Binary => Builder::Binary(BinaryBuilder::new()),
            _ => return None,
        })
    }

    /// Appends the values of the rows that are kept, and checks all others.
    pub(super) fn append(&mut self, column: &ColumnCells<'_>, keep: Option<&BooleanBuffer>) -> Result<(), Irregular> {
        let kept = |row| keep.is_none_or(|keep| keep.value(row));
        match self {
            Builder::Boolean(values) => column.booleans(|row, value| {
                if kept(row) {
                    values.push(value);
                }
            }),
            Builder::Integer(values) => column.integers(|row, value| {
                if kept(row) {
                    values.push(value);
                }
            }),
            Builder::Float(values) => column.floats(|row, value| {
                if kept(row) {
                    values.push(value);
                }
            }),
            Builder::DateTime(values, offsets) => column.datetimes(|row, value| {
                if kept(row) {
                    values.push(value.map(|(micros, _)| micros));
                    if let Some((_, offset)) = value {
                        offsets.add(offset);
                    }
                }
            }),
            Builder::Text(builder) => {
                column.texts(keep, |text| builder.append_option(text));
                Ok(())
            }
            Builder::Json(builder) => {
                let mut written = Ok(());
                column.values(|row, value| match value {
                    _ if !kept(row) => {}
                    Some(Value::Json(document)) => match serde_json::to_string(document.as_ref()) {
                        Ok(text) => builder.append_value(text),
                        Err(_) => written = Err(Irregular),
                    },
                    _ => builder.append_null(),
                })?;
                written
            }
            Builder::Binary(builder) => column.values(|row, value| {
                if kept(row) {
                    builder.append_option(value.as_ref().and_then(Value::as_binary));
                }
            }),
        }
    }

    /// The array, and the offsets from UTC that its values had.
    pub(super) fn finish(self) -> (ArrayRef, SeenOffsets) {
        let mut seen = SeenOffsets::default();
        let array: ArrayRef = match self {
            Builder::Boolean(values) => {
                let (values, nulls) = values.finish();
                Arc::new(BooleanArray::new(BooleanBuffer::from(values), nulls))
            }
            Builder::Integer(values) => {
                let (values, nulls) = values.finish();
                Arc::new(Int64Array::new(values.into(), nulls))
            }
            Builder::Float(values) => {
                let (values, nulls) = values.finish();
                Arc::new(Float64Array::new(values.into(), nulls))
            }
            Builder::DateTime(values, offsets) => {
                let (values, nulls) = values.finish();
                seen = offsets;
                Arc::new(TimestampMicrosecondArray::new(values.into(), nulls))
            }
            Builder::Text(mut builder) | Builder::Json(mut builder) => Arc::new(builder.finish()),
            Builder::Binary(mut builder) => Arc::new(builder.finish()),
        };
        (array, seen)
    }
}
