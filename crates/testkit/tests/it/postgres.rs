//! PostgreSQL: the conformance suite over document tables, in databases of two collations, and over
//! tables of columns.

use dataknobs_data_testkit::conformance::{Form, behaviour_count, run_suite_of};
use dataknobs_data_testkit::fixture::{Fixture, PostgresFixture};
use dataknobs_data_testkit::services::Locale;

/// Behaviours that apply at least.
const EXECUTED: usize = 180;

/// The same where fields are fixed.
const EXECUTED_ON_COLUMNS: usize = 140;

/// Runs the suite; each store has to run so many behaviours.
async fn hold_to_the_contract(fixtures: &[&dyn Fixture], executed: usize) {
    let only = std::env::var("ONLY").unwrap_or_default();

    let report = run_suite_of(fixtures, &only).await.unwrap();
    println!("{report}");

    assert_eq!(report.failures(), [], "see the matrix above");
    if only.is_empty() {
        assert_eq!(report.columns().len(), fixtures.len() * Form::ALL.len(), "not every store ran in both forms");
        for column in report.columns() {
            let totals = report.totals_of(column);
            assert!(totals.executed() >= executed, "only {} behaviours ran on {column}", totals.executed());
            assert_eq!(totals.executed() + totals.not_applicable, behaviour_count(), "some did nothing on {column}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn postgres_columns_behave_as_the_contract_says() {
    // The random queries of the store's own tests run in databases of both collations.
    let icu = PostgresFixture::columns("columns icu", Locale::IcuEnglish).await.unwrap();
    hold_to_the_contract(&[&icu], EXECUTED_ON_COLUMNS).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn postgres_tables_behave_as_the_contract_says() {
    let c = PostgresFixture::documents("postgres", Locale::C, true).await.unwrap();
    let icu = PostgresFixture::documents("postgres icu", Locale::IcuEnglish, false).await.unwrap();
    hold_to_the_contract(&[&c, &icu], EXECUTED).await;
}
