//! Aggregations of case files.

use dataknobs_data_core::{Aggregation, Error, Path, Table};

use super::form::Raw;
use super::load::{Refusal, Rows};
use super::query::{Skipped, paths_of};
use super::subject::Subject;
use super::{unchecked, value};
use crate::failure::{Failure, Outcome, ensure, ensure_eq};

/// The aggregation of a case.
pub(super) struct AskedAggregation {
    given: Result<Aggregation, Error>,
    /// The aggregation by way of the builder, which lets mistakes through.
    built: Option<Aggregation>,
}

impl AskedAggregation {
    pub(super) fn from_json(raw: &Raw) -> Outcome<Self> {
        let json = value::json(raw)?;
        let given = Aggregation::from_json(json.clone());
        let built = if given.is_err() { unchecked::aggregation(&json) } else { None };
        Ok(AskedAggregation { given, built })
    }

    /// The paths that the filters look at.
    pub(super) fn add_paths(&self, paths: &mut Vec<Path>) {
        if let Ok(aggregation) = &self.given {
            paths_of(aggregation.filters(), paths);
        }
    }
}

/// Checks what a subject computes.
pub(super) async fn check(
    subject: &Subject<'_>,
    asked: &AskedAggregation,
    expected: &Result<Rows, Refusal>,
) -> Outcome<Skipped> {
    match (&asked.given, expected) {
        (Ok(aggregation), Ok(rows)) => {
            same_rows(&subject.aggregate(aggregation).await?, rows)?;
            let again = Aggregation::from_json(aggregation.to_json())?;
            ensure!(again == *aggregation, "the aggregation through JSON is {again:?}");
            same_rows(&subject.aggregate(&again).await?, rows).map_err(|failure| failure.at("through JSON"))?;
        }
        // Only reading the records shows it.
        (Ok(aggregation), Err(refusal)) => refusal.check(subject.aggregate(aggregation).await)?,
        (Err(error), Err(refusal)) => match (subject.store(), &asked.built) {
            (None, _) => refusal.check_error(error)?,
            (Some(store), Some(aggregation)) => store.refuses_aggregation(aggregation, refusal).await?,
            (Some(_), None) => return Ok(Some(unchecked::NOT_BUILT)),
        },
        (Err(error), Ok(_)) => return Err(Failure::new(format!("the aggregation is refused: {error}"))),
    }
    Ok(None)
}

fn same_rows(table: &Table, expected: &Rows) -> Outcome {
    ensure_eq!(table.len(), expected.len(), "the number of rows of {table:?}");
    for (position, (row, expected)) in table.iter().zip(expected).enumerate() {
        let row: Vec<_> = row.collect();
        let columns: Vec<&str> = row.iter().map(|(column, _)| *column).collect();
        let wanted: Vec<&str> = expected.iter().map(|(column, _)| column.as_str()).collect();
        ensure_eq!(columns, wanted, "the columns of row {position}");
        for ((column, actual), (_, expected)) in row.into_iter().zip(expected) {
            let same = value::same_value(actual, expected, true);
            ensure!(same, "row {position}, column `{column}`: {actual:?} instead of {expected:?}");
        }
    }
    Ok(())
}
