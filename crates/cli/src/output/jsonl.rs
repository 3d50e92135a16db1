//! One JSON object a line.

use super::{Out, Row, RowWriter, object_of};
use crate::exit::Outcome;

/// Prints rows as they come.
pub(super) struct JsonLinesWriter {
    out: Out,
}

impl JsonLinesWriter {
    pub(super) fn new(out: Out) -> Self {
        JsonLinesWriter { out }
    }
}

impl RowWriter for JsonLinesWriter {
    fn write(&mut self, row: Row) -> Outcome {
        self.out.print(&format!("{}\n", object_of(row)))
    }

    fn finish(&mut self) -> Outcome {
        self.out.flush()
    }
}
