//! The runner itself: it notices what differs, and keeps little of it.

use dataknobs_data_core::{Field, FieldType, Query, Record, Value, record};
use serde_json::json;

use super::shrink::shrink_while;
use super::*;
use crate::generate::{Contents, Limits, Operation, Rng, Vocabulary};

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

fn contents() -> Vec<Record> {
    let record = |id: &str, a: i64| record! { "a": a, "b": "x" }.unwrap().with_id(id).unwrap();
    vec![record("1", 3), record("2", 1), record("3", 2)]
}

/// What comparing says when the store holds `stored` but should hold `wanted`.
fn difference(stored: &[Record], wanted: &[Record], query: &Query) -> Option<String> {
    block_on(async {
        let mut store = Store::open(Target::Memory, 7, &[]).await.unwrap();
        store.load(stored, true).await.unwrap();
        compare(&store, store.limits(), wanted, query, 7).await.err()
    })
}

#[test]
fn equal_contents_do_not_differ() {
    let query = Query::new().filter("a", ">", 1).sort("a", "DESC").limit(1);
    assert_eq!(difference(&contents(), &contents(), &query), None);
}

#[test]
fn every_part_of_a_record_counts() {
    let change: [fn(&mut Record); 7] = [
        |record| record.set("a", 3.0).unwrap(),
        |record| record.set_field(Field::new("b", "x").with_type(FieldType::Text)).unwrap(),
        |record| record.set_field(Field::new("b", "x").with_metadata("unit", "kg")).unwrap(),
        |record| record.set("c", Value::Null).unwrap(),
        |record| drop(record.remove("b")),
        |record| {
            let field = record.remove("a").unwrap();
            record.set_field(field).unwrap();
        },
        |record| *record = record.clone().with_metadata("k", json!(1)).unwrap(),
    ];
    for change in change {
        let mut wanted = contents();
        change(&mut wanted[0]);
        assert!(difference(&contents(), &wanted, &Query::new()).is_some(), "{:?}", wanted[0]);
    }
}

#[test]
fn order_and_number_of_records_count() {
    let mut wanted = contents();
    wanted.swap(0, 1);
    assert!(difference(&contents(), &wanted, &Query::new()).is_some());
    // The same page of fewer records: only counting and paging can tell.
    let query = Query::new().sort("_id", "ASC").limit(1);
    assert!(difference(&contents(), &contents()[..2], &query).is_some());
}

#[test]
fn null_and_missing_are_one_where_a_store_cannot_tell() {
    let wanted = record! { "a": Value::Null, "b": 1 }.unwrap();
    let found = record! { "b": 1 }.unwrap();
    let cannot_tell = Limits { missing_fields: false, ..Limits::NONE };
    assert_eq!(record_difference(&wanted, &found, cannot_tell), None);
    assert!(record_difference(&wanted, &found, Limits::NONE).is_some());
}

#[test]
fn cases_are_shrunk_to_what_matters() {
    let mut rng = Rng::new(3);
    let contents = Contents::generate(&mut rng, Limits::NONE);
    let mut records = contents.records.clone();
    records.push(record! { "b": 1, "a": "needle", "c": true }.unwrap().with_id("n").unwrap());
    let text = "b > 1 AND NOT (c = 2 OR NOT (a IN ('x', 'needle', 'y') OR b IS NULL)) ORDER BY c, b LIMIT 10 OFFSET 2";
    let query = Query::parse(text).unwrap().select(["a"]);
    let case = Case { target: Target::Memory, seed: 1, contents: records, trial: Trial::Query(query) };
    // Stands for a store that loses track of needles when it is asked for them.
    let fails = async |case: &Case| {
        let Trial::Query(query) = &case.trial else { return Ok(()) };
        let stored = case.contents.iter().any(|record| record.get("a") == Some(&Value::from("needle")));
        let wanted = query.to_json().to_string().contains("needle");
        if stored && wanted { Err("lost".to_owned()) } else { Ok(()) }
    };
    let (small, _) = block_on(shrink_while(case, "lost".to_owned(), fails));
    assert_eq!(small.contents.len(), 1);
    assert_eq!(small.contents[0].len(), 1);
    let Trial::Query(query) = &small.trial else { panic!("a query stays a query") };
    assert_eq!(query.to_string(), "a IN ('needle')");
}

#[test]
fn cases_survive_their_json_form() {
    for seed in 0..40 {
        let mut rng = Rng::new(seed);
        let contents = Contents::generate(&mut rng, Limits::NONE);
        let vocabulary = Vocabulary::of(&contents);
        let mut valid = || {
            let query = vocabulary.query(&mut rng);
            if query.check().is_ok() { query } else { Query::new() }
        };
        let (first, last) = (valid(), valid());
        let operations = (0..10).map(|_| Operation::generate(&mut rng, &contents, &vocabulary)).collect();
        for trial in [Trial::Query(first), Trial::Writes(operations, last)] {
            let case = Case { target: Target::MemoryIndexed, seed, contents: contents.records.clone(), trial };
            let text = case.to_json().to_string();
            let back = Case::from_json(serde_json::from_str(&text).unwrap()).unwrap();
            assert_eq!(back.to_json().to_string(), text);
            assert_eq!(back.contents, case.contents);
        }
    }
}

#[test]
fn a_case_is_kept_under_one_name() {
    let folder = tempfile::tempdir().unwrap();
    let case = Case { target: Target::Memory, seed: 1, contents: contents(), trial: Trial::Query(Query::new()) };
    let first = case.save(folder.path(), "differs").unwrap();
    assert_eq!(case.save(folder.path(), "differs").unwrap(), first);
    let kept = Case::load_all(folder.path()).unwrap();
    assert_eq!(kept.len(), 1);
    assert_eq!(kept[0].1.contents, contents());
    std::fs::write(folder.path().join("broken.json"), "{}").unwrap();
    assert!(Case::load_all(folder.path()).unwrap_err().to_string().contains("broken.json"));
    assert!(Case::load_all(&folder.path().join("none")).unwrap().is_empty());
}

#[test]
fn runs_repeat_and_find_nothing_in_memory() {
    for target in [Target::Memory, Target::MemoryIndexed, Target::MemoryTransaction] {
        let options = Options { cases: 60, seed: 5, regressions: None };
        let report = block_on(run(target, &options)).unwrap();
        assert_eq!((report.pairs, report.sequences, report.replayed), (60, 3, 0));
        assert_eq!(Target::named(target.name()), Some(target));
        assert!(report.pairs_per_second() > 0.0);
    }
}
