//! Any bytes as a migration: see src/readers.rs.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| program::readers::migration(bytes));
