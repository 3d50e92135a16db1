//! What rows look like.

use crate::support::Folder;

const ROWS: &str = r#"[
{"_id":"a","name":"Ada \"the first\"","born":"1815-12-10T00:00:00Z","tags":["x","y"],"ok":true,"_meta":{"types":{"born":"DATETIME"}}},
{"_id":"b","name":"","score":2.5},
{"_id":"c","name":null,"score":-10,"note":"two\nlines, \u001b[31mred"}
]
"#;

fn print(options: &[&str]) -> String {
    Folder::with("rows.json", ROWS).dk(&[&["query", "rows.json"], options].concat()).ok()
}

#[test]
fn a_table_aligns_numbers_and_escapes_what_a_terminal_would_obey() {
    let expected = r#"name             born                  tags       ok    score  note
───────────────  ────────────────────  ─────────  ────  ─────  ────────────────────────────
Ada "the first"  1815-12-10T00:00:00Z  ["x","y"]  true
                                                          2.5
                                                          -10  two\nlines, \u{1b}[31mred
"#;
    let table = print(&[]);
    let lines = |text: &str| text.lines().map(|line| line.trim_end_matches('─').to_owned()).collect::<Vec<_>>();
    assert_eq!(lines(&table), lines(expected));
}

#[test]
fn wide_cells_are_cut_unless_asked_for() {
    let folder = Folder::with("rows.jsonl", format!("{{\"text\":\"{}\"}}\n", "日本".repeat(50)));
    let table = folder.dk(&["query", "rows.jsonl"]).ok();
    assert!(table.ends_with("日…\n") && table.chars().filter(|shown| *shown == '日' || *shown == '本').count() == 29);
    assert!(folder.dk(&["query", "rows.jsonl", "--wide"]).ok().contains(&"日本".repeat(50)));
}

#[test]
fn json_has_the_id_first_and_values_plain() {
    let expected = "\
[
{\"_id\":\"a\",\"name\":\"Ada \\\"the first\\\"\",\"born\":\"1815-12-10T00:00:00Z\",\"tags\":[\"x\",\"y\"],\"ok\":true},
{\"_id\":\"b\",\"name\":\"\",\"score\":2.5},
{\"_id\":\"c\",\"name\":null,\"score\":-10,\"note\":\"two\\nlines, \\u001b[31mred\"}
]
";
    assert_eq!(print(&["-f", "json"]), expected);
    let lines: String = expected
        .lines()
        .filter(|line| line.starts_with('{'))
        .map(|line| format!("{}\n", line.trim_end_matches(',')))
        .collect();
    assert_eq!(print(&["--format", "jsonl"]), lines);
}

#[test]
fn csv_tells_null_from_empty() {
    let expected = "\
name,born,tags,ok,score,note
\"Ada \"\"the first\"\"\",1815-12-10T00:00:00Z,\"[\"\"x\"\",\"\"y\"\"]\",true,,
\"\",,,,2.5,
,,,,-10,\"two
lines, \u{1b}[31mred\"
";
    assert_eq!(print(&["-f", "csv"]), expected);
    assert_eq!(print(&["-f", "csv", "--fields", "score,nothing,_id"]), "score,nothing,_id\n,,a\n2.5,,b\n-10,,c\n");
}

#[test]
fn meta_makes_a_file_that_opens_as_the_same_database() {
    let folder = Folder::with("rows.json", ROWS);
    let printed = folder.dk(&["query", "rows.json", "-f", "json", "--meta"]).ok();
    assert!(printed.contains(r#""_meta":{"types":{"born":"DATETIME"}}"#));
    folder.write("copy.json", &printed);
    assert_eq!(folder.dk(&["query", "copy.json", "-f", "json", "--meta"]).ok(), printed);
    assert_eq!(folder.dk(&["count", "copy.json", "born < '1816-01-01'"]).ok(), "1\n");
    let table = folder.dk(&["query", "rows.json", "--fields", "ok", "--id", "--meta", "--versions", "-f", "csv"]).ok();
    assert!(table.starts_with("_id,ok,_version,_meta\na,true,"), "{table}");
}

#[test]
fn a_version_never_hides_a_field() {
    let folder = Folder::with("rows.jsonl", "{\"_version\":7}\n");
    assert_eq!(folder.dk(&["query", "rows.jsonl", "-f", "jsonl"]).ok(), "{\"_id\":\"1\",\"_version\":7}\n");
    let error = folder.dk(&["query", "rows.jsonl", "-f", "jsonl", "--versions"]).fails(4);
    assert!(error.contains("hint: leave out --versions"), "{error}");
}

#[test]
fn a_field_that_comes_late_is_never_dropped_silently() {
    let mut rows = "{\"a\":1}\n".repeat(1_000);
    rows.push_str("{\"a\":2,\"late\":3}\n");
    let folder = Folder::with("rows.jsonl", rows);
    let table = folder.dk(&["query", "rows.jsonl"]);
    assert_eq!((table.code, table.out.lines().count()), (Some(0), 1_003));
    assert!(table.err.starts_with("note: ") && table.err.contains("`late`"), "{}", table.err);
    let csv = folder.dk(&["query", "rows.jsonl", "-f", "csv"]);
    assert_eq!((csv.code, csv.err.contains("field: `late`")), (Some(4), true));
    assert!(folder.dk(&["query", "rows.jsonl", "-f", "csv", "--fields", "a,late"]).ok().ends_with("\n2,3\n"));
    assert!(folder.dk(&["query", "rows.jsonl", "-f", "jsonl"]).ok().ends_with("\"late\":3}\n"));
}

#[test]
fn nothing_found_prints_only_what_is_known() {
    assert_eq!(print(&["score > 99"]), "");
    assert_eq!(print(&["score > 99", "-f", "csv"]), "");
    assert_eq!(print(&["score > 99", "-f", "csv", "--fields", "a,\"b,c\""]), "a,\"b,c\"\n");
    assert_eq!(print(&["score > 99", "--fields", "a,bc"]), "a  bc\n─  ──\n");
    assert_eq!(print(&["score > 99", "-f", "json"]), "[]\n");
    assert_eq!(print(&["score > 99", "-f", "jsonl"]), "");
}
