//! `dk schema`: which fields there are, of which types, and what they hold.

mod field;

use std::collections::HashMap;

use clap::Args;
use dataknobs_data::{Record, Str, Value};
use field::FieldProfile;
use serde_json::Value as Json;

use crate::exit::Outcome;
use crate::notation::{self, natural};
use crate::open::Target;
use crate::output::{self, Format, Layout, Row};
use crate::progress::Progress;

/// Reads every record, one after another, and remembers only what it prints. Distinct values are
/// counted up to 10,000 for each field; past that, the number says "at least".
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    target: Target,
    /// Which records to look at, such as "age >= 25"; all without it
    #[arg(value_name = "EXPR")]
    expression: Option<String>,
    /// Look at the first N records only
    #[arg(long, value_name = "N", value_parser = natural, allow_negative_numbers = true)]
    sample: Option<u64>,
    /// How to print the fields
    #[arg(short, long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

pub(crate) fn run(arguments: &Arguments) -> Outcome {
    let query = notation::condition(arguments.expression.as_deref())?.limit(arguments.sample);
    let database = arguments.target.open_to_read()?;
    let mut progress = Progress::start();
    let mut profile = Profile::default();
    for record in database.stream(&query)? {
        progress.record(false);
        profile.add(&record?);
    }
    drop(progress);
    let layout = Layout { columns: Some(COLUMNS.map(Str::new_static).to_vec()), wide: false };
    let mut writer = output::writer(arguments.format, layout);
    for (name, field) in &profile.fields {
        writer.write(profile.row(name, field, arguments.format))?;
    }
    writer.finish()
}

const COLUMNS: [&str; 8] = ["field", "types", "present", "null", "missing", "distinct", "min", "max"];

/// What the fields of many records hold.
#[derive(Default)]
struct Profile {
    records: u64,
    /// In the order in which they first came.
    fields: Vec<(Str, FieldProfile)>,
    positions: HashMap<Str, usize>,
}

impl Profile {
    fn add(&mut self, record: &Record) {
        self.records += 1;
        for ((name, field_type), value) in record.shape().fields().iter().zip(record.values()) {
            let position = match self.positions.get(name) {
                Some(position) => *position,
                None => {
                    self.positions.insert(name.clone(), self.fields.len());
                    self.fields.push((name.clone(), FieldProfile::default()));
                    self.fields.len() - 1
                }
            };
            self.fields[position].1.add(*field_type, value);
        }
    }

    fn row(&self, name: &Str, field: &FieldProfile, format: Format) -> Row {
        let types = if format.is_tabular() {
            let texts: Vec<String> = field.types().map(|(name, count)| format!("{name} {count}")).collect();
            Value::from(texts.join(", "))
        } else {
            let members = field.types().map(|(name, count)| (name.to_string(), Json::from(count)));
            Value::Json(std::sync::Arc::new(Json::Object(members.collect())))
        };
        let number = |number: u64| Value::Integer(i64::try_from(number).unwrap_or(i64::MAX));
        let distinct = match field.distinct() {
            Ok(exact) => number(exact),
            Err(at_least) => Value::from(format!("{at_least}+")),
        };
        let (min, max) = field.range();
        let cells = [
            Value::String(name.clone()),
            types,
            number(field.present()),
            number(field.nulls()),
            number(self.records - field.present() - field.nulls()),
            distinct,
            min,
            max,
        ];
        COLUMNS.map(Str::new_static).into_iter().zip(cells).collect()
    }
}
