//! Many rows in one statement: each column is an array of its values, so that the statement's text
//! is the same for any number of rows.

use std::collections::{HashMap, HashSet};

use dataknobs_data_core::backend::WriteOutcome;
use dataknobs_data_core::{Error, Record, RecordId, Result, Value, Version};
use foldhash::fast::RandomState;
use serde_json::Value as Json;
use tokio_postgres::Row;

use super::ColumnTable;
use super::read::VERSION;
use super::work::{ColumnWork, failed};
use super::write::{cast, check_metadata, element, parameter};
use crate::error::breaks_connection;
use crate::sql::{ArrayParameter, Sql};

/// One statement takes so many rows, or about so many bytes.
const ROWS: usize = 50_000;
const BYTES: usize = 16 * 1024 * 1024;

/// What is done with a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Deed {
    Create,
    Upsert,
    Update,
}

/// Writes that follow one another and go in one statement.
pub(super) struct Run {
    deed: Deed,
    rows: Vec<(String, Record)>,
    ids: HashSet<String, RandomState>,
    bytes: usize,
}

impl Run {
    pub(super) fn of(deed: Deed) -> Self {
        Run { deed, rows: Vec::new(), ids: HashSet::default(), bytes: 0 }
    }

    /// Whether a write can go with those that are here. A statement writes no row twice.
    pub(super) fn takes(&self, deed: Deed, id: &str, record: &Record) -> bool {
        let alike = self.rows.first().is_none_or(|(_, first)| first.shape() == record.shape());
        self.deed == deed && alike && self.rows.len() < ROWS && self.bytes < BYTES && !self.ids.contains(id)
    }

    pub(super) fn push(&mut self, id: String, record: Record) {
        self.bytes += record.values().iter().map(size).sum::<usize>();
        self.ids.insert(id.clone());
        self.rows.push((id, record));
    }
}

/// About how many bytes a value is on the wire.
fn size(value: &Value) -> usize {
    fn of_document(document: &Json) -> usize {
        match document {
            Json::Array(items) => items.iter().map(of_document).sum::<usize>() + 2,
            Json::Object(members) => members.iter().map(|(name, value)| name.len() + of_document(value) + 4).sum(),
            Json::String(text) => text.len() + 2,
            _ => 8,
        }
    }
    match value {
        Value::String(text) => text.len(),
        Value::Binary(bytes) => bytes.len(),
        Value::Json(document) => of_document(document),
        _ => 8,
    }
}

impl ColumnTable {
    /// The arrays of what records of one kind set, and the places of these columns.
    fn arrays(&self, rows: &[(String, Record)], start: usize) -> Result<(Vec<usize>, Vec<ArrayParameter>)> {
        let Some((_, first)) = rows.first() else { return Ok((Vec::new(), Vec::new())) };
        let mut sources = Vec::with_capacity(first.len());
        for (at, field) in first.fields().enumerate() {
            let place = self.place_of(field.name()).map_err(|error| failed(start, error))?;
            if !self.columns[place].generated {
                sources.push((at, place));
            }
        }
        let element = |(_, place): &(usize, usize)| ArrayParameter::of(&element(&self.columns[*place].kind));
        let mut arrays: Vec<ArrayParameter> = sources.iter().map(element).collect();
        for (index, (_, record)) in rows.iter().enumerate() {
            check_metadata(record).map_err(|error| failed(start + index, error))?;
            let values = record.values();
            for ((at, place), array) in sources.iter().zip(&mut arrays) {
                let value = parameter(&self.columns[*place], &values[*at]);
                array.push(value.map_err(|error| failed(start + index, error))?.as_bytes());
            }
        }
        Ok((sources.into_iter().map(|(_, place)| place).collect(), arrays))
    }

