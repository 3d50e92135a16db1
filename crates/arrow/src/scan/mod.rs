//! Columns that a store scanned, without records on the way.
//!
//! A store hands over [`ScannedColumns`]; what becomes of them is decided here, by the same rules by
//! which records become batches, so that nobody can tell the two apart.

mod integers;
mod offsets;
mod search;
mod whole;

use std::sync::Arc;

use arrow_array::cast::AsArray as _;
use arrow_array::{Array, ArrayRef, LargeBinaryArray, LargeStringArray, RecordBatch};
use arrow_array::{RecordBatchOptions, types::TimestampMicrosecondType};
use arrow_buffer::{OffsetBuffer, ScalarBuffer};
use arrow_schema::{DataType, Schema};
use dataknobs_data_core::{Error, FieldType, Result, Str};

pub use integers::append_integer;
pub use offsets::SeenOffsets;
pub use search::{ArrowTable, search_batches};
pub use whole::{WholeColumn, WholeColumns, WholeData, search_columns};

use crate::ToArrowOptions;
use crate::infer::{ColumnKind, ColumnType, Zone, kind_of};
use crate::marks::{self, Mark};
use crate::write::{name_is_taken, schema};

/// What a scan found, as columns.
///
/// ```
/// use std::sync::Arc;
/// use arrow_array::Int64Array;
/// use dataknobs_data_arrow::{ScannedBatch, ScannedColumns, ToArrowOptions};
/// use dataknobs_data_core::FieldType;
/// let mut scanned = ScannedColumns::new([("n".into(), FieldType::Integer)]);
/// scanned.push(ScannedBatch::new(None, vec![Arc::new(Int64Array::from(vec![1, 2]))], 2));
/// let table = scanned.finish(&ToArrowOptions::new())?.expect("there is nothing that it cannot say");
/// assert_eq!(table.num_rows(), 2);
/// # Ok::<(), dataknobs_data_core::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct ScannedColumns {
    columns: Vec<(Str, FieldType)>,
    offsets: Vec<SeenOffsets>,
    batches: Vec<ScannedBatch>,
}

/// Some rows of a scan.
///
/// The arrays are those of the [crate's table](crate), with offsets of 32 bits; datetimes are UTC
/// microseconds without a zone, and what offsets they had is told apart from them.
///
/// ```
/// use dataknobs_data_arrow::ScannedBatch;
/// let nothing = ScannedBatch::new(None, Vec::new(), 0);
/// assert_eq!(nothing.num_rows(), 0);
/// ```
#[derive(Debug, Clone)]
pub struct ScannedBatch {
    ids: Option<ArrayRef>,
    columns: Vec<ArrayRef>,
    rows: usize,
}

impl ScannedBatch {
    /// Rows with their ids, if those are wanted.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use arrow_array::{BooleanArray, StringArray};
    /// use dataknobs_data_arrow::ScannedBatch;
    /// let ids = Arc::new(StringArray::from(vec!["a"]));
    /// assert_eq!(ScannedBatch::new(Some(ids), vec![Arc::new(BooleanArray::from(vec![true]))], 1).num_rows(), 1);
    /// ```
    pub fn new(ids: Option<ArrayRef>, columns: Vec<ArrayRef>, rows: usize) -> Self {
        ScannedBatch { ids, columns, rows }
    }

    /// How many rows.
    ///
    /// ```
    /// use dataknobs_data_arrow::ScannedBatch;
    /// assert_eq!(ScannedBatch::new(None, Vec::new(), 7).num_rows(), 7);
    /// ```
    pub fn num_rows(&self) -> usize {
        self.rows
    }

    /// So many rows from a position on, without copying them.
    ///
    /// ```
    /// use dataknobs_data_arrow::ScannedBatch;
    /// assert_eq!(ScannedBatch::new(None, Vec::new(), 7).slice(2, 3).num_rows(), 3);
    /// ```
    #[must_use]
    pub fn slice(&self, start: usize, rows: usize) -> Self {
        let part = |array: &ArrayRef| array.slice(start, rows);
        ScannedBatch { ids: self.ids.as_ref().map(part), columns: self.columns.iter().map(part).collect(), rows }
    }
}

impl ScannedColumns {
    /// No rows yet, of these fields.
    ///
    /// ```
    /// use dataknobs_data_arrow::ScannedColumns;
    /// use dataknobs_data_core::FieldType;
    /// let scanned = ScannedColumns::new([("n".into(), FieldType::Integer)]);
    /// assert_eq!(scanned.num_rows(), 0);
    /// ```
    pub fn new(columns: impl IntoIterator<Item = (Str, FieldType)>) -> Self {
        let columns: Vec<_> = columns.into_iter().collect();
        ScannedColumns { offsets: vec![SeenOffsets::default(); columns.len()], columns, batches: Vec::new() }
    }

    /// How many rows.
    ///
    /// ```
    /// use dataknobs_data_arrow::{ScannedBatch, ScannedColumns};
    /// let mut scanned = ScannedColumns::new([]);
    /// scanned.push(ScannedBatch::new(None, Vec::new(), 7));
    /// assert_eq!(scanned.num_rows(), 7);
    /// ```
    pub fn num_rows(&self) -> usize {
        self.batches.iter().map(|batch| batch.rows).sum()
    }

    /// Adds rows behind those that are there; empty ones are left out.
    ///
    /// ```
    /// # use dataknobs_data_arrow::{ScannedBatch, ScannedColumns};
    /// # let mut scanned = ScannedColumns::new([]);
    /// scanned.push(ScannedBatch::new(None, Vec::new(), 1));
    /// ```
    pub fn push(&mut self, batch: ScannedBatch) {
        debug_assert_eq!(batch.columns.len(), self.columns.len());
        if batch.rows > 0 {
            self.batches.push(batch);
        }
    }

