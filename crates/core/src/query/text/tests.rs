use super::*;
use crate::ErrorKind;
use crate::query::generate::Random;
use crate::query::{Condition, Evaluator, Operator, SortKey};
use crate::record::Record;
use crate::value::Value;

fn round_trip(text: &str) -> String {
    Query::parse(text).unwrap_or_else(|error| panic!("{text}: {error:?}")).to_string()
}

#[test]
fn canonical_texts_come_back_as_they_are() {
    for text in [
        "",
        "age >= 25 AND name LIKE 'John%' ORDER BY age DESC LIMIT 10",
        "age = 1 AND NOT city IN ('Oslo', 'Bergen') OFFSET 3",
        "a = 1 OR b = 2 AND c = 3",
        "(a = 1 OR b = 2) AND c = 3",
        "NOT (a = 1 AND b = 2)",
        "NOT (NOT a = 1)",
        "NOT a NOT LIKE 'x'",
        "a IN ()",
        "a NOT BETWEEN -1 AND 2.5",
        "a NOT REGEX 'x' OR b NOT STARTS WITH 'y' OR NOT c NOT MATCH 'z'",
        "a NOT EXISTS AND b EXISTS AND c = NULL AND d != NULL",
        "a.b.0 = TRUE AND \"a.b\" = FALSE AND \"a\".\"b\" = 1.0 AND `a.b c` = 1e300",
        "a = TIMESTAMP '2024-01-31T10:00:00Z' AND b = X'00FF' AND c = JSON '{\"k\":[\"it''s\"]}'",
        "in IN (1) AND exists EXISTS AND \"limit\" = 1 AND `limit.x` = 2 AND x.not = 3",
        "ORDER BY `order.by``x` DESC",
        "ORDER BY asc, desc DESC, \"order\" LIMIT 0",
    ] {
        assert_eq!(round_trip(text), text);
    }
}

#[test]
fn other_spellings_become_canonical() {
    for (text, expected) in [
        (" age>=+5 ", "age >= 5"),
        ("a == 1 and b <> 2", "a = 1 AND b != 2"),
        ("((a = 1)) AND (b = 2 AND c = 3)", "a = 1 AND b = 2 AND c = 3"),
        ("a is null or a Is Not Null", "a NOT EXISTS OR a EXISTS"),
        ("a starts_with 'x'", "a STARTS WITH 'x'"),
        ("a EXISTS AND NOT a REGEX 'x' AND b = 1", "a NOT REGEX 'x' AND b = 1"),
        ("a = x'ab' AND a < timestamp'2024-01-31'", "a = X'AB' AND a < TIMESTAMP '2024-01-31T00:00:00'"),
        ("a.\"b\".0 = 1", "\"a\".\"b\".\"0\" = 1"),
        ("order by a asc, b.c desc limit 5 offset 6", "ORDER BY a, b.c DESC LIMIT 5 OFFSET 6"),
    ] {
        assert_eq!(round_trip(text), expected);
    }
    assert_eq!(Query::parse("(a = 1 AND b = 2) AND c = 3").unwrap().filters().len(), 2);
    assert_eq!(Query::parse("a = 1 AND b = 2 AND c = 3").unwrap().filters().len(), 3);
}

#[test]
fn what_the_grammar_cannot_say_prints_as_the_same_meaning() {
    let test = Filter::parse("a = 1").unwrap();
    for (filter, expected) in [
        (Filter::all_of([]), "_id EXISTS"),
        (Filter::any_of([]), "_id NOT EXISTS"),
        (Filter::any_of([]).negate(), "NOT _id NOT EXISTS"),
        (Filter::all_of([Filter::all_of([]), test.clone()]), "a = 1"),
        (Filter::any_of([Filter::all_of([test.clone()])]).negate(), "NOT a = 1"),
        (Filter::any_of([Filter::all_of([]), test]), "_id EXISTS OR a = 1"),
    ] {
        assert_eq!(filter.to_string(), expected);
    }
    assert_eq!(Query::new().limit(u64::MAX).to_string(), "LIMIT 9223372036854775807");
}

