//! Paths: how a query names a field, a place inside JSON, the id or the metadata.

use std::fmt;

use serde_json::Value as Json;

use super::scalar::Scalar;
use crate::error::{Error, Result};
use crate::record::{Metadata, Record};
use crate::value::{Str, Value};

/// Names what a filter, sort or aggregation looks at.
///
/// A dotted path (`a.b.0`) walks into JSON, but a field whose own name is the whole path wins. A
/// path given as a list of segments is taken literally, whatever characters they hold. `_id` is
/// the record's id and `_metadata.x` its metadata; `id` and `metadata.x` mean the same on every
/// record without a present field of that first name. (Presence decides, not existence, so that
/// stores which cannot tell a null field from a missing one give the same answer.)
///
/// ```
/// use dataknobs_data_core::Path;
/// assert_eq!(Path::dotted("address.city")?.segments(), ["address", "city"]);
/// assert_eq!(Path::literal(["a.b"])?.segments(), ["a.b"]);
/// # Ok::<(), dataknobs_data_core::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Path {
    /// The whole text of a dotted path with more than one segment.
    whole: Option<Str>,
    segments: Box<[Str]>,
}

/// The longest path, in bytes over all segments.
const MAX_BYTES: usize = 4_096;

impl Path {
    /// A dotted path.
    ///
    /// ```
    /// use dataknobs_data_core::Path;
    /// assert_eq!(Path::dotted("tags.0")?.segments(), ["tags", "0"]);
    /// assert!(Path::dotted("tags..0").is_err());
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`InvalidQuery`](crate::ErrorKind::InvalidQuery) when the path or one of its segments is
    /// empty, or it holds control characters.
    pub fn dotted(text: &str) -> Result<Self> {
        let segments: Vec<Str> = text.split('.').map(Str::new).collect();
        let whole = (segments.len() > 1).then(|| Str::new(text));
        Self::check(Path { whole, segments: segments.into() })
    }

    /// A path of literal segments. Segments behind the first may be empty, as JSON keys may.
    ///
    /// ```
    /// use dataknobs_data_core::Path;
    /// let path = Path::literal(["weird.name", ""])?;
    /// assert!(!path.is_dotted());
    /// assert!(Path::literal(["", "x"]).is_err());
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Path::dotted`].
    pub fn literal<S: Into<Str>>(segments: impl IntoIterator<Item = S>) -> Result<Self> {
        Self::check(Path { whole: None, segments: segments.into_iter().map(Into::into).collect() })
    }

    fn check(self) -> Result<Self> {
        let problem = if self.segments.iter().map(|segment| segment.len()).sum::<usize>() > MAX_BYTES {
            return Err(Error::invalid_query("a path must not be longer than 4,096 bytes"));
        } else if self.segments.first().is_none_or(|first| first.is_empty())
            || (self.whole.is_some() && self.segments.iter().any(|segment| segment.is_empty()))
        {
            "a path must not be empty or have an empty segment"
        } else if self.segments.iter().any(|segment| crate::record::find_control(segment).is_some()) {
            "a path must not hold control characters"
        } else if matches!(self.segments[0].as_str(), "_score" | "_meta") {
            "this name is reserved and cannot be queried"
        } else {
            return Ok(self);
        };
        Err(Error::invalid_query(problem).with_context("path", format!("`{}`", self.to_string().escape_debug())))
    }

    /// The segments.
    ///
    /// ```
    /// use dataknobs_data_core::Path;
    /// assert_eq!(Path::dotted("address.city")?.segments(), ["address", "city"]);
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    pub fn segments(&self) -> &[Str] {
        &self.segments
    }

    /// The whole text, when the path is dotted and has more than one segment: a field of just
    /// this name wins over walking.
    ///
    /// ```
    /// use dataknobs_data_core::Path;
    /// assert_eq!(Path::dotted("address.city")?.whole_name(), Some("address.city"));
    /// assert_eq!(Path::dotted("city")?.whole_name(), None);
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    pub fn whole_name(&self) -> Option<&str> {
        self.whole.as_deref()
    }

    /// Whether the path is one segment or dotted, so that its plain text means the same path.
    ///
    /// ```
    /// use dataknobs_data_core::Path;
    /// assert!(Path::dotted("address.city")?.is_dotted());
    /// assert!(!Path::literal(["address", "city"])?.is_dotted());
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    pub fn is_dotted(&self) -> bool {
        self.whole.is_some() || (self.segments.len() == 1 && !self.segments[0].contains('.'))
    }

    /// What the path addresses in a record, if that is present.
    pub(crate) fn resolve<'a>(&self, record: &'a Record) -> Option<Scalar<'a>> {
        let (first, rest) = self.segments.split_first()?;
        match first.as_str() {
            "_id" if rest.is_empty() => return record.id().map(|id| Scalar::String(id)),
            "_id" => return None,
            "_metadata" => return walk_metadata(record.metadata(), rest),
            _ => {}
        }
        if let Some(value) = self.whole_name().and_then(|whole| record.get(whole)).and_then(Scalar::of) {
            return Some(value);
        }
        match record.get(first) {
            Some(value) if !value.is_null() => walk_value(value, rest),
            _ => match first.as_str() {
                "id" if rest.is_empty() => record.id().map(|id| Scalar::String(id)),
                "metadata" => walk_metadata(record.metadata(), rest),
                _ => None,
            },
        }
    }
}

