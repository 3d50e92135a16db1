//! Rows of batches pass a condition exactly where their records do.

use dataknobs_data_arrow::{BatchFilter, ToArrowOptions, records_to_batches};
use dataknobs_data_core::{Condition, Evaluator, Filter, Record, Value, record};
use dataknobs_data_testkit::generate::{Contents, Limits, Rng, Vocabulary};

#[track_caller]
fn assert_same(records: &[Record], filter: &Filter, options: &ToArrowOptions, case: &str) {
    let evaluator = Evaluator::new(filter.clone());
    let batch_filter = BatchFilter::new(&Condition::of(filter));
    let (_, batches) = records_to_batches(records, options).unwrap();
    let selected: Vec<bool> =
        batches.iter().flat_map(|batch| batch_filter.select(batch).unwrap().iter().collect::<Vec<_>>()).collect();
    let expected: Vec<bool> = records.iter().map(|record| evaluator.matches(record)).collect();
    assert_eq!(selected, expected, "{case}: {filter}");
}

#[test]
fn random_conditions_agree_with_the_reference_evaluator() {
    let mut tests = 0;
    for seed in 0..2_000 {
        let mut rng = Rng::of(seed, "batch filter");
        let contents = Contents::generate(&mut rng, Limits::NONE);
        let vocabulary = Vocabulary::of(&contents);
        for _ in 0..10 {
            let filter = vocabulary.filter(&mut rng, 2);
            assert_same(&contents.records, &filter, &ToArrowOptions::exact(), &format!("seed {seed}"));
            tests += 1;
        }
    }
    assert_eq!(tests, 20_000);
}

#[test]
fn plain_columns_agree_at_the_edges_of_their_types() {
    let two_pow_53 = 9_007_199_254_740_992_i64;
    let integers = [i64::MIN, -two_pow_53 - 1, -3, -1, 0, 1, 2, 3, two_pow_53, two_pow_53 + 1, i64::MAX];
    let floats = [
        f64::MIN,
        -1e19,
        -9.223_372_036_854_776e18,
        -2.5,
        -0.0,
        0.0,
        5e-324,
        2.5,
        9.007_199_254_740_992e15,
        1e19,
        f64::MAX,
    ];
    let times = ["2024-05-01T10:00:00+02:00", "2024-05-01", "0001-01-01T00:00:00", "9999-12-31T23:59:59.999999"];
    let literals: Vec<Value> = (integers.iter().map(|integer| Value::from(*integer)))
        .chain(floats.iter().map(|float| Value::from(*float)))
        .chain(times.iter().map(|time| Value::from(*time)))
        .chain(times.iter().map(|time| Value::from(dataknobs_data_core::DateTime::parse(time).unwrap())))
        .chain([Value::from(true), Value::from(false), Value::from("x"), Value::from("2024-05-01x")])
        .collect();
    for kind in 0..5 {
        let columns: Vec<Value> = match kind {
            0 => integers.iter().map(|integer| Value::from(*integer)).collect(),
            1 => floats.iter().map(|float| Value::from(*float)).collect(),
            2 => times.iter().map(|time| Value::from(dataknobs_data_core::DateTime::parse(time).unwrap())).collect(),
            3 => vec![Value::from(true), Value::from(false)],
            _ => vec![Value::from(""), Value::from("x"), Value::from("2024-05-01")],
        };
        let shape = record! { "c": columns[0].clone() }.unwrap().shape().clone();
        let records: Vec<Record> = columns
            .iter()
            .cloned()
            .chain([Value::Null])
            .map(|value| Record::from_shape(&shape, vec![value]).unwrap())
            .collect();
        for literal in &literals {
            for operator in ["=", "!=", ">", ">=", "<", "<=", "IN", "NOT IN", "BETWEEN", "NOT BETWEEN"] {
                let filter = if operator.contains("IN") {
                    Filter::new("c", operator, vec![literal.clone(), literals[3].clone()])
                } else if operator.contains("BETWEEN") {
                    Filter::new("c", operator, vec![literal.clone(), literals[8].clone()])
                } else {
                    Filter::new("c", operator, literal.clone())
                };
                let filter = filter.unwrap();
                assert_same(&records, &filter, &ToArrowOptions::new(), "edges");
                assert_same(&records, &filter.negate(), &ToArrowOptions::new(), "edges, negated");
            }
        }
    }
}
