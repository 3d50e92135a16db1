//! Sequences of writes.

use dataknobs_data_core::{Changes, Field, Query, Record, Value};

use super::value::Flavour;
use super::{Contents, Rng, Vocabulary};

/// One write.
#[derive(Debug, Clone)]
pub enum Operation {
    /// `create(record)`; without an id the store makes one.
    Create(Record),
    /// `update(id, record)`, with a stale `expected_version` if so wanted.
    Update(String, Record, Expect),
    /// `patch(id, changes)`.
    Patch(String, Vec<Change>, Expect),
    /// `upsert(id, record)`.
    Upsert(String, Record, Expect),
    /// `upsert(record)` under the record's own id.
    UpsertRecord(Record),
    /// `delete(id)`.
    Delete(String, Expect),
    /// `create_batch(records)`.
    CreateBatch(Vec<Record>),
    /// `update_batch(records)`.
    UpdateBatch(Vec<Record>),
    /// `upsert_batch(records)`.
    UpsertBatch(Vec<Record>),
    /// `delete_batch(ids)`.
    DeleteBatch(Vec<String>),
    /// `read_batch(ids)`.
    ReadBatch(Vec<String>),
    /// `update_where(query, changes)`.
    UpdateWhere(Query, Vec<Change>),
    /// `delete_where(query)`.
    DeleteWhere(Query),
    /// `clear()`.
    Clear,
    /// The store is closed and opened again, where it outlives that; else `flush()`.
    Reopen,
}

/// Which version a write expects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expect {
    /// None.
    Nothing,
    /// The one that is stored.
    Current,
    /// One that was never stored.
    Stale,
}

/// A change to one field.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// Sets its value.
    Set(String, Value),
    /// Replaces it as a whole.
    SetField(Field),
    /// Takes it out.
    Unset(String),
}

impl Change {
    /// These changes as the library takes them.
    pub fn to_changes(changes: &[Change]) -> Changes {
        changes.iter().fold(Changes::new(), |all, change| match change {
            Change::Set(name, value) => all.set(name.as_str(), value.clone()),
            Change::SetField(field) => all.set_field(field.clone()),
            Change::Unset(name) => all.unset(name.as_str()),
        })
    }
}

impl Operation {
    /// A random write to a store that began with these contents.
    pub fn generate(rng: &mut Rng, contents: &Contents, vocabulary: &Vocabulary) -> Self {
        let id = contents.any_id(rng);
        let record = |rng: &mut Rng| {
            let id = contents.any_id(rng);
            contents.record(rng, Some(&id))
        };
        let records = |rng: &mut Rng| (0..rng.below(5)).map(|_| record(rng)).collect::<Vec<_>>();
        let ids = |rng: &mut Rng| (0..rng.below(5)).map(|_| any_id_or_none(rng, contents)).collect::<Vec<_>>();
        match rng.below(40) {
            0..=4 => Operation::Create(record(rng)),
            5 if rng.percent(50) => Operation::Create(contents.record(rng, None)),
            5 => Operation::UpsertRecord(contents.record(rng, None)),
            6..=9 => Operation::Update(any_id_or_none(rng, contents), record(rng), expect(rng)),
            10..=14 => Operation::Patch(any_id_or_none(rng, contents), changes(rng, contents), expect(rng)),
            15..=18 => Operation::Upsert(id, record(rng), expect(rng)),
            19 => Operation::UpsertRecord(record(rng)),
            20..=24 => Operation::Delete(any_id_or_none(rng, contents), expect(rng)),
            25..=27 => Operation::CreateBatch(records(rng)),
            28 | 29 => Operation::UpdateBatch(records(rng)),
            30 | 31 => Operation::UpsertBatch(records(rng)),
            32 | 33 => Operation::DeleteBatch(ids(rng)),
            34 => Operation::ReadBatch(ids(rng)),
            35 | 36 => Operation::UpdateWhere(vocabulary.filters_only(rng), changes(rng, contents)),
            37 => Operation::DeleteWhere(vocabulary.filters_only(rng)),
            38 if rng.percent(20) => Operation::Clear,
            38 if rng.percent(20) => Operation::DeleteWhere(vocabulary.filters_only(rng).limit(1)),
            _ => Operation::Reopen,
        }
    }
}

/// Now and then an id that no record can have.
fn any_id_or_none(rng: &mut Rng, contents: &Contents) -> String {
    if rng.percent(3) { rng.one_of(&["", "a\nb", "\u{85}"]).to_owned() } else { contents.any_id(rng) }
}

fn expect(rng: &mut Rng) -> Expect {
    match rng.below(10) {
        0 | 1 => Expect::Current,
        2 => Expect::Stale,
        _ => Expect::Nothing,
    }
}

/// At least one change, no two of one name in the same way.
fn changes(rng: &mut Rng, contents: &Contents) -> Vec<Change> {
    (0..rng.between(1, 3))
        .map(|_| match rng.below(5) {
            0 => Change::SetField(contents.any_field(rng)),
            1 => Change::Unset(contents.any_name(rng).to_owned()),
            2 => Change::Set(contents.any_name(rng).to_owned(), Flavour::Mixed.value(rng)),
            3 => Change::Set("new".to_owned(), Flavour::Small.value(rng)),
            _ => {
                let field = contents.any_field(rng);
                Change::Set(field.name.to_string(), field.value)
            }
        })
        .collect()
}
