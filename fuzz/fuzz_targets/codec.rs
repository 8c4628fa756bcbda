//! See the property of the same name.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: dogpile_fuzz::codec::Input| dogpile_fuzz::codec::check(&input));
