mod cases;
mod differential;

use serde_json::json;

use super::*;
use crate::record::Record;
use crate::value::{DateTime, Value};
use crate::{ErrorKind, Path, record};

fn run(records: &[Record], spec: &Aggregation) -> crate::Result<Table> {
    let mut aggregator = Aggregator::new(spec)?;
    records.iter().try_for_each(|record| aggregator.push(record))?;
    aggregator.finish()
}

#[test]
fn columns_are_named_by_alias_or_by_function_and_path() {
    let spec = Aggregation::new()
        .group_by("a.b")
        .group_by_as(["c", "d"], "cd")
        .date_histogram("t", Interval::Day)
        .histogram("n", 5, 0)
        .alias("band")
        .count()
        .count_of("a.b")
        .count_distinct(["x", "y"])
        .min("n")
        .max("n")
        .alias("most")
        .sum("n")
        .avg("n");
    spec.check().unwrap();
    assert_eq!(
        spec.columns(),
        ["a.b", "cd", "t", "band", "count", "count_a.b", "count_distinct_x.y", "min_n", "most", "sum_n", "avg_n"]
    );
}

#[test]
fn mistakes_wait_for_the_check_and_the_first_is_reported() {
    let mistakes = [
        (Aggregation::new(), "an aggregation needs a group key or an aggregate"),
        (Aggregation::new().count().count(), "two columns have one name"),
        (Aggregation::new().group_by("n").alias("count").count(), "two columns have one name"),
        (Aggregation::new().count().alias(""), "a column name must not be empty"),
        (Aggregation::new().alias("x").count(), "an alias needs a group key or an aggregate before it"),
        (Aggregation::distinct(""), "a path must not be empty or have an empty segment"),
        (Aggregation::new().filter("a", "~~", 1).count().count(), "unknown operator"),
        (Aggregation::new().date_histogram("t", "moth"), "unknown interval"),
        (Aggregation::new().histogram("n", 0, 0), "the width of a histogram must be above zero"),
        (Aggregation::new().histogram("n", -0.5, 0), "the width of a histogram must be above zero"),
        (Aggregation::new().histogram("n", f64::NAN, 0), "width and origin of a histogram are finite numbers"),
        (Aggregation::new().histogram("n", 1, "0"), "width and origin of a histogram are finite numbers"),
    ];
    for (spec, message) in mistakes {
        for error in [
            spec.check().unwrap_err(),
            Aggregator::new(&spec).unwrap_err(),
            reference_aggregate(&[], &spec).unwrap_err(),
        ] {
            assert_eq!((error.kind(), error.message()), (ErrorKind::InvalidQuery, message));
        }
    }
    let error = Aggregation::new().date_histogram("t", "moth").check().unwrap_err();
    assert_eq!(error.hint(), Some("did you mean `month`?"));
    let error = "mediam".parse::<AggregateFunction>().unwrap_err();
    assert!(error.hint().unwrap().starts_with("one of count, "));
}

#[test]
fn overflow_names_its_column() {
    let records =
        [record! { "n": i64::MAX, "f": 1e308, "low": i64::MIN }.unwrap(), record! { "n": 1, "f": 1e308 }.unwrap()];
    for (spec, column) in [
        (Aggregation::new().count().sum("n").alias("total"), "`total`"),
        (Aggregation::new().sum("f"), "`sum_f`"),
        (Aggregation::new().histogram("low", 10, 0).alias("band"), "`band`"),
        (Aggregation::new().histogram("f", 1e-300, 0).alias("fine"), "`fine`"),
    ] {
        for error in [run(&records, &spec).unwrap_err(), reference_aggregate(&records, &spec).unwrap_err()] {
            assert_eq!((error.kind(), error.context_value("column")), (ErrorKind::InvalidQuery, Some(column)));
        }
    }
}

