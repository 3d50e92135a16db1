//! What the methods of Python backends are asked, as small objects that cannot be changed.

use dataknobs_data::{
    Aggregation, Changes, Condition, Error, IdOrder, IndexInfo, IndexKind, Matcher, Record, RecordId, Str, Version,
};
use dataknobs_data_core::backend::{
    IndexRequest, ModifyAction, ModifyRequest, ScanRequest, WriteAction, WriteOutcome, WriteRequest,
};
use dataknobs_data_core::memory::{Table, page_of};
use parking_lot::Mutex;
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};

use super::conditions::{self, PySortPosition};
use crate::error::{Failure, Outcome};
use crate::field::PyField;
use crate::record::{PyRecord, argument, list_argument};
use crate::{json, operand, query};

/// The fields that changes set, by name, and the names that they unset.
fn set_to_python<'py>(py: Python<'py>, changes: Option<&Changes>) -> Outcome<Bound<'py, PyDict>> {
    let set = PyDict::new(py);
    let mut record = Record::new();
    if let Some(changes) = changes {
        changes.apply(&mut record)?;
    }
    for field in record.fields() {
        set.set_item(field.name(), Py::new(py, PyField { inner: field.to_field() })?)?;
    }
    Ok(set)
}

fn unset_of(changes: Option<&Changes>) -> Vec<&str> {
    changes.map_or(Vec::new(), |changes| changes.names_unset().iter().map(Str::as_str).collect())
}

/// One write.
///
/// Parameters
/// ----------
/// action : {"create", "update", "upsert", "patch", "delete"}
///     What to do.
/// id : str, optional
///     The record's id; None where the store makes one.
/// record : Record or what makes one, optional
///     What to store, for create, update and upsert.
/// set : mapping, optional
///     The fields that a patch sets.
/// unset : iterable of str, optional
///     The fields that a patch removes.
/// expected_version : str, optional
///     The version that the stored record must have.
///
/// Examples
/// --------
/// >>> from dataknobs_data.backends.base import WriteRequest, stored
/// >>> request = WriteRequest("patch", "ada", set={"age": 37})
/// >>> before = stored({"name": "Ada", "age": 36}, "ada", "1")
/// >>> after = request.apply(before, version="2")
/// >>> after.to_dict(), request.outcome(before, after)
/// ({'name': 'Ada', 'age': 37}, WriteOutcome("ada", True, "2"))
#[pyclass(name = "WriteRequest", module = "dataknobs_data.backends.base", frozen)]
pub(crate) struct PyWriteRequest {
    inner: WriteRequest,
}

impl PyWriteRequest {
    pub(crate) fn new(inner: WriteRequest) -> Self {
        PyWriteRequest { inner }
    }

    fn changes(&self) -> Option<&Changes> {
        if let WriteAction::Patch(changes) = &self.inner.action { Some(changes) } else { None }
    }
}

#[pymethods]
impl PyWriteRequest {
    #[new]
    #[pyo3(signature = (action, id=None, record=None, *, set=None, unset=None, expected_version=None))]
    fn build(
        action: &str,
        id: Option<&str>,
        record: Option<&Bound<'_, PyAny>>,
        set: Option<&Bound<'_, PyAny>>,
        unset: Option<&Bound<'_, PyAny>>,
        expected_version: Option<&str>,
    ) -> Outcome<Self> {
        let id = id.map(RecordId::new).transpose()?;
        let wants_record = matches!(action, "create" | "update" | "upsert");
        if wants_record != record.is_some() || (action != "patch" && (set.is_some() || unset.is_some())) {
            return Err(Failure::Python(PyTypeError::new_err(
                "create, update and upsert take a record; patch takes what it sets and unsets; delete takes neither",
            )));
        }
        let mut whole = record.map(argument).transpose()?.unwrap_or_default();
        if id.is_some() {
            whole.set_id(id.clone());
        }
        let action = match action {
            "create" => WriteAction::Create(whole),
            "update" => WriteAction::Update(whole),
            "upsert" => WriteAction::Upsert(whole),
            "patch" => WriteAction::Patch(crate::calls::changes(set, unset)?),
            "delete" => WriteAction::Delete,
            _ => return Err(Failure::Python(PyTypeError::new_err("there is no write of this name"))),
        };
        let expected = expected_version.map(Version::from_token);
        Ok(Self::new(WriteRequest::new(id, action).expecting(expected)))
    }

