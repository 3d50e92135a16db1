//! How settings, lists, paths and conditions are written in arguments.

use std::str::FromStr;

use dataknobs_data::config::ConfigMap;
use dataknobs_data::{Error, Filter, Query, Result, SortKey};
use serde_json::Value as Json;

/// A setting of a database: `key=value`. Dots in the key lead into tables: `pool.max_size=5`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Setting {
    pub(crate) key: String,
    pub(crate) value: String,
}

impl FromStr for Setting {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.split_once('=') {
            Some((key, value)) if key.split('.').all(|part| !part.is_empty()) => {
                Ok(Setting { key: key.to_owned(), value: value.to_owned() })
            }
            _ => Err("write it as key=value"),
        }
    }
}

impl Setting {
    /// Sets it, instead of what the URL says.
    pub(crate) fn insert_into(&self, settings: &mut ConfigMap) -> Result<()> {
        let (mut table, mut key) = (settings, self.key.as_str());
        while let Some((first, rest)) = key.split_once('.') {
            let inner = table.entry(first).or_insert_with(|| Json::Object(ConfigMap::new()));
            table = inner.as_object_mut().ok_or_else(|| {
                Error::invalid_config("this setting is no table").with_context("key", format!("`{first}`"))
            })?;
            key = rest;
        }
        table.insert(key.to_owned(), self.value.as_str().into());
        Ok(())
    }
}

/// A number of records. Negative ones reach this instead of being taken for options.
pub(crate) fn natural(text: &str) -> Result<u64, String> {
    match text.parse::<u64>() {
        Ok(number) => Ok(number),
        Err(_) if text.parse::<i128>().is_ok_and(|number| number < 0) => Err("it must not be negative".to_owned()),
        Err(_) => Err("it must be a whole number".to_owned()),
    }
}

/// Cuts a text at a separator, where that does not stand inside double quotes or backquotes.
pub(crate) fn split(text: &str, separator: char) -> Vec<&str> {
    let mut parts = Vec::new();
    let (mut start, mut quote) = (0, None);
    for (at, character) in text.char_indices() {
        match quote {
            None if character == separator => {
                parts.push(&text[start..at]);
                start = at + character.len_utf8();
            }
            None if matches!(character, '"' | '`') => quote = Some(character),
            Some(open) if character == open => quote = None,
            _ => {}
        }
    }
    parts.push(&text[start..]);
    parts
}

/// Field names: `a,b`, and `"a,b"` for a name with a comma. Quotes inside quotes are doubled.
pub(crate) fn names(text: &str) -> Vec<String> {
    let unquoted = |name: &str| match name.strip_prefix('"').and_then(|name| name.strip_suffix('"')) {
        Some(inner) => inner.replace("\"\"", "\""),
        None => name.to_owned(),
    };
    split(text, ',').into_iter().map(|name| unquoted(name.trim())).collect()
}

/// A sort as ORDER BY writes it: `age DESC, name`.
pub(crate) fn sort_keys(text: &str) -> Result<Vec<SortKey>> {
    let query = Query::parse(&format!("ORDER BY {text}"))?;
    if query.limit_value().is_some() || query.offset_value() > 0 {
        return Err(Error::invalid_query("a sort holds paths with ASC or DESC, and nothing else")
            .with_hint("give limit and offset with --limit and --offset"));
    }
    Ok(query.sort_keys().to_vec())
}

/// A condition: the text form of a query without ORDER BY, LIMIT and OFFSET. None is every record.
pub(crate) fn condition(text: Option<&str>) -> Result<Query> {
    match text {
        Some(text) if !text.trim().is_empty() => Ok(Query::new().with_filter(Filter::parse(text)?)),
        _ => Ok(Query::new()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_lead_into_tables_and_replace() {
        let mut settings = ConfigMap::new();
        for text in ["a=1", "pool.max_size=5", "a=x=y"] {
            text.parse::<Setting>().unwrap().insert_into(&mut settings).unwrap();
        }
        assert_eq!(Json::Object(settings.clone()), serde_json::json!({"a": "x=y", "pool": {"max_size": "5"}}));
        assert!("a.b=1".parse::<Setting>().unwrap().insert_into(&mut settings).is_err());
        for wrong in ["a", "=1", ".a=1", "a..b=1"] {
            assert!(wrong.parse::<Setting>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn names_may_hold_commas_in_quotes() {
        assert_eq!(names(r#"a, b,"c,d","e""f""#), ["a", "b", "c,d", "e\"f"]);
        assert_eq!(split("sum:\"a=b\"=total", '='), ["sum:\"a=b\"", "total"]);
    }

    #[test]
    fn numbers_say_what_is_wrong() {
        assert_eq!(natural("18446744073709551615"), Ok(u64::MAX));
        assert_eq!(natural("-1").unwrap_err(), "it must not be negative");
        assert_eq!(natural("x").unwrap_err(), "it must be a whole number");
    }

    #[test]
    fn sorts_and_conditions_hold_nothing_else() {
        assert_eq!(sort_keys("age DESC, name").unwrap().len(), 2);
        assert!(sort_keys("age LIMIT 3").is_err() && sort_keys("").is_err());
        assert!(condition(Some("a = 1 LIMIT 3")).is_err());
        assert_eq!(condition(Some(" ")).unwrap(), Query::new());
    }
}
