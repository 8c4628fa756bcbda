//! See the property of the same name.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: dogpile_fuzz::meta::Input| dogpile_fuzz::meta::check(&input));