#[test]
fn mistakes_are_shown_at_their_place() {
    // Text, byte offset, a part of the message, a part of the hint.
    for (text, offset, message, hint) in [
        ("a", 1, "expected an operator such as `=`, IN or LIKE, found the end", ""),
        ("a =", 3, "expected a value, found the end", ""),
        ("a = b", 4, "expected a value, found `b`", "'b'"),
        ("a = \"x\"", 4, "found `\"x\"`", "single quotes"),
        ("a = .5", 4, "found `.`", "0.5"),
        ("a = tru", 4, "found `tru`", "did you mean TRUE?"),
        ("a LIEK 'x'", 2, "found `LIEK`", "did you mean LIKE?"),
        ("a = 1 ADN b = 2", 6, "expected AND, OR", "did you mean AND?"),
        ("a = 1 && b = 2", 6, "found `&`", "AND"),
        ("a = 1 ODER BY a", 6, "found `ODER`", "did you mean ORDER?"),
        ("!a = 1", 0, "found `!`", "NOT"),
        ("NOT NOT a = 1", 4, "found `NOT`", "NOT (NOT …)"),
        ("a NOT = 1", 6, "after NOT, found `=`", ""),
        ("in (1, 2)", 3, "found `(`", "\"in\""),
        ("limit = 1", 6, "a whole number after LIMIT, found `=`", "\"limit\""),
        ("order = 1", 6, "expected BY", "\"order\""),
        ("order.id = 1", 5, "expected BY", "\"order\""),
        ("not.x = 1", 3, "found `.`", ""),
        ("a = 1 AND limit = 1", 10, "found `limit`", "\"limit\""),
        ("first-name = 1", 5, "found `-`", "double quotes"),
        ("a. = 1", 3, "a name after the dot", ""),
        ("a. b = 1", 2, "must not hold spaces", ""),
        ("ORDER BY _score", 9, "reserved", ""),
        ("(a = 1", 6, "expected AND, OR or `)`", ""),
        ("a = 1)", 5, "found `)`", "never opened"),
        ("a = 'x", 4, "this string is not closed", ""),
        ("\"a = 1", 0, "this quoted name is not closed", ""),
        ("größe = 'x' AND", 17, "found the end", ""),
        ("a = 10abc", 4, "this is not a number: `10abc`", ""),
        ("a = 007", 4, "this is not a number", ""),
        ("a = -", 4, "this is not a number", ""),
        ("a = 9223372036854775808", 4, "outside the 64-bit range", "point"),
        ("a = -1e999", 4, "outside the range of floats", ""),
        ("a = X'0'", 4, "hexadecimal", ""),
        ("a = X'é'", 4, "hexadecimal", ""),
        ("a = TIMESTAMP 5", 14, "after TIMESTAMP, found `5`", ""),
        ("a = TIMESTAMP '2024-02-30'", 4, "RFC 3339", ""),
        ("a = JSON '{'", 4, "not valid JSON", ""),
        ("a = JSON '5'", 4, "object or an array", ""),
        ("a = JSON '[99999999999999999999]'", 4, "64-bit range", ""),
        ("a REGEX '('", 8, "invalid regular expression", ""),
        ("a LIKE 'x\\'", 7, "escape character", ""),
        ("a > NULL", 4, "cannot compare with null", ""),
        ("a BETWEEN 1 AND NULL", 16, "must not be null", ""),
        ("a BETWEEN NULL AND 1", 10, "must not be null", ""),
        ("a NOT CONTAINS JSON '[1]'", 15, "CONTAINS takes a scalar", ""),
        ("a IN 5", 5, "expected `(`", ""),
        ("a IN (1,)", 8, "expected a value", ""),
        ("LIMIT -1", 6, "from 0", ""),
        ("LIMIT 1.5", 6, "whole number", ""),
        ("LIMIT 9223372036854775808", 6, "found `9223372036854775808`", ""),
        ("OFFSET 1 LIMIT 2", 9, "expected the end", "the order is"),
        ("a = 1;", 5, "found `;`", ""),
    ] {
        let error = Query::parse(text).expect_err(text);
        assert_eq!(error.kind(), ErrorKind::InvalidQuery);
        assert_eq!(error.context_value("offset"), Some(offset.to_string().as_str()), "{text}: {error}");
        assert!(error.message().contains(message), "{text}: {error}");
        assert!(error.hint().unwrap_or_default().contains(hint), "{text}: {:?}", error.hint());
        assert!(!error.to_string().contains('\n'), "{text}");
    }
}

