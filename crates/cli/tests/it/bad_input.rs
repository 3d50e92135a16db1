//! Mistakes and damage: each names its place, and changes no byte.

use crate::support::{Folder, PENGUINS, dk};

#[test]
fn mistakes_in_a_query_show_a_caret_before_any_file_is_looked_at() {
    for (query, excerpt) in [
        ("a ~~ 3", "  a ~~ 3\n    ^\n"),
        ("a LYKE 'x'", "  a LYKE 'x'\n    ^\n"),
        ("a IN 3", "  a IN 3\n       ^\n"),
        ("a REGEX '('", "  a REGEX '('\n          ^\n"),
        ("a = 1 LIMIT -1", "  a = 1 LIMIT -1\n              ^\n"),
        ("a = 9223372036854775808", "  a = 9223372036854775808\n      ^\n"),
        ("\"\" = 1", "  \"\" = 1\n  ^\n"),
    ] {
        let error = dk(&["query", "missing.csv", query]).fails(4);
        assert!(error.starts_with("error: invalid query: ") && error.contains(excerpt), "{error}");
        assert!(error.contains("  column: "), "{error}");
    }
}

#[test]
fn a_negative_limit_is_a_usage_error() {
    for option in ["--limit", "--offset"] {
        let error = dk(&["query", PENGUINS, option, "-1"]).fails(2);
        assert!(error.contains(&format!("invalid value '-1' for '{option} <N>': it must not be negative")), "{error}");
    }
    dk(&["schema", PENGUINS, "--sample", "-1"]).fails(2);
    dk(&["query", PENGUINS, "--limit", "many"]).fails(2);
}

#[test]
fn unknown_settings_name_the_nearest() {
    let expected =
        "error: invalid configuration: unknown setting\n  key: `nul_values`\nhint: did you mean `null_values`?\n";
    assert_eq!(dk(&["query", PENGUINS, "-o", "nul_values=NA"]).fails(4), expected);
    let url = format!("{PENGUINS}?nul_values=NA");
    assert_eq!(dk(&["query", &url]).fails(4), expected);
    let error = dk(&["query", "memroy:"]).fails(4);
    assert!(error.contains("hint: did you mean `memory`?"), "{error}");
    dk(&["query", "data.unknown"]).fails(4);
    dk(&["query", PENGUINS, "-o", "null_values"]).fails(2);
}

