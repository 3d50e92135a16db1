//! The text and JSON forms of a query against the query itself.

use dataknobs_data_core::{IdOrder, Query, Record, reference_search};

use crate::generate::QueryParts;

/// Writes a query as JSON and as text, reads both back, and compares: the JSON form gives an equal
/// query, the text form one that finds the same records.
///
/// # Errors
/// The first difference, in words.
pub fn compare_forms(records: &[Record], query: &Query) -> Result<(), String> {
    if query.check().is_err() {
        return Ok(());
    }
    let json = query.to_json();
    let back = Query::from_json_text(&json.to_string()).map_err(|error| format!("JSON form {json}: {error:?}"))?;
    if back != *query {
        return Err(format!("JSON form {json} gives {}", back.to_json()));
    }
    // The text form has neither projection nor `after`.
    let plain = QueryParts { projection: None, after: None, ..QueryParts::of(query) }.to_query();
    let text = plain.to_string();
    let back = Query::parse(&text).map_err(|error| format!("text form `{text}`: {error:?}"))?;
    let ids = |query: &Query| {
        let found = reference_search(records, query, IdOrder::CodePoint);
        found.map(|found| found.iter().map(|record| record.id().cloned()).collect::<Vec<_>>())
    };
    match (ids(&plain), ids(&back)) {
        (Ok(wanted), Ok(found)) if wanted == found => Ok(()),
        (wanted, found) => Err(format!("text form `{text}` gives `{back}`: expected {wanted:?}, found {found:?}")),
    }
}
