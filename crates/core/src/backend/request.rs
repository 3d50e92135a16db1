//! What the handle asks of a backend.

use crate::error::Result;
use crate::query::{Condition, Path, SortKey, SortPosition};
use crate::record::{Field, Record, RecordId, Version};
use crate::value::{Str, Value};

/// Asks for one record.
///
/// ```
/// use dataknobs_data_core::backend::ReadRequest;
/// assert_eq!(ReadRequest::new("a").id, "a");
/// ```
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct ReadRequest<'a> {
    /// The id. A legal id; whether the store's key can hold it is the store's question.
    pub id: &'a str,
}

impl<'a> ReadRequest<'a> {
    /// Asks for this id.
    ///
    /// ```
    /// use dataknobs_data_core::backend::ReadRequest;
    /// assert_eq!(ReadRequest::new("user/7").id, "user/7");
    /// ```
    pub fn new(id: &'a str) -> Self {
        ReadRequest { id }
    }
}

/// Asks for several records.
///
/// ```
/// use dataknobs_data_core::{RecordId, backend::ReadBatchRequest};
/// let ids = [RecordId::new("a")?, RecordId::new("b")?];
/// assert_eq!(ReadBatchRequest::new(&ids).ids.len(), 2);
/// # Ok::<(), dataknobs_data_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct ReadBatchRequest<'a> {
    /// The ids; repetitions are allowed.
    pub ids: &'a [RecordId],
}

impl<'a> ReadBatchRequest<'a> {
    /// Asks for these ids.
    ///
    /// ```
    /// use dataknobs_data_core::{RecordId, backend::ReadBatchRequest};
    /// let ids = [RecordId::new("a")?];
    /// assert_eq!(ReadBatchRequest::new(&ids).ids[0], "a");
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    pub fn new(ids: &'a [RecordId]) -> Self {
        ReadBatchRequest { ids }
    }
}

/// One write.
///
/// ```
/// use dataknobs_data_core::{RecordId, Version, backend::{WriteAction, WriteRequest}};
/// let write = WriteRequest::new(RecordId::new("a")?, WriteAction::Delete).expecting(Version::from_number(3));
/// assert_eq!(write.action.name(), "delete");
/// assert_eq!(write.expected_version, Some(Version::from_number(3)));
/// # Ok::<(), dataknobs_data_core::Error>(())
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct WriteRequest {
    /// The id. None only for creates and upserts on stores that make their own keys.
    pub id: Option<RecordId>,
    /// What to do.
    pub action: WriteAction,
    /// The version that the stored record must have.
    pub expected_version: Option<Version>,
}

impl WriteRequest {
    /// A write under this id.
    ///
    /// ```
    /// use dataknobs_data_core::{record, backend::{WriteAction, WriteRequest}};
    /// let create = WriteRequest::new(None, WriteAction::Create(record! { "n": 1 }?));
    /// assert!(create.id.is_none()); // the store makes the id
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    pub fn new(id: impl Into<Option<RecordId>>, action: WriteAction) -> Self {
        WriteRequest { id: id.into(), action, expected_version: None }
    }

    /// The same write, refused unless the stored record has this version.
    ///
    /// ```
    /// use dataknobs_data_core::{RecordId, Version, backend::{WriteAction, WriteRequest}};
    /// let write = WriteRequest::new(RecordId::new("a")?, WriteAction::Delete).expecting(Version::from_number(3));
    /// assert!(write.expected_version.is_some());
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    #[must_use]
    pub fn expecting(mut self, version: impl Into<Option<Version>>) -> Self {
        self.expected_version = version.into();
        self
    }
}

/// What a write does.
///
/// ```
/// use dataknobs_data_core::{Changes, backend::WriteAction};
/// let action = WriteAction::Patch(Changes::new().set("age", 37));
/// assert_eq!(action.name(), "patch");
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum WriteAction {
    /// Adds a record; its id must not be there yet.
    Create(Record),
    /// Replaces a record that is there.
    Update(Record),
    /// Adds or replaces.
    Upsert(Record),
    /// Changes single fields of a record that is there.
    Patch(Changes),
    /// Removes.
    Delete,
}

