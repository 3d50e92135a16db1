//! The token that continues a search.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| dataknobs_data_fuzz::after_token(bytes));
