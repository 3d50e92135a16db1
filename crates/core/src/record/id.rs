//! Record ids and versions.

use std::borrow::Borrow;
use std::fmt;
use std::ops::Deref;

use triomphe::Arc;

use super::generate::next_id;
use crate::error::{Error, Result};
use crate::value::Str;

/// The id of a record: non-empty UTF-8 of at most 512 bytes without control characters.
///
/// ```
/// use dataknobs_data_core::RecordId;
/// let id = RecordId::new("user/7 ü")?;
/// assert_eq!(id.as_str(), "user/7 ü");
/// assert!(RecordId::new("").is_err());
/// # Ok::<(), dataknobs_data_core::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RecordId(Str);

impl RecordId {
    /// The longest id, in bytes.
    ///
    /// ```
    /// use dataknobs_data_core::RecordId;
    /// assert!(RecordId::new("x".repeat(RecordId::MAX_BYTES)).is_ok());
    /// assert!(RecordId::new("x".repeat(RecordId::MAX_BYTES + 1)).is_err());
    /// ```
    pub const MAX_BYTES: usize = 512;

    /// An id made of this text.
    ///
    /// ```
    /// use dataknobs_data_core::{ErrorKind, RecordId};
    /// assert_eq!(RecordId::new("user/7")?, "user/7");
    /// assert_eq!(RecordId::new("a\nb").unwrap_err().kind(), ErrorKind::InvalidRecord);
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`InvalidRecord`](crate::ErrorKind::InvalidRecord) when it is empty, too long, or holds a
    /// control character.
    pub fn new(text: impl Into<Str>) -> Result<Self> {
        let text = text.into();
        if Self::is_plain(&text) {
            return Ok(RecordId(text));
        }
        if text.is_empty() {
            return Err(Error::invalid_record("an id must not be empty"));
        }
        if text.len() > Self::MAX_BYTES {
            return Err(
                Error::invalid_record("an id must not be longer than 512 bytes").with_context("length", text.len())
            );
        }
        if let Some(position) = find_control(&text) {
            return Err(Error::invalid_record("an id must not hold control characters").with_context("byte", position));
        }
        Ok(RecordId(text))
    }

    /// Whether this text can be an id at all.
    ///
    /// ```
    /// use dataknobs_data_core::RecordId;
    /// assert!(RecordId::is_legal("user/7") && !RecordId::is_legal(""));
    /// ```
    #[inline]
    pub fn is_legal(text: &str) -> bool {
        Self::is_plain(text) || (!text.is_empty() && text.len() <= Self::MAX_BYTES && find_control(text).is_none())
    }

    /// A short id of printable ASCII, as most are.
    #[inline]
    fn is_plain(text: &str) -> bool {
        (1..=64).contains(&text.len())
            && text.bytes().fold(true, |plain, byte| plain & (byte.wrapping_sub(0x20) < 0x5F))
    }

    /// A new id that no other call returns: a UUID of version 7, which sorts by time.
    ///
    /// ```
    /// use dataknobs_data_core::RecordId;
    /// let (first, second) = (RecordId::generate(), RecordId::generate());
    /// assert_ne!(first, second);
    /// ```
    pub fn generate() -> Self {
        Self::from_uuid(next_id())
    }

    pub(super) fn from_uuid(id: uuid::Uuid) -> Self {
        let mut buffer = uuid::Uuid::encode_buffer();
        RecordId(Str::new(id.hyphenated().encode_lower(&mut buffer)))
    }

    /// The id as text.
    ///
    /// ```
    /// use dataknobs_data_core::RecordId;
    /// assert_eq!(RecordId::new("a")?.as_str(), "a");
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The id as a shared string.
    ///
    /// ```
    /// use dataknobs_data_core::{RecordId, Str};
    /// let text: Str = RecordId::new("a")?.to_text();
    /// assert_eq!(text, "a");
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    pub fn to_text(&self) -> Str {
        self.0.clone()
    }
}

/// Byte position of the first control character.
pub(crate) fn find_control(text: &str) -> Option<usize> {
    // ASCII controls first: one pass over bytes decides nearly every name and id.
    if text.is_ascii() {
        return text.bytes().position(|byte| byte.is_ascii_control());
    }
    text.char_indices().find(|(_, character)| character.is_control()).map(|(position, _)| position)
}

