//! Streams of records, and the part of a query that is done here.

use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;
use futures_util::StreamExt as _;

use super::operations::Split;
use crate::backend::{RecordStream, stream_of};
use crate::error::{Error, Result};
use crate::query::{IdOrder, Matcher, Query, SortPosition, Sorter};
use crate::record::Record;
use crate::value::Str;

/// Records one after another, as a query finds them. Dropping it ends the search.
///
/// It is a [`Stream`]; [`RecordCursor::next_record`] needs no imports.
///
/// ```
/// use dataknobs_data_core::{Database, Query, record};
/// use futures_util::TryStreamExt;
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let db = Database::memory();
/// db.create_batch(vec![record! { "n": 1 }?, record! { "n": 2 }?]).await?;
/// let found: Vec<_> = db.stream(&Query::new()).await?.try_collect().await?;
/// assert_eq!(found.len(), 2);
/// # Ok::<(), dataknobs_data_core::Error>(())
/// # }).unwrap();
/// ```
pub struct RecordCursor {
    stream: RecordStream,
    chunk: std::vec::IntoIter<Record>,
    failed: bool,
    context: Option<(&'static str, &'static str)>,
}

impl RecordCursor {
    pub(super) fn new(stream: RecordStream) -> Self {
        RecordCursor { stream, chunk: Vec::new().into_iter(), failed: false, context: None }
    }

    pub(super) fn on(mut self, operation: &'static str, backend: &'static str) -> Self {
        self.context = Some((operation, backend));
        self
    }

    /// The next record, or none at the end.
    ///
    /// ```
    /// use dataknobs_data_core::Query;
    /// # use dataknobs_data_core::{Database, record};
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// # let db = Database::memory();
    /// # db.create_batch(vec![record! { "n": 1 }?, record! { "n": 2 }?]).await?;
    /// let mut cursor = db.stream(&Query::new()).await?;
    /// let mut sum = 0;
    /// while let Some(record) = cursor.next_record().await? {
    ///     sum += record["n"].as_integer().unwrap();
    /// }
    /// assert_eq!(sum, 3);
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// # }).unwrap();
    /// ```
    ///
    /// # Errors
    /// Whatever the store reports; the cursor is then at its end.
    pub async fn next_record(&mut self) -> Result<Option<Record>> {
        self.next().await.transpose()
    }

    fn complete(&self, error: Error) -> Error {
        match self.context {
            Some((operation, backend)) => error.with_operation(operation).with_backend(backend),
            None => error,
        }
    }
}

impl Stream for RecordCursor {
    type Item = Result<Record>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            if let Some(record) = self.chunk.next() {
                return Poll::Ready(Some(Ok(record)));
            }
            if self.failed {
                return Poll::Ready(None);
            }
            match self.stream.as_mut().poll_next(context) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(None) => {
                    self.failed = true;
                    return Poll::Ready(None);
                }
                Poll::Ready(Some(Ok(chunk))) => self.chunk = chunk.into_iter(),
                Poll::Ready(Some(Err(error))) => {
                    self.failed = true;
                    return Poll::Ready(Some(Err(self.complete(error))));
                }
            }
        }
    }
}

impl std::fmt::Debug for RecordCursor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RecordCursor").field("buffered", &self.chunk.len()).finish_non_exhaustive()
    }
}

/// Does here what the store was not asked to do: re-check, sort, page, project.
pub(super) async fn page_here(
    mut stream: RecordStream,
    split: Split,
    query: &Query,
    ids: IdOrder,
) -> Result<RecordStream> {
    let matcher = split.residual.as_ref().map(Matcher::new);
    let projection = query.projection().map(<[Str]>::to_vec);
    if split.sort_pushed {
        let page = Page {
            stream,
            matcher,
            projection,
            skip: query.offset_value(),
            left: query.limit_value().unwrap_or(u64::MAX),
        };
        return Ok(Box::pin(futures_util::stream::unfold(Some(page), Page::next)));
    }
    let after = query.after_token().map(|token| SortPosition::decode(token, query.sort_keys())).transpose()?;
    let mut sorter = Sorter::new(query.sort_keys().to_vec(), ids, after, query.offset_value(), query.limit_value());
    while let Some(chunk) = stream.next().await {
        for record in chunk? {
            if matcher.as_ref().is_none_or(|matcher| matcher.matches(&record)) {
                sorter.push(record);
            }
        }
    }
    let mut page = sorter.finish();
    project(&mut page, projection.as_deref());
    Ok(stream_of(page))
}

fn project(records: &mut [Record], projection: Option<&[Str]>) {
    if let Some(names) = projection {
        for record in records {
            *record = record.project(names);
        }
    }
}

/// A store's stream in the wanted order, filtered and cut to the page here.
struct Page {
    stream: RecordStream,
    matcher: Option<Matcher>,
    projection: Option<Vec<Str>>,
    skip: u64,
    left: u64,
}

impl Page {
    async fn next(page: Option<Page>) -> Option<(Result<Vec<Record>>, Option<Page>)> {
        let mut page = page?;
        while page.left > 0 {
            let mut chunk = match page.stream.next().await? {
                Ok(chunk) => chunk,
                Err(error) => return Some((Err(error), None)),
            };
            if let Some(matcher) = &page.matcher {
                chunk.retain(|record| matcher.matches(record));
            }
            let skipped = page.skip.min(chunk.len() as u64);
            page.skip -= skipped;
            chunk.drain(..skipped as usize);
            chunk.truncate(usize::try_from(page.left).unwrap_or(usize::MAX));
            page.left -= chunk.len() as u64;
            if !chunk.is_empty() {
                project(&mut chunk, page.projection.as_deref());
                return Some((Ok(chunk), Some(page)));
            }
        }
        None
    }
}