/// A damaged file, the exit code, and what the message must name.
type Damage = (&'static str, Vec<u8>, i32, &'static [&'static str]);

fn damages() -> Vec<Damage> {
    let long = "x".repeat(10_000_000);
    vec![
        ("cut.json", b"[{\"a\":1},\n{\"a\":".to_vec(), 7, &["line: 2", "column: 6"]),
        ("cut.jsonl", b"{\"a\":1}\n{\"a\":".to_vec(), 7, &["line: 2", "column: 6"]),
        ("short.csv", b"a,b\n1,2\n3\n".to_vec(), 7, &["line: 3", "expected: 2", "found: 1"]),
        ("latin.csv", b"a,b\n1,2\n3,\xFF\n".to_vec(), 7, &["line: 3", "column: 3"]),
        ("latin.jsonl", b"{\"a\":\"\xFF\"}\n".to_vec(), 7, &["line: 1", "column: 7"]),
        ("long.json", format!("[{{\"a\":\"{long}\"}}]").into_bytes(), 7, &["line: 1", "max_record_bytes: 8388608"]),
        ("long.jsonl", format!("{{\"a\":\"{long}\"}}\n").into_bytes(), 7, &["line: 1"]),
        ("long.csv", format!("a\n{long}\n").into_bytes(), 7, &["line: 2"]),
        ("unnamed.json", b"[{\"\":1}]".to_vec(), 4, &["field: ``"]),
        ("unnamed.jsonl", b"{\"\":1}\n".to_vec(), 4, &["field: ``", "line: 1"]),
        ("reserved.jsonl", b"{\"a\":1}\n{\"_metadata\":1}\n".to_vec(), 4, &["field: `_metadata`", "line: 2"]),
        ("key.json", b"[{\"_id\":[1]}]".to_vec(), 7, &["field: `_id`", "line: 1"]),
        ("keys.csv", b"_id,_id\n1,2\n".to_vec(), 7, &["field: `_id`", "line: 1"]),
        ("wide.json", b"[{\"a\":9223372036854775808}]".to_vec(), 4, &["field: `a`", "line: 1"]),
        ("wide.jsonl", b"{\"a\":1}\n{\"b\":[9223372036854775808]}\n".to_vec(), 4, &["field: `b`", "line: 2"]),
    ]
}

#[test]
fn damage_is_named_by_every_verb_and_no_byte_changes() {
    let verbs: [&[&str]; 8] = [
        &["query", "-f", "jsonl"],
        &["count"],
        &["schema"],
        &["aggregate", "-a", "count"],
        &["get", "99"],
        &["put", "new"],
        &["delete", "nobody"],
        &["delete", "--yes", "--where", "a = 5"],
    ];
    for (name, bytes, code, places) in damages() {
        let folder = Folder::with(name, &bytes);
        for verb in verbs {
            let run = folder.dk_with("{\"a\":1}", &[&verb[..1], &[name], &verb[1..]].concat());
            assert_eq!(run.code, Some(code), "{name} {verb:?} {run:?}");
            for place in places.iter().copied().chain([format!("path: {name}").as_str()]) {
                assert!(run.err.contains(&format!("  {place}\n")), "{name} {verb:?} {place}: {}", run.err);
            }
        }
        assert!(std::fs::read(folder.path(name)).unwrap() == bytes, "{name} changed");
        assert_eq!(folder.files(), [name]);
    }
}

#[test]
fn rows_before_the_damage_were_printed_and_the_code_says_so() {
    let folder = Folder::with("a.jsonl", format!("{}{{\"a\"", "{\"a\":1}\n".repeat(3_000)));
    let run = folder.dk(&["query", "a.jsonl", "-f", "jsonl"]);
    assert_eq!(run.code, Some(7));
    assert!(run.err.contains("  line: 3001\n"), "{}", run.err);
    assert_eq!(folder.dk(&["query", "a.jsonl", "--limit", "2", "-f", "csv"]).ok(), "a\n1\n1\n");
}

#[test]
fn bad_input_of_put_is_refused_before_anything_is_written() {
    let good = "{\"_id\":\"x\",\"n\":1}\n";
    let folder = Folder::with("a.jsonl", good);
    for (input, code, place) in [
        (&b"{\"n\":1}\n{\"n\":"[..], 7, "line: 2"),
        (b"{\"n\":1}\n[1]\n", 7, "line: 2"),
        (b"3", 7, "line: 1"),
        (b"{\"n\":\"\xFF\"}", 7, "line: 1"),
        (b"{\"n\":1,\"n\":2}", 7, "field: `n`"),
        (b"{\"n\":9223372036854775808}", 4, "field: `n`"),
        (b"{\"\":1}", 4, "field: ``"),
        (b"{\"_meta\":1}", 7, "line: 1"),
        (b"{\"_score\":1}", 4, "field: `_score`"),
        (b"{\"_id\":\"a\\nb\"}", 4, "field: `_id`"),
        (b"{\"_id\":\"y\"}\n{\"_id\":\"y\"}", 7, "lines: 1 and 2"),
    ] {
        let error = folder.dk_with(input, &["put", "a.jsonl"]).fails(code);
        assert!(error.contains(&format!("  {place}\n")), "{error}");
        assert!(error.contains("  path: standard input\n"), "{error}");
    }
    let long = format!("{{\"n\":\"{}\"}}", "x".repeat(10_000_000));
    folder.dk_with(long, &["put", "a.jsonl"]).fails(7);
    assert_eq!(folder.read("a.jsonl"), good);
    assert_eq!(folder.files(), ["a.jsonl"]);
}
