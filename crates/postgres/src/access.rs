//! What is done on one connection, with a table of either layout.

use dataknobs_data_core::backend::{AccessPlan, ModifyAction, ScanRequest, WriteOutcome, WriteRequest};
use dataknobs_data_core::{Condition, Record, RecordId, Result};

use crate::columns::work::ColumnWork;
use crate::explain::access_plan;
use crate::sql::Sql;
use crate::table::Table;
use crate::unit::Unit;
use crate::work::Work;

/// A connection and a table.
pub(crate) struct Access<'a> {
    unit: Unit<'a>,
    table: &'a Table,
    work: Layout<'a>,
}

enum Layout<'a> {
    Documents(Work<'a>),
    Columns(ColumnWork<'a>),
}

/// The same call for both layouts.
macro_rules! of_either {
    ($this:expr, $method:ident($($argument:expr),*)) => {
        match &$this.work {
            Layout::Documents(work) => work.$method($($argument),*).await,
            Layout::Columns(work) => work.$method($($argument),*).await,
        }
    };
}

impl<'a> Access<'a> {
    pub(crate) fn new(unit: Unit<'a>, table: &'a Table) -> Self {
        let work = match table {
            Table::Documents(table) => Layout::Documents(Work { unit, table }),
            Table::Columns(table) => Layout::Columns(ColumnWork { unit, table }),
        };
        Access { unit, table, work }
    }

    pub(crate) async fn read(&self, id: &str) -> Result<Option<Record>> {
        of_either!(self, read(id))
    }

    pub(crate) async fn exists(&self, id: &str) -> Result<bool> {
        of_either!(self, exists(id))
    }

    pub(crate) async fn read_batch(&self, ids: &[RecordId]) -> Result<Vec<Option<Record>>> {
        of_either!(self, read_batch(ids))
    }

    pub(crate) async fn write(&self, request: WriteRequest) -> Result<WriteOutcome> {
        of_either!(self, write(request))
    }

    pub(crate) async fn write_batch(&self, writes: Vec<WriteRequest>) -> Result<Vec<WriteOutcome>> {
        of_either!(self, write_batch(writes))
    }

    pub(crate) async fn count(&self, condition: &Condition) -> Result<u64> {
        of_either!(self, count(condition))
    }

    pub(crate) async fn modify(&self, condition: &Condition, action: &ModifyAction) -> Result<u64> {
        of_either!(self, modify(condition, action))
    }

    /// The statement that a scan is.
    pub(crate) fn scan(&self, request: &ScanRequest) -> Sql {
        match &self.work {
            Layout::Documents(work) => work.scan(request),
            Layout::Columns(work) => work.scan(request),
        }
    }

    /// The server's plan for a scan.
    pub(crate) async fn access_plan(&self, request: &ScanRequest) -> Result<AccessPlan> {
        access_plan(self.unit.connection, self.table, self.scan(request), request).await
    }
}
