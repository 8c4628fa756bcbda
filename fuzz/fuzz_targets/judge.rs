//! See the property of the same name.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: dogpile_fuzz::judge::Input| dogpile_fuzz::judge::check(input));
