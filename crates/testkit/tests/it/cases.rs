use dataknobs_data_testkit::cases::{case_count, indexed_paths, run_cases};
use dataknobs_data_testkit::fixture::{Fixture, local_fixtures};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_cases_hold_on_every_store() {
    let fixtures = local_fixtures(indexed_paths().unwrap()).unwrap();
    let fixtures: Vec<&dyn Fixture> = fixtures.iter().map(|fixture| &**fixture).collect();
    let report = run_cases(&fixtures).await.unwrap();
    println!("{}", report.summary());

    let failures = report.failures();
    assert!(failures.is_empty(), "{report}");
    assert!(case_count().unwrap() >= 1_076);
    assert_eq!(report.totals_of("reference").held, case_count().unwrap());
    assert!(fixtures.len() >= 10);
    for column in report.columns().iter().skip(1) {
        let totals = report.totals_of(column);
        assert!(totals.executed() >= 620, "{column}: {totals}");
        assert!(totals.executed() + totals.not_applicable >= 669, "{column}: {totals}");
    }
}
