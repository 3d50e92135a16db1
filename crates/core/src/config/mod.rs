//! Configuration: where settings come from and how they become typed structs.
//!
//! Settings are a [`ConfigMap`], whatever they were written in. They come from code, from a URL
//! ([`UrlParts`]) or from a file with sections ([`Config`]); [`Environment`] fills in `${VAR}`.
//! Each backend reads them into one struct with [`from_map`], which refuses unknown keys and never
//! shows a value in an error, since any value may be a secret.

mod environment;
mod lenient;
mod parse;
mod secret;
mod sections;
mod units;
mod url;

pub use environment::Environment;
pub use parse::from_map;
pub use secret::Secret;
pub use sections::{Config, backend_of};
pub use units::{byte_size, duration, format_duration, parse_byte_size, parse_duration};
pub use url::UrlParts;

/// Settings by key, as they are before a backend has read them.
///
/// ```
/// use dataknobs_data_core::config::ConfigMap;
/// let map = ConfigMap::from_iter([("path".to_owned(), "people.csv".into()), ("create".to_owned(), false.into())]);
/// assert_eq!(map["path"], "people.csv");
/// ```
pub type ConfigMap = serde_json::Map<String, serde_json::Value>;

/// The message of the error for a key that a config struct doesn't have.
pub(crate) const UNKNOWN_SETTING: &str = "unknown setting";

/// The candidate that a mistyped word most likely meant, if any is near.
pub(crate) fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    candidates
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(word, candidate), candidate))
        .filter(|(distance, candidate)| {
            let length = candidate.chars().count().min(word.chars().count());
            // Nothing is near to what shares no character with it.
            *distance <= 1 + length / 4 && *distance <= length
        })
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// A hint for an unknown word: the nearest known one, else all of them.
pub(crate) fn hint_for<'a>(word: &str, what: &str, known: impl IntoIterator<Item = &'a str> + Clone) -> String {
    match nearest(word, known.clone()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => {
            let known: Vec<_> = known.into_iter().map(|name| format!("`{name}`")).collect();
            if known.is_empty() {
                format!("there are no {what}")
            } else {
                format!("the {what} are {}", known.join(", "))
            }
        }
    }
}
