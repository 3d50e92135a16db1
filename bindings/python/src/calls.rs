//! The methods of databases and transactions, each written once for the blocking and the
//! asynchronous classes.
//!
//! A call that has nothing to wait for (one record of a store in memory) is answered at once, on
//! the caller's thread. Every other runs on the library's own runtime, and the caller waits for it
//! without holding the interpreter.

#![expect(
    clippy::needless_borrow,
    reason = "an argument is borrowed where a call is made at once, and owned elsewhere"
)]

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use dataknobs_data::{Changes, Error, ErrorKind, IndexKind, Path, RecordId, Version, WriteOptions};
use dataknobs_data_core as library;
use parking_lot::Mutex;
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString, PyTuple};

use crate::answer::Answer;
use crate::cost::Cost;
use crate::custom_backend::PythonBackend;
use crate::error::{Failure, Outcome};
use crate::pending::{Call, Pending, wait};
use crate::record::{argument, id_argument, list_argument, new_argument};
use crate::{json, query, runtime, serializers, value};

/// Records up to which a search in memory is answered at once: it takes well under a millisecond.
const FEW: u64 = 1_000;

/// Records up to which a batch in memory is written on the caller's thread, if it may wait: it takes
/// less time than Ctrl-C may go unnoticed.
const SOME: usize = 131_072;

/// Whether the caller waits on its thread or in an event loop.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Mode {
    Blocking,
    Begin,
}

/// What a call costs in memory: one record, or as many as a batch or the store holds, which it only
/// reads, each at a known cost or not, or may change.
#[derive(Clone, Copy, PartialEq)]
enum Weight {
    One,
    Batch(usize),
    Whole,
    Scan(Cost),
    Change,
}

/// Calls under way that may hold a store in memory for long: whoever asks for it meanwhile waits,
/// and must not do so with the interpreter in hand.
#[derive(Clone, Default)]
struct Holders(Arc<AtomicUsize>);

impl Holders {
    fn are_there(&self) -> bool {
        self.0.load(Ordering::Acquire) > 0
    }

    /// Counts a call among them until it ends.
    fn count(&self, call: Call) -> Call {
        struct Held(Holders);
        impl Drop for Held {
            fn drop(&mut self) {
                self.0.0.fetch_sub(1, Ordering::AcqRel);
            }
        }
        self.0.fetch_add(1, Ordering::AcqRel);
        let held = Held(self.clone());
        Box::pin(async move {
            let _held = held;
            call.await
        })
    }
}

/// What calls go to.
#[derive(Clone)]
enum Target {
    Database(library::Database),
    Transaction(Arc<library::Transaction>, library::Database),
}

/// An open target.
struct Open {
    target: Mutex<Option<Target>>,
    database: Option<library::Database>,
    /// Answers one record without waiting for anything.
    in_memory: bool,
    holders: Holders,
    generation: u64,
}

/// The calls of one database or transaction.
#[derive(Default)]
pub(crate) struct Calls {
    open: OnceLock<Open>,
}

pub(crate) fn seconds(timeout: Option<f64>) -> Outcome<Option<Duration>> {
    match timeout {
        None => Ok(None),
        Some(seconds) => match Duration::try_from_secs_f64(seconds) {
            Ok(timeout) if !timeout.is_zero() => Ok(Some(timeout)),
            _ => Err(Failure::Python(PyValueError::new_err("a timeout is a number of seconds greater than 0"))),
        },
    }
}

/// Polls a call that does not wait for anything but another thread's short hold of a lock.
fn now<T>(call: impl Future<Output = T>) -> T {
    let mut call = std::pin::pin!(call);
    let mut context = Context::from_waker(Waker::noop());
    loop {
        match call.as_mut().poll(&mut context) {
            Poll::Ready(answer) => return answer,
            Poll::Pending => std::thread::yield_now(),
        }
    }
}

impl Calls {
    fn opened(&self) -> Outcome<&Open> {
        let Some(open) = self.open.get() else {
            return Err(Failure::Library(Error::new(ErrorKind::Connection, "this database was never opened")));
        };
        if open.generation != runtime::generation() {
            return Err(runtime::forked().into());
        }
        Ok(open)
    }

    fn set(&self, target: Target, in_memory: bool, holders: Holders) -> Outcome<()> {
        let database = match &target {
            Target::Database(database) => Some(database.clone()),
            Target::Transaction(..) => None,
        };
        let (target, generation) = (Mutex::new(Some(target)), runtime::generation());
        let open = Open { target, database, in_memory, holders, generation };
        self.open.set(open).map_err(|_| Failure::Python(PyTypeError::new_err("this database is open already")))
    }

    fn database(&self) -> Outcome<&library::Database> {
        self.opened()?.database.as_ref().ok_or_else(|| {
            Failure::Library(Error::unsupported("a transaction has only the calls that read and write records"))
        })
    }

    /// Whether a call of this weight is answered at once.
    fn at_once(open: &Open, mode: Mode, weight: Weight) -> bool {
        open.in_memory
            && !open.holders.are_there()
            && match (weight, mode) {
                (Weight::One, _) => true,
                (Weight::Batch(length), _) => length as u64 <= FEW,
                // The caller's thread is as good as another, when it may wait.
                (Weight::Whole | Weight::Scan(_) | Weight::Change, Mode::Blocking) => false,
                (Weight::Whole | Weight::Scan(_) | Weight::Change, Mode::Begin) => Self::holds_few(open),
            }
    }

    fn holds_few(open: &Open) -> bool {
        Self::records(open).is_some_and(|count| count <= FEW)
    }

    /// How many records the store holds, where it says so.
    fn records(open: &Open) -> Option<u64> {
        let details = match (&open.database, &*open.target.lock()) {
            (Some(database), _) | (None, Some(Target::Transaction(_, database))) => database.backend().info().details,
            _ => return None,
        };
        details.iter().find(|(key, _)| key == "records").and_then(|(_, count)| count.as_u64())
    }

    /// Whether a call needs no thread of its own to run on. In a long one, Ctrl-C must be heard.
    fn is_short(open: &Open, weight: Weight) -> bool {
        if !open.in_memory || open.holders.are_there() {
            return false;
        }
        match weight {
            Weight::Whole | Weight::Change => Self::holds_few(open),
            Weight::Scan(cost) => Self::records(open).is_some_and(|count| count <= FEW || cost.is_brief(count)),
            Weight::Batch(length) => length <= SOME,
            Weight::One => false,
        }
    }

    /// The call, counted if it may hold the store for long.
    fn held(open: &Open, weight: Weight, call: Call) -> Call {
        let holds = match weight {
            Weight::One | Weight::Whole | Weight::Scan(_) => false,
            Weight::Batch(length) => length as u64 > FEW,
            Weight::Change => !Self::is_short(open, weight),
        };
        if open.in_memory && holds { open.holders.count(call) } else { call }
    }

    /// Waits for a call, or begins it.
    fn finish<'py>(py: Python<'py>, mode: Mode, call: Call) -> Outcome<Bound<'py, PyAny>> {
        match mode {
            Mode::Begin => Ok(Py::new(py, Pending::start(call)?)?.into_bound(py).into_any()),
            Mode::Blocking => Ok(wait(py, call)?.into_python(py)?),
        }
    }
}

/// Makes a call on the target: at once where that is possible, else beside the caller, with the
/// arguments in `own` as owned ones.
macro_rules! call {
    ($calls:ident, $py:ident, $mode:ident, $timeout:ident, $weight:expr, own($($own:ident),*),
     |$target:ident| $call:expr) => {{
        let (open, weight) = ($calls.opened()?, $weight);
        if $timeout.is_none() && Calls::at_once(open, $mode, weight) {
            let answer = match &open.database {
                Some($target) => now($call),
                None => {
                    let (transaction, _) = $calls.transaction()?;
                    let $target = &*transaction;
                    now($call)
                }
            };
            return Ok(Answer::from(answer?).into_python($py)?);
        }
        let timeout = seconds($timeout)?;
        $(let $own = $own.to_owned();)*
        let call: Call = match &open.database {
            Some(database) => {
                let database = match timeout {
                    Some(timeout) => database.with_timeout(timeout),
                    None => database.clone(),
                };
                Box::pin(async move {
                    let $target = &database;
                    $call.await.map(Answer::from)
                })
            }
            None => {
                let (transaction, _) = $calls.transaction()?;
                let call = async move {
                    let $target = &*transaction;
                    $call.await.map(Answer::from)
                };
                limited(timeout, call)
            }
        };
        // A timeout needs the runtime's clock.
        let here = timeout.is_none() && $mode == Mode::Blocking && Calls::is_short(open, weight);
        let call = Calls::held(open, weight, call);
        if here {
            return Ok(runtime::detach($py, || now(call))?.into_python($py)?);
        }
        Calls::finish($py, $mode, call)
    }};
}

