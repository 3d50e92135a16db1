//! A query as JSON.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| dataknobs_data_fuzz::query_json(bytes));
