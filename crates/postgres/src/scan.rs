//! Records as they come from the server, in chunks.

use std::pin::Pin;
use std::sync::Arc;

use dataknobs_data_core::backend::{RecordStream, stream_of};
use dataknobs_data_core::{Record, Result, Str};
use futures_util::{StreamExt as _, stream};
use tokio_postgres::{Row, RowStream};

use crate::columns::read::Reading;
use crate::connection::Lease;
use crate::document::read::DocumentReader;
use crate::error::from_driver;
use crate::sql::Sql;
use crate::table::Table;
use crate::work::{Raw, record_of};

/// A chunk ends after so many records or bytes.
pub(crate) const CHUNK_ROWS: usize = 1_024;
pub(crate) const CHUNK_BYTES: usize = 4 * 1024 * 1024;

/// Makes records of rows.
pub(crate) struct Records {
    table: Arc<Table>,
    projection: Option<Vec<Str>>,
    /// The columns of a projection.
    reading: Option<Reading>,
    reader: DocumentReader,
}

impl Records {
    pub(crate) fn new(table: Arc<Table>, projection: Option<Vec<Str>>) -> Self {
        let reading = match &*table {
            Table::Columns(table) => table.reading(projection.as_deref()),
            Table::Documents(_) => None,
        };
        Records { table, projection, reading, reader: DocumentReader::default() }
    }

    pub(crate) fn make(&mut self, row: &Row) -> Result<Record> {
        let record = match &*self.table {
            Table::Documents(table) => record_of(row, table.key, &mut self.reader)?,
            Table::Columns(table) => return self.reading.as_ref().unwrap_or(&table.whole).record(table, row),
        };
        Ok(match &self.projection {
            Some(names) => record.project(names),
            None => record,
        })
    }
}

/// The bytes of a row.
pub(crate) fn row_bytes(row: &Row) -> usize {
    (0..row.len()).filter_map(|column| row.get::<_, Option<Raw<'_>>>(column)).map(|raw| raw.0.len()).sum()
}

struct Rows {
    lease: Lease,
    rows: Pin<Box<RowStream>>,
    records: Records,
}

impl Rows {
    /// The next chunk, and whether it is the last one.
    async fn chunk(&mut self) -> Result<(Vec<Record>, bool)> {
        let (mut chunk, mut bytes) = (Vec::new(), 0);
        while chunk.len() < CHUNK_ROWS && bytes < CHUNK_BYTES {
            match self.rows.next().await {
                None => return Ok((chunk, true)),
                Some(row) => {
                    let row = row.map_err(from_driver)?;
                    bytes += row_bytes(&row);
                    chunk.push(self.records.make(&row)?);
                }
            }
        }
        Ok((chunk, false))
    }
}

/// Runs a statement on a connection of its own, which goes back when all rows have come.
///
/// The server holds one snapshot and sends no faster than the rows are taken.
pub(crate) async fn scan(lease: Lease, sql: &Sql, records: Records) -> Result<RecordStream> {
    let rows = match lease.stream(&sql.text, &sql.parameters).await {
        Ok(rows) => Box::pin(rows),
        Err(error) => return lease.settle(Err(error)),
    };
    let mut rows = Rows { lease, rows, records };
    match rows.chunk().await {
        Ok((chunk, true)) => {
            rows.lease.settle(Ok(()))?;
            Ok(stream_of(chunk))
        }
        Ok((chunk, false)) => {
            let rest = stream::unfold(Some(rows), |rows| async {
                let mut rows = rows?;
                match rows.chunk().await {
                    Ok((chunk, false)) => Some((Ok(chunk), Some(rows))),
                    Ok((chunk, true)) => {
                        let settled = rows.lease.settle(Ok(()));
                        (!chunk.is_empty()).then(|| (settled.map(|()| chunk), None))
                    }
                    // What still comes belongs to nobody: the connection is let go.
                    Err(error) => Some((Err(error), None)),
                }
            });
            Ok(Box::pin(stream::iter([Ok(chunk)]).chain(rest)))
        }
        Err(error) => Err(error),
    }
}
