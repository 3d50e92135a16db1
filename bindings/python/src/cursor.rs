//! Streams: records in chunks, one Python object at a time.

use std::task::{Context, Poll, Waker};

use dataknobs_data::{Error, ErrorKind, Record, RecordCursor};
use futures_util::{Stream as _, StreamExt as _};
use parking_lot::Mutex;
use pyo3::prelude::*;

use crate::answer::Answer;
use crate::error::Outcome;
use crate::pending::{Call, Pending, wait};
use crate::record::PyRecord;

/// Records that are fetched together.
const CHUNK: usize = 1_024;

/// The records of a stream, one after the other, in constant memory: what `SyncDatabase.stream` gives.
///
/// It fetches the next records when those at hand are used up. Where a loop may end early, ``with`` or `close` lets go
/// of what the stream holds in the store.
///
/// Examples
/// --------
/// >>> from dataknobs_data import SyncDatabase
/// >>> db = SyncDatabase.create("memory")
/// >>> ids = db.create_batch({"n": n} for n in range(5))
/// >>> with db.stream("ORDER BY n DESC") as records:
/// ...     print(next(records)["n"])
/// 4
#[pyclass(module = "dataknobs_data._native", frozen)]
pub(crate) struct Cursor {
    state: std::sync::Arc<Mutex<State>>,
    generation: u64,
}

struct State {
    /// Away while a fetch is under way; gone at the end.
    cursor: Option<Box<RecordCursor>>,
    at_hand: std::vec::IntoIter<Record>,
    /// An error that comes after the records at hand.
    error: Option<Error>,
    ended: bool,
    /// Closed by hand: what a fetch that is under way brings is let go.
    closed: bool,
}

impl Cursor {
    pub(crate) fn new(cursor: RecordCursor) -> Self {
        let at_hand = Vec::new().into_iter();
        let state = State { cursor: Some(Box::new(cursor)), at_hand, error: None, ended: false, closed: false };
        Cursor { state: std::sync::Arc::new(Mutex::new(state)), generation: crate::runtime::generation() }
    }

    /// Fetches the next chunk into the state.
    fn fetch(&self) -> Outcome<Call> {
        if self.generation != crate::runtime::generation() {
            return Err(crate::runtime::forked().into());
        }
        let mut cursor = self.state.lock().cursor.take().ok_or_else(|| {
            Error::new(ErrorKind::Cancelled, "this stream was interrupted, or another call is reading it")
        })?;
        let state = self.state.clone();
        Ok(Box::pin(async move {
            let mut chunk = Vec::new();
            let mut error = None;
            let mut ended = false;
            let mut next = Poll::Ready(cursor.next().await);
            let mut context = Context::from_waker(Waker::noop());
            loop {
                match next {
                    Poll::Ready(Some(Ok(record))) => chunk.push(record),
                    Poll::Ready(Some(Err(failure))) => error = Some(failure),
                    Poll::Ready(None) => ended = true,
                    Poll::Pending => break,
                }
                if ended || error.is_some() || chunk.len() >= CHUNK {
                    break;
                }
                // What is there already comes along; the next fetch waits for the rest.
                next = std::pin::Pin::new(&mut *cursor).poll_next(&mut context);
            }
            let mut state = state.lock();
            if state.closed {
                return Ok(Answer::Unit);
            }
            state.at_hand = chunk.into_iter();
            state.ended = ended || error.is_some();
            state.error = error;
            state.cursor = (!state.ended).then_some(cursor);
            Ok(Answer::Unit)
        }))
    }
}

#[pymethods]
impl Cursor {
    fn __iter__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    fn __next__(&self, py: Python<'_>) -> Outcome<Option<PyRecord>> {
        loop {
            match self._at_hand()? {
                Some(record) => return Ok(Some(record)),
                None if self.state.lock().ended => return Ok(None),
                None => drop(wait(py, self.fetch()?)?),
            }
        }
    }

    fn __enter__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    #[pyo3(signature = (_kind, _error, _trace, /))]
    fn __exit__(&self, _kind: &Bound<'_, PyAny>, _error: &Bound<'_, PyAny>, _trace: &Bound<'_, PyAny>) {
        self.close();
    }

    /// The next record that is there already, or None.
    fn _at_hand(&self) -> Outcome<Option<PyRecord>> {
        let mut state = self.state.lock();
        match state.at_hand.next() {
            Some(record) => Ok(Some(PyRecord::new(record))),
            None => match state.error.take() {
                Some(error) => Err(error.into()),
                None => Ok(None),
            },
        }
    }

    /// Whether there are no more records to fetch; some may be at hand still.
    #[getter]
    fn ended(&self) -> bool {
        self.state.lock().ended
    }

    /// Begin to fetch the next records.
    fn _begin_fetch(&self) -> Outcome<Pending> {
        Pending::start(self.fetch()?)
    }

    /// Let go of what the stream holds in the store; it gives no more records.
    ///
    /// Examples
    /// --------
    /// >>> from dataknobs_data import SyncDatabase
    /// >>> records = SyncDatabase.create("memory").stream()
    /// >>> records.close()
    /// >>> list(records)
    /// []
    fn close(&self) {
        let cursor = {
            let mut state = self.state.lock();
            (state.ended, state.closed) = (true, true);
            state.at_hand = Vec::new().into_iter();
            state.cursor.take()
        };
        drop(cursor);
    }
}
