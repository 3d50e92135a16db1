//! The form of a filter that backends see: no NOT above a leaf.

use super::filter::{Filter, Operand, Test};
use super::operator::Operator;
use super::path::Path;
use crate::value::Value;

/// A filter with every NOT moved down to its leaves. Replacing a leaf by one that is true more
/// often can therefore only let more records through.
///
/// ```
/// use dataknobs_data_core::{Condition, Filter};
/// let condition = Condition::of(&Filter::parse("NOT (age > 30 OR city = 'Oslo')")?);
/// let Condition::All(parts) = &condition else { panic!() };
/// assert_eq!(parts.len(), 2);
/// assert!(condition.leaves().iter().all(|leaf| leaf.negated() && leaf.when_absent()));
/// # Ok::<(), dataknobs_data_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub enum Condition {
    /// Every one holds; of none: true.
    All(Vec<Condition>),
    /// At least one holds; of none: false.
    Any(Vec<Condition>),
    /// One signed test.
    Leaf(Leaf),
}

/// A signed test: `when_absent` if the path is not present, else the operator's result, inverted
/// when `negated`. The operator is always a positive one.
///
/// | filter | negated | when_absent |
/// |---|---|---|
/// | `x = 1` | no | false |
/// | `x != 1` | yes | false |
/// | `NOT x = 1` | yes | true |
/// | `NOT x != 1` | no | true |
///
/// ```
/// use dataknobs_data_core::{Condition, Filter, Leaf, Operator};
/// let condition = Condition::of(&Filter::parse("age != 30")?);
/// let leaf: &Leaf = condition.leaves()[0];
/// assert_eq!((leaf.operator(), leaf.negated(), leaf.when_absent()), (Operator::Eq, true, false));
/// assert_eq!(leaf.to_string(), "age != 30");
/// # Ok::<(), dataknobs_data_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Leaf {
    test: Test,
    negated: bool,
    when_absent: bool,
}

impl Condition {
    /// True for every record.
    ///
    /// ```
    /// use dataknobs_data_core::{Condition, Matcher, record};
    /// assert!(Matcher::new(&Condition::TRUE).matches(&record! { "n": 1 }?));
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    pub const TRUE: Condition = Condition::All(Vec::new());
    /// False for every record.
    ///
    /// ```
    /// use dataknobs_data_core::{Condition, Matcher, record};
    /// assert!(!Matcher::new(&Condition::FALSE).matches(&record! { "n": 1 }?));
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    pub const FALSE: Condition = Condition::Any(Vec::new());

    /// Lowers a filter.
    ///
    /// ```
    /// use dataknobs_data_core::{Condition, Filter};
    /// let condition = Condition::of(&Filter::new("age", ">", 30)?.negate());
    /// assert!(matches!(condition, Condition::Leaf(leaf) if leaf.negated() && leaf.when_absent()));
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    pub fn of(filter: &Filter) -> Self {
        Self::lower(filter, false)
    }

    fn lower(filter: &Filter, negated: bool) -> Self {
        match filter {
            Filter::All(filters) | Filter::Any(filters) => {
                let parts = filters.iter().map(|filter| Self::lower(filter, negated));
                if matches!(filter, Filter::All(_)) != negated { Self::all(parts) } else { Self::any(parts) }
            }
            Filter::Not(filter) => Self::lower(filter, !negated),
            Filter::Test(test) => Condition::Leaf(Leaf::of(test, negated)),
        }
    }

    /// All of these, flattened and simplified.
    ///
    /// ```
    /// use dataknobs_data_core::{Condition, Filter};
    /// let leaf = Condition::of(&Filter::new("age", ">", 30)?);
    /// assert_eq!(Condition::all([Condition::TRUE, leaf.clone()]), leaf);
    /// assert_eq!(Condition::all([Condition::FALSE, leaf]), Condition::FALSE);
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    pub fn all(parts: impl IntoIterator<Item = Condition>) -> Self {
        let mut flat = Vec::new();
        for part in parts {
            match part {
                Condition::All(inner) => flat.extend(inner),
                Condition::Any(inner) if inner.is_empty() => return Condition::FALSE,
                part => flat.push(part),
            }
        }
        if flat.len() == 1 { flat.remove(0) } else { Condition::All(flat) }
    }

    /// Any of these, flattened and simplified.
    ///
    /// ```
    /// use dataknobs_data_core::{Condition, Filter};
    /// let leaf = Condition::of(&Filter::new("age", ">", 30)?);
    /// assert_eq!(Condition::any([Condition::FALSE, leaf.clone()]), leaf);
    /// assert_eq!(Condition::any([Condition::TRUE, leaf]), Condition::TRUE);
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    pub fn any(parts: impl IntoIterator<Item = Condition>) -> Self {
        let mut flat = Vec::new();
        for part in parts {
            match part {
                Condition::Any(inner) => flat.extend(inner),
                Condition::All(inner) if inner.is_empty() => return Condition::TRUE,
                part => flat.push(part),
            }
        }
        if flat.len() == 1 { flat.remove(0) } else { Condition::Any(flat) }
    }

    /// Whether it lets every record through.
    ///
    /// ```
    /// use dataknobs_data_core::{Condition, Query};
    /// assert!(Condition::of(&Query::new().to_filter()).is_true());
    /// ```
    pub fn is_true(&self) -> bool {
        matches!(self, Condition::All(parts) if parts.is_empty())
    }

