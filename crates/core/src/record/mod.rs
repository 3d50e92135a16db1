//! Records: ordered fields with types and metadata.

mod document;
mod edit;
mod field;
mod generate;
mod id;
mod serde_forms;
mod shape;

use std::fmt;
use std::ops::Index;

use serde_json::Map;
use triomphe::{Arc, ThinArc};

pub use document::{DocumentMeta, plain_json, value_from_plain};
pub use field::{Field, FieldRef};
pub(crate) use generate::{FreshIds, IdContext, hold_ids};
pub(crate) use id::find_control;
pub use id::{RecordId, Version};
pub(crate) use shape::{Interner, hold_shapes};
pub use shape::{MAX_NAME_BYTES, RESERVED_NAMES, Shape, validate_field_name};

use crate::error::{Error, Result};
use crate::value::{FieldType, Str, Value};

/// Metadata of a record or a field: string keys to JSON.
///
/// ```
/// use dataknobs_data_core::{Metadata, record};
/// let mut metadata = Metadata::new();
/// metadata.insert("source".to_owned(), "import".into());
/// let mut record = record! { "name": "Ada" }?;
/// record.set_metadata(metadata)?;
/// assert_eq!(record.metadata()["source"], "import");
/// # Ok::<(), dataknobs_data_core::Error>(())
/// ```
pub type Metadata = Map<String, serde_json::Value>;

/// One record: an optional id, ordered fields and metadata.
///
/// Reading is by name or position, cloning is O(1) and copies on write. Two records are equal when
/// their fields (name, value, type, metadata) and their metadata are; id and version do not count.
///
/// ```
/// use dataknobs_data_core::{Value, record};
/// let mut record = record! { "name": "Ada", "age": 36 }?;
/// assert_eq!(record["name"], Value::from("Ada"));
/// assert_eq!(record[1], Value::from(36));
/// record.set("age", 37)?;
/// assert_eq!(record.get("age"), Some(&Value::from(37)));
/// # Ok::<(), dataknobs_data_core::Error>(())
/// ```
#[derive(Clone)]
pub struct Record {
    data: ThinArc<Header, Value>,
}

/// What stands before the values in a record's one allocation.
#[derive(Clone)]
struct Header {
    id: Option<RecordId>,
    shape: Shape,
    extras: Option<Box<Extras>>,
    version: Option<Version>,
}

/// With the count of handles and the length, this and five values fill 192 bytes, a size that
/// allocators have.
const _: () = assert!(size_of::<Header>() <= 56 && size_of::<Value>() == 24);

/// What few records have: metadata of the record and of single fields (by position, ascending), and
/// the relevance for a query.
#[derive(Clone, Default)]
struct Extras {
    record: Metadata,
    fields: Vec<(usize, Metadata)>,
    score: Option<f32>,
}

impl Extras {
    fn boxed(self) -> Option<Box<Self>> {
        (self.has_metadata() || self.score.is_some()).then(|| Box::new(self))
    }

    fn has_metadata(&self) -> bool {
        !self.record.is_empty() || !self.fields.is_empty()
    }

    /// The metadata, where there is some.
    fn metadata(&self) -> Option<(&Metadata, &[(usize, Metadata)])> {
        self.has_metadata().then_some((&self.record, &self.fields))
    }
}

impl Header {
    fn set_score(&mut self, score: Option<f32>) {
        match (&mut self.extras, score) {
            (None, None) => {}
            (None, Some(_)) => self.extras = Some(Box::new(Extras { score, ..Extras::default() })),
            (Some(extras), score) => {
                extras.score = score;
                if score.is_none() && !extras.has_metadata() {
                    self.extras = None;
                }
            }
        }
    }
}

impl Record {
    /// A record without fields.
    ///
    /// ```
    /// use dataknobs_data_core::Record;
    /// let mut record = Record::new();
    /// record.set("name", "Ada")?;
    /// assert_eq!(record.len(), 1);
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    pub fn new() -> Self {
        Self::assemble(Shape::empty(), Vec::new(), None)
    }

