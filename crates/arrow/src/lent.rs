//! The columns of records that are lent for a moment each, by a caller who has them behind locks.

use std::num::NonZero;

use dataknobs_data_core::{FieldType, Record, Shape, Str, Value};

use crate::column::{Column, ColumnData};
use crate::infer::{ColumnKind, kind_of};
use crate::uniform::{Mask, each_in_a_thread, joined, rows_a_thread};

/// A record that can be looked at for a moment.
///
/// ```
/// use dataknobs_data_arrow::{ColumnData, Lend, with_lent_columns};
/// use dataknobs_data_core::{Record, record};
/// use std::sync::Mutex;
/// struct Locked(Mutex<Record>);
/// impl Lend for Locked {
///     fn look<T>(&self, look: impl FnOnce(&Record) -> T) -> Option<T> {
///         Some(look(&self.0.lock().unwrap()))
///     }
///     fn prefetch(&self) {}
/// }
/// let records = [Locked(Mutex::new(record! { "n": 1 }?)), Locked(Mutex::new(record! { "n": 2 }?))];
/// let sum = with_lent_columns(&records, |columns| match &columns[0].data {
///     ColumnData::Integer(numbers) => numbers.iter().sum::<i64>(),
///     _ => 0,
/// });
/// assert_eq!(sum, Some(3));
/// # Ok::<(), dataknobs_data_core::Error>(())
/// ```
pub trait Lend: Sync {
    /// Hands the record over for as long as `look` runs, or gives none when there is no record; called
    /// from several threads at a time.
    ///
    /// ```
    /// # use dataknobs_data_arrow::Lend;
    /// # use dataknobs_data_core::{Record, record};
    /// # struct Plain(Record);
    /// # impl Lend for Plain {
    /// #     fn look<T>(&self, look: impl FnOnce(&Record) -> T) -> Option<T> {
    /// #         Some(look(&self.0))
    /// #     }
    /// #     fn prefetch(&self) {}
    /// # }
    /// let lender = Plain(record! { "n": 1 }?);
    /// assert_eq!(lender.look(Record::len), Some(1));
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    fn look<T>(&self, look: impl FnOnce(&Record) -> T) -> Option<T>;

    /// Called a little before [`Lend::look`], which may do without: what it has to fetch from memory
    /// can be on its way by then. A lock would wait for it.
    ///
    /// ```
    /// # use dataknobs_data_arrow::Lend;
    /// # use dataknobs_data_core::{Record, record};
    /// # struct Plain(Record);
    /// # impl Lend for Plain {
    /// #     fn look<T>(&self, look: impl FnOnce(&Record) -> T) -> Option<T> {
    /// #         Some(look(&self.0))
    /// #     }
    /// #     fn prefetch(&self) {}
    /// # }
    /// Plain(record! { "n": 1 }?).prefetch();
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    fn prefetch(&self);
}

/// Records between a prefetch and the look.
const AHEAD: usize = 16;

