//! Integration tests of the core crate: real files, real threads, a real Python.

// A test that stops at the first surprise is a good test.
#![allow(clippy::unwrap_used)]

mod handle;
mod persistence;
mod transactions;
