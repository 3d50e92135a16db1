//! What is done on one connection, in a transaction of the user's or in one of its own.

use dataknobs_data_core::backend::{Changes, ModifyAction, ScanRequest, WriteAction, WriteOutcome, WriteRequest};
use dataknobs_data_core::{Condition, Error, ErrorKind, Record, RecordId, Result, Version};
use tokio_postgres::Row;
use tokio_postgres::types::{FromSql, Type};

use crate::connection::Connection;
use crate::document::query::{push_after, push_condition, push_order};
use crate::document::read::{DocumentReader, with_reader};
use crate::document::write::Document;
use crate::sql::{KeyType, Parameter, Sql};
use crate::table::DocumentTable;
use crate::unit::Unit;

/// The columns of a record, in the order in which [`record_of`] reads them.
pub(crate) const COLUMNS: &str = "id, data, meta, version, field_order";

/// A connection and a table of documents.
pub(crate) struct Work<'a> {
    pub(crate) unit: Unit<'a>,
    pub(crate) table: &'a DocumentTable,
}

/// A column as it comes on the wire.
pub(crate) struct Raw<'a>(pub(crate) &'a [u8]);

impl<'a> FromSql<'a> for Raw<'a> {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        Ok(Raw(raw))
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

fn odd_row() -> Error {
    Error::corrupt("a row is not of the documented form")
}

/// The JSON text of a column; the first byte is the version of the binary form.
fn json_text(column: Raw<'_>) -> Result<&[u8]> {
    match column.0.split_first() {
        Some((1, text)) => Ok(text),
        _ => Err(odd_row()),
    }
}

