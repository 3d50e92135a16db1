use crate::error::Outcome;
use pyo3::prelude::*;
pub(crate) fn argument(_object: &Bound<'_, PyAny>) -> Outcome<dataknobs_data::Aggregation> {
    Ok(dataknobs_data::Aggregation::new())
}
