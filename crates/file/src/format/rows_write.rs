//! Records as rows of bytes, by all cores, in order.
//!
//! Each thread takes the next records, encodes them, and writes them when all before them are
//! written. How many threads there are changes neither the bytes nor the pieces they are written in.

use std::io::Write;

use dataknobs_data_arrow::{cores, fetch};
use dataknobs_data_core::{Error, ErrorKind, Record, Result, Shape};
use parking_lot::{Condvar, Mutex};

/// Records that a thread takes at a time.
const CHUNK: usize = 1_024;

/// Records that are fetched into the cache together.
pub(crate) const FETCHED: usize = 128;

/// From so many records on, further threads are worth their start.
const PARALLEL_FROM: usize = 4 * CHUNK;

const MAX_THREADS: usize = 8;

/// A thread that has encoded so much waits for its turn before it goes on.
const MAX_WAITING_BYTES: usize = 1 << 20;

/// What makes rows of records.
pub(crate) trait RowEncoder<'a>: Send {
    /// Appends the row of a record.
    fn encode(&mut self, record: &'a Record, rows: &mut Vec<u8>) -> Result<()>;
}

/// Writes the rows of records. Each thread gets an encoder from `encoder`; gives them back.
///
/// # Errors
/// That of the first record in order that has one, or of the output.
pub(crate) fn write_rows<'a, E: RowEncoder<'a>>(
    out: &mut (dyn Write + Send),
    records: impl Iterator<Item = &'a Record> + Send,
    encoder: impl Fn() -> E + Sync,
) -> Result<Vec<E>> {
    let threads = cores(MAX_THREADS);
    write_rows_by(threads, out, records, encoder)
}

pub(super) fn write_rows_by<'a, E: RowEncoder<'a>>(
    threads: usize,
    out: &mut (dyn Write + Send),
    mut records: impl Iterator<Item = &'a Record> + Send,
    encoder: impl Fn() -> E + Sync,
) -> Result<Vec<E>> {
    let first: Vec<&Record> = records.by_ref().take(PARALLEL_FROM).collect();
    let helpers = if first.len() < PARALLEL_FROM { 0 } else { threads - 1 };
    let queue = Queue {
        source: Mutex::new(Source { records: first.into_iter().chain(records), chunks: 0 }),
        sink: Mutex::new(Sink { out, turn: 0, failure: None }),
        turned: Condvar::new(),
    };
    let work = || queue.work(encoder());
    let encoders = std::thread::scope(|scope| {
        // Where no thread is to be had, there is this one.
        let helpers = (0..helpers).map_while(|_| std::thread::Builder::new().spawn_scoped(scope, work).ok());
        let helpers: Vec<_> = helpers.collect();
        let mut encoders = vec![work()];
        for helper in helpers {
            encoders.push(helper.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        }
        encoders
    });
    match queue.sink.into_inner().failure {
        Some(error) => Err(error),
        None => Ok(encoders),
    }
}

/// What threads share.
struct Queue<'o, I> {
    source: Mutex<Source<I>>,
    sink: Mutex<Sink<'o>>,
    /// Somebody else may write now, or nobody any more.
    turned: Condvar,
}

struct Source<I> {
    records: I,
    /// How many chunks were taken.
    chunks: usize,
}

struct Sink<'o> {
    out: &'o mut (dyn Write + Send),
    /// The chunk that may write.
    turn: usize,
    /// Why nobody writes any more.
    failure: Option<Error>,
}

