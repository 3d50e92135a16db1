//! Pages of flat columns in the encodings that nearly all files have, plain values and dictionaries,
//! decoded for the rows that are wanted.
//!
//! The parquet crate finds, checks and decompresses the pages; every other encoding is left to it.

mod hybrid;
mod values;

use std::sync::Arc;

use ::parquet::basic::{Encoding, Type};
use ::parquet::column::page::{Page, PageReader};
use ::parquet::file::metadata::ColumnChunkMetaData;
use ::parquet::file::reader::ChunkReader;
use ::parquet::file::serialized_reader::SerializedPageReader;
use arrow_array::ArrayRef;
use arrow_buffer::{BooleanBuffer, BooleanBufferBuilder, NullBuffer};
use arrow_schema::DataType;
use bytes::Bytes;

use hybrid::Hybrid;
use values::{Dictionary, Source, Values};

/// Marks a row without a value.
const NULL: u32 = u32::MAX;

/// A column of a row group in the rows of a mask, or in all; none where it takes the parquet crate
/// to read it. Texts may stay in their dictionary.
pub(super) fn read<R: ChunkReader + 'static>(
    input: R,
    chunk: &ColumnChunkMetaData,
    total: usize,
    mask: Option<&BooleanBuffer>,
    data_type: &DataType,
    may_encode: bool,
) -> Option<ArrayRef> {
    let column = chunk.column_descr();
    let (levels, is_flat) = (column.max_def_level(), column.max_rep_level() == 0);
    if !is_flat || levels > 1 || !Values::can_hold(column.physical_type(), data_type) {
        return None;
    }
    let mut pages = SerializedPageReader::new(Arc::new(input), chunk, total, None).ok()?;
    let count = mask.map_or(total, BooleanBuffer::count_set_bits);
    let mut decoder = Decoder {
        physical: column.physical_type(),
        is_optional: levels == 1,
        values: Values::new(column.physical_type(), count, may_encode)?,
        dictionary: None,
        valid: BooleanBufferBuilder::new(if levels == 1 { count } else { 0 }),
        has_nulls: false,
        indices: Vec::new(),
    };
    let mut row = 0;
    while row < total {
        let metadata = pages.peek_next_page().ok()??;
        let rows = metadata.num_rows.or(metadata.num_levels);
        if let (false, Some(rows), Some(mask)) = (metadata.is_dict, rows, mask)
            && mask.slice(row, rows.min(total - row)).count_set_bits() == 0
        {
            pages.skip_next_page().ok()?;
            row += rows;
            continue;
        }
        row += decoder.page(pages.get_next_page().ok()??, row, total, mask)?;
    }
    // What comes behind the last row is damage that records report.
    if !matches!(pages.peek_next_page(), Ok(None)) {
        return None;
    }
    let nulls = decoder.has_nulls.then(|| NullBuffer::new(decoder.valid.finish()));
    (row == total).then(|| decoder.values.finish(nulls, decoder.dictionary, data_type))?
}

struct Decoder {
    physical: Type,
    is_optional: bool,
    values: Values,
    dictionary: Option<Dictionary>,
    /// Which of the rows have a value.
    valid: BooleanBufferBuilder,
    has_nulls: bool,
    /// The indices of the page under way.
    indices: Vec<u32>,
}

