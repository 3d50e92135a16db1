//! Changing a record's fields. A record that is held elsewhere too is copied first.

use triomphe::Arc;

use super::{Extras, Field, Record, Shape, check_metadata, check_value};
use crate::error::Result;
use crate::value::{Str, Value};

impl Record {
    /// Sets a field's value. A new field goes to the end with the value's own type; an existing
    /// one keeps its place, its metadata, and its type where that holds the value. Only the name of
    /// a serializer goes with the value that it made: see [`Record::set_serialized`].
    ///
    /// ```
    /// use dataknobs_data_core::record;
    /// let mut record = record! { "name": "Ada", "age": 36 }?;
    /// record.set("name", "Ada Lovelace")?;
    /// record.set("born", 1815)?;
    /// assert_eq!(record, record! { "name": "Ada Lovelace", "age": 36, "born": 1815 }?);
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`InvalidRecord`](crate::ErrorKind::InvalidRecord) for an illegal name or a float that is
    /// not finite.
    pub fn set(&mut self, name: &str, value: impl Into<Value>) -> Result<()> {
        self.set_made_by(name, value.into(), None)
    }

    /// Sets a field's value as [`Record::set`] does, and keeps in the field's metadata, under
    /// [`Field::SERIALIZER`], which serializer made it.
    ///
    /// ```
    /// use dataknobs_data_core::{Field, record};
    /// let mut record = record! { "price": 9.5 }?;
    /// record.set_serialized("price", "9.50", "decimal.Decimal")?;
    /// assert_eq!(record.field("price").unwrap().metadata().unwrap()[Field::SERIALIZER], "decimal.Decimal");
    /// record.set("price", 9.5)?;
    /// assert!(record.field("price").unwrap().metadata().is_none());
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Record::set`].
    pub fn set_serialized(&mut self, name: &str, value: impl Into<Value>, serializer: &str) -> Result<()> {
        self.set_made_by(name, value.into(), Some(serializer))
    }

    fn set_made_by(&mut self, name: &str, value: Value, serializer: Option<&str>) -> Result<()> {
        let position = self.shape().position(name);
        let declared = position.map(|position| self.shape().fields()[position].1);
        let field_type = declared.filter(|declared| declared.holds(&value)).unwrap_or_else(|| value.field_type());
        let metadata = position.and_then(|position| self.field_metadata(position));
        let was_serialized = metadata.is_some_and(|metadata| metadata.contains_key(Field::SERIALIZER));
        if let Some(position) = position
            && declared == Some(field_type)
            && !was_serialized
            && serializer.is_none()
        {
            check_value(name, field_type, &value)?;
            let mut value = Some(value);
            let in_place = self.data.with_arc_mut(|data| match Arc::get_mut(data) {
                Some(unique) => {
                    unique.slice_mut()[position] = value.take().unwrap_or(Value::Null);
                    true
                }
                None => false,
            });
            if in_place {
                return Ok(());
            }
            let mut values = self.values().to_vec();
            values[position] = value.unwrap_or(Value::Null);
            self.replace(self.shape().clone(), values, self.extras().cloned().map(Box::new));
            return Ok(());
        }
        let mut metadata = metadata.cloned().unwrap_or_default();
        match serializer {
            Some(serializer) => drop(metadata.insert(Field::SERIALIZER.to_owned(), serializer.into())),
            None => drop(metadata.shift_remove(Field::SERIALIZER)),
        }
        self.set_field(Field { name: name.into(), value, field_type, metadata })
    }

    /// Sets a whole field: replaces the one of that name in its place, or adds it at the end.
    ///
    /// ```
    /// use dataknobs_data_core::{Field, FieldType, record};
    /// let mut record = record! { "bio": "short" }?;
    /// record.set_field(Field::new("bio", "short").with_type(FieldType::Text))?;
    /// assert_eq!(record.field("bio").unwrap().field_type(), FieldType::Text);
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Record::from_fields`].
    pub fn set_field(&mut self, field: Field) -> Result<()> {
        let Field { name, value, field_type, metadata } = field;
        check_value(&name, field_type, &value)?;
        check_metadata(&metadata)?;
        let mut names = self.shape().fields().to_vec();
        let mut values = self.values().to_vec();
        let mut extras = self.extras().cloned().unwrap_or_default();
        let position = match self.shape().position(&name) {
            Some(position) => {
                names[position].1 = field_type;
                values[position] = value;
                extras.fields.retain(|(at, _)| *at != position);
                position
            }
            None => {
                names.push((name, field_type));
                values.push(value);
                values.len() - 1
            }
        };
        if !metadata.is_empty() {
            let at = extras.fields.partition_point(|(at, _)| *at < position);
            extras.fields.insert(at, (position, metadata));
        }
        let shape = Shape::intern(names)?;
        self.replace(shape, values, extras.boxed());
        Ok(())
    }

    /// Takes a field out; the others keep their order.
    ///
    /// ```
    /// use dataknobs_data_core::{Field, record};
    /// let mut record = record! { "name": "Ada", "age": 36 }?;
    /// assert_eq!(record.remove("age"), Some(Field::new("age", 36)));
    /// assert_eq!(record.remove("age"), None);
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    pub fn remove(&mut self, name: &str) -> Option<Field> {
        let position = self.shape().position(name)?;
        let removed = self.field_at(position).map(|field| field.to_field());
        let kept: Vec<Field> =
            self.fields().filter(|field| field.name() != name).map(|field| field.to_field()).collect();
        self.rebuild(kept);
        removed
    }

    /// Gives a field another name in the same place. False when there is no such field.
    ///
    /// ```
    /// use dataknobs_data_core::record;
    /// let mut record = record! { "name": "Ada", "age": 36 }?;
    /// assert!(record.rename("name", "full_name")?);
    /// assert_eq!(record, record! { "full_name": "Ada", "age": 36 }?);
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`InvalidRecord`](crate::ErrorKind::InvalidRecord) when the new name is illegal or taken.
    pub fn rename(&mut self, name: &str, new_name: &str) -> Result<bool> {
        let Some(position) = self.shape().position(name) else { return Ok(false) };
        let mut names = self.shape().fields().to_vec();
        names[position].0 = new_name.into();
        let shape = Shape::intern(names)?;
        self.replace(shape, self.values().to_vec(), self.extras().cloned().map(Box::new));
        Ok(true)
    }

    /// The same record with only these fields, in the record's own order; id, version and
    /// metadata stay. Names that the record lacks are ignored.
    ///
    /// ```
    /// use dataknobs_data_core::record;
    /// let record = record! { "name": "Ada", "age": 36 }?.with_id("a")?;
    /// let part = record.project(&["age".into(), "height".into()]);
    /// assert_eq!((part.id(), part.len()), (record.id(), 1));
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    #[must_use]
    pub fn project(&self, names: &[Str]) -> Record {
        if self.shape().fields().iter().all(|(name, _)| names.contains(name)) {
            return self.clone();
        }
        let mut projected = self.clone();
        projected.rebuild(
            self.fields()
                .filter(|field| names.iter().any(|name| name == field.name()))
                .map(|field| field.to_field())
                .collect(),
        );
        projected
    }

    /// Rebuilds from fields that were legal in this record already.
    fn rebuild(&mut self, fields: Vec<Field>) {
        let Extras { record, score, .. } = self.extras().cloned().unwrap_or_default();
        let mut extras = Extras { record, fields: Vec::new(), score };
        let mut names = Vec::with_capacity(fields.len());
        let mut values = Vec::with_capacity(fields.len());
        for field in fields {
            if !field.metadata.is_empty() {
                extras.fields.push((values.len(), field.metadata));
            }
            names.push((field.name, field.field_type));
            values.push(field.value);
        }
        if let Ok(shape) = Shape::intern(names) {
            self.replace(shape, values, extras.boxed());
        }
    }
}