/// The record that a row is.
pub(crate) fn record_of(row: &Row, key: KeyType, reader: &mut DocumentReader) -> Result<Record> {
    let id = key.id(row.get::<_, Raw<'_>>(0).0).ok_or_else(odd_row)?;
    let named = |error: Error| error.with_context("id", format!("`{}`", id.escape_debug()));
    let data = json_text(row.get(1)).map_err(named)?;
    let meta = row.get::<_, Option<Raw<'_>>>(2).map(json_text).transpose().map_err(named)?;
    let order = row.get::<_, Option<Raw<'_>>>(4).map(|order| order.0);
    let mut record = reader.read(data, meta, order).map_err(named)?;
    record.set_version(version_of(row, 3)?);
    record.set_id(id);
    Ok(record)
}

fn version_of(row: &Row, column: usize) -> Result<Version> {
    let number: i64 = row.try_get(column).map_err(|_| odd_row())?;
    Ok(Version::from_number(u64::try_from(number).map_err(|_| odd_row())?))
}

/// The number of an expected version; none where no row can have it.
fn version_number(version: &Version) -> Option<i64> {
    i64::try_from(version.as_number()?).ok()
}

pub(crate) fn conflict() -> Error {
    Error::new(ErrorKind::Conflict, "the record is not there, or has another version than the expected one")
}

pub(crate) fn already_exists(id: &str) -> Error {
    Error::new(ErrorKind::AlreadyExists, "a record with this id is there already")
        .with_context("id", format!("`{}`", id.escape_debug()))
}

/// Whether an id is one that the key column can hold.
pub(crate) fn unfit(id: &str, key: KeyType) -> Error {
    Error::invalid_record("the key column cannot hold this id")
        .with_context("id", format!("`{}`", id.escape_debug()))
        .with_context("type", key.sql())
}

impl Work<'_> {
    fn key(&self, id: &str) -> Option<Parameter> {
        self.table.key.parameter(id)
    }

    fn key_for_writing(&self, id: &str) -> Result<Parameter> {
        self.key(id).ok_or_else(|| unfit(id, self.table.key))
    }

    pub(crate) async fn read(&self, id: &str) -> Result<Option<Record>> {
        let Some(key) = self.key(id) else { return Ok(None) };
        let row = self.unit.connection.first(&self.table.statements.read, &[key]).await?;
        row.map(|row| with_reader(|reader| record_of(&row, self.table.key, reader))).transpose()
    }

    pub(crate) async fn exists(&self, id: &str) -> Result<bool> {
        let Some(key) = self.key(id) else { return Ok(false) };
        Ok(self.unit.connection.first(&self.table.statements.exists, &[key]).await?.is_some())
    }

    /// One write.
    pub(crate) async fn write(&self, request: WriteRequest) -> Result<WriteOutcome> {
        let WriteRequest { id, action, expected_version, .. } = request;
        // A version of another store's is one that no record here has.
        let expected = expected_version.as_ref().map(|version| version_number(version).unwrap_or(-1));
        match action {
            WriteAction::Create(record) => self.create(id, record).await,
            WriteAction::Upsert(record) => match (id, expected) {
                (None, _) => self.create(None, record).await,
                (Some(id), None) => self.upsert(id, record).await,
                (Some(id), Some(_)) => {
                    let key = self.key_for_writing(&id)?;
                    self.replace(id, Some(key), &record, expected).await
                }
            },
            WriteAction::Update(record) => {
                let id = needed(id)?;
                let key = self.key(&id);
                self.replace(id, key, &record, expected).await
            }
            WriteAction::Patch(changes) => self.patch(needed(id)?, &changes, expected).await,
            WriteAction::Delete => self.delete(needed(id)?, expected).await,
            _ => Err(Error::unsupported("this store does not know such a write")),
        }
    }

    async fn create(&self, id: Option<RecordId>, record: Record) -> Result<WriteOutcome> {
        let [data, meta, order] = document_of(&record)?;
        let Some(id) = id else { return self.create_under_new_key([data, meta, order]).await };
        let parameters = [self.key_for_writing(&id)?, data, meta, order];
        let statements = &self.table.statements;
        // An error would end a transaction; outside of one, it is the cheaper way to learn of it.
        let made = if self.unit.in_transaction {
            self.unit.connection.first(&statements.create_if_absent, &parameters).await
        } else {
            match self.unit.connection.first(&statements.create, &parameters).await {
                Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(None),
                made => made,
            }
        };
        match made? {
            Some(row) => Ok(WriteOutcome::new(id, false, version_of(&row, 0)?)),
            None => Err(already_exists(&id)),
        }
    }

    /// The server makes the key. One that a record was given before is passed over.
    async fn create_under_new_key(&self, document: [Parameter; 3]) -> Result<WriteOutcome> {
        loop {
            if let Some(row) =
                self.unit.connection.first(&self.table.statements.create_under_new_key, &document).await?
            {
                let id = self.table.key.id(row.get::<_, Raw<'_>>(0).0).ok_or_else(odd_row)?;
                return Ok(WriteOutcome::new(id, false, version_of(&row, 1)?));
            }
            self.pass_used_keys().await?;
        }
    }

    /// Moves the keys that the server makes behind those that there are.
    async fn pass_used_keys(&self) -> Result<()> {
        let text = format!(
            "SELECT setval(pg_get_serial_sequence($1, 'id'), greatest((SELECT max(id) FROM {}), 1))",
            self.table.sql
        );
        self.unit.connection.first(&text, &[Parameter::text(&self.table.sql)]).await?;
        Ok(())
    }

    async fn upsert(&self, id: RecordId, record: Record) -> Result<WriteOutcome> {
        let key = self.key_for_writing(&id)?;
        let [data, meta, order] = document_of(&record)?;
        let row = self.unit.connection.first(&self.table.statements.upsert, &[key, data, meta, order]).await?;
        let row = row.ok_or_else(odd_row)?;
        Ok(WriteOutcome::new(id, row.try_get(1).map_err(|_| odd_row())?, version_of(&row, 0)?))
    }

    /// Replaces a record that is there.
    async fn replace(
        &self,
        id: RecordId,
        key: Option<Parameter>,
        record: &Record,
        expected: Option<i64>,
    ) -> Result<WriteOutcome> {
        let row = match key {
            None => None,
            Some(key) => {
                let [data, meta, order] = document_of(record)?;
                match expected {
                    None => {
                        self.unit.connection.first(&self.table.statements.update, &[key, data, meta, order]).await?
                    }
                    Some(expected) => {
                        let parameters = [key, data, meta, order, Parameter::integer(expected)];
                        self.unit.connection.first(&self.table.statements.update_expected, &parameters).await?
                    }
                }
            }
        };
        match (row, expected) {
            (Some(row), _) => Ok(WriteOutcome::new(id, true, version_of(&row, 0)?)),
            (None, Some(_)) => Err(conflict()),
            (None, None) => Ok(WriteOutcome::new(id, false, None)),
        }
    }

    async fn delete(&self, id: RecordId, expected: Option<i64>) -> Result<WriteOutcome> {
        let deleted = match self.key(&id) {
            None => 0,
            Some(key) => match expected {
                None => self.unit.connection.execute(&self.table.statements.delete, &[key]).await?,
                Some(expected) => {
                    let parameters = [key, Parameter::integer(expected)];
                    self.unit.connection.execute(&self.table.statements.delete_expected, &parameters).await?
                }
            },
        };
        match (deleted, expected) {
            (0, Some(_)) => Err(conflict()),
            (deleted, _) => Ok(WriteOutcome::new(id, deleted > 0, None)),
        }
    }

    /// Reads the record under a lock, changes it here and writes it.
    async fn patch(&self, id: RecordId, changes: &Changes, expected: Option<i64>) -> Result<WriteOutcome> {
        let Some(key) = self.key(&id) else {
            return match expected {
                Some(_) => Err(conflict()),
                None => Ok(WriteOutcome::new(id, false, None)),
            };
        };
        self.unit.begin("dk_patch").await?;
        let inside = Work { unit: self.unit.inside(), table: self.table };
        let patched = inside.patch_locked(id, key, changes, expected).await;
        self.unit.end("dk_patch", patched).await
    }

    async fn patch_locked(
        &self,
        id: RecordId,
        key: Parameter,
        changes: &Changes,
        expected: Option<i64>,
    ) -> Result<WriteOutcome> {
        let Some(row) = self.unit.connection.first(&self.table.statements.lock, std::slice::from_ref(&key)).await?
        else {
            return match expected {
                Some(_) => Err(conflict()),
                None => Ok(WriteOutcome::new(id, false, None)),
            };
        };
        let mut record = with_reader(|reader| record_of(&row, self.table.key, reader))?;
        if expected.is_some_and(|expected| record.version() != Some(&Version::from_number(expected as u64))) {
            return Err(conflict());
        }
        changes.apply(&mut record)?;
        self.replace(id, Some(key), &record, None).await
    }

    /// The statement that a scan is.
    pub(crate) fn scan(&self, request: &ScanRequest) -> Sql {
        let mut sql = Sql::new(format!("SELECT {COLUMNS} FROM {}", self.table.sql));
        self.push_where(&mut sql, &request.condition);
        if let Some(after) = &request.after {
            sql.push(if request.condition.is_true() { " WHERE " } else { " AND " });
            push_after(&mut sql, after, &request.sort, self.table.key);
        }
        push_order(&mut sql, &request.sort, self.table.key);
        sql.push_page(request);
        sql
    }

    fn push_where(&self, sql: &mut Sql, condition: &Condition) {
        if !condition.is_true() {
            sql.push(" WHERE ");
            push_condition(sql, condition, self.table.key, &*self.table.indexes());
        }
    }

    pub(crate) async fn count(&self, condition: &Condition) -> Result<u64> {
        let mut sql = Sql::new(format!("SELECT count(*) FROM {}", self.table.sql));
        self.push_where(&mut sql, condition);
        count_of(self.unit.connection, &sql).await
    }

    pub(crate) async fn modify(&self, condition: &Condition, action: &ModifyAction) -> Result<u64> {
        match action {
            ModifyAction::Delete => {
                let mut sql = Sql::new(format!("DELETE FROM {}", self.table.sql));
                self.push_where(&mut sql, condition);
                self.unit.connection.execute(&sql.text, &sql.parameters).await
            }
            ModifyAction::Patch(changes) => {
                self.unit.begin("dk_modify").await?;
                let inside = Work { unit: self.unit.inside(), table: self.table };
                let modified = inside.modify_found(condition, changes).await;
                self.unit.end("dk_modify", modified).await
            }
            _ => Err(Error::unsupported("this store does not know such a change")),
        }
    }

    /// Changes what a cursor finds, a chunk at a time.
    async fn modify_found(&self, condition: &Condition, changes: &Changes) -> Result<u64> {
        const CHUNK: usize = 2_000;
        let mut sql =
            Sql::new(format!("DECLARE dk_found NO SCROLL CURSOR FOR SELECT {COLUMNS} FROM {}", self.table.sql));
        self.push_where(&mut sql, condition);
        // In the order of ids, so that two of them wait for each other instead of both.
        sql.push(" ORDER BY id FOR UPDATE");
        self.unit.connection.query_once(&sql).await?;
        let mut reader = DocumentReader::default();
        let mut changed = 0;
        loop {
            let rows = self.unit.connection.query_once(&Sql::new(format!("FETCH {CHUNK} FROM dk_found"))).await?;
            let mut records = Vec::with_capacity(rows.len());
            for row in &rows {
                let mut record = record_of(row, self.table.key, &mut reader)?;
                changes.apply(&mut record)?;
                records.push(record);
            }
            self.update_records(&records.iter().collect::<Vec<_>>()).await?;
            changed += records.len() as u64;
            if rows.len() < CHUNK {
                self.unit.connection.batch("CLOSE dk_found").await?;
                return Ok(changed);
            }
        }
    }
}

/// The id of a write that cannot do without.
pub(crate) fn needed(id: Option<RecordId>) -> Result<RecordId> {
    id.ok_or_else(|| Error::invalid_record("a write needs an id"))
}

/// The number that a count gives.
pub(crate) async fn count_of(connection: &Connection, sql: &Sql) -> Result<u64> {
    let row = connection.first(&sql.text, &sql.parameters).await?.ok_or_else(odd_row)?;
    let count: i64 = row.try_get(0).map_err(|_| odd_row())?;
    u64::try_from(count).map_err(|_| odd_row())
}

/// What is written of a record, `data`, `meta` and `field_order`, or why it is not.
fn document_of(record: &Record) -> Result<[Parameter; 3]> {
    record.check_json_depth()?;
    let Document { data, meta, order } = Document::of(record);
    let json = |text: Option<&[u8]>| Parameter::json(text);
    Ok([json(Some(&data)), json(meta.as_deref()), Parameter::optional_text(order.as_deref())])
}

/// A commit that got no answer may have happened.
pub(crate) fn ambiguous(error: Error) -> Error {
    if !matches!(error.kind(), ErrorKind::Connection | ErrorKind::Timeout | ErrorKind::Io) {
        return error;
    }
    Error::new(ErrorKind::AmbiguousCommit, "the connection broke during the commit: it may have been made or not")
        .with_hint("read what was written before writing it again")
        .with_source(error)
}
