//! The JSON form of queries and of the values in them.
//!
//! ```json
//! {"filters": [{"field": "age", "operator": "GTE", "value": 25},
//!              {"any_of": [{"field": ["a.b", "c"], "operator": "EXISTS"}, {"not": …}]}],
//!  "sort": [{"field": "age", "order": "DESC"}],
//!  "limit": 10, "offset": 20, "fields": ["name"], "after": "…"}
//! ```
//!
//! A field is dotted text or a list of literal segments. For IN, NOT_IN, BETWEEN and NOT_BETWEEN an
//! array is the list of literals, for other operators a JSON literal. `read.rs` and `write.rs` are
//! the two directions, `value.rs` has the literals.

mod read;
#[cfg(test)]
mod tests;
mod value;
mod write;

use serde::de::{Deserialize, Deserializer, Error as _};
use serde::ser::{Error as _, Serialize, Serializer};
use serde_json::Value as Json;

pub use value::{value_from_tagged, value_to_tagged};

use super::{Filter, Query};
use crate::error::{Error, Result};

impl Query {
    /// The JSON form. It always has `filters` and `sort`, the other members where they are set.
    ///
    /// ```
    /// use dataknobs_data_core::Query;
    /// let query = Query::new().filter("age", ">=", 25).limit(10);
    /// assert_eq!(
    ///     query.to_json().to_string(),
    ///     r#"{"filters":[{"field":"age","operator":"GTE","value":25}],"sort":[],"limit":10}"#
    /// );
    /// ```
    pub fn to_json(&self) -> Json {
        write::query(self)
    }

    /// Reads the JSON form. Members that are missing or null are as in an empty query.
    ///
    /// # Errors
    /// [`InvalidQuery`](crate::ErrorKind::InvalidQuery) for unknown members, values of the wrong
    /// shape, and all that [`Query::check`] refuses; the context `at` names the place, for example
    /// `filters[2].any_of[0].operator`.
    ///
    /// ```
    /// use dataknobs_data_core::Query;
    /// let filter = serde_json::json!({"field": "age", "operator": "=~", "value": 25});
    /// let error = Query::from_json(serde_json::json!({"filters": [filter]})).unwrap_err();
    /// assert_eq!(error.context_value("at"), Some("filters[0].operator"));
    /// ```
    pub fn from_json(json: Json) -> Result<Self> {
        let query = read::query(json)?;
        query.check()?;
        Ok(query)
    }

    /// Reads the JSON form from its text. Unlike [`Query::from_json`] it sees integers past the
    /// 64-bit range as such, before a parser makes floats of them.
    ///
    /// # Errors
    /// As [`Query::from_json`], and for text that is not JSON.
    ///
    /// ```
    /// use dataknobs_data_core::Query;
    /// assert_eq!(Query::from_json_text(r#"{"limit": 5}"#)?.limit_value(), Some(5));
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    pub fn from_json_text(text: &str) -> Result<Self> {
        let json = crate::value::parse_json(text.as_bytes()).map_err(|fault| {
            let error = Error::invalid_query(fault.reason);
            let error = if fault.member.is_empty() { error } else { error.with_context("at", fault.member) };
            error.with_context("line", fault.line).with_context("column", fault.column)
        })?;
        Query::from_json(json)
    }
}

impl Filter {
    /// The JSON form: `{"field", "operator", "value"}`, `{"all_of"}`, `{"any_of"}` or `{"not"}`.
    ///
    /// ```
    /// use dataknobs_data_core::Filter;
    /// let filter = Filter::new("city", "IN", ["Oslo"])?.negate();
    /// assert_eq!(filter.to_json().to_string(), r#"{"not":{"field":"city","operator":"IN","value":["Oslo"]}}"#);
    /// assert_eq!(Filter::from_json(filter.to_json())?, filter);
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    pub fn to_json(&self) -> Json {
        write::filter(self)
    }

    /// Reads the JSON form.
    ///
    /// ```
    /// use dataknobs_data_core::Filter;
    /// let json = serde_json::json!({"field": "age", "operator": ">", "value": 30});
    /// assert_eq!(Filter::from_json(json)?, Filter::new("age", ">", 30)?);
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Query::from_json`].
    pub fn from_json(json: Json) -> Result<Self> {
        read::filter(json)
    }
}

impl Serialize for Query {
    /// Serializes as [`Query::to_json`]; fails where [`Query::check`] does.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.check().map_err(S::Error::custom)?;
        self.to_json().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Query {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Query::from_json(Json::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

impl Serialize for Filter {
    /// Serializes as [`Filter::to_json`].
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.to_json().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Filter {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Filter::from_json(Json::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}
