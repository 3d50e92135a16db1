use std::cmp::Ordering;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;

use super::generate::Random;
use super::*;
use crate::record::Record;
use crate::value::{DateTime, Value};
use crate::{ErrorKind, record};

fn ids(records: &[Record]) -> Vec<&str> {
    records.iter().map(|record| record.id().unwrap().as_str()).collect()
}

fn people() -> Vec<Record> {
    vec![
        record! { "name": "Cy", "age": 25 }.unwrap().with_id("c").unwrap(),
        record! { "name": "Ada", "age": 36 }.unwrap().with_id("a").unwrap(),
        record! { "name": "Eve", "age": () }.unwrap().with_id("e").unwrap(),
        record! { "name": "Bob", "age": 25.0 }.unwrap().with_id("b").unwrap(),
        record! { "name": "Dan" }.unwrap().with_id("d").unwrap(),
    ]
}

#[test]
fn a_mistake_waits_for_check_and_the_first_one_stays() {
    let query = Query::new().filter("age", "~", 1).filter("a..b", "=", 1).sort("age", "UP").limit(1);
    let error = query.check().unwrap_err();
    assert_eq!((error.kind(), error.message()), (ErrorKind::InvalidQuery, "unknown operator"));
    assert_eq!(query.check().unwrap_err().to_string(), error.to_string());
    assert!(reference_search(&[], &query, IdOrder::CodePoint).is_err());
    assert_ne!(query, Query::new().limit(1));
}

#[test]
fn every_builder_reports_its_mistakes() {
    let mistakes = [
        Query::new().filter("", "=", 1),
        Query::new().filter("_score", ">", 1),
        Query::new().filter(["", "a"], "EXISTS", ()),
        Query::new().filter("a\nb", "=", 1),
        Query::new().filter("a", "=", f64::NAN),
        Query::new().filter("a", "IN", 1),
        Query::new().filter("a", "BETWEEN", [1]),
        Query::new().filter("a", "BETWEEN", [Value::Null, Value::from(1)]),
        Query::new().filter("a", ">", Value::Null),
        Query::new().filter("a", "EXISTS", 1),
        Query::new().filter("a", "LIKE", 1),
        Query::new().filter("a", "LIKE", "x\\"),
        Query::new().filter("a", "REGEX", "("),
        Query::new().filter("a", "REGEX", "x".repeat(MAX_PATTERN_BYTES + 1)),
        Query::new().filter("a", "REGEX", "(?:\\w{1000}){1000}"),
        Query::new().filter("a", "CONTAINS", Value::json(json!([1])).unwrap()),
        Query::new().filter("a", "<", Value::json(json!({})).unwrap()),
        Query::new().filter("a", "=", ()),
        Query::new().sort("a.", "ASC"),
        Query::new().sort("a", "upwards"),
        Query::new().after("token"),
        Query::new().sort("a", "ASC").after("token"),
        Query::new().sort("a", "ASC").after("").offset(1),
        Query::new().with_filter((0..129).fold(Filter::new("a", "=", 1).unwrap(), |filter, _| filter.negate())),
    ];
    for query in mistakes {
        let error = query.check().expect_err(&format!("{query:?}"));
        assert_eq!(error.kind(), ErrorKind::InvalidQuery);
    }
    assert!(Query::new().filter("a", "=", Value::Null).filter("a", "NOT_IN", [1]).check().is_ok());
}

#[test]
fn lists_of_segments_may_hold_an_empty_json_key() {
    let record = record! { "a": Value::json(json!({"": 1})).unwrap() }.unwrap();
    let matches = |filter: Filter| Evaluator::new(filter).matches(&record);
    assert!(matches(Filter::new(["a", ""], "=", 1).unwrap()));
    assert!(Path::dotted("a.").is_err() && Path::literal(["", "a"]).is_err() && Path::literal([""; 0]).is_err());
}

fn sorted(order: &str) -> Query {
    Query::new().sort("v", order).sort("w.x", "DESC")
}

