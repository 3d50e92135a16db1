//! A journal beside a file.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| dataknobs_data_fuzz::read_journal(bytes));
