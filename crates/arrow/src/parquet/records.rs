//! The records of a file, row group by row group.

use std::vec::IntoIter;

use ::parquet::arrow::ProjectionMask;
use ::parquet::arrow::arrow_reader::{ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder};
use arrow_array::RecordBatch;
use dataknobs_data_core::{Condition, Error, Matcher, Record, Result};

use super::damage::{contained, decode_error, read_error};
use super::file::ParquetFile;
use super::prune::rows_that_may_fit;
use super::rows::Rows;
use super::threads;
use crate::FromArrowOptions;
use crate::read::batch::Reader;
use crate::uniform::cores;

/// Rows of a batch, at most and where they are large.
const BATCH_ROWS: usize = 2_048;
const BATCH_BYTES: usize = 4 * 1024 * 1024;

/// Batches that are made into records at the same time, at most.
const MAX_AHEAD: usize = 8;

/// The records of a file in order, each with the number of its row, from 1. It holds a batch of
/// them for each core, and the pages that the last one comes from. After an error there is no more.
///
/// ```
/// use std::sync::Arc;
/// use dataknobs_data_arrow::parquet::{IdColumn, ParquetFile, ParquetRecords, write_parquet};
/// use dataknobs_data_core::{Condition, Filter, record};
/// let records = (0..5).map(|n| record! { "n": n }).collect::<Result<Vec<_>, _>>()?;
/// let mut bytes = Vec::new();
/// write_parquet(&mut bytes, || records.iter(), IdColumn::None)?;
/// let condition = Condition::of(&Filter::parse("n > 7")?);
/// let mut found: ParquetRecords = ParquetFile::open(Arc::new(bytes))?.records();
/// found.narrow(&condition)?;
/// assert_eq!(found.count(), 0);
/// # Ok::<(), dataknobs_data_core::Error>(())
/// ```
pub struct ParquetRecords {
    file: ParquetFile,
    condition: Condition,
    /// The columns that the condition looks at, where it is worth while to read them first.
    first: Option<Vec<usize>>,
    options: FromArrowOptions,
    next_group: usize,
    /// Rows of the groups before the next one.
    rows_before: u64,
    group: Option<Group>,
    batch: IntoIter<NumberedRow>,
    /// Whether there may be more after an error.
    is_lenient: bool,
}

/// The number of a row, and its record or what is wrong with it.
type NumberedRow = (u64, Result<Record>);

/// What is left of a row group.
struct Group {
    number: usize,
    batches: ParquetRecordBatchReader,
    /// The numbers of the rows still to come.
    rows: Box<dyn Iterator<Item = u64> + Send>,
    /// How many batches are read at the next step.
    ahead: usize,
    ended: bool,
    /// What is wrong behind the rows that were read.
    failure: Option<Error>,
}

impl ParquetRecords {
    pub(super) fn new(file: ParquetFile) -> Self {
        let mut options = FromArrowOptions::new().with_nested_as_text(true);
        options.text_by_value = true;
        ParquetRecords {
            first: None,
            condition: Condition::TRUE,
            file,
            options,
            next_group: 0,
            rows_before: 0,
            group: None,
            batch: Vec::new().into_iter(),
            is_lenient: false,
        }
    }

    /// How many rows the file has, whether they are left out or not.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # use dataknobs_data_arrow::parquet::{IdColumn, ParquetFile, write_parquet};
    /// # let mut bytes = Vec::new();
    /// # write_parquet(&mut bytes, || [].iter(), IdColumn::None)?;
    /// assert_eq!(ParquetFile::open(Arc::new(bytes))?.records().rows_in_all(), 0);
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    pub fn rows_in_all(&self) -> u64 {
        u64::try_from(self.file.metadata.metadata().file_metadata().num_rows()).unwrap_or(0)
    }

