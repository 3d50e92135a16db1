//! Trying a single write again.

use super::same::is_same;
use super::{Outcome, Retry, write_may_pass};
use crate::backend::{ReadRequest, Reply, Session, WriteAction, WriteOutcome, WriteRequest};
use crate::capability::Capabilities;
use crate::error::{Error, ErrorKind, Result};
use crate::layers::Operation;
use crate::record::{Record, RecordId};

pub(super) fn write<'a, S: Session + ?Sized>(
    retry: &Retry,
    session: &'a S,
    capabilities: Option<&'a Capabilities>,
    request: WriteRequest,
) -> Reply<'a, WriteOutcome> {
    let (Some(id), Some(capabilities)) = (request.id.clone(), capabilities) else {
        // Without an id, what a first try created could not be found again.
        return session.write(request);
    };
    let first = session.write(request.clone());
    retry.unless(Operation::of(&request.action), first, write_may_pass, move |outcome| {
        let request = request.clone();
        match outcome {
            Outcome::NotDone => session.write(request),
            Outcome::Unknown => {
                let lookup = Lookup { session, capabilities, id: id.clone() };
                Reply::later(async move { lookup.write_again(request).await })
            }
        }
    })
}

/// Finds out whether a write whose answer was lost was carried out.
struct Lookup<'a, S: ?Sized> {
    session: &'a S,
    capabilities: &'a Capabilities,
    id: RecordId,
}

impl<S: Session + ?Sized> Lookup<'_, S> {
    async fn write_again(self, request: WriteRequest) -> Result<WriteOutcome> {
        if let WriteAction::Create(sent) = &request.action {
            if let Some(created) = self.created(sent).await? {
                return Ok(created);
            }
            return match self.session.write(request.clone()).await {
                // The earlier try may have come through only now.
                Err(error) if error.kind() == ErrorKind::AlreadyExists => self.created(sent).await?.ok_or(error),
                answer => answer,
            };
        }
        let conditional = request.expected_version.is_some();
        match self.session.write(request.clone()).await {
            Err(error) if conditional && error.kind() == ErrorKind::Conflict && !error.is_retryable() => {
                self.written(&request.action, error).await
            }
            answer => answer,
        }
    }

    /// The outcome of a create if the record that was sent is there.
    async fn created(&self, sent: &Record) -> Result<Option<WriteOutcome>> {
        match self.stored().await? {
            None => Ok(None),
            Some(stored) if is_same(sent, &stored, self.capabilities) => {
                Ok(Some(WriteOutcome::new(self.id.clone(), false, stored.version().cloned())))
            }
            Some(_) => Err(Error::new(ErrorKind::AlreadyExists, "another record with this id is there")
                .with_operation(Operation::Create.name())),
        }
    }

    /// The outcome of a write with an expected version that now meets a conflict: perhaps with itself.
    async fn written(&self, action: &WriteAction, conflict: Error) -> Result<WriteOutcome> {
        let stored = self.stored().await?;
        let done = match (action, &stored) {
            (WriteAction::Delete, None) => true,
            (WriteAction::Update(sent) | WriteAction::Upsert(sent), Some(stored)) => {
                is_same(sent, stored, self.capabilities)
            }
            (WriteAction::Patch(changes), Some(stored)) => {
                let mut patched = stored.clone();
                changes.apply(&mut patched)?;
                is_same(&patched, stored, self.capabilities)
            }
            _ => false,
        };
        if done {
            let version = stored.and_then(|stored| stored.version().cloned());
            return Ok(WriteOutcome::new(self.id.clone(), true, version));
        }
        Err(Error::new(ErrorKind::AmbiguousCommit, "the record has changed; this write may have come before that")
            .with_operation(Operation::of(action).name())
            .with_hint("read the record to see what is there")
            .with_source(conflict))
    }

    async fn stored(&self) -> Result<Option<Record>> {
        self.session.read(ReadRequest::new(&self.id)).await
    }
}
