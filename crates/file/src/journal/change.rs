//! What a commit does, as bytes.
//!
//! ```text
//! create   1  u16 length  id  u32 length  row
//! replace  2  u16 length  id  u32 length  row
//! delete   3  u16 length  id
//! clear    4
//! folded   5  JSON: the file that holds everything before
//! ```
//! A row is the record as JSON lines hold it, without its id.

use dataknobs_data_core::{Error, Record, RecordId, Result};
use serde::Deserialize as _;

use crate::fingerprint::Fingerprint;
use crate::format::json_record::Assembler;
use crate::format::json_row::Row;
use crate::format::json_write;
use crate::key::Key;

const CREATE: u8 = 1;
const REPLACE: u8 = 2;
const DELETE: u8 = 3;
const CLEAR: u8 = 4;
const FOLDED: u8 = 5;

/// One step of a commit.
#[derive(Debug)]
pub(crate) enum Change {
    /// A record that was not there comes last.
    Create(Record),
    /// A record takes the place of the one with its id.
    Replace(Record),
    /// A record goes.
    Delete(RecordId),
    /// All records go.
    Clear,
    /// Everything up to here stands in this file.
    Folded(Fingerprint),
}

/// Adds a record to a commit.
///
/// # Errors
/// InvalidRecord when it is too large or too deep for the file.
pub(crate) fn put(
    payload: &mut Vec<u8>,
    record: &Record,
    is_new: bool,
    key: &Key,
    max_record_bytes: usize,
) -> Result<()> {
    let Some(id) = record.id() else { return Err(Error::invalid_record("a stored record needs an id")) };
    record.check_json_depth()?;
    let start = payload.len();
    payload.push(if is_new { CREATE } else { REPLACE });
    put_id(payload, id);
    let length_at = payload.len();
    payload.extend_from_slice(&[0; 4]);
    let written = json_write::append_row(payload, record);
    let length = payload.len() - length_at - 4;
    if let Err(error) = written {
        payload.truncate(start);
        return Err(error);
    }
    let in_file = length + if key.field_name().is_none() { json_write::id_bytes(id, length == 2) } else { 0 };
    if in_file > max_record_bytes {
        payload.truncate(start);
        return Err(json_write::too_large(in_file, max_record_bytes));
    }
    payload[length_at..length_at + 4].copy_from_slice(&(length as u32).to_le_bytes());
    Ok(())
}

/// Adds a deletion to a commit.
pub(crate) fn delete(payload: &mut Vec<u8>, id: &str) {
    payload.push(DELETE);
    put_id(payload, id);
}

/// Adds the deletion of all records to a commit.
pub(crate) fn clear(payload: &mut Vec<u8>) {
    payload.push(CLEAR);
}

/// The payload that says where everything before it stands.
pub(crate) fn folded(payload: &mut Vec<u8>, file: &Fingerprint) -> Result<()> {
    payload.push(FOLDED);
    serde_json::to_writer(payload, file)
        .map_err(|error| Error::corrupt("a fingerprint cannot be written").with_source(error))
}

/// The file that holds everything before this commit, if the commit says so.
pub(super) fn folded_in(payload: &[u8]) -> Result<Option<Fingerprint>> {
    match payload.split_first() {
        Some((&FOLDED, file)) => fingerprint(file).map(Some),
        _ => Ok(None),
    }
}

fn fingerprint(bytes: &[u8]) -> Result<Fingerprint> {
    serde_json::from_slice(bytes).map_err(|error| malformed().with_source(error))
}

fn put_id(payload: &mut Vec<u8>, id: &str) {
    // Ids have at most 512 bytes.
    payload.extend_from_slice(&(id.len() as u16).to_le_bytes());
    payload.extend_from_slice(id.as_bytes());
}

/// The changes of one commit, in order.
#[derive(Debug)]
pub(crate) struct Changes<'a> {
    rest: &'a [u8],
}

impl<'a> Changes<'a> {
    pub(crate) fn new(payload: &'a [u8]) -> Self {
        Changes { rest: payload }
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8]> {
        match self.rest.split_at_checked(length) {
            Some((taken, rest)) => {
                self.rest = rest;
                Ok(taken)
            }
            None => Err(malformed()),
        }
    }

