//! How case files are written, for serde. Whatever is not known is refused.
//!
//! Queries, aggregations and values stay text here: core reads them, so that `1` and `1.0` stay
//! apart and integers outside 64 bits are not rounded on the way.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, Visitor};
use serde_json::value::RawValue;

/// JSON text that is read later.
pub(super) type Raw = Box<RawValue>;

#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FileForm {
    pub(super) topic: String,
    pub(super) rules: String,
    #[serde(default)]
    pub(super) collections: Members<Vec<RecordForm>>,
    pub(super) cases: Vec<CaseForm>,
}

#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RecordForm {
    pub(super) id: String,
    pub(super) fields: Members<Raw>,
    pub(super) metadata: Option<Raw>,
    #[serde(default)]
    pub(super) field_metadata: Members<Raw>,
    #[serde(default)]
    pub(super) types: Members<String>,
}

#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CaseForm {
    pub(super) name: String,
    #[serde(default)]
    pub(super) requires: Vec<Requirement>,
    pub(super) collection: Option<String>,

    pub(super) query: Option<Raw>,
    pub(super) text: Option<String>,
    pub(super) aggregate: Option<Raw>,
    pub(super) convert: Option<ConvertForm>,
    #[serde(default, deserialize_with = "even_null")]
    pub(super) detect: Option<Raw>,
    pub(super) parse: Option<String>,

    pub(super) ids: Option<Vec<String>>,
    pub(super) ordered: Option<bool>,
    pub(super) count: Option<u64>,
    pub(super) records: Option<Vec<RecordForm>>,
    pub(super) page: Option<PageForm>,
    pub(super) rows: Option<Vec<Members<Raw>>>,
    #[serde(default, deserialize_with = "even_null")]
    pub(super) result: Option<Raw>,
    #[serde(rename = "type")]
    pub(super) field_type: Option<String>,
    #[serde(rename = "as")]
    pub(super) equal: Option<Raw>,
    pub(super) error: Option<String>,
    pub(super) mentions: Option<String>,
    pub(super) at: Option<usize>,
}

#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ConvertForm {
    pub(super) value: Raw,
    pub(super) to: String,
}

#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PageForm {
    pub(super) size: u64,
    pub(super) ids: Vec<Vec<String>>,
}

/// What a store must be able to do for a case to apply.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Requirement {
    MissingFields,
    FreeIdField,
}

/// Null is a value here, not an absence.
fn even_null<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Raw>, D::Error> {
    Raw::deserialize(deserializer).map(Some)
}

/// The members of an object in the order written, each key once.
#[derive(Debug)]
pub(super) struct Members<T>(pub(super) Vec<(String, T)>);

impl<T> Default for Members<T> {
    fn default() -> Self {
        Members(Vec::new())
    }
}

impl<T> Members<T> {
    pub(super) fn get(&self, name: &str) -> Option<&T> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Members<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Reader<T> {
            type Value = Members<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members: Members<T> = Members::default();
                while let Some((key, value)) = map.next_entry::<String, T>()? {
                    if members.get(&key).is_some() {
                        return Err(A::Error::custom(format!("`{key}` is there twice")));
                    }
                    members.0.push((key, value));
                }
                Ok(members)
            }
        }
        deserializer.deserialize_map(Reader(PhantomData))
    }
}
