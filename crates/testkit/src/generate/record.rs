//! Records and collections of them.

use dataknobs_data_core::{Field, FieldType, Metadata, Record, Value};
use serde_json::json;

use super::value::{self, Flavour};
use super::{Limits, Rng, text};

/// Names of fields: few, so that queries find them, and most of them awkward.
const NAMES: [&str; 18] = [
    "a",
    "a",
    "b",
    "c",
    "a.b",
    "a.b",
    "n",
    "name",
    "größe",
    "metadata",
    "metadata.k",
    "_metadata.k",
    "_id.x",
    "say \"hi\"",
    "x,y",
    "0",
    "B",
    "limit",
];

/// Ids, chosen for their order and for what they look like; longer contents add numbers.
const IDS: [&str; 20] = [
    "a",
    "B",
    "b",
    "10",
    "9",
    "09",
    "é",
    "e\u{301}",
    "😀",
    "\u{FF5E}",
    "a b",
    "a/b",
    "%",
    "_",
    "null",
    "true",
    "'",
    "\"",
    "1.5",
    "2024-01-31",
];

/// The records of one test, and what it takes to make more of them.
#[derive(Debug, Clone)]
pub struct Contents {
    /// The records, each with an id of its own, in the order they are created.
    pub records: Vec<Record>,
    plan: Vec<Column>,
    limits: Limits,
}

/// What the fields of one name mostly hold.
#[derive(Debug, Clone)]
struct Column {
    name: &'static str,
    flavour: Flavour,
    /// Values that come again and again.
    values: Vec<Value>,
}

impl Contents {
    /// Random contents of up to 40 records.
    pub fn generate(rng: &mut Rng, limits: Limits) -> Self {
        let mut names: Vec<&'static str> = (0..rng.between(2, 7)).map(|_| rng.one_of(&NAMES)).collect();
        if limits.free_id_field && rng.percent(20) {
            names.push("id");
        }
        let mut seen = Vec::new();
        names.retain(|name| {
            !seen.contains(name) && {
                seen.push(*name);
                true
            }
        });
        let plan = names.into_iter().map(|name| Column::generate(rng, name)).collect();
        let mut contents = Contents { records: Vec::new(), plan, limits };
        let wanted = match rng.below(10) {
            0 => rng.below(3),
            1..=4 => rng.between(3, 12),
            _ => rng.between(8, 40),
        };
        let mut ids: Vec<String> = IDS.iter().map(|id| (*id).to_owned()).collect();
        ids.extend((0..20).map(|number| format!("r{number}")));
        rng.shuffle(&mut ids);
        contents.records = ids.into_iter().take(wanted).map(|id| contents.record(rng, Some(&id))).collect();
        contents
    }

    /// Contents of given records, to make more of that kind.
    pub fn of(records: Vec<Record>, rng: &mut Rng, limits: Limits) -> Self {
        let plan = ["a", "b", "a.b", "c"].map(|name| Column::generate(rng, name)).into();
        Contents { records, plan, limits }
    }

    /// One more record.
    pub fn record(&self, rng: &mut Rng, id: Option<&str>) -> Record {
        let mut fields: Vec<Field> = self.plan.iter().filter_map(|column| column.field(rng)).collect();
        if self.limits.field_order && rng.percent(25) {
            rng.shuffle(&mut fields);
        }
        assemble(rng, fields, id)
    }

    /// A field that a record may get.
    pub fn any_field(&self, rng: &mut Rng) -> Field {
        for _ in 0..8 {
            if let Some(field) = rng.pick(&self.plan).and_then(|column| column.field(rng)) {
                return field;
            }
        }
        Field::new("c", Value::Null)
    }

    /// The name of a field that a record may have.
    pub fn any_name(&self, rng: &mut Rng) -> &'static str {
        rng.pick(&self.plan).map_or("a", |column| column.name)
    }

    /// An id: most often one of a record that was there at the beginning.
    pub fn any_id(&self, rng: &mut Rng) -> String {
        match rng.pick(&self.records).and_then(Record::id) {
            Some(id) if rng.percent(75) => id.to_string(),
            _ if rng.percent(60) => format!("r{}", rng.below(24)),
            _ => rng.one_of(&IDS).to_owned(),
        }
    }
}

impl Column {
    fn generate(rng: &mut Rng, name: &'static str) -> Self {
        // An object under `a` is what makes `a.b` ambiguous.
        let flavour = if name == "a" && rng.percent(40) { Flavour::Documents } else { Flavour::any(rng) };
        let values = (0..rng.between(2, 9)).map(|_| flavour.value(rng)).collect();
        Column { name, flavour, values }
    }

    fn field(&self, rng: &mut Rng) -> Option<Field> {
        if rng.percent(18) {
            return None;
        }
        let value = match rng.below(20) {
            0 | 1 => Value::Null,
            2 => Flavour::Mixed.value(rng),
            3 | 4 => self.flavour.value(rng),
            _ => rng.pick(&self.values).cloned().unwrap_or(Value::Null),
        };
        let mut field = Field::new(self.name, value);
        if rng.percent(12) {
            field.field_type = match &field.value {
                Value::Null => FieldType::ALL[rng.below(FieldType::ALL.len())],
                Value::String(_) => rng.one_of(&[FieldType::String, FieldType::Text]),
                _ => field.field_type,
            };
        }
        if rng.percent(6) {
            field.metadata = metadata(rng);
        }
        Some(field)
    }
}

fn assemble(rng: &mut Rng, fields: Vec<Field>, id: Option<&str>) -> Record {
    let assembled = Record::from_fields(fields).and_then(|mut record| {
        if rng.percent(25) {
            record.set_metadata(metadata(rng))?;
        }
        match id {
            Some(id) => record.with_id(id),
            None => Ok(record),
        }
    });
    match assembled {
        Ok(record) => record,
        Err(error) => std::panic::panic_any(format!("the generator made an illegal record: {error}")),
    }
}

/// Metadata of a record or a field.
pub(super) fn metadata(rng: &mut Rng) -> Metadata {
    const KEYS: [&str; 7] = ["k", "src", "a.b", "tags", "", "id", "größe"];
    let entry = |rng: &mut Rng| match rng.below(6) {
        0 => json!({"b": value::leaf(rng)}),
        1 => json!([text::string(rng), null]),
        2 => json!(rng.below(3)),
        _ => value::leaf(rng),
    };
    (0..rng.between(1, 3)).map(|_| (rng.one_of(&KEYS).to_owned(), entry(rng))).collect()
}
