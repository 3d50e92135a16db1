//! Aggregations.

use dataknobs_data_core::{Aggregation, Interval, Value};

use super::{Rng, Vocabulary};

impl Vocabulary {
    /// An aggregation over these contents. A few are invalid, most often by two columns of one
    /// name.
    pub fn aggregation(&self, rng: &mut Rng) -> Aggregation {
        let mut aggregation = Aggregation::new();
        for _ in 0..rng.one_of(&[0, 0, 1, 1, 2]) {
            let depth = rng.below(3);
            aggregation = aggregation.with_filter(self.filter(rng, depth));
        }
        for number in 0..rng.one_of(&[0, 1, 1, 1, 2]) {
            aggregation = self.group_key(rng, aggregation);
            if rng.percent(40) {
                aggregation = aggregation.alias(format!("key {number}"));
            }
        }
        for number in 0..rng.one_of(&[0, 1, 1, 2, 3]) {
            aggregation = self.aggregate(rng, aggregation);
            if rng.percent(60) {
                aggregation = aggregation.alias(format!("value {number}"));
            }
        }
        aggregation
    }

    fn group_key(&self, rng: &mut Rng, aggregation: Aggregation) -> Aggregation {
        let (path, values) = self.place(rng);
        match rng.pick(values) {
            Some(Value::DateTime(_)) if rng.percent(60) => {
                aggregation.date_histogram(&path, rng.one_of(&Interval::ALL))
            }
            Some(Value::Integer(_) | Value::Float(_)) if rng.percent(50) => {
                let width = match rng.below(4) {
                    0 => Value::from(0.5),
                    1 => Value::from(2.5),
                    _ => Value::from(rng.one_of(&[1, 2, 3, 10, 1_000_000_007])),
                };
                let origin = rng.one_of(&[0, 0, 0, 1, -7]);
                let origin = if rng.percent(20) { Value::from(0.25) } else { Value::from(origin) };
                aggregation.histogram(&path, width, origin)
            }
            _ => aggregation.group_by(&path),
        }
    }

    fn aggregate(&self, rng: &mut Rng, aggregation: Aggregation) -> Aggregation {
        let (path, _) = self.place(rng);
        match rng.below(8) {
            0 => aggregation.count(),
            1 => aggregation.count_of(&path),
            2 => aggregation.count_distinct(&path),
            3 => aggregation.min(&path),
            4 => aggregation.max(&path),
            5 | 6 => aggregation.sum(&path),
            _ => aggregation.avg(&path),
        }
    }
}
