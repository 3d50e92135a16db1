//! One block: its rows filtered and decoded.

use std::hash::BuildHasher as _;
use std::sync::Arc;

use arrow_array::builder::StringBuilder;
use arrow_array::{ArrayRef, RecordBatch, RecordBatchOptions};
use arrow_buffer::BooleanBuffer;
use arrow_schema::{Field, Schema};
use dataknobs_data_arrow::{BatchFilter, SeenOffsets, append_integer};
use dataknobs_data_core::RecordId;
use foldhash::fast::RandomState;

use super::decode::{Builder, ColumnCells};
use super::plan::{Ids, Plan};
use super::tokens::{Cells, Grammar, Tokens};
use crate::blocks::{Irregular, Keys};

/// What one block gives.
pub(super) struct BlockRows {
    /// How many rows it has.
    pub(super) rows: u64,
    /// How many of them pass.
    pub(super) passing: usize,
    /// Which of them pass, where ids are their numbers.
    pub(super) places: Vec<u32>,
    pub(super) keys: Keys,
    pub(super) ids: Option<ArrayRef>,
    pub(super) columns: Vec<(ArrayRef, SeenOffsets)>,
}

/// Decodes blocks, one after another.
pub(super) struct Decoder<'a> {
    plan: &'a Plan,
    hasher: &'a RandomState,
    tokens: Tokens,
}

/// What is collected from a block.
struct Collected {
    rows: usize,
    passing: usize,
    places: Vec<u32>,
    keys: Keys,
    ids: Option<StringBuilder>,
    columns: Vec<Builder>,
}

impl<'a> Decoder<'a> {
    pub(super) fn new(plan: &'a Plan, hasher: &'a RandomState) -> Self {
        Decoder { plan, hasher, tokens: Tokens::default() }
    }

    pub(super) fn decode(&mut self, bytes: &[u8], has_quotes: bool) -> Result<BlockRows, Irregular> {
        let plan = self.plan;
        let text = std::str::from_utf8(bytes).map_err(|_| Irregular)?;
        let columns = plan.layout.columns.len();
        let grammar = Grammar { delimiter: plan.layout.delimiter, columns, max_record_bytes: plan.max_record_bytes };
        let builders = plan.wanted.iter().map(|at| Builder::new(plan.layout.columns[*at].field_type));
        let mut collected = Collected {
            rows: 0,
            passing: 0,
            places: Vec::new(),
            keys: plan.ids.keys(),
            ids: (plan.ids_wanted && plan.ids != Ids::Ordinal).then(StringBuilder::new),
            columns: builders.collect::<Option<_>>().ok_or(Irregular)?,
        };
        let mut at = 0;
        let mut tokens = std::mem::take(&mut self.tokens);
        while at < text.len() {
            at = tokens.find(text, at, has_quotes, grammar)?;
            self.add(&mut collected, &tokens.cells(text, columns))?;
        }
        self.tokens = tokens;
        Ok(BlockRows {
            rows: collected.rows as u64,
            passing: collected.passing,
            places: collected.places,
            keys: collected.keys,
            ids: collected.ids.map(|mut ids| Arc::new(ids.finish()) as ArrayRef),
            columns: collected.columns.into_iter().map(Builder::finish).collect(),
        })
    }

    fn add(&self, collected: &mut Collected, cells: &Cells<'_>) -> Result<(), Irregular> {
        let plan = self.plan;
        let rows = cells.rows();
        if plan.meta.is_some_and(|meta| !cells.is_blank(meta)) {
            return Err(Irregular);
        }
        let keep = match &plan.filter {
            None => None,
            Some(filter) => Some(select(plan, filter, cells)?),
        };
        let keep = keep.as_ref();
        add_keys(plan, self.hasher, (&mut collected.keys, collected.ids.as_mut()), cells, keep)?;
        for (builder, at) in collected.columns.iter_mut().zip(&plan.wanted) {
            builder.append(&ColumnCells::new(cells, &plan.layout, *at), keep)?;
        }
        for at in &plan.checked {
            ColumnCells::new(cells, &plan.layout, *at).check()?;
        }
        if plan.ids == Ids::Ordinal && plan.ids_wanted {
            let before = u32::try_from(collected.rows).map_err(|_| Irregular)?;
            match keep {
                None => collected.places.extend((0..rows as u32).map(|row| before + row)),
                Some(keep) => collected.places.extend(keep.set_indices_u32().map(|row| before + row)),
            }
        }
        collected.rows += rows;
        collected.passing += keep.map_or(rows, BooleanBuffer::count_set_bits);
        Ok(())
    }
}

/// The rows that pass the filter.
pub(super) fn select(plan: &Plan, filter: &BatchFilter, cells: &Cells<'_>) -> Result<BooleanBuffer, Irregular> {
    let mut fields = Vec::with_capacity(plan.filtered.len());
    let mut arrays = Vec::with_capacity(plan.filtered.len());
    for at in &plan.filtered {
        let column = &plan.layout.columns[*at];
        let mut builder = Builder::new(column.field_type).ok_or(Irregular)?;
        builder.append(&ColumnCells::new(cells, &plan.layout, *at), None)?;
        let (array, _) = builder.finish();
        fields.push(Field::new(column.name.as_str(), array.data_type().clone(), true));
        arrays.push(array);
    }
    let options = RecordBatchOptions::new().with_row_count(Some(cells.rows()));
    let batch = RecordBatch::try_new_with_options(Arc::new(Schema::new(fields)), arrays, &options);
    filter.select(&batch.map_err(|_| Irregular)?).map_err(|_| Irregular)
}

/// Notes the keys of all rows, and the ids of those that pass.
pub(super) fn add_keys(
    plan: &Plan,
    hasher: &RandomState,
    (keys, mut ids): (&mut Keys, Option<&mut StringBuilder>),
    cells: &Cells<'_>,
    keep: Option<&BooleanBuffer>,
) -> Result<(), Irregular> {
    let kept = |row| keep.is_none_or(|keep| keep.value(row));
    let mut complete = true;
    match (plan.ids, keys) {
        (Ids::Integers(at), Keys::Integers(keys)) => {
            ColumnCells::new(cells, &plan.layout, at).integers(|row, key| {
                let Some(key) = key else { return complete = false };
                keys.push(key);
                if let Some(ids) = &mut ids
                    && kept(row)
                {
                    append_integer(ids, key);
                }
            })?;
        }
        (Ids::Texts(at), Keys::Hashes(keys)) => {
            let mut row = 0;
            ColumnCells::new(cells, &plan.layout, at).texts(None, |key| {
                let Some(key) = key.filter(|key| RecordId::is_legal(key)) else { return complete = false };
                keys.push(hasher.hash_one(key));
                if let Some(ids) = &mut ids
                    && kept(row)
                {
                    ids.append_value(key);
                }
                row += 1;
            });
        }
        _ => {}
    }
    if complete { Ok(()) } else { Err(Irregular) }
}
