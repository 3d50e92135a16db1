//! The conformance cases of aggregation, by both implementations.

use serde_json::Value as Json;

use super::run;
use crate::aggregate::{Aggregation, Table, reference_aggregate};
use crate::query::Evaluator;
use crate::record::Record;
use crate::value::Value;
use crate::{Error, case_files};

fn spec(form: &Json) -> crate::Result<Aggregation> {
    Aggregation::from_json(form.clone())
}

fn aggregate(records: &[Record], spec: &Aggregation) -> crate::Result<Table> {
    let evaluator = Evaluator::new(spec.to_filter());
    let taken: Vec<Record> = records.iter().filter(|record| evaluator.matches(record)).cloned().collect();
    run(&taken, spec)
}

#[test]
fn the_aggregation_cases_hold() {
    let file = case_files::read("aggregation");
    for case in case_files::cases(&file) {
        let name = case["name"].as_str().unwrap();
        let collection = file["collections"][case["collection"].as_str().unwrap()].as_array().unwrap();
        let records: Vec<Record> = collection.iter().map(case_files::record).collect();
        let outcomes: [crate::Result<Table>; 2] =
            [aggregate, reference_aggregate].map(|compute| compute(&records, &spec(&case["aggregate"])?));
        for outcome in outcomes {
            check(name, case, outcome);
        }
    }
}

fn check(name: &str, case: &Json, outcome: Result<Table, Error>) {
    match (outcome, case.get("error")) {
        (Ok(table), None) => {
            let rows = case["rows"].as_array().unwrap();
            assert_eq!(table.len(), rows.len(), "{name}: {table:?}");
            for (row, expected) in table.iter().zip(rows) {
                let expected = expected.as_object().unwrap();
                assert_eq!(row.len(), expected.len(), "{name}");
                for ((column, value), (expected_column, expected)) in row.zip(expected) {
                    assert_eq!(column, expected_column, "{name}");
                    let expected = case_files::typed_value(expected).0;
                    assert!(near(value, &expected), "{name}: {column} is {value:?}, not {expected:?}");
                }
            }
        }
        (Err(error), Some(kind)) => {
            assert_eq!(error.kind().name(), kind, "{name}");
            let mentions = case.get("mentions").and_then(Json::as_str).unwrap_or_default();
            assert!(error.to_string().contains(mentions), "{name}: {error}");
        }
        (outcome, _) => panic!("{name}: {outcome:?}"),
    }
}

/// The same kind and value; floats within 1e-9 relative.
pub(super) fn near(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Float(a), Value::Float(b)) => {
            a.to_bits() == b.to_bits() || (a - b).abs() <= 1e-9 * a.abs().max(b.abs()) && *a != 0.0
        }
        (a, b) => a == b,
    }
}
