//! Hashes of queries and their parts: equal ones have equal hashes. Those that differ only inside
//! JSON literals may share one.

use std::hash::{DefaultHasher, Hash, Hasher};

use dataknobs_data::{Filter, Operand, Query, SortKey, Str, Value};

/// The hash of what this writes.
pub(crate) fn of(write: impl FnOnce(&mut DefaultHasher)) -> u64 {
    let mut state = DefaultHasher::new();
    write(&mut state);
    state.finish()
}

pub(crate) fn query(query: &Query, state: &mut DefaultHasher) {
    // An `all_of` that stands alone is equal to its members.
    let filters = match query.filters() {
        [Filter::All(filters)] => filters,
        filters => filters,
    };
    filters.iter().for_each(|member| filter(member, state));
    query.sort_keys().iter().for_each(|key| sort_key(key, state));
    (query.limit_value(), query.offset_value(), query.after_token()).hash(state);
    query.projection().map(|names| names.iter().map(Str::as_str).collect::<Vec<_>>()).hash(state);
}

pub(crate) fn sort_key(key: &SortKey, state: &mut DefaultHasher) {
    key.path.hash(state);
    key.order.is_descending().hash(state);
}

pub(crate) fn filter(node: &Filter, state: &mut DefaultHasher) {
    std::mem::discriminant(node).hash(state);
    match node {
        Filter::All(filters) | Filter::Any(filters) => {
            filters.len().hash(state);
            filters.iter().for_each(|member| filter(member, state));
        }
        Filter::Not(member) => filter(member, state),
        Filter::Test(test) => {
            test.path().hash(state);
            test.operator().hash(state);
            match test.operand() {
                Operand::None => 0.hash(state),
                Operand::One(literal) => value(literal, state),
                Operand::Many(values) => values.iter().for_each(|literal| value(literal, state)),
            }
        }
    }
}

fn value(literal: &Value, state: &mut DefaultHasher) {
    match literal {
        Value::Null | Value::Json(_) => 0.hash(state),
        Value::Boolean(value) => value.hash(state),
        Value::Integer(value) => value.hash(state),
        // Zero has two signs, which are equal.
        Value::Float(value) => (value + 0.0).to_bits().hash(state),
        Value::String(value) => value.as_str().hash(state),
        Value::DateTime(value) => (value.micros(), value.offset_seconds()).hash(state),
        Value::Binary(value) => value.hash(state),
    }
}
