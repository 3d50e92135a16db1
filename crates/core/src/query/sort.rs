//! Sort keys, the order of ids, and positions inside a sorted result.

use std::cmp::Ordering;
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value as Json, json};

use super::evaluate::value_at;
use super::json::{value_from_tagged, value_to_tagged};
use super::path::Path;
use super::scalar::{Scalar, order_by_presence};
use crate::error::{Error, Result};
use crate::record::{Record, RecordId};
use crate::value::{Str, Value};

/// One key of a sort.
///
/// ```
/// use dataknobs_data_core::{Query, SortKey, SortOrder};
/// let query = Query::new().sort("age", "DESC");
/// let key: &SortKey = &query.sort_keys()[0];
/// assert_eq!((key.path.to_string().as_str(), key.order), ("age", SortOrder::Descending));
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct SortKey {
    /// What to sort by.
    pub path: Path,
    /// In which direction. What is not present comes last in both.
    pub order: SortOrder,
}

impl SortKey {
    /// How strings under this key are ordered if it asks for the id: as the store orders ids.
    pub(crate) fn id_order(&self, ids: IdOrder) -> Option<IdOrder> {
        matches!(self.path.segments(), [only] if only == "_id" || only == "id").then_some(ids)
    }
}

/// The direction of a sort key.
///
/// ```
/// use dataknobs_data_core::SortOrder;
/// assert_eq!(SortOrder::default(), SortOrder::Ascending);
/// assert_eq!(SortOrder::Descending.to_string(), "DESC");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SortOrder {
    /// Smallest first.
    #[default]
    Ascending,
    /// Largest first.
    Descending,
}

impl SortOrder {
    /// Whether it is [`SortOrder::Descending`].
    ///
    /// ```
    /// use dataknobs_data_core::SortOrder;
    /// assert!(SortOrder::Descending.is_descending());
    /// ```
    pub fn is_descending(self) -> bool {
        self == SortOrder::Descending
    }

    /// `"ASC"` or `"DESC"`.
    ///
    /// ```
    /// use dataknobs_data_core::SortOrder;
    /// assert_eq!(SortOrder::Ascending.name(), "ASC");
    /// ```
    pub fn name(self) -> &'static str {
        if self.is_descending() { "DESC" } else { "ASC" }
    }
}

/// What names a direction where one is wanted: a [`SortOrder`], `"ASC"` or `"DESC"`.
///
/// ```
/// use dataknobs_data_core::{IntoSortOrder, SortOrder};
/// assert_eq!("desc".into_sort_order()?, SortOrder::Descending);
/// assert_eq!(SortOrder::Ascending.into_sort_order()?, SortOrder::Ascending);
/// # Ok::<(), dataknobs_data_core::Error>(())
/// ```
pub trait IntoSortOrder {
    /// The direction.
    ///
    /// ```
    /// use dataknobs_data_core::IntoSortOrder;
    /// assert!("down".into_sort_order().is_err());
    /// ```
    ///
    /// # Errors
    /// [`InvalidQuery`](crate::ErrorKind::InvalidQuery) for any other word.
    fn into_sort_order(self) -> Result<SortOrder>;
}

impl IntoSortOrder for SortOrder {
    fn into_sort_order(self) -> Result<SortOrder> {
        Ok(self)
    }
}

impl IntoSortOrder for &str {
    fn into_sort_order(self) -> Result<SortOrder> {
        match self.to_ascii_uppercase().as_str() {
            "ASC" | "ASCENDING" => Ok(SortOrder::Ascending),
            "DESC" | "DESCENDING" => Ok(SortOrder::Descending),
            _ => Err(Error::invalid_query("a sort order is ASC or DESC")
                .with_context("order", format!("`{}`", self.escape_debug()))),
        }
    }
}

/// How a store orders ids.
///
/// ```
/// use dataknobs_data_core::{IdOrder, SyncDatabase};
/// assert_eq!(SyncDatabase::memory().capabilities().id_order, IdOrder::CodePoint);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum IdOrder {
    /// By code point: ids are text.
    #[default]
    CodePoint,
    /// By number: the store's key is an integer.
    Numeric,
}

