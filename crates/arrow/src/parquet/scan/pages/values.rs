//! Values as they are stored, into arrays.

use std::sync::Arc;

use ::parquet::basic::Type;
use arrow_array::types::*;
use arrow_array::{
    ArrayRef, ArrowPrimitiveType, BinaryArray, DictionaryArray, Int32Array, PrimitiveArray, StringArray,
};
use arrow_buffer::{NullBuffer, OffsetBuffer, ScalarBuffer};
use arrow_schema::{DataType, TimeUnit};

use super::{NULL, Picked};

/// Numbers as the format stores them.
trait Stored: Copy + Default {
    const BYTES: usize;
    /// The number in so many bytes.
    fn of(bytes: &[u8]) -> Self;
}

macro_rules! stored {
    ($($number:ty),*) => {$(
        impl Stored for $number {
            const BYTES: usize = size_of::<$number>();
            #[inline]
            fn of(bytes: &[u8]) -> Self {
                <$number>::from_le_bytes(bytes.try_into().unwrap_or_default())
            }
        }
    )*};
}

stored!(i32, i64, f32, f64);

/// The values of a dictionary page.
pub(super) enum Dictionary {
    Int32(Vec<i32>),
    Int64(Vec<i64>),
    Float(Vec<f32>),
    Double(Vec<f64>),
    Bytes(Texts),
}

/// Byte strings one behind the other.
#[derive(Default)]
pub(super) struct Texts {
    offsets: Vec<i32>,
    bytes: Vec<u8>,
    /// The length that all of them have.
    same: Option<usize>,
}

impl Dictionary {
    pub(super) fn new(bytes: &[u8], count: usize, physical: Type) -> Option<Self> {
        Some(match physical {
            Type::INT32 => Dictionary::Int32(plain(bytes, count)?.collect()),
            Type::INT64 => Dictionary::Int64(plain(bytes, count)?.collect()),
            Type::FLOAT => Dictionary::Float(plain(bytes, count)?.collect()),
            Type::DOUBLE => Dictionary::Double(plain(bytes, count)?.collect()),
            Type::BYTE_ARRAY => Dictionary::Bytes(Texts::of(bytes, count)?),
            _ => return None,
        })
    }

    pub(super) fn len(&self) -> usize {
        match self {
            Dictionary::Int32(values) => values.len(),
            Dictionary::Int64(values) => values.len(),
            Dictionary::Float(values) => values.len(),
            Dictionary::Double(values) => values.len(),
            Dictionary::Bytes(texts) => texts.len(),
        }
    }
}

/// So many numbers; none if there are fewer.
fn plain<T: Stored>(bytes: &[u8], count: usize) -> Option<impl Iterator<Item = T>> {
    let bytes = bytes.get(..count.checked_mul(T::BYTES)?)?;
    Some(bytes.chunks_exact(T::BYTES).map(T::of))
}

impl Texts {
    fn of(bytes: &[u8], count: usize) -> Option<Self> {
        let mut texts = Texts { offsets: Vec::with_capacity(count.min(bytes.len()) + 1), ..Texts::default() };
        texts.offsets.push(0);
        each_text(bytes, count, |text| texts.push(text))?;
        let first = texts.get(0).len();
        texts.same = (0..count).all(|at| texts.get(at).len() == first).then_some(first);
        Some(texts)
    }

    fn len(&self) -> usize {
        self.offsets.len().saturating_sub(1)
    }

    /// The text at a place; empty where there is none.
    fn get(&self, at: usize) -> &[u8] {
        match self.offsets.get(at..at + 2) {
            Some(&[start, end]) => self.bytes.get(start as usize..end as usize).unwrap_or_default(),
            _ => &[],
        }
    }

    fn push(&mut self, text: &[u8]) -> Option<()> {
        self.bytes.extend_from_slice(text);
        self.offsets.push(i32::try_from(self.bytes.len()).ok()?);
        Some(())
    }
}

/// Hands over so many byte strings, each behind its length.
fn each_text<'a>(mut bytes: &'a [u8], count: usize, mut add: impl FnMut(&'a [u8]) -> Option<()>) -> Option<()> {
    for _ in 0..count {
        let (length, rest) = bytes.split_at_checked(4)?;
        let length = usize::try_from(u32::from_le_bytes(length.try_into().ok()?)).ok()?;
        let (text, rest) = rest.split_at_checked(length)?;
        add(text)?;
        bytes = rest;
    }
    Some(())
}

/// Where the values of a page are.
pub(super) enum Source<'a> {
    /// One behind the other, so many.
    Plain(&'a [u8], usize),
    Indices(&'a [u32], &'a Dictionary),
}

