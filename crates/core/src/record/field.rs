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
    /// The key of the metadata that names the serializer which made a value of an application's own
    /// object, so that reading can give the object back. See [`Record::set_serialized`].
    ///
    /// [`Record::set_serialized`]: crate::Record::set_serialized
    ///
    /// ```
    /// use dataknobs_data_core::Field;
    /// let field = Field::new("price", "9.50").with_metadata(Field::SERIALIZER, "decimal.Decimal");
    /// assert_eq!(field.metadata["serializer"], "decimal.Decimal");
    /// ```
    pub const SERIALIZER: &str = "serializer";

    /// A field whose type is detected from its value.
    ///
    /// ```
    /// use dataknobs_data_core::{Field, FieldType};
    /// assert_eq!(Field::new("age", 36).field_type, FieldType::Integer);
    /// ```
    pub fn new(name: impl Into<Str>, value: impl Into<Value>) -> Self {
        let value = value.into();
        Field { name: name.into(), field_type: value.field_type(), value, metadata: Metadata::new() }
    }

    /// The same field with a declared type. The value is not converted; see
    /// [`Converters::convert`](crate::Converters::convert) for that.
    ///
    /// ```
    /// use dataknobs_data_core::{Field, FieldType};
    /// assert_eq!(Field::new("bio", "short").with_type(FieldType::Text).field_type, FieldType::Text);
    /// ```
    #[must_use]
    pub fn with_type(mut self, field_type: FieldType) -> Self {
        self.field_type = field_type;
        self
    }

    /// The same field with one more entry of metadata.
    ///
    /// ```
    /// use dataknobs_data_core::Field;
    /// assert_eq!(Field::new("weight", 12.5).with_metadata("unit", "kg").metadata["unit"], "kg");
    /// ```
    #[must_use]
    pub fn with_metadata(mut self, key: impl Into<String>, value: impl Into<serde_json::Value>) -> Self {
        self.metadata.insert(key.into(), value.into());
        self
    }
}

/// A field of a record, borrowed from it.
///
/// ```
/// use dataknobs_data_core::{Field, FieldRef, FieldType, Record};
/// let record = Record::from_fields([Field::new("weight", 12.5).with_metadata("unit", "kg")])?;
/// let field: FieldRef<'_> = record.field("weight").unwrap();
/// assert_eq!((field.name(), field.field_type()), ("weight", FieldType::Float));
/// assert_eq!(field.value().as_float(), Some(12.5));
/// assert_eq!(field.metadata().unwrap()["unit"], "kg");
/// # Ok::<(), dataknobs_data_core::Error>(())
/// ```
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
    ///
    /// ```
    /// use dataknobs_data_core::record;
    /// assert_eq!(record! { "age": 36 }?.field_at(0).unwrap().name(), "age");
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    pub fn name(&self) -> &'a str {
        self.name
    }

    /// The value.
    ///
    /// ```
    /// use dataknobs_data_core::{Value, record};
    /// assert_eq!(record! { "age": 36 }?.field("age").unwrap().value(), &Value::from(36));
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    pub fn value(&self) -> &'a Value {
        self.value
    }

    /// The declared type.
    ///
    /// ```
    /// use dataknobs_data_core::{FieldType, record};
    /// assert_eq!(record! { "age": 36 }?.field("age").unwrap().field_type(), FieldType::Integer);
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    pub fn field_type(&self) -> FieldType {
        self.field_type
    }

    /// The field's metadata, if it has any.
    ///
    /// ```
    /// use dataknobs_data_core::record;
    /// assert!(record! { "age": 36 }?.field("age").unwrap().metadata().is_none());
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    pub fn metadata(&self) -> Option<&'a Metadata> {
        self.metadata
    }

    /// An owned copy.
    ///
    /// ```
    /// use dataknobs_data_core::{Field, record};
    /// let field: Field = record! { "age": 36 }?.field("age").unwrap().to_field();
    /// assert_eq!(field, Field::new("age", 36));
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    pub fn to_field(self) -> Field {
        Field {
            name: self.name.clone(),
            value: self.value.clone(),
            field_type: self.field_type,
            metadata: self.metadata.cloned().unwrap_or_default(),
        }
    }
}
