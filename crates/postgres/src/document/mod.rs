//! The `document` layout: a record is one JSON document in a row of its own.
//!
//! | column | holds |
//! |---|---|
//! | `id` | the id: TEXT in the order of code points, UUID or BIGINT |
//! | `data` | the fields as plain JSON |
//! | `meta` | what plain JSON cannot say; null where there is nothing to add |
//! | `field_order` | the order of the fields, where it is not the one in which JSONB keeps them |
//! | `version` | a number from the table's own sequence, a new one with each write |
//! | `created_at`, `updated_at` | when the server wrote the row |
//!
//! `data` holds each value so that the server compares it as the query semantics say: floats from
//! 2^53 on in all their digits, and the characters that JSONB cannot hold behind an escape
//! ([`text`]). `meta` holds:
//!
//! | member | holds |
//! |---|---|
//! | `types` | the types of fields that plain JSON does not show |
//! | `instants` | for each datetime, its microseconds since 1970 in UTC |
//! | `fields`, `record` | metadata |

pub(crate) mod leaf;
pub(crate) mod place;
pub(crate) mod query;
pub(crate) mod read;
pub(crate) mod text;
pub(crate) mod write;

/// The order in which JSONB keeps the members of an object.
pub(crate) fn stored_order(a: &str, b: &str) -> std::cmp::Ordering {
    a.len().cmp(&b.len()).then_with(|| a.as_bytes().cmp(b.as_bytes()))
}

/// Places in `field_order`: a character each while there are few fields, else numbers with spaces.
pub(crate) const PLACES: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
