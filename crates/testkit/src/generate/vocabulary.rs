//! What stands where in given contents.

use dataknobs_data_core::{DateTime, Path, Record, Value};
use serde_json::Value as Json;

use super::value::Flavour;
use super::{Contents, Rng, text};

/// The paths that lead somewhere in some records, with the values they lead to.
#[derive(Debug, Clone)]
pub struct Vocabulary {
    places: Vec<(Path, Vec<Value>)>,
    /// Sort positions and ids to continue behind.
    pub(super) records: Vec<Record>,
}

/// Paths that lead nowhere, or elsewhere than one may think.
const ODD_PATHS: [&str; 20] = [
    "_id",
    "id",
    "_id.x",
    "id.x",
    "metadata",
    "_metadata",
    "metadata.k",
    "_metadata.k",
    "_metadata.a.b",
    "metadata.tags.0",
    "a",
    "a.b",
    "a.b.c",
    "a.0",
    "a.01",
    "a.-1",
    "a.b.b",
    "a.1.b",
    "nowhere",
    "n.b",
];

const ODD_LISTS: [&[&str]; 8] = [
    &["a", "b"],
    &["a.b"],
    &["a", ""],
    &["_metadata", "a.b"],
    &["metadata", "k"],
    &["_metadata.k"],
    &["a", "0", "b"],
    &["_id"],
];

impl Vocabulary {
    /// Walks through all records.
    pub fn of(contents: &Contents) -> Self {
        let mut vocabulary = Vocabulary { places: Vec::new(), records: contents.records.clone() };
        for record in &contents.records {
            for field in record.fields() {
                vocabulary.add_value(&[field.name()], field.value());
            }
            for (key, value) in record.metadata() {
                vocabulary.add_json(&["_metadata", key], value, 3);
            }
            if let Some(id) = record.id() {
                vocabulary.add(&["_id"], Value::from(id.as_str()));
            }
        }
        vocabulary
    }

    fn add_value(&mut self, segments: &[&str], value: &Value) {
        match value {
            Value::Json(document) => self.add_json(segments, document, 3),
            value => self.add(segments, value.clone()),
        }
    }

    fn add_json(&mut self, segments: &[&str], json: &Json, depth: usize) {
        self.add(segments, Value::json(json.clone()).unwrap_or(Value::Null));
        if depth == 0 {
            return;
        }
        let inside = |segment: &str| -> Vec<String> {
            segments.iter().map(|segment| (*segment).to_owned()).chain([segment.to_owned()]).collect()
        };
        let mut members: Vec<(Vec<String>, &Json)> = Vec::new();
        match json {
            Json::Object(object) => members.extend(object.iter().map(|(key, value)| (inside(key), value))),
            Json::Array(items) => {
                members.extend(items.iter().enumerate().map(|(index, value)| (inside(&index.to_string()), value)));
            }
            _ => {}
        }
        for (path, value) in members {
            self.add_json(&path.iter().map(String::as_str).collect::<Vec<_>>(), value, depth - 1);
        }
    }

    fn add(&mut self, segments: &[&str], value: Value) {
        // As text where that may mean the same, since that is how people write paths.
        let dotted = segments.join(".");
        let path = if segments.len() == 1 && dotted.contains('.') && dotted.len() % 2 == 1 {
            Path::literal(segments.iter().copied())
        } else {
            Path::dotted(&dotted).or_else(|_| Path::literal(segments.iter().copied()))
        };
        let Ok(path) = path else { return };
        match self.places.iter_mut().find(|(known, _)| *known == path) {
            Some((_, values)) => values.push(value),
            None => self.places.push((path, vec![value])),
        }
    }

