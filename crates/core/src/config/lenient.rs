//! The deserializer behind [`from_map`](super::from_map): text counts as what the struct wants,
//! unknown keys are errors, errors know their key and never a value.

use std::fmt;

use serde::de::{self, DeserializeSeed, Deserializer, Expected, Unexpected, Visitor};
use serde_json::Value as Json;

use super::{UNKNOWN_SETTING, hint_for};
use crate::error::Error;

/// Why settings were refused, without the value that caused it.
#[derive(Debug)]
pub(super) struct Problem {
    message: String,
    expected: Option<String>,
    hint: Option<String>,
    /// The way to the key, innermost first.
    path: Vec<String>,
}

impl Problem {
    fn new(message: impl Into<String>) -> Self {
        Problem { message: message.into(), expected: None, hint: None, path: Vec::new() }
    }

    fn expected(what: impl fmt::Display) -> Self {
        Problem { expected: Some(what.to_string()), ..Self::new("a setting has the wrong form") }
    }

    fn unknown_key(key: &str, known: &[&str]) -> Self {
        let hint = Some(hint_for(key, "keys", known.iter().copied()));
        Problem { hint, ..Self::new(UNKNOWN_SETTING) }.at(key)
    }

    fn at(mut self, key: impl Into<String>) -> Self {
        self.path.push(key.into());
        self
    }

    pub(super) fn into_error(self) -> Error {
        let mut error = Error::invalid_config(self.message);
        if !self.path.is_empty() {
            let path: Vec<_> = self.path.iter().rev().map(|key| key.escape_debug().to_string()).collect();
            error = error.with_context("key", format!("`{}`", path.join(".")));
        }
        if let Some(expected) = self.expected {
            error = error.with_context("expected", expected);
        }
        match self.hint {
            Some(hint) => error.with_hint(hint),
            None => error,
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Problem {}

impl de::Error for Problem {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Problem::new(message.to_string())
    }

    fn invalid_type(_: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Problem::expected(expected)
    }

    fn invalid_value(_: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Problem::expected(expected)
    }

    fn invalid_length(_: usize, expected: &dyn Expected) -> Self {
        Problem::expected(expected)
    }

    fn unknown_variant(_: &str, expected: &'static [&'static str]) -> Self {
        let expected: Vec<_> = expected.iter().map(|name| format!("`{name}`")).collect();
        Problem::expected(format_args!("one of {}", expected.join(", ")))
    }

    fn unknown_field(field: &str, expected: &'static [&'static str]) -> Self {
        Problem::unknown_key(field, expected)
    }

    fn missing_field(field: &'static str) -> Self {
        Problem::new("a required setting is missing").at(field)
    }

    fn duplicate_field(field: &'static str) -> Self {
        Problem::new("a setting is given twice, under two names").at(field)
    }
}

/// Reads a JSON value as whatever is asked for.
pub(super) struct Lenient(Json);

impl Lenient {
    pub(super) fn new(value: Json) -> Self {
        Lenient(value)
    }

    fn number<T: TryFrom<i128>>(&self, least: i128, most: i128) -> Result<T, Problem> {
        let number = match &self.0 {
            Json::Number(number) => match (number.as_i64(), number.as_u64(), number.as_f64()) {
                (Some(number), ..) => Some(i128::from(number)),
                (None, Some(number), _) => Some(i128::from(number)),
                (None, None, Some(number)) if number.fract() == 0.0 => Some(number as i128),
                _ => None,
            },
            Json::String(text) => text.trim().parse().ok(),
            _ => None,
        };
        number
            .filter(|number| (least..=most).contains(number))
            .and_then(|number| T::try_from(number).ok())
            .ok_or_else(|| Problem::expected(format_args!("a whole number from {least} to {most}")))
    }

    fn float(&self) -> Result<f64, Problem> {
        let number = match &self.0 {
            Json::Number(number) => number.as_f64(),
            Json::String(text) => text.trim().parse().ok(),
            _ => None,
        };
        number.filter(|number: &f64| number.is_finite()).ok_or_else(|| Problem::expected("a number"))
    }

    fn boolean(&self) -> Result<bool, Problem> {
        match &self.0 {
            Json::Bool(value) => Some(*value),
            Json::String(text) => match text.trim().to_ascii_lowercase().as_str() {
                "true" | "yes" | "on" | "1" => Some(true),
                "false" | "no" | "off" | "0" => Some(false),
                _ => None,
            },
            _ => None,
        }
        .ok_or_else(|| Problem::expected("true or false"))
    }

    fn items(self) -> Result<Items, Problem> {
        match self.0 {
            Json::Array(items) => Ok(Items { items: items.into_iter(), index: 0 }),
            Json::String(text) => {
                let items: Vec<_> = text.split(',').map(|item| Json::String(item.trim().to_owned())).collect();
                Ok(Items { items: items.into_iter(), index: 0 })
            }
            _ => Err(Problem::expected("a list")),
        }
    }

    fn entries(self) -> Result<Entries, Problem> {
        match self.0 {
            Json::Object(map) => Ok(Entries { entries: map.into_iter(), current: None }),
            _ => Err(Problem::expected("a table of keys")),
        }
    }
}

macro_rules! whole_numbers {
    ($($method:ident $visit:ident $kind:ident)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Problem> {
            visitor.$visit(self.number(i128::from($kind::MIN), i128::from($kind::MAX))?)
        }
    )*};
}

impl<'de> Deserializer<'de> for Lenient {
    type Error = Problem;

