//! Secondary indexes: from what a path finds to the slots that hold it.

use std::collections::BTreeMap;
use std::ops::Bound;

use foldhash::fast::RandomState;
use hashbrown::{HashMap, HashSet};

use super::index_key::{Key, key_ranges, keys_of};
use crate::backend::{IndexInfo, IndexKind};
use crate::query::{Condition, Leaf, Operator};
use crate::record::Record;
use crate::value::Value;

/// The slots of one key: mostly one, so that costs no allocation.
#[derive(Debug, Clone)]
enum Slots {
    One(u32),
    Many(HashSet<u32, RandomState>),
}

impl Slots {
    fn insert(&mut self, slot: u32) {
        match self {
            Slots::One(only) if *only == slot => {}
            Slots::One(only) => *self = Slots::Many([*only, slot].into_iter().collect()),
            Slots::Many(slots) => {
                slots.insert(slot);
            }
        }
    }

    /// Whether none are left.
    fn remove(&mut self, slot: u32) -> bool {
        match self {
            Slots::One(only) => *only == slot,
            Slots::Many(slots) => {
                slots.remove(&slot);
                slots.is_empty()
            }
        }
    }

    fn len(&self) -> usize {
        if let Slots::Many(slots) = self { slots.len() } else { 1 }
    }

    fn add_to(&self, found: &mut Vec<u32>) {
        match self {
            Slots::One(slot) => found.push(*slot),
            Slots::Many(slots) => found.extend(slots),
        }
    }
}

#[derive(Debug)]
enum Entries {
    Hash(HashMap<Key, Slots, RandomState>),
    Ordered(BTreeMap<Key, Slots>),
}

/// One index.
#[derive(Debug)]
pub(super) struct Index {
    pub(super) info: IndexInfo,
    entries: Entries,
    absent: HashSet<u32, RandomState>,
}

/// What an index can narrow a leaf down to.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Lookup {
    Equal(Vec<Value>),
    Range(Bound<Value>, Bound<Value>),
    Absent,
}

