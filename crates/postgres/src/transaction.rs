//! Transactions: one connection from BEGIN to COMMIT.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use dataknobs_data_core::backend::{
    Aggregating, CountRequest, Lending, ModifyRequest, Modifying, ReadBatchRequest, ReadRequest, RecordStream, Reply,
    Savepoints, ScanRequest, Session, Support, Transaction, WriteBatchRequest, WriteOutcome, WriteRequest, stream_of,
};
use dataknobs_data_core::{Aggregation, Condition, Error, ErrorKind, Leaf, Record, Result, SortKey, Table as Answer};
use futures_util::{StreamExt as _, stream};
use parking_lot::Mutex as SyncMutex;
use tokio::runtime::Handle;
use tokio::sync::{Mutex, MutexGuard};

use crate::access::Access;
use crate::aggregate::Counting;
use crate::connection::{Connection, Lease};
use crate::scan::{CHUNK_BYTES, CHUNK_ROWS, Records, row_bytes};
use crate::sql::Sql;
use crate::table::Table;
use crate::unit::Unit;
use crate::work::ambiguous;

/// A transaction that is open.
#[derive(Debug, Clone)]
pub(crate) struct PostgresTransaction {
    open: Arc<Open>,
}

struct Open {
    table: Arc<Table>,
    state: Mutex<State>,
    cursors: AtomicU64,
    /// How many cursors there were when a savepoint was set, by its number.
    savepoints: SyncMutex<Vec<(u64, u64)>>,
    /// Cursors that went with a savepoint to which the transaction went back.
    gone: SyncMutex<Vec<Range<u64>>>,
}

impl std::fmt::Debug for Open {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Open").field("table", &self.table.sql()).finish_non_exhaustive()
    }
}

struct State {
    /// None when it has ended.
    lease: Option<Lease>,
    /// Whether something is being done; still so when it was cancelled.
    busy: bool,
}

impl Drop for State {
    /// Whoever lets go of a transaction wants none of it.
    fn drop(&mut self) {
        if let (Some(lease), false, Ok(runtime)) = (self.lease.take(), self.busy, Handle::try_current()) {
            runtime.spawn(async move {
                let undone = lease.batch("ROLLBACK").await;
                let _ = lease.settle(undone);
            });
        }
    }
}

/// The connection while one thing is done on it.
struct Turn<'a> {
    state: MutexGuard<'a, State>,
}

impl Turn<'_> {
    fn connection(&self) -> Result<&Connection> {
        self.state.lease.as_deref().ok_or_else(ended)
    }

    fn done<T>(mut self, result: Result<T>) -> Result<T> {
        self.state.busy = false;
        result
    }
}

fn ended() -> Error {
    Error::new(ErrorKind::Connection, "the transaction has ended").with_retryable(false)
}

