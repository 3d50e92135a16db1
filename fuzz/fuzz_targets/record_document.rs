//! A record in its document form.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| dataknobs_data_fuzz::record_document(bytes));