impl Decoder {
    /// Takes in a page whose first row is this one. Gives how many rows it has.
    fn page(&mut self, page: Page, row: usize, total: usize, mask: Option<&BooleanBuffer>) -> Option<usize> {
        let (bytes, rows, encoding, levels) = match page {
            Page::DictionaryPage { buf, num_values, encoding, .. } => {
                if self.dictionary.is_some() || !matches!(encoding, Encoding::PLAIN | Encoding::PLAIN_DICTIONARY) {
                    return None;
                }
                self.dictionary = Some(Dictionary::new(&buf, num_values as usize, self.physical)?);
                return Some(0);
            }
            Page::DataPage { buf, num_values, encoding, def_level_encoding, .. } => {
                let (levels, values) = match self.is_optional {
                    true if def_level_encoding == Encoding::RLE => {
                        let length = u32::from_le_bytes(buf.get(..4)?.try_into().ok()?);
                        let end = 4_usize.checked_add(usize::try_from(length).ok()?)?;
                        (Some(buf.get(4..end).map(|_| buf.slice(4..end))?), buf.slice(end..))
                    }
                    true => return None,
                    false => (None, buf),
                };
                (values, num_values as usize, encoding, levels)
            }
            Page::DataPageV2 {
                buf, num_values, encoding, num_nulls, def_levels_byte_len, rep_levels_byte_len, ..
            } => {
                let start = usize::try_from(rep_levels_byte_len).ok()?;
                let end = start.checked_add(usize::try_from(def_levels_byte_len).ok()?)?;
                buf.get(start..end)?;
                let levels = (self.is_optional && num_nulls > 0).then(|| buf.slice(start..end));
                (buf.slice(end..), num_values as usize, encoding, levels)
            }
        };
        if rows == 0 || rows > total - row {
            return None;
        }
        let valid = match levels {
            Some(levels) => valid_rows(&levels, rows)?,
            None => None,
        };
        let mask = match mask {
            Some(mask) => Some(mask.slice(row, rows)).filter(|mask| mask.count_set_bits() < rows),
            None => None,
        };
        let stored = valid.as_ref().map_or(rows, BooleanBuffer::count_set_bits);
        let picked = picked(rows, valid.as_ref(), mask.as_ref());
        self.note_validity(rows, &picked, valid.as_ref());
        match encoding {
            Encoding::PLAIN => self.values.extend(&Source::Plain(&bytes, stored), &picked)?,
            Encoding::RLE_DICTIONARY | Encoding::PLAIN_DICTIONARY => {
                let dictionary = self.dictionary.as_ref()?;
                self.indices.clear();
                let few = match &picked {
                    Picked::Some(places) if places.len() < stored / 4 => Some(places),
                    _ => None,
                };
                if stored > 0 {
                    let (width, packed) = bytes.split_first()?;
                    let mut hybrid = Hybrid::new(packed, *width)?;
                    match few {
                        Some(places) => hybrid.pick(&mut self.indices, places, NULL)?,
                        None => hybrid.extend(&mut self.indices, stored)?,
                    }
                }
                if self.indices.iter().fold(0, |most, index| most.max(*index)) as usize >= dictionary.len().max(1) {
                    return None;
                }
                let picked = if few.is_some() { &Picked::All } else { &picked };
                self.values.extend(&Source::Indices(&self.indices, dictionary), picked)?;
            }
            _ => return None,
        }
        Some(rows)
    }

    fn note_validity(&mut self, rows: usize, picked: &Picked, valid: Option<&BooleanBuffer>) {
        if !self.is_optional {
            return;
        }
        match (picked, valid) {
            (Picked::All, _) => self.valid.append_n(rows, true),
            (Picked::Some(places), None) => self.valid.append_n(places.len(), true),
            (Picked::Some(places), Some(_)) => {
                let valid = BooleanBuffer::collect_bool(places.len(), |at| places[at] != NULL);
                self.has_nulls |= valid.count_set_bits() < valid.len();
                self.valid.append_buffer(&valid);
            }
        }
    }
}

/// Which rows of a page have a value; none if all have.
fn valid_rows(levels: &Bytes, rows: usize) -> Option<Option<BooleanBuffer>> {
    let mut valid = BooleanBufferBuilder::new(rows);
    Hybrid::new(levels, 1)?.extend_bits(&mut valid, rows)?;
    let valid = valid.finish();
    Some((valid.count_set_bits() < rows).then_some(valid))
}

/// Which of the values that are stored in a page are wanted.
enum Picked {
    All,
    /// The places of values, in order, and [`NULL`] for rows without one.
    Some(Vec<u32>),
}

fn picked(rows: usize, valid: Option<&BooleanBuffer>, mask: Option<&BooleanBuffer>) -> Picked {
    let Some(valid) = valid else {
        return mask.map_or(Picked::All, |mask| Picked::Some(mask.set_indices_u32().collect()));
    };
    let mut places = Vec::with_capacity(mask.map_or(rows, BooleanBuffer::count_set_bits));
    let mut before = 0;
    let mut add = |valid: u64, mut wanted: u64| {
        while wanted != 0 {
            let row = wanted.trailing_zeros();
            let place = before + (valid & ((1 << row) - 1)).count_ones();
            places.push(if valid >> row & 1 == 1 { place } else { NULL });
            wanted &= wanted - 1;
        }
        before += valid.count_ones();
    };
    let words = valid.bit_chunks().iter_padded();
    match mask {
        Some(mask) => words.zip(mask.bit_chunks().iter_padded()).for_each(|(valid, wanted)| add(valid, wanted)),
        None => words.enumerate().for_each(|(word, valid)| {
            let left = rows.saturating_sub(word * 64);
            add(valid, if left >= 64 { u64::MAX } else { (1 << left) - 1 });
        }),
    }
    Picked::Some(places)
}
