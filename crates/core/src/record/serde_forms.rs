//! Records through serde: their own document form, and typed structs.

use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value as Json;

use super::{Record, document::plain_json};
use crate::error::{Error, Result};
use crate::value::Value;

impl Serialize for Record {
    /// Serializes as the document form, see [`Record::to_json`].
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.to_json().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Record {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Record::from_json(Json::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

impl Record {
    /// A record with one field for each member of a struct or map, through serde.
    ///
    /// # Errors
    /// [`InvalidRecord`](crate::ErrorKind::InvalidRecord) when the value is not a struct or map, or
    /// a member does not fit the data model.
    ///
    /// ```
    /// use dataknobs_data_core::Record;
    /// #[derive(serde::Serialize, serde::Deserialize, PartialEq, Debug)]
    /// struct Person { name: String, age: i64 }
    /// let ada = Person { name: "Ada".into(), age: 36 };
    /// let record = Record::from_typed(&ada)?;
    /// assert_eq!(record["age"].as_integer(), Some(36));
    /// assert_eq!(record.to_typed::<Person>()?, ada);
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    pub fn from_typed<T: Serialize>(value: &T) -> Result<Record> {
        let document = serde_json::to_value(value)
            .map_err(|error| Error::invalid_record("the value cannot be expressed as a record").with_source(error))?;
        let Json::Object(members) = document else {
            return Err(Error::invalid_record("only a struct or a map becomes a record"));
        };
        let mut pairs = Vec::with_capacity(members.len());
        for (name, member) in members {
            let value = Value::json(member).map_err(|error| error.with_context("field", format!("`{name}`")))?;
            pairs.push((name, value));
        }
        Record::from_pairs(pairs)
    }

    /// The record's fields as a struct or map, through serde. Datetimes arrive as RFC 3339 text
    /// and bytes as base64 text.
    ///
    /// ```
    /// use dataknobs_data_core::record;
    /// #[derive(serde::Deserialize)]
    /// struct Person {
    ///     name: String,
    /// }
    /// let person: Person = record! { "name": "Ada" }?.to_typed()?;
    /// assert_eq!(person.name, "Ada");
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`InvalidRecord`](crate::ErrorKind::InvalidRecord) when the fields do not make up a `T`.
    pub fn to_typed<T: DeserializeOwned>(&self) -> Result<T> {
        let members = self.fields().map(|field| (field.name().to_owned(), plain_json(field.value()))).collect();
        serde_json::from_value(Json::Object(members))
            .map_err(|error| Error::invalid_record("the record does not fit the requested type").with_source(error))
    }
}