impl WriteAction {
    /// The operation's name, for errors and logs.
    ///
    /// ```
    /// use dataknobs_data_core::backend::WriteAction;
    /// assert_eq!(WriteAction::Delete.name(), "delete");
    /// ```
    pub fn name(&self) -> &'static str {
        match self {
            WriteAction::Create(_) => "create",
            WriteAction::Update(_) => "update",
            WriteAction::Upsert(_) => "upsert",
            WriteAction::Patch(_) => "patch",
            WriteAction::Delete => "delete",
        }
    }
}

/// What a write did.
///
/// ```
/// use dataknobs_data_core::{RecordId, Version, backend::WriteOutcome};
/// let created = WriteOutcome::new(RecordId::new("a")?, false, Version::from_number(1));
/// assert!(!created.found && created.version.is_some());
/// # Ok::<(), dataknobs_data_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct WriteOutcome {
    /// The id written, as the store holds it.
    pub id: RecordId,
    /// Whether a record was there before.
    pub found: bool,
    /// The version after the write; none after a delete or when nothing was written.
    pub version: Option<Version>,
}

impl WriteOutcome {
    /// An outcome.
    ///
    /// ```
    /// use dataknobs_data_core::{RecordId, backend::WriteOutcome};
    /// let missing = WriteOutcome::new(RecordId::new("a")?, false, None);
    /// assert!(!missing.found && missing.version.is_none());
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    pub fn new(id: RecordId, found: bool, version: impl Into<Option<Version>>) -> Self {
        WriteOutcome { id, found, version: version.into() }
    }
}

/// Several writes in order.
///
/// ```
/// use dataknobs_data_core::{RecordId, backend::{WriteAction, WriteBatchRequest, WriteRequest}};
/// let delete = WriteRequest::new(RecordId::new("a")?, WriteAction::Delete);
/// assert_eq!(WriteBatchRequest::new(vec![delete]).writes.len(), 1);
/// # Ok::<(), dataknobs_data_core::Error>(())
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct WriteBatchRequest {
    /// The writes.
    pub writes: Vec<WriteRequest>,
}

impl WriteBatchRequest {
    /// These writes.
    ///
    /// ```
    /// use dataknobs_data_core::backend::WriteBatchRequest;
    /// assert!(WriteBatchRequest::new(Vec::new()).writes.is_empty());
    /// ```
    pub fn new(writes: Vec<WriteRequest>) -> Self {
        WriteBatchRequest { writes }
    }
}

/// Changes to single fields: what to set and what to unset.
///
/// ```
/// use dataknobs_data_core::{Changes, record};
/// let mut record = record! { "name": "Ada", "age": 36, "note": "x" }?;
/// Changes::new().set("age", 37).unset("note").apply(&mut record)?;
/// assert_eq!(record, record! { "name": "Ada", "age": 37 }?);
/// # Ok::<(), dataknobs_data_core::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Changes {
    set: Vec<ChangedField>,
    unset: Vec<Str>,
}

#[derive(Debug, Clone, PartialEq)]
enum ChangedField {
    Value(Str, Value),
    Serialized(Str, Value, Str),
    Whole(Field),
}

impl Changes {
    /// No changes.
    ///
    /// ```
    /// use dataknobs_data_core::Changes;
    /// assert!(Changes::new().is_empty());
    /// ```
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets a field's value, as [`Record::set`] does.
    ///
    /// ```
    /// use dataknobs_data_core::{Changes, record};
    /// let mut record = record! { "age": 36 }?;
    /// Changes::new().set("age", 37).set("city", "Oslo").apply(&mut record)?;
    /// assert_eq!(record, record! { "age": 37, "city": "Oslo" }?);
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    #[must_use]
    pub fn set(mut self, name: impl Into<Str>, value: impl Into<Value>) -> Self {
        self.set.push(ChangedField::Value(name.into(), value.into()));
        self
    }

