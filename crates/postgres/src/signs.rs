//! What both layouts say alike: classes in their order, texts that are read as instants, and leaves
//! out of positive tests.

use dataknobs_data_core::{DateTime, Leaf, Value};

/// The place of a value's class in the order of classes.
pub(crate) fn rank(value: &Value) -> u8 {
    match value {
        Value::Boolean(_) => 0,
        Value::Integer(_) | Value::Float(_) => 1,
        Value::DateTime(_) => 2,
        Value::String(_) => 3,
        Value::Binary(_) => 4,
        Value::Null | Value::Json(_) => 5,
    }
}

/// The instant that a literal is, compared with a datetime.
pub(crate) fn instant_of(literal: &Value) -> Option<DateTime> {
    match literal {
        Value::DateTime(time) => Some(*time),
        Value::String(text) => DateTime::parse(text).ok(),
        _ => None,
    }
}

/// A leaf out of its positive test, which is true where the test is, and false or null elsewhere; it
/// may be true more often where the leaf is not `exact`. `present` says in SQL that is never null
/// whether something is there, or is not.
pub(crate) fn signed(
    leaf: &Leaf,
    when_absent: bool,
    exact: bool,
    present: impl Fn(bool) -> String,
    positive: impl FnOnce() -> String,
) -> String {
    match (leaf.negated(), when_absent) {
        // More than the test takes, so that its opposite would take too little.
        (true, true) if !exact => "true".to_owned(),
        (true, false) if !exact => present(true),
        (false, false) => positive(),
        (false, true) => format!("{} OR {}", present(false), positive()),
        (true, false) => format!("{} AND ({}) IS NOT TRUE", present(true), positive()),
        (true, true) => format!("({}) IS NOT TRUE", positive()),
    }
}
