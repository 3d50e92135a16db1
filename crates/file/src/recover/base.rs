//! The records of a damaged file.

use std::io::Cursor;
use std::sync::Arc;

use dataknobs_data_core::{Error, Record, Result};

use super::report::{At, LossKind, RecoverReport};
use super::text::{Piece, Pieces, Skipped, Text};
use super::{csv, empty, json, parquet};
use crate::compression::Compression;
use crate::config::FileConfig;
use crate::fingerprint::Fingerprint;
use crate::format::Format;
use crate::format::json_record::Assembler;
use crate::format::json_row::Row;
use crate::journal::salvage::Salvage;
use crate::key::{Key, KeySource, ordinal_id};
use crate::source::{Layout, Source};
use crate::store::{Resident, key_of_header};

/// So many rows with an integer outside of the 64-bit range are left out before a column of them is
/// for the user to decide.
const MAX_WIDE_ROWS: usize = 64;

/// The records that the file holds; what it does not hold any more goes into the report.
pub(super) fn records(
    source: &Source,
    bytes: Vec<u8>,
    journal: &Salvage,
    report: &mut RecoverReport,
) -> Result<Resident> {
    if source.format == Format::Parquet {
        return parquet::records(source, bytes, journal, report);
    }
    let (text, damage) = Text::expand(source, bytes)?;
    let limit = source.config.record_limit();
    let (resident, mut pieces) = match source.format {
        Format::Json => from_json(source, &text, json::array(&text, limit), journal)?,
        Format::JsonLines => from_json(source, &text, json::lines(&text, limit), journal)?,
        _ => from_csv(source, &text, limit, journal)?,
    };
    if let Some(damage) = damage {
        pieces.skipped.retain(|skipped| !skipped.range.is_empty() || skipped.is_row);
        let end = text.bytes.len();
        pieces.skip(end..end, damage);
    }
    pieces.skipped.sort_by_key(|skipped| skipped.range.start);
    for skipped in &pieces.skipped {
        let kind = match (skipped.is_row, skipped.reason.message() == REPEATED) {
            (false, _) => LossKind::Damage,
            (true, false) => LossKind::UnfitRow,
            (true, true) => LossKind::RepeatedId,
        };
        let place = At::Text(text.place(skipped.range.start));
        report.lose(kind, source.given_path(), place, skipped.range.len() as u64, &skipped.reason);
    }
    Ok(resident)
}

pub(super) const REPEATED: &str = "a row before has the same id";

/// The layout for what a journal holds when there is no file.
pub(super) fn layout_of_missing(source: &Source, journal: &Salvage) -> Layout {
    let mut layout = source.layout_of_new();
    if let Some(key) = key_of(journal) {
        layout.key = key;
    }
    layout
}

pub(super) fn key_of(journal: &Salvage) -> Option<Key> {
    journal.header.as_ref().and_then(|header| key_of_header(&header.key))
}

fn from_json(source: &Source, text: &Text, mut pieces: Pieces, journal: &Salvage) -> Result<(Resident, Pieces)> {
    let layout = match key_of(journal) {
        Some(key) => Layout { key, csv: None },
        None => json_layout(source, text, &pieces.rows)?,
    };
    let key = layout.key.clone();
    let mut resident = empty(layout);
    let mut assembler = Assembler::default();
    for piece in std::mem::take(&mut pieces.rows) {
        let record = json::row_of(text, &piece).and_then(|row| key.record_of(row, piece.number, &mut assembler));
        put(&mut resident, piece, record, &mut pieces)?;
    }
    Ok((resident, pieces))
}

/// What most rows say about ids, since the first may be the damaged one.
fn json_layout(source: &Source, text: &Text, rows: &[Piece]) -> Result<Layout> {
    let named = source.config.id_field.as_deref().filter(|name| *name != "_id").unwrap_or("id");
    let kind_of = |row: &Row| match row.id {
        Some(_) => 0,
        None if row.fields.iter().any(|(name, _)| name == named) => 1,
        None => 2,
    };
    let sample = usize::try_from(source.config.infer_rows).unwrap_or(usize::MAX).max(1);
    let sampled = || rows.iter().take(sample).filter_map(|piece| json::row_of(text, piece).ok());
    let mut votes = [0_u64; 3];
    sampled().for_each(|row| votes[kind_of(&row)] += 1);
    let winner = (0..3).rev().max_by_key(|kind| votes[*kind]).unwrap_or_default();
    let mut rows = sampled().filter(|row| kind_of(row) == winner);
    source.json_layout(|| Ok(rows.next()))
}

