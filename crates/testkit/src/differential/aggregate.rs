//! The results of an aggregation against the reference.

use std::panic::AssertUnwindSafe;

use dataknobs_data_core::{AggregateFunction, Aggregation, Record, Table, Value, reference_aggregate};
use futures_util::FutureExt as _;

use super::Store;
use super::compare::panic_text;

/// How far sums and means of floats may be apart, as a share of their size.
const TOLERANCE: f64 = 1e-9;

/// Runs an aggregation over a store that holds these records and compares with the reference.
///
/// # Errors
/// The first difference, in words.
pub async fn compare_aggregation(store: &Store, records: &[Record], aggregation: &Aggregation) -> Result<(), String> {
    let calls = AssertUnwindSafe(async {
        let wanted = reference_aggregate(records, aggregation).map_err(|error| error.kind());
        let found = store.session().aggregate(aggregation).await;
        match (wanted, found) {
            (Ok(wanted), Ok(found)) => same_tables(aggregation, &wanted, &found),
            (Err(wanted), Err(found)) if wanted == found.kind() => Ok(()),
            (wanted, found) => Err(format!("aggregate: expected {wanted:?}, found {found:?}")),
        }
    });
    calls.catch_unwind().await.unwrap_or_else(|panic| Err(panic_text(panic.as_ref())))
}

fn same_tables(aggregation: &Aggregation, wanted: &Table, found: &Table) -> Result<(), String> {
    let rounded = |column: usize| {
        let aggregate =
            column.checked_sub(aggregation.group_keys().len()).map(|index| &aggregation.aggregates()[index]);
        aggregate.is_some_and(|aggregate| matches!(aggregate.function, AggregateFunction::Sum | AggregateFunction::Avg))
    };
    let same_rows = wanted.columns() == found.columns()
        && wanted.len() == found.len()
        && wanted.rows().iter().zip(found.rows()).all(|(wanted, found)| {
            let mut columns = wanted.iter().zip(found).enumerate();
            columns.all(|(column, (wanted, found))| wanted == found || (rounded(column) && nearly(wanted, found)))
        });
    if same_rows {
        return Ok(());
    }
    Err(format!(
        "aggregate: expected {:?} {:?}, found {:?} {:?}",
        wanted.columns(),
        wanted.rows(),
        found.columns(),
        found.rows()
    ))
}

fn nearly(wanted: &Value, found: &Value) -> bool {
    match (wanted, found) {
        (Value::Float(wanted), Value::Float(found)) => {
            (wanted - found).abs() <= TOLERANCE * wanted.abs().max(found.abs())
        }
        _ => false,
    }
}