    /// A record of these fields, in this order.
    ///
    /// # Errors
    /// [`InvalidRecord`](crate::ErrorKind::InvalidRecord) for an illegal or repeated name, a float
    /// that is not finite, or a value that its field's type does not hold.
    ///
    /// ```
    /// use dataknobs_data_core::{Field, FieldType, Record};
    /// let record = Record::from_fields([
    ///     Field::new("name", "Ada"),
    ///     Field::new("bio", "…").with_type(FieldType::Text),
    /// ])?;
    /// assert_eq!(record.len(), 2);
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    pub fn from_fields(fields: impl IntoIterator<Item = Field>) -> Result<Self> {
        let fields = fields.into_iter();
        let mut names = Vec::with_capacity(fields.size_hint().0);
        let mut values = Vec::with_capacity(fields.size_hint().0);
        let mut extras = Extras::default();
        for field in fields {
            let Field { name, value, field_type, metadata } = field;
            check_value(&name, field_type, &value)?;
            if !metadata.is_empty() {
                extras.fields.push((values.len(), metadata));
            }
            names.push((name, field_type));
            values.push(value);
        }
        Ok(Self::assemble(Shape::intern(names)?, values, extras.boxed()))
    }

    /// A record of names and values; types are detected.
    ///
    /// ```
    /// use dataknobs_data_core::{Record, record};
    /// let record = Record::from_pairs([("a", 1), ("b", 2)])?;
    /// assert_eq!(record, record! { "a": 1, "b": 2 }?);
    /// assert!(Record::from_pairs([("a", 1), ("a", 2)]).is_err());
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Record::from_fields`].
    pub fn from_pairs<N: Into<Str>, V: Into<Value>>(pairs: impl IntoIterator<Item = (N, V)>) -> Result<Self> {
        Self::from_fields(pairs.into_iter().map(|(name, value)| Field::new(name, value)))
    }

    /// A record of a known shape; `values` stand in the shape's order. The fast way for readers
    /// that make many records alike.
    ///
    /// ```
    /// use dataknobs_data_core::{FieldType, Record, Shape, record};
    /// let shape = Shape::new([("name", FieldType::String), ("age", FieldType::Integer)])?;
    /// let record = Record::from_shape(&shape, vec!["Ada".into(), 36.into()])?;
    /// assert_eq!(record, record! { "name": "Ada", "age": 36 }?);
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`InvalidRecord`](crate::ErrorKind::InvalidRecord) when the number of values is not the
    /// shape's, or a value does not fit its field's type.
    pub fn from_shape<V>(shape: &Shape, values: V) -> Result<Self>
    where
        V: IntoIterator<Item = Value>,
        V::IntoIter: ExactSizeIterator,
    {
        Self::with_shape(shape.clone(), values)
    }

    /// [`Record::from_shape`] with a shape that is given away: several threads that each share it for
    /// their own records would wait for each other.
    ///
    /// ```
    /// use dataknobs_data_core::{Record, Value, record};
    /// let shape = record! { "n": 1 }?.shape().clone();
    /// assert_eq!(Record::with_shape(shape, [Value::from(2)])?, record! { "n": 2 }?);
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// As there.
    pub fn with_shape<V>(shape: Shape, values: V) -> Result<Self>
    where
        V: IntoIterator<Item = Value>,
        V::IntoIter: ExactSizeIterator,
    {
        let values = values.into_iter();
        if shape.len() != values.len() {
            return Err(Error::invalid_record("a record needs one value for each field of its shape")
                .with_context("fields", shape.len())
                .with_context("values", values.len()));
        }
        let record = Self::assemble(shape, values, None);
        for ((name, field_type), value) in record.shape().fields().iter().zip(record.values()) {
            check_value(name, *field_type, value)?;
        }
        Ok(record)
    }

    fn assemble<V>(shape: Shape, values: V, extras: Option<Box<Extras>>) -> Self
    where
        V: IntoIterator<Item = Value>,
        V::IntoIter: ExactSizeIterator,
    {
        let values = values.into_iter();
        debug_assert_eq!(shape.len(), values.len());
        let header = Header { id: None, shape, extras, version: None };
        Record { data: ThinArc::from_header_and_iter(header, values) }
    }

    /// The same fields, id and metadata, shared with nobody and without version and score: what a store
    /// completes in place.
    ///
    /// ```
    /// use dataknobs_data_core::record;
    /// let record = record! { "n": 1 }?.with_id("a")?;
    /// let copy = record.detached();
    /// assert!(copy == record && copy.id() == record.id() && !copy.shares_content_with(&record));
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    #[must_use]
    pub fn detached(&self) -> Self {
        let Header { id, shape, extras, .. } = self.header();
        let mut header = Header { id: id.clone(), shape: shape.clone(), extras: extras.clone(), version: None };
        header.set_score(None);
        Record { data: ThinArc::from_header_and_iter(header, self.values().iter().cloned()) }
    }

    fn header(&self) -> &Header {
        &self.data.header.header
    }

    /// Changes the header: in place where nobody else holds this record, else in a copy.
    ///
    /// What is changed is handed on in registers all the way: through memory, the processor would wait
    /// here until all that was written before has reached the cache.
    #[inline(always)]
    fn change_header(&mut self, change: impl FnOnce(&mut Header)) {
        if !self.data.with_arc(Arc::is_unique) {
            self.data = ThinArc::from_header_and_iter(self.header().clone(), self.values().iter().cloned());
        }
        self.data.with_arc_mut(|data| {
            if let Some(unique) = Arc::get_mut(data) {
                change(unique.header_mut());
            }
        });
    }

    fn replace(&mut self, shape: Shape, values: Vec<Value>, extras: Option<Box<Extras>>) {
        let header = Header { shape, extras, ..self.header().clone() };
        self.data = ThinArc::from_header_and_iter(header, values.into_iter());
    }

    /// The id, once the record has one.
    ///
    /// ```
    /// use dataknobs_data_core::record;
    /// assert_eq!(record! { "n": 1 }?.id(), None);
    /// assert_eq!(record! { "n": 1 }?.with_id("a")?.id().unwrap(), "a");
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    pub fn id(&self) -> Option<&RecordId> {
        self.header().id.as_ref()
    }

    /// Sets the id.
    ///
    /// ```
    /// use dataknobs_data_core::{RecordId, record};
    /// let mut record = record! { "n": 1 }?;
    /// record.set_id(RecordId::new("a")?);
    /// assert_eq!(record.id().unwrap(), "a");
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    pub fn set_id(&mut self, id: impl Into<Option<RecordId>>) {
        let id = id.into();
        self.change_header(|header| header.id = id);
    }

    /// The same record under this id.
    ///
    /// ```
    /// use dataknobs_data_core::record;
    /// assert_eq!(record! { "n": 1 }?.with_id("a")?.id().unwrap(), "a");
    /// assert!(record! { "n": 1 }?.with_id("").is_err());
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`InvalidRecord`](crate::ErrorKind::InvalidRecord) when the text is no legal id.
    pub fn with_id(mut self, id: impl Into<Str>) -> Result<Self> {
        self.set_id(RecordId::new(id)?);
        Ok(self)
    }

    /// The version it was read with.
    ///
    /// ```
    /// use dataknobs_data_core::{SyncDatabase, record};
    /// let db = SyncDatabase::memory();
    /// let id = db.create(record! { "n": 1 }?)?;
    /// assert!(db.read(&id)?.unwrap().version().is_some());
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    pub fn version(&self) -> Option<&Version> {
        self.header().version.as_ref()
    }

    /// Sets the version; for backends.
    ///
    /// ```
    /// use dataknobs_data_core::{Version, record};
    /// let mut record = record! { "n": 1 }?;
    /// record.set_version(Version::from_number(3));
    /// assert_eq!(record.version(), Some(&Version::from_number(3)));
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    pub fn set_version(&mut self, version: impl Into<Option<Version>>) {
        let version = version.into();
        self.change_header(|header| header.version = version);
    }

    /// Makes this what a store holds under an id.
    #[inline]
    pub(crate) fn prepare_for_store(&mut self, id: &RecordId, version: Version) {
        self.change_header(|header| {
            if header.id.as_ref() != Some(id) {
                header.id = Some(id.clone());
            }
            header.version = Some(version);
            header.set_score(None);
        });
    }

    /// The relevance of a result of a query with MATCH, on the backend's own scale.
    ///
    /// ```
    /// use dataknobs_data_core::{Query, SyncDatabase, record};
    /// let db = SyncDatabase::memory();
    /// db.create(record! { "text": "the quick brown fox" }?)?;
    /// let found = db.search(&Query::new().filter("text", "MATCH", "quick"))?;
    /// assert!(found[0].score().is_some_and(|score| score > 0.0));
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    pub fn score(&self) -> Option<f32> {
        self.extras().and_then(|extras| extras.score)
    }

    /// Sets the relevance; for backends.
    ///
    /// ```
    /// use dataknobs_data_core::record;
    /// let mut record = record! { "n": 1 }?;
    /// record.set_score(0.5);
    /// assert_eq!(record.score(), Some(0.5));
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    pub fn set_score(&mut self, score: impl Into<Option<f32>>) {
        let score = score.into();
        if self.score() != score {
            self.change_header(|header| header.set_score(score));
        }
    }

    /// How many fields.
    ///
    /// ```
    /// use dataknobs_data_core::record;
    /// assert_eq!(record! { "name": "Ada", "age": 36 }?.len(), 2);
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    pub fn len(&self) -> usize {
        self.data.slice.len()
    }

    /// Whether there are no fields.
    ///
    /// ```
    /// use dataknobs_data_core::Record;
    /// assert!(Record::new().is_empty());
    /// ```
    pub fn is_empty(&self) -> bool {
        self.data.slice.is_empty()
    }

    /// Names and types of the fields.
    ///
    /// ```
    /// use dataknobs_data_core::record;
    /// let (a, b) = (record! { "n": 1 }?, record! { "n": 2 }?);
    /// assert_eq!(a.shape(), b.shape());
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    pub fn shape(&self) -> &Shape {
        &self.header().shape
    }

    /// The values, in field order.
    ///
    /// ```
    /// use dataknobs_data_core::{Value, record};
    /// assert_eq!(record! { "a": 1, "b": "x" }?.values(), [Value::from(1), Value::from("x")]);
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    pub fn values(&self) -> &[Value] {
        &self.data.slice
    }

    /// The value of a field, by name.
    ///
    /// ```
    /// use dataknobs_data_core::{Value, record};
    /// let record = record! { "age": 36 }?;
    /// assert_eq!((record.get("age"), record.get("name")), (Some(&Value::from(36)), None));
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.shape().position(name).map(|position| &self.data.slice[position])
    }

    /// A field, by name.
    ///
    /// ```
    /// use dataknobs_data_core::{FieldType, record};
    /// let record = record! { "age": 36 }?;
    /// assert_eq!(record.field("age").unwrap().field_type(), FieldType::Integer);
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    pub fn field(&self, name: &str) -> Option<FieldRef<'_>> {
        self.shape().position(name).and_then(|position| self.field_at(position))
    }

    /// A field, by position.
    ///
    /// ```
    /// use dataknobs_data_core::record;
    /// let record = record! { "age": 36 }?;
    /// assert_eq!(record.field_at(0).unwrap().name(), "age");
    /// assert!(record.field_at(1).is_none());
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    pub fn field_at(&self, position: usize) -> Option<FieldRef<'_>> {
        let (name, field_type) = self.shape().fields().get(position)?;
        Some(FieldRef::new(name, &self.data.slice[position], *field_type, self.field_metadata(position)))
    }

    /// The fields, in order.
    ///
    /// ```
    /// use dataknobs_data_core::record;
    /// let record = record! { "name": "Ada", "age": 36 }?;
    /// assert!(record.fields().map(|field| field.name()).eq(["name", "age"]));
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    pub fn fields(&self) -> impl ExactSizeIterator<Item = FieldRef<'_>> + '_ {
        let names = self.shape().fields().iter().zip(self.values());
        names.enumerate().map(|(position, ((name, field_type), value))| {
            FieldRef::new(name, value, *field_type, self.field_metadata(position))
        })
    }

    fn extras(&self) -> Option<&Extras> {
        self.header().extras.as_deref()
    }

    fn field_metadata(&self, position: usize) -> Option<&Metadata> {
        let fields = &self.extras()?.fields;
        fields.binary_search_by_key(&position, |(at, _)| *at).ok().map(|found| &fields[found].1)
    }

    /// The record's metadata.
    ///
    /// ```
    /// use dataknobs_data_core::record;
    /// let record = record! { "n": 1 }?.with_metadata("source", "import")?;
    /// assert_eq!(record.metadata()["source"], "import");
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    pub fn metadata(&self) -> &Metadata {
        static EMPTY: std::sync::LazyLock<Metadata> = std::sync::LazyLock::new(Metadata::new);
        self.extras().map_or(&EMPTY, |extras| &extras.record)
    }

    /// Whether the record or one of its fields carries metadata.
    ///
    /// ```
    /// use dataknobs_data_core::record;
    /// assert!(!record! { "n": 1 }?.has_metadata());
    /// assert!(record! { "n": 1 }?.with_metadata("source", "import")?.has_metadata());
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    pub fn has_metadata(&self) -> bool {
        self.extras().is_some_and(Extras::has_metadata)
    }

    /// Replaces the record's metadata.
    ///
    /// ```
    /// use dataknobs_data_core::{Metadata, record};
    /// let mut record = record! { "n": 1 }?.with_metadata("source", "import")?;
    /// record.set_metadata(Metadata::new())?;
    /// assert!(!record.has_metadata());
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`InvalidRecord`](crate::ErrorKind::InvalidRecord) when a number in it is outside the 64-bit
    /// range.
    pub fn set_metadata(&mut self, metadata: Metadata) -> Result<()> {
        check_metadata(&metadata)?;
        let mut extras = self.extras().cloned().unwrap_or_default();
        extras.record = metadata;
        self.replace(self.shape().clone(), self.values().to_vec(), extras.boxed());
        Ok(())
    }

    /// The same record with one more entry of metadata.
    ///
    /// ```
    /// use dataknobs_data_core::record;
    /// let record = record! { "n": 1 }?.with_metadata("source", "import")?.with_metadata("line", 3)?;
    /// assert_eq!(record.metadata().len(), 2);
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Record::set_metadata`].
    pub fn with_metadata(mut self, key: impl Into<String>, value: impl Into<serde_json::Value>) -> Result<Self> {
        let mut metadata = self.metadata().clone();
        metadata.insert(key.into(), value.into());
        self.set_metadata(metadata)?;
        Ok(self)
    }

    /// Whether this is the very same stored content, not merely an equal one.
    ///
    /// ```
    /// use dataknobs_data_core::record;
    /// let record = record! { "n": 1 }?;
    /// assert!(record.shares_content_with(&record.clone()));
    /// assert!(!record.shares_content_with(&record! { "n": 1 }?));
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    pub fn shares_content_with(&self, other: &Record) -> bool {
        self.data.ptr() == other.data.ptr()
    }
}

