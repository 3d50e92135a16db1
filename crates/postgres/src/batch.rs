//! Many writes at once: by COPY where all of them make records, else by arrays.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};

use bytes::{BufMut as _, Bytes, BytesMut};
use dataknobs_data_core::backend::{WriteAction, WriteOutcome, WriteRequest};
use dataknobs_data_core::{BatchFailure, Error, ErrorKind, Record, RecordId, Result};
use foldhash::fast::RandomState;
use tokio_postgres::types::Type;

use crate::document::read::DocumentReader;
use crate::document::write::{Document, DocumentWriter};
use crate::sql::{ArrayParameter, Sql};
use crate::work::{Raw, Work, record_of, unfit};

type Seen<'a, T> = HashMap<&'a str, T, RandomState>;

/// Batches from here on go by COPY.
const COPY_FROM: usize = 100;

/// About so much is handed to the driver at once, and bound by one statement.
const PIECE: usize = 64 * 1024;
const STATEMENT: usize = 8 * 1024 * 1024;

/// What all writes of a run have in common.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Run {
    Create,
    Update,
    Upsert,
    Delete,
    Single,
}

impl Run {
    fn of(write: &WriteRequest) -> Self {
        match &write.action {
            _ if write.expected_version.is_some() || write.id.is_none() => Run::Single,
            WriteAction::Create(_) => Run::Create,
            WriteAction::Update(_) => Run::Update,
            WriteAction::Upsert(_) => Run::Upsert,
            WriteAction::Delete => Run::Delete,
            _ => Run::Single,
        }
    }
}

fn record_in(write: &WriteRequest) -> Option<&Record> {
    match &write.action {
        WriteAction::Create(record) | WriteAction::Update(record) | WriteAction::Upsert(record) => Some(record),
        _ => None,
    }
}

fn failed(index: usize, error: Error) -> Error {
    Error::new(error.kind(), "a write of the batch failed, so that nothing was written")
        .with_failures(vec![BatchFailure { index, error }])
}

