//! Fields, owned and borrowed.

use super::Metadata;
use crate::value::{FieldType, Str, Value};

/// One field of a record: name, value, type and metadata.
///
/// ```
/// use dataknobs_data_core::{Field, FieldType};
/// let field = Field::new("weight", 12.5).with_metadata("unit", "kg");
/// assert_eq!(field.field_type, FieldType::Float);
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Field {
    /// The name.
    pub name: Str,
    /// The value; null is allowed in every type.
    pub value: Value,
    /// The declared type.
    pub field_type: FieldType,
    /// Anything else worth saying about the field.
    pub metadata: Metadata,
}

impl Field {
    /// A field whose type is detected from its value.
    pub fn new(name: impl Into<Str>, value: impl Into<Value>) -> Self {
        let value = value.into();
        Field { name: name.into(), field_type: value.field_type(), value, metadata: Metadata::new() }
    }

    /// The same field with a declared type. The value is not converted; see
    /// [`Converters::convert`](crate::Converters::convert) for that.
    #[must_use]
    pub fn with_type(mut self, field_type: FieldType) -> Self {
        self.field_type = field_type;
        self
    }

    /// The same field with one more entry of metadata.
    #[must_use]
    pub fn with_metadata(mut self, key: impl Into<String>, value: impl Into<serde_json::Value>) -> Self {
        self.metadata.insert(key.into(), value.into());
        self
    }
}

/// A field of a record, borrowed from it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FieldRef<'a> {
    name: &'a Str,
    value: &'a Value,
    field_type: FieldType,
    metadata: Option<&'a Metadata>,
}

impl<'a> FieldRef<'a> {
    pub(super) fn new(name: &'a Str, value: &'a Value, field_type: FieldType, metadata: Option<&'a Metadata>) -> Self {
        FieldRef { name, value, field_type, metadata }
    }

    /// The name.
    pub fn name(&self) -> &'a str {
        self.name
    }

    /// The value.
    pub fn value(&self) -> &'a Value {
        self.value
    }

    /// The declared type.
    pub fn field_type(&self) -> FieldType {
        self.field_type
    }

    /// The field's metadata, if it has any.
    pub fn metadata(&self) -> Option<&'a Metadata> {
        self.metadata
    }

    /// An owned copy.
    pub fn to_field(self) -> Field {
        Field {
            name: self.name.clone(),
            value: self.value.clone(),
            field_type: self.field_type,
            metadata: self.metadata.cloned().unwrap_or_default(),
        }
    }
}
