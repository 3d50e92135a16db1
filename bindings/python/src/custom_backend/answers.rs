//! What the methods of Python backends answer, read and checked.

use dataknobs_data::{
    Aggregation, BackendInfo, Capabilities, Error, IdOrder, IndexInfo, Record, RecordId, Str, Support, Table,
};
use dataknobs_data_core::backend::{AccessPlan, WriteOutcome};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyList, PyMapping, PyString};

use super::calls::unexpected;
use super::requests::{PyIndex, PyWriteOutcome, columns};
use crate::error::{Failure, Outcome};
use crate::record::PyRecord;
use crate::{json, value};

/// A record, or none. One that has no id is of the id that was asked for.
pub(crate) fn found(method: &'static str, answer: &Bound<'_, PyAny>, id: &RecordId) -> Outcome<Option<Record>> {
    if answer.is_none() {
        return Ok(None);
    }
    let mut record = match answer.cast::<PyRecord>() {
        Ok(record) => record.get().get(),
        Err(_) => return Err(unexpected(method, "a Record or None", answer)),
    };
    if record.id().is_none() {
        record.set_id(id.clone());
    }
    Ok(Some(record))
}

pub(crate) fn found_batch(answer: &Bound<'_, PyAny>, ids: &[RecordId]) -> Outcome<Vec<Option<Record>>> {
    let items = list("read_batch", answer, ids.len())?;
    items.iter().zip(ids).map(|(item, id)| found("read_batch", item, id)).collect()
}

pub(crate) fn outcome(answer: &Bound<'_, PyAny>) -> Outcome<WriteOutcome> {
    match answer.cast::<PyWriteOutcome>() {
        Ok(outcome) => Ok(outcome.get().inner.clone()),
        Err(_) => Err(unexpected("write", "a WriteOutcome", answer)),
    }
}

pub(crate) fn outcomes(answer: &Bound<'_, PyAny>, length: usize) -> Outcome<Vec<WriteOutcome>> {
    list("write_batch", answer, length)?.iter().map(outcome).collect()
}

fn list<'py>(method: &'static str, answer: &Bound<'py, PyAny>, length: usize) -> Outcome<Vec<Bound<'py, PyAny>>> {
    let items: Vec<_> = match answer.try_iter() {
        Ok(items) => items.collect::<PyResult<_>>()?,
        Err(_) => return Err(unexpected(method, "a list", answer)),
    };
    match items.len() {
        given if given == length => Ok(items),
        given => {
            Err(Error::new(dataknobs_data::ErrorKind::Backend, "a method of a Python backend gave too few or too many")
                .with_context("method", method)
                .with_context("wanted", length)
                .with_context("given", given)
                .into())
        }
    }
}

pub(crate) fn boolean(method: &'static str, answer: &Bound<'_, PyAny>) -> Outcome<bool> {
    match answer.cast::<PyBool>() {
        Ok(answer) => Ok(answer.is_true()),
        Err(_) => Err(unexpected(method, "a bool", answer)),
    }
}

pub(crate) fn number(method: &'static str, answer: &Bound<'_, PyAny>) -> Outcome<u64> {
    answer.extract::<u64>().map_err(|_| unexpected(method, "a number of records", answer))
}

pub(crate) fn nothing(_answer: &Bound<'_, PyAny>) -> Outcome<()> {
    Ok(())
}

pub(crate) fn support(answer: &Bound<'_, PyAny>) -> Outcome<Support> {
    let name = answer.cast::<PyString>().ok().map(|name| name.to_cow()).transpose()?;
    match name.as_deref() {
        Some("exact") => Ok(Support::Exact),
        Some("superset") => Ok(Support::Superset),
        Some("no") => Ok(Support::No),
        _ => Err(Failure::Python(PyTypeError::new_err("leaf_support gives \"exact\", \"superset\" or \"no\""))),
    }
}

/// A member of a mapping, or an attribute of any other object; none where it is missing.
fn part<'py>(object: &Bound<'py, PyAny>, name: &str) -> Outcome<Option<Bound<'py, PyAny>>> {
    if let Ok(mapping) = object.cast::<PyMapping>() {
        return Ok(if mapping.contains(name)? { Some(mapping.get_item(name)?) } else { None });
    }
    Ok(object.getattr_opt(name)?)
}

