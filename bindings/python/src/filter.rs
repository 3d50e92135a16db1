//! `Filter`: a condition on records, built with `&`, `|` and `~`.

use dataknobs_data::{Error, Filter, MAX_FILTER_DEPTH};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyString, PyTuple};

use crate::error::{Failure, Outcome};
use crate::operand::{self, Argument, place};
use crate::{hash, query_document};

/// A condition on records: a test of one field, or filters combined with ``&``, ``|`` and ``~``.
///
/// ``~`` binds tightest, then ``&``, then ``|``. Python's ``and``, ``or`` and ``not`` do not combine filters, and
/// raise. ``~`` is plain negation, so that ``~Filter("age", "=", 36)`` also takes records without an age;
/// ``Filter("age", "!=", 36)`` does not.
///
/// Parameters
/// ----------
/// field : str or list of str
///     A dotted path such as ``"address.city"``, or a list of path segments that are taken literally.
/// op : str or Operator
///     How to compare: ``">="``, ``"not in"``, ``Operator.LIKE``.
/// value : object, optional
///     What to compare with: a value, for IN and NOT_IN a list, tuple, set, range or array, for BETWEEN a list of
///     two bounds. EXISTS and NOT_EXISTS take none. ``= None`` means NOT_EXISTS, ``!= None`` EXISTS.
///
/// Attributes
/// ----------
/// kind : {"test", "all_of", "any_of", "not"}
///     What it is.
/// field : str, list of str or None
///     The path of a test.
/// operator : Operator or None
///     The operator of a test.
/// value : object
///     The value or list of a test; None for all else.
/// filters : tuple of Filter
///     The members of a group; of a test none.
///
/// Raises
/// ------
/// InvalidQueryError
///     When the test makes no sense; the context names path and operator.
///
/// Examples
/// --------
/// >>> from dataknobs_data.query import Filter
/// >>> adult, near = Filter("age", ">=", 18), Filter("city", "IN", ["Oslo", "Bergen"])
/// >>> print(adult & ~near | Filter("vip", "=", True))
/// age >= 18 AND NOT city IN ('Oslo', 'Bergen') OR vip = TRUE
/// >>> adult.field, adult.operator, adult.value
/// ('age', <Operator.GTE: 'GTE'>, 18)
#[pyclass(name = "Filter", module = "dataknobs_data", frozen)]
pub(crate) struct PyFilter {
    inner: Filter,
}

impl PyFilter {
    /// Refuses what no query takes.
    pub(crate) fn checked(inner: Filter) -> Outcome<Self> {
        if inner.depth() > MAX_FILTER_DEPTH {
            return Err(Error::invalid_query("filters must not be nested deeper than 128 levels").into());
        }
        Ok(PyFilter { inner })
    }

    pub(crate) fn get(&self) -> &Filter {
        &self.inner
    }
}

#[pymethods]
impl PyFilter {
    #[new]
    #[pyo3(signature = (field, op, value=Argument::Missing), text_signature = "(field, op, value=...)")]
    fn new(field: &Bound<'_, PyAny>, op: &Bound<'_, PyAny>, value: Argument<'_>) -> Outcome<Self> {
        Ok(PyFilter { inner: operand::test(field, op, &value)? })
    }

    /// Every one of these holds; of none: true.
    ///
    /// Parameters
    /// ----------
    /// *filters : Filter, tuple or dict
    ///     The members, as arguments or as one list.
    ///
    /// Returns
    /// -------
    /// Filter
    ///     The group.
    ///
    /// Examples
    /// --------
    /// >>> from dataknobs_data.query import Filter
    /// >>> print(Filter.all_of(("age", ">=", 18), ("city", "=", "Oslo")))
    /// age >= 18 AND city = 'Oslo'
    #[staticmethod]
    #[pyo3(signature = (*filters))]
    fn all_of(filters: &Bound<'_, PyTuple>) -> Outcome<Self> {
        Self::checked(Filter::all_of(members(filters)?))
    }

    /// At least one of these holds; of none: false.
    ///
    /// Parameters
    /// ----------
    /// *filters : Filter, tuple or dict
    ///     The members, as arguments or as one list.
    ///
    /// Returns
    /// -------
    /// Filter
    ///     The group.
    ///
    /// Examples
    /// --------
    /// >>> from dataknobs_data.query import Filter
    /// >>> print(Filter.any_of([("age", "<", 18), ("age", ">", 65)]))
    /// age < 18 OR age > 65
    #[staticmethod]
    #[pyo3(signature = (*filters))]
    fn any_of(filters: &Bound<'_, PyTuple>) -> Outcome<Self> {
        Self::checked(Filter::any_of(members(filters)?))
    }