#[test]
fn the_caret_stands_under_its_character() {
    let error = Query::parse("größe = '😀' AMD x").unwrap_err();
    assert_eq!(error.excerpt(), Some("größe = '😀' AMD x\n            ^"));
    assert_eq!(error.context_value("column"), Some("13"));
    assert_eq!(error.context_value("offset"), Some("17"));
    let error = Query::parse("a = 1\n\tAND ?").unwrap_err();
    assert_eq!(error.excerpt(), Some("a = 1  AND ?\n           ^"));
    let long = format!("{} AND ? AND {}", vec!["é = 1"; 80].join(" AND "), vec!["b = 2"; 80].join(" AND "));
    for text in [long.as_str(), &long[..long.find('?').unwrap()], "?", &format!("?{long}")] {
        let error = Query::parse(text).unwrap_err();
        let (line, caret) = error.excerpt().unwrap().split_once('\n').unwrap();
        assert!(line.chars().count() <= 102, "{line}");
        let under = line.chars().nth(caret.chars().count() - 1);
        assert_eq!(under, if text.contains('?') { Some('?') } else { None });
    }
}

#[test]
fn nesting_ends_with_an_error_and_not_with_the_stack() {
    let nested = |open: &str, levels: usize| format!("{}a = 1{}", open.repeat(levels), ")".repeat(levels));
    assert_eq!(round_trip(&nested("(", 128)), "a = 1");
    let error = Query::parse(&nested("(", 129)).unwrap_err();
    assert_eq!(error.context_value("offset"), Some("128"));
    assert!(Query::parse(&nested("NOT (", 128)).is_ok());
    assert!(Query::parse(&nested("x = 1 OR y = 2 AND (", 64)).is_ok());
    for text in [
        nested("NOT (", 129),
        nested("x = 1 OR y = 2 AND (", 65),
        format!("NOT {}", nested("NOT (", 128)),
        nested("(", 100_000),
        "(".repeat(100_000),
        "NOT ".repeat(100_000),
        nested("NOT (", 50_000),
        nested("x = 1 OR y = 2 AND (", 40_000),
    ] {
        let error = Query::parse(&text).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidQuery);
        assert!(error.context_value("offset").is_some());
    }
    assert!(Filter::parse(&nested("NOT (", 129)).is_err());
    assert!(Query::parse(&" ".repeat(MAX_TEXT_BYTES)).is_ok());
    assert!(Query::parse(&" ".repeat(MAX_TEXT_BYTES + 1)).is_err());
}

/// A filter as deep as is allowed is written with no more brackets than are read.
#[test]
fn the_deepest_filters_survive() {
    for wrap in [
        (|filter: Filter| filter.negate()) as fn(Filter) -> Filter,
        |filter| Filter::any_of([filter, Filter::parse("b = 1").unwrap()]).negate(),
        |filter| {
            Filter::any_of([Filter::all_of([filter.clone(), Filter::parse("b = 1").unwrap()]), Filter::any_of([])])
        },
        |filter| Filter::parse("c = 1").unwrap().or(Filter::parse("b = 1").unwrap().and(filter)),
    ] {
        let mut filter = Filter::parse("a = 1").unwrap();
        while wrap(filter.clone()).depth() <= 128 {
            filter = wrap(filter);
        }
        let text = filter.to_string();
        assert_eq!(Filter::parse(&text).unwrap().to_string(), text);
    }
}