/// A call of a transaction that may take only so long.
fn limited(
    timeout: Option<Duration>,
    call: impl Future<Output = dataknobs_data::Result<Answer>> + Send + 'static,
) -> Call {
    match timeout {
        None => Box::pin(call),
        Some(timeout) => Box::pin(async move {
            tokio::time::timeout(timeout, call).await.unwrap_or_else(|_| {
                Err(Error::new(ErrorKind::Timeout, "the call took longer than it was allowed to")
                    .with_context("timeout", format!("{timeout:?}")))
            })
        }),
    }
}

/// Methods that only databases have.
macro_rules! database_call {
    ($calls:ident, $py:ident, $mode:ident, $timeout:ident, $weight:expr, |$database:ident| $call:expr) => {{
        let $database = $calls.database()?;
        let open = $calls.opened()?;
        let $database = match seconds($timeout)? {
            Some(timeout) => $database.with_timeout(timeout),
            None => $database.clone(),
        };
        let call: Call = Box::pin(async move { $call.await.map(Answer::from) });
        Calls::finish($py, $mode, Calls::held(open, $weight, call))
    }};
}

/// The text of an id argument. What cannot be text is nobody's id.
macro_rules! id {
    ($object:ident, $id:ident) => {
        let text = id_argument($object)?;
        let $id: &str = text.to_str().map_err(Failure::from)?;
    };
}

fn options(expected_version: Option<&str>) -> WriteOptions {
    match expected_version {
        Some(version) => WriteOptions::new().expecting(Version::from_token(version)),
        None => WriteOptions::new(),
    }
}

pub(crate) fn changes(set: Option<&Bound<'_, PyAny>>, unset: Option<&Bound<'_, PyAny>>) -> Outcome<Changes> {
    let mut changes = Changes::new();
    if let Some(set) = set {
        for field in argument(set)?.fields() {
            let typed = field.field_type() != field.value().field_type();
            changes = match (field.metadata(), serializers::alone(&field)) {
                (None, _) if !typed => changes.set(field.name(), field.value().clone()),
                (_, Some(serializer)) if !typed => {
                    changes.set_serialized(field.name(), field.value().clone(), serializer)
                }
                _ => changes.set_field(field.to_field()),
            };
        }
    }
    if let Some(unset) = unset {
        if unset.is_instance_of::<PyString>() {
            return Err(Failure::Python(PyTypeError::new_err("`unset` is a list of field names")));
        }
        for name in unset.try_iter()? {
            changes = changes.unset(value::text(&name?.cast_into::<PyString>()?)?);
        }
    }
    Ok(changes)
}

fn id_list(ids: &Bound<'_, PyAny>) -> Outcome<Vec<String>> {
    if ids.is_instance_of::<PyString>() {
        return Err(Failure::Python(PyTypeError::new_err("a batch takes a list of ids, not a single one")));
    }
    ids.try_iter()?.map(|id| Ok(id_argument(&id?)?.to_str()?.to_owned())).collect()
}

fn path(object: &Bound<'_, PyAny>) -> Outcome<Path> {
    match object.cast::<PyString>() {
        Ok(text) => Ok(Path::dotted(text.to_str()?)?),
        Err(_) => Ok(Path::literal(object.extract::<Vec<String>>()?)?),
    }
}

impl Calls {
    fn transaction(&self) -> Outcome<(Arc<library::Transaction>, library::Database)> {
        match &*self.opened()?.target.lock() {
            Some(Target::Transaction(transaction, database)) => Ok((transaction.clone(), database.clone())),
            _ => Err(Failure::Library(
                Error::new(ErrorKind::Connection, "the transaction has ended").with_retryable(false),
            )),
        }
    }

