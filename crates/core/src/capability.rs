//! What a backend can do and what it is, as plain data.

use serde::Serialize;

use crate::query::IdOrder;
use crate::value::Str;

/// What a backend can do. Declared means it works, undeclared means a typed error: the
/// conformance suite proves both.
///
/// ```
/// use dataknobs_data_core::SyncDatabase;
/// let db = SyncDatabase::memory();
/// if db.capabilities().transactions {
///     db.transaction()?.commit()?;
/// }
/// assert!(!db.capabilities().persistent);
/// # Ok::<(), dataknobs_data_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Capabilities {
    /// `transaction()` with real isolation.
    pub transactions: bool,
    /// Transactions may be serializable: as if they had run one after another.
    pub serializable: bool,
    /// Transactions have savepoints.
    pub savepoints: bool,
    /// Batches are all or nothing.
    pub atomic_batches: bool,
    /// `create_index`, `list_indexes`, `drop_index`.
    pub indexes: bool,
    /// Without a sort, records come in the order they were created.
    pub insertion_order: bool,
    /// How ids are ordered.
    #[serde(serialize_with = "id_order_name")]
    pub id_order: IdOrder,
    /// The field that holds the id, on stores with a key column of their own.
    pub key_field: Option<Str>,
    /// The store makes the ids of records that come without one.
    pub generates_ids: bool,
    /// A missing field is told from a null one.
    pub missing_fields: bool,
    /// Records keep their own field order, also where it differs from record to record.
    pub field_order: bool,
    /// Fields are those that the store has, each of one type; a record with another field, with a
    /// value of another kind or with metadata is refused.
    pub fixed_fields: bool,
    /// Every write of a record gives it a version never used before.
    pub unique_versions: bool,
    /// A stream sees the records as they were when it began.
    pub snapshot_streams: bool,
    /// Results of MATCH carry a relevance.
    pub scores: bool,
    /// Records outlive the process.
    pub persistent: bool,
    /// Writes are refused.
    pub read_only: bool,
}

fn id_order_name<S: serde::Serializer>(order: &IdOrder, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(match order {
        IdOrder::CodePoint => "code point",
        IdOrder::Numeric => "numeric",
    })
}

impl Capabilities {
    /// A backend that can do nothing beyond the methods every backend has.
    ///
    /// ```
    /// use dataknobs_data_core::Capabilities;
    /// let mut capabilities = Capabilities::minimal();
    /// capabilities.persistent = true;
    /// assert!(!capabilities.transactions);
    /// ```
    pub fn minimal() -> Self {
        Capabilities {
            transactions: false,
            serializable: false,
            savepoints: false,
            atomic_batches: false,
            indexes: false,
            insertion_order: false,
            id_order: IdOrder::CodePoint,
            key_field: None,
            generates_ids: false,
            missing_fields: true,
            fixed_fields: false,
            field_order: true,
            unique_versions: false,
            snapshot_streams: false,
            scores: false,
            persistent: false,
            read_only: false,
        }
    }
}

/// What a database is and where.
///
/// ```
/// use dataknobs_data_core::{BackendInfo, SyncDatabase};
/// let info: BackendInfo = SyncDatabase::memory().info()?;
/// assert_eq!((info.backend, info.location.as_str()), ("memory", "memory"));
/// # Ok::<(), dataknobs_data_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct BackendInfo {
    /// The backend's name: `"memory"`, `"file"`, …
    pub backend: &'static str,
    /// Where it is, without secrets.
    pub location: String,
    /// Anything else: format, size, layout.
    pub details: Vec<(String, serde_json::Value)>,
}

impl BackendInfo {
    /// Names a backend and its place.
    ///
    /// ```
    /// use dataknobs_data_core::BackendInfo;
    /// assert_eq!(BackendInfo::new("file", "data/people.json").location, "data/people.json");
    /// ```
    pub fn new(backend: &'static str, location: impl Into<String>) -> Self {
        BackendInfo { backend, location: location.into(), details: Vec::new() }
    }

    /// Adds a detail.
    ///
    /// ```
    /// use dataknobs_data_core::BackendInfo;
    /// let info = BackendInfo::new("file", "people.json").with("format", "json");
    /// assert_eq!(info.details[0].1, "json");
    /// ```
    #[must_use]
    pub fn with(mut self, key: impl Into<String>, value: impl Into<serde_json::Value>) -> Self {
        self.details.push((key.into(), value.into()));
        self
    }
}