    /// Sets a field's value that a serializer made, as [`Record::set_serialized`] does.
    ///
    /// ```
    /// use dataknobs_data_core::{Changes, Field, record};
    /// let mut record = record! { "price": 9.5 }?;
    /// Changes::new().set_serialized("price", "9.50", "decimal.Decimal").apply(&mut record)?;
    /// assert_eq!(record.field("price").unwrap().metadata().unwrap()[Field::SERIALIZER], "decimal.Decimal");
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    #[must_use]
    pub fn set_serialized(mut self, name: impl Into<Str>, value: impl Into<Value>, serializer: impl Into<Str>) -> Self {
        self.set.push(ChangedField::Serialized(name.into(), value.into(), serializer.into()));
        self
    }

    /// Sets a whole field, as [`Record::set_field`] does.
    ///
    /// ```
    /// use dataknobs_data_core::{Changes, Field, FieldType, record};
    /// let mut record = record! { "bio": "short" }?;
    /// Changes::new().set_field(Field::new("bio", "short").with_type(FieldType::Text)).apply(&mut record)?;
    /// assert_eq!(record.field("bio").unwrap().field_type(), FieldType::Text);
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    #[must_use]
    pub fn set_field(mut self, field: Field) -> Self {
        self.set.push(ChangedField::Whole(field));
        self
    }

    /// Takes a field out, if it is there.
    ///
    /// ```
    /// use dataknobs_data_core::{Changes, record};
    /// let mut record = record! { "age": 36, "note": "x" }?;
    /// Changes::new().unset("note").unset("missing").apply(&mut record)?;
    /// assert_eq!(record, record! { "age": 36 }?);
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    #[must_use]
    pub fn unset(mut self, name: impl Into<Str>) -> Self {
        self.unset.push(name.into());
        self
    }

    /// Whether nothing changes.
    ///
    /// ```
    /// use dataknobs_data_core::Changes;
    /// assert!(!Changes::new().unset("note").is_empty());
    /// ```
    pub fn is_empty(&self) -> bool {
        self.set.is_empty() && self.unset.is_empty()
    }

    /// The names that are set, in order.
    ///
    /// ```
    /// use dataknobs_data_core::Changes;
    /// assert!(Changes::new().set("age", 37).names_set().eq(["age"]));
    /// ```
    pub fn names_set(&self) -> impl Iterator<Item = &str> {
        self.set.iter().map(|change| match change {
            ChangedField::Value(name, _) | ChangedField::Serialized(name, ..) => name.as_str(),
            ChangedField::Whole(field) => field.name.as_str(),
        })
    }

    /// The names that are unset, in order.
    ///
    /// ```
    /// use dataknobs_data_core::Changes;
    /// assert_eq!(Changes::new().unset("note").names_unset(), ["note"]);
    /// ```
    pub fn names_unset(&self) -> &[Str] {
        &self.unset
    }

    /// Applies the changes to a record: first what is unset, then what is set.
    ///
    /// ```
    /// use dataknobs_data_core::{Changes, record};
    /// let mut record = record! { "n": 1 }?;
    /// assert!(Changes::new().unset("n").set("x", f64::NAN).apply(&mut record).is_err());
    /// assert_eq!(record["n"].as_integer(), Some(1)); // unchanged
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Record::set_field`]; the record is then unchanged.
    pub fn apply(&self, record: &mut Record) -> Result<()> {
        let mut changed = record.clone();
        for name in &self.unset {
            changed.remove(name);
        }
        for change in &self.set {
            match change {
                ChangedField::Value(name, value) => changed.set(name, value.clone())?,
                ChangedField::Serialized(name, value, by) => changed.set_serialized(name, value.clone(), by)?,
                ChangedField::Whole(field) => changed.set_field(field.clone())?,
            }
        }
        *record = changed;
        Ok(())
    }

    /// Checks the changes by themselves, before any store is asked.
    ///
    /// ```
    /// use dataknobs_data_core::Changes;
    /// assert!(Changes::new().set("age", 37).check().is_ok());
    /// assert!(Changes::new().set("_id", "x").check().is_err());
    /// ```
    ///
    /// # Errors
    /// As [`Record::set_field`].
    pub fn check(&self) -> Result<()> {
        self.apply(&mut Record::new())
    }
}

