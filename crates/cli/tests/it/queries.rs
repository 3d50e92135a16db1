//! `dk query` over the penguins.

use crate::support::{Folder, PENGUINS, dk};

const FEMALE_ADELIE: &str = "species = 'Adelie' AND sex = 'female'";

fn penguins(arguments: &[&str]) -> String {
    dk(&[&["query", PENGUINS, "-o", "null_values=NA"], arguments].concat()).ok()
}

#[test]
fn the_five_heaviest_female_adelie_penguins() {
    let expected = "\
_id  island     body_mass_g
───  ─────────  ───────────
115  Biscoe            3900
111  Biscoe            3825
2    Torgersen         3800
23   Biscoe            3800
26   Biscoe            3800
";
    let query = format!("{FEMALE_ADELIE} ORDER BY body_mass_g DESC LIMIT 5");
    let table = penguins(&[&query, "--fields", "island,body_mass_g", "--id"]);
    assert_eq!(table, expected);
    let options = ["--sort", "body_mass_g DESC", "--limit", "5", "--fields", "_id,island,body_mass_g"];
    assert_eq!(penguins(&[&[FEMALE_ADELIE], options.as_slice()].concat()), expected);
    let url = format!("{PENGUINS}?null_values=NA");
    assert_eq!(dk(&["query", &url, &query, "--fields", "_id,island,body_mass_g"]).ok(), expected);
}

#[test]
fn pages_follow_each_other() {
    let options = ["--sort", "body_mass_g DESC", "--fields", "_id", "-f", "csv", "--next-token"];
    let query = [&["query", PENGUINS, "-o", "null_values=NA", FEMALE_ADELIE], options.as_slice()].concat();
    let first = dk(&[query.as_slice(), &["--limit", "3"]].concat());
    assert_eq!((first.code, first.out.as_str()), (Some(0), "_id\n115\n111\n2\n"));
    let second = dk(&[query.as_slice(), &["--limit", "2", "--after", first.err.trim()]].concat());
    assert_eq!(second.out, "_id\n23\n26\n");
    let last = dk(&[query.as_slice(), &["--limit", "100", "--after", second.err.trim()]].concat());
    assert_eq!((last.out.lines().count(), last.err.as_str()), (73 - 5 + 1, ""));

    let error = dk(&["query", PENGUINS, "--next-token"]).fails(4);
    assert!(error.contains("hint: add --sort and --limit"), "{error}");
}

#[test]
fn offset_and_limit_cut_the_rest() {
    let page = penguins(&["", "--offset", "2", "--limit", "1", "--fields", "_id", "-f", "csv"]);
    assert_eq!(page, "_id\n3\n");
    assert_eq!(penguins(&["--limit", "0", "-f", "json"]), "[]\n");
}

#[test]
fn counting_honours_the_condition_alone() {
    assert_eq!(penguins(&[FEMALE_ADELIE, "--count"]), "73\n");
    assert_eq!(dk(&["count", PENGUINS]).ok(), "344\n");
    let error = dk(&["count", PENGUINS, "year = 2007 LIMIT 3"]).fails(4);
    assert!(error.contains("  year = 2007 LIMIT 3\n              ^\n"), "{error}");
    dk(&["query", PENGUINS, "--count", "--limit", "3"]).fails(2);
}

#[test]
fn what_is_said_twice_is_refused() {
    for (query, option, value) in
        [("ORDER BY year", "--sort", "year"), ("LIMIT 1", "--limit", "1"), ("OFFSET 1", "--offset", "1")]
    {
        let error = dk(&["query", PENGUINS, query, option, value]).fails(4);
        assert!(error.contains(&format!("  option: {option}\n")), "{error}");
    }
}

#[test]
fn a_plan_is_shown_without_running_the_query() {
    let plan = penguins(&[FEMALE_ADELIE, "--explain"]);
    assert!(plan.starts_with("backend: file\nquery: species = 'Adelie' AND sex = 'female'\n"), "{plan}");
    let plan: serde_json::Value = serde_json::from_str(&penguins(&[FEMALE_ADELIE, "--explain", "-f", "json"])).unwrap();
    assert_eq!(plan["leaves"].as_array().unwrap().len(), 2);
    dk(&["query", PENGUINS, "--explain", "-f", "csv"]).fails(8);
}

#[test]
fn standard_input_is_a_database_too() {
    let folder = Folder::new();
    let csv = "name,age\nAda,36\nAlan,41\n";
    let found = folder.dk_with(csv, &["query", "-", "-o", "format=csv", "age > 40", "-f", "jsonl"]).ok();
    assert_eq!(found, "{\"_id\":\"2\",\"name\":\"Alan\",\"age\":41}\n");
    assert_eq!(folder.dk_with("{\"a\":1}\n{\"a\":2}\n", &["count", "-", "a = 2"]).ok(), "1\n");
    assert_eq!(folder.dk_with(" [{\"a\":1}]", &["count", "-"]).ok(), "1\n");
    let error = folder.dk_with("{\"a\":1}\n{\"a\"", &["count", "-"]).fails(7);
    assert!(error.contains("  line: 2\n") && error.contains("  path: standard input\n"), "{error}");
    folder.dk_with("{}", &["put", "-"]).fails(4);
}

#[test]
fn compressed_files_and_input_are_read_and_written() {
    let folder = Folder::new();
    let rows = "{\"_id\":\"a\",\"n\":1}\n{\"_id\":\"b\",\"n\":2}\n";
    folder.dk_with(rows, &["put", "rows.json.gz"]).ok();
    folder.dk_with(rows, &["put", "rows.jsonl.zst"]).ok();
    for name in ["rows.json.gz", "rows.jsonl.zst"] {
        assert_eq!(folder.dk(&["query", name, "n = 2", "-f", "jsonl"]).ok(), "{\"_id\":\"b\",\"n\":2}\n");
        let bytes = std::fs::read(folder.path(name)).unwrap();
        assert_eq!(folder.dk_with(&bytes, &["count", "-"]).ok(), "2\n");
        let copy = format!("{name}.csv");
        assert_eq!(folder.dk_with(&bytes, &["put", &copy]).ok(), "a\nb\n");
        assert_eq!(folder.dk(&["put", &copy, "--file", name]).ok(), "a\nb\n");
        assert_eq!(folder.dk(&["count", &copy]).ok(), "2\n");
        let error = folder.dk_with(&bytes[..bytes.len() - 1], &["put", &copy]).fails(7);
        assert!(error.contains("cut off") && error.contains("standard input"), "{error}");
        folder.dk_with(&bytes[..bytes.len() - 1], &["count", "-"]).fails(7);
    }
    assert!(folder.dk(&["info", "rows.json.gz"]).ok().contains("compression: gzip"));
}

#[test]
fn a_reader_creates_nothing() {
    let folder = Folder::new();
    let verbs: [&[&str]; 6] = [&["query"], &["get"], &["count"], &["aggregate"], &["info"], &["schema"]];
    for verb in verbs {
        for url in ["missing.jsonl", "missing.csv", "file:missing.json?create=true", "memory:missing.jsonl"] {
            let more: &[&str] = match verb[0] {
                "get" => &["1"],
                "aggregate" => &["-a", "count"],
                _ => &[],
            };
            let error = folder.dk(&[verb, &[url], more].concat()).fails(3);
            assert!(error.starts_with("error: not found: there is no such file\n  path: missing."), "{error}");
        }
    }
    assert_eq!(folder.files(), [""; 0]);
}
