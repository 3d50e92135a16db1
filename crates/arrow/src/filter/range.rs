//! Comparisons as ranges of a column's own type, so that exact comparison with any literal is two
//! plain comparisons a value.

use std::cmp::Ordering;

use arrow_buffer::BooleanBuffer;
use dataknobs_data_core::{DateTime, Number, Operator, Test, Value, compare_numbers};

/// Values from `low` to `high`, both included; no value where `low` is greater.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Range<T> {
    low: T,
    high: T,
}

impl<T: PartialOrd + Copy> Range<T> {
    /// Which of these are inside, or outside when negated.
    pub(super) fn select(self, values: &[T], negated: bool) -> BooleanBuffer {
        let Range { low, high } = self;
        BooleanBuffer::collect_bool(values.len(), |row| {
            let value = values[row];
            ((low <= value) & (value <= high)) != negated
        })
    }
}

/// The nearest values of a column's type around a literal: the least that is not below it, the least
/// above it, the greatest below it, the greatest not above it. None where there is none.
struct Around<T> {
    at_least: Option<T>,
    above: Option<T>,
    below: Option<T>,
    at_most: Option<T>,
}

/// The least and the greatest value of a type.
struct Whole<T>(T, T);

/// The range of a comparison; none for operators that are no comparison. A literal of another class
/// has nothing around it.
fn range<T: Copy>(
    test: &Test,
    Whole(least, greatest): Whole<T>,
    around: impl Fn(&Value) -> Option<Around<T>>,
) -> Option<Range<T>> {
    let never = Range { low: greatest, high: least };
    let (low, high) = match (test.operator(), test.literals()) {
        (Operator::Between, [low, high]) => match (around(low), around(high)) {
            (Some(low), Some(high)) => (low.at_least, high.at_most),
            _ => return Some(never),
        },
        (operator, _) => {
            if !matches!(operator, Operator::Eq | Operator::Gt | Operator::Gte | Operator::Lt | Operator::Lte) {
                return None;
            }
            let Some(around) = around(test.literal()?) else { return Some(never) };
            match operator {
                Operator::Eq => (around.at_least, around.at_most),
                Operator::Gt => (around.above, Some(greatest)),
                Operator::Gte => (around.at_least, Some(greatest)),
                Operator::Lt => (Some(least), around.below),
                _ => (Some(least), around.at_most),
            }
        }
    };
    Some(match (low, high) {
        (Some(low), Some(high)) => Range { low, high },
        _ => never,
    })
}

pub(super) fn integer_range(test: &Test) -> Option<Range<i64>> {
    range(test, Whole(i64::MIN, i64::MAX), |literal| match literal {
        Value::Integer(integer) => Some(around_integer(*integer)),
        Value::Float(float) => {
            // Saturating casts are right here: what lies outside stands at or past the last integer.
            let (floor, ceiling) = (float.floor(), float.ceil());
            let fits = |whole: f64| (-TWO_POW_63..TWO_POW_63).contains(&whole);
            Some(Around {
                at_least: (ceiling < TWO_POW_63).then_some(ceiling as i64),
                above: if fits(floor) { (floor as i64).checked_add(1) } else { (floor < 0.0).then_some(i64::MIN) },
                below: if fits(ceiling) {
                    (ceiling as i64).checked_sub(1)
                } else {
                    (ceiling > 0.0).then_some(i64::MAX)
                },
                at_most: (floor >= -TWO_POW_63).then_some(floor as i64),
            })
        }
        _ => None,
    })
}

pub(super) fn date_range(test: &Test) -> Option<Range<i64>> {
    range(test, Whole(i64::MIN, i64::MAX), |literal| match literal {
        Value::DateTime(time) => Some(around_integer(time.micros())),
        Value::String(text) => DateTime::parse(text).ok().map(|time| around_integer(time.micros())),
        _ => None,
    })
}

pub(super) fn float_range(test: &Test) -> Option<Range<f64>> {
    range(test, Whole(f64::MIN, f64::MAX), |literal| {
        let (nearest, order) = match literal {
            Value::Float(float) => (*float, Ordering::Equal),
            Value::Integer(integer) => {
                let nearest = *integer as f64;
                (nearest, compare_numbers(Number::Float(nearest), Number::Integer(*integer)))
            }
            _ => return None,
        };
        let (up, down) = (Some(nearest.next_up()), Some(nearest.next_down()));
        let nearest = Some(nearest);
        Some(match order {
            Ordering::Less => Around { at_least: up, above: up, below: nearest, at_most: nearest },
            Ordering::Equal => Around { at_least: nearest, above: up, below: down, at_most: nearest },
            Ordering::Greater => Around { at_least: nearest, above: nearest, below: down, at_most: down },
        })
    })
}

const TWO_POW_63: f64 = 9_223_372_036_854_775_808.0;

fn around_integer(integer: i64) -> Around<i64> {
    Around {
        at_least: Some(integer),
        above: integer.checked_add(1),
        below: integer.checked_sub(1),
        at_most: Some(integer),
    }
}
