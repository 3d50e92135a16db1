//! A row of JSON of which only some fields are read, to tell whether it passes.
//!
//! All of its text is parsed, so that damage shows wherever it stands. Whatever is out of the ordinary
//! is left to those who read the whole row.

use std::fmt;

use dataknobs_data_arrow::plain_name;
use dataknobs_data_core::{Condition, LeafMatcher, RecordId, Str, Value, validate_field_name};
use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};

use super::json_row::{Document, FieldValue, Notes, Path};
use crate::key::{Key, KeySource};

/// More members are not told apart here.
const MAX_MEMBERS: usize = 64;

/// Tells of rows whether they pass.
pub(crate) struct Skim {
    tests: Tests,
    /// The fields that the tests look at; behind them the one that holds the key.
    touched: Vec<Str>,
    key: Key,
    has_key: bool,
    /// The members of the last row, in order, with their places in `touched`.
    members: Vec<(Str, Option<usize>)>,
    values: Vec<Option<Value>>,
}

/// What a skimmed row turns out to be.
pub(crate) struct Skimmed {
    pub(crate) passes: bool,
    /// None where rows are numbered.
    pub(crate) id: Option<RecordId>,
}

/// A condition on values.
enum Tests {
    All(Vec<Tests>),
    Any(Vec<Tests>),
    Leaf(LeafMatcher, usize),
}

impl Tests {
    /// None where whole records have to answer.
    fn new(condition: &Condition, touched: &mut Vec<Str>) -> Option<Self> {
        let mut all = |parts: &[Condition]| parts.iter().map(|part| Tests::new(part, touched)).collect::<Option<_>>();
        Some(match condition {
            Condition::All(parts) => Tests::All(all(parts)?),
            Condition::Any(parts) => Tests::Any(all(parts)?),
            Condition::Leaf(leaf) => {
                let name = plain_name(leaf).filter(|name| name != "_meta")?;
                let place = touched.iter().position(|known| *known == name).unwrap_or_else(|| {
                    touched.push(name);
                    touched.len() - 1
                });
                Tests::Leaf(LeafMatcher::new(leaf), place)
            }
        })
    }

    fn hold(&self, values: &[Option<Value>]) -> bool {
        match self {
            Tests::All(parts) => parts.iter().all(|part| part.hold(values)),
            Tests::Any(parts) => parts.iter().any(|part| part.hold(values)),
            Tests::Leaf(leaf, place) => leaf.matches(values[*place].as_ref()),
        }
    }
}

impl Skim {
    /// None where only whole records can tell whether they pass.
    pub(crate) fn new(condition: &Condition, key: &Key) -> Option<Self> {
        if condition.is_true() {
            return None;
        }
        let mut touched = Vec::new();
        let tests = Tests::new(condition, &mut touched)?;
        let has_key = key.source != KeySource::Ordinal;
        if has_key {
            touched.push(key.name().into());
        }
        let values = vec![None; touched.len()];
        Some(Skim { tests, touched, key: key.clone(), has_key, members: Vec::new(), values })
    }

    /// None where the whole row has to be read.
    pub(crate) fn test(&mut self, text: &str) -> Option<Skimmed> {
        let mut notes = Notes::default();
        self.values.fill(None);
        let mut deserializer = serde_json::Deserializer::from_str(text);
        let row = SkimmedRow {
            notes: &mut notes,
            members: &self.members,
            touched: &self.touched,
            values: &mut self.values,
            own_key: (self.key.source == KeySource::Own).then_some("_id"),
        };
        let members = row.deserialize(&mut deserializer).ok()?;
        deserializer.end().ok()?;
        if let Some(members) = members {
            self.members = members;
        }
        if !notes.is_empty() {
            return None;
        }
        let id = match self.has_key {
            true => Some(self.key.id_of(self.values.last()?.as_ref()?).ok()?),
            false => None,
        };
        Some(Skimmed { passes: self.tests.hold(&self.values), id })
    }
}

/// Reads the touched values of one row. Gives its members where they are not those of the last.
struct SkimmedRow<'a> {
    notes: &'a mut Notes,
    members: &'a [(Str, Option<usize>)],
    touched: &'a [Str],
    values: &'a mut [Option<Value>],
    /// The name of the key where it is no field.
    own_key: Option<&'static str>,
}

impl<'de> DeserializeSeed<'de> for SkimmedRow<'_> {
    type Value = Option<Vec<(Str, Option<usize>)>>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl SkimmedRow<'_> {
    /// The place of a value among those that are touched. The key's field may be tested, too, and then
    /// stands there twice.
    fn read<'de, A: MapAccess<'de>>(&mut self, row: &mut A, name: &str, place: Option<usize>) -> Result<(), A::Error> {
        let mut path = Path { notes: self.notes, field: name };
        match place {
            None => row.next_value_seed(Unread(&mut path)),
            Some(place) => {
                let value = row.next_value_seed(FieldValue(&mut path))?;
                let last = self.values.len() - 1;
                if place != last && self.touched[last] == name {
                    self.values[last] = Some(value.clone());
                }
                self.values[place] = Some(value);
                Ok(())
            }
        }
    }
}

impl<'de> Visitor<'de> for SkimmedRow<'_> {
    type Value = Option<Vec<(Str, Option<usize>)>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut row: A) -> Result<Self::Value, A::Error> {
        let known = self.members;
        let mut alike = 0;
        let mut others: Option<Vec<(Str, Option<usize>)>> = None;
        loop {
            let expected = if others.is_none() { known.get(alike) } else { None };
            let name = match row.next_key_seed(Name(expected.map(|(name, _)| name.as_str())))? {
                None => break,
                Some(None) => {
                    alike += 1;
                    let Some((name, place)) = expected else { continue };
                    self.read(&mut row, name, *place)?;
                    continue;
                }
                Some(Some(name)) => name,
            };
            let before = others.get_or_insert_with(|| known[..alike].to_vec());
            let is_repeated = before.iter().any(|(other, _)| *other == name);
            let is_legal = Some(name.as_str()) == self.own_key || validate_field_name(&name).is_ok();
            if is_repeated || before.len() == MAX_MEMBERS || !is_legal {
                return Err(A::Error::custom("not an ordinary row"));
            }
            let place = self.touched.iter().position(|touched| *touched == name);
            self.read(&mut row, &name, place)?;
            before.push((name, place));
        }
        Ok(others)
    }
}

/// A member's name, where it is not the expected one.
struct Name<'a>(Option<&'a str>);

impl<'de> DeserializeSeed<'de> for Name<'_> {
    type Value = Option<Str>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Option<Str>, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Name<'_> {
    type Value = Option<Str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_str<E>(self, name: &str) -> Result<Option<Str>, E> {
        Ok(if Some(name) == self.0 { None } else { Some(name.into()) })
    }
}

/// A value that nobody asked for.
struct Unread<'a, 'b>(&'a mut Path<'b>);

impl<'de> DeserializeSeed<'de> for Unread<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Unread<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, value: u64) -> Result<(), E> {
        if i64::try_from(value).is_err() {
            self.0.note_too_large();
        }
        Ok(())
    }

    fn visit_f64<E>(self, value: f64) -> Result<(), E> {
        self.0.note_float(value);
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<(), A::Error> {
        Document(self.0).visit_seq(items).map(drop)
    }

    fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<(), A::Error> {
        Document(self.0).visit_map(members).map(drop)
    }
}