    /// Notes which offsets from UTC the datetimes of a column had.
    ///
    /// ```
    /// use dataknobs_data_arrow::{ScannedColumns, SeenOffsets};
    /// use dataknobs_data_core::FieldType;
    /// let mut scanned = ScannedColumns::new([("at".into(), FieldType::DateTime)]);
    /// let mut offsets = SeenOffsets::default();
    /// offsets.add(Some(7200));
    /// scanned.note_offsets(0, offsets);
    /// ```
    pub fn note_offsets(&mut self, column: usize, offsets: SeenOffsets) {
        self.offsets[column].merge(offsets);
    }

    /// The table, as records of these rows would give it; none where only records can: an exact
    /// table of datetimes whose offsets differ.
    ///
    /// ```
    /// use dataknobs_data_arrow::{ScannedColumns, ToArrowOptions};
    /// let table = ScannedColumns::new([]).finish(&ToArrowOptions::new())?.unwrap();
    /// assert_eq!((table.num_rows(), table.batches().len()), (0, 0));
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`InvalidConfig`](dataknobs_data_core::ErrorKind::InvalidConfig) when the column of ids has
    /// the name of a field.
    pub fn finish(self, options: &ToArrowOptions) -> Result<Option<ArrowTable>> {
        if self.batches.is_empty() {
            return Ok(Some(ArrowTable::new(Arc::new(Schema::empty().with_metadata(marks::format())), Vec::new())));
        }
        let mut types = Vec::with_capacity(self.columns.len());
        for (at, (name, field_type)) in self.columns.iter().enumerate() {
            let kind = match (kind_of(*field_type), self.offsets[at].zone()) {
                (ColumnKind::DateTime(_), Some(zone)) => ColumnKind::DateTime(zone),
                (ColumnKind::DateTime(_), None) if options.exact => return Ok(None),
                (ColumnKind::DateTime(_), None) => ColumnKind::DateTime(Zone::Offset(0)),
                (kind, _) => kind,
            };
            let bytes: usize = self.batches.iter().map(|batch| byte_length(&batch.columns[at])).sum();
            let large = matches!(kind, ColumnKind::Text | ColumnKind::Binary) && bytes > options.large_from;
            types.push(ColumnType { name: name.clone(), kind, field_type: Some(*field_type), large });
        }
        let id_column =
            options.id_column.as_ref().filter(|_| self.batches.first().is_some_and(|batch| batch.ids.is_some()));
        if let Some(name) = id_column
            && types.iter().any(|column| column.name == *name)
        {
            return Err(name_is_taken(name, "id_column"));
        }
        let id_field = id_column.map(|name| schema::text_field(name, Mark::Id));
        let fields: Vec<_> = id_field.into_iter().chain(types.iter().map(schema::field)).collect();
        let schema = Arc::new(Schema::new_with_metadata(fields, marks::format()));
        let batch_rows = options.batch_rows.max(1);
        let mut batches = Vec::new();
        for batch in self.batches {
            let ids = if id_column.is_some() { batch.ids } else { None };
            let columns = batch.columns.into_iter().zip(&types).map(|(array, column)| complete(array, column));
            let arrays = ids.into_iter().chain(columns).collect();
            let whole = RecordBatch::try_new_with_options(
                Arc::clone(&schema),
                arrays,
                &RecordBatchOptions::new().with_row_count(Some(batch.rows)),
            )
            .map_err(|error| Error::unsupported("the columns do not make up a record batch").with_source(error))?;
            for start in (0..batch.rows).step_by(batch_rows) {
                batches.push(whole.slice(start, batch_rows.min(batch.rows - start)));
            }
        }
        Ok(Some(ArrowTable::new(schema, batches)))
    }
}

fn byte_length(array: &ArrayRef) -> usize {
    let length = |offsets: &[i32]| match (offsets.first(), offsets.last()) {
        (Some(first), Some(last)) => usize::try_from(last - first).unwrap_or_default(),
        _ => 0,
    };
    match array.data_type() {
        DataType::Utf8 => length(array.as_string::<i32>().value_offsets()),
        DataType::Binary => length(array.as_binary::<i32>().value_offsets()),
        _ => 0,
    }
}

/// The array with the zone or the wide offsets of its column.
fn complete(array: ArrayRef, column: &ColumnType) -> ArrayRef {
    match column.kind {
        ColumnKind::DateTime(zone) => {
            let times = array.as_primitive::<TimestampMicrosecondType>().clone();
            Arc::new(times.with_timezone_opt(schema::zone_name(zone)))
        }
        ColumnKind::Text if column.large => {
            let (offsets, values, nulls) = array.as_string::<i32>().clone().into_parts();
            match LargeStringArray::try_new(widened(&offsets), values, nulls) {
                Ok(large) => Arc::new(large),
                Err(_) => array,
            }
        }
        ColumnKind::Binary if column.large => {
            let (offsets, values, nulls) = array.as_binary::<i32>().clone().into_parts();
            Arc::new(LargeBinaryArray::new(widened(&offsets), values, nulls))
        }
        _ => array,
    }
}

fn widened(offsets: &OffsetBuffer<i32>) -> OffsetBuffer<i64> {
    OffsetBuffer::new(offsets.iter().map(|offset| i64::from(*offset)).collect::<ScalarBuffer<i64>>())
}
