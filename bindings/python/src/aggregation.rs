//! `Aggregation`: groups of records, and what is computed from each.

use dataknobs_data::{Aggregation, Error, Path, Str, Value};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyMapping, PyString};

use crate::error::{Failure, Outcome};
use crate::operand::{Argument, invalid, path, wrong_type};
use crate::{aggregation_text, filter, query, query_document, value};

/// Groups of records, and what is computed from each.
///
/// An aggregation never changes: its methods give a new one. A mistake raises where it is made. Without group keys
/// the result is exactly one row; with group keys and nothing to compute it is the distinct keys. Rows come in the
/// order of their keys, null last.
///
/// Parameters
/// ----------
/// filters : Filter, tuple, dict or list of these, optional
///     What records must pass, as in a `Query`.
///
/// Attributes
/// ----------
/// columns : list of str
///     The names of the result's columns: group keys, then aggregates.
///
/// Examples
/// --------
/// >>> from dataknobs_data import SyncDatabase
/// >>> from dataknobs_data.query import Aggregation
/// >>> db = SyncDatabase.create("memory")
/// >>> ids = db.create_batch([{"city": "Oslo", "age": 30}, {"city": "Rome", "age": 41}, {"city": "Oslo", "age": 35}])
/// >>> for row in db.aggregate(Aggregation().group_by("city").count().avg("age", alias="mean")):
/// ...     print(row)
/// {'city': 'Oslo', 'count': 2, 'mean': 32.5}
/// {'city': 'Rome', 'count': 1, 'mean': 41.0}
#[pyclass(name = "Aggregation", module = "dataknobs_data", frozen)]
pub(crate) struct PyAggregation {
    inner: Aggregation,
}

impl PyAggregation {
    /// Mistakes are told where they are made; that nothing is to be computed yet is none.
    fn checked(inner: Aggregation) -> Outcome<Self> {
        if inner.group_keys().is_empty() && inner.aggregates().is_empty() {
            inner.clone().count().check()?;
        } else {
            inner.check()?;
        }
        Ok(PyAggregation { inner })
    }

    /// Adds a column, and names it where a name is given.
    fn with(&self, alias: Option<&Bound<'_, PyString>>, add: impl FnOnce(Aggregation) -> Aggregation) -> Outcome<Self> {
        let mut spec = add(self.inner.clone());
        if let Some(alias) = alias {
            spec = spec.alias(value::text(alias).map_err(invalid)?);
        }
        Self::checked(spec)
    }

    fn compute(
        &self,
        field: &Bound<'_, PyAny>,
        alias: Option<&Bound<'_, PyString>>,
        add: fn(Aggregation, Path) -> Aggregation,
    ) -> Outcome<Self> {
        let path = path(field)?;
        self.with(alias, |spec| add(spec, path))
    }
}

#[pymethods]
impl PyAggregation {
    #[new]
    #[pyo3(signature = (filters=None))]
    fn new(filters: Option<&Bound<'_, PyAny>>) -> Outcome<Self> {
        let filters = filters.map(filter::list_argument).transpose()?.unwrap_or_default();
        Self::checked(filters.into_iter().fold(Aggregation::new(), Aggregation::with_filter))
    }

    /// The distinct values at a path: `group_by` alone.
    ///
    /// Parameters
    /// ----------
    /// field : str or list of str
    ///     The path of the values.
    /// alias : str, optional
    ///     The name of the column; when left out, the path.
    ///
    /// Returns
    /// -------
    /// Aggregation
    ///     The aggregation with the column.
    ///
    /// Examples
    /// --------
    /// >>> from dataknobs_data.query import Aggregation
    /// >>> Aggregation.distinct("city").columns
    /// ['city']
    #[staticmethod]
    #[pyo3(signature = (field, alias=None))]
    fn distinct(field: &Bound<'_, PyAny>, alias: Option<&Bound<'_, PyString>>) -> Outcome<Self> {
        PyAggregation { inner: Aggregation::new() }.group_by(field, alias)
    }

    /// Add a condition that records must pass, as `Query.filter` does.
    ///
    /// Parameters
    /// ----------
    /// field : str, list of str or Filter
    ///     A path, or a whole `Filter`, which then stands alone.
    /// op : str or Operator, optional
    ///     How to compare.
    /// value : object, optional
    ///     What to compare with.
    ///
    /// Returns
    /// -------
    /// Aggregation
    ///     The aggregation with the condition.
    ///
    /// Raises
    /// ------
    /// InvalidQueryError
    ///     When the test makes no sense; the context names path and operator.
    ///
    /// Examples
    /// --------
    /// >>> from dataknobs_data.query import Aggregation
    /// >>> Aggregation().filter("age", ">=", 18).count()
    /// Aggregation().filter(Filter.parse('age >= 18')).count()
    #[pyo3(signature = (field, op=None, value=Argument::Missing), text_signature = "($self, field, op=None, value=...)")]
    fn filter(&self, field: &Bound<'_, PyAny>, op: Option<&Bound<'_, PyAny>>, value: Argument<'_>) -> Outcome<Self> {
        Self::checked(self.inner.clone().with_filter(query::condition(field, op, value)?))
    }

