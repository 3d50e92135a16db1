//! A small collection with something of every kind in it, and queries that tell stores apart.

use dataknobs_data_core::{DateTime, Query, Record, RecordId, Result, Value, record};
use serde_json::json;

use crate::conformance::behaviour::Stage;
use crate::conformance::handle::Handle;
use crate::failure::{Outcome, ensure, ensure_eq};

/// The records, in the order in which they are created, which is not that of their ids.
fn records() -> Result<Vec<Record>> {
    let time = DateTime::parse;
    let records = [
        record! {
            "name": "Ada", "age": 36, "city": "London", "active": true, "joined": time("2024-01-31T10:00:00Z")?,
            "tags": Value::json(json!(["math", "poetry", 7]))?
        }?,
        record! {
            "name": "Alan", "age": 41.5, "city": "London", "active": false, "joined": time("2024-01-31T12:00:00+02:00")?,
            "address": Value::json(json!({"street": {"no": 23}, "zip": "SW1"}))?
        }?,
        record! { "name": "Grace", "age": (), "city": "New York", "note": "The quick, brown FOX can't jump" }?,
        record! { "name": "adele", "age": "36", "city": "", "blob": vec![0_u8, 255, 7] }?,
        record! { "name": "Σίσυφος", "age": -5, "city": "Ἔφυρα", "joined": time("1999-12-31T23:59:59.999999")? }?,
        record! { "name": "100%_sure", "age": 9_007_199_254_740_993_i64, "city": "a\\b", "active": true }?,
        record! { "name": "Edsger", "age": 9_007_199_254_740_992.0, "address": Value::json(json!({"zip": null}))? }?,
        record! { "name": "Barbara", "age": 0, "tags": Value::json(json!([]))?, "note": "a fox and a hen" }?,
        record! { "name": "Donald", "age": -0.0, "city": "line\nbreak", "joined": "2024-01-31" }?,
        record! { "name": "～", "age": true, "city": "😀", "address": Value::json(json!({"a": [1, {"b": "deep"}]}))? }?,
        record! { "city": "London", "blob": Vec::<u8>::new() }?.with_metadata("source", "census")?,
        record! {}?,
    ];
    let order = [7, 2, 11, 0, 5, 9, 1, 10, 3, 8, 6, 4];
    records.into_iter().zip(order).map(|(record, id)| record.with_id(format!("r{id:02}"))).collect()
}

/// Queries over them in text form.
pub(super) const QUERIES: [&str; 44] = [
    "",
    "age = 36",
    "age != 36",
    "NOT age = 36",
    "age > 0",
    "age >= 0 AND age < 41.5",
    "age = 9007199254740993",
    "age > 9007199254740992.0",
    "age = '36' OR age = TRUE",
    "age BETWEEN -5 AND 41.5",
    "age NOT BETWEEN 0 AND 100",
    "age IN (0, 36, '36', TRUE)",
    "age NOT IN (0, 36)",
    "age IS NULL",
    "age IS NOT NULL",
    "city = 'London' AND active = TRUE",
    "city = 'London' OR NOT (active = TRUE OR age > 0)",
    "city < 'M'",
    "city >= '～'",
    "city = ''",
    "name LIKE 'A%'",
    "name ILIKE 'a%'",
    "name LIKE '100\\%\\_%'",
    "name ILIKE 'ΣΊΣΥΦΟΣ'",
    "name NOT LIKE '%a%'",
    "city LIKE 'line_break'",
    "city REGEX '^[a-z]+\\\\'",
    "name STARTS WITH 'A'",
    "name CONTAINS 'a'",
    "tags CONTAINS 7",
    "tags CONTAINS 'math'",
    "note MATCH 'fox'",
    "note MATCH 'fox can''t'",
    "joined = '2024-01-31T10:00:00Z'",
    "joined < TIMESTAMP '2024-01-01'",
    "joined = '2024-01-31'",
    "blob = X'00ff07'",
    "blob < X'01'",
    "address.street.no = 23",
    "address.a.1.b = 'deep'",
    "address.zip IS NULL",
    "tags = JSON '[]'",
    "metadata.source = 'census'",
    "_id > 'r05'",
];

/// Sorts, limits and projections over them in text form, behind any of the filters.
pub(super) const PAGES: [&str; 8] = [
    "ORDER BY age",
    "ORDER BY age DESC",
    "ORDER BY city DESC, age",
    "ORDER BY joined, name DESC LIMIT 5",
    "ORDER BY address, tags LIMIT 4 OFFSET 3",
    "LIMIT 3",
    "LIMIT 4 OFFSET 2",
    "ORDER BY _id DESC OFFSET 9",
];

/// Each filter by itself and each page over everything and over one filter.
pub(super) fn queries() -> Result<Vec<Query>> {
    let mut queries: Vec<Query> = QUERIES.iter().map(|text| Query::parse(text)).collect::<Result<_>>()?;
    for page in PAGES {
        queries.push(Query::parse(page)?);
        queries.push(Query::parse(&format!("city IS NOT NULL {page}"))?);
    }
    queries.push(Query::new().select(["name", "nowhere", "age"]));
    queries.push(Query::parse("active = TRUE ORDER BY name LIMIT 2")?.select(["city"]));
    Ok(queries)
}

/// What of a record fits into the fields of a store that has its own.
fn fitting(record: &Record) -> Result<Record> {
    let fits = |name: &str, value: &Value| match name {
        "age" => value.as_integer().is_some(),
        "joined" => value.as_datetime().is_some_and(|time| time.offset_seconds() == Some(0)),
        _ => true,
    };
    let kept = record.fields().filter(|field| fits(field.name(), field.value())).map(|field| field.to_field());
    let mut fitting = Record::from_fields(kept.collect::<Vec<_>>())?;
    fitting.set_id(record.id().cloned());
    Ok(fitting)
}

impl Stage<'_> {
    /// The records, as far as this store can hold them.
    pub(super) fn sample(&self) -> Result<Vec<Record>> {
        let records = records()?;
        if self.capabilities.fixed_fields { records.iter().map(fitting).collect() } else { Ok(records) }
    }

    /// The records in the order in which this store gives them without a sort.
    pub(super) fn in_store_order(&self, mut records: Vec<Record>) -> Vec<Record> {
        if !self.capabilities.insertion_order {
            let order = self.capabilities.id_order;
            records.sort_by(|a, b| {
                let [a, b] = [a, b].map(|record| record.id().map_or("", RecordId::as_str));
                order.compare(a, b)
            });
        }
        records
    }

    /// Checks that two lists hold equal records with equal ids in the same order.
    pub(super) fn same_list(&self, actual: &[Record], expected: &[Record]) -> Outcome {
        ensure_eq!(super::ids(actual), super::ids(expected), "the ids");
        for (actual, expected) in actual.iter().zip(expected) {
            self.same(actual, expected)?;
            ensure!(actual.version().is_some(), "a result has no version");
        }
        Ok(())
    }

    /// A fresh database that holds the collection.
    pub(super) async fn open_sample(&self) -> Outcome<Handle> {
        self.open_with(self.sample()?).await
    }
}
