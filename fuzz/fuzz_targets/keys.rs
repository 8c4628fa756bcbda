//! See the property of the same name.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: dogpile_fuzz::keys::Input| dogpile_fuzz::keys::check(&input));