    /// What to do.
    #[getter]
    fn action(&self) -> &'static str {
        self.inner.action.name()
    }

    /// The record's id; None where the store makes one.
    #[getter]
    fn id(&self) -> Option<&str> {
        self.inner.id.as_ref().map(RecordId::as_str)
    }

    /// What to store, for create, update and upsert.
    #[getter]
    fn record(&self) -> Option<PyRecord> {
        match &self.inner.action {
            WriteAction::Create(record) | WriteAction::Update(record) | WriteAction::Upsert(record) => {
                Some(PyRecord::new(record.clone()))
            }
            _ => None,
        }
    }

    /// The fields that a patch sets, by name.
    #[getter]
    fn set<'py>(&self, py: Python<'py>) -> Outcome<Bound<'py, PyDict>> {
        set_to_python(py, self.changes())
    }

    /// The names of the fields that a patch removes.
    #[getter]
    fn unset(&self) -> Vec<&str> {
        unset_of(self.changes())
    }

    /// The version that the stored record must have, or None.
    #[getter]
    fn expected_version(&self) -> Option<String> {
        self.inner.expected_version.as_ref().map(Version::to_string)
    }

    /// Give the record as it is after this write on the one that is there.
    ///
    /// Parameters
    /// ----------
    /// before : Record or None
    ///     The stored record; None when there is none.
    /// version : str
    ///     The version that the new record gets.
    ///
    /// Returns
    /// -------
    /// Record or None
    ///     The record to store; None where nothing is left, or nothing was there to change.
    ///
    /// Raises
    /// ------
    /// AlreadyExistsError
    ///     For a create of a record that is there.
    /// ConflictError
    ///     When the stored record has not the expected version, or is missing.
    #[pyo3(signature = (before, version))]
    fn apply(&self, before: Option<&Bound<'_, PyRecord>>, version: &str) -> Outcome<Option<PyRecord>> {
        let mut table = Table::new();
        let mut request = self.inner.clone();
        if let Some(before) = before {
            let mut before = before.get().get();
            match &request.id {
                Some(id) => before.set_id(id.clone()),
                None => request.id = before.id().cloned(),
            }
            table.put(before)?;
        }
        let id = request.id.clone();
        table.apply(request, |_| Version::from_token(version))?;
        Ok(id.and_then(|id| table.get(&id).cloned()).map(PyRecord::new))
    }

    /// Give the answer to this write.
    ///
    /// Parameters
    /// ----------
    /// before, after : Record or None
    ///     The stored record before and after the write.
    ///
    /// Returns
    /// -------
    /// WriteOutcome
    ///     What `Backend.write` answers.
    #[pyo3(signature = (before, after))]
    fn outcome(
        &self,
        before: Option<&Bound<'_, PyRecord>>,
        after: Option<&Bound<'_, PyRecord>>,
    ) -> Outcome<PyWriteOutcome> {
        let [before, after] = [before, after].map(|record| record.map(|record| record.get().get()));
        let named = [&after, &before].into_iter().flatten().find_map(|record| record.id().cloned());
        let Some(id) = self.inner.id.clone().or(named) else {
            return Err(Error::invalid_record("a write needs an id").into());
        };
        let version = after.as_ref().and_then(|record| record.version().cloned());
        Ok(PyWriteOutcome { inner: WriteOutcome::new(id, before.is_some(), version) })
    }

    fn __repr__(&self) -> String {
        format!("<WriteRequest {} {:?}>", self.action(), self.id())
    }
}

/// What a write did.
///
/// Parameters
/// ----------
/// id : str
///     The record's id.
/// found : bool
///     Whether a record was there before.
/// version : str, optional
///     The record's new version; None when it is gone, or never was there.
#[pyclass(name = "WriteOutcome", module = "dataknobs_data.backends.base", frozen)]
pub(crate) struct PyWriteOutcome {
    pub(crate) inner: WriteOutcome,
}

#[pymethods]
impl PyWriteOutcome {
    #[new]
    #[pyo3(signature = (id, found, version=None))]
    fn new(id: &str, found: bool, version: Option<&str>) -> Outcome<Self> {
        let version = version.map(Version::from_token);
        Ok(PyWriteOutcome { inner: WriteOutcome::new(RecordId::new(id)?, found, version) })
    }

    /// The record's id.
    #[getter]
    fn id(&self) -> &str {
        &self.inner.id
    }

    /// Whether a record was there before.
    #[getter]
    fn found(&self) -> bool {
        self.inner.found
    }

    /// The record's new version; None when it is gone, or never was there.
    #[getter]
    fn version(&self) -> Option<String> {
        self.inner.version.as_ref().map(Version::to_string)
    }

    fn __eq__(&self, other: &Bound<'_, PyAny>) -> bool {
        other.cast::<PyWriteOutcome>().is_ok_and(|other| other.get().inner == self.inner)
    }

    fn __repr__(&self) -> String {
        let found = if self.inner.found { "True" } else { "False" };
        match self.version() {
            Some(version) => format!("WriteOutcome({:?}, {found}, {version:?})", self.id()),
            None => format!("WriteOutcome({:?}, {found})", self.id()),
        }
    }
}

