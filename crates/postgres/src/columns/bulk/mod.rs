//! Whole columns from the wire into Arrow: no record is made on the way.
//!
//! A whole table comes by COPY, in the order in which it lies on disk, over several connections that
//! share one snapshot: each takes a range of the table's pages, then the next one. Rows that do not
//! come in the order of their ids are brought into it here, which costs less than the server's sort.
//! Everything else is the statement of a scan, whose rows come in their order. Whatever is out of the
//! ordinary ends the read without an answer: records are read then, and say what is wrong.
//!
//! `arrays.rs` makes arrays of fields, `copy.rs` finds these in what COPY sends, `order.rs` sorts.

mod arrays;
mod copy;
mod order;

use std::sync::Arc;
use std::time::Duration;

use dataknobs_data_arrow::{ScannedColumns, SeenOffsets, cores};
use dataknobs_data_core::backend::{ColumnRequest, ScanRequest};
use dataknobs_data_core::{Error, ErrorKind, Result};
use futures_util::TryStreamExt as _;
use parking_lot::Mutex;
use tokio::task::JoinSet;

use self::arrays::{Builders, Expected, Form, Irregular, Rows};
use self::copy::CopyReader;
use super::ColumnTable;
use super::kind::Kind;
use super::read::places_of;
use super::work::ColumnWork;
use crate::connection::{Connection, Connections, Lease};
use crate::error::{from_driver, from_task};
use crate::identifier::constant;
use crate::sql::{Parameter, Sql};
use crate::unit::Unit;
use crate::work::Raw;

/// Pages of a table that one COPY takes: 16 MiB.
const PAGES: i64 = 2_048;

/// Connections that one read takes at most.
const CONNECTIONS: usize = 8;

/// How long a read waits for one more connection.
const PATIENCE: Duration = Duration::from_millis(250);

/// The first version that reads a range of pages without the others.
const READS_RANGES: i32 = 140_000;

/// What is read of a table.
struct Plan {
    /// The columns that are wanted, by place; the key stands behind them where it is not among them.
    fields: Vec<usize>,
    forms: Vec<Form>,
    /// What is selected.
    selection: String,
    /// The column that the id is.
    key: usize,
    ids: bool,
}

impl Plan {
    fn new(table: &ColumnTable, request: &ColumnRequest) -> Self {
        let fields = places_of(&table.columns, request.scan.projection.as_deref());
        let (mut forms, mut sql): (Vec<Form>, Vec<String>) =
            fields.iter().map(|place| Form::of(&table.columns[*place])).unzip();
        // The key's own column where its text is the id.
        let single = match table.key[..] {
            [only] => match table.columns[only].kind {
                Kind::Integer | Kind::Text { .. } | Kind::Named { .. } => Some(only),
                _ => None,
            },
            _ => None,
        };
        let key = match single.and_then(|only| fields.iter().position(|place| *place == only)) {
            Some(key) => key,
            None => {
                let (form, expression) = match single {
                    Some(only) => Form::of(&table.columns[only]),
                    None => (Form::Text, table.id_text()),
                };
                forms.push(form);
                sql.push(expression);
                forms.len() - 1
            }
        };
        Plan { fields, forms, selection: sql.join(", "), key, ids: request.ids }
    }

    fn builders(&self, expected: &Expected) -> Builders {
        Builders::new(&self.forms, self.key, expected)
    }
}

/// What a request finds, as columns; none where records have to answer.
pub(crate) async fn scan_columns(
    lease: Lease,
    connections: &Connections,
    table: &ColumnTable,
    request: &ColumnRequest,
) -> Result<Option<ScannedColumns>> {
    if !lease.prepares() {
        // The driver prepares a COPY, which a server behind PgBouncer may have forgotten.
        return lease.settle(Ok(None));
    }
    let plan = Arc::new(Plan::new(table, request));
    let batches = if is_whole(table, &request.scan) {
        read_whole(lease, connections, table, &plan).await?
    } else {
        let unit = Unit { connection: &lease, in_transaction: false };
        let sql = ColumnWork { unit, table }.scan_of(&plan.selection, &request.scan);
        read_found(lease, &plan, &sql).await?
    };
    Ok(batches.ok().map(|batches| scanned(table, &plan, batches)))
}

/// Whether all rows are wanted, in no other order than that of their ids. Kinds of relations that
/// cannot be locked are read like parts.
fn is_whole(table: &ColumnTable, scan: &ScanRequest) -> bool {
    table.lockable
        && scan.condition.is_true()
        && scan.sort.is_empty()
        && scan.after.is_none()
        && scan.limit.is_none()
        && scan.offset == 0
}

