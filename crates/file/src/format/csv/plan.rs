//! Which columns records need.

use std::collections::HashMap;

use dataknobs_data_arrow::fetch;
use dataknobs_data_core::{FieldType, Record, Result, Shape, Str};
use foldhash::fast::RandomState;

use super::sidecar;
use super::{Column, CsvLayout, Role};
use crate::format::rows_write::FETCHED;
use crate::key::{Key, KeySource};

/// The columns for these records: the key's, those that the file has already and a record still
/// fills, new ones in the order in which they first come, and `_meta` where some row needs it.
pub(crate) fn plan<'a>(old: &CsvLayout, key: &Key, records: impl Iterator<Item = &'a Record>) -> Result<CsvLayout> {
    let records: Vec<&Record> = records.collect();
    let mut seen = Seen::default();
    for block in records.chunks(FETCHED) {
        fetch(block);
        block.iter().for_each(|record| seen.add(record, old));
    }
    let votes = Votes::of(&seen.shapes);
    let mut columns: Vec<Column> = Vec::new();
    if key.source == KeySource::Own {
        columns.push(sidecar::column_of(Str::new_static("_id"), Role::Id, key.field_type));
    }
    if seen.shapes.is_empty() {
        columns.extend(old.fields().cloned().map(|column| Column { declared: true, ..column }));
    } else {
        let old_names = old.fields().map(|column| column.name.clone());
        let new_names = votes.names.iter().filter(|name| old.fields().all(|column| column.name != **name)).cloned();
        for name in old_names.chain(new_names) {
            if let Some(field_type) = votes.winner(&name) {
                columns.push(sidecar::column_of(name, Role::Field, field_type));
            }
        }
    }
    if let Some(name) = key.field_name()
        && columns.iter().all(|column| column.name != *name)
    {
        columns.insert(0, sidecar::column_of(name.clone(), Role::Field, key.field_type));
    }
    let mut layout = old.clone().with_columns(columns)?;
    if seen.needs_meta || seen.shapes.iter().any(|seen| layout.differs(seen.shape)) {
        layout.columns.push(sidecar::column_of(Str::new_static("_meta"), Role::Meta, FieldType::Json));
    }
    Ok(layout)
}

/// What one look at the records finds.
#[derive(Default)]
struct Seen<'a> {
    /// In order of first appearance.
    shapes: Vec<SeenShape<'a>>,
    by_address: HashMap<usize, usize, RandomState>,
    last: usize,
    /// Whether a record has something that no cell can say, whatever the columns are.
    needs_meta: bool,
}

/// The records of one shape.
struct SeenShape<'a> {
    shape: &'a Shape,
    records: u64,
    /// How many of them have null in each field.
    nulls: Vec<u64>,
}

impl<'a> Seen<'a> {
    fn add(&mut self, record: &'a Record, layout: &CsvLayout) {
        let at = self.shape(record.shape());
        let seen = &mut self.shapes[at];
        seen.records += 1;
        for (nulls, value) in seen.nulls.iter_mut().zip(record.values()) {
            *nulls += u64::from(value.is_null());
        }
        self.needs_meta = self.needs_meta || layout.has_more_than_cells(record);
    }

    fn shape(&mut self, shape: &'a Shape) -> usize {
        let address = shape.address();
        if self.shapes.get(self.last).is_none_or(|last| last.shape.address() != address) {
            self.last = *self.by_address.entry(address).or_insert_with(|| {
                self.shapes.push(SeenShape { shape, records: 0, nulls: vec![0; shape.len()] });
                self.shapes.len() - 1
            });
        }
        self.last
    }
}

/// For each field name, how often each type comes, of values and of nulls.
#[derive(Default)]
struct Votes {
    names: Vec<Str>,
    counts: HashMap<Str, [[u64; 2]; FieldType::ALL.len()], RandomState>,
}

impl Votes {
    fn of(shapes: &[SeenShape<'_>]) -> Self {
        let mut votes = Votes::default();
        for seen in shapes {
            for ((name, field_type), nulls) in seen.shape.fields().iter().zip(&seen.nulls) {
                let counts = match votes.counts.get_mut(name) {
                    Some(counts) => counts,
                    None => {
                        votes.names.push(name.clone());
                        votes.counts.entry(name.clone()).or_default()
                    }
                };
                if let Some(place) = FieldType::ALL.iter().position(|kind| kind == field_type) {
                    counts[place][0] += seen.records - nulls;
                    counts[place][1] += nulls;
                }
            }
        }
        votes
    }

    /// The type that most values have; without values, most nulls.
    fn winner(&self, name: &str) -> Option<FieldType> {
        let counts = self.counts.get(name)?;
        let best = |null: usize| {
            let ranked = FieldType::ALL.iter().zip(counts).rev().max_by_key(|(_, count)| count[null])?;
            (ranked.1[null] > 0).then_some(*ranked.0)
        };
        best(0).or_else(|| best(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dataknobs_data_core::record;

    #[test]
    fn ties_go_to_the_first_type() {
        let records = [record! { "a": 1, "n": () }.unwrap(), record! { "a": 1.5, "n": () }.unwrap()];
        let mut seen = Seen::default();
        records.iter().for_each(|record| seen.add(record, &CsvLayout::new_file(b',', &[])));
        let votes = Votes::of(&seen.shapes);
        assert_eq!(votes.winner("a"), Some(FieldType::Integer));
        assert_eq!(votes.winner("n"), Some(FieldType::String));
        assert_eq!(votes.winner("x"), None);
    }
}