    /// Group by the value at a path; records where it is missing or null form the group None.
    ///
    /// Parameters
    /// ----------
    /// field : str or list of str
    ///     The path of the values.
    /// alias : str, optional
    ///     The name of the column; when left out, the path.
    ///
    /// Returns
    /// -------
    /// Aggregation
    ///     The aggregation with the column.
    ///
    /// Examples
    /// --------
    /// >>> from dataknobs_data.query import Aggregation
    /// >>> Aggregation().group_by("address.city", alias="city").columns
    /// ['city']
    #[pyo3(signature = (field, alias=None))]
    fn group_by(&self, field: &Bound<'_, PyAny>, alias: Option<&Bound<'_, PyString>>) -> Outcome<Self> {
        self.compute(field, alias, |spec, path| spec.group_by(path))
    }

    /// Group datetimes by calendar interval in UTC; everything else falls in the group None.
    ///
    /// Parameters
    /// ----------
    /// field : str or list of str
    ///     The path of the datetimes.
    /// interval : {"year", "quarter", "month", "week", "day", "hour", "minute", "second"}
    ///     The length of the intervals. Weeks start on Monday.
    /// alias : str, optional
    ///     The name of the column; when left out, the path.
    ///
    /// Returns
    /// -------
    /// Aggregation
    ///     The aggregation with the column, which holds the start of each interval.
    ///
    /// Examples
    /// --------
    /// >>> from dataknobs_data.query import Aggregation
    /// >>> Aggregation().date_histogram("paid_at", "month", alias="month").sum("amount").columns
    /// ['month', 'sum_amount']
    #[pyo3(signature = (field, interval, alias=None))]
    fn date_histogram(
        &self,
        field: &Bound<'_, PyAny>,
        interval: &Bound<'_, PyAny>,
        alias: Option<&Bound<'_, PyString>>,
    ) -> Outcome<Self> {
        let path = path(field)?;
        let Ok(name) = interval.cast::<PyString>() else {
            return Err(wrong_type("an interval is named by a string, such as \"month\"", interval).into());
        };
        let name = value::text(name).map_err(invalid)?;
        self.with(alias, |spec| spec.date_histogram(path, name.as_str()))
    }

    /// Group numbers by ranges of one width; everything else falls in the group None.
    ///
    /// Parameters
    /// ----------
    /// field : str or list of str
    ///     The path of the numbers.
    /// width : int or float
    ///     The width of the ranges, above 0.
    /// origin : int or float, default 0
    ///     Where one of the ranges begins.
    /// alias : str, optional
    ///     The name of the column; when left out, the path.
    ///
    /// Returns
    /// -------
    /// Aggregation
    ///     The aggregation with the column, which holds the lower end of each range.
    ///
    /// Examples
    /// --------
    /// >>> from dataknobs_data.query import Aggregation
    /// >>> Aggregation().histogram("age", 10, alias="decade").count().columns
    /// ['decade', 'count']
    #[pyo3(signature = (field, width, origin=None, alias=None), text_signature = "($self, field, width, origin=0, alias=None)")]
    fn histogram(
        &self,
        field: &Bound<'_, PyAny>,
        width: &Bound<'_, PyAny>,
        origin: Option<&Bound<'_, PyAny>>,
        alias: Option<&Bound<'_, PyString>>,
    ) -> Outcome<Self> {
        let path = path(field)?;
        let width = value::from_python(width).map_err(|failure| invalid(failure).at("argument", "width"))?;
        let origin = match origin {
            Some(origin) => value::from_python(origin).map_err(|failure| invalid(failure).at("argument", "origin"))?,
            None => Value::Integer(0),
        };
        self.with(alias, |spec| spec.histogram(path, width, origin))
    }