/// The rows of a statement, in their order.
async fn read_found(lease: Lease, plan: &Plan, sql: &Sql) -> Result<Result<Vec<Rows>, Irregular>> {
    let mut batches = Batches::new(plan, &Expected::default());
    let read = async {
        let rows = lease.stream(&sql.text, &sql.parameters).await?;
        futures_util::pin_mut!(rows);
        while let Some(row) = rows.try_next().await.map_err(from_driver)? {
            let fields = (0..row.len()).map(|field| row.get::<_, Option<Raw<'_>>>(field).map(|raw| raw.0));
            if batches.push_row(fields).is_err() {
                return Ok(Err(Irregular));
            }
        }
        Ok(Ok(()))
    };
    match read.await {
        // What still comes belongs to nobody: the connection is let go.
        Ok(Err(Irregular)) => Ok(Err(Irregular)),
        read => lease.settle(read).map(|_| batches.finish()),
    }
}

/// All rows of a table, in the order of their ids.
async fn read_whole(
    lease: Lease,
    connections: &Connections,
    table: &ColumnTable,
    plan: &Arc<Plan>,
) -> Result<Result<Vec<Rows>, Irregular>> {
    // COPY looks at the rows as of before it waited for the table's lock. Who locks first sees what a
    // search would see.
    let lock = format!("{BEGIN}; LOCK TABLE {} IN ACCESS SHARE MODE", table.sql);
    // An error here or later leaves a transaction open: the connection goes with it.
    lease.batch(&lock).await?;
    let by_pages = table.writable && table.server >= READS_RANGES;
    let pages = if by_pages { pages(&lease, &table.sql).await? } else { 0 };
    let text = format!("SELECT {} FROM {} AS t", plan.selection, table.sql);
    let pieces = usize::try_from(pages / PAGES).unwrap_or_default().max(1);
    let wanted = cores(CONNECTIONS).min(pieces);
    let (leases, pieces) = match wanted {
        0 | 1 => (vec![lease], 1),
        wanted => (together(lease, connections, table, wanted).await?, pieces),
    };
    let Ok(batches) = Shared::read(leases, Arc::clone(plan), text, pieces).await? else { return Ok(Err(Irregular)) };
    if order::rises(&batches) {
        return Ok(Ok(batches));
    }
    from_task(tokio::task::spawn_blocking(move || order::sorted(&batches)).await)
}

const BEGIN: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY";

/// How many pages a table has.
async fn pages(connection: &Connection, table: &str) -> Result<i64> {
    let text = "SELECT pg_relation_size(to_regclass($1)) / current_setting('block_size')::int8";
    let row = connection.first(text, &[Parameter::text(table)]).await?;
    Ok(row.and_then(|row| row.try_get(0).ok()).unwrap_or_default())
}

/// Connections that see the same rows: as many as there are at once, of those that are wanted.
async fn together(lease: Lease, connections: &Connections, table: &ColumnTable, wanted: usize) -> Result<Vec<Lease>> {
    let row = lease.query_once(&Sql::new("SELECT pg_export_snapshot()")).await?;
    let snapshot = row.first().and_then(|row| row.try_get::<_, String>(0).ok());
    let snapshot = snapshot.ok_or_else(|| Error::new(ErrorKind::Backend, "the server has no snapshot"))?;
    // Without waiting: who waits for the table would wait for the first of these, and these for it.
    let join = format!(
        "{BEGIN}; SET TRANSACTION SNAPSHOT {}; LOCK TABLE {} IN ACCESS SHARE MODE NOWAIT",
        constant(&snapshot),
        table.sql
    );
    let mut leases = vec![lease];
    while leases.len() < wanted {
        // One connection is enough; where others are in use or cannot be had, it does the work.
        let Ok(Ok(another)) = tokio::time::timeout(PATIENCE, connections.lease()).await else { break };
        match another.batch(&join).await {
            Ok(()) => leases.push(another),
            Err(error) => {
                tracing::debug!(%error, "a bulk read goes on with fewer connections");
                break;
            }
        }
    }
    Ok(leases)
}

/// A table on its way over several connections.
struct Shared {
    plan: Arc<Plan>,
    text: String,
    pieces: usize,
    /// The number of the next piece, and what came of those that were taken.
    state: Mutex<(usize, Vec<Option<Vec<Rows>>>)>,
}

impl Shared {
    async fn read(
        leases: Vec<Lease>,
        plan: Arc<Plan>,
        text: String,
        pieces: usize,
    ) -> Result<Result<Vec<Rows>, Irregular>> {
        let state = Mutex::new((0, (0..pieces).map(|_| None).collect()));
        let shared = Arc::new(Shared { plan, text, pieces, state });
        let mut working: JoinSet<Result<Result<(), Irregular>>> = JoinSet::new();
        for lease in leases {
            working.spawn(Arc::clone(&shared).work(lease));
        }
        while let Some(worked) = working.join_next().await {
            // Where one does not go on, the others are ended with the set.
            if from_task(worked)??.is_err() {
                return Ok(Err(Irregular));
            }
        }
        let pieces = std::mem::take(&mut shared.state.lock().1);
        Ok(Ok(pieces.into_iter().flatten().flatten().collect()))
    }

    fn next(&self) -> Option<usize> {
        let mut state = self.state.lock();
        let next = state.0;
        state.0 += 1;
        (next < self.pieces).then_some(next)
    }

    /// The COPY of a piece; the last one takes what was added since the pages were counted.
    fn piece(&self, number: usize) -> String {
        if self.pieces == 1 {
            return format!("COPY ({}) TO STDOUT (FORMAT binary)", self.text);
        }
        let from = number as i64 * PAGES;
        let end = match number + 1 == self.pieces {
            true => String::new(),
            false => format!(" AND t.ctid < '({},0)'", from + PAGES),
        };
        format!("COPY ({} WHERE t.ctid >= '({from},0)'{end}) TO STDOUT (FORMAT binary)", self.text)
    }

    async fn work(self: Arc<Self>, lease: Lease) -> Result<Result<(), Irregular>> {
        let mut expected = Expected::default();
        while let Some(number) = self.next() {
            let mut batches = Batches::new(&self.plan, &expected);
            // The connection is in a transaction, and goes with what ends it early.
            if batches.copy(&lease, &self.piece(number)).await?.is_err() {
                return Ok(Err(Irregular));
            }
            expected = batches.open.expected();
            let Ok(rows) = batches.finish() else { return Ok(Err(Irregular)) };
            self.state.lock().1[number] = Some(rows);
        }
        lease.batch("COMMIT").await?;
        lease.settle(Ok(Ok(())))
    }
}

/// Rows in the making, and those that are made.
struct Batches<'a> {
    plan: &'a Plan,
    open: Builders,
    full: Vec<Builders>,
}

