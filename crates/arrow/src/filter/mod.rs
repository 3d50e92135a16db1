//! Which rows of a record batch pass a condition.
//!
//! The rules are those of queries over records: classes, exact comparison of integers and floats,
//! presence. The common tests of plain columns run over whole arrays; every other one looks at
//! records made of the rows.

mod leaf;
mod range;

use std::cell::OnceCell;

use arrow_array::RecordBatch;
use arrow_buffer::BooleanBuffer;
use dataknobs_data_core::{Condition, Record, Result};

use crate::{FromArrowOptions, batches_to_records};
use leaf::ColumnTest;
pub use leaf::plain_name;

/// A condition, ready to be applied to record batches.
///
/// ```
/// use dataknobs_data_arrow::{BatchFilter, ToArrowOptions, records_to_batches};
/// use dataknobs_data_core::{Condition, Filter, record};
/// let records = [record! { "n": 1 }?, record! { "n": 2 }?, record! { "n": () }?];
/// let (_, batches) = records_to_batches(&records, &ToArrowOptions::new())?;
/// let filter = BatchFilter::new(&Condition::of(&Filter::parse("n > 1.5")?));
/// assert!(filter.select(&batches[0])?.iter().eq([false, true, false]));
/// # Ok::<(), dataknobs_data_core::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct BatchFilter {
    node: Node,
}

#[derive(Debug, Clone)]
enum Node {
    All(Vec<Node>),
    Any(Vec<Node>),
    Leaf(Box<ColumnTest>),
}

/// A batch, and the records of its rows once a test has to look at them.
struct Rows<'a> {
    batch: &'a RecordBatch,
    records: OnceCell<Vec<Record>>,
}

impl BatchFilter {
    /// Prepares a condition.
    ///
    /// ```
    /// use dataknobs_data_arrow::BatchFilter;
    /// use dataknobs_data_core::Condition;
    /// let everything = BatchFilter::new(&Condition::TRUE);
    /// ```
    pub fn new(condition: &Condition) -> Self {
        BatchFilter { node: Node::of(condition) }
    }

    /// The rows that pass: a bit for each row of the batch.
    ///
    /// ```
    /// use dataknobs_data_arrow::{BatchFilter, ToArrowOptions, records_to_batches};
    /// use dataknobs_data_core::{Condition, Filter, record};
    /// let (_, batches) = records_to_batches(&[record! { "name": "Ada" }?], &ToArrowOptions::new())?;
    /// let filter = BatchFilter::new(&Condition::of(&Filter::parse("name LIKE 'A%'")?));
    /// assert_eq!(filter.select(&batches[0])?.count_set_bits(), 1);
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`batches_to_records`], for columns whose rows have to be looked at as records.
    pub fn select(&self, batch: &RecordBatch) -> Result<BooleanBuffer> {
        self.node.select(&Rows { batch, records: OnceCell::new() })
    }
}

impl Node {
    fn of(condition: &Condition) -> Self {
        match condition {
            Condition::All(parts) => Node::All(parts.iter().map(Node::of).collect()),
            Condition::Any(parts) => Node::Any(parts.iter().map(Node::of).collect()),
            Condition::Leaf(leaf) => Node::Leaf(Box::new(ColumnTest::new(leaf))),
        }
    }

    fn select(&self, rows: &Rows<'_>) -> Result<BooleanBuffer> {
        let count = rows.batch.num_rows();
        match self {
            Node::All(parts) => {
                let mut selected = BooleanBuffer::new_set(count);
                for (at, part) in parts.iter().enumerate() {
                    let passing = part.select(rows)?;
                    selected = if at == 0 { passing } else { &selected & &passing };
                    if selected.count_set_bits() == 0 {
                        break;
                    }
                }
                Ok(selected)
            }
            Node::Any(parts) => {
                let mut selected = BooleanBuffer::new_unset(count);
                for part in parts {
                    selected = &selected | &part.select(rows)?;
                }
                Ok(selected)
            }
            Node::Leaf(test) => test.select(rows),
        }
    }
}

impl Rows<'_> {
    fn records(&self) -> Result<&[Record]> {
        if let Some(records) = self.records.get() {
            return Ok(records);
        }
        let records = batches_to_records(std::slice::from_ref(self.batch), &FromArrowOptions::new())?;
        Ok(self.records.get_or_init(|| records))
    }
}
