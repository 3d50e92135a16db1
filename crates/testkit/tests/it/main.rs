//! The conformance suite and the other test tools over every kind of store that needs no server.
#![allow(clippy::unwrap_used)]

mod cases;
mod conformance;
mod differential;
mod sending;
