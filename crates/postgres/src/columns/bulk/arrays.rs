//! Fields as they come on the wire, as Arrow arrays.

use std::sync::Arc;

use arrow_array::builder::StringBuilder;
use arrow_array::cast::AsArray as _;
use arrow_array::types::Int64Type;
use arrow_array::{
    Array as _, ArrayRef, BinaryArray, BooleanArray, Float64Array, Int64Array, StringArray, TimestampMicrosecondArray,
};
use arrow_buffer::{BooleanBufferBuilder, NullBufferBuilder, OffsetBuffer};
use dataknobs_data_arrow::{ScannedBatch, append_integer};
use dataknobs_data_core::{DateTime, RecordId, Value};

use crate::columns::kind::Kind;
use crate::columns::read::EPOCH;
use crate::columns::{Column, write::DAY};

/// What only records can say, or what a record's reader reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Irregular;

/// From so many bytes of text on a batch is full; one more field of the server's largest size fits.
const FULL: usize = 1 << 30;

/// How the fields of a column are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Boolean,
    Integer,
    Float,
    Date,
    Moment,
    Text,
    Uuid,
    Json,
    Bytes,
}

impl Form {
    /// How a column is read, and the SQL that sends it so: as it is stored, where that can be read.
    pub(super) fn of(column: &Column) -> (Form, String) {
        let own = || column.sql.clone();
        match &column.kind {
            Kind::Boolean => (Form::Boolean, own()),
            Kind::Integer if column.type_sql == "numeric" => (Form::Integer, column.kind.wire(&column.sql)),
            Kind::Integer => (Form::Integer, own()),
            Kind::Float { .. } => (Form::Float, own()),
            Kind::Numeric { .. } => (Form::Float, column.kind.wire(&column.sql)),
            Kind::Date => (Form::Date, own()),
            Kind::Timestamp { .. } => (Form::Moment, own()),
            Kind::Named { uuid: true } => (Form::Uuid, own()),
            Kind::Text { native: true } => (Form::Text, own()),
            Kind::Text { native: false } | Kind::Named { uuid: false } => (Form::Text, column.kind.wire(&column.sql)),
            Kind::Json { .. } | Kind::Composed => (Form::Json, column.kind.wire(&column.sql)),
            Kind::Bytes => (Form::Bytes, own()),
        }
    }
}

enum Values {
    Booleans(BooleanBufferBuilder),
    Integers(Vec<i64>),
    Floats(Vec<f64>),
    Moments(Vec<i64>),
    /// Where each one ends, and all of them together.
    Texts(Vec<i32>, Vec<u8>),
    Bytes(Vec<i32>, Vec<u8>),
}

/// The array of a column in the making.
struct Builder {
    form: Form,
    values: Values,
    nulls: NullBufferBuilder,
}

impl Builder {
    fn new(form: Form, rows: usize, bytes: usize) -> Self {
        let ends = || {
            let mut ends = Vec::with_capacity(rows + 1);
            ends.push(0);
            ends
        };
        let values = match form {
            Form::Boolean => Values::Booleans(BooleanBufferBuilder::new(rows)),
            Form::Integer => Values::Integers(Vec::with_capacity(rows)),
            Form::Float => Values::Floats(Vec::with_capacity(rows)),
            Form::Date | Form::Moment => Values::Moments(Vec::with_capacity(rows)),
            Form::Text | Form::Uuid | Form::Json => Values::Texts(ends(), Vec::with_capacity(bytes)),
            Form::Bytes => Values::Bytes(ends(), Vec::with_capacity(bytes)),
        };
        Builder { form, values, nulls: NullBufferBuilder::new(0) }
    }

    #[inline]
    fn push(&mut self, field: Option<&[u8]>) -> Result<(), Irregular> {
        let Some(field) = field else {
            self.push_null();
            return Ok(());
        };
        match (&mut self.values, self.form) {
            (Values::Booleans(values), _) => values.append(field == [1]),
            (Values::Integers(values), _) => values.push(integer(field)?),
            (Values::Floats(values), _) => values.push(float(field)?),
            (Values::Moments(values), form) => values.push(moment(field, form)?),
            (Values::Texts(ends, bytes), Form::Uuid) => {
                let uuid = uuid::Uuid::from_slice(field).map_err(|_| Irregular)?;
                bytes.extend_from_slice(uuid.hyphenated().encode_lower(&mut uuid::Uuid::encode_buffer()).as_bytes());
                ends.push(bytes.len() as i32);
            }
            (Values::Texts(ends, bytes), Form::Json) => match document(field)? {
                Some(text) => {
                    bytes.extend_from_slice(text.as_bytes());
                    ends.push(bytes.len() as i32);
                }
                None => {
                    self.push_null();
                    return Ok(());
                }
            },
            (Values::Texts(ends, bytes) | Values::Bytes(ends, bytes), _) => {
                bytes.extend_from_slice(field);
                ends.push(bytes.len() as i32);
            }
        }
        self.nulls.append_non_null();
        Ok(())
    }

