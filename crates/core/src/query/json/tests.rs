use serde_json::json;

use super::*;
use crate::ErrorKind;
use crate::query::generate::Random;
use crate::value::Value;

#[test]
fn random_queries_come_back_from_json() {
    let mut random = Random::new(3);
    for _ in 0..2_000 {
        let mut query = random.query();
        if random.below(3) == 0 {
            query = query.select(["a", "b.c"]);
        }
        let json = query.to_json();
        assert_eq!(Query::from_json(json.clone()).unwrap(), query, "{json}");
        assert_eq!(Query::from_json_text(&json.to_string()).unwrap(), query, "{json}");
        let text = serde_json::to_string(&query).unwrap();
        assert_eq!(serde_json::from_str::<Query>(&text).unwrap(), query, "{text}");
        for filter in query.filters() {
            let text = serde_json::to_string(filter).unwrap();
            assert_eq!(&serde_json::from_str::<Filter>(&text).unwrap(), filter, "{text}");
        }
    }
}

#[test]
fn every_member_has_its_form() {
    let query = Query::new()
        .filter(["a.b", "c"], "between", [1, 2])
        .with_filter(Filter::any_of([Filter::new("x", "EXISTS", ()).unwrap()]).negate())
        .sort("age", "DESC")
        .limit(10)
        .offset(20)
        .select(["name"]);
    let json = json!({
        "filters": [
            {"field": ["a.b", "c"], "operator": "BETWEEN", "value": [1, 2]},
            {"not": {"any_of": [{"field": "x", "operator": "EXISTS"}]}}],
        "sort": [{"field": "age", "order": "DESC"}],
        "limit": 10, "offset": 20, "fields": ["name"]});
    assert_eq!(query.to_json(), json);
    let empty = json!({"filters": null, "sort": null, "limit": null, "offset": null, "fields": null, "after": null});
    assert_eq!(Query::from_json(empty).unwrap(), Query::new());
    let alone = json!({"filters": [{"all_of": query.to_json()["filters"]}]});
    assert_eq!(Query::from_json(alone).unwrap(), Query::from_json(json!({"filters": json["filters"]})).unwrap());
    assert_eq!(Query::new().to_json(), json!({"filters": [], "sort": []}));
    assert_eq!(Query::new().limit(u64::MAX).to_json()["limit"], json!(i64::MAX));
    let sorted = Query::new().sort("a", "ASC");
    let token = crate::SortPosition::of(&crate::Record::new(), sorted.sort_keys()).encode(sorted.sort_keys());
    let after = sorted.after(token);
    assert_eq!(Query::from_json(after.to_json()).unwrap(), after);
}

#[test]
fn an_array_is_a_list_or_a_literal_by_its_operator() {
    let filter = |operator: &str, value: Json| {
        Filter::from_json(json!({"field": "a", "operator": operator, "value": value})).unwrap().to_string()
    };
    assert_eq!(filter("IN", json!([1, [2], {"$json": [3]}])), "a IN (1, JSON '[2]', JSON '[3]')");
    assert_eq!(filter("=", json!([1, 2])), "a = JSON '[1,2]'");
    assert_eq!(filter("not between", json!([1, 2.0])), "a NOT BETWEEN 1 AND 2.0");
    assert_eq!(filter("exists", json!(null)), "a EXISTS");
}

#[test]
fn tags_say_what_json_cannot() {
    for (value, tagged) in [
        (Value::from(crate::DateTime::from_micros(0)), json!({"$datetime": "1970-01-01T00:00:00"})),
        (Value::from(vec![0u8, 255]), json!({"$binary": "AP8="})),
        (Value::json(json!({"$x": 1})).unwrap(), json!({"$json": {"$x": 1}})),
        (Value::json(json!({"$x": 1, "y": 2})).unwrap(), json!({"$x": 1, "y": 2})),
        (Value::json(json!([{"$x": 1}])).unwrap(), json!([{"$x": 1}])),
        (Value::Null, json!(null)),
        (Value::from(-0.0), json!(-0.0)),
        (Value::from("text"), json!("text")),
    ] {
        assert_eq!(value_to_tagged(&value), tagged);
        assert_eq!(value_from_tagged(tagged).unwrap(), value);
    }
    assert_eq!(value_from_tagged(json!({"$gt": 5})).unwrap(), Value::json(json!({"$gt": 5})).unwrap());
    let mut deep = json!([]);
    for _ in 0..500 {
        deep = json!([deep]);
    }
    for wrong in [
        json!({"$datetime": 0}),
        json!({"$datetime": "2024-02-30"}),
        json!({"$binary": "A"}),
        json!({"$binary": [1]}),
        json!({"$json": 5}),
        json!({"$text": "x"}),
        json!(u64::MAX),
        json!({"n": [u64::MAX]}),
        deep,
    ] {
        assert_eq!(value_from_tagged(wrong).unwrap_err().kind(), ErrorKind::InvalidQuery);
    }
}

