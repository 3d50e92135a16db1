//! What is done on one connection with a table of columns.

use dataknobs_data_core::backend::{Changes, ModifyAction, ScanRequest, WriteAction, WriteOutcome, WriteRequest};
use dataknobs_data_core::{BatchFailure, Condition, Error, ErrorKind, Record, RecordId, Result, Value, Version};
use tokio_postgres::Row;

use super::kind::Kind;
use super::many::{Deed, Run};
use super::query::{push_after, push_condition, push_order};
use super::read::VERSION;
use super::{Column, ColumnTable};
use crate::connection::Connection;
use crate::sql::{Parameter, Sql};
use crate::unit::Unit;
use crate::work::{already_exists, conflict, needed};

/// How many keys that the server made may be taken before that is an error.
const ATTEMPTS: u32 = 10_000;

/// A connection and the table.
pub(crate) struct ColumnWork<'a> {
    pub(crate) unit: Unit<'a>,
    pub(crate) table: &'a ColumnTable,
}

impl ColumnWork<'_> {
    pub(super) fn connection(&self) -> &Connection {
        self.unit.connection
    }

    fn selecting(&self) -> Sql {
        Sql::new(format!("SELECT {} FROM {} AS t", self.table.whole.selection(self.table), self.table.sql))
    }

    async fn row(&self, id: &str, lock: bool) -> Result<Option<Row>> {
        let mut sql = self.selecting();
        let Some(test) = self.table.has_id(&mut sql, id) else { return Ok(None) };
        sql.push(&format!(" WHERE {test}"));
        if lock {
            sql.push(" FOR UPDATE");
        }
        self.connection().first(&sql.text, &sql.parameters).await
    }

    pub(crate) async fn read(&self, id: &str) -> Result<Option<Record>> {
        let row = self.row(id, false).await?;
        let record = row.map(|row| self.table.whole.record(self.table, &row)).transpose()?;
        // A key that compares equal to another text than its own is another id.
        Ok(record.filter(|record| record.id().is_some_and(|found| found == id)))
    }

    pub(crate) async fn exists(&self, id: &str) -> Result<bool> {
        let mut sql = Sql::default();
        let Some(test) = self.table.has_id(&mut sql, id) else { return Ok(false) };
        sql.text = format!("SELECT {} FROM {} AS t WHERE {test}", self.table.id_text(), self.table.sql);
        let row = self.connection().first(&sql.text, &sql.parameters).await?;
        Ok(row.is_some_and(|row| row.get::<_, &str>(0) == id))
    }

    /// The statement that a scan is.
    pub(crate) fn scan(&self, request: &ScanRequest) -> Sql {
        let reading = self.table.reading(request.projection.as_deref());
        self.scan_of(&reading.as_ref().unwrap_or(&self.table.whole).selection(self.table), request)
    }

    /// The statement of a scan that selects so much of its rows.
    pub(crate) fn scan_of(&self, selection: &str, request: &ScanRequest) -> Sql {
        let mut sql = Sql::new(format!("SELECT {selection} FROM {} AS t", self.table.sql));
        self.push_where(&mut sql, &request.condition);
        if let Some(after) = &request.after {
            sql.push(if request.condition.is_true() { " WHERE " } else { " AND " });
            push_after(&mut sql, self.table, after, &request.sort);
        }
        push_order(&mut sql, self.table, &request.sort);
        sql.push_page(request);
        sql
    }

    fn push_where(&self, sql: &mut Sql, condition: &Condition) {
        if !condition.is_true() {
            sql.push(" WHERE ");
            push_condition(sql, self.table, condition);
        }
    }

    pub(crate) async fn count(&self, condition: &Condition) -> Result<u64> {
        let mut sql = Sql::new(format!("SELECT count(*) FROM {} AS t", self.table.sql));
        self.push_where(&mut sql, condition);
        crate::work::count_of(self.connection(), &sql).await
    }

    /// One write.
    pub(crate) async fn write(&self, request: WriteRequest) -> Result<WriteOutcome> {
        let WriteRequest { id, action, expected_version, .. } = request;
        match action {
            WriteAction::Create(record) => self.create(id, record, false).await,
            WriteAction::Upsert(record) => match (id, expected_version) {
                (id, None) => self.create(id, record, true).await,
                (Some(id), expected) => self.replace(id, record, expected.as_ref()).await,
                (None, Some(_)) => Err(conflict()),
            },
            WriteAction::Update(record) => self.replace(needed(id)?, record, expected_version.as_ref()).await,
            WriteAction::Patch(changes) => self.patch(needed(id)?, &changes, expected_version.as_ref()).await,
            WriteAction::Delete => self.delete(needed(id)?, expected_version.as_ref()).await,
            _ => Err(Error::unsupported("this store does not know such a write")),
        }
    }

    /// The writes in their order, all of them or none.
    pub(crate) async fn write_batch(&self, writes: Vec<WriteRequest>) -> Result<Vec<WriteOutcome>> {
        self.unit.begin("dk_batch").await?;
        let inside = ColumnWork { unit: self.unit.inside(), table: self.table };
        let written = inside.write_all(writes).await;
        self.unit.end("dk_batch", written).await
    }

    /// Writes that follow one another and are alike go together.
    async fn write_all(&self, writes: Vec<WriteRequest>) -> Result<Vec<WriteOutcome>> {
        let mut outcomes: Vec<WriteOutcome> = Vec::with_capacity(writes.len());
        let mut run = Run::of(Deed::Create);
        let mut deleted: Vec<RecordId> = Vec::new();
        for (index, write) in writes.into_iter().enumerate() {
            let joint = self.joint(write).map_err(|error| failed(index, error))?;
            if !deleted.is_empty() && !matches!(joint, Joint::Delete(_)) {
                self.delete_run(&std::mem::take(&mut deleted), &mut outcomes).await?;
            }
            match joint {
                Joint::Row(deed, id, record) => {
                    if !run.takes(deed, &id, &record) {
                        self.write_run(std::mem::replace(&mut run, Run::of(deed)), &mut outcomes).await?;
                    }
                    run.push(id, record);
                }
                Joint::Delete(id) => {
                    self.write_run(std::mem::replace(&mut run, Run::of(Deed::Create)), &mut outcomes).await?;
                    deleted.push(id);
                }
                Joint::Alone(write) => {
                    self.write_run(std::mem::replace(&mut run, Run::of(Deed::Create)), &mut outcomes).await?;
                    outcomes.push(self.write(write).await.map_err(|error| failed(index, error))?);
                }
            }
        }
        self.delete_run(&deleted, &mut outcomes).await?;
        self.write_run(run, &mut outcomes).await?;
        Ok(outcomes)
    }

    /// How a write can go with others: where its id is known, and no version is expected.
    fn joint(&self, write: WriteRequest) -> Result<Joint> {
        let WriteRequest { id, action, expected_version, .. } = write;
        let alone = |action| Joint::Alone(WriteRequest::new(id.clone(), action).expecting(expected_version.clone()));
        if expected_version.is_some() {
            return Ok(alone(action));
        }
        Ok(match (action, &id) {
            (WriteAction::Create(record), _) => match self.id_for(id.as_ref(), &record) {
                Some(id) => Joint::Row(Deed::Create, id.clone(), self.with_key(record, &id)?),
                None => alone(WriteAction::Create(record)),
            },
            (WriteAction::Upsert(record), _) => match self.id_for(id.as_ref(), &record) {
                Some(id) => Joint::Row(Deed::Upsert, id.clone(), self.with_key(record, &id)?),
                None => alone(WriteAction::Upsert(record)),
            },
            (WriteAction::Update(record), Some(id)) if self.table.key_parts(id).is_some() => {
                Joint::Row(Deed::Update, id.to_string(), self.with_key(record, id)?)
            }
            (WriteAction::Delete, Some(id)) => Joint::Delete(id.clone()),
            (action, _) => alone(action),
        })
    }

    /// The id that a new record has by itself or is given here; none where the server makes it.
    fn id_for(&self, id: Option<&RecordId>, record: &Record) -> Option<String> {
        id.map(ToString::to_string).or_else(|| self.table.own_id(record)).or_else(|| self.new_id())
    }

    /// Gives a record the key that its id says, or refuses one that says another.
    fn with_key(&self, mut record: Record, id: &str) -> Result<Record> {
        if self.table.own_id(&record).is_some_and(|own| own != id) {
            return Err(Error::invalid_record("the record's key is not its id")
                .with_context("id", format!("`{}`", id.escape_debug())));
        }
        let unfit = || {
            Error::invalid_record("the key cannot hold this id").with_context("id", format!("`{}`", id.escape_debug()))
        };
        let parts = self.table.parts(id).ok_or_else(unfit)?;
        // Not a text that the column would hold as another one.
        self.table.has_id(&mut Sql::default(), id).ok_or_else(unfit)?;
        for (place, part) in self.table.key.iter().zip(parts) {
            let column = &self.table.columns[*place];
            if record.get(&column.name).is_some_and(|value| !value.is_null()) {
                continue;
            }
            let value = key_value(column, part).ok_or_else(unfit)?;
            record.set(&column.name, value)?;
        }
        Ok(record)
    }

    /// An id for a key that the server has no value for.
    fn new_id(&self) -> Option<String> {
        let key = self.table.single_key().filter(|key| !key.has_default && !key.generated)?;
        let fits = matches!(key.kind, Kind::Text { .. } | Kind::Named { uuid: true });
        fits.then(|| RecordId::generate().to_string())
    }

    pub(super) async fn create(&self, id: Option<RecordId>, record: Record, replace: bool) -> Result<WriteOutcome> {
        let id = self.id_for(id.as_ref(), &record);
        let record = match &id {
            Some(id) => self.with_key(record, id)?,
            None => record,
        };
        let mut sql = Sql::default();
        let assignments = self.table.assignments(&mut sql, &record)?;
        let names: Vec<&str> =
            assignments.iter().map(|(place, _)| self.table.columns[*place].quoted.as_str()).collect();
        let values: Vec<&str> = assignments.iter().map(|(_, value)| value.as_str()).collect();
        let mut text = format!("INSERT INTO {} AS t ", self.table.sql);
        if assignments.is_empty() {
            text.push_str("DEFAULT VALUES");
        } else {
            text.push_str(&format!("({}) OVERRIDING SYSTEM VALUE VALUES ({})", names.join(", "), values.join(", ")));
        }
        if replace && id.is_some() {
            let places: Vec<usize> = assignments.iter().map(|(place, _)| *place).collect();
            text.push(' ');
            text.push_str(&self.table.replacing(&places));
        } else if self.unit.in_transaction {
            text.push(' ');
            text.push_str(&self.table.keeping());
        }
        text.push_str(&format!(" RETURNING {}, {VERSION}, xmax <> 0", self.table.id_text()));
        sql.text = text;
        let mut attempts = 0;
        let row = loop {
            let row = match self.connection().first(&sql.text, &sql.parameters).await {
                Err(error) if error.kind() == ErrorKind::AlreadyExists && !(replace && id.is_some()) => None,
                row => row?,
            };
            // A key of the server's own making that is taken: the next one may be free.
            attempts += 1;
            if row.is_some() || id.is_some() || attempts == ATTEMPTS {
                break row;
            }
        };
        match (row, &id) {
            (Some(row), _) => {
                let made: &str = row.get(0);
                let version: &str = row.get(1);
                Ok(WriteOutcome::new(RecordId::new(made)?, row.get::<_, bool>(2), Version::from_token(version)))
            }
            // A table of nothing but its key, and the row is there.
            (None, Some(id)) if replace => Ok(WriteOutcome::new(RecordId::new(id.as_str())?, true, None)),
            (None, Some(id)) => Err(already_exists(id)),
            (None, None) => Err(Error::new(ErrorKind::AlreadyExists, "a record with this key is there already")),
        }
    }

    /// Adds that a row is the one that is expected.
    fn push_expected(&self, sql: &mut Sql, expected: Option<&Version>) {
        if let Some(expected) = expected {
            let bound = sql.bind(Parameter::text(expected.to_string()));
            sql.push(&format!(" AND {VERSION} = {bound}"));
        }
    }

    pub(super) async fn replace(
        &self,
        id: RecordId,
        record: Record,
        expected: Option<&Version>,
    ) -> Result<WriteOutcome> {
        let missing = || match expected {
            Some(_) => Err(conflict()),
            None => Ok(WriteOutcome::new(id.clone(), false, None)),
        };
        if self.table.has_id(&mut Sql::default(), &id).is_none() {
            return missing();
        }
        let record = self.with_key(record, &id)?;
        let mut sql = Sql::default();
        let assignments = self.table.assignments(&mut sql, &record)?;
        let value = |place| assignments.iter().find(|(set, _)| *set == place).map(|(_, value)| value.clone());
        let sets = self.table.sets(value).unwrap_or_else(|| self.table.touching());
        sql.text = format!("UPDATE {} AS t SET {sets}", self.table.sql);
        let Some(test) = self.table.has_id(&mut sql, &id) else { return missing() };
        sql.push(&format!(" WHERE {test}"));
        self.push_expected(&mut sql, expected);
        sql.push(&format!(" RETURNING {VERSION}"));
        match self.connection().first(&sql.text, &sql.parameters).await? {
            Some(row) => Ok(WriteOutcome::new(id, true, Version::from_token(row.get::<_, &str>(0)))),
            None => missing(),
        }
    }

    async fn patch(&self, id: RecordId, changes: &Changes, expected: Option<&Version>) -> Result<WriteOutcome> {
        self.unit.begin("dk_patch").await?;
        let patched = async {
            let row = self.row(&id, true).await?;
            let record = row.map(|row| self.table.whole.record(self.table, &row)).transpose()?;
            let Some(mut record) = record.filter(|record| record.id() == Some(&id)) else {
                return match expected {
                    Some(_) => Err(conflict()),
                    None => Ok(WriteOutcome::new(id, false, None)),
                };
            };
            if expected.is_some_and(|expected| record.version() != Some(expected)) {
                return Err(conflict());
            }
            self.change(&mut record, changes)?;
            self.replace(id, record, None).await
        };
        let patched = patched.await;
        self.unit.end("dk_patch", patched).await
    }

    /// Applies changes. A column stays where its field is taken away: null.
    fn change(&self, record: &mut Record, changes: &Changes) -> Result<()> {
        changes.apply(record)?;
        for column in &self.table.columns {
            if record.get(&column.name).is_none() {
                record.set(&column.name, Value::Null)?;
            }
        }
        Ok(())
    }

    async fn delete(&self, id: RecordId, expected: Option<&Version>) -> Result<WriteOutcome> {
        let mut sql = Sql::new(format!("DELETE FROM {} AS t WHERE ", self.table.sql));
        let deleted = match self.table.has_id(&mut sql, &id) {
            None => 0,
            Some(test) => {
                sql.push(&test);
                self.push_expected(&mut sql, expected);
                self.connection().execute(&sql.text, &sql.parameters).await?
            }
        };
        match (deleted, expected) {
            (0, Some(_)) => Err(conflict()),
            (deleted, _) => Ok(WriteOutcome::new(id, deleted > 0, None)),
        }
    }

    pub(crate) async fn modify(&self, condition: &Condition, action: &ModifyAction) -> Result<u64> {
        match action {
            ModifyAction::Delete => {
                let mut sql = Sql::new(format!("DELETE FROM {} AS t", self.table.sql));
                self.push_where(&mut sql, condition);
                self.connection().execute(&sql.text, &sql.parameters).await
            }
            ModifyAction::Patch(changes) => {
                self.unit.begin("dk_modify").await?;
                let inside = ColumnWork { unit: self.unit.inside(), table: self.table };
                let modified = inside.modify_found(condition, changes).await;
                self.unit.end("dk_modify", modified).await
            }
            _ => Err(Error::unsupported("this store does not know such a change")),
        }
    }

    async fn modify_found(&self, condition: &Condition, changes: &Changes) -> Result<u64> {
        let mut sql = self.selecting();
        self.push_where(&mut sql, condition);
        push_order(&mut sql, self.table, &[]);
        sql.push(" FOR UPDATE");
        let rows = self.connection().query_once(&sql).await?;
        for row in &rows {
            let mut record = self.table.whole.record(self.table, row)?;
            let Some(id) = record.id().cloned() else { continue };
            self.change(&mut record, changes)?;
            self.replace(id, record, None).await?;
        }
        Ok(rows.len() as u64)
    }
}

/// How a write of a batch is made.
enum Joint {
    /// With others of its kind.
    Row(Deed, String, Record),
    Delete(RecordId),
    Alone(WriteRequest),
}

pub(super) fn failed(index: usize, error: Error) -> Error {
    Error::new(error.kind(), "a write of the batch failed, so that nothing was written")
        .with_failures(vec![BatchFailure { index, error }])
}

/// A part of an id as a value of its column.
fn key_value(column: &Column, part: String) -> Option<Value> {
    Some(match &column.kind {
        Kind::Integer => Value::Integer(part.parse().ok()?),
        Kind::Boolean => Value::Boolean(part.parse().ok()?),
        Kind::Text { .. } | Kind::Named { .. } => Value::from(part),
        Kind::Date => Value::DateTime(part.parse().ok()?),
        _ => return None,
    })
}
