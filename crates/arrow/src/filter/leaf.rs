//! One test over a column.

use arrow_array::cast::AsArray as _;
use arrow_array::types::{Float64Type, Int32Type, Int64Type, TimestampMicrosecondType};
use arrow_array::{Array, ArrayRef};
use arrow_buffer::BooleanBuffer;
use arrow_schema::{DataType, Field, TimeUnit};
use dataknobs_data_core::{Condition, DateTime, FieldType, Leaf, LeafMatcher, Matcher, Operator, Result, Str, Value};

use super::Rows;
use super::range::{Range, date_range, float_range, integer_range};
use crate::marks::Mark;

/// A leaf, with what its operator means for each kind of column.
#[derive(Debug, Clone)]
pub(super) struct ColumnTest {
    leaf: Leaf,
    matcher: LeafMatcher,
    /// The field, where the path is its name and can mean nothing else.
    name: Option<Str>,
    integers: Option<Range<i64>>,
    floats: Option<Range<f64>>,
    dates: Option<Range<i64>>,
}

impl ColumnTest {
    pub(super) fn new(leaf: &Leaf) -> Self {
        ColumnTest {
            matcher: LeafMatcher::new(leaf),
            name: plain_name(leaf),
            integers: integer_range(leaf.test()),
            floats: float_range(leaf.test()),
            dates: date_range(leaf.test()),
            leaf: leaf.clone(),
        }
    }

    pub(super) fn select(&self, rows: &Rows<'_>) -> Result<BooleanBuffer> {
        let count = rows.batch.num_rows();
        let schema = rows.batch.schema_ref();
        if let Some(name) = &self.name {
            let Some(at) = schema.fields().iter().position(|field| field.name() == name.as_str()) else {
                return Ok(same(count, self.leaf.when_absent()));
            };
            if let Some(present) = self.present(schema.field(at), rows.batch.column(at)) {
                return Ok(self.with_absent(&present, rows.batch.column(at)));
            }
        }
        let matcher = Matcher::new(&Condition::Leaf(self.leaf.clone()));
        let records = rows.records()?;
        Ok(BooleanBuffer::collect_bool(count, |row| matcher.matches(&records[row])))
    }

    /// The result for each row as if all had a value; none for columns that are looked at as
    /// records.
    fn present(&self, field: &Field, array: &ArrayRef) -> Option<BooleanBuffer> {
        let mark = Mark::of(field);
        let natural = match field.data_type() {
            DataType::Boolean => FieldType::Boolean,
            DataType::Int64 => FieldType::Integer,
            DataType::Float64 => FieldType::Float,
            DataType::Utf8 | DataType::LargeUtf8 => FieldType::String,
            DataType::Dictionary(keys, texts) if **keys == DataType::Int32 && **texts == DataType::Utf8 => {
                FieldType::String
            }
            DataType::Timestamp(TimeUnit::Microsecond, _) => FieldType::DateTime,
            _ => return None,
        };
        match mark {
            None => {}
            Some(Mark::Typed(FieldType::Text)) if natural == FieldType::String => {}
            Some(Mark::Typed(declared)) if declared == natural => {}
            Some(_) => return None,
        }
        let count = array.len();
        if self.leaf.operator() == Operator::Exists {
            return Some(same(count, !self.leaf.negated()));
        }
        let negated = self.leaf.negated();
        Some(match natural {
            FieldType::Boolean => {
                let [no, yes] = [false, true].map(|value| self.matcher.matches(Some(&Value::Boolean(value))));
                let values = array.as_boolean().values();
                match (no, yes) {
                    (false, true) => values.clone(),
                    (true, false) => !values,
                    (both, _) => same(count, both),
                }
            }
            FieldType::Integer => {
                let values = array.as_primitive::<Int64Type>().values();
                match self.integers {
                    Some(range) => range.select(values, negated),
                    None => self.each(count, |row| Value::Integer(values[row])),
                }
            }
            FieldType::Float => {
                let values = array.as_primitive::<Float64Type>().values();
                if (0..count).any(|row| !values[row].is_finite() && array.is_valid(row)) {
                    return None; // NaN is null to records
                }
                match self.floats {
                    Some(range) => range.select(values, negated),
                    None => self.each(count, |row| Value::Float(values[row])),
                }
            }
            FieldType::DateTime => {
                let values = array.as_primitive::<TimestampMicrosecondType>().values();
                match self.dates {
                    Some(range) => range.select(values, negated),
                    None => self.each(count, |row| Value::DateTime(DateTime::from_micros(values[row]))),
                }
            }
            _ if array.as_any_dictionary_opt().is_some() => {
                let dictionary = array.as_dictionary::<Int32Type>();
                let (keys, texts) = (dictionary.keys().values(), dictionary.values().as_string::<i32>());
                let of_text: Vec<bool> =
                    (0..texts.len()).map(|at| self.matcher.matches_text(texts.value(at))).collect();
                // Keys of rows without a value may be any.
                let at = |row: usize| usize::try_from(keys[row]).unwrap_or(usize::MAX);
                BooleanBuffer::collect_bool(count, |row| of_text.get(at(row)).copied().unwrap_or(false))
            }
            _ => match array.as_string_opt::<i32>() {
                Some(texts) => BooleanBuffer::collect_bool(count, |row| self.matcher.matches_text(texts.value(row))),
                None => {
                    let texts = array.as_string::<i64>();
                    BooleanBuffer::collect_bool(count, |row| self.matcher.matches_text(texts.value(row)))
                }
            },
        })
    }

    fn each(&self, count: usize, value: impl Fn(usize) -> Value) -> BooleanBuffer {
        BooleanBuffer::collect_bool(count, |row| self.matcher.matches(Some(&value(row))))
    }

    /// Puts in what the leaf says of rows without a value.
    fn with_absent(&self, present: &BooleanBuffer, array: &ArrayRef) -> BooleanBuffer {
        match array.nulls() {
            None => present.clone(),
            Some(nulls) if self.leaf.when_absent() => present | &!nulls.inner(),
            Some(nulls) => present & nulls.inner(),
        }
    }
}

fn same(count: usize, value: bool) -> BooleanBuffer {
    if value { BooleanBuffer::new_set(count) } else { BooleanBuffer::new_unset(count) }
}

/// The name of the only field that a leaf's path can mean; none where it may mean something within
/// a field, or the id, or metadata.
///
/// ```
/// use dataknobs_data_arrow::plain_name;
/// use dataknobs_data_core::{Condition, Filter};
/// let condition = Condition::of(&Filter::parse("age > 30 AND address.city = 'Oslo'")?);
/// assert!(condition.leaves().iter().map(|leaf| plain_name(leaf)).eq([Some("age".into()), None]));
/// # Ok::<(), dataknobs_data_core::Error>(())
/// ```
pub fn plain_name(leaf: &Leaf) -> Option<Str> {
    match leaf.path().segments() {
        [name] if !matches!(name.as_str(), "_id" | "id" | "_metadata" | "metadata") => Some(name.clone()),
        _ => None,
    }
}
