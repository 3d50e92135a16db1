//! Many writes at once: by COPY where there are many records, else by arrays.

use std::collections::{HashMap, HashSet};

use dataknobs_data_core::backend::{WriteAction, WriteOutcome, WriteRequest};
use dataknobs_data_core::{BatchFailure, Error, ErrorKind, Record, RecordId, Result};
use foldhash::fast::RandomState;

use crate::document::read::DocumentReader;
use crate::document::write::DocumentWriter;
use crate::rows::{Arrays, CopyPieces};
use crate::sql::{ArrayParameter, KeyType, Sql};
use crate::table::REPLACE;
use crate::work::{COLUMNS, Raw, Work, already_exists, record_of, unfit};

/// Batches from here on go by COPY.
const COPY_FROM: usize = 100;

/// About so much is bound by one statement.
const STATEMENT: usize = 8 * 1024 * 1024;

/// What all writes of a run have in common.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Run {
    Create,
    CreateUnderNewKey,
    Update,
    Upsert,
    Delete,
    Single,
}

impl Run {
    fn of(write: &WriteRequest) -> Self {
        match (&write.action, write.id.is_some()) {
            _ if write.expected_version.is_some() => Run::Single,
            (WriteAction::Create(_) | WriteAction::Upsert(_), false) => Run::CreateUnderNewKey,
            (WriteAction::Create(_), true) => Run::Create,
            (WriteAction::Update(_), true) => Run::Update,
            (WriteAction::Upsert(_), true) => Run::Upsert,
            (WriteAction::Delete, true) => Run::Delete,
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

/// The id and the record of a write that has both.
fn row_in(write: &WriteRequest) -> Option<(&RecordId, &Record)> {
    Some((write.id.as_ref()?, record_in(write)?))
}

fn failed(index: usize, error: Error) -> Error {
    Error::new(error.kind(), "a write of the batch failed, so that nothing was written")
        .with_failures(vec![BatchFailure { index, error }])
}

fn outcome(found: bool) -> impl Fn(&WriteRequest) -> Option<WriteOutcome> {
    move |write| Some(WriteOutcome::new(write.id.clone()?, found, None))
}

impl Work<'_> {
    /// The writes in their order, all of them or none.
    pub(crate) async fn write_batch(&self, writes: Vec<WriteRequest>) -> Result<Vec<WriteOutcome>> {
        self.check(&writes)?;
        self.unit.begin("dk_batch").await?;
        let inside = Work { unit: self.unit.inside(), table: self.table };
        let written = inside.write_runs(writes).await;
        self.unit.end("dk_batch", written).await
    }

    /// What can be known before anything is written.
    fn check(&self, writes: &[WriteRequest]) -> Result<()> {
        for (index, write) in writes.iter().enumerate() {
            let makes = matches!(write.action, WriteAction::Create(_) | WriteAction::Upsert(_));
            if let (Some(id), true) = (&write.id, makes && self.table.key != KeyType::Text)
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
                Run::CreateUnderNewKey => outcomes.extend(self.create_under_new_keys(&rest[..length]).await?),
                Run::Update => outcomes.extend(self.update_run(&rest[..length]).await?),
                Run::Upsert => outcomes.extend(self.upsert_run(&rest[..length]).await?),
                Run::Delete => outcomes.extend(self.delete_run(&rest[..length]).await?),
            }
            rest = &rest[length..];
        }
        Ok(outcomes)
    }

    async fn create_run(&self, writes: &[WriteRequest], start: usize) -> Result<Vec<WriteOutcome>> {
        if writes.len() < COPY_FROM {
            if let Some(error) = second_of_two(writes, start) {
                return Err(error);
            }
            let made = self.insert(writes).await?;
            let first = writes.iter().enumerate().find_map(|(index, write)| {
                let id = write.id.as_ref()?;
                (!made.contains(id)).then(|| failed(start + index, already_exists(id)))
            });
            return match first {
                Some(error) => Err(error),
                None => Ok(writes.iter().filter_map(outcome(false)).collect()),
            };
        }
        self.unit.connection.batch("SAVEPOINT dk_copy").await?;
        match self.copy(&self.table.sql, writes.iter().filter_map(row_in)).await {
            Ok(_) => {
                self.unit.connection.batch("RELEASE SAVEPOINT dk_copy").await?;
                Ok(writes.iter().filter_map(outcome(false)).collect())
            }
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                self.unit.connection.batch("ROLLBACK TO SAVEPOINT dk_copy; RELEASE SAVEPOINT dk_copy").await?;
                match second_of_two(writes, start) {
                    Some(error) => Err(error),
                    None => Err(self.first_taken(writes, start).await?),
                }
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
            Some((index, id)) => failed(start + index, already_exists(id)),
            // Removed again meanwhile, or made after this transaction began.
            None => failed(start, Error::new(ErrorKind::AlreadyExists, "a record of the batch is there already")),
        })
    }