impl Index {
    pub(super) fn build<'a>(info: IndexInfo, records: impl Iterator<Item = (u32, &'a Record)>) -> Self {
        let entries = match info.kind {
            IndexKind::Hash => Entries::Hash(HashMap::default()),
            IndexKind::Ordered => Entries::Ordered(BTreeMap::new()),
        };
        let mut index = Index { info, entries, absent: HashSet::default() };
        for (slot, record) in records {
            index.add(slot, record);
        }
        index
    }

    pub(super) fn add(&mut self, slot: u32, record: &Record) {
        let Some(value) = self.info.path.resolve(record) else {
            self.absent.insert(slot);
            return;
        };
        let key = Key::of(value);
        match &mut self.entries {
            Entries::Hash(entries) => {
                entries.entry(key).and_modify(|slots| slots.insert(slot)).or_insert(Slots::One(slot));
            }
            Entries::Ordered(entries) => {
                entries.entry(key).and_modify(|slots| slots.insert(slot)).or_insert(Slots::One(slot));
            }
        }
    }

    pub(super) fn remove(&mut self, slot: u32, record: &Record) {
        let Some(value) = self.info.path.resolve(record) else {
            self.absent.remove(&slot);
            return;
        };
        let key = Key::of(value);
        match &mut self.entries {
            Entries::Hash(entries) => {
                if entries.get_mut(&key).is_some_and(|slots| slots.remove(slot)) {
                    entries.remove(&key);
                }
            }
            Entries::Ordered(entries) => {
                if entries.get_mut(&key).is_some_and(|slots| slots.remove(slot)) {
                    entries.remove(&key);
                }
            }
        }
    }

    /// How this index narrows a leaf down, if it does.
    pub(super) fn lookup(&self, leaf: &Leaf) -> Option<Lookup> {
        if *leaf.path() != self.info.path {
            return None;
        }
        if leaf.operator() == Operator::Exists {
            return leaf.negated().then_some(Lookup::Absent);
        }
        if !leaf.is_plain() {
            return None;
        }
        let test = leaf.test();
        // JSON shares one key, so equality with it stays a superset; all else is exact.
        let lookup = match test.operator() {
            Operator::Eq => Lookup::Equal(vec![test.literal()?.clone()]),
            Operator::In => Lookup::Equal(test.literals().to_vec()),
            Operator::Gt => Lookup::Range(Bound::Excluded(test.literal()?.clone()), Bound::Unbounded),
            Operator::Gte => Lookup::Range(Bound::Included(test.literal()?.clone()), Bound::Unbounded),
            Operator::Lt => Lookup::Range(Bound::Unbounded, Bound::Excluded(test.literal()?.clone())),
            Operator::Lte => Lookup::Range(Bound::Unbounded, Bound::Included(test.literal()?.clone())),
            Operator::Between => match test.literals() {
                [low, high] => Lookup::Range(Bound::Included(low.clone()), Bound::Included(high.clone())),
                _ => return None,
            },
            _ => return None,
        };
        match (&lookup, &self.entries) {
            (Lookup::Range(..), Entries::Hash(_)) => None,
            _ => Some(lookup),
        }
    }

    /// The slots that a look-up leads to, in no order: a superset of what passes the leaf. None
    /// when there are more than `most`.
    pub(super) fn slots(&self, lookup: &Lookup, most: usize) -> Option<Vec<u32>> {
        let mut found = Vec::new();
        let mut take = |slots: &Slots| {
            slots.add_to(&mut found);
            found.len() <= most
        };
        match lookup {
            Lookup::Absent => {
                if self.absent.len() > most {
                    return None;
                }
                found.extend(&self.absent);
                return Some(found);
            }
            Lookup::Equal(values) => {
                let mut keys: Vec<Key> = values.iter().flat_map(keys_of).collect();
                keys.sort_unstable();
                keys.dedup();
                for key in keys {
                    let slots = match &self.entries {
                        Entries::Hash(entries) => entries.get(&key),
                        Entries::Ordered(entries) => entries.get(&key),
                    };
                    if !slots.is_none_or(&mut take) {
                        return None;
                    }
                }
            }
            Lookup::Range(low, high) => {
                let Entries::Ordered(entries) = &self.entries else { return None };
                for (low, high) in key_ranges(low, high) {
                    let empty = match (&low, &high) {
                        (Bound::Included(low), Bound::Included(high)) => low > high,
                        (
                            Bound::Excluded(low) | Bound::Included(low),
                            Bound::Excluded(high) | Bound::Included(high),
                        ) => low >= high,
                        _ => false,
                    };
                    if !empty && !entries.range((low, high)).all(|(_, slots)| take(slots)) {
                        return None;
                    }
                }
            }
        }
        Some(found)
    }

    /// About how many slots a look-up leads to.
    pub(super) fn estimate(&self, lookup: &Lookup) -> usize {
        match lookup {
            Lookup::Absent => self.absent.len(),
            Lookup::Equal(values) => {
                let keys = values.iter().flat_map(keys_of);
                let slots = keys.filter_map(|key| match &self.entries {
                    Entries::Hash(entries) => entries.get(&key),
                    Entries::Ordered(entries) => entries.get(&key),
                });
                slots.map(Slots::len).sum()
            }
            // Counting a range costs as much as reading it, so look at its beginning only.
            Lookup::Range(..) => self.slots(lookup, 10_000).map_or(usize::MAX, |slots| slots.len()),
        }
    }
}

