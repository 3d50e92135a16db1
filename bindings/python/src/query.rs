//! `Query`: what to find, in which order, and how much of it.

use std::hash::{DefaultHasher, Hash, Hasher};

use dataknobs_data::{Filter, Query, SortKey, Str};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyMapping, PyString, PyTuple};

use crate::error::{Failure, Outcome};
use crate::filter::{self, PyFilter};
use crate::operand::{self, Argument, invalid};
use crate::{query_document, sort, value};

#[pyclass(name = "Query", module = "dataknobs_data", frozen)]
pub(crate) struct PyQuery {
    inner: Query,
}

impl PyQuery {
    /// Mistakes are told where they are made, not when the query is first used.
    fn checked(inner: Query) -> Outcome<Self> {
        inner.check()?;
        Ok(PyQuery { inner })
    }
}

#[pymethods]
impl PyQuery {
    #[new]
    #[pyo3(signature = (filters=None, sort=None, limit=None, offset=None, fields=None, after=None))]
    fn new(
        filters: Option<&Bound<'_, PyAny>>,
        sort: Option<&Bound<'_, PyAny>>,
        limit: Option<&Bound<'_, PyAny>>,
        offset: Option<&Bound<'_, PyAny>>,
        fields: Option<&Bound<'_, PyAny>>,
        after: Option<&Bound<'_, PyAny>>,
    ) -> Outcome<Self> {
        let mut query = Query::new();
        if let Some(filters) = filters {
            query = filter::list_argument(filters)?.into_iter().fold(query, Query::with_filter);
        }
        if let Some(keys) = sort {
            query = sort::list_argument(keys)?.into_iter().fold(query, with_key);
        }
        if let Some(limit) = limit {
            query = query.limit(operand::count(limit, "limit")?);
        }
        if let Some(offset) = offset {
            query = query.offset(operand::count(offset, "offset")?);
        }
        if let Some(fields) = fields {
            query = query.select(names(fields)?);
        }
        if let Some(after) = after {
            query = query.after(token(after)?);
        }
        Self::checked(query)
    }

    #[pyo3(signature = (field, op=None, value=Argument::Missing), text_signature = "($self, field, op=None, value=...)")]
    fn filter(&self, field: &Bound<'_, PyAny>, op: Option<&Bound<'_, PyAny>>, value: Argument<'_>) -> Outcome<Self> {
        Self::checked(self.inner.clone().with_filter(condition(field, op, value)?))
    }

    #[pyo3(signature = (field, order=None), text_signature = "($self, field, order='ASC')")]
    fn sort(&self, field: &Bound<'_, PyAny>, order: Option<&Bound<'_, PyAny>>) -> Outcome<Self> {
        let keys = match order {
            Some(_) => vec![sort::key(field, order)?],
            // A list is a path of literal segments here.
            None if operand::is_path(field) => vec![sort::key(field, None)?],
            None => sort::list_argument(field)?,
        };
        Self::checked(keys.into_iter().fold(self.inner.clone(), with_key))
    }

    fn limit(&self, limit: Option<&Bound<'_, PyAny>>) -> Outcome<Self> {
        let limit = limit.map(|limit| operand::count(limit, "limit")).transpose()?;
        Self::checked(self.inner.clone().limit(limit))
    }

    fn offset(&self, offset: &Bound<'_, PyAny>) -> Outcome<Self> {
        Self::checked(self.inner.clone().offset(operand::count(offset, "offset")?))
    }

    #[pyo3(signature = (*names))]
    fn select(&self, names: &Bound<'_, PyTuple>) -> Outcome<Self> {
        let names = match names.get_item(0) {
            Ok(only) if names.len() == 1 => self::names(&only)?,
            _ => self::names(names.as_any())?,
        };
        Self::checked(self.inner.clone().select(names))
    }

    fn after(&self, token: &Bound<'_, PyAny>) -> Outcome<Self> {
        Self::checked(self.inner.clone().after(self::token(token)?))
    }

    #[staticmethod]
    fn parse(text: &str) -> Outcome<Self> {
        Self::checked(Query::parse(text)?)
    }

    #[staticmethod]
    fn from_dict(data: &Bound<'_, PyAny>) -> Outcome<Self> {
        Ok(PyQuery { inner: Query::from_json(query_document::read(data)?)? })
    }

