//! `dk recover`.

use serde_json::Value as Json;

use crate::support::Folder;

const DAMAGED: &str = "{\"_id\":\"a\",\"n\":1}\n{\"_id\":\"b\",\"n\"\n{\"_id\":\"c\",\"n\":3}\n";

#[test]
fn what_is_readable_is_saved_and_what_is_not_is_reported() {
    let folder = Folder::with("a.jsonl", DAMAGED);
    let run = folder.dk(&["recover", "a.jsonl", "--output", "b.jsonl"]);
    assert_eq!((run.code, run.err.as_str()), (Some(7), ""));
    assert!(run.out.starts_with("new file: b.jsonl\nrecords: 2\nlost: 15 bytes"), "{}", run.out);
    assert!(run.out.contains("  a.jsonl, line 2, column 1, byte 18: damage, 15 bytes: "), "{}", run.out);
    assert_eq!(folder.read("b.jsonl"), "{\"_id\":\"a\",\"n\":1}\n{\"_id\":\"c\",\"n\":3}\n");
    assert_eq!(folder.read("a.jsonl"), DAMAGED);
    let error = folder.dk(&["recover", "a.jsonl", "--output", "b.jsonl"]).fails(5);
    assert!(error.contains("b.jsonl"), "{error}");
    assert_eq!(folder.files(), ["a.jsonl", "b.jsonl"]);
}

#[test]
fn the_report_may_be_json() {
    let folder = Folder::with("a.txt", "id;n\n1;x\n2;5;6\n");
    let run = folder.dk(&["recover", "a.txt", "-o", "format=csv", "--output", "b.json", "--format", "json"]);
    assert_eq!(run.code, Some(7), "{}", run.err);
    let report: Json = serde_json::from_str(&run.out).unwrap();
    assert_eq!((&report["records"], &report["output"]), (&Json::from(1), &Json::from("b.json")));
    assert_eq!((&report["losses"][0]["line"], &report["losses"][0]["kind"]), (&Json::from(3), &Json::from("damage")));
    assert_eq!(folder.read("b.json"), "[\n{\"id\":1,\"n\":\"x\"}\n]\n");
}

#[test]
fn a_whole_file_has_nothing_to_recover() {
    let folder = Folder::with("a.csv", "id,n\n1,1\n");
    assert_eq!(folder.dk(&["recover", "a.csv", "--output", "b.csv"]).ok(), "nothing to recover\n");
    assert_eq!(folder.dk(&["recover", "a.csv", "--reapply"]).ok(), "nothing to recover\n");
    assert_eq!(folder.files(), ["a.csv"]);
    folder.dk(&["recover", "b.csv", "--output", "c.csv"]).fails(3);
    folder.dk(&["recover", "memory:a.jsonl", "--output", "c.csv"]).fails(8);
    folder.dk(&["recover", "a.csv"]).fails(2);
    folder.dk(&["recover", "a.csv", "--reapply", "--output", "c.csv"]).fails(2);
}

/// A journal whose writer ended before it could put it into the file.
fn pending(folder: &Folder) {
    let path = folder.path("a.jsonl");
    let database = dataknobs_data::SyncDatabase::open(path.to_str().unwrap()).unwrap();
    for id in ["a", "b"] {
        let record = dataknobs_data::record! { "n": 1 }.unwrap().with_id(id).unwrap();
        database.create(record).unwrap();
    }
    std::mem::forget(database);
    assert!(folder.path("a.jsonl.journal").exists());
}

#[test]
fn a_journal_is_put_on_top_of_another_file() {
    let folder = Folder::new();
    pending(&folder);
    std::fs::remove_file(folder.path("a.jsonl")).unwrap();
    folder.write("a.jsonl", "{\"_id\":\"x\"}\n");
    let error = folder.dk(&["query", "a.jsonl"]).fails(5);
    assert!(error.contains("hint: `dk recover --reapply`"), "{error}");
    let report = folder.dk(&["recover", "a.jsonl", "--reapply"]).ok();
    assert_eq!(
        report,
        "file: a.jsonl\nrecords: 2\ncommits of the journal: 1 (1 created, 0 replaced, 0 deleted)\nlost: nothing\n"
    );
    assert_eq!(folder.read("a.jsonl"), "{\"_id\":\"x\"}\n{\"_id\":\"b\",\"n\":1}\n");
    assert_eq!(folder.files(), ["a.jsonl"]);
}

#[test]
fn a_damaged_journal_is_not_put_on_top() {
    let folder = Folder::new();
    pending(&folder);
    let mut journal = std::fs::read(folder.path("a.jsonl.journal")).unwrap();
    let last = journal.len() - 3;
    journal[last] ^= 4;
    folder.write("a.jsonl.journal", &journal);
    let error = folder.dk(&["recover", "a.jsonl", "--reapply"]).fails(7);
    assert!(error.contains("hint: `dk recover` without --reapply"), "{error}");
    let run = folder.dk(&["recover", "a.jsonl", "--output", "b.jsonl"]);
    assert_eq!(run.code, Some(7));
    assert!(run.out.contains("  a.jsonl.journal, byte "), "{}", run.out);
    assert_eq!(folder.read("b.jsonl"), "{\"_id\":\"a\",\"n\":1}\n");
}
