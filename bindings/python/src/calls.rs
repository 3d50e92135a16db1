//! The methods of databases and transactions, each written once for the blocking and the
//! asynchronous classes.
//!
//! A call that has nothing to wait for (one record of a store in memory) is answered at once, on
//! the caller's thread. Every other runs on the library's own runtime, and the caller waits for it
//! without holding the interpreter.

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
use crate::error::{Failure, Outcome};
use crate::pending::{Call, Pending, wait};
use crate::record::{argument, id_argument, list_argument};
use crate::{json, query, runtime, value};

/// Records up to which a search in memory is answered at once: it takes well under a millisecond.
const FEW: u64 = 1_000;

/// Whether the caller waits on its thread or in an event loop.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Mode {
    Blocking,
    Begin,
}

/// What a call costs in memory: one record, or as many as a batch or the store holds, which it only
/// reads or may change.
#[derive(Clone, Copy, PartialEq)]
enum Weight {
    One,
    Batch(usize),
    Whole,
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

fn seconds(timeout: Option<f64>) -> Outcome<Option<Duration>> {
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
                (Weight::Whole | Weight::Change, Mode::Blocking) => false,
                (Weight::Whole | Weight::Change, Mode::Begin) => Self::holds_few(open),
            }
    }

    fn holds_few(open: &Open) -> bool {
        let details = match (&open.database, &*open.target.lock()) {
            (Some(database), _) | (None, Some(Target::Transaction(_, database))) => database.backend().info().details,
            _ => return false,
        };
        let records = details.iter().find(|(key, _)| key == "records");
        records.and_then(|(_, count)| count.as_u64()).is_some_and(|count| count <= FEW)
    }

    /// Whether a call needs no thread of its own to run on. In a long one, Ctrl-C must be heard.
    fn is_short(open: &Open, weight: Weight) -> bool {
        let by_size = matches!(weight, Weight::Whole | Weight::Change);
        open.in_memory && by_size && !open.holders.are_there() && Self::holds_few(open)
    }

    /// The call, counted if it may hold the store for long.
    fn held(open: &Open, weight: Weight, call: Call) -> Call {
        let holds = match weight {
            Weight::One | Weight::Whole => false,
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
        let call = Calls::held(open, weight, call);
        // A timeout needs the runtime's clock.
        if timeout.is_none() && $mode == Mode::Blocking && Calls::is_short(open, weight) {
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

fn changes(set: Option<&Bound<'_, PyAny>>, unset: Option<&Bound<'_, PyAny>>) -> Outcome<Changes> {
    let mut changes = Changes::new();
    if let Some(set) = set {
        for field in argument(set)?.fields() {
            let typed = field.metadata().is_some() || field.field_type() != field.value().field_type();
            changes = if typed {
                changes.set_field(field.to_field())
            } else {
                changes.set(field.name(), field.value().clone())
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
        let record = argument(record)?;
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
        let (record, options) = (argument(record)?, options(expected_version));
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
        let record = argument(record)?;
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
        call!(self, py, mode, timeout, Weight::Whole, own(query), |target| target.search(&query))
    }

    fn first<'py>(
        &self,
        py: Python<'py>,
        mode: Mode,
        query: Option<&Bound<'_, PyAny>>,
        timeout: Option<f64>,
    ) -> Outcome<Bound<'py, PyAny>> {
        let query = &query::argument(query)?;
        call!(self, py, mode, timeout, Weight::Whole, own(query), |target| target.first(&query))
    }

    fn count<'py>(
        &self,
        py: Python<'py>,
        mode: Mode,
        query: Option<&Bound<'_, PyAny>>,
        timeout: Option<f64>,
    ) -> Outcome<Bound<'py, PyAny>> {
        let query = &query::argument(query)?;
        call!(self, py, mode, timeout, Weight::Whole, own(query), |target| target.count(&query))
    }

    fn open_cursor<'py>(
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

    fn begin<'py>(
        &self,
        py: Python<'py>,
        mode: Mode,
        read_only: bool,
        timeout: Option<f64>,
    ) -> Outcome<Bound<'py, PyAny>> {
        let mut options = library::TransactionOptions::default();
        options.read_only = read_only;
        database_call!(self, py, mode, timeout, Weight::One, |database| database.transaction_with(options))
    }

    /// Commits or rolls back, and ends the transaction either way.
    fn end<'py>(&self, py: Python<'py>, mode: Mode, commit: bool, timeout: Option<f64>) -> Outcome<Bound<'py, PyAny>> {
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

/// A transaction on its way from `begin` to the class that Python code sees.
#[pyclass(module = "dataknobs_data._native", frozen)]
pub(crate) struct OpenTransaction {
    inner: Mutex<Option<library::Transaction>>,
}

impl OpenTransaction {
    pub(crate) fn new(transaction: library::Transaction) -> Self {
        OpenTransaction { inner: Mutex::new(Some(transaction)) }
    }
}