/// Asks for the records that pass a condition.
///
/// ```
/// use dataknobs_data_core::{Condition, Filter, backend::ScanRequest};
/// let mut request = ScanRequest::new(Condition::of(&Filter::new("age", ">", 30)?));
/// request.limit = Some(10);
/// assert!(request.sort.is_empty() && request.projection.is_none());
/// # Ok::<(), dataknobs_data_core::Error>(())
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ScanRequest {
    /// What must hold.
    pub condition: Condition,
    /// The sort; empty for the store's own order.
    pub sort: Vec<SortKey>,
    /// Continue behind this position of the sort.
    pub after: Option<SortPosition>,
    /// Skip so many.
    pub offset: u64,
    /// Return at most so many.
    pub limit: Option<u64>,
    /// Keep only these fields.
    pub projection: Option<Vec<Str>>,
}

impl ScanRequest {
    /// All records that pass a condition, in the store's own order.
    ///
    /// ```
    /// use dataknobs_data_core::{Condition, backend::ScanRequest};
    /// assert!(ScanRequest::new(Condition::TRUE).condition.is_true());
    /// ```
    pub fn new(condition: Condition) -> Self {
        ScanRequest { condition, sort: Vec::new(), after: None, offset: 0, limit: None, projection: None }
    }
}

/// Asks for what a scan finds as columns.
///
/// ```
/// use dataknobs_data_core::{Condition, backend::{ColumnRequest, ScanRequest}};
/// let request = ColumnRequest::new(ScanRequest::new(Condition::TRUE));
/// assert!(request.ids);
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ColumnRequest {
    /// What is to be found.
    pub scan: ScanRequest,
    /// Whether the ids are wanted.
    pub ids: bool,
}

impl ColumnRequest {
    /// What a scan finds, with the ids.
    ///
    /// ```
    /// use dataknobs_data_core::{Condition, backend::{ColumnRequest, ScanRequest}};
    /// let mut request = ColumnRequest::new(ScanRequest::new(Condition::TRUE));
    /// request.ids = false;
    /// ```
    pub fn new(scan: ScanRequest) -> Self {
        ColumnRequest { scan, ids: true }
    }
}

/// Asks for the number of records that pass a condition.
///
/// ```
/// use dataknobs_data_core::{Condition, Filter, backend::CountRequest};
/// let request = CountRequest::new(Condition::of(&Filter::new("age", ">", 30)?));
/// assert_eq!(request.condition.leaves().len(), 1);
/// # Ok::<(), dataknobs_data_core::Error>(())
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct CountRequest {
    /// What must hold.
    pub condition: Condition,
}

impl CountRequest {
    /// Counts the records that pass this condition.
    ///
    /// ```
    /// use dataknobs_data_core::{Condition, backend::CountRequest};
    /// assert!(CountRequest::new(Condition::TRUE).condition.is_true());
    /// ```
    pub fn new(condition: Condition) -> Self {
        CountRequest { condition }
    }
}

/// Changes or deletes what passes a condition.
///
/// ```
/// use dataknobs_data_core::{Condition, Filter, backend::{ModifyAction, ModifyRequest}};
/// let minors = Condition::of(&Filter::new("age", "<", 18)?);
/// let request = ModifyRequest::new(minors, ModifyAction::Delete);
/// assert!(matches!(request.action, ModifyAction::Delete));
/// # Ok::<(), dataknobs_data_core::Error>(())
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ModifyRequest {
    /// What must hold.
    pub condition: Condition,
    /// What to do with it.
    pub action: ModifyAction,
}