fn records(random: &mut Random) -> Vec<Record> {
    (0..40)
        .map(|id| {
            let names = ["a", "b", "a.b", "two words", "limit", "in", "2024", "two words.x`y"];
            let mut record = Record::new();
            for name in names {
                match random.below(4) {
                    0 => record.set(name, random.scalar()).unwrap(),
                    1 => record.set(name, Value::json(serde_json::json!({"b": [1, "x"], "": 1.5})).unwrap()).unwrap(),
                    2 => record.set(name, random.one_of(&["x", "it's", "né", "a b"])).unwrap(),
                    _ => {}
                }
            }
            record.with_id(format!("r{id}")).unwrap()
        })
        .collect()
}

#[test]
fn random_queries_keep_their_meaning_through_text() {
    let mut random = Random::new(7);
    let records = records(&mut random);
    let mut matched = 0;
    for _ in 0..3_000 {
        let query = random.query();
        let text = query.to_string();
        let parsed = Query::parse(&text).unwrap_or_else(|error| panic!("{text}: {error:?}"));
        assert_eq!(parsed.to_string(), text);
        assert_eq!(parsed.sort_keys(), query.sort_keys(), "{text}");
        assert_eq!((parsed.limit_value(), parsed.offset_value()), (query.limit_value(), query.offset_value()));
        let (ours, theirs) = (Evaluator::new(query.to_filter()), Evaluator::new(parsed.to_filter()));
        for record in &records {
            assert_eq!(ours.matches(record), theirs.matches(record), "{text}");
            matched += usize::from(ours.matches(record));
        }
        if let Filter::Test(_) = query.to_filter() {
            assert_eq!(parsed.filters(), [query.to_filter()], "{text}");
        }
    }
    assert!(matched > 10_000, "the queries hardly find anything");
}

#[test]
fn random_leaves_print_what_they_mean() {
    let mut random = Random::new(11);
    let records = records(&mut random);
    for _ in 0..2_000 {
        let filter = random.filter(0);
        for filter in [filter.clone(), filter.negate()] {
            let Condition::Leaf(leaf) = Condition::of(&filter) else { panic!("a test lowers to a leaf") };
            let text = leaf.to_string();
            let (ours, theirs) = (Evaluator::new(filter), Evaluator::new(Filter::parse(&text).unwrap()));
            for record in &records {
                assert_eq!(ours.matches(record), theirs.matches(record), "{text}");
            }
        }
    }
}

#[test]
fn random_paths_come_back_from_their_text() {
    let mut random = Random::new(13);
    for _ in 0..300 {
        let path = random.path();
        assert_eq!(Path::parse(&path.to_text()).unwrap(), path);
        let key = SortKey { path, order: crate::query::SortOrder::Descending };
        assert_eq!(Query::new().sort(&key.path, "DESC").sort_keys(), [key]);
    }
    for text in ["", "a b", "a,b", "a.", "\"\"", "limit", "a = 1", "'a'"] {
        assert!(Path::parse(text).is_err(), "{text} was accepted");
    }
}

#[test]
fn broken_texts_never_panic() {
    let mut random = Random::new(17);
    let pieces = ["'", "\"", "`", "(", ")", "NOT ", ".", "-", "é", "\u{301}", "\0", " AND ", "1e", "X'", "\n", "<"];
    for _ in 0..150 {
        let text = random.query().to_string();
        let places: Vec<usize> = text.char_indices().map(|(offset, _)| offset).collect();
        for offset in places {
            let (before, after) = text.split_at(offset);
            for broken in [before.to_owned(), after.to_owned(), format!("{before}{}{after}", random.one_of(&pieces))] {
                if let Err(error) = Query::parse(&broken) {
                    let offset: usize = error.context_value("offset").unwrap().parse().unwrap();
                    assert!(broken.is_char_boundary(offset));
                    assert!(error.excerpt().unwrap().ends_with('^'));
                }
            }
        }
    }
}

#[test]
fn every_operator_has_words_that_parse() {
    for operator in Operator::ALL {
        let literal = match operator {
            Operator::Exists | Operator::NotExists => crate::query::Operand::None,
            Operator::In | Operator::NotIn | Operator::Between | Operator::NotBetween => ["x", "y"].into(),
            _ => "x".into(),
        };
        let filter = Filter::new("a", operator, literal).unwrap();
        assert_eq!(filter.to_string().parse::<Filter>().unwrap(), filter);
    }
}