/// The best index look-up for a condition: which index and what to ask it. A conjunction is
/// narrowed by any of its parts.
pub(super) fn best_lookup<'a>(condition: &Condition, indexes: &'a [Index]) -> Option<(&'a Index, Lookup, usize)> {
    let parts = match condition {
        Condition::All(parts) => parts.as_slice(),
        single => std::slice::from_ref(single),
    };
    let leaves = parts.iter().filter_map(|part| if let Condition::Leaf(leaf) = part { Some(leaf) } else { None });
    let lookups = leaves.flat_map(|leaf| {
        indexes.iter().filter_map(move |index| {
            let lookup = index.lookup(leaf)?;
            let estimate = index.estimate(&lookup);
            Some((index, lookup, estimate))
        })
    });
    lookups.min_by_key(|(_, _, estimate)| *estimate)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::query::Filter;
    use crate::value::DateTime;
    use crate::{Path, record};

    fn leaf(text: &str, operator: &str, operand: impl Into<crate::Operand>) -> Leaf {
        match Condition::of(&Filter::new(text, operator, operand).unwrap()) {
            Condition::Leaf(leaf) => leaf,
            other => panic!("{other:?}"),
        }
    }

    fn index_of(kind: IndexKind) -> Index {
        let records: Vec<Record> = [
            Value::from(1),
            Value::from(1.0),
            Value::from(2.5),
            Value::from("2024-01-01"),
            Value::from(DateTime::parse("2024-01-01T00:00:00Z").unwrap()),
            Value::Null,
            Value::from(true),
            Value::json(serde_json::json!([1])).unwrap(),
            Value::from(vec![1u8]),
        ]
        .into_iter()
        .map(|value| record! { "x": value }.unwrap())
        .collect();
        let info = IndexInfo::new("x", Path::dotted("x").unwrap(), kind);
        Index::build(info, records.iter().enumerate().map(|(slot, record)| (slot as u32, record)))
    }

    fn found(index: &Index, leaf: &Leaf) -> Option<Vec<u32>> {
        let mut slots = index.slots(&index.lookup(leaf)?, 100)?;
        slots.sort_unstable();
        Some(slots)
    }

    #[test]
    fn equality_follows_the_query_semantics() {
        for kind in [IndexKind::Hash, IndexKind::Ordered] {
            let index = index_of(kind);
            assert_eq!(found(&index, &leaf("x", "=", 1)), Some(vec![0, 1]));
            assert_eq!(found(&index, &leaf("x", "=", "2024-01-01")), Some(vec![3, 4]));
            assert_eq!(
                found(&index, &leaf("x", "IN", [Value::from(2.5), Value::Null, Value::from(true)])),
                Some(vec![2, 6])
            );
            assert_eq!(found(&index, &leaf("x", "NOT_EXISTS", ())), Some(vec![5]));
            assert_eq!(found(&index, &leaf("x", "!=", 1)), None);
            assert_eq!(found(&index, &leaf("y", "=", 1)), None);
        }
    }

    #[test]
    fn ranges_stay_within_their_class() {
        let index = index_of(IndexKind::Ordered);
        assert_eq!(found(&index, &leaf("x", ">", 1)), Some(vec![2]));
        assert_eq!(found(&index, &leaf("x", "<=", 2.5)), Some(vec![0, 1, 2]));
        assert_eq!(found(&index, &leaf("x", ">=", "2024")), Some(vec![3]));
        assert_eq!(found(&index, &leaf("x", ">=", "2024-01-01")), Some(vec![3, 4]));
        assert_eq!(found(&index, &leaf("x", "BETWEEN", [5, 1])), Some(vec![]));
        assert_eq!(found(&index, &leaf("x", "BETWEEN", [Value::from(1), Value::from("z")])), Some(vec![]));
        assert_eq!(found(&index, &leaf("x", ">", vec![0u8])), Some(vec![8]));
        assert_eq!(found(&index, &leaf("x", "<", true)), Some(vec![]));
        assert_eq!(found(&index_of(IndexKind::Hash), &leaf("x", ">", 1)), None);
    }

    #[test]
    fn removal_leaves_no_trace() {
        let mut index = index_of(IndexKind::Hash);
        let one = record! { "x": 1 }.unwrap();
        index.remove(0, &one);
        index.remove(1, &one);
        index.remove(5, &record! { "y": 1 }.unwrap());
        assert_eq!(found(&index, &leaf("x", "=", 1)), Some(vec![]));
        assert_eq!(index.slots(&Lookup::Absent, 10), Some(vec![]));
    }

    #[test]
    fn a_look_up_gives_up_past_its_bound() {
        let index = index_of(IndexKind::Ordered);
        let lookup = index.lookup(&leaf("x", "=", 1)).unwrap();
        assert_eq!(index.slots(&lookup, 1), None);
        assert_eq!(index.estimate(&lookup), 2);
    }
}
