//! Writes as JSON, for case files.

use dataknobs_data_core::{Error, Query, Record, Result, value_from_tagged, value_to_tagged};
use serde_json::{Map, Value as Json, json};

use crate::generate::{Change, Expect, Operation};

impl Operation {
    /// The JSON form: `{"operation": name, …}`.
    pub fn to_json(&self) -> Json {
        match self {
            Operation::Create(record) => json!({"operation": "create", "record": record}),
            Operation::Update(id, record, expect) => {
                json!({"operation": "update", "id": id, "record": record, "expect": name(*expect)})
            }
            Operation::Patch(id, changes, expect) => {
                json!({"operation": "patch", "id": id, "changes": all_to_json(changes), "expect": name(*expect)})
            }
            Operation::Upsert(id, record, expect) => {
                json!({"operation": "upsert", "id": id, "record": record, "expect": name(*expect)})
            }
            Operation::UpsertRecord(record) => json!({"operation": "upsert_record", "record": record}),
            Operation::Delete(id, expect) => json!({"operation": "delete", "id": id, "expect": name(*expect)}),
            Operation::CreateBatch(records) => json!({"operation": "create_batch", "records": records}),
            Operation::UpdateBatch(records) => json!({"operation": "update_batch", "records": records}),
            Operation::UpsertBatch(records) => json!({"operation": "upsert_batch", "records": records}),
            Operation::DeleteBatch(ids) => json!({"operation": "delete_batch", "ids": ids}),
            Operation::ReadBatch(ids) => json!({"operation": "read_batch", "ids": ids}),
            Operation::UpdateWhere(query, changes) => {
                json!({"operation": "update_where", "query": query.to_json(), "changes": all_to_json(changes)})
            }
            Operation::DeleteWhere(query) => json!({"operation": "delete_where", "query": query.to_json()}),
            Operation::Clear => json!({"operation": "clear"}),
            Operation::Reopen => json!({"operation": "reopen"}),
        }
    }

    /// The operation back from [`Operation::to_json`].
    ///
    /// # Errors
    /// [`Corrupt`](dataknobs_data_core::ErrorKind::Corrupt) that names the part which is wrong.
    pub fn from_json(json: Json) -> Result<Self> {
        let Json::Object(members) = json else { return Err(wrong("operation")) };
        let part = |key: &'static str| members.get(key).cloned().ok_or_else(|| wrong(key));
        let text = |key: &'static str| part(key)?.as_str().map(ToOwned::to_owned).ok_or_else(|| wrong(key));
        let record = || Record::from_json(part("record")?);
        let changes = || list(part("changes")?)?.into_iter().map(change_from_json).collect::<Result<Vec<_>>>();
        let records = || list(part("records")?)?.into_iter().map(Record::from_json).collect::<Result<Vec<_>>>();
        let ids = || -> Result<Vec<String>> {
            let ids = list(part("ids")?)?.into_iter();
            ids.map(|id| id.as_str().map(ToOwned::to_owned).ok_or_else(|| wrong("ids"))).collect()
        };
        let expect = || match text("expect")?.as_str() {
            "nothing" => Ok(Expect::Nothing),
            "current" => Ok(Expect::Current),
            "stale" => Ok(Expect::Stale),
            _ => Err(wrong("expect")),
        };
        Ok(match text("operation")?.as_str() {
            "create" => Operation::Create(record()?),
            "update" => Operation::Update(text("id")?, record()?, expect()?),
            "patch" => Operation::Patch(text("id")?, changes()?, expect()?),
            "upsert" => Operation::Upsert(text("id")?, record()?, expect()?),
            "upsert_record" => Operation::UpsertRecord(record()?),
            "delete" => Operation::Delete(text("id")?, expect()?),
            "create_batch" => Operation::CreateBatch(records()?),
            "update_batch" => Operation::UpdateBatch(records()?),
            "upsert_batch" => Operation::UpsertBatch(records()?),
            "delete_batch" => Operation::DeleteBatch(ids()?),
            "read_batch" => Operation::ReadBatch(ids()?),
            "update_where" => Operation::UpdateWhere(Query::from_json(part("query")?)?, changes()?),
            "delete_where" => Operation::DeleteWhere(Query::from_json(part("query")?)?),
            "clear" => Operation::Clear,
            "reopen" => Operation::Reopen,
            _ => return Err(wrong("operation")),
        })
    }
}

fn name(expect: Expect) -> &'static str {
    match expect {
        Expect::Nothing => "nothing",
        Expect::Current => "current",
        Expect::Stale => "stale",
    }
}

fn all_to_json(changes: &[Change]) -> Vec<Json> {
    changes.iter().map(change_to_json).collect()
}

fn change_to_json(change: &Change) -> Json {
    match change {
        Change::Set(name, value) => json!({"set": name, "value": value_to_tagged(value)}),
        Change::SetField(field) => match Record::from_fields([field.clone()]) {
            Ok(record) => json!({"set_field": record}),
            Err(error) => json!({"illegal": error.to_string()}),
        },
        Change::Unset(name) => json!({"unset": name}),
    }
}

fn change_from_json(json: Json) -> Result<Change> {
    let Json::Object(mut members) = json else { return Err(wrong("changes")) };
    let text = |members: &Map<String, Json>, key| members.get(key).and_then(Json::as_str).map(ToOwned::to_owned);
    if let Some(name) = text(&members, "unset") {
        return Ok(Change::Unset(name));
    }
    if let Some(name) = text(&members, "set") {
        return Ok(Change::Set(name, value_from_tagged(members.remove("value").ok_or_else(|| wrong("value"))?)?));
    }
    let record = Record::from_json(members.remove("set_field").ok_or_else(|| wrong("changes"))?)?;
    record.field_at(0).map(|field| Change::SetField(field.to_field())).ok_or_else(|| wrong("set_field"))
}

pub(super) fn list(json: Json) -> Result<Vec<Json>> {
    if let Json::Array(items) = json { Ok(items) } else { Err(wrong("list")) }
}

pub(super) fn wrong(part: &str) -> Error {
    Error::corrupt("not a case of the differential runner").with_context("part", part)
}
