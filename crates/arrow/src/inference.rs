//! The columns of records that come in parts, none of which need stay in memory.

use std::borrow::Borrow;

use dataknobs_data_core::{FieldType, Record, Str, Value};
use foldhash::fast::RandomState;
use hashbrown::HashMap;

use crate::ToArrowOptions;
use crate::infer::{
    ColumnKind, ColumnType, Zone, Zones, gather_zones, kind_of, kind_of_values, settle_kind, settle_type, settle_zone,
};
use crate::shapes::{Positions, Shapes};

/// Gathers what [`infer`](crate::infer::infer) tells of all records at once, for exact conversions.
pub(crate) struct Inference {
    options: ToArrowOptions,
    columns: Vec<Seen>,
    known: HashMap<Str, usize, RandomState>,
}

/// What is known of one column.
struct Seen {
    name: Str,
    declared: Vec<FieldType>,
    /// The kind of all present values.
    kind: Option<ColumnKind>,
    zones: Zones,
}

impl Inference {
    pub(crate) fn new() -> Self {
        Inference { options: ToArrowOptions::exact(), columns: Vec::new(), known: HashMap::default() }
    }

    /// Takes the next records into account.
    pub(crate) fn add<R: Borrow<Record>>(&mut self, shapes: &Shapes<'_, R>) {
        let mut types: Vec<Vec<FieldType>> = vec![Vec::new(); self.columns.len()];
        for shape in shapes.distinct() {
            for (name, field_type) in shape.fields() {
                let at = match self.known.get(name) {
                    Some(at) => *at,
                    None => {
                        let at = self.columns.len();
                        self.known.insert(name.clone(), at);
                        self.columns.push(Seen {
                            name: name.clone(),
                            declared: Vec::new(),
                            kind: None,
                            zones: Ok(None),
                        });
                        types.push(Vec::new());
                        at
                    }
                };
                if !types[at].contains(field_type) {
                    types[at].push(*field_type);
                }
            }
        }
        for (column, types) in self.columns.iter_mut().zip(types).filter(|(_, types)| !types.is_empty()) {
            column.add(shapes, &types, &self.options);
        }
    }

    /// The columns of all records so far. Text and bytes get offsets of 32 bits: batches are small.
    pub(crate) fn finish(self) -> Vec<ColumnType> {
        let columns = self.columns.into_iter();
        columns
            .map(|column| {
                let kind = settle_kind(&column.declared, || column.kind);
                let kind = settle_zone(kind, true, || column.zones.map(|zone| zone.unwrap_or(Zone::Naive)));
                let field_type = settle_type(kind, &column.declared);
                ColumnType { name: column.name, kind, field_type, large: false }
            })
            .collect()
    }
}

impl Seen {
    fn add<R: Borrow<Record>>(&mut self, shapes: &Shapes<'_, R>, types: &[FieldType], options: &ToArrowOptions) {
        let positions = shapes.positions(&self.name);
        let kind = match types {
            // The values are of this kind, if there are any.
            [one] => {
                let kind = kind_of(*one);
                (self.kind != Some(kind) && any_present(shapes, &positions)).then_some(kind)
            }
            _ => kind_of_values(shapes, &positions, options),
        };
        self.kind = match (self.kind, kind) {
            (Some(before), Some(now)) if before != now => Some(ColumnKind::Mixed),
            (before, now) => before.or(now),
        };
        if types.contains(&FieldType::DateTime) {
            gather_zones(&mut self.zones, shapes, &positions);
        }
        self.declared.extend(types.iter().filter(|one| !self.declared.contains(one)).copied().collect::<Vec<_>>());
    }
}

fn any_present<R: Borrow<Record>>(shapes: &Shapes<'_, R>, positions: &Positions) -> bool {
    let mut any = false;
    shapes.each_value(positions, |value| any |= value.is_some_and(|value| !Value::is_null(value)));
    any
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::infer::infer;
    use dataknobs_data_core::DateTime;

    #[test]
    fn parts_tell_the_same_as_the_whole() {
        let time = |text: &str| Value::DateTime(DateTime::parse(text).unwrap());
        let values = [
            Value::from(1),
            Value::Null,
            Value::from(1.5),
            Value::from("x"),
            Value::from("x".repeat(2000)),
            time("2024-01-01T00:00:00Z"),
            time("2024-01-01T00:00:00+02:00"),
            time("2024-01-01"),
            Value::from(vec![1_u8]),
        ];
        for first in &values {
            for second in &values {
                for third in &values {
                    let records: Vec<Record> = [first, second, third]
                        .into_iter()
                        .enumerate()
                        .map(|(n, value)| {
                            Record::from_pairs([
                                ("a", value.clone()),
                                (if n > 1 { "c" } else { "b" }, Value::from(n as i64)),
                            ])
                        })
                        .collect::<Result<_, _>>()
                        .unwrap();
                    let mut inference = Inference::new();
                    records.iter().for_each(|record| inference.add(&Shapes::of(std::slice::from_ref(record))));
                    assert_eq!(inference.finish(), infer(&Shapes::of(&records), &ToArrowOptions::exact()));
                }
            }
        }
    }
}