/// The values so far.
pub(super) enum Values {
    Int32(Vec<i32>),
    Int64(Vec<i64>),
    Float(Vec<f32>),
    Double(Vec<f64>),
    Bytes(Texts),
    /// Places in a dictionary of byte strings.
    Keys(Vec<i32>),
}

impl Values {
    /// Whether arrays of a type can be made of values of another.
    pub(super) fn can_hold(physical: Type, data_type: &DataType) -> bool {
        use DataType as T;
        match physical {
            Type::INT32 => matches!(data_type, T::Int32 | T::Date32),
            Type::INT64 => matches!(data_type, T::Int64 | T::Timestamp(..)),
            Type::FLOAT => *data_type == T::Float32,
            Type::DOUBLE => *data_type == T::Float64,
            Type::BYTE_ARRAY => matches!(data_type, T::Utf8 | T::Binary),
            _ => false,
        }
    }

    pub(super) fn new(physical: Type, count: usize, may_encode: bool) -> Option<Self> {
        Some(match physical {
            Type::INT32 => Values::Int32(Vec::with_capacity(count)),
            Type::INT64 => Values::Int64(Vec::with_capacity(count)),
            Type::FLOAT => Values::Float(Vec::with_capacity(count)),
            Type::DOUBLE => Values::Double(Vec::with_capacity(count)),
            Type::BYTE_ARRAY if may_encode => Values::Keys(Vec::with_capacity(count)),
            Type::BYTE_ARRAY => {
                let mut offsets = Vec::with_capacity(count + 1);
                offsets.push(0);
                Values::Bytes(Texts { offsets, ..Texts::default() })
            }
            _ => return None,
        })
    }

    /// Appends what is picked.
    pub(super) fn extend(&mut self, source: &Source<'_>, picked: &Picked) -> Option<()> {
        match (self, source) {
            (Values::Int32(out), Source::Indices(indices, Dictionary::Int32(values))) => {
                look_up(out, indices, values, picked)
            }
            (Values::Int64(out), Source::Indices(indices, Dictionary::Int64(values))) => {
                look_up(out, indices, values, picked)
            }
            (Values::Float(out), Source::Indices(indices, Dictionary::Float(values))) => {
                look_up(out, indices, values, picked)
            }
            (Values::Double(out), Source::Indices(indices, Dictionary::Double(values))) => {
                look_up(out, indices, values, picked)
            }
            (Values::Int32(out), Source::Plain(bytes, count)) => copy(out, bytes, *count, picked)?,
            (Values::Int64(out), Source::Plain(bytes, count)) => copy(out, bytes, *count, picked)?,
            (Values::Float(out), Source::Plain(bytes, count)) => copy(out, bytes, *count, picked)?,
            (Values::Double(out), Source::Plain(bytes, count)) => copy(out, bytes, *count, picked)?,
            (Values::Keys(out), Source::Indices(indices, Dictionary::Bytes(_))) => match picked {
                Picked::All => out.extend(indices.iter().map(|index| index.cast_signed())),
                Picked::Some(places) => out.extend(places.iter().map(|place| key(indices, *place).cast_signed())),
            },
            (Values::Bytes(out), Source::Indices(indices, Dictionary::Bytes(texts))) => {
                let spread = |index: u32, out: &mut Texts| out.push(texts.get(index as usize));
                match (picked, texts.same) {
                    (Picked::All, Some(length)) => out.extend_same(texts, length, indices)?,
                    (Picked::All, None) => indices.iter().try_for_each(|index| spread(*index, out))?,
                    (Picked::Some(places), _) => places.iter().try_for_each(|place| match *place {
                        NULL => out.push(&[]),
                        place => spread(key(indices, place), out),
                    })?,
                }
            }
            (Values::Bytes(out), Source::Plain(bytes, count)) => match picked {
                Picked::All => each_text(bytes, *count, |text| out.push(text))?,
                Picked::Some(places) => {
                    let mut wanted = places.iter().copied().peekable();
                    let mut place = 0;
                    each_text(bytes, *count, |text| {
                        while wanted.next_if_eq(&NULL).is_some() {
                            out.push(&[])?;
                        }
                        if wanted.next_if_eq(&place).is_some() {
                            out.push(text)?;
                        }
                        place += 1;
                        Some(())
                    })?;
                    wanted.try_for_each(|_| out.push(&[]))?;
                }
            },
            _ => return None,
        }
        Some(())
    }

