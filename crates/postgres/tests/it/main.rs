//! The PostgreSQL store on a real server. Every test is named after it, so that a run without
//! servers can leave them out.
#![allow(clippy::unwrap_used)] // helpers of tests may stop a test, too

mod bulk;
mod cancellation;
mod columns;
mod concurrency;
mod encryption;
mod faults;
mod hostile;
mod keys;
mod plans;
mod refusals;
mod rows;
mod support;