/// Hands over the columns of lent records, as [`columns`](crate::columns) gives them, when all
/// records have one shape and each of its fields is boolean, a number or text; else gives none.
///
/// Each record is lent once, or not at all.
///
/// ```
/// # use dataknobs_data_arrow::{Lend, with_lent_columns};
/// # use dataknobs_data_core::{Record, record};
/// # struct Plain(Record);
/// # impl Lend for Plain {
/// #     fn look<T>(&self, look: impl FnOnce(&Record) -> T) -> Option<T> {
/// #         Some(look(&self.0))
/// #     }
/// #     fn prefetch(&self) {}
/// # }
/// let different = [Plain(record! { "n": 1 }?), Plain(record! { "n": 1.5 }?)];
/// assert_eq!(with_lent_columns(&different, |columns| columns.len()), None);
/// # Ok::<(), dataknobs_data_core::Error>(())
/// ```
pub fn with_lent_columns<L: Lend, T>(records: &[L], run: impl FnOnce(Vec<Column<'_>>) -> T) -> Option<T> {
    let shape = records.first()?.look(|record| record.shape().clone())?;
    let mut data =
        shape.fields().iter().map(|(_, kind)| Cells::new(*kind, records.len())).collect::<Option<Vec<_>>>()?;
    let masks = read(records, &mut data, &shape)?;
    let mut texts = Vec::new();
    let data: Vec<Option<ColumnData<'_>>> = data.into_iter().map(|cells| cells.numbers_or(&mut texts)).collect();
    let mut texts = texts.iter().map(|texts| ColumnData::Text(texts.iter().map(Option::as_deref).collect()));
    let columns = shape.fields().iter().zip(data).enumerate();
    Some(run(columns
        .filter_map(|(at, ((name, field_type), data))| {
            let (name, kind, field_type) = (name.clone(), kind_of(*field_type), Some(*field_type));
            let validity = joined(&masks, at, records.len());
            Some(Column { name, kind, field_type, data: data.or_else(|| texts.next())?, validity })
        })
        .collect()))
}

/// The values of one column, which belong to it.
enum Cells {
    Boolean(Vec<u8>),
    Integer(Vec<i64>),
    Float(Vec<f64>),
    Text(Vec<Option<Str>>),
}

/// The rows of one column that one thread writes.
enum Part<'p> {
    Boolean(&'p mut [u8]),
    Integer(&'p mut [i64]),
    Float(&'p mut [f64]),
    Text(&'p mut [Option<Str>]),
}

impl Cells {
    fn new(field_type: FieldType, rows: usize) -> Option<Self> {
        Some(match kind_of(field_type) {
            ColumnKind::Boolean => Cells::Boolean(vec![0; rows]),
            ColumnKind::Integer => Cells::Integer(vec![0; rows]),
            ColumnKind::Float => Cells::Float(vec![0.0; rows]),
            ColumnKind::Text => Cells::Text(vec![None; rows]),
            _ => return None,
        })
    }

    fn split(&mut self, rows: usize) -> Vec<Part<'_>> {
        match self {
            Cells::Boolean(data) => data.chunks_mut(rows).map(Part::Boolean).collect(),
            Cells::Integer(data) => data.chunks_mut(rows).map(Part::Integer).collect(),
            Cells::Float(data) => data.chunks_mut(rows).map(Part::Float).collect(),
            Cells::Text(data) => data.chunks_mut(rows).map(Part::Text).collect(),
        }
    }

    /// The data of a column of numbers; text is put aside.
    fn numbers_or(self, texts: &mut Vec<Vec<Option<Str>>>) -> Option<ColumnData<'static>> {
        Some(match self {
            Cells::Boolean(data) => ColumnData::Boolean(data),
            Cells::Integer(data) => ColumnData::Integer(data),
            Cells::Float(data) => ColumnData::Float(data),
            Cells::Text(data) => {
                texts.push(data);
                return None;
            }
        })
    }
}

impl Part<'_> {
    /// Takes one value; false when there is none.
    #[inline]
    fn set(&mut self, row: usize, value: &Value) -> bool {
        match (self, value) {
            (Part::Boolean(data), Value::Boolean(value)) => data[row] = u8::from(*value),
            (Part::Integer(data), Value::Integer(value)) => data[row] = *value,
            (Part::Float(data), Value::Float(value)) => data[row] = *value,
            (Part::Text(data), Value::String(value)) => data[row] = Some(value.clone()),
            (Part::Float(data), _) => {
                data[row] = f64::NAN;
                return false;
            }
            _ => return false,
        }
        true
    }
}

/// Reads all records into the columns; gives which rows lack which values, or none when a shape
/// differs.
fn read<L: Lend>(records: &[L], data: &mut [Cells], shape: &Shape) -> Option<Vec<(usize, Vec<Mask>)>> {
    let threads = std::thread::available_parallelism().map_or(1, NonZero::get);
    let rows = rows_a_thread(records.len(), threads);
    let fields = data.len();
    let mut parts: Vec<(&[L], Vec<Part<'_>>)> =
        records.chunks(rows).map(|records| (records, Vec::with_capacity(fields))).collect();
    for column in data {
        for (part, (_, columns)) in column.split(rows).into_iter().zip(&mut parts) {
            columns.push(part);
        }
    }
    let shape = shape.address();
    each_in_a_thread(parts, |(records, mut columns)| {
        let mut masks = vec![Mask::new(); columns.len()];
        records.iter().take(AHEAD).for_each(Lend::prefetch);
        for (row, record) in records.iter().enumerate() {
            if let Some(next) = records.get(row + AHEAD) {
                next.prefetch();
            }
            let same = record.look(|record| {
                if record.shape().address() != shape {
                    return false;
                }
                for ((column, mask), value) in columns.iter_mut().zip(&mut masks).zip(record.values()) {
                    if !column.set(row, value) {
                        mask.push(row);
                    }
                }
                true
            });
            if same != Some(true) {
                return None;
            }
        }
        Some((records.len(), masks))
    })
}

#[cfg(test)]
mod tests {
    use dataknobs_data_core::record;
    use std::sync::Mutex;

    use super::*;
    use crate::ToArrowOptions;

    struct Locked(Mutex<Record>);

    impl Lend for Locked {
        fn look<T>(&self, look: impl FnOnce(&Record) -> T) -> Option<T> {
            Some(look(&self.0.lock().unwrap()))
        }

        fn prefetch(&self) {}
    }

    #[test]
    fn lent_records_have_the_columns_of_the_same_records() {
        let full = record! { "n": 1, "x": 0.5, "flag": true, "text": "a" }.unwrap();
        let shape = full.shape();
        let records: Vec<Record> = (0..40_000_i64)
            .map(|n| {
                let text = format!("a text that is longer than others, {n}");
                let values = [Value::from(n), Value::from(n as f64 / 3.0), Value::from(n % 2 == 0), Value::from(text)];
                let gap = |(field, value): (usize, Value)| {
                    if (n as usize + field).is_multiple_of(7) { Value::Null } else { value }
                };
                Record::from_shape(shape, values.into_iter().enumerate().map(gap).collect::<Vec<_>>()).unwrap()
            })
            .collect();
        let lent: Vec<Locked> = records.iter().cloned().map(Mutex::new).map(Locked).collect();
        let expected = crate::columns(&records, &ToArrowOptions::new());
        let same = with_lent_columns(&lent, |columns| {
            // NaN, where there is no float, equals nothing.
            format!("{columns:?}") == format!("{expected:?}")
        });
        assert_eq!(same, Some(true));
    }

    #[test]
    fn other_fields_and_other_shapes_are_left_to_others() {
        let bytes = record! { "n": b"bytes".as_slice() }.unwrap();
        assert_eq!(with_lent_columns(&[Locked(Mutex::new(bytes))], |_| ()), None);
        assert_eq!(with_lent_columns::<Locked, _>(&[], |_| ()), None);
    }
}