#[test]
fn mistakes_name_their_place() {
    let test = json!({"field": "v", "operator": "EQ", "value": 1});
    let with = |key: &str, value: Json| {
        let mut node = test.clone();
        node[key] = value;
        json!({"filters": [test, {"not": {"any_of": [node]}}]})
    };
    let place = |rest: &str| format!("filters[1].not.any_of[0]{rest}");
    for (query, at, mentions) in [
        (json!([]), String::new(), "a list"),
        (json!({"filtres": []}), String::new(), "`filtres`"),
        (json!({"filters": {}}), "filters".into(), "an object"),
        (with("operator", json!("=~")), place(".operator"), "`=~`"),
        (with("operator", json!(1)), place(".operator"), "a number"),
        (with("field", json!("a..b")), place(".field"), "empty segment"),
        (with("field", json!(["a", 0])), place(".field[1]"), "a number"),
        (with("field", json!([])), place(".field"), "empty"),
        (with("value", json!(u64::MAX)), place(".value"), "64-bit"),
        (with("valeu", json!(1)), place(""), "`valeu`"),
        (with("not", json!({})), place(""), "one of"),
        (json!({"filters": [{}]}), "filters[0]".into(), "`field`"),
        (json!({"filters": [{"field": "v"}]}), "filters[0]".into(), "`operator`"),
        (json!({"filters": [{"field": "v", "operator": "EQ"}]}), "filters[0]".into(), "`value`"),
        (json!({"filters": [{"field": "v", "operator": "IN", "value": 1}]}), "filters[0].value".into(), "list"),
        (
            json!({"filters": [{"field": "v", "operator": "IN", "value": [1, {"$binary": 1}]}]}),
            "filters[0].value[1]".into(),
            "$binary",
        ),
        (json!({"filters": [{"field": "v", "operator": "REGEX", "value": "("}]}), "filters[0].value".into(), "regular"),
        (json!({"sort": [{"field": "v", "order": "UP"}]}), "sort[0].order".into(), "`UP`"),
        (json!({"sort": [{"field": "v", "nulls": 1}]}), "sort[0]".into(), "`nulls`"),
        (json!({"sort": [{"order": "ASC"}]}), "sort[0]".into(), "`field`"),
        (json!({"limit": -1}), "limit".into(), "from 0"),
        (json!({"limit": 1.0}), "limit".into(), "whole number"),
        (json!({"offset": true}), "offset".into(), "a boolean"),
        (json!({"fields": ["a", 1]}), "fields[1]".into(), "a number"),
        (json!({"after": 1}), "after".into(), "a token"),
        (json!({"after": "x"}), String::new(), "`after`"),
    ] {
        let error = Query::from_json(query.clone()).expect_err(&query.to_string());
        assert_eq!(error.kind(), ErrorKind::InvalidQuery);
        assert_eq!(error.context_value("at").unwrap_or_default(), at, "{query}: {error}");
        assert!(error.to_string().contains(mentions), "{query}: {error}");
    }
    assert_eq!(Query::from_json(json!({"filtres": []})).unwrap_err().hint(), Some("did you mean filters?"));
}

#[test]
fn nesting_is_limited() {
    let nested = |levels: usize| {
        (0..levels).fold(json!({"field": "a", "operator": "EXISTS"}), |node, level| match level % 3 {
            0 => json!({"not": node}),
            1 => json!({"all_of": [node]}),
            _ => json!({"any_of": [node]}),
        })
    };
    assert!(Query::from_json(json!({"filters": [nested(128)]})).is_ok());
    assert!(Query::from_json(json!({"filters": [nested(129)]})).is_err());
    assert!(Filter::from_json(nested(128)).is_ok());
    assert!(Filter::from_json(nested(1_000)).is_err());
}

#[test]
fn text_keeps_integers_past_64_bits_apart_from_floats() {
    let text = |number: &str| format!(r#"{{"filters": [{{"field": "v", "operator": "EQ", "value": {number}}}]}}"#);
    for number in ["9223372036854775808", "18446744073709551616", "-9223372036854775809", "[1, 99999999999999999999]"] {
        assert!(Query::from_json_text(&text(number)).is_err(), "{number}");
    }
    for number in ["9223372036854775807", "-9223372036854775808", "1e30", "18446744073709551616.0", "\"\\\"1e\\\\\""] {
        assert!(Query::from_json_text(&text(number)).is_ok(), "{number}");
    }
    assert!(Query::from_json_text("{").is_err());
    let error = Query::from_json_text(r#"{"filters": [], "limit": 9223372036854775808}"#).unwrap_err();
    assert_eq!(error.context_value("at"), Some("limit"));
}

#[test]
fn a_query_with_a_mistake_does_not_serialize() {
    let error = serde_json::to_string(&Query::new().filter("a", "~", 1)).unwrap_err();
    assert!(error.to_string().contains("unknown operator"));
}
