//! The form of a filter that backends see: no NOT above a leaf.

use super::filter::{Filter, Operand, Test};
use super::operator::Operator;
use super::path::Path;
use crate::value::Value;

/// A filter with every NOT moved down to its leaves. Replacing a leaf by one that is true more
/// often can therefore only let more records through.
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
#[derive(Debug, Clone, PartialEq)]
pub struct Leaf {
    test: Test,
    negated: bool,
    when_absent: bool,
}

impl Condition {
    /// True for every record.
    pub const TRUE: Condition = Condition::All(Vec::new());
    /// False for every record.
    pub const FALSE: Condition = Condition::Any(Vec::new());

    /// Lowers a filter.
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
    pub fn is_true(&self) -> bool {
        matches!(self, Condition::All(parts) if parts.is_empty())
    }

    /// The leaves, from left to right.
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
    pub fn test(&self) -> &Test {
        &self.test
    }

    /// What is compared.
    pub fn path(&self) -> &Path {
        self.test.path()
    }

    /// The positive operator.
    pub fn operator(&self) -> Operator {
        self.test.operator()
    }

    /// Whether the operator's result is inverted on present values.
    pub fn negated(&self) -> bool {
        self.negated
    }

    /// The result where the path is not present.
    pub fn when_absent(&self) -> bool {
        self.when_absent
    }

    /// Whether it is the operator as it stands: neither inverted nor true on absent values.
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
