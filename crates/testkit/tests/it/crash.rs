//! Files whose writers end at any moment, or whose disk fails at any step: what was acknowledged is
//! there, nothing is there by half.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use dataknobs_data_core::{Database, ErrorKind, Query};
use dataknobs_data_file::{Durability, Fault, Faults, FileBackend, FileConfig, Format};
use dataknobs_data_testkit::crash::{Model, Operation, held};
use dataknobs_data_testkit::generate::Rng;

/// A folder in memory where there is one: what a process leaves behind when it ends does not depend
/// on the disk, and thousands of syncs do.
fn folder() -> tempfile::TempDir {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() { tempfile::tempdir_in(memory).unwrap() } else { tempfile::tempdir().unwrap() }
}

fn config(path: &Path, format: Format, durability: Durability) -> FileConfig {
    let mut config = FileConfig::new(path).with_format(format);
    config.durability = durability;
    config.journal_bytes = 2_000;
    config
}

fn open(path: &Path, format: Format) -> Database {
    Database::from_backend(Arc::new(FileBackend::new(config(path, format, Durability::Buffered)).unwrap()))
}

fn writer(mode: &str, path: &Path, format: Format, durability: &str, name: &str, number: u64) -> Child {
    Command::new(env!("CARGO_BIN_EXE_crash_writer"))
        .args([mode, path.to_str().unwrap(), format.name(), durability, name, &number.to_string()])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

/// The whole file by itself parses, whatever its journal says.
fn parses(path: &Path, format: Format) {
    if path.exists() {
        let config = FileConfig::new(path).with_format(format);
        for record in dataknobs_data_file::RecordReader::open(&config).unwrap() {
            record.unwrap();
        }
    }
}

/// Kills a writer again and again; gives the number of operations that were acknowledged.
async fn kill_writers(format: Format, durability: &str, kills: u64, seed: u64) -> u64 {
    let folder = folder();
    let path = folder.path().join("data");
    let mut rng = Rng::of(seed, "kills");
    let (mut model, mut next) = (Model::new(), 1);
    for kill in 0..kills {
        let place = format!("{format}, {durability}, seed {seed}, kill {kill}");
        let mut child = writer("operations", &path, format, durability, &seed.to_string(), next);
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        assert_eq!(lines.next().unwrap().unwrap(), "ready", "{place}");
        tokio::time::sleep(Duration::from_micros(rng.below(12_000) as u64)).await;
        child.kill().unwrap();
        child.wait().unwrap();
        for line in lines {
            let number: u64 = line.unwrap().parse().unwrap();
            assert_eq!(number, next, "{place}");
            Operation::of(seed, next, &model).apply(&mut model);
            next += 1;
        }
        parses(&path, format);
        let database = open(&path, format);
        let found = held(&database).await.unwrap_or_else(|error| panic!("{place}: {error:?}"));
        if found != model {
            // The operation that was under way may be there, too, but all of it.
            Operation::of(seed, next, &model).apply(&mut model);
            next += 1;
            assert_eq!(found, model, "{place}, operation {next}");
        }
        // Half of the time the next writer finds the journal as it was left.
        if rng.percent(50) {
            std::mem::forget(database);
        }
    }
    next - 1
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn writers_that_are_killed_at_any_moment_lose_nothing() {
    let kills = std::env::var("CRASH_KILLS").ok().and_then(|kills| kills.parse().ok()).unwrap_or(1_000);
    let seed = std::env::var("CRASH_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(1);
    let cases = Format::ALL.map(|format| [(format, "fsync"), (format, "buffered")]).concat();
    let share = u64::div_ceil(kills, cases.len() as u64);
    let runs =
        cases.into_iter().map(|(format, durability)| tokio::spawn(kill_writers(format, durability, share, seed)));
    let (mut acknowledged, mut killed) = (0, 0);
    for run in runs.collect::<Vec<_>>() {
        acknowledged += run.await.unwrap();
        killed += share;
    }
    println!("crash: {killed} kills, {acknowledged} acknowledged operations, 0 lost, 0 by half (seed {seed})");
    assert!(acknowledged > killed, "writers hardly got to write");
}

/// Runs operations on a disk that fails at one step; whether that step was reached.
async fn with_fault(format: Format, durability: Durability, step: u64, fault: Fault, for_good: bool) -> bool {
    let place = format!("{format}, {durability:?}, step {step}, {fault:?}, for good: {for_good}");
    let folder = folder();
    let path = folder.path().join("data");
    let faults = Faults::at(step, fault, for_good);
    let backend = FileBackend::with_faults(config(&path, format, durability), Arc::clone(&faults)).unwrap();
    let database = Database::from_backend(Arc::new(backend));
    let mut model = Model::new();
    let mut unsure: Option<Model> = None;
    for number in 1..=40 {
        let operation = Operation::of(7, number, &model);
        let mut after = model.clone();
        operation.apply(&mut after);
        match operation.run(&database).await {
            Ok(()) => {
                assert!(unsure.is_none() || !for_good, "{place}: a dead disk wrote operation {number}");
                model = after;
            }
            Err(error) => match error.kind() {
                ErrorKind::AmbiguousCommit => unsure = Some(after),
                ErrorKind::Io | ErrorKind::Backend => {}
                _ => panic!("{place}, operation {number}: {error:?}"),
            },
        }
        if !for_good {
            let seen = held(&database).await.unwrap_or_else(|error| panic!("{place}: {error:?}"));
            if unsure.take().is_some_and(|unsure| unsure == seen) {
                model = seen;
            } else {
                assert_eq!(seen, model, "{place}, operation {number}, through the same handle");
            }
        }
        if unsure.is_some() {
            break;
        }
    }
    drop(database);
    parses(&path, format);
    let found = held(&open(&path, format)).await.unwrap_or_else(|error| panic!("{place}: {error:?}"));
    assert!(found == model || unsure.is_some_and(|unsure| found == unsure), "{place}: {found:?} is not {model:?}");
    faults.steps() > step
}

#[tokio::test]
async fn each_step_may_fail_or_tear_and_nothing_acknowledged_is_lost() {
    let (mut runs, mut steps) = (0, 0);
    for format in Format::ALL {
        for durability in [Durability::Fsync, Durability::Buffered] {
            let all = [
                (Fault::Torn, false),
                (Fault::Broken, true),
                (Fault::NoSpace, false),
                (Fault::Broken, false),
                (Fault::Torn, true),
            ];
            // The steps of JSON and TSV are those of JSON lines and CSV.
            let kinds = if matches!(format, Format::JsonLines | Format::Csv) { &all[..] } else { &all[..2] };
            for &(fault, for_good) in kinds {
                let mut step = 0;
                while with_fault(format, durability, step, fault, for_good).await {
                    step += 1;
                    runs += 1;
                }
                assert!(step > 40, "{format}: only {step} steps");
                steps = steps.max(step);
            }
        }
    }
    println!("faults: {runs} runs, up to {steps} steps each, 0 acknowledged operations lost");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn eight_processes_write_one_file_and_readers_see_whole_commits() {
    const EACH: u64 = 1_000;
    for (format, durability) in [(Format::JsonLines, "buffered"), (Format::Csv, "fsync")] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("data");
        let names: Vec<String> = (0..8).map(|n| format!("p{n}")).collect();
        let mut writers: Vec<Child> =
            names.iter().map(|name| writer("creates", &path, format, durability, name, EACH)).collect();
        let database = open(&path, format);
        let mut before = vec![0; names.len()];
        let mut reads = 0;
        while writers.iter_mut().any(|writer| writer.try_wait().unwrap().is_none()) {
            let records = database.search(&Query::new()).await.unwrap();
            let mut counts = vec![0; names.len()];
            for record in &records {
                let at = names.iter().position(|name| record["name"].as_str() == Some(name)).unwrap();
                assert_eq!(record["n"].as_integer(), Some(counts[at]), "{format}: a gap among what {at} wrote");
                counts[at] += 1;
            }
            assert!(counts.iter().zip(&before).all(|(now, before)| now >= before), "{format}: {before:?}, {counts:?}");
            before = counts;
            reads += 1;
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        for mut writer in writers {
            assert!(writer.wait().unwrap().success(), "{format}");
        }
        assert!(reads > 10, "{format}: {reads} reads");
        let count = database.count(&Query::new()).await.unwrap();
        assert_eq!(count, 8 * EACH, "{format}");
        println!("processes: {format}, {durability}: 8 x {EACH} creates, {count} records, {reads} reads meanwhile");
    }
}
