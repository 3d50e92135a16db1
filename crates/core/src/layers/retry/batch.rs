//! Trying a batch of writes again.

use hashbrown::HashSet;

use super::same::is_same;
use super::{Outcome, Retry, write_may_pass};
use crate::backend::{ReadBatchRequest, Reply, Session, WriteAction, WriteBatchRequest, WriteOutcome, WriteRequest};
use crate::capability::Capabilities;
use crate::error::{Error, ErrorKind, Result};
use crate::layers::Operation;
use crate::record::RecordId;

pub(super) fn write<'a, S: Session + ?Sized>(
    retry: &Retry,
    session: &'a S,
    capabilities: Option<&'a Capabilities>,
    request: WriteBatchRequest,
) -> Reply<'a, Vec<WriteOutcome>> {
    let Some((capabilities, kind)) = capabilities.zip(BatchKind::of(&request)) else {
        return session.write_batch(request);
    };
    let first = session.write_batch(request.clone());
    retry.unless(Operation::WriteBatch, first, write_may_pass, move |outcome| {
        let request = request.clone();
        match &kind {
            BatchKind::Creates(ids) if outcome == Outcome::Unknown || !capabilities.atomic_batches => {
                let lookup = Lookup { session, capabilities, ids: ids.clone() };
                Reply::later(async move { lookup.create_again(request).await })
            }
            _ => session.write_batch(request),
        }
    })
}

/// The batches that can be tried again.
enum BatchKind {
    /// Creates, each under an id of its own.
    Creates(Vec<RecordId>),
    /// No creates and no expected versions: carried out twice, it leaves what once does.
    Idempotent,
}

impl BatchKind {
    fn of(request: &WriteBatchRequest) -> Option<Self> {
        let is_create = |write: &WriteRequest| matches!(write.action, WriteAction::Create(_));
        if request.writes.iter().any(|write| write.expected_version.is_some()) {
            return None;
        }
        if !request.writes.iter().any(is_create) {
            return Some(BatchKind::Idempotent);
        }
        if !request.writes.iter().all(is_create) {
            return None;
        }
        let ids: Vec<_> = request.writes.iter().map(|write| write.id.clone()).collect::<Option<_>>()?;
        let distinct = ids.iter().collect::<HashSet<_, foldhash::fast::RandomState>>().len();
        (distinct == ids.len()).then_some(BatchKind::Creates(ids))
    }
}

/// Finds out which creates of a batch whose answer was lost were carried out.
struct Lookup<'a, S: ?Sized> {
    session: &'a S,
    capabilities: &'a Capabilities,
    ids: Vec<RecordId>,
}

impl<S: Session + ?Sized> Lookup<'_, S> {
    async fn create_again(self, request: WriteBatchRequest) -> Result<Vec<WriteOutcome>> {
        let mut done = self.created(&request.writes).await?;
        let open: Vec<usize> = (0..done.len()).filter(|index| done[*index].is_none()).collect();
        if self.capabilities.atomic_batches && !open.is_empty() && open.len() < done.len() {
            return Err(Error::new(ErrorKind::AmbiguousCommit, "the batch may have been written and changed since")
                .with_operation(Operation::WriteBatch.name())
                .with_context("found", done.len() - open.len())
                .with_context("sent", done.len()));
        }
        if !open.is_empty() {
            let rest = open.iter().map(|index| request.writes[*index].clone()).collect();
            match self.session.write_batch(WriteBatchRequest::new(rest)).await {
                Ok(outcomes) => {
                    for (index, outcome) in open.iter().zip(outcomes) {
                        done[*index] = Some(outcome);
                    }
                }
                Err(error) => {
                    // The earlier try may have come through only now.
                    done = self.created(&request.writes).await?;
                    if done.iter().any(Option::is_none) {
                        return Err(error.map_failure_indexes(|index| open.get(index).copied().unwrap_or(index)));
                    }
                }
            }
        }
        Ok(done.into_iter().flatten().collect())
    }

    /// For each create its outcome, if the record that was sent is there.
    async fn created(&self, writes: &[WriteRequest]) -> Result<Vec<Option<WriteOutcome>>> {
        let stored = self.session.read_batch(ReadBatchRequest::new(&self.ids)).await?;
        let outcome = |((write, id), stored): ((&WriteRequest, &RecordId), Option<crate::Record>)| {
            let (WriteAction::Create(sent), Some(stored)) = (&write.action, stored) else { return None };
            is_same(sent, &stored, self.capabilities)
                .then(|| WriteOutcome::new(id.clone(), false, stored.version().cloned()))
        };
        Ok(writes.iter().zip(&self.ids).zip(stored).map(outcome).collect())
    }
}
