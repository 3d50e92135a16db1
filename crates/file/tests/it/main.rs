//! The file store through the users' handle, on real files.
#![allow(clippy::unwrap_used)] // helpers of tests may stop a test, too

mod blocks;
mod columns;
mod compression;
mod corpus;
mod damage;
mod foreign;
mod histories;
mod keys;
mod limits;
mod parquet;
mod recover;
mod recover_journal;
mod round_trip;
mod sidecar;
mod support;
mod writes;
