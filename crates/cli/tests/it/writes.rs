//! `dk put` and `dk delete`.

use crate::support::Folder;

#[test]
fn put_takes_an_object_lines_or_an_array() {
    let folder = Folder::new();
    assert_eq!(folder.dk_with("{\n  \"name\": \"Ada\"\n}\n", &["put", "people.jsonl", "a"]).ok(), "a\n");
    let lines = "{\"_id\":\"b\",\"name\":\"Alan\"}\n\n{\"_id\":\"c\",\"name\":\"Grace\"}\n";
    assert_eq!(folder.dk_with(lines, &["put", "people.jsonl"]).ok(), "b\nc\n");
    assert_eq!(folder.dk_with("[{\"_id\":\"a\",\"n\":1}]", &["put", "people.jsonl"]).ok(), "a\n");
    let expected = "{\"_id\":\"a\",\"n\":1}\n{\"_id\":\"b\",\"name\":\"Alan\"}\n{\"_id\":\"c\",\"name\":\"Grace\"}\n";
    assert_eq!(folder.read("people.jsonl"), expected);
    assert_eq!(folder.dk_with("", &["put", "people.jsonl"]).ok(), "");
    assert_eq!(folder.read("people.jsonl"), expected);
    assert_eq!(folder.files(), ["people.jsonl"]);
}

#[test]
fn put_reads_other_formats_and_files() {
    let folder = Folder::with("in.csv", "name,age\nAda,36\nAlan,\n");
    let ids = folder.dk(&["put", "out.json", "--file", "in.csv"]).ok();
    assert_eq!(ids.lines().map(str::len).collect::<Vec<_>>(), [36, 36]);
    assert_eq!(folder.dk(&["query", "out.json", "-f", "csv"]).ok(), "name,age\nAda,36\nAlan,\n");
    folder.dk_with("_id;n\nx;1\n", &["put", "out.json", "--input-format", "tsv"]).ok();
    assert_eq!(folder.dk_with("_id,n\nx,1\n", &["put", "out.json", "--input-format", "csv"]).ok(), "x\n");
    let error = folder.dk(&["put", "out.json", "--file", "nix.csv"]).fails(3);
    assert!(error.contains("  path: nix.csv\n"), "{error}");
}

#[test]
fn an_id_field_of_the_store_is_the_id() {
    let folder = Folder::with("items.csv", "id,name\n1,nut\n2,bolt\n");
    assert_eq!(
        folder.dk_with("{\"id\":7,\"name\":\"washer\"}\n{\"name\":\"new\"}\n", &["put", "items.csv"]).ok(),
        "7\n8\n"
    );
    assert_eq!(folder.read("items.csv"), "id,name\n1,nut\n2,bolt\n7,washer\n8,new\n");
    folder.dk_with("{\"id\":7}", &["put", "items.csv", "9"]).fails(4);
}