    fn push_null(&mut self) {
        match &mut self.values {
            Values::Booleans(values) => values.append(false),
            Values::Integers(values) | Values::Moments(values) => values.push(0),
            Values::Floats(values) => values.push(0.0),
            Values::Texts(ends, bytes) | Values::Bytes(ends, bytes) => ends.push(bytes.len() as i32),
        }
        self.nulls.append_null();
    }

    fn bytes(&self) -> usize {
        match &self.values {
            Values::Texts(_, bytes) | Values::Bytes(_, bytes) => bytes.len(),
            _ => 0,
        }
    }

    fn finish(mut self) -> Result<ArrayRef, Irregular> {
        let nulls = self.nulls.finish();
        Ok(match self.values {
            Values::Booleans(mut values) => Arc::new(BooleanArray::new(values.finish(), nulls)),
            Values::Integers(values) => Arc::new(Int64Array::new(fitted(values).into(), nulls)),
            Values::Floats(values) => Arc::new(Float64Array::new(fitted(values).into(), nulls)),
            Values::Moments(values) => Arc::new(TimestampMicrosecondArray::new(fitted(values).into(), nulls)),
            Values::Texts(ends, bytes) => {
                let offsets = OffsetBuffer::new(fitted(ends).into());
                // The server promises UTF-8; it is checked all the same.
                Arc::new(StringArray::try_new(offsets, fitted(bytes).into(), nulls).map_err(|_| Irregular)?)
            }
            Values::Bytes(ends, bytes) => {
                let offsets = OffsetBuffer::new(fitted(ends).into());
                Arc::new(BinaryArray::try_new(offsets, fitted(bytes).into(), nulls).map_err(|_| Irregular)?)
            }
        })
    }

    /// Whether the last two values stand in order: numbers by value, texts by their bytes.
    #[inline]
    fn rises(&self) -> bool {
        match &self.values {
            Values::Integers(values) => match values[..] {
                [.., before, last] => before <= last,
                _ => true,
            },
            Values::Texts(ends, bytes) => match ends[..] {
                [.., start, middle, end] => {
                    bytes[start as usize..middle as usize] <= bytes[middle as usize..end as usize]
                }
                _ => true,
            },
            _ => true,
        }
    }
}

/// Without the room that was left for more.
fn fitted<T>(mut values: Vec<T>) -> Vec<T> {
    if values.capacity() - values.len() > values.len() / 16 {
        values.shrink_to_fit();
    }
    values
}

#[inline]
fn integer(field: &[u8]) -> Result<i64, Irregular> {
    if let Ok(bytes) = field.try_into() {
        return Ok(i64::from_be_bytes(bytes));
    }
    if let Ok(bytes) = field.try_into() {
        return Ok(i32::from_be_bytes(bytes).into());
    }
    field.try_into().map(|bytes| i16::from_be_bytes(bytes).into()).map_err(|_| Irregular)
}

#[inline]
fn float(field: &[u8]) -> Result<f64, Irregular> {
    let float = match field.try_into() {
        Ok(bytes) => f64::from_be_bytes(bytes),
        Err(_) => field.try_into().map(f32::from_be_bytes).map_err(|_| Irregular)?.into(),
    };
    if float.is_finite() { Ok(float) } else { Err(Irregular) }
}

#[inline]
fn moment(field: &[u8], form: Form) -> Result<i64, Irregular> {
    let micros = match form {
        Form::Date => {
            let days = field.try_into().map(i32::from_be_bytes).map_err(|_| Irregular)?;
            i64::from(days).checked_mul(DAY).ok_or(Irregular)?
        }
        _ => field.try_into().map(i64::from_be_bytes).map_err(|_| Irregular)?,
    };
    let micros = micros.checked_add(EPOCH).ok_or(Irregular)?;
    let in_range = (DateTime::MIN.micros()..=DateTime::MAX.micros()).contains(&micros);
    if in_range { Ok(micros) } else { Err(Irregular) }
}

