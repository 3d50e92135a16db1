//! Answers that are there at once, or later.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;

use crate::error::Result;
use crate::record::Record;

/// The answer of a backend: at hand already, or a future.
///
/// A store in memory answers at once, which costs neither an allocation nor a thread hop.
pub enum Reply<'a, T> {
    /// The answer; none once it was taken.
    Ready(Option<Result<T>>),
    /// The answer will come.
    Later(Pin<Box<dyn Future<Output = Result<T>> + Send + 'a>>),
}

/// Records in chunks. A chunk is never empty.
pub type RecordStream = Pin<Box<dyn Stream<Item = Result<Vec<Record>>> + Send>>;

impl<'a, T> Reply<'a, T> {
    /// An answer that is at hand.
    #[inline]
    pub fn ready(result: Result<T>) -> Self {
        Reply::Ready(Some(result))
    }

    /// The same answer, changed when it is there.
    #[inline]
    pub fn map_ok<U>(self, change: impl FnOnce(T) -> U + Send + 'a) -> Reply<'a, U>
    where
        T: 'a,
    {
        match self {
            Reply::Ready(answer) => Reply::Ready(answer.map(|answer| answer.map(change))),
            Reply::Later(future) => Reply::later(async move { future.await.map(change) }),
        }
    }

    /// An answer that will come.
    pub fn later(future: impl Future<Output = Result<T>> + Send + 'a) -> Self {
        Reply::Later(Box::pin(future))
    }

    /// The answer, changed. One that is at hand stays at hand.
    ///
    /// ```
    /// use dataknobs_data_core::backend::Reply;
    /// let reply = Reply::ready(Ok(20)).map(|number| Ok(number? + 1));
    /// assert!(matches!(reply, Reply::Ready(Some(Ok(21)))));
    /// ```
    pub fn map<U>(self, change: impl FnOnce(Result<T>) -> Result<U> + Send + 'a) -> Reply<'a, U>
    where
        T: 'a,
    {
        match self {
            Reply::Ready(answer) => Reply::Ready(answer.map(change)),
            Reply::Later(future) => Reply::later(async move { change(future.await) }),
        }
    }
}

impl<T> Unpin for Reply<'_, T> {}

impl<T> Future for Reply<'_, T> {
    type Output = Result<T>;

    #[inline]
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match self.get_mut() {
            Reply::Ready(answer) => match answer.take() {
                Some(answer) => Poll::Ready(answer),
                None => Poll::Pending,
            },
            Reply::Later(future) => future.as_mut().poll(context),
        }
    }
}

/// A stream of one chunk.
pub fn stream_of(records: Vec<Record>) -> RecordStream {
    stream_of_chunks((!records.is_empty()).then_some(Ok(records)))
}

/// A stream of chunks that are at hand or cheap to make.
pub fn stream_of_chunks<I>(chunks: I) -> RecordStream
where
    I: IntoIterator<Item = Result<Vec<Record>>>,
    I::IntoIter: Send + 'static,
{
    Box::pin(futures_util::stream::iter(chunks))
}
