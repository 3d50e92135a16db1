//! What the test kit proves of the stores that need no server.
#![allow(clippy::unwrap_used)] // helpers of tests may stop a test, too

mod conformance;
mod sending;
