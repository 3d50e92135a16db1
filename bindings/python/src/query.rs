//! `Query`: what to find, in which order, and how much of it.

use dataknobs_data::{Filter, Query, SortKey, Str};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyMapping, PyString, PyTuple};

use crate::error::{Failure, Outcome};
use crate::filter::{self, PyFilter};
use crate::operand::{self, Argument, invalid};
use crate::{hash, query_document, sort, value};

/// What to find: filters that must all hold, a sort, a limit, an offset, the fields to keep.
///
/// A query never changes: its methods give a new one. A mistake raises where it is made.
///
/// Parameters
/// ----------
/// filters : Filter, tuple, dict or list of these, optional
///     What must hold; all of a list. A tuple is ``(field, operator, value)``.
/// sort : str, SortSpec, tuple, dict or list of these, optional
///     The sort keys; earlier ones weigh more. A tuple is ``(field, order)``.
/// limit : int, optional
///     At most so many records.
/// offset : int, optional
///     So many records are skipped first.
/// fields : list of str, optional
///     The fields to keep of each record; all of them when left out.
/// after : str, optional
///     The token of a result: the search goes on behind it.
///
/// Raises
/// ------
/// InvalidQueryError
///     For an unknown operator, a bad path or pattern, a value that no record can hold, and the like.
///
/// Examples
/// --------
/// >>> from dataknobs_data.query import Query
/// >>> query = Query().filter("age", ">=", 25).filter("name", "LIKE", "John%").sort("age", "DESC").limit(10)
/// >>> query
/// Query.parse("age >= 25 AND name LIKE 'John%' ORDER BY age DESC LIMIT 10")
/// >>> query == Query(filters=[("age", ">=", 25), ("name", "LIKE", "John%")], sort=("age", "DESC"), limit=10)
/// True
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

    /// Add a condition that must hold.
    ///
    /// Parameters
    /// ----------
    /// field : str, list of str or Filter
    ///     A dotted path such as ``"address.city"``, a list of path segments that are taken literally, or a whole
    ///     `Filter`, which then stands alone.
    /// op : str or Operator, optional
    ///     How to compare: ``">="``, ``"not in"``, ``Operator.LIKE``.
    /// value : object, optional
    ///     What to compare with: a value, for IN and NOT_IN a list, tuple, set, range or array, for BETWEEN a list of
    ///     two bounds. EXISTS and NOT_EXISTS take none.
    ///
    /// Returns
    /// -------
    /// Query
    ///     The query with the condition.
    ///
    /// Raises
    /// ------
    /// InvalidQueryError
    ///     When the test makes no sense; the context names path and operator.
    ///
    /// Examples
    /// --------
    /// >>> from dataknobs_data.query import Filter, Query
    /// >>> print(Query().filter("city", "in", ["Oslo", "Bergen"]).filter("email", "exists"))
    /// city IN ('Oslo', 'Bergen') AND email EXISTS
    /// >>> print(Query().filter(Filter("age", "<", 18) | Filter("age", ">", 65)))
    /// age < 18 OR age > 65
    #[pyo3(signature = (field, op=None, value=Argument::Missing), text_signature = "($self, field, op=None, value=...)")]
    fn filter(&self, field: &Bound<'_, PyAny>, op: Option<&Bound<'_, PyAny>>, value: Argument<'_>) -> Outcome<Self> {
        Self::checked(self.inner.clone().with_filter(condition(field, op, value)?))
    }

    /// Add a sort key; keys that were there before weigh more.
    ///
    /// Records in which the field is missing or null come last in both directions; ties are sorted by id.
    ///
    /// Parameters
    /// ----------
    /// field : str, list of str or SortSpec
    ///     The path to sort by.
    /// order : {"ASC", "DESC"}, default "ASC"
    ///     Smallest or largest first, in any letter case.
    ///
    /// Returns
    /// -------
    /// Query
    ///     The query with the key.
    ///
    /// Raises
    /// ------
    /// InvalidQueryError
    ///     For a bad path, and any other order.
    ///
    /// Examples
    /// --------
    /// >>> from dataknobs_data.query import Query
    /// >>> print(Query().sort("city").sort("age", "desc"))
    /// ORDER BY city, age DESC
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

    /// Give at most so many records.
    ///
    /// Parameters
    /// ----------
    /// limit : int or None
    ///     The number, from 0; None for all.
    ///
    /// Returns
    /// -------
    /// Query
    ///     The query with this limit in place of its own.
    ///
    /// Raises
    /// ------
    /// InvalidQueryError
    ///     When it is negative, or no whole number.
    ///
    /// Examples
    /// --------
    /// >>> from dataknobs_data.query import Query
    /// >>> print(Query().limit(10))
    /// LIMIT 10
    fn limit(&self, limit: Option<&Bound<'_, PyAny>>) -> Outcome<Self> {
        let limit = limit.map(|limit| operand::count(limit, "limit")).transpose()?;
        Self::checked(self.inner.clone().limit(limit))
    }

    /// Skip so many records first.
    ///
    /// Each call reads what it skips; for page after page, `after` is cheaper.
    ///
    /// Parameters
    /// ----------
    /// offset : int
    ///     The number, from 0.
    ///
    /// Returns
    /// -------
    /// Query
    ///     The query with this offset in place of its own.
    ///
    /// Raises
    /// ------
    /// InvalidQueryError
    ///     When it is negative, or no whole number.
    ///
    /// Examples
    /// --------
    /// >>> from dataknobs_data.query import Query
    /// >>> print(Query().limit(10).offset(20))
    /// LIMIT 10 OFFSET 20
    fn offset(&self, offset: &Bound<'_, PyAny>) -> Outcome<Self> {
        Self::checked(self.inner.clone().offset(operand::count(offset, "offset")?))
    }

    /// Keep only these fields of each record, in the record's own order; id, version and metadata stay.
    ///
    /// Parameters
    /// ----------
    /// *names : str or list of str
    ///     Names of fields (not paths), as arguments or as one list. Names that a record lacks are ignored.
    ///
    /// Returns
    /// -------
    /// Query
    ///     The query with these names in place of its own.
    ///
    /// Examples
    /// --------
    /// >>> from dataknobs_data.query import Query
    /// >>> Query().select("name", "age") == Query().select(["name", "age"]) == Query(fields=["name", "age"])
    /// True
    #[pyo3(signature = (*names))]
    fn select(&self, names: &Bound<'_, PyTuple>) -> Outcome<Self> {
        let names = match names.get_item(0) {
            Ok(only) if names.len() == 1 => self::names(&only)?,
            _ => self::names(names.as_any())?,
        };
        Self::checked(self.inner.clone().select(names))
    }

    /// Go on behind the last record of an earlier result of the same sorted query.
    ///
    /// Parameters
    /// ----------
    /// token : str
    ///     The attribute ``after`` of that result.
    ///
    /// Returns
    /// -------
    /// Query
    ///     The query for the next page.
    ///
    /// Raises
    /// ------
    /// InvalidQueryError
    ///     When the query has no sort, another sort than the token, or an offset.
    /// TypeError
    ///     For None: that result was the last page.
    ///
    /// Examples
    /// --------
    /// >>> from dataknobs_data import Query, SyncDatabase
    /// >>> db = SyncDatabase.create("memory")
    /// >>> ids = db.create_batch([{"n": 1}, {"n": 2}, {"n": 3}])
    /// >>> query = Query().sort("n").limit(2)
    /// >>> page = db.search(query)
    /// >>> [record["n"] for record in db.search(query.after(page.after))]
    /// [3]
    fn after(&self, token: &Bound<'_, PyAny>) -> Outcome<Self> {
        Self::checked(self.inner.clone().after(self::token(token)?))
    }

    /// Read a query from its text form.
    ///
    /// Parameters
    /// ----------
    /// text : str
    ///     ``[condition] [ORDER BY path [ASC|DESC], …] [LIMIT n] [OFFSET n]``.
    ///
    /// Returns
    /// -------
    /// Query
    ///     The query.
    ///
    /// Raises
    /// ------
    /// InvalidQueryError
    ///     For text that cannot be read; ``excerpt`` shows the place with a caret.
    ///
    /// Examples
    /// --------
    /// >>> from dataknobs_data.query import Query
    /// >>> Query.parse("age >= 25 AND city IN ('Oslo', 'Bergen') ORDER BY age DESC").to_dict()["sort"]
    /// [{'field': 'age', 'order': 'DESC'}]
    /// >>> try:
    /// ...     Query.parse("age >> 25")
    /// ... except ValueError as error:
    /// ...     print(error.excerpt)
    /// age >> 25
    ///      ^
    #[staticmethod]
    fn parse(text: &str) -> Outcome<Self> {
        Self::checked(Query::parse(text)?)
    }

    /// Read a query from its dict form, such as JSON from elsewhere.
    ///
    /// Nothing in it can become anything but scalars, lists and plain JSON, and nothing that is not understood is
    /// ignored. Beside what `to_dict` gives, a value may be a datetime, date, UUID or bytes object.
    ///
    /// Parameters
    /// ----------
    /// data : dict
    ///     The keys ``filters``, ``sort``, ``limit``, ``offset``, ``fields`` and ``after``, each of which may be left
    ///     out or None.
    ///
    /// Returns
    /// -------
    /// Query
    ///     The query.
    ///
    /// Raises
    /// ------
    /// InvalidQueryError
    ///     For anything else; the context ``at`` names the place, for example ``filters[2].any_of[0].operator``.
    ///
    /// Examples
    /// --------
    /// >>> from dataknobs_data.query import Query
    /// >>> print(Query.from_dict({"filters": [{"field": "age", "operator": "GTE", "value": 25}], "limit": 10}))
    /// age >= 25 LIMIT 10
    #[staticmethod]
    fn from_dict(data: &Bound<'_, PyAny>) -> Outcome<Self> {
        Ok(PyQuery { inner: Query::from_json(query_document::read(data)?)? })
    }

    /// Give the dict form, which `json.dumps` takes as it is.
    ///
    /// Returns
    /// -------
    /// dict
    ///     ``filters`` and ``sort`` always, the other keys where they are set. A datetime is written as
    ///     ``{"$datetime": "…"}``, bytes are ``{"$binary": "base64"}``.
    ///
    /// Examples
    /// --------
    /// >>> from dataknobs_data.query import Query
    /// >>> Query().filter("age", ">=", 25).limit(10).to_dict()
    /// {'filters': [{'field': 'age', 'operator': 'GTE', 'value': 25}], 'sort': [], 'limit': 10}
    fn to_dict<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        query_document::write(py, &self.inner.to_json())
    }

    /// Read a query from the JSON text of its dict form.
    ///
    /// Parameters
    /// ----------
    /// text : str or bytes
    ///     A JSON object, as `to_json` gives it.
    ///
    /// Returns
    /// -------
    /// Query
    ///     The query.
    ///
    /// Raises
    /// ------
    /// InvalidQueryError
    ///     As `from_dict`; and for text that is not JSON, with its line and column.
    ///
    /// Examples
    /// --------
    /// >>> from dataknobs_data.query import Query
    /// >>> Query.from_json('{"limit": 5}') == Query().limit(5)
    /// True
    #[staticmethod]
    fn from_json(text: &Bound<'_, PyAny>) -> Outcome<Self> {
        Ok(PyQuery { inner: Query::from_json_text(query_document::text(text)?)? })
    }

    /// Give the dict form as JSON text.
    ///
    /// Returns
    /// -------
    /// str
    ///     The text, in one line.
    ///
    /// Examples
    /// --------
    /// >>> from dataknobs_data.query import Query
    /// >>> Query().filter("age", ">=", 25).to_json()
    /// '{"filters":[{"field":"age","operator":"GTE","value":25}],"sort":[]}'
    fn to_json(&self) -> String {
        self.inner.to_json().to_string()
    }

    fn __eq__(&self, other: PyRef<'_, Self>) -> bool {
        other.inner == self.inner
    }

    fn __hash__(&self) -> u64 {
        hash::of(|state| hash::query(&self.inner, state))
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
