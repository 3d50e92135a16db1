//! A query as text.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| dataknobs_data_fuzz::query_text(bytes));