impl Open {
    async fn turn(&self) -> Result<Turn<'_>> {
        let mut state = self.state.lock().await;
        if state.busy {
            return Err(Error::new(ErrorKind::Conflict, "a call on the transaction was interrupted")
                .with_hint("roll it back and begin again"));
        }
        if state.lease.is_none() {
            return Err(ended());
        }
        state.busy = true;
        Ok(Turn { state })
    }

    fn work<'a>(&'a self, connection: &'a Connection) -> Access<'a> {
        Access::new(Unit { connection, in_transaction: true }, &self.table)
    }

    /// Refuses a cursor that is no more; asking for it would end the transaction.
    fn check(&self, cursor: u64) -> Result<()> {
        match self.gone.lock().iter().any(|range| range.contains(&cursor)) {
            true => {
                Err(Error::new(ErrorKind::Conflict, "the stream ended when the transaction went back to a savepoint"))
            }
            false => Ok(()),
        }
    }

    async fn fetch(&self, cursor: u64, count: usize, records: &mut Records) -> Result<(Vec<Record>, usize)> {
        self.check(cursor)?;
        let turn = self.turn().await?;
        let fetched = match turn.connection() {
            Ok(connection) => connection.query_once(&Sql::new(format!("FETCH {count} FROM dk_cursor_{cursor}"))).await,
            Err(error) => Err(error),
        };
        let rows = turn.done(fetched)?;
        let bytes = rows.iter().map(row_bytes).sum();
        let made: Result<Vec<Record>> = rows.iter().map(|row| records.make(row)).collect();
        Ok((made?, bytes))
    }

    async fn scan(self: Arc<Self>, request: ScanRequest) -> Result<RecordStream> {
        const FIRST: usize = 256;
        let cursor = self.cursors.fetch_add(1, Ordering::Relaxed);
        let turn = self.turn().await?;
        let declared = match turn.connection() {
            Ok(connection) => {
                let mut sql = self.work(connection).scan(&request);
                sql.text.insert_str(0, &format!("DECLARE dk_cursor_{cursor} NO SCROLL CURSOR FOR "));
                connection.query_once(&sql).await
            }
            Err(error) => Err(error),
        };
        turn.done(declared)?;
        let mut records = Records::new(Arc::clone(&self.table), request.projection);
        let (first, bytes) = self.fetch(cursor, FIRST, &mut records).await?;
        if first.len() < FIRST {
            self.close(cursor).await?;
            return Ok(stream_of(first));
        }
        let next = next_count(first.len(), bytes);
        let rest = stream::unfold(Some((self, records, next)), move |state| async move {
            let (open, mut records, count) = state?;
            match open.fetch(cursor, count, &mut records).await {
                Err(error) => Some((Err(error), None)),
                Ok((chunk, _)) if chunk.is_empty() => None,
                Ok((chunk, bytes)) => {
                    let next = next_count(chunk.len(), bytes);
                    let more = chunk.len() == count;
                    if !more && let Err(error) = open.close(cursor).await {
                        return Some((Err(error), None));
                    }
                    Some((Ok(chunk), more.then_some((open, records, next))))
                }
            }
        });
        Ok(Box::pin(stream::iter([Ok(first)]).chain(rest)))
    }

    async fn batch(&self, text: String) -> Result<()> {
        let turn = self.turn().await?;
        let done = match turn.connection() {
            Ok(connection) => connection.batch(&text).await,
            Err(error) => Err(error),
        };
        turn.done(done)
    }

    async fn close(&self, cursor: u64) -> Result<()> {
        self.check(cursor)?;
        self.batch(format!("CLOSE dk_cursor_{cursor}")).await
    }
}

/// How many records to ask for, when so many had so many bytes.
fn next_count(records: usize, bytes: usize) -> usize {
    (CHUNK_BYTES / (bytes / records.max(1)).max(1)).clamp(1, CHUNK_ROWS)
}

impl PostgresTransaction {
    pub(crate) fn new(table: Arc<Table>, lease: Lease) -> Self {
        let state = Mutex::new(State { lease: Some(lease), busy: false });
        PostgresTransaction {
            open: Arc::new(Open {
                table,
                state,
                cursors: AtomicU64::new(0),
                savepoints: SyncMutex::default(),
                gone: SyncMutex::default(),
            }),
        }
    }

    async fn end(self, text: &str) -> Result<()> {
        let mut state = self.open.state.lock().await;
        let busy = std::mem::replace(&mut state.busy, true);
        let Some(lease) = state.lease.take() else { return Err(ended()) };
        drop(state);
        if busy {
            // The connection is in the middle of something, and goes with it.
            drop(lease);
            return match text {
                COMMIT => Err(Error::new(ErrorKind::Conflict, "a call on the transaction was interrupted")),
                _ => Ok(()),
            };
        }
        let result = match lease.batch(text).await {
            Err(error) if text == COMMIT => {
                // After a failed statement nothing is committed, and the server would not say so.
                let undone = lease.batch("ROLLBACK").await;
                Err(if undone.is_err() { ambiguous(error) } else { error })
            }
            result => result,
        };
        lease.settle(result)
    }
}

/// In a transaction that failed, COMMIT rolls back and reports no error; the SELECT does.
const COMMIT: &str = "SELECT 1; COMMIT";

macro_rules! in_turn {
    ($this:expr, |$work:ident| $call:expr) => {{
        let open = Arc::clone(&$this.open);
        Reply::later(async move {
            let turn = open.turn().await?;
            let result = match turn.connection() {
                Ok(connection) => {
                    let $work = open.work(connection);
                    $call.await
                }
                Err(error) => Err(error),
            };
            turn.done(result)
        })
    }};
}

