//! The compiled form of a condition, for stores that look at records themselves.

use super::condition::{Condition, Leaf};
use super::evaluate::leaf_holds;
use crate::record::Record;

/// Decides whether records pass a condition.
#[derive(Debug, Clone)]
pub struct Matcher {
    condition: Condition,
}

impl Matcher {
    /// A matcher of this condition.
    pub fn new(condition: &Condition) -> Self {
        Matcher { condition: condition.clone() }
    }

    /// Whether the record passes.
    pub fn matches(&self, record: &Record) -> bool {
        fn holds(condition: &Condition, record: &Record) -> bool {
            match condition {
                Condition::All(parts) => parts.iter().all(|part| holds(part, record)),
                Condition::Any(parts) => parts.iter().any(|part| holds(part, record)),
                Condition::Leaf(leaf) => leaf_matches(leaf, record),
            }
        }
        holds(&self.condition, record)
    }
}

fn leaf_matches(leaf: &Leaf, record: &Record) -> bool {
    leaf_holds(leaf, record)
}