    whole_numbers! {
        deserialize_i8 visit_i8 i8
        deserialize_i16 visit_i16 i16
        deserialize_i32 visit_i32 i32
        deserialize_i64 visit_i64 i64
        deserialize_u8 visit_u8 u8
        deserialize_u16 visit_u16 u16
        deserialize_u32 visit_u32 u32
        deserialize_u64 visit_u64 u64
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Problem> {
        match self.0 {
            Json::Null => visitor.visit_unit(),
            Json::Bool(value) => visitor.visit_bool(value),
            Json::Number(number) => match (number.as_u64(), number.as_i64(), number.as_f64()) {
                (Some(number), ..) => visitor.visit_u64(number),
                (None, Some(number), _) => visitor.visit_i64(number),
                (None, None, number) => visitor.visit_f64(number.unwrap_or(f64::NAN)),
            },
            Json::String(text) => visitor.visit_string(text),
            Json::Array(_) => visitor.visit_seq(self.items()?),
            Json::Object(_) => visitor.visit_map(self.entries()?),
        }
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Problem> {
        visitor.visit_bool(self.boolean()?)
    }

    fn deserialize_f32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Problem> {
        visitor.visit_f64(self.float()?)
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Problem> {
        visitor.visit_f64(self.float()?)
    }

    fn deserialize_char<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Problem> {
        match self.0 {
            Json::String(text) => visitor.visit_str(&text).map_err(|_: Problem| Problem::expected("a character")),
            _ => Err(Problem::expected("a character")),
        }
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Problem> {
        self.deserialize_string(visitor)
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Problem> {
        match self.0 {
            Json::String(text) => visitor.visit_string(text),
            _ => Err(Problem::expected("text")),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Problem> {
        if self.0.is_null() { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Problem> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Problem> {
        visitor.visit_seq(self.items()?)
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, length: usize, visitor: V) -> Result<V::Value, Problem> {
        let items = self.items()?;
        if items.items.len() != length {
            return Err(Problem::expected(format_args!("a list of {length} items")));
        }
        visitor.visit_seq(items)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        length: usize,
        visitor: V,
    ) -> Result<V::Value, Problem> {
        self.deserialize_tuple(length, visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Problem> {
        visitor.visit_map(self.entries()?)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Problem> {
        if let Json::Object(map) = &self.0
            && let Some(key) = map.keys().find(|key| !fields.contains(&key.as_str()))
        {
            return Err(Problem::unknown_key(key, fields));
        }
        visitor.visit_map(self.entries()?)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Problem> {
        let (name, content) = match self.0 {
            Json::String(name) => (name, None),
            Json::Object(map) if map.len() == 1 => match map.into_iter().next() {
                Some((name, content)) => (name, Some(content)),
                None => return Err(de::Error::unknown_variant("", variants)),
            },
            _ => return Err(de::Error::unknown_variant("", variants)),
        };
        visitor.visit_enum(Variant { name, content })
    }

    serde::forward_to_deserialize_any! { i128 u128 bytes byte_buf unit unit_struct identifier ignored_any }
}

struct Items {
    items: std::vec::IntoIter<Json>,
    index: usize,
}

impl<'de> de::SeqAccess<'de> for Items {
    type Error = Problem;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Problem> {
        let Some(item) = self.items.next() else { return Ok(None) };
        let index = self.index;
        self.index += 1;
        seed.deserialize(Lenient(item)).map(Some).map_err(|problem| problem.at(index.to_string()))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.items.len())
    }
}

struct Entries {
    entries: serde_json::map::IntoIter,
    current: Option<(String, Json)>,
}

impl<'de> de::MapAccess<'de> for Entries {
    type Error = Problem;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Problem> {
        self.current = self.entries.next();
        let Some((key, _)) = &self.current else { return Ok(None) };
        seed.deserialize(Lenient(Json::String(key.clone()))).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Problem> {
        let (key, value) = self.current.take().unwrap_or_default();
        seed.deserialize(Lenient(value)).map_err(|problem| problem.at(key))
    }
}

struct Variant {
    name: String,
    content: Option<Json>,
}

impl<'de> de::EnumAccess<'de> for Variant {
    type Error = Problem;
    type Variant = VariantContent;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, VariantContent), Problem> {
        let variant = seed.deserialize(Lenient(Json::String(self.name.clone())))?;
        Ok((variant, VariantContent { name: self.name, content: self.content }))
    }
}

struct VariantContent {
    name: String,
    content: Option<Json>,
}

impl VariantContent {
    fn read<T>(self, read: impl FnOnce(Lenient) -> Result<T, Problem>) -> Result<T, Problem> {
        match self.content {
            Some(content) => read(Lenient(content)).map_err(|problem| problem.at(self.name)),
            None => Err(Problem::expected(format_args!("a table with the key `{}`", self.name))),
        }
    }
}

impl<'de> de::VariantAccess<'de> for VariantContent {
    type Error = Problem;

    fn unit_variant(self) -> Result<(), Problem> {
        match self.content {
            None | Some(Json::Null) => Ok(()),
            Some(_) => Err(Problem::expected("the name alone").at(self.name)),
        }
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Problem> {
        self.read(|content| seed.deserialize(content))
    }

    fn tuple_variant<V: Visitor<'de>>(self, length: usize, visitor: V) -> Result<V::Value, Problem> {
        self.read(|content| content.deserialize_tuple(length, visitor))
    }

    fn struct_variant<V: Visitor<'de>>(self, fields: &'static [&'static str], visitor: V) -> Result<V::Value, Problem> {
        self.read(|content| content.deserialize_struct("", fields, visitor))
    }
}
