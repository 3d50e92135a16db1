//! A behaviour: one small rule of the contract, tried on one store through one form of the handle.

use std::fmt;
use std::sync::Arc;

use dataknobs_data_core::{Capabilities, Database, Query, Record};
use futures_util::future::LocalBoxFuture;

use super::handle::{Form, Handle};
use super::watched::Watched;
use crate::failure::{Failure, Outcome};
use crate::fixture::Fixture;

/// What a store may be able to do, as its [`Capabilities`] say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ability {
    Transactions,
    Serializable,
    AtomicBatches,
    Indexes,
    InsertionOrder,
    MissingFields,
    FieldOrder,
    UniqueVersions,
    Savepoints,
    FixedFields,
    SnapshotStreams,
    Scores,
    Persistence,
    GeneratedIds,
    /// A field named `id` is a field like any other.
    FreeIdField,
}

impl Ability {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Ability::Transactions => "transactions",
            Ability::Serializable => "serializable",
            Ability::Savepoints => "savepoints",
            Ability::AtomicBatches => "atomic_batches",
            Ability::Indexes => "indexes",
            Ability::InsertionOrder => "insertion_order",
            Ability::MissingFields => "missing_fields",
            Ability::FieldOrder => "field_order",
            Ability::FixedFields => "fixed_fields",
            Ability::UniqueVersions => "unique_versions",
            Ability::SnapshotStreams => "snapshot_streams",
            Ability::Scores => "scores",
            Ability::Persistence => "persistent",
            Ability::GeneratedIds => "generates_ids",
            Ability::FreeIdField => "free_id_field",
        }
    }

    pub(crate) fn is_declared(self, capabilities: &Capabilities) -> bool {
        match self {
            Ability::Transactions => capabilities.transactions,
            Ability::Serializable => capabilities.serializable,
            Ability::Savepoints => capabilities.savepoints,
            Ability::AtomicBatches => capabilities.atomic_batches,
            Ability::Indexes => capabilities.indexes,
            Ability::InsertionOrder => capabilities.insertion_order,
            Ability::MissingFields => capabilities.missing_fields,
            Ability::FieldOrder => capabilities.field_order,
            Ability::FixedFields => capabilities.fixed_fields,
            Ability::UniqueVersions => capabilities.unique_versions,
            Ability::SnapshotStreams => capabilities.snapshot_streams,
            Ability::Scores => capabilities.scores,
            Ability::Persistence => capabilities.persistent,
            Ability::GeneratedIds => capabilities.generates_ids,
            Ability::FreeIdField => capabilities.key_field.as_deref() != Some("id"),
        }
    }
}

/// Where a behaviour applies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Applies {
    Always,
    /// Where this is declared.
    With(Ability),
    /// Where this is not declared.
    Without(Ability),
}

impl Applies {
    pub(crate) fn to(self, capabilities: &Capabilities) -> bool {
        match self {
            Applies::Always => true,
            Applies::With(ability) => ability.is_declared(capabilities),
            Applies::Without(ability) => !ability.is_declared(capabilities),
        }
    }
}

impl fmt::Display for Applies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Applies::Always => f.write_str("always"),
            Applies::With(ability) => f.write_str(ability.name()),
            Applies::Without(ability) => write!(f, "no {}", ability.name()),
        }
    }
}

pub(crate) type Run = for<'a> fn(&'a Stage<'a>) -> LocalBoxFuture<'a, Outcome>;

/// One rule and how it is tried.
#[derive(Clone, Copy)]
pub(crate) struct Behaviour {
    /// The method or rule it belongs to.
    pub(crate) method: &'static str,
    pub(crate) name: &'static str,
    pub(crate) applies: Applies,
    pub(crate) run: Run,
}

/// A list of behaviours out of functions, by where they apply.
macro_rules! behaviours {
    ($method:literal: $($($word:ident)+ => [$($name:ident),* $(,)?]),+ $(,)?) => {
        [$({
            let applies = $crate::conformance::behaviour::applies!($($word)+);
            vec![$($crate::conformance::behaviour::Behaviour {
                method: $method,
                name: stringify!($name),
                applies,
                run: |stage| Box::pin($name(stage)),
            }),*]
        }),+]
        .into_iter()
        .flatten()
        .collect::<Vec<$crate::conformance::behaviour::Behaviour>>()
    };
}