    /// Leaves out records of which statistics or their own values show that they do not fit the
    /// condition; who asks has to look at the rest. For readers that gave nothing yet.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # use dataknobs_data_arrow::parquet::{IdColumn, ParquetFile, write_parquet};
    /// use dataknobs_data_core::{Condition, Filter};
    /// # let mut bytes = Vec::new();
    /// # write_parquet(&mut bytes, || [].iter(), IdColumn::None)?;
    /// let mut records = ParquetFile::open(Arc::new(bytes))?.records();
    /// records.narrow(&Condition::of(&Filter::parse("n > 7")?))?;
    /// assert!(records.next().is_none());
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Corrupt`](dataknobs_data_core::ErrorKind::Corrupt) when the index of the pages is damaged,
    /// [`Io`](dataknobs_data_core::ErrorKind::Io).
    pub fn narrow(&mut self, condition: &Condition) -> Result<()> {
        if !condition.is_true() {
            self.file.read_page_index()?;
            self.first = columns_to_read_first(&self.file, condition);
            self.condition = condition.clone();
        }
        Ok(())
    }

    /// Goes on after errors: behind the row if one makes no record, behind the row group if that is
    /// damaged. Errors say which in their context, `row` or `row_group`.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use dataknobs_data_arrow::parquet::{IdColumn, ParquetFile, write_parquet};
    /// use dataknobs_data_core::record;
    /// let records = [record! { "n": 1 }?];
    /// let mut bytes = Vec::new();
    /// write_parquet(&mut bytes, || records.iter(), IdColumn::None)?;
    /// let last = ParquetFile::open(Arc::new(bytes.clone()))?.row_group_bytes(0).unwrap().end - 1;
    /// bytes[last as usize] ^= 1;
    /// let mut records = ParquetFile::open(Arc::new(bytes))?.records().lenient();
    /// assert_eq!(records.next().unwrap().unwrap_err().context_value("row_group"), Some("0"));
    /// assert!(records.next().is_none());
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    #[must_use]
    pub fn lenient(mut self) -> Self {
        self.is_lenient = true;
        self
    }

    fn advance(&mut self) -> Result<Option<(u64, Record)>> {
        loop {
            if let Some((row, record)) = self.batch.next() {
                return record.map(|record| Some((row, record)));
            }
            match &mut self.group {
                Some(group) => match group.next(&self.options) {
                    Ok(Some(batch)) => self.batch = batch.into_iter(),
                    Ok(None) => self.group = None,
                    Err(error) => {
                        self.group = None;
                        return Err(error);
                    }
                },
                None if self.next_group < self.file.metadata.metadata().num_row_groups() => self.open_group()?,
                None => return Ok(None),
            }
        }
    }

    fn open_group(&mut self) -> Result<()> {
        let number = self.next_group;
        let total = self.file.metadata.metadata().row_group(number).num_rows();
        let Ok(total) = usize::try_from(total) else {
            return Err(Error::corrupt("a row group has less than no rows").with_context("row_group", number));
        };
        let before = self.rows_before;
        self.next_group += 1;
        self.rows_before = before.saturating_add(total as u64);
        let mut rows = rows_that_may_fit(&self.file, number, &self.condition);
        if let Some(columns) = &self.first
            && !rows.is_empty()
        {
            rows = self.rows_that_fit(number, total, &rows, columns)?;
        }
        if rows.is_empty() {
            return Ok(());
        }
        let batches = self.batches(number, total, &rows, ProjectionMask::all())?;
        let numbers = rows.into_numbers().map(move |row| before + row as u64 + 1);
        self.group = Some(Group::new(number, batches, numbers));
        Ok(())
    }

    /// Which of the rows fit, by the columns that the condition looks at.
    fn rows_that_fit(&self, number: usize, total: usize, rows: &Rows, columns: &[usize]) -> Result<Rows> {
        let mask = ProjectionMask::roots(self.file.metadata.parquet_schema(), columns.iter().copied());
        let matcher = Matcher::new(&self.condition);
        let batches = self.batches(number, total, rows, mask)?;
        let before = self.rows_before - total as u64;
        let numbers = rows.clone().into_numbers().map(move |row| before + row as u64 + 1);
        let mut group = Group::new(number, batches, numbers);
        let mut fit = Rows::default();
        while let Some(batch) = group.next(&self.options)? {
            for (row, record) in batch {
                if matcher.matches(&record?) {
                    let row = usize::try_from(row - before).unwrap_or(total);
                    fit.push(row - 1..row);
                }
            }
        }
        Ok(fit)
    }

    fn batches(
        &self,
        number: usize,
        total: usize,
        rows: &Rows,
        columns: ProjectionMask,
    ) -> Result<ParquetRecordBatchReader> {
        let row_group = self.file.metadata.metadata().row_group(number);
        let bytes = usize::try_from(row_group.total_byte_size()).unwrap_or(0);
        let batch_rows = (BATCH_BYTES / (bytes / total.max(1)).max(1)).clamp(1, BATCH_ROWS);
        contained(|| {
            let mut builder =
                ParquetRecordBatchReaderBuilder::new_with_metadata(self.file.input.clone(), self.file.metadata.clone())
                    .with_row_groups(vec![number])
                    .with_projection(columns)
                    .with_batch_size(batch_rows);
            if rows.count() < total {
                builder = builder.with_row_selection(rows.selection(total));
            }
            builder.build().map_err(read_error)
        })
        .map_err(|error| error.with_context("row_group", number))
    }
}

impl Group {
    fn new(number: usize, batches: ParquetRecordBatchReader, rows: impl Iterator<Item = u64> + Send + 'static) -> Self {
        Group { number, batches, rows: Box::new(rows), ahead: 1, ended: false, failure: None }
    }

    /// The next rows: those of one batch at first, then of one for each core.
    fn next(&mut self, options: &FromArrowOptions) -> Result<Option<Vec<NumberedRow>>> {
        let mut batches = Vec::new();
        while batches.len() < self.ahead && !self.ended {
            match self.read() {
                Ok(Some(batch)) => batches.push(batch),
                Ok(None) => self.ended = true,
                Err(error) => self.fail(error),
            }
        }
        let number = self.number;
        let made = threads::each(batches, self.ahead, |(batch, rows)| {
            let records = contained(|| Ok(records_of(number, &batch, &rows, options)))?;
            Ok(rows.into_iter().zip(records))
        });
        self.ahead = cores(MAX_AHEAD).min(self.ahead * 2);
        let mut found = Vec::new();
        for rows in made {
            match rows {
                Ok(rows) => found.extend(rows),
                Err(error) => {
                    self.fail(error);
                    break;
                }
            }
        }
        if !found.is_empty() || !self.ended {
            return Ok(Some(found));
        }
        self.failure.take().map_or(Ok(None), Err)
    }

    /// There is no more; the rows before come first.
    fn fail(&mut self, error: Error) {
        self.ended = true;
        self.failure = Some(error);
    }

    /// The next batch and the numbers of its rows.
    fn read(&mut self) -> Result<Option<(RecordBatch, Vec<u64>)>> {
        let number = self.number;
        let in_group = |error: Error| error.with_context("row_group", number);
        let batch = contained(|| self.batches.next().transpose().map_err(decode_error)).map_err(in_group)?;
        let Some(batch) = batch else {
            return match self.rows.next() {
                None => Ok(None),
                Some(_) => Err(in_group(Error::corrupt("a row group has fewer rows than the footer says"))),
            };
        };
        let rows: Vec<u64> = self.rows.by_ref().take(batch.num_rows()).collect();
        if rows.len() < batch.num_rows() {
            return Err(in_group(Error::corrupt("a row group has more rows than the footer says")));
        }
        Ok(Some((batch, rows)))
    }
}

/// The records of a batch, or what is wrong with each.
fn records_of(number: usize, batch: &RecordBatch, rows: &[u64], options: &FromArrowOptions) -> Vec<Result<Record>> {
    let read = |batch: &RecordBatch, first: Option<&u64>| {
        let before = first.and_then(|row| usize::try_from(*row).ok()).unwrap_or(0);
        let mut reader = Reader::behind(options, number, before);
        reader.read(batch).map(|()| reader.finish())
    };
    if let Ok(records) = read(batch, rows.first()) {
        return records.into_iter().map(Ok).collect();
    }
    // Rows may lie apart, and the error must name the right one.
    let alone = rows.iter().enumerate().map(|(at, row)| {
        let records = read(&batch.slice(at, 1), Some(row));
        let only = records.and_then(|mut records| records.pop().ok_or_else(|| Error::corrupt("a row makes no record")));
        only.map_err(|error| match error.context_value("row") {
            Some(_) => error,
            None => error.with_context("row", row),
        })
    });
    alone.collect()
}

impl Iterator for ParquetRecords {
    type Item = Result<(u64, Record)>;

    fn next(&mut self) -> Option<Self::Item> {
        let next = self.advance().transpose();
        if !matches!(next, Some(Ok(_))) && !self.is_lenient {
            self.next_group = usize::MAX;
            self.group = None;
        }
        next
    }
}

/// The columns that decide on a condition; none if it looks at ids that are not in the file, or at
/// so many columns that reading them twice would not pay.
fn columns_to_read_first(file: &ParquetFile, condition: &Condition) -> Option<Vec<usize>> {
    if condition.is_true() {
        return None;
    }
    let fields = file.schema().fields();
    let mut columns: Vec<usize> = Vec::new();
    for leaf in condition.leaves() {
        let path = leaf.path();
        let first = path.segments().first()?.as_str();
        let named = fields
            .iter()
            .enumerate()
            .filter(|(_, field)| field.name() == first || path.whole_name().is_some_and(|whole| field.name() == whole));
        columns.extend(named.map(|(at, _)| at));
        match first {
            "_id" | "id" => columns.push(file.roles.id?),
            "_metadata" | "metadata" => columns.extend(file.roles.metadata),
            _ => {}
        }
    }
    columns.sort_unstable();
    columns.dedup();
    (!columns.is_empty() && columns.len() * 2 <= fields.len()).then_some(columns)
}