    /// The arrays of the keys of ids, without those that no row can have.
    fn keys<'a>(&self, ids: impl Iterator<Item = &'a str>) -> Vec<ArrayParameter> {
        let mut arrays: Vec<ArrayParameter> =
            self.key.iter().map(|place| ArrayParameter::of(&self.columns[*place].key_element())).collect();
        for id in ids {
            let Some(parts) = self.key_parts(id) else { continue };
            arrays.iter_mut().zip(&parts).for_each(|(array, part)| array.push(part.as_bytes()));
        }
        arrays
    }

    /// The keys of ids as the rows `v`.
    fn keyed(&self, sql: &mut Sql, ids: &[RecordId]) -> String {
        rows_of(sql, numbered('k', self.keys(ids.iter().map(RecordId::as_str))))
    }

    /// That a row's key is the one in `v`.
    fn is_key(&self) -> String {
        let test = |(at, place): (usize, &usize)| self.columns[*place].is_key(&format!("v.k{at}"));
        self.key.iter().enumerate().map(test).collect::<Vec<_>>().join(" AND ")
    }
}

/// The rows of arrays as `v`, with columns of these names.
fn rows_of(sql: &mut Sql, arrays: Vec<(String, ArrayParameter)>) -> String {
    let (names, bound): (Vec<String>, Vec<String>) =
        arrays.into_iter().map(|(name, array)| (name, sql.bind(array.finish()))).unzip();
    format!("unnest({}) AS v({})", bound.join(", "), names.join(", "))
}

fn numbered(letter: char, arrays: Vec<ArrayParameter>) -> Vec<(String, ArrayParameter)> {
    arrays.into_iter().enumerate().map(|(at, array)| (format!("{letter}{at}"), array)).collect()
}

/// What became of each write, by the rows that the server answers with; none where they do not tell.
fn outcomes_of(deed: Deed, rows: &[(String, Record)], answers: &[Row]) -> Result<Option<Vec<WriteOutcome>>> {
    let mut found: HashMap<&str, &Row, RandomState> = HashMap::default();
    for answer in answers {
        found.insert(answer.get(0), answer);
    }
    let mut outcomes = Vec::with_capacity(rows.len());
    for (id, _) in rows {
        let answer = found.remove(id.as_str());
        if answer.is_none() && deed != Deed::Update {
            return Ok(None);
        }
        let version = answer.map(|row| Version::from_token(row.get::<_, &str>(1)));
        let is_there = answer.is_some_and(|row| row.get(2)) && deed != Deed::Create;
        outcomes.push(WriteOutcome::new(RecordId::new(id.as_str())?, is_there, version));
    }
    // A row that is nobody's has another text than the id that it was given.
    Ok(found.is_empty().then_some(outcomes))
}

