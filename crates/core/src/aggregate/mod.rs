//! placeholder until merge
use crate::{Filter, Record, Result};
/// .
#[derive(Debug, Clone)]
pub struct Aggregation;
/// .
#[derive(Debug, Clone)]
pub struct Table;
/// .
pub struct Aggregator;
impl Aggregation {
    /// .
    pub fn check(&self) -> Result<()> {
        Ok(())
    }
    /// .
    pub fn to_filter(&self) -> Filter {
        Filter::All(vec![])
    }
}
impl Aggregator {
    /// .
    pub fn new(_: &Aggregation) -> Result<Self> {
        Ok(Self)
    }
    /// .
    pub fn push(&mut self, _: &Record) {}
    /// .
    pub fn finish(self) -> Result<Table> {
        Ok(Table)
    }
}
