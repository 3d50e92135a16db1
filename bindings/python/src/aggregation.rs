//! `Aggregation`: groups of records, and what is computed from each.

use dataknobs_data::{Aggregate, AggregateFunction, Aggregation, Bucket, Error, GroupKey, Number, Path, Str, Value};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyMapping, PyString};

use crate::error::{Failure, Outcome};
use crate::filter;
use crate::operand::{self, Argument, invalid, path, wrong_type};
use crate::{query, query_document, value};

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

    #[staticmethod]
    #[pyo3(signature = (field, alias=None))]
    fn distinct(field: &Bound<'_, PyAny>, alias: Option<&Bound<'_, PyString>>) -> Outcome<Self> {
        PyAggregation { inner: Aggregation::new() }.group_by(field, alias)
    }

    #[pyo3(signature = (field, op=None, value=Argument::Missing), text_signature = "($self, field, op=None, value=...)")]
    fn filter(&self, field: &Bound<'_, PyAny>, op: Option<&Bound<'_, PyAny>>, value: Argument<'_>) -> Outcome<Self> {
        Self::checked(self.inner.clone().with_filter(query::condition(field, op, value)?))
    }

    #[pyo3(signature = (field, alias=None))]
    fn group_by(&self, field: &Bound<'_, PyAny>, alias: Option<&Bound<'_, PyString>>) -> Outcome<Self> {
        self.compute(field, alias, |spec, path| spec.group_by(path))
    }

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

    #[pyo3(signature = (alias=None))]
    fn count(&self, alias: Option<&Bound<'_, PyString>>) -> Outcome<Self> {
        self.with(alias, Aggregation::count)
    }

    #[pyo3(signature = (field, alias=None))]
    fn count_of(&self, field: &Bound<'_, PyAny>, alias: Option<&Bound<'_, PyString>>) -> Outcome<Self> {
        self.compute(field, alias, |spec, path| spec.count_of(path))
    }

    #[pyo3(signature = (field, alias=None))]
    fn count_distinct(&self, field: &Bound<'_, PyAny>, alias: Option<&Bound<'_, PyString>>) -> Outcome<Self> {
        self.compute(field, alias, |spec, path| spec.count_distinct(path))
    }

    #[pyo3(signature = (field, alias=None))]
    fn min(&self, field: &Bound<'_, PyAny>, alias: Option<&Bound<'_, PyString>>) -> Outcome<Self> {
        self.compute(field, alias, |spec, path| spec.min(path))
    }

    #[pyo3(signature = (field, alias=None))]
    fn max(&self, field: &Bound<'_, PyAny>, alias: Option<&Bound<'_, PyString>>) -> Outcome<Self> {
        self.compute(field, alias, |spec, path| spec.max(path))
    }

    #[pyo3(signature = (field, alias=None))]
    fn sum(&self, field: &Bound<'_, PyAny>, alias: Option<&Bound<'_, PyString>>) -> Outcome<Self> {
        self.compute(field, alias, |spec, path| spec.sum(path))
    }

    #[pyo3(signature = (field, alias=None))]
    fn avg(&self, field: &Bound<'_, PyAny>, alias: Option<&Bound<'_, PyString>>) -> Outcome<Self> {
        self.compute(field, alias, |spec, path| spec.avg(path))
    }

    #[getter]
    fn columns(&self) -> Vec<String> {
        self.inner.columns().iter().map(Str::to_string).collect()
    }

    #[staticmethod]
    fn from_dict(data: &Bound<'_, PyAny>) -> Outcome<Self> {
        from_dict(data).map(|inner| PyAggregation { inner })
    }

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
            text.push_str(&group_text(py, key)?);
        }
        for aggregate in self.inner.aggregates() {
            text.push_str(&aggregate_text(py, aggregate)?);
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

fn group_text(py: Python<'_>, key: &GroupKey) -> PyResult<String> {
    let path = operand::path_to_python(py, &key.path)?.repr()?;
    let alias = alias_text(py, &key.column, &key.path.to_string())?;
    Ok(match &key.bucket {
        Bucket::Date(interval) => format!(".date_histogram({path}, '{interval}'{alias})"),
        Bucket::Number { width, origin } => {
            let width = value::to_python(py, &Value::from(*width))?.repr()?;
            let origin = match origin {
                Number::Integer(0) => String::new(),
                origin => format!(", {}", value::to_python(py, &Value::from(*origin))?.repr()?),
            };
            format!(".histogram({path}, {width}{origin}{alias})")
        }
        _ => format!(".group_by({path}{alias})"),
    })
}

fn aggregate_text(py: Python<'_>, aggregate: &Aggregate) -> PyResult<String> {
    let name = aggregate.function.name();
    let Some(path) = &aggregate.path else {
        let alias = alias_text(py, &aggregate.column, name)?;
        return Ok(format!(".{name}({})", alias.trim_start_matches(", ")));
    };
    let method = if aggregate.function == AggregateFunction::Count { "count_of" } else { name };
    let alias = alias_text(py, &aggregate.column, &format!("{name}_{path}"))?;
    Ok(format!(".{method}({}{alias})", operand::path_to_python(py, path)?.repr()?))
}

fn alias_text(py: Python<'_>, column: &Str, default: &str) -> PyResult<String> {
    if column.as_str() == default {
        return Ok(String::new());
    }
    Ok(format!(", alias={}", PyString::new(py, column).repr()?))
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