impl IdOrder {
    /// Compares two ids.
    ///
    /// ```
    /// use dataknobs_data_core::IdOrder;
    /// use std::cmp::Ordering;
    /// assert_eq!(IdOrder::CodePoint.compare("10", "9"), Ordering::Less);
    /// assert_eq!(IdOrder::Numeric.compare("10", "9"), Ordering::Greater);
    /// ```
    pub fn compare(self, a: &str, b: &str) -> Ordering {
        match (self, a.parse::<i64>(), b.parse::<i64>()) {
            (IdOrder::Numeric, Ok(a), Ok(b)) => a.cmp(&b),
            // Numbers come before whatever else there may be.
            (IdOrder::Numeric, Ok(_), Err(_)) => Ordering::Less,
            (IdOrder::Numeric, Err(_), Ok(_)) => Ordering::Greater,
            _ => a.cmp(b),
        }
    }

    pub(crate) fn compare_options(self, a: Option<&RecordId>, b: Option<&RecordId>) -> Ordering {
        match (a, b) {
            (Some(a), Some(b)) => self.compare(a, b),
            (a, b) => a.is_some().cmp(&b.is_some()),
        }
    }
}

/// The place of one record in a sorted result, so that a search can continue behind it.
///
/// Its token is URL-safe text that holds the sort key values and the id.
///
/// ```
/// use dataknobs_data_core::{Query, SortPosition, record};
/// let sort = Query::parse("ORDER BY age")?.sort_keys().to_vec();
/// let position = SortPosition::of(&record! { "age": 36 }?.with_id("a")?, &sort);
/// let token = position.encode(&sort);
/// assert_eq!(SortPosition::decode(&token, &sort)?, position);
/// # Ok::<(), dataknobs_data_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct SortPosition {
    keys: Vec<Option<Value>>,
    id: Option<Str>,
}

impl SortPosition {
    /// The position of this record under this sort.
    ///
    /// ```
    /// use dataknobs_data_core::{Query, SortPosition, record};
    /// let sort = Query::parse("ORDER BY age")?.sort_keys().to_vec();
    /// let position = SortPosition::of(&record! { "name": "Ada" }?.with_id("a")?, &sort);
    /// assert_eq!((position.keys(), position.id()), (&[None][..], Some("a")));
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    pub fn of(record: &Record, sort: &[SortKey]) -> Self {
        SortPosition {
            // JSON values tie, so any one of them will do for them all.
            keys: sort.iter().map(|key| value_at(&key.path, record).map(tie_json)).collect(),
            id: record.id().map(RecordId::to_text),
        }
    }

    /// The values of the sort keys; none where the path was not present.
    ///
    /// ```
    /// use dataknobs_data_core::{SortPosition, Value, record};
    /// # use dataknobs_data_core::Query;
    /// # let sort = Query::parse("ORDER BY age")?.sort_keys().to_vec();
    /// let position = SortPosition::of(&record! { "age": 36 }?, &sort);
    /// assert_eq!(position.keys(), [Some(Value::from(36))]);
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    pub fn keys(&self) -> &[Option<Value>] {
        &self.keys
    }

    /// The id.
    ///
    /// ```
    /// use dataknobs_data_core::{SortPosition, record};
    /// # use dataknobs_data_core::Query;
    /// # let sort = Query::parse("ORDER BY age")?.sort_keys().to_vec();
    /// assert_eq!(SortPosition::of(&record! { "age": 36 }?, &sort).id(), None);
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    pub fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    /// Whether this position comes before a record.
    ///
    /// ```
    /// use dataknobs_data_core::{IdOrder, SortPosition, record};
    /// # use dataknobs_data_core::Query;
    /// # let sort = Query::parse("ORDER BY age")?.sort_keys().to_vec();
    /// let position = SortPosition::of(&record! { "age": 36 }?, &sort);
    /// assert!(position.is_before(&record! { "age": 37 }?, &sort, IdOrder::CodePoint));
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    pub fn is_before(&self, record: &Record, sort: &[SortKey], ids: IdOrder) -> bool {
        self.compare(record, sort, ids).is_lt()
    }