    fn id(&mut self) -> Result<RecordId> {
        let length = self.take(2)?.try_into().map(u16::from_le_bytes).map_err(|_| malformed())?;
        let text = std::str::from_utf8(self.take(length.into())?).map_err(|_| malformed())?;
        RecordId::new(text).map_err(|error| malformed().with_source(error))
    }

    fn record(&mut self, assembler: &mut Assembler) -> Result<Record> {
        let id = self.id()?;
        let length = self.take(4)?.try_into().map(u32::from_le_bytes).map_err(|_| malformed())?;
        let text = self.take(length as usize)?;
        let mut deserializer = serde_json::Deserializer::from_slice(text);
        let row = Row::deserialize(&mut deserializer).map_err(|error| malformed().with_source(error))?;
        deserializer.end().map_err(|error| malformed().with_source(error))?;
        let mut record = assembler.record(row.settle(text)?)?;
        record.set_id(id);
        Ok(record)
    }

    /// The next change; none at the end.
    ///
    /// # Errors
    /// Corrupt, for bytes that are no change although their checksum was right.
    pub(crate) fn next(&mut self, assembler: &mut Assembler) -> Result<Option<Change>> {
        let Some((kind, rest)) = self.rest.split_first() else { return Ok(None) };
        self.rest = rest;
        Ok(Some(match *kind {
            CREATE => Change::Create(self.record(assembler)?),
            REPLACE => Change::Replace(self.record(assembler)?),
            DELETE => Change::Delete(self.id()?),
            CLEAR => Change::Clear,
            FOLDED => Change::Folded(fingerprint(std::mem::take(&mut self.rest))?),
            _ => return Err(malformed()),
        }))
    }
}

fn malformed() -> Error {
    Error::corrupt("a journal frame is not of the documented form")
}

#[cfg(test)]
mod tests {
    use super::*;
    use dataknobs_data_core::{Field, FieldType, Value, record};

    fn read(payload: &[u8]) -> Result<Vec<Change>> {
        let mut assembler = Assembler::default();
        let mut changes = Changes::new(payload);
        std::iter::from_fn(|| changes.next(&mut assembler).transpose()).collect()
    }

    #[test]
    fn records_come_back_as_they_were() {
        let record = Record::from_fields([
            Field::new("text", "ä\n").with_type(FieldType::Text),
            Field::new("bytes", vec![0u8, 255]).with_metadata("k", 1),
            Field::new("none", Value::Null).with_type(FieldType::Float),
            Field::new("float", 1e300),
            Field::new("whole", -0.0),
        ]);
        let record = record.unwrap().with_id("a \"b\"").unwrap().with_metadata("m", 2).unwrap();
        let mut payload = Vec::new();
        put(&mut payload, &record, true, &Key::own(), 1000).unwrap();
        delete(&mut payload, "x");
        clear(&mut payload);
        put(&mut payload, &record, false, &Key::own(), 1000).unwrap();
        let changes = read(&payload).unwrap();
        assert_eq!(changes.len(), 4);
        for (at, is_new) in [(0, true), (3, false)] {
            let (Change::Create(read) | Change::Replace(read)) = &changes[at] else { panic!("{changes:?}") };
            assert_eq!((read, read.id()), (&record, record.id()));
            assert_eq!(matches!(changes[at], Change::Create(_)), is_new);
        }
        assert!(matches!(&changes[1], Change::Delete(id) if *id == "x"));
    }

    #[test]
    fn a_record_that_is_too_large_leaves_nothing_behind() {
        let mut payload = vec![9];
        let record = record! { "a": "x".repeat(100) }.unwrap().with_id("a").unwrap();
        assert!(put(&mut payload, &record, true, &Key::own(), 50).is_err());
        assert_eq!(payload, [9]);
    }

    #[test]
    fn bytes_that_are_no_change_are_damage() {
        for payload in [&[0][..], &[6], &[1, 1], &[3, 1, 0], &[3, 0, 0], &[5, b'x'], &[1, 1, 0, b'a', 1, 0, 0, 0, b'5']]
        {
            assert!(read(payload).is_err(), "{payload:?}");
        }
    }
}
