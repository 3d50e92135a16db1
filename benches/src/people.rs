//! The records that both sides hold: 2 strings of 12 bytes, an integer, a float and a boolean.

use dataknobs_data_core::{Record, Result, record};
use serde_json::{Map, Value as Json, json};

/// The values of record `n`; spread so that each city has 2.5 % of the records.
pub(crate) struct Person {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) city: String,
    pub(crate) age: i64,
    pub(crate) score: f64,
    pub(crate) active: bool,
}

pub(crate) fn person(n: usize) -> Person {
    // A fixed scramble, so that neighbours differ and every run sees the same data.
    let mixed = (n as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 17;
    Person {
        id: format!("id-{n:09}"),
        name: format!("name{n:08}"),
        city: format!("city{:08}", mixed % 40),
        age: (mixed / 40 % 100) as i64,
        score: (mixed % 10_007) as f64 / 7.0,
        active: mixed.is_multiple_of(2),
    }
}

pub(crate) fn record(n: usize) -> Result<Record> {
    let Person { id, name, city, age, score, active } = person(n);
    record! { "name": name, "city": city, "age": age, "score": score, "active": active }?.with_id(id)
}

pub(crate) fn map(n: usize) -> (String, Map<String, Json>) {
    let Person { id, name, city, age, score, active } = person(n);
    let document = json!({"name": name, "city": city, "age": age, "score": score, "active": active});
    match document {
        Json::Object(map) => (id, map),
        _ => (id, Map::new()),
    }
}

/// Ids in an order that is not that of insertion.
pub(crate) fn shuffled_ids(size: usize) -> Vec<String> {
    let mut numbers: Vec<usize> = (0..size).collect();
    let mut state = 0x2545_F491_4F6C_DD1D_u64;
    for place in (1..size).rev() {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        numbers.swap(place, (state % (place as u64 + 1)) as usize);
    }
    numbers.into_iter().map(|n| person(n).id).collect()
}