fn check_value(name: &str, field_type: FieldType, value: &Value) -> Result<()> {
    match value {
        Value::Float(_) | Value::Json(_) => {
            value.validate().map_err(|error| error.with_context("field", format!("`{}`", name.escape_debug())))?;
        }
        _ => {}
    }
    if field_type.holds(value) {
        return Ok(());
    }
    Err(Error::invalid_record("a value does not fit its field's type")
        .with_context("field", format!("`{}`", name.escape_debug()))
        .with_context("value", value.kind_name())
        .with_context("type", field_type))
}

fn check_metadata(metadata: &Metadata) -> Result<()> {
    metadata.iter().try_for_each(|(key, value)| {
        crate::value::validate_json(value).map_err(|error| error.with_context("metadata", format!("`{key}`")))
    })
}

impl Default for Record {
    fn default() -> Self {
        Self::new()
    }
}

impl PartialEq for Record {
    fn eq(&self, other: &Self) -> bool {
        self.data.ptr() == other.data.ptr()
            || (self.shape() == other.shape()
                && self.values() == other.values()
                && self.extras().and_then(Extras::metadata) == other.extras().and_then(Extras::metadata))
    }
}

impl Index<&str> for Record {
    type Output = Value;

    /// # Panics
    /// When the record has no such field; [`Record::get`] answers with an option.
    fn index(&self, name: &str) -> &Value {
        match self.get(name) {
            Some(value) => value,
            None => std::panic::panic_any(format!("the record has no field `{name}`")),
        }
    }
}