    /// How this position stands to a record.
    pub(crate) fn compare(&self, record: &Record, sort: &[SortKey], ids: IdOrder) -> Ordering {
        for (key, value) in sort.iter().zip(&self.keys) {
            let mine = value.as_ref().and_then(Scalar::of);
            let order = order_by_presence(mine, key.path.resolve(record), key.order.is_descending(), key.id_order(ids));
            if order.is_ne() {
                return order;
            }
        }
        match (&self.id, record.id()) {
            (Some(mine), Some(id)) => ids.compare(mine, id),
            (mine, id) => mine.is_some().cmp(&id.is_some()),
        }
    }

    /// The token.
    ///
    /// ```
    /// use dataknobs_data_core::{SortPosition, record};
    /// # use dataknobs_data_core::Query;
    /// # let sort = Query::parse("ORDER BY age")?.sort_keys().to_vec();
    /// let token = SortPosition::of(&record! { "age": 36 }?, &sort).encode(&sort);
    /// assert!(token.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_'));
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    pub fn encode(&self, sort: &[SortKey]) -> Str {
        let keys: Vec<Json> = self.keys.iter().map(|key| key.as_ref().map_or(Json::Null, value_to_tagged)).collect();
        let token = json!({"s": fingerprint(sort), "k": keys, "i": self.id.as_deref()});
        URL_SAFE_NO_PAD.encode(token.to_string()).into()
    }

    /// The position back from its token, for the same sort.
    ///
    /// ```
    /// use dataknobs_data_core::{ErrorKind, Query, SortPosition, record};
    /// # let sort = Query::parse("ORDER BY age")?.sort_keys().to_vec();
    /// let token = SortPosition::of(&record! { "age": 36 }?, &sort).encode(&sort);
    /// let other = Query::parse("ORDER BY name")?.sort_keys().to_vec();
    /// assert_eq!(SortPosition::decode(&token, &other).unwrap_err().kind(), ErrorKind::InvalidQuery);
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`InvalidQuery`](crate::ErrorKind::InvalidQuery) when it is no token, or one of another sort.
    pub fn decode(token: &str, sort: &[SortKey]) -> Result<Self> {
        if sort.is_empty() {
            return Err(Error::invalid_query("`after` needs a sort").with_hint("add ORDER BY, for example by `_id`"));
        }
        let broken = || Error::invalid_query("`after` is not a token that a search returned");
        let bytes = URL_SAFE_NO_PAD.decode(token).map_err(|_| broken())?;
        let Ok(Json::Object(mut members)) = serde_json::from_slice(&bytes) else { return Err(broken()) };
        if members.get("s").and_then(Json::as_str) != Some(&fingerprint(sort)) {
            return Err(Error::invalid_query("`after` comes from a search with another sort"));
        }
        let id = match members.remove("i") {
            Some(Json::String(id)) => Some(id.into()),
            Some(Json::Null) => None,
            _ => return Err(broken()),
        };
        let Some(Json::Array(keys)) = members.remove("k") else { return Err(broken()) };
        let keys: Vec<Option<Value>> = keys
            .into_iter()
            .map(|key| if key.is_null() { Ok(None) } else { value_from_tagged(key).map(Some) })
            .collect::<Result<_>>()?;
        if keys.len() != sort.len() {
            return Err(broken());
        }
        Ok(SortPosition { keys, id })
    }
}

fn tie_json(value: Value) -> Value {
    match value {
        Value::Json(_) => Value::Json(std::sync::Arc::new(json!({}))),
        value => value,
    }
}

fn fingerprint(sort: &[SortKey]) -> String {
    let keys: Vec<Json> =
        sort.iter().map(|key| json!([key.path.segments(), key.path.is_dotted(), key.order.name()])).collect();
    Json::Array(keys).to_string()
}

impl fmt::Display for SortOrder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
