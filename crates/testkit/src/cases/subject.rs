//! Who is asked: the reference, or a store through one form of the handle.

use std::sync::Arc;

use dataknobs_data_core::{
    Aggregation, Capabilities, Changes, Database, FieldRef, IdOrder, Query, Record, SortPosition, Table, Value,
    reference_aggregate, reference_search,
};

use super::form::Requirement;
use super::load::{Refusal, id_of};
use crate::conformance::{Form, Handle, Watched};
use crate::failure::{Failure, Outcome, ensure, ensure_eq};

/// Who answers.
pub(super) enum Subject<'a> {
    /// The written rules, over these records.
    Reference(&'a [Record]),
    Store(Store<'a>),
}

/// A store that holds a collection.
pub(super) struct Store<'a> {
    handle: Handle,
    /// What it was given.
    records: &'a [Record],
}

/// What a search found.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) records: Vec<Record>,
    pub(super) after: Option<String>,
}

impl Subject<'_> {
    pub(super) fn store(&self) -> Option<&Store<'_>> {
        match self {
            Subject::Reference(_) => None,
            Subject::Store(store) => Some(store),
        }
    }

    /// An error is handed on as it is: some are expected.
    pub(super) async fn aggregate(&self, aggregation: &Aggregation) -> dataknobs_data_core::Result<Table> {
        match self {
            Subject::Reference(records) => reference_aggregate(records, aggregation),
            Subject::Store(store) => store.handle.aggregate(aggregation).await,
        }
    }

    pub(super) async fn count(&self, query: &Query) -> Outcome<u64> {
        match self {
            Subject::Reference(records) => count(records, query),
            Subject::Store(store) => Ok(store.handle.count(query).await?),
        }
    }

    pub(super) async fn search(&self, query: &Query) -> Outcome<Answer> {
        match self {
            Subject::Reference(records) => {
                let found = reference_search(records, query, IdOrder::CodePoint)?;
                let after = after(records, query, &found);
                Ok(Answer { records: found, after })
            }
            Subject::Store(store) => store.search(query).await,
        }
    }

    /// Checks the fields of a record: names in order, and values of the same kind.
    pub(super) fn same_fields(&self, actual: &Record, expected: &Record) -> Outcome {
        let capabilities = self.store().map(|store| store.handle.capabilities());
        let fields = |record: &Record| {
            let mut fields: Vec<(String, Value)> =
                record.fields().map(|field| (field.name().to_owned(), field.value().clone())).collect();
            if let Some(capabilities) = capabilities {
                fields.retain(|(name, _)| !is_extra_key(capabilities, name, expected));
                if !capabilities.field_order {
                    fields.sort_by(|a, b| a.0.cmp(&b.0));
                }
            }
            fields
        };
        ensure_eq!(fields(actual), fields(expected), "the fields of `{}`", id_of(actual));
        Ok(())
    }
}

/// Whether a field is there only because the store shows its key as one.
fn is_extra_key(capabilities: &Capabilities, name: &str, expected: &Record) -> bool {
    capabilities.key_field.as_deref() == Some(name) && expected.get(name).is_none()
}

/// By the written rules: what the filter takes.
fn count(records: &[Record], query: &Query) -> Outcome<u64> {
    let filter = Query::new().with_filter(query.to_filter());
    Ok(reference_search(records, &filter, IdOrder::CodePoint)?.len() as u64)
}

/// The token of the last record, which the projection may have taken sort fields from.
fn after(records: &[Record], query: &Query, found: &[Record]) -> Option<String> {
    let limit = query.limit_value()?;
    let last = found.last().filter(|_| !query.sort_keys().is_empty() && found.len() as u64 >= limit)?;
    let whole = records.iter().find(|record| record.id() == last.id())?;
    Some(SortPosition::of(whole, query.sort_keys()).encode(query.sort_keys()).to_string())
}

impl<'a> Store<'a> {
    /// Creates the records in a fresh database.
    pub(super) async fn new(form: Form, database: Database, records: &'a [Record]) -> Outcome<Self> {
        let handle = Handle::new(form, database);
        let ids = handle.create_batch(records.to_vec()).await?;
        let ids: Vec<&str> = ids.iter().map(|id| id.as_str()).collect();
        ensure_eq!(ids, records.iter().map(id_of).collect::<Vec<_>>(), "the ids of the created records");
        Ok(Store { handle, records })
    }

    pub(super) async fn close(&self) -> Outcome {
        Ok(self.handle.close().await?)
    }

