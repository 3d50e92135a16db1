//! The conformance suite over every kind of store that needs no server.

use dataknobs_data_core::Path;
use dataknobs_data_testkit::conformance::{Form, behaviour_count, run_suite};
use dataknobs_data_testkit::fixture::{Fixture, local_fixtures};

/// Behaviours that there are at least; a suite that lost some is not green.
const BEHAVIOURS: usize = 208;
/// Behaviours that apply to each store at least.
const EXECUTED: usize = 170;

const FIXTURES: [&str; 18] = [
    "memory",
    "memory indexed",
    "memory in jsonl",
    "memory in pickle",
    "bare",
    "partial",
    "json",
    "jsonl",
    "csv",
    "tsv",
    "parquet",
    "json keyed",
    "csv keyed",
    "json.gz",
    "jsonl.zst",
    "csv.gz",
    "tsv.zst",
    "parquet keyed",
];

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_store_behaves_as_the_contract_says() {
    let indexed = ["n", "age", "city", "name", "joined"].map(|path| Path::dotted(path).unwrap());
    let fixtures = local_fixtures(indexed.to_vec()).unwrap();
    let fixtures: Vec<&dyn Fixture> = fixtures.iter().map(|fixture| &**fixture).collect();
    let names: Vec<&str> = fixtures.iter().map(|fixture| fixture.name()).collect();
    assert_eq!(names, FIXTURES);

    let report = run_suite(&fixtures).await.unwrap();
    println!("{report}");

    assert!(behaviour_count() >= BEHAVIOURS, "there are only {} behaviours", behaviour_count());
    assert_eq!(report.columns().len(), FIXTURES.len() * Form::ALL.len(), "not every store ran in both forms");
    for column in report.columns() {
        let totals = report.totals_of(column);
        assert!(totals.executed() >= EXECUTED, "only {} behaviours ran on {column}", totals.executed());
        assert_eq!(totals.executed() + totals.not_applicable, behaviour_count(), "some did nothing on {column}");
    }
    assert_eq!(report.failures(), [], "see the matrix above");
}
