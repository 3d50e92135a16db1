//! Values, biased to those that stores get wrong.

use dataknobs_data_core::{DateTime, Value};
use serde_json::{Map, Value as Json, json};

use super::{Rng, text};

/// What kind of values a field mostly holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flavour {
    /// Every kind side by side.
    Mixed,
    /// Integers and floats.
    Numbers,
    /// Strings.
    Texts,
    /// Datetimes and strings that look like them.
    Times,
    /// Objects and arrays.
    Documents,
    /// Few small integers, so that values repeat.
    Small,
}

impl Flavour {
    /// Any of them.
    pub fn any(rng: &mut Rng) -> Self {
        rng.one_of(&[
            Flavour::Mixed,
            Flavour::Mixed,
            Flavour::Numbers,
            Flavour::Texts,
            Flavour::Times,
            Flavour::Documents,
            Flavour::Small,
        ])
    }

    /// A present value of this flavour.
    pub fn value(self, rng: &mut Rng) -> Value {
        match self {
            Flavour::Mixed => match rng.below(16) {
                0 | 1 => Value::from(rng.percent(50)),
                2..=5 => number(rng),
                6..=9 => Value::from(text::string(rng)),
                10 | 11 => Flavour::Times.value(rng),
                12 | 13 => Flavour::Documents.value(rng),
                14 => Flavour::Small.value(rng),
                _ => binary(rng),
            },
            Flavour::Numbers => number(rng),
            Flavour::Texts => Value::from(text::string(rng)),
            Flavour::Times if rng.percent(25) => Value::from(text::datetime_lookalike(rng)),
            Flavour::Times => Value::from(datetime(rng)),
            Flavour::Documents => document(rng),
            Flavour::Small => match rng.below(8) {
                0 => Value::from(rng.below(4) as f64),
                1 => Value::from(rng.below(4).to_string()),
                _ => Value::from(rng.below(4) as i64),
            },
        }
    }
}

/// An integer or a float, most often near an edge.
pub fn number(rng: &mut Rng) -> Value {
    const TWO_53: i64 = 1 << 53;
    match rng.below(10) {
        0..=2 => Value::from(rng.one_of(&[0, 1, -1, 2, 10, 42, 100, -7])),
        3 => Value::from(rng.one_of(&[TWO_53 - 1, TWO_53, TWO_53 + 1, TWO_53 + 2, -TWO_53 - 1, -TWO_53])),
        4 => Value::from(rng.one_of(&[i64::MAX, i64::MAX - 1, i64::MIN, i64::MIN + 1, i64::MAX - 512])),
        5 => Value::from(rng.one_of(&[0.0, -0.0, 1.0, -1.0, 42.0, 0.5, -1.5, 0.1, 100.0])),
        6 => Value::from(rng.one_of(&[
            9_007_199_254_740_991.0,
            9_007_199_254_740_992.0,
            9_007_199_254_740_994.0,
            -9_007_199_254_740_992.0,
        ])),
        7 => Value::from(rng.one_of(&[
            9_223_372_036_854_775_808.0,
            -9_223_372_036_854_775_808.0,
            9_223_372_036_854_774_784.0,
            1e19,
            -1e19,
            1e300,
            -1e300,
            f64::MAX,
            f64::MIN,
            f64::MIN_POSITIVE,
            5e-324,
            1e-7,
            1e16,
        ])),
        8 => Value::from(rng.bits() as i64),
        _ => loop {
            let float = f64::from_bits(rng.bits());
            if float.is_finite() {
                break Value::from(float);
            }
        },
    }
}

/// A datetime: naive or with an offset, often the same instant as another one, sometimes an end of
/// the legal range.
pub fn datetime(rng: &mut Rng) -> DateTime {
    const HOUR: i64 = 3_600_000_000;
    let micros = match rng.below(8) {
        0 => 0,
        1 => -1,
        2 => rng.one_of(&[DateTime::MIN.micros(), DateTime::MAX.micros(), DateTime::MIN.micros() + 1]),
        3 => (rng.bits() >> 14) as i64,
        // Around 2024-01-31T10:00:00.
        _ => {
            1_706_695_200_000_000
                + rng.one_of(&[0, 1, -1, 500_000, HOUR, -HOUR, 24 * HOUR])
                + rng.one_of(&[0, 0, 2 * HOUR])
        }
    };
    if rng.percent(45) {
        return DateTime::from_micros(micros);
    }
    let offset = rng.one_of(&[0, 7_200, -19_800, 3_600, 86_340, -86_340, 4_354]);
    DateTime::with_offset(micros, offset).unwrap_or_else(|_| DateTime::from_micros(micros))
}

/// Bytes, among them such that look like text.
pub fn binary(rng: &mut Rng) -> Value {
    Value::from(match rng.below(6) {
        0 => Vec::new(),
        1 => vec![0],
        2 => vec![0xFF, 0xFE],
        3 => b"abc".to_vec(),
        4 => (0..rng.below(40)).map(|_| rng.bits() as u8).collect(),
        _ => vec![0, 0xFF, b'%'],
    })
}

/// An object or an array.
pub fn document(rng: &mut Rng) -> Value {
    let json = match rng.below(14) {
        0 => json!([]),
        1 => json!({}),
        2 => json!([null]),
        3 => json!({"b": null}),
        4 => json!({"$datetime": "2024-01-31"}),
        5 => json!({"$json": [1]}),
        6 => deep(rng),
        7..=9 => Json::Array((0..rng.between(1, 4)).map(|_| leaf_or_document(rng, 2)).collect()),
        _ => object(rng, 3),
    };
    // Every number above fits, so that this never falls back.
    Value::json(json).unwrap_or(Value::Null)
}

/// The keys of objects; they meet the names of fields, so that dotted paths have two readings.
const KEYS: [&str; 12] = ["b", "b", "c", "0", "1", "k", "", "a.b", "id", "größe", "$binary", "B"];

fn object(rng: &mut Rng, depth: usize) -> Json {
    let members: Map<String, Json> =
        (0..rng.below(4)).map(|_| (rng.one_of(&KEYS).to_owned(), leaf_or_document(rng, depth - 1))).collect();
    Json::Object(members)
}

fn leaf_or_document(rng: &mut Rng, depth: usize) -> Json {
    if depth > 0 && rng.percent(30) {
        return if rng.percent(50) {
            object(rng, depth)
        } else {
            Json::Array((0..rng.below(4)).map(|_| leaf_or_document(rng, depth - 1)).collect())
        };
    }
    leaf(rng)
}

/// A JSON scalar.
pub fn leaf(rng: &mut Rng) -> Json {
    match rng.below(10) {
        0 => Json::Null,
        1 => Json::Bool(rng.percent(50)),
        2..=5 => match number(rng) {
            Value::Integer(integer) => json!(integer),
            Value::Float(float) => json!(float),
            _ => Json::Null,
        },
        6 => json!(text::datetime_lookalike(rng)),
        _ => json!(text::string(rng)),
    }
}

/// A chain of one member each, deeper than most parsers' fast paths.
fn deep(rng: &mut Rng) -> Json {
    let levels = rng.between(5, 60);
    (0..levels).fold(leaf(rng), |inner, level| if level % 2 == 0 { json!({"b": inner}) } else { json!([inner]) })
}
