//! Shapes: the ordered field names and types that many records share.
//!
//! A record holds its values and a pointer to its shape, so names cost nothing per record, and a
//! query resolves a path once per shape instead of once per record. Shapes are interned while
//! there are few; records with ever-changing names fall back to shapes of their own.

use std::hash::{BuildHasher, Hash, Hasher};
use std::sync::{LazyLock, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use foldhash::fast::RandomState;
use hashbrown::{HashMap, HashTable};
use triomphe::Arc;

use super::id::find_control;
use crate::error::{Error, Result};
use crate::quiet::unless_quiet;
use crate::value::{FieldType, Str};

/// Field names that mean something else in queries and storage layouts.
///
/// ```
/// use dataknobs_data_core::{RESERVED_NAMES, validate_field_name};
/// assert!(RESERVED_NAMES.iter().all(|name| validate_field_name(name).is_err()));
/// ```
pub const RESERVED_NAMES: [&str; 4] = ["_id", "_metadata", "_meta", "_score"];

/// The longest field name, in bytes.
///
/// ```
/// use dataknobs_data_core::{MAX_NAME_BYTES, validate_field_name};
/// assert!(validate_field_name(&"x".repeat(MAX_NAME_BYTES)).is_ok());
/// assert!(validate_field_name(&"x".repeat(MAX_NAME_BYTES + 1)).is_err());
/// ```
pub const MAX_NAME_BYTES: usize = 512;

/// Beyond this many fields a shape keeps a hash index of its names.
const LINEAR_FIELDS: usize = 12;

/// Beyond this many distinct shapes, unused ones are dropped, then interning stops.
const MAX_INTERNED: usize = 4_096;

/// Ordered field names with their types, shared by every record that has just these.
///
/// ```
/// use dataknobs_data_core::{FieldType, Shape};
/// let shape = Shape::new([("name", FieldType::String), ("age", FieldType::Integer)])?;
/// assert_eq!(shape.position("age"), Some(1));
/// # Ok::<(), dataknobs_data_core::Error>(())
/// ```
#[derive(Clone)]
pub struct Shape(Arc<Inner>);

struct Inner {
    fields: Box<[(Str, FieldType)]>,
    index: Option<HashMap<Str, u32, RandomState>>,
}

pub(crate) struct Interner {
    table: HashTable<Shape>,
    hasher: RandomState,
}

static INTERNER: LazyLock<RwLock<Interner>> =
    LazyLock::new(|| RwLock::new(Interner { table: HashTable::new(), hasher: RandomState::default() }));

/// For reading; none while a fork is being prepared: its thread must not be waited for, since it may
/// itself wait for the caller (in Python, for the interpreter's lock). An interner whose writer
/// panicked still holds whole shapes only.
fn shapes() -> Option<RwLockReadGuard<'static, Interner>> {
    unless_quiet(|| INTERNER.try_read())
}

/// For writing; none as above.
fn shapes_to_change() -> Option<RwLockWriteGuard<'static, Interner>> {
    unless_quiet(|| INTERNER.try_write())
}

/// Keeps all others out.
pub(crate) fn hold_shapes() -> RwLockWriteGuard<'static, Interner> {
    INTERNER.write().unwrap_or_else(PoisonError::into_inner)
}

/// Checks a field name: not empty, at most 512 bytes, no control characters, not reserved.
///
/// ```
/// use dataknobs_data_core::{ErrorKind, validate_field_name};
/// assert!(validate_field_name("first name").is_ok());
/// assert_eq!(validate_field_name("_id").unwrap_err().kind(), ErrorKind::InvalidRecord);
/// ```
///
/// # Errors
/// [`InvalidRecord`](crate::ErrorKind::InvalidRecord) that names the field.
pub fn validate_field_name(name: &str) -> Result<()> {
    let problem = if name.is_empty() {
        "a field name must not be empty"
    } else if name.len() > MAX_NAME_BYTES {
        return Err(
            Error::invalid_record("a field name must not be longer than 512 bytes").with_context("length", name.len())
        );
    } else if name.starts_with('_') && RESERVED_NAMES.contains(&name) {
        "this field name is reserved"
    } else if find_control(name).is_some() {
        "a field name must not hold control characters"
    } else {
        return Ok(());
    };
    Err(Error::invalid_record(problem).with_context("field", format!("`{}`", name.escape_debug())))
}

