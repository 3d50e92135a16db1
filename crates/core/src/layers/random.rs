//! Numbers that look random enough for jitter and for fault injection.

use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};

/// A sequence of numbers, shared between tasks: splitmix64 (Steele, Lea, Flood 2014) over a counter.
#[derive(Debug)]
pub(super) struct Random(AtomicU64);

impl Random {
    /// The sequence of this seed.
    pub(super) fn seeded(seed: u64) -> Self {
        Random(AtomicU64::new(seed))
    }

    /// Another sequence each time.
    pub(super) fn unpredictable() -> Self {
        Self::seeded(RandomState::new().hash_one(0_u8))
    }

    /// A number from 0 up to, not including, 1.
    pub(super) fn fraction(&self) -> f64 {
        const STEP: u64 = 0x9E37_79B9_7F4A_7C15;
        let mut bits = self.0.fetch_add(STEP, Ordering::Relaxed).wrapping_add(STEP);
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        bits ^= bits >> 31;
        (bits >> 11) as f64 / (1_u64 << 53) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fractions_fill_their_range_and_repeat_by_seed() {
        let random = Random::seeded(1);
        let numbers: Vec<_> = (0..1000).map(|_| random.fraction()).collect();
        assert!(numbers.iter().all(|number| (0.0..1.0).contains(number)));
        let mean = numbers.iter().sum::<f64>() / 1000.0;
        assert!((0.45..0.55).contains(&mean), "{mean}");
        let again = Random::seeded(1);
        assert!(numbers.iter().all(|number| *number == again.fraction()));
        assert_ne!(Random::unpredictable().fraction(), Random::unpredictable().fraction());
    }
}
