//! What our schemas say about themselves, in the metadata of Arrow schemas and fields.

use std::collections::HashMap;

use arrow_schema::{Field, Schema};
use dataknobs_data_core::{Error, FieldType, Result};

/// Of a schema: the version of this layout.
const FORMAT: &str = "dataknobs:format";
const FORMAT_VERSION: &str = "1";
/// Of a field: the declared type, `STRING`, `TEXT`, …
const TYPE: &str = "dataknobs:type";
/// Of a field: `tagged`, JSON text of values that say their own kind.
const FORM: &str = "dataknobs:form";
const TAGGED: &str = "tagged";
/// Of a field: `id` or `metadata`, for the columns that are no fields of records.
const ROLE: &str = "dataknobs:role";

/// What a column is to records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mark {
    /// A field of this declared type.
    Typed(FieldType),
    /// A field whose values say their own kind.
    Tagged,
    Id,
    Metadata,
}

impl Mark {
    /// The same column with this mark.
    pub(crate) fn on(self, field: Field) -> Field {
        let (key, value) = match self {
            Mark::Typed(field_type) => (TYPE, field_type.name()),
            Mark::Tagged => (FORM, TAGGED),
            Mark::Id => (ROLE, "id"),
            Mark::Metadata => (ROLE, "metadata"),
        };
        field.with_metadata(HashMap::from([(key.to_owned(), value.to_owned())]))
    }

    /// The mark of a column; none of columns that others made.
    pub(crate) fn of(field: &Field) -> Option<Mark> {
        let read = |key| field.metadata().get(key).map(String::as_str);
        match (read(ROLE), read(FORM), read(TYPE)) {
            (Some("id"), ..) => Some(Mark::Id),
            (Some("metadata"), ..) => Some(Mark::Metadata),
            (_, Some(TAGGED), _) => Some(Mark::Tagged),
            (_, _, Some(name)) => name.parse().ok().map(Mark::Typed),
            _ => None,
        }
    }
}

/// The metadata of a schema of ours.
pub(crate) fn format() -> HashMap<String, String> {
    HashMap::from([(FORMAT.to_owned(), FORMAT_VERSION.to_owned())])
}

/// Refuses a layout of ours that came after this one.
pub(crate) fn check_format(schema: &Schema) -> Result<()> {
    match schema.metadata().get(FORMAT) {
        Some(version) if version != FORMAT_VERSION => {
            Err(Error::unsupported("these columns were written by a later version of this library")
                .with_context("format", version.escape_debug()))
        }
        _ => Ok(()),
    }
}