/// The records that pass a condition, in an order, and how much of them.
///
/// Parameters
/// ----------
/// query : Query, Filter, str or dict, optional
///     What to find; a backend's tests make requests of it.
///
/// Examples
/// --------
/// >>> from dataknobs_data.backends.base import ScanRequest, stored
/// >>> records = [stored({"n": n}, str(n), "1") for n in range(5)]
/// >>> [record["n"] for record in ScanRequest("n > 1 ORDER BY n DESC LIMIT 2").page(records)]
/// [4, 3]
#[pyclass(name = "ScanRequest", module = "dataknobs_data.backends.base", frozen)]
pub(crate) struct PyScanRequest {
    inner: ScanRequest,
    ids: IdOrder,
    matcher: Mutex<Matcher>,
}

impl PyScanRequest {
    pub(crate) fn new(inner: ScanRequest, ids: IdOrder) -> Self {
        let matcher = Mutex::new(Matcher::new(&inner.condition));
        PyScanRequest { inner, ids, matcher }
    }
}

#[pymethods]
impl PyScanRequest {
    #[new]
    #[pyo3(signature = (query=None))]
    fn build(query: Option<&Bound<'_, PyAny>>) -> Outcome<Self> {
        let query = query::argument(query)?;
        query.check()?;
        let mut inner = ScanRequest::new(Condition::of(&query.to_filter()));
        inner.sort = query.sort_keys().to_vec();
        inner.offset = query.offset_value();
        inner.limit = query.limit_value();
        inner.projection = query.projection().map(<[Str]>::to_vec);
        Ok(Self::new(inner, IdOrder::CodePoint))
    }

    /// What records must pass.
    #[getter]
    fn condition<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        conditions::to_python(py, &self.inner.condition)
    }

    /// The sort keys; ids break ties.
    #[getter]
    fn sort<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        conditions::sort_to_python(py, &self.inner.sort)
    }

    /// Only records behind this place.
    #[getter]
    fn after(&self) -> Option<PySortPosition> {
        self.inner.after.clone().map(|inner| PySortPosition { inner })
    }

    /// So many records are skipped.
    #[getter]
    fn offset(&self) -> u64 {
        self.inner.offset
    }

    /// At most so many records.
    #[getter]
    fn limit(&self) -> Option<u64> {
        self.inner.limit
    }

    /// The fields to give of each record; None for all.
    #[getter]
    fn fields(&self) -> Option<Vec<&str>> {
        Some(self.inner.projection.as_ref()?.iter().map(Str::as_str).collect())
    }

    /// Whether a record passes the condition.
    ///
    /// Parameters
    /// ----------
    /// record : Record
    ///     With its id.
    fn matches(&self, record: &Bound<'_, PyRecord>) -> bool {
        self.matcher.lock().matches(&record.get().get())
    }

    /// Do the whole request on records at hand: filter, sort, skip, limit and project.
    ///
    /// Parameters
    /// ----------
    /// records : iterable of Record
    ///     All records of the store, in the order they were created.
    ///
    /// Returns
    /// -------
    /// list of Record
    ///     What a scan gives.
    fn page(&self, py: Python<'_>, records: &Bound<'_, PyAny>) -> Outcome<Vec<PyRecord>> {
        let records = list_argument(records)?;
        let page = crate::runtime::detach(py, || page_of(records.into_iter(), &self.inner, self.ids));
        Ok(page.into_iter().map(PyRecord::new).collect())
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        Ok(format!("<ScanRequest {}>", self.condition(py)?.repr()?))
    }
}

/// What to do with all records that pass a condition.
#[pyclass(name = "ModifyRequest", module = "dataknobs_data.backends.base", frozen)]
pub(crate) struct PyModifyRequest {
    inner: ModifyRequest,
    matcher: Mutex<Matcher>,
}

impl PyModifyRequest {
    pub(crate) fn new(inner: ModifyRequest) -> Self {
        let matcher = Mutex::new(Matcher::new(&inner.condition));
        PyModifyRequest { inner, matcher }
    }

    fn changes(&self) -> Option<&Changes> {
        if let ModifyAction::Patch(changes) = &self.inner.action { Some(changes) } else { None }
    }
}

#[pymethods]
impl PyModifyRequest {
    /// ``"patch"`` or ``"delete"``.
    #[getter]
    fn action(&self) -> &'static str {
        if self.changes().is_some() { "patch" } else { "delete" }
    }

    /// What records must pass.
    #[getter]
    fn condition<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        conditions::to_python(py, &self.inner.condition)
    }

    /// The fields that a patch sets, by name.
    #[getter]
    fn set<'py>(&self, py: Python<'py>) -> Outcome<Bound<'py, PyDict>> {
        set_to_python(py, self.changes())
    }

    /// The names of the fields that a patch removes.
    #[getter]
    fn unset(&self) -> Vec<&str> {
        unset_of(self.changes())
    }

    /// Whether a record passes the condition.
    fn matches(&self, record: &Bound<'_, PyRecord>) -> bool {
        self.matcher.lock().matches(&record.get().get())
    }

    /// Give the write that does this to one record.
    fn write(&self, id: &str) -> Outcome<PyWriteRequest> {
        let action = match &self.inner.action {
            ModifyAction::Patch(changes) => WriteAction::Patch(changes.clone()),
            _ => WriteAction::Delete,
        };
        Ok(PyWriteRequest::new(WriteRequest::new(RecordId::new(id)?, action)))
    }
}

