//! The conformance suite and the other test tools over every kind of store that needs no server.
#![allow(clippy::unwrap_used)] // helpers of tests may stop a test, too

mod cases;

mod conformance;
mod crash;
mod differential;
mod liars;
mod postgres;
mod sending;
