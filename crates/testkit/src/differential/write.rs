//! A sequence of writes against the model.

use std::collections::HashMap;
use std::panic::AssertUnwindSafe;

use dataknobs_data_core::{Path, Query, Record, RecordId, Result as StoreResult, Version, WriteOptions};
use futures_util::FutureExt as _;

use super::compare::{compare, panic_text, record_difference, records_difference};
use super::model::{Model, Outcome};
use super::{Session, Store, Target};
use crate::generate::{Change, Expect, Limits, Operation};

/// Runs writes over a store that begins with these records, compares every outcome and what the
/// store then holds, and at the end a query over it.
pub(super) async fn compare_writes(
    target: Target,
    seed: u64,
    records: &[Record],
    operations: &[Operation],
    (query, paths): (&Query, &[Path]),
) -> Result<(), String> {
    let calls = AssertUnwindSafe(run(target, seed, records, operations, (query, paths)));
    calls.catch_unwind().await.unwrap_or_else(|panic| Err(panic_text(panic.as_ref())))
}

async fn run(
    target: Target,
    seed: u64,
    records: &[Record],
    operations: &[Operation],
    (query, paths): (&Query, &[Path]),
) -> Result<(), String> {
    let mut store = Store::open(target, seed, paths).await.map_err(|error| format!("open: {error:?}"))?;
    store.load(records, false).await.map_err(|error| format!("load: {error:?}"))?;
    let limits = match store.limits() {
        // Whether a patch fills a null field in its place or adds a missing one behind the others,
        // such a store cannot tell.
        limits @ Limits { missing_fields: false, .. } => Limits { field_order: false, ..limits },
        limits => limits,
    };
    let mut model = Model::new(records, store.capabilities().atomic_batches);
    let mut versions = Versions::default();
    check(&store, &model, limits, &mut versions).await.map_err(|difference| format!("after loading: {difference}"))?;
    for (step, operation) in operations.iter().enumerate() {
        let place = |difference| format!("step {step}, {operation:?}: {difference}");
        let found = execute(&mut store, operation).await;
        let made = match (&found, operation) {
            (Outcome::Id(id), Operation::Create(record) | Operation::UpsertRecord(record)) if record.id().is_none() => {
                Some(id.as_str())
            }
            _ => None,
        };
        if made.is_some_and(|id| model.entries().iter().any(|(record, _)| record.id().is_some_and(|known| known == id)))
        {
            return Err(place("the store made an id that is taken".to_owned()));
        }
        let wanted = model.apply(operation, made);
        if !same_outcome(&wanted, &found, limits) {
            return Err(place(format!("expected {wanted:?}, found {found:?}")));
        }
        check(&store, &model, limits, &mut versions).await.map_err(place)?;
    }
    compare(&store, limits, &model.records(), query, seed)
        .await
        .map_err(|difference| format!("at the end: {difference}"))?;
    if let Session::Transaction(_) = store.session() {
        store.commit().await.map_err(|error| format!("commit: {error:?}"))?;
        check(&store, &model, limits, &mut versions).await.map_err(|difference| format!("committed: {difference}"))?;
        compare(&store, limits, &model.records(), query, seed)
            .await
            .map_err(|difference| format!("committed: {difference}"))?;
    }
    Ok(())
}

/// What the store holds, against the model.
async fn check(store: &Store, model: &Model, limits: Limits, versions: &mut Versions) -> Result<(), String> {
    let mut wanted = model.records();
    let capabilities = store.capabilities();
    if !capabilities.insertion_order {
        wanted.sort_by(|a, b| capabilities.id_order.compare(super::target::id_of(a), super::target::id_of(b)));
    }
    let found = store.all().await.map_err(|error| format!("then search: {error:?}"))?;
    if let Some(difference) = records_difference(&wanted, &found, limits) {
        return Err(format!("then the store holds something else: {difference}"));
    }
    if capabilities.unique_versions { versions.check(model, &found) } else { Ok(()) }
}

/// The version of each record after each write of it.
#[derive(Debug, Default)]
struct Versions(HashMap<(String, u64), Version>);