    /// Add the number of records.
    ///
    /// Parameters
    /// ----------
    /// alias : str, optional
    ///     The name of the column; when left out, ``count``.
    ///
    /// Returns
    /// -------
    /// Aggregation
    ///     The aggregation with the column.
    ///
    /// Examples
    /// --------
    /// >>> from dataknobs_data.query import Aggregation
    /// >>> Aggregation().count().columns
    /// ['count']
    #[pyo3(signature = (alias=None))]
    fn count(&self, alias: Option<&Bound<'_, PyString>>) -> Outcome<Self> {
        self.with(alias, Aggregation::count)
    }

    /// Add the number of values that are present.
    ///
    /// Parameters
    /// ----------
    /// field : str or list of str
    ///     The path of the values.
    /// alias : str, optional
    ///     The name of the column; when left out, ``count_`` and the path.
    ///
    /// Returns
    /// -------
    /// Aggregation
    ///     The aggregation with the column.
    ///
    /// Examples
    /// --------
    /// >>> from dataknobs_data.query import Aggregation
    /// >>> Aggregation().count_of("age").columns
    /// ['count_age']
    #[pyo3(signature = (field, alias=None))]
    fn count_of(&self, field: &Bound<'_, PyAny>, alias: Option<&Bound<'_, PyString>>) -> Outcome<Self> {
        self.compute(field, alias, |spec, path| spec.count_of(path))
    }

    /// Add the number of present values that differ.
    ///
    /// Parameters
    /// ----------
    /// field : str or list of str
    ///     The path of the values.
    /// alias : str, optional
    ///     The name of the column; when left out, ``count_distinct_`` and the path.
    ///
    /// Returns
    /// -------
    /// Aggregation
    ///     The aggregation with the column.
    ///
    /// Examples
    /// --------
    /// >>> from dataknobs_data.query import Aggregation
    /// >>> Aggregation().count_distinct("age").columns
    /// ['count_distinct_age']
    #[pyo3(signature = (field, alias=None))]
    fn count_distinct(&self, field: &Bound<'_, PyAny>, alias: Option<&Bound<'_, PyString>>) -> Outcome<Self> {
        self.compute(field, alias, |spec, path| spec.count_distinct(path))
    }

    /// Add the least present value, in the order of a sort.
    ///
    /// Parameters
    /// ----------
    /// field : str or list of str
    ///     The path of the values.
    /// alias : str, optional
    ///     The name of the column; when left out, ``min_`` and the path.
    ///
    /// Returns
    /// -------
    /// Aggregation
    ///     The aggregation with the column.
    ///
    /// Examples
    /// --------
    /// >>> from dataknobs_data.query import Aggregation
    /// >>> Aggregation().min("age").columns
    /// ['min_age']
    #[pyo3(signature = (field, alias=None))]
    fn min(&self, field: &Bound<'_, PyAny>, alias: Option<&Bound<'_, PyString>>) -> Outcome<Self> {
        self.compute(field, alias, |spec, path| spec.min(path))
    }

    /// Add the greatest present value, in the order of a sort.
    ///
    /// Parameters
    /// ----------
    /// field : str or list of str
    ///     The path of the values.
    /// alias : str, optional
    ///     The name of the column; when left out, ``max_`` and the path.
    ///
    /// Returns
    /// -------
    /// Aggregation
    ///     The aggregation with the column.
    ///
    /// Examples
    /// --------
    /// >>> from dataknobs_data.query import Aggregation
    /// >>> Aggregation().max("age").columns
    /// ['max_age']
    #[pyo3(signature = (field, alias=None))]
    fn max(&self, field: &Bound<'_, PyAny>, alias: Option<&Bound<'_, PyString>>) -> Outcome<Self> {
        self.compute(field, alias, |spec, path| spec.max(path))
    }

    /// Add the sum of the numbers: exact over integers, and an error when that passes 64 bits.
    ///
    /// Parameters
    /// ----------
    /// field : str or list of str
    ///     The path of the values.
    /// alias : str, optional
    ///     The name of the column; when left out, ``sum_`` and the path.
    ///
    /// Returns
    /// -------
    /// Aggregation
    ///     The aggregation with the column.
    ///
    /// Examples
    /// --------
    /// >>> from dataknobs_data.query import Aggregation
    /// >>> Aggregation().sum("age").columns
    /// ['sum_age']
    #[pyo3(signature = (field, alias=None))]
    fn sum(&self, field: &Bound<'_, PyAny>, alias: Option<&Bound<'_, PyString>>) -> Outcome<Self> {
        self.compute(field, alias, |spec, path| spec.sum(path))
    }