pub(crate) fn walk_value<'a>(value: &'a Value, rest: &[Str]) -> Option<Scalar<'a>> {
    match value {
        _ if rest.is_empty() => Scalar::of(value),
        Value::Json(document) => walk_json(document, rest),
        _ => None,
    }
}

pub(crate) fn walk_metadata<'a>(metadata: &'a Metadata, rest: &[Str]) -> Option<Scalar<'a>> {
    let (key, rest) = rest.split_first()?;
    walk_json(metadata.get(key.as_str())?, rest)
}

fn walk_json<'a>(mut document: &'a Json, rest: &[Str]) -> Option<Scalar<'a>> {
    for segment in rest {
        document = match document {
            Json::Object(members) => members.get(segment.as_str())?,
            Json::Array(items) => items.get(array_index(segment)?)?,
            _ => return None,
        };
    }
    Scalar::of_json(document)
}

/// `0`, or digits without a leading zero.
fn array_index(segment: &str) -> Option<usize> {
    let plain = segment == "0" || (!segment.starts_with('0') && segment.bytes().all(|byte| byte.is_ascii_digit()));
    if plain { segment.parse().ok() } else { None }
}

impl fmt::Display for Path {
    /// The segments joined by dots; also the default column name in aggregations.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(whole) = &self.whole {
            return f.write_str(whole);
        }
        for (index, segment) in self.segments.iter().enumerate() {
            if index > 0 {
                f.write_str(".")?;
            }
            f.write_str(segment)?;
        }
        Ok(())
    }
}

impl fmt::Debug for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_dotted() { write!(f, "Path({self})") } else { write!(f, "Path({:?})", self.segments) }
    }
}

/// What names a path where one is wanted: dotted text, a list of literal segments, or a [`Path`].
///
/// ```
/// use dataknobs_data_core::{IntoPath, Path};
/// assert_eq!("address.city".into_path()?, Path::dotted("address.city")?);
/// assert_eq!(["a.b"].into_path()?, Path::literal(["a.b"])?);
/// # Ok::<(), dataknobs_data_core::Error>(())
/// ```
pub trait IntoPath {
    /// The path.
    ///
    /// ```
    /// use dataknobs_data_core::IntoPath;
    /// assert!("".into_path().is_err());
    /// ```
    ///
    /// # Errors
    /// As [`Path::dotted`].
    fn into_path(self) -> Result<Path>;
}

impl IntoPath for Path {
    fn into_path(self) -> Result<Path> {
        Ok(self)
    }
}

impl IntoPath for &Path {
    fn into_path(self) -> Result<Path> {
        Ok(self.clone())
    }
}

impl IntoPath for &str {
    fn into_path(self) -> Result<Path> {
        Path::dotted(self)
    }
}

impl IntoPath for &String {
    fn into_path(self) -> Result<Path> {
        Path::dotted(self)
    }
}

impl IntoPath for String {
    fn into_path(self) -> Result<Path> {
        Path::dotted(&self)
    }
}

impl<const N: usize> IntoPath for [&str; N] {
    fn into_path(self) -> Result<Path> {
        Path::literal(self)
    }
}

impl IntoPath for &[&str] {
    fn into_path(self) -> Result<Path> {
        Path::literal(self.iter().copied())
    }
}

impl IntoPath for Vec<String> {
    fn into_path(self) -> Result<Path> {
        Path::literal(self)
    }
}
