//! Records to Arrow and back, through the public functions.
#![allow(clippy::unwrap_used)] // helpers of tests may stop a test, too

mod columns;
mod errors;
mod filter;
mod inward;
mod round_trip;