    /// This one does not hold: what ``~`` gives.
    ///
    /// Parameters
    /// ----------
    /// filter : Filter, tuple or dict
    ///     The filter to negate.
    ///
    /// Returns
    /// -------
    /// Filter
    ///     Its negation.
    ///
    /// Examples
    /// --------
    /// >>> from dataknobs_data.query import Filter
    /// >>> print(Filter.not_(Filter("city", "=", "Oslo")))
    /// NOT city = 'Oslo'
    #[staticmethod]
    fn not_(filter: &Bound<'_, PyAny>) -> Outcome<Self> {
        Self::checked(argument(filter)?.negate())
    }

    /// Read a filter from its text form: a query's text without ORDER BY, LIMIT and OFFSET.
    ///
    /// Parameters
    /// ----------
    /// text : str
    ///     The condition.
    ///
    /// Returns
    /// -------
    /// Filter
    ///     The filter.
    ///
    /// Raises
    /// ------
    /// InvalidQueryError
    ///     For text that cannot be read, and empty text; ``excerpt`` shows the place with a caret.
    ///
    /// Examples
    /// --------
    /// >>> from dataknobs_data.query import Filter
    /// >>> Filter.parse("age < 18 OR age > 65") == Filter("age", "<", 18) | Filter("age", ">", 65)
    /// True
    #[staticmethod]
    fn parse(text: &str) -> Outcome<Self> {
        Self::checked(Filter::parse(text)?)
    }

    /// Read a filter from its dict form, such as JSON from elsewhere.
    ///
    /// Parameters
    /// ----------
    /// data : dict
    ///     ``{"field", "operator", "value"}``, ``{"all_of": […]}``, ``{"any_of": […]}`` or ``{"not": …}``.
    ///
    /// Returns
    /// -------
    /// Filter
    ///     The filter.
    ///
    /// Raises
    /// ------
    /// InvalidQueryError
    ///     For anything else; the context ``at`` names the place.
    ///
    /// Examples
    /// --------
    /// >>> from dataknobs_data.query import Filter
    /// >>> print(Filter.from_dict({"not": {"field": "age", "operator": "<", "value": 18}}))
    /// NOT age < 18
    #[staticmethod]
    fn from_dict(data: &Bound<'_, PyAny>) -> Outcome<Self> {
        Self::checked(query_document::filter(data)?)
    }