#[test]
fn positions_come_back_from_their_tokens() {
    let query = sorted("ASC");
    let values = [
        Value::Null,
        Value::from(true),
        Value::from(i64::MAX),
        Value::from(-0.5),
        Value::from(DateTime::parse("2024-01-31T10:00:00+02:00").unwrap()),
        Value::from("é\u{0}\""),
        Value::from(vec![0u8, 255]),
    ];
    for value in values {
        let record = record! { "v": value.clone(), "w": Value::json(json!({"x": 1.5})).unwrap() }.unwrap();
        for record in [record.clone(), record.with_id("ü/1").unwrap()] {
            let position = SortPosition::of(&record, query.sort_keys());
            let token = position.encode(query.sort_keys());
            assert!(token.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')));
            let decoded = SortPosition::decode(&token, query.sort_keys()).unwrap();
            assert_eq!(decoded, position);
            assert_eq!(decoded.keys()[0], Some(value.clone()).filter(|value| !value.is_null()));
            assert_eq!(decoded.id(), record.id().map(|id| id.as_str()));
            assert_eq!(decoded.compare(&record, query.sort_keys(), IdOrder::CodePoint), Ordering::Equal);
        }
    }
    // JSON values tie, so the token does not carry them.
    let record = record! { "v": Value::json(json!(["a", "long", "list"])).unwrap() }.unwrap();
    let position = SortPosition::of(&record, query.sort_keys());
    assert_eq!(position.keys()[0], Some(Value::json(json!({})).unwrap()));
}

#[test]
fn tampered_tokens_are_refused_and_never_panic() {
    let query = sorted("ASC");
    let record = record! { "v": vec![1u8, 2, 3] }.unwrap().with_id("x").unwrap();
    let token = SortPosition::of(&record, query.sort_keys()).encode(query.sort_keys());
    for other in [sorted("DESC"), Query::new().sort("v", "ASC"), Query::new().sort(["v", "w"], "ASC")] {
        let error = SortPosition::decode(&token, other.sort_keys()).unwrap_err();
        assert!(error.message().contains("another sort"));
    }
    assert!(SortPosition::decode(&token, &[]).is_err());
    let mut random = Random::new(5);
    let plain = URL_SAFE_NO_PAD.decode(token.as_str()).unwrap();
    for _ in 0..3_000 {
        let mut bytes = plain.clone();
        for _ in 0..=random.below(3) {
            let place = random.below(bytes.len());
            match random.below(3) {
                0 => bytes[place] = u8::try_from(random.below(256)).unwrap(),
                1 => bytes.truncate(place + 1),
                _ => bytes.insert(place, random.one_of(b"\"{}[],:0$\\")),
            }
        }
        let _ = SortPosition::decode(&URL_SAFE_NO_PAD.encode(&bytes), query.sort_keys());
    }
    for length in 0..token.len() {
        assert!(SortPosition::decode(&token[..length], query.sort_keys()).is_err());
    }
    let fingerprint = serde_json::from_slice::<serde_json::Value>(&plain).unwrap()["s"].clone();
    for tampered in [
        json!(5),
        json!({"s": fingerprint, "k": [1], "i": "x"}),
        json!({"s": fingerprint, "k": [1, 2, 3], "i": "x"}),
        json!({"s": fingerprint, "k": {}, "i": "x"}),
        json!({"s": fingerprint, "k": [1, 2], "i": 5}),
        json!({"s": fingerprint, "k": [1, 2]}),
        json!({"s": fingerprint, "k": [{"$json": 1}, 2], "i": "x"}),
        json!({"s": fingerprint, "k": [{"$datetime": 1}, u64::MAX], "i": null}),
    ] {
        let error = SortPosition::decode(&URL_SAFE_NO_PAD.encode(tampered.to_string()), query.sort_keys()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidQuery);
    }
}

#[test]
fn each_polarity_of_a_test_lowers_to_its_leaf() {
    let cases = [
        // Text, operator, negated, when absent.
        ("x = 1", Operator::Eq, false, false),
        ("x != 1", Operator::Eq, true, false),
        ("NOT x = 1", Operator::Eq, true, true),
        ("NOT x != 1", Operator::Eq, false, true),
        ("x > 1", Operator::Gt, false, false),
        ("NOT x > 1", Operator::Gt, true, true),
        ("x NOT IN (1)", Operator::In, true, false),
        ("NOT x NOT IN (1)", Operator::In, false, true),
        ("x NOT LIKE 'a'", Operator::Like, true, false),
        ("x NOT BETWEEN 1 AND 2", Operator::Between, true, false),
        ("x EXISTS", Operator::Exists, false, false),
        ("x NOT EXISTS", Operator::Exists, true, true),
        ("NOT x EXISTS", Operator::Exists, true, true),
        ("NOT x NOT EXISTS", Operator::Exists, false, false),
        ("x = NULL", Operator::Exists, true, true),
        ("NOT x = NULL", Operator::Exists, false, false),
        ("x != NULL", Operator::Exists, false, false),
        ("NOT x != NULL", Operator::Exists, true, true),
        ("NOT (NOT x = 1)", Operator::Eq, false, false),
        ("NOT (NOT (NOT x MATCH 'a'))", Operator::Match, true, true),
    ];
    for (text, operator, negated, when_absent) in cases {
        let Condition::Leaf(leaf) = Condition::of(&Filter::parse(text).unwrap()) else { panic!("{text} is one leaf") };
        assert_eq!((leaf.operator(), leaf.negated(), leaf.when_absent()), (operator, negated, when_absent), "{text}");
        assert_eq!(leaf.is_plain(), !negated && !when_absent);
    }
}

#[test]
fn not_moves_through_and_and_or() {
    let lowered = |text: &str| Condition::of(&Filter::parse(text).unwrap());
    let leaf = |text: &str| lowered(text);
    assert_eq!(lowered("NOT (a = 1 AND b = 2)"), Condition::any([leaf("NOT a = 1"), leaf("NOT b = 2")]));
    assert_eq!(
        lowered("NOT (a = 1 OR NOT (b = 2 AND c = 3))"),
        Condition::all([leaf("NOT a = 1"), leaf("b = 2"), leaf("c = 3")])
    );
    assert_eq!(Condition::of(&Filter::all_of([])), Condition::TRUE);
    assert_eq!(Condition::of(&Filter::all_of([]).negate()), Condition::FALSE);
    assert_eq!(Condition::of(&Filter::any_of([]).negate()), Condition::TRUE);
    let cut = Filter::any_of([Filter::new("a", "=", 1).unwrap(), Filter::all_of([])]);
    assert!(Condition::of(&cut).is_true());
    let condition = lowered("a = 1 AND (b = 2 OR c = 3)");
    assert_eq!(condition.leaves().iter().map(|leaf| leaf.to_string()).collect::<Vec<_>>(), ["a = 1", "b = 2", "c = 3"]);
    let keep = |leaf: &Leaf| if leaf.path().to_text() == "b" { Condition::TRUE } else { Condition::Leaf(leaf.clone()) };
    assert_eq!(condition.map_leaves(&mut { keep }), leaf("a = 1"));
}

#[test]
fn what_is_not_present_sorts_last_in_both_directions() {
    let found = |query: Query| reference_search(&people(), &query, IdOrder::CodePoint).unwrap();
    assert_eq!(ids(&found(Query::new().sort("age", "ASC"))), ["b", "c", "a", "d", "e"]);
    assert_eq!(ids(&found(Query::new().sort("age", "DESC"))), ["a", "b", "c", "d", "e"]);
    assert_eq!(ids(&found(Query::new())), ["c", "a", "e", "b", "d"]);
    assert_eq!(ids(&found(Query::new().sort("age", "ASC").sort("name", "DESC"))), ["c", "b", "a", "e", "d"]);
}

#[test]
fn classes_sort_in_their_order() {
    let values = [
        ("json2", Value::json(json!([9])).unwrap()),
        ("json1", Value::json(json!({"a": 1})).unwrap()),
        ("bytes", Value::from(vec![0u8])),
        ("text", Value::from("1")),
        ("time", Value::from(DateTime::from_micros(0))),
        ("big", Value::from(i64::MAX)),
        ("small", Value::from(-1.5)),
        ("true", Value::from(true)),
        ("false", Value::from(false)),
        ("null", Value::Null),
    ];
    let records: Vec<_> =
        values.into_iter().map(|(id, value)| record! { "v": value }.unwrap().with_id(id).unwrap()).collect();
    let found = |order: &str| {
        let query = Query::new().sort("v", order);
        ids(&reference_search(&records, &query, IdOrder::CodePoint).unwrap()).join(" ")
    };
    assert_eq!(found("ASC"), "false true small big time text bytes json1 json2 null");
    assert_eq!(found("DESC"), "json1 json2 bytes text time big small true false null");
}

#[test]
fn pages_by_after_make_up_the_whole() {
    let records = people();
    for sort in [&["age"][..], &["age", "name"], &["missing"], &["_id"]] {
        for order in ["ASC", "DESC"] {
            let query = sort.iter().fold(Query::new(), |query, path| query.sort(*path, order)).limit(2);
            let whole = reference_search(&records, &query.clone().limit(None), IdOrder::CodePoint).unwrap();
            let (mut pages, mut next) = (Vec::new(), query.clone());
            loop {
                let page = reference_search(&records, &next, IdOrder::CodePoint).unwrap();
                let Some(last) = page.last() else { break };
                next = query.clone().after(SortPosition::of(last, query.sort_keys()).encode(query.sort_keys()));
                pages.extend(page);
            }
            assert_eq!(ids(&pages), ids(&whole), "{query}");
        }
    }
}

#[test]
fn offset_limit_and_projection_come_last() {
    let found = |text: &str| {
        let query = Query::parse(text).unwrap();
        reference_search(&people(), &query, IdOrder::CodePoint).unwrap()
    };
    assert_eq!(ids(&found("ORDER BY name LIMIT 2 OFFSET 1")), ["b", "c"]);
    assert_eq!(ids(&found("age = 25 ORDER BY name DESC")), ["c", "b"]);
    assert!(found("LIMIT 0").is_empty() && found("OFFSET 9223372036854775807").is_empty());
    let query = Query::new().filter("age", "=", 36).select(["age", "none"]);
    let found = reference_search(&people(), &query, IdOrder::CodePoint).unwrap();
    assert_eq!((found[0].len(), found[0].id().map(|id| id.as_str())), (1, Some("a")));
}

#[test]
fn numeric_ids_order_as_numbers() {
    let records: Vec<_> =
        ["10", "9", "-1", "x"].map(|id| record! { "v": 1 }.unwrap().with_id(id).unwrap()).into_iter().collect();
    let query = Query::new().sort("v", "DESC");
    assert_eq!(ids(&reference_search(&records, &query, IdOrder::Numeric).unwrap()), ["-1", "9", "10", "x"]);
    assert_eq!(ids(&reference_search(&records, &query, IdOrder::CodePoint).unwrap()), ["-1", "10", "9", "x"]);
}

#[test]
fn where_ids_are_numbers_they_sort_as_numbers() {
    let records: Vec<Record> =
        ["10", "9", "-1", "x"].into_iter().map(|id| record! { "same": 1 }.unwrap().with_id(id).unwrap()).collect();
    let ids = |query: Query, order| -> Vec<String> {
        let found = reference_search(&records, &query, order).unwrap();
        let mut sorter = Sorter::new(query.sort_keys().to_vec(), order, None, 0, None);
        records.iter().cloned().for_each(|record| sorter.push(record));
        assert_eq!(sorter.finish(), found);
        found.iter().map(|record| record.id().unwrap().to_string()).collect()
    };
    for path in ["_id", "id", "same"] {
        assert_eq!(ids(Query::new().sort(path, "ASC"), IdOrder::Numeric), ["-1", "9", "10", "x"]);
        assert_eq!(ids(Query::new().sort(path, "ASC"), IdOrder::CodePoint), ["-1", "10", "9", "x"]);
    }
    assert_eq!(ids(Query::new().sort("_id", "DESC"), IdOrder::Numeric), ["x", "10", "9", "-1"]);
    let after = SortPosition::of(&records[1], Query::new().sort("_id", "ASC").sort_keys());
    let sort = Query::new().sort("_id", "ASC");
    let query = sort.clone().after(after.encode(sort.sort_keys()));
    assert_eq!(reference_search(&records, &query, IdOrder::Numeric).unwrap().len(), 2);
}

/// Long lists are looked up by hash, short ones one by one; both say what the rules say.
#[test]
fn long_lists_hold_what_short_ones_do() {
    let time = |text: &str| Value::from(DateTime::parse(text).unwrap());
    let values = vec![
        Value::Null,
        Value::from(true),
        Value::from(1),
        Value::from(1.0),
        Value::from(-0.0),
        Value::from(0),
        Value::from(2.5),
        Value::from((1_i64 << 53) + 1),
        Value::from(9_007_199_254_740_992.0),
        Value::from(9.3e18),
        Value::from(i64::MIN),
        Value::from("a"),
        Value::from("2024-01-01"),
        Value::from("1"),
        time("2024-01-01T00:00:00Z"),
        time("2024-01-01T02:00:00+02:00"),
        time("2024-01-02"),
        Value::from(vec![1u8]),
        Value::from(vec![2u8]),
        Value::json(json!([1, 2.0])).unwrap(),
        Value::json(json!({"a": 1})).unwrap(),
    ];
    let records: Vec<Record> = values.iter().map(|value| record! { "v": value.clone() }.unwrap()).collect();
    let mut random = Random::new(7);
    for round in 0..200 {
        let count = 8 + round % 9;
        let list: Vec<Value> = (0..count).map(|_| values[random.below(values.len())].clone()).collect();
        for operator in [Operator::In, Operator::NotIn] {
            let filter = Filter::new("v", operator, list.clone()).unwrap();
            let matcher = Matcher::new(&Condition::of(&filter));
            let evaluator = Evaluator::new(filter.clone());
            for record in &records {
                assert_eq!(matcher.matches(record), evaluator.matches(record), "{filter} on {record:?}");
            }
        }
    }
}
