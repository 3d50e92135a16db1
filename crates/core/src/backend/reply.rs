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
///
/// ```
/// use dataknobs_data_core::backend::Reply;
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let at_hand = Reply::ready(Ok(1));
/// let later = Reply::later(async { Ok(2) });
/// assert!(matches!(at_hand, Reply::Ready(_)));
/// assert_eq!(at_hand.await? + later.await?, 3);
/// # Ok::<(), dataknobs_data_core::Error>(())
/// # }).unwrap();
/// ```
pub enum Reply<'a, T> {
    /// The answer; none once it was taken.
    Ready(Option<Result<T>>),
    /// The answer will come.
    Later(Pin<Box<dyn Future<Output = Result<T>> + Send + 'a>>),
}

/// Records in chunks. A chunk is never empty.
///
/// ```
/// use dataknobs_data_core::{record, backend::{RecordStream, stream_of}};
/// use futures_util::StreamExt;
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let mut chunks: RecordStream = stream_of(vec![record! { "n": 1 }?, record! { "n": 2 }?]);
/// assert_eq!(chunks.next().await.unwrap()?.len(), 2);
/// # Ok::<(), dataknobs_data_core::Error>(())
/// # }).unwrap();
/// ```
pub type RecordStream = Pin<Box<dyn Stream<Item = Result<Vec<Record>>> + Send>>;

impl<'a, T> Reply<'a, T> {
    /// An answer that is at hand.
    ///
    /// ```
    /// use dataknobs_data_core::backend::Reply;
    /// assert!(matches!(Reply::ready(Ok(7)), Reply::Ready(Some(Ok(7)))));
    /// ```
    #[inline]
    pub fn ready(result: Result<T>) -> Self {
        Reply::Ready(Some(result))
    }

    /// The same answer, changed when it is there.
    ///
    /// ```
    /// use dataknobs_data_core::backend::Reply;
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// assert_eq!(Reply::ready(Ok(20)).map_ok(|number| number + 1).await?, 21);
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// # }).unwrap();
    /// ```
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
    ///
    /// ```
    /// use dataknobs_data_core::backend::Reply;
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let reply = Reply::later(async { Ok(7) });
    /// assert_eq!(reply.await?, 7);
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// # }).unwrap();
    /// ```
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
///
/// ```
/// use dataknobs_data_core::backend::stream_of;
/// use futures_util::StreamExt;
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let mut chunks = stream_of(Vec::new());
/// assert!(chunks.next().await.is_none()); // no chunk is empty
/// # });
/// ```
pub fn stream_of(records: Vec<Record>) -> RecordStream {
    stream_of_chunks((!records.is_empty()).then_some(Ok(records)))
}

/// A stream of chunks that are at hand or cheap to make.
///
/// ```
/// use dataknobs_data_core::{record, backend::stream_of_chunks};
/// use futures_util::StreamExt;
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let chunks = stream_of_chunks([Ok(vec![record! { "n": 1 }?]), Ok(vec![record! { "n": 2 }?])]);
/// assert_eq!(chunks.count().await, 2);
/// # Ok::<(), dataknobs_data_core::Error>(())
/// # }).unwrap();
/// ```
pub fn stream_of_chunks<I>(chunks: I) -> RecordStream
where
    I: IntoIterator<Item = Result<Vec<Record>>>,
    I::IntoIter: Send + 'static,
{
    Box::pin(futures_util::stream::iter(chunks))
}
