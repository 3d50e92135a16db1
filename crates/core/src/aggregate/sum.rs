//! Sums and means: exact over integers, compensated over floats.

use crate::error::{Error, Result};
use crate::value::{Number, Value};

/// A running sum. Partial sums of any split of the values merge to the same result, up to the
/// last bits of floats.
#[derive(Debug, Clone, Default)]
pub(super) struct Sum {
    count: u64,
    has_floats: bool,
    integers: i128,
    floats: Compensated,
    /// Floats from [`LARGE`] on, times [`SCALE`], so that no partial sum overflows and the result
    /// does not hang on the order of the values.
    large: Compensated,
}

const LARGE: f64 = f64::from_bits((1023 + 900) << 52); // 2^900
const SCALE: f64 = f64::from_bits((1023 - 128) << 52); // 2^-128

/// A sum by Neumaier's variant of Kahan's algorithm (Neumaier 1974).
#[derive(Debug, Clone, Copy, Default)]
struct Compensated {
    sum: f64,
    lost: f64,
}

impl Compensated {
    fn add(&mut self, value: f64) {
        let sum = self.sum + value;
        self.lost += if self.sum.abs() >= value.abs() { (self.sum - sum) + value } else { (value - sum) + self.sum };
        self.sum = sum;
    }

    fn merge(&mut self, other: Self) {
        self.add(other.sum);
        self.add(other.lost);
    }

    fn total(self) -> f64 {
        self.sum + self.lost
    }
}

impl Sum {
    /// Adds the same number so many times.
    #[inline]
    pub(super) fn add(&mut self, number: Number, times: u64) {
        self.count += times;
        match number {
            Number::Integer(integer) => self.integers += i128::from(integer) * i128::from(times),
            Number::Float(float) => {
                self.has_floats = true;
                let (into, float) =
                    if float.abs() < LARGE { (&mut self.floats, float) } else { (&mut self.large, float * SCALE) };
                if times == 1 {
                    return into.add(float);
                }
                // In two parts, what the product rounds being the second one.
                let product = float * times as f64;
                into.add(product);
                into.add(float.mul_add(times as f64, -product));
            }
        }
    }

    pub(super) fn merge(&mut self, other: &Self) {
        self.count += other.count;
        self.has_floats |= other.has_floats;
        self.integers += other.integers;
        self.floats.merge(other.floats);
        self.large.merge(other.large);
    }

    pub(super) fn finish(&self) -> Result<Value> {
        if self.count == 0 {
            return Ok(Value::Null);
        }
        if !self.has_floats {
            let sum = i64::try_from(self.integers);
            return sum
                .map(Value::Integer)
                .map_err(|_| Error::invalid_query("an integer sum is outside the 64-bit range"));
        }
        let (scaled, scale) = self.scaled_total();
        let sum = scaled / scale;
        if sum.is_finite() {
            Ok(Value::Float(sum))
        } else {
            Err(Error::invalid_query("a float sum is outside the range of floats"))
        }
    }

    pub(super) fn finish_mean(&self) -> Value {
        if self.count == 0 {
            return Value::Null;
        }
        if !self.has_floats {
            return Value::Float(divide(self.integers, self.count));
        }
        let (scaled, scale) = self.scaled_total();
        // A mean that underflows is plain zero.
        Value::Float(scaled / self.count as f64 / scale + 0.0)
    }

    /// The sum of everything as a float times a scale, which is 1 unless there are large floats.
    fn scaled_total(&self) -> (f64, f64) {
        let mut floats = self.floats;
        // An integer sum of more than 53 bits goes in two exact parts.
        let high = (self.integers >> 64) << 64;
        floats.add(high as f64);
        let low = self.integers - high;
        let low_high = (low >> 32) << 32;
        floats.add(low_high as f64);
        floats.add((low - low_high) as f64);
        if self.large.total() == 0.0 {
            return (floats.total() + 0.0, 1.0);
        }
        let mut total = self.large;
        total.add(floats.total() * SCALE);
        (total.total(), SCALE)
    }
}

