//! What can be done with a session, checked and completed: validation, residual filtering,
//! sorting and paging where the store cannot, and batches.
//!
//! [`Database`](super::Database) and [`Transaction`](super::Transaction) are thin over this.

use futures_util::StreamExt as _;

use super::cursor::{RecordCursor, page_here};
use super::options::{SearchResult, WriteOptions};
use crate::aggregate::{Aggregation, Aggregator, Table};
use crate::backend::{
    Changes, CountRequest, Explain, LeafPlan, ModifyAction, ModifyRequest, ReadBatchRequest, ReadRequest, RecordStream,
    Reply, ScanRequest, Session, Support, WriteAction, WriteBatchRequest, WriteOutcome, WriteRequest,
};
use crate::capability::Capabilities;
use crate::error::{BatchFailure, Error, ErrorKind, Result};
use crate::query::{Condition, Matcher, Query, SortPosition};
use crate::record::{FreshIds, Record, RecordId};

/// A session with what the handle knows about its store.
#[derive(Clone, Copy)]
pub(super) struct Operations<'a> {
    pub(super) session: &'a dyn Session,
    pub(super) capabilities: &'a Capabilities,
    pub(super) read_only: bool,
}

/// How a query is split between the store and here.
pub(super) struct Split {
    /// What the store is asked.
    pub(super) request: ScanRequest,
    /// What is checked here, if the store's answer is not exact.
    pub(super) residual: Option<Condition>,
    /// Whether the store sorts.
    pub(super) sort_pushed: bool,
    /// Whether the store applies offset, limit and projection.
    pub(super) page_pushed: bool,
}

impl<'a> Operations<'a> {
    pub(super) fn refuse_if_read_only(&self) -> Result<()> {
        if self.read_only || self.capabilities.read_only {
            return Err(Error::unsupported("this database is read-only").with_context("read_only", true));
        }
        Ok(())
    }

    /// Splits a checked query between the store and here.
    pub(super) fn split(&self, query: &Query) -> Result<Split> {
        let condition = Condition::of(&query.to_filter());
        let (pushed, exact) = self.push(&condition);
        let mut request = ScanRequest::new(pushed);
        let after = query.after_token().map(|token| SortPosition::decode(token, query.sort_keys())).transpose()?;
        let sort_pushed = self.session.sorts_exactly(query.sort_keys());
        let page_pushed = exact && sort_pushed;
        if sort_pushed {
            request.sort = query.sort_keys().to_vec();
            request.after = after;
        }
        if page_pushed {
            request.offset = query.offset_value();
            request.limit = query.limit_value();
            request.projection = query.projection().map(<[_]>::to_vec);
        }
        Ok(Split { request, residual: (!exact).then_some(condition), sort_pushed, page_pushed })
    }

    /// The part of a condition that the store answers, and whether that is all of it.
    fn push(&self, condition: &Condition) -> (Condition, bool) {
        let mut exact = true;
        let pushed = condition.map_leaves(&mut |leaf| match self.session.leaf_support(leaf) {
            Support::Exact => Condition::Leaf(leaf.clone()),
            Support::Superset => {
                exact = false;
                Condition::Leaf(leaf.clone())
            }
            Support::No => {
                exact = false;
                Condition::TRUE
            }
        });
        (pushed, exact)
    }

