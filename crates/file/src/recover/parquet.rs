//! The records of a damaged Parquet file: whole row groups, and of a damaged one the rows before the
//! damage.

use std::path::Path;
use std::sync::Arc;

use dataknobs_data_arrow::parquet::ParquetFile;
use dataknobs_data_core::{Error, Result};

use super::base::{REPEATED, key_of, layout_of_missing};
use super::empty;
use super::report::{At, LossKind, RecoverReport};
use crate::format::Rows as _;
use crate::format::parquet::{ParquetRows, key_of_columns};
use crate::journal::salvage::Salvage;
use crate::source::{Layout, Source};
use crate::store::Resident;

pub(super) fn records(
    source: &Source,
    bytes: Vec<u8>,
    journal: &Salvage,
    report: &mut RecoverReport,
) -> Result<Resident> {
    let path = source.given_path();
    let length = bytes.len() as u64;
    let file = match ParquetFile::open(Arc::new(bytes)) {
        Ok(file) => file,
        Err(error) if journal.commits.is_empty() => {
            return Err(source
                .place(error)
                .with_hint("without its footer, nothing tells what stands where in the file"));
        }
        Err(error) => {
            report.lose(LossKind::Damage, path, At::Bytes(0), length, &error);
            return Ok(empty(layout_of_missing(source, journal)));
        }
    };
    let key = match key_of(journal) {
        Some(key) => key,
        None => key_of_columns(&file.columns(), &source.config).map_err(|error| source.place(error))?,
    };
    let mut rows = ParquetRows::of(file.clone().records().lenient(), key.clone(), source.config.record_limit());
    let mut resident = empty(Layout { key, csv: None });
    loop {
        match rows.next() {
            Ok(None) => return Ok(resident),
            Ok(Some(record)) if record.id().is_some_and(|id| resident.table.get(id).is_some()) => {
                let reason = Error::corrupt(REPEATED).with_context("row", rows.line());
                report.lose(LossKind::RepeatedId, path, At::Bytes(0), 0, &reason);
            }
            Ok(Some(record)) => resident.put(record)?,
            Err(error) => lose(&file, path, &error, report),
        }
    }
}

fn lose(file: &ParquetFile, path: &Path, error: &Error, report: &mut RecoverReport) {
    if error.context_value("row").is_some() {
        report.lose(LossKind::UnfitRow, path, At::Bytes(0), 0, error);
        return;
    }
    let group = error.context_value("row_group").and_then(|number| number.parse().ok());
    let bytes = group.and_then(|number| file.row_group_bytes(number)).unwrap_or_default();
    report.lose(LossKind::Damage, path, At::Bytes(bytes.start), bytes.end - bytes.start, error);
}
