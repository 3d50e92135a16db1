//! Scans of Python backends: iterators, generators and asynchronous generators, pulled in chunks.

use std::sync::Arc;
use std::time::{Duration, Instant};

use dataknobs_data::{Record, Result};
use dataknobs_data_core::backend::RecordStream;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyIterator, PyList, PyTuple};

use super::calls::{error_of, run, unexpected};
use crate::error::{Failure, Outcome};
use crate::record::PyRecord;
use crate::runtime;
use crate::search_result::PySearchResult;

/// Records that are pulled together.
const CHUNK: usize = 1_024;

/// How long a chunk is waited for while something is there already.
const PATIENCE: Duration = Duration::from_millis(10);

/// What a scan gave, on the way to its end. Dropped before that, it is closed.
pub(crate) struct Source {
    /// Gone at the end.
    iterator: Option<Arc<Py<PyAny>>>,
    asynchronous: bool,
    generation: u64,
}

/// A chunk, and what ended the scan behind it.
struct Pulled {
    records: Vec<Record>,
    ended: Option<Result<()>>,
}

impl Source {
    /// Of whatever can be iterated over, in either way.
    pub(crate) fn new(answer: &Bound<'_, PyAny>) -> Outcome<Self> {
        let py = answer.py();
        let asynchronous = answer.hasattr(intern!(py, "__aiter__"))?;
        let iterator = if asynchronous {
            answer.call_method0(intern!(py, "__aiter__"))?
        } else {
            match answer.try_iter() {
                Ok(iterator) => iterator.into_any(),
                Err(_) => return Err(unexpected("scan", "an iterable of records", answer)),
            }
        };
        let iterator = Some(Arc::new(iterator.unbind()));
        Ok(Source { iterator, asynchronous, generation: runtime::generation() })
    }

    /// The records, in chunks.
    pub(crate) fn stream(self) -> RecordStream {
        Box::pin(futures_util::stream::unfold((Some(self), None), |(mut source, mut failed)| async move {
            if let Some(error) = failed.take() {
                return Some((Err(error), (None, None)));
            }
            while let Some(pulling) = source.take() {
                let (back, pulled) = match pulling.pull().await {
                    Ok(pulled) => pulled,
                    Err(error) => return Some((Err(error), (None, None))),
                };
                let failed = match pulled.ended {
                    None => {
                        source = Some(back);
                        None
                    }
                    Some(end) => end.err(),
                };
                match (pulled.records.is_empty(), failed) {
                    (false, failed) => return Some((Ok(pulled.records), (source, failed))),
                    (true, Some(error)) => return Some((Err(error), (None, None))),
                    (true, None) => {}
                }
            }
            None
        }))
    }

    /// Pulls a chunk. The source goes with whoever pulls: when nobody waits any more, it is closed
    /// there, behind the last pull.
    async fn pull(mut self) -> Result<(Self, Pulled)> {
        let (iterator, asynchronous) = (self.iterator.clone(), self.asynchronous);
        run(
            move |py| {
                let Some(iterator) = iterator else { return Ok(py.None().into_bound(py)) };
                let iterator = iterator.bind(py).clone();
                if !asynchronous {
                    return Ok(iterator);
                }
                let pull = py.import(intern!(py, "dataknobs_data._event_loop"))?.getattr(intern!(py, "pull"))?;
                Ok(pull.call1((iterator, CHUNK, PATIENCE.as_secs_f64()))?)
            },
            move |answer| {
                let pulled = if asynchronous { pulled_in_loop(answer)? } else { pull_here(answer)? };
                if pulled.ended.is_some() {
                    self.iterator = None;
                }
                Ok((self, pulled))
            },
        )
        .await
    }
}

impl Drop for Source {
    fn drop(&mut self) {
        let Some(iterator) = self.iterator.take() else { return };
        if self.generation != runtime::generation() {
            return;
        }
        let method = if self.asynchronous { "aclose" } else { "close" };
        // Without a thread for it, the process is ending.
        let _ = runtime::handle().map(|handle| {
            handle.spawn(async move {
                let closed = run(
                    move |py| match iterator.bind(py).getattr_opt(method)? {
                        Some(close) => Ok(close.call0()?),
                        None => Ok(py.None().into_bound(py)),
                    },
                    |_| Ok(()),
                );
                if let Err(error) = closed.await {
                    runtime::attach(|py| crate::error::to_python(&error).write_unraisable(py, None));
                }
            })
        });
    }
}

/// Pulls items, which are records or lists of them, until there are enough.
fn pull_here(iterator: &Bound<'_, PyAny>) -> Outcome<Pulled> {
    let py = iterator.py();
    let begun = Instant::now();
    let mut records = Vec::new();
    let iterator = iterator.cast::<PyIterator>()?.clone();
    for item in iterator {
        if let Err(failure) = item.map_err(Failure::from).and_then(|item| take(&item, &mut records)) {
            return Ok(Pulled { records, ended: Some(Err(failure.into_error(py))) });
        }
        if !records.is_empty() && (records.len() >= CHUNK || begun.elapsed() >= PATIENCE) {
            return Ok(Pulled { records, ended: None });
        }
    }
    Ok(Pulled { records, ended: Some(Ok(())) })
}

/// Reads what `_event_loop.pull` gives: items, whether they were the last, and what was raised.
fn pulled_in_loop(answer: &Bound<'_, PyAny>) -> Outcome<Pulled> {
    let py = answer.py();
    let (items, ended, exception) = answer.extract::<(Bound<'_, PyList>, bool, Option<Bound<'_, PyAny>>)>()?;
    let mut records = Vec::new();
    for item in items.iter() {
        if let Err(failure) = take(&item, &mut records) {
            return Ok(Pulled { records, ended: Some(Err(failure.into_error(py))) });
        }
    }
    let ended = match exception {
        Some(exception) => Some(Err(error_of(exception))),
        None => ended.then_some(Ok(())),
    };
    Ok(Pulled { records, ended })
}

/// Takes one item of a scan.
fn take(item: &Bound<'_, PyAny>, records: &mut Vec<Record>) -> Outcome<()> {
    if let Ok(record) = item.cast::<PyRecord>() {
        let record = record.get().get();
        if record.id().is_none() {
            return Err(unexpected("scan", "records with their ids", item));
        }
        records.push(record);
        return Ok(());
    }
    if !item.is_instance_of::<PyList>() && !item.is_instance_of::<PyTuple>() && !item.is_instance_of::<PySearchResult>()
    {
        return Err(unexpected("scan", "records, or lists of records", item));
    }
    for record in item.try_iter()? {
        let record = record?;
        if !record.is_instance_of::<PyRecord>() {
            return Err(unexpected("scan", "records, or lists of records", &record));
        }
        take(&record, records)?;
    }
    Ok(())
}
