use std::collections::HashMap;

use super::load::topic;
use super::*;

fn with_case(case: &str) -> String {
    format!(
        r#"{{"topic": "t", "rules": "r", "collections": {{"c": [{{"id": "a", "fields": {{"v": 1}}}}]}},
            "cases": [{{"name": "n", {case}}}]}}"#
    )
}

fn refusal_of(text: &str) -> String {
    match topic("t", text) {
        Ok(_) => panic!("{text} was read"),
        Err(failure) => failure.to_string(),
    }
}

#[test]
fn every_case_file_is_read() {
    let counts: HashMap<String, usize> =
        load::topics().unwrap().into_iter().map(|topic| (topic.name, topic.cases.len())).collect();
    assert!(counts["text"] >= 200 && counts["conversion"] >= 150, "{counts:?}");
    assert!(case_count().unwrap() >= 1_076);
    assert!(indexed_paths().unwrap().len() >= 50);
}

#[test]
fn no_file_of_the_folder_is_left_out() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("cases");
    let names = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.collect();
    names.sort();
    assert_eq!(names, files::FILES.iter().map(|(name, _)| format!("{name}.json")).collect::<Vec<_>>());
}

#[test]
fn what_is_not_understood_is_refused() {
    let query = r#""collection": "c", "query": {}"#;
    assert!(topic("t", &with_case(&format!(r#"{query}, "ids": ["a"]"#))).is_ok());
    for (case, mentions) in [
        (format!(r#"{query}, "idz": ["a"]"#), "idz"),
        (query.to_owned(), "expects one thing"),
        (format!(r#"{query}, "ids": [], "count": 1"#), "expects one thing"),
        (format!(r#"{query}, "count": 1, "ordered": true"#), "ordered"),
        (format!(r#"{query}, "ids": [], "at": 1"#), "`at`"),
        (format!(r#"{query}, "ids": [], "mentions": "x""#), "mentions"),
        (format!(r#"{query}, "ids": [], "requires": ["wings"]"#), "wings"),
        (format!(r#"{query}, "error": "Oops""#), "Oops"),
        (format!(r#"{query}, "ids": [], "parse": "x""#), "one thing"),
        (r#""collection": "d", "query": {}, "ids": []"#.to_owned(), "no collection `d`"),
        (r#""query": {}, "ids": []"#.to_owned(), "no collection"),
        (r#""convert": {"value": 99999999999999999999, "to": "STRING"}, "result": "x""#.to_owned(), "64-bit"),
        (r#""convert": {"value": {"$datetime": "now"}, "to": "STRING"}, "result": "x""#.to_owned(), "$datetime"),
        (r#""detect": 1"#.to_owned(), "type"),
    ] {
        let refusal = refusal_of(&with_case(&case));
        assert!(refusal.contains(mentions), "{case}: {refusal}");
    }
    assert!(refusal_of(&with_case(r#""detect": null, "type": "STRING""#).replace("\"t\"", "\"u\"")).contains("topic"));
    let twice = r#"{"id": "a", "fields": {"v": 1, "v": 2}}"#;
    assert!(refusal_of(&with_case(query).replace(r#"{"id": "a", "fields": {"v": 1}}"#, twice)).contains("twice"));
}
