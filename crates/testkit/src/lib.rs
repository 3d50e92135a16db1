//! Test tools for stores: generators of hard data, and the differential runner.

pub mod differential;
pub mod generate;