    /// The leaves, from left to right.
    ///
    /// ```
    /// use dataknobs_data_core::{Condition, Filter};
    /// let condition = Condition::of(&Filter::parse("a = 1 AND (b = 2 OR c = 3)")?);
    /// assert_eq!(condition.leaves().len(), 3);
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    pub fn leaves(&self) -> Vec<&Leaf> {
        fn walk<'a>(condition: &'a Condition, leaves: &mut Vec<&'a Leaf>) {
            match condition {
                Condition::All(parts) | Condition::Any(parts) => parts.iter().for_each(|part| walk(part, leaves)),
                Condition::Leaf(leaf) => leaves.push(leaf),
            }
        }
        let mut leaves = Vec::new();
        walk(self, &mut leaves);
        leaves
    }

    /// The condition with each leaf replaced.
    ///
    /// ```
    /// use dataknobs_data_core::{Condition, Filter};
    /// // What a store can answer of a filter, if it knows nothing but `age`.
    /// let condition = Condition::of(&Filter::parse("age > 30 AND name LIKE 'A%'")?);
    /// let wider = condition.map_leaves(&mut |leaf| match leaf.path().to_string().as_str() {
    ///     "age" => Condition::Leaf(leaf.clone()),
    ///     _ => Condition::TRUE,
    /// });
    /// assert_eq!(wider, Condition::of(&Filter::new("age", ">", 30)?));
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    #[must_use]
    pub fn map_leaves(&self, replace: &mut impl FnMut(&Leaf) -> Condition) -> Condition {
        match self {
            Condition::All(parts) => Condition::all(parts.iter().map(|part| part.map_leaves(replace))),
            Condition::Any(parts) => Condition::any(parts.iter().map(|part| part.map_leaves(replace))),
            Condition::Leaf(leaf) => replace(leaf),
        }
    }
}

impl Leaf {
    fn of(test: &Test, inverted: bool) -> Self {
        let (operator, operand, negated) = match (test.operator(), test.operand()) {
            (Operator::Eq, Operand::One(Value::Null)) => (Operator::Exists, Operand::None, true),
            (Operator::Neq, Operand::One(Value::Null)) => (Operator::Exists, Operand::None, false),
            (Operator::Exists, _) => (Operator::Exists, Operand::None, false),
            (Operator::NotExists, _) => (Operator::Exists, Operand::None, true),
            (operator, operand) => match operator.positive_of() {
                Some(positive) => (positive, operand.clone(), true),
                None => (operator, operand.clone(), false),
            },
        };
        // EXISTS alone is decided by presence: its negation holds where the path is absent.
        let when_absent = (operator == Operator::Exists && negated) != inverted;
        let test = test.rewritten(operator, operand);
        Leaf { test, negated: negated != inverted, when_absent }
    }

    /// The test; its operator is a positive one.
    ///
    /// ```
    /// use dataknobs_data_core::{Condition, Filter};
    /// let condition = Condition::of(&Filter::parse("age NOT IN (1, 2)")?);
    /// assert_eq!(condition.leaves()[0].test().literals().len(), 2);
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    pub fn test(&self) -> &Test {
        &self.test
    }

    /// What is compared.
    ///
    /// ```
    /// use dataknobs_data_core::{Condition, Filter};
    /// let condition = Condition::of(&Filter::parse("address.city = 'Oslo'")?);
    /// assert_eq!(condition.leaves()[0].path().segments(), ["address", "city"]);
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    pub fn path(&self) -> &Path {
        self.test.path()
    }

    /// The positive operator.
    ///
    /// ```
    /// use dataknobs_data_core::{Condition, Filter, Operator};
    /// let condition = Condition::of(&Filter::parse("age NOT IN (1, 2)")?);
    /// assert_eq!(condition.leaves()[0].operator(), Operator::In);
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    pub fn operator(&self) -> Operator {
        self.test.operator()
    }

    /// Whether the operator's result is inverted on present values.
    ///
    /// ```
    /// use dataknobs_data_core::{Condition, Filter};
    /// let condition = Condition::of(&Filter::parse("age != 30")?);
    /// assert!(condition.leaves()[0].negated());
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    pub fn negated(&self) -> bool {
        self.negated
    }

    /// The result where the path is not present.
    ///
    /// ```
    /// use dataknobs_data_core::{Condition, Filter};
    /// let condition = Condition::of(&Filter::parse("NOT age = 30")?);
    /// assert!(condition.leaves()[0].when_absent());
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    pub fn when_absent(&self) -> bool {
        self.when_absent
    }

    /// Whether it is the operator as it stands: neither inverted nor true on absent values.
    ///
    /// ```
    /// use dataknobs_data_core::{Condition, Filter};
    /// let condition = Condition::of(&Filter::parse("age = 30 AND size != 1")?);
    /// assert!(condition.leaves()[0].is_plain() && !condition.leaves()[1].is_plain());
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    pub fn is_plain(&self) -> bool {
        !self.negated && !self.when_absent
    }
}

impl Leaf {
    /// The relevance of a record for a MATCH: between 0 and 1, the share of the text's words that
    /// are tokens of the query.
    pub(crate) fn relevance(&self, record: &crate::record::Record) -> f32 {
        use super::pattern::{match_score, tokens_of};
        use super::scalar::Scalar;
        match (self.path().resolve(record), self.test.literal().and_then(Value::as_str)) {
            (Some(Scalar::String(text)), Some(wanted)) => match_score(&tokens_of(wanted), text),
            _ => 0.0,
        }
    }
}