impl ModifyRequest {
    /// Does this to what passes the condition.
    ///
    /// ```
    /// use dataknobs_data_core::{Condition, backend::{ModifyAction, ModifyRequest}};
    /// let request = ModifyRequest::new(Condition::TRUE, ModifyAction::Delete);
    /// assert!(request.condition.is_true());
    /// ```
    pub fn new(condition: Condition, action: ModifyAction) -> Self {
        ModifyRequest { condition, action }
    }
}

/// What to do with the records that pass a condition.
///
/// ```
/// use dataknobs_data_core::{Changes, backend::ModifyAction};
/// let action = ModifyAction::Patch(Changes::new().set("seen", true));
/// assert!(matches!(action, ModifyAction::Patch(changes) if changes.names_set().eq(["seen"])));
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum ModifyAction {
    /// Change fields.
    Patch(Changes),
    /// Remove.
    Delete,
}

/// How a transaction is to run.
///
/// ```
/// use dataknobs_data_core::{SyncDatabase, TransactionOptions, record};
/// let mut options = TransactionOptions::default();
/// options.read_only = true;
/// let db = SyncDatabase::memory();
/// assert!(db.transaction_with(options)?.create(record! { "n": 1 }?).is_err());
/// # Ok::<(), dataknobs_data_core::Error>(())
/// ```
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct TransactionOptions {
    /// Refuse writes in it.
    pub read_only: bool,
    /// How far it is kept from others; what the store does by itself where it is not given, which is
    /// [`Isolation::RepeatableRead`] at least.
    pub isolation: Option<Isolation>,
}

/// How far a transaction is kept from others, by the levels of the SQL standard. A store may do
/// more than it is asked for.
///
/// ```
/// use dataknobs_data_core::{ErrorKind, Isolation, SyncDatabase, TransactionOptions};
/// let mut options = TransactionOptions::default();
/// options.isolation = Some("serializable".parse::<Isolation>()?);
/// // The memory store's transactions see one moment, and that is all that it promises.
/// assert_eq!(SyncDatabase::memory().transaction_with(options).unwrap_err().kind(), ErrorKind::Unsupported);
/// # Ok::<(), dataknobs_data_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Isolation {
    /// Each call sees what was committed before it.
    ReadCommitted,
    /// All calls see the records as they were when it began; of two that write one record, the
    /// second fails.
    RepeatableRead,
    /// As if the transactions had run one after another.
    Serializable,
}

impl Isolation {
    /// `"read committed"`, `"repeatable read"` or `"serializable"`.
    ///
    /// ```
    /// use dataknobs_data_core::Isolation;
    /// assert_eq!(Isolation::RepeatableRead.name(), "repeatable read");
    /// ```
    pub fn name(self) -> &'static str {
        match self {
            Isolation::ReadCommitted => "read committed",
            Isolation::RepeatableRead => "repeatable read",
            Isolation::Serializable => "serializable",
        }
    }
}

impl std::str::FromStr for Isolation {
    type Err = crate::Error;

    fn from_str(text: &str) -> Result<Self> {
        let name = text.to_ascii_lowercase().replace('_', " ");
        [Isolation::ReadCommitted, Isolation::RepeatableRead, Isolation::Serializable]
            .into_iter()
            .find(|level| level.name() == name)
            .ok_or_else(|| {
                crate::Error::invalid_config("an isolation level is read committed, repeatable read or serializable")
                    .with_context("isolation", format!("`{}`", text.escape_debug()))
            })
    }
}

/// What kind of index.
///
/// ```
/// use dataknobs_data_core::IndexKind;
/// assert_eq!("btree".parse::<IndexKind>()?, IndexKind::Ordered);
/// # Ok::<(), dataknobs_data_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum IndexKind {
    /// Finds equal values.
    Hash,
    /// Finds equal values and ranges.
    Ordered,
}