    /// The array; none where the values do not fit its type.
    pub(super) fn finish(
        self,
        nulls: Option<NullBuffer>,
        dictionary: Option<Dictionary>,
        data_type: &DataType,
    ) -> Option<ArrayRef> {
        use DataType as T;
        Some(match (self, data_type) {
            (Values::Int32(values), T::Int32) => primitive::<Int32Type>(values, nulls)?,
            (Values::Int32(values), T::Date32) => primitive::<Date32Type>(values, nulls)?,
            (Values::Int64(values), T::Int64) => primitive::<Int64Type>(values, nulls)?,
            (Values::Int64(values), T::Timestamp(unit, _)) => match unit {
                TimeUnit::Second => primitive::<TimestampSecondType>(values, nulls)?,
                TimeUnit::Millisecond => primitive::<TimestampMillisecondType>(values, nulls)?,
                TimeUnit::Microsecond => primitive::<TimestampMicrosecondType>(values, nulls)?,
                TimeUnit::Nanosecond => primitive::<TimestampNanosecondType>(values, nulls)?,
            },
            (Values::Float(values), T::Float32) => primitive::<Float32Type>(values, nulls)?,
            (Values::Double(values), T::Float64) => primitive::<Float64Type>(values, nulls)?,
            (Values::Bytes(texts), _) => texts.finish(nulls, data_type)?,
            (Values::Keys(keys), T::Utf8) => {
                let Some(Dictionary::Bytes(texts)) = dictionary else { return None };
                let keys = Int32Array::try_new(keys.into(), nulls).ok()?;
                Arc::new(DictionaryArray::try_new(keys, texts.finish(None, data_type)?).ok()?)
            }
            _ => return None,
        })
    }
}

impl Texts {
    /// Appends texts that all have one length.
    fn extend_same(&mut self, texts: &Texts, length: usize, indices: &[u32]) -> Option<()> {
        let start = self.bytes.len();
        let end = start.checked_add(indices.len().checked_mul(length)?)?;
        i32::try_from(end).ok()?;
        self.bytes.resize(end, 0);
        let out = &mut self.bytes[start..];
        match length {
            0 => {}
            1 => copy_same::<1>(out, &texts.bytes, indices),
            2 => copy_same::<2>(out, &texts.bytes, indices),
            3 => copy_same::<3>(out, &texts.bytes, indices),
            4 => copy_same::<4>(out, &texts.bytes, indices),
            _ => out.chunks_exact_mut(length).zip(indices).for_each(|(out, index)| {
                out.copy_from_slice(texts.get(*index as usize));
            }),
        }
        self.offsets.extend((1..=indices.len()).map(|row| (start + row * length) as i32));
        Some(())
    }

    fn finish(self, nulls: Option<NullBuffer>, data_type: &DataType) -> Option<ArrayRef> {
        let offsets = OffsetBuffer::new(ScalarBuffer::from(self.offsets));
        Some(match data_type {
            DataType::Utf8 => Arc::new(StringArray::try_new(offsets, self.bytes.into(), nulls).ok()?),
            DataType::Binary => Arc::new(BinaryArray::try_new(offsets, self.bytes.into(), nulls).ok()?),
            _ => return None,
        })
    }
}

fn copy_same<const N: usize>(out: &mut [u8], texts: &[u8], indices: &[u32]) {
    let (texts, _) = texts.as_chunks::<N>();
    let (out, _) = out.as_chunks_mut::<N>();
    for (out, index) in out.iter_mut().zip(indices) {
        *out = texts.get(*index as usize).copied().unwrap_or([0; N]);
    }
}

fn primitive<T: ArrowPrimitiveType>(values: Vec<T::Native>, nulls: Option<NullBuffer>) -> Option<ArrayRef> {
    Some(Arc::new(PrimitiveArray::<T>::try_new(values.into(), nulls).ok()?))
}

/// The index at a place; the first text for none, which nobody looks at.
fn key(indices: &[u32], place: u32) -> u32 {
    indices.get(place as usize).copied().unwrap_or(0)
}

/// Indices have been checked against the dictionary.
fn look_up<T: Stored>(out: &mut Vec<T>, indices: &[u32], values: &[T], picked: &Picked) {
    let value = |index: u32| values.get(index as usize).copied().unwrap_or_default();
    match picked {
        Picked::All => out.extend(indices.iter().map(|index| value(*index))),
        Picked::Some(places) => out.extend(places.iter().map(|place| value(key(indices, *place)))),
    }
}

fn copy<T: Stored>(out: &mut Vec<T>, bytes: &[u8], count: usize, picked: &Picked) -> Option<()> {
    let bytes = bytes.get(..count.checked_mul(T::BYTES)?)?;
    match picked {
        Picked::All => out.extend(bytes.chunks_exact(T::BYTES).map(T::of)),
        Picked::Some(places) => out.extend(places.iter().map(|place| {
            let start = (*place as usize).saturating_mul(T::BYTES);
            bytes.get(start..start.saturating_add(T::BYTES)).map_or_else(T::default, T::of)
        })),
    }
    Some(())
}
