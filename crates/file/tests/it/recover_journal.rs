//! Saving what is readable of a damaged journal, and putting a journal on top of another file.

use std::path::PathBuf;

use dataknobs_data_core::{ErrorKind, record};
use dataknobs_data_file::{Format, reapply, recover, replay_journal};

use crate::recover::Numbers;
use crate::support::{Fixture, TEXT, ids};

fn journal_of(fixture: &Fixture) -> PathBuf {
    let mut name = fixture.path.clone().into_os_string();
    name.push(".journal");
    name.into()
}

/// A file with a record `base`, and a journal with ten commits: a record each.
async fn pending(format: Format) -> (Fixture, Vec<u8>) {
    let fixture = Fixture::of(format);
    let database = fixture.open();
    let record = |id: &str, n: i64| record! { "n": n }.unwrap().with_id(id).unwrap();
    database.create(record("base", 0)).await.unwrap();
    database.flush().await.unwrap();
    for n in 0..10 {
        database.create(record(&format!("r{n}"), n)).await.unwrap();
    }
    let journal = std::fs::read(journal_of(&fixture)).unwrap();
    // As if the process had ended: the last drop would fold.
    std::mem::forget(database);
    (fixture, journal)
}

/// Where each frame begins, and the end.
fn frames(journal: &[u8]) -> Vec<usize> {
    let number = |at: usize| u32::from_le_bytes(journal[at..at + 4].try_into().unwrap()) as usize;
    let mut starts = vec![16 + number(8)];
    while let Some(at) = starts.last().copied().filter(|at| *at < journal.len()) {
        starts.push(at + 16 + number(at));
    }
    starts
}

#[tokio::test]
async fn a_flipped_bit_costs_the_commit_that_it_is_in() {
    let (fixture, journal) = pending(Format::JsonLines).await;
    let starts = frames(&journal);
    assert_eq!(starts.len(), 11);
    let mut numbers = Numbers(5);
    for round in 0..300 {
        let byte = numbers.below(journal.len());
        let mut bytes = journal.clone();
        bytes[byte] ^= 1 << numbers.below(8);
        std::fs::write(journal_of(&fixture), &bytes).unwrap();
        let output = fixture.folder.path().join(format!("out-{round}.jsonl"));
        let report = recover(&fixture.config, &output).unwrap();
        let hit = starts.iter().rposition(|start| *start <= byte);
        let mut expected: Vec<_> = (0..10).filter(|n| Some(*n) != hit).map(|n| format!("r{n}")).collect();
        expected.insert(0, "base".to_owned());
        let mut other = Fixture::new("unused.jsonl");
        other.config.path = output;
        assert_eq!(ids(&other.all().await.unwrap()), expected, "byte {byte}");
        assert_eq!(report.damaged_places, 1, "byte {byte}: {report:?}");
        assert_eq!(report.commits, expected.len() as u64 - 1);
        assert_eq!(report.losses[0].byte, hit.map_or(0, |hit| starts[hit]) as u64);
        assert_eq!(reapply(&fixture.config).unwrap_err().kind(), ErrorKind::Corrupt);
        assert_eq!(std::fs::read(journal_of(&fixture)).unwrap(), bytes);
    }
}

#[tokio::test]
async fn a_torn_end_is_no_loss() {
    let (fixture, journal) = pending(Format::Csv).await;
    let starts = frames(&journal);
    std::fs::write(journal_of(&fixture), &journal[..starts[9] + 20]).unwrap();
    let report = recover(&fixture.config, &fixture.folder.path().join("b.csv")).unwrap();
    assert!(report.is_whole());
    assert_eq!((report.commits, report.records, report.torn_bytes), (9, 10, 20));
}

#[tokio::test]
async fn file_and_journal_may_both_be_damaged() {
    let (fixture, mut journal) = pending(Format::JsonLines).await;
    let starts = frames(&journal);
    // Two heads one after the other.
    journal[starts[3]] ^= 1;
    journal[starts[4] + 9] ^= 1;
    std::fs::write(journal_of(&fixture), &journal).unwrap();
    std::fs::write(&fixture.path, b"{\"_id\":\"base\",").unwrap();
    let report = recover(&fixture.config, &fixture.folder.path().join("b.jsonl")).unwrap();
    assert!(report.other_state);
    assert_eq!((report.records, report.commits, report.damaged_places), (8, 8, 2), "{report:?}");
    assert_eq!(report.losses[0].bytes, (starts[5] - starts[3]) as u64);
}

