//! The compiled form of a condition, for stores that look at records themselves.
//!
//! It gives the same answers as the [reference evaluator](super::Evaluator), faster: paths are
//! resolved once per record shape, literals are prepared once per query. The differential tests
//! hold the two against each other.

mod access;
mod leaf;
mod predicate;

use std::cell::RefCell;

pub(crate) use access::{Access, Place};
pub use leaf::LeafMatcher;
use predicate::Predicate;

use super::condition::{Condition, Leaf};
use super::operator::Operator;
use crate::record::{Record, Shape};

/// Decides whether records pass a condition.
///
/// It remembers the shape it saw last, so give each thread its own clone.
///
/// ```
/// use dataknobs_data_core::{Condition, Filter, Matcher, record};
/// let matcher = Matcher::new(&Condition::of(&Filter::new("age", ">", 30)?));
/// assert!(matcher.matches(&record! { "age": 31 }?));
/// # Ok::<(), dataknobs_data_core::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Matcher {
    node: Node,
    accesses: Vec<Access>,
    shape: RefCell<Option<ShapePlan>>,
}

/// Where each access finds its value in records of one shape. Holding the shape keeps its address
/// from being used by another one.
#[derive(Debug, Clone)]
struct ShapePlan {
    shape: Shape,
    places: Vec<access::Place>,
}

#[derive(Debug, Clone)]
enum Node {
    All(Box<[Node]>),
    Any(Box<[Node]>),
    Leaf(CompiledLeaf),
}

#[derive(Debug, Clone)]
struct CompiledLeaf {
    access: usize,
    predicate: Predicate,
    negated: bool,
    when_absent: bool,
}

impl Matcher {
    /// A matcher of this condition.
    ///
    /// ```
    /// use dataknobs_data_core::{Condition, Filter, Matcher, record};
    /// let matcher = Matcher::new(&Condition::of(&Filter::parse("name ILIKE 'a%'")?));
    /// assert!(matcher.matches(&record! { "name": "Ada" }?));
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    pub fn new(condition: &Condition) -> Self {
        let mut accesses = Vec::new();
        let node = compile(condition, &mut accesses);
        Matcher { node, accesses, shape: RefCell::new(None) }
    }

    /// Whether the record passes.
    ///
    /// ```
    /// use dataknobs_data_core::{Condition, Filter, Matcher, record};
    /// let matcher = Matcher::new(&Condition::of(&Filter::parse("age IN (30, 31)")?));
    /// assert!(matcher.matches(&record! { "age": 30.0 }?));
    /// assert!(!matcher.matches(&record! { "age": "30" }?));
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    pub fn matches(&self, record: &Record) -> bool {
        let mut plan = self.shape.borrow_mut();
        let places = match &mut *plan {
            Some(plan) if plan.shape.address() == record.shape().address() => &plan.places,
            plan => {
                let places = self.accesses.iter().map(|access| access.place(record.shape())).collect();
                &plan.insert(ShapePlan { shape: record.shape().clone(), places }).places
            }
        };
        self.holds(&self.node, record, places)
    }

    /// Keeps the records that pass, in their order.
    ///
    /// Much faster than one after the other when the records have one shape: each test runs over all
    /// that passed the one before, so that the processor fetches many records at a time and has no
    /// outcome to guess.
    ///
    /// ```
    /// use dataknobs_data_core::{Condition, Filter, Matcher, record};
    /// let matcher = Matcher::new(&Condition::of(&Filter::parse("age > 30 AND name LIKE 'A%'")?));
    /// let (ada, alan) = (record! { "name": "Ada", "age": 36 }?, record! { "name": "Alan", "age": 12 }?);
    /// let mut records = vec![&ada, &alan];
    /// matcher.retain(&mut records);
    /// assert_eq!(records, [&ada]);
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    pub fn retain(&self, records: &mut Vec<&Record>) {
        let Some(first) = records.first() else { return };
        let address = first.shape().address();
        self.matches(first);
        let plan = self.shape.borrow();
        let Some(plan) = plan.as_ref().filter(|_| records.iter().all(|record| record.shape().address() == address))
        else {
            drop(plan);
            records.retain(|record| self.matches(record));
            return;
        };
        match &self.node {
            Node::All(parts) => {
                parts.iter().for_each(|part| keep(records, |record| self.holds(part, record, &plan.places)));
            }
            node => keep(records, |record| self.holds(node, record, &plan.places)),
        }
    }

    #[inline]
    fn holds(&self, node: &Node, record: &Record, places: &[access::Place]) -> bool {
        match node {
            Node::All(parts) => parts.iter().all(|part| self.holds(part, record, places)),
            Node::Any(parts) => parts.iter().any(|part| self.holds(part, record, places)),
            Node::Leaf(leaf) => match self.accesses[leaf.access].find(places[leaf.access], record) {
                Some(value) => leaf.predicate.holds(value) != leaf.negated,
                None => leaf.when_absent,
            },
        }
    }
}

/// What `Vec::retain` does, without a branch on the outcome.
#[inline]
fn keep(records: &mut Vec<&Record>, mut test: impl FnMut(&Record) -> bool) {
    let mut kept = 0;
    for at in 0..records.len() {
        let record = records[at];
        records[kept] = record;
        kept += usize::from(test(record));
    }
    records.truncate(kept);
}

fn compile(condition: &Condition, accesses: &mut Vec<Access>) -> Node {
    match condition {
        Condition::All(parts) => Node::All(in_order_of_cost(parts, accesses)),
        Condition::Any(parts) => Node::Any(in_order_of_cost(parts, accesses)),
        Condition::Leaf(leaf) => Node::Leaf(compile_leaf(leaf, accesses)),
    }
}

/// Cheap parts first: the result is the same, and they often decide.
fn in_order_of_cost(parts: &[Condition], accesses: &mut Vec<Access>) -> Box<[Node]> {
    let mut nodes: Vec<Node> = parts.iter().map(|part| compile(part, accesses)).collect();
    nodes.sort_by_key(|node| match node {
        Node::Leaf(leaf) => leaf.predicate.cost(),
        Node::All(_) | Node::Any(_) => u8::MAX,
    });
    nodes.into()
}

fn compile_leaf(leaf: &Leaf, accesses: &mut Vec<Access>) -> CompiledLeaf {
    let access = match accesses.iter().position(|access| access.path() == leaf.path()) {
        Some(known) => known,
        None => {
            accesses.push(Access::new(leaf.path().clone()));
            accesses.len() - 1
        }
    };
    debug_assert!(leaf.operator() != Operator::NotExists);
    CompiledLeaf {
        access,
        predicate: Predicate::new(leaf.test()),
        negated: leaf.negated(),
        when_absent: leaf.when_absent(),
    }
}
