//! The verbs that read, but for `query`.

use serde_json::{Value, json};

use crate::support::{Folder, PENGUINS, dk};

#[test]
fn get_prints_one_record() {
    let record: Value = serde_json::from_str(&dk(&["get", PENGUINS, "5", "-o", "null_values=NA"]).ok()).unwrap();
    assert_eq!(record["_id"], "5");
    assert_eq!(record["bill_length_mm"], 36.7);
    let line = dk(&["get", PENGUINS, "5", "-f", "jsonl", "--fields", "year"]).ok();
    assert_eq!(line, "{\"_id\":\"5\",\"year\":2007}\n");
    assert_eq!(
        dk(&["get", PENGUINS, "5", "-f", "csv", "--fields", "sex,island"]).ok(),
        "sex,island\nfemale,Torgersen\n"
    );
    assert_eq!(
        dk(&["get", PENGUINS, "999"]).fails(3),
        "error: not found: there is no record with this id\n  id: 999\n"
    );
}

#[test]
fn aggregate_groups_and_computes() {
    let options = ["--group-by", "species", "--agg", "count", "--agg", "max:body_mass_g", "--agg", "avg:year=mean"];
    let by_species = [&["aggregate", PENGUINS, "-o", "null_values=NA", "sex = 'female'"], options.as_slice()].concat();
    let table = dk(&by_species).ok();
    let lines: Vec<&str> = table.lines().collect();
    assert!(lines[0].starts_with("species    count  max_body_mass_g  ") && lines[0].ends_with("mean"), "{table}");
    // The last digits of means are not promised.
    let starts = ["Adelie 73 3900 2008.0547945", "Chinstrap 34 4150 2007.9705882", "Gentoo 58 5200 2008.0689655"];
    for (line, start) in lines[2..].iter().zip(starts) {
        let words = line.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(words.starts_with(start), "{line}");
    }
    let masses =
        ["--histogram", "body_mass_g:1000:-300=from", "-a", "count", "-a", "count_distinct:species=kinds", "-f", "csv"];
    let masses = dk(&[&["aggregate", PENGUINS, "-o", "null_values=NA"], masses.as_slice()].concat()).ok();
    assert_eq!(masses, "from,count,kinds\n2700,106,2\n3700,137,3\n4700,82,3\n5700,17,1\n,2,2\n");
    let all = dk(&["aggregate", PENGUINS, "-a", "sum:year", "-a", "min:year", "-f", "jsonl"]).ok();
    assert_eq!(all, "{\"sum_year\":690762,\"min_year\":2007}\n");
}

#[test]
fn aggregate_makes_calendar_groups() {
    let rows = "\"paid at\",amount\n2024-01-31T10:00:00Z,1\n2024-02-01T00:00:00Z,2\n2024-02-29T00:00:00Z,3\n";
    let folder = Folder::with("sales.csv", rows);
    let monthly = ["--date-histogram", "\"paid at\":month=month", "-a", "sum:amount=total", "-f", "csv"];
    assert_eq!(
        folder.dk(&[&["aggregate", "sales.csv"], monthly.as_slice()].concat()).ok(),
        "month,total\n2024-01-01T00:00:00Z,1\n2024-02-01T00:00:00Z,5\n"
    );
}

#[test]
fn aggregate_says_what_is_wrong() {
    for (options, message) in [
        (&["-a", "median:year"][..], "unknown aggregate function"),
        (&["-a", "sum"], "this function needs a path"),
        (&["-a", "a:b:c"], "an aggregate is written"),
        (&["--histogram", "year"], "a histogram is written"),
        (&["--histogram", "year:x"], "width and origin of a histogram are numbers"),
        (&["--histogram", "year:0"], "the width of a histogram must be above zero"),
        (&["--date-histogram", "year:fortnight"], "unknown interval"),
        (&["-a", "count", "-a", "count"], "two columns have one name"),
        (&[], "an aggregation needs a group key or an aggregate"),
    ] {
        let error = dk(&[&["aggregate", PENGUINS], options].concat()).fails(4);
        assert!(error.starts_with("error: invalid query: ") && error.contains(message), "{error}");
    }
}

#[test]
fn info_says_what_and_where() {
    let text = dk(&["info", PENGUINS]).ok();
    assert!(text.starts_with("backend: file\nlocation: ") && text.contains("\n  bytes: 15241\n"), "{text}");
    assert!(text.contains("\n  id order: numeric\n") && text.contains("\n  transactions: yes\n"), "{text}");
    let info: Value = serde_json::from_str(&dk(&["info", "memory:", "--format", "json"]).ok()).unwrap();
    assert_eq!((&info["backend"], &info["capabilities"]["transactions"]), (&json!("memory"), &json!(true)));
}

#[test]
fn schema_tells_types_nulls_and_ranges() {
    let rows =
        "{\"n\":1,\"s\":\"b\"}\n{\"n\":2.5,\"s\":null,\"j\":[1]}\n{\"n\":\"x\",\"s\":\"a\",\"j\":[1.0]}\n{\"n\":1.0}\n";
    let folder = Folder::with("rows.jsonl", rows);
    let expected = "\
field  types                         present  null  missing  distinct  min  max
─────  ────────────────────────────  ───────  ────  ───────  ────────  ───  ───
n      FLOAT 2, STRING 1, INTEGER 1        4     0        0         3  1    x
s      STRING 2                            2     1        1         2  a    b
j      JSON 2                              2     0        2         1
";
    assert_eq!(folder.dk(&["schema", "rows.jsonl"]).ok(), expected);
    let first = folder.dk(&["schema", "rows.jsonl", "--sample", "1", "-f", "jsonl"]).ok();
    let first: Value = serde_json::from_str(first.lines().next().unwrap()).unwrap();
    assert_eq!(first["types"], json!({"INTEGER": 1}));
    assert!(folder.dk(&["schema", "rows.jsonl", "s = 'a'", "-f", "csv"]).ok().contains("\nn,STRING 1,1,0,0,1,x,x\n"));
}

#[test]
fn completions_exist_for_every_shell() {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        assert!(dk(&["completions", shell]).ok().contains("aggregate"), "{shell}");
    }
    dk(&["completions", "dash"]).fails(2);
}

#[test]
fn help_names_every_verb_and_exit_code() {
    let help = dk(&["--help"]).ok();
    for verb in ["query", "get", "put", "delete", "count", "aggregate", "info", "schema", "completions"] {
        assert!(help.contains(&format!("\n  {verb} ")), "{verb}");
        assert!(dk(&[verb, "--help"]).ok().contains("Usage: dk"));
    }
    assert!(help.contains("    7  damaged data; the message names the place\n"));
    dk(&["querry", PENGUINS]).fails(2);
}

#[test]
fn a_call_that_takes_too_long_ends() {
    let folder = Folder::with("rows.jsonl", "{\"n\":1}\n".repeat(300_000));
    let error = folder.dk(&["count", "rows.jsonl", "--timeout", "1ms"]).fails(6);
    assert!(error.starts_with("error: timed out: ") && error.contains("  timeout: 1ms\n"), "{error}");
    dk(&["count", PENGUINS, "--timeout", "soon"]).fails(4);
    assert_eq!(dk(&["count", PENGUINS, "--timeout", "30s"]).ok(), "344\n");
}