impl<'a> Batches<'a> {
    fn new(plan: &'a Plan, expected: &Expected) -> Self {
        Batches { plan, open: plan.builders(expected), full: Vec::new() }
    }

    fn push_row<'row>(&mut self, fields: impl Iterator<Item = Option<&'row [u8]>>) -> Result<(), Irregular> {
        self.open.push(fields)?;
        self.cut();
        Ok(())
    }

    fn cut(&mut self) {
        if self.open.is_full() {
            self.full.push(std::mem::replace(&mut self.open, self.plan.builders(&Expected::default())));
        }
    }

    async fn copy(&mut self, connection: &Connection, text: &str) -> Result<Result<(), Irregular>> {
        let pieces = connection.copy_out(text).await?;
        futures_util::pin_mut!(pieces);
        let mut reader = CopyReader::default();
        while let Some(piece) = pieces.try_next().await.map_err(from_driver)? {
            if reader.push(&piece, &mut self.open).is_err() {
                return Ok(Err(Irregular));
            }
            self.cut();
        }
        Ok(if reader.is_complete() { Ok(()) } else { Err(Irregular) })
    }

    fn finish(self) -> Result<Vec<Rows>, Irregular> {
        let filled = self.full.into_iter().chain([self.open]).filter(|builders| builders.len() > 0);
        filled.map(Builders::finish).collect()
    }
}

fn scanned(table: &ColumnTable, plan: &Plan, batches: Vec<Rows>) -> ScannedColumns {
    let columns = || plan.fields.iter().map(|place| &table.columns[*place]);
    let mut found = ScannedColumns::new(columns().map(|column| (column.name.clone(), column.kind.field_type())));
    for (at, column) in columns().enumerate() {
        let is_there = || batches.iter().any(|rows| rows.columns[at].null_count() < rows.rows);
        if let Kind::Timestamp { .. } | Kind::Date = column.kind
            && is_there()
        {
            let mut offsets = SeenOffsets::default();
            offsets.add((column.kind == Kind::Timestamp { utc: true }).then_some(0));
            found.note_offsets(at, offsets);
        }
    }
    for rows in batches {
        found.push(rows.scanned(plan.fields.len(), plan.ids));
    }
    found
}