impl IndexKind {
    /// `"hash"` or `"ordered"`.
    ///
    /// ```
    /// use dataknobs_data_core::IndexKind;
    /// assert_eq!(IndexKind::Hash.name(), "hash");
    /// ```
    pub fn name(self) -> &'static str {
        match self {
            IndexKind::Hash => "hash",
            IndexKind::Ordered => "ordered",
        }
    }
}

impl std::str::FromStr for IndexKind {
    type Err = crate::Error;

    fn from_str(text: &str) -> Result<Self> {
        match text.to_ascii_lowercase().as_str() {
            "hash" => Ok(IndexKind::Hash),
            "ordered" | "btree" => Ok(IndexKind::Ordered),
            _ => Err(crate::Error::invalid_config("an index is hash or ordered").with_context("kind", text)),
        }
    }
}

/// Asks for an index.
///
/// ```
/// use dataknobs_data_core::{IndexKind, Path, backend::IndexRequest};
/// let request = IndexRequest::new(Path::dotted("address.city")?, IndexKind::Hash);
/// assert_eq!(request.index_name(), "address.city_hash");
/// # Ok::<(), dataknobs_data_core::Error>(())
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct IndexRequest {
    /// Its name; made from path and kind when there is none.
    pub name: Option<Str>,
    /// What is indexed.
    pub path: Path,
    /// How.
    pub kind: IndexKind,
}

impl IndexRequest {
    /// An index of this path.
    ///
    /// ```
    /// use dataknobs_data_core::{IndexKind, Path, backend::IndexRequest};
    /// assert!(IndexRequest::new(Path::dotted("age")?, IndexKind::Ordered).name.is_none());
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    pub fn new(path: Path, kind: IndexKind) -> Self {
        IndexRequest { name: None, path, kind }
    }

    /// The same index under this name.
    ///
    /// ```
    /// use dataknobs_data_core::{IndexKind, Path, backend::IndexRequest};
    /// let request = IndexRequest::new(Path::dotted("age")?, IndexKind::Ordered).named("by_age");
    /// assert_eq!(request.index_name(), "by_age");
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    #[must_use]
    pub fn named(mut self, name: impl Into<Str>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// The name given, or the one made from path and kind: `age_ordered`.
    ///
    /// ```
    /// use dataknobs_data_core::{IndexKind, Path, backend::IndexRequest};
    /// let request = IndexRequest::new(Path::dotted("age")?, IndexKind::Ordered);
    /// assert_eq!(request.index_name(), "age_ordered");
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    pub fn index_name(&self) -> Str {
        self.name.clone().unwrap_or_else(|| format!("{}_{}", self.path, self.kind.name()).into())
    }
}

/// An index that is there.
///
/// ```
/// use dataknobs_data_core::{IndexInfo, IndexKind, SyncDatabase};
/// let db = SyncDatabase::memory();
/// let index: IndexInfo = db.create_index("age", IndexKind::Ordered)?;
/// assert_eq!((index.name.as_str(), index.kind), ("age_ordered", IndexKind::Ordered));
/// # Ok::<(), dataknobs_data_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct IndexInfo {
    /// Its name.
    pub name: Str,
    /// What is indexed.
    pub path: Path,
    /// How.
    pub kind: IndexKind,
}

impl IndexInfo {
    /// An index.
    ///
    /// ```
    /// use dataknobs_data_core::{IndexInfo, IndexKind, Path};
    /// let index = IndexInfo::new("by_age", Path::dotted("age")?, IndexKind::Hash);
    /// assert_eq!(index.path.to_string(), "age");
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    pub fn new(name: impl Into<Str>, path: Path, kind: IndexKind) -> Self {
        IndexInfo { name: name.into(), path, kind }
    }
}