    fn create<'py>(
        &self,
        py: Python<'py>,
        mode: Mode,
        record: &Bound<'_, PyAny>,
        timeout: Option<f64>,
    ) -> Outcome<Bound<'py, PyAny>> {
        let record = new_argument(record)?;
        call!(self, py, mode, timeout, Weight::One, own(), |target| target.create(record))
    }

    fn read<'py>(
        &self,
        py: Python<'py>,
        mode: Mode,
        id: &Bound<'_, PyAny>,
        timeout: Option<f64>,
    ) -> Outcome<Bound<'py, PyAny>> {
        id!(id, id);
        call!(self, py, mode, timeout, Weight::One, own(id), |target| target.read(&id))
    }

    fn exists<'py>(
        &self,
        py: Python<'py>,
        mode: Mode,
        id: &Bound<'_, PyAny>,
        timeout: Option<f64>,
    ) -> Outcome<Bound<'py, PyAny>> {
        id!(id, id);
        call!(self, py, mode, timeout, Weight::One, own(id), |target| target.exists(&id))
    }

    fn update<'py>(
        &self,
        py: Python<'py>,
        mode: Mode,
        id: &Bound<'_, PyAny>,
        record: &Bound<'_, PyAny>,
        expected_version: Option<&str>,
        timeout: Option<f64>,
    ) -> Outcome<Bound<'py, PyAny>> {
        id!(id, id);
        let (record, options) = (new_argument(record)?, options(expected_version));
        call!(self, py, mode, timeout, Weight::One, own(id), |target| target.update_with(&id, record, options))
    }

    #[expect(clippy::too_many_arguments, reason = "the arguments of the Python method")]
    fn patch<'py>(
        &self,
        py: Python<'py>,
        mode: Mode,
        id: &Bound<'_, PyAny>,
        set: Option<&Bound<'_, PyAny>>,
        unset: Option<&Bound<'_, PyAny>>,
        expected_version: Option<&str>,
        timeout: Option<f64>,
    ) -> Outcome<Bound<'py, PyAny>> {
        id!(id, id);
        let (changes, options) = (changes(set, unset)?, options(expected_version));
        call!(self, py, mode, timeout, Weight::One, own(id), |target| target.patch_with(&id, changes, options))
    }

    /// `upsert(record)` or `upsert(id, record)`.
    fn upsert<'py>(
        &self,
        py: Python<'py>,
        mode: Mode,
        id: &Bound<'_, PyAny>,
        record: Option<&Bound<'_, PyAny>>,
        expected_version: Option<&str>,
        timeout: Option<f64>,
    ) -> Outcome<Bound<'py, PyAny>> {
        let options = options(expected_version);
        let Some(record) = record else {
            let record = argument(id)?;
            if options.expected_version.is_some() {
                let Some(id) = record.id().map(RecordId::to_string) else {
                    return Err(Failure::Library(Error::invalid_record("the record has no id to expect a version of")));
                };
                let id = id.as_str();
                return call!(self, py, mode, timeout, Weight::One, own(id), |target| target
                    .upsert_with(&id, record, options));
            }
            return call!(self, py, mode, timeout, Weight::One, own(), |target| target.upsert_record(record));
        };
        id!(id, id);
        let record = new_argument(record)?;
        call!(self, py, mode, timeout, Weight::One, own(id), |target| target.upsert_with(&id, record, options))
    }

    fn delete<'py>(
        &self,
        py: Python<'py>,
        mode: Mode,
        id: &Bound<'_, PyAny>,
        expected_version: Option<&str>,
        timeout: Option<f64>,
    ) -> Outcome<Bound<'py, PyAny>> {
        id!(id, id);
        let options = options(expected_version);
        call!(self, py, mode, timeout, Weight::One, own(id), |target| target.delete_with(&id, options))
    }

    fn search<'py>(
        &self,
        py: Python<'py>,
        mode: Mode,
        query: Option<&Bound<'_, PyAny>>,
        timeout: Option<f64>,
    ) -> Outcome<Bound<'py, PyAny>> {
        let query = &query::argument(query)?;
        call!(self, py, mode, timeout, Weight::Scan(Cost::of(query)), own(query), |target| target.search(&query))
    }

    fn first<'py>(
        &self,
        py: Python<'py>,
        mode: Mode,
        query: Option<&Bound<'_, PyAny>>,
        timeout: Option<f64>,
    ) -> Outcome<Bound<'py, PyAny>> {
        let query = &query::argument(query)?;
        call!(self, py, mode, timeout, Weight::Scan(Cost::of(query)), own(query), |target| target.first(&query))
    }

    fn count<'py>(
        &self,
        py: Python<'py>,
        mode: Mode,
        query: Option<&Bound<'_, PyAny>>,
        timeout: Option<f64>,
    ) -> Outcome<Bound<'py, PyAny>> {
        let query = &query::argument(query)?;
        call!(self, py, mode, timeout, Weight::Scan(Cost::of(query)), own(query), |target| target.count(&query))
    }

    fn _open_cursor<'py>(
        &self,
        py: Python<'py>,
        mode: Mode,
        query: Option<&Bound<'_, PyAny>>,
        timeout: Option<f64>,
    ) -> Outcome<Bound<'py, PyAny>> {
        let query = &query::argument(query)?;
        call!(self, py, mode, timeout, Weight::Whole, own(query), |target| target.stream(&query))
    }

    fn aggregate<'py>(
        &self,
        py: Python<'py>,
        mode: Mode,
        aggregation: &Bound<'_, PyAny>,
        timeout: Option<f64>,
    ) -> Outcome<Bound<'py, PyAny>> {
        let aggregation = &crate::aggregation::argument(aggregation)?;
        call!(self, py, mode, timeout, Weight::Whole, own(aggregation), |target| target.aggregate(&aggregation))
    }

    fn create_batch<'py>(
        &self,
        py: Python<'py>,
        mode: Mode,
        records: &Bound<'_, PyAny>,
        timeout: Option<f64>,
    ) -> Outcome<Bound<'py, PyAny>> {
        let records = list_argument(records)?;
        let weight = Weight::Batch(records.len());
        call!(self, py, mode, timeout, weight, own(), |target| target.create_batch(records))
    }

    fn read_batch<'py>(
        &self,
        py: Python<'py>,
        mode: Mode,
        ids: &Bound<'_, PyAny>,
        timeout: Option<f64>,
    ) -> Outcome<Bound<'py, PyAny>> {
        let ids = id_list(ids)?;
        let weight = Weight::Batch(ids.len());
        call!(self, py, mode, timeout, weight, own(), |target| async {
            let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
            target.read_batch(&ids).await
        })
    }

    fn update_batch<'py>(
        &self,
        py: Python<'py>,
        mode: Mode,
        records: &Bound<'_, PyAny>,
        timeout: Option<f64>,
    ) -> Outcome<Bound<'py, PyAny>> {
        let records = list_argument(records)?;
        let weight = Weight::Batch(records.len());
        call!(self, py, mode, timeout, weight, own(), |target| target.update_batch(records))
    }

    fn upsert_batch<'py>(
        &self,
        py: Python<'py>,
        mode: Mode,
        records: &Bound<'_, PyAny>,
        timeout: Option<f64>,
    ) -> Outcome<Bound<'py, PyAny>> {
        let records = list_argument(records)?;
        let weight = Weight::Batch(records.len());
        call!(self, py, mode, timeout, weight, own(), |target| target.upsert_batch(records))
    }

    fn delete_batch<'py>(
        &self,
        py: Python<'py>,
        mode: Mode,
        ids: &Bound<'_, PyAny>,
        timeout: Option<f64>,
    ) -> Outcome<Bound<'py, PyAny>> {
        let ids = id_list(ids)?;
        let weight = Weight::Batch(ids.len());
        call!(self, py, mode, timeout, weight, own(), |target| async {
            let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
            target.delete_batch(&ids).await
        })
    }

    fn update_where<'py>(
        &self,
        py: Python<'py>,
        mode: Mode,
        query: Option<&Bound<'_, PyAny>>,
        set: Option<&Bound<'_, PyAny>>,
        unset: Option<&Bound<'_, PyAny>>,
        timeout: Option<f64>,
    ) -> Outcome<Bound<'py, PyAny>> {
        let query = &query::argument(query)?;
        let changes = changes(set, unset)?;
        call!(self, py, mode, timeout, Weight::Change, own(query), |target| target.update_where(&query, changes))
    }

    fn delete_where<'py>(
        &self,
        py: Python<'py>,
        mode: Mode,
        query: &Bound<'_, PyAny>,
        timeout: Option<f64>,
    ) -> Outcome<Bound<'py, PyAny>> {
        let query = &query::argument(Some(query))?;
        call!(self, py, mode, timeout, Weight::Change, own(query), |target| target.delete_where(&query))
    }

    fn clear<'py>(&self, py: Python<'py>, mode: Mode, timeout: Option<f64>) -> Outcome<Bound<'py, PyAny>> {
        call!(self, py, mode, timeout, Weight::Change, own(), |target| target.clear())
    }

    fn explain<'py>(
        &self,
        py: Python<'py>,
        mode: Mode,
        query: Option<&Bound<'_, PyAny>>,
        timeout: Option<f64>,
    ) -> Outcome<Bound<'py, PyAny>> {
        let query = query::argument(query)?;
        database_call!(self, py, mode, timeout, Weight::One, |database| database.explain(&query))
    }

    fn search_as_arrow<'py>(
        &self,
        py: Python<'py>,
        mode: Mode,
        query: Option<&Bound<'_, PyAny>>,
        id_column: Option<String>,
        timeout: Option<f64>,
    ) -> Outcome<Bound<'py, PyAny>> {
        let query = query::argument(query)?;
        let mut options = dataknobs_data_arrow::ToArrowOptions::new();
        options.id_column = id_column.map(Into::into);
        database_call!(self, py, mode, timeout, Weight::Whole, |database| dataknobs_data_arrow::search_batches(
            &database, &query, &options
        ))
    }

    /// The columns that a store scans for a query, for a DataFrame; None where `search` must do.
    fn scan_columns<'py>(
        &self,
        py: Python<'py>,
        mode: Mode,
        query: Option<&Bound<'_, PyAny>>,
        (arrow_text, ids): (bool, bool),
        timeout: Option<f64>,
    ) -> Outcome<Bound<'py, PyAny>> {
        let (open, query) = (self.opened()?, query::argument(query)?);
        let Some(database) = open.database.as_ref().filter(|_| !open.in_memory) else {
            return Ok(py.None().into_bound(py));
        };
        let database = match seconds(timeout)? {
            Some(timeout) => database.with_timeout(timeout),
            None => database.clone(),
        };
        let text = crate::columns::text_as(arrow_text);
        let call: Call = Box::pin(async move {
            let _sparing = crate::allocator::Sparing::begin();
            let found = dataknobs_data_arrow::search_columns(&database, &query, ids).await?;
            Ok(Answer::Columns(found, text))
        });
        Calls::finish(py, mode, call)
    }

    fn create_index<'py>(
        &self,
        py: Python<'py>,
        mode: Mode,
        field: &Bound<'_, PyAny>,
        kind: &str,
        name: Option<String>,
        timeout: Option<f64>,
    ) -> Outcome<Bound<'py, PyAny>> {
        let (path, kind) = (path(field)?, kind.parse::<IndexKind>()?);
        database_call!(self, py, mode, timeout, Weight::Change, |database| async {
            match &name {
                Some(name) => database.create_named_index(name, path, kind).await,
                None => database.create_index(path, kind).await,
            }
        })
    }

    fn list_indexes<'py>(&self, py: Python<'py>, mode: Mode, timeout: Option<f64>) -> Outcome<Bound<'py, PyAny>> {
        database_call!(self, py, mode, timeout, Weight::One, |database| database.list_indexes())
    }

    fn drop_index<'py>(
        &self,
        py: Python<'py>,
        mode: Mode,
        name: String,
        timeout: Option<f64>,
    ) -> Outcome<Bound<'py, PyAny>> {
        database_call!(self, py, mode, timeout, Weight::One, |database| database.drop_index(&name))
    }

    fn connect<'py>(&self, py: Python<'py>, mode: Mode, timeout: Option<f64>) -> Outcome<Bound<'py, PyAny>> {
        database_call!(self, py, mode, timeout, Weight::One, |database| database.connect())
    }

    fn ping<'py>(&self, py: Python<'py>, mode: Mode, timeout: Option<f64>) -> Outcome<Bound<'py, PyAny>> {
        database_call!(self, py, mode, timeout, Weight::One, |database| database.ping())
    }

    fn flush<'py>(&self, py: Python<'py>, mode: Mode, timeout: Option<f64>) -> Outcome<Bound<'py, PyAny>> {
        database_call!(self, py, mode, timeout, Weight::One, |database| database.flush())
    }

    fn close<'py>(&self, py: Python<'py>, mode: Mode, timeout: Option<f64>) -> Outcome<Bound<'py, PyAny>> {
        database_call!(self, py, mode, timeout, Weight::One, |database| database.close())
    }

    fn info<'py>(&self, py: Python<'py>, mode: Mode, timeout: Option<f64>) -> Outcome<Bound<'py, PyAny>> {
        database_call!(self, py, mode, timeout, Weight::One, |database| database.info())
    }

    fn _begin<'py>(
        &self,
        py: Python<'py>,
        mode: Mode,
        read_only: bool,
        isolation: Option<String>,
        timeout: Option<f64>,
    ) -> Outcome<Bound<'py, PyAny>> {
        let mut options = library::TransactionOptions::default();
        options.read_only = read_only;
        options.isolation = isolation.map(|level| level.parse()).transpose()?;
        database_call!(self, py, mode, timeout, Weight::One, |database| database.transaction_with(options))
    }

    /// Sets a savepoint in a transaction.
    fn _savepoint<'py>(&self, py: Python<'py>, mode: Mode, timeout: Option<f64>) -> Outcome<Bound<'py, PyAny>> {
        let (timeout, (transaction, _)) = (seconds(timeout)?, self.transaction()?);
        let call = limited(timeout, async move { transaction.savepoint().await.map(Answer::Savepoint) });
        Self::finish(py, mode, call)
    }

    /// Ends a savepoint: keeps what was done since, or undoes it.
    fn _end_savepoint<'py>(
        &self,
        py: Python<'py>,
        mode: Mode,
        savepoint: &OpenSavepoint,
        keep: bool,
        timeout: Option<f64>,
    ) -> Outcome<Bound<'py, PyAny>> {
        let (timeout, (transaction, _)) = (seconds(timeout)?, self.transaction()?);
        let Some(savepoint) = savepoint.inner.lock().take() else {
            return Err(Failure::Library(Error::new(ErrorKind::Conflict, "the savepoint has ended")));
        };
        let call = limited(timeout, async move {
            let ended = match keep {
                true => transaction.release(savepoint).await,
                false => transaction.rollback_to(savepoint).await,
            };
            ended.map(Answer::from)
        });
        Self::finish(py, mode, call)
    }

    /// Commits or rolls back, and ends the transaction either way.
    fn _end<'py>(&self, py: Python<'py>, mode: Mode, commit: bool, timeout: Option<f64>) -> Outcome<Bound<'py, PyAny>> {
        let open = self.opened()?;
        let timeout = seconds(timeout)?;
        drop(self.transaction()?);
        let Some(Target::Transaction(transaction, database)) = open.target.lock().take() else {
            return Err(Failure::Library(Error::unsupported("a database is not committed; a transaction is")));
        };
        let transaction = match Arc::try_unwrap(transaction) {
            Ok(transaction) => transaction,
            // Whoever still has it gives it up, and with it what it wrote.
            Err(_) if !commit => return Ok(py.None().into_bound(py)),
            Err(busy) => {
                *open.target.lock() = Some(Target::Transaction(busy, database));
                return Err(Failure::Library(Error::new(
                    ErrorKind::Conflict,
                    "a call of this transaction is still under way",
                )));
            }
        };
        let call = limited(timeout, async move {
            let ended = if commit { transaction.commit().await } else { transaction.rollback().await };
            ended.map(Answer::from)
        });
        Self::finish(py, mode, call)
    }
}