    /// Give the dict form, which `json.dumps` takes as it is.
    ///
    /// Returns
    /// -------
    /// dict
    ///     What `from_dict` reads.
    ///
    /// Examples
    /// --------
    /// >>> from dataknobs_data.query import Filter
    /// >>> Filter("age", ">=", 25).to_dict()
    /// {'field': 'age', 'operator': 'GTE', 'value': 25}
    fn to_dict<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        query_document::write(py, &self.inner.to_json())
    }

    /// What it is: ``"test"``, ``"all_of"``, ``"any_of"`` or ``"not"``.
    #[getter]
    fn kind(&self) -> &'static str {
        match &self.inner {
            Filter::All(_) => "all_of",
            Filter::Any(_) => "any_of",
            Filter::Not(_) => "not",
            Filter::Test(_) => "test",
        }
    }

    /// The path of a test: dotted text, or a list of literal segments. None for a group.
    #[getter]
    fn field<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        match &self.inner {
            Filter::Test(test) => operand::path_to_python(py, test.path()).map(Some),
            _ => Ok(None),
        }
    }

    /// The operator of a test. None for a group.
    #[getter]
    fn operator<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        static CLASS: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
        let Filter::Test(test) = &self.inner else { return Ok(None) };
        let class = CLASS
            .get_or_try_init(py, || PyResult::Ok(py.import("dataknobs_data.query")?.getattr("Operator")?.unbind()))?;
        class.bind(py).getattr(test.operator().name()).map(Some)
    }

    /// What a test compares with: a value, or a list of them. None where there is nothing.
    #[getter]
    fn value<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        match &self.inner {
            Filter::Test(test) => operand::operand_to_python(py, test.operand()),
            _ => Ok(py.None().into_bound(py)),
        }
    }

    /// The members of a group; of a test none.
    #[getter]
    fn filters<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        let members = match &self.inner {
            Filter::All(filters) | Filter::Any(filters) => filters.as_slice(),
            Filter::Not(filter) => std::slice::from_ref(filter.as_ref()),
            Filter::Test(_) => &[],
        };
        PyTuple::new(py, members.iter().map(|inner| PyFilter { inner: inner.clone() }))
    }

    fn __and__(&self, other: PyRef<'_, Self>) -> Outcome<Self> {
        let right = match &other.inner {
            Filter::All(filters) => filters.clone(),
            filter => vec![filter.clone()],
        };
        Self::checked(right.into_iter().fold(self.inner.clone(), Filter::and))
    }

    fn __or__(&self, other: PyRef<'_, Self>) -> Outcome<Self> {
        let right = match &other.inner {
            Filter::Any(filters) => filters.clone(),
            filter => vec![filter.clone()],
        };
        // An empty `any_of` is false, and so the other side alone.
        Self::checked(right.into_iter().fold(self.inner.clone(), Filter::or))
    }

    fn __invert__(&self) -> Outcome<Self> {
        Self::checked(self.inner.clone().negate())
    }

    fn __bool__(&self) -> PyResult<bool> {
        Err(PyTypeError::new_err(
            "a Filter is neither true nor false: combine filters with & | ~, not with `and`, `or` and `not`, \
             and put brackets around each",
        ))
    }

    fn __eq__(&self, other: PyRef<'_, Self>) -> bool {
        other.inner == self.inner
    }

    fn __hash__(&self) -> u64 {
        hash::of(|state| hash::filter(&self.inner, state))
    }

    fn __str__(&self) -> String {
        self.inner.to_string()
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        let text = self.inner.to_string();
        if Filter::parse(&text).is_ok_and(|filter| filter == self.inner) {
            return Ok(format!("Filter.parse({})", PyString::new(py, &text).repr()?));
        }
        Ok(format!("Filter.from_dict({})", self.to_dict(py)?.repr()?))
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

/// The filter in an argument: a `Filter`, or its dict form.
pub(crate) fn argument(object: &Bound<'_, PyAny>) -> Outcome<Filter> {
    if let Ok(filter) = object.cast::<PyFilter>() {
        return Ok(filter.get().inner.clone());
    }
    if object.is_instance_of::<PyDict>() {
        return query_document::filter(object);
    }
    if let Ok(test) = object.cast::<PyTuple>() {
        return from_tuple(test);
    }
    let name = object.get_type().fully_qualified_name()?;
    let hint = if object.is_instance_of::<PyString>() { ": Filter.parse(text) reads one from text" } else { "" };
    Err(Failure::Python(PyTypeError::new_err(format!(
        "a filter is a Filter, a tuple (field, operator, value) or a dict, not {name}{hint}"
    ))))
}

fn from_tuple(test: &Bound<'_, PyTuple>) -> Outcome<Filter> {
    let (field, operator, value) = match test.len() {
        2 => (test.get_item(0)?, test.get_item(1)?, Argument::Missing),
        3 => (test.get_item(0)?, test.get_item(1)?, Argument::Given(test.get_item(2)?)),
        _ => {
            return Err(Failure::Python(PyTypeError::new_err(
                "a filter as a tuple is (field, operator, value), or (field, operator) with EXISTS and NOT_EXISTS",
            )));
        }
    };
    operand::test(&field, &operator, &value)
}

/// Filters in an argument that takes one or several. A tuple is one test, unless filters are in it.
pub(crate) fn list_argument(object: &Bound<'_, PyAny>) -> Outcome<Vec<Filter>> {
    if object.is_none() {
        return Ok(Vec::new());
    }
    let single = match object.cast::<PyTuple>() {
        Ok(tuple) => tuple.get_item(0).is_ok_and(|first| !is_filter(&first)),
        Err(_) => is_filter(object) || object.is_instance_of::<PyString>(),
    };
    if single {
        return Ok(vec![argument(object)?]);
    }
    collect(object.try_iter()?)
}

fn is_filter(object: &Bound<'_, PyAny>) -> bool {
    object.is_instance_of::<PyFilter>() || object.is_instance_of::<PyDict>() || object.is_instance_of::<PyTuple>()
}

/// The members of a group, as arguments or as one list of them.
fn members(filters: &Bound<'_, PyTuple>) -> Outcome<Vec<Filter>> {
    if let Ok(only) = filters.get_item(0)
        && filters.len() == 1
        && !is_filter(&only)
        && !only.is_instance_of::<PyString>()
    {
        return collect(only.try_iter()?);
    }
    collect(filters.as_any().try_iter()?)
}

fn collect<'py>(items: impl Iterator<Item = PyResult<Bound<'py, PyAny>>>) -> Outcome<Vec<Filter>> {
    let mut filters = Vec::new();
    for (index, item) in items.enumerate() {
        filters.push(argument(&item?).map_err(|failure| place(failure, &format!("filters[{index}]")))?);
    }
    Ok(filters)
}
