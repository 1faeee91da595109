//! Any bytes as a configuration and a baseline: see src/readers.rs.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| program::readers::settings(bytes));
