//! The plainest store there is: a list of records in insertion order.

use std::collections::HashSet;

use dataknobs_data_core::{ErrorKind, Evaluator, Field, FieldType, Query, Record};

use super::target::id_of;
use crate::generate::{Change, Expect, Operation};

/// What a write gives back.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Outcome {
    /// The id written.
    Id(String),
    /// The ids written.
    Ids(Vec<String>),
    /// Whether the record was there.
    Flag(bool),
    /// The same for each of several.
    Flags(Vec<bool>),
    /// How many records changed.
    Number(u64),
    /// What was read.
    Records(Vec<Option<Record>>),
    /// Nothing to tell.
    Done,
    /// What went wrong.
    Error(ErrorKind),
}

/// A list of records, each with the number of the write that made it what it is.
#[derive(Debug, Clone)]
pub(super) struct Model {
    entries: Vec<(Record, u64)>,
    writes: u64,
    atomic_batches: bool,
}

impl Model {
    pub(super) fn new(records: &[Record], atomic_batches: bool) -> Self {
        let entries = records.iter().cloned().zip(1..).collect::<Vec<_>>();
        Model { writes: entries.len() as u64, entries, atomic_batches }
    }

    /// The records and the number of the write that made each.
    pub(super) fn entries(&self) -> &[(Record, u64)] {
        &self.entries
    }

    pub(super) fn records(&self) -> Vec<Record> {
        self.entries.iter().map(|(record, _)| record.clone()).collect()
    }

    fn position(&self, id: &str) -> Option<usize> {
        self.entries.iter().position(|(record, _)| id_of(record) == id)
    }

    fn put(&mut self, record: Record) {
        self.writes += 1;
        match self.position(id_of(&record)) {
            Some(position) => self.entries[position] = (record, self.writes),
            None => self.entries.push((record, self.writes)),
        }
    }

    /// Applies a write. `made` is the id that the store made, where it had to make one.
    pub(super) fn apply(&mut self, operation: &Operation, made: Option<&str>) -> Outcome {
        match self.try_apply(operation, made) {
            Ok(outcome) => outcome,
            Err(kind) => Outcome::Error(kind),
        }
    }

    fn try_apply(&mut self, operation: &Operation, made: Option<&str>) -> Result<Outcome, ErrorKind> {
        Ok(match operation {
            Operation::Create(record) => Outcome::Id(self.create(with_made_id(record, made)?)?),
            Operation::Update(id, record, expect) => {
                let there = self.expect(id, *expect)?;
                if there {
                    self.put(with_id(record, id)?);
                }
                Outcome::Flag(there)
            }
            Operation::Patch(id, changes, expect) => {
                let there = self.expect(id, *expect)?;
                if let Some(position) = self.position(id) {
                    let patched = patched(&self.entries[position].0, changes)?;
                    self.put(patched);
                }
                Outcome::Flag(there)
            }
            Operation::Upsert(id, record, expect) => {
                let record = with_id(record, id)?;
                self.expect(id, *expect)?;
                self.put(record);
                Outcome::Id(id.clone())
            }
            Operation::UpsertRecord(record) => {
                let record = with_made_id(record, made)?;
                let id = id_of(&record).to_owned();
                self.put(record);
                Outcome::Id(id)
            }
            Operation::Delete(id, expect) => {
                self.expect(id, *expect)?;
                Outcome::Flag(self.remove(id))
            }
            Operation::CreateBatch(records) => {
                let before = self.clone();
                let results: Vec<_> = records.iter().map(|record| self.create(record.clone())).collect();
                let all: Result<Vec<String>, ErrorKind> = results.into_iter().collect();
                if all.is_err() && self.atomic_batches {
                    *self = before;
                }
                Outcome::Ids(all?)
            }
            Operation::UpdateBatch(records) => {
                let update = |record: &Record| {
                    let there = self.position(id_of(record)).is_some();
                    if there {
                        self.put(record.clone());
                    }
                    there
                };
                Outcome::Flags(records.iter().map(update).collect())
            }
            Operation::UpsertBatch(records) => {
                records.iter().for_each(|record| self.put(record.clone()));
                Outcome::Ids(records.iter().map(|record| id_of(record).to_owned()).collect())
            }
            Operation::DeleteBatch(ids) => Outcome::Flags(ids.iter().map(|id| self.remove(id)).collect()),
            Operation::ReadBatch(ids) => {
                let read = |id: &String| self.position(id).map(|position| self.entries[position].0.clone());
                Outcome::Records(ids.iter().map(read).collect())
            }
            Operation::UpdateWhere(query, changes) => {
                let found = self.matching(query)?;
                for record in &found {
                    self.put(patched(record, changes)?);
                }
                Outcome::Number(found.len() as u64)
            }
            Operation::DeleteWhere(query) => {
                let found: HashSet<String> =
                    self.matching(query)?.iter().map(|record| id_of(record).to_owned()).collect();
                self.entries.retain(|(record, _)| !found.contains(id_of(record)));
                Outcome::Number(found.len() as u64)
            }
            Operation::Clear => {
                let number = self.entries.len() as u64;
                self.entries.clear();
                Outcome::Number(number)
            }
            Operation::Reopen => Outcome::Done,
        })
    }

