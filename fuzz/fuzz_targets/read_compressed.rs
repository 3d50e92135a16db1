//! Compressed files as a file store.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| dataknobs_data_fuzz::read_compressed(bytes));
