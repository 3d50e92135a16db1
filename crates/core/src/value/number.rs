//! Exact comparison across integers and floats.

use std::cmp::Ordering;

/// A number of either kind. Floats are finite.
///
/// ```
/// use dataknobs_data_core::{Number, compare_numbers};
/// use std::cmp::Ordering;
/// assert_eq!(compare_numbers(Number::Integer(1), Number::Float(1.0)), Ordering::Equal);
/// ```
#[derive(Debug, Clone, Copy)]
pub enum Number {
    /// A whole number.
    Integer(i64),
    /// A finite float.
    Float(f64),
}

const TWO_POW_63: f64 = 9_223_372_036_854_775_808.0;

/// Orders two numbers by their exact mathematical values; `-0.0` equals `0`.
///
/// ```
/// use dataknobs_data_core::{Number, compare_numbers};
/// use std::cmp::Ordering;
/// let big = Number::Integer(9_007_199_254_740_993); // 2^53 + 1, which no float holds
/// assert_eq!(compare_numbers(big, Number::Float(9_007_199_254_740_992.0)), Ordering::Greater);
/// ```
pub fn compare_numbers(a: Number, b: Number) -> Ordering {
    match (a, b) {
        (Number::Integer(a), Number::Integer(b)) => a.cmp(&b),
        (Number::Float(a), Number::Float(b)) => a.partial_cmp(&b).unwrap_or(Ordering::Equal),
        (Number::Integer(a), Number::Float(b)) => compare_integer_float(a, b),
        (Number::Float(a), Number::Integer(b)) => compare_integer_float(b, a).reverse(),
    }
}

fn compare_integer_float(integer: i64, float: f64) -> Ordering {
    if float >= TWO_POW_63 {
        return Ordering::Less;
    }
    if float < -TWO_POW_63 {
        return Ordering::Greater;
    }
    // In range, truncation is exact; what it cuts decides between equal whole parts.
    let whole = float.trunc();
    integer.cmp(&(whole as i64)).then_with(|| 0.0_f64.partial_cmp(&(float - whole)).unwrap_or(Ordering::Equal))
}

/// The integer that equals this float exactly, if there is one.
pub(crate) fn float_as_integer(float: f64) -> Option<i64> {
    (float.fract() == 0.0 && (-TWO_POW_63..TWO_POW_63).contains(&float)).then_some(float as i64)
}

/// The float that equals this integer exactly, if there is one.
pub(crate) fn integer_as_float(integer: i64) -> Option<f64> {
    let float = integer as f64;
    (compare_integer_float(integer, float) == Ordering::Equal).then_some(float)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comparison_is_exact_at_the_edges() {
        use Ordering::{Equal, Greater, Less};
        let cases = [
            (i64::MAX, TWO_POW_63, Less),
            (i64::MIN, -TWO_POW_63, Equal),
            (i64::MIN, -1e19, Greater),
            (1 << 53, 9_007_199_254_740_992.0, Equal),
            ((1 << 53) + 1, 9_007_199_254_740_992.0, Greater),
            ((1 << 53) - 1, 9_007_199_254_740_992.0, Less),
            (0, -0.0, Equal),
            (1, 1.5, Less),
            (-1, -1.5, Greater),
            (2, 1.5, Greater),
        ];
        for (integer, float, expected) in cases {
            let (a, b) = (Number::Integer(integer), Number::Float(float));
            assert_eq!(compare_numbers(a, b), expected, "{integer} against {float}");
            assert_eq!(compare_numbers(b, a), expected.reverse());
        }
        assert_eq!(compare_numbers(Number::Float(1.0), Number::Float(2.0)), Less);
        assert_eq!(compare_numbers(Number::Integer(1), Number::Integer(1)), Equal);
    }

    #[test]
    fn exact_conversions_refuse_to_round() {
        assert_eq!(float_as_integer(3.0), Some(3));
        assert_eq!(float_as_integer(3.5), None);
        assert_eq!(float_as_integer(TWO_POW_63), None);
        assert_eq!(float_as_integer(-TWO_POW_63), Some(i64::MIN));
        assert_eq!(integer_as_float(1 << 53), Some(9_007_199_254_740_992.0));
        assert_eq!(integer_as_float((1 << 53) + 1), None);
        assert_eq!(integer_as_float(i64::MAX), None);
    }
}
