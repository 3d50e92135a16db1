//! What a call answers, before it is a Python object.

use dataknobs_data::{
    BackendInfo, Explain, IndexInfo, Record, RecordCursor, RecordId, Savepoint, SearchResult, Table, Transaction,
};
use dataknobs_data_arrow::{ArrowTable, WholeColumns};
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyInt, PyList, PyString};

use crate::arrow_table::PyArrowTable;
use crate::columns::Text;
use crate::pool::{Held, PoolSlot};
use crate::record::PyRecord;
use crate::search_result::PySearchResult;

/// The answer of any method, made without the interpreter.
pub(crate) enum Answer {
    Unit,
    Boolean(bool),
    Count(u64),
    Id(RecordId),
    Ids(Vec<RecordId>),
    Record(Option<Record>),
    Records(Vec<Option<Record>>),
    Booleans(Vec<bool>),
    Found(SearchResult),
    Arrow(ArrowTable),
    Columns(Option<WholeColumns>, Text),
    Table(Table),
    Explain(Explain),
    Index(IndexInfo),
    Indexes(Vec<IndexInfo>),
    Info(BackendInfo),
    Transaction(Box<Transaction>),
    Savepoint(Savepoint),
    Cursor(Box<RecordCursor>),
    Slot(Held),
}

macro_rules! answer_from {
    ($($source:ty => $variant:ident),* $(,)?) => {$(
        impl From<$source> for Answer {
            fn from(value: $source) -> Self {
                Answer::$variant(value.into())
            }
        }
    )*};
}

answer_from! {
    bool => Boolean,
    u64 => Count,
    RecordId => Id,
    Vec<RecordId> => Ids,
    Option<Record> => Record,
    Vec<Option<Record>> => Records,
    Vec<bool> => Booleans,
    SearchResult => Found,
    ArrowTable => Arrow,
    Table => Table,
    Explain => Explain,
    IndexInfo => Index,
    Vec<IndexInfo> => Indexes,
    BackendInfo => Info,
    Transaction => Transaction,
    RecordCursor => Cursor,
}

impl From<()> for Answer {
    fn from((): ()) -> Self {
        Answer::Unit
    }
}

/// A record, or None.
#[inline]
pub(crate) fn record(py: Python<'_>, record: Option<Record>) -> PyResult<Bound<'_, PyAny>> {
    match record {
        Some(record) => Ok(Py::new(py, PyRecord::new(record))?.into_bound(py).into_any()),
        None => Ok(py.None().into_bound(py)),
    }
}

impl Answer {
    /// The Python object.
    #[inline]
    pub(crate) fn into_python(self, py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
        Ok(match self {
            Answer::Unit => py.None().into_bound(py),
            Answer::Boolean(value) => PyBool::new(py, value).to_owned().into_any(),
            Answer::Count(count) => PyInt::new(py, count).into_any(),
            Answer::Id(id) => PyString::new(py, &id).into_any(),
            Answer::Ids(ids) => PyList::new(py, ids.iter().map(|id| id.as_str()))?.into_any(),
            Answer::Record(found) => record(py, found)?,
            Answer::Records(found) => {
                let list = PyList::empty(py);
                for found in found {
                    list.append(record(py, found)?)?;
                }
                list.into_any()
            }
            Answer::Booleans(values) => PyList::new(py, values)?.into_any(),
            Answer::Found(found) => Py::new(py, PySearchResult::from(found))?.into_bound(py).into_any(),
            Answer::Arrow(table) => Py::new(py, PyArrowTable::from(table))?.into_bound(py).into_any(),
            Answer::Columns(None, _) => py.None().into_bound(py),
            Answer::Columns(Some(found), text) => crate::columns::scanned(py, found, text)?,
            Answer::Table(table) => Py::new(py, crate::table::PyTable::from(table))?.into_bound(py).into_any(),
            Answer::Explain(explain) => {
                Py::new(py, crate::explain::PyExplain::from(explain))?.into_bound(py).into_any()
            }
            Answer::Index(index) => Py::new(py, crate::explain::PyIndexInfo::from(index))?.into_bound(py).into_any(),
            Answer::Indexes(indexes) => {
                let list = PyList::empty(py);
                for index in indexes {
                    list.append(Py::new(py, crate::explain::PyIndexInfo::from(index))?)?;
                }
                list.into_any()
            }
            Answer::Info(info) => crate::explain::info(py, &info)?,
            Answer::Transaction(transaction) => {
                Py::new(py, crate::calls::OpenTransaction::new(*transaction))?.into_bound(py).into_any()
            }
            Answer::Savepoint(savepoint) => {
                Py::new(py, crate::calls::OpenSavepoint::new(savepoint))?.into_bound(py).into_any()
            }
            Answer::Slot(held) => Py::new(py, PoolSlot::from(held))?.into_bound(py).into_any(),
            Answer::Cursor(cursor) => Py::new(py, crate::cursor::Cursor::new(*cursor))?.into_bound(py).into_any(),
        })
    }
}