impl Deref for RecordId {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl Borrow<str> for RecordId {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl AsRef<str> for RecordId {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RecordId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for RecordId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

impl PartialEq<str> for RecordId {
    fn eq(&self, other: &str) -> bool {
        self.0 == other
    }
}

impl PartialEq<&str> for RecordId {
    fn eq(&self, other: &&str) -> bool {
        self.0 == *other
    }
}

/// The opaque version of a stored record; it changes on each write.
///
/// Compare versions for equality only, and hand them back as `expected_version`.
///
/// ```
/// use dataknobs_data_core::{SyncDatabase, Version, record};
/// let db = SyncDatabase::memory();
/// let id = db.create(record! { "n": 1 }?)?;
/// let version: Version = db.read(&id)?.unwrap().version().unwrap().clone();
/// db.update(&id, record! { "n": 2 }?)?;
/// assert_ne!(db.read(&id)?.unwrap().version(), Some(&version));
/// # Ok::<(), dataknobs_data_core::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Version(Repr);

#[derive(Clone, PartialEq, Eq, Hash)]
enum Repr {
    Number(u64),
    /// Behind a pointer: a record has room for a number.
    Token(Arc<Str>),
}

impl Version {
    /// A version that is a number in its store.
    ///
    /// ```
    /// use dataknobs_data_core::Version;
    /// assert_eq!(Version::from_number(3).to_string(), "3");
    /// ```
    pub fn from_number(number: u64) -> Self {
        Version(Repr::Number(number))
    }

    /// A version that is a token in its store, or the text form of any version.
    ///
    /// ```
    /// use dataknobs_data_core::Version;
    /// assert_eq!(Version::from_token("W/\"abc\"").to_string(), "W/\"abc\"");
    /// ```
    pub fn from_token(token: impl Into<Str>) -> Self {
        let token = token.into();
        // The text form of a number is that number, so that a version survives being printed.
        match token.parse::<u64>() {
            Ok(number) if !token.starts_with('+') && (token == "0" || !token.starts_with('0')) => {
                Version(Repr::Number(number))
            }
            _ => Version(Repr::Token(Arc::new(token))),
        }
    }

    /// The number, for stores whose versions are numbers.
    ///
    /// ```
    /// use dataknobs_data_core::Version;
    /// assert_eq!(Version::from_number(3).as_number(), Some(3));
    /// ```
    pub fn as_number(&self) -> Option<u64> {
        if let Repr::Number(number) = self.0 { Some(number) } else { None }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Repr::Number(number) => write!(f, "{number}"),
            Repr::Token(token) => f.write_str(token.as_str()),
        }
    }
}

impl fmt::Debug for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Version({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_keep_their_limits() {
        assert!(RecordId::new("x".repeat(512)).is_ok());
        assert!(RecordId::new("x".repeat(513)).is_err());
        assert_eq!(RecordId::new("a\nb").unwrap_err().context_value("byte"), Some("1"));
        assert_eq!(RecordId::new("ü\u{85}").unwrap_err().context_value("byte"), Some("2"));
        for legal in [" ", "a/b", "..", "é", "𝄞", "'; DROP TABLE x;--", "%_\\"] {
            let id = RecordId::new(legal).unwrap();
            assert_eq!((id.as_str(), id.to_string().as_str(), id.to_text().as_str()), (legal, legal, legal));
            assert!(id == legal && id == *legal);
        }
        assert_eq!(format!("{:?}", RecordId::new("a").unwrap()), "\"a\"");
    }

    #[test]
    fn generated_ids_are_version_7_and_ascend() {
        let ids: Vec<_> = (0..1000).map(|_| RecordId::generate()).collect();
        assert!(ids.windows(2).all(|pair| pair[0] < pair[1]));
        assert!(ids.iter().all(|id| id.len() == 36 && id.as_bytes()[14] == b'7'));
    }

    #[test]
    fn versions_survive_their_text_form() {
        for version in [Version::from_number(0), Version::from_number(u64::MAX), Version::from_token("\"abc\"")] {
            assert_eq!(Version::from_token(version.to_string()), version);
        }
        assert_ne!(Version::from_token("007"), Version::from_number(7));
        assert_ne!(Version::from_token("+7"), Version::from_number(7));
        assert_eq!(Version::from_number(7).as_number(), Some(7));
        assert_eq!(Version::from_token("x").as_number(), None);
        assert_eq!(format!("{:?}", Version::from_number(7)), "Version(7)");
    }
}