impl Shape {
    /// The shape of these fields.
    ///
    /// ```
    /// use dataknobs_data_core::{FieldType, Shape, record};
    /// let shape = Shape::new([("name", FieldType::String)])?;
    /// assert_eq!(&shape, record! { "name": "Ada" }?.shape());
    /// assert!(Shape::new([("a", FieldType::String), ("a", FieldType::String)]).is_err());
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`InvalidRecord`](crate::ErrorKind::InvalidRecord) for an illegal name or one that stands
    /// twice.
    pub fn new<N: Into<Str>>(fields: impl IntoIterator<Item = (N, FieldType)>) -> Result<Self> {
        Self::intern(fields.into_iter().map(|(name, kind)| (name.into(), kind)).collect())
    }

    /// The shape without fields.
    ///
    /// ```
    /// use dataknobs_data_core::{Record, Shape};
    /// assert_eq!(&Shape::empty(), Record::new().shape());
    /// ```
    pub fn empty() -> Self {
        static EMPTY: LazyLock<Shape> = LazyLock::new(|| Shape(Arc::new(Inner { fields: Box::new([]), index: None })));
        EMPTY.clone()
    }

    pub(crate) fn intern(fields: Vec<(Str, FieldType)>) -> Result<Self> {
        if fields.is_empty() {
            return Ok(Self::empty());
        }
        let hash = {
            let Some(interner) = shapes() else { return Self::build(fields) };
            let hash = hash_fields(&interner.hasher, &fields);
            if let Some(shape) = interner.table.find(hash, |shape| *shape.0.fields == fields) {
                return Ok(shape.clone());
            }
            hash
        };
        let shape = Self::build(fields)?;
        let Some(mut interner) = shapes_to_change() else { return Ok(shape) };
        let Interner { table, hasher } = &mut *interner;
        if let Some(other) = table.find(hash, |other| other.0.fields == shape.0.fields) {
            return Ok(other.clone());
        }
        if table.len() >= MAX_INTERNED {
            table.retain(|shape| Arc::count(&shape.0) > 1);
        }
        if table.len() < MAX_INTERNED {
            table.insert_unique(hash, shape.clone(), |shape| hash_fields(hasher, &shape.0.fields));
        }
        Ok(shape)
    }

    fn build(fields: Vec<(Str, FieldType)>) -> Result<Self> {
        let mut index = HashMap::with_capacity_and_hasher(fields.len(), RandomState::default());
        for (position, (name, _)) in fields.iter().enumerate() {
            validate_field_name(name)?;
            let position = u32::try_from(position)
                .map_err(|_| Error::invalid_record("a record must not have more than 2^32 fields"))?;
            if index.insert(name.clone(), position).is_some() {
                return Err(
                    Error::invalid_record("a field name stands twice").with_context("field", format!("`{name}`"))
                );
            }
        }
        let index = (fields.len() > LINEAR_FIELDS).then_some(index);
        Ok(Shape(Arc::new(Inner { fields: fields.into_boxed_slice(), index })))
    }

    /// How many fields.
    ///
    /// ```
    /// use dataknobs_data_core::record;
    /// assert_eq!(record! { "name": "Ada", "age": 36 }?.shape().len(), 2);
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    pub fn len(&self) -> usize {
        self.0.fields.len()
    }

    /// Whether there are no fields.
    ///
    /// ```
    /// use dataknobs_data_core::Shape;
    /// assert!(Shape::empty().is_empty());
    /// ```
    pub fn is_empty(&self) -> bool {
        self.0.fields.is_empty()
    }

    /// Names and types, in order.
    ///
    /// ```
    /// use dataknobs_data_core::{FieldType, record};
    /// let record = record! { "age": 36 }?;
    /// assert_eq!(record.shape().fields(), [("age".into(), FieldType::Integer)]);
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    pub fn fields(&self) -> &[(Str, FieldType)] {
        &self.0.fields
    }

    /// Where a name stands.
    ///
    /// ```
    /// use dataknobs_data_core::record;
    /// let record = record! { "name": "Ada", "age": 36 }?;
    /// assert_eq!(record.shape().position("age"), Some(1));
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    pub fn position(&self, name: &str) -> Option<usize> {
        match &self.0.index {
            Some(index) => index.get(name).map(|position| *position as usize),
            None => self.0.fields.iter().position(|(field, _)| field == name),
        }
    }

    /// A number that is the same for clones of one shape and differs between shapes that are
    /// alive at the same time.
    ///
    /// ```
    /// use dataknobs_data_core::record;
    /// let (a, b) = (record! { "n": 1 }?, record! { "m": 1 }?);
    /// assert_eq!(a.shape().address(), a.shape().clone().address());
    /// assert_ne!(a.shape().address(), b.shape().address());
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    pub fn address(&self) -> usize {
        Arc::as_ptr(&self.0) as usize
    }
}