/// Groups and functions over the records that pass a condition.
#[pyclass(name = "AggregateRequest", module = "dataknobs_data.backends.base", frozen)]
pub(crate) struct PyAggregateRequest {
    condition: Condition,
    aggregation: Aggregation,
    matcher: Mutex<Matcher>,
}

impl PyAggregateRequest {
    pub(crate) fn new(condition: &Condition, aggregation: &Aggregation) -> Self {
        let matcher = Mutex::new(Matcher::new(condition));
        PyAggregateRequest { condition: condition.clone(), aggregation: aggregation.clone(), matcher }
    }
}

#[pymethods]
impl PyAggregateRequest {
    /// What records must pass.
    #[getter]
    fn condition<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        conditions::to_python(py, &self.condition)
    }

    /// ``group_by`` and ``aggregates``, as plain dicts and lists.
    #[getter]
    fn aggregation<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        json::to_python(py, &self.aggregation.to_json())
    }

    /// The names of the columns that the answer has, in order.
    #[getter]
    fn columns(&self) -> Vec<&str> {
        columns(&self.aggregation)
    }

    /// Whether a record passes the condition.
    fn matches(&self, record: &Bound<'_, PyRecord>) -> bool {
        self.matcher.lock().matches(&record.get().get())
    }
}

/// The columns of an aggregation's table.
pub(crate) fn columns(aggregation: &Aggregation) -> Vec<&str> {
    let groups = aggregation.group_keys().iter().map(|key| key.column.as_str());
    groups.chain(aggregation.aggregates().iter().map(|aggregate| aggregate.column.as_str())).collect()
}

/// An index: one to create, or one that is there.
///
/// Parameters
/// ----------
/// name : str
///     Its name.
/// path : str or list of str
///     What it is on.
/// kind : {"hash", "ordered"}
///     Whether it serves equality, or ranges too.
#[pyclass(name = "Index", module = "dataknobs_data.backends.base", frozen)]
pub(crate) struct PyIndex {
    inner: IndexInfo,
}

impl PyIndex {
    pub(crate) fn asked(request: &IndexRequest) -> Self {
        PyIndex { inner: IndexInfo::new(request.index_name(), request.path.clone(), request.kind) }
    }

    pub(crate) fn get(&self) -> &IndexInfo {
        &self.inner
    }
}

#[pymethods]
impl PyIndex {
    #[new]
    fn new(name: &str, path: &Bound<'_, PyAny>, kind: &str) -> Outcome<Self> {
        Ok(PyIndex { inner: IndexInfo::new(name, operand::path(path)?, kind.parse::<IndexKind>()?) })
    }

    /// Its name.
    #[getter]
    fn name(&self) -> &str {
        &self.inner.name
    }

    /// What it is on.
    #[getter]
    fn path<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        operand::path_to_python(py, &self.inner.path)
    }

    /// Whether it serves equality, or ranges too.
    #[getter]
    fn kind(&self) -> &'static str {
        self.inner.kind.name()
    }

    fn __eq__(&self, other: &Bound<'_, PyAny>) -> bool {
        other.cast::<PyIndex>().is_ok_and(|other| other.get().inner == self.inner)
    }

    fn __repr__(&self) -> String {
        format!("Index({:?}, {:?}, {:?})", self.name(), self.inner.path.to_string(), self.kind())
    }
}

/// Give a record as a store holds it: with its id and version.
///
/// Parameters
/// ----------
/// data : Record or what makes one
///     Fields and metadata.
/// id : str
///     The record's id.
/// version : str
///     Any text that changes with each write of the record.
///
/// Returns
/// -------
/// Record
///     The record, without a score.
///
/// Examples
/// --------
/// >>> from dataknobs_data.backends.base import stored
/// >>> stored({"name": "Ada"}, "ada", "1").version
/// '1'
#[pyfunction]
#[pyo3(signature = (data, id, version))]
pub(crate) fn _stored(data: &Bound<'_, PyAny>, id: &str, version: &str) -> Outcome<PyRecord> {
    let mut record = argument(data)?;
    record.set_id(RecordId::new(id).map_err(|error: Error| error.with_context("id", "of a stored record"))?);
    record.set_version(Version::from_token(version));
    record.set_score(None);
    Ok(PyRecord::new(record))
}