macro_rules! applies {
    (always) => {
        $crate::conformance::behaviour::Applies::Always
    };
    (with $ability:ident) => {
        $crate::conformance::behaviour::Applies::With($crate::conformance::behaviour::Ability::$ability)
    };
    (without $ability:ident) => {
        $crate::conformance::behaviour::Applies::Without($crate::conformance::behaviour::Ability::$ability)
    };
}

pub(crate) use {applies, behaviours};

/// What a behaviour is tried on.
pub(crate) struct Stage<'a> {
    pub(crate) fixture: &'a dyn Fixture,
    pub(crate) form: Form,
    pub(crate) capabilities: Capabilities,
}

impl Stage<'_> {
    pub(crate) fn has(&self, ability: Ability) -> bool {
        ability.is_declared(&self.capabilities)
    }

    pub(crate) fn handle(&self, database: Database) -> Handle {
        Handle::new(self.form, database)
    }

    /// A fresh, empty database.
    pub(crate) async fn open(&self) -> Outcome<Handle> {
        Ok(self.handle(self.fixture.open().await?))
    }

    /// A fresh database that holds these records, created in this order.
    pub(crate) async fn open_with(&self, records: Vec<Record>) -> Outcome<Handle> {
        let db = self.open().await?;
        db.create_batch(records).await?;
        Ok(db)
    }

    /// A fresh database through a backend that counts and can stall, holding these records.
    pub(crate) async fn watch(&self, records: Vec<Record>) -> Outcome<(Handle, Arc<Watched>)> {
        let inner = self.open_with(records).await?;
        let watched = Arc::new(Watched::new(inner.database().backend().clone()));
        Ok((self.handle(Database::from_backend(watched.clone())), watched))
    }

    /// The same storage after a close, where it outlives one.
    pub(crate) async fn reopen(&self, db: &Handle) -> Outcome<Option<Handle>> {
        match self.fixture.reopen(db.database()) {
            Some(reopened) => Ok(Some(self.handle(reopened.await?))),
            None => Ok(None),
        }
    }

    /// The record with metadata, where this store has a place for it.
    pub(crate) fn described(&self, record: Record) -> Outcome<Record> {
        if self.has(Ability::FixedFields) { Ok(record) } else { Ok(record.with_metadata("source", "census")?) }
    }

    /// The names of a record's fields, in order, without the one that shows the key.
    pub(crate) fn field_names<'r>(&self, record: &'r Record) -> Vec<&'r str> {
        let key = self.capabilities.key_field.as_deref();
        record.fields().map(|field| field.name()).filter(|name| Some(*name) != key).collect()
    }

    /// A record as it should come back from this store: where a missing field cannot be told from
    /// a null one, where fields have no order of their own, or where the key shows as a field, both
    /// sides are put into one form.
    pub(crate) fn comparable(&self, record: &Record) -> Outcome<Record> {
        let key = self.capabilities.key_field.as_deref();
        if self.has(Ability::MissingFields) && self.has(Ability::FieldOrder) && key.is_none() {
            return Ok(record.clone());
        }
        let mut fields: Vec<_> = record.fields().map(|field| field.to_field()).collect();
        fields.retain(|field| key.is_none_or(|key| field.name != key));
        if !self.has(Ability::MissingFields) {
            fields.retain(|field| !field.value.is_null());
        }
        if !self.has(Ability::FieldOrder) {
            fields.sort_by(|a, b| a.name.cmp(&b.name));
        }
        let mut comparable = Record::from_fields(fields)?;
        comparable.set_metadata(record.metadata().clone())?;
        comparable.set_id(record.id().cloned());
        Ok(comparable)
    }

    /// Checks that two records are equal, as far as this store can tell.
    pub(crate) fn same(&self, actual: &Record, expected: &Record) -> Outcome {
        if self.comparable(actual)? == self.comparable(expected)? {
            return Ok(());
        }
        Err(Failure::new(format!("the record is {actual:?} instead of {expected:?}")))
    }

    /// Checks what a database holds, by id.
    pub(crate) async fn holds(&self, db: &Handle, expected: &[Record]) -> Outcome {
        let count = db.count(&Query::new()).await?;
        if count != expected.len() as u64 {
            return Err(Failure::new(format!("there are {count} records instead of {}", expected.len())));
        }
        for record in expected {
            let id = record.id().map_or("", |id| id.as_str());
            match db.read(id).await? {
                Some(actual) => self.same(&actual, record).map_err(|failure| failure.at(format!("id `{id}`")))?,
                None => return Err(Failure::new(format!("the record with id `{id}` is not there"))),
            }
        }
        Ok(())
    }
}