#[test]
fn marked_values_are_typed() {
    let folder = Folder::new();
    let record = r#"{"_id":"a","t":{"$datetime":"2024-05-01T10:00:00+02:00"},"b":{"$binary":"AP8="},"x":{"$text":"long"},"j":{"$json":{"$binary":"?"}},"o":{"$other":1}}"#;
    folder.dk_with(record, &["put", "a.jsonl"]).ok();
    let expected = concat!(
        r#"{"_id":"a","t":"2024-05-01T10:00:00+02:00","b":"AP8=","x":"long","j":{"$binary":"?"},"o":{"$other":1},"#,
        r#""_meta":{"types":{"t":"DATETIME","b":"BINARY","x":"TEXT"}}}"#,
        "\n"
    );
    assert_eq!(folder.read("a.jsonl"), expected);
    for wrong in
        [r#"{"t":{"$datetime":"soon"}}"#, r#"{"t":{"$binary":1}}"#, r#"{"t":{"$text":null}}"#, r#"{"t":{"$json":1}}"#]
    {
        let error = folder.dk_with(format!("{{}}\n{wrong}"), &["put", "a.jsonl"]).fails(4);
        assert!(error.contains("  field: `t`\n  record: 2\n"), "{error}");
    }
    assert_eq!(folder.read("a.jsonl"), expected);
}

#[test]
fn create_refuses_what_is_there_and_writes_nothing() {
    let folder = Folder::with("a.jsonl", "{\"_id\":\"x\",\"n\":1}\n");
    let error = folder.dk_with("{\"_id\":\"y\"}\n{\"_id\":\"x\"}\n", &["put", "a.jsonl", "--create"]).fails(5);
    assert!(error.contains("  record 2: already exists: "), "{error}");
    assert_eq!(folder.read("a.jsonl"), "{\"_id\":\"x\",\"n\":1}\n");
    assert_eq!(folder.dk_with("{}", &["put", "a.jsonl", "y", "--create"]).ok(), "y\n");
}

#[test]
fn patch_changes_single_fields() {
    let folder = Folder::with("a.jsonl", "{\"_id\":\"x\",\"n\":1,\"kept\":true}\n");
    assert_eq!(folder.dk_with("{\"n\":2,\"new\":null}", &["put", "a.jsonl", "x", "--patch"]).ok(), "x\n");
    assert_eq!(folder.read("a.jsonl"), "{\"_id\":\"x\",\"n\":2,\"kept\":true,\"new\":null}\n");
    folder.dk_with("{\"n\":3}", &["put", "a.jsonl", "y", "--patch"]).fails(3);
    folder.dk_with("{\"n\":3}", &["put", "b.jsonl", "y", "--patch"]).fails(3);
    folder.dk_with("{\"n\":3}", &["put", "a.jsonl", "--patch"]).fails(4);
    folder.dk_with("{\"n\":3}", &["put", "a.jsonl", "--patch", "--create"]).fails(2);
    assert_eq!(folder.files(), ["a.jsonl"]);
}

#[test]
fn one_id_is_for_one_record() {
    let folder = Folder::new();
    folder.dk_with("{}\n{}\n", &["put", "a.jsonl", "x"]).fails(4);
    folder.dk_with("{\"_id\":\"y\"}", &["put", "a.jsonl", "x"]).fails(4);
    folder.dk_with("{}", &["put", "a.jsonl", ""]).fails(4);
    assert_eq!(folder.files(), [""; 0]);
    assert_eq!(folder.dk_with("{\"_id\":\"x\"}", &["put", "a.jsonl", "x"]).ok(), "x\n");
}

#[test]
fn delete_by_id_reports_what_was_not_there() {
    let folder = Folder::with("a.jsonl", "{\"_id\":\"x\"}\n{\"_id\":\"y\"}\n{\"_id\":\"z\"}\n");
    assert_eq!(folder.dk(&["delete", "a.jsonl", "y"]).ok(), "1\n");
    let run = folder.dk(&["delete", "a.jsonl", "x", "y", "w"]);
    assert_eq!((run.code, run.out.as_str()), (Some(3), "1\n"));
    assert!(run.err.ends_with("  id: y\n  id: w\n"), "{}", run.err);
    assert_eq!(folder.read("a.jsonl"), "{\"_id\":\"z\"}\n");
    folder.dk(&["delete", "missing.jsonl", "x"]).fails(3);
    folder.dk(&["delete", "a.jsonl"]).fails(2);
}

#[test]
fn delete_by_condition_wants_a_yes() {
    let folder = Folder::with("a.jsonl", "{\"_id\":\"x\",\"n\":1}\n{\"_id\":\"y\",\"n\":2}\n");
    let error = folder.dk(&["delete", "a.jsonl", "--where", "n = 1"]).fails(2);
    assert_eq!(error, "error: deleting by condition needs --yes where nobody can be asked\n");
    folder.dk(&["delete", "a.jsonl", "--where", "", "--yes"]).fails(4);
    folder.dk(&["delete", "a.jsonl", "--where", "n = 1 LIMIT 1", "--yes"]).fails(4);
    folder.dk(&["delete", "a.jsonl", "x", "--where", "n = 1"]).fails(2);
    assert_eq!(folder.dk(&["count", "a.jsonl"]).ok(), "2\n");
    assert_eq!(folder.dk(&["delete", "a.jsonl", "--where", "n = 1", "--yes"]).ok(), "1\n");
    assert_eq!(folder.read("a.jsonl"), "{\"_id\":\"y\",\"n\":2}\n");
}

#[test]
fn read_only_refuses_every_write() {
    let folder = Folder::with("a.jsonl", "{\"_id\":\"x\"}\n");
    for verb in
        [&["put", "a.jsonl"][..], &["delete", "a.jsonl", "x"], &["delete", "a.jsonl", "--where", "_id = 'x'", "--yes"]]
    {
        folder.dk_with("{}", &[verb, &["--read-only"]].concat()).fails(8);
        folder.dk_with("{}", &[verb, &["-o", "read_only=true"]].concat()).fails(8);
    }
    assert_eq!(folder.read("a.jsonl"), "{\"_id\":\"x\"}\n");
}

#[test]
fn a_memory_database_may_be_kept_in_a_file() {
    let folder = Folder::new();
    folder.dk_with("{\"n\":1}", &["put", "memory:kept.jsonl", "x"]).ok();
    assert_eq!(folder.dk(&["query", "memory:kept.jsonl", "-f", "jsonl"]).ok(), "{\"_id\":\"x\",\"n\":1}\n");
    assert_eq!(folder.dk(&["delete", "memory:kept.jsonl", "x"]).ok(), "1\n");
    assert_eq!(folder.read("kept.jsonl"), "");
}
