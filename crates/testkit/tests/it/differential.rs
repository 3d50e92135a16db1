//! 500 random cases on each target, the same ones in every run unless `DATAKNOBS_SEED` says otherwise.

use dataknobs_data_testkit::differential::{Options, Target, regressions_folder, run};

const SEED: u64 = 20_240_131;

fn every_case_agrees(target: Target) {
    let seed = match std::env::var("DATAKNOBS_SEED") {
        Ok(text) => text.parse().expect("DATAKNOBS_SEED is a whole number"),
        Err(_) => SEED,
    };
    println!("seed {seed} (repeat with DATAKNOBS_SEED={seed})");
    // Nothing is written from here; `cargo xtask fuzz` keeps what it finds.
    let kept = run_with(target, Options { cases: 0, seed, regressions: Some(regressions_folder()) });
    let random = run_with(target, Options { cases: 500, seed, regressions: None });
    assert_eq!(random, 500, "{}", target.name());
    assert_eq!(kept, 0);
}

fn run_with(target: Target, options: Options) -> u64 {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
    let report = runtime.block_on(run(target, &options)).expect("kept cases can be read");
    for difference in &report.differences {
        println!("{}\n{}", difference.description, difference.case.to_json());
    }
    assert!(report.differences.is_empty(), "{} differs from the reference, see above", target.name());
    report.pairs
}

#[test]
fn memory_agrees_with_the_reference() {
    every_case_agrees(Target::Memory);
}

#[test]
fn memory_with_indexes_agrees_with_the_reference() {
    every_case_agrees(Target::MemoryIndexed);
}

#[test]
fn memory_transactions_agree_with_the_reference() {
    every_case_agrees(Target::MemoryTransaction);
}

#[test]
fn files_agree_with_the_reference() {
    let files = Target::ALL.into_iter().filter(|target| matches!(target, Target::File(_) | Target::Compressed(..)));
    files.for_each(every_case_agrees);
}

#[test]
fn postgres_documents_agree_with_the_reference() {
    every_case_agrees(Target::Postgres);
}

#[test]
fn postgres_transactions_agree_with_the_reference() {
    every_case_agrees(Target::PostgresTransaction);
}