/// A transaction on its way from the call that begins it to the class that programs see.
#[pyclass(module = "dataknobs_data._native", frozen)]
pub(crate) struct OpenTransaction {
    inner: Mutex<Option<library::Transaction>>,
}

/// A savepoint that was set.
#[pyclass(module = "dataknobs_data._native", frozen)]
pub(crate) struct OpenSavepoint {
    inner: Mutex<Option<library::Savepoint>>,
}

impl OpenSavepoint {
    pub(crate) fn new(savepoint: library::Savepoint) -> Self {
        OpenSavepoint { inner: Mutex::new(Some(savepoint)) }
    }
}

impl OpenTransaction {
    pub(crate) fn new(transaction: library::Transaction) -> Self {
        OpenTransaction { inner: Mutex::new(Some(transaction)) }
    }
}

pub(crate) fn settings(object: Option<&Bound<'_, PyAny>>) -> Outcome<library::config::ConfigMap> {
    let Some(object) = object else { return Ok(library::config::ConfigMap::new()) };
    json::map_from_python(object, "settings").map_err(|failure| match failure {
        Failure::Library(error) => {
            let mut invalid = Error::invalid_config("settings are a dict of plain values");
            for (key, value) in error.context() {
                invalid = invalid.with_context(key, value);
            }
            Failure::Library(invalid.with_context("reason", error.message()))
        }
        python => python,
    })
}

impl Calls {
    /// Opens the backend of this name; Python's own backends come as an object.
    fn open_backend(&self, backend: &str, map: Option<&Bound<'_, PyAny>>) -> Outcome<()> {
        let map = settings(map)?;
        let in_memory = backend.eq_ignore_ascii_case("memory") && map.keys().all(|key| key == "read_only");
        let database = dataknobs_data::Database::with_settings(backend, map)?.into_inner();
        self.set(Target::Database(database), in_memory, Holders::default())
    }

    fn open_url(&self, url: &str) -> Outcome<()> {
        let database = dataknobs_data::Database::open(url)?.into_inner();
        let in_memory = matches!(url.trim(), "memory" | "memory:" | "memory://");
        self.set(Target::Database(database), in_memory, Holders::default())
    }

    /// Opens a database that was made elsewhere: on a backend written in Python.
    fn open_custom(&self, name: &str, backend: &Bound<'_, PyAny>, map: Option<&Bound<'_, PyAny>>) -> Outcome<()> {
        let database = PythonBackend::open(name, backend, settings(map)?)?;
        self.set(Target::Database(database), false, Holders::default())
    }

    fn open_like(&self, other: &Calls, read_only: bool) -> Outcome<()> {
        let open = other.opened()?;
        let mut database = other.database()?.clone();
        if read_only {
            database = database.read_only();
        }
        self.set(Target::Database(database), open.in_memory, open.holders.clone())
    }

    fn open_transaction(&self, other: &Calls, transaction: &OpenTransaction) -> Outcome<()> {
        let open = other.opened()?;
        let Some(inner) = transaction.inner.lock().take() else {
            return Err(Failure::Library(Error::new(ErrorKind::Connection, "the transaction is in use already")));
        };
        let target = Target::Transaction(Arc::new(inner), other.database()?.clone());
        self.set(target, open.in_memory, open.holders.clone())
    }
}