    /// A search, checked against the other ways to ask the same.
    async fn search(&self, query: &Query) -> Outcome<Answer> {
        let found = self.handle.search(query).await?;
        let after = found.after().map(str::to_owned);
        let records = found.into_records();
        let ids: Vec<&str> = records.iter().map(id_of).collect();

        let streamed = self.handle.stream(query).await?.rest().await?;
        ensure_eq!(streamed.iter().map(id_of).collect::<Vec<_>>(), ids, "the ids of the stream");
        ensure_eq!(streamed, records, "the records of the stream");
        let first = self.handle.first(query).await?;
        ensure_eq!(first.as_ref().map(id_of), ids.first().copied(), "the id of the first record");
        ensure_eq!(self.handle.count(query).await?, count(self.records, query)?, "the count");
        for record in &records {
            self.is_as_given(record).map_err(|failure| failure.at(format!("record `{}`", id_of(record))))?;
        }
        Ok(Answer { records, after })
    }

    /// Checks that what a record still has is what it was created with.
    fn is_as_given(&self, record: &Record) -> Outcome {
        let capabilities = self.handle.capabilities();
        let given = self.records.iter().find(|given| given.id() == record.id());
        let given = given.ok_or_else(|| Failure::new("it was never created"))?;
        ensure!(record.version().is_some(), "it has no version");
        ensure_eq!(record.metadata(), given.metadata(), "the metadata");
        let mut positions = Vec::new();
        for field in record.fields() {
            let name = field.name();
            match given.field(name) {
                Some(original) => ensure!(same_field(field, original), "{field:?} instead of {original:?}"),
                None if is_extra_key(capabilities, name, given) => continue,
                None if !capabilities.missing_fields && field.value().is_null() => continue,
                None => return Err(Failure::new(format!("it was created without `{name}`"))),
            }
            positions.push(given.fields().position(|original| original.name() == name));
        }
        ensure!(!capabilities.field_order || positions.is_sorted(), "its fields are in another order");
        Ok(())
    }

    /// Checks that every way to use this query is refused before the store is asked.
    pub(super) async fn refuses_query(&self, query: &Query, refusal: &Refusal) -> Outcome {
        let watched = Arc::new(Watched::new(self.handle.database().backend().clone()));
        let handle = Handle::new(self.handle.form(), Database::from_backend(watched.clone()));
        let place = |name: &'static str| move |failure: Failure| failure.at(name);
        refusal.check(handle.search(query).await).map_err(place("search"))?;
        refusal.check(handle.first(query).await).map_err(place("first"))?;
        refusal.check(handle.count(query).await).map_err(place("count"))?;
        refusal.check(handle.explain(query).await).map_err(place("explain"))?;
        refusal.check(handle.delete_where(query).await).map_err(place("delete_where"))?;
        let changes = Changes::new().set("changed", true);
        refusal.check(handle.update_where(query, changes).await).map_err(place("update_where"))?;
        let stream = match handle.stream(query).await {
            Ok(mut cursor) => cursor.next_record().await.map(|_| ()),
            Err(error) => Err(error),
        };
        refusal.check(stream).map_err(place("stream"))?;
        ensure_eq!(watched.asked(), 0, "requests to the store");
        Ok(())
    }

    /// Checks that this aggregation is refused before the store is asked.
    pub(super) async fn refuses_aggregation(&self, aggregation: &Aggregation, refusal: &Refusal) -> Outcome {
        let watched = Arc::new(Watched::new(self.handle.database().backend().clone()));
        let handle = Handle::new(self.handle.form(), Database::from_backend(watched.clone()));
        refusal.check(handle.aggregate(aggregation).await)?;
        ensure_eq!(watched.asked(), 0, "requests to the store");
        Ok(())
    }
}

fn same_field(actual: FieldRef<'_>, given: FieldRef<'_>) -> bool {
    let none = serde_json::Map::new();
    actual.value() == given.value()
        && actual.field_type() == given.field_type()
        && actual.metadata().unwrap_or(&none) == given.metadata().unwrap_or(&none)
}

impl Requirement {
    pub(super) fn name(self) -> &'static str {
        match self {
            Requirement::MissingFields => "missing_fields",
            Requirement::FreeIdField => "free_id_field",
        }
    }

    pub(super) fn is_met(self, capabilities: &Capabilities) -> bool {
        match self {
            Requirement::MissingFields => capabilities.missing_fields,
            Requirement::FreeIdField => capabilities.key_field.as_deref() != Some("id"),
        }
    }
}
