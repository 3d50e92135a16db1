//! One leaf of a condition, for whoever finds the values by itself.

use super::predicate::Predicate;
use crate::query::condition::Leaf;
use crate::query::scalar::Scalar;
use crate::value::Value;

/// Applies one leaf to what its path found, for stores that hold columns and no records.
///
/// ```
/// use dataknobs_data_core::{Condition, Filter, LeafMatcher, Value};
/// let condition = Condition::of(&Filter::parse("name NOT LIKE 'A%'")?);
/// let matcher = LeafMatcher::new(condition.leaves()[0]);
/// assert!(matcher.matches(Some(&Value::from("Grace"))) && !matcher.matches(None));
/// # Ok::<(), dataknobs_data_core::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct LeafMatcher {
    predicate: Predicate,
    negated: bool,
    when_absent: bool,
}

impl LeafMatcher {
    /// Prepares a leaf.
    ///
    /// ```
    /// use dataknobs_data_core::{Condition, Filter, LeafMatcher};
    /// let condition = Condition::of(&Filter::parse("age IS NULL")?);
    /// assert!(LeafMatcher::new(condition.leaves()[0]).matches(None));
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    pub fn new(leaf: &Leaf) -> Self {
        let predicate = Predicate::new(leaf.test());
        LeafMatcher { predicate, negated: leaf.negated(), when_absent: leaf.when_absent() }
    }

    /// Whether the leaf holds of the value at the end of its path; none and null are not present.
    ///
    /// ```
    /// use dataknobs_data_core::{Condition, Filter, LeafMatcher, Value};
    /// let condition = Condition::of(&Filter::parse("age > 30")?);
    /// let matcher = LeafMatcher::new(condition.leaves()[0]);
    /// assert!(matcher.matches(Some(&Value::from(30.5))) && !matcher.matches(Some(&Value::Null)));
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    #[inline]
    pub fn matches(&self, value: Option<&Value>) -> bool {
        match value.and_then(Scalar::of) {
            Some(value) => self.predicate.holds(value) != self.negated,
            None => self.when_absent,
        }
    }

    /// Whether the leaf holds of a text that is present.
    ///
    /// ```
    /// use dataknobs_data_core::{Condition, Filter, LeafMatcher};
    /// let condition = Condition::of(&Filter::parse("name ILIKE 'a%'")?);
    /// assert!(LeafMatcher::new(condition.leaves()[0]).matches_text("Ada"));
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    #[inline]
    pub fn matches_text(&self, text: &str) -> bool {
        self.predicate.holds(Scalar::String(text)) != self.negated
    }
}