macro_rules! session_classes {
    ($($(#[doc = $doc:literal])* $name:ident [$($signature:tt)*] ($($argument:ident: $kind:ty),*);)*) => {
        session_classes!(@ SyncSession "SyncSession" Blocking; $($(#[doc = $doc])* $name [$($signature)*] ($($argument: $kind),*);)*);
        session_classes!(@ AsyncSession "AsyncSession" Begin; $($(#[doc = $doc])* $name [$($signature)*] ($($argument: $kind),*);)*);
    };
    (@ $class:ident $python:literal $mode:ident; $($(#[doc = $doc:literal])* $name:ident [$($signature:tt)*] ($($argument:ident: $kind:ty),*);)*) => {
        /// The calls of a database or of a transaction.
        #[pyclass(name = $python, module = "dataknobs_data._native", subclass, frozen, weakref, dict)]
        #[derive(Default)]
        pub(crate) struct $class {
            pub(crate) calls: Calls,
        }

        #[pymethods]
        impl $class {
            #[new]
            #[pyo3(signature = (*_arguments, **_keywords))]
            fn new(_arguments: &Bound<'_, PyTuple>, _keywords: Option<&Bound<'_, PyDict>>) -> Self {
                Self::default()
            }

            #[pyo3(signature = (backend, settings=None))]
            fn _open_backend(&self, backend: &str, settings: Option<&Bound<'_, PyAny>>) -> Outcome<()> {
                self.calls.open_backend(backend, settings)
            }

            #[pyo3(signature = (name, backend, settings=None))]
            fn _open_custom(
                &self,
                name: &str,
                backend: &Bound<'_, PyAny>,
                settings: Option<&Bound<'_, PyAny>>,
            ) -> Outcome<()> {
                self.calls.open_custom(name, backend, settings)
            }

            fn _open_url(&self, url: &str) -> Outcome<()> {
                self.calls.open_url(url)
            }

            fn _open_sync(&self, other: &SyncSession, read_only: bool) -> Outcome<()> {
                self.calls.open_like(&other.calls, read_only)
            }

            fn _open_async(&self, other: &AsyncSession, read_only: bool) -> Outcome<()> {
                self.calls.open_like(&other.calls, read_only)
            }

            fn _open_transaction(&self, database: &$class, transaction: &OpenTransaction) -> Outcome<()> {
                self.calls.open_transaction(&database.calls, transaction)
            }

            /// The name of the open backend.
            fn _backend_name(&self) -> Outcome<&'static str> {
                Ok(self.calls.database()?.backend().info().backend)
            }

            /// Whether anything was opened here.
            fn _is_open(&self) -> bool {
                self.calls.open.get().is_some()
            }

            /// Whether this transaction has not ended yet.
            fn _is_active(&self) -> bool {
                self.calls.open.get().is_some_and(|open| open.target.lock().is_some())
            }

            /// The columns of what a query finds, for a DataFrame; None where `search` must do.
            #[pyo3(signature = (query=None, arrow_text=false))]
            fn _search_columns<'py>(
                &self,
                py: Python<'py>,
                query: Option<&Bound<'py, PyAny>>,
                arrow_text: bool,
            ) -> Outcome<Option<(Vec<crate::columns::PythonColumn>, usize)>> {
                match &self.calls.opened()?.database {
                    Some(database) => {
                        let text = crate::columns::text_as(arrow_text);
                        crate::columns::shown(py, database, &query::argument(query)?, text)
                    }
                    None => Ok(None),
                }
            }

            /// The columns that the store scans for a query, how many rows they have, and the ids if they are
            /// wanted; None where `search` must do.
            #[pyo3(signature = (query=None, arrow_text=false, ids=false, *, timeout=None))]
            fn _scan_columns<'py>(
                &self,
                py: Python<'py>,
                query: Option<&Bound<'py, PyAny>>,
                arrow_text: bool,
                ids: bool,
                timeout: Option<f64>,
            ) -> Outcome<Bound<'py, PyAny>> {
                self.calls.scan_columns(py, Mode::$mode, query, (arrow_text, ids), timeout)
            }

            /// What the store can do.
            #[getter]
            fn capabilities<'py>(&self, py: Python<'py>) -> Outcome<Bound<'py, PyAny>> {
                let database = self.calls.database()?;
                Ok(crate::explain::capabilities(py, database.capabilities())?)
            }

            $(
                $(#[doc = $doc])*
                #[pyo3(signature = ($($signature)*))]
                fn $name<'py>(&self, py: Python<'py>, $($argument: $kind),*) -> Outcome<Bound<'py, PyAny>> {
                    self.calls.$name(py, Mode::$mode, $($argument),*)
                }
            )*
        }
    };
}

session_classes! {
    /// Store a new record and give its id.
    ///
    /// The id is the record's own, else a new one (a UUIDv7, or the store's own key). A record that is there is never
    /// overwritten.
    ///
    /// Parameters
    /// ----------
    /// record : Record, dict, dataclass or pydantic model
    ///     The record, or what makes one.
    /// timeout : float, optional
    ///     Seconds after which the call fails with `TimedOutError`.
    ///
    /// Returns
    /// -------
    /// str
    ///     The id.
    ///
    /// Raises
    /// ------
    /// AlreadyExistsError
    ///     When the id is taken.
    /// InvalidRecordError
    ///     When a value is of no type that a record holds; the context names the field.
    ///
    /// Examples
    /// --------
    /// >>> from dataknobs_data import SyncDatabase
    /// >>> db = SyncDatabase.create("memory")
    /// >>> db.create({"name": "Ada"}, timeout=5) == db.first().id
    /// True
    create [record, *, timeout=None] (record: &Bound<'_, PyAny>, timeout: Option<f64>);
    /// Give the record with this id, or None.
    ///
    /// Parameters
    /// ----------
    /// id : str or UUID
    ///     The record's id.
    /// timeout : float, optional
    ///     Seconds after which the call fails with `TimedOutError`.
    ///
    /// Returns
    /// -------
    /// Record or None
    ///     The record, with its ``version``; None when there is none.
    ///
    /// Examples
    /// --------
    /// >>> from dataknobs_data import SyncDatabase
    /// >>> db = SyncDatabase.create("memory")
    /// >>> id = db.create({"name": "Ada"})
    /// >>> db.read(id)["name"]
    /// 'Ada'
    /// >>> db.read("nobody") is None
    /// True
    read [id, *, timeout=None] (id: &Bound<'_, PyAny>, timeout: Option<f64>);
    /// Whether there is a record with this id.
    ///
    /// Parameters
    /// ----------
    /// id : str or UUID
    ///     The record's id.
    /// timeout : float, optional
    ///     Seconds after which the call fails with `TimedOutError`.
    ///
    /// Returns
    /// -------
    /// bool
    ///     True when there is.
    ///
    /// Examples
    /// --------
    /// >>> from dataknobs_data import SyncDatabase
    /// >>> db = SyncDatabase.create("memory")
    /// >>> db.exists("ada")
    /// False
    exists [id, *, timeout=None] (id: &Bound<'_, PyAny>, timeout: Option<f64>);
    /// Replace the whole record under this id.
    ///
    /// The argument's id wins over the record's own.
    ///
    /// Parameters
    /// ----------
    /// id : str or UUID
    ///     The record's id.
    /// record : Record, dict, dataclass or pydantic model
    ///     The record, or what makes one.
    /// expected_version : str, optional
    ///     The `Record.version` that the stored record must still have.
    /// timeout : float, optional
    ///     Seconds after which the call fails with `TimedOutError`.
    ///
    /// Returns
    /// -------
    /// bool
    ///     False, and nothing written, when there is no such record.
    ///
    /// Raises
    /// ------
    /// ConflictError
    ///     With ``expected_version``, when the record is missing or has another version.
    /// InvalidRecordError
    ///     When a value is of no type that a record holds; the context names the field.
    ///
    /// Examples
    /// --------
    /// >>> from dataknobs_data import SyncDatabase
    /// >>> db = SyncDatabase.create("memory")
    /// >>> id = db.create({"name": "Ada", "age": 36})
    /// >>> db.update(id, {"name": "Augusta"})
    /// True
    /// >>> db.read(id).to_dict()
    /// {'name': 'Augusta'}
    update [id, record, *, expected_version=None, timeout=None]
        (id: &Bound<'_, PyAny>, record: &Bound<'_, PyAny>, expected_version: Option<&str>, timeout: Option<f64>);
    /// Set and unset single fields of a record, in one step.
    ///
    /// Parameters
    /// ----------
    /// id : str or UUID
    ///     The record's id.
    /// set : mapping, optional
    ///     Fields to set, by name. A `Field` also sets type and metadata.
    /// unset : iterable of str, optional
    ///     Names of fields to remove; those that are not there are ignored.
    /// expected_version : str, optional
    ///     The `Record.version` that the stored record must still have.
    /// timeout : float, optional
    ///     Seconds after which the call fails with `TimedOutError`.
    ///
    /// Returns
    /// -------
    /// bool
    ///     False, and nothing written, when there is no such record.
    ///
    /// Raises
    /// ------
    /// ConflictError
    ///     With ``expected_version``, when the record is missing or has another version.
    /// InvalidRecordError
    ///     When a value is of no type that a record holds; the context names the field.
    ///
    /// Examples
    /// --------
    /// >>> from dataknobs_data import SyncDatabase
    /// >>> db = SyncDatabase.create("memory")
    /// >>> id = db.create({"name": "Ada", "age": 36})
    /// >>> db.patch(id, set={"age": 37}, unset=["name"])
    /// True
    /// >>> db.read(id).to_dict()
    /// {'age': 37}
    patch [id, set=None, unset=None, *, expected_version=None, timeout=None]
        (id: &Bound<'_, PyAny>, set: Option<&Bound<'_, PyAny>>, unset: Option<&Bound<'_, PyAny>>, expected_version: Option<&str>, timeout: Option<f64>);
    /// Create or replace a record: ``upsert(id, record)``, or ``upsert(record)`` under its own id.
    ///
    /// Parameters
    /// ----------
    /// id : str, UUID or record
    ///     The id; or the record, which then is the only argument. A record without an id gets a new one.
    /// record : Record, dict, dataclass or pydantic model
    ///     The record, or what makes one.
    /// expected_version : str, optional
    ///     The `Record.version` that the stored record must still have.
    /// timeout : float, optional
    ///     Seconds after which the call fails with `TimedOutError`.
    ///
    /// Returns
    /// -------
    /// str
    ///     The id.
    ///
    /// Raises
    /// ------
    /// ConflictError
    ///     With ``expected_version``, when the record is missing or has another version.
    /// InvalidRecordError
    ///     When a value is of no type that a record holds; the context names the field.
    ///
    /// Examples
    /// --------
    /// >>> from dataknobs_data import Record, SyncDatabase
    /// >>> db = SyncDatabase.create("memory")
    /// >>> db.upsert("ada", {"name": "Ada"})
    /// 'ada'
    /// >>> db.upsert(Record({"name": "Augusta"}, id="ada"))
    /// 'ada'
    /// >>> db.count()
    /// 1
    upsert [id, record=None, *, expected_version=None, timeout=None]
        (id: &Bound<'_, PyAny>, record: Option<&Bound<'_, PyAny>>, expected_version: Option<&str>, timeout: Option<f64>);
    /// Remove the record with this id.
    ///
    /// Parameters
    /// ----------
    /// id : str or UUID
    ///     The record's id.
    /// expected_version : str, optional
    ///     The `Record.version` that the stored record must still have.
    /// timeout : float, optional
    ///     Seconds after which the call fails with `TimedOutError`.
    ///
    /// Returns
    /// -------
    /// bool
    ///     False when there is no such record.
    ///
    /// Raises
    /// ------
    /// ConflictError
    ///     With ``expected_version``, when the record is missing or has another version.
    ///
    /// Examples
    /// --------
    /// >>> from dataknobs_data import SyncDatabase
    /// >>> db = SyncDatabase.create("memory")
    /// >>> id = db.create({"name": "Ada"})
    /// >>> db.delete(id), db.delete(id)
    /// (True, False)
    delete [id, *, expected_version=None, timeout=None]
        (id: &Bound<'_, PyAny>, expected_version: Option<&str>, timeout: Option<f64>);
    /// Give the records that a query finds, all at once.
    ///
    /// The result is a sequence whose records become Python objects when they are looked at. For more than fits
    /// memory, use `stream`.
    ///
    /// Parameters
    /// ----------
    /// query : Query, Filter, str or dict, optional
    ///     What to find: a query, a filter, a query's text or its dict form. Without one, every record.
    /// timeout : float, optional
    ///     Seconds after which the call fails with `TimedOutError`.
    ///
    /// Returns
    /// -------
    /// SearchResult
    ///     The records, in the query's order.
    ///
    /// Raises
    /// ------
    /// InvalidQueryError
    ///     When the query makes no sense; no store was asked.
    ///
    /// Examples
    /// --------
    /// >>> from dataknobs_data import SyncDatabase
    /// >>> db = SyncDatabase.create("memory")
    /// >>> ids = db.create_batch([{"n": n} for n in range(10)])
    /// >>> [record["n"] for record in db.search("n >= 7 ORDER BY n DESC LIMIT 2")]
    /// [9, 8]
    search [query=None, *, timeout=None] (query: Option<&Bound<'_, PyAny>>, timeout: Option<f64>);
    /// Give the first record that a query finds, or None.
    ///
    /// Parameters
    /// ----------
    /// query : Query, Filter, str or dict, optional
    ///     What to find: a query, a filter, a query's text or its dict form. Without one, every record.
    /// timeout : float, optional
    ///     Seconds after which the call fails with `TimedOutError`.
    ///
    /// Returns
    /// -------
    /// Record or None
    ///     The record; None when nothing is found.
    ///
    /// Raises
    /// ------
    /// InvalidQueryError
    ///     When the query makes no sense; no store was asked.
    ///
    /// Examples
    /// --------
    /// >>> from dataknobs_data import SyncDatabase
    /// >>> db = SyncDatabase.create("memory")
    /// >>> ids = db.create_batch([{"n": n} for n in range(10)])
    /// >>> db.first("ORDER BY n DESC")["n"]
    /// 9
    first [query=None, *, timeout=None] (query: Option<&Bound<'_, PyAny>>, timeout: Option<f64>);
    /// Give how many records pass a query's filter.
    ///
    /// Its limit and offset do not count.
    ///
    /// Parameters
    /// ----------
    /// query : Query, Filter, str or dict, optional
    ///     What to find: a query, a filter, a query's text or its dict form. Without one, every record.
    /// timeout : float, optional
    ///     Seconds after which the call fails with `TimedOutError`.
    ///
    /// Returns
    /// -------
    /// int
    ///     The number.
    ///
    /// Raises
    /// ------
    /// InvalidQueryError
    ///     When the query makes no sense; no store was asked.
    ///
    /// Examples
    /// --------
    /// >>> from dataknobs_data import SyncDatabase
    /// >>> db = SyncDatabase.create("memory")
    /// >>> ids = db.create_batch([{"n": n} for n in range(10)])
    /// >>> db.count("n >= 7")
    /// 3
    count [query=None, *, timeout=None] (query: Option<&Bound<'_, PyAny>>, timeout: Option<f64>);
    /// Open a stream; see ``stream``.
    _open_cursor [query=None, *, timeout=None] (query: Option<&Bound<'_, PyAny>>, timeout: Option<f64>);
    /// Group records, and count, sum or average them.
    ///
    /// Parameters
    /// ----------
    /// aggregation : Aggregation or dict
    ///     The groups and what is computed of each, or its dict form.
    /// timeout : float, optional
    ///     Seconds after which the call fails with `TimedOutError`.
    ///
    /// Returns
    /// -------
    /// Table
    ///     A row for each group.
    ///
    /// Raises
    /// ------
    /// InvalidQueryError
    ///     When the aggregation makes no sense; no store was asked.
    ///
    /// Examples
    /// --------
    /// >>> from dataknobs_data import Aggregation, SyncDatabase
    /// >>> db = SyncDatabase.create("memory")
    /// >>> ids = db.create_batch([{"city": "Oslo", "n": 1}, {"city": "Oslo", "n": 2}])
    /// >>> db.aggregate(Aggregation().group_by("city").count().sum("n")).to_dicts()
    /// [{'city': 'Oslo', 'count': 2, 'sum_n': 3}]
    aggregate [aggregation, *, timeout=None] (aggregation: &Bound<'_, PyAny>, timeout: Option<f64>);
    /// Store new records and give their ids, in order.
    ///
    /// Parameters
    /// ----------
    /// records : iterable of records, DataFrame or Arrow data
    ///     Records or what makes them, a search result, a pandas DataFrame, or any object with
    ///     ``__arrow_c_stream__``, such as a pyarrow table or a polars frame.
    /// timeout : float, optional
    ///     Seconds after which the call fails with `TimedOutError`.
    ///
    /// Returns
    /// -------
    /// list of str
    ///     An id for each record.
    ///
    /// Raises
    /// ------
    /// AlreadyExistsError, InvalidRecordError
    ///     When an id is taken, also by an earlier record of the batch, or a value is of no type that a record holds.
    ///     With ``failures``: position and error of each item that failed. All or nothing where the store has
    ///     transactions.
    ///
    /// Examples
    /// --------
    /// >>> from dataknobs_data import Record, SyncDatabase
    /// >>> db = SyncDatabase.create("memory")
    /// >>> db.create_batch([Record({"n": 1}, id="a"), Record({"n": 2}, id="b")])
    /// ['a', 'b']
    create_batch [records, *, timeout=None] (records: &Bound<'_, PyAny>, timeout: Option<f64>);
    /// Give the records with these ids, in order.
    ///
    /// Parameters
    /// ----------
    /// ids : iterable of str or UUID
    ///     The ids.
    /// timeout : float, optional
    ///     Seconds after which the call fails with `TimedOutError`.
    ///
    /// Returns
    /// -------
    /// list of Record or None
    ///     One for each id; None for each that is missing.
    ///
    /// Examples
    /// --------
    /// >>> from dataknobs_data import SyncDatabase
    /// >>> db = SyncDatabase.create("memory")
    /// >>> id = db.create({"name": "Ada"})
    /// >>> [record and record["name"] for record in db.read_batch([id, "nobody"])]
    /// ['Ada', None]
    read_batch [ids, *, timeout=None] (ids: &Bound<'_, PyAny>, timeout: Option<f64>);
    /// Replace whole records under their own ids.
    ///
    /// Parameters
    /// ----------
    /// records : iterable of records, DataFrame or Arrow data
    ///     Records or what makes them, a search result, a pandas DataFrame, or any object with
    ///     ``__arrow_c_stream__``, such as a pyarrow table or a polars frame.
    /// timeout : float, optional
    ///     Seconds after which the call fails with `TimedOutError`.
    ///
    /// Returns
    /// -------
    /// list of bool
    ///     One for each record; False for each that is missing.
    ///
    /// Raises
    /// ------
    /// InvalidRecordError
    ///     When a record has no id, or a value is of no type that a record holds. With ``failures``: position and
    ///     error of each item that failed. All or nothing where the store has transactions.
    ///
    /// Examples
    /// --------
    /// >>> from dataknobs_data import Record, SyncDatabase
    /// >>> db = SyncDatabase.create("memory")
    /// >>> id = db.create(Record({"n": 1}, id="a"))
    /// >>> db.update_batch([Record({"n": 2}, id="a"), Record({"n": 3}, id="b")])
    /// [True, False]
    update_batch [records, *, timeout=None] (records: &Bound<'_, PyAny>, timeout: Option<f64>);
    /// Create or replace records under their own ids.
    ///
    /// A record without an id is new.
    ///
    /// Parameters
    /// ----------
    /// records : iterable of records, DataFrame or Arrow data
    ///     Records or what makes them, a search result, a pandas DataFrame, or any object with
    ///     ``__arrow_c_stream__``, such as a pyarrow table or a polars frame.
    /// timeout : float, optional
    ///     Seconds after which the call fails with `TimedOutError`.
    ///
    /// Returns
    /// -------
    /// list of str
    ///     An id for each record.
    ///
    /// Raises
    /// ------
    /// InvalidRecordError
    ///     When a value is of no type that a record holds. With ``failures``: position and error of each item that
    ///     failed. All or nothing where the store has transactions.
    ///
    /// Examples
    /// --------
    /// >>> from dataknobs_data import Record, SyncDatabase
    /// >>> db = SyncDatabase.create("memory")
    /// >>> db.upsert_batch([Record({"n": 1}, id="a"), Record({"n": 2}, id="a")])
    /// ['a', 'a']
    /// >>> db.count()
    /// 1
    upsert_batch [records, *, timeout=None] (records: &Bound<'_, PyAny>, timeout: Option<f64>);
    /// Remove the records with these ids.
    ///
    /// Parameters
    /// ----------
    /// ids : iterable of str or UUID
    ///     The ids.
    /// timeout : float, optional
    ///     Seconds after which the call fails with `TimedOutError`.
    ///
    /// Returns
    /// -------
    /// list of bool
    ///     One for each id; False for each that is missing.
    ///
    /// Examples
    /// --------
    /// >>> from dataknobs_data import SyncDatabase
    /// >>> db = SyncDatabase.create("memory")
    /// >>> id = db.create({"name": "Ada"})
    /// >>> db.delete_batch([id, "nobody"])
    /// [True, False]
    delete_batch [ids, *, timeout=None] (ids: &Bound<'_, PyAny>, timeout: Option<f64>);
    /// Set and unset fields of every record that passes a query's filter.
    ///
    /// Parameters
    /// ----------
    /// query : Query, Filter, str or dict, optional
    ///     Whose records: its filter counts, its sort, limit and offset must not be set. Without one, every record.
    /// set : mapping, optional
    ///     Fields to set, by name. A `Field` also sets type and metadata.
    /// unset : iterable of str, optional
    ///     Names of fields to remove; those that are not there are ignored.
    /// timeout : float, optional
    ///     Seconds after which the call fails with `TimedOutError`.
    ///
    /// Returns
    /// -------
    /// int
    ///     How many records those are.
    ///
    /// Raises
    /// ------
    /// InvalidQueryError
    ///     When the query makes no sense; no store was asked.
    /// InvalidRecordError
    ///     When a value is of no type that a record holds; the context names the field.
    ///
    /// Examples
    /// --------
    /// >>> from dataknobs_data import SyncDatabase
    /// >>> db = SyncDatabase.create("memory")
    /// >>> ids = db.create_batch([{"n": n} for n in range(10)])
    /// >>> db.update_where("n < 3", set={"few": True})
    /// 3
    update_where [query=None, set=None, unset=None, *, timeout=None]
        (query: Option<&Bound<'_, PyAny>>, set: Option<&Bound<'_, PyAny>>, unset: Option<&Bound<'_, PyAny>>, timeout: Option<f64>);
    /// Remove every record that passes a query's filter.
    ///
    /// Parameters
    /// ----------
    /// query : Query, Filter, str or dict
    ///     Whose records: its filter counts, its sort, limit and offset must not be set.
    /// timeout : float, optional
    ///     Seconds after which the call fails with `TimedOutError`.
    ///
    /// Returns
    /// -------
    /// int
    ///     How many records those were.
    ///
    /// Raises
    /// ------
    /// InvalidQueryError
    ///     When the query makes no sense; no store was asked.
    ///
    /// Examples
    /// --------
    /// >>> from dataknobs_data import SyncDatabase
    /// >>> db = SyncDatabase.create("memory")
    /// >>> ids = db.create_batch([{"n": n} for n in range(10)])
    /// >>> db.delete_where("n < 3")
    /// 3
    delete_where [query, *, timeout=None] (query: &Bound<'_, PyAny>, timeout: Option<f64>);
    /// Remove every record.
    ///
    /// Parameters
    /// ----------
    /// timeout : float, optional
    ///     Seconds after which the call fails with `TimedOutError`.
    ///
    /// Returns
    /// -------
    /// int
    ///     How many there were.
    ///
    /// Examples
    /// --------
    /// >>> from dataknobs_data import SyncDatabase
    /// >>> db = SyncDatabase.create("memory")
    /// >>> id = db.create({"name": "Ada"})
    /// >>> db.clear()
    /// 1
    clear [*, timeout=None] (timeout: Option<f64>);
    /// Give what a query finds as Arrow data.
    ///
    /// pyarrow, polars, DuckDB and whatever else speaks the Arrow PyCapsule interface take it. From a CSV file it comes
    /// without a record on the way, by all cores.
    ///
    /// Parameters
    /// ----------
    /// query : Query, Filter, str or dict, optional
    ///     What to find: a query, a filter, a query's text or its dict form. Without one, every record.
    /// id_column : str, optional
    ///     The name of the column of ids; None leaves the ids out.
    /// timeout : float, optional
    ///     Seconds after which the call fails with `TimedOutError`.
    ///
    /// Returns
    /// -------
    /// ArrowTable
    ///     A column for each field, after the column of ids.
    ///
    /// Raises
    /// ------
    /// InvalidQueryError
    ///     When the query makes no sense; no store was asked.
    ///
    /// Examples
    /// --------
    /// >>> import pyarrow
    /// >>> from dataknobs_data import SyncDatabase
    /// >>> db = SyncDatabase.create("memory")
    /// >>> ids = db.create_batch([{"n": n} for n in range(5)])
    /// >>> pyarrow.table(db.search_as_arrow("n > 2", id_column=None)).to_pydict()
    /// {'n': [3, 4]}
    search_as_arrow [query=None, *, id_column=Some("_id".to_owned()), timeout=None]
        (query: Option<&Bound<'_, PyAny>>, id_column: Option<String>, timeout: Option<f64>);
    /// Say what a query will cost, without running it.
    ///
    /// Parameters
    /// ----------
    /// query : Query, Filter, str or dict, optional
    ///     What to find: a query, a filter, a query's text or its dict form. Without one, every record.
    /// timeout : float, optional
    ///     Seconds after which the call fails with `TimedOutError`.
    ///
    /// Returns
    /// -------
    /// Explain
    ///     What the store answers, what is re-checked here, and by which way.
    ///
    /// Raises
    /// ------
    /// InvalidQueryError
    ///     When the query makes no sense; no store was asked.
    ///
    /// Examples
    /// --------
    /// >>> from dataknobs_data import SyncDatabase
    /// >>> db = SyncDatabase.create("memory")
    /// >>> db.explain("n > 3").rechecked
    /// False
    explain [query=None, *, timeout=None] (query: Option<&Bound<'_, PyAny>>, timeout: Option<f64>);
    /// Declare an index on a field.
    ///
    /// Parameters
    /// ----------
    /// field : str or list of str
    ///     A dotted path, or a list of path segments that are taken literally.
    /// kind : {"hash", "ordered"}, default "hash"
    ///     What it serves: equality, or ranges too.
    /// name : str, optional
    ///     Its name. By default path and kind make one.
    /// timeout : float, optional
    ///     Seconds after which the call fails with `TimedOutError`.
    ///
    /// Returns
    /// -------
    /// IndexInfo
    ///     The index.
    ///
    /// Raises
    /// ------
    /// AlreadyExistsError
    ///     When the name is taken.
    /// UnsupportedError
    ///     When the store has no indexes.
    ///
    /// Examples
    /// --------
    /// >>> from dataknobs_data import SyncDatabase
    /// >>> db = SyncDatabase.create("memory")
    /// >>> db.create_index("address.city", "ordered", "by_city")
    /// IndexInfo('by_city', 'address.city', 'ordered')
    create_index [field, kind="hash", name=None, *, timeout=None]
        (field: &Bound<'_, PyAny>, kind: &str, name: Option<String>, timeout: Option<f64>);
    /// Give the declared indexes.
    ///
    /// Parameters
    /// ----------
    /// timeout : float, optional
    ///     Seconds after which the call fails with `TimedOutError`.
    ///
    /// Returns
    /// -------
    /// list of IndexInfo
    ///     The indexes.
    ///
    /// Examples
    /// --------
    /// >>> from dataknobs_data import SyncDatabase
    /// >>> db = SyncDatabase.create("memory")
    /// >>> db.list_indexes()
    /// []
    list_indexes [*, timeout=None] (timeout: Option<f64>);
    /// Drop an index.
    ///
    /// Parameters
    /// ----------
    /// name : str
    ///     Its name.
    /// timeout : float, optional
    ///     Seconds after which the call fails with `TimedOutError`.
    ///
    /// Returns
    /// -------
    /// bool
    ///     False when there is none of this name.
    ///
    /// Examples
    /// --------
    /// >>> from dataknobs_data import SyncDatabase
    /// >>> db = SyncDatabase.create("memory")
    /// >>> db.drop_index("by_city")
    /// False
    drop_index [name, *, timeout=None] (name: String, timeout: Option<f64>);
    /// Connect now instead of on first use.
    ///
    /// Parameters
    /// ----------
    /// timeout : float, optional
    ///     Seconds after which the call fails with `TimedOutError`.
    ///
    /// Raises
    /// ------
    /// ConnectionFailedError
    ///     When the store cannot be reached, or the database is closed.
    ///
    /// Examples
    /// --------
    /// >>> from dataknobs_data import SyncDatabase
    /// >>> db = SyncDatabase.create("memory")
    /// >>> db.connect()
    connect [*, timeout=None] (timeout: Option<f64>);
    /// Ask the store whether it answers.
    ///
    /// Parameters
    /// ----------
    /// timeout : float, optional
    ///     Seconds after which the call fails with `TimedOutError`.
    ///
    /// Raises
    /// ------
    /// ConnectionFailedError
    ///     When it does not.
    ///
    /// Examples
    /// --------
    /// >>> from dataknobs_data import SyncDatabase
    /// >>> db = SyncDatabase.create("memory")
    /// >>> db.ping(timeout=1)
    ping [*, timeout=None] (timeout: Option<f64>);
    /// Have everything acknowledged written where it lasts.
    ///
    /// Parameters
    /// ----------
    /// timeout : float, optional
    ///     Seconds after which the call fails with `TimedOutError`.
    ///
    /// Examples
    /// --------
    /// >>> from dataknobs_data import SyncDatabase
    /// >>> db = SyncDatabase.create("memory")
    /// >>> db.flush()
    flush [*, timeout=None] (timeout: Option<f64>);
    /// Close the database.
    ///
    /// Calls after it fail with `ConnectionFailedError`; closing again does not.
    ///
    /// Parameters
    /// ----------
    /// timeout : float, optional
    ///     Seconds after which the call fails with `TimedOutError`.
    ///
    /// Examples
    /// --------
    /// >>> from dataknobs_data import SyncDatabase
    /// >>> db = SyncDatabase.create("memory")
    /// >>> db.close()
    close [*, timeout=None] (timeout: Option<f64>);
    /// Say what the store is and where.
    ///
    /// Parameters
    /// ----------
    /// timeout : float, optional
    ///     Seconds after which the call fails with `TimedOutError`.
    ///
    /// Returns
    /// -------
    /// dict
    ///     ``backend``, ``location``, and what the store tells of itself, such as ``records``.
    ///
    /// Examples
    /// --------
    /// >>> from dataknobs_data import SyncDatabase
    /// >>> db = SyncDatabase.create("memory")
    /// >>> db.info()["backend"]
    /// 'memory'
    info [*, timeout=None] (timeout: Option<f64>);
    /// Begin a transaction; see ``transaction``.
    _begin [read_only=false, isolation=None, *, timeout=None] (read_only: bool, isolation: Option<String>, timeout: Option<f64>);
    /// Commit or roll back, and end the transaction either way.
    _end [commit, *, timeout=None] (commit: bool, timeout: Option<f64>);
    /// Set a savepoint; see ``savepoint``.
    _savepoint [*, timeout=None] (timeout: Option<f64>);
    /// End a savepoint: keep what was done since, or undo it.
    _end_savepoint [savepoint, keep, *, timeout=None] (savepoint: &OpenSavepoint, keep: bool, timeout: Option<f64>);
}