    fn create(&mut self, record: Record) -> Result<String, ErrorKind> {
        let id = id_of(&record).to_owned();
        if self.position(&id).is_some() {
            return Err(ErrorKind::AlreadyExists);
        }
        self.put(record);
        Ok(id)
    }

    fn remove(&mut self, id: &str) -> bool {
        self.position(id).map(|position| self.entries.remove(position)).is_some()
    }

    /// Whether the record is there; an expected version that it does not have is a conflict.
    fn expect(&self, id: &str, expect: Expect) -> Result<bool, ErrorKind> {
        match (expect, self.position(id).is_some()) {
            (Expect::Nothing, there) => Ok(there),
            (Expect::Current, true) => Ok(true),
            (Expect::Current, false) | (Expect::Stale, _) => Err(ErrorKind::Conflict),
        }
    }

    fn matching(&self, query: &Query) -> Result<Vec<Record>, ErrorKind> {
        query.check().map_err(|error| error.kind())?;
        if *query != query.filters().iter().fold(Query::new(), |all, filter| all.with_filter(filter.clone())) {
            return Err(ErrorKind::InvalidQuery);
        }
        let evaluator = Evaluator::new(query.to_filter());
        let records = self.entries.iter().map(|(record, _)| record);
        Ok(records.filter(|record| evaluator.matches(record)).cloned().collect())
    }
}

fn with_id(record: &Record, id: &str) -> Result<Record, ErrorKind> {
    record.clone().with_id(id).map_err(|error| error.kind())
}

fn with_made_id(record: &Record, made: Option<&str>) -> Result<Record, ErrorKind> {
    match (record.id(), made) {
        (None, Some(made)) => with_id(record, made),
        _ => Ok(record.clone()),
    }
}

/// The record with the changes made by hand: what is unset first, then what is set.
fn patched(record: &Record, changes: &[Change]) -> Result<Record, ErrorKind> {
    let mut fields: Vec<Field> = record.fields().map(|field| field.to_field()).collect();
    for change in changes {
        if let Change::Unset(name) = change {
            fields.retain(|field| field.name != name.as_str());
        }
    }
    for change in changes {
        let changed = match change {
            Change::Unset(_) => continue,
            Change::SetField(field) => field.clone(),
            Change::Set(name, value) => match fields.iter().find(|field| field.name == name.as_str()) {
                Some(old) => {
                    let field_type =
                        if old.field_type.holds(value) { old.field_type } else { FieldType::detect(value) };
                    Field { value: value.clone(), field_type, ..old.clone() }
                }
                None => Field::new(name.as_str(), value.clone()),
            },
        };
        match fields.iter_mut().find(|field| field.name == changed.name) {
            Some(old) => *old = changed,
            None => fields.push(changed),
        }
    }
    let rebuild = || {
        let mut rebuilt = Record::from_fields(fields)?;
        rebuilt.set_metadata(record.metadata().clone())?;
        rebuilt.set_id(record.id().cloned());
        Ok(rebuilt)
    };
    rebuild().map_err(|error: dataknobs_data_core::Error| error.kind())
}