    #[inline]
    pub(super) fn read<'b>(self, id: &'b str) -> Reply<'b, Option<Record>>
    where
        'a: 'b,
    {
        if RecordId::is_legal(id) { self.session.read(ReadRequest::new(id)) } else { Reply::ready(Ok(None)) }
    }

    pub(super) fn exists<'b>(self, id: &'b str) -> Reply<'b, bool>
    where
        'a: 'b,
    {
        if RecordId::is_legal(id) { self.session.exists(ReadRequest::new(id)) } else { Reply::ready(Ok(false)) }
    }

    pub(super) async fn read_batch(&self, ids: &[&str]) -> Result<Vec<Option<Record>>> {
        let legal: Vec<RecordId> = ids.iter().filter_map(|id| RecordId::new(*id).ok()).collect();
        let mut found = self.session.read_batch(ReadBatchRequest::new(&legal)).await?.into_iter();
        Ok(ids.iter().map(|id| if RecordId::is_legal(id) { found.next().flatten() } else { None }).collect())
    }

    fn creation(&self, mut record: Record, fresh: impl FnOnce() -> RecordId) -> WriteRequest {
        if record.id().is_none() && !self.capabilities.generates_ids {
            record.set_id(fresh());
        }
        WriteRequest::new(record.id().cloned(), WriteAction::Create(record))
    }

    #[inline]
    pub(super) fn create(self, record: Record) -> Reply<'a, RecordId> {
        if let Err(error) = self.refuse_if_read_only() {
            return Reply::ready(Err(error));
        }
        self.session.write(self.creation(record, RecordId::generate)).map_ok(|outcome| outcome.id)
    }

    /// A write to a record that is there already; not found where no record can have this id.
    fn change(self, id: &str, action: WriteAction, options: WriteOptions) -> Reply<'a, bool> {
        if let Err(error) = self.refuse_if_read_only() {
            return Reply::ready(Err(error));
        }
        let Ok(id) = RecordId::new(id) else {
            return Reply::ready(match options.expected_version {
                Some(_) => Err(Error::new(ErrorKind::Conflict, "a version was expected, but the record is not there")),
                None => Ok(false),
            });
        };
        let request = WriteRequest::new(id, action).expecting(options.expected_version);
        self.session.write(request).map_ok(|outcome| outcome.found)
    }

    pub(super) fn update(self, id: &str, record: Record, options: WriteOptions) -> Reply<'a, bool> {
        self.change(id, WriteAction::Update(record), options)
    }

    pub(super) fn patch<'b>(self, id: &'b str, changes: Changes, options: WriteOptions) -> Reply<'b, bool>
    where
        'a: 'b,
    {
        if let Err(error) = changes.check().and_then(|()| self.refuse_if_read_only()) {
            return Reply::ready(Err(error));
        }
        if changes.is_empty() && options.expected_version.is_none() {
            return self.exists(id);
        }
        self.change(id, WriteAction::Patch(changes), options)
    }

    pub(super) fn delete(self, id: &str, options: WriteOptions) -> Reply<'a, bool> {
        self.change(id, WriteAction::Delete, options)
    }

    pub(super) fn upsert(self, id: Option<&str>, mut record: Record, options: WriteOptions) -> Reply<'a, RecordId> {
        let prepared = self.refuse_if_read_only().and_then(|()| match id {
            Some(id) => RecordId::new(id).map(|id| record.set_id(id)),
            None => Ok(()),
        });
        if let Err(error) = prepared {
            return Reply::ready(Err(error));
        }
        let request = self.upsertion(record, RecordId::generate).expecting(options.expected_version);
        self.session.write(request).map_ok(|outcome| outcome.id)
    }

    fn upsertion(&self, mut record: Record, fresh: impl FnOnce() -> RecordId) -> WriteRequest {
        match record.id().cloned() {
            Some(id) => WriteRequest::new(id, WriteAction::Upsert(record)),
            // The store finds the key in the record's key field, or makes one.
            None if self.capabilities.generates_ids => WriteRequest::new(None, WriteAction::Upsert(record)),
            None => {
                let id = fresh();
                record.set_id(id.clone());
                WriteRequest::new(id, WriteAction::Upsert(record))
            }
        }
    }

    async fn write_batch(&self, writes: Vec<WriteRequest>) -> Result<Vec<WriteOutcome>> {
        if writes.is_empty() {
            return Ok(Vec::new());
        }
        self.session.write_batch(WriteBatchRequest::new(writes)).await
    }

    pub(super) async fn create_batch(&self, records: Vec<Record>) -> Result<Vec<RecordId>> {
        self.refuse_if_read_only()?;
        let mut fresh = FreshIds::up_to(records.len());
        let writes = records.into_iter().map(|record| self.creation(record, || fresh.next())).collect();
        Ok(self.write_batch(writes).await?.into_iter().map(|outcome| outcome.id).collect())
    }

    pub(super) async fn upsert_batch(&self, records: Vec<Record>) -> Result<Vec<RecordId>> {
        self.refuse_if_read_only()?;
        let mut fresh = FreshIds::up_to(records.len());
        let writes = records.into_iter().map(|record| self.upsertion(record, || fresh.next())).collect();
        Ok(self.write_batch(writes).await?.into_iter().map(|outcome| outcome.id).collect())
    }

    pub(super) async fn update_batch(&self, records: Vec<Record>) -> Result<Vec<bool>> {
        self.refuse_if_read_only()?;
        let mut failures = Vec::new();
        let mut writes = Vec::with_capacity(records.len());
        for (index, record) in records.into_iter().enumerate() {
            match record.id().cloned() {
                Some(id) => writes.push(WriteRequest::new(id, WriteAction::Update(record))),
                None => failures.push(BatchFailure { index, error: Error::invalid_record("the record has no id") }),
            }
        }
        if !failures.is_empty() {
            return Err(Error::invalid_record("an update needs the id of each record").with_failures(failures));
        }
        Ok(self.write_batch(writes).await?.into_iter().map(|outcome| outcome.found).collect())
    }

    pub(super) async fn delete_batch(&self, ids: &[&str]) -> Result<Vec<bool>> {
        self.refuse_if_read_only()?;
        let legal = ids.iter().filter_map(|id| RecordId::new(*id).ok());
        let writes = legal.map(|id| WriteRequest::new(id, WriteAction::Delete)).collect();
        let mut outcomes = self.write_batch(writes).await?.into_iter();
        Ok(ids
            .iter()
            .map(|id| RecordId::is_legal(id) && outcomes.next().is_some_and(|outcome| outcome.found))
            .collect())
    }

    /// The records of a query, page by page as the store gives them.
    pub(super) async fn open(&self, query: &Query) -> Result<RecordStream> {
        query.check()?;
        if query.limit_value() == Some(0) {
            return Ok(crate::backend::stream_of(Vec::new()));
        }
        let split = self.split(query)?;
        let stream = self.session.scan(split.request.clone()).await?;
        if split.page_pushed {
            return Ok(stream);
        }
        page_here(stream, split, query, self.capabilities.id_order).await
    }

    pub(super) async fn search(&self, query: &Query) -> Result<SearchResult> {
        // A token must be made before the projection takes sort fields away.
        let wants_token = !query.sort_keys().is_empty() && query.limit_value().is_some();
        let full =
            if wants_token && query.projection().is_some() { query.clone().unprojected() } else { query.clone() };
        let mut stream = self.open(&full).await?;
        let mut records: Vec<Record> = Vec::new();
        while let Some(chunk) = stream.next().await {
            let chunk = chunk?;
            if records.is_empty() { records = chunk } else { records.extend(chunk) }
        }
        let after = match (records.last(), query.limit_value()) {
            (Some(last), Some(limit)) if wants_token && records.len() as u64 >= limit => {
                Some(SortPosition::of(last, query.sort_keys()).encode(query.sort_keys()))
            }
            _ => None,
        };
        if let (true, Some(names)) = (wants_token, query.projection()) {
            records = records.iter().map(|record| record.project(names)).collect();
        }
        Ok(SearchResult::new(records, after))
    }

    /// None when the store shows no records, or cannot answer the whole query.
    pub(super) fn visit(&self, query: &Query, visit: &mut dyn FnMut(&[&Record])) -> Option<Result<()>> {
        let lending = self.session.lending()?;
        let split = query.check().and_then(|()| self.split(query));
        match split {
            Err(error) => Some(Err(error)),
            Ok(split) if split.page_pushed => Some(lending.lend(&split.request, visit)),
            Ok(_) => None,
        }
    }

    pub(super) async fn stream(&self, query: &Query) -> Result<RecordCursor> {
        Ok(RecordCursor::new(self.open(query).await?))
    }

    pub(super) async fn first(&self, query: &Query) -> Result<Option<Record>> {
        let limit = query.limit_value().map_or(1, |limit| limit.min(1));
        let found = self.search(&query.clone().limit(limit)).await?;
        Ok(found.into_iter().next())
    }

    pub(super) async fn count(&self, query: &Query) -> Result<u64> {
        query.check()?;
        let condition = Condition::of(&query.to_filter());
        let (pushed, exact) = self.push(&condition);
        if exact {
            return self.session.count(CountRequest::new(pushed)).await;
        }
        let matcher = Matcher::new(&condition);
        let mut stream = self.session.scan(ScanRequest::new(pushed)).await?;
        let mut count = 0;
        while let Some(chunk) = stream.next().await {
            count += chunk?.iter().filter(|record| matcher.matches(record)).count() as u64;
        }
        Ok(count)
    }

    pub(super) async fn aggregate(&self, aggregation: &Aggregation) -> Result<Table> {
        aggregation.check()?;
        let condition = Condition::of(&aggregation.to_filter());
        let (pushed, exact) = self.push(&condition);
        if exact
            && let Some(reply) = self.session.aggregating().and_then(|native| native.aggregate(&pushed, aggregation))
        {
            return reply.await;
        }
        let matcher = (!exact).then(|| Matcher::new(&condition));
        let mut aggregator = Aggregator::new(aggregation)?;
        let mut stream = self.session.scan(ScanRequest::new(pushed)).await?;
        while let Some(chunk) = stream.next().await {
            for record in chunk? {
                if matcher.as_ref().is_none_or(|matcher| matcher.matches(&record)) {
                    aggregator.push(&record)?;
                }
            }
        }
        aggregator.finish()
    }

    pub(super) async fn modify_where(&self, query: &Query, action: ModifyAction) -> Result<u64> {
        self.refuse_if_read_only()?;
        query.check()?;
        if let ModifyAction::Patch(changes) = &action {
            changes.check()?;
        }
        let more_than_filters = query.limit_value().is_some()
            || query.offset_value() > 0
            || query.after_token().is_some()
            || query.projection().is_some()
            || !query.sort_keys().is_empty();
        if more_than_filters {
            return Err(Error::invalid_query("only the filters of a query can say what to change or delete")
                .with_hint("leave out sort, limit, offset, after and fields"));
        }
        let condition = Condition::of(&query.to_filter());
        let (pushed, exact) = self.push(&condition);
        match self.session.modifying() {
            Some(native) if exact => native.modify(ModifyRequest::new(pushed, action)).await,
            _ => self.modify_found(pushed, &condition, &action).await,
        }
    }

    /// Changes what a scan finds, chunk by chunk; a record that changed in between is looked at
    /// again.
    async fn modify_found(&self, pushed: Condition, condition: &Condition, action: &ModifyAction) -> Result<u64> {
        let matcher = Matcher::new(condition);
        let mut found = Vec::new();
        let mut stream = self.session.scan(ScanRequest::new(pushed)).await?;
        while let Some(chunk) = stream.next().await {
            let matching = chunk?.into_iter().filter(|record| matcher.matches(record));
            found.extend(matching.filter_map(|record| Some((record.id()?.clone(), record.version().cloned()))));
        }
        let mut changed = 0;
        for chunk in found.chunks(1_000) {
            let writes = chunk
                .iter()
                .map(|(id, version)| WriteRequest::new(id.clone(), write_action(action)).expecting(version.clone()))
                .collect();
            match self.write_batch(writes).await {
                Ok(outcomes) => changed += outcomes.iter().filter(|outcome| outcome.found).count() as u64,
                Err(error) if error.kind() == ErrorKind::Conflict && self.capabilities.atomic_batches => {
                    for (id, _) in chunk {
                        changed += u64::from(self.modify_one(id, condition, action).await?);
                    }
                }
                // Nothing but conflicts: what did not fail is done, the rest is looked at again.
                Err(error)
                    if !error.failures().is_empty()
                        && error.failures().iter().all(|failure| failure.error.kind() == ErrorKind::Conflict) =>
                {
                    changed += (chunk.len() - error.failures().len()) as u64;
                    for failure in error.failures() {
                        if let Some((id, _)) = chunk.get(failure.index) {
                            changed += u64::from(self.modify_one(id, condition, action).await?);
                        }
                    }
                }
                Err(error) => return Err(error),
            }
        }
        Ok(changed)
    }

    async fn modify_one(&self, id: &RecordId, condition: &Condition, action: &ModifyAction) -> Result<bool> {
        const ATTEMPTS: usize = 16;
        for attempt in 1.. {
            let Some(record) = self.session.read(ReadRequest::new(id)).await? else { return Ok(false) };
            if !Matcher::new(condition).matches(&record) {
                return Ok(false);
            }
            let request = WriteRequest::new(id.clone(), write_action(action)).expecting(record.version().cloned());
            match self.session.write(request).await {
                Ok(outcome) => return Ok(outcome.found),
                Err(error) if error.kind() == ErrorKind::Conflict && attempt < ATTEMPTS => {}
                Err(error) => return Err(error),
            }
        }
        Ok(false)
    }

    pub(super) fn explain(&self, query: &Query, backend: &str, split: &Split) -> Explain {
        let condition = Condition::of(&query.to_filter());
        let leaves = condition
            .leaves()
            .into_iter()
            .map(|leaf| LeafPlan::new(leaf.to_string(), self.session.leaf_support(leaf)))
            .collect();
        Explain {
            backend: backend.to_owned(),
            query: query.to_string(),
            leaves,
            rechecked: split.residual.is_some(),
            sort_pushed: split.sort_pushed,
            limit_pushed: split.page_pushed,
            plan: Default::default(),
        }
    }
}

fn write_action(action: &ModifyAction) -> WriteAction {
    match action {
        ModifyAction::Patch(changes) => WriteAction::Patch(changes.clone()),
        ModifyAction::Delete => WriteAction::Delete,
    }
}
