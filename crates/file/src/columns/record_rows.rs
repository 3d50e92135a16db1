//! One block as records: rows are filtered as columns, and only those that pass are made.

use std::sync::Arc;

use arrow_buffer::BooleanBuffer;
use dataknobs_data_core::backend::{ColumnRequest, ScanRequest};
use dataknobs_data_core::{Matcher, Record};
use foldhash::fast::RandomState;

use super::block_rows::{add_keys, select};
use super::decode::ColumnCells;
use super::plan::Plan;
use super::tokens::{Cells, Grammar, Tokens};
use crate::blocks::{BlockRecords, Irregular, Keys, Wish};
use crate::format::csv::{CsvLayout, RawRow, RowRecords};
use crate::key::Key;
use crate::version::version_of;

/// Makes the records of blocks, one after another.
pub(crate) struct RecordRows {
    layout: Arc<CsvLayout>,
    key: Key,
    /// None where only whole records can tell whether they pass.
    plan: Option<Plan>,
    matcher: Option<Matcher>,
    rows: RowRecords,
    with_versions: bool,
    max_record_bytes: usize,
    hasher: RandomState,
    tokens: Tokens,
    row: RawRow,
}

impl RecordRows {
    /// Of the records that fit the condition.
    pub(crate) fn new(layout: &Arc<CsvLayout>, wish: Wish<'_>) -> Self {
        let Wish { key, condition, with_versions, max_record_bytes, hasher } = wish;
        let mut request = ScanRequest::new(condition.clone());
        request.projection = Some(Vec::new());
        let plan = Plan::new(layout, key, &ColumnRequest::new(request), max_record_bytes);
        RecordRows {
            plan,
            matcher: (!condition.is_true()).then(|| Matcher::new(condition)),
            rows: RowRecords::new(Arc::clone(layout), key.clone()),
            with_versions,
            max_record_bytes,
            hasher,
            tokens: Tokens::default(),
            row: RawRow::default(),
            layout: Arc::clone(layout),
            key: key.clone(),
        }
    }

    pub(crate) fn decode(&mut self, bytes: &[u8], has_quotes: bool) -> Result<BlockRecords, Irregular> {
        let text = std::str::from_utf8(bytes).map_err(|_| Irregular)?;
        let columns = self.layout.columns.len();
        let grammar = Grammar { delimiter: self.layout.delimiter, columns, max_record_bytes: self.max_record_bytes };
        let mut found = BlockRecords { rows: 0, records: Vec::new(), keys: Keys::of(&self.key) };
        let mut tokens = std::mem::take(&mut self.tokens);
        let mut at = 0;
        while at < text.len() {
            at = tokens.find(text, at, has_quotes, grammar)?;
            self.add(&mut found, &tokens.cells(text, columns))?;
        }
        self.tokens = tokens;
        Ok(found)
    }

    fn add(&mut self, found: &mut BlockRecords, cells: &Cells<'_>) -> Result<(), Irregular> {
        match &self.plan {
            Some(plan) if plan.meta.is_none_or(|meta| cells.is_blank(meta)) => {
                let keep = match &plan.filter {
                    None => None,
                    Some(filter) => {
                        for at in &plan.checked {
                            ColumnCells::new(cells, &plan.layout, *at).check()?;
                        }
                        Some(select(plan, filter, cells)?)
                    }
                };
                add_keys(plan, &self.hasher, (&mut found.keys, None), cells, None)?;
                self.make(found, cells, keep.as_ref())?;
            }
            _ => self.make_all(found, cells)?,
        }
        found.rows += cells.rows() as u64;
        Ok(())
    }

    /// Makes the records that are kept.
    fn make(
        &mut self,
        found: &mut BlockRecords,
        cells: &Cells<'_>,
        keep: Option<&BooleanBuffer>,
    ) -> Result<(), Irregular> {
        let before = u32::try_from(found.rows).map_err(|_| Irregular)?;
        let mut one = |row| {
            let record = self.record(cells, row)?;
            found.records.push((before + row as u32, self.versioned(record)));
            Ok(())
        };
        match keep {
            None => (0..cells.rows()).try_for_each(&mut one),
            Some(keep) => keep.set_indices().try_for_each(&mut one),
        }
    }

    /// Makes all records, and keeps those that pass.
    fn make_all(&mut self, found: &mut BlockRecords, cells: &Cells<'_>) -> Result<(), Irregular> {
        let before = u32::try_from(found.rows).map_err(|_| Irregular)?;
        for row in 0..cells.rows() {
            let record = self.record(cells, row)?;
            found.keys.add(record.id(), &self.hasher)?;
            if self.matcher.as_ref().is_none_or(|matcher| matcher.matches(&record)) {
                found.records.push((before + row as u32, self.versioned(record)));
            }
        }
        Ok(())
    }

    fn record(&mut self, cells: &Cells<'_>, row: usize) -> Result<Record, Irregular> {
        let mut unescaped = String::new();
        self.row.clear();
        for column in 0..self.layout.columns.len() {
            self.row.push(cells.text(row, column, &mut unescaped));
        }
        // Ids that are numbers of rows are known only when the blocks before this one are.
        self.rows.record(&self.row, 0).map_err(|_| Irregular)
    }

    fn versioned(&self, mut record: Record) -> Record {
        if self.with_versions {
            record.set_version(version_of(&record, true));
        }
        record
    }
}
