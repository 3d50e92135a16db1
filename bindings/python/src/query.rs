use crate::error::Outcome;
use pyo3::prelude::*;
use pyo3::types::PyString;
pub(crate) fn argument(object: Option<&Bound<'_, PyAny>>) -> Outcome<dataknobs_data::Query> {
    match object {
        None => Ok(dataknobs_data::Query::new()),
        Some(object) => Ok(dataknobs_data::Query::parse(object.cast::<PyString>()?.to_str()?)?),
    }
}