pub(crate) fn capabilities(object: &Bound<'_, PyAny>) -> Outcome<Capabilities> {
    let mut capabilities = Capabilities::minimal();
    macro_rules! flags {
        ($($flag:ident),*) => {
            $(if let Some(flag) = part(object, stringify!($flag))? {
                capabilities.$flag = boolean(concat!("capabilities.", stringify!($flag)), &flag)?;
            })*
        };
    }
    flags!(
        transactions,
        atomic_batches,
        indexes,
        insertion_order,
        generates_ids,
        missing_fields,
        field_order,
        unique_versions,
        snapshot_streams,
        scores,
        persistent,
        read_only
    );
    if let Some(order) = part(object, "id_order")? {
        capabilities.id_order = match order.extract::<String>()?.as_str() {
            "code point" => IdOrder::CodePoint,
            "numeric" => IdOrder::Numeric,
            _ => return Err(unexpected("capabilities.id_order", "\"code point\" or \"numeric\"", &order)),
        };
    }
    if let Some(field) = part(object, "key_field")? {
        capabilities.key_field = field.extract::<Option<String>>()?.map(Str::from);
    }
    Ok(capabilities)
}

pub(crate) fn info(name: &'static str, answer: &Bound<'_, PyAny>) -> Outcome<BackendInfo> {
    let Ok(answer) = answer.cast::<PyDict>() else { return Err(unexpected("info", "a dict", answer)) };
    let location = match answer.get_item("location")? {
        Some(location) => location.str()?.to_string(),
        None => String::new(),
    };
    let mut info = BackendInfo::new(name, location);
    for (key, detail) in answer.iter() {
        let key = key.str()?.to_string();
        if key != "location" && key != "backend" {
            info = info.with(key, json::from_python(&detail)?);
        }
    }
    Ok(info)
}

pub(crate) fn access_plan(answer: &Bound<'_, PyAny>) -> Outcome<AccessPlan> {
    if let Ok(text) = answer.cast::<PyString>() {
        return Ok(AccessPlan::new(text.to_str()?));
    }
    let Ok(answer) = answer.cast::<PyDict>() else { return Err(unexpected("access_plan", "a text or a dict", answer)) };
    let mut plan = AccessPlan::default();
    for (key, detail) in answer.iter() {
        let key = key.str()?;
        match key.to_str()? {
            "access" => plan.access = detail.extract()?,
            "index" => plan.index = detail.extract()?,
            "rows_examined" => plan.rows_examined = detail.extract()?,
            "bytes_read" => plan.bytes_read = detail.extract()?,
            "requests" => plan.requests = detail.extract()?,
            "dollars" => plan.dollars = detail.extract()?,
            "notes" => plan.notes = detail.extract()?,
            _ => return Err(unexpected("access_plan", "no other key than an access plan has", &key)),
        }
    }
    Ok(plan)
}

/// Rows as dicts by column, or as lists in the order of the columns.
pub(crate) fn table(answer: &Bound<'_, PyAny>, aggregation: &Aggregation) -> Outcome<Table> {
    let columns = columns(aggregation);
    let Ok(rows) = answer.cast::<PyList>() else { return Err(unexpected("aggregate", "a list of rows", answer)) };
    let mut read = Vec::with_capacity(rows.len());
    for row in rows.iter() {
        let values: Vec<_> = match row.cast::<PyDict>() {
            Ok(row) => {
                let value = |column: &&str| match row.get_item(*column)? {
                    Some(object) => value::from_python(&object),
                    None => Err(unexpected("aggregate", "a row with each of the columns", row)),
                };
                columns.iter().map(value).collect::<Outcome<_>>()?
            }
            Err(_) => row.try_iter()?.map(|object| value::from_python(&object?)).collect::<Outcome<_>>()?,
        };
        read.push(values);
    }
    Ok(Table::new(columns.iter().copied(), read)?)
}

pub(crate) fn indexes(answer: &Bound<'_, PyAny>) -> Outcome<Vec<IndexInfo>> {
    let mut indexes = Vec::new();
    for index in answer.try_iter()? {
        let index = index?;
        match index.cast::<PyIndex>() {
            Ok(index) => indexes.push(index.get().get().clone()),
            Err(_) => return Err(unexpected("list_indexes", "a list of Index", &index)),
        }
    }
    Ok(indexes)
}
