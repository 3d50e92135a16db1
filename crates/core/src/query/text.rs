//! The text form of queries.
use super::Query;
use crate::error::{Error, Result};
pub(super) fn parse(_text: &str) -> Result<Query> {
    Err(Error::invalid_query("not yet"))
}
impl std::fmt::Display for super::Filter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "?")
    }
}
impl std::fmt::Display for Query {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "?")
    }
}
