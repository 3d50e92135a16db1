//! What a query needs of a CSV file.

use std::sync::Arc;

use dataknobs_data_arrow::{BatchFilter, plain_name};
use dataknobs_data_core::backend::ColumnRequest;
use dataknobs_data_core::{FieldType, Leaf, Str};

use crate::blocks::Keys;
use crate::format::csv::{Column, CsvLayout, Role};
use crate::key::{Key, KeySource};

/// What is done with each column of a file.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(super) layout: Arc<CsvLayout>,
    pub(super) filter: Option<BatchFilter>,
    /// The columns that the filter looks at.
    pub(super) filtered: Vec<usize>,
    /// The columns of the answer, in its order.
    pub(super) wanted: Vec<usize>,
    /// Typed columns that are neither: their cells are only checked. The filter reads every cell of its
    /// own.
    pub(super) checked: Vec<usize>,
    /// The column that must be empty, as nothing here can read it.
    pub(super) meta: Option<usize>,
    pub(super) ids: Ids,
    pub(super) ids_wanted: bool,
    pub(super) max_record_bytes: usize,
}

/// Where ids come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ids {
    /// The number of the row.
    Ordinal,
    /// A column of integers.
    Integers(usize),
    /// A column of texts.
    Texts(usize),
}

impl Ids {
    /// No keys yet.
    pub(super) fn keys(self) -> Keys {
        match self {
            Ids::Ordinal => Keys::Unneeded,
            Ids::Integers(_) => Keys::Integers(Vec::new()),
            Ids::Texts(_) => Keys::Hashes(Vec::new()),
        }
    }
}

impl Plan {
    /// None where records have to answer.
    pub(crate) fn new(
        layout: &Arc<CsvLayout>,
        key: &Key,
        request: &ColumnRequest,
        max_record_bytes: usize,
    ) -> Option<Self> {
        let scan = &request.scan;
        if !scan.sort.is_empty() || scan.after.is_some() {
            return None;
        }
        let columns = &layout.columns;
        let position = |name: &Str| columns.iter().position(|column| column.name == *name);
        let ids = match &key.source {
            KeySource::Ordinal => Ids::Ordinal,
            KeySource::Own => typed_ids(columns, columns.iter().position(|column| column.role == Role::Id)?)?,
            KeySource::Field(name) => typed_ids(columns, position(name)?)?,
        };
        let mut filtered = Vec::new();
        for leaf in scan.condition.leaves() {
            if let Some(at) = field_of(leaf, columns)? {
                filtered.push(at);
            }
        }
        filtered.sort_unstable();
        filtered.dedup();
        let fields = (0..columns.len()).filter(|at| columns[*at].role == Role::Field);
        let (wanted, others): (Vec<_>, Vec<_>) = fields.partition(|at| {
            scan.projection.as_ref().is_none_or(|names| names.iter().any(|name| *name == columns[*at].name))
        });
        let is_unread = |at: &usize| !is_text(columns[*at].field_type) && !filtered.contains(at);
        let checked = others.into_iter().filter(is_unread).collect();
        Some(Plan {
            filter: (!scan.condition.is_true()).then(|| BatchFilter::new(&scan.condition)),
            filtered,
            wanted,
            checked,
            meta: columns.iter().position(|column| column.role == Role::Meta),
            ids,
            ids_wanted: request.ids,
            max_record_bytes,
            layout: Arc::clone(layout),
        })
    }

    /// The fields of the answer.
    pub(super) fn fields(&self) -> impl Iterator<Item = (Str, FieldType)> {
        self.wanted.iter().map(|at| (self.layout.columns[*at].name.clone(), self.layout.columns[*at].field_type))
    }
}

pub(super) fn is_text(field_type: FieldType) -> bool {
    matches!(field_type, FieldType::String | FieldType::Text)
}

fn typed_ids(columns: &[Column], at: usize) -> Option<Ids> {
    match columns[at].field_type {
        FieldType::Integer => Some(Ids::Integers(at)),
        FieldType::String | FieldType::Text => Some(Ids::Texts(at)),
        _ => None,
    }
}

/// The column that a leaf looks at, or that it looks at none; none at all where its path may mean
/// something that no column of its own holds.
fn field_of(leaf: &Leaf, columns: &[Column]) -> Option<Option<usize>> {
    let name = plain_name(leaf)?;
    let at = columns.iter().position(|column| column.role == Role::Field && column.name == name);
    match at.map(|at| columns[at].field_type) {
        Some(FieldType::Json | FieldType::Binary) => None,
        _ => Some(at),
    }
}