impl ColumnWork<'_> {
    /// Makes the writes of a run, in whose answers they stand from `outcomes.len()` on.
    pub(super) async fn write_run(&self, run: Run, outcomes: &mut Vec<WriteOutcome>) -> Result<()> {
        let Run { deed, rows, .. } = run;
        if rows.is_empty() {
            return Ok(());
        }
        let start = outcomes.len();
        let (places, arrays) = self.table.arrays(&rows, start)?;
        if places.is_empty() {
            return Err(failed(start, Error::invalid_record("a row needs a value for one column at least")));
        }
        let sql = match deed {
            Deed::Update => self.updating(&rows, &places, arrays),
            deed => self.inserting(deed, &places, arrays),
        };
        self.connection().batch("SAVEPOINT dk_run").await?;
        let written = match self.connection().query(&sql).await {
            Ok(answers) => outcomes_of(deed, &rows, &answers)?,
            Err(error) if breaks_connection(&error) => return Err(error),
            Err(_) => None,
        };
        if let Some(written) = written {
            self.connection().batch("RELEASE SAVEPOINT dk_run").await?;
            outcomes.extend(written);
            return Ok(());
        }
        // One of them failed, or has a key that the server writes in another way: one by one, that
        // one is named.
        self.connection().batch("ROLLBACK TO SAVEPOINT dk_run; RELEASE SAVEPOINT dk_run").await?;
        for (index, (id, record)) in rows.into_iter().enumerate() {
            let id = RecordId::new(id)?;
            let written = match deed {
                Deed::Create => self.create(Some(id), record, false).await,
                Deed::Upsert => self.create(Some(id), record, true).await,
                Deed::Update => self.replace(id, record, None).await,
            };
            outcomes.push(written.map_err(|error| failed(start + index, error))?);
        }
        Ok(())
    }

    fn inserting(&self, deed: Deed, places: &[usize], arrays: Vec<ArrayParameter>) -> Sql {
        let table = self.table;
        let columns = || places.iter().map(|place| &table.columns[*place]);
        let names: Vec<&str> = columns().map(|column| column.quoted.as_str()).collect();
        let values: Vec<String> = columns().enumerate().map(|(at, column)| cast(column, format!("v.c{at}"))).collect();
        let mut sql = Sql::default();
        let rows = rows_of(&mut sql, numbered('c', arrays));
        sql.text = format!(
            "INSERT INTO {} AS t ({}) OVERRIDING SYSTEM VALUE SELECT {} FROM {rows} {} RETURNING {}, {VERSION}, xmax <> 0",
            table.sql,
            names.join(", "),
            values.join(", "),
            if deed == Deed::Upsert { table.replacing(places) } else { table.keeping() },
            table.id_text()
        );
        sql
    }

    fn updating(&self, rows: &[(String, Record)], places: &[usize], arrays: Vec<ArrayParameter>) -> Sql {
        let table = self.table;
        let value = |place| {
            let at = places.iter().position(|set| *set == place)?;
            Some(cast(&table.columns[place], format!("v.c{at}")))
        };
        let sets = table.sets(value).unwrap_or_else(|| table.touching());
        let mut all = numbered('k', table.keys(rows.iter().map(|(id, _)| id.as_str())));
        all.extend(numbered('c', arrays));
        let mut sql = Sql::default();
        let rows = rows_of(&mut sql, all);
        sql.text = format!(
            "UPDATE {} AS t SET {sets} FROM {rows} WHERE {} RETURNING {}, {VERSION}, true",
            table.sql,
            table.is_key(),
            table.id_text()
        );
        sql
    }

    /// Deletes records, and says of each whether it was there.
    pub(super) async fn delete_run(&self, ids: &[RecordId], outcomes: &mut Vec<WriteOutcome>) -> Result<()> {
        for ids in ids.chunks(ROWS) {
            let mut sql = Sql::default();
            let rows = self.table.keyed(&mut sql, ids);
            sql.text = format!(
                "DELETE FROM {} AS t USING {rows} WHERE {} RETURNING {}",
                self.table.sql,
                self.table.is_key(),
                self.table.id_text()
            );
            let answers = self.connection().query(&sql).await?;
            let mut gone: HashSet<&str, RandomState> = answers.iter().map(|row| row.get(0)).collect();
            // Of two equal ids, the first one finds the record.
            outcomes.extend(ids.iter().map(|id| WriteOutcome::new(id.clone(), gone.remove(id.as_str()), None)));
        }
        Ok(())
    }

    /// The records with these ids.
    pub(crate) async fn read_batch(&self, ids: &[RecordId]) -> Result<Vec<Option<Record>>> {
        let mut found: HashMap<RecordId, Record, RandomState> = HashMap::default();
        for ids in ids.chunks(ROWS) {
            let mut sql = Sql::default();
            let rows = self.table.keyed(&mut sql, ids);
            sql.text = format!(
                "SELECT {} FROM {} AS t JOIN {rows} ON {}",
                self.table.whole.selection(self.table),
                self.table.sql,
                self.table.is_key()
            );
            for row in self.connection().query(&sql).await? {
                let record = self.table.whole.record(self.table, &row)?;
                if let Some(id) = record.id() {
                    found.insert(id.clone(), record);
                }
            }
        }
        Ok(ids.iter().map(|id| found.get(id).cloned()).collect())
    }
}