impl Index<usize> for Record {
    type Output = Value;

    /// # Panics
    /// When the position is past the end, as with a slice.
    fn index(&self, position: usize) -> &Value {
        &self.values()[position]
    }
}

impl fmt::Debug for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_map();
        if let Some(id) = self.id() {
            debug.entry(&"_id", id);
        }
        debug.entries(self.shape().fields().iter().map(|(name, _)| name).zip(self.values()));
        if !self.metadata().is_empty() {
            debug.entry(&"_metadata", self.metadata());
        }
        debug.finish()
    }
}

/// Builds a [`Record`] from `"name": value` pairs; anything that converts into a
/// [`Value`] will do. Gives a `Result`, since names and floats are checked.
///
/// ```
/// use dataknobs_data_core::record;
/// let record = record! { "city": "Oslo", "lat": 59.9, "note": () }?;
/// assert_eq!(record.len(), 3);
/// assert!(record! { "_id": 1 }.is_err());
/// # Ok::<(), dataknobs_data_core::Error>(())
/// ```
#[macro_export]
macro_rules! record {
    () => { $crate::Result::<$crate::Record>::Ok($crate::Record::new()) };
    ($($name:literal : $value:expr),+ $(,)?) => {
        $crate::Record::from_fields([$($crate::Field::new($name, $value)),+])
    };
}

#[cfg(test)]
mod tests;
