#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| shared::readers::files(bytes));