#[tokio::test]
async fn reapplied_commits_come_on_top_of_what_another_program_wrote() {
    for format in TEXT {
        let (fixture, _) = pending(format).await;
        let other = match format {
            Format::Json => r#"[{"_id":"r3","n":-1},{"_id":"new","n":1}]"#,
            Format::JsonLines => "{\"_id\":\"r3\",\"n\":-1}\n{\"_id\":\"new\",\"n\":1}\n",
            Format::Csv => "_id,n\nr3,-1\nnew,1\n",
            _ => "_id\tn\nr3\t-1\nnew\t1\n",
        };
        std::fs::remove_file(&fixture.path).unwrap();
        std::fs::write(&fixture.path, other).unwrap();
        assert_eq!(fixture.all().await.unwrap_err().kind(), ErrorKind::Conflict);
        let report = reapply(&fixture.config).unwrap();
        assert!(report.other_state && report.is_whole());
        assert_eq!((report.commits, report.created, report.replaced, report.records), (10, 9, 1, 11));
        assert!(!journal_of(&fixture).exists());
        let all = fixture.all().await.unwrap();
        let expected = ["r3", "new", "r0", "r1", "r2", "r4", "r5", "r6", "r7", "r8", "r9"];
        assert_eq!(ids(&all), expected, "{format}");
        assert_eq!(all[0]["n"].as_integer(), Some(3));
        assert_eq!(reapply(&fixture.config).unwrap().output, None);
    }
}

#[tokio::test]
async fn a_journal_without_commits_is_nothing_to_lose() {
    let (fixture, journal) = pending(Format::JsonLines).await;
    // A writer that ended right after the header, and another program that wrote the file then.
    std::fs::write(journal_of(&fixture), &journal[..frames(&journal)[0]]).unwrap();
    std::fs::write(&fixture.path, "{\"_id\":\"other\",\"n\":1}\n").unwrap();
    assert_eq!(ids(&fixture.all().await.unwrap()), ["other"]);
    let database = fixture.open();
    database.create(record! { "n": 2 }.unwrap().with_id("new").unwrap()).await.unwrap();
    database.close().await.unwrap();
    assert_eq!(ids(&fixture.all().await.unwrap()), ["other", "new"]);
}

#[tokio::test]
async fn reapplying_makes_a_deleted_file_anew() {
    for format in Format::ALL {
        let (fixture, _) = pending(format).await;
        std::fs::remove_file(&fixture.path).unwrap();
        let report = reapply(&fixture.config).unwrap();
        assert_eq!((report.commits, report.created, report.records), (10, 10, 10));
        assert!(!journal_of(&fixture).exists());
        assert_eq!(fixture.all().await.unwrap().len(), 10, "{format}");
    }
}

#[tokio::test]
async fn a_damaged_file_is_not_rewritten_by_reapplying() {
    let (fixture, journal) = pending(Format::JsonLines).await;
    std::fs::write(&fixture.path, "{\"_id\":\"x\"}\n{\"_id\"\n").unwrap();
    assert_eq!(reapply(&fixture.config).unwrap_err().kind(), ErrorKind::Corrupt);
    assert_eq!(fixture.text(), "{\"_id\":\"x\"}\n{\"_id\"\n");
    assert_eq!(std::fs::read(journal_of(&fixture)).unwrap(), journal);
}

#[tokio::test]
async fn numbers_of_rows_are_not_put_on_other_rows() {
    let fixture = Fixture::with("a.csv", "name\nAda\nAlan\n");
    let database = fixture.open();
    database.update("2", record! { "name": "Grace" }.unwrap()).await.unwrap();
    std::mem::forget(database);
    assert!(journal_of(&fixture).exists());
    std::fs::remove_file(&fixture.path).unwrap();
    std::fs::write(&fixture.path, "name\nKurt\nEmmy\n").unwrap();
    assert_eq!(reapply(&fixture.config).unwrap_err().kind(), ErrorKind::Conflict);
    assert_eq!(fixture.text(), "name\nKurt\nEmmy\n");
}

#[tokio::test]
async fn a_store_and_recovery_agree_about_what_is_damaged() {
    let (_fixture, whole) = pending(Format::Json).await;
    let mut damaged = 0;
    for seed in 0..5_000 {
        let mut numbers = Numbers(seed);
        let mut bytes = whole.clone();
        for _ in 0..=numbers.below(3) {
            let start = numbers.below(bytes.len());
            let end = (start + numbers.below(40)).min(bytes.len());
            match numbers.below(5) {
                0 => bytes[start..end].fill(0),
                1 => bytes.truncate(start.max(1)),
                2 => drop(bytes.drain(start..end.min(start + bytes.len() - 1))),
                3 => {
                    let again = bytes[start..end].to_vec();
                    bytes.splice(start..start, again);
                }
                _ => bytes[start] ^= 1 << numbers.below(8),
            }
        }
        let (commits, gaps) = replay_journal(&bytes).unwrap_or_else(|error| panic!("seed {seed}: {error:?}"));
        assert!(commits <= 10, "seed {seed}");
        damaged += u64::from(gaps > 0);
    }
    assert!(damaged > 2_000, "{damaged}");
}
