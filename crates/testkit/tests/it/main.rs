//! The conformance suite over every kind of store that needs no server.
#![allow(clippy::unwrap_used)]

mod cases;