/// The quotient, rounded once.
fn divide(sum: i128, count: u64) -> f64 {
    const EXACT: u128 = 1 << 53;
    let magnitude = sum.unsigned_abs();
    let divisor = u128::from(count);
    let quotient = if magnitude < EXACT && divisor < EXACT {
        magnitude as f64 / divisor as f64
    } else {
        // 64 binary places more than the whole part has, the last one standing for all that follow.
        let (whole, rest) = (magnitude / divisor, magnitude % divisor);
        let (places, rest) = ((rest << 64) / divisor, (rest << 64) % divisor);
        let fixed = (whole << 64) | places | u128::from(rest != 0);
        fixed as f64 / (1_u128 << 64) as f64
    };
    if sum < 0 { -quotient } else { quotient }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sum_of(numbers: &[Number]) -> Sum {
        let mut sum = Sum::default();
        numbers.iter().for_each(|number| sum.add(*number, 1));
        sum
    }

    fn floats(values: &[f64]) -> Sum {
        sum_of(&values.iter().map(|value| Number::Float(*value)).collect::<Vec<_>>())
    }

    fn integers(values: &[i64]) -> Sum {
        sum_of(&values.iter().map(|value| Number::Integer(*value)).collect::<Vec<_>>())
    }

    #[test]
    fn small_terms_survive_large_ones() {
        assert_eq!(floats(&[1e16, 1.0, -1e16]).finish().unwrap(), Value::Float(1.0));
        assert_eq!(floats(&[0.1; 10]).finish().unwrap(), Value::Float(1.0));
    }

    #[test]
    fn overflow_hangs_on_the_result_not_on_the_order() {
        for values in [[1e308, 1e308, -1e308], [1e308, -1e308, 1e308]] {
            assert_eq!(floats(&values).finish().unwrap(), Value::Float(1e308));
        }
        assert_eq!(floats(&[1e308, -1e308, 5e-324]).finish().unwrap(), Value::Float(5e-324));
        assert!(floats(&[1e308, 1e308]).finish().is_err());
        assert_eq!(floats(&[1e308, 1e308]).finish_mean(), Value::Float(1e308));
        assert!(integers(&[i64::MAX, 1]).finish().is_err());
        assert_eq!(integers(&[i64::MAX, 1, -1]).finish().unwrap(), Value::Integer(i64::MAX));
    }

    #[test]
    fn integers_stay_exact_beside_floats() {
        let sum = sum_of(&[Number::Integer(i64::MAX), Number::Float(0.5), Number::Integer(-i64::MAX)]);
        assert_eq!(sum.finish().unwrap(), Value::Float(0.5));
        let sum = sum_of(&[Number::Integer((1 << 53) + 1), Number::Float(-9_007_199_254_740_992.0)]);
        assert_eq!(sum.finish().unwrap(), Value::Float(1.0));
        let sum = sum_of(&[Number::Integer(i64::MIN), Number::Float(0.0)]);
        assert_eq!(sum.finish().unwrap(), Value::Float(i64::MIN as f64));
        assert_eq!(floats(&[-0.0]).finish().unwrap(), Value::Float(0.0));
    }

    #[test]
    fn means_are_rounded_once() {
        let cases: [(&[i64], f64); 8] = [
            (&[1, 2], 1.5),
            (&[-1, -2], -1.5),
            (&[i64::MAX, 1], 4_611_686_018_427_387_904.0),
            (&[i64::MAX, i64::MAX, i64::MAX], i64::MAX as f64),
            (&[i64::MIN, i64::MIN], i64::MIN as f64),
            (&[(1 << 53) + 1, (1 << 53) + 2], 9_007_199_254_740_994.0),
            (&[1 << 62, 1, 0], 1_537_228_672_809_129_301.7),
            (&[0, 0, 1], 1.0 / 3.0),
        ];
        for (values, expected) in cases {
            assert_eq!(integers(values).finish_mean(), Value::Float(expected), "{values:?}");
        }
    }

    #[test]
    fn parts_merge_to_the_whole() {
        let values = [1e308, 0.1, -1e308, 1e16, 2.0, -1e16, 0.2];
        for cut in 0..values.len() {
            let mut left = floats(&values[..cut]);
            left.merge(&floats(&values[cut..]));
            let Value::Float(sum) = left.finish().unwrap() else { panic!("not a float") };
            assert!((sum - 2.3).abs() < 1e-9, "{sum}");
        }
        let mut nothing = Sum::default();
        nothing.merge(&Sum::default());
        assert_eq!((nothing.finish().unwrap(), nothing.finish_mean()), (Value::Null, Value::Null));
    }
}