    async fn ids_of(&self, sql: &Sql) -> Result<HashSet<RecordId, RandomState>> {
        let rows = self.unit.connection.query(sql).await?;
        Ok(rows.iter().filter_map(|row| self.table.key.id(row.get::<_, Raw<'_>>(0).0)).collect())
    }

    async fn copy<'b>(&self, into: &str, rows: impl Iterator<Item = (&'b RecordId, &'b Record)>) -> Result<u64> {
        let text = format!("COPY {into} (id, data, meta, field_order) FROM STDIN (FORMAT binary)");
        self.unit.connection.copy_in(&text, CopyPieces::new(self.table.key, rows)).await
    }

    /// The ids under which records were made.
    async fn insert(&self, writes: &[WriteRequest]) -> Result<HashSet<RecordId, RandomState>> {
        let text = format!(
            "INSERT INTO {} (id, data, meta, field_order) SELECT * FROM {} ON CONFLICT (id) DO NOTHING RETURNING id",
            self.table.sql,
            self.arrays()
        );
        let mut made = HashSet::with_hasher(RandomState::default());
        for sql in self.statements(&text, writes.iter().filter_map(row_in)) {
            made.extend(self.ids_of(&sql).await?);
        }
        Ok(made)
    }

    /// The server makes the keys, in the order of the records.
    async fn create_under_new_keys(&self, writes: &[WriteRequest]) -> Result<Vec<WriteOutcome>> {
        let text = format!(
            "INSERT INTO {} (data, meta, field_order) SELECT n.data, n.meta, n.field_order FROM ROWS FROM \
             (unnest($1::jsonb[]), unnest($2::jsonb[]), unnest($3::text[])) WITH ORDINALITY \
             AS n (data, meta, field_order, place) ORDER BY n.place ON CONFLICT (id) DO NOTHING RETURNING id",
            self.table.sql
        );
        let mut writer = DocumentWriter::default();
        let mut outcomes = Vec::with_capacity(writes.len());
        let records: Vec<&Record> = writes.iter().filter_map(record_in).collect();
        for records in records.chunks(1_000) {
            let mut arrays = Arrays::new(self.table.key);
            records.iter().for_each(|record| arrays.push(&mut writer, None, record));
            let [_, data, meta, order] = arrays.finish();
            self.unit.connection.batch("SAVEPOINT dk_keys").await?;
            let sql = Sql::with(text.as_str(), vec![data, meta, order]);
            let rows = self.unit.connection.query(&sql).await?;
            if rows.len() == records.len() {
                self.unit.connection.batch("RELEASE SAVEPOINT dk_keys").await?;
                let ids = rows.iter().filter_map(|row| self.table.key.id(row.get::<_, Raw<'_>>(0).0));
                outcomes.extend(ids.map(|id| WriteOutcome::new(id, false, None)));
                continue;
            }
            // A key was taken: which record would have had it is not known, so one by one.
            self.unit.connection.batch("ROLLBACK TO SAVEPOINT dk_keys; RELEASE SAVEPOINT dk_keys").await?;
            for record in records {
                let create = WriteRequest::new(None, WriteAction::Create((*record).clone()));
                outcomes.push(self.write(create).await?);
            }
        }
        Ok(outcomes)
    }

    /// The arrays of a statement's parameters as rows.
    fn arrays(&self) -> String {
        format!("unnest($1::{}[], $2::jsonb[], $3::jsonb[], $4::text[])", self.table.key.sql())
    }

    /// The statement as often as its arrays need, each time with a part of the rows.
    fn statements<'b>(&self, text: &str, rows: impl Iterator<Item = (&'b RecordId, &'b Record)>) -> Vec<Sql> {
        let mut writer = DocumentWriter::default();
        let mut statements = Vec::new();
        let mut arrays = Arrays::new(self.table.key);
        for (id, record) in rows {
            arrays.push(&mut writer, Some(id), record);
            if arrays.bytes() >= STATEMENT {
                let full = std::mem::replace(&mut arrays, Arrays::new(self.table.key));
                statements.push(Sql::with(text, full.finish().into()));
            }
        }
        if !arrays.is_empty() {
            statements.push(Sql::with(text, arrays.finish().into()));
        }
        statements
    }

    async fn upsert_run(&self, writes: &[WriteRequest]) -> Result<Vec<WriteOutcome>> {
        let rows = self.last_of_each(writes);
        if writes.len() < COPY_FROM {
            let text = format!(
                "INSERT INTO {} (id, data, meta, field_order) SELECT * FROM {} {REPLACE} RETURNING id, xmax <> 0",
                self.table.sql,
                self.arrays()
            );
            let there = self.said_yes(&text, rows.into_iter()).await?;
            let outcomes = writes.iter().filter_map(|write| {
                let found = there.contains(write.id.as_ref()?);
                outcome(found)(write)
            });
            return Ok(outcomes.collect());
        }
        let key = if self.table.key == KeyType::Text { "text COLLATE \"C\"" } else { self.table.key.sql() };
        let make = format!(
            "CREATE TEMPORARY TABLE dk_incoming (id {key}, data jsonb, meta jsonb, field_order text) ON COMMIT DROP"
        );
        self.unit.connection.batch(&make).await?;
        self.copy("dk_incoming", rows.into_iter()).await?;
        let text = format!(
            "INSERT INTO {} (id, data, meta, field_order) SELECT * FROM dk_incoming {REPLACE}; DROP TABLE dk_incoming",
            self.table.sql
        );
        self.unit.connection.batch(&text).await?;
        // Which of them were there is not asked: nobody who writes many needs it.
        Ok(writes.iter().filter_map(outcome(false)).collect())
    }

    async fn update_run(&self, writes: &[WriteRequest]) -> Result<Vec<WriteOutcome>> {
        let text = format!("{} RETURNING t.id, true", self.update_text());
        let there = self.said_yes(&text, self.last_of_each(writes).into_iter()).await?;
        let outcomes = writes.iter().filter_map(|write| {
            let found = there.contains(write.id.as_ref()?);
            outcome(found)(write)
        });
        Ok(outcomes.collect())
    }

    fn update_text(&self) -> String {
        format!(
            "UPDATE {} AS t SET data = n.data, meta = n.meta, field_order = n.field_order, version = DEFAULT, \
             updated_at = now() FROM {} AS n (id, data, meta, field_order) WHERE t.id = n.id",
            self.table.sql,
            self.arrays()
        )
    }

    /// The last record of each id, in the order of ids, so that of two batches one waits for the
    /// other instead of each for the other.
    fn last_of_each<'b>(&self, writes: &'b [WriteRequest]) -> Vec<(&'b RecordId, &'b Record)> {
        let fits =
            |row: &(&RecordId, &Record)| self.table.key == KeyType::Text || self.table.key.bytes(row.0).is_some();
        let mut rows: Vec<_> = writes.iter().filter_map(row_in).filter(fits).collect();
        if rows.is_sorted_by(|(a, _), (b, _)| a < b) {
            return rows;
        }
        // Stable, so that the last one of equal ids is the last one given.
        rows.sort_by_key(|(id, _)| *id);
        let mut last: Vec<(&RecordId, &Record)> = Vec::with_capacity(rows.len());
        for row in rows {
            match last.last_mut() {
                Some(before) if before.0 == row.0 => *before = row,
                _ => last.push(row),
            }
        }
        last
    }

    /// Runs a statement over records; gives the ids for which it says yes.
    async fn said_yes<'b>(
        &self,
        text: &str,
        rows: impl Iterator<Item = (&'b RecordId, &'b Record)>,
    ) -> Result<HashSet<RecordId, RandomState>> {
        let mut yes = HashSet::with_hasher(RandomState::default());
        for sql in self.statements(text, rows) {
            for row in self.unit.connection.query(&sql).await? {
                if row.get::<_, bool>(1) {
                    yes.extend(self.table.key.id(row.get::<_, Raw<'_>>(0).0));
                }
            }
        }
        Ok(yes)
    }

    /// Writes records that are there and locked.
    pub(crate) async fn update_records(&self, records: &[&Record]) -> Result<()> {
        for record in records {
            record.check_json_depth()?;
        }
        let rows = records.iter().filter_map(|record| Some((record.id()?, *record)));
        for sql in self.statements(&self.update_text(), rows) {
            self.unit.connection.execute(&sql.text, &sql.parameters).await?;
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
        let text = format!("SELECT {COLUMNS} FROM {} WHERE id = ANY($1)", self.table.sql);
        let rows = self.unit.connection.query(&Sql::with(text, vec![keys.finish()])).await?;
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

/// The second of two equal ids in one batch.
fn second_of_two(writes: &[WriteRequest], start: usize) -> Option<Error> {
    let mut seen: HashSet<&RecordId, RandomState> =
        HashSet::with_capacity_and_hasher(writes.len(), RandomState::default());
    let mut ids = writes.iter().enumerate().filter_map(|(index, write)| Some((index, write.id.as_ref()?)));
    ids.find(|(_, id)| !seen.insert(id)).map(|(index, id)| failed(start + index, already_exists(id)))
}
