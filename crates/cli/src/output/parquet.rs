//! A Parquet file of rows: its columns are known when all rows are.

use dataknobs_data::{Error, Record, Str};
use dataknobs_data_arrow::parquet::{IdColumn, write_parquet};

use super::{Out, Row, RowWriter};
use crate::exit::Outcome;

/// Keeps rows until there are no more, and writes them.
pub(super) struct ParquetWriter {
    out: Out,
    columns: Option<Vec<Str>>,
    records: Vec<Record>,
    ids: bool,
}

impl ParquetWriter {
    pub(super) fn new(out: Out, columns: Option<Vec<Str>>) -> Self {
        ParquetWriter { out, columns, records: Vec::new(), ids: false }
    }
}

impl RowWriter for ParquetWriter {
    fn write(&mut self, mut row: Row) -> Outcome {
        if let Some(columns) = &self.columns {
            row.sort_by_key(|(name, _)| columns.iter().position(|column| column == name));
        }
        if row.iter().any(|(name, _)| name == "_meta") {
            return Err(Error::unsupported("a Parquet file says the types of its columns itself")
                .with_hint("leave out --meta")
                .into());
        }
        let id = row.iter().position(|(name, _)| name == "_id").map(|at| row.remove(at).1);
        let mut record = Record::from_pairs(row)?;
        if let Some(id) = id.as_ref().and_then(|id| id.as_str()) {
            self.ids = true;
            record = record.with_id(id)?;
        }
        self.records.push(record);
        Ok(())
    }

    fn finish(&mut self) -> Outcome {
        let ids = if self.ids { IdColumn::Text } else { IdColumn::None };
        write_parquet(&mut self.out.0, || self.records.iter(), ids)?;
        self.out.flush()
    }
}