#[test]
fn parts_merge_only_under_one_description() {
    let mut left = Aggregator::new(&Aggregation::new().count()).unwrap();
    let right = Aggregator::new(&Aggregation::new().count().alias("n")).unwrap();
    assert_eq!(left.merge(right).unwrap_err().kind(), ErrorKind::InvalidQuery);
    assert_eq!(left.group_count(), 1);
}

#[test]
fn preferred_forms_arrive_through_merges_too() {
    let spec = Aggregation::new().group_by("v").min("v").max("v").count_distinct("v");
    let part = |value: Value| {
        let mut part = Aggregator::new(&spec).unwrap();
        part.push(&record! { "v": value }.unwrap()).unwrap();
        part
    };
    let time = |text: &str| Value::from(DateTime::parse(text).unwrap());
    for (first, second, expected) in [
        (Value::from(1.0), Value::from(1), Value::from(1)),
        (Value::from(1), Value::from(1.0), Value::from(1)),
        (Value::from(-0.0), Value::from(-0.0), Value::from(0.0)),
        (time("2024-01-01T02:00:00+02:00"), time("2024-01-01T00:00:00"), time("2024-01-01T00:00:00")),
        (time("2024-01-01T00:00:00Z"), time("2023-12-31T23:00:00-01:00"), time("2023-12-31T23:00:00-01:00")),
    ] {
        let mut merged = part(first);
        merged.merge(part(second)).unwrap();
        let table = merged.finish().unwrap();
        assert_eq!(table.rows(), [vec![expected.clone(), expected.clone(), expected, Value::from(1)]]);
    }
}

#[test]
fn records_of_changing_shapes_are_resolved_afresh() {
    let records = [
        record! { "a": Value::json(json!({"b": 1})).unwrap() }.unwrap(),
        record! { "x": 0, "a": Value::json(json!({"b": 2})).unwrap() }.unwrap(),
        record! { "a.b": 4, "a": Value::json(json!({"b": 100})).unwrap() }.unwrap(),
        record! { "x": 0 }.unwrap(),
        record! { "a": Value::json(json!({"b": 8})).unwrap() }.unwrap(),
    ];
    let table = run(&records, &Aggregation::new().sum("a.b").count().count_of("x")).unwrap();
    assert_eq!(table.to_json(), json!([{"sum_a.b": 15, "count": 5, "count_x": 2}]));
}

#[test]
fn many_keys_and_many_groups_work() {
    let records: Vec<_> =
        (0..5_000).map(|n| record! { "a": n % 2, "b": n % 3, "c": n % 5, "d": n % 7, "e": n }.unwrap()).collect();
    let spec = Aggregation::new().group_by("a").group_by("b").group_by("c").group_by("d").group_by("e").count();
    let table = run(&records, &spec).unwrap();
    assert_eq!(table.len(), 5_000);
    assert!(table.rows().iter().all(|row| row[5] == Value::from(1)));
    let table = run(&records, &Aggregation::new().group_by("e").count_distinct("e")).unwrap();
    assert_eq!(table.get(4_999, "e"), Some(&Value::from(4_999)));
}

#[test]
fn ids_and_metadata_are_grouped_too() {
    let records = [
        record! { "v": 1 }.unwrap().with_id("b").unwrap().with_metadata("source", "x").unwrap(),
        record! { "v": 2 }.unwrap().with_id("a").unwrap(),
    ];
    let table = run(&records, &Aggregation::new().group_by("id").group_by("metadata.source").sum("v")).unwrap();
    let expected = json!([
        {"id": "a", "metadata.source": null, "sum_v": 2},
        {"id": "b", "metadata.source": "x", "sum_v": 1},
    ]);
    assert_eq!(table.to_json(), expected);
}