fn from_csv(source: &Source, text: &Text, limit: usize, journal: &Salvage) -> Result<(Resident, Pieces)> {
    let fingerprint = Fingerprint::of_path(&source.path).map_err(|error| source.place(error))?;
    let plain = |infer_rows| {
        let compression = Some(Compression::None);
        Source::new(FileConfig { infer_rows, compression, ..source.config.clone() })
    };
    let header_only = plain(0)?.discover(Box::new(Cursor::new(Arc::clone(&text.bytes))), fingerprint.as_ref());
    let header = match header_only {
        Ok(Layout { csv: Some(csv), .. }) if !csv.columns.is_empty() => csv,
        Ok(layout) => return Ok((empty(layout), Pieces::default())),
        Err(error) if journal.commits.is_empty() => {
            return Err(error.with_hint("nothing else says what the columns are: mend the header row first"));
        }
        Err(error) => {
            let mut pieces = Pieces::default();
            pieces.skip(0..text.bytes.len(), error);
            return Ok((empty(layout_of_missing(source, journal)), pieces));
        }
    };
    let limit = header.sidecar.as_ref().map_or(limit, |sidecar| sidecar.row_limit(limit));
    let (length, mut pieces) = csv::rows(text, &header, limit)?;
    let plain = plain(source.config.infer_rows)?;
    // The rows without the damage between them: what a whole file would be.
    let mut whole = text.bytes[..length].to_vec();
    pieces.rows.iter().for_each(|piece| whole.extend_from_slice(&text.bytes[piece.range.clone()]));
    let mut wide = 0;
    let layout = loop {
        let error = match plain.discover(Box::new(Cursor::new(whole.clone())), fingerprint.as_ref()) {
            Ok(layout) => break layout,
            Err(error) => error,
        };
        let line = error.context_value("line").and_then(|line| line.parse::<usize>().ok());
        let at = line.and_then(|line| row_at_line(&whole, length, line, &pieces.rows));
        match at {
            Some(at) if wide < MAX_WIDE_ROWS => {
                wide += 1;
                let piece = pieces.rows.remove(at);
                pieces.skipped.push(Skipped { range: piece.range, reason: error, is_row: true });
                whole.truncate(length);
                pieces.rows.iter().for_each(|piece| whole.extend_from_slice(&text.bytes[piece.range.clone()]));
            }
            _ => return Err(error),
        }
    };
    let mut records = plain.rows(Box::new(Cursor::new(whole)), &layout)?;
    let is_numbered = layout.key.source == KeySource::Ordinal;
    let mut resident = empty(layout);
    for piece in std::mem::take(&mut pieces.rows) {
        let record = match records.next() {
            Ok(Some(mut record)) => {
                if is_numbered {
                    record.set_id(ordinal_id(piece.number));
                }
                Ok(record)
            }
            Ok(None) => Err(Error::corrupt("the row cannot be read a second time")),
            Err(error) => Err(error),
        };
        put(&mut resident, piece, record, &mut pieces)?;
    }
    Ok((resident, pieces))
}

/// Which of the rows behind a header of so many bytes stands at a line.
fn row_at_line(whole: &[u8], header: usize, line: usize, rows: &[Piece]) -> Option<usize> {
    let byte = memchr::memchr_iter(b'\n', whole).nth(line.checked_sub(2)?)? + 1;
    let mut start = header;
    rows.iter().position(|piece| {
        let range = start..start + piece.range.len();
        start = range.end;
        range.contains(&byte)
    })
}

fn put(resident: &mut Resident, piece: Piece, record: Result<Record>, pieces: &mut Pieces) -> Result<()> {
    let reason = match record {
        Ok(record) if record.id().is_some_and(|id| resident.table.get(id).is_some()) => Error::corrupt(REPEATED),
        Ok(record) => return resident.put(record),
        Err(reason) => reason,
    };
    pieces.skipped.push(Skipped { range: piece.range, reason, is_row: true });
    Ok(())
}
