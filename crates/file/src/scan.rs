//! Answering a scan: rows in, chunks of results out, no more read than was asked for.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use dataknobs_data_core::backend::{RecordStream, ScanRequest};
use dataknobs_data_core::memory::{Snapshot, finished};
use dataknobs_data_core::{Error, ErrorKind, IdOrder, Matcher, Record, Result, Sorter};

use crate::blockwise::FileRecords;
use crate::format::csv::CsvLayout;
use crate::overlay::Overlay;
use crate::store::completed;
use crate::version::version_of;

/// Records per chunk of a stream.
const CHUNK_RECORDS: usize = 1_024;

/// Records between two looks at whether anyone still wants the answer.
const CANCEL_INTERVAL: usize = 256;

/// Where the records of a scan come from.
pub(crate) enum Feed {
    /// No file yet.
    Nothing,
    /// The file itself; the flag says that a missing field reads as null.
    File(FileRecords, bool),
    /// The file, and what its journal says; the file is too large to be loaded.
    Overlaid(Box<OverlaidFeed>),
    /// The loaded table.
    Table(TableFeed),
}

/// The records of a file with those of its journal.
pub(crate) struct OverlaidFeed {
    records: Option<FileRecords>,
    overlay: Overlay,
    added: Option<Box<dyn Iterator<Item = Record> + Send>>,
    csv: Option<Arc<CsvLayout>>,
}

impl OverlaidFeed {
    pub(crate) fn new(records: FileRecords, overlay: Overlay, csv: Option<Arc<CsvLayout>>) -> Self {
        let records = (!overlay.hides_all()).then_some(records);
        OverlaidFeed { records, overlay, added: None, csv }
    }

    fn next(&mut self) -> Result<Option<Record>> {
        while let Some(records) = &mut self.records {
            match records.next()? {
                None => self.records = None,
                Some(record) => {
                    if let Some(record) = self.overlay.in_place_of(record) {
                        return Ok(Some(completed(self.csv.as_deref(), record)));
                    }
                }
            }
        }
        let overlay = &mut self.overlay;
        let next = self.added.get_or_insert_with(|| Box::new(overlay.added())).next();
        Ok(next.map(|record| completed(self.csv.as_deref(), record)))
    }
}

/// The records of a snapshot, as the file would give them.
pub(crate) struct TableFeed {
    snapshot: Snapshot,
    chunk: usize,
    pending: VecDeque<Record>,
    csv: Option<Arc<CsvLayout>>,
}

impl TableFeed {
    pub(crate) fn new(snapshot: Snapshot, csv: Option<Arc<CsvLayout>>) -> Self {
        TableFeed { snapshot, chunk: 0, pending: VecDeque::new(), csv }
    }

    fn next(&mut self) -> Option<Record> {
        while self.pending.is_empty() {
            if self.chunk >= self.snapshot.chunk_count() {
                return None;
            }
            self.pending.extend(self.snapshot.chunk(self.chunk).cloned());
            self.chunk += 1;
        }
        let record = self.pending.pop_front()?;
        Some(completed(self.csv.as_deref(), record))
    }
}

impl Feed {
    /// Whether it leaves out what does not fit the condition.
    fn is_filtered(&self) -> bool {
        matches!(self, Feed::File(records, _) if records.is_filtered())
    }

    /// The next record, perhaps without a version where it comes from the file.
    pub(crate) fn next(&mut self) -> Result<Option<Record>> {
        match self {
            Feed::Nothing => Ok(None),
            Feed::File(records, _) => records.next(),
            Feed::Overlaid(feed) => feed.next(),
            Feed::Table(table) => Ok(table.next()),
        }
    }

    /// Gives a record the version that it lacks.
    pub(crate) fn versioned(&self, mut record: Record) -> Record {
        let missing_is_null = match self {
            Feed::File(_, missing_is_null) => *missing_is_null,
            Feed::Overlaid(feed) => feed.csv.is_some(),
            Feed::Nothing | Feed::Table(_) => return record,
        };
        if record.version().is_none() {
            record.set_version(version_of(&record, missing_is_null));
        }
        record
    }
}

/// A scan under way.
pub(crate) struct Scan {
    feed: Feed,
    request: ScanRequest,
    matcher: Option<Matcher>,
    ids: IdOrder,
    skip: u64,
    left: u64,
    /// The results of a sorted scan, once they are known.
    sorted: Option<std::vec::IntoIter<Record>>,
    cancelled: Arc<AtomicBool>,
}