/// A document as a record would write it; none for null. A scalar is for records.
fn document(text: &[u8]) -> Result<Option<String>, Irregular> {
    let document = dataknobs_data_core::parse_json(text).map_err(|_| Irregular)?;
    match Value::json(document).map_err(|_| Irregular)? {
        Value::Null => Ok(None),
        Value::Json(document) => serde_json::to_string(document.as_ref()).map(Some).map_err(|_| Irregular),
        _ => Err(Irregular),
    }
}

/// How much room rows need: what is made in one piece leaves nothing behind that was too small.
#[derive(Debug, Clone, Default)]
pub(super) struct Expected {
    rows: usize,
    /// The bytes of each column of text.
    bytes: Vec<usize>,
}

/// Some rows, column by column.
pub(super) struct Builders {
    builders: Vec<Builder>,
    /// The column in whose order the rows should be.
    key: usize,
    rows: usize,
    rising: bool,
}

impl Builders {
    pub(super) fn new(forms: &[Form], key: usize, expected: &Expected) -> Self {
        let bytes = |at: usize| expected.bytes.get(at).copied().unwrap_or_default();
        let builder = |(at, form): (usize, &Form)| Builder::new(*form, expected.rows, bytes(at));
        Builders { builders: forms.iter().enumerate().map(builder).collect(), key, rows: 0, rising: true }
    }

    /// What as many rows as these need, and a little more.
    pub(super) fn expected(&self) -> Expected {
        let more = |size: usize| size + size / 32;
        Expected { rows: more(self.rows), bytes: self.builders.iter().map(|builder| more(builder.bytes())).collect() }
    }

    pub(super) fn len(&self) -> usize {
        self.rows
    }

    /// Adds a row, of which the fields come in the order of the columns.
    #[inline]
    pub(super) fn push<'a>(&mut self, mut fields: impl Iterator<Item = Option<&'a [u8]>>) -> Result<(), Irregular> {
        for builder in &mut self.builders {
            builder.push(fields.next().ok_or(Irregular)?)?;
        }
        self.rows += 1;
        self.rising = self.rising && self.builders[self.key].rises();
        Ok(())
    }

    pub(super) fn is_full(&self) -> bool {
        self.builders.iter().any(|builder| builder.bytes() >= FULL)
    }

    pub(super) fn finish(self) -> Result<Rows, Irregular> {
        let columns = self.builders.into_iter().map(Builder::finish).collect::<Result<Vec<_>, _>>()?;
        let rows = Rows { columns, key: self.key, rows: self.rows, rising: self.rising };
        // A row without a key, or with one that is no id, is reported by those who read records.
        if rows.key().null_count() > 0 || !rows.has_legal_ids() { Err(Irregular) } else { Ok(rows) }
    }
}

/// Rows as arrays.
#[derive(Debug)]
pub(super) struct Rows {
    pub(super) columns: Vec<ArrayRef>,
    pub(super) key: usize,
    pub(super) rows: usize,
    /// Whether the keys rise.
    pub(super) rising: bool,
}

impl Rows {
    fn has_legal_ids(&self) -> bool {
        match self.key().as_string_opt::<i32>() {
            Some(keys) => keys.iter().flatten().all(RecordId::is_legal),
            None => true,
        }
    }

    pub(super) fn key(&self) -> &ArrayRef {
        &self.columns[self.key]
    }

    /// What a scan gives of it: so many columns, and the ids where they are wanted.
    pub(super) fn scanned(mut self, fields: usize, ids: bool) -> ScannedBatch {
        let ids = ids.then(|| ids_of(self.key()));
        self.columns.truncate(fields);
        ScannedBatch::new(ids, self.columns, self.rows)
    }
}

/// The ids that keys are.
fn ids_of(key: &ArrayRef) -> ArrayRef {
    match key.as_primitive_opt::<Int64Type>() {
        None => Arc::clone(key),
        Some(numbers) => {
            let mut ids = StringBuilder::with_capacity(numbers.len(), numbers.len() * 8);
            numbers.values().iter().for_each(|number| append_integer(&mut ids, *number));
            Arc::new(ids.finish())
        }
    }
}
