//! Which of equal values stands for all of them, and the total order of results.

use std::cmp::Ordering;
use std::hash::{BuildHasher, Hash, Hasher};
use std::sync::Arc;

use foldhash::fast::RandomState;
use serde_json::Value as Json;

use crate::query::scalar::{Scalar, order_by_presence};
use crate::value::compact_json;
use crate::value::{Number, Value, canonical_json, float_as_integer, json_number};

/// An owned value that stands for those equal to it.
pub(super) fn representative(scalar: Scalar<'_>) -> Value {
    match scalar {
        // Adding zero makes -0.0 positive and leaves every other float alone.
        Scalar::Number(Number::Float(float)) => Value::Float(float + 0.0),
        Scalar::Json(document) => Value::Json(Arc::new(canonical_json(document))),
        scalar => scalar.to_value(),
    }
}

/// Lets an equal value take over where it is preferred: an integer before a float; of datetimes
/// the one without offset, then the smallest offset.
pub(super) fn prefer(held: &mut Value, equal: Scalar<'_>) {
    let takes_over = match (&*held, equal) {
        (Value::Float(_), Scalar::Number(Number::Integer(_))) => true,
        (Value::DateTime(held), Scalar::DateTime(time)) => time.representative_order(*held).is_lt(),
        _ => false,
    };
    if takes_over {
        *held = representative(equal);
    }
}

/// Whether a value falls together with what is held; null holds what is not present.
pub(super) fn is_same(held: &Value, scalar: Option<Scalar<'_>>) -> bool {
    match (Scalar::of(held), scalar) {
        (Some(held), Some(scalar)) => held.equals(scalar),
        (None, None) => true,
        _ => false,
    }
}

/// The order of a sort, where JSON ties are broken by canonical text.
pub(super) fn total_order(a: Scalar<'_>, b: Scalar<'_>) -> Ordering {
    match (a, b) {
        (Scalar::Json(a), Scalar::Json(b)) => canonical_text(a).cmp(&canonical_text(b)),
        _ => a.sort_order(b),
    }
}

fn canonical_text(document: &Json) -> String {
    compact_json(&canonical_json(document))
}

/// Sorts rows by their first columns, null last.
pub(super) fn sort_rows(rows: &mut [Vec<Value>], keys: usize) {
    rows.sort_by(|a, b| {
        let pairs = a[..keys].iter().zip(&b[..keys]);
        pairs.map(|(a, b)| order_representatives(a, b)).find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
    });
}

fn order_representatives(a: &Value, b: &Value) -> Ordering {
    match (a, b) {
        // Representatives are canonical already.
        (Value::Json(a), Value::Json(b)) => compact_json(a).cmp(&compact_json(b)),
        (a, b) => order_by_presence(Scalar::of(a), Scalar::of(b), false, None),
    }
}

/// A hash that equal values share.
pub(super) fn hash_of(hasher: &RandomState, keys: &[Option<Scalar<'_>>]) -> u64 {
    let mut state = hasher.build_hasher();
    for key in keys {
        hash_scalar(hasher, &mut state, *key);
    }
    state.finish()
}

fn hash_scalar(hasher: &RandomState, state: &mut impl Hasher, scalar: Option<Scalar<'_>>) {
    match scalar {
        None => state.write_u8(0),
        Some(Scalar::Boolean(value)) => state.write_u8(1 + u8::from(value)),
        Some(Scalar::Number(number)) => hash_number(state, number),
        Some(Scalar::DateTime(time)) => {
            state.write_u8(3);
            state.write_i64(time.micros());
        }
        Some(Scalar::String(text)) => text.hash(state),
        Some(Scalar::Binary(bytes)) => bytes.hash(state),
        Some(Scalar::Json(document)) => hash_json(hasher, state, document),
    }
}

fn hash_number(state: &mut impl Hasher, number: Number) {
    match number {
        Number::Integer(integer) => state.write_i64(integer),
        Number::Float(float) => match float_as_integer(float) {
            Some(integer) => state.write_i64(integer),
            None => state.write_u64(float.to_bits()),
        },
    }
}

fn hash_json(hasher: &RandomState, state: &mut impl Hasher, document: &Json) {
    match document {
        Json::Null => state.write_u8(0),
        Json::Bool(value) => state.write_u8(1 + u8::from(*value)),
        Json::Number(number) => hash_number(state, json_number(number)),
        Json::String(text) => text.hash(state),
        Json::Array(items) => {
            state.write_usize(items.len());
            items.iter().for_each(|item| hash_json(hasher, state, item));
        }
        // Members come in any order, so their hashes are added up.
        Json::Object(members) => {
            let hash_member = |(key, value): (&String, &Json)| {
                let mut state = hasher.build_hasher();
                key.hash(&mut state);
                hash_json(hasher, &mut state, value);
                state.finish()
            };
            state.write_u64(members.iter().map(hash_member).fold(0, u64::wrapping_add));
        }
    }
}
