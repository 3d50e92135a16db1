//! placeholder until merge
/// .
#[derive(Debug, Clone)]
pub struct Aggregation;
/// .
#[derive(Debug, Clone)]
pub struct Table;
