//! From a map to a typed struct.

use serde::de::DeserializeOwned;

use super::ConfigMap;
use super::lenient::Lenient;
use crate::error::Result;

/// Reads settings into a config struct.
///
/// - A key that the struct doesn't have is refused, at every depth; no attribute is needed. (A
///   struct with `#[serde(flatten)]` has no list of keys: don't use it.)
/// - A value of the wrong kind names its key and what was expected, never the value.
/// - Text is read as a number, a boolean or a comma-separated list where the struct wants one, since
///   settings from URLs and the environment are always text.
/// - null is none for an optional field.
///
/// # Errors
/// [`InvalidConfig`](crate::ErrorKind::InvalidConfig) with the `key`, and a hint that names the
/// nearest known key.
///
/// ```
/// use dataknobs_data_core::config::{ConfigMap, Secret, from_map};
/// #[derive(serde::Deserialize)]
/// struct Server {
///     host: String,
///     port: u16,
///     password: Option<Secret>,
/// }
/// let map = |text: &str| serde_json::from_str::<ConfigMap>(text).unwrap();
/// let server: Server = from_map(map(r#"{"host": "db", "port": "5432"}"#))?;
/// assert_eq!(server.port, 5432);
///
/// let error = from_map::<Server>(map(r#"{"host": "db", "prot": 5432}"#)).err().unwrap();
/// assert_eq!(error.context_value("key"), Some("`prot`"));
/// assert_eq!(error.hint(), Some("did you mean `port`?"));
/// # Ok::<(), dataknobs_data_core::Error>(())
/// ```
pub fn from_map<T: DeserializeOwned>(map: ConfigMap) -> Result<T> {
    T::deserialize(Lenient::new(serde_json::Value::Object(map))).map_err(|problem| problem.into_error())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Secret, duration};
    use crate::error::{Error, ErrorKind};
    use serde::Deserialize;
    use serde_json::{Value as Json, json};
    use std::collections::BTreeMap;
    use std::time::Duration;

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(rename_all = "lowercase")]
    enum Format {
        Csv,
        Json,
        Custom { separator: char },
        Level(u8),
        Pair(u8, u8),
    }

    #[derive(Debug, PartialEq, Deserialize)]
    struct Wait(#[serde(with = "duration")] Duration);

    #[derive(Debug, Default, PartialEq, Deserialize)]
    #[serde(default)]
    struct Nested {
        #[serde(alias = "maximum")]
        max: i32,
        ratio: f32,
    }

    #[derive(Debug, Default, PartialEq, Deserialize)]
    #[serde(default)]
    struct Settings {
        name: String,
        port: u16,
        big: i64,
        on: bool,
        mark: Option<char>,
        list: Vec<u8>,
        tuple: Option<(u8, String)>,
        nested: Nested,
        password: Option<Secret>,
        format: Option<Format>,
        wait: Option<Wait>,
        free: BTreeMap<String, Json>,
        any: Json,
        bytes: Option<serde_json::Map<String, Json>>,
        unit: (),
    }

    fn parse(json: Json) -> Result<Settings> {
        let Json::Object(map) = json else { panic!("an object is needed") };
        from_map(map)
    }

    fn problem(json: Json) -> Error {
        let error = parse(json).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidConfig);
        error
    }

    #[test]
    fn typed_values_and_text_read_alike() {
        let typed = json!({"name": "n", "port": 80, "big": -5, "on": true, "mark": "x", "list": [1, 2],
            "tuple": [1, "b"], "nested": {"max": 3, "ratio": 0.5}, "format": "csv", "wait": 2});
        let text = json!({"name": "n", "port": "80", "big": "-5", "on": "true", "mark": "x", "list": "1, 2",
            "tuple": "1,b", "nested": {"maximum": "3", "ratio": "0.5"}, "format": "csv", "wait": "2s"});
        assert_eq!(parse(typed).unwrap(), parse(text).unwrap());
    }

    #[test]
    fn booleans_are_read_as_people_write_them() {
        for (text, expected) in [("TRUE", true), ("1", true), ("yes", true), ("on", true), ("off", false), ("0", false)]
        {
            assert_eq!(parse(json!({"on": text})).unwrap().on, expected);
        }
    }

    #[test]
    fn null_is_none_and_free_form_stays_free() {
        let settings =
            parse(json!({"mark": null, "free": {"a": 1, "b": [true, null]}, "any": {"x": [1, -1, 1.5, "s"]}})).unwrap();
        assert_eq!(settings.mark, None);
        assert_eq!(settings.free["b"], json!([true, null]));
        assert_eq!(settings.any, json!({"x": [1, -1, 1.5, "s"]}));
        assert_eq!(parse(json!({"unit": null})).unwrap().unit, ());
    }

    #[test]
    fn enums_take_every_form() {
        let format = |json: Json| parse(json!({"format": json})).unwrap().format;
        assert_eq!(format(json!("json")), Some(Format::Json));
        assert_eq!(format(json!({"custom": {"separator": ";"}})), Some(Format::Custom { separator: ';' }));
        assert_eq!(format(json!({"level": "3"})), Some(Format::Level(3)));
        assert_eq!(format(json!({"pair": [1, 2]})), Some(Format::Pair(1, 2)));
        for (wrong, key) in [
            (json!({"custom": {"separtor": ";"}}), "`format.custom.separtor`"),
            (json!({"level": 300}), "`format.level`"),
            (json!({"pair": [1]}), "`format.pair`"),
            (json!({"csv": 1, "json": 2}), "`format`"),
            (json!({"csv": 1}), "`format.csv`"),
            (json!("level"), "`format`"),
            (json!(7), "`format`"),
        ] {
            assert_eq!(problem(json!({"format": wrong})).context_value("key"), Some(key), "{wrong}");
        }
    }

    #[test]
    fn unknown_keys_are_refused_with_the_nearest_known_one() {
        let error = problem(json!({"prt": 1}));
        assert_eq!((error.context_value("key"), error.hint()), (Some("`prt`"), Some("did you mean `port`?")));
        let error = problem(json!({"nested": {"mx": 1}}));
        assert_eq!((error.context_value("key"), error.hint()), (Some("`nested.mx`"), Some("did you mean `max`?")));
        let error = problem(json!({"colour": 1}));
        assert!(error.hint().unwrap().starts_with("the keys are `name`, `port`"), "{error:?}");
    }

    #[test]
    fn wrong_values_name_key_and_expectation_but_never_the_value() {
        let secret = "s3cret";
        for (key, path, expected) in [
            ("port", "`port`", "a whole number from 0 to 65535"),
            ("big", "`big`", "a whole number from -9223372036854775808 to 9223372036854775807"),
            ("on", "`on`", "true or false"),
            ("mark", "`mark`", "a character"),
            ("nested", "`nested`", "a table of keys"),
            ("format", "`format`", "one of `csv`, `json`, `custom`, `level`, `pair`"),
            ("wait", "`wait`", "a duration such as `30s`, `500ms` or `5m`, or a number of seconds"),
            ("list", "`list.0`", "a whole number from 0 to 255"),
        ] {
            let error = problem(json!({key: secret}));
            assert_eq!(error.context_value("key"), Some(path));
            assert_eq!(error.context_value("expected"), Some(expected));
            assert!(!format!("{error} {error:?}").contains(secret));
        }
        for (json, path, expected) in [
            (json!({"port": 65536}), "`port`", "a whole number from 0 to 65535"),
            (json!({"port": 1.5}), "`port`", "a whole number from 0 to 65535"),
            (json!({"name": 7}), "`name`", "text"),
            (json!({"password": {"a": 1}}), "`password`", "text"),
            (json!({"nested": {"ratio": "x"}}), "`nested.ratio`", "a number"),
            (json!({"nested": {"ratio": []}}), "`nested.ratio`", "a number"),
            (json!({"list": [1, 2, "x"]}), "`list.2`", "a whole number from 0 to 255"),
            (json!({"list": 3}), "`list`", "a list"),
            (json!({"free": []}), "`free`", "a table of keys"),
            (json!({"on": 2}), "`on`", "true or false"),
            (json!({"tuple": [1, "a", "b"]}), "`tuple`", "a list of 2 items"),
        ] {
            let error = problem(json);
            assert_eq!((error.context_value("key"), error.context_value("expected")), (Some(path), Some(expected)));
        }
    }

    #[test]
    fn missing_keys_are_named() {
        #[derive(Debug, Deserialize)]
        struct Bucket {
            #[allow(dead_code)]
            bucket: String,
        }
        let error = from_map::<Bucket>(ConfigMap::new()).unwrap_err();
        assert_eq!(error.context_value("key"), Some("`bucket`"));
        assert_eq!(error.message(), "a required setting is missing");
    }
}
