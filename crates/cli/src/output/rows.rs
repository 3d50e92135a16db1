//! Rows out of records.

use clap::Args;
use dataknobs_data::{Error, Record, Result, Str, Value};
use serde_json::Value as Json;

use super::{Format, Layout, Row};
use crate::notation;

/// Which parts of records to print.
#[derive(Debug, Args)]
#[command(next_help_heading = "Options of the output")]
pub(crate) struct RowOptions {
    /// Only these fields; quote a name that holds a comma: a,"b,c"
    #[arg(long, value_name = "NAMES")]
    fields: Option<String>,
    /// Show ids in tables and CSV (JSON always has them, as _id)
    #[arg(long)]
    id: bool,
    /// Add _meta: types and metadata that plain values cannot say
    #[arg(long)]
    meta: bool,
    /// Add _version, which changes with each write
    #[arg(long)]
    versions: bool,
    /// Show the cells of a table whole, however wide
    #[arg(long)]
    wide: bool,
}

const ID: Str = Str::new_static("_id");
const META: Str = Str::new_static("_meta");
const VERSION: Str = Str::new_static("_version");

/// What stands behind the fields.
pub(super) const TRAILING: [&str; 2] = ["_version", "_meta"];

/// How records become rows.
#[derive(Debug)]
pub(crate) struct RowPlan {
    id: bool,
    meta: bool,
    version: bool,
    columns: Option<Vec<Str>>,
    wide: bool,
}

impl RowOptions {
    /// How to make rows of records for this format.
    pub(crate) fn plan(&self, format: Format) -> RowPlan {
        let mut columns = self.names();
        let is_named = columns.as_ref().is_some_and(|names| names.contains(&ID));
        if let Some(names) = &mut columns {
            let mut seen = std::collections::HashSet::new();
            names.retain(|name| seen.insert(name.clone()));
            if self.id && !is_named {
                names.insert(0, ID);
            }
            let trailing = [(self.versions, VERSION), (self.meta, META)];
            names.extend(trailing.into_iter().filter(|(wanted, _)| *wanted).map(|(_, name)| name));
        }
        RowPlan {
            id: !format.is_tabular() || self.id || is_named,
            meta: self.meta,
            version: self.versions,
            columns,
            wide: self.wide,
        }
    }

    fn names(&self) -> Option<Vec<Str>> {
        Some(notation::names(self.fields.as_deref()?).into_iter().map(Str::from).collect())
    }

    /// The fields that a query need not give more than.
    pub(crate) fn projection(&self) -> Option<Vec<Str>> {
        Some(self.names()?.into_iter().filter(|name| *name != ID).collect())
    }
}

impl RowPlan {
    /// Whether ids are printed.
    pub(crate) fn has_ids(&self) -> bool {
        self.id
    }

    /// Whether something is printed that stands in no column of the store.
    pub(crate) fn has_more_than_columns(&self) -> bool {
        self.meta || self.version
    }

    /// How a table of these rows looks.
    pub(crate) fn layout(&self) -> Layout {
        Layout { columns: self.columns.clone(), wide: self.wide }
    }

    /// The row of a record.
    ///
    /// # Errors
    /// InvalidRecord when the record has a field of the name that the version would get.
    pub(crate) fn row(&self, record: &Record) -> Result<Row> {
        let mut row = Row::with_capacity(record.len() + 3);
        if let Some(id) = record.id().filter(|_| self.id) {
            row.push((ID, Value::String(id.to_text())));
        }
        let names = record.shape().fields().iter().map(|(name, _)| name.clone());
        row.extend(names.zip(record.values().iter().cloned()));
        if let Some(version) = record.version().filter(|_| self.version) {
            if record.get(&VERSION).is_some() {
                return Err(Error::invalid_record("a record has a field of its own named `_version`")
                    .with_hint("leave out --versions"));
            }
            row.push((VERSION, Value::from(version.to_string())));
        }
        if self.meta {
            let meta = record.document_meta();
            if !meta.is_empty() {
                row.push((META, Value::json(Json::Object(meta.to_json()))?));
            }
        }
        Ok(row)
    }
}