impl Work<'_> {
    /// The writes in their order, all of them or none.
    pub(crate) async fn write_batch(&self, writes: Vec<WriteRequest>) -> Result<Vec<WriteOutcome>> {
        self.check(&writes)?;
        self.begin("dk_batch").await?;
        let written = self.write_runs(writes).await;
        self.end("dk_batch", written).await
    }

    /// What can be known before anything is written.
    fn check(&self, writes: &[WriteRequest]) -> Result<()> {
        for (index, write) in writes.iter().enumerate() {
            let makes = matches!(write.action, WriteAction::Create(_) | WriteAction::Upsert(_));
            if let (Some(id), true) = (&write.id, makes)
                && self.table.key.bytes(id).is_none()
            {
                return Err(failed(index, unfit(id, self.table.key)));
            }
            if let Some(record) = record_in(write) {
                record.check_json_depth().map_err(|error| failed(index, error))?;
            }
        }
        Ok(())
    }

    async fn write_runs(&self, writes: Vec<WriteRequest>) -> Result<Vec<WriteOutcome>> {
        let mut outcomes = Vec::with_capacity(writes.len());
        let mut rest = &writes[..];
        while let Some(first) = rest.first() {
            let run = Run::of(first);
            let length = rest.iter().take_while(|write| Run::of(write) == run).count();
            let start = outcomes.len();
            match run {
                Run::Single => {
                    let outcome = self.write(first.clone()).await.map_err(|error| failed(start, error))?;
                    outcomes.push(outcome);
                    rest = &rest[1..];
                    continue;
                }
                Run::Create => outcomes.extend(self.create_run(&rest[..length], start).await?),
                Run::Update => outcomes.extend(self.update_run(&rest[..length]).await?),
                Run::Upsert => outcomes.extend(self.upsert_run(&rest[..length]).await?),
                Run::Delete => outcomes.extend(self.delete_run(&rest[..length]).await?),
            }
            rest = &rest[length..];
        }
        Ok(outcomes)
    }

    async fn create_run(&self, writes: &[WriteRequest], start: usize) -> Result<Vec<WriteOutcome>> {
        let mut seen: Seen<'_, ()> = Seen::with_capacity_and_hasher(writes.len(), RandomState::default());
        for (index, id) in writes.iter().enumerate().filter_map(|(index, write)| Some((index, write.id.as_ref()?))) {
            if seen.insert(id, ()).is_some() {
                return Err(failed(start + index, taken(id)));
            }
        }
        if writes.len() < COPY_FROM {
            let made = self.insert(writes).await?;
            let first = writes.iter().enumerate().find_map(|(index, write)| {
                let id = write.id.as_ref()?;
                (!made.contains(id)).then(|| failed(start + index, taken(id)))
            });
            return match first {
                Some(error) => Err(error),
                None => Ok(writes.iter().filter_map(outcome(false)).collect()),
            };
        }
        self.connection.batch("SAVEPOINT dk_copy").await?;
        match self.copy(writes).await {
            Ok(_) => {
                self.connection.batch("RELEASE SAVEPOINT dk_copy").await?;
                Ok(writes.iter().filter_map(outcome(false)).collect())
            }
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                self.connection.batch("ROLLBACK TO SAVEPOINT dk_copy; RELEASE SAVEPOINT dk_copy").await?;
                Err(self.first_taken(writes, start).await?)
            }
            Err(error) => Err(error),
        }
    }

    /// Which of the ids is there.
    async fn first_taken(&self, writes: &[WriteRequest], start: usize) -> Result<Error> {
        let mut keys = ArrayParameter::of(&self.table.key.element());
        let ids = || writes.iter().enumerate().filter_map(|(index, write)| Some((index, write.id.as_ref()?)));
        ids().for_each(|(_, id)| keys.push(self.table.key.bytes(id).as_deref()));
        let text = format!("SELECT id FROM {} WHERE id = ANY($1)", self.table.sql);
        let found = self.ids_of(&Sql::with(text, vec![keys.finish()])).await?;
        Ok(match ids().find(|(_, id)| found.contains(*id)) {
            Some((index, id)) => failed(start + index, taken(id)),
            // Removed again meanwhile, or made after this transaction began.
            None => failed(start, Error::new(ErrorKind::AlreadyExists, "a record of the batch is there already")),
        })
    }

    async fn ids_of(&self, sql: &Sql) -> Result<HashSet<RecordId, RandomState>> {
        let rows = self.connection.query(sql).await?;
        Ok(rows.iter().filter_map(|row| self.table.key.id(row.get::<_, Raw<'_>>(0).0)).collect())
    }

    async fn copy(&self, writes: &[WriteRequest]) -> Result<u64> {
        let text = format!("COPY {} (id, data, meta) FROM STDIN (FORMAT binary)", self.table.sql);
        let key = self.table.key;
        let rows = writes.iter().filter_map(move |write| Some((key.bytes(write.id.as_ref()?)?, record_in(write)?)));
        self.connection.copy_in(&text, CopyPieces::new(rows)).await
    }

    /// The ids under which records were made.
    async fn insert(&self, writes: &[WriteRequest]) -> Result<HashSet<RecordId, RandomState>> {
        let text = format!(
            "INSERT INTO {} (id, data, meta) SELECT * FROM unnest($1::{}[], $2::jsonb[], $3::jsonb[]) \
             ON CONFLICT (id) DO NOTHING RETURNING id",
            self.table.sql,
            self.table.key.sql()
        );
        let mut made = HashSet::with_hasher(RandomState::default());
        let rows = writes.iter().filter_map(|write| Some((write.id.as_ref()?, record_in(write)?)));
        for sql in self.statements(&text, rows) {
            made.extend(self.ids_of(&sql).await?);
        }
        Ok(made)
    }

    /// The statement as often as its arrays need, each time with a part of the rows.
    fn statements<'b>(&self, text: &str, rows: impl Iterator<Item = (&'b RecordId, &'b Record)>) -> Vec<Sql> {
        let element = self.table.key.element();
        let empty =
            || (ArrayParameter::of(&element), ArrayParameter::of(&Type::JSONB), ArrayParameter::of(&Type::JSONB));
        let mut writer = DocumentWriter::default();
        let mut statements = Vec::new();
        let (mut arrays, mut filled) = (empty(), false);
        for (id, record) in rows {
            let Document { data, meta } = writer.write(record);
            arrays.0.push(self.table.key.bytes(id).as_deref());
            arrays.1.push_json(Some(&data));
            arrays.2.push_json(meta.as_deref());
            filled = true;
            if arrays.0.len() + arrays.1.len() + arrays.2.len() >= STATEMENT {
                let (ids, data, meta) = std::mem::replace(&mut arrays, empty());
                statements.push(Sql::with(text, vec![ids.finish(), data.finish(), meta.finish()]));
                filled = false;
            }
        }
        if filled {
            let (ids, data, meta) = arrays;
            statements.push(Sql::with(text, vec![ids.finish(), data.finish(), meta.finish()]));
        }
        statements
    }

    async fn upsert_run(&self, writes: &[WriteRequest]) -> Result<Vec<WriteOutcome>> {
        let text = format!(
            "INSERT INTO {} (id, data, meta) SELECT * FROM unnest($1::{}[], $2::jsonb[], $3::jsonb[]) \
             ON CONFLICT (id) DO UPDATE SET data = EXCLUDED.data, meta = EXCLUDED.meta, \
             version = EXCLUDED.version, updated_at = now() RETURNING id, xmax <> 0",
            self.table.sql,
            self.table.key.sql()
        );
        let there = self.last_of_each(&text, writes).await?;
        Ok(writes
            .iter()
            .filter_map(|write| {
                let found = there.contains(write.id.as_ref()?);
                outcome(found)(write)
            })
            .collect())
    }

    async fn update_run(&self, writes: &[WriteRequest]) -> Result<Vec<WriteOutcome>> {
        let text = format!("{} RETURNING t.id, true", self.update_text());
        let there = self.last_of_each(&text, writes).await?;
        Ok(writes
            .iter()
            .filter_map(|write| {
                let found = there.contains(write.id.as_ref()?);
                outcome(found)(write)
            })
            .collect())
    }

    fn update_text(&self) -> String {
        format!(
            "UPDATE {} AS t SET data = n.data, meta = n.meta, version = DEFAULT, updated_at = now() \
             FROM unnest($1::{}[], $2::jsonb[], $3::jsonb[]) AS n (id, data, meta) WHERE t.id = n.id",
            self.table.sql,
            self.table.key.sql()
        )
    }

    /// Runs a statement over the last record of each id, in the order of ids, so that two batches
    /// wait for each other instead of both; gives the ids for which it says yes.
    async fn last_of_each(&self, text: &str, writes: &[WriteRequest]) -> Result<HashSet<RecordId, RandomState>> {
        let mut last: Seen<'_, &WriteRequest> = Seen::with_capacity_and_hasher(writes.len(), RandomState::default());
        for write in writes {
            if let Some(id) = &write.id
                && self.table.key.bytes(id).is_some()
            {
                match last.entry(id) {
                    Entry::Occupied(mut entry) => *entry.get_mut() = write,
                    Entry::Vacant(entry) => {
                        entry.insert(write);
                    }
                }
            }
        }
        let mut rows: Vec<(&RecordId, &Record)> =
            last.values().filter_map(|write| Some((write.id.as_ref()?, record_in(write)?))).collect();
        rows.sort_unstable_by_key(|(id, _)| *id);
        let mut there = HashSet::with_hasher(RandomState::default());
        for sql in self.statements(text, rows.into_iter()) {
            for row in self.connection.query(&sql).await? {
                if row.get::<_, bool>(1) {
                    there.extend(self.table.key.id(row.get::<_, Raw<'_>>(0).0));
                }
            }
        }
        Ok(there)
    }

    /// Writes records that are there and locked.
    pub(crate) async fn update_records(&self, records: &[&Record]) -> Result<()> {
        for record in records {
            record.check_json_depth()?;
        }
        let rows = records.iter().filter_map(|record| Some((record.id()?, *record)));
        for sql in self.statements(&self.update_text(), rows) {
            self.connection.execute(&sql).await?;
        }
        Ok(())
    }

    async fn delete_run(&self, writes: &[WriteRequest]) -> Result<Vec<WriteOutcome>> {
        let mut keys = ArrayParameter::of(&self.table.key.element());
        let mut ids: Vec<&RecordId> = writes.iter().filter_map(|write| write.id.as_ref()).collect();
        ids.sort_unstable();
        ids.iter().filter_map(|id| self.table.key.bytes(id)).for_each(|id| keys.push(Some(&id)));
        let text = format!("DELETE FROM {} WHERE id = ANY($1) RETURNING id", self.table.sql);
        let mut there = self.ids_of(&Sql::with(text, vec![keys.finish()])).await?;
        // The second of two equal ids finds nothing.
        let deletions = writes.iter().filter_map(|write| write.id.as_ref());
        Ok(deletions.map(|id| WriteOutcome::new(id.clone(), there.remove(id), None)).collect())
    }

    /// The records with these ids, each in its place.
    pub(crate) async fn read_batch(&self, ids: &[RecordId]) -> Result<Vec<Option<Record>>> {
        let mut keys = ArrayParameter::of(&self.table.key.element());
        ids.iter().filter_map(|id| self.table.key.bytes(id)).for_each(|id| keys.push(Some(&id)));
        let text = format!("SELECT {} FROM {} WHERE id = ANY($1)", crate::work::COLUMNS, self.table.sql);
        let rows = self.connection.query(&Sql::with(text, vec![keys.finish()])).await?;
        let mut reader = DocumentReader::default();
        let mut found: HashMap<RecordId, Record, RandomState> =
            HashMap::with_capacity_and_hasher(rows.len(), RandomState::default());
        for row in &rows {
            let record = record_of(row, self.table.key, &mut reader)?;
            if let Some(id) = record.id() {
                found.insert(id.clone(), record);
            }
        }
        Ok(ids.iter().map(|id| found.get(id).cloned()).collect())
    }
}

fn taken(id: &str) -> Error {
    Error::new(ErrorKind::AlreadyExists, "a record with this id is there already")
        .with_context("id", format!("`{}`", id.escape_debug()))
}

fn outcome(found: bool) -> impl Fn(&WriteRequest) -> Option<WriteOutcome> {
    move |write| Some(WriteOutcome::new(write.id.clone()?, found, None))
}

/// Rows in the binary form of COPY, in pieces.
struct CopyPieces<I> {
    rows: I,
    writer: DocumentWriter,
    buffer: BytesMut,
    started: bool,
    ended: bool,
}

impl<I> CopyPieces<I> {
    fn new(rows: I) -> Self {
        let buffer = BytesMut::with_capacity(PIECE + PIECE / 4);
        CopyPieces { rows, writer: DocumentWriter::default(), buffer, started: false, ended: false }
    }
}

impl<'a, I: Iterator<Item = (Vec<u8>, &'a Record)>> Iterator for CopyPieces<I> {
    type Item = Bytes;

    fn next(&mut self) -> Option<Bytes> {
        if self.ended {
            return None;
        }
        if !self.started {
            self.started = true;
            self.buffer.put_slice(b"PGCOPY\n\xFF\r\n\0");
            self.buffer.put_i32(0); // no flags
            self.buffer.put_i32(0); // no header extension
        }
        while self.buffer.len() < PIECE {
            let Some((id, record)) = self.rows.next() else {
                self.ended = true;
                self.buffer.put_i16(-1);
                break;
            };
            let Document { data, meta } = self.writer.write(record);
            self.buffer.put_i16(3);
            self.buffer.put_i32(id.len() as i32);
            self.buffer.put_slice(&id);
            put_json(&mut self.buffer, &data);
            match meta {
                Some(meta) => put_json(&mut self.buffer, &meta),
                None => self.buffer.put_i32(-1),
            }
        }
        Some(self.buffer.split().freeze())
    }
}

fn put_json(buffer: &mut BytesMut, text: &[u8]) {
    buffer.put_i32(text.len() as i32 + 1);
    buffer.put_u8(1); // the version of the binary form
    buffer.put_slice(text);
}