impl<'a, I: Iterator<Item = &'a Record>> Queue<'_, I> {
    fn work<E: RowEncoder<'a>>(&self, mut encoder: E) -> E {
        let unwinding = Unwinding(self);
        let (mut records, mut rows) = (Vec::with_capacity(CHUNK), Vec::new());
        while let Some(chunk) = self.take(&mut records) {
            if !self.chunk(chunk, &records, &mut encoder, &mut rows) {
                break;
            }
        }
        std::mem::forget(unwinding);
        encoder
    }

    /// The number of the next chunk, and its records.
    fn take(&self, records: &mut Vec<&'a Record>) -> Option<usize> {
        records.clear();
        let mut source = self.source.lock();
        records.extend(source.records.by_ref().take(CHUNK));
        source.chunks += 1;
        (!records.is_empty()).then(|| source.chunks - 1)
    }

    /// Encodes and writes a chunk. Whether there may be more.
    fn chunk<E: RowEncoder<'a>>(
        &self,
        chunk: usize,
        records: &[&'a Record],
        encoder: &mut E,
        rows: &mut Vec<u8>,
    ) -> bool {
        rows.clear();
        for (at, record) in records.iter().enumerate() {
            if at.is_multiple_of(FETCHED) {
                fetch(&records[at..records.len().min(at + FETCHED)]);
            }
            let start = rows.len();
            if let Err(error) = encoder.encode(record, rows) {
                rows.truncate(start);
                return self.write(chunk, rows, Some(Err(error)));
            }
            if rows.len() >= MAX_WAITING_BYTES {
                if !self.write(chunk, rows, None) {
                    return false;
                }
                rows.clear();
            }
        }
        self.write(chunk, rows, Some(Ok(())))
    }

    /// Writes rows when it is the chunk's turn, and ends the turn if they are its last. Whether there
    /// may be more.
    fn write(&self, chunk: usize, rows: &[u8], last: Option<Result<()>>) -> bool {
        let mut sink = self.sink.lock();
        while sink.turn != chunk && sink.failure.is_none() {
            self.turned.wait(&mut sink);
        }
        if sink.failure.is_some() {
            return false;
        }
        let written = sink.out.write_all(rows).map_err(Error::from);
        let is_last = last.is_some();
        match written.and_then(|()| last.unwrap_or(Ok(()))) {
            Ok(()) if !is_last => return true,
            Ok(()) => sink.turn += 1,
            Err(error) => sink.failure = Some(error),
        }
        self.turned.notify_all();
        sink.failure.is_none()
    }
}

/// Nobody waits for the turn of a thread that panicked.
struct Unwinding<'q, 'o, I>(&'q Queue<'o, I>);

impl<I> Drop for Unwinding<'_, '_, I> {
    fn drop(&mut self) {
        let failure = || Error::new(ErrorKind::Backend, "a thread that encoded records panicked");
        self.0.sink.lock().failure.get_or_insert_with(failure);
        self.0.turned.notify_all();
    }
}

/// So many shapes are remembered.
const SHAPES: usize = 16;

/// What was found out about shapes, of which most records share a few.
pub(super) struct ByShape<'a, T> {
    known: Vec<(&'a Shape, T)>,
    /// Which one gives way to another.
    oldest: usize,
}

impl<'a, T> ByShape<'a, T> {
    pub(super) fn new() -> Self {
        ByShape { known: Vec::new(), oldest: 0 }
    }

    /// What is known of a shape, or found out now.
    #[inline]
    pub(super) fn of(&mut self, shape: &'a Shape, find_out: impl FnOnce(&'a Shape) -> Result<T>) -> Result<&T> {
        let address = shape.address();
        let at = match self.known.iter().position(|(known, _)| known.address() == address) {
            Some(at) => at,
            None => self.add(shape, find_out(shape)?),
        };
        Ok(&self.known[at].1)
    }

    #[cold]
    fn add(&mut self, shape: &'a Shape, found: T) -> usize {
        if self.known.len() < SHAPES {
            self.known.push((shape, found));
            return self.known.len() - 1;
        }
        let at = self.oldest;
        self.known[at] = (shape, found);
        self.oldest = (at + 1) % SHAPES;
        at
    }
}

#[cfg(test)]
pub(in crate::format) mod tests {
    use super::*;
    use dataknobs_data_core::record;

    /// Sizes around the borders of chunks and of what is worth a thread.
    pub(in crate::format) const SIZES: [usize; 9] = [
        0,
        1,
        CHUNK - 1,
        CHUNK + 1,
        PARALLEL_FROM - 1,
        PARALLEL_FROM,
        PARALLEL_FROM + 1,
        PARALLEL_FROM + CHUNK,
        3 * PARALLEL_FROM + 7,
    ];