#[test]
fn the_json_form_round_trips() {
    let specs = [
        Aggregation::new().count(),
        Aggregation::distinct("a.b"),
        Aggregation::distinct(["a.b"]),
        Aggregation::new().group_by_as("a", "x").min("a").max("a").alias("a").avg("b").count_of("c"),
        Aggregation::new().date_histogram("t", "Week").histogram("n", 2.5, -1).alias("band").count_distinct(["x", "y"]),
        Aggregation::new().histogram("n", 10, 0).sum("n"),
        Aggregation::new().histogram("n", 10, 0.0).sum("n"),
    ];
    for spec in specs {
        let form = spec.to_json();
        assert_eq!(Aggregation::from_json(form.clone()).unwrap(), spec, "{form}");
    }
    let form = json!({"filters": null, "group_by": ["a"], "aggregates": null});
    assert_eq!(Aggregation::from_json(form).unwrap(), Aggregation::distinct("a"));
    let form = json!({"group_by": [{"field": "t", "interval": "DAY", "width": null, "as": null}]});
    assert_eq!(Aggregation::from_json(form).unwrap(), Aggregation::new().date_histogram("t", Interval::Day));
    let form = json!({"aggregates": [{"function": "Count", "field": null}]});
    assert_eq!(Aggregation::from_json(form).unwrap(), Aggregation::new().count());
}

#[test]
fn the_json_form_is_strict() {
    for form in [
        json!([]),
        json!({"group": ["a"]}),
        json!({"group_by": "a"}),
        json!({"group_by": [1]}),
        json!({"group_by": [[]]}),
        json!({"group_by": [["a", 1]]}),
        json!({"group_by": [{"as": "x"}]}),
        json!({"group_by": [{"field": "a", "as": ""}]}),
        json!({"group_by": [{"field": "a", "as": 1}]}),
        json!({"group_by": [{"field": "a", "width": "5"}]}),
        json!({"group_by": [{"field": "a", "width": u64::MAX}]}),
        json!({"group_by": [{"field": "a", "width": 1, "origin": true}]}),
        json!({"group_by": [{"field": "a", "interval": 5}]}),
        json!({"aggregates": [{"field": "a"}]}),
        json!({"aggregates": [{"function": "sum", "field": ""}]}),
        json!({"aggregates": [{"function": "count", "alias": "n"}]}),
        json!({"aggregates": ["count"]}),
    ] {
        let error = Aggregation::from_json(form.clone()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidQuery, "{form}");
    }
    let error = Aggregation::from_json(json!({"agregates": []})).unwrap_err();
    assert_eq!((error.context_value("key"), error.hint()), (Some("`agregates`"), Some("did you mean `aggregates`?")));
}

#[test]
fn backends_read_what_they_need() {
    let spec = Aggregation::new().filter("a", ">", 1).filter("b", "=", 2).histogram("n", 5, 1).sum("n");
    assert_eq!(spec.filters().len(), 2);
    let key = &spec.group_keys()[0];
    assert_eq!(key.path, Path::dotted("n").unwrap());
    assert!(matches!(
        key.bucket,
        Bucket::Number { width: crate::Number::Integer(5), origin: crate::Number::Integer(1) }
    ));
    assert_eq!(spec.aggregates()[0].function, AggregateFunction::Sum);
}

#[test]
fn tables_keep_their_form() {
    assert!(Table::new(["a"], vec![vec![]]).is_err());
    assert!(Table::new(["a", "a"], vec![]).is_err());
    let table = Table::new(["a"], vec![vec![Value::from(vec![1u8])]]).unwrap();
    assert_eq!((table.len(), table.is_empty(), table.position("b"), table.get(1, "a")), (1, false, None, None));
    assert_eq!(table.to_json(), json!([{"a": "AQ=="}]));
    assert_eq!(table.into_parts().0, ["a"]);
}

#[test]
fn the_first_and_last_moments_have_buckets() {
    for interval in Interval::ALL {
        for time in [DateTime::MIN, DateTime::MAX] {
            let start = interval.start(time);
            assert!(start.micros() <= time.micros() && start.offset_seconds() == Some(0), "{interval}");
        }
        assert_eq!(interval.start(DateTime::MIN).micros(), DateTime::MIN.micros());
        assert_eq!(interval.name().to_uppercase().parse::<Interval>().unwrap(), interval);
    }
}
