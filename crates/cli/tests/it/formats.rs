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

/// Columns and records of everything that a CSV file can hold.
const MIXED: &str = "\
id,name,n,x,at,ok,doc
3,\"a, \"\"b\"\"\",7,0.5,2024-01-31T10:00:00.5,true,
1,\"\",-9007199254740993,1e300,0001-01-01T00:00:00,false,plain
2,,0,-2,,,\"two
lines\"
";

#[test]
fn csv_of_columns_is_that_of_records() {
    for (name, content) in [
        ("mixed.csv", MIXED.to_owned()),
        ("zones.csv", "k,at\na,2024-01-31T10:00:00Z\nb,2024-01-31T12:00:00+02:00\n".to_owned()),
        ("zone.csv", "k,at\na,2024-01-31T10:00:00+05:45\nb,2024-01-31T12:00:00+05:45\n".to_owned()),
        ("one.csv", "a\n\"\"\n1\n".to_owned()),
        ("none.csv", "a,b\n".to_owned()),
    ] {
        let folder = Folder::with(name, content);
        // JSON lines have no columns.
        let lines = folder.dk(&["query", name, "-f", "jsonl", "--meta"]).ok();
        folder.write("records.jsonl", &lines);
        for options in [
            &[][..],
            &["--id"],
            &["--fields", "at,nowhere,name"],
            &["--fields", "_id,x"],
            &["n > 0"],
            &["--sort", "n DESC", "--limit", "2"],
            &["name = 'nobody'"],
        ] {
            if !name.starts_with("mixed") && options.first().is_some_and(|first| first.starts_with('n')) {
                continue;
            }
            let print = |file: &str| folder.dk(&[&["query", file, "-f", "csv"], options].concat()).ok();
            assert_eq!(print(name), print("records.jsonl"), "{name} {options:?}");
        }
    }
}

#[test]
fn parquet_holds_what_was_printed() {
    let folder = Folder::with("mixed.csv", MIXED);
    folder.write("rows.json", ROWS);
    let file = |source: &str, options: &[&str], target: &str| {
        let output = folder.command(&[&["query", source, "-f", "parquet"], options].concat()).output().unwrap();
        assert!(output.status.success() && output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
        folder.write(target, &output.stdout);
    };
    let csv = |source: &str, options: &[&str]| folder.dk(&[&["query", source, "-f", "csv"], options].concat()).ok();
    // From columns, and from records.
    file("mixed.csv", &[], "all.parquet");
    assert_eq!(csv("all.parquet", &[]), csv("mixed.csv", &[]));
    file("mixed.csv", &["n >= 0", "--fields", "x,name"], "some.parquet");
    assert_eq!(csv("some.parquet", &[]), csv("mixed.csv", &["n >= 0", "--fields", "x,name"]));
    file("rows.json", &["--id"], "rows.parquet");
    assert_eq!(csv("rows.parquet", &["--id"]), csv("rows.json", &["--id"]));
    file("rows.json", &["score > 100"], "nothing.parquet");
    assert_eq!(csv("nothing.parquet", &[]), "");
    assert!(folder.dk(&["query", "rows.json", "-f", "parquet", "--meta"]).fails(8).contains("leave out --meta"));
    let error = folder.dk(&["query", "rows.json", "-f", "parquet", "--explain"]).fails(8);
    assert!(error.contains("no list of rows"), "{error}");
}
