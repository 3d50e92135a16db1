//! Runs the real `dk` process: what it prints, where, and with which exit code.

#![allow(clippy::unwrap_used)] // helpers of tests are tests, too

mod bad_input;
mod docs;
mod formats;
mod queries;
mod recover;
mod support;
mod terminal;
mod verbs;
mod writes;
