//! One JSON array, an object a line.

use super::{Out, Row, RowWriter, object_of};
use crate::exit::Outcome;

/// Prints rows as they come.
pub(super) struct JsonWriter {
    out: Out,
    is_empty: bool,
}

impl JsonWriter {
    pub(super) fn new(out: Out) -> Self {
        JsonWriter { out, is_empty: true }
    }
}

impl RowWriter for JsonWriter {
    fn write(&mut self, row: Row) -> Outcome {
        let separator = if self.is_empty { "[\n" } else { ",\n" };
        self.is_empty = false;
        self.out.print(&format!("{separator}{}", object_of(row)))
    }

    fn finish(&mut self) -> Outcome {
        self.out.print(if self.is_empty { "[]\n" } else { "\n]\n" })?;
        self.out.flush()
    }
}