    /// Add the mean of the numbers, a float.
    ///
    /// Parameters
    /// ----------
    /// field : str or list of str
    ///     The path of the values.
    /// alias : str, optional
    ///     The name of the column; when left out, ``avg_`` and the path.
    ///
    /// Returns
    /// -------
    /// Aggregation
    ///     The aggregation with the column.
    ///
    /// Examples
    /// --------
    /// >>> from dataknobs_data.query import Aggregation
    /// >>> Aggregation().avg("age").columns
    /// ['avg_age']
    #[pyo3(signature = (field, alias=None))]
    fn avg(&self, field: &Bound<'_, PyAny>, alias: Option<&Bound<'_, PyString>>) -> Outcome<Self> {
        self.compute(field, alias, |spec, path| spec.avg(path))
    }

    /// The names of the result's columns: group keys, then aggregates.
    #[getter]
    fn columns(&self) -> Vec<String> {
        self.inner.columns().iter().map(Str::to_string).collect()
    }

    /// Read an aggregation from its dict form, such as JSON from elsewhere.
    ///
    /// Parameters
    /// ----------
    /// data : dict
    ///     The keys ``filters``, ``group_by`` and ``aggregates``.
    ///
    /// Returns
    /// -------
    /// Aggregation
    ///     The aggregation.
    ///
    /// Raises
    /// ------
    /// InvalidQueryError
    ///     For anything that is not understood.
    ///
    /// Examples
    /// --------
    /// >>> from dataknobs_data.query import Aggregation
    /// >>> Aggregation.from_dict({"group_by": ["city"], "aggregates": [{"function": "count"}]})
    /// Aggregation().group_by('city').count()
    #[staticmethod]
    fn from_dict(data: &Bound<'_, PyAny>) -> Outcome<Self> {
        from_dict(data).map(|inner| PyAggregation { inner })
    }

    /// Give the dict form, which `json.dumps` takes as it is.
    ///
    /// Returns
    /// -------
    /// dict
    ///     What `from_dict` reads; empty parts and names that need no telling are left out.
    ///
    /// Examples
    /// --------
    /// >>> from dataknobs_data.query import Aggregation
    /// >>> Aggregation().group_by("city").count(alias="people").to_dict()
    /// {'group_by': ['city'], 'aggregates': [{'function': 'count', 'as': 'people'}]}
    fn to_dict<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        query_document::write(py, &self.inner.to_json())
    }

    fn __eq__(&self, other: PyRef<'_, Self>) -> bool {
        other.inner == self.inner
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        let mut text = String::from("Aggregation()");
        for filter in self.inner.filters() {
            let filter = Py::new(py, filter::PyFilter::checked(filter.clone())?)?;
            text.push_str(&format!(".filter({})", filter.bind(py).repr()?));
        }
        for key in self.inner.group_keys() {
            text.push_str(&aggregation_text::group(py, key)?);
        }
        for aggregate in self.inner.aggregates() {
            text.push_str(&aggregation_text::aggregate(py, aggregate)?);
        }
        Ok(text)
    }

    fn __copy__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    fn __deepcopy__(slf: Py<Self>, _memo: &Bound<'_, PyAny>) -> Py<Self> {
        slf
    }

    fn __reduce__<'py>(slf: &Bound<'py, Self>) -> PyResult<(Bound<'py, PyAny>, (Bound<'py, PyAny>,))> {
        let spec = &slf.get().inner;
        if spec.group_keys().is_empty() && spec.aggregates().is_empty() {
            // No dict form says: nothing to compute yet.
            let filters = spec.filters().iter().map(|filter| query_document::write(slf.py(), &filter.to_json()));
            let filters = filters.collect::<PyResult<Vec<_>>>()?.into_pyobject(slf.py())?;
            return Ok((slf.get_type().into_any(), (filters,)));
        }
        Ok((slf.get_type().getattr("from_dict")?, (slf.get().to_dict(slf.py())?,)))
    }
}

fn from_dict(data: &Bound<'_, PyAny>) -> Outcome<Aggregation> {
    Ok(Aggregation::from_json(query_document::read(data)?)?)
}

/// The aggregation in an argument: an `Aggregation`, or its dict form.
pub(crate) fn argument(object: &Bound<'_, PyAny>) -> Outcome<Aggregation> {
    if let Ok(aggregation) = object.cast::<PyAggregation>() {
        let spec = aggregation.get().inner.clone();
        if spec.columns().is_empty() {
            return Err(Error::invalid_query("an aggregation needs a group key or an aggregate").into());
        }
        return Ok(spec);
    }
    if object.is_instance_of::<PyDict>() || object.is_instance_of::<PyMapping>() {
        return from_dict(object);
    }
    let name = object.get_type().fully_qualified_name()?;
    Err(Failure::Python(PyTypeError::new_err(format!("an aggregation is an Aggregation or its dict, not {name}"))))
}