    fn to_dict<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        query_document::write(py, &self.inner.to_json())
    }

    #[staticmethod]
    fn from_json(text: &Bound<'_, PyAny>) -> Outcome<Self> {
        Ok(PyQuery { inner: Query::from_json_text(query_document::text(text)?)? })
    }

    fn to_json(&self) -> String {
        self.inner.to_json().to_string()
    }

    fn __eq__(&self, other: PyRef<'_, Self>) -> bool {
        other.inner == self.inner
    }

    fn __hash__(&self) -> u64 {
        let query = &self.inner;
        let mut state = DefaultHasher::new();
        // An `all_of` that stands alone is equal to its members.
        let filters = match query.filters() {
            [Filter::All(filters)] => filters,
            filters => filters,
        };
        filters.iter().for_each(|filter| filter::hash(filter, &mut state));
        query.sort_keys().iter().for_each(|key| sort::hash(key, &mut state));
        (query.limit_value(), query.offset_value(), query.after_token()).hash(&mut state);
        query.projection().map(|names| names.iter().map(Str::as_str).collect::<Vec<_>>()).hash(&mut state);
        state.finish()
    }

    fn __str__(&self) -> String {
        self.inner.to_string()
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        let query = &self.inner;
        let text = query.to_string();
        let Ok(mut parsed) = Query::parse(&text) else {
            return Ok(format!("Query.from_dict({})", self.to_dict(py)?.repr()?));
        };
        let mut shown = match text.is_empty() {
            true => String::from("Query()"),
            false => format!("Query.parse({})", PyString::new(py, &text).repr()?),
        };
        if let Some(names) = query.projection() {
            let list = names.iter().map(|name| PyString::new(py, name).repr().map(|name| name.to_string()));
            shown.push_str(&match names {
                [] => String::from(".select([])"),
                _ => format!(".select({})", list.collect::<PyResult<Vec<_>>>()?.join(", ")),
            });
            parsed = parsed.select(names.iter().cloned());
        }
        if let Some(token) = query.after_token() {
            shown.push_str(&format!(".after({})", PyString::new(py, token).repr()?));
            parsed = parsed.after(token);
        }
        // Some trees have no text of their own, such as an empty `any_of`.
        if parsed == *query { Ok(shown) } else { Ok(format!("Query.from_dict({})", self.to_dict(py)?.repr()?)) }
    }

    fn __copy__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    fn __deepcopy__(slf: Py<Self>, _memo: &Bound<'_, PyAny>) -> Py<Self> {
        slf
    }

    fn __reduce__<'py>(slf: &Bound<'py, Self>) -> PyResult<(Bound<'py, PyAny>, (Bound<'py, PyAny>,))> {
        Ok((slf.get_type().getattr("from_dict")?, (slf.get().to_dict(slf.py())?,)))
    }
}

fn with_key(query: Query, key: SortKey) -> Query {
    query.sort(key.path, key.order)
}

/// The filter in the arguments of a method `filter`: a filter, or field, operator and value.
pub(crate) fn condition(
    field: &Bound<'_, PyAny>,
    op: Option<&Bound<'_, PyAny>>,
    value: Argument<'_>,
) -> Outcome<Filter> {
    match (op, value) {
        (Some(op), value) => operand::test(field, op, &value),
        (None, Argument::Missing) if !operand::is_path(field) => filter::argument(field),
        _ => Err(Failure::Python(PyTypeError::new_err(
            "`filter` takes a field, an operator and a value, or a Filter; Filter.parse(text) reads one from text",
        ))),
    }
}

/// Field names, as a list or as one string.
fn names(object: &Bound<'_, PyAny>) -> Outcome<Vec<Str>> {
    if let Ok(name) = object.cast::<PyString>() {
        return Ok(vec![value::text(name).map_err(invalid)?]);
    }
    let mut names = Vec::new();
    for (index, name) in object.try_iter()?.enumerate() {
        let name = name?;
        let Ok(name) = name.cast::<PyString>() else {
            return Err(operand::wrong_type("a field name is a string", &name)
                .with_context("at", format!("fields[{index}]"))
                .into());
        };
        names.push(value::text(name).map_err(invalid)?);
    }
    Ok(names)
}

fn token<'py>(object: &Bound<'py, PyAny>) -> Outcome<String> {
    match object.cast::<PyString>() {
        Ok(token) => Ok(value::text(token).map_err(invalid)?.to_string()),
        Err(_) => Err(Failure::Python(PyTypeError::new_err(
            "`after` takes the token of a result; where that is None, there are no more pages",
        ))),
    }
}

/// The query in an argument: a query, a filter, a query's text or its dict form; without one, all.
///
/// Where an argument must be given, a None in it is a mistake: nobody deletes all by accident.
#[inline]
pub(crate) fn argument(object: Option<&Bound<'_, PyAny>>) -> Outcome<Query> {
    let Some(object) = object else { return Ok(Query::new()) };
    if let Ok(query) = object.cast_exact::<PyQuery>() {
        return Ok(query.get().inner.clone());
    }
    if let Ok(filter) = object.cast_exact::<PyFilter>() {
        return Ok(Query::new().with_filter(filter.get().get().clone()));
    }
    if let Ok(text) = object.cast::<PyString>() {
        return Ok(Query::parse(&value::text(text).map_err(invalid)?)?);
    }
    if object.is_instance_of::<PyDict>() || object.is_instance_of::<PyMapping>() {
        return Ok(Query::from_json(query_document::read(object)?)?);
    }
    let name = object.get_type().fully_qualified_name()?;
    Err(Failure::Python(PyTypeError::new_err(format!(
        "a query is a Query, a Filter, a query's text or its dict, not {name}"
    ))))
}