fn hash_fields(hasher: &RandomState, fields: &[(Str, FieldType)]) -> u64 {
    let mut state = hasher.build_hasher();
    for (name, kind) in fields {
        name.as_str().hash(&mut state);
        state.write_u8(*kind as u8);
    }
    state.finish()
}

impl PartialEq for Shape {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || self.0.fields == other.0.fields
    }
}

impl Eq for Shape {}

impl std::fmt::Debug for Shape {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_map().entries(self.0.fields.iter().map(|(name, kind)| (name, kind))).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_shapes_share_one_address() {
        let a = Shape::new([("a", FieldType::String)]).unwrap();
        let b = Shape::new([("a", FieldType::String)]).unwrap();
        assert_eq!(a.address(), b.address());
        assert_ne!(a, Shape::new([("a", FieldType::Text)]).unwrap());
        assert_eq!(format!("{a:?}"), r#"{"a": String}"#);
    }

    #[test]
    fn wide_shapes_find_names_by_hash() {
        let names: Vec<_> = (0..100).map(|n| (format!("f{n}"), FieldType::Integer)).collect();
        let shape = Shape::new(names).unwrap();
        assert_eq!(shape.position("f99"), Some(99));
        assert_eq!(shape.position("g"), None);
        assert_eq!(shape.len(), 100);
    }

    #[test]
    fn the_interner_stays_bounded() {
        for n in 0..2 * MAX_INTERNED {
            Shape::new([(format!("bounded{n}"), FieldType::String)]).unwrap();
        }
        assert!(shapes().unwrap().table.len() <= MAX_INTERNED);
        let alive: Vec<_> =
            (0..MAX_INTERNED + 10).map(|n| Shape::new([(format!("alive{n}"), FieldType::String)]).unwrap()).collect();
        assert!(shapes().unwrap().table.len() <= MAX_INTERNED);
        assert_eq!(alive.last().unwrap().len(), 1);
    }

    #[test]
    fn names_are_checked() {
        for name in ["", "_id", "_metadata", "_meta", "_score", "a\u{0}", "tab\t"] {
            let error = validate_field_name(name).unwrap_err();
            assert_eq!(error.kind(), crate::ErrorKind::InvalidRecord);
            assert!(error.context_value("field").is_some());
        }
        assert!(validate_field_name(&"x".repeat(513)).is_err());
        for name in ["_ids", "a.b", " ", "ü", "id", "metadata", "a'b\"c"] {
            assert!(validate_field_name(name).is_ok(), "{name}");
        }
        assert!(Shape::new([("a", FieldType::String), ("a", FieldType::Integer)]).is_err());
        assert!(Shape::empty().is_empty());
    }
}