    /// Writes numbers; fails at some of them, the sooner the higher they are.
    struct Numbers<'n>(&'n [i64]);

    impl<'a> RowEncoder<'a> for Numbers<'_> {
        fn encode(&mut self, record: &'a Record, rows: &mut Vec<u8>) -> Result<()> {
            let number = record["n"].as_integer().unwrap();
            write!(rows, "{number};").unwrap();
            if let Some(place) = self.0.iter().position(|bad| *bad == number) {
                crate::lock::pause(std::time::Duration::from_millis(20 * (self.0.len() - place) as u64));
                return Err(Error::invalid_record("bad").with_context("number", number));
            }
            assert_ne!(number, -1, "a bad number");
            Ok(())
        }
    }

    fn numbers(count: usize) -> Vec<Record> {
        (0..count as i64).map(|n| record! { "n": n }.unwrap()).collect()
    }

    fn written(threads: usize, records: &[Record], bad: &[i64]) -> (Vec<u8>, Result<usize>) {
        let mut out = Vec::new();
        let encoders = write_rows_by(threads, &mut out, records.iter(), || Numbers(bad));
        (out, encoders.map(|encoders| encoders.len()))
    }

    #[test]
    fn rows_stand_in_order_whatever_the_number_of_threads() {
        for size in SIZES {
            let records = numbers(size);
            let expected: String = (0..size).map(|n| format!("{n};")).collect();
            for threads in [1, 2, 5] {
                let (out, encoders) = written(threads, &records, &[]);
                assert_eq!(out, expected.as_bytes());
                assert_eq!(encoders.unwrap(), if size < PARALLEL_FROM { 1 } else { threads });
            }
        }
    }

    #[test]
    fn long_rows_wait_for_their_turn() {
        struct Long;
        impl<'a> RowEncoder<'a> for Long {
            fn encode(&mut self, record: &'a Record, rows: &mut Vec<u8>) -> Result<()> {
                let byte = record["n"].as_integer().unwrap() as u8;
                rows.resize(rows.len() + MAX_WAITING_BYTES / 64 + 1, byte);
                Ok(())
            }
        }
        struct Turns(u8, usize);
        impl Write for Turns {
            fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
                for row in bytes.chunks(MAX_WAITING_BYTES / 64 + 1) {
                    assert!(row.len() == MAX_WAITING_BYTES / 64 + 1 && row.iter().all(|byte| *byte == self.0));
                    self.0 = self.0.wrapping_add(1);
                }
                self.1 = self.1.max(bytes.len());
                Ok(bytes.len())
            }
            fn flush(&mut self) -> std::io::Result<()> {
                Ok(())
            }
        }
        let records = numbers(PARALLEL_FROM + 3);
        let mut turns = Turns(0, 0);
        write_rows_by(3, &mut turns, records.iter(), || Long).unwrap();
        assert_eq!(turns.0, (records.len() % 256) as u8);
        assert!(turns.1 < 2 * MAX_WAITING_BYTES);
    }

    #[test]
    fn the_first_bad_record_is_the_one_that_is_told() {
        let records = numbers(3 * PARALLEL_FROM);
        let bad = [3_000, 3_100, 5_000, 9_000];
        for threads in [1, 2, 5] {
            let (out, error) = written(threads, &records, &bad);
            assert_eq!(error.unwrap_err().context_value("number"), Some("3000"));
            assert!(out.ends_with(b";2999;"));
        }
    }

    #[test]
    fn a_full_disk_ends_all_threads() {
        struct Full(usize);
        impl Write for Full {
            fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
                self.0 = self.0.checked_sub(bytes.len()).ok_or(std::io::ErrorKind::StorageFull)?;
                Ok(bytes.len())
            }
            fn flush(&mut self) -> std::io::Result<()> {
                Ok(())
            }
        }
        let records = numbers(3 * PARALLEL_FROM);
        for threads in [1, 4] {
            let written = write_rows_by(threads, &mut Full(20_000), records.iter(), || Numbers(&[]));
            assert_eq!(written.err().unwrap().kind(), ErrorKind::Io);
        }
    }

    #[test]
    fn a_panic_comes_through() {
        let mut records = numbers(3 * PARALLEL_FROM);
        for at in [5_000, 9_000] {
            records[at] = record! { "n": -1 }.unwrap();
        }
        for threads in [1, 4] {
            let run = std::panic::AssertUnwindSafe(|| written(threads, &records, &[]).1);
            let panic = std::panic::catch_unwind(run).unwrap_err();
            assert!(panic.downcast_ref::<String>().unwrap().contains("a bad number"));
        }
    }

    #[test]
    fn shapes_beyond_the_first_few_give_way() {
        let records: Vec<Record> =
            (0..3 * SHAPES).map(|n| Record::from_pairs([(format!("f{}", n % 20), 1)]).unwrap()).collect();
        let mut names = ByShape::new();
        for record in &records {
            let shape = record.shape();
            assert_eq!(names.of(shape, |shape| Ok(shape.fields()[0].0.clone())).unwrap(), &shape.fields()[0].0);
        }
        assert!(names.of(Record::new().shape(), |_| Err(Error::invalid_record("no"))).is_err());
    }
}
