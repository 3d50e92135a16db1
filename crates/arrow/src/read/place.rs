//! Where in the batches something is wrong.

use dataknobs_data_core::{Error, ErrorKind};

/// Where the values of an array stand.
#[derive(Clone, Copy)]
pub(crate) enum Place<'a> {
    /// They are a column.
    Column {
        /// Its name.
        name: &'a str,
        /// Which batch, from 0.
        batch: usize,
        /// Rows of all batches before.
        rows_before: usize,
    },
    /// They are this member of structs, row by row.
    Member(&'a Place<'a>, &'a str),
    /// They are the items of what stands in one row.
    Items(&'a Place<'a>, usize),
    /// There is one value, and it stands in this row.
    Row(&'a Place<'a>, usize),
}

impl Place<'_> {
    /// What is wrong with the value in this row; of the whole array without a row.
    pub(crate) fn invalid(&self, row: impl Into<Option<usize>>, problem: &'static str) -> Error {
        self.complete(row, Error::invalid_record(problem))
    }

    /// An Arrow type that records have no value for.
    pub(crate) fn unsupported(&self, data_type: &arrow_schema::DataType, hint: &'static str) -> Error {
        let error = Error::new(ErrorKind::Unsupported, "records have no value for this Arrow type");
        self.complete(None, error.with_context("type", data_type)).with_hint(hint)
    }

    /// The error with the place.
    pub(crate) fn complete(&self, row: impl Into<Option<usize>>, error: Error) -> Error {
        let (mut place, mut row) = (*self, row.into());
        let mut path: Vec<String> = Vec::new();
        loop {
            place = match place {
                Place::Column { name, batch, rows_before } => {
                    let mut error = error.with_context("column", format!("`{}`", name.escape_debug()));
                    if !path.is_empty() {
                        path.reverse();
                        error = error.with_context("path", path.join(".").escape_debug());
                    }
                    return match row {
                        Some(row) => error.with_context("batch", batch).with_context("row", rows_before + row),
                        None => error,
                    };
                }
                Place::Member(outer, name) => {
                    path.push(name.to_owned());
                    *outer
                }
                Place::Items(outer, outer_row) => {
                    path.extend(row.map(|item| item.to_string()));
                    row = Some(outer_row);
                    *outer
                }
                Place::Row(outer, outer_row) => {
                    row = Some(outer_row);
                    *outer
                }
            };
        }
    }
}