impl Session for PostgresTransaction {
    fn read<'a>(&'a self, request: ReadRequest<'a>) -> Reply<'a, Option<Record>> {
        in_turn!(self, |work| work.read(request.id))
    }

    fn exists<'a>(&'a self, request: ReadRequest<'a>) -> Reply<'a, bool> {
        in_turn!(self, |work| work.exists(request.id))
    }

    fn read_batch<'a>(&'a self, request: ReadBatchRequest<'a>) -> Reply<'a, Vec<Option<Record>>> {
        in_turn!(self, |work| work.read_batch(request.ids))
    }

    fn write(&self, request: WriteRequest) -> Reply<'_, WriteOutcome> {
        in_turn!(self, |work| work.write(request))
    }

    fn write_batch(&self, request: WriteBatchRequest) -> Reply<'_, Vec<WriteOutcome>> {
        in_turn!(self, |work| work.write_batch(request.writes))
    }

    fn leaf_support(&self, leaf: &Leaf) -> Support {
        self.open.table.leaf_support(leaf)
    }

    fn sorts_exactly(&self, sort: &[SortKey]) -> bool {
        self.open.table.sorts_exactly(sort)
    }

    fn scan(&self, request: ScanRequest) -> Reply<'_, RecordStream> {
        Reply::later(Arc::clone(&self.open).scan(request))
    }

    fn count(&self, request: CountRequest) -> Reply<'_, u64> {
        in_turn!(self, |work| work.count(&request.condition))
    }

    fn modifying(&self) -> Option<&dyn Modifying> {
        Some(self)
    }

    fn aggregating(&self) -> Option<&dyn Aggregating> {
        Some(self)
    }

    fn lending(&self) -> Option<&dyn Lending> {
        None
    }
}

impl Aggregating for PostgresTransaction {
    fn aggregate<'a>(&'a self, condition: &Condition, aggregation: &'a Aggregation) -> Option<Reply<'a, Answer>> {
        let counting = Counting::new(&self.open.table, condition, aggregation)?;
        Some(Reply::later(async move {
            let turn = self.open.turn().await?;
            let answer = match turn.connection() {
                Ok(connection) => counting.run(connection, &self.open.table, aggregation).await,
                Err(error) => Err(error),
            };
            turn.done(answer)
        }))
    }
}

impl Modifying for PostgresTransaction {
    fn modify(&self, request: ModifyRequest) -> Reply<'_, u64> {
        in_turn!(self, |work| work.modify(&request.condition, &request.action))
    }
}

impl Transaction for PostgresTransaction {
    fn commit(self: Box<Self>) -> Reply<'static, ()> {
        Reply::later(self.end(COMMIT))
    }

    fn rollback(self: Box<Self>) -> Reply<'static, ()> {
        Reply::later(self.end("ROLLBACK"))
    }

    fn savepoints(&self) -> Option<&dyn Savepoints> {
        Some(self)
    }
}

impl Savepoints for PostgresTransaction {
    fn set_savepoint(&self, number: u64) -> Reply<'_, ()> {
        let cursors = self.open.cursors.load(Ordering::Relaxed);
        self.open.savepoints.lock().push((number, cursors));
        Reply::later(self.open.batch(format!("SAVEPOINT dk_savepoint_{number}")))
    }

    fn release_savepoint(&self, number: u64) -> Reply<'_, ()> {
        Reply::later(self.open.batch(format!("RELEASE SAVEPOINT dk_savepoint_{number}")))
    }

    fn rollback_to_savepoint(&self, number: u64) -> Reply<'_, ()> {
        let name = format!("dk_savepoint_{number}");
        let opened_before =
            self.open.savepoints.lock().iter().find(|(set, _)| *set == number).map(|(_, cursors)| *cursors);
        if let Some(opened_before) = opened_before {
            self.open.gone.lock().push(opened_before..self.open.cursors.load(Ordering::Relaxed));
        }
        Reply::later(self.open.batch(format!("ROLLBACK TO SAVEPOINT {name}; RELEASE SAVEPOINT {name}")))
    }
}