fn settings(object: Option<&Bound<'_, PyAny>>) -> Outcome<library::config::ConfigMap> {
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

    pub(crate) fn open_database(&self, database: library::Database) -> Outcome<()> {
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
        /// The calls of a database or a transaction.
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
    /// Stores a new record and gives its id.
    create [record, *, timeout=None] (record: &Bound<'_, PyAny>, timeout: Option<f64>);
    /// The record with this id, or None.
    read [id, *, timeout=None] (id: &Bound<'_, PyAny>, timeout: Option<f64>);
    /// Whether there is a record with this id.
    exists [id, *, timeout=None] (id: &Bound<'_, PyAny>, timeout: Option<f64>);
    /// Replaces the whole record under this id; False when it is missing.
    update [id, record, *, expected_version=None, timeout=None]
        (id: &Bound<'_, PyAny>, record: &Bound<'_, PyAny>, expected_version: Option<&str>, timeout: Option<f64>);
    /// Sets and unsets single fields, atomically; False when the record is missing.
    patch [id, set=None, unset=None, *, expected_version=None, timeout=None]
        (id: &Bound<'_, PyAny>, set: Option<&Bound<'_, PyAny>>, unset: Option<&Bound<'_, PyAny>>, expected_version: Option<&str>, timeout: Option<f64>);
    /// Creates or replaces a record, under an id or under its own.
    upsert [id, record=None, *, expected_version=None, timeout=None]
        (id: &Bound<'_, PyAny>, record: Option<&Bound<'_, PyAny>>, expected_version: Option<&str>, timeout: Option<f64>);
    /// Removes the record with this id; False when it is missing.
    delete [id, *, expected_version=None, timeout=None]
        (id: &Bound<'_, PyAny>, expected_version: Option<&str>, timeout: Option<f64>);
    /// The records that a query finds, all at once.
    search [query=None, *, timeout=None] (query: Option<&Bound<'_, PyAny>>, timeout: Option<f64>);
    /// The first record that a query finds, or None.
    first [query=None, *, timeout=None] (query: Option<&Bound<'_, PyAny>>, timeout: Option<f64>);
    /// How many records pass the query's filter.
    count [query=None, *, timeout=None] (query: Option<&Bound<'_, PyAny>>, timeout: Option<f64>);
    open_cursor [query=None, *, timeout=None] (query: Option<&Bound<'_, PyAny>>, timeout: Option<f64>);
    /// Groups and aggregates.
    aggregate [aggregation, *, timeout=None] (aggregation: &Bound<'_, PyAny>, timeout: Option<f64>);
    /// Stores new records and gives their ids, in order.
    create_batch [records, *, timeout=None] (records: &Bound<'_, PyAny>, timeout: Option<f64>);
    /// The records with these ids, or None for each that is missing.
    read_batch [ids, *, timeout=None] (ids: &Bound<'_, PyAny>, timeout: Option<f64>);
    /// Replaces records under their own ids; False for each that is missing.
    update_batch [records, *, timeout=None] (records: &Bound<'_, PyAny>, timeout: Option<f64>);
    /// Creates or replaces records under their own ids.
    upsert_batch [records, *, timeout=None] (records: &Bound<'_, PyAny>, timeout: Option<f64>);
    /// Removes records; False for each that is missing.
    delete_batch [ids, *, timeout=None] (ids: &Bound<'_, PyAny>, timeout: Option<f64>);
    /// Sets and unsets fields of every record that passes the query's filter; gives their number.
    update_where [query=None, set=None, unset=None, *, timeout=None]
        (query: Option<&Bound<'_, PyAny>>, set: Option<&Bound<'_, PyAny>>, unset: Option<&Bound<'_, PyAny>>, timeout: Option<f64>);
    /// Removes every record that passes the query's filter; gives their number.
    delete_where [query, *, timeout=None] (query: &Bound<'_, PyAny>, timeout: Option<f64>);
    /// Removes every record; gives their number.
    clear [*, timeout=None] (timeout: Option<f64>);
    /// What a query will cost.
    explain [query=None, *, timeout=None] (query: Option<&Bound<'_, PyAny>>, timeout: Option<f64>);
    /// Declares an index.
    create_index [field, kind="hash", name=None, *, timeout=None]
        (field: &Bound<'_, PyAny>, kind: &str, name: Option<String>, timeout: Option<f64>);
    /// The declared indexes.
    list_indexes [*, timeout=None] (timeout: Option<f64>);
    /// Drops an index by name; False when there is none.
    drop_index [name, *, timeout=None] (name: String, timeout: Option<f64>);
    /// Connects now instead of on first use.
    connect [*, timeout=None] (timeout: Option<f64>);
    /// Asks the store whether it answers.
    ping [*, timeout=None] (timeout: Option<f64>);
    /// Has everything acknowledged written where it lasts.
    flush [*, timeout=None] (timeout: Option<f64>);
    /// Closes the database; again is no error.
    close [*, timeout=None] (timeout: Option<f64>);
    /// What the store is and where.
    info [*, timeout=None] (timeout: Option<f64>);
    begin [read_only=false, *, timeout=None] (read_only: bool, timeout: Option<f64>);
    end [commit, *, timeout=None] (commit: bool, timeout: Option<f64>);
}