impl Versions {
    /// A version stays until the next write and never comes again.
    fn check(&mut self, model: &Model, found: &[Record]) -> Result<(), String> {
        for record in found {
            let entry = model.entries().iter().find(|(known, _)| known.id() == record.id());
            let (Some(id), Some(version), Some((_, write))) = (record.id(), record.version(), entry) else { continue };
            let key = (id.to_string(), *write);
            match self.0.get(&key) {
                Some(known) if known == version => {}
                Some(known) => {
                    return Err(format!("the version of {id:?} went from {known} to {version} without a write"));
                }
                None => {
                    let used = self.0.iter().any(|((known, _), old)| *known == key.0 && old == version);
                    if used {
                        return Err(format!("{id:?} was written and has version {version} again"));
                    }
                    self.0.insert(key, version.clone());
                }
            }
        }
        Ok(())
    }
}

fn same_outcome(wanted: &Outcome, found: &Outcome, limits: Limits) -> bool {
    match (wanted, found) {
        (Outcome::Records(wanted), Outcome::Records(found)) => {
            wanted.len() == found.len()
                && wanted.iter().zip(found).all(|pair| match pair {
                    (Some(wanted), Some(found)) => {
                        wanted.id() == found.id() && record_difference(wanted, found, limits).is_none()
                    }
                    (wanted, found) => wanted.is_none() && found.is_none(),
                })
        }
        (wanted, found) => wanted == found,
    }
}

async fn execute(store: &mut Store, operation: &Operation) -> Outcome {
    if let Operation::Reopen = operation {
        return outcome(store.reopen().await, |()| Outcome::Done);
    }
    let session = store.session();
    let text = |id: RecordId| Outcome::Id(id.to_string());
    let texts = |ids: Vec<RecordId>| Outcome::Ids(ids.iter().map(ToString::to_string).collect());
    match operation {
        Operation::Create(record) => outcome(session.create(record.clone()).await, text),
        Operation::Update(id, record, expect) => {
            let options = options(session, id, *expect).await;
            outcome(session.update_with(id, record.clone(), options).await, Outcome::Flag)
        }
        Operation::Patch(id, changes, expect) => {
            let options = options(session, id, *expect).await;
            outcome(session.patch_with(id, Change::to_changes(changes), options).await, Outcome::Flag)
        }
        Operation::Upsert(id, record, expect) => {
            let options = options(session, id, *expect).await;
            outcome(session.upsert_with(id, record.clone(), options).await, text)
        }
        Operation::UpsertRecord(record) => outcome(session.upsert_record(record.clone()).await, text),
        Operation::Delete(id, expect) => {
            let options = options(session, id, *expect).await;
            outcome(session.delete_with(id, options).await, Outcome::Flag)
        }
        Operation::CreateBatch(records) => outcome(session.create_batch(records.clone()).await, texts),
        Operation::UpdateBatch(records) => outcome(session.update_batch(records.clone()).await, Outcome::Flags),
        Operation::UpsertBatch(records) => outcome(session.upsert_batch(records.clone()).await, texts),
        Operation::DeleteBatch(ids) => outcome(session.delete_batch(&as_texts(ids)).await, Outcome::Flags),
        Operation::ReadBatch(ids) => outcome(session.read_batch(&as_texts(ids)).await, Outcome::Records),
        Operation::UpdateWhere(query, changes) => {
            outcome(session.update_where(query, Change::to_changes(changes)).await, Outcome::Number)
        }
        Operation::DeleteWhere(query) => outcome(session.delete_where(query).await, Outcome::Number),
        Operation::Clear => outcome(session.clear().await, Outcome::Number),
        Operation::Reopen => Outcome::Done,
    }
}

fn as_texts(ids: &[String]) -> Vec<&str> {
    ids.iter().map(String::as_str).collect()
}

fn outcome<T>(result: StoreResult<T>, good: impl FnOnce(T) -> Outcome) -> Outcome {
    match result {
        Ok(value) => good(value),
        Err(error) => Outcome::Error(error.kind()),
    }
}

async fn options(session: Session<'_>, id: &str, expect: Expect) -> WriteOptions {
    let stored = match expect {
        Expect::Nothing => return WriteOptions::new(),
        Expect::Current => session.read(id).await.ok().flatten().and_then(|record| record.version().cloned()),
        Expect::Stale => None,
    };
    WriteOptions::new().expecting(stored.unwrap_or_else(|| Version::from_token("never stored")))
}
