//! The generators keep what they promise.

use dataknobs_data_core::{Evaluator, Query, Value};

use super::*;

fn contents(seed: u64) -> Contents {
    Contents::generate(&mut Rng::new(seed), Limits::NONE)
}

#[test]
fn the_same_seed_gives_the_same_contents_and_queries() {
    for seed in 0..20 {
        let (first, second) = (contents(seed), contents(seed));
        assert_eq!(first.records, second.records);
        let query = |contents: &Contents| Vocabulary::of(contents).query(&mut Rng::new(seed)).to_json();
        assert_eq!(query(&first), query(&second));
    }
}

#[test]
fn contents_vary_in_size_and_reach_every_kind_of_value() {
    let all: Vec<Contents> = (0..200).map(contents).collect();
    assert!(all.iter().any(|contents| contents.records.is_empty()));
    assert!(all.iter().any(|contents| contents.records.len() > 30));
    let values: Vec<&Value> =
        all.iter().flat_map(|contents| &contents.records).flat_map(dataknobs_data_core::Record::values).collect();
    for kind in ["null", "boolean", "integer", "float", "string", "datetime", "json", "binary"] {
        assert!(values.iter().filter(|value| value.kind_name() == kind).count() > 50, "{kind}");
    }
    assert!(values.iter().any(|value| **value == Value::from(i64::MIN)));
    assert!(values.iter().any(|value| value.as_float().is_some_and(|float| float == 0.0 && float.is_sign_negative())));
    assert!(values.iter().any(|value| value.as_str().is_some_and(|text| text.chars().count() > 1_000)));
}

#[test]
fn about_half_of_the_tests_are_selective() {
    let (mut selective, mut total) = (0, 0);
    for seed in 0..300 {
        let contents = contents(seed);
        if contents.records.len() < 5 {
            continue;
        }
        let vocabulary = Vocabulary::of(&contents);
        let mut rng = Rng::new(seed);
        for _ in 0..20 {
            let evaluator = Evaluator::new(vocabulary.test(&mut rng));
            let hits = contents.records.iter().filter(|record| evaluator.matches(record)).count();
            total += 1;
            selective += usize::from(hits > 0 && hits < contents.records.len());
        }
    }
    let share = selective * 100 / total;
    assert!((40..=90).contains(&share), "{share} % of {total} tests are selective");
}

#[test]
fn queries_come_apart_and_together() {
    let vocabulary = Vocabulary::of(&contents(5));
    let mut rng = Rng::new(5);
    let valid: Vec<Query> =
        (0..200).map(|_| vocabulary.query(&mut rng)).filter(|query| query.check().is_ok()).collect();
    assert!(valid.len() > 150);
    assert!(valid.iter().all(|query| QueryParts::of(query).to_query() == *query));
}
