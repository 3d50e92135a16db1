//! Integration tests of the core crate: real files, real threads, a real Python.

mod handle;
mod persistence;
mod transactions;