    /// A path and the values it leads to; sometimes one that leads nowhere.
    pub fn place(&self, rng: &mut Rng) -> (Path, &[Value]) {
        // Top-level fields first: what is deep inside a document stands in few records.
        let likely = if rng.percent(60) { self.places.len().min(8) } else { self.places.len() };
        if likely > 0 && rng.percent(85) {
            let (path, values) = &self.places[rng.below(likely)];
            return (path.clone(), values);
        }
        let odd = if rng.percent(30) {
            Path::literal(ODD_LISTS[rng.below(ODD_LISTS.len())].iter().copied())
        } else {
            Path::dotted(rng.one_of(&ODD_PATHS))
        };
        match odd {
            Ok(path) => {
                let values = self.places.iter().find(|(known, _)| *known == path).map(|(_, values)| values.as_slice());
                (path, values.unwrap_or(&[]))
            }
            Err(error) => std::panic::panic_any(format!("the generator made an illegal path: {error}")),
        }
    }

    /// Any value that stands somewhere.
    pub fn any_value(&self, rng: &mut Rng) -> Value {
        match rng.pick(&self.places).and_then(|(_, values)| rng.pick(values)) {
            Some(value) if rng.percent(60) => value.clone(),
            _ => Flavour::Mixed.value(rng),
        }
    }

    /// A value to compare with: one of these, one beside it, or any.
    pub fn near(&self, rng: &mut Rng, values: &[Value]) -> Value {
        let chosen = match rng.pick(values) {
            Some(value) => value.clone(),
            None => return self.any_value(rng),
        };
        match rng.below(20) {
            0..=10 => chosen,
            11..=17 => neighbour(rng, chosen),
            _ => self.any_value(rng),
        }
    }
}

/// A value that is equal by the rules of queries though not the same, or barely differs.
fn neighbour(rng: &mut Rng, value: Value) -> Value {
    match value {
        Value::Integer(number) => match rng.below(4) {
            0 => Value::from(number as f64),
            1 => Value::from(number.saturating_add(1)),
            2 => Value::from(number.saturating_sub(1)),
            _ => Value::from(number.to_string()),
        },
        Value::Float(number) => match rng.below(4) {
            0 => Value::from(number as i64),
            1 if number.is_finite() && number.next_up().is_finite() => Value::from(number.next_up()),
            2 if number.next_down().is_finite() => Value::from(number.next_down()),
            _ => Value::from(-number),
        },
        Value::String(text) => match rng.below(5) {
            0 => Value::from(format!("{text}\u{0}")),
            1 => Value::from(text::refolded(rng, &text)),
            2 => Value::from(text::prefix(rng, &text)),
            3 => DateTime::parse(&text).map_or(Value::from(text.as_str()), Value::from),
            _ => Value::from(text::part(rng, &text)),
        },
        Value::DateTime(time) => match rng.below(4) {
            // As text: the one coercion.
            0 => Value::from(time.to_string()),
            1 => Value::from(DateTime::from_micros(time.micros())),
            2 => DateTime::with_offset(time.micros(), 7_200).map_or(Value::from(time), Value::from),
            _ => Value::from(DateTime::from_micros(time.micros() + 1)),
        },
        Value::Boolean(value) => {
            if rng.percent(50) {
                Value::from(!value)
            } else {
                Value::from(value.to_string())
            }
        }
        Value::Json(document) => {
            let changed = match document.as_ref() {
                Json::Object(members) => {
                    Json::Object(members.iter().rev().map(|(k, v)| (k.clone(), v.clone())).collect())
                }
                Json::Array(items) => Json::Array(items.iter().map(other_number).collect()),
                other => other.clone(),
            };
            Value::json(changed).unwrap_or(Value::Null)
        }
        Value::Binary(bytes) => {
            let mut bytes = bytes.to_vec();
            if rng.percent(50) || bytes.pop().is_none() {
                bytes.push(0);
            }
            Value::from(bytes)
        }
        _ => Value::Null,
    }
}

/// The same number in the other kind, where that is exact.
fn other_number(json: &Json) -> Json {
    match json.as_i64() {
        Some(number) if number.unsigned_abs() < 1 << 53 => Json::from(number as f64),
        _ => json.clone(),
    }
}
