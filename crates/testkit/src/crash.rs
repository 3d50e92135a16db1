//! Operations that follow from their number, for tests in which a process ends at any moment: who
//! knows how many were acknowledged knows what must be there.

use std::collections::BTreeMap;

use dataknobs_data_core::backend::Changes;
use dataknobs_data_core::{Database, Record, Result, record};

use crate::generate::Rng;

/// From so many records on, more go than come: what a crash leaves behind does not depend on how many
/// there are, and the time to look at all of them does.
const CROWD: usize = 300;

/// What records there are: their ids, and what each holds.
pub type Model = BTreeMap<String, i64>;

/// One operation: all of it happens, or nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operation {
    /// Records that are made or replaced, and ids that go.
    pub changes: Vec<(String, Option<i64>)>,
    way: Way,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Single,
    Patch,
    Batch,
    Transaction,
    Flush,
}

impl Operation {
    /// The operation of this number, on records that the model says are there.
    pub fn of(seed: u64, number: u64, model: &Model) -> Self {
        let mut rng = Rng::of(seed, &format!("operation {number}"));
        let value = number as i64;
        let existing = (!model.is_empty()).then(|| rng.below(model.len())).and_then(|at| model.keys().nth(at)).cloned();
        let fresh = format!("r{number}");
        match (rng.below(20), existing) {
            (0..=8, Some(id)) if model.len() >= CROWD => Operation { changes: vec![(id, None)], way: Way::Single },
            (0..=5, _) | (_, None) => Operation { changes: vec![(fresh, Some(value))], way: Way::Single },
            (6..=8, Some(id)) => Operation { changes: vec![(id, Some(value))], way: Way::Single },
            (9..=10, Some(id)) => Operation { changes: vec![(id, Some(value))], way: Way::Patch },
            (11..=12, Some(id)) => Operation { changes: vec![(id, None)], way: Way::Single },
            (13..=15, Some(id)) => {
                let changes =
                    vec![(format!("{fresh}a"), Some(value)), (format!("{fresh}b"), Some(value)), (id, Some(value))];
                Operation { changes, way: Way::Batch }
            }
            (16..=18, Some(id)) => {
                let changes = vec![(format!("{fresh}a"), Some(value)), (id, None), (format!("{fresh}b"), Some(value))];
                Operation { changes, way: Way::Transaction }
            }
            _ => Operation { changes: Vec::new(), way: Way::Flush },
        }
    }

    /// What there is afterwards.
    pub fn apply(&self, model: &mut Model) {
        for (id, value) in &self.changes {
            match value {
                Some(value) => model.insert(id.clone(), *value),
                None => model.remove(id),
            };
        }
    }

    /// Runs it.
    ///
    /// # Errors
    /// Whatever the store reports.
    pub async fn run(&self, database: &Database) -> Result<()> {
        match self.way {
            Way::Flush => return database.flush().await,
            Way::Single => {
                for (id, value) in &self.changes {
                    match value {
                        Some(value) => drop(database.upsert_record(made(id, *value)?).await?),
                        None => drop(database.delete(id).await?),
                    }
                }
            }
            Way::Patch => {
                for (id, value) in &self.changes {
                    let changes = Changes::new()
                        .set("n", value.unwrap_or_default())
                        .set("text", text_of(value.unwrap_or_default()));
                    database.patch(id, changes).await?;
                }
            }
            Way::Batch => {
                let records = self.changes.iter().filter_map(|(id, value)| value.map(|value| made(id, value)));
                database.upsert_batch(records.collect::<Result<Vec<_>>>()?).await?;
            }
            Way::Transaction => {
                let transaction = database.transaction().await?;
                for (id, value) in &self.changes {
                    match value {
                        Some(value) => drop(transaction.upsert_record(made(id, *value)?).await?),
                        None => drop(transaction.delete(id).await?),
                    }
                }
                transaction.commit().await?;
            }
        }
        Ok(())
    }
}

/// As long as it takes for a write to be torn within it.
fn text_of(value: i64) -> String {
    format!("{value} ").repeat(1 + (value as usize * 7) % 40)
}

fn made(id: &str, value: i64) -> Result<Record> {
    record! { "n": value, "text": text_of(value) }?.with_id(id)
}

/// What a database holds.
///
/// # Errors
/// Whatever the store reports.
///
/// # Panics
/// When a record holds half of what was written.
pub async fn held(database: &Database) -> Result<Model> {
    let records = database.search(&dataknobs_data_core::Query::new()).await?;
    let mut model = Model::new();
    for record in records {
        let value = record["n"].as_integer().unwrap_or(-1);
        assert_eq!(record["text"].as_str(), Some(text_of(value).as_str()), "a record by half: {record:?}");
        model.insert(record.id().map_or("", |id| id.as_str()).to_owned(), value);
    }
    Ok(model)
}