/// Tells a scan, or a change, that nobody waits for it any more.
struct CancelOnDrop(Arc<AtomicBool>);

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl Scan {
    pub(crate) fn new(feed: Feed, request: ScanRequest, ids: IdOrder, cancelled: Arc<AtomicBool>) -> Self {
        Scan {
            matcher: (!request.condition.is_true() && !feed.is_filtered()).then(|| Matcher::new(&request.condition)),
            skip: request.offset,
            left: request.limit.unwrap_or(u64::MAX),
            sorted: None,
            feed,
            ids,
            cancelled,
            request,
        }
    }

    fn next_match(&mut self) -> Result<Option<Record>> {
        let mut looked_at = 0_usize;
        while let Some(record) = self.feed.next()? {
            looked_at += 1;
            if looked_at.is_multiple_of(CANCEL_INTERVAL) {
                check_awaited(&self.cancelled)?;
            }
            if self.matcher.as_ref().is_none_or(|matcher| matcher.matches(&record)) {
                return Ok(Some(record));
            }
        }
        Ok(None)
    }

    /// The number of records that pass.
    pub(crate) fn count(mut self) -> Result<u64> {
        let mut count = 0;
        while self.next_match()?.is_some() {
            count += 1;
        }
        Ok(count)
    }

    fn finish(&self, record: Record) -> Record {
        finished(&self.feed.versioned(record), &self.request)
    }

    /// The next chunk; empty at the end.
    fn next_chunk(&mut self) -> Result<Vec<Record>> {
        if !self.request.sort.is_empty() {
            return self.next_sorted_chunk();
        }
        let mut chunk = Vec::new();
        while chunk.len() < CHUNK_RECORDS && self.left > 0 {
            let Some(record) = self.next_match()? else {
                self.left = 0;
                break;
            };
            if self.skip > 0 {
                self.skip -= 1;
                continue;
            }
            self.left -= 1;
            chunk.push(self.finish(record));
        }
        Ok(chunk)
    }

    fn next_sorted_chunk(&mut self) -> Result<Vec<Record>> {
        if self.sorted.is_none() {
            let ScanRequest { sort, after, offset, limit, .. } = &self.request;
            let mut sorter = Sorter::new(sort.clone(), self.ids, after.clone(), *offset, *limit);
            while let Some(record) = self.next_match()? {
                sorter.push(record);
            }
            self.sorted = Some(sorter.finish().into_iter());
        }
        let records = self.sorted.iter_mut().flatten().take(CHUNK_RECORDS).collect::<Vec<_>>();
        Ok(records.into_iter().map(|record| self.finish(record)).collect())
    }
}

/// Ends what nobody waits for any more.
pub(crate) fn check_awaited(cancelled: &AtomicBool) -> Result<()> {
    match cancelled.load(Ordering::Relaxed) {
        true => Err(Error::new(ErrorKind::Cancelled, "nobody waits for the answer")),
        false => Ok(()),
    }
}

/// Runs work that may wait for the disk where it holds nobody up.
pub(crate) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    match tokio::runtime::Handle::try_current() {
        Ok(runtime) => runtime.spawn_blocking(work).await.unwrap_or_else(|error| {
            Err(Error::new(ErrorKind::Backend, "work on the file stopped in the middle").with_source(error))
        }),
        // Under another executor there is no better place than here.
        Err(_) => work(),
    }
}

/// Runs work in the background that can tell when the future was dropped.
pub(crate) async fn cancellable<T: Send + 'static>(
    work: impl FnOnce(Arc<AtomicBool>) -> Result<T> + Send + 'static,
) -> Result<T> {
    let cancel = CancelOnDrop(Arc::default());
    let cancelled = Arc::clone(&cancel.0);
    blocking(move || work(cancelled)).await
}

/// Counts in the background; stops when the future is dropped.
pub(crate) async fn count(make: impl FnOnce(Arc<AtomicBool>) -> Result<Scan> + Send + 'static) -> Result<u64> {
    cancellable(move |cancelled| make(cancelled)?.count()).await
}

/// Opens a scan and gives its results chunk by chunk. No thread waits while nobody asks for the
/// next chunk, and dropping the stream ends the scan.
pub(crate) async fn stream(
    make: impl FnOnce(Arc<AtomicBool>) -> Result<Scan> + Send + 'static,
) -> Result<RecordStream> {
    let cancel = CancelOnDrop(Arc::default());
    let cancelled = Arc::clone(&cancel.0);
    let first = blocking(move || {
        let mut scan = make(cancelled)?;
        let chunk = scan.next_chunk()?;
        Ok((scan, chunk))
    })
    .await?;
    let state = (Some(first), None, cancel);
    let chunks = futures_util::stream::try_unfold(state, |(ready, scan, cancel)| async move {
        let (scan, chunk) = match (ready, scan) {
            (Some(ready), _) => ready,
            (None, Some(scan)) => step(scan).await?,
            (None, None) => return Ok(None),
        };
        if chunk.is_empty() {
            return Ok(None);
        }
        Ok::<_, Error>(Some((chunk, (None, Some(scan), cancel))))
    });
    Ok(Box::pin(chunks))
}

async fn step(mut scan: Scan) -> Result<(Scan, Vec<Record>)> {
    if scan.left == 0 && scan.request.sort.is_empty() {
        return Ok((scan, Vec::new()));
    }
    blocking(move || {
        let chunk = scan.next_chunk()?;
        Ok((scan, chunk))
    })
    .await
}
